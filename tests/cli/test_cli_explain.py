"""``netminedet explain``: what it shows, exit codes, errors, masking, Wireshark's view."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from test_report_injection import HOSTILE

from netminedet import deep
from netminedet.api import explain
from netminedet.cli.main import run
from netminedet.errors import NetminedetError
from netminedet.report.story import render_story

SAMPLES = Path(__file__).parents[2] / "pcaps"
MINING = str(SAMPLES / "stratum-v1.pcap")
HOST = "192.168.10.21"

needs_wireshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


@pytest.fixture(autouse=True)
def width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def key(tmp_path: Path) -> str:
    path = tmp_path / "department.key"
    path.write_text("correct horse battery staple\n", encoding="utf-8")
    return str(path)


def test_the_story_of_a_miner(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "-q", MINING, HOST]) == 1
    out, err = capsys.readouterr()
    assert out.startswith(f"{HOST}: confirmed, miner\n")
    assert "08:00:00.072 #8     -> handshake stratum-v1.subscribe\n    agent cgminer/4.12.1\n" in out
    assert "<- rejected  stratum-v1.answer" in out
    for title in ("Timeline (UTC", "Why this verdict", "What would raise it", "What would lower it"):
        assert f"\n\n{title}" in out
    assert max(map(len, out.splitlines())) <= 80
    assert err == ""


def test_the_story_says_what_packets_came_in(capsys: pytest.CaptureFixture[str]) -> None:
    run(["explain", str(SAMPLES / "tunnels.pcapng"), "10.7.0.24"])
    assert "inside vxlan 5001 (198.18.0.1 to 198.18.9.9), vlan 12" in capsys.readouterr().out


def test_no_suspect(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "-q", MINING, "10.99.0.1"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("10.99.0.1: no suspect\nNo mining message")
    assert "Why this verdict" not in out


def test_no_suspect_in_a_cut_capture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cut = tmp_path / "cut.pcap"
    cut.write_bytes((SAMPLES / "lookalikes.pcap").read_bytes()[:-7])
    assert run(["explain", "-q", str(cut), "10.99.0.1"]) == 2
    assert "not all that there is" in capsys.readouterr().out


BAD = [
    pytest.param([MINING, "office"], "is not an IP address", id="host"),
    pytest.param([MINING], "HOST", id="no-host"),
    pytest.param(["/no/where.pcap", HOST], "/no/where.pcap", id="file"),
    pytest.param(["--home-net", "10.0.0.1/8", MINING, HOST], "did you mean", id="home-net"),
    pytest.param(["--mask", "/no/where", MINING, HOST], "the key cannot be read", id="key"),
]


@pytest.mark.parametrize(("arguments", "problem"), BAD)
def test_bad_arguments(arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "-q", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert problem in err


def test_masked(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "-q", "--mask", key, MINING, HOST]) == 1
    out = capsys.readouterr().out
    assert "wallet-" in out
    assert "acct7" not in out
    assert "rig12" not in out


def test_deep_cannot_be_masked(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "-q", "--deep", "--mask", key, MINING, HOST]) == 2
    assert "cannot be masked" in capsys.readouterr().err


@needs_wireshark
def test_wiresharks_view(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyshark")
    assert run(["explain", "-q", "--deep", MINING, HOST]) == 1
    out, _err = capfd.readouterr()
    view = out[out.index("Wireshark's view") :]
    assert "Packet 8 of " in view
    assert "Destination Port: 3333" in view
    assert '"method":"mining.subscribe"' in view
    assert view.count("Packet ") <= deep.MAX_DEEP_PACKETS
    assert max(map(len, view.splitlines())) <= 80


@needs_wireshark
def test_tshark_steps_in_where_pyshark_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_path: str, _wanted: str) -> None:
        raise RuntimeError("no event loop")

    monkeypatch.setattr(deep, "_by_pyshark", broken)
    story = explain(MINING, HOST)
    assert story.suspect is not None
    packets = deep.wireshark_view(story.suspect.evidence)
    assert {one.packet for one in packets} <= {one.where.packet for one in story.suspect.evidence}
    assert any("Transmission Control Protocol" in line for line in packets[0].lines)


MISSING = [
    pytest.param("tshark", "tshark, which is not installed", id="tshark"),
    pytest.param("pyshark", "needs pyshark", id="pyshark"),
]


@pytest.mark.parametrize(("what", "problem"), MISSING)
def test_without_wireshark_the_story_is_told_all_the_same(
    what: str, problem: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if what == "tshark":
        pytest.importorskip("pyshark")
        monkeypatch.setattr(shutil, "which", lambda _name: None)
    else:
        monkeypatch.setitem(sys.modules, "pyshark", None)
    assert run(["explain", "-q", "--deep", MINING, HOST]) == 1
    out, err = capsys.readouterr()
    assert out.startswith(f"{HOST}: confirmed")
    assert err.count("\n") == 1
    assert problem in err


def test_standard_input_has_no_deep_view() -> None:
    story = explain(MINING, HOST)
    assert story.suspect is not None
    first = story.suspect.evidence[0]
    with pytest.raises(NetminedetError, match="standard input"):
        deep.wireshark_view([replace(first, where=replace(first.where, input="-"))])


def test_explain_alone_imports_no_pyshark() -> None:
    program = (
        "import sys\nfrom netminedet.cli.main import run\n"
        f"run(['explain', '-q', {MINING!r}, {HOST!r}])\n"
        "heavy = [name for name in sys.modules if name.split('.')[0] in ('pyshark', 'asyncio')]\n"
        "print(heavy, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_steers_gets_out(text: str, color: bool) -> None:
    story = explain(MINING, HOST)
    assert story.suspect is not None
    lines = tuple(
        replace(line, excerpt=text, details={"worker": text, text: text}, signatures=(text,))
        for line in story.lines
    )
    suspect = replace(story.suspect, reasons=(text,))
    spoiled = replace(story, lines=lines, suspect=suspect, omitted=3, gap=2)
    packets = [deep.DeepPacket(text, 8, (deep.printable(text),), 1)]
    stream = io.StringIO()
    render_story(spoiled, stream, deep=packets, color=color, width=80)
    shown = stream.getvalue()
    shown.encode()
    if not color:
        assert max(map(cell_len, shown.splitlines())) <= 80
        risky = {one for one in set(shown) - {"\n"} if unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp")}
        assert not risky
    assert len(shown) < 40_000
