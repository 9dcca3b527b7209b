"""Packets and conversations for the sample captures, the same bytes on each run.

A ``Tape`` collects packets and writes them as pcap or pcapng.  A ``Talk`` is one TCP
connection that is played onto a tape: the caller says who sends what, and the class
looks after sequence numbers, acknowledgements, segments and the passing of time.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

SECOND = 1_000_000_000
#: 2026-03-02 08:00:00 UTC, when every capture begins
START = 1_772_438_400 * SECOND

ETHERNET = 1

Cover = Callable[[Packet], Packet]
Text = str | bytes | dict[str, object] | list[object]


def digits(seed: str, count: int) -> str:
    """``count`` hexadecimal digits that depend on ``seed`` only."""
    text = ""
    block = 0
    while len(text) < count:
        text += hashlib.sha256(f"{seed}/{block}".encode()).hexdigest()
        block += 1
    return text[:count]


def mac(address: str) -> str:
    """A locally administered MAC address for an IP address."""
    tail = hashlib.sha256(address.encode()).hexdigest()[:10]
    return "02:" + ":".join(tail[i : i + 2] for i in range(0, 10, 2))


def ethernet(ip: Packet) -> Packet:
    """``ip`` in an Ethernet frame between the two hosts' MAC addresses."""
    return Ether(src=mac(ip.src), dst=mac(ip.dst)) / ip


def datagram(src: str, dst: str, *, ident: int = 0, ttl: int = 64) -> Packet:
    """An empty IPv4 or IPv6 header, by the form of the addresses."""
    if ":" in src:
        return IPv6(src=src, dst=dst, hlim=ttl, fl=0)
    return IP(src=src, dst=dst, id=ident & 0xFFFF, ttl=ttl, flags="DF")


def encode(text: Text, end: str = "\n") -> bytes:
    """One message as bytes: JSON objects compact and with a line end, all else as it is."""
    if isinstance(text, bytes):
        return text
    if isinstance(text, str):
        return text.encode()
    return (json.dumps(text, separators=(",", ":")) + end).encode()


