"""The ClientHello of TLS: the name in it, and its fingerprint JA4.

A ClientHello is RFC 8446 section 4.1.2 (RFC 5246 section 7.4.1.2 before TLS 1.3).  JA4 is the TLS
client fingerprint of https://github.com/FoxIO-LLC/ja4: it tells which TLS library with which
settings speaks, and so never by itself what for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from msgspec import Struct

_SERVER_NAME = 0
_SIGNATURE_ALGORITHMS = 13
_ALPN = 16
_SUPPORTED_VERSIONS = 43

#: Record header, handshake header, version, random.
_FIXED = 5 + 4 + 2 + 32
_VERSIONS = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2"}
_HASH_DIGITS = 12


class ClientHello(Struct, frozen=True):
    """What a client offers."""

    #: the version field of the message itself, e.g. 0x0303
    version: int
    cipher_suites: tuple[int, ...]
    #: (type, body), in the order sent
    extensions: tuple[tuple[int, bytes], ...]

    def extension(self, kind: int) -> bytes | None:
        """The body of the first extension of a type."""
        return next((body for found, body in self.extensions if found == kind), None)


def read_client_hello(data: bytes) -> ClientHello | None:
    """Read a TLS record that opens with a ClientHello; None where that is not there to its end."""
    if len(data) <= _FIXED or data[0] != 22 or data[5] != 1:
        return None
    if 9 + _number(data, 6, 3) > len(data):
        return None
    data = data[: 9 + _number(data, 6, 3)]
    suites_at = _past(data, _FIXED, 1)  # behind the session id
    suites_end = _past(data, suites_at, 2)
    at = _past(data, suites_end, 1)  # behind the compression methods
    if at > len(data):
        return None
    extensions = tuple(_extensions(data, at))
    if at + sum((4 + len(body) for _, body in extensions), start=2) != len(data) != at:
        return None
    return ClientHello(_number(data, 9, 2), _pairs(data[suites_at + 2 : suites_end]), extensions)


def tls_server_name(data: bytes) -> str | None:
    """The host name in the server_name extension (RFC 6066 section 3) of a ClientHello.

    ``data`` is a TLS record that opens with the ClientHello; None where it holds no
    name, or ends before it.
    """
    at = _past(data, _FIXED, 1)  # behind the session id
    at = _past(data, at, 2)  # cipher suites
    at = _past(data, at, 1)  # compression methods
    for kind, body in _extensions(data, at):
        if kind == _SERVER_NAME:
            return _text(body[5 : 5 + _number(body, 3, 2)])
    return None


def ja4(data: bytes) -> str | None:
    """The fingerprint JA4 of a ClientHello over TCP, e.g. ``t13d1516h2_8daaf6152771_e5627efa2ab1``.

    ``data`` is a TLS record that opens with the ClientHello; None where it is not whole.
    """
    hello = read_client_hello(data)
    if hello is None:
        return None
    suites = [suite for suite in hello.cipher_suites if not _is_grease(suite)]
    kinds = [kind for kind, _ in hello.extensions if not _is_grease(kind)]
    named = "d" if _SERVER_NAME in kinds else "i"
    counts = f"{min(len(suites), 99):02}{min(len(kinds), 99):02}"
    listed = _words(sorted(kind for kind in kinds if kind not in (_SERVER_NAME, _ALPN)))
    algorithms = _pairs((hello.extension(_SIGNATURE_ALGORITHMS) or b"")[2:])
    if signed := _words(algorithm for algorithm in algorithms if not _is_grease(algorithm)):
        listed = f"{listed}_{signed}"
    head = f"t{_version(hello)}{named}{counts}{_first_alpn(hello)}"
    return f"{head}_{_digest(_words(sorted(suites)))}_{_digest(listed)}"


def _version(hello: ClientHello) -> str:
    """The highest version offered."""
    offered = _pairs((hello.extension(_SUPPORTED_VERSIONS) or b"")[1:])
    known = [version for version in offered if not _is_grease(version)]
    return _VERSIONS.get(max(known, default=hello.version), "00")


def _first_alpn(hello: ClientHello) -> str:
    """The first and the last character of the first protocol of ALPN (RFC 7301 section 3.1)."""
    body = hello.extension(_ALPN) or b""
    name = body[3 : 3 + body[2]] if len(body) > 3 else b""
    if not name:
        return "00"
    if all(byte < 0x80 and chr(byte).isalnum() for byte in (name[0], name[-1])):
        return chr(name[0]) + chr(name[-1])
    return name.hex()[0] + name.hex()[-1]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS] if text else "0" * _HASH_DIGITS


def _words(numbers: Iterable[int]) -> str:
    return ",".join(f"{number:04x}" for number in numbers)


def _is_grease(number: int) -> bool:
    """Values that mean nothing, sent so that servers get used to unknown ones (RFC 8701 section 2)."""
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def _extensions(data: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Those that are there to their end, of the list whose length stands at ``at``."""
    end = min(_past(data, at, 2), len(data))
    at += 2
    while at + 4 <= end:
        kind, size = _number(data, at, 2), _number(data, at + 2, 2)
        if at + 4 + size > end:
            return
        yield kind, data[at + 4 : at + 4 + size]
        at += 4 + size


def _pairs(data: bytes) -> tuple[int, ...]:
    """The numbers of two bytes that ``data`` consists of."""
    return tuple(_number(data, at, 2) for at in range(0, len(data) - 1, 2))


def _past(data: bytes, at: int, width: int) -> int:
    """Behind a vector whose length stands in ``width`` bytes."""
    return at + width + _number(data, at, width)


def _number(data: bytes, at: int, width: int) -> int:
    return int.from_bytes(data[at : at + width], "big")


def _text(name: bytes) -> str | None:
    try:
        return name.decode("ascii").lower().removesuffix(".") or None
    except UnicodeDecodeError:
        return None
