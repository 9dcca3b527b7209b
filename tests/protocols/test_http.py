"""HTTP messages of one direction: tables fed whole, byte by byte and in halves; damage; bombs; any bytes."""

from __future__ import annotations

import gzip
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.protocols.http import (
    MAX_HEAD,
    HttpMessage,
    HttpReader,
    mining_headers,
    parse_head,
)

GETWORK = b'{"method": "getwork", "params": [], "id":0}'


def request(body: bytes = b"", *headers: str, method: str = "POST", target: str = "/") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: pool.example:3333", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def response(body: bytes = b"", *headers: str, status: str = "200 OK", length: bool = True) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked(*parts: bytes, trailer: bytes = b"") -> bytes:
    chunks = b"".join(b"%x;name=value\r\n%s\r\n" % (len(part), part) for part in parts)
    return chunks + b"0\r\n" + trailer + b"\r\n"


def fed(reader: HttpReader, data: bytes, step: int) -> list[HttpMessage]:
    messages: list[HttpMessage] = []
    for at in range(0, len(data), step):
        messages += reader.feed(data[at : at + step])
    return messages + reader.finish()


CHUNKED = "Transfer-Encoding: chunked"
RAW_DEFLATE = zlib.compress(GETWORK)[2:-4]
REQUESTS = [
    pytest.param(request(GETWORK), [GETWORK], id="content-length"),
    pytest.param(request(method="GET"), [b""], id="no-body"),
    pytest.param(
        request(GETWORK) + request(b"ab") + request(method="GET"), [GETWORK, b"ab", b""], id="pipelined"
    ),
    pytest.param(
        request(b"", CHUNKED) + chunked(b"ab", b"c" * 20, b"d"), [b"ab" + b"c" * 20 + b"d"], id="chunked"
    ),
    pytest.param(
        request(b"", CHUNKED) + chunked(b"ab", trailer=b"X-Sum: 1\r\n") + request(b"x"),
        [b"ab", b"x"],
        id="trailer",
    ),
    pytest.param(request(GETWORK).replace(b"\r\n", b"\n"), [GETWORK], id="bare-line-feeds"),
    pytest.param(b"\r\n\r\n" + request(GETWORK), [GETWORK], id="empty-lines-before"),
    pytest.param(request(GETWORK, "X-Long: one", " two", "\tthree"), [GETWORK], id="folded-header"),
    pytest.param(request(GETWORK, "Content-Length: 43"), [GETWORK], id="same-length-twice"),
    pytest.param(request(gzip.compress(GETWORK), "Content-Encoding: gzip"), [GETWORK], id="gzip"),
    pytest.param(request(zlib.compress(GETWORK), "Content-Encoding: deflate"), [GETWORK], id="deflate"),
    pytest.param(request(RAW_DEFLATE, "Content-Encoding: deflate"), [GETWORK], id="deflate-without-header"),
    pytest.param(
        request(zlib.compress(gzip.compress(GETWORK)), "Content-Encoding: gzip, deflate"),
        [GETWORK],
        id="two-codings",
    ),
]


@pytest.mark.parametrize("step", [1, 7, 100_000])
@pytest.mark.parametrize(("data", "bodies"), REQUESTS)
def test_requests(data: bytes, bodies: list[bytes], step: int) -> None:
    reader = HttpReader(requests=True)
    messages = fed(reader, data, step)
    assert [message.body for message in messages] == bodies
    assert not any(message.cut or message.coding or message.head.status for message in messages)
    assert not reader.lost
    assert not reader.tunnel


@pytest.mark.parametrize(("data", "bodies"), REQUESTS)
def test_requests_in_halves(data: bytes, bodies: list[bytes]) -> None:
    for cut in range(1, len(data)):
        reader = HttpReader(requests=True)
        messages = reader.feed(data[:cut]) + reader.feed(data[cut:])
        assert [message.body for message in messages] == bodies


RESPONSES = [
    pytest.param(response(b"true"), [b"true"], id="content-length"),
    pytest.param(response(b"until the end", length=False), [b"until the end"], id="to-the-end"),
    pytest.param(response(b"", length=False).replace(b"1.1", b"1.0") + b"x" * 9, [b"x" * 9], id="http-1.0"),
    pytest.param(response(b"", CHUNKED, length=False) + chunked(b"ab", b"cd"), [b"abcd"], id="chunked"),
    pytest.param(
        response(status="100 Continue", length=False) + response(b"yes"),
        [b"", b"yes"],
        id="continue",
    ),
    pytest.param(response(status="304 Not Modified", length=False) + response(b"a"), [b"", b"a"], id="304"),
    pytest.param(response(b"no", status="401", length=True), [b"no"], id="no-reason"),
]


