"""Verdicts hold on mirrors that show one direction only, and on those that show every packet twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from netminedet import scan
from netminedet.capture import open_source
from netminedet.live.options import WatchOptions
from netminedet.live.watcher import Ear, Watcher
from netminedet.suspects import Suspect, Verdict
from tests.conftest import SAMPLES
from tests.frames import write_pcap

NAMES = ["kaspa", "cryptonote", "eth-proxy", "kawpow"]


def frames(name: str) -> list[tuple[int, bytes]]:
    """(microseconds, frame) of a sample of plain Ethernet."""
    found = []
    with open_source(SAMPLES / f"{name}.pcap") as source:
        for batch in source.batches():
            assert set(batch.linktype[: batch.count]) == {1}
            found += [(batch.time_ns[i] // 1000, batch.packet(i)) for i in range(batch.count)]
    return found


def watched(path: Path) -> dict[str, Suspect]:
    watcher = Watcher(WatchOptions(replay=str(path), speed=None), Ear())
    watcher.run()
    return {one.host: one for one in watcher.desk.report().suspects}


@pytest.mark.parametrize("name", NAMES)
def test_both_ends_mirrored(name: str, tmp_path: Path) -> None:
    expected = {one.host: one for one in scan(SAMPLES / f"{name}.pcap", hash_inputs=False).suspects}
    twice = [(moment + copy, frame) for moment, frame in frames(name) for copy in (0, 1)]
    write_pcap(tmp_path / "twice.pcap", [one for _, one in twice], times=[moment for moment, _ in twice])
    found = watched(tmp_path / "twice.pcap")
    assert found.keys() == expected.keys()
    for host, suspect in expected.items():
        assert (found[host].verdict, found[host].shares) == (suspect.verdict, suspect.shares)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lower", [True, False], ids=["to-lower-port", "to-higher-port"])
def test_one_direction_mirrored(name: str, lower: bool, tmp_path: Path) -> None:
    expected = scan(SAMPLES / f"{name}.pcap", hash_inputs=False).suspects
    half = [(moment, one) for moment, one in frames(name) if _to_lower_port(one) is lower]
    write_pcap(tmp_path / "half.pcap", [one for _, one in half], times=[moment for moment, _ in half])
    found = watched(tmp_path / "half.pcap")
    miners = {one.host for one in expected if one.verdict is Verdict.CONFIRMED and one.role.value == "miner"}
    assert found.keys() >= miners
    assert all(found[host].verdict >= Verdict.PROBABLE for host in miners)


def _to_lower_port(frame: bytes) -> bool:
    at = 14 + (40 if frame[12:14] == b"\x86\xdd" else 20)
    return int.from_bytes(frame[at : at + 2], "big") > int.from_bytes(frame[at + 2 : at + 4], "big")
