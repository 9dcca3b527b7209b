"""Ethernet frames with right lengths, sequence numbers and checksums, built fast.

The one's complement sum of 16-bit words is the number that the bytes form modulo 65535,
which Python computes in one step: so every IPv4, TCP and UDP checksum is right and a
frame still costs a few microseconds.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16

#: TCP payload of a full frame of 1514 bytes over IPv4; IPv6 leaves 20 bytes less.
MSS = 1448

_V4 = struct.Struct(">12sHHHHHBBH8s")
_V6 = struct.Struct(">12sHIHBB32s")
_TCP = struct.Struct(">HHIIHHHHHHII")
_UDP = struct.Struct(">HHHH")
#: SYN carries MSS, SACK permitted, timestamps and window scale: 20 bytes of options.
_SYN_OPTIONS = bytes.fromhex("020405b40402080a000000010000000001030307")
_SYN_HEAD = struct.Struct(">HHIIHHHH20s")


def word_sum(data: bytes) -> int:
    """A number congruent modulo 65535 to the sum of the 16-bit words of ``data``."""
    total = int.from_bytes(data, "big")
    return (total << 8 if len(data) & 1 else total) % 0xFFFF


class Way:
    """One direction of a flow: knows its addresses and ports, and makes frames."""

    __slots__ = ("addresses", "base", "dport", "ident", "macs", "sport", "ticks", "v6")

    def __init__(self, src: bytes, dst: bytes, sport: int, dport: int) -> None:
        self.v6 = len(src) == 16
        self.addresses = src + dst
        self.sport = sport
        self.dport = dport
        self.macs = b"\x02\x10" + dst[-4:] + b"\x02\x20" + src[-4:]
        self.base = word_sum(self.addresses)
        self.ident = (sport * 31 + dport) & 0xFFFF
        self.ticks = sport * 977

    def _network(self, protocol: int, size: int) -> bytes:
        if self.v6:
            return _V6.pack(self.macs, 0x86DD, 0x60000000, size, protocol, 58, self.addresses)
        self.ident = (self.ident + 1) & 0xFFFF
        total = size + 20
        check = -(0x4500 + total + self.ident + 0x4000 + (0x3D00 | protocol) + self.base) % 0xFFFF
        return _V4.pack(
            self.macs, 0x0800, 0x4500, total, self.ident, 0x4000, 0x3D, protocol, check, self.addresses
        )

    def tcp(self, flags: int, seq: int, ack: int, payload: bytes = b"") -> bytes:
        """A TCP segment with the timestamps option, or a SYN with the usual options."""
        if flags & SYN:
            return self._syn(flags, seq, ack)
        size = 32 + len(payload)
        self.ticks += 3
        echo = self.ticks - 2
        total = self.base + 6 + size + self.sport + self.dport + seq + ack + (0x8000 | flags) + 501
        total += 0x0101 + 0x080A + self.ticks + echo
        if payload:
            total += word_sum(payload)
        check = -total % 0xFFFF
        head = _TCP.pack(
            self.sport,
            self.dport,
            seq,
            ack,
            0x8000 | flags,
            501,
            check,
            0,
            0x0101,
            0x080A,
            self.ticks,
            echo,
        )
        return self._network(6, size) + head + payload

    def _syn(self, flags: int, seq: int, ack: int) -> bytes:
        head = [self.sport, self.dport, seq, ack, 0xA000 | flags, 64240]
        total = self.base + 6 + 40 + sum(head) + word_sum(_SYN_OPTIONS)
        return self._network(6, 40) + _SYN_HEAD.pack(*head, -total % 0xFFFF, 0, _SYN_OPTIONS)

    def udp(self, payload: bytes) -> bytes:
        """A UDP datagram."""
        size = 8 + len(payload)
        total = self.base + 17 + 2 * size + self.sport + self.dport + word_sum(payload)
        check = -total % 0xFFFF or 0xFFFF
        return self._network(17, size) + _UDP.pack(self.sport, self.dport, size, check) + payload


class Connection:
    """A TCP connection: keeps both sequence numbers and yields frames."""

    __slots__ = ("mss", "seq", "ways")

    def __init__(self, client: bytes, server: bytes, sport: int, dport: int, seed: int) -> None:
        self.ways = (Way(client, server, sport, dport), Way(server, client, dport, sport))
        self.seq = [seed & 0xFFFFFFFF, seed * 0x9E3779B1 & 0xFFFFFFFF]
        self.mss = MSS - 20 if len(client) == 16 else MSS

    def frame(self, side: int, flags: int, payload: bytes = b"") -> bytes:
        """One segment from ``side`` (0 client, 1 server), which moves its sequence number."""
        seq = self.seq[side]
        data = self.ways[side].tcp(flags, seq, self.seq[1 - side] if flags & ACK else 0, payload)
        self.seq[side] = (seq + len(payload) + (1 if flags & (SYN | FIN) else 0)) & 0xFFFFFFFF
        return data

    def open(self) -> Iterator[bytes]:
        """The three segments that begin it."""
        yield self.frame(0, SYN)
        yield self.frame(1, SYN | ACK)
        yield self.frame(0, ACK)

    def send(self, side: int, data: bytes, *, acks: int = 2) -> Iterator[bytes]:
        """``data`` in segments, the other side acknowledging each ``acks``-th and the last."""
        for number, start in enumerate(range(0, len(data), self.mss), start=1):
            piece = data[start : start + self.mss]
            last = start + self.mss >= len(data)
            yield self.frame(side, PSH | ACK if last else ACK, piece)
            if last or number % acks == 0:
                yield self.frame(1 - side, ACK)

    def close(self) -> Iterator[bytes]:
        """The end from both sides."""
        yield self.frame(0, FIN | ACK)
        yield self.frame(1, FIN | ACK)
        yield self.frame(0, ACK)


def packed(address: str) -> bytes:
    """An address as the wire has it."""
    return ipaddress.ip_address(address).packed
