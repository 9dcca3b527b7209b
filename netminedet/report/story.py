"""The story of one host, as text for people."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.text import Text

from netminedet.model import FiveTuple, Verdict
from netminedet.report.columns import fold, shorten
from netminedet.report.sizes import size_lines
from netminedet.report.text import came_in, plural, printable
from netminedet.report.times import date_and_clock

if TYPE_CHECKING:
    from netminedet.deep import DeepPacket
    from netminedet.story import Line, Story

_DEFAULT_WIDTH = 80
_LEAST_WIDTH = 60
_WIDEST = 160
_STYLES = {Verdict.CONFIRMED: "bold red", Verdict.PROBABLE: "yellow", Verdict.SUSPECTED: "cyan"}
_INDENT = "    "
#: Lines of an excerpt.
_EXCERPT_LINES = 2
_REASONS = 6
_SECOND = 1_000_000_000


def render_story(
    story: Story,
    stream: TextIO,
    *,
    deep: Sequence[DeepPacket] | None = None,
    color: bool = False,
    width: int | None = None,
) -> None:
    """Write the story as text of ``width`` columns (80 where None)."""
    width = min(max(width or _DEFAULT_WIDTH, _LEAST_WIDTH), _WIDEST)
    buffer = io.StringIO()
    console = Console(
        file=buffer, width=width, height=100, force_terminal=color, no_color=not color,
        color_system="standard" if color else None, highlight=False, markup=False, emoji=False,
        legacy_windows=False,
    )  # fmt: skip
    page = _Page(console, width)
    _head(story, page)
    if story.lines:
        _timeline(story, page)
    if story.ruling is not None:
        page.section("Why this verdict", story.ruling.why)
        page.section("What would raise it", story.ruling.would_raise)
        page.section("What would lower it", story.ruling.would_lower)
    if deep is not None:
        _deep(deep, page)
    stream.writelines(line.rstrip() + "\n" for line in buffer.getvalue().splitlines())


class _Page:
    """Writes lines that keep to the width."""

    def __init__(self, console: Console, width: int) -> None:
        self._console = console
        self.width = width

    def line(self, text: str | Text, style: str = "") -> None:
        self._console.print(Text(text, style=style) if isinstance(text, str) else text, no_wrap=True)

    def sentence(self, text: str, mark: str = "- ") -> None:
        """Wrapped between words, further lines indented."""
        wrapped = Text(printable(text)).wrap(self._console, self.width - len(mark), overflow="fold")
        for number, piece in enumerate(wrapped):
            self.line(Text(mark if number == 0 else " " * len(mark)) + piece)

    def section(self, title: str, sentences: Iterable[str]) -> None:
        self.line("")
        self.line(title, "bold")
        for sentence in sentences:
            self.sentence(sentence)


def _head(story: Story, page: _Page) -> None:
    suspect = story.suspect
    if suspect is None:
        page.line(f"{story.host}: no suspect", "bold green")
        for sentence in story.seen:
            page.sentence(sentence, "")
        inputs = story.report.inputs
        read = f"Read {plural(sum(info.packets for info in inputs), 'packet')}"
        incomplete = "" if all(info.complete for info in inputs) else ", but not all that there is"
        page.sentence(f"{read}{incomplete}.", "")
        return
    page.line(Text.assemble(suspect.host, ": ", (suspect.verdict.label, _STYLES[suspect.verdict]), ", "
                            f"{suspect.role.value}"))  # fmt: skip
    for reason in suspect.reasons[:_REASONS]:
        page.sentence(reason)
    for size in size_lines(suspect):
        page.sentence(size)


def _timeline(story: Story, page: _Page) -> None:
    page.line("")
    page.line("Timeline (UTC; -> to the pool, <- from it)", "bold")
    labels: dict[FiveTuple, int] = {}
    before: tuple[str, int, str] | None = None
    for position, line in enumerate(story.lines):
        if story.omitted and position == story.gap:
            _gap(story, page)
            before = None
        flow = line.where.flow if line.to_pool else line.where.flow.reversed()
        if line.kind == "name" and not line.to_pool:
            flow = line.where.flow
        number = labels.setdefault(flow, len(labels) + 1)
        date = date_and_clock(line.where.time_ns)[0]
        if (date, number, line.where.input) != before:
            before = (date, number, line.where.input)
            _flow(flow, number, date, line, story, page)
        _line(line, page)
    if story.omitted and story.gap == len(story.lines):
        _gap(story, page)


def _gap(story: Story, page: _Page) -> None:
    page.line(f"… {plural(story.omitted, 'line')} left out …", "dim")


def _flow(flow: FiveTuple, number: int, date: str, line: Line, story: Story, page: _Page) -> None:
    ends = f"{flow.src_ip} port {flow.src_port} -> {flow.dest_ip} port {flow.dest_port}"
    page.sentence(f"[{number}] {date}  {ends} ({flow.proto})", "")
    if line.where.tunnel:
        page.sentence(f"inside {came_in(line.where.tunnel)}", _INDENT)
    if len(story.report.inputs) > 1:
        page.line(shorten(f"    in {printable(line.where.input)}", page.width))


def _line(line: Line, page: _Page) -> None:
    clock = date_and_clock(line.where.time_ns)[1]
    milli = line.where.time_ns % _SECOND // 1_000_000
    arrow = "->" if line.to_pool else "<-"
    weak = " (weak)" if line.strength == "weak" else ""
    what = ", ".join(printable(name, 80) for name in line.signatures)
    head = f"{clock}.{milli:03d} #{line.where.packet:<5} {arrow} {line.kind:<9} {what}{weak}"
    page.line(shorten(head, page.width))
    inner = page.width - len(_INDENT)
    details = ", ".join(
        f"{printable(key, 40)} {printable(value, 120)}"
        for key, value in line.details.items()
        if _tells(key, line)
    )
    for text in (details, printable(line.excerpt)):
        for piece in _pieces(text, inner) if text else ():
            page.line(_INDENT + piece)


def _tells(key: str, line: Line) -> bool:
    """The wallet need not be told again beside the worker that begins with it."""
    return key != "wallet" or not line.details.get("worker", "").startswith(line.details["wallet"])


def _pieces(text: str, width: int) -> list[str]:
    """At most as many lines as an excerpt may have."""
    pieces = fold(shorten(text, _EXCERPT_LINES * width), width)
    if len(pieces) > _EXCERPT_LINES:
        pieces[_EXCERPT_LINES - 1 :] = [shorten("".join(pieces[_EXCERPT_LINES - 1 :]), width)]
    return pieces


def _deep(packets: Sequence[DeepPacket], page: _Page) -> None:
    page.line("")
    page.line("Wireshark's view of the packets that decide", "bold")
    if not packets:
        page.line("Wireshark shows none of them.")
    for packet in packets:
        page.line(shorten(f"Packet {packet.packet} of {printable(packet.input)}", page.width), "bold")
        for text in packet.lines:
            page.line(shorten(f"  {text}", page.width))
        if packet.omitted:
            page.line(f"  … {plural(packet.omitted, 'line')} left out", "dim")
