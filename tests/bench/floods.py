"""Traffic that wants to exhaust the tool: floods, each against one of its tables or parsers."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import struct
import zlib
from functools import cache

from tests.bench.frames import ACK, PSH, SYN, Connection, Way, word_sum
from tests.bench.traffic import Flow, World, question

#: What flags a flow, and the beginning of what is longer than a segment.
_SUBSCRIBE = b'{"id":1,"method":"mining.subscribe","params":["'
#: Size of what a small bomb inflates to, in bytes.
_INFLATED = 24_000_000
#: Levels of nesting.
_LEVELS = 100_000
#: Names in the list of pools, whose lookups are a host's own affair and no proof of mining.
_NAMES = (
    "xmr.nanopool.org",
    "eth.2miners.com",
    "stratum.braiins.com",
    "pool.supportxmr.com",
    "btc.f2pool.com",
)


def _anybody(world: World) -> tuple[bytes, bytes, int]:
    """Client, server and port out of more than four million clients, IPv4."""
    world.flows += 1
    client = bytes((10, 128 + world.pick(64), world.pick(256), world.pick(256)))
    server = bytes((198, 18 + world.pick(2), world.pick(256), 1 + world.pick(254)))
    return client, server, 1024 + world.pick(64_000)


def _link(world: World, port: int) -> Connection:
    client, server, sport = _anybody(world)
    return Connection(client, server, sport, port, world.pick(1 << 32))


def syn(world: World) -> Flow:
    """One SYN of a new flow."""
    client, server, sport = _anybody(world)
    yield Way(client, server, sport, 80).tcp(SYN, world.pick(1 << 32), 0)


def fragment(world: World) -> Flow:
    """A first or a later fragment whose others never come."""
    client, server, sport = _anybody(world)
    payload = struct.pack(">HHHH", sport, 53, 1480, 0) + world.random_bytes(40)
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), sport, 0x2000 | world.pick(20), 61, 17, 0)
    check = -word_sum(head + client + server) % 0xFFFF
    yield (
        Way(client, server, sport, 53).macs
        + b"\x08\x00"
        + head[:10]
        + struct.pack(">H", check)
        + client
        + server
        + payload
    )


def braces(world: World) -> Flow:
    """An anchor in JSON that is no mining message, at the beginning of a new flow."""
    link = _link(world, 8000)
    text = f'{{"note":"about mining.subscribe and mining.submit","n":{world.pick(1 << 30)}}}\n'
    yield link.frame(0, PSH | ACK, text.encode())


def unfinished(world: World) -> Flow:
    """Messages that never end: half of them with an anchor, half without; two segments each."""
    link = _link(world, 8000)
    head = _SUBSCRIBE if world.pick(2) else b'{"id":1,"params":["'
    for number in range(2):
        piece = world.random_bytes(300).hex().encode()
        yield link.frame(0, PSH | ACK, piece if number else head + piece)


def names(world: World) -> Flow:
    """A question for a pool's name, and its answer with an address."""
    client, server, sport = _anybody(world)
    asked = question(sport, _NAMES[world.pick(len(_NAMES))])
    yield Way(client, server, sport, 53).udp(asked)
    row = b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc6\x12" + world.random_bytes(2)
    yield Way(server, client, 53, sport).udp(
        asked[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + asked[12:] + row
    )


def nested(world: World) -> Flow:
    """A message of a flagged flow that is nested too deep for any recursive parser."""
    link = _link(world, 3333)
    yield from link.open()
    opening, closing = (b"[", b"]") if world.pick(2) else (b'{"a":', b"}")
    levels = _LEVELS if len(opening) == 1 else _LEVELS // 5
    body = b'{"id":1,"method":"mining.submit","params":' + opening * levels + b"1" + closing * levels + b"}\n"
    yield from link.send(0, body, acks=8)


@cache
def _gzip_bomb() -> bytes:
    return gzip.compress(bytes(_INFLATED), 9, mtime=0)


@cache
def _deflate_bomb() -> bytes:
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = squeezer.compress(b" " * _INFLATED) + squeezer.flush(zlib.Z_SYNC_FLUSH)
    return data.removesuffix(b"\0\0\xff\xff")


def http_bomb(world: World) -> Flow:
    """HTTP bodies, packed, in a connection that was flagged by its first request."""
    link = _link(world, 8332)
    yield from link.open()
    # what it calls for nobody can tell, as the body never ends: the flow is followed
    text = b'{"note": "about mining.subscribe"'
    head = "POST / HTTP/1.1\r\nHost: a.example.net\r\nContent-Type: application/json\r\n"
    yield from link.send(0, f"{head}Content-Length: {len(text) + 999}\r\n\r\n".encode() + text)
    answer = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
    body = _gzip_bomb()
    yield from link.send(1, f"{answer}Content-Length: {len(body)}\r\n\r\n".encode() + body, acks=4)


def websocket_bomb(world: World) -> Flow:
    """Compressed frames of a WebSocket that was flagged by an anchor."""
    link = _link(world, 8080)
    yield from link.open()
    key = base64.b64encode(world.random_bytes(16)).decode()
    accept = base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    extension = "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    request = f"GET /proxy HTTP/1.1\r\nHost: a.example.net\r\n{upgrade}Sec-WebSocket-Version: 13\r\n"
    yield from link.send(0, f"{request}Sec-WebSocket-Key: {key}\r\n{extension}".encode())
    agreed = f"HTTP/1.1 101 Switching Protocols\r\n{upgrade}Sec-WebSocket-Accept: {accept.decode()}\r\n"
    yield from link.send(1, f"{agreed}{extension}".encode())
    text = json.dumps({"note": "about mining.subscribe"}).encode()
    yield from link.send(1, bytes([0x81, len(text)]) + text)
    body = _deflate_bomb()
    yield from link.send(1, b"\xc1\x7e" + struct.pack(">H", len(body)) + body, acks=4)
