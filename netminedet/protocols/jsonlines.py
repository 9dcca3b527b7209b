"""Newline-delimited JSON, as the Stratum family frames its messages.

Sans-IO: bytes of one direction in; items out.  An item is a JSON value, or a run of
bytes that is none.  Tolerated, because real peers do it: blank lines, ``\\r\\n``, NUL
bytes between messages (an old miner's keep-alive), a UTF-8 byte order mark, several
messages on a line, a last message without its newline, a PROXY header before all.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
from msgspec import Struct

from netminedet.protocols.preambles import proxy_header_length

#: Longest message put together, in bytes.  The longest known is a list of 16 jobs.
MAX_MESSAGE = 128 * 1024

#: Levels of a message: one whose values are nested deeper in each other is none.
MAX_DEPTH = 128
#: How long a message without its end must be for its depth to be looked at.
_DEPTH_LOOK = 2048
_TOO_DEEP = re.compile(rb'(?:[\[{]\s*(?:"[^"\\]{0,64}"\s*:\s*)?){%d}' % (MAX_DEPTH + 1))

#: Times that a message is tried to be read before its newline comes: each try reads it from
#: its beginning, so without a limit a long one could be made to cost its length squared.
MAX_ATTEMPTS = 16

_BETWEEN = b" \t\r\n\x00"
#: Bytes at the end of what is there of a message that tell whether it may be all.
_END_LOOK = 64
_BOM = b"\xef\xbb\xbf"

_decode = msgspec.json.Decoder().decode
_raw_decoder = json.JSONDecoder()


class JsonItem(Struct, frozen=True):
    """A JSON value.  ``heads_segment``: nothing but space stood before it in its TCP segment;
    ``follows``: nothing but space stands between it and the item before."""

    value: Any
    heads_segment: bool


class ForeignItem(Struct, frozen=True):
    """Bytes that are no JSON message; only their beginning is kept."""

    data: bytes


Item = JsonItem | ForeignItem


class JsonLines:
    """Splits one direction into items."""

    carrier = "lines"
    undecodable = 0  # nothing is compressed here

    __slots__ = ("_attempts", "_buffer", "_heads_segment", "_partial_first", "oversized")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._heads_segment = False
        self._partial_first = True
        self._attempts = 0
        #: messages given up for being longer than MAX_MESSAGE, or deeper than MAX_DEPTH
        self.oversized = 0

    @property
    def pending(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes, *, gap: bool = False) -> list[Item]:
        """Take the next bytes; items that are now complete.

        With ``gap``, or at the very beginning, the bytes may start inside a message:
        its tail is passed over.
        """
        if not self._buffer and data.find(b"\n") == len(data) - 1:  # as most segments
            value = whole_value(data)
            if value is not None:
                self._partial_first = False
                return [JsonItem(value, heads_segment=True)]
        items: list[Item] = []
        if gap:
            self._buffer.clear()
            self._partial_first = True
            self._attempts = 0
        if not self._buffer:
            self._heads_segment = True
        self._buffer += data
        while (item := self._next_item()) is not None:
            items.append(item)
            self._heads_segment = False
        if len(self._buffer) > MAX_MESSAGE or self._is_too_deep(data):
            items.append(ForeignItem(bytes(self._buffer[:64])))
            self._buffer.clear()
            self._partial_first = True
            self.oversized += 1
        return items

    def _is_too_deep(self, data: bytes) -> bool:
        """Whether the latest bytes of a long, unfinished message have too many values begin in each other."""
        return len(self._buffer) > _DEPTH_LOOK and _TOO_DEEP.search(data) is not None

    def _next_item(self) -> Item | None:
        """Take one item off the buffer; None when there is no whole one."""
        while True:
            self._skip_between()
            if not self._buffer or _BOM.startswith(self._buffer):
                return None
            if self._buffer[0] in b"{[":
                self._partial_first = False
                return self._take_json()
            foreign = self._take_foreign()
            if foreign is not None:
                return foreign

    def _skip_between(self) -> None:
        buffer = self._buffer
        at = proxy_header_length(buffer)
        while at < len(buffer) and buffer[at] in _BETWEEN:
            at += 1
        if buffer.startswith(_BOM, at):
            at += len(_BOM)
        del buffer[:at]

    def _take_foreign(self) -> ForeignItem | None:
        """Take a line that is not JSON; None where it may be the tail of a message begun before."""
        end = self._buffer.find(b"\n") + 1
        line = bytes(self._buffer[: end or len(self._buffer)])
        del self._buffer[: len(line)]
        tail = self._partial_first and _may_be_tail(line, ends=bool(end))
        self._partial_first = tail and not end
        return None if tail else ForeignItem(line[:64])

    def _take_json(self) -> Item | None:
        end = self._buffer.find(b"\n") + 1
        if not end and not self._may_be_whole():
            return None
        line = bytes(self._buffer[:end] if end else self._buffer)
        try:
            value = _decode(line)
            used = len(line)
        except (msgspec.DecodeError, ValueError, RecursionError):
            decoded = _first_of_several(line)
            if decoded is None:
                if not end:
                    return None
                del self._buffer[:end]
                self._attempts = 0
                return ForeignItem(line[:64])
            value, used = decoded
        del self._buffer[:used]
        self._attempts = 0
        return JsonItem(value, self._heads_segment)

    def _may_be_whole(self) -> bool:
        """Whether to try a message without its newline: it ends like one, and was not tried too often."""
        end = bytes(self._buffer[-_END_LOOK:]).rstrip(_BETWEEN) or self._buffer.rstrip(_BETWEEN)
        if not end.endswith((b"}", b"]")):
            return False
        self._attempts += 1
        return self._attempts <= MAX_ATTEMPTS


def whole_value(data: bytes) -> Any:
    """The JSON object or array that the bytes are; None for anything else."""
    if not data.startswith((b"{", b"[")):
        return None
    try:
        return _decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _may_be_tail(line: bytes, *, ends: bool) -> bool:
    """Whether the line may be the rest of a JSON message; ``ends``: its newline is there."""
    text = line.rstrip(_BETWEEN)
    return min(text, default=0) >= 0x20 and (not ends or text.endswith((b"}", b"]")))


def _first_of_several(line: bytes) -> tuple[Any, int] | None:
    """The first of several JSON values on a line, and the bytes it takes; None for no whole value."""
    text = line.decode("utf-8", "surrogateescape")
    try:
        value, end = _raw_decoder.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return value, len(text[:end].encode("utf-8", "surrogateescape"))


def with_plain_keys(value: dict[str, Any]) -> dict[str, Any]:
    """The object without spaces around its keys: programs that put messages together as text leave some.

    >>> with_plain_keys({" id": 4, "result": True})
    {'id': 4, 'result': True}
    """
    for key in value:
        if " " in key and key != key.strip(" "):
            return {key.strip(" "): member for key, member in value.items()}
    return value