class Tape:
    """The packets of one capture."""

    def __init__(self) -> None:
        #: (time in ns, interface number, bytes)
        self.rows: list[tuple[int, int, bytes]] = []

    def add(self, time_ns: int, packet: Packet, interface: int = 0) -> None:
        self.rows.append((time_ns, interface, bytes(packet)))

    def udp(
        self, at: float, src: str, sport: int, dst: str, dport: int, data: bytes, cover: Cover = ethernet
    ) -> None:
        """One UDP datagram, ``at`` seconds after the start of the capture."""
        ident = int(digits(f"udp {src} {sport} {at}", 4), 16)
        packet = datagram(src, dst, ident=ident) / UDP(sport=sport, dport=dport) / Raw(data)
        self.add(START + round(at * SECOND), cover(packet))

    def in_order(self) -> list[tuple[int, int, bytes]]:
        """The packets by time; those of one instant as they were added."""
        return sorted(self.rows, key=lambda row: row[0])

    def write_pcap(self, path: Path, linktype: int = ETHERNET) -> None:
        """Write a little-endian pcap file with microsecond times."""
        parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, linktype)]
        for time_ns, _, data in self.in_order():
            second, rest = divmod(time_ns, SECOND)
            parts += [struct.pack("<IIII", second, rest // 1000, len(data), len(data)), data]
        path.write_bytes(b"".join(parts))

    def write_pcapng(self, path: Path, interfaces: Sequence[tuple[int, int]] = ((ETHERNET, 6),)) -> None:
        """Write a pcapng file; ``interfaces`` are (link type, decimal places of a second)."""
        parts = [_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
        for linktype, places in interfaces:
            resolution = struct.pack("<HHB3xHH", 9, 1, places, 0, 0)
            parts.append(_block(1, struct.pack("<HHI", linktype, 0, 262144) + resolution))
        for time_ns, interface, data in self.in_order():
            ticks = time_ns // 10 ** (9 - interfaces[interface][1])
            head = struct.pack("<IIIII", interface, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
            parts.append(_block(6, head + data + bytes(-len(data) % 4)))
        path.write_bytes(b"".join(parts))


def _block(kind: int, body: bytes) -> bytes:
    length = len(body) + 12
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


class Talk:
    """One TCP connection.  "up" is from the client to the server, "down" the way back."""

    def __init__(
        self,
        tape: Tape,
        client: tuple[str, int],
        server: tuple[str, int],
        *,
        at: float = 0.0,
        rtt: float = 0.036,
        mss: int = 1448,
        cover: Cover = ethernet,
        interface: int = 0,
    ) -> None:
        self.tape = tape
        self.ends = {"up": client, "down": server}
        self.now = START + round(at * SECOND)
        self.rtt = round(rtt * SECOND)
        self.mss = mss
        self.cover = cover
        self.interface = interface
        seed = f"{client} {server}"
        self.seq = {side: int(digits(f"{seed} {side}", 8), 16) for side in ("up", "down")}
        self.ident = {side: int(digits(f"{seed} id {side}", 4), 16) for side in ("up", "down")}

    def segment(self, side: str, flags: str, data: bytes = b"", *, seq: int | None = None) -> None:
        """Put one TCP segment on the tape, without moving the sequence number."""
        other = "down" if side == "up" else "up"
        (src, sport), (dst, dport) = self.ends[side], self.ends[other]
        self.ident[side] += 1
        tcp = TCP(
            sport=sport,
            dport=dport,
            flags=flags,
            seq=(self.seq[side] if seq is None else seq) & 0xFFFFFFFF,
            ack=self.seq[other] & 0xFFFFFFFF if "A" in flags else 0,
            window=64240,
            options=[("MSS", 1460), ("SAckOK", b""), ("NOP", None), ("WScale", 7)] if "S" in flags else [],
        )
        packet = datagram(src, dst, ident=self.ident[side], ttl=64 if side == "up" else 51) / tcp
        self.tape.add(self.now, self.cover(packet / Raw(data) if data else packet), self.interface)

    def open(self) -> Talk:
        """The three segments that begin a connection."""
        self.segment("up", "S")
        self.seq["up"] += 1
        self.now += self.rtt // 2
        self.segment("down", "SA")
        self.seq["down"] += 1
        self.now += self.rtt // 2
        self.segment("up", "A")
        return self

    def up(self, *texts: Text, end: str = "\n", cuts: Iterable[int] = ()) -> Talk:
        """The client sends ``texts`` in one go, cut where the segments shall end."""
        return self._say("up", b"".join(encode(text, end) for text in texts), cuts)

    def down(self, *texts: Text, end: str = "\n", cuts: Iterable[int] = ()) -> Talk:
        """The server sends ``texts`` in one go, cut where the segments shall end."""
        return self._say("down", b"".join(encode(text, end) for text in texts), cuts)

    def pieces(self, data: bytes, cuts: Iterable[int]) -> list[bytes]:
        """``data`` cut at the offsets ``cuts`` and wherever a segment would grow too long."""
        edges = [0, *sorted(cuts), len(data)]
        parts = [data[a:b] for a, b in pairwise(edges)]
        return [part[i : i + self.mss] for part in parts for i in range(0, len(part), self.mss)]

    def _say(self, side: str, data: bytes, cuts: Iterable[int]) -> Talk:
        self.now += 300_000
        for piece in self.pieces(data, cuts):
            self.segment(side, "PA", piece)
            self.seq[side] += len(piece)
            self.now += 12_000
        return self._acknowledge(side)

    def _acknowledge(self, side: str) -> Talk:
        self.now += self.rtt // 2
        self.segment("down" if side == "up" else "up", "A")
        return self

    def swapped(self, side: str, data: bytes, cut: int) -> Talk:
        """Send ``data`` as two segments that arrive in the wrong order."""
        self.now += 300_000
        start = self.seq[side]
        self.segment(side, "PA", data[cut:], seq=start + cut)
        self.now += 900_000
        self.segment(side, "PA", data[:cut])
        self.seq[side] += len(data)
        return self._acknowledge(side)

    def again(self, side: str, data: bytes) -> Talk:
        """Repeat ``data``, the last bytes sent by ``side``, as a retransmission."""
        self.now += 200_000_000
        self.segment(side, "PA", data, seq=self.seq[side] - len(data))
        return self._acknowledge(side)

    def wait(self, seconds: float) -> Talk:
        """Let time pass."""
        self.now += round(seconds * SECOND)
        return self

    def keepalive(self) -> Talk:
        """A TCP keep-alive probe of the client and its answer."""
        self.segment("up", "A", seq=self.seq["up"] - 1)
        self.now += self.rtt
        self.segment("down", "A")
        return self

    def close(self) -> Talk:
        """End the connection from both sides."""
        self.now += 500_000
        for side in ("up", "down"):
            self.segment(side, "FA")
            self.seq[side] += 1
            self.now += self.rtt // 2
        self.segment("up", "A")
        return self
