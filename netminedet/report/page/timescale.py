"""The scale of time of a chart: in one piece, or in a few where days lie between in which nobody mined."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from itertools import pairwise
from typing import Any

from netminedet.report.page.moments import SECOND_NS

DAY_NS = 86_400 * SECOND_NS
#: Pieces that a scale is broken into at most.
MOST_PIECES = 4
#: A scale is broken only where this part of it, or less, is left.
_LEFT = 0.1


def pieces_of(spans: Iterable[tuple[int, int]], most: int = MOST_PIECES) -> list[tuple[int, int]]:
    """The times, nanoseconds, that a scale has to show for these spans: from the first to the last of all.

    Where the longest empty times, of a day or more, take nearly all of it, they are left out: captures
    of different years are otherwise two lines and nothing between.

    >>> pieces_of([(0, 5), (3, 8)])
    [(0, 8)]
    >>> pieces_of([(0, DAY_NS), (400 * DAY_NS, 401 * DAY_NS)]) == [(0, DAY_NS), (400 * DAY_NS, 401 * DAY_NS)]
    True
    """
    times = _joined(spans)
    first, last = times[0][0], times[-1][1]
    gaps = [(begin[1], end[0]) for begin, end in pairwise(times) if end[0] - begin[1] >= DAY_NS]
    longest = sorted(gaps, key=lambda gap: gap[0] - gap[1])[: most - 1]
    left = last - first
    for number, gap in enumerate(longest, 1):
        left -= gap[1] - gap[0]
        if left <= _LEFT * (last - first):
            return _without(first, last, sorted(longest[:number]))
    return [(first, last)]


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans in their order, those that overlap as one."""
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def _without(first: int, last: int, gaps: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    begins = [first, *(gap[1] for gap in gaps)]
    ends = [*(gap[0] for gap in gaps), last]
    return list(zip(begins, ends, strict=True))


def set_piece(axes: Any, piece: tuple[int, int], zone: timezone) -> None:
    """One piece of a broken scale: in its middle stands when it was."""
    _limit(axes, piece)
    begin, end = (datetime.fromtimestamp(moment // SECOND_NS, zone) for moment in piece)
    days = begin.date() == end.date()
    lines = (f"{begin:%Y-%m-%d}", f"{begin:%H:%M} – {end:%H:%M}" if days else f"– {end:%Y-%m-%d}")
    axes.set_xticks([(piece[0] + piece[1]) / 2 / DAY_NS], ["\n".join(lines)])


def set_times(axes: Any, piece: tuple[int, int], zone: timezone, ticks: int) -> None:
    """A scale of time; matplotlib counts in days since 1970."""
    from matplotlib.dates import HOURLY, MINUTELY, MONTHLY, SECONDLY, AutoDateLocator, ConciseDateFormatter

    _limit(axes, piece)
    locator = AutoDateLocator(tz=zone, minticks=2, maxticks=ticks)
    for unit, whole in ((MONTHLY, 12), (HOURLY, 24), (MINUTELY, 60), (SECONDLY, 60)):
        locator.intervald[unit] = [*locator.intervald[unit], whole]  # for few ticks the next unit's step
    days, clocks = ["%Y", "%Y-%m", "%m-%d"], ["%H:%M", "%H:%M", "%S.%f"]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(
        ConciseDateFormatter(
            locator,
            tz=zone,
            formats=[*days, *clocks],
            zero_formats=["", "%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M"],
            offset_formats=["", "%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%d", "%Y-%m-%d %H:%M"],
        )
    )


def _limit(axes: Any, piece: tuple[int, int]) -> None:
    margin = max((piece[1] - piece[0]) * 0.01, SECOND_NS)
    axes.set_xlim((piece[0] - margin) / DAY_NS, (piece[1] + margin) / DAY_NS)
