"""Times as logs write them.  Each must say its time zone, or the user must: none is ever assumed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo

from netminedet.errors import NetminedetError
from netminedet.language import sentence

_WRITTEN = re.compile(
    r"(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})[ T]*(\d{1,2})(:?)(\d{2})(?:\6(\d{2})(?:[.,](\d{1,9})\d*)?)?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"(\d{9,10})(?:\.(\d{1,9}))?|(\d{13})")
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})?")
_START = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SECOND = 1_000_000_000

#: A stretch of time in nanoseconds, both ends in it: as exact as a time was written.
Stretch = tuple[int, int]


def zone_of(text: str) -> tzinfo:
    """A time zone by its offset, such as +08:00, or its name; raises NetminedetError."""
    if (found := _offset(text)) is not None:
        return found
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise NetminedetError(
            f"{text!r:.60} is no time zone; write it like +08:00 or Asia/Shanghai"
        ) from None


def reader_of(zone: tzinfo | None) -> Callable[[str], Stretch]:
    """A function that reads a time; ``zone`` is that of times which name none.

    What it returns is the stretch of time that is written the same: 08:00:00 may be any moment of
    that second.  It raises ValueError, with the reason, for what is no time.
    """

    def read(text: str) -> Stretch:
        if (epoch := _EPOCH.fullmatch(text)) is not None:
            return _since_1970(epoch)
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise ValueError(
                sentence("{text} is no time; write it like 2026-03-02T08:00:00+08:00", text=f"{text!r:.60}")
            )
        year, _, month, day, hour, _, minute, second, fraction, offset = found.groups()
        own = _offset(offset) if offset else zone
        if own is None:
            raise ValueError(
                sentence(
                    "{text} has no time zone; add it, or tell it with --log-timezone", text=f"{text!r:.60}"
                )
            )
        try:
            moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0))
        except ValueError:
            raise ValueError(sentence("{text} is no time that there is", text=f"{text!r:.60}")) from None
        exact = int((fraction or "").ljust(9, "0"))
        width = 60 * _SECOND if second is None else 10 ** (9 - len(fraction or ""))
        # where clocks are set back, a local time comes twice: both are meant
        first, last = (_nanoseconds(moment.replace(tzinfo=own, fold=fold)) for fold in (0, 1))
        return min(first, last) + exact, max(first, last) + exact + width - 1

    return read


def _since_1970(found: re.Match[str]) -> Stretch:
    seconds, fraction, milliseconds = found.groups()
    if milliseconds:
        moment = int(milliseconds) * 1_000_000
        return moment, moment + 999_999
    moment = int(seconds) * _SECOND + int((fraction or "").ljust(9, "0"))
    return moment, moment + 10 ** (9 - len(fraction or "")) - 1


def _nanoseconds(moment: datetime) -> int:
    passed = moment - _START
    return (passed.days * 86_400 + passed.seconds) * _SECOND


def _offset(text: str) -> tzinfo | None:
    if text.upper() in ("Z", "UTC", "GMT"):
        return timezone.utc
    found = _OFFSET.fullmatch(text)
    if found is None or int(found[2]) > 23 or int(found[3] or 0) > 59:
        return None
    shift = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    return timezone(-shift if found[1] == "-" else shift)
