"""Several processes find what one finds: the same report, byte for byte, whatever is scanned."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netminedet import NetminedetError, scan
from netminedet.api import Progress
from netminedet.jobs import child, files
from netminedet.limits import FIXED_BYTES, LEAST_BYTES, limits_for
from netminedet.pipeline import Pipeline
from tests.bench.generate import write_capture
from tests.conftest import SAMPLES
from tests.frames import ethernet, write_pcap
from tests.sieve.layer_frames import CASES
from tests.test_redirects import MINER, NEW, SEALED, Wire, order

CAPTURES = sorted(path for path in SAMPLES.iterdir() if ".pcap" in path.name)


@pytest.fixture(autouse=True)
def share_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small captures are shared, too."""
    monkeypatch.setattr(files, "LEAST_SHARED", 0)


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which files were scanned in shares to the end."""
    from netminedet.jobs import shares

    known: list[str] = []
    real = shares.scan_shared

    def scan_shared(path: str, *arguments: Any) -> Any:
        outcome = real(path, *arguments)
        known.append(path)
        return outcome

    monkeypatch.setattr(shares, "scan_shared", scan_shared)
    return known


def report(paths: str | Path | Sequence[str | Path], jobs: int, **options: Any) -> bytes:
    return msgspec.json.encode(scan(paths, jobs=jobs, **options).to_dict())


@pytest.mark.parametrize("sample", CAPTURES, ids=lambda path: path.stem)
def test_flows_of_one_capture(sample: Path, shared: list[str]) -> None:
    assert report(sample, 3, adjacent=True) == report(sample, 1, adjacent=True)
    assert shared


@pytest.mark.parametrize("kind", ["mix", "dns-heavy", "tls-heavy", "json-heavy", "flood-nested"])
def test_flows_of_a_mix(kind: str, tmp_path: Path, shared: list[str]) -> None:
    capture = tmp_path / "mix.pcap"
    write_capture(capture, kind, 2, 10)
    assert report(capture, 2) == report(capture, 1)
    assert shared


def test_damaged_captures(tmp_path: Path, shared: list[str]) -> None:
    whole = (SAMPLES / "mixed.pcapng").read_bytes()
    plain = (SAMPLES / "proxy-and-pool.pcap").read_bytes()
    for number, data in enumerate(
        [
            whole[:-7],
            whole[: len(whole) // 2] + bytes(500) + whole[len(whole) // 2 :],
            plain + plain,
            plain[:10_000] + b"\xff" * 99 + plain[10_000:],
            plain[:24],
        ]
    ):
        path = tmp_path / f"{number}.pcap"
        path.write_bytes(data)
        assert report(path, 3) == report(path, 1), number
    assert len(shared) == 5


def test_tunnels_and_fragments(tmp_path: Path, shared: list[str]) -> None:
    """Of these each process takes all apart; they are counted once."""
    layered = [one.frame for one in CASES if one.linktype == 1] * 3
    inner = next(frame for frame in layered if frame[12:14] == b"\x08\x00")[14:]
    pieces = [inner[20:36], inner[36:52], inner[52:]]
    head = bytearray(inner[:20])
    for number, piece in enumerate(pieces):
        head[2:4] = (20 + len(piece)).to_bytes(2, "big")
        more = 0x2000 if number < 2 else 0
        head[6:8] = (more | number * 2).to_bytes(2, "big")
        layered.insert(5 * number, ethernet(0x0800, bytes(head) + piece))
    path = tmp_path / "layers.pcap"
    write_pcap(path, layered)
    found = scan(path, jobs=2)
    assert found.to_dict() == scan(path).to_dict()
    assert found.totals["datagrams_reassembled"] == 1
    assert shared


def test_what_cannot_be_shared(tmp_path: Path, shared: list[str]) -> None:
    packed = tmp_path / "packed.pcap.gz"
    packed.write_bytes(gzip.compress((SAMPLES / "stratum-v1.pcap").read_bytes()))
    none = tmp_path / "none.pcap"
    assert report(packed, 2) == report(packed, 1)
    for jobs in (1, 2):
        with pytest.raises(NetminedetError, match="no such file"):
            scan(none, jobs=jobs)
    assert not shared


def test_an_order_to_go_elsewhere_is_followed_by_one_process(tmp_path: Path, shared: list[str]) -> None:
    """Its flow tells what to look for in another flow, which may be another's."""
    for port in range(50000, 50003):
        wire = Wire().mine(order(NEW, 443)).open(MINER, port, NEW, 443, SEALED)
        whole = wire.scanned(tmp_path)
        assert whole.findings.redirects.arrivals
        assert report(tmp_path / "wire.pcap", 2) == msgspec.json.encode(whole.to_dict())
    assert not shared


def test_many_captures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LEAST_SHARED", 1 << 40)
    bad = tmp_path / "bad.pcap"
    bad.write_bytes(b"no capture")
    paths = [bad, *CAPTURES[:9], tmp_path / "none.pcap", *CAPTURES[:3]]
    alone = report(paths, 1)
    for jobs in (2, 30):
        assert report(paths, jobs) == alone


