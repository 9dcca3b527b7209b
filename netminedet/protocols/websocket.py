"""WebSocket (RFC 6455) with permessage-deflate (RFC 7692), one direction of a connection.

Sans-IO: ``upgrade_response`` reads the HTTP head that opens it;
``WebSocketReader`` takes what follows and gives whole text and binary messages, unmasked, put
together from their fragments and inflated.  Control frames between fragments are passed over.

There is no mark by which a frame could be found again behind a hole.  A reader that has lost the
way, or never saw the beginning, looks at the start of each segment instead: if it reads as a chain
of valid frames to the segment's end, the reader goes on from there.
"""

from __future__ import annotations

import zlib

from msgspec import Struct

from netminedet.protocols.http import LEAST_PASSED, MAX_PASSED, Head, parse_head

#: Longest message, in bytes, as sent and as inflated.
MAX_MESSAGE = 256 * 1024
#: How many times its size a message may inflate to, unless it begins as JSON does; and the bytes of it that
#: are inflated to see that, the first few of which tell most.
MAX_RATIO = 200
MAX_PEEK = 8 * 1024
_FIRST_LOOK = 64
#: White space before the JSON of a compressed message.
MAX_BLANK = 1024
#: Deflate streams (each ended by a final block) in one message.
MAX_STREAMS = 64

#: Bytes of the message that must be there to look.
_PEEKED_BYTES = 128
_CONTINUATION, _TEXT, _BINARY, _CLOSE = 0, 1, 2, 8
_OPCODES = frozenset({_CONTINUATION, _TEXT, _BINARY, _CLOSE, 9, 10})
_CONTROL = 8  # this and higher
_FIN, _RSV1, _RSV23, _MASKED = 0x80, 0x40, 0x30, 0x80
_TAIL = b"\x00\x00\xff\xff"  # RFC 7692 section 7.2.2


class Deflate(Struct, frozen=True):
    """permessage-deflate as agreed for one direction (RFC 7692 section 7.1)."""

    #: the compressor keeps its window from one message to the next
    takeover: bool = True
    window_bits: int = 15


#: Reads whatever may have been agreed on: for connections whose opening was not seen.
ANY_DEFLATE = Deflate()


class WebSocketMessage(Struct, frozen=True):
    """A whole message, unmasked and inflated; ``text``: it was sent as UTF-8 text (not checked)."""

    data: bytes
    text: bool


class UpgradeResponse(Struct, frozen=True):
    """The server's half of the opening (RFC 6455 section 4.2.2): what was agreed for either direction."""

    client: Deflate | None
    server: Deflate | None


def upgrade_response(head: bytes | Head) -> UpgradeResponse | None:
    """Read the head of an HTTP response; None if it does not agree to a WebSocket."""
    parsed = parse_head(head) if isinstance(head, bytes) else head
    if parsed is None or parsed.status != 101 or not _upgrades(parsed):
        return None
    deflate = next((options for name, options in _extensions(parsed) if name == "permessage-deflate"), None)
    return UpgradeResponse(
        client=None if deflate is None else _agreed(deflate, "client"),
        server=None if deflate is None else _agreed(deflate, "server"),
    )


def _upgrades(head: Head) -> bool:
    return head.lists("upgrade", "websocket") and head.lists("connection", "upgrade")


def _members(text: str, separator: str) -> list[str]:
    return [member.strip().lower() for member in text.split(separator)[:32] if member.strip()]


def _extensions(head: Head) -> list[tuple[str, dict[str, str]]]:
    """(name, parameters) of each extension (RFC 6455 section 9.1)."""
    found = []
    for member in _members(head.headers.get("sec-websocket-extensions", ""), ","):
        name, *options = _members(member, ";") or [""]
        pairs = (option.partition("=") for option in options)
        found.append((name, {key.strip(): value.strip().strip('"') for key, _, value in pairs}))
    return found


def _agreed(options: dict[str, str], side: str) -> Deflate:
    bits = options.get(f"{side}_max_window_bits", "")
    window = int(bits) if bits.isascii() and bits.isdigit() and len(bits) < 3 else 15
    return Deflate(f"{side}_no_context_takeover" not in options, min(max(window, 8), 15))


class _Frame(Struct, frozen=True):
    """A frame's header (RFC 6455 section 5.2)."""

    first: int
    mask: bytes
    size: int
    length: int

    @property
    def opcode(self) -> int:
        return self.first & 0x0F

    @property
    def final(self) -> bool:
        return bool(self.first & _FIN)


