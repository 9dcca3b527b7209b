"""Overwrites passwords in packets, as far as they can be seen in one packet."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from netminedet.signatures import SignatureSet
from netminedet.signatures.text import SECRET_KEYS, Place, url_password

#: JSON objects looked at in one packet.
MAX_OBJECTS = 64

_KEYS = b"|".join(re.escape(key.encode()) for key in sorted(SECRET_KEYS))
_BY_KEY = re.compile(rb'"(?:' + _KEYS + rb')"\s*:\s*"((?:[^"\\]|\\.)*)', re.IGNORECASE)
_BASIC = re.compile(rb"\nauthorization:[ \t]*\w+[ \t]+([^\r\n]+)", re.IGNORECASE)
#: In a packet a URL stands in quotes.
_URL = re.compile(url_password(stop='"').encode())
_DECODER = json.JSONDecoder()


def without_passwords(frame: bytes, signatures: SignatureSet) -> tuple[bytes, int]:
    """A frame with passwords overwritten by asterisks, and how many bytes that were.

    Lengths stay, and so do checksums, which are then wrong.  What is spread over several packets,
    masked (WebSocket from the client) or compressed is not seen.
    """
    data = bytearray(frame)
    for start, end in _places(frame, signatures):
        data[start:end] = b"*" * (end - start)
    return bytes(data), sum(one != other for one, other in zip(data, frame, strict=True))


def _places(frame: bytes, signatures: SignatureSet) -> Iterator[tuple[int, int]]:
    for pattern, group in ((_BY_KEY, 1), (_BASIC, 1), (_URL, 2)):
        for found in pattern.finditer(frame):
            yield found.span(group)
    text = frame.decode("latin-1")  # a character for each byte
    for start, end, message in _objects(text):
        for match in signatures.match(message):
            for value in _values(message, match.redact):
                yield from _quoted(text, start, end, value)


def _objects(text: str) -> Iterator[tuple[int, int, dict[str, object]]]:
    """The JSON objects in a packet, with their bounds."""
    at, tried = text.find("{"), 0
    while at >= 0 and tried < MAX_OBJECTS:
        tried += 1
        try:
            message, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield at, end, message
        at = text.find("{", end)


def _values(message: object, places: Iterable[Place]) -> Iterator[str]:
    for place in places:
        value = message
        for step in place:
            if isinstance(step, int):
                value = value[step] if isinstance(value, list) and len(value) > step else None
            else:
                value = value.get(step) if isinstance(value, dict) else None
        if isinstance(value, str) and value:
            yield value


def _quoted(text: str, start: int, end: int, value: str) -> Iterator[tuple[int, int]]:
    """Where a text stands in quotes, however JSON writes it: only strings that come to it are taken."""
    for found in re.finditer(r'"((?:[^"\\]|\\.)*)"', text[start:end]):
        try:
            written = json.loads(found[0])
        except ValueError:
            continue
        if written == value:
            yield start + found.start(1), start + found.end(1)
