"""The command as a process: pipes that break, disks that are full, signals, terminals, imports."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

STUBBED = (
    f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import stub_api; "
    "sys.modules['netminedet.api'] = stub_api; "
    "from netminedet.cli.main import entry_point; entry_point()"
)
COMMAND = [sys.executable, "-X", "dev", "-W", "ignore", "-c", STUBBED]
FORMATS = ["table", "json", "jsonl"]


def environment(**extra: str) -> dict[str, str]:
    dropped = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "PYTHONIOENCODING")
    return {name: value for name, value in os.environ.items() if name not in dropped} | extra


@pytest.mark.parametrize("capture", ["mining.pcap", "huge.pcap"])
@pytest.mark.parametrize("form", FORMATS)
def test_broken_pipe(form: str, capture: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*COMMAND, "scan", "-q", "--format", form, capture], stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("module", ["click", "netminedet.errors"])
@pytest.mark.parametrize(
    "start", [["-m", "netminedet"], ["-c", "from netminedet.__main__ import main; main()"]]
)
def test_ctrl_c_while_modules_are_imported(start: list[str], module: str, tmp_path: Path) -> None:
    hook = f"""
import builtins
found = builtins.__import__

def stopped(name, *rest, **named):
    if name == {module!r}:
        raise KeyboardInterrupt
    return found(name, *rest, **named)

builtins.__import__ = stopped
"""
    (tmp_path / "sitecustomize.py").write_text(hook)
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    done = subprocess.run(
        [sys.executable, *start, "--version"],
        env=environment(PYTHONPATH=path),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (130, "netminedet: error: interrupted\n")


@pytest.mark.parametrize("arguments", [["--help"], ["scan", "--help"], ["schema"]])
def test_broken_pipe_of_help(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*COMMAND, *arguments], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("capture", ["mining.pcap", "huge.pcap"])
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("by_option", [True, False])
def test_full_disk(form: str, capture: str, by_option: bool) -> None:
    option = ["-o", "/dev/full"] if by_option else []
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "scan", "-q", "--format", form, *option, capture],
            stdout=subprocess.DEVNULL if by_option else full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 2
    assert done.stderr == "netminedet: error: cannot write the output: No space left on device\n"


def test_interrupt(tmp_path: Path) -> None:
    target = tmp_path / "report.txt"
    process = subprocess.Popen(
        [*COMMAND, "scan", "-q", "-o", str(target), "slow.pcap"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "scanning\n"
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (130, "netminedet: error: interrupted\n")
    assert not list(tmp_path.iterdir())


def test_closed_stdout() -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *COMMAND, "scan", "-q", "mining.pcap"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr == "netminedet: error: standard output is closed; name a file with -o\n"


@pytest.mark.parametrize("form", FORMATS)
def test_any_locale(form: str) -> None:
    done = subprocess.run(
        [*COMMAND, "scan", "-q", "--format", form, "mining.pcap"],
        capture_output=True,
        env=environment(PYTHONIOENCODING="ascii", COLUMNS="140"),
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert ("矿工".encode() if form != "table" else b"??") in done.stdout


def on_terminal(arguments: list[str], **extra: str) -> str:
    """What a command shows on a terminal of 80 columns."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment(**{"TERM": "xterm", "COLUMNS": "80"} | extra),
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            piece = os.read(controller, 65536)
        except OSError:  # the terminal is closed
            break
        if not piece:
            break
        shown += piece
    os.close(controller)
    process.wait(timeout=10)
    return shown.decode()


def test_a_terminal_gets_colours_and_a_progress_bar() -> None:
    shown = on_terminal(["scan", "mining.pcap"])
    assert "\x1b[1;31mconfirmed" in shown
    assert "mining.pcap" in shown
    assert "packets" in shown
    assert "\x1b[?25l" in shown  # the bar hides the cursor


@pytest.mark.parametrize("extra", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colours_where_not_wanted(extra: dict[str, str]) -> None:
    assert "\x1b" not in on_terminal(["scan", "-q", "mining.pcap"], **extra)


def test_quiet_has_no_progress_bar() -> None:
    assert "\x1b[?25l" not in on_terminal(["scan", "-q", "mining.pcap"])


def test_a_pipe_gets_neither() -> None:
    done = subprocess.run(
        [*COMMAND, "scan", "mining.pcap"], capture_output=True, text=True, env=environment()
    )
    assert "\x1b" not in done.stdout + done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80


HEAVY = ("pyshark", "rich", "yaml", "dpkt", "jmespath", "msgspec", "zstandard")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["scan", "--help"], ["explain", "--help"], ["signatures", "--help"]]
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        "from netminedet.cli.main import run\n"
        f"run({arguments!r})\n"
        "print(*sys.modules, sep=' ', file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = done.stderr.split()
    assert "netminedet.cli.main" in loaded
    rooms = ("api", "capture", "sieve", "protocols", "signatures", "verdict")
    kernels = [name for name in loaded if name.startswith(tuple(f"netminedet.{room}" for room in rooms))]
    assert kernels == []
    assert [name for name in loaded if name.split(".")[0] in HEAVY] == []
