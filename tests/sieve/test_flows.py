"""The flow table: one row a flow, whatever the order; bounded; evidence is dropped last."""

from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netminedet.model import Batch
from netminedet.sieve import columns as layout
from netminedet.sieve import flows as flows_kernel
from netminedet.sieve.columns import CHUNK, Columns
from netminedet.sieve.flows import FIRST_ROWS, FlowTable
from netminedet.sieve.packets import Packets
from tests.frames import batch_of, tcp_frame
from tests.uncompiled import uncompiled

KERNELS = pytest.mark.parametrize(
    "kernel", [flows_kernel, uncompiled(flows_kernel)], ids=["as-installed", "uncompiled"]
)
SECOND = 1_000_000_000
NOW, IN_2106 = 1_700_000_000 * SECOND, (1 << 32) * SECOND


class Table:
    """A decoder and a flow table, fed with frames."""

    def __init__(self, max_flows: int = 1 << 20, kernel: ModuleType = flows_kernel) -> None:
        self.columns = Columns()
        self.decoder = Packets(self.columns, (5, 6))
        self.flows: FlowTable = kernel.FlowTable(self.columns, 7, max_flows)

    def feed(self, batch: Batch) -> list[int]:
        rows: list[int] = []
        for low in range(0, batch.count, CHUNK):
            high = min(low + CHUNK, batch.count)
            self.flows.reserve(high - low)
            batch = self.decoder.run(batch, low, high)
            self.flows.run(batch, low, high)
            rows += self.columns.row[: high - low]
        return rows

    def mark(self, row: int, flag: int) -> None:
        self.flows.memory()[row * layout.ROW_WORDS + layout.FLAGS_PACKETS] |= flag

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


def _one_each(first: int, count: int, time_ns: int) -> Batch:
    """Packets of flows ``first`` to ``first + count``, all at one time."""
    batch = batch_of(
        tcp_frame((f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}", 1024), ("198.51.100.1", 80), 1)
        for i in range(first, first + count)
    )
    for i in range(count):
        batch.time_ns[i] = time_ns
    return batch


@KERNELS
def test_classes_are_dropped_in_their_order(kernel: ModuleType) -> None:
    """Unflagged flows first, then flagged ones, those with evidence last, whatever their age."""
    table = Table(4 * CHUNK, kernel)
    third = CHUNK
    noted = table.feed(_one_each(0, third, NOW))
    flagged = table.feed(_one_each(third, third, NOW + SECOND))
    for row in noted:
        table.mark(row, layout.NOTED | layout.FLAGGED)
    for row in flagged:
        table.mark(row, layout.FLAGGED)
    table.feed(_one_each(2 * third, 4 * third, NOW + 2 * SECOND))
    counters = table.flows.counters()
    assert counters["flows_evicted"] >= CHUNK
    assert (counters["flows_evicted_flagged"], counters["flows_evicted_with_evidence"]) == (0, 0)
    rows = table.feed(_one_each(0, 2 * third, NOW + 3 * SECOND))
    assert {table.packets(row) for row in rows} == {2}
    for row in table.feed(_one_each(6 * third, 2 * third, NOW + 4 * SECOND)):
        table.mark(row, layout.FLAGGED)
    for row in table.feed(_one_each(8 * third, third, NOW + 5 * SECOND)):
        table.mark(row, layout.FLAGGED)
    counters = table.flows.counters()
    assert counters["flows_evicted_flagged"] > 0
    assert counters["flows_evicted_with_evidence"] == 0


@KERNELS
@pytest.mark.parametrize("strays", [0, 1, 3], ids=["no stray clock", "one stray packet", "three of them"])
@pytest.mark.parametrize("stray_time", [IN_2106, 0], ids=["2106", "1970"])
def test_a_stray_clock_does_not_empty_the_table(kernel: ModuleType, strays: int, stray_time: int) -> None:
    """The longest idle quarter gives way, and what is fresh stays."""
    table = Table(4 * CHUNK, kernel)
    table.feed(_one_each(1 << 20, strays, stray_time))
    for part in range(3):
        table.feed(_one_each(part * CHUNK, CHUNK, NOW + part * SECOND))
    table.feed(_one_each(3 * CHUNK, CHUNK - strays, NOW + 3 * SECOND))
    table.feed(_one_each(4 * CHUNK, CHUNK, NOW + 4 * SECOND))
    assert CHUNK <= table.flows.counters()["flows_evicted"] <= CHUNK + CHUNK // 4
    rows = table.feed(_one_each(2 * CHUNK, 2 * CHUNK - strays, NOW + 5 * SECOND))
    assert {table.packets(row) for row in rows} == {2}


@KERNELS
def test_flows_from_the_future_give_way_first(kernel: ModuleType) -> None:
    """A clock that was wrong for a while leaves rows that would seem fresh for ever."""
    table = Table(4 * CHUNK, kernel)
    table.feed(_one_each(0, 2 * CHUNK, IN_2106))
    table.feed(_one_each(2 * CHUNK, 2 * CHUNK, NOW))
    table.feed(_one_each(4 * CHUNK, CHUNK, NOW + SECOND))
    rows = table.feed(_one_each(2 * CHUNK, CHUNK, NOW + 2 * SECOND))
    assert {table.packets(row) for row in rows} == {2}


@KERNELS
@pytest.mark.parametrize("time_ns", [0, NOW, IN_2106, -(1 << 63), (1 << 63) - 1])
def test_a_clock_that_stands_still_drops_no_more_than_needed(kernel: ModuleType, time_ns: int) -> None:
    table = Table(4 * CHUNK, kernel)
    table.feed(_one_each(0, 5 * CHUNK, time_ns))
    assert table.flows.counters()["flows_evicted"] == CHUNK


@KERNELS
@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1, max_size=8), st.integers(0, 9))
@settings(max_examples=8)
def test_any_times_drop_about_a_quarter(kernel: ModuleType, times: list[int], spread: int) -> None:
    table = Table(4 * CHUNK, kernel)
    for part in range(5):
        batch = _one_each(part * CHUNK, CHUNK, 0)
        for i in range(CHUNK):
            batch.time_ns[i] = max(-(1 << 63), times[(i + part) % len(times)] - i * spread)
        table.feed(batch)
    assert CHUNK <= table.flows.counters()["flows_evicted"] <= CHUNK + CHUNK // 4
