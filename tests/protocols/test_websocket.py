"""WebSocket: the examples of RFC 6455 and RFC 7692, fed whole, byte by byte and in halves; damage; bombs."""

from __future__ import annotations

import random
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.protocols.websocket import (
    ANY_DEFLATE,
    MAX_BLANK,
    MAX_STREAMS,
    Deflate,
    WebSocketMessage,
    WebSocketReader,
    upgrade_response,
)

KEY = b"\x37\xfa\x21\x3d"
TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
JOB = b'{"type":"job","params":{"job_id":"1","blob":"00","target":"ffffff00"}}'


def frame(
    payload: bytes, opcode: int = TEXT, *, final: bool = True, rsv1: bool = False, mask: bytes = b""
) -> bytes:
    first = opcode | 0x80 * final | 0x40 * rsv1
    size, flag = len(payload), 0x80 if mask else 0
    if size < 126:
        head = struct.pack("!BB", first, flag | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, flag | 126, size)
    else:
        head = struct.pack("!BBQ", first, flag | 127, size)
    if mask:
        payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return head + mask + payload


class Deflater:
    """The sender's side of permessage-deflate."""

    def __init__(self, *, takeover: bool = True, bits: int = 15) -> None:
        self.takeover, self.bits = takeover, bits
        self.compressor = zlib.compressobj(9, zlib.DEFLATED, -bits)

    def __call__(self, data: bytes) -> bytes:
        out = self.compressor.compress(data) + self.compressor.flush(zlib.Z_SYNC_FLUSH)
        if not self.takeover:
            self.compressor = zlib.compressobj(9, zlib.DEFLATED, -self.bits)
        return out[:-4]


def read(data: bytes, step: int = 1 << 20, deflate: Deflate | None = None) -> list[tuple[bytes, bool]]:
    reader = WebSocketReader(deflate=deflate)
    messages: list[WebSocketMessage] = []
    for at in range(0, len(data), step):
        messages += reader.feed(data[at : at + step])
    assert not reader.lost
    return [(message.data, message.text) for message in messages]


HELLO = (b"Hello", True)
# RFC 6455 section 5.7, and more of the kind
PLAIN = [
    pytest.param(bytes.fromhex("810548656c6c6f"), [HELLO], id="unmasked"),
    pytest.param(bytes.fromhex("818537fa213d7f9f4d5158"), [HELLO], id="masked"),
    pytest.param(bytes.fromhex("010348656c80026c6f"), [HELLO], id="fragmented"),
    pytest.param(bytes.fromhex("890548656c6c6f") + frame(b"Hello"), [HELLO], id="ping"),
    pytest.param(
        bytes.fromhex("8a8537fa213d7f9f4d5158") + frame(b"Hello", mask=KEY), [HELLO], id="masked-pong"
    ),
    pytest.param(b"\x82\x7e\x01\x00" + bytes(256), [(bytes(256), False)], id="256-bytes"),
    pytest.param(
        b"\x82\x7f" + struct.pack("!Q", 1 << 16) + bytes(1 << 16), [(bytes(1 << 16), False)], id="64-KiB"
    ),
    pytest.param(
        frame(b"Hel", final=False) + frame(b"?", PING) + frame(b"l", 0, final=False) + frame(b"o", 0),
        [HELLO],
        id="control-frame-between-fragments",
    ),
    pytest.param(frame(b"") + frame(b"", final=False) + frame(b"", 0), [(b"", True)] * 2, id="empty"),
    pytest.param(frame(JOB, mask=KEY) * 3, [(JOB, True)] * 3, id="several"),
    pytest.param(frame(b"Hello") + frame(b"\x03\xe8bye", CLOSE), [HELLO], id="close"),
]
# RFC 7692 section 7.2.3
ONE_BLOCK = bytes.fromhex("c107f248cdc9c90700")
DEFLATED = [
    pytest.param(ONE_BLOCK, [HELLO], id="one-block"),
    pytest.param(bytes.fromhex("4103f248cd") + bytes.fromhex("8004c9c90700"), [HELLO], id="fragmented"),
    pytest.param(ONE_BLOCK + bytes.fromhex("c105f200110000"), [HELLO, HELLO], id="window-taken-over"),
    pytest.param(bytes.fromhex("c10b000500faff48656c6c6f00"), [HELLO], id="block-without-compression"),
    pytest.param(bytes.fromhex("c108f348cdc9c9070000"), [HELLO], id="final-block"),
    pytest.param(bytes.fromhex("c10df248050000 00ffffcac9c90700".replace(" ", "")), [HELLO], id="two-blocks"),
    pytest.param(frame(b"Hello") + ONE_BLOCK, [HELLO, HELLO], id="not-all-compressed"),
    pytest.param(bytes.fromhex("c10100") + ONE_BLOCK, [(b"", True), HELLO], id="empty"),
]


