"""What the operator of a watch sees on a terminal, and in which language."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from netminedet import scan
from netminedet.cli.watch_ear import Lines
from netminedet.cli.watch_view import View
from netminedet.language import choose
from netminedet.live.options import WatchOptions
from netminedet.live.output import EventOutput
from netminedet.live.watcher import Outcome, Watcher
from netminedet.report.text import amount
from netminedet.report.times import date_and_clock
from tests.conftest import SAMPLES

MIXED = SAMPLES / "mixed.pcapng"


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    yield
    choose("en")


def screen(**options: object) -> str:
    """The view as it is at the end."""
    stream = io.StringIO()
    given = WatchOptions(replay=str(MIXED), speed=None, **options)  # type: ignore[arg-type]
    with View(given, Console(file=stream, width=80, legacy_windows=False)) as view:
        Watcher(given, view).run()
    return stream.getvalue()


def test_the_view_has_each_suspect_as_it_is_by_now() -> None:
    shown = screen()
    for one in scan(MIXED, hash_inputs=False).suspects:
        (row,) = [line for line in shown.splitlines() if line.startswith(one.host + " ")]
        accepted, submitted = amount(one.shares.accepted), amount(one.shares.submitted)
        assert row.split()[:4] == [one.host, one.verdict.label, one.role.value, f"{accepted}/{submitted}"]
        assert date_and_clock(one.last_seen)[1] in row
    assert "last seen (UTC)" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_the_view_is_told_in_chinese() -> None:
    choose("zh")
    shown = screen()
    assert max(map(cell_len, shown.splitlines())) <= 80
    assert not re.search("[a-z]{3,} [a-z]{3,}", shown)
    assert "高度疑似" in shown


def test_a_suspect_of_whom_nothing_was_told_for_long_is_brought_up_to_date() -> None:
    options = WatchOptions(replay=str(MIXED), speed=None, update_seconds=1e6)
    watcher = Watcher(options, Lines(options, quiet=True))
    watcher.run()
    desk = watcher.desk
    stale = {one.suspect.host: one for one in desk.recent()}
    for finding in desk.ledger.findings.flows.values():
        finding.span.last += 10**9
    for _ in stale:
        fresh = desk.recent()
    assert {one.suspect.host for one in fresh} == stale.keys()
    before = {host: one.suspect.last_seen for host, one in stale.items()}
    later = {one.suspect.host for one in fresh if one.suspect.last_seen > before[one.suspect.host]}
    assert later == stale.keys() - {"10.8.0.17"}  # of whom there are names and a TLS session only


def test_a_quiet_watch_says_why_it_failed(capsys: pytest.CaptureFixture[str]) -> None:
    ear = Lines(WatchOptions(interfaces=("lo",)), quiet=True)
    ear.note("/nope: cannot be written to")
    ear.end(Outcome(0, 7, 0, True, "the end"))
    assert capsys.readouterr().err == ""
    ear.end(Outcome(0, 7, 0, False, "the end"))
    assert capsys.readouterr().err == "netminedet: note: /nope: cannot be written to\n"


def test_what_an_operator_reads_is_in_either_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pipe").write_text("", encoding="utf-8")
    output = EventOutput(str(tmp_path / "pipe"))
    output._fail(OSError(28, "\u6ca1\u6709\u7a7a\u95f4"))
    (note,) = output.take_notes()
    ear = Lines(WatchOptions(interfaces=("lo",)), quiet=False)
    ear.note(note)
    choose("zh")
    ear.note(note)
    english, chinese = capsys.readouterr().err.splitlines()
    assert english.startswith("netminedet: note: ")
    assert english.endswith("; events wait, trying again")
    assert chinese.startswith("netminedet: \u63d0\u793a\uff1a")
    assert not re.search("[a-z]{3,} [a-z]{3,}", chinese)
