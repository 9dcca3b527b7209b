"""The charts of the page: bars, ranges on a logarithmic scale, and stretches of time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timezone
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from netminedet.report.page.moments import SECOND_NS
from netminedet.report.page.svg import COLOURS, Words, svg_of
from netminedet.report.page.timescale import DAY_NS, MOST_PIECES, pieces_of, set_piece, set_times
from netminedet.report.text import ELLIPSIS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Of a chart in a column of the page, and of one across it; CSS pixels.
NARROW, WIDE = 380, 800

_FONT = 11.5
_ROW = 21
#: How far a logarithmic scale goes at least, to either side, as a factor: room for a few numbers below it.
_LEAST_SPAN = 5
#: Pixels between two pieces of a scale of time.
_BREAK = 22
#: Pixels that a label keeps free beside it.
_BESIDE = 8
#: A formula for what a character takes of a row, relative to the size of the letters.
_LATIN, _CJK = 0.56, 1.0


class Bar(Struct, frozen=True):
    """One bar: its label, its length, and the words behind it."""

    label: str
    value: float
    shown: str


class Span(Struct, frozen=True):
    """A low, a likely and a high rate, all above zero, of one label."""

    label: str
    low: float
    typical: float
    high: float
    #: what is counted: "H", "Sol", "g" or "proof"
    unit: str


class Stretch(Struct, frozen=True):
    """Stretches of time, nanoseconds, of one label, with moments in them."""

    label: str
    #: first the whole, then what in it was used
    spans: tuple[tuple[int, int], ...]
    moments: tuple[int, ...]
    #: a name of ``svg.COLOURS``
    colour: str


def bars(name: str, entries: Sequence[Bar], about: tuple[str, str], width: int = NARROW) -> str:
    """Horizontal bars from the top down."""
    left = 0.38 * width
    right = 10 + _FONT * max((_length(entry.shown) for entry in entries), default=0)
    words, (figure, axes) = Words(), _canvas(width, len(entries), left, right, bottom=4)
    most = max((entry.value for entry in entries), default=0) or 1
    axes.set_xlim(0, most)
    axes.barh(range(len(entries)), [entry.value for entry in entries], height=0.62, color=COLOURS["accent"])
    axes.axvline(0, color=COLOURS["muted"], linewidth=1)
    for row, entry in enumerate(entries):
        _label(axes, row, entry.label, left, words)
        axes.annotate(
            words.key(entry.shown), (entry.value, row), (5, 0), textcoords="offset points",
            va="center_baseline", color=COLOURS["muted"], fontsize=_FONT,
        )  # fmt: skip
    return svg_of(figure, name, words, about)


def ranges(name: str, entries: Sequence[Span], about: tuple[str, str], width: int = NARROW) -> str:
    """A dot for what is likely and a line for the range, on a logarithmic scale.

    The scale has the unit where all have the same, else each label has its own.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    from netminedet.estimate import spelled_rate

    units = {entry.unit for entry in entries}
    unit = units.pop() if len(units) == 1 else ""
    labels = [entry.label if unit else f"{entry.label} ({entry.unit}/s)" for entry in entries]
    left = min(max(0.24 * width, *(_room(label) for label in labels)), 0.46 * width)
    words, (figure, axes) = Words(), _canvas(width, len(entries), left, 0.06 * width, bottom=26)
    axes.set_xscale("log")
    low, high = min(entry.low for entry in entries), max(entry.high for entry in entries)
    middle = math.sqrt(low) * math.sqrt(high)
    axes.set_xlim(min(low / 1.8, middle / _LEAST_SPAN), max(high * 1.8, middle * _LEAST_SPAN))
    for row, entry in enumerate(entries):
        axes.plot(
            [entry.low, entry.high], [row, row], color=COLOURS["soft"], linewidth=6, solid_capstyle="butt"
        )
        axes.plot([entry.typical], [row], "o", color=COLOURS["accent"], markersize=6)
        _label(axes, row, labels[row], left, words)
    steps = (1, 2, 5) if high < 30 * low else (1,)
    axes.xaxis.set_major_locator(LogLocator(base=10, subs=steps, numticks=5))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _at: words.key(spelled_rate(value, unit))))
    _scale(axes)
    return svg_of(figure, name, words, about)


def stretches(
    name: str, entries: Sequence[Stretch], about: tuple[str, str], zone: timezone, width: int = WIDE
) -> str:
    """Stretches of time from the top down, with a tick at each moment."""
    left, right = min(0.36 * width, 190), 0.03 * width
    words, (figure, axes) = Words(), _canvas(width, len(entries), left, right, bottom=40)
    narrow = width == NARROW
    pieces = pieces_of(in_use(entries), MOST_PIECES - narrow)
    for row, entry in enumerate(entries):
        _label(axes, row, entry.label, left, words)
    for part, piece in zip(_side_by_side(axes, len(pieces)), pieces, strict=True):
        if len(pieces) == 1:
            set_times(part, piece, zone, 4 if narrow else 7)
        else:
            set_piece(part, piece, zone)
        least = 2.5 * len(pieces) * max(piece[1] - piece[0], SECOND_NS) / (width - left)  # what can be seen
        for row, entry in enumerate(entries):
            _stretch(part, row, entry, piece, least)
        _scale(part, lines=len(pieces) == 1)
    return svg_of(figure, name, words, about)


def in_use(entries: Sequence[Stretch]) -> list[tuple[int, int]]:
    """The times in which something is drawn."""
    spans = [span for entry in entries for span in (entry.spans[1:] or entry.spans)]
    return spans + [(moment, moment) for entry in entries for moment in entry.moments]


