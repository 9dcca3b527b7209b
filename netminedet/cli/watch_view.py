"""The live view of a watch on a terminal: rates, losses, and the suspects of whom something was told last.

The table of all is asked for with SIGUSR1.
"""

from __future__ import annotations

from time import monotonic
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from netminedet.cli.main import remark
from netminedet.cli.watch_ear import Lines, show_table
from netminedet.language import _, ngettext, told
from netminedet.live.announce import Told
from netminedet.live.desk import Desk
from netminedet.live.options import WatchOptions
from netminedet.report.text import amount, plural, printable
from netminedet.report.times import date_and_clock

_COLOURS = {"confirmed": "bold red", "probable": "yellow", "suspected": "cyan"}


class View(Lines):
    """Draws on stderr, so that standard output stays free for events."""

    def __init__(self, options: WatchOptions, console: Console | None = None) -> None:
        super().__init__(options, quiet=False)
        self._console = console or Console(stderr=True)
        self._live = Live(console=self._console, auto_refresh=False)
        self._last = (monotonic(), 0, 0)

    def __enter__(self) -> View:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def note(self, text: str) -> None:
        self._console.print(remark(text), markup=False, highlight=False)

    def told(self, one: Told) -> None:
        """Nothing: the next tick draws it."""

    def show(self, desk: Desk) -> None:
        self._live.stop()
        show_table(desk, self._console.file)  # type: ignore[arg-type]
        self._live.start()

    def tick(self, desk: Desk) -> None:
        self._live.update(Group(self._rates(desk), self._table(desk)), refresh=True)

    def _rates(self, desk: Desk) -> Text:
        figures = desk.figures({}, new_interval=False)
        capture = figures["capture"]
        then, packets, size = self._last
        now = monotonic()
        span = max(now - then, 1e-3)
        self._last = (now, capture["seen"], capture["bytes"])
        lost = capture["dropped"]
        line = Text(
            _("{packets} packets/s  {bits} bit/s  ").format(
                packets=amount(int((capture["seen"] - packets) / span)),
                bits=amount(int((capture["bytes"] - size) * 8 / span)),
            )
        )
        dropped = _("{number} dropped").format(number=amount(lost))
        line.append(dropped, style="bold red" if lost else "")
        number = figures["stages"].get("flows", 0)
        flows = ngettext("{n} flow", "{n} flows", number).format(n=amount(number))
        line.append(f"  {flows}  {plural(desk.announcer.active(), 'active suspect')}")
        return line

    def _table(self, desk: Desk) -> Table:
        table = Table(box=None, pad_edge=False, expand=True)
        for name in (_("host"), _("verdict"), _("role"), _("shares"), _("last seen (UTC)")):
            table.add_column(name, no_wrap=True)
        table.add_column(_("why"), ratio=1, no_wrap=True, overflow="ellipsis")
        for one in desk.recent():
            suspect = one.suspect
            verdict = Text(told(suspect.verdict.label), style=_COLOURS[suspect.verdict.label])
            shares = f"{amount(suspect.shares.accepted)}/{amount(suspect.shares.submitted)}"
            seen = _("ended") if one.event == "ended" else date_and_clock(suspect.last_seen)[1]
            reason = printable(told(suspect.reasons[0]) if suspect.reasons else "", 200)
            cells = (printable(suspect.host), verdict, told(suspect.role.value), shares, seen, Text(reason))
            table.add_row(*cells)
        return table
