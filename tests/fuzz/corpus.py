"""What fuzzing begins with: made from the sample captures and the signature files, kept nowhere."""

from __future__ import annotations

import gzip
import lzma
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml
import zstandard

from netminedet.capture import open_source
from netminedet.sieve.columns import CHUNK, Columns
from netminedet.sieve.packets import Packets

ROOT = Path(__file__).resolve().parents[2]

#: Most packets of one sample that are used, so that one input takes milliseconds.
PACKETS = 60


class Frame(NamedTuple):
    """One packet of a sample: what was captured of it, and its TCP or UDP payload."""

    linktype: int
    data: bytes
    payload: bytes
    side: int
    ports: int
    flow: tuple[int, int]


def samples() -> list[Path]:
    return sorted(path for path in (ROOT / "pcaps").iterdir() if ".pcap" in path.suffix)


@cache
def frames(path: Path) -> list[Frame]:
    """The first packets of a sample."""
    found: list[Frame] = []
    columns = Columns()
    decoder = Packets(columns, (1, 2))
    with open_source(path) as source:
        for batch in source.batches():
            high = min(batch.count, CHUNK)
            batch = decoder.run(batch, 0, high)
            for i in range(high):
                at, size = columns.payload_at[i], columns.payload_len[i]
                payload = bytes(batch.data[at : at + size])
                flow = (columns.key0[i], columns.key1[i])
                found.append(
                    Frame(
                        batch.linktype[i], batch.packet(i), payload, columns.side[i], columns.ports[i], flow
                    )
                )
            return found
    return found


@cache
def captures() -> tuple[bytes, ...]:
    """The samples, cut to their first bytes where they are long."""
    return tuple(path.read_bytes()[: 1 << 14] for path in samples())


@cache
def packed() -> tuple[bytes, ...]:
    """Small captures in every compression, and in two members."""
    small = [content[:3000] for content in captures()[:6]]
    packers = (gzip.compress, lzma.compress, zstandard.ZstdCompressor().compress)
    return tuple(pack(content) for pack in packers for content in small) + tuple(
        pack(small[0][:1000]) + pack(small[0][1000:]) for pack in packers
    )


@cache
def streams() -> tuple[bytes, ...]:
    """What one side of a connection of the samples says."""
    said: dict[tuple[Path, tuple[int, int], int], bytearray] = {}
    for path in samples():
        for frame in frames(path):
            if frame.payload:
                said.setdefault((path, frame.flow, frame.side), bytearray()).extend(frame.payload)
    return tuple(sorted({bytes(stream[:6000]) for stream in said.values()}))


@cache
def dialogues() -> tuple[bytes, ...]:
    """Connections of the samples as ``targets.conversation`` takes them: side, length, bytes."""
    said: dict[tuple[Path, tuple[int, int]], bytearray] = {}
    for path in samples():
        for frame in frames(path):
            if frame.payload:
                piece = frame.payload[:0x7FFF]
                head = (frame.side << 15 | len(piece)).to_bytes(2, "big")
                said.setdefault((path, frame.flow), bytearray()).extend(head + piece)
    return tuple(sorted({bytes(dialogue[:8000]) for dialogue in said.values()}))


@cache
def datagrams() -> tuple[bytes, ...]:
    """DNS messages of the samples."""
    found = {
        frame.payload
        for path in samples()
        for frame in frames(path)
        if frame.payload and 53 in (frame.ports >> 16, frame.ports & 0xFFFF)
    }
    return tuple(sorted(found))


@cache
def packets() -> tuple[bytes, ...]:
    """Packets of the samples, two bytes of link type before each, one of each size and kind."""
    kinds = {}
    for path in samples():
        for frame in frames(path):
            kinds.setdefault((frame.linktype, len(frame.data) // 8), frame)
    return tuple(frame.linktype.to_bytes(2, "big") + frame.data[:600] for frame in kinds.values())


@cache
def signature_files() -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted((ROOT / "signatures").rglob("*.yaml")))


@cache
def examples() -> tuple[bytes, ...]:
    """The lines that signature files give as examples and look-alikes."""
    texts: set[bytes] = set()
    waiting: list[object] = [yaml.safe_load(content) for content in signature_files()]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, str) and node.lstrip()[:1] in ("{", "["):
            texts.add(node.encode() + b"\n")
    return tuple(sorted(texts))


@cache
def tables() -> tuple[bytes, ...]:
    """The beginnings of the CSV files, a byte before each that says which one it is."""
    names = ("pools.csv", "agents.csv", "power.csv")
    return tuple(
        bytes([number]) + b"".join((ROOT / "signatures" / name).read_bytes().splitlines(True)[:40])
        for number, name in enumerate(names)
    )
