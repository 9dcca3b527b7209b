"""Damaged captures on the command line: one line a problem, the documented exit codes, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from netminedet.cli.main import run
from tests.conftest import SAMPLES, needs_shared_captures, shared_captures

MINING = SAMPLES / "stratum-v1.pcap"


@needs_shared_captures
@pytest.mark.parametrize("path", shared_captures("malformed"), ids=lambda path: path.name[:60])
def test_malformed_captures(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["scan", "-q", str(path)])
    out, err = capsys.readouterr()
    assert code in (0, 1, 2)
    assert "Traceback" not in err
    assert len(err.splitlines()) <= 1
    # 2 where it is no capture, or was not read to its end and nothing was found
    assert (code == 2) == bool(err) or (code == 1 and out)


def scanned(path: Path) -> tuple[int, str, str]:
    """In a process of its own, which a hang ends."""
    command = [sys.executable, "-m", "netminedet", "scan", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero", "/dev/urandom"])
def test_devices(device: str) -> None:
    code, out, err = scanned(Path(device))
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1


def test_folders_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "self").symlink_to("self")
    (tmp_path / "a" / "miner.pcap").write_bytes(MINING.read_bytes())
    code, out, err = scanned(tmp_path)
    assert (code, out.count("192.168.10.21:")) == (1, 1)
    assert "self" in err
    assert "Traceback" not in err


def test_a_pipe_that_ends_early(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(MINING.read_bytes()[:-7]))
    writer.start()
    code, out, err = scanned(pipe)
    writer.join()
    assert (code, "192.168.10.21" in out) == (1, True)
    assert err.count("\n") == 1
    assert "is cut" in err


def test_the_miner_behind_damage_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clean, mining = (SAMPLES / "lookalikes.pcap").read_bytes(), MINING.read_bytes()
    path = tmp_path / "damaged.pcap"
    path.write_bytes(clean + b"\xff" * 4000 + mining[24:])
    assert run(["scan", "-q", "--format", "json", str(path)]) == 1
    out, err = capsys.readouterr()
    assert '"damaged_bytes_skipped": 4000' in out
    assert "passed over 4000 bytes, read on behind them" in err


def test_a_capture_that_ends_before_its_first_packet_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes((SAMPLES / "nodes.pcap").read_bytes()[:34])
    assert run(["scan", "-q", str(path)]) == 2
    assert capfd.readouterr().err.startswith(f"netminedet: error: {path}: last record is cut: 10 of 16 bytes")
