"""Host names that a client sends in the clear: TLS server_name, HTTP Host, CONNECT targets."""

from __future__ import annotations

import re

_HOST_HEADER = re.compile(rb"\n[Hh][Oo][Ss][Tt]:[ \t]*([^\s:/]{1,255})")
_TARGET = re.compile(rb"\A(?:CONNECT |[A-Z]{3,8} http://)([^\s:/]{1,255})")

_SERVER_NAME = 0


def tls_server_name(data: bytes) -> str | None:
    """The host name in the server_name extension (RFC 6066 section 3) of a ClientHello.

    ``data`` is a TLS record that opens with the ClientHello; None where it holds no
    name, or ends before it.
    """
    at = 5 + 4 + 2 + 32  # record header, handshake header, version, random
    at = _past(data, at, 1)  # session id
    at = _past(data, at, 2)  # cipher suites
    at = _past(data, at, 1)  # compression methods
    end = min(_past(data, at, 2), len(data))
    at += 2
    while at + 4 <= end:
        kind, size = _number(data, at, 2), _number(data, at + 2, 2)
        at += 4
        if kind == _SERVER_NAME and at + size <= end:
            length = _number(data, at + 3, 2)
            return _text(data[at + 5 : min(at + 5 + length, at + size)])
        at += size
    return None


def http_host(data: bytes) -> tuple[str | None, bool]:
    """The host that an HTTP request goes to (RFC 9112 section 3.2); whether it asks for a tunnel."""
    head = data[:4096].partition(b"\r\n\r\n")[0]
    target = _TARGET.match(head)
    host = target or _HOST_HEADER.search(head)
    return (_text(host[1]) if host else None), head.startswith(b"CONNECT ")


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
