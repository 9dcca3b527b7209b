"""``netminedet scan`` with a stubbed scan: options, exit codes, errors, where the report goes."""

from __future__ import annotations

import errno
import io
import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rich.console import Console

import netminedet.sieve
from netminedet.cli import progress
from netminedet.cli.main import run
from netminedet.errors import NetminedetError

pytestmark = pytest.mark.usefixtures("api")


EXIT_CODES = [
    pytest.param(["clean.pcap"], 0, id="nothing"),
    pytest.param(["mining.pcap"], 1, id="suspects"),
    pytest.param(["clean.pcap", "mining.pcap"], 1, id="suspects-in-one"),
    pytest.param(["clean.pcap", "broken.pcap"], 2, id="incomplete-and-nothing"),
    pytest.param(["mining.pcap", "broken.pcap"], 1, id="incomplete-and-suspects"),
    pytest.param(["broken.pcap"], 2, id="all-unreadable"),
    pytest.param(["--exit-zero", "mining.pcap"], 0, id="exit-zero"),
    pytest.param(["--exit-zero", "clean.pcap"], 0, id="exit-zero-nothing"),
    pytest.param(["--exit-zero", "mining.pcap", "broken.pcap"], 0, id="exit-zero-incomplete-and-suspects"),
    pytest.param(["--exit-zero", "clean.pcap", "broken.pcap"], 2, id="exit-zero-incomplete-and-nothing"),
    pytest.param(["--exit-zero", "broken.pcap"], 2, id="exit-zero-all-unreadable"),
]


@pytest.mark.parametrize(("arguments", "code"), EXIT_CODES)
def test_exit_codes(arguments: list[str], code: int) -> None:
    assert run(["scan", *arguments]) == code


BAD_ARGUMENTS = [
    pytest.param([], "Missing command", id="no-command"),
    pytest.param(["sacn"], "sacn", id="unknown-command"),
    pytest.param(["scan"], "PATH", id="no-path"),
    pytest.param(["scan", "--format", "xml", "a"], "json", id="unknown-format"),
    pytest.param(["scan", "--colour", "a"], "--colour", id="unknown-option"),
    pytest.param(["scan", "--home-net", "10.0.0.1/8", "a"], "did you mean 10.0.0.0/8?", id="host-bits"),
    pytest.param(["scan", "--home-net", "office", "a"], "such as 10.0.0.0/8", id="no-network"),
    pytest.param(["scan", "--home-net", "10.0.0.0/33", "a"], "such as 10.0.0.0/8", id="mask-too-long"),
    pytest.param(["scan", "--signatures", "/no/where", "a"], "/no/where", id="no-such-folder"),
    pytest.param(["scan", "--max-flows", "0", "a"], "--max-flows", id="no-flows"),
    pytest.param(["scan", "--max-memory", "much", "a"], "not a size", id="no-size"),
    pytest.param(["scan", "--max-memory", "20M", "a"], "at least 150M", id="too-little-memory"),
    pytest.param(["scan", "-o", "/no/where/report.txt", "a"], "make it first", id="no-folder-for-the-output"),
    pytest.param(["scan", "-o", "/", "a"], "is a folder", id="output-is-a-folder"),
    pytest.param(["signatures"], "Missing command", id="no-subcommand"),
    pytest.param(["signatures", "check", "/no/where"], "/no/where", id="no-folder-to-check"),
]


@pytest.mark.parametrize(("arguments", "hint"), BAD_ARGUMENTS)
def test_bad_arguments_get_one_line(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str], api: ModuleType
) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("netminedet: error: ")
    assert err.count("\n") == 1
    assert hint in err
    assert api.CALLS == []


FAILURES = [
    pytest.param(
        NetminedetError("a.pcap: is\nno \x1b[31mcapture"), 2, r"a.pcap: is; no \x1b[31mcapture", id="expected"
    ),
    pytest.param(MemoryError(), 2, "out of memory; lower --max-flows", id="memory"),
    pytest.param(
        OSError(errno.EIO, "Input/output error", "a.pcap"), 2, "a.pcap: Input/output error", id="io"
    ),
    pytest.param(KeyboardInterrupt(), 130, "interrupted", id="keyboard"),
]


