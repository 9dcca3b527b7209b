"""Framings: what bytes open, and the same messages out of bodies, frames and lines, however they are cut."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from netminedet.model import Side
from netminedet.protocols.framing import (
    MAX_ACKNOWLEDGED,
    MAX_WEBSOCKET_BYTES,
    MAX_WEBSOCKET_WAIT,
    FrameFraming,
    Framing,
    WebSocketFraming,
    midstream_websocket,
    opening,
)
from netminedet.protocols.http import MAX_BODY, MAX_LONG_BODY
from netminedet.protocols.http_framing import HttpFraming, is_request
from netminedet.protocols.jsonlines import JsonItem
from netminedet.protocols.websocket import Deflate
from tests.protocols import test_stratum_v2 as v2
from tests.protocols.test_websocket import CLOSE, KEY, Deflater
from tests.protocols.test_websocket import frame as ws

GETWORK: dict[str, Any] = {"id": 0, "method": "getwork", "params": []}
BODY = json.dumps(GETWORK).encode()
JOB: dict[str, Any] = {"type": "job", "params": {"job_id": "1"}}
TEXT = json.dumps(JOB).encode()
UPGRADE = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
)
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n"


def post(body: bytes, *lines: bytes) -> bytes:
    head = [b"POST / HTTP/1.1", b"Host: pool.example", *lines, b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*head, b"", b""]) + body


def answer(body: bytes, *lines: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 200 OK", *lines, b"Content-Length: %d" % len(body), b"", b""]) + body


def values(framing: Framing, *segments: bytes) -> list[Any]:
    items = [item for segment in segments for item in framing.feed(segment)]
    return [item.value for item in items if isinstance(item, JsonItem)]


OPENINGS = [
    pytest.param(b"POST / HTTP/1.1\r\n", "http", id="request"),
    pytest.param(b"CONNECT pool.example:3333 HTTP/1.1\r\n", "http", id="connect"),
    pytest.param(b"HTTP/1.1 200 OK\r\n", "http", id="answer"),
    pytest.param(UPGRADE, "http", id="upgrade"),
    pytest.param(b"POSTAL code", None, id="word"),
    pytest.param(b"HTTP is a protocol", None, id="prose"),
    pytest.param(BODY, None, id="json"),
    pytest.param(b"", None, id="nothing"),
    pytest.param(v2.SETUP, "frames", id="v2"),
    pytest.param(v2.setup(protocol=2), "frames", id="v2-templates"),
    pytest.param(v2.setup(protocol=3), None, id="v2-no-such-protocol"),
    pytest.param(v2.setup(low=1), None, id="v2-other-version"),
    pytest.param(v2.SETUP[:16], None, id="v2-too-short"),
    pytest.param(v2.SETUP_SUCCESS, "frames-back", id="v2-answer"),
    pytest.param(bytes(64), None, id="zeros"),
    pytest.param(ws(TEXT), "websocket", id="frame-of-a-server"),
    pytest.param(ws(TEXT, mask=KEY), "websocket", id="frame-of-a-client"),
    pytest.param(ws(b"[1]"), "websocket", id="frame-of-an-array"),
    pytest.param(ws(b"x" * 200), None, id="frame-of-text"),
    pytest.param(ws(TEXT * 4), "websocket", id="frame-of-middle-length"),
    pytest.param(b"\x81", None, id="one-byte"),
    pytest.param(b"\x82\x7e\x01\x00", None, id="binary-frame"),
]


@pytest.mark.parametrize(("data", "what"), OPENINGS)
def test_opening(data: bytes, what: str | None) -> None:
    assert opening(data) == what


@pytest.mark.parametrize("size", range(20))
def test_any_beginning_of_bytes_opens_nothing_or_something(size: int) -> None:
    for first in range(256):
        assert opening(bytes([first]) * size) in (None, "http", "websocket", "frames")


def test_requests_are_told_from_answers() -> None:
    assert is_request(post(BODY))
    assert not is_request(answer(BODY))


HEAD = len(post(BODY)) - len(BODY)
REQUESTS = [
    pytest.param([post(BODY)], 1, id="in-one-segment"),
    pytest.param([post(BODY)[:HEAD], BODY], 1, id="head-apart"),
    pytest.param([post(BODY)[:10], post(BODY)[10 : HEAD + 9], BODY[9:]], 1, id="cut-anywhere"),
    pytest.param([post(BODY)[:HEAD], BODY, post(BODY)[:HEAD], BODY, post(BODY)], 3, id="kept-alive-apart"),
    pytest.param([post(BODY) + post(BODY)], 2, id="pipelined"),
    pytest.param([BODY], 1, id="head-not-seen"),
    pytest.param([BODY[:9], BODY[9:20], BODY[20:]], 1, id="head-not-seen-and-cut"),
    pytest.param([BODY[:9], post(BODY)], 1, id="rest-not-seen"),
    pytest.param([BODY[9:], post(BODY)], 1, id="beginning-not-seen"),
    pytest.param([BODY, post(BODY)], 2, id="head-of-the-next"),
    pytest.param([post(b"text {" + BODY)], 0, id="text"),
    pytest.param([post(BODY + BODY)], 0, id="two-values"),
    pytest.param([post(BODY[:-1])], 0, id="damaged"),
    pytest.param([post(b"\r\n " + BODY + b" \r\n")], 1, id="blanks"),
    pytest.param([post(b"")], 0, id="no-body"),
    pytest.param([b"hello\r\n", post(BODY)], 1, id="something-else-before"),
    pytest.param([post(zlib.compress(BODY), b"Content-Encoding: deflate")], 1, id="compressed"),
    pytest.param([b"{" + b"x" * MAX_BODY, b"}", post(BODY)], 1, id="too-long-without-head"),
]


@pytest.mark.parametrize(("segments", "count"), REQUESTS)
def test_bodies_of_requests(segments: list[bytes], count: int) -> None:
    framing = HttpFraming(requests=True)
    found = values(framing, *segments)
    assert [value["method"] for value in found] == ["getwork"] * count
    assert not framing.pending


@pytest.mark.parametrize("step", [1, 2, 7, 1 << 20])
def test_requests_and_answers_at_any_cut(step: int) -> None:
    for framing, data in (
        (HttpFraming(requests=True), post(BODY) * 3),
        (HttpFraming(requests=False), answer(BODY) * 3),
    ):
        assert len(values(framing, *[data[at : at + step] for at in range(0, len(data), step)])) == 3


BLOCK = b'"%s"' % (b"ab" * 4_000_000)
LONG = [
    pytest.param(b'{"id":7,"method":"submitblock","params":[' + BLOCK + b"]}", id="verb-first"),
    pytest.param(b'{"params":[' + BLOCK + b'],"method":"submitblock","id":7}', id="verb-last"),
    pytest.param(
        b'{"method":"submitblock","id":7,"params":[{"a":[' + BLOCK + b',"' + BLOCK + b"]}]}", id="broken"
    ),
]


@pytest.mark.parametrize("headless", [False, True])
@pytest.mark.parametrize("body", LONG)
def test_long_body_counts_by_its_verb(body: bytes, headless: bool) -> None:
    framing = HttpFraming(requests=True)
    data = body if headless else post(body)
    (value,) = values(framing, *[data[at : at + 60_000] for at in range(0, len(data), 60_000)])
    assert (value["id"], value["method"]) == (7, "submitblock")
    assert len(json.dumps(value)) < 2 * MAX_BODY
    assert not framing.pending
    assert len(values(framing, post(BODY))) == 1


PENDING = [
    pytest.param([post(BODY)[:20]], True, id="head"),
    pytest.param([post(BODY)[:-1]], True, id="json-body"),
    pytest.param([post(b"a" * 500)[:-1]], False, id="other-body"),
    pytest.param([BODY[:-1]], True, id="body-without-head"),
    pytest.param([b"\x00\x01\x02"], False, id="no-http"),
    pytest.param([post(b"[" + b"1," * MAX_BODY)[:-1]], True, id="long-body"),
    pytest.param([post(b"[" + b"1," * MAX_LONG_BODY)[:-1]], False, id="body-too-long"),
]


@pytest.mark.parametrize(("segments", "pending"), PENDING)
def test_waits_for_what_may_be_json(segments: list[bytes], pending: bool) -> None:
    framing = HttpFraming(requests=True)
    assert values(framing, *segments) == []
    assert framing.pending is pending


def test_gap_ends_a_message() -> None:
    framing = HttpFraming(requests=True)
    framing.feed(post(BODY)[:-5])
    assert [item for item in framing.feed(BODY[-5:], gap=True) if isinstance(item, JsonItem)] == []
    assert len(values(framing, post(BODY))) == 1


@pytest.mark.parametrize("step", [1, 9, 1 << 20])
def test_answer_that_lasts_until_the_connection_is_closed(step: int) -> None:
    data = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + BODY + b"\n"
    framing = HttpFraming(requests=False)
    assert values(framing, *[data[at : at + step] for at in range(0, len(data), step)]) == [GETWORK]


def basic(text: str) -> bytes:
    return b"Authorization: Basic " + base64.b64encode(text.encode())


HEADS = [
    pytest.param([], {}, id="nothing"),
    pytest.param([b"User-Agent: cgminer 3.7.2"], {"agent": "cgminer 3.7.2"}, id="agent"),
    pytest.param([basic("acct.rig:secret")], {"user": "acct.rig"}, id="user"),
    pytest.param([basic(":secret")], {}, id="no-user"),
    pytest.param([b"Authorization: Basic ***"], {}, id="no-base64"),
    pytest.param([b"Authorization: Bearer YWNjdDp4"], {}, id="other-scheme"),
    pytest.param([b"X-Mining-Hashrate: 1180000000"], {"x-mining-hashrate": "1180000000"}, id="rate"),
    pytest.param([b"Cookie: secret"], {}, id="cookie"),
]


@pytest.mark.parametrize(("lines", "told"), HEADS)
def test_head_of_a_request(lines: list[bytes], told: dict[str, str]) -> None:
    (value,) = values(HttpFraming(requests=True), post(BODY, *lines))
    assert value == {**GETWORK, "http": told}
    assert "secret" not in str(value)


def test_body_cannot_speak_for_the_head() -> None:
    forged = json.dumps({**GETWORK, "http": {"user": "somebody"}}).encode()
    assert values(HttpFraming(requests=True), post(forged)) == [{**GETWORK, "http": {}}]
    assert values(HttpFraming(requests=False), answer(BODY)) == [GETWORK]


UPGRADES = [
    pytest.param([UPGRADE + b"\r\n"], b"", False, id="plain"),
    pytest.param([UPGRADE + b"\r\n" + ws(TEXT)], ws(TEXT), False, id="frame-behind"),
    pytest.param([UPGRADE[:30], UPGRADE[30:] + b"\r\n"], b"", False, id="cut"),
    pytest.param([UPGRADE + DEFLATE + b"\r\n"], b"", True, id="compressed"),
    pytest.param([answer(b"ok") + UPGRADE + b"\r\n"], b"", False, id="behind-an-answer"),
]


@pytest.mark.parametrize(("segments", "rest", "deflate"), UPGRADES)
def test_upgrade(segments: list[bytes], rest: bytes, deflate: bool) -> None:
    framing = HttpFraming(requests=False)
    assert values(framing, *segments) == []
    assert framing.tunnel == rest
    assert framing.upgrade is not None
    assert (framing.upgrade.client == Deflate(takeover=False)) is deflate


def test_tunnel_that_is_no_websocket() -> None:
    framing = HttpFraming(requests=False)
    framing.feed(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n{}")
    assert framing.tunnel == b"{}"
    assert framing.upgrade is None


squeeze = Deflater()
MESSAGES: list[Any] = [
    pytest.param([ws(TEXT)], None, [JOB], id="server"),
    pytest.param([ws(TEXT, mask=KEY)], None, [JOB], id="client"),
    pytest.param([ws(TEXT[:9], final=False) + ws(TEXT[9:], 0)], None, [JOB], id="fragments"),
    pytest.param([ws(TEXT)[:5], ws(TEXT)[5:]], None, [JOB], id="cut"),
    pytest.param([ws(TEXT + b"\n" + TEXT)], None, [JOB, JOB], id="lines"),
    pytest.param([ws(b"see " + TEXT)], None, [], id="quotation"),
    pytest.param([ws(TEXT, opcode=2)], None, [JOB], id="binary"),
    pytest.param([ws(squeeze(TEXT), rsv1=True) for _ in range(2)], Deflate(), [JOB, JOB], id="taken-over"),
    pytest.param([ws(b"\x03\xe8", CLOSE)], None, [], id="close"),
]


@pytest.mark.parametrize(("segments", "deflate", "found"), MESSAGES)
def test_websocket_messages(segments: list[bytes], deflate: Deflate | None, found: list[Any]) -> None:
    assert values(WebSocketFraming(deflate), *segments) == found


@pytest.mark.parametrize("before", [b"", b"\x00\x17 rest of a frame", TEXT])
def test_websocket_from_the_middle(before: bytes) -> None:
    assert values(midstream_websocket(), before, ws(TEXT, mask=KEY)) == [JOB]


WAITS: list[tuple[Callable[[WebSocketFraming], object], bool]] = [
    (lambda framing: framing.feed(ws(b"hello")), True),
    (lambda framing: [framing.feed(ws(b"hello")) for _ in range(MAX_WEBSOCKET_WAIT)], False),
    (lambda framing: framing.feed(ws(b"\x03\xe8", CLOSE)), False),
    (lambda framing: framing.feed(ws(bytes(MAX_WEBSOCKET_BYTES))), False),
]


@pytest.mark.parametrize(("play", "pending"), WAITS, ids=["once", "often", "closed", "long"])
def test_websocket_waits_for_a_while(play: Callable[[WebSocketFraming], object], pending: bool) -> None:
    framing = WebSocketFraming(None)
    play(framing)
    assert framing.pending is pending


def acknowledged(count: int) -> bytes:
    return v2.frame(0x1C, v2.u32(3, 6, count) + bytes(8), 0x8000)


FRAMES = [
    pytest.param(b"", [], id="setup-only"),
    pytest.param(acknowledged(1), ["SubmitShares.Success"], id="accepted"),
    pytest.param(acknowledged(3), ["SubmitShares.Success"] * 3, id="accepted-together"),
    pytest.param(acknowledged(0), ["SubmitShares.Success"], id="none-accepted"),
    pytest.param(acknowledged(1 << 31), ["SubmitShares.Success"] * MAX_ACKNOWLEDGED, id="accepted-too-many"),
    pytest.param(b"\0\0\xee" + bytes(20), [], id="no-frame"),
]


@pytest.mark.parametrize("step", [1, 5, 1 << 20])
@pytest.mark.parametrize(("data", "names"), FRAMES)
def test_frames_of_a_server(data: bytes, names: list[str], step: int) -> None:
    data = v2.SETUP_SUCCESS + data
    framing = FrameFraming(Side.SERVER)
    found = values(framing, *[data[at : at + step] for at in range(0, len(data), step)])
    assert [value["sv2"] for value in found] == ["SetupConnection.Success", *names]


def test_frames_as_json_has_them() -> None:
    framing = FrameFraming(Side.CLIENT)
    setup, opened = values(framing, v2.SETUP, v2.frame(0x10, v2.OPEN))
    assert (setup["endpoint_host"], setup["vendor"]) == ("pool.example", "Bitmain")
    assert opened["max_target"] == v2.u256(v2.TARGET).hex()
    json.dumps([setup, opened])
    assert framing.pending
    framing.feed(b"\0\0\xee" + bytes(3))
    assert not framing.pending