@pytest.mark.parametrize("step", [1, 13, 100_000])
@pytest.mark.parametrize(("data", "bodies"), RESPONSES)
def test_responses(data: bytes, bodies: list[bytes], step: int) -> None:
    reader = HttpReader(requests=False)
    messages = fed(reader, data, step)
    assert [message.body for message in messages] == bodies
    assert not any(message.cut for message in messages)


def test_head_fields() -> None:
    head = parse_head(b"POST /LP?x=1 HTTP/1.1\r\nhOsT: a\r\nX-A: 1\r\nx-a : 2\r\nbroken line\r\n\r\n")
    assert head is not None
    assert (head.method, head.target, head.version, head.is_request) == ("POST", "/LP?x=1", "1.1", True)
    assert dict(head.headers) == {"host": "a", "x-a": "1, 2"}
    head = parse_head(b"HTTP/1.0 404 Not Found")
    assert head is not None
    assert (head.status, head.reason, head.version) == (404, "Not Found", "1.0")


@pytest.mark.parametrize(
    "data",
    [b"", b"\r\n\r\n", b"HELLO", b"GET / HTTP/2.0", b"GET  / HTTP/1.1", b"HTTP/1.1 20 x", b"\x16\x03\x01"],
)
def test_no_head(data: bytes) -> None:
    assert parse_head(data) is None


def test_upgrade_ends_http() -> None:
    asking, answering = HttpReader(requests=True), HttpReader(requests=False)
    upgrade = request(b"", "Connection: Upgrade", "Upgrade: websocket", method="GET", target="/ws")
    assert [m.head.target for m in asking.feed(upgrade)] == ["/ws"]
    assert asking.feed(b"\x81\x80abcd") == []
    assert (asking.tunnel, asking.lost, asking.rest()) == (True, False, b"\x81\x80abcd")
    switch = response(status="101 Switching Protocols", length=False)
    assert [m.head.status for m in answering.feed(switch + b"\x81\x00")] == [101]
    assert answering.tunnel
    assert answering.feed(b"more") == []
    assert (answering.rest(), answering.rest()) == (b"\x81\x00more", b"")


