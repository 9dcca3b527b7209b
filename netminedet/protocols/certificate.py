"""The names in the certificate that a TLS server sends in the clear, up to TLS 1.2.

The server's first flight is RFC 5246 section 7.4, an X.509 certificate RFC 5280 section 4.1, its
encoding DER (X.690).  Only what leads to the names is looked at, and nothing is verified: whoever
serves a certificate need not own it, but a client that is content with a pool's meant the pool.
In TLS 1.3 certificates are encrypted.
"""

from __future__ import annotations

from collections.abc import Iterator

#: Names read of one certificate; one with more is many owners' and says nothing of a host.
MAX_CERTIFICATE_NAMES = 64

_HANDSHAKE = 22
_SERVER_HELLO, _CERTIFICATE = 2, 11
_SEQUENCE, _SET, _OBJECT_ID, _OCTETS = 0x30, 0x31, 0x06, 0x04
_EXTENSIONS, _DNS_NAME = 0xA3, 0x82
#: id-at-commonName (RFC 5280 appendix A.1) and id-ce-subjectAltName (section 4.2.1.6).
_COMMON_NAME, _ALTERNATIVES = b"\x55\x04\x03", b"\x55\x1d\x11"
#: UTF8String, PrintableString, TeletexString, IA5String.
_STRINGS = (0x0C, 0x13, 0x14, 0x16)
#: The subject is the fifth field of a certificate behind the version, which may be missing.
_VERSION, _SUBJECT = 0xA0, 4


class _Damaged(Exception):
    """The bytes are no certificate, or not all of one."""


def certificate_names(flight: bytes) -> tuple[str, ...]:
    """The dNSNames and the common name of the first certificate in a server's first flight.

    ``flight`` are TLS records that open with the ServerHello; they may end behind the
    certificate.  Names are in lower case, in the order of the certificate, each once; of a
    wildcard (``*.pool.example``) the domain below the star.  Nothing for anything else, and
    for a certificate with more than ``MAX_CERTIFICATE_NAMES``.
    """
    leaf = _leaf(_handshake(flight))
    try:
        names = dict.fromkeys(_names(leaf))
    except _Damaged:
        return ()
    return tuple(names) if len(names) <= MAX_CERTIFICATE_NAMES else ()


def _handshake(flight: bytes) -> bytes:
    """The bodies of the handshake records at the beginning, put together (RFC 5246 section 6.2.1)."""
    parts = []
    at = 0
    while at + 5 <= len(flight) and flight[at] == _HANDSHAKE:
        size = int.from_bytes(flight[at + 3 : at + 5], "big")
        parts.append(flight[at + 5 : at + 5 + size])
        at += 5 + size
    return b"".join(parts)


def _leaf(messages: bytes) -> bytes:
    """The first certificate of the message behind the ServerHello, perhaps not whole."""
    if messages[:1] != bytes((_SERVER_HELLO,)):
        return b""
    at = 4 + int.from_bytes(messages[1:4], "big")
    if messages[at : at + 1] != bytes((_CERTIFICATE,)):
        return b""
    size = int.from_bytes(messages[at + 7 : at + 10], "big")
    return messages[at + 10 : at + 10 + size]


def _names(leaf: bytes) -> Iterator[str]:
    """The names of a certificate; raises _Damaged."""
    body = _only(_only(leaf, _SEQUENCE), _SEQUENCE)
    fields = [one for one in _elements(body) if one[0] != _VERSION]
    for kind, value in fields:
        if kind == _EXTENSIONS:
            yield from _alternatives(_only(value, _SEQUENCE))
    if len(fields) > _SUBJECT and fields[_SUBJECT][0] == _SEQUENCE:
        yield from _common_names(fields[_SUBJECT][1])


def _alternatives(extensions: bytes) -> Iterator[str]:
    for _, extension in _elements(extensions):
        parts = list(_elements(extension))
        if len(parts) > 1 and parts[0] == (_OBJECT_ID, _ALTERNATIVES) and parts[-1][0] == _OCTETS:
            for kind, name in _elements(_only(parts[-1][1], _SEQUENCE)):
                if kind == _DNS_NAME:
                    yield from _host(name)


def _common_names(subject: bytes) -> Iterator[str]:
    for kind, attributes in _elements(subject):
        for _, attribute in _elements(attributes) if kind == _SET else ():
            parts = list(_elements(attribute))
            if len(parts) == 2 and parts[0] == (_OBJECT_ID, _COMMON_NAME) and parts[1][0] in _STRINGS:
                yield from _host(parts[1][1])


def _host(name: bytes) -> Iterator[str]:
    """A host name, if it is one: common names may be any text."""
    try:
        text = name.decode("ascii").lower().removesuffix(".").removeprefix("*.")
    except UnicodeDecodeError:
        return
    if "." in text and text.isprintable() and " " not in text:
        yield text


def _only(data: bytes, kind: int) -> bytes:
    """The contents of the first element, which must be of a kind."""
    for found, value in _elements(data):
        if found == kind:
            return value
        break
    raise _Damaged


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(identifier byte, contents) of each element (X.690 section 8.1); raises _Damaged."""
    at = 0
    while at < len(data):
        start = at + 2
        size = int.from_bytes(data[at + 1 : start], "big")
        if size > 0x80:
            start += size - 0x80
            size = int.from_bytes(data[at + 2 : start], "big")
        elif size == 0x80:
            raise _Damaged  # no length: not DER
        if start + size > len(data) or start > len(data):
            raise _Damaged
        yield data[at], data[start : start + size]
        at = start + size
