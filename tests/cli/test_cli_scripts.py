"""What scripts and shells rely on: lines while a scan goes on, --fail-on, completion, the manual page."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.shell_completion import BashComplete

from netminedet.cli.main import COMPLETION, cli, run
from netminedet.cli.manpage import page, roff
from tests.conftest import SAMPLES

MINING = str(SAMPLES / "stratum-v1.pcap")
LOOKUP = str(SAMPLES / "dns-lookup.pcap")
CLEAN = str(SAMPLES / "lookalikes.pcap")
TLS = str(SAMPLES / "tls-pool.pcapng")


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# JSON Lines while scanning


def test_a_line_for_each_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scan", "-q", "--format", "jsonl", CLEAN, MINING]) == 1
    records = lines(capsys.readouterr().out)
    kinds = [one["netminedet"]["record"] for one in records]
    assert kinds == ["start", "input", "input", "suspect", "end"]
    inputs = [one["netminedet"] for one in records[1:3]]
    assert [Path(one["input"]["path"]).name for one in inputs] == ["lookalikes.pcap", "stratum-v1.pcap"]
    assert inputs[0]["suspects"] == []
    assert inputs[1]["suspects"] == [{"host": "192.168.10.21", "verdict": "confirmed", "role": "miner"}]
    assert [one["input"] for one in inputs] == records[-1]["netminedet"]["inputs"]


def test_lines_come_while_the_scan_goes_on(tmp_path: Path) -> None:
    """The line on the first input is there before the second has been written."""
    fifo = tmp_path / "second.pcap"
    os.mkfifo(fifo)
    command = [sys.executable, "-m", "netminedet", "scan", "-q", "--format", "jsonl", MINING, str(fifo)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as scan:
        assert scan.stdout is not None
        first = lines(scan.stdout.readline() + scan.stdout.readline())
        assert [one["netminedet"]["record"] for one in first] == ["start", "input"]
        fifo.write_bytes(Path(CLEAN).read_bytes())
        rest = lines(scan.stdout.read())
    assert [one["netminedet"]["record"] for one in rest] == ["input", "suspect", "end"]
    assert scan.returncode == 1


def test_alerts_and_end_are_those_of_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    run(["scan", "-q", "--format", "json", "-o", str(report), TLS, MINING])
    run(["scan", "-q", "--format", "jsonl", TLS, MINING])
    streamed = [one for one in lines(capsys.readouterr().out) if one["netminedet"]["record"] != "input"]
    run(["export", "--to", "jsonl", str(report)])
    assert lines(capsys.readouterr().out) == streamed


def test_inputs_without_packets_wait_for_the_first_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.pcap"
    broken.write_bytes(b"no capture")
    run(["scan", "-q", "--format", "jsonl", str(broken), MINING])
    records = lines(capsys.readouterr().out)
    assert [one["netminedet"]["record"] for one in records] == ["start", "input", "input", "suspect", "end"]
    assert records[0]["timestamp"] == records[2]["netminedet"]["input"]["first_seen"]
    assert records[1]["timestamp"].startswith("1970")


def test_addresses_in_lines_on_inputs_are_pseudonyms_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cryptography")
    key = tmp_path / "key"
    key.write_text("00112233" * 8, encoding="utf-8")
    run(["scan", "-q", "--format", "jsonl", "--anonymize-ip", str(key), MINING])
    out = capsys.readouterr().out
    assert "192.168.10.21" not in out
    (told,) = lines(out)[1]["netminedet"]["suspects"]
    assert told["host"] == lines(out)[2]["netminedet"]["suspect"]["host"]


def test_a_file_has_all_lines_or_is_not_there(tmp_path: Path) -> None:
    target = tmp_path / "lines.jsonl"
    assert run(["scan", "-q", "--format", "jsonl", "-o", str(target), CLEAN]) == 0
    assert len(target.read_text(encoding="utf-8").splitlines()) == 3
    other = tmp_path / "other.jsonl"
    assert run(["scan", "-q", "--format", "jsonl", "-o", str(other), str(tmp_path / "nowhere.pcap")]) == 2
    assert not other.exists()
    assert list(tmp_path.iterdir()) == [target]


# Exit codes


@pytest.mark.parametrize(
    ("path", "verdict", "code"),
    [
        (MINING, "confirmed", 1),
        (MINING, "suspected", 1),
        (LOOKUP, "confirmed", 0),
        (LOOKUP, "probable", 0),
        (LOOKUP, "suspected", 1),
        (CLEAN, "suspected", 0),
    ],
)
def test_fail_on(path: str, verdict: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scan", "-q", "--fail-on", verdict, path]) == code
    shown = capsys.readouterr().out
    run(["scan", "-q", path])
    assert shown == capsys.readouterr().out  # who is reported does not depend on it


def test_fail_on_does_not_hide_that_something_could_not_be_read(tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(Path(LOOKUP).read_bytes()[:-5])
    assert run(["scan", "-q", "--fail-on", "confirmed", str(cut)]) == 2
    assert run(["scan", "-q", "--fail-on", "confirmed", "--exit-zero", MINING]) == 0


def test_no_color_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    from netminedet.cli import scan

    monkeypatch.setattr(scan, "_is_terminal", lambda stream: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert scan.color_of("-")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not scan.color_of("-")


# Shells


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"_NETMINEDET_COMPLETE={shell}_complete" in script
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("netminedet ex", {"explain", "export"}),
        ("netminedet export --to blocklist-n", {"blocklist-nftables"}),
        ("netminedet scan --fail-on c", {"confirmed"}),
        ("netminedet scan --no-s", {"--no-sha256"}),
    ],
)
def test_completion_in_bash(words: str, expected: set[str], tmp_path: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    program = tmp_path / "netminedet"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m netminedet "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    typed = words.split(" ")
    script = (
        'eval "$(netminedet completion bash)"\n'
        f"COMP_WORDS=({words}); COMP_CWORD={len(typed) - 1}\n"
        f'_netminedet_completion netminedet; printf "%s\\n" "${{COMPREPLY[@]}}"\n'
    )
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True)
    assert set(done.stdout.split()) == expected, done.stderr


@pytest.mark.parametrize(
    ("typed", "is_file"),
    [
        (["scan"], True),
        (["scan", "-o"], True),
        (["explain"], True),
        (["report"], True),
        (["evidence", "--from"], True),
        (["evidence", "--sign"], True),
        (["watch", "--state"], True),
        (["export", "--to", "csv"], True),
        (["scan", "--home-net"], False),
        (["watch", "-i"], False),
        (["export", "--to"], False),
    ],
)
def test_names_of_files_are_left_to_the_shell(
    typed: list[str], is_file: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(COMPLETION, "bash_complete")
    found = BashComplete(cli, {}, "netminedet", COMPLETION).get_completions(typed, "")
    assert ("file" in {one.type for one in found}) is is_file


# The manual page


def every_option(command: click.Command) -> set[str]:
    found = {name for one in command.params if isinstance(one, click.Option) for name in one.opts}
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            found |= every_option(inner)
    return found


def test_the_manual_has_every_option() -> None:
    words = set("\n".join(page(cli)).replace("\\-", "-").replace(",", " ").split())
    assert every_option(cli) - words == set()


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
def test_mandoc_finds_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "netminedet.1"
    path.write_text("\n".join(page(cli)) + "\n", encoding="utf-8")
    command = ["mandoc", "-T", "lint", "-W", "warning", str(path)]
    faults = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    assert [fault for fault in faults if "missing date" not in fault] == []  # the same page on any day


def shown(source: str) -> str:
    """A page as man shows it, without its styles."""
    command = ["groff", "-man", "-Tascii", "-P-cbou"]
    return subprocess.run(command, input=source, capture_output=True, text=True).stdout


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_the_manual_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["manpage"]) == 0
    words = " ".join(shown(capsys.readouterr().out).split())
    assert "netminedet - find virtual-currency mining in network traffic" in words
    assert "NETMINEDET EXPORT" in words
    assert "EXIT STATUS 0 nothing was found" in words


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
@pytest.mark.parametrize("text", [".br", "'quoted'", "a\\nb", "--long-option", "~user", '"x"'])
def test_nothing_in_a_text_is_taken_for_a_command(text: str) -> None:
    assert text in shown(f".TH X 1\n.SH NAME\n{roff(text)}\n")
