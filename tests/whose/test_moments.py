"""Times as logs write them, against Python's own reader and by hand."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.errors import NetminedetError
from netminedet.whose.moments import reader_of, zone_of

SECOND = 1_000_000_000
NOON = 1_772_452_800 * SECOND  # 2026-03-02 12:00:00 UTC

SAME = (
    "2026-03-02T12:00:00Z",
    "2026-03-02 12:00:00 UTC",
    "2026/03/02 20:00:00+08:00",
    "2026/3/2 20:00:00 +0800",
    "2026-03-02T06:30:00-05:30",
    "20260302120000Z",
    "20260302T120000+00:00",
    "1772452800",
)


@pytest.mark.parametrize("text", SAME)
def test_a_second_is_all_of_it(text: str) -> None:
    assert reader_of(None)(text) == (NOON, NOON + SECOND - 1)


EXACT = {
    "2026-03-02T12:00:00.5Z": (NOON + 500_000_000, NOON + 599_999_999),
    "2026-03-02T12:00:00.123456789Z": (NOON + 123_456_789, NOON + 123_456_789),
    "2026-03-02T12:00Z": (NOON, NOON + 60 * SECOND - 1),
    "1772452800123": (NOON + 123_000_000, NOON + 123_999_999),
    "1772452800.25": (NOON + 250_000_000, NOON + 259_999_999),
}


@pytest.mark.parametrize("text", EXACT)
def test_as_exact_as_it_is_written(text: str) -> None:
    assert reader_of(None)(text) == EXACT[text]


@pytest.mark.parametrize("zone", ["+08:00", "Asia/Shanghai", "+0800"])
def test_a_zone_for_times_that_name_none(zone: str) -> None:
    read = reader_of(zone_of(zone))
    assert read("2026-03-02 20:00:00")[0] == NOON
    assert read("2026-03-02 12:00:00Z")[0] == NOON, "its own zone goes before"


def test_a_local_time_that_comes_twice_is_both(tmp_path: object) -> None:
    first, last = reader_of(zone_of("Europe/Berlin"))("2025-10-26 02:30:00")
    assert last - first == 3600 * SECOND + SECOND - 1


@pytest.mark.parametrize("text", ["2026-03-02 12:00:00", "20260302120000"])
def test_no_zone_is_ever_assumed(text: str) -> None:
    with pytest.raises(ValueError, match="no time zone; add it, or tell it with --log-timezone"):
        reader_of(None)(text)


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-02-30 12:00:00Z", "2026-03-02 25:00:00Z", "12:00:00Z", "2026-03/02 12:00:00Z"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        reader_of(None)(text)


@pytest.mark.parametrize("zone", ["Moon/Base", "8", "+25:00", "../../etc/passwd", ""])
def test_what_is_no_zone(zone: str) -> None:
    with pytest.raises(NetminedetError, match="is no time zone"):
        zone_of(zone)


@given(
    st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2200, 1, 1)),
    st.integers(min_value=-14 * 60, max_value=14 * 60),
)
def test_like_python(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    first, last = reader_of(None)(aware.isoformat(timespec="microseconds"))
    since = aware - datetime(1970, 1, 1, tzinfo=timezone.utc)
    assert first == (since.days * 86_400 + since.seconds) * SECOND + since.microseconds * 1000
    assert last == first + 999
