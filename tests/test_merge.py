"""The law of adding: a capture cut between packets tells the same as the whole."""

from __future__ import annotations

import itertools
from pathlib import Path

import dpkt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netminedet import NetminedetError, Report, scan
from netminedet.suspects import Suspect
from tests.conftest import SAMPLES

QUICK = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
PCAPS = sorted(path for path in SAMPLES.glob("*.pcap"))


def packets_of(path: Path) -> list[tuple[float, bytes]]:
    with path.open("rb") as file:
        return [(float(time), bytes(data)) for time, data in dpkt.pcap.Reader(file)]


def write(path: Path, packets: list[tuple[float, bytes]]) -> Path:
    with path.open("wb") as file:
        writer = dpkt.pcap.Writer(file)
        for time, data in packets:
            writer.writepkt(data, ts=time)
    return path


@pytest.mark.parametrize("sample", PCAPS, ids=lambda path: path.stem)
@given(data=st.data())
@QUICK
def test_parts_add_up(sample: Path, data: st.DataObject, tmp_path: Path) -> None:
    packets = packets_of(sample)
    cuts = data.draw(st.lists(st.integers(0, len(packets)), min_size=1, max_size=3).map(sorted))
    edges = [0, *cuts, len(packets)]
    parts = [
        write(tmp_path / f"part{number}.pcap", packets[a:b])
        for number, (a, b) in enumerate(itertools.pairwise(edges))
    ]
    together = scan(parts)
    apart = [scan(part) for part in parts]
    total = apart[0]
    for report in apart[1:]:
        total = total + report
    assert together == total
    assert together.to_dict() == total.to_dict()
    # the other grouping, and another order
    tail = apart[-1]
    for report in reversed(apart[:-1]):
        tail = report + tail
    assert tail == total
    assert _without_inputs(_sum(list(reversed(apart)))) == _without_inputs(total)


def _sum(reports: list[Report]) -> Report:
    total = reports[0]
    for report in reports[1:]:
        total = total + report
    return total


def _without_inputs(report: Report) -> dict[str, object]:
    document = report.to_dict()
    del document["inputs"]
    return document


def _gist(suspects: tuple[Suspect, ...]) -> list[tuple[object, ...]]:
    """What no cut changes.  (A share answered in the other part stays unanswered.)"""
    return [
        (
            one.host,
            one.verdict,
            one.role,
            one.dialects,
            one.workers,
            one.agents,
            one.shares.submitted,
            one.flows,
        )
        for one in sorted(suspects, key=lambda one: one.host)
    ]


@pytest.mark.parametrize(
    "name", ["stratum-v1", "cryptonote", "eth-proxy", "kaspa", "midstream", "proxy-and-pool"]
)
def test_cut_anywhere_tells_the_same_as_the_whole(name: str, tmp_path: Path) -> None:
    packets = packets_of(SAMPLES / f"{name}.pcap")
    whole = _gist(scan(SAMPLES / f"{name}.pcap").suspects)
    for cut in range(1, len(packets), 3):
        first = write(tmp_path / "a.pcap", packets[:cut])
        second = write(tmp_path / "b.pcap", packets[cut:])
        assert _gist(scan([first, second]).suspects) == whole, f"cut after packet {cut}"


def test_unlike_reports_do_not_add(tmp_path: Path) -> None:
    sample = SAMPLES / "stratum-v1.pcap"
    with pytest.raises(NetminedetError, match="different"):
        scan(sample) + scan(sample, home_net=["192.0.2.0/24"])


def test_same_input_same_document() -> None:
    assert scan(SAMPLES / "mixed.pcapng").to_dict() == scan(SAMPLES / "mixed.pcapng").to_dict()
