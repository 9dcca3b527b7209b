"""Frames of a WebSocket's client, of which neither the opening nor the server was recorded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.sieve import Sieve
from netminedet.sieve.columns import MASKED_SIZE, SEGMENT
from netminedet.sieve.gate import Gate
from tests.frames import SYN, batch_of, tcp_frame
from tests.protocols.test_websocket import BINARY, CONTINUATION, KEY, TEXT, frame
from tests.talks import CLIENT, SERVER, UPGRADE, suspects, websocket_frame

SUBSCRIBE = b'{"id":1,"method":"mining.subscribe","params":[]}'
QUOTED = b'{"id":1,"text":"they send mining.subscribe, then mining.authorize","method":"say"}'


def handed_on(*pieces: bytes, opened: bool = True) -> list[bytes]:
    """What a sieve hands on of these segments of a client; ``opened``: from its SYN on."""
    tool = Sieve([b"mining."], [], gate=Gate((), {("method", "mining.subscribe"): [frozenset()]}))
    frames, at = [tcp_frame(CLIENT, SERVER, 99, b"", SYN)] if opened else [], 100
    for piece in pieces:
        frames.append(tcp_frame(CLIENT, SERVER, at, piece))
        at += len(piece)
    return [hit.payload for hit in tool.run(batch_of(frames), "test") if hit.kind == SEGMENT]


def padded(size: int) -> bytes:
    """The call, with spaces before it."""
    return SUBSCRIBE.rjust(size)


@pytest.mark.parametrize("size", [len(SUBSCRIBE), 125, 126, 127, 1000, MASKED_SIZE])
@pytest.mark.parametrize("mask", [KEY, b"\0\0\0\0", b"\xff\0\x80{"])
def test_an_anchor_behind_a_mask_is_found(size: int, mask: bytes) -> None:
    said = frame(padded(size), mask=mask)
    assert handed_on(said, opened=False) == [said]
    assert handed_on(b"GET /ws HTTP/1.1\r\nHost: a\r\n\r\n", said) == [said]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(frame(QUOTED, mask=KEY), id="quoted"),
        pytest.param(frame(b"mining.subscribe", mask=KEY), id="no-object"),
        pytest.param(frame(padded(MASKED_SIZE + 1), mask=KEY), id="too-long"),
        pytest.param(frame(padded(1 << 16), mask=KEY)[:1400], id="much-too-long"),
        pytest.param(frame(SUBSCRIBE, mask=KEY)[:-1], id="not-whole"),
        pytest.param(frame(SUBSCRIBE, BINARY, mask=KEY), id="binary"),
        pytest.param(frame(SUBSCRIBE, TEXT, final=False, mask=KEY), id="first-of-several"),
        pytest.param(frame(SUBSCRIBE, CONTINUATION, mask=KEY), id="last-of-several"),
        pytest.param(frame(SUBSCRIBE, rsv1=True, mask=KEY), id="compressed"),
        pytest.param(b"\0" + frame(SUBSCRIBE, mask=KEY), id="not-at-the-beginning"),
        pytest.param(b"\x81\xfe", id="header-not-whole"),
        pytest.param(b"\x81\xfe\xff\xff\0\0\0\0", id="length-without-a-text"),
    ],
)
def test_other_frames_are_passed_over(data: bytes) -> None:
    assert handed_on(data, data, opened=False) == []


@given(st.binary(max_size=40).map(b"\x81".__add__))
def test_whatever_looks_like_a_frame_is_taken(data: bytes) -> None:
    assert handed_on(data) in ([], [data])


def calls(*messages: dict[str, Any]) -> list[tuple[str, bytes]]:
    return [("C", websocket_frame(json.dumps(message).encode(), client=True)) for message in messages]


AUTH = {"type": "auth", "params": {"site_key": "abcdefghijklmnopqrstuvwxyz012345", "type": "anonymous"}}
SHARE = {
    "type": "submit",
    "params": {
        "job_id": "123456789012345",
        "nonce": "0a0b0c0d",
        "result": "6796b76af5009c16b3e210adeb1f9161ac563c7c3b5b354464593721951e0000",
    },
}


@pytest.mark.parametrize("opening", [UPGRADE[:1], ()], ids=["its-side-alone", "in-the-middle"])
def test_a_page_that_mines_is_found_by_its_own_side(opening: tuple[tuple[str, bytes], ...]) -> None:
    (suspect,) = suspects([*opening, *calls(AUTH, SHARE, SHARE)])
    assert (suspect.host, suspect.verdict.label, suspect.role.value) == (CLIENT[0], "confirmed", "browser")
    assert suspect.shares.submitted == 2


def test_a_chat_is_none() -> None:
    chat = {"type": "submit", "params": {"text": "a share of mining.submit and job_id"}}
    assert suspects([*UPGRADE[:1], *calls(chat, chat, chat)]) == ()
