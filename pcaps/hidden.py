"""Pool names that stand neither in a question, a ClientHello nor a Host header: the capture "names"."""

from __future__ import annotations

import itertools

import dialects as d
from names import answer, client_hello, lookup, question, sealed, server_hello
from scenes import XMR_A
from wire import Talk, Tape, digits

RESOLVER = "198.51.100.53"
SOCKS, WEB_PROXY = ("198.51.100.81", 1080), ("198.51.100.80", 3128)
GRANTED = b"\x05\x00\x00\x01" + bytes(6)


def names() -> Tape:
    """SOCKS and CONNECT, aliases in the DNS, certificates of TLS 1.2; and what only resembles them."""
    tape = Tape()
    _tunnels(tape)
    _aliases(tape)
    _certificates(tape)
    return tape


def _tunnels(tape: Tape) -> None:
    talk = Talk(tape, ("10.13.0.11", 43011), SOCKS).open()
    _socks5(talk, "gulf.moneroocean.stream", 10128)
    d.cryptonote(talk, XMR_A + ".tor", shares=2)
    talk.close()
    talk = Talk(tape, ("10.13.0.12", 43012), SOCKS, at=1).open()
    talk.up(b"\x05\x02\x00\x02").down(b"\x05\x02").up(b"\x01\x05alice\x06secret").down(b"\x01\x00")
    talk.up(_request("stratum.antpool.com", 443)).down(GRANTED)
    _session(talk, "socks password")
    talk = Talk(tape, ("10.13.0.13", 43013), SOCKS, at=2).open()
    talk.up(b"\x04\x01\x0d\x05\0\0\0\x01rig13\0pool.supportxmr.com\0").down(b"\0\x5a" + bytes(6))
    _session(talk, "socks4a")
    talk = Talk(tape, ("10.13.0.14", 43014), SOCKS, at=3).open()
    _socks5(talk, "www.antpool.com", 443)
    _session(talk, "website", "www.antpool.com")
    talk = Talk(tape, ("10.13.0.15", 43015), WEB_PROXY, at=4).open()
    talk.up("CONNECT stratum.antpool.com:3333 HTTP/1.1\r\nHost: stratum.antpool.com:3333\r\n\r\n")
    talk.down("HTTP/1.1 200 Connection established\r\n\r\n")
    _session(talk, "connect")
    for number, name in enumerate(("www.example.org", "stratum.antpool.com.example.org", "notantpool.com")):
        talk = Talk(tape, (f"10.13.0.{41 + number}", 43041), SOCKS, at=5 + number).open()
        _socks5(talk, name, 3333)
        _session(talk, name)


def _aliases(tape: Tape) -> None:
    chain = ("go.shop.example", "cloud-7.shop.example", "fr01.supportxmr.com")
    _alias(tape, "10.13.0.21", chain, "203.0.113.77", at=10)
    _session(Talk(tape, ("10.13.0.21", 43021), ("203.0.113.77", 9000), at=10.2).open(), "alias")
    _alias(tape, "10.13.0.22", ("status.shop.example", "www.f2pool.com"), "203.0.113.78", at=11)
    _alias(tape, "10.13.0.44", ("cdn.shop.example", "antpool.com.cdn.example"), "203.0.113.79", at=12)
    # the address that another host was given, and a name of its own at the same address
    lookup(tape, "10.13.0.45", "www.shop.example", "203.0.113.77", at=13, port=44045)
    _session(Talk(tape, ("10.13.0.45", 43045), ("203.0.113.77", 9000), at=13.2).open(), "neighbour")


def _certificates(tape: Tape) -> None:
    for at, host, alternatives in (
        (20, "10.13.0.31", ["*.antpool.com", "antpool.com"]),
        (21, "10.13.0.32", []),
        (22, "10.13.0.46", ["www.example.org", "antpool.com.example.org", "*.notantpool.com"]),
        (23, "10.13.0.47", ["hosting.example", "www.shop.example", "www.antpool.com"]),
    ):
        talk = Talk(tape, (host, 43000 + at), (f"203.0.113.{100 + at}", 8443), at=at).open()
        common = alternatives[0] if alternatives else "pool.supportxmr.com"
        talk.up(client_hello(host)).down(_flight_tls12(host, common, alternatives))
        talk.up(sealed(host + "key", 70)).down(sealed(host + "done", 40)).close()


