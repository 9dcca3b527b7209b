"""Splitting a direction into messages: every row is fed whole, byte by byte and in halves."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.protocols.jsonlines import MAX_MESSAGE, ForeignItem, Item, JsonItem, JsonLines

A, B = {"id": 1, "method": "mining.subscribe"}, {"id": None, "p": [1.5, "é}{\n"]}
TA, TB = json.dumps(A).encode(), json.dumps(B, ensure_ascii=False).encode()

CASES = [
    pytest.param(TA + b"\n" + TB + b"\n", [A, B], id="lines"),
    pytest.param(TA + b"\r\n\r\n\n" + TB + b"\r\n", [A, B], id="crlf-and-blank-lines"),
    pytest.param(TA + TB, [A, B], id="no-newline-between"),
    pytest.param(TA + b" " + TB, [A, B], id="space-between-no-newline-at-the-end"),
    pytest.param(b"\xef\xbb\xbf" + TA + b"\n", [A], id="byte-order-mark"),
    pytest.param(b"\x00" + TA + b"\n\x00\x00" + TB + b"\n", [A, B], id="NUL-keep-alive"),
    pytest.param(b"[" + TA + b"," + TB + b"]\n", [[A, B]], id="batch"),
    pytest.param(b"  \t" + TA + b"\n", [A], id="indent"),
    pytest.param(b'{"a":1,"a":2}\n', [{"a": 2}], id="repeated-key"),
    pytest.param(b'{"n":' + b"9" * 400 + b"}\n", [{"n": int("9" * 400)}], id="large-number"),
]


def values(items: list[Item]) -> list[object]:
    return [item.value for item in items if isinstance(item, JsonItem)]


def fed(data: bytes, step: int) -> list[Item]:
    lines = JsonLines()
    items: list[Item] = []
    for at in range(0, len(data), step):
        items += lines.feed(data[at : at + step])
    return items


@pytest.mark.parametrize(("data", "expected"), CASES)
@pytest.mark.parametrize("step", [1, 2, 7, 10_000])
def test_messages(data: bytes, expected: list[object], step: int) -> None:
    items = fed(data, step)
    assert values(items) == expected
    assert not [item for item in items if isinstance(item, ForeignItem)]


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/1.1 200 OK\r\n",
        b'{"half":\n',
        b"{}}\n",
        b"[1,2\n",
        b"<p>{}</p>\n",
        b'{"a":nope}\n',
        b"{" * 5000 + b"\n",
    ],
)
def test_what_is_no_json_is_foreign(line: bytes) -> None:
    items = fed(TA + b"\n" + line + TB + b"\n", 10_000)
    assert [item for item in items if isinstance(item, ForeignItem)]
    assert A in values(items)
    assert B in values(items)


def test_tail_of_a_message_at_the_beginning_is_passed_over() -> None:
    assert [type(item) for item in fed(TA[9:] + b"\n" + TB + b"\n", 10_000)] == [JsonItem]


def test_gap_drops_what_was_begun() -> None:
    lines = JsonLines()
    assert lines.feed(TA[:20]) == []
    assert values(lines.feed(b'lost"}\n' + TB + b"\n", gap=True)) == [B]


def test_message_knows_whether_it_heads_its_segment() -> None:
    lines = JsonLines()
    assert [
        item.heads_segment for item in lines.feed(TA + b"\n" + TB + b"\n") if isinstance(item, JsonItem)
    ] == [True, False]
    assert [item.heads_segment for item in lines.feed(b"x\n" + TA + b"\n") if isinstance(item, JsonItem)] == [
        False
    ]


def test_endless_message_is_given_up_and_counted() -> None:
    lines = JsonLines()
    items = lines.feed(b'{"a":"' + b"x" * MAX_MESSAGE)
    assert [type(item) for item in items] == [ForeignItem]
    assert lines.oversized == 1
    assert not lines.pending
    assert values(lines.feed(b'tail"}\n' + TA + b"\n")) == [A]


def test_deep_nesting_is_no_crash() -> None:
    assert values(fed(b"[" * 100_000 + b"]" * 100_000 + b"\n" + TA + b"\n", 1 << 20)) == [A]


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_any_bytes(pieces: list[bytes]) -> None:
    lines = JsonLines()
    for piece in pieces:
        for item in lines.feed(piece):
            assert isinstance(item, (JsonItem, ForeignItem))
