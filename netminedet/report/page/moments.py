"""Points and stretches of time as the page writes them, in the zone that was asked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone

from netminedet.errors import NetminedetError

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
SECOND_NS = 1_000_000_000


class Clock:
    """Writes times with one offset from UTC."""

    def __init__(self, zone: timezone = timezone.utc) -> None:
        self.zone = zone
        offset = f"{_EPOCH.astimezone(zone):%z}"
        self._offset = f"{offset[:3]}:{offset[3:]}"

    @property
    def name(self) -> str:
        """ "UTC", or with the offset: "UTC+08:00"."""
        return "UTC" if self._offset == "+00:00" else f"UTC{self._offset}"

    def second(self, time_ns: int) -> str:
        """ "2026-03-02 08:00:00"."""
        return self._at(time_ns).isoformat(" ")[:19]

    def until(self, first: int, last: int) -> str:
        """The second of ``last``, without the day where that is the day of ``first``."""
        begin, end = self.second(first), self.second(last)
        return end[11:] if end[:10] == begin[:10] else end

    def exact(self, time_ns: int) -> str:
        """To the microsecond, for joining with other records."""
        return f"{self.second(time_ns)}.{time_ns % SECOND_NS // 1000:06d}"

    def machine(self, time_ns: int) -> str:
        """What the ``datetime`` of a ``<time>`` element takes."""
        return self._at(time_ns).isoformat()[:19] + self._offset

    def _at(self, time_ns: int) -> datetime:
        return (_EPOCH + timedelta(seconds=time_ns // SECOND_NS)).astimezone(self.zone)


def zone_of(text: str) -> timezone:
    """The zone of an offset such as "+08:00" or "-03:30"; raises NetminedetError."""
    sign, digits = text[:1], text[1:].replace(":", "")
    if sign in ("+", "-") and len(digits) == 4 and digits.isdecimal() and digits.isascii():
        minutes = int(digits[:2]) * 60 + int(digits[2:])
        if int(digits[2:]) < 60 and minutes <= 14 * 60:
            return timezone(timedelta(minutes=-minutes if sign == "-" else minutes))
    raise NetminedetError(f"{text!r} is no offset from UTC; write it like +08:00")


def covered(spans: Iterable[tuple[int, int]]) -> int:
    """Nanoseconds that lie in any of the spans: what overlaps counts once.

    >>> covered([(0, 10), (5, 20), (30, 31)])
    21
    """
    total, reached = 0, None
    for first, last in sorted(spans):
        start = first if reached is None else max(first, reached)
        total += max(0, last - start)
        reached = last if reached is None else max(reached, last)
    return total