@pytest.mark.parametrize(("failure", "code", "message"), FAILURES)
def test_expected_failures_get_one_line(
    failure: BaseException,
    code: int,
    message: str,
    api: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(api, "FAILURE", failure)
    assert run(["scan", "a.pcap"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"netminedet: error: {message}")
    assert err.count("\n") == 1


def test_a_defect_is_no_finding(
    api: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(api, "FAILURE", KeyError("gone"))
    assert run(["scan", "a.pcap"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("Traceback")
    assert "please report" in err.splitlines()[-1]


OPTIONS: list[Any] = [
    pytest.param([], {"hash_inputs": False}, id="defaults"),
    pytest.param(["--format", "json"], {"hash_inputs": True}, id="json-hashes"),
    pytest.param(["--format", "jsonl"], {"hash_inputs": True}, id="jsonl-hashes"),
    pytest.param(["--format", "json", "--no-sha256"], {"hash_inputs": False}, id="no-hash"),
    pytest.param(["--sha256"], {"hash_inputs": True}, id="hash"),
    pytest.param(
        ["--home-net", "10.0.0.0/8", "--home-net", "2001:db8::/32"],
        {"hash_inputs": False, "home_net": ("10.0.0.0/8", "2001:db8::/32")},
        id="home-nets",
    ),
    pytest.param(
        ["--max-memory", "1G"], {"hash_inputs": False, "max_memory": 1_000_000_000}, id="max-memory"
    ),
    pytest.param(["--jobs", "2"], {"hash_inputs": False, "jobs": 2}, id="jobs"),
    pytest.param(["--max-flows", "1000"], {"hash_inputs": False, "max_flows": 1000}, id="max-flows"),
    pytest.param(["--signatures", "/"], {"hash_inputs": False, "signatures": ("/",)}, id="signatures"),
]


@pytest.mark.parametrize(("arguments", "expected"), OPTIONS)
def test_options_reach_the_scan(arguments: list[str], expected: dict[str, Any], api: ModuleType) -> None:
    run(["scan", *arguments, "clean.pcap", "-"])
    (call,) = api.CALLS
    assert call == {"paths": ("clean.pcap", "-"), **expected}


def test_formats(capsys: pytest.CaptureFixture[str]) -> None:
    run(["scan", "mining.pcap"])
    assert capsys.readouterr().out.startswith("1 suspect: 1 confirmed\n")
    run(["scan", "--format", "json", "mining.pcap"])
    assert json.loads(capsys.readouterr().out)["suspects"][0]["workers"] == ["矿工"]
    run(["scan", "--format", "jsonl", "mining.pcap"])
    assert [json.loads(line)["event_type"] for line in capsys.readouterr().out.splitlines()] == [
        "netminedet",
        "alert",
        "stats",
    ]


def test_incomplete_inputs_are_told_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    run(["scan", "--quiet", "clean.pcap", "broken.pcap"])
    assert capsys.readouterr().err == (
        "netminedet: warning: broken.pcap: is no capture; give a pcap or pcapng file\n"
    )


def test_many_incomplete_inputs_are_told_in_part(capsys: pytest.CaptureFixture[str]) -> None:
    run(["scan", "clean.pcap", *(f"{n}/broken.pcap" for n in range(100))])
    err = capsys.readouterr().err.splitlines()
    assert len(err) == 21
    assert err[-1] == "netminedet: warning: 80 other inputs could not be read in full"


def test_verbose_tells_of_each_input(capsys: pytest.CaptureFixture[str]) -> None:
    run(["scan", "-v", "clean.pcap"])
    assert capsys.readouterr().err == "netminedet: clean.pcap: pcap, 10 packets, 640 B\n"


@pytest.mark.parametrize(("arguments", "lines"), [([], 1), (["--quiet"], 0)])
def test_uncompiled_kernels_are_told_once(
    arguments: list[str],
    lines: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(netminedet.sieve, "compiled", lambda: False)
    run(["scan", *arguments, "clean.pcap", "clean.pcap"])
    assert capsys.readouterr().err.count("slowly") == lines


def test_output_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "report.json"
    assert run(["scan", "--format", "json", "-o", str(target), "mining.pcap"]) == 1
    assert json.loads(target.read_text(encoding="utf-8"))["suspects"]
    assert capsys.readouterr().out == ""
    assert list(tmp_path.iterdir()) == [target]


def test_output_file_permissions(tmp_path: Path) -> None:
    old_umask = os.umask(0o027)
    try:
        run(["scan", "-o", str(tmp_path / "new"), "clean.pcap"])
        existing = tmp_path / "existing"
        existing.touch()
        existing.chmod(0o600)
        run(["scan", "-o", str(existing), "clean.pcap"])
    finally:
        os.umask(old_umask)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640
    assert existing.stat().st_mode & 0o777 == 0o600


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").touch()
    (tmp_path / "link").symlink_to("real")
    run(["scan", "-o", str(tmp_path / "link"), "clean.pcap"])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text(encoding="utf-8").startswith("No mining found.")


def test_a_failed_write_leaves_the_old_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "report.txt"
    target.write_text("old", encoding="utf-8")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert run(["scan", "-o", str(target), "mining.pcap"]) == 2
    assert capsys.readouterr().err.endswith("cannot write the output: No space left on device\n")
    assert target.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_capture_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capture = tmp_path / "clean.pcap"
    capture.write_bytes(b"precious")
    assert run(["scan", "-o", str(capture), str(capture)]) == 2
    assert "is one of the captures" in capsys.readouterr().err
    assert capture.read_bytes() == b"precious"


def test_a_device_is_written_into() -> None:
    assert run(["scan", "-o", os.devnull, "mining.pcap"]) == 1
    assert not Path(os.devnull).is_file()


def test_progress_bar(api: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    clock = iter([0.0, 0.2, 0.21, 0.5])
    monkeypatch.setattr(progress, "monotonic", lambda: next(clock))
    with progress.ProgressBar(Console(file=screen, force_terminal=True, width=80, color_system=None)) as bar:
        bar(api.Progress("captures/\x1b[31m[red]night", 512, None, 7_000_000, 512_000_000, 0, 2))
        bar(api.Progress("too-soon.pcap", 512, 1024, 1_000_000, 88_000_000, 1, 2))
        bar(api.Progress("next.pcap", 512, 1024, 2_000_000, 288_000_000, 1, 2))
    shown = screen.getvalue()
    assert r"1/2 \x1b[31m[red]night" in shown
    assert "512 MB 7M packets 2.56 GB/s" in shown
    assert "2/2 next.pcap" in shown
    assert "800 MB 9M packets 1.6 GB/s" in shown
    assert "\x1b[31m" not in shown
    assert "too-soon" not in shown
