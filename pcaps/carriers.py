"""What carries mining otherwise than lines: HTTP bodies, WebSocket messages, Stratum V2 frames.

Each class plays onto a connection that is open already, as the dialects do.  What is random
on a real wire (masks, keys, sealed records) depends on a seed here.
"""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from collections.abc import Iterable

from names import http_get
from wire import Talk, Text, digits, encode

_ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3
_CONTINUATION, _TEXT, _CLOSE, PING, PONG = 0, 1, 8, 9, 10


def random_bytes(seed: str, size: int) -> bytes:
    """``size`` bytes that look random."""
    return bytes.fromhex(digits(seed, 2 * size))


class JsonRpc:
    """JSON-RPC in the bodies of HTTP messages, one connection."""

    def __init__(self, talk: Talk, *, user: str = "", agent: str = "", path: str = "/") -> None:
        self.talk = talk
        self.path = path
        server = talk.ends["down"]
        #: header lines of every request
        self.headers = [f"Host: {server[0]}:{server[1]}", "Content-Type: application/json"]
        if user:
            token = base64.b64encode(user.encode()).decode()
            self.headers.insert(0, f"Authorization: Basic {token}")
        if agent:
            self.headers.append(f"User-Agent: {agent}")

    def ask(self, body: Text, *extra: str, apart: bool = False) -> JsonRpc:
        """POST a body; ``apart``: in a segment of its own behind the head."""
        data = encode(body, "")
        lines = [f"POST {self.path} HTTP/1.1", *self.headers, *extra, f"Content-Length: {len(data)}"]
        head = "\r\n".join([*lines, "", ""]).encode()
        self.talk.up(head + data, cuts=[len(head)] if apart else [])
        return self

    def answer(self, body: Text, *extra: str, apart: bool = False, status: str = "200 OK") -> JsonRpc:
        """Answer with a body."""
        data = encode(body)
        lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", *extra]
        head = "\r\n".join([*lines, f"Content-Length: {len(data)}", "", ""]).encode()
        self.talk.down(head + data, cuts=[len(head)] if apart else [])
        return self

    def call(self, body: dict[str, object], result: object, **members: object) -> JsonRpc:
        """Ask and be given ``result``, in the manner of JSON-RPC 1.0."""
        reply = {"result": result, "error": None, "id": body.get("id"), **members}
        return self.ask(body).answer(reply)


class WebSocket:
    """A WebSocket (RFC 6455), with ``deflate`` deflated (RFC 7692) with context takeover."""

    def __init__(
        self, talk: Talk, *, host: str, path: str = "/", origin: str = "", deflate: bool = False
    ) -> None:
        self.talk = talk
        self.count = 0
        self.deflate = deflate
        self._compressors = {side: zlib.compressobj(6, zlib.DEFLATED, -15) for side in ("up", "down")}
        self.key = base64.b64encode(random_bytes(f"{host} {talk.ends}", 16)).decode()
        self._heads = self._opening(host, path, origin)

    def _opening(self, host: str, path: str, origin: str) -> tuple[bytes, bytes]:
        offer = ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"] * self.deflate
        ask = [
            "Connection: Upgrade",
            "Upgrade: websocket",
            *([f"Origin: {origin}"] if origin else []),
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {self.key}",
            *offer,
        ]
        asked = http_get(host, path)[:-2] + "\r\n".join([*ask, "", ""]).encode()
        digest = hashlib.sha1((self.key + _ACCEPT_SUFFIX).encode()).digest()
        answer = [
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}",
            *["Sec-WebSocket-Extensions: permessage-deflate"] * self.deflate,
        ]
        return asked, "\r\n".join([*answer, "", ""]).encode()

    def open(self) -> WebSocket:
        """The two HTTP heads."""
        asked, answered = self._heads
        self.talk.up(asked).down(answered)
        return self

    def up(self, *messages: Text, parts: int = 1, end: str = "", cuts: Iterable[int] = ()) -> WebSocket:
        """The client's messages, masked; each in ``parts`` frames."""
        data = b"".join(self._message("up", encode(message, end), parts) for message in messages)
        self.talk.up(data, cuts=cuts)
        return self

    def down(self, *messages: Text, parts: int = 1, end: str = "", cuts: Iterable[int] = ()) -> WebSocket:
        """The server's messages; each in ``parts`` frames."""
        data = b"".join(self._message("down", encode(message, end), parts) for message in messages)
        self.talk.down(data, cuts=cuts)
        return self

    def ping(self) -> WebSocket:
        """The server asks whether the client is there."""
        self.talk.down(self._frame("down", 0x80 | PING, b"")).up(self._frame("up", 0x80 | PONG, b""))
        return self

    def wait(self, seconds: float) -> WebSocket:
        """Let time pass."""
        self.talk.wait(seconds)
        return self

    def close(self) -> None:
        """Both close frames, and the connection's end."""
        self.talk.up(self._frame("up", 0x80 | _CLOSE, b"\x03\xe8"))
        self.talk.down(self._frame("down", 0x80 | _CLOSE, b"\x03\xe8")).close()

    def _message(self, side: str, data: bytes, parts: int) -> bytes:
        first = _TEXT
        if self.deflate:
            packer = self._compressors[side]
            data = (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
            first |= 0x40
        size = -(-len(data) // parts)
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        frames = b""
        for number, piece in enumerate(pieces):
            final = 0x80 if number == len(pieces) - 1 else 0
            frames += self._frame(side, final | (_CONTINUATION if number else first), piece)
            if parts > 1 and not number:  # control frames may stand between fragments
                frames += self._frame(side, 0x80 | PONG, b"")
        return frames

    def _frame(self, side: str, first: int, payload: bytes) -> bytes:
        masked = 0x80 if side == "up" else 0
        size = len(payload)
        head = struct.pack("!BB", first, masked | (size if size < 126 else 126))
        head += struct.pack("!H", size) if size >= 126 else b""
        if not masked:
            return head + payload
        self.count += 1
        mask = random_bytes(f"{self.key} mask {self.count}", 4)
        return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def text(value: str, width: int = 1) -> bytes:
    """A text of Stratum V2 (sv2-spec section 3.1), its length before it."""
    return blob(value.encode(), width)


def blob(data: bytes, width: int = 1) -> bytes:
    """Bytes of Stratum V2, their length before them."""
    return len(data).to_bytes(width, "little") + data


def u32(*values: int) -> bytes:
    """Numbers of four bytes."""
    return struct.pack(f"<{len(values)}I", *values)


def v2(type_: int, payload: bytes, *, channel: bool = False) -> bytes:
    """A frame of Stratum V2 (section 3.2)."""
    return struct.pack("<HB", 0x8000 if channel else 0, type_) + len(payload).to_bytes(3, "little") + payload


def v2_setup(protocol: int, pool: tuple[str, int], vendor: str, model: str, firmware: str = "") -> bytes:
    """SetupConnection (section 3.6.1)."""
    head = struct.pack("<BHHI", protocol, 2, 2, 0) + text(pool[0]) + struct.pack("<H", pool[1])
    return v2(0x00, head + text(vendor) + text(model) + text(firmware) + text(""))


#: SetupConnection.Success
V2_WELCOME = v2(0x01, struct.pack("<HI", 2, 0))


def v2_target(difficulty: int) -> bytes:
    """The target of a difficulty, 32 bytes with the lowest first."""
    return ((0xFFFF << 208) // difficulty).to_bytes(32, "little")


def sealed_size(payload: int) -> int:
    """Bytes of an encrypted record (section 4.6): header and payload, each with its code."""
    return 22 + payload + 16