def test_connect_asks_for_a_tunnel() -> None:
    asking = HttpReader(requests=True)
    connect = b"CONNECT pool.example:3333 HTTP/1.1\r\n\r\n"
    assert len(asking.feed(connect + connect)) == 2
    asking.feed(b'{"id":1}\n')
    assert (asking.tunnel, asking.rest()) == (True, b'{"id":1}\n')


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01", id="tls"),
        pytest.param(b'{"id":1,"method":"mining.subscribe"}\n', id="json"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="ssh"),
        pytest.param(b"EHLO mail.example\r\n", id="smtp"),
        pytest.param(b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", id="negative-length"),
        pytest.param(b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", id="two-lengths"),
        pytest.param(b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", id="bad-chunk-size"),
        pytest.param(b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", id="bad-chunk-end"),
        pytest.param(b"GET / HTTP/1.1\r\nTransfer-Encoding: magic\r\n\r\n", id="unknown-transfer-coding"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * MAX_HEAD, id="endless-head"),
        pytest.param(request(b"", CHUNKED) + b"0" * MAX_HEAD, id="endless-chunk-line"),
    ],
)
def test_what_is_no_http_is_given_up(data: bytes) -> None:
    reader = HttpReader(requests=True)
    reader.feed(data)
    assert reader.lost
    assert reader.finish() == []
    assert len(reader.feed(request(b"again"))) == 1, "the next segment begins with a message"
    assert not reader.lost


def test_after_a_gap_reading_goes_on_at_a_message() -> None:
    reader = HttpReader(requests=True)
    reader.feed(request(GETWORK)[:-3])
    assert reader.feed(b"tail of something", gap=True) == []
    assert [m.body for m in reader.feed(request(b"x"))] == [b"x"]


def test_long_bodies_are_cut() -> None:
    reader = HttpReader(requests=True, max_body=10)
    messages = reader.feed(
        request(b"a" * 11) + request(b"", CHUNKED) + chunked(b"b" * 9, b"c" * 9) + request(b"d" * 10)
    )
    assert [(m.body, m.cut) for m in messages] == [
        (b"a" * 10, True),
        (b"b" * 9 + b"c", True),
        (b"d" * 10, False),
    ]


def test_a_body_that_does_not_end_is_cut() -> None:
    reader = HttpReader(requests=False)
    assert reader.feed(response(b"abc")[:-1]) == []
    assert [(m.body, m.cut) for m in reader.finish()] == [(b"ab", True)]
    assert reader.finish() == []


@pytest.mark.parametrize("coding", ["gzip", "deflate", "gzip, gzip"])
def test_bombs_are_bounded(coding: str) -> None:
    bomb = b"\0" * 30_000_000
    for name in coding.split(", "):
        bomb = gzip.compress(bomb) if name == "gzip" else zlib.compress(bomb)
    (message,) = HttpReader(requests=True, max_body=100_000).feed(
        request(bomb, f"Content-Encoding: {coding}")
    )
    assert len(message.body) <= 100_000
    assert message.cut


@pytest.mark.parametrize("coding", ["br", "gzip", "gzip, gzip, gzip"])
def test_what_cannot_be_decoded_is_left(coding: str) -> None:
    (message,) = HttpReader(requests=True).feed(request(b"no such coding", f"Content-Encoding: {coding}"))
    assert (message.body, message.coding) == (b"no such coding", coding)


def test_mining_headers() -> None:
    (message,) = HttpReader(requests=True).feed(
        request(
            GETWORK,
            "X-Mining-Extensions: longpoll midstate rollntime submitold",
            "X-Mining-Hashrate: 1180000000",
            "User-Agent: cgminer 3.7.2",
        )
    )
    assert mining_headers(message.head.headers) == {
        "x-mining-extensions": "longpoll midstate rollntime submitold",
        "x-mining-hashrate": "1180000000",
    }
    (answer,) = HttpReader(requests=False).feed(
        response(
            b"{}",
            "X-Long-Polling: /LP",
            "X-Roll-NTime: expire=120",
            "X-Stratum: stratum+tcp://pool.example:3333",
        )
    )
    assert mining_headers(answer.head.headers) == {
        "x-long-polling": "/LP",
        "x-roll-ntime": "expire=120",
        "x-stratum": "stratum+tcp://pool.example:3333",
    }
    assert mining_headers({"x-reject-reason": "stale\x1b[31m" + "x" * 999})["x-reject-reason"].isprintable()
    assert mining_headers({"host": "pool.example"}) == {}


@given(st.booleans(), st.lists(st.tuples(st.binary(max_size=80), st.booleans()), max_size=8))
def test_any_bytes(requests: bool, pieces: list[tuple[bytes, bool]]) -> None:
    reader = HttpReader(requests=requests)
    for data, gap in pieces:
        assert all(isinstance(message, HttpMessage) for message in reader.feed(data, gap=gap))
    reader.finish()


@given(st.sampled_from([param.values[0] for param in REQUESTS]), st.integers(0, 400), st.binary(max_size=6))
def test_any_damage(data: object, at: int, patch: bytes) -> None:
    assert isinstance(data, bytes)
    damaged = data[:at] + patch + data[at + len(patch) :]
    whole, bytewise = HttpReader(requests=True), HttpReader(requests=True)
    first = whole.feed(damaged)
    if not whole.lost and not whole.tunnel:
        assert [
            message for at in range(len(damaged)) for message in bytewise.feed(damaged[at : at + 1])
        ] == first


@pytest.mark.parametrize(
    ("coding", "text", "passes"),
    [
        pytest.param("", b"<html>" + b"x" * 9000, True, id="no JSON"),
        pytest.param("", b'{"a":"' + b"x" * 9000 + b'"}', False, id="JSON"),
        pytest.param("gzip", b"<" + random.Random(1).randbytes(9000), True, id="packed, no JSON"),
        pytest.param("gzip", b" \n{" + random.Random(1).randbytes(9000), False, id="packed JSON"),
        pytest.param("br", b"<" + random.Random(1).randbytes(9000), False, id="an unknown coding"),
    ],
)
def test_what_is_no_json_may_be_passed_over(coding: str, text: bytes, passes: bool) -> None:
    body = gzip.compress(text, mtime=0) if coding == "gzip" else text
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"
    reader = HttpReader(requests=False, only_json=True)
    assert reader.feed(head.encode() + body[:3000]) == []
    assert reader.pass_over() == (len(body) - 3000 if passes else 0)
    rest = b"" if passes else body[3000:]
    messages = reader.feed(rest + b"HTTP/1.1 204 No Content\r\n\r\n")
    assert [one.head.status for one in messages] == [200, 204]
    assert messages[0].body == (b"" if passes else text)
