"""The story of one host, as text for people."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

from rich.cells import set_cell_size
from rich.console import Console
from rich.text import Text

from netminedet.language import Sentence, _, told
from netminedet.model import CLAIMED_IP, CLAIMED_PORT, FiveTuple
from netminedet.report.columns import fold, shorten
from netminedet.report.holder_lines import holder_lines
from netminedet.report.sizes import size_lines
from netminedet.report.text import came_in, claim_text, plural, printable
from netminedet.report.times import date_and_clock
from netminedet.report.wrapping import wrap
from netminedet.suspects import Verdict

if TYPE_CHECKING:
    from netminedet.deep import DeepPacket
    from netminedet.story import Line, Story

_DEFAULT_WIDTH = 80
_LEAST_WIDTH = 60
_WIDEST = 160
_STYLES = {Verdict.CONFIRMED: "bold red", Verdict.PROBABLE: "yellow", Verdict.SUSPECTED: "cyan"}
_INDENT = "    "
#: Columns for the kind of a message.
_KIND_WIDTH = 9
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
        page.section(_("Why this verdict"), story.ruling.why)
        page.section(_("What would raise it"), story.ruling.would_raise)
        page.section(_("What would lower it"), story.ruling.would_lower)
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
        wrapped = wrap(Text(printable(text)), self._console, self.width - len(mark))
        for number, piece in enumerate(wrapped):
            self.line(Text(mark if number == 0 else " " * len(mark)) + piece)

    def section(self, title: str, sentences: Iterable[str]) -> None:
        self.line("")
        self.line(title, "bold")
        for sentence in sentences:
            self.sentence(told(sentence))


def _head(story: Story, page: _Page) -> None:
    suspect = story.suspect
    if suspect is None:
        page.line(_("{host}: no suspect").format(host=story.host), "bold green")
        for sentence in story.seen:
            page.sentence(told(sentence), "")
        inputs = story.report.inputs
        packets = plural(sum(info.packets for info in inputs), "packet")
        if all(info.complete for info in inputs):
            page.sentence(_("Read {packets}.").format(packets=packets), "")
        else:
            page.sentence(_("Read {packets}, but not all that there is.").format(packets=packets), "")
        return
    verdict, role = told(suspect.verdict.label), told(suspect.role.value)
    page.line(Text.assemble(suspect.host, _(": "), (verdict, _STYLES[suspect.verdict]), _(", "), role))
    for reason in suspect.reasons[:_REASONS]:
        page.sentence(told(reason))
    for line in (*size_lines(suspect), *holder_lines(suspect)):
        page.sentence(line)


def _timeline(story: Story, page: _Page) -> None:
    page.line("")
    page.line(_("Timeline (UTC; -> to the pool, <- from it)"), "bold")
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
    page.line(_("… {lines} left out …").format(lines=plural(story.omitted, "line")), "dim")


def _flow(flow: FiveTuple, number: int, date: str, line: Line, story: Story, page: _Page) -> None:
    ends = _("{ip} port {port} -> {dest_ip} port {dest_port}").format(
        ip=flow.src_ip, port=flow.src_port, dest_ip=flow.dest_ip, dest_port=flow.dest_port
    )
    page.sentence(f"[{number}] {date}  {ends} ({flow.proto})", "")
    if line.where.tunnel:
        page.sentence(_("inside {layers}").format(layers=came_in(line.where.tunnel)), _INDENT)
    if claim := claim_text(line.details):
        page.sentence(claim, _INDENT)
    if len(story.report.inputs) > 1:
        in_input = _("in {input}").format(input=printable(line.where.input))
        page.line(shorten(_INDENT + in_input, page.width))


def _line(line: Line, page: _Page) -> None:
    clock = date_and_clock(line.where.time_ns)[1]
    milli = line.where.time_ns % _SECOND // 1_000_000
    arrow = "->" if line.to_pool else "<-"
    weak = _(" (weak)") if line.strength == "weak" else ""
    what = ", ".join(printable(name, 80) for name in line.signatures)
    kind = set_cell_size(told(line.kind), _KIND_WIDTH)
    head = f"{clock}.{milli:03d} #{line.where.packet:<5} {arrow} {kind} {what}{weak}"
    page.line(shorten(head, page.width))
    inner = page.width - len(_INDENT)
    details = _(", ").join(
        f"{told(printable(key, 40))} {printable(_detail(value), 120)}"
        for key, value in line.details.items()
        if _tells(key, line)
    )
    for text in (details, printable(line.excerpt)):
        for piece in _pieces(text, inner) if text else ():
            page.line(_INDENT + piece)


def _detail(value: str) -> str:
    """A value in words: a sentence is ours; any other came as it is, and may be a word of ours by chance."""
    return told(value) if isinstance(value, Sentence) else value


def _tells(key: str, line: Line) -> bool:
    """The wallet need not be told again beside the worker that begins with it."""
    if key in (CLAIMED_IP, CLAIMED_PORT):  # told with the flow
        return False
    return key != "wallet" or not line.details.get("worker", "").startswith(line.details["wallet"])


def _pieces(text: str, width: int) -> list[str]:
    """At most as many lines as an excerpt may have."""
    pieces = fold(shorten(text, _EXCERPT_LINES * width), width)
    if len(pieces) > _EXCERPT_LINES:
        pieces[_EXCERPT_LINES - 1 :] = [shorten("".join(pieces[_EXCERPT_LINES - 1 :]), width)]
    return pieces


def _deep(packets: Sequence[DeepPacket], page: _Page) -> None:
    page.line("")
    page.line(_("Wireshark's view of the packets that decide"), "bold")
    if not packets:
        page.line(_("Wireshark shows none of them."))
    for packet in packets:
        title = _("Packet {number} of {input}").format(number=packet.packet, input=printable(packet.input))
        page.line(shorten(title, page.width), "bold")
        for text in packet.lines:
            page.line(shorten(f"  {text}", page.width))
        if packet.omitted:
            left_out = _("… {lines} left out").format(lines=plural(packet.omitted, "line"))
            page.line(f"  {left_out}", "dim")
