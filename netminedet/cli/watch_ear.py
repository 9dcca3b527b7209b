"""What the operator of a watch sees: lines on stderr, or a view that is drawn anew on a terminal."""

from __future__ import annotations

import contextlib
import os
import sys
from types import TracebackType
from typing import TextIO

import click

from netminedet.live.announce import Told
from netminedet.live.desk import Desk
from netminedet.live.options import WatchOptions
from netminedet.live.watcher import Ear, Outcome
from netminedet.report.text import plural, printable


class Lines(Ear):
    """One line for each remark and each suspect."""

    def __init__(self, options: WatchOptions, *, quiet: bool) -> None:
        self._quiet = quiet
        self._events_on_stdout = options.output == "-"

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None

    def write(self, line: str) -> None:
        """A line to stderr, if that is still there."""
        with contextlib.suppress(OSError, ValueError):
            click.echo(line, err=True)

    def note(self, text: str) -> None:
        if not self._quiet:
            self.write(f"netminedet: note: {printable(text, 2000)}")

    def told(self, told: Told) -> None:
        if not self._quiet and told.event == "suspect":
            self.write(f"netminedet: {sentence(told)}")

    def show(self, desk: Desk) -> None:
        """The present table, on standard output where no events go there."""
        stream = sys.stderr if self._events_on_stdout or sys.stdout is None else sys.stdout
        with contextlib.suppress(OSError, ValueError):
            show_table(desk, stream)

    def end(self, outcome: Outcome) -> None:
        if not self._quiet:
            lost = f", of which {outcome.dropped:,} were dropped" if outcome.dropped else ", none dropped"
            self.write(
                f"netminedet: {outcome.reason}: {plural(outcome.packets, 'packet')}{lost}; "
                f"{plural(outcome.suspects, 'suspect')}"
            )


def sentence(told: Told) -> str:
    """A suspect on one line."""
    suspect = told.suspect
    reason = suspect.reasons[0] if suspect.reasons else ""
    line = f"suspect {suspect.host} ({suspect.verdict.label} {suspect.role.value}, {told.change}): {reason}"
    return printable(line, 500)


def show_table(desk: Desk, stream: TextIO) -> None:
    """The table of ``scan`` on what was found up to now."""
    from netminedet.report.formats import load_format

    load_format("table").render(desk.report(), stream, color=False, width=None)
    stream.flush()


def choose_ear(options: WatchOptions, *, quiet: bool) -> Lines:
    """The live view on a terminal that has room for it, else lines."""
    on_terminal = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    events_there = options.output == "-" and sys.stdout is not None and sys.stdout.isatty()
    if quiet or not on_terminal or events_there:
        return Lines(options, quiet=quiet)
    from netminedet.cli.watch_view import View

    return View(options)