class _BadFrame(Exception):
    """These bytes are no frame."""


def _header(data: bytes | bytearray, at: int, *, compressed: bool) -> _Frame | None:
    """The header at ``at``; None if it is not whole.  Raises _BadFrame."""
    if len(data) < at + 2:
        return None
    first, second = data[at], data[at + 1]
    opcode, length = first & 0x0F, second & 0x7F
    if opcode not in _OPCODES or first & _RSV23 or (first & _RSV1 and not (compressed and opcode in (1, 2))):
        raise _BadFrame
    if opcode >= _CONTROL and (length > 125 or not first & _FIN):  # section 5.5
        raise _BadFrame
    wide = {126: 2, 127: 8}.get(length, 0)
    masked = 4 if second & _MASKED else 0
    size = 2 + wide + masked
    if len(data) < at + size:
        return None
    if wide:
        length = int.from_bytes(data[at + 2 : at + 2 + wide], "big")
        if length < (126 if wide == 2 else 1 << 16) or length >> 63:  # the shortest form is due
            raise _BadFrame
    return _Frame(first, bytes(data[at + size - masked : at + size]), size, length)


def _window(deflate: Deflate) -> int:
    """For zlib; 9 bits at least: it never compresses with 8, though it may have agreed to."""
    return -max(9, deflate.window_bits)


def _unmask(data: bytes, mask: bytes) -> bytes:
    """Section 5.3."""
    if not mask:
        return data
    keys = (mask * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(keys, "big")).to_bytes(len(data), "big")


