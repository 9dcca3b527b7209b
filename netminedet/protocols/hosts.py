"""Host names that a client sends in the clear in HTTP: Host headers, CONNECT and proxy targets."""

from __future__ import annotations

import re

from msgspec import Struct

_HOST_HEADER = re.compile(rb"\n[Hh][Oo][Ss][Tt]:[ \t]*([^\s:/]{1,255})")
_TARGET = re.compile(rb"\A(?:CONNECT |[A-Z]{3,8} http://)([^\s:/]{1,255})(?::([0-9]{1,5}))?")


class HttpTarget(Struct, frozen=True):
    """Whom an HTTP request is for."""

    #: lower case, without the final dot; None where none is named
    host: str | None
    #: the request asks for a tunnel to the host (CONNECT)
    tunnel: bool = False
    #: of a tunnel; 0 where none is named
    port: int = 0


def http_target(data: bytes) -> HttpTarget:
    """The host that an HTTP request goes to (RFC 9112 section 3.2)."""
    head = data[:4096].partition(b"\r\n\r\n")[0]
    target = _TARGET.match(head)
    host = target or _HOST_HEADER.search(head)
    if target and head.startswith(b"CONNECT "):
        return HttpTarget(_text(target[1]), True, int(target[2] or 0))
    return HttpTarget(_text(host[1]) if host else None)


def _text(name: bytes) -> str | None:
    try:
        return name.decode("ascii").lower().removesuffix(".") or None
    except UnicodeDecodeError:
        return None
