"""Capture files made byte by byte, and a plain list of what a source read from one."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from netminedet.capture import open_source, pcap, pcapng, records, resync
from netminedet.errors import NetminedetError
from netminedet.model import Batch, InputInfo
from tests.uncompiled import uncompiled

MICRO = 0xA1B2C3D4
NANO = 0xA1B23C4D
MODIFIED = 0xA1B2CD34

#: real captures of other projects, beside the checkout where there are any
CAPTURES = Path(__file__).resolve().parents[2].parent / "shared" / "captures"


class Packet(NamedTuple):
    """One packet as it was read."""

    time_ns: int
    data: bytes
    wirelen: int
    linktype: int


def order(big: bool) -> str:
    return ">" if big else "<"


def pcap_header(big: bool = False, magic: int = MICRO, linktype: int = 1, snaplen: int = 65535) -> bytes:
    return struct.pack(order(big) + "IHHiIII", magic, 2, 4, 0, 0, snaplen, linktype)


def pcap_record(seconds: int, fraction: int, data: bytes, wirelen: int, big: bool = False) -> bytes:
    return struct.pack(order(big) + "IIII", seconds, fraction, len(data), wirelen) + data


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def block(kind: int, body: bytes, big: bool = False) -> bytes:
    length = struct.pack(order(big) + "I", 12 + len(body))
    return struct.pack(order(big) + "I", kind) + length + body + length


def option(code: int, value: bytes, big: bool = False) -> bytes:
    return struct.pack(order(big) + "HH", code, len(value)) + padded(value)


def section(big: bool = False, length: int = -1) -> bytes:
    return block(0x0A0D0D0A, struct.pack(order(big) + "IHHq", 0x1A2B3C4D, 1, 0, length), big)


def interface(
    linktype: int = 1,
    snaplen: int = 0,
    resolution: int | None = None,
    offset_s: int | None = None,
    big: bool = False,
) -> bytes:
    body = struct.pack(order(big) + "HHI", linktype, 0, snaplen)
    if resolution is not None:
        body += option(9, bytes([resolution]), big)
    if offset_s is not None:
        body += option(14, struct.pack(order(big) + "q", offset_s), big)
    return block(1, body + option(0, b"", big), big)


def enhanced(
    ticks: int, data: bytes, wirelen: int | None = None, number: int = 0, big: bool = False
) -> bytes:
    wirelen = len(data) if wirelen is None else wirelen
    head = struct.pack(order(big) + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(data), wirelen)
    return block(6, head + padded(data), big)


def obsolete(ticks: int, data: bytes, number: int = 0, drops: int = 0, big: bool = False) -> bytes:
    head = struct.pack(
        order(big) + "HHIIII", number, drops, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data)
    )
    return block(2, head + padded(data), big)


def simple(data: bytes, wirelen: int | None = None, big: bool = False) -> bytes:
    wirelen = len(data) if wirelen is None else wirelen
    return block(3, struct.pack(order(big) + "I", wirelen) + padded(data), big)


def packets_of(batch: Batch) -> list[Packet]:
    return [
        Packet(batch.time_ns[i], batch.packet(i), batch.wirelen[i], batch.linktype[i])
        for i in range(batch.count)
    ]


def read(path: Path | str, **options: bool) -> tuple[list[Packet], InputInfo]:
    """All packets of a file, and what its source says of it."""
    packets: list[Packet] = []
    with open_source(path, **options) as source:
        for batch in source.batches():
            assert batch.first_number == len(packets) + 1
            packets += packets_of(batch)
            assert source.info.packets == len(packets)
    assert source.info.bytes == sum(len(packet.data) for packet in packets)
    return packets, source.info


def read_or_refusal(path: Path) -> tuple[list[Packet], InputInfo] | str:
    """What ``read`` gives, or the one line that says why the file cannot be opened."""
    try:
        return read(path)
    except NetminedetError as error:
        refusal = str(error)
    assert "\n" not in refusal
    return refusal


def written(folder: Path, parts: Sequence[bytes] | bytes, name: str = "a.pcap") -> Path:
    path = folder / name
    path.write_bytes(parts if isinstance(parts, bytes) else b"".join(parts))
    return path


@contextmanager
def without_compiler() -> Iterator[None]:
    """Sources opened inside walk and search with the uncompiled kernels."""
    walks, searches = uncompiled(records), uncompiled(resync)
    with (
        mock.patch.object(pcap, "PcapWalk", walks.PcapWalk),
        mock.patch.object(pcapng, "PcapngWalk", walks.PcapngWalk),
        mock.patch.object(pcap, "PcapSearch", searches.PcapSearch),
        mock.patch.object(pcapng, "PcapngSearch", searches.PcapngSearch),
    ):
        yield