def _stretch(axes: Any, row: int, entry: Stretch, piece: tuple[int, int], least: float) -> None:
    """What of one row lies in a piece of the scale."""
    colour = COLOURS[entry.colour]
    whole, *used = entry.spans
    shown = [span for span in used or [whole] if span[0] <= piece[1] and span[1] >= piece[0]]
    if whole[0] <= piece[1] and whole[1] >= piece[0]:
        axes.plot([moment / DAY_NS for moment in whole], [row, row], color=colour, linewidth=1, alpha=0.4)
    axes.broken_barh(
        [_seen(span, least) for span in shown], (row - 0.21, 0.42), facecolors=colour, alpha=0.55
    )
    at = [moment / DAY_NS for moment in entry.moments if piece[0] <= moment <= piece[1]]
    axes.vlines(at, row - 0.36, row + 0.36, color=colour, linewidth=1)


def _seen(span: tuple[int, int], least: float) -> tuple[float, float]:
    """Begin and length in days, not shorter than what can be seen."""
    length = max(span[1] - span[0], least)
    return (span[0] - (length - span[1] + span[0]) / 2) / DAY_NS, length / DAY_NS


def hosts_over_time(
    name: str,
    steps: tuple[Sequence[int], Sequence[int]],
    about: tuple[str, str],
    zone: timezone,
    width: int = WIDE,
) -> str:
    """How many hosts were active: at each of the times, nanoseconds, their number from then on."""
    from matplotlib.ticker import MaxNLocator

    times, numbers = steps
    words, (figure, axes) = Words(), _canvas(width, 5, 46, 0.03 * width, bottom=40)
    axes.set_ylim(0, max(numbers) * 1.08)
    axes.yaxis.set_visible(True)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.tick_params(axis="y", length=0, labelsize=_FONT, labelcolor=COLOURS["muted"])
    set_times(axes, (times[0], times[-1]), zone, 4 if width == NARROW else 7)
    at = [moment / DAY_NS for moment in times]
    axes.fill_between(at, numbers, step="post", color=COLOURS["soft"], linewidth=0)
    axes.step(at, numbers, where="post", color=COLOURS["accent"], linewidth=1.2)
    axes.grid(axis="y", color=COLOURS["rule"], linewidth=0.7)
    _scale(axes)
    return svg_of(figure, name, words, about)


def _canvas(width: int, rows: int, left: float, right: float, bottom: int) -> tuple[Figure, Any]:
    """An empty figure with one place to draw, a row each; its points are the page's pixels."""
    from matplotlib.figure import Figure

    height = rows * _ROW + bottom + 4
    figure = Figure(figsize=(width / 72, height / 72), dpi=72)
    axes = figure.add_axes(
        (left / width, bottom / height, (width - left - right) / width, rows * _ROW / height)
    )
    axes.set_frame_on(False)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.yaxis.set_visible(False)
    axes.xaxis.set_visible(False)
    return figure, axes


def _side_by_side(axes: Any, count: int) -> list[Any]:
    """The place to draw as several of the same width, next to each other."""
    if count == 1:
        return [axes]
    figure, box = axes.figure, axes.get_position()
    gap = _BREAK / (figure.get_figwidth() * 72)
    width = (box.width - gap * (count - 1)) / count
    parts = [axes, *(figure.add_axes((0, 0, 1, 1)) for _ in range(count - 1))]
    for number, part in enumerate(parts):
        part.set_position((box.x0 + number * (width + gap), box.y0, width, box.height))
        part.set_frame_on(False)
        part.set_ylim(axes.get_ylim())
        part.yaxis.set_visible(False)
    return parts


def _scale(axes: Any, *, lines: bool = True) -> None:
    """Thin lines down from the ticks, or at both ends."""
    axes.xaxis.set_visible(True)
    axes.set_axisbelow(True)
    if lines:
        axes.grid(axis="x", color=COLOURS["rule"], linewidth=0.7)
    else:
        axes.vlines(axes.get_xlim(), *axes.get_ylim(), color=COLOURS["rule"], linewidth=0.7)
    axes.tick_params(axis="x", length=0, pad=7, labelsize=_FONT - 0.5, labelcolor=COLOURS["muted"])
    axes.xaxis.get_offset_text().set(fontsize=_FONT - 0.5, color=COLOURS["muted"])


def _label(axes: Any, row: int, text: str, room: float, words: Words) -> None:
    """The name of a row, left of it."""
    shown = words.key(fitted(text, (room - _BESIDE) / _FONT))
    axes.annotate(
        shown, (0, row), (-7, 0), xycoords=("axes fraction", "data"),
        textcoords="offset points", ha="right", va="center_baseline", color=COLOURS["ink"], fontsize=_FONT,
    )  # fmt: skip


def fitted(text: str, room: float) -> str:
    """``text`` in so much room, in sizes of the letters; its middle is left out if need be."""
    if _length(text) <= room:
        return text
    start, end = "", ""
    while True:
        head, tail = text[: len(start) + 1], text[len(text) - len(end) - 1 :]
        if _length(head + ELLIPSIS + end) > room:
            break
        start = head
        if _length(start + ELLIPSIS + tail) > room:
            break
        end = tail
    return start + ELLIPSIS + end


def _room(text: str) -> float:
    """What a label takes before its row, in pixels."""
    return _length(text) * _FONT + _BESIDE


def _length(text: str) -> float:
    return sum(_CJK if ord(character) >= 0x1100 else _LATIN for character in text)
