"""A table for people: who mines, what, how sure and since when; then what was read."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from netminedet.language import _, told
from netminedet.model import InputInfo
from netminedet.report.columns import cell, choose, shorten
from netminedet.report.holder_lines import group_rows, holder_lines
from netminedet.report.like import ReportLike
from netminedet.report.sizes import size_lines, total_lines
from netminedet.report.text import about, came_in, plural, printable, size
from netminedet.report.times import date_and_clock
from netminedet.report.wrapping import wrap
from netminedet.suspects import Verdict

MACHINE = False

_STYLES = {Verdict.CONFIRMED: "bold red", Verdict.PROBABLE: "yellow", Verdict.SUSPECTED: "cyan"}
_DEFAULT_WIDTH = 80
#: Room that the columns need at the very least; a narrower terminal wraps the lines.
_LEAST_WIDTH = 80
_WIDEST = 400
#: Inputs, and problems, listed by name at most.
_LIST_LIMIT = 10
#: Coin nodes listed at most.
_NODE_LIMIT = 20
_INDENT = "    "
#: Counters of what was read.
_READ = ("packets", "bytes", "flows", "decoded")
#: Counters of what is worth knowing of the traffic though nothing was lost by it.
_NOTED = (
    "datagrams_reassembled",
    "fragments_repeated",
    "in_tunnels",
    "ip_fragments",
    "ipsec_over_udp",
    "out_of_order",
    "retransmissions",
)


def render(report: ReportLike, stream: TextIO, *, color: bool = False, width: int | None = None) -> None:
    """Write ``report`` as text of ``width`` columns (80 where None)."""
    width = min(max(width or _DEFAULT_WIDTH, _LEAST_WIDTH), _WIDEST)
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=width,
        height=100,
        force_terminal=color,
        no_color=not color,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(_headline(report), no_wrap=True)
    if getattr(report, "anonymized", ""):
        console.print(_("The addresses of people are pseudonyms."))
    if report.suspects:
        console.print()
        console.print(_suspects(report, width))
        console.print()
        _print_reasons(report, console)
    if report.adjacent:
        console.print()
        _print_adjacent(report, console)
    if report.resolvers:
        console.print()
        _print_resolvers(report, console)
    console.print()
    console.print(_reading(report))
    stream.writelines(line.rstrip() + "\n" for line in buffer.getvalue().splitlines())


def _headline(report: ReportLike) -> Text:
    if not report.suspects:
        if all(info.complete for info in report.inputs):
            return Text(_("No mining found."), style="bold green")
        return Text(
            _("No mining found in what could be read, but not everything could be."), style="bold yellow"
        )
    headline = Text(_("{suspects}: ").format(suspects=plural(len(report.suspects), "suspect")), style="bold")
    counts = []
    for verdict in sorted(Verdict, reverse=True):
        number = sum(suspect.verdict is verdict for suspect in report.suspects)
        if number:
            words = _("{number} {verdict}").format(number=f"{number:,}", verdict=told(verdict.label))
            counts.append(Text(words, style=_STYLES[verdict]))
    return headline + Text(_(", ")).join(counts)


def _suspects(report: ReportLike, width: int) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0)
    columns = choose(report.suspects, width)
    for column, columns_width in columns:
        justify = "right" if column.right else "left"
        table.add_column(Text(_(column.header)), width=columns_width, no_wrap=True, justify=justify)  # type: ignore[arg-type]
    for suspect in report.suspects:
        cells = [Text("\n".join(cell(column, suspect, given))) for column, given in columns]
        cells[0].stylize(_STYLES[suspect.verdict])
        table.add_row(*cells)
    return table


def _print_reasons(report: ReportLike, console: Console) -> None:
    console.print(Text(_("Why"), style="bold"))
    for suspect in report.suspects:
        reason = told(suspect.reasons[0]) if suspect.reasons else _("no reason was recorded")
        text = Text.assemble((suspect.host, _STYLES[suspect.verdict]), _(": "), printable(reason))
        first, *others = wrap(text, console, console.width - len(_INDENT))
        console.print(first)
        for line in others:
            console.print(Text(_INDENT) + line)
        inside = next((one.where.tunnel for one in suspect.evidence if one.where.tunnel), ())
        notes = [*size_lines(suspect), *holder_lines(suspect)]
        if inside:
            notes.append(_("seen inside {layers}").format(layers=came_in(inside)))
        for note in notes:
            for line in wrap(Text(note), console, console.width - len(_INDENT)):
                console.print(Text(_INDENT) + line)


def _print_adjacent(report: ReportLike, console: Console) -> None:
    """Coin nodes, a line each."""
    console.print(Text(_("Adjacent (coin nodes and wallets: no mining)"), style="bold"))
    for node in report.adjacent[:_NODE_LIMIT]:
        protocol, network = printable(node.protocol, 40), printable(node.network, 40)
        what = f"{protocol} ({network})" if network else protocol
        peers = _at_least(plural(len(node.peers), "peer"), node.truncated)
        line = _("{host}: {protocol}, to {peers}").format(host=node.host, protocol=what, peers=peers)
        console.print(Text(line))
    _print_rest(len(report.adjacent) - _NODE_LIMIT, console)


def _print_resolvers(report: ReportLike, console: Console) -> None:
    """Hosts that look up names for others, a line each."""
    title = _("Resolvers (they asked the DNS for pools because others asked them)")
    console.print(Text(title, style="bold"))
    for one in report.resolvers[:_NODE_LIMIT]:
        names = _at_least(plural(len(one.names), "name"), one.truncated)
        clients = _at_least(plural(len(one.clients), "host"), one.truncated)
        line = _("{host}: {names}, for {clients}").format(host=one.host, names=names, clients=clients)
        console.print(Text(line))
    _print_rest(len(report.resolvers) - _NODE_LIMIT, console)


def _at_least(number: str, truncated: bool) -> str:
    return _("more than {number}").format(number=number) if truncated else number


def _print_rest(number: int, console: Console) -> None:
    """How many a list has that are not shown."""
    if number > 0:
        console.print(Text(_("and {number} more").format(number=f"{number:,}")))


def _reading(report: ReportLike) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for position, line in enumerate(total_lines(report.suspects)):
        grid.add_row("" if position else _("Estimated"), Text(line))
    for title, line in group_rows(report.suspects):
        grid.add_row(title, Text(line))
    totals = report.totals
    packets, flows = totals.get("packets", 0), totals.get("flows", 0)
    read = (plural(packets, "packet"), size(totals.get("bytes", 0)), plural(flows, "flow"))
    grid.add_row(_("Read"), Text(_captures(report.inputs) + _(": ") + _(", ").join(read)))
    for period in _period(report.inputs):
        grid.add_row("", Text(period))
    if 1 < len(report.inputs) <= _LIST_LIMIT:
        for info in report.inputs:
            grid.add_row("", Text(_input(info)))
    counters = {name: number for name, number in sorted(totals.items()) if number and name not in _READ}
    noted = {name: counters.pop(name) for name in _NOTED if name in counters}
    grid.add_row(_("Skipped"), Text(_counted(counters) or _("nothing")))
    if noted:
        grid.add_row(_("Noted"), Text(_counted(noted)))
    for position, problem in enumerate(_problems(report.inputs)):
        grid.add_row(_("Problems") if position == 0 else "", Text(problem, style="yellow"))
    signatures = report.signatures
    version = _("{count} (version {version}, netminedet {tool})").format(
        count=f"{signatures.count:,}",
        version=printable(signatures.version, 40),
        tool=printable(report.tool_version, 40),
    )
    grid.add_row(_("Signatures"), Text(version))
    return grid


def _captures(inputs: Sequence[InputInfo]) -> str:
    partly = sum(not info.complete for info in inputs)
    captures = plural(len(inputs), "capture")
    if not partly:
        return captures
    return _("{captures} ({number} not in full)").format(captures=captures, number=f"{partly:,}")


def _period(inputs: Iterable[InputInfo]) -> list[str]:
    first = [info.first_seen for info in inputs if info.first_seen is not None]
    last = [info.last_seen for info in inputs if info.last_seen is not None]
    if not first or not last:
        return []
    start, end = (" ".join(date_and_clock(moment)) for moment in (min(first), max(last)))
    return [_("{start} to {end} UTC").format(start=start, end=end)]


def _input(info: InputInfo) -> str:
    parts = [info.format] if info.format else []
    parts += [plural(info.packets, "packet"), size(info.bytes)]
    parts += [] if info.complete else [_("incomplete")]
    return shorten(printable(info.path), 60) + _(": ") + _(", ").join(parts)


def _counted(counters: Mapping[str, int]) -> str:
    return _(", ").join(
        _("{number} {counter}").format(number=f"{number:,}", counter=told(name.replace("_", " ")))
        for name, number in counters.items()
    )


def _problems(inputs: Iterable[InputInfo]) -> list[str]:
    """What was wrong with the inputs, first with those that could not be read in full."""
    problems = [
        about(info.path, told(problem))
        for info in sorted(inputs, key=lambda info: info.complete)
        for problem in info.problems or ([] if info.complete else [_("not read to its end")])
    ]
    if len(problems) > _LIST_LIMIT:
        problems[_LIST_LIMIT:] = [_("and {number} more").format(number=f"{len(problems) - _LIST_LIMIT:,}")]
    return problems
