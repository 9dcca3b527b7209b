"""Damage done to bytes, at random and again the same from the same seed."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence

#: Longest input that is made, in bytes.
LONGEST = 1 << 16

#: Numbers at the edges of what fields hold.
EDGES = (
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    11,
    12,
    15,
    16,
    19,
    20,
    31,
    32,
    63,
    64,
    127,
    128,
    255,
    256,
    511,
    1500,
    4095,
    4096,
)
WIDE = (
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0x3FFFF,
    0x40001,
    0xFFFFFF,
    0x1000000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
)

#: Words that open doors in what is fuzzed here.
WORDS = (
    b'{"id":1,"method":"mining.subscribe","params":[]}\n',
    b'{"id":null,"method":"mining.notify","params":["1"]}\n',
    b'{"jsonrpc":"2.0","id":1,"result":true}\n',
    b'"login"',
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 4294967296\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Sec-WebSocket-Extensions: permessage-deflate\r\n",
    b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n",
    b"\r\n\r\n",
    b"\x0a\x0d\x0d\x0a",
    b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\x1f\x8b\x08\x00",
    b"\x28\xb5\x2f\xfd",
    b"\xfd7zXZ\0",
    b"1e999",
    b"0x" + b"f" * 70,
    b"9" * 400,
    b"[" * 300,
    b"\xed\xa0\x80",
    b"\xff\xff\xff\xff",
)

_Change = Callable[[random.Random, bytearray], None]


def _flip(rng: random.Random, data: bytearray) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _byte(rng: random.Random, data: bytearray) -> None:
    data[rng.randrange(len(data))] = rng.randrange(256)


def _number(rng: random.Random, data: bytearray) -> None:
    """A number at an edge, two or four bytes of either order."""
    at = rng.randrange(len(data))
    form, most = rng.choice(((">H", 0xFFFF), ("<H", 0xFFFF), (">I", 0xFFFFFFFF), ("<I", 0xFFFFFFFF)))
    value = (rng.choice(EDGES + WIDE) + rng.choice((-1, 0, 0, 1))) & most
    packed = struct.pack(form, value)[: len(data) - at]
    data[at : at + len(packed)] = packed


def _cut(rng: random.Random, data: bytearray) -> None:
    del data[rng.randrange(len(data)) :]


def _remove(rng: random.Random, data: bytearray) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.choice(EDGES)]


def _repeat(rng: random.Random, data: bytearray) -> None:
    at = rng.randrange(len(data))
    piece = data[at : at + rng.choice(EDGES[1:])]
    data[at:at] = piece * rng.choice((1, 1, 2, 30))


def _insert(rng: random.Random, data: bytearray) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.choice((rng.randbytes(rng.randrange(1, 9)), rng.choice(WORDS)))


def _digits(rng: random.Random, data: bytearray) -> None:
    """Another number in the place of one that is written in digits."""
    places = [at for at, byte in enumerate(data[:4096]) if 48 <= byte <= 57]
    if places:
        at = rng.choice(places)
        data[at : at + 1] = rng.choice((b"-1", b"0", b"99999999999999999999", b"1e308", b"null", b'"', b"{"))


_CHANGES: tuple[_Change, ...] = (
    _flip, _flip, _byte, _byte, _number, _number, _number, _cut, _remove, _repeat, _insert, _digits,
)  # fmt: skip


def mutated(rng: random.Random, corpus: Sequence[bytes]) -> bytes:
    """One of the corpus with a few changes, or two of it joined."""
    data = bytearray(rng.choice(corpus))
    if rng.random() < 0.1:
        other = rng.choice(corpus)
        del data[rng.randrange(len(data) + 1) :]
        data += other[rng.randrange(len(other) + 1) :]
    for _ in range(rng.choice((1, 1, 2, 3, 5, 12))):
        if data:
            rng.choice(_CHANGES)(rng, data)
    return bytes(data[:LONGEST])
