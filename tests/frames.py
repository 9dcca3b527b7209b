"""Small frames and batches made by hand, for tests of the kernels."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path

from netminedet.model import Batch

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def ethernet(ethertype: int, payload: bytes) -> bytes:
    return bytes.fromhex("0200000000010200000000020000")[:12] + struct.pack(">H", ethertype) + payload


def ipv4(
    source: str, target: str, protocol: int, payload: bytes, *, fragment: int = 0, options: bytes = b""
) -> bytes:
    length = 20 + len(options)
    first = 0x40 | length // 4
    head = struct.pack(">BBHHHBBH", first, 0, length + len(payload), 1, fragment, 64, protocol, 0)
    return head + ip_address(source).packed + ip_address(target).packed + options + payload


def ipv6(source: str, target: str, protocol: int, payload: bytes) -> bytes:
    head = struct.pack(">IHBB", 0x60000000, len(payload), protocol, 64)
    return head + ip_address(source).packed + ip_address(target).packed + payload


def tcp(
    source: int, target: int, seq: int, payload: bytes = b"", flags: int = PSH | ACK, ack: int = 0
) -> bytes:
    numbers = seq & 0xFFFFFFFF, ack & 0xFFFFFFFF
    return struct.pack(">HHIIBBHHH", source, target, *numbers, 0x50, flags, 65535, 0, 0) + payload


def udp(source: int, target: int, payload: bytes) -> bytes:
    return struct.pack(">HHHH", source, target, 8 + len(payload), 0) + payload


def tcp_frame(
    source: tuple[str, int],
    target: tuple[str, int],
    seq: int,
    data: bytes = b"",
    flags: int = 24,
    ack: int = 0,
) -> bytes:
    segment = tcp(source[1], target[1], seq, data, flags, ack)
    if ip_address(source[0]).version == 4:
        return ethernet(0x0800, ipv4(source[0], target[0], 6, segment))
    return ethernet(0x86DD, ipv6(source[0], target[0], 6, segment))


def batch_of(frames: Iterable[bytes], linktype: int = 1, first_number: int = 1) -> Batch:
    """A batch of whole frames, one every millisecond."""
    kept = list(frames)
    batch = Batch(bytearray(b"".join(kept)) or bytearray(1), max(1, len(kept)))
    batch.count = len(kept)
    batch.first_number = first_number
    at = 0
    for i, frame in enumerate(kept):
        batch.offset[i] = at
        batch.caplen[i] = batch.wirelen[i] = len(frame)
        batch.time_ns[i] = 1_700_000_000_000_000_000 + i * 1_000_000
        batch.linktype[i] = linktype
        at += len(frame)
    return batch


def write_pcap(
    path: object, frames: Iterable[bytes], *, linktype: int = 1, times: Iterable[int] | None = None
) -> None:
    """A little-endian microsecond capture file; ``times`` in microseconds."""
    records = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, linktype)]
    kept = list(frames)
    moments = (
        list(times) if times is not None else [1_700_000_000_000_000 + i * 1000 for i in range(len(kept))]
    )
    for moment, frame in zip(moments, kept, strict=True):
        head = struct.pack("<IIII", moment // 1_000_000, moment % 1_000_000, len(frame), len(frame))
        records.append(head + frame)
    Path(str(path)).write_bytes(b"".join(records))