@pytest.mark.parametrize("step", [1, 2, 3, 1 << 20])
@pytest.mark.parametrize(("data", "messages"), PLAIN)
def test_plain_frames(data: bytes, messages: list[tuple[bytes, bool]], step: int) -> None:
    assert read(data, step) == messages


@pytest.mark.parametrize("step", [1, 2, 1 << 20])
@pytest.mark.parametrize(("data", "messages"), DEFLATED)
def test_deflated_frames(data: bytes, messages: list[tuple[bytes, bool]], step: int) -> None:
    assert read(data, step, Deflate()) == messages


@pytest.mark.parametrize("mask", [b"", KEY])
def test_halves(mask: bytes) -> None:
    deflater = Deflater()
    data = (
        frame(deflater(JOB), rsv1=True, mask=mask)
        + frame(JOB, mask=mask)
        + frame(deflater(JOB), rsv1=True, mask=mask)
    )
    for cut in range(len(data)):
        reader = WebSocketReader(deflate=Deflate())
        messages = reader.feed(data[:cut]) + reader.feed(data[cut:])
        assert [message.data for message in messages] == [JOB] * 3


@pytest.mark.parametrize("takeover", [True, False])
@pytest.mark.parametrize("bits", [9, 12, 15])
@pytest.mark.parametrize("reader_knows", [True, False])
def test_windows_as_agreed(takeover: bool, bits: int, reader_knows: bool) -> None:
    deflater = Deflater(takeover=takeover, bits=bits)
    texts = [JOB * 20 + str(i).encode() for i in range(20)]
    data = b"".join(frame(deflater(text), rsv1=True) for text in texts)
    deflate = Deflate(takeover, bits) if reader_knows else ANY_DEFLATE
    assert [message for message, _ in read(data, deflate=deflate)] == texts


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x83\x00", id="reserved-opcode"),
        pytest.param(b"\xa1\x00", id="reserved-bit"),
        pytest.param(ONE_BLOCK, id="compressed-without-agreement"),
        pytest.param(b"\x09\x00", id="fragmented-ping"),
        pytest.param(b"\x89\x7e\x00\x7e" + bytes(126), id="long-ping"),
        pytest.param(b"\x81\x7e\x00\x05Hello", id="length-not-shortest"),
        pytest.param(b"\x81\x7f\x80" + bytes(7), id="negative-length"),
        pytest.param(frame(b"a", final=False) + frame(b"b"), id="text-between-fragments"),
        pytest.param(frame(b"a") + frame(b"b", mask=KEY), id="mask-changes"),
        pytest.param(b'{"id":1,"method":"mining.subscribe"}\n', id="json"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", id="tls"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="http"),
    ],
)
def test_bad_frames_end_the_reading(data: bytes) -> None:
    reader = WebSocketReader()
    reader.feed(data)
    assert reader.lost


