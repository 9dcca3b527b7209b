"""What the operator of a watch sees: lines on stderr, or a view that is drawn anew on a terminal."""

from __future__ import annotations

import contextlib
import os
import sys
from types import TracebackType
from typing import TextIO

import click

from netminedet.cli.main import remark
from netminedet.language import _, told
from netminedet.live.announce import Told
from netminedet.live.desk import Desk
from netminedet.live.options import WatchOptions
from netminedet.live.watcher import Ear, Outcome
from netminedet.report.text import plural, printable

#: Remarks of a quiet watch that are kept, to say why it could not do its job: the first ones.
MAX_KEPT_REMARKS = 8


class Lines(Ear):
    """One line for each remark and each suspect."""

    def __init__(self, options: WatchOptions, *, quiet: bool) -> None:
        self._quiet = quiet
        #: remarks that are told at the end where something went wrong
        self._held: list[str] = []
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
            self.write(remark(text))
        elif len(self._held) < MAX_KEPT_REMARKS:
            self._held.append(text)

    def told(self, one: Told) -> None:
        if not self._quiet and one.event == "suspect":
            self.write(f"netminedet: {sentence(one)}")

    def show(self, desk: Desk) -> None:
        """The present table, on standard output where no events go there."""
        stream = sys.stderr if self._events_on_stdout or sys.stdout is None else sys.stdout
        with contextlib.suppress(OSError, ValueError):
            show_table(desk, stream)

    def end(self, outcome: Outcome) -> None:
        for text in self._held if not outcome.complete else ():
            self.write(remark(text))
        if not self._quiet:
            packets, suspects = plural(outcome.packets, "packet"), plural(outcome.suspects, "suspect")
            seen = _("{packets}, none dropped").format(packets=packets)
            if outcome.dropped:
                dropped = f"{outcome.dropped:,}"
                seen = _("{packets}, of which {number} were dropped").format(packets=packets, number=dropped)
            self.write(f"netminedet: {told(outcome.reason)}" + _(": ") + seen + _("; ") + suspects)


def sentence(one: Told) -> str:
    """A suspect on one line."""
    suspect = one.suspect
    line = _("suspect {host} ({verdict} {role}, {change}): {reason}").format(
        host=suspect.host,
        verdict=told(suspect.verdict.label),
        role=told(suspect.role.value),
        change=told(one.change),
        reason=told(suspect.reasons[0]) if suspect.reasons else "",
    )
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
