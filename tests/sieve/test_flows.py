"""The flow table: one row a flow, whatever the order; bounded; evidence is dropped last."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from netminedet.model import Batch
from netminedet.sieve import columns as layout
from netminedet.sieve.columns import CHUNK, Columns
from netminedet.sieve.flows import FIRST_ROWS, FlowTable
from netminedet.sieve.packets import Packets
from tests.frames import batch_of, tcp_frame


class Table:
    """A decoder and a flow table, fed with frames."""

    def __init__(self, max_flows: int = 1 << 20) -> None:
        self.columns = Columns()
        self.decoder = Packets(self.columns, (5, 6))
        self.flows = FlowTable(self.columns, 7, max_flows)

    def feed(self, batch: Batch) -> list[int]:
        rows: list[int] = []
        for low in range(0, batch.count, CHUNK):
            high = min(low + CHUNK, batch.count)
            self.flows.reserve(high - low)
            batch = self.decoder.run(batch, low, high)
            self.flows.run(batch, low, high)
            rows += self.columns.row[: high - low]
        return rows

    def packets(self, row: int) -> int:
        word = self.flows.memory()[row * layout.ROW_WORDS + layout.FLAGS_PACKETS]
        return int(word & layout.PACKETS_MASK)


ENDS = st.tuples(st.sampled_from(["10.0.0.1", "10.0.0.2", "fd00::1", "fd00::2"]), st.integers(1, 4))


@given(
    st.lists(
        st.tuples(ENDS, ENDS).filter(lambda pair: (":" in pair[0][0]) == (":" in pair[1][0])), max_size=60
    )
)
@settings(max_examples=60)
def test_one_row_for_each_pair_of_ends(pairs: list[tuple[tuple[str, int], tuple[str, int]]]) -> None:
    table = Table()
    rows = table.feed(batch_of(tcp_frame(one, other, 1) for one, other in pairs))
    by_row: dict[int, frozenset[object]] = {}
    for pair, row in zip(pairs, rows, strict=True):
        assert by_row.setdefault(row, frozenset(pair)) == frozenset(pair)
    assert len(by_row) == len({frozenset(pair) for pair in pairs}) == table.flows.counters()["flows"]


def _flood(number: int) -> Batch:
    return batch_of(
        tcp_frame((f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}", 1024), ("198.51.100.1", 80), 1)
        for i in range(number)
    )


def test_grows_and_keeps_every_flow() -> None:
    table = Table()
    count = FIRST_ROWS * 2
    table.feed(_flood(count))
    rows = table.feed(_flood(count))
    assert table.flows.counters()["flows"] == count
    assert len(set(rows)) == count
    assert {table.packets(row) for row in rows} == {2}


def test_full_table_drops_idle_flows_and_counts_them() -> None:
    table = Table(max_flows=4 * CHUNK)
    table.feed(_flood(12 * CHUNK))
    counters = table.flows.counters()
    assert counters["flows"] == 12 * CHUNK
    assert counters["flows_evicted"] >= 8 * CHUNK
    assert counters["flows_evicted_with_evidence"] == 0


def test_flow_with_evidence_outlives_a_flood() -> None:
    table = Table(max_flows=4 * CHUNK)
    miner = tcp_frame(("192.0.2.7", 50000), ("203.0.113.1", 3333), 1)
    (row,) = table.feed(batch_of([miner]))
    table.flows.memory()[row * layout.ROW_WORDS + layout.FLAGS_PACKETS] |= layout.NOTED
    table.feed(_flood(12 * CHUNK))
    (row,) = table.feed(batch_of([miner]))
    assert table.packets(row) == 2
    assert [kept[layout.FLAGS_PACKETS] & layout.PACKETS_MASK for kept in table.flows.take_noted(True)] == [2]


def test_too_much_evidence_is_dropped_too_and_handed_out() -> None:
    table = Table(max_flows=4 * CHUNK)
    for part in range(6):
        batch = batch_of(
            tcp_frame((f"10.{part}.{i >> 8}.{i & 255}", 9), ("203.0.113.1", 3333), 1) for i in range(CHUNK)
        )
        for i in range(batch.count):
            batch.time_ns[i] += part * 1_000_000_000
        memory_rows = table.feed(batch)
        for row in memory_rows:
            table.flows.memory()[row * layout.ROW_WORDS + layout.FLAGS_PACKETS] |= layout.NOTED
    dropped = table.flows.counters()["flows_evicted_with_evidence"]
    assert dropped > 0
    assert len(table.flows.take_noted(True)) == 6 * CHUNK
