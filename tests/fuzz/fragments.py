"""What is fuzzed of IP fragments: datagrams cut as the bytes say: lost, repeated, overlapping, unordered."""

from __future__ import annotations

import struct
from collections.abc import Hashable
from types import ModuleType

from netminedet.model import Batch
from netminedet.sieve import packets as compiled_packets
from netminedet.sieve.columns import OUTCOMES, Columns
from tests.frames import batch_of, ethernet, ipv4, ipv6, udp
from tests.fuzz import uncompiled

#: Fragments of one input.
_MOST = 60
_BODY = udp(4000, 3333, bytes(range(256)) * 8)


def _fragment(number: int, offset: int, length: int, flags: int) -> bytes:
    """One of 8 datagrams of IPv4 or IPv6; ``flags``: 1 more follow, 2 IPv6, 4 other bytes, 8 in 4-in-4."""
    start = offset * 8 % len(_BODY)
    data = _BODY[start : start + length * 8 + (flags >> 4)]
    if flags & 4:
        data = bytes(byte ^ 0x55 for byte in data)
    if flags & 2:
        head = struct.pack(">BBHI", 17, 0, start | flags & 1, number)
        return ethernet(0x86DD, ipv6("fd00::1", "fd00::2", 44, head + data))
    packet = ipv4("10.0.0.1", "10.0.0.2", 17, data, fragment=start // 8 | (flags & 1) << 13)
    packet = packet[:4] + struct.pack(">H", number) + packet[6:]
    return ethernet(0x0800, ipv4("192.0.2.1", "192.0.2.2", 4, packet) if flags & 8 else packet)


def _seen(module: ModuleType, batch: Batch) -> tuple[dict[str, int], list[tuple[int, bytes]]]:
    columns = Columns()
    decoder = module.Packets(columns, (1, 2))
    done = decoder.run(batch, 0, batch.count)
    found = []
    for i in range(batch.count):
        if columns.proto[i]:
            at, size = columns.payload_at[i], columns.payload_len[i]
            found.append((i, bytes(done.data[at : at + size])))
    return decoder.counters(), found


def fragments(data: bytes) -> Hashable:
    """Compiled or not the same datagrams come out, each packet is counted once, none is longer than sent."""
    cut = [data[at : at + 3] for at in range(0, min(len(data) - 2, 3 * _MOST), 3)]
    frames = [_fragment(one[0] & 7, one[1], one[2] & 31, one[0] >> 3 | (one[2] & 0xE0)) for one in cut]
    batch = batch_of(frames)
    for i, one in enumerate(cut):
        batch.time_ns[i] += (one[2] >> 5) * i * 2_000_000_000
    counters, found = _seen(compiled_packets, batch)
    assert sum(counters[name] for name in OUTCOMES) == len(frames)
    assert all(len(payload) <= len(_BODY) + 16 for _, payload in found)
    if len(cut) < 20:
        slow = uncompiled.module("netminedet.sieve.packets")
        assert _seen(slow, batch) == (counters, found)
    return len(found), tuple(sorted((name, value.bit_length()) for name, value in counters.items() if value))


def seeds() -> tuple[bytes, ...]:
    """Whole datagrams in order, backwards and with a repetition, of both versions and in a tunnel."""
    made = []
    for kind in (0, 2, 8):
        parts = [
            bytes([1 | (kind | (at + 31 < 256)) << 3, at, 31]) for at in range(0, (len(_BODY) + 7) // 8, 31)
        ]
        made += [b"".join(parts), b"".join(reversed(parts)), b"".join(parts[:2] + parts)]
    return tuple(made)
