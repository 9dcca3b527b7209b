"""The public functions: inputs, settings, counters."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from netminedet import NetminedetError, Report, scan
from netminedet.api import Progress
from netminedet.suspects import Role, Verdict
from netminedet.verdict.findings import DROPPED
from tests.conftest import SAMPLES

STRATUM = SAMPLES / "stratum-v1.pcap"


def verdicts(report: Report) -> dict[str, tuple[Verdict, Role]]:
    return {suspect.host: (suspect.verdict, suspect.role) for suspect in report.suspects}


def test_one_path_or_several() -> None:
    assert scan(STRATUM) == scan([STRATUM]) == scan(str(STRATUM))


def test_a_file_named_twice_counts_once() -> None:
    assert len(scan([STRATUM, SAMPLES / "." / STRATUM.name]).inputs) == 1


def test_folder_entry_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.pcap").write_bytes((SAMPLES / "lookalikes.pcap").read_bytes())
    (tmp_path / "gone.pcap").symlink_to(tmp_path / "nowhere")
    report = scan(tmp_path)
    assert [info.complete for info in report.inputs] == [False, True]
    assert "gone.pcap" in report.inputs[0].problems[0]


def test_unreadable_input_among_readable_ones(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no capture")
    report = scan([text, STRATUM])
    assert [info.complete for info in report.inputs] == [False, True]
    assert len(report.suspects) == 1


@pytest.mark.parametrize("paths", [[], ["/nowhere/at-all.pcap"]])
def test_nothing_to_read(paths: list[str]) -> None:
    with pytest.raises(NetminedetError):
        scan(paths)


@pytest.mark.parametrize("network", ["10.0.0.0/40", "home", ""])
def test_wrong_home_network(network: str) -> None:
    with pytest.raises(NetminedetError, match="not a network"):
        scan(STRATUM, home_net=[network])


def test_home_network_decides_whose_pool_is_a_suspect() -> None:
    sample = SAMPLES / "proxy-and-pool.pcap"
    inside = verdicts(scan(sample))
    outside = verdicts(scan(sample, home_net=["198.18.0.0/15"]))
    assert {Role.POOL, Role.PROXY} <= {role for _, role in inside.values()}
    assert {role for _, role in outside.values()} == {Role.MINER, Role.PROXY}  # it names itself as one
    everywhere = verdicts(scan(STRATUM, home_net=["0.0.0.0/0"]))
    assert everywhere["203.0.113.10"] == (Verdict.CONFIRMED, Role.POOL)


def test_progress_and_hash(tmp_path: Path) -> None:
    seen: list[Progress] = []
    packed = tmp_path / "x.pcap.gz"
    packed.write_bytes(gzip.compress(STRATUM.read_bytes()))
    report = scan([STRATUM, packed], progress=seen.append)
    assert {(step.inputs_done, step.inputs_total) for step in seen} == {(0, 2), (1, 2)}
    assert all(info.sha256 and len(info.sha256) == 64 for info in report.inputs)
    assert scan(STRATUM, hash_inputs=False).inputs[0].sha256 is None


def test_every_counter_is_there_even_when_nothing_was_counted() -> None:
    totals = scan(STRATUM).totals
    assert set(DROPPED) <= set(totals)
    assert {"packets", "bytes", "flows", "flows_evicted", "malformed", "stream_gaps"} <= set(totals)
    assert totals["packets"] == 52
