"""How the messages of one direction are framed: lines, HTTP bodies, WebSocket, binary frames or text.

Every framing turns bytes into the same items, so that what reads them need not know how
they came.  ``opening`` says which one a flow's bytes begin with.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from netminedet.model import Side
from netminedet.protocols.channels import Channels
from netminedet.protocols.cutjson import read_cut
from netminedet.protocols.http import (
    MAX_BODY,
    MAX_LONG_BODY,
    MAX_TAIL,
    Head,
    HttpMessage,
    HttpReader,
    mining_headers,
)
from netminedet.protocols.jsonlines import ForeignItem, Item, JsonItem, JsonLines
from netminedet.protocols.panchan import panchan_objects
from netminedet.protocols.panel import panel_message, panel_text
from netminedet.protocols.rebuffs import no_service
from netminedet.protocols.stratum_v2 import Sv2Message, Sv2Reader
from netminedet.protocols.textlines import (
    TextReader,
    api_message,
    api_objects,
    api_request,
    api_value,
    duino_objects,
)
from netminedet.protocols.websocket import (
    ANY_DEFLATE,
    Deflate,
    UpgradeResponse,
    WebSocketReader,
    upgrade_response,
)

#: WebSocket messages, and bytes, after which a flow that showed no mining is not waited for any more.
MAX_WEBSOCKET_WAIT = 32
MAX_WEBSOCKET_BYTES = 512 * 1024
#: Times that a body without its head is tried to be read, each time from its beginning.
MAX_LOOSE_TRIES = 64
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

_METHODS = (b"GET ", b"POST ", b"PUT ", b"HEAD ", b"CONNECT ", b"OPTIONS ", b"DELETE ", b"PATCH ")
_STATUS = b"HTTP/1."
#: The end of a JSON body, and the head of another message behind it: so many bytes decide.
_NEXT_HEAD = re.compile(rb"[}\]]\s{0,8}(?=(?:GET|POST|PUT|HEAD|CONNECT|OPTIONS|DELETE|PATCH) |HTTP/1\.)")
_HEAD_LOOK = 24
#: Where miners of Ethereum wrote wallet and rig into the path: "/?miner=30@0x…@rig" (a rate in MH/s first),
#: "/0x…/rig" (ethminer's farm mode, and a capture of pool.eth.pp.ua).
_FARM = re.compile(
    r"[?&]miner=[0-9.]{1,12}@(0x[0-9A-Fa-f]{40})(?:@([\w.-]{1,64}))?|^/(0x[0-9A-Fa-f]{40})(?:/([\w.-]{1,64}))?$",
    re.ASCII,
)
_HEADS = (*_METHODS, _STATUS)
_LONGEST_HEAD = max(map(len, _HEADS)) + 1
_decode = msgspec.json.Decoder().decode


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


class HttpFraming:
    """JSON in the bodies of HTTP messages."""

    carrier = "http"
    oversized = 0
    undecodable = 0

    def __init__(self, *, requests: bool) -> None:
        self._reader = HttpReader(requests=requests, only_json=True)
        #: which direction it is
        self.requests = requests
        self._loose = bytearray()
        self._loose_tail = bytearray()
        self._loose_size = self._loose_tries = 0
        self._open_read = False
        #: the head of an answer that turns the connection into a WebSocket
        self.upgrade: UpgradeResponse | None = None
        #: an answer has turned the connection into a tunnel; bytes behind its head
        self.tunnel: bytes | None = None
        self._no_service = ""

    def take_no_service(self) -> str:
        """The status of an answer that shows that nobody mines there; once."""
        said, self._no_service = self._no_service, ""
        return said

    @property
    def pending(self) -> bool:
        """A head is not whole, or a body that begins as JSON does."""
        begun = self._reader.begun.lstrip()[:1]
        return bool(self._loose) or (self._reader.partial and begun in (b"", b"{", b"["))

    @property
    def in_body(self) -> bool:
        """A body has begun and is not whole."""
        return self._reader.in_body or bool(self._loose)

    def feed(self, data: bytes, *, gap: bool = False) -> list[Item]:
        """A body that comes without its head, picked up in the middle, is read as well."""
        if gap:
            self._forget_loose()
        begins = data.lstrip()[:1] in (b"{", b"[") and not self._reader.partial
        if not gap and (begins or self._loose):
            return self._loosely(data)
        items: list[Item] = []
        messages = self._reader.feed(data, gap=gap)
        for message in messages:
            items += _with_head(message)
            self._no_service = self._no_service or no_service(message.head)
        return items + self._open_ended() if self._unfold(messages) else items

    def pass_over(self) -> int:
        """See ``HttpReader.pass_over``."""
        return 0 if self._loose else self._reader.pass_over()

    def _unfold(self, messages: list[HttpMessage]) -> bool:
        """Note the tunnel that the last message opens; whether HTTP goes on."""
        if self._reader.tunnel and self.tunnel is None:
            self.tunnel = self._reader.rest()
            self.upgrade = upgrade_response(messages[-1].head) if messages else None
        return not self._reader.tunnel

    def _open_ended(self) -> list[Item]:
        """The value of a body without a length, as soon as it is whole."""
        body = b"" if self._open_read else self._reader.open_body.rstrip()
        items = _whole(body) if body[-1:] in (b"}", b"]") else []
        self._open_read = self._open_read or bool(items)
        return items

    def _loosely(self, data: bytes) -> list[Item]:
        """Take a piece of a body whose head was not seen; it may be the last."""
        if data.startswith(_HEADS) or self._loose_size > MAX_LONG_BODY:
            self._forget_loose()
            return self.feed(data) if data[:1] not in (b"{", b"[") else []
        room = MAX_BODY - len(self._loose)
        head = _NEXT_HEAD.search(self._loose[-_HEAD_LOOK:] + data[:room])
        if head is not None:  # the next message follows at once (pipelining, RFC 9112 section 9.3.2)
            known = self._loose[:-_HEAD_LOOK] + head.string[: head.end()]
            rest = bytes(head.string[head.end() :]) + data[room:]
            self._forget_loose()
            return _whole(bytes(known)) + self.feed(rest)
        self._loose_size += len(data)
        self._loose += data[:room]
        if len(data) > room:
            self._loose_tail += data[room:][-MAX_TAIL:]
            del self._loose_tail[:-MAX_TAIL]
        if data.rstrip()[-1:] not in (b"}", b"]"):
            return []
        self._loose_tries += 1
        if self._loose_tries > MAX_LOOSE_TRIES:
            self._forget_loose()
            return []
        cut = self._loose_size > MAX_BODY
        items = _whole(bytes(self._loose), bytes(self._loose_tail) if cut else None)
        if items:
            self._forget_loose()
        return items

    def _forget_loose(self) -> None:
        self._loose.clear()
        self._loose_tail.clear()
        self._loose_size = self._loose_tries = 0


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
    if data.startswith(_HEADS):
        return "http"
    if is_v2_opening(data):
        return "frames"
    if data.startswith(V2_ANSWER):
        return "frames-back"
    if len(data) >= 4 and data[0] in (0x81, 0xC1) and _frame_of_json(data):
        return "websocket"
    return None


def is_request(data: bytes) -> bool:
    """Whether the bytes begin with an HTTP request."""
    return data.startswith(_METHODS)


def may_begin_http(data: bytes) -> bool:
    """Whether the bytes are the first few of a request's or an answer's head."""
    return len(data) < _LONGEST_HEAD and any(word.startswith(data) for word in _HEADS)


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


def _with_head(message: HttpMessage) -> list[Item]:
    """The JSON value of a body, an object with what the message's head tells under "http"; of a request to
    a management interface, what it asks."""
    if message.head.is_request and (asked := api_request(message.head.method, message.head.target)):
        return [JsonItem(one, heads_segment=True) for one in api_objects(asked)]
    items = _whole(message.body, message.tail if message.cut else None)
    told = _panel(message.head) + _redirected(message.head)
    value = items[0].value if items and isinstance(items[0], JsonItem) else None
    if not isinstance(value, dict):
        return told + items
    value.pop("http", None)  # a body of its own making proves nothing
    if message.head.is_request:
        value["http"] = _told(message.head.headers)
        if farm := _FARM.search(message.head.target[:512]):
            value["http"].setdefault("user", ".".join(filter(None, (farm[1] or farm[3], farm[2] or farm[4]))))
    elif offered := mining_headers(message.head.headers):
        value["http"] = offered
    return told + items


def _panel(head: Head) -> list[Item]:
    """That the head is of a mining machine's web page, or of somebody who logs in to it."""
    return [JsonItem(one, heads_segment=True) for one in api_objects(panel_message(head))]


