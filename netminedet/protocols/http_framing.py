"""How JSON is framed by HTTP: as the bodies of messages, with what their heads tell of mining."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

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
from netminedet.protocols.jsonlines import Item, JsonItem, whole_value
from netminedet.protocols.panel import panel_message
from netminedet.protocols.rebuffs import no_service
from netminedet.protocols.textlines import api_objects, api_request
from netminedet.protocols.websocket import UpgradeResponse, upgrade_response

#: Times that a body without its head is tried to be read, each time from its beginning.
MAX_LOOSE_TRIES = 64

_METHODS = (b"GET ", b"POST ", b"PUT ", b"HEAD ", b"CONNECT ", b"OPTIONS ", b"DELETE ", b"PATCH ")
#: How heads begin.
HEADS = (*_METHODS, b"HTTP/1.")
_LONGEST_HEAD = max(map(len, HEADS)) + 1
#: The end of a JSON body, and the head of another message behind it: so many bytes decide.
_NEXT_HEAD = re.compile(rb"[}\]]\s{0,8}(?=(?:GET|POST|PUT|HEAD|CONNECT|OPTIONS|DELETE|PATCH) |HTTP/1\.)")
_HEAD_LOOK = 24
#: Where miners of Ethereum wrote wallet and rig into the path: "/?miner=30@0x…@rig" (a rate in MH/s first),
#: "/0x…/rig" (ethminer's farm mode, and a capture of pool.eth.pp.ua).
_FARM = re.compile(
    r"[?&]miner=[0-9.]{1,12}@(0x[0-9A-Fa-f]{40})(?:@([\w.-]{1,64}))?|^/(0x[0-9A-Fa-f]{40})(?:/([\w.-]{1,64}))?$",
    re.ASCII,
)


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
        if data.startswith(HEADS) or self._loose_size > MAX_LONG_BODY:
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


def is_request(data: bytes) -> bool:
    """Whether the bytes begin with an HTTP request."""
    return data.startswith(_METHODS)


def may_begin_http(data: bytes) -> bool:
    """Whether the bytes are the first few of a request's or an answer's head."""
    return len(data) < _LONGEST_HEAD and any(word.startswith(data) for word in HEADS)


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
    value = whole_value(text) if tail is None else read_cut(body, tail)
    return [] if value is None else [JsonItem(value, heads_segment=True)]
