"""DNS messages, TLS hellos and the web's small talk for the sample captures."""

from __future__ import annotations

import struct

from scapy.layers.dns import DNS, DNSQR, DNSRR
from wire import Tape, digits

RESOLVER = "198.51.100.53"


def question(name: str, kind: str = "A") -> bytes:
    """A DNS question with recursion desired."""
    ident = int(digits(f"dns {name} {kind}", 4), 16)
    return bytes(DNS(id=ident, rd=1, qd=[DNSQR(qname=name, qtype=kind)]))


def answer(name: str, *records: tuple[str, str, str], kind: str = "A", rcode: int = 0) -> bytes:
    """The answer to ``question``; a record is (owner, type, data)."""
    ident = int(digits(f"dns {name} {kind}", 4), 16)
    rows = [DNSRR(rrname=owner, type=rtype, ttl=60, rdata=data) for owner, rtype, data in records]
    asked = [DNSQR(qname=name, qtype=kind)]
    return bytes(DNS(id=ident, qr=1, rd=1, ra=1, rcode=rcode, qd=asked, an=rows or None))


def lookup(
    tape: Tape, client: str, name: str, *addresses: str, at: float, port: int, resolver: str = RESOLVER
) -> None:
    """``client`` asks for ``name`` over UDP and learns ``addresses`` (none: no such name)."""
    kind = "AAAA" if addresses and ":" in addresses[0] else "A"
    records = [(name, kind, address) for address in addresses]
    tape.udp(at, client, port, resolver, 53, question(name, kind))
    data = answer(name, *records, kind=kind, rcode=0 if addresses else 3)
    tape.udp(at + 0.011, resolver, 53, client, port, data)


def over_tcp(message: bytes) -> bytes:
    """A DNS message as TCP carries it."""
    return struct.pack(">H", len(message)) + message


def _vector(size: int, body: bytes) -> bytes:
    return len(body).to_bytes(size, "big") + body


def _extension(kind: int, body: bytes) -> bytes:
    return struct.pack(">H", kind) + _vector(2, body)


def client_hello(seed: str, name: str | None = None, *, hybrid: bool = False) -> bytes:
    """A TLS 1.3 ClientHello record; with ``hybrid``, also the long post-quantum key share."""
    suites = bytes.fromhex("130213031301c02cc030009fcca9cca8ccaac02bc02f009e00ff")
    shares = struct.pack(">H", 29) + _vector(2, bytes.fromhex(digits(seed + "x25519", 64)))
    if hybrid:
        kem = bytes.fromhex(digits(seed + "kem", 2 * 1216))
        shares = struct.pack(">H", 0x11EC) + _vector(2, kem) + shares
    extensions = [_extension(51, _vector(2, shares))]
    if name is not None:
        extensions.append(_extension(0, _vector(2, b"\0" + _vector(2, name.encode()))))
    extensions += [
        _extension(11, bytes.fromhex("03000102")),
        _extension(10, _vector(2, bytes.fromhex("001d0017001e00190018"))),
        _extension(35, b""),
        _extension(22, b""),
        _extension(23, b""),
        _extension(13, _vector(2, bytes.fromhex("0403050306030807080808090804080508060401"))),
        _extension(43, bytes.fromhex("0403040303")),
        _extension(45, bytes.fromhex("0101")),
    ]
    random, session = bytes.fromhex(digits(seed + "random", 64)), bytes.fromhex(digits(seed + "session", 64))
    body = b"\x03\x03" + random + _vector(1, session) + _vector(2, suites) + b"\x01\x00"
    body += _vector(2, b"".join(extensions))
    return b"\x16\x03\x01" + _vector(2, b"\x01" + _vector(3, body))


def server_hello(seed: str) -> bytes:
    """A TLS 1.3 ServerHello, the change of cipher and an encrypted record."""
    share = struct.pack(">H", 29) + _vector(2, bytes.fromhex(digits(seed + "answer", 64)))
    extensions = _extension(43, b"\x03\x04") + _extension(51, share)
    random, session = bytes.fromhex(digits(seed + "reply", 64)), bytes.fromhex(digits(seed + "session", 64))
    body = b"\x03\x03" + random + _vector(1, session) + b"\x13\x02\x00" + _vector(2, extensions)
    hello = b"\x16\x03\x03" + _vector(2, b"\x02" + _vector(3, body))
    return hello + b"\x14\x03\x03\x00\x01\x01" + sealed(seed + "certificate", 820)


def sealed(seed: str, size: int) -> bytes:
    """An encrypted TLS record of ``size`` bytes."""
    return b"\x17\x03\x03" + _vector(2, bytes.fromhex(digits(seed, 2 * size)))


def http_get(host: str, path: str = "/") -> bytes:
    """A browser's request."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "User-Agent: Mozilla/5.0 (X11; Linux x86_64)"]
    return "\r\n".join([*lines, "Accept: */*", "", ""]).encode()


def http_post(host: str, path: str, body: bytes, kind: str = "application/json") -> bytes:
    """A request that carries ``body``."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Type: {kind}"]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def http_ok(body: bytes, kind: str = "text/html; charset=utf-8") -> bytes:
    """A server's answer that carries ``body``."""
    head = f"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