def _redirected(head: Head) -> list[Item]:
    """Where an answer's head sends a miner: X-Stratum, as getwork pools had it (cgminer, util.c)."""
    url = "" if head.is_request else head.headers.get("x-stratum", "")[:512].strip()
    scheme, _, rest = url.partition("://")
    host, _, port = (rest or scheme).partition("/")[0].rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or len(port) > 5:
        return []
    value = {"http": "X-Stratum", "url": url, "host": host, "port": int(port)}
    return [JsonItem(value, heads_segment=True)]


def _told(headers: Mapping[str, str]) -> dict[str, str]:
    """Who asks: program, user (never the password) and what miners say of themselves."""
    told = mining_headers(headers)
    if agent := headers.get("user-agent", ""):
        told["agent"] = agent[:256]
    scheme, _, token = headers.get("authorization", "")[:1024].partition(" ")
    if scheme.lower() == "basic":
        try:
            user = base64.b64decode(token.strip(), validate=True).partition(b":")[0]
        except (binascii.Error, ValueError):
            user = b""
        told |= {"user": user.decode("utf-8", "replace")} if user else {}
    return told


def _whole(body: bytes, tail: bytes | None = None) -> list[Item]:
    """The JSON value that the body is; none where it is anything else.  ``tail``: of one that was cut."""
    text = body.strip()
    if text[:1] not in (b"{", b"["):
        return []
    if tail is not None:
        value = read_cut(body, tail)
        return [] if value is None else [JsonItem(value, heads_segment=True)]
    try:
        return [JsonItem(_decode(text), heads_segment=True)]
    except (msgspec.DecodeError, ValueError, RecursionError):
        return []


def _several(text: bytes) -> list[Item]:
    """JSON values of a text message: one as a rule, lines of them where a proxy passes on what it gets."""
    return [item for item in JsonLines().feed(text) if isinstance(item, JsonItem)]


def _as_object(message: Sv2Message) -> dict[str, Any]:
    return {"sv2": message.name, **{name: _plain(name, value) for name, value in message.fields.items()}}


def _plain(name: str, value: object) -> object:
    """A field as JSON has it: bytes, and targets in their order on the wire, as hexadecimal digits."""
    if isinstance(value, int) and name.endswith("target"):
        return value.to_bytes(32, "little").hex()
    return value.hex() if isinstance(value, bytes) else value