def test_reading_goes_on_at_a_segment_that_begins_with_a_frame() -> None:
    reader = WebSocketReader()
    assert len(reader.feed(frame(JOB, mask=KEY))) == 1
    assert reader.feed(b"tail of a lost frame", gap=True) == []
    assert reader.lost
    assert reader.feed(frame(b"one", mask=KEY) + frame(b"\xff\xfe", mask=KEY)) == [], "text that is no text"
    assert reader.feed(frame(b"server's")) == [], "this side masks"
    (message,) = reader.feed(frame(JOB, mask=KEY))
    assert message.data == JOB
    assert not reader.lost


@pytest.mark.parametrize("mask", [b"", KEY])
def test_picked_up_in_midstream(mask: bytes) -> None:
    reader = WebSocketReader(midstream=True, deflate=ANY_DEFLATE)
    data = frame(b"", PING, mask=mask) + frame(JOB, mask=mask) + frame("né".encode() * 30, mask=mask)
    assert len(reader.feed(data[:-61])) == 1, "and the last text goes on in the next segment"
    assert len(reader.feed(data[-61:])) == 1
    assert not reader.lost


@pytest.mark.parametrize(
    "data", [b"\x82\x7e\xff\xff\x00\x01", b"\xc1\x7e\x01\x00abc", b"\x81", b"\x81\x10\x00\x01"]
)
def test_a_vague_resemblance_is_no_frame(data: bytes) -> None:
    reader = WebSocketReader(midstream=True, deflate=ANY_DEFLATE)
    assert reader.feed(data) == []
    assert reader.lost


def test_missed_window_counts_and_later_messages_are_read() -> None:
    deflater = Deflater()
    deflater(JOB)
    reader = WebSocketReader(midstream=True, deflate=ANY_DEFLATE)
    assert reader.feed(frame(deflater(JOB), rsv1=True)) == []
    assert (reader.undecodable, reader.lost) == (1, False)
    fresh = Deflater()
    assert [m.data for m in reader.feed(frame(fresh(JOB), rsv1=True))] == [JOB]


def test_continuation_of_an_unseen_message_is_passed_over() -> None:
    assert read(frame(b"lo", CONTINUATION) + frame(b"Hello")) == [HELLO]


def test_long_messages_are_passed_over() -> None:
    reader = WebSocketReader(max_message=10)
    parts = frame(b"a" * 8, final=False) + frame(b"b" * 8, 0, final=False) + frame(b"c" * 8, 0)
    data = frame(b"x" * 11) + parts + frame(b"fits here!")
    messages = [message for at in range(len(data)) for message in reader.feed(data[at : at + 1])]
    assert [message.data for message in messages] == [b"fits here!"]
    assert reader.oversized == 2


def test_a_huge_length_holds_no_memory() -> None:
    reader = WebSocketReader()
    reader.feed(b"\x82\x7f" + struct.pack("!Q", (1 << 63) - 1))
    for _ in range(100):
        reader.feed(bytes(10_000))
    assert len(reader._buffer) == 0


def test_bombs_are_bounded() -> None:
    reader = WebSocketReader(deflate=Deflate(), max_message=50_000)
    bomb = Deflater()(b"\0" * 30_000_000)
    assert reader.feed(frame(bomb, rsv1=True)) == []
    many = b"\x03\x00" * (MAX_STREAMS + 1)
    assert reader.feed(frame(many, rsv1=True)) == [], "each two bytes are a stream of their own"
    assert (reader.oversized, reader.undecodable) == (1, 1)
    assert [m.data for m in reader.feed(frame(Deflater()(JOB), rsv1=True))] == [JOB]


# RFC 6455 section 1.2
REQUEST = (
    b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n"
    b"Connection: keep-alive, Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://Example.com\r\n"
    b"Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-mux\r\n\r\n"
)
RESPONSE = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n%s\r\n"
)


def test_opening() -> None:
    response = upgrade_response(RESPONSE % b"")
    assert response is not None
    assert (response.client, response.server) == (None, None)