def _socks5(talk: Talk, name: str, port: int) -> None:
    talk.up(b"\x05\x01\x00").down(b"\x05\x00").up(_request(name, port)).down(GRANTED)


def _request(name: str, port: int) -> bytes:
    """RFC 1928 section 4."""
    return b"\x05\x01\x00\x03" + bytes([len(name)]) + name.encode() + port.to_bytes(2, "big")


def _session(talk: Talk, seed: str, name: str | None = None) -> None:
    """TLS 1.3 and a few records."""
    talk.up(client_hello(seed, name)).down(server_hello(seed))
    talk.up(sealed(seed + "finished", 69)).down(sealed(seed + "job", 300)).close()


def _alias(tape: Tape, client: str, chain: tuple[str, ...], address: str, *, at: float) -> None:
    """The first name of ``chain`` is asked for; each is an alias of the next."""
    port = 44000 + int(client.rpartition(".")[2])
    tape.udp(at, client, port, RESOLVER, 53, question(chain[0]))
    records = [(owner, "CNAME", target) for owner, target in itertools.pairwise(chain)]
    tape.udp(at + 0.011, RESOLVER, 53, client, port, answer(chain[0], *records, (chain[-1], "A", address)))


def _flight_tls12(seed: str, common: str, alternatives: list[str]) -> bytes:
    """ServerHello, a chain of two certificates and ServerHelloDone (RFC 5246 section 7.4)."""
    hello = b"\x03\x03" + bytes.fromhex(digits(seed + "reply", 64)) + b"\0\xc0\x2f\0"
    leaf = _certificate(seed, common, alternatives)
    chain = b"".join(_vector(3, one) for one in (leaf, _certificate(seed + "ca", "Example CA", [])))
    messages = (_message(2, hello), _message(11, _vector(3, chain)), _message(14, b""))
    return b"".join(b"\x16\x03\x03" + _vector(2, message) for message in messages)


def _message(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + _vector(3, body)


def _vector(size: int, body: bytes) -> bytes:
    return len(body).to_bytes(size, "big") + body


def _der(kind: int, *parts: bytes) -> bytes:
    """An element with its length (X.690 section 8.1)."""
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes((kind, len(body))) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((kind, 0x80 + len(size))) + size + body


_SHA256_RSA = _der(0x30, bytes.fromhex("06092a864886f70d01010b"), b"\x05\0")
_RSA = _der(0x30, bytes.fromhex("06092a864886f70d010101"), b"\x05\0")


def _name(common: str) -> bytes:
    return _der(0x30, _der(0x31, _der(0x30, b"\x06\x03\x55\x04\x03", _der(0x0C, common.encode()))))


def _certificate(seed: str, common: str, alternatives: list[str]) -> bytes:
    """X.509 (RFC 5280 section 4.1) with a key and a signature of nobody."""
    number = b"\0\x80" + bytes.fromhex(digits(seed + "modulus", 510))
    key = _der(0x30, _RSA, _der(3, b"\0", _der(0x30, _der(2, number), b"\x02\x03\x01\0\x01")))
    validity = _der(0x30, _der(0x17, b"260101000000Z"), _der(0x17, b"270101000000Z"))
    serial = _der(2, bytes.fromhex("40" + digits(seed + "serial", 30)))
    rows = [_der(0x30, b"\x06\x03\x55\x1d\x13", b"\x01\x01\xff", _der(4, _der(0x30)))]
    if alternatives:
        hosts = _der(0x30, *(_der(0x82, host.encode()) for host in alternatives))
        rows.append(_der(0x30, b"\x06\x03\x55\x1d\x11", _der(4, hosts)))
    fields = (_der(0xA0, b"\x02\x01\x02"), serial, _SHA256_RSA, _name("Example CA"), validity, _name(common))
    body = _der(0x30, *fields, key, _der(0xA3, _der(0x30, *rows)))
    return _der(0x30, body, _SHA256_RSA, _der(3, b"\0", bytes.fromhex(digits(seed + "signature", 512))))
