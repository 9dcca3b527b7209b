"""Real captures: the same packets as dpkt and tshark read, and none that stops the reader."""

from __future__ import annotations

import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import dpkt
import pytest
from capture_files import CAPTURES, read, read_or_refusal, without_compiler

pytestmark = pytest.mark.skipif(not CAPTURES.is_dir(), reason="the real captures are not beside the checkout")

FOLDERS = ("benign", "mining")
PCAPNG = b"\n\r\r\n"


def captures(folder: str) -> list[Path]:
    if not CAPTURES.is_dir():
        return []
    return sorted(path for path in (CAPTURES / folder).rglob("*") if path.is_file())


def some(count: int, of: list[Path]) -> list[Path]:
    """Files spread evenly over the list."""
    return of[:: max(1, len(of) // count)]


def small(folder: str, pcapng: bool) -> list[Path]:
    return [
        path
        for path in captures(folder)
        if path.stat().st_size < 200_000 and (path.read_bytes()[:4] == PCAPNG) == pcapng
    ]


def test_no_malformed_file_stops_the_reader() -> None:
    for path in captures("malformed"):
        result = read_or_refusal(path)
        if not isinstance(result, str):
            packets, info = result
            assert info.packets == len(packets)
            assert info.complete or info.problems


def test_the_uncompiled_kernel_reads_the_same() -> None:
    for path in some(150, captures("malformed")) + some(80, captures("benign")):
        compiled = read_or_refusal(path)
        with without_compiler():
            assert read_or_refusal(path) == compiled


@pytest.mark.parametrize("folder", FOLDERS)
def test_dpkt_reads_the_same_packets(folder: str) -> None:
    compared = 0
    for path in some(200, small(folder, pcapng=False)):
        with path.open("rb") as file:
            try:
                theirs = [(round(time * 1_000_000), data) for time, data in dpkt.pcap.Reader(file)]
            except (ValueError, dpkt.UnpackError):
                continue  # a format or a cut that dpkt does not know
        ours, info = read(path)
        if info.complete:
            # dpkt has times as binary fractions or decimals: the same to a microsecond.
            assert [packet.data for packet in ours] == [data for _, data in theirs], path
            for packet, (micros, _) in zip(ours, theirs, strict=True):
                assert abs(packet.time_ns // 1000 - micros) <= 1, path
            compared += 1
    assert compared > 2


FIELDS = ("frame.time_epoch", "frame.cap_len", "frame.len")


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize(
    "path", some(6, small("benign", True)) + some(4, small("benign", False)), ids=lambda p: p.name
)
def test_tshark_reads_the_same_frames(path: Path) -> None:
    command = ["tshark", "-n", "-r", str(path), "-T", "fields"]
    for field in FIELDS:
        command += ["-e", field]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    theirs = [line.split("\t") for line in result.stdout.splitlines()]
    ours, info = read(path)
    if result.returncode != 0 or not info.complete:
        pytest.skip("tshark does not read this file to its end")
    assert [(len(packet.data), packet.wirelen) for packet in ours] == [
        (int(caplen), int(wirelen)) for _, caplen, wirelen in theirs
    ]
    for packet, (time, _, _) in zip(ours, theirs, strict=True):
        if time:
            assert packet.time_ns == int(Decimal(time) * 10**9)