@pytest.mark.parametrize(
    ("extensions", "client", "server"),
    [
        (b"permessage-deflate", Deflate(), Deflate()),
        (
            b"permessage-deflate; server_no_context_takeover; client_max_window_bits=10",
            Deflate(True, 10),
            Deflate(False, 15),
        ),
        (
            b'permessage-deflate; server_max_window_bits="8"; client_no_context_takeover',
            Deflate(False, 15),
            Deflate(True, 8),
        ),
        (b"permessage-deflate; server_max_window_bits=999999", Deflate(), Deflate()),
        (b"x-webkit-deflate-frame", None, None),
    ],
)
def test_extensions_agreed(extensions: bytes, client: Deflate | None, server: Deflate | None) -> None:
    response = upgrade_response(RESPONSE % (b"Sec-WebSocket-Extensions: " + extensions + b"\r\n"))
    assert response is not None
    assert (response.client, response.server) == (client, server)


@pytest.mark.parametrize(
    "head", [b"", REQUEST, (RESPONSE % b"").replace(b"101 Switching", b"200 Not Switching")]
)
def test_no_upgrade_response(head: bytes) -> None:
    assert upgrade_response(head) is None


@given(
    st.lists(st.tuples(st.binary(max_size=200), st.booleans()), min_size=1, max_size=6),
    st.booleans(),
    st.integers(1, 50),
    st.sampled_from([b"", KEY]),
)
def test_messages_come_back(parts: list[tuple[bytes, bool]], deflated: bool, step: int, mask: bytes) -> None:
    deflater = Deflater()
    data = b""
    for payload, split in parts:
        coded = deflater(payload) if deflated else payload
        cut = len(coded) // 2 if split else len(coded)
        data += frame(coded[:cut], BINARY, final=not split, rsv1=deflated, mask=mask)
        data += frame(coded[cut:], CONTINUATION, mask=mask) if split else b""
    assert [message for message, _ in read(data, step, Deflate())] == [payload for payload, _ in parts]


@given(
    st.lists(st.tuples(st.binary(max_size=60), st.booleans()), max_size=8),
    st.sampled_from([None, Deflate(), Deflate(False, 9)]),
    st.booleans(),
)
def test_any_bytes(pieces: list[tuple[bytes, bool]], deflate: Deflate | None, midstream: bool) -> None:
    reader = WebSocketReader(deflate=deflate, midstream=midstream)
    for data, gap in pieces:
        assert all(isinstance(message, WebSocketMessage) for message in reader.feed(data, gap=gap))


@given(st.binary(max_size=60))
def test_any_payload_in_a_compressed_frame(payload: bytes) -> None:
    reader = WebSocketReader(deflate=Deflate())
    reader.feed(frame(payload, rsv1=True))
    assert not reader.lost


@given(st.binary(max_size=200))
def test_any_bytes_as_a_head(head: bytes) -> None:
    upgrade_response(head)
    upgrade_response(RESPONSE[:150] + head)


LONG = b'{"a":"%s"}' % random.Random(1).randbytes(20_000).hex().encode()


@pytest.mark.parametrize(
    ("text", "given_up"),
    [
        pytest.param(b" " * 24_000_000, True, id="blanks"),
        pytest.param(b"x" * 24_000_000, True, id="no JSON"),
        pytest.param(b'{"a":"' + b"x" * 200_000 + b'"}', False, id="JSON"),
        pytest.param(b" " * (MAX_BLANK - 1) + LONG, False, id="JSON behind blanks"),
        pytest.param(b" " * MAX_BLANK + LONG, True, id="JSON behind too many"),
    ],
)
def test_a_message_that_swells_is_given_up_at_its_first_bytes(text: bytes, given_up: bool) -> None:
    data = frame(Deflater()(text), rsv1=True)
    reader = WebSocketReader(deflate=Deflate())
    messages = reader.feed(data[:200])
    passed = reader.pass_over()
    assert (passed > 0) is given_up
    messages += reader.feed(data[200 + passed :])
    assert [one.data for one in messages] == ([] if given_up else [text])
    assert reader.oversized == given_up
