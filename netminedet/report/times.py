"""Points in time as text.

A report's times are integers, nanoseconds since 1970-01-01 UTC, of any sign that
fits 64 bits (the years 1677 to 2262).
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SECOND = 1_000_000_000


def iso8601(time_ns: int) -> str:
    """ISO 8601 in UTC: six digits of a second, nine where the last three are not all zero.

    >>> iso8601(1_700_000_000_123_456_000)
    '2023-11-14T22:13:20.123456+00:00'
    """
    seconds, fraction = divmod(time_ns, _SECOND)
    digits = f"{fraction:09d}"
    if digits.endswith("000"):
        digits = digits[:6]
    return f"{_at(seconds):%Y-%m-%dT%H:%M:%S}.{digits}+00:00"


def date_and_clock(time_ns: int) -> tuple[str, str]:
    """The day and the time of day in UTC, to the second, for people.

    >>> date_and_clock(1_700_000_000_123_456_000)
    ('2023-11-14', '22:13:20')
    """
    moment = _at(time_ns // _SECOND)
    return f"{moment:%Y-%m-%d}", f"{moment:%H:%M:%S}"


def _at(seconds: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)