@pytest.mark.parametrize("least", [0, 1 << 40])
def test_each_input_is_told_in_order(least: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LEAST_SHARED", least)
    paths = [tmp_path / "none.pcap", *CAPTURES[:4]]
    told: list[dict[str, Any]] = []
    whole = scan(paths, jobs=2, on_input=lambda one: told.append(one.to_dict()))
    alone: list[dict[str, Any]] = []
    assert whole.to_dict() == scan(paths, on_input=lambda one: alone.append(one.to_dict())).to_dict()
    assert told == alone
    assert len(told) == len(paths)


def test_large_among_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: list[str]) -> None:
    large = tmp_path / "large.pcap"
    write_capture(large, "mix", 1, 5)
    monkeypatch.setattr(files, "LEAST_SHARED", 500_000)
    paths = [*CAPTURES[:4], large, *CAPTURES[4:9]]
    assert report(paths, 2) == report(paths, 1)
    assert shared == [str(large)]


def test_standard_input_is_read_by_one(tmp_path: Path) -> None:
    sample = SAMPLES / "stratum-v1.pcap"
    for paths in (["-"], ["-", str(sample)]):
        command = [
            sys.executable,
            "-m",
            "netminedet",
            "scan",
            "-q",
            "--jobs",
            "2",
            "--format",
            "json",
            *paths,
        ]
        with sample.open("rb") as given:
            done = subprocess.run(command, stdin=given, capture_output=True)
        assert (done.returncode, done.stderr) == (1, b"")
        document = msgspec.json.decode(done.stdout)
        assert [one["path"] for one in document["inputs"]] == paths
        assert all(one["packets"] and one["complete"] for one in document["inputs"])


def test_progress_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from netminedet.jobs import shares

    monkeypatch.setattr(shares, "_FAR_PACKETS", 1)
    told: list[Progress] = []
    capture = tmp_path / "mix.pcap"
    write_capture(capture, "mix", 2, 1)
    whole = scan(capture, jobs=2, progress=told.append)
    assert told
    assert [one.packets for one in told] == sorted(one.packets for one in told)
    assert (told[-1].size, told[-1].position) == (capture.stat().st_size,) * 2
    assert told[-1].packets == whole.inputs[0].packets
    told.clear()
    monkeypatch.setattr(files, "LEAST_SHARED", 1 << 40)
    scan(CAPTURES[:9], jobs=2, progress=told.append)
    assert sorted(one.inputs_done for one in told) == list(range(9))
    assert {one.inputs_total for one in told} == {9}


def test_memory_and_flows_are_shared_out() -> None:
    most = 4 * (FIXED_BYTES + LEAST_BYTES)
    assert limits_for(most, None, 4) == limits_for(most // 4)
    assert limits_for(None, 1000, 3).flows == 334
    with pytest.raises(NetminedetError, match=r"at least 600M or fewer --jobs"):
        limits_for(most - 1, None, 4)


@pytest.mark.parametrize("large", [True, False])
def test_a_process_that_is_killed(large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LEAST_SHARED", 0 if large else 1 << 40)
    parent = os.getpid()

    def feed(self: Pipeline, batch: object) -> None:
        assert os.getpid() != parent
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(Pipeline, "feed", feed)
    with pytest.raises(NetminedetError, match="process of this scan was killed by signal 9"):
        scan(CAPTURES[: 1 if large else 9], jobs=2)
    with pytest.raises(ChildProcessError):  # none is left
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize("error", [NetminedetError("as it is"), MemoryError("full"), ValueError("slip")])
def test_what_a_process_raises(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def feed(self: Pipeline, batch: object) -> None:
        raise error

    monkeypatch.setattr(Pipeline, "feed", feed)
    expected = RuntimeError if isinstance(error, ValueError) else type(error)
    with pytest.raises(expected, match=str(error)):
        scan(CAPTURES[0], jobs=2)


def test_no_room_for_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    def fork() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(child.os, "fork", fork)
    with pytest.raises(NetminedetError, match="no further process can be started: Resource"):
        scan(CAPTURES[0], jobs=2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_end_from_outside_leaves_no_process(number: signal.Signals, tmp_path: Path) -> None:
    """While all processes wait for their inputs."""
    pipes = [tmp_path / name for name in ("a.pcap", "b.pcap")]
    for pipe in pipes:
        os.mkfifo(pipe)
    command = [sys.executable, "-m", "netminedet", "scan", "--jobs", "2", *map(str, pipes)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    writers = [pipe.open("wb") for pipe in pipes]  # waits until both are read
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
        for writer in writers:
            writer.close()
    _, told = process.communicate(timeout=30)
    if number == signal.SIGINT:
        assert (process.returncode, told) == (130, b"netminedet: error: interrupted\n")
    deadline = time.monotonic() + 20
    while _is_there(process.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_there(process.pid)
    for writer in writers:
        writer.close()


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
