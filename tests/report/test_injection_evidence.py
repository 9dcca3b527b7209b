"""Whatever the traffic names itself, in what an inspector holds in hand: the story, the case file, the PDF.

The names are in a capture here, so that they take the way that they would take.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from test_injection_table import MEGABYTE, PLAIN, TABLE, UNSEEN, Page, everywhere, rendered

from netminedet import explain, scan
from netminedet.casefile import CaseOptions, make_case, verify_case
from netminedet.report.document import json_text
from netminedet.report.page import pdf
from netminedet.report.story import render_story
from netminedet.story import Line, Story
from tests.frames import write_pcap
from tests.private import STRATUM, comments
from tests.talks import CLIENT, Said, frames_of

#: Hostile texts that one conversation has, each in a message of its own.
GROUP = 6
#: The columns that a story may have.
WIDEST = 160
#: A name of 1 MB goes over the wire in many segments.
SEGMENT = 1400


def talk_of(texts: list[str]) -> list[Said]:
    """A miner that names itself, its program, its wallet and its rigs so, and a pool that answers so."""
    said: list[Said] = list(STRATUM)
    for number, text in enumerate(texts):
        login = {"login": text, "pass": "x", "agent": text, "rigid": text}
        said += [
            ("C", {"id": 10, "method": "mining.subscribe", "params": [text, text]}),
            ("C", {"id": 11, "method": "mining.authorize", "params": [f"{text}.rig", "x"]}),
            ("S", {"id": 11, "result": False, "error": [24, text, None]}),
            ("C", {"id": 12, "jsonrpc": "2.0", "method": "login", "params": login}),
            ("C", {"id": 13 + number, "method": "mining.submit", "params": [text, "bf", "01", text, "b2"]}),
            ("S", {"id": 13 + number, "result": True, "error": None}),
        ]
    return said


def in_segments(talk: list[Said]) -> list[Said]:
    found: list[Said] = []
    for side, message in talk:
        data = (json.dumps(message) + "\n").encode()
        found += [(side, data[at : at + SEGMENT]) for at in range(0, len(data), SEGMENT)]
    return found


def captured(texts: list[str], folder: Path) -> Path:
    path = folder / "talk.pcap"
    write_pcap(path, frames_of(in_segments(talk_of(texts))))
    return path


def unseen(text: str) -> set[str]:
    text.encode("utf-8")
    return {one for one in set(text) - {"\n"} if unicodedata.category(one) in UNSEEN}


def story_text(story: Story, width: int) -> str:
    stream = io.StringIO()
    render_story(story, stream, width=width)
    return stream.getvalue()


SMALL = [one for one in TABLE if one is not MEGABYTE]


@pytest.mark.parametrize("hostile", SMALL)
def test_a_story_is_lines_of_its_own(hostile: str, tmp_path: Path) -> None:
    story = explain(captured([hostile], tmp_path), CLIENT[0])
    assert sum(line.strength == "strong" for line in story.lines) >= 8
    for width in (60, WIDEST):
        text = story_text(story, width)
        assert unseen(text) == set()
        headings = [line for line in text.split("\n") if line.startswith(("Why this", "What would", "Time"))]
        assert len(headings) == 4
        assert max(map(cell_len, text.split("\n"))) <= width


GROUPS = [SMALL[at : at + GROUP] for at in range(0, len(SMALL), GROUP)]


def case_of(texts: list[str], folder: Path) -> Path:
    capture = captured(texts, folder)
    report = folder / "report.json"
    report.write_text(json_text(scan(capture).to_dict()), encoding="utf-8")
    options = CaseOptions(by=texts[0], flows=True, cut_passwords=True)
    make_case(str(report), CLIENT[0], [str(capture)], str(folder / "case"), options)
    return folder / "case"


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: "+".join(str(one.id) for one in group))
def test_a_case_is_files_of_its_own(group: list[Any], tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    case = case_of([one.values[0] for one in group], tmp_path)
    assert verify_case(str(case)).problems == ()
    for name in ("story.txt", "README.txt", "suspect.html"):
        assert unseen((case / name).read_text(encoding="utf-8")) == set(), name
    page = Page()
    page.feed((case / "suspect.html").read_text(encoding="utf-8"))
    assert (page.scripts, page.handlers) == (0, [])
    assert all(address.startswith(("#", "data:")) for address in page.addresses)
    written = list(comments((case / "packets.pcapng").read_bytes()))
    assert written
    for comment in written:
        assert comment.startswith("netminedet: ")
        assert unseen(comment) == set()
    for name in ("suspect.json", "manifest.json", "signatures/fired.json"):
        json.loads((case / name).read_text(encoding="utf-8"))
    assert {path.name for path in case.iterdir()} == {
        *("README.txt", "flows.pcapng", "manifest.json", "packets.pcapng", "signatures"),
        *("story.txt", "suspect.html", "suspect.json"),
    }


def test_names_of_a_megabyte_on_the_wire_are_passed_over(tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    (huge,) = MEGABYTE.values
    case = case_of([str(huge)], tmp_path)
    assert len((case / "story.txt").read_text(encoding="utf-8")) < 20_000
    assert len((case / "suspect.html").read_text(encoding="utf-8")) < 500_000
    assert max(map(len, comments((case / "packets.pcapng").read_bytes()))) < 4096


def test_a_story_of_names_of_a_megabyte_is_short(tmp_path: Path) -> None:
    """Should a message of that size ever be read."""
    (huge,) = MEGABYTE.values
    story = explain(captured([PLAIN], tmp_path), CLIENT[0])
    spoilt = tuple(_spoilt(line, str(huge)) for line in story.lines)
    text = story_text(replace(story, lines=spoilt), WIDEST)
    assert len(text) < 1000 * len(spoilt)
    assert max(map(cell_len, text.split("\n"))) <= WIDEST


def _spoilt(line: Line, text: str) -> Line:
    where = replace(line.where, input=text)
    details = {"worker": text, text: text}
    return replace(line, where=where, kind=text, signatures=(text,), details=details, excerpt=text)


#: What a reader of PDF acts on; Chromium writes the dictionaries of links and forms unpacked.
ACTIONS = (b"/URI", b"/JavaScript", b"/JS", b"/Launch", b"/OpenAction", b"/EmbeddedFile", b"/AcroForm")
#: What `pdftotext` itself puts around letters that run from right to left, and between pages.
PDFTOTEXT = {"\f", "\u202a", "\u202b", "\u202c"}
PRINTED = [
    one
    for one in TABLE
    if one.id in ("ansi", "writing-direction", "html", "html-comment", "javascript-address", "megabyte")
]


@pytest.mark.skipif(pdf.browser() is None, reason="there is no Chromium")
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="there is no pdftotext")
@pytest.mark.parametrize("hostile", PRINTED)
def test_a_pdf_is_text_and_does_nothing(hostile: str, tmp_path: Path) -> None:
    data = pdf.print_page(rendered(everywhere(hostile), "html"))
    assert not [action for action in ACTIONS if action in data]
    path = tmp_path / "page.pdf"
    path.write_bytes(data)
    done = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True)
    text = done.stdout.decode("utf-8")
    assert unseen(text) - PDFTOTEXT == set()
    assert "203.0.113.25" in text
    if hostile.isprintable() and len(hostile) < 100:
        assert "".join(hostile.split()) in "".join(text.split())


def test_a_story_that_let_names_through_would_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from netminedet.report import story as writer

    monkeypatch.setattr(writer, "printable", lambda text, _limit=0: text)
    story = explain(captured([PLAIN], tmp_path), CLIENT[0])
    spoilt = replace(story, lines=tuple(_spoilt(line, "\u202e\x1b[2J") for line in story.lines))
    assert unseen(story_text(spoilt, WIDEST)) >= {"\u202e"}
