"""Scales of time: nothing is left out but long empty times, and there is a tick for any length."""

from __future__ import annotations

import warnings
from datetime import timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from netminedet.report.page.timescale import DAY_NS, MOST_PIECES, pieces_of, set_piece, set_times

SECOND = 1_000_000_000
YEAR = 365 * DAY_NS
SPANS = st.lists(
    st.builds(
        lambda begin, length: (begin, begin + length), st.integers(0, 20 * YEAR), st.integers(0, DAY_NS)
    ),
    min_size=1,
    max_size=30,
)


@given(SPANS, st.integers(1, MOST_PIECES))
def test_every_span_lies_in_one_piece(spans: list[tuple[int, int]], most: int) -> None:
    pieces = pieces_of(spans, most)
    assert 1 <= len(pieces) <= most
    assert pieces == sorted(pieces)
    assert all(any(low <= begin and end <= high for low, high in pieces) for begin, end in spans)
    assert {pieces[0][0], pieces[-1][1]} == {min(b for b, _ in spans), max(e for _, e in spans)}


@given(SPANS)
def test_a_scale_is_broken_only_where_little_is_left(spans: list[tuple[int, int]]) -> None:
    pieces = pieces_of(spans)
    whole = pieces[-1][1] - pieces[0][0]
    assert len(pieces) == 1 or 10 * sum(end - begin for begin, end in pieces) <= whole
    assert all(after[0] - before[1] >= DAY_NS for before, after in pairwise(pieces))


def test_a_night_is_not_left_out() -> None:
    assert pieces_of([(0, SECOND), (DAY_NS - SECOND, DAY_NS)]) == [(0, DAY_NS)]


@pytest.mark.parametrize("ticks", [4, 7])
@pytest.mark.parametrize("unit", [1000, SECOND, 60 * SECOND, 3600 * SECOND, DAY_NS, 30 * DAY_NS, YEAR])
def test_any_length_has_ticks(unit: int, ticks: int) -> None:
    begin = 1_500_000_000 * SECOND
    for length in (0, 1, 2, 5, 11, 23, 47, 59):
        axes = Figure().add_subplot()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            set_times(axes, (begin, begin + length * unit), timezone.utc, ticks)
            assert 1 <= len(axes.xaxis.get_majorticklocs()) <= 2 * ticks


def test_a_piece_says_when_it_was() -> None:
    axes = Figure().add_subplot()
    begin = 1_514_196_094 * SECOND
    set_piece(axes, (begin, begin + 600 * SECOND), timezone.utc)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2017-12-25\n10:01 – 10:11"]
    set_piece(axes, (begin, begin + 3 * DAY_NS), timezone.utc)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2017-12-25\n– 2017-12-28"]
