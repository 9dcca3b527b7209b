"""What a client says before a proxy passes bytes on: SOCKS and HTTP CONNECT.

SOCKS 5 is RFC 1928 with RFC 1929 (user name and password), SOCKS 4 the memo of Ying-Da Lee
(https://www.openssh.com/txt/socks4.protocol) with its extension 4A, CONNECT is RFC 9110 section
9.3.6.  Each function is given a direction's bytes from its very beginning and says how many of them
are the preamble: what follows is the tunnelled connection.  Passwords are passed over, never given.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from ipaddress import IPv4Address, IPv6Address

from msgspec import Struct

from netminedet.protocols.http import MAX_HEAD, parse_head


class Carrier(str, Enum):
    """Which protocol the preamble belongs to."""

    SOCKS4 = "socks4"
    SOCKS5 = "socks5"
    HTTP_CONNECT = "http-connect"


class Need(Enum):
    """The preamble, if it is one, is not whole yet."""

    MORE = "more"


class Request(Struct, frozen=True):
    """A client's preamble of ``length`` bytes: it wants to be connected to ``host`` at ``port``.

    ``host`` is a name in lower case or an address in its usual text form.
    """

    carrier: Carrier
    length: int
    host: str
    port: int


_HOST = re.compile(rb"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9_.])?\Z")
_CONNECT = b"CONNECT "
_TARGET = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([^\[\]:]{1,255})):([0-9]{1,5})\Z")
_END_OF_HEAD = re.compile(rb"\n\r?\n")
#: Longest SOCKS 4 user name, and SOCKS 4A host name (no limit is laid down).
MAX_TEXT = 255

_PASSWORD = 2
_IPV4, _NAME, _IPV6 = 1, 3, 4


class _NotThis(Exception):
    """The bytes are no such preamble."""


class _TooShort(Exception):
    """More bytes are needed."""


def client_preamble(data: bytes) -> Request | Need | None:
    """Read what a client says first; None for anything that is no request to be connected."""
    return _attempt(data, {4: _socks4_request, 5: _socks5_request, _CONNECT[0]: _connect})


def tunnel_request(data: bytes) -> Request | None:
    """Read a SOCKS request that is in one piece; None for anything else.

    ``data`` is a segment: the whole preamble, or the request alone, as SOCKS 5 has it after the
    proxy's choice of a method.
    """
    found = client_preamble(data) or _attempt(data, {5: _socks5_connect})
    return found if isinstance(found, Request) else None


class _Bytes:
    """Takes bytes off the beginning; raises _TooShort and _NotThis."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        if self.at + size > len(self.data):
            raise _TooShort
        self.at += size
        return self.data[self.at - size : self.at]

    def byte(self, *allowed: int) -> int:
        """The next byte, which must be one of ``allowed`` if any are given."""
        value = self.take(1)[0]
        if allowed and value not in allowed:
            raise _NotThis
        return value

    def number(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def text(self) -> bytes:
        """Up to a NUL byte, which is taken too."""
        end = self.data.find(0, self.at, self.at + MAX_TEXT + 1)
        if end < 0:
            raise _NotThis if len(self.data) - self.at > MAX_TEXT else _TooShort
        return self.take(end + 1 - self.at)[:-1]

    def head(self, start: bytes) -> bytes:
        """An HTTP head that begins with ``start``."""
        if not self.data.startswith(start):
            raise _TooShort if start.startswith(self.data) else _NotThis
        end = _END_OF_HEAD.search(self.data, 0, MAX_HEAD)
        if end is None:
            raise _NotThis if len(self.data) >= MAX_HEAD else _TooShort
        return self.take(end.end())


def _attempt(data: bytes, readers: dict[int, Callable[[_Bytes], Request]]) -> Request | Need | None:
    """Read with the reader that the first byte calls for."""
    if not data:
        return Need.MORE
    reader = readers.get(data[0])
    if reader is None:
        return None
    try:
        return reader(_Bytes(data))
    except _TooShort:
        return Need.MORE
    except (_NotThis, ValueError):
        return None


def _name(text: bytes) -> str:
    if not _HOST.match(text):
        raise _NotThis
    return text.decode("ascii").lower().removesuffix(".")


def _port(port: int) -> int:
    if not 0 < port < 1 << 16:
        raise _NotThis
    return port


def _socks4_request(data: _Bytes) -> Request:
    data.byte(4)
    data.byte(1)  # CONNECT; only then does a tunnel follow
    port = _port(data.number())
    address = data.take(4)
    if not data.text().decode("utf-8").isprintable():
        raise _NotThis
    named = address[:3] == b"\0\0\0" and address[3]  # 4A: the name follows
    if not named and not address[0]:
        raise _NotThis
    host = _name(data.text()) if named else str(IPv4Address(address))
    return Request(Carrier.SOCKS4, data.at, host, port)


def _socks5_request(data: _Bytes) -> Request:
    data.byte(5)
    methods = data.take(data.byte())
    if not methods:
        raise _NotThis
    if data.byte(1, 5) == 1:  # RFC 1929 section 2
        if _PASSWORD not in methods:
            raise _NotThis
        data.take(data.byte())
        data.take(data.byte())
    else:
        data.at -= 1
    return _socks5_connect(data)


def _socks5_connect(data: _Bytes) -> Request:
    """RFC 1928 section 4."""
    data.byte(5)
    data.byte(1)  # CONNECT
    data.byte(0)
    host = _address(data)
    return Request(Carrier.SOCKS5, data.at + 2, host, _port(data.number()))


def _address(data: _Bytes) -> str:
    """RFC 1928 section 5."""
    kind = data.byte(_IPV4, _NAME, _IPV6)
    if kind == _IPV4:
        return str(IPv4Address(data.take(4)))
    if kind == _IPV6:
        return str(IPv6Address(data.take(16)))
    return _name(data.take(data.byte()))


def _connect(data: _Bytes) -> Request:
    head = parse_head(data.head(_CONNECT))
    target = _TARGET.match(head.target) if head is not None else None
    if target is None:
        raise _NotThis
    host = str(IPv6Address(target[1])) if target[1] else _name(target[2].encode("latin-1"))
    return Request(Carrier.HTTP_CONNECT, data.at, host, _port(int(target[3])))
