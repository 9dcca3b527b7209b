"""Ordinary traffic for the benchmark captures: flows as generators of frames."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator

from tests.bench.frames import ACK, MSS, PSH, Connection, Way, packed

Flow = Iterator[bytes]
Maker = Callable[["World"], Flow]

_WORDS = (
    *("alpha", "cloud", "delta", "edge", "forum", "gate", "harbor", "index", "jade"),
    *("kite", "lumen", "media", "news", "orbit", "photo", "quick"),
)


class World:
    """The hosts, names and payload that flows are made of; all from one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.noise = self.rng.randbytes(1 << 20)
        words = " ".join(self.rng.choices(_WORDS, k=40_000))
        self.text = f"<p>{words}</p>".encode()
        self.flows = 0

    def pick(self, count: int) -> int:
        """A number below ``count``, faster than ``randrange``."""
        return int(self.rng.random() * count)

    def random_bytes(self, size: int) -> bytes:
        """``size`` bytes of noise."""
        start = self.pick(len(self.noise) - size)
        return self.noise[start : start + size]

    def prose(self, size: int) -> bytes:
        """``size`` bytes of text."""
        start = self.pick(len(self.text) - size)
        return self.text[start : start + size]

    def name(self) -> str:
        """A host name that belongs to no pool."""
        word = _WORDS[self.pick(len(_WORDS))]
        return f"{word}{self.pick(5000)}.{_WORDS[self.pick(len(_WORDS))]}.example.net"

    def hosts(self) -> tuple[bytes, bytes, int]:
        """Client, server and client port of a new flow; one in eight is IPv6."""
        self.flows += 1
        port = 32768 + self.pick(28000)
        if self.flows % 8 == 0:
            client = packed("2001:db8:10::")[:12] + self.pick(60_000).to_bytes(4, "big")
            return client, packed("2001:db8:ff::")[:12] + self.pick(9000).to_bytes(4, "big"), port
        client = bytes((10, self.pick(40), self.pick(256), 1 + self.pick(254)))
        return client, bytes((198, 18 + self.pick(2), self.pick(256), 1 + self.pick(254))), port

    def connection(self, dport: int) -> Connection:
        """A new TCP connection to ``dport``."""
        client, server, sport = self.hosts()
        return Connection(client, server, sport, dport, self.pick(1 << 32))