class WebSocketReader:
    """Reads the frames of one direction.

    ``deflate``: what was agreed for it, ANY_DEFLATE if that is unknown.  ``midstream``: the first
    bytes are not the first behind the opening; reading begins with the first segment that begins
    with a frame.
    """

    def __init__(
        self, *, deflate: Deflate | None = None, midstream: bool = False, max_message: int = MAX_MESSAGE
    ) -> None:
        self._deflate = deflate
        self._limit = max_message
        self._buffer = bytearray()
        self._skip = 0
        self._masked: bool | None = None
        self._parts = bytearray()
        self._started: _Frame | None = None
        self._too_long = False
        self._peeked = False
        self._inflator: zlib._Decompress | None = None
        #: nothing is read until a segment begins with a frame
        self.lost = midstream
        #: a close frame was seen
        self.closed = False
        #: messages passed over: longer than the limit; whose bytes could not be inflated
        self.oversized = 0
        self.undecodable = 0

    def feed(self, data: bytes, *, gap: bool = False) -> list[WebSocketMessage]:
        """Take the next bytes; the messages that they complete.  ``gap``: bytes before them are missing."""
        if gap:
            self._lose()
        if self.lost:
            if not self._plausible(data):
                return []
            self.lost = False
        self._buffer += data
        messages: list[WebSocketMessage] = []
        try:
            while self._next(messages):
                pass
        except _BadFrame:
            self._lose()
        return messages

    def pass_over(self) -> int:
        """Give up what comes next of a frame that is too long: how many bytes that is."""
        count = min(self._skip, MAX_PASSED)
        if self._buffer or count < LEAST_PASSED:
            return 0
        self._skip -= count
        return count

    def _lose(self) -> None:
        self.lost = True
        self._buffer.clear()
        self._skip = 0
        self._parts.clear()
        self._started = None
        self._inflator = None

    def _plausible(self, data: bytes) -> bool:
        """Whether a segment is a chain of valid frames; one of text may go on behind it."""
        at = 0
        masked = self._masked
        try:
            while at < len(data):
                frame = _header(data, at, compressed=self._deflate is not None)
                if frame is None:
                    return at > 0
                if frame.length > self._limit or masked not in (None, bool(frame.mask)):
                    return False
                masked = bool(frame.mask)
                at += frame.size
                text = frame.opcode == _TEXT and not frame.first & _RSV1
                if text and not _is_text(_unmask(data[at : at + frame.length], frame.mask)):
                    return False
                at += frame.length
                if at > len(data) and not text:
                    return False
        except _BadFrame:
            return False
        return at > 0

    def _next(self, messages: list[WebSocketMessage]) -> bool:
        """Read one frame off the buffer; False when there is no whole one.  Raises _BadFrame."""
        if self._skip:
            skipped = min(self._skip, len(self._buffer))
            del self._buffer[:skipped]
            self._skip -= skipped
        frame = None if self._skip else _header(self._buffer, 0, compressed=self._deflate is not None)
        if frame is None:
            return False
        if self._masked not in (
            None,
            bool(frame.mask),
        ):  # all frames of a client are masked, none of a server
            raise _BadFrame
        too_long = frame.length > self._limit or self._swells(frame)
        if not too_long and len(self._buffer) < frame.size + frame.length:
            return False
        self._masked = bool(frame.mask)
        self._peeked = False
        payload: bytes | None = None
        if too_long:
            self._skip = frame.length
            del self._buffer[: frame.size]
        else:
            end = frame.size + frame.length
            payload = _unmask(bytes(self._buffer[frame.size : end]), frame.mask)
            del self._buffer[:end]
        if frame.opcode >= _CONTROL:
            self.closed = self.closed or frame.opcode == _CLOSE
        else:
            self._data(frame, payload, messages)
        return True

    def _swells(self, frame: _Frame) -> bool:
        """Whether a compressed message will be far too long: looked at once, in its first bytes."""
        if self._peeked or not frame.first & _RSV1 or len(self._buffer) < frame.size + _PEEKED_BYTES:
            return False
        assert self._deflate is not None
        self._peeked = True
        part = bytes(self._buffer[frame.size : frame.size + min(frame.length, _PEEKED_BYTES)])
        inflator = self._inflator.copy() if self._inflator else zlib.decompressobj(_window(self._deflate))
        out, rest = b"", _unmask(part, frame.mask)
        try:
            for enough in (_FIRST_LOOK, MAX_BLANK, MAX_PEEK):
                out += inflator.decompress(rest, enough - len(out))
                rest = inflator.unconsumed_tail
                begun = out.lstrip()[:1]
                if begun in (b"{", b"[") or len(out) < enough:
                    return False
                if enough == MAX_BLANK and not begun:
                    return True
        except zlib.error:
            return False
        return (len(part) - len(rest)) * MAX_RATIO < len(out)

    def _data(self, frame: _Frame, payload: bytes | None, messages: list[WebSocketMessage]) -> None:
        """A data frame; ``payload`` is None where it is too long."""
        if frame.opcode != _CONTINUATION:
            if self._started is not None:
                raise _BadFrame  # fragments of two messages never mix (section 5.4)
            self._started = frame
            self._parts.clear()
            self._too_long = False
        elif self._started is None:
            return  # the message's beginning was not seen
        if payload is None or len(self._parts) + len(payload) > self._limit:
            self._too_long = True
            self._parts.clear()
        elif not self._too_long:
            self._parts += payload
        if frame.final:
            message = self._whole(self._started)
            self._started = None
            self._parts.clear()
            if message is not None:
                messages.append(message)

    def _whole(self, first: _Frame) -> WebSocketMessage | None:
        if self._too_long:
            self.oversized += 1
            self._inflator = None  # what this message would have left in the window is missing
            return None
        data: bytes | None = bytes(self._parts)
        if first.first & _RSV1:
            data = self._inflate(bytes(self._parts))
        return None if data is None else WebSocketMessage(data, first.opcode == _TEXT)

    def _inflate(self, data: bytes) -> bytes | None:
        """RFC 7692 section 7.2.2.  A message that refers to bytes that were missed counts as undecodable."""
        assert self._deflate is not None
        window = _window(self._deflate)
        inflator = self._inflator or zlib.decompressobj(window)
        self._inflator = None
        out, rest = b"", data + _TAIL
        try:
            for _ in range(MAX_STREAMS):
                out += inflator.decompress(rest, self._limit + 1 - len(out))
                rest = inflator.unused_data
                if not inflator.eof or not rest or len(out) > self._limit:
                    break
                inflator = zlib.decompressobj(window)  # behind a final block (section 7.2.3.4)
            else:
                raise zlib.error("too many streams")
        except zlib.error:
            self.undecodable += 1
            return None
        if len(out) > self._limit or inflator.unconsumed_tail:
            self.oversized += 1
            return None
        if self._deflate.takeover and not inflator.eof:
            self._inflator = inflator
        return out


def _is_text(data: bytes) -> bool:
    """Whether this is UTF-8, save perhaps a character cut off at the end, and without control characters."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(data) - error.start > 3 or error.reason != "unexpected end of data":
            return False
        text = data[: error.start].decode("utf-8")
    return all(c.isprintable() or c in "\t\r\n\u2028\u2029" or ord(c) > 0x7F for c in text[:256])
