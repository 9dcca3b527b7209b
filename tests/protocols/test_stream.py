"""A direction of TCP put in order: laws over cuts, orders, copies and losses."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from netminedet.protocols.stream import MAX_LATE_BYTES, MAX_WAITING_BYTES, MAX_WAITING_SEGMENTS, Stream


def segments(data: bytes, cuts: list[int], start: int) -> list[tuple[int, bytes]]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [((start + a) % 2**32, data[a:b]) for a, b in itertools.pairwise(edges)]


def joined(stream: Stream, parts: list[tuple[int, bytes]]) -> bytes:
    return b"".join(piece.data for seq, data in parts for piece in stream.feed(seq, data))


@given(
    st.binary(min_size=1, max_size=300),
    st.lists(st.integers(0, 300), max_size=9),
    st.integers(0, 2**32 - 1),
    st.data(),
)
def test_reordered_and_repeated_segments_give_the_stream(
    data: bytes, cuts: list[int], start: int, draw: st.DataObject
) -> None:
    parts = segments(data, cuts, start)
    first, rest = parts[:1], parts[1:]
    jumbled = draw.draw(st.permutations(rest + rest[:3] + first))
    stream = Stream()
    assert joined(stream, first + jumbled) == data
    assert stream.flush() == []
    assert stream.gaps == 0


@given(st.binary(min_size=30, max_size=300), st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 9))
def test_overlaps_keep_what_came_first(data: bytes, start: int, back: int, length: int) -> None:
    middle = len(data) // 2
    other = bytes(byte ^ 0xFF for byte in data[middle - back : middle]) + data[middle : middle + length]
    stream = Stream()
    parts = [
        (start, data[:middle]),
        ((start + middle - back) % 2**32, other),
        ((start + middle) % 2**32, data[middle:]),
    ]
    assert joined(stream, parts) == data


def test_hole_is_given_up_and_told() -> None:
    stream = Stream()
    stream.feed(0, b"a")
    late = [stream.feed(100 + i, b"b") for i in range(MAX_WAITING_SEGMENTS + 1)]
    assert [piece.gap for pieces in late for piece in pieces] == [True] + [False] * MAX_WAITING_SEGMENTS
    assert stream.gaps == 1


def test_few_large_segments_do_not_wait_for_ever() -> None:
    stream = Stream()
    stream.feed(0, b"a")
    stream.feed(100, bytes(MAX_WAITING_BYTES - 1))
    assert stream.feed(100 + MAX_WAITING_BYTES - 1, b"xx") != []


def test_flush_gives_what_waits() -> None:
    stream = Stream()
    stream.feed(0, b"a")
    assert stream.feed(10, b"later") == []
    assert [(piece.data, piece.gap) for piece in stream.flush()] == [(b"later", True)]


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=40)), max_size=60))
def test_any_segments_stay_within_the_limits(parts: list[tuple[int, bytes]]) -> None:
    stream = Stream()
    taken = len(joined(stream, parts)) + sum(len(piece.data) for piece in stream.flush())
    assert taken <= sum(len(data) for _, data in parts)


def test_segment_before_the_first_is_given_out_once() -> None:
    stream = Stream()
    assert [piece.data for piece in stream.feed(100, b"second")] == [b"second"]
    assert [(piece.data, piece.late) for piece in stream.feed(95, b"first")] == [(b"first", True)]
    assert stream.feed(95, b"first") == []
    assert [piece.data for piece in stream.feed(106, b"third")] == [b"third"]


def test_a_direction_begins_once() -> None:
    stream = Stream()
    stream.feed(1_000_000, bytes(MAX_LATE_BYTES + 1))
    assert stream.feed(1_000_000 + MAX_LATE_BYTES + 1, b"next") != []
    assert stream.feed(999_000, b"old") == []


def test_holes_are_given_up_until_the_limit_holds() -> None:
    """Small segments wait first, and then large ones: one hole given up makes too little room."""
    stream = Stream()
    stream.begin(0)
    pieces = []
    for number in range(8):
        pieces += stream.feed(10 + 70_000 * number, b"s")
    for number in range(8, 40):
        pieces += stream.feed(10 + 70_000 * number, bytes(60_000))
        assert sum(len(data) for _, data in stream._waiting) <= MAX_WAITING_BYTES
    pieces += stream.flush()
    assert sum(len(piece.data) for piece in pieces) == 8 + 32 * 60_000
    assert stream.gaps == 40