def question(ident: int, name: str) -> bytes:
    """A DNS question for an address."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">HHHHHH", ident, 0x0100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"


def dns(world: World) -> Flow:
    """A question and its answer with a few addresses."""
    client, server, sport = world.hosts()
    asked = question(world.pick(65536), world.name())
    yield Way(client, server, sport, 53).udp(asked)
    count = 1 + world.pick(4)
    rows = b"".join(b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc6\x12" + world.random_bytes(2) for _ in range(count))
    head = asked[:2] + struct.pack(">HHHHH", 0x8180, 1, count, 0, 0)
    yield Way(server, client, 53, sport).udp(head + asked[12:] + rows)


def client_hello(world: World) -> bytes:
    """A TLS ClientHello with a server name."""
    name = world.name().encode()
    sni = struct.pack(">HHHBH", 0, len(name) + 5, len(name) + 3, 0, len(name)) + name
    rest = bytes.fromhex("000a00080006001d00170018000b00020100002b0003020304000d0006000404030804")
    rest += b"\x00\x33\x00\x26\x00\x24\x00\x1d\x00\x20" + world.random_bytes(32)
    alpn = bytes.fromhex("0010000e000c02683208687474702f312e31")
    padding = struct.pack(">HH", 21, 150) + bytes(150)
    extensions = sni + rest + alpn + padding
    body = b"\x03\x03" + world.random_bytes(32) + b"\x20" + world.random_bytes(32)
    body += bytes.fromhex("0008130113021303c02f0100") + struct.pack(">H", len(extensions)) + extensions
    return struct.pack(">BHHB", 22, 0x0301, len(body) + 4, 1) + len(body).to_bytes(3, "big") + body


def server_hello(world: World) -> bytes:
    """A TLS 1.3 ServerHello."""
    head = bytes.fromhex("160303007a020000760303") + world.random_bytes(32) + b"\x20" + world.random_bytes(32)
    return head + bytes.fromhex("130100002e002b0002030400330024001d0020") + world.random_bytes(32)


def records(world: World, size: int) -> bytes:
    """Encrypted TLS records that carry ``size`` bytes."""
    parts = []
    for done in range(0, size, 16_384):
        part = min(16_384, size - done)
        parts += [b"\x17\x03\x03", part.to_bytes(2, "big"), world.random_bytes(part)]
    return b"".join(parts)


def tls(world: World, size: int) -> Flow:
    """A TLS session that fetches ``size`` bytes."""
    link = world.connection(443)
    yield from link.open()
    yield from link.send(0, client_hello(world))
    yield from link.send(1, server_hello(world) + records(world, 2600))
    yield from link.send(0, records(world, 69))
    while size > 0:
        yield from link.send(0, records(world, 250 + world.pick(200)))
        part = min(size, 2000 + world.pick(60_000))
        yield from link.send(1, records(world, part), acks=4)
        size -= part
    yield from link.close()


def http(world: World, size: int) -> Flow:
    """A web page in the clear."""
    link = world.connection(80)
    yield from link.open()
    agent = (
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0\r\nAccept: text/html,*/*"
    )
    request = f"GET /{world.pick(9999)}.html HTTP/1.1\r\nHost: {world.name()}\r\n{agent}\r\nCookie: s="
    yield from link.send(0, request.encode() + world.random_bytes(60).hex().encode() + b"\r\n\r\n")
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {size}\r\n\r\n".encode()
    body = b"".join(world.prose(min(40_000, size - done)) for done in range(0, size, 40_000))
    yield from link.send(1, head + body, acks=4)
    yield from link.close()


def quic(world: World, count: int) -> Flow:
    """A QUIC-like UDP flow: long packets down, short ones up."""
    client, server, sport = world.hosts()
    up, down = Way(client, server, sport, 443), Way(server, client, 443, sport)
    yield up.udp(b"\xc3\0\0\0\1\x08" + world.random_bytes(1300))
    for _ in range(count):
        yield down.udp(b"\x41" + world.random_bytes(1360 + world.pick(60)))
        if world.pick(2):
            yield up.udp(b"\x42" + world.random_bytes(25 + world.pick(20)))


def chatter(world: World, count: int) -> Flow:
    """Game- and voice-like UDP: short both ways."""
    client, server, sport = world.hosts()
    ways = (Way(client, server, sport, 27015), Way(server, client, 27015, sport))
    for number in range(count):
        yield ways[number & 1].udp(world.random_bytes(22 + world.pick(30)))


def acks(world: World, count: int) -> Flow:
    """The client's half of a download whose data went another way: acknowledgements only."""
    link = world.connection(443)
    yield from link.open()
    for _ in range(count):
        link.seq[1] = (link.seq[1] + 2 * MSS) & 0xFFFFFFFF
        yield link.frame(0, ACK)
    yield from link.close()


def bulk(world: World, count: int) -> Flow:
    """Full segments one way."""
    link = world.connection(8443)
    yield from link.open()
    for _ in range(count):
        yield link.frame(1, ACK, world.random_bytes(link.mss))


def json_rpc(world: World, count: int) -> Flow:
    """An application's JSON-RPC: each message starts with a brace and resembles mining's."""
    link = world.connection(9000 + world.pick(40))
    yield from link.open()
    for ident in range(count):
        digits = world.random_bytes(32).hex()
        call = (
            f'{{"id":{ident},"jsonrpc":"2.0","method":"account.subscribe","params":["{digits}"]}}\n',
            f'{{"jsonrpc":"2.0","id":{ident},"method":"login","params":{{"user":"u{ident}","token":"{digits}"}}}}\n',
            f'{{"id":{ident},"method":"job.submit","params":{{"job_id":"{digits}","result":true}}}}\n',
        )[world.pick(3)]
        yield link.frame(0, PSH | ACK, call.encode())
        answer = (
            f'{{"id":{ident},"jsonrpc":"2.0","result":{{"status":"OK","height":{ident}}},"error":null}}\n'
        )
        yield link.frame(1, PSH | ACK, answer.encode())
        yield link.frame(0, ACK)
    yield from link.close()


def single(world: World) -> Flow:
    """A flow of one packet: a SYN, a question or a short datagram."""
    kind = world.pick(3)
    client, server, sport = world.hosts()
    way = Way(client, server, sport, (443, 53, 3478)[kind])
    if kind == 0:
        yield way.tcp(2, world.pick(1 << 32), 0)
    elif kind == 1:
        yield way.udp(question(sport, world.name()))
    else:
        yield way.udp(world.random_bytes(30))
