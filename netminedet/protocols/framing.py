"""How the messages of one direction are framed: lines, HTTP bodies, WebSocket, binary frames or text.

Every framing turns bytes into the same items, so that what reads them need not know how
they came.  ``opening`` says which one a flow's bytes begin with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from netminedet.model import Side
from netminedet.protocols.channels import Channels
from netminedet.protocols.http_framing import HEADS, HttpFraming
from netminedet.protocols.jsonlines import ForeignItem, Item, JsonItem, JsonLines, whole_value
from netminedet.protocols.panchan import panchan_objects
from netminedet.protocols.panel import panel_text
from netminedet.protocols.stratum_v2 import Sv2Message, Sv2Reader
from netminedet.protocols.textlines import (
    TextReader,
    api_message,
    api_objects,
    api_value,
    duino_objects,
)
from netminedet.protocols.websocket import (
    ANY_DEFLATE,
    Deflate,
    WebSocketReader,
)

#: WebSocket messages, and bytes, after which a flow that showed no mining is not waited for any more.
MAX_WEBSOCKET_WAIT = 32
MAX_WEBSOCKET_BYTES = 512 * 1024
#: Shares that one message of Stratum V2 may acknowledge.
MAX_ACKNOWLEDGED = 256
#: Lines of a text dialogue after which a flow that showed no mining is not waited for any more.
MAX_TEXT_WAIT = 8

#: What reads a line of text that is no JSON: the objects that it stands for, none where it is
#: something else.  Another dialect in plain text is a line here, its reader and its signatures.
TEXT_DIALECTS: tuple[Callable[[str], list[dict[str, object]]], ...] = (
    duino_objects,
    panchan_objects,
    lambda line: api_objects(api_message(line) or panel_text(line)),
)


class Framing(Protocol):
    """Splits one direction into items."""

    #: "lines", "http", "websocket", "frames" or "text": see the field ``carriers`` of signature files
    carrier: str

    @property
    def pending(self) -> bool:
        """Whether more is needed to say anything."""

    @property
    def oversized(self) -> int:
        """Messages given up for their length."""

    @property
    def undecodable(self) -> int:
        """Messages that could not be inflated."""

    def feed(self, data: bytes, *, gap: bool = False) -> list[Item]:
        """Take the next bytes; items that are now complete."""


def pass_over(framing: Framing) -> int:
    """Give up the bytes to come of which it is known that nothing is wanted: how many they are."""
    return framing.pass_over() if isinstance(framing, (HttpFraming, WebSocketFraming)) else 0


class WebSocketFraming:
    """One JSON value in each text message."""

    carrier = "websocket"

    def __init__(self, deflate: Deflate | None, *, midstream: bool = False) -> None:
        self._reader = WebSocketReader(deflate=deflate, midstream=midstream)
        self._seen = 0
        self._waited = 0

    @property
    def pending(self) -> bool:
        waiting = self._seen < MAX_WEBSOCKET_WAIT and self._waited < MAX_WEBSOCKET_BYTES
        return waiting and not self._reader.closed

    def pass_over(self) -> int:
        """See ``WebSocketReader.pass_over``."""
        return self._reader.pass_over()

    @property
    def oversized(self) -> int:
        return self._reader.oversized

    @property
    def undecodable(self) -> int:
        return self._reader.undecodable

    def feed(self, data: bytes, *, gap: bool = False) -> list[Item]:
        messages = self._reader.feed(data, gap=gap)
        self._waited += len(data)
        self._seen += len(messages)
        return [item for message in messages for item in _several(message.data)]


class FrameFraming:
    """Stratum V2 in the clear: each message as an object with its name under "sv2".

    One message may acknowledge several shares: it is given once for each.  A share, and its answer,
    has the target of its channel and job under "target"; the answer to SetupConnection, the protocol
    that was asked for under "protocol".
    """

    carrier = "frames"
    oversized = 0
    undecodable = 0

    def __init__(self, side: Side, channels: Channels | None = None) -> None:
        """``channels``: those of the connection, which both directions share."""
        self._reader = Sv2Reader(side)
        self._channels = channels or Channels()

    @property
    def pending(self) -> bool:
        return not self._reader.lost

    def feed(self, data: bytes, *, gap: bool = False) -> list[Item]:
        items: list[Item] = []
        for message in self._reader.feed(data, gap=gap):
            count = message.fields.get("new_submits_accepted_count", 1)
            times = min(max(count, 1), MAX_ACKNOWLEDGED) if isinstance(count, int) else 1
            for target in self._channels.targets(message, times):
                value = _as_object(message)
                if target is not None:
                    value["target"] = _plain("target", target)
                if message.name == "SetupConnection.Success" and self._channels.protocol is not None:
                    value["protocol"] = self._channels.protocol
                items.append(JsonItem(value, heads_segment=True))
        return items


class TextFraming:
    """Lines of words, each given as the objects that ``read_line`` makes of it."""

    carrier = "text"
    undecodable = 0

    def __init__(self) -> None:
        self._reader = TextReader()
        self._seen = 0
        self._partial = False

    @property
    def pending(self) -> bool:
        return self._partial and self._seen < MAX_TEXT_WAIT and not self.oversized

    @property
    def oversized(self) -> int:
        return self._reader.oversized

    def feed(self, data: bytes, *, gap: bool = False) -> list[Item]:
        self._partial = data[-1:] not in (b"\n", b"\0")
        return self._items(self._reader.feed(data, gap=gap))

    def turn(self) -> list[Item]:
        """The other side speaks, or a new message begins: what has no newline is a message too."""
        self._partial = False
        return self._items(self._reader.turn())

    def lose(self) -> None:
        """The end of a message is missing: what is there of it is none."""
        self._reader.feed(b"", gap=True)
        self._reader.turn()

    def _items(self, lines: list[str]) -> list[Item]:
        self._seen += len(lines)
        return [item for line in lines for item in _text_items(line)]


def _text_items(line: str) -> list[Item]:
    objects = read_line(line)
    return [JsonItem(one, heads_segment=True) for one in objects] or [ForeignItem(line[:64].encode())]


def read_line(line: str) -> list[dict[str, object]]:
    """What a line of a dialect in plain text says, as objects; empty for any other line."""
    return next((found for dialect in TEXT_DIALECTS if (found := dialect(line))), [])


def read_value(value: dict[str, Any]) -> list[dict[str, Any]]:
    """A JSON object as the signatures see it: itself, or what a management API says by it."""
    return api_objects(api_value(value)) or [value]


def opening(data: bytes) -> str | None:
    """What the first bytes of a direction's turn begin: "http", "websocket", "frames", or None.

    "frames-back": Stratum V2 of which the client's side is not seen, or comes later.
    """
    if data.startswith(HEADS):
        return "http"
    if is_v2_opening(data):
        return "frames"
    if data.startswith(V2_ANSWER):
        return "frames-back"
    if len(data) >= 4 and data[0] in (0x81, 0xC1) and _frame_of_json(data):
        return "websocket"
    return None


#: How SetupConnection.Success begins (sv2-spec sections 3.2 and 3.6.2): type 1, 6 bytes, version 2.
V2_ANSWER = b"\0\0\1\6\0\0\2\0"


def is_v2_opening(data: bytes) -> bool:
    """SetupConnection (sv2-spec sections 3.2 and 3.6.1): extension and type 0, protocol 0 to 2, version 2."""
    return len(data) >= 17 and data[:3] == b"\0\0\0" and data[6] <= 2 and data[7:11] == b"\2\0\2\0"


def midstream_websocket() -> WebSocketFraming:
    """For a WebSocket whose opening was not seen."""
    return WebSocketFraming(ANY_DEFLATE, midstream=True)


def _frame_of_json(data: bytes) -> bool:
    """Whether a frame's header (RFC 6455 section 5.2) is followed by JSON, or masks what follows."""
    length = data[1] & 0x7F
    at = 2 + {126: 2, 127: 8}.get(length, 0)
    return bool(data[1] & 0x80) or data[at : at + 1] in (b"{", b"[")


def _several(text: bytes) -> list[Item]:
    """JSON values of a text message: one as a rule, lines of them where a proxy passes on what it gets."""
    value = whole_value(text)
    if value is not None:
        return [JsonItem(value, heads_segment=True)]
    return [item for item in JsonLines().feed(text) if isinstance(item, JsonItem)]


def _as_object(message: Sv2Message) -> dict[str, Any]:
    return {"sv2": message.name, **{name: _plain(name, value) for name, value in message.fields.items()}}


def _plain(name: str, value: object) -> object:
    """A field as JSON has it: bytes, and targets in their order on the wire, as hexadecimal digits."""
    if isinstance(value, int) and name.endswith("target"):
        return value.to_bytes(32, "little").hex()
    return value.hex() if isinstance(value, bytes) else value
