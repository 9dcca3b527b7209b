"""A table for people: who mines, what, how sure and since when; then what was read."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from netminedet.language import _
from netminedet.model import InputInfo, Verdict
from netminedet.report.columns import cell, choose, shorten
from netminedet.report.holder_lines import group_rows, holder_lines
from netminedet.report.like import ReportLike
from netminedet.report.sizes import size_lines, total_lines
from netminedet.report.text import about, came_in, plural, printable, size
from netminedet.report.times import date_and_clock

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
            return Text("No mining found.", style="bold green")
        return Text(
            "No mining found in what could be read, but not everything could be.", style="bold yellow"
        )
    headline = Text(plural(len(report.suspects), "suspect") + ": ", style="bold")
    counts = []
    for verdict in sorted(Verdict, reverse=True):
        number = sum(suspect.verdict is verdict for suspect in report.suspects)
        if number:
            counts.append(Text(f"{number:,} {verdict.label}", style=_STYLES[verdict]))
    return headline + Text(", ").join(counts)


def _suspects(report: ReportLike, width: int) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0)
    columns = choose(report.suspects, width)
    for column, columns_width in columns:
        justify = "right" if column.right else "left"
        table.add_column(Text(column.header), width=columns_width, no_wrap=True, justify=justify)  # type: ignore[arg-type]
    for suspect in report.suspects:
        cells = [Text("\n".join(cell(column, suspect, given))) for column, given in columns]
        cells[0].stylize(_STYLES[suspect.verdict])
        table.add_row(*cells)
    return table


def _print_reasons(report: ReportLike, console: Console) -> None:
    console.print(Text("Why", style="bold"))
    for suspect in report.suspects:
        reason = suspect.reasons[0] if suspect.reasons else "no reason was recorded"
        text = Text.assemble((suspect.host, _STYLES[suspect.verdict]), ": ", printable(reason))
        first, *others = text.wrap(console, console.width - len(_INDENT), overflow="fold")
        console.print(first)
        for line in others:
            console.print(Text(_INDENT) + line)
        inside = next((one.where.tunnel for one in suspect.evidence if one.where.tunnel), ())
        notes = [*size_lines(suspect), *holder_lines(suspect)]
        notes += [f"seen inside {came_in(inside)}"] if inside else []
        for note in notes:
            for line in Text(note).wrap(console, console.width - len(_INDENT), overflow="fold"):
                console.print(Text(_INDENT) + line)


def _print_adjacent(report: ReportLike, console: Console) -> None:
    """Coin nodes, a line each."""
    console.print(Text("Adjacent (coin nodes and wallets: no mining)", style="bold"))
    for node in report.adjacent[:_NODE_LIMIT]:
        what = f"{node.protocol} ({node.network})" if node.network else node.protocol
        more = "more than " if node.truncated else ""
        console.print(Text(f"{node.host}: {what}, to {more}{plural(len(node.peers), 'peer')}"))
    if len(report.adjacent) > _NODE_LIMIT:
        console.print(Text(f"and {len(report.adjacent) - _NODE_LIMIT:,} more"))


def _print_resolvers(report: ReportLike, console: Console) -> None:
    """Hosts that look up names for others, a line each."""
    console.print(Text("Resolvers (they asked the DNS for pools because others asked them)", style="bold"))
    for one in report.resolvers[:_NODE_LIMIT]:
        more = "more than " if one.truncated else ""
        names, clients = plural(len(one.names), "name"), plural(len(one.clients), "host")
        console.print(Text(f"{one.host}: {more}{names}, for {more}{clients}"))
    if len(report.resolvers) > _NODE_LIMIT:
        console.print(Text(f"and {len(report.resolvers) - _NODE_LIMIT:,} more"))


def _reading(report: ReportLike) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for position, line in enumerate(total_lines(report.suspects)):
        grid.add_row("" if position else "Estimated", Text(line))
    for title, line in group_rows(report.suspects):
        grid.add_row(title, Text(line))
    totals = report.totals
    packets, flows = totals.get("packets", 0), totals.get("flows", 0)
    traffic = f"{plural(packets, 'packet')}, {size(totals.get('bytes', 0))}, {plural(flows, 'flow')}"
    grid.add_row("Read", Text(f"{_captures(report.inputs)}: {traffic}"))
    for period in _period(report.inputs):
        grid.add_row("", Text(period))
    if 1 < len(report.inputs) <= _LIST_LIMIT:
        for info in report.inputs:
            grid.add_row("", Text(_input(info)))
    counters = {name: number for name, number in sorted(totals.items()) if number and name not in _READ}
    noted = {name: counters.pop(name) for name in _NOTED if name in counters}
    grid.add_row("Skipped", Text(_counted(counters) or "nothing"))
    if noted:
        grid.add_row("Noted", Text(_counted(noted)))
    for position, problem in enumerate(_problems(report.inputs)):
        grid.add_row("Problems" if position == 0 else "", Text(problem, style="yellow"))
    signatures = report.signatures
    version = f"version {printable(signatures.version, 40)}, netminedet {printable(report.tool_version, 40)}"
    grid.add_row("Signatures", Text(f"{signatures.count:,} ({version})"))
    return grid


def _captures(inputs: Sequence[InputInfo]) -> str:
    partly = sum(not info.complete for info in inputs)
    return plural(len(inputs), "capture") + (f" ({partly:,} not in full)" if partly else "")


def _period(inputs: Iterable[InputInfo]) -> list[str]:
    first = [info.first_seen for info in inputs if info.first_seen is not None]
    last = [info.last_seen for info in inputs if info.last_seen is not None]
    if not first or not last:
        return []
    start, end = (" ".join(date_and_clock(moment)) for moment in (min(first), max(last)))
    return [f"{start} to {end} UTC"]


def _input(info: InputInfo) -> str:
    incomplete = "" if info.complete else ", incomplete"
    form = f"{info.format}, " if info.format else ""
    path = shorten(printable(info.path), 60)
    return f"{path}: {form}{plural(info.packets, 'packet')}, {size(info.bytes)}{incomplete}"


def _counted(counters: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in counters.items())


def _problems(inputs: Iterable[InputInfo]) -> list[str]:
    """What was wrong with the inputs, first with those that could not be read in full."""
    problems = [
        about(info.path, problem)
        for info in sorted(inputs, key=lambda info: info.complete)
        for problem in info.problems or ([] if info.complete else ["not read to its end"])
    ]
    if len(problems) > _LIST_LIMIT:
        problems[_LIST_LIMIT:] = [f"and {len(problems) - _LIST_LIMIT:,} more"]
    return problems
