"""Conversations written down as lines, played through the whole pipeline."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from netminedet.api import DEFAULT_HOME_NET, empty_report, parse_networks
from netminedet.limits import Limits
from netminedet.model import Batch
from netminedet.pipeline import Pipeline
from netminedet.signatures import SignatureSet, load_signatures
from netminedet.suspects import Suspect
from tests.frames import ACK, SYN, batch_of, tcp_frame

CLIENT, SERVER = ("10.40.0.9", 42000), ("203.0.113.40", 3333)

#: "C" or "S", and what that side says: bytes as they are, else as a JSON line
Said = tuple[str, Any]

_LOADED: list[SignatureSet] = []


def signatures() -> SignatureSet:
    """The shipped signatures, loaded once."""
    if not _LOADED:
        _LOADED.append(load_signatures())
    return _LOADED[0]


def written(message: Any, end: bytes = b"\n") -> bytes:
    """A message as a line; bytes and text stay as they are."""
    if isinstance(message, bytes):
        return message
    if isinstance(message, str):
        return message.encode() + end
    return json.dumps(message, separators=(",", ":")).encode() + end


def http_request(body: bytes, path: str = "/", *headers: str, verb: str = "POST") -> bytes:
    """A request with a body."""
    lines = [f"{verb} {path} HTTP/1.1", "Host: service.example", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def http_answer(body: bytes, *headers: str, kind: str = "application/json") -> bytes:
    """An answer with a body."""
    lines = ["HTTP/1.1 200 OK", f"Content-Type: {kind}", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def websocket_frame(body: bytes, *, client: bool) -> bytes:
    """A text frame (RFC 6455 section 5.2); a client's is masked."""
    size = len(body)
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
    if not client:
        return b"\x81" + length + body
    mask = b"\x37\xfa\x21\x3d"
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(body))
    return b"\x81" + bytes([length[0] | 0x80]) + length[1:] + mask + masked


UPGRADE = (
    (
        "C",
        b"GET /ws HTTP/1.1\r\nHost: chat.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    ),
    (
        "S",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    ),
)


def over_http(talk: Iterable[Said]) -> list[Said]:
    """Each message as the body of a request or an answer."""
    return [
        (who, http_request(written(said, b"")) if who == "C" else http_answer(written(said, b"")))
        for who, said in talk
    ]


def over_websocket(talk: Iterable[Said]) -> list[Said]:
    """Each message as a text frame, behind the opening."""
    return [
        *UPGRADE,
        *((who, websocket_frame(written(said, b""), client=who == "C")) for who, said in talk),
    ]


def frames_of(
    talk: Iterable[Said],
    *,
    opened: bool = True,
    client: tuple[str, int] = CLIENT,
    server: tuple[str, int] = SERVER,
) -> list[bytes]:
    """The frames of a connection: one for each thing said; without ``opened`` its beginning is missing."""
    seq = {"C": 1000, "S": 9000}
    found = []
    if opened:
        found += [tcp_frame(client, server, 999, flags=SYN), tcp_frame(server, client, 8999, flags=SYN | ACK)]
    for who, said in talk:
        source, target = (client, server) if who == "C" else (server, client)
        data = written(said)
        found.append(tcp_frame(source, target, seq[who], data))
        seq[who] += len(data)
    return found


def suspects(*talks: Iterable[Said], opened: bool = True) -> tuple[Suspect, ...]:
    """Who is suspected after these conversations, each on a connection of its own."""
    frames: list[bytes] = []
    for number, talk in enumerate(talks):
        frames += frames_of(talk, opened=opened, client=(CLIENT[0], CLIENT[1] + number))
    return suspects_of(frames)


def suspects_of(frames: Sequence[bytes], seconds_apart: float = 0.001) -> tuple[Suspect, ...]:
    """The same for any frames."""
    batch = batch_of(frames)
    for number in range(batch.count):
        batch.time_ns[number] = 1_772_438_400_000_000_000 + int(number * seconds_apart * 1e9)
    return pipeline_suspects(batch)


def pipeline_suspects(batch: Batch) -> tuple[Suspect, ...]:
    """The same for a batch of frames, each with its time."""
    pipeline = Pipeline(signatures(), "memory", Limits(flows=10_000))
    pipeline.feed(batch)
    pipeline.finish()
    report = empty_report(signatures(), parse_networks(DEFAULT_HOME_NET), ())
    return replace(report, findings=pipeline.findings).suspects
