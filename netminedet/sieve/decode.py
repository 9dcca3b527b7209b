# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: the flow key and the bounds of the payload of plain packets.

Plain is Ethernet, perhaps with a VLAN tag, then IPv4 or IPv6, then TCP or UDP: that is
nearly all there is, and is read in one straight run.  Everything else (other link layers, tunnels,
extension headers, fragments) is put on the list of odd packets; ``layers`` finds the
innermost IP header of each, and ``finish`` does the rest here.

Every header length is checked against what was captured and what the outer header
says; a packet that does not hold what it claims is counted under one of ``OUTCOMES``
and left alone.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from netminedet.model import Batch
from netminedet.sieve import columns as layout
from netminedet.sieve.columns import OUTCOMES, Columns, Odd

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython

DECODED = cython.declare(cython.int, layout.DECODED)
OTHER_TRANSPORT = cython.declare(cython.int, layout.OTHER_TRANSPORT)
TRUNCATED = cython.declare(cython.int, layout.TRUNCATED)
MALFORMED = cython.declare(cython.int, layout.MALFORMED)
FRAGMENT = cython.declare(cython.int, layout.FRAGMENT)
START = cython.declare(cython.int, layout.START)
PIECE = cython.declare(cython.int, layout.PIECE)

MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
MIX_A = cython.declare(cython.ulonglong, 0x9FB21C651E98DF25)
MIX_B = cython.declare(cython.ulonglong, 0xD6E8FEB86659FD93)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-1, check=False)
def _be16(data: cython.uchar[::1], at: cython.Py_ssize_t) -> cython.int:
    return (data[at] << 8) | data[at + 1]


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-1, check=False)
def _be32(data: cython.uchar[::1], at: cython.Py_ssize_t) -> cython.longlong:
    """Four bytes with one check: only then does the compiler make one load of them."""
    if cython.compiled:
        if at < 0 or at + 4 > data.shape[0]:
            return data[at + 3]  # raises IndexError, as any access out of bounds does
        first: cython.p_uchar = cython.address(data[at])
        return (
            (cython.cast(cython.longlong, first[0]) << 24)
            | (cython.cast(cython.longlong, first[1]) << 16)
            | (cython.cast(cython.longlong, first[2]) << 8)
            | first[3]
        )
    else:  # noqa: RET505 - the compiler drops one of the two branches
        return (data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3]


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def _be64(data: cython.uchar[::1], at: cython.Py_ssize_t) -> cython.ulonglong:
    high: cython.ulonglong = _be32(data, at)
    low: cython.ulonglong = _be32(data, at + 4)
    return (high << 32) | low


@cython.cclass
class Decoder:
    """Fills the columns of a chunk.

    ``seed``: two secret 64-bit words for IPv6 flow keys.  ``tunnel_ports``: UDP ports of
    tunnels; a packet from or to one of them is odd.
    """

    proto: cython.uint[::1]
    key0: cython.ulonglong[::1]
    key1: cython.ulonglong[::1]
    side: cython.uint[::1]
    ip_at: cython.uint[::1]
    payload_at: cython.uint[::1]
    payload_len: cython.uint[::1]
    segment_len: cython.uint[::1]
    ports: cython.uint[::1]
    seq: cython.uint[::1]
    tcp_flags: cython.uint[::1]
    counts: cython.ulonglong[::1]
    odd_counts: cython.ulonglong[::1]
    odd_column: cython.uint[::1]
    odd_state: cython.uint[::1]
    tunnels: cython.uint[::1]
    data: cython.uchar[::1]
    seed0: cython.ulonglong
    seed1: cython.ulonglong
    # the bounds of the packet, or of what is left of it
    at: cython.Py_ssize_t
    end: cython.Py_ssize_t

    def __init__(
        self, columns: Columns, odd: Odd, seed: tuple[int, int], tunnel_ports: Iterable[int]
    ) -> None:
        self.proto = columns.proto
        self.key0 = columns.key0
        self.key1 = columns.key1
        self.side = columns.side
        self.ip_at = columns.ip_at
        self.payload_at = columns.payload_at
        self.payload_len = columns.payload_len
        self.segment_len = columns.segment_len
        self.ports = columns.ports
        self.seq = columns.seq
        self.tcp_flags = columns.tcp_flags
        self.counts = array("Q", bytes(8 * layout.STATES))
        self.odd_counts = array("Q", bytes(8 * layout.STATES))
        self.odd_column = odd.column
        self.odd_state = odd.state
        bits = array("I", bytes(4 * 2048))
        for port in tunnel_ports:
            bits[port >> 5] |= 1 << (port & 31)
        self.tunnels = bits
        self.data = bytearray(1)
        self.seed0, self.seed1 = seed

    def counters(self) -> dict[str, int]:
        """Packets by outcome."""
        return {name: self.counts[i] + self.odd_counts[i] for i, name in enumerate(OUTCOMES)}

    def odd_counters(self) -> dict[str, int]:
        """The same of odd packets alone."""
        return {name: self.odd_counts[i] for i, name in enumerate(OUTCOMES)}

    def run(self, batch: Batch, low: cython.Py_ssize_t, high: cython.Py_ssize_t) -> int:
        """Decode packets ``low`` to ``high`` of the batch into columns 0 to ``high - low``; how many are odd.

        Of these only the column's number is noted, for ``layers`` and then ``finish``.
        """
        offset: cython.uint[::1] = batch.offset
        caplen: cython.uint[::1] = batch.caplen
        linktype: cython.uint[::1] = batch.linktype
        i: cython.Py_ssize_t
        column: cython.Py_ssize_t
        odd: cython.Py_ssize_t = 0
        outcome: cython.int
        self.data = batch.data
        with cython.nogil:
            for i in range(low, high):
                column = i - low
                self.proto[column] = 0
                outcome = START
                if linktype[i] == 1:
                    self.at = offset[i]
                    self.end = self.at + caplen[i]
                    outcome = self._ethernet(column)
                if outcome == START:
                    self.odd_column[odd] = column
                    self.odd_state[odd] = START
                    odd += 1
                else:
                    self.counts[outcome] += 1
        return odd

    def finish(self, odd: Odd) -> None:
        """Decode the odd packets whose innermost IP header was found; count all of them."""
        ip_at: cython.uint[::1] = odd.ip_at
        body_at: cython.uint[::1] = odd.body_at
        protocols: cython.uint[::1] = odd.protocol
        ends: cython.uint[::1] = odd.end
        wire_ends: cython.uint[::1] = odd.wire_end
        count: cython.Py_ssize_t = odd.count
        k: cython.Py_ssize_t
        outcome: cython.int
        with cython.nogil:
            for k in range(count):
                outcome = self.odd_state[k]
                if outcome == DECODED:
                    self.at = body_at[k]
                    self.end = ends[k]
                    outcome = self._body(self.odd_column[k], ip_at[k], protocols[k], wire_ends[k])
                elif outcome == PIECE:  # in a datagram in a datagram...: too deep
                    outcome = FRAGMENT
                self.odd_counts[outcome] += 1

    def use(self, batch: Batch) -> None:
        """Take what ``finish`` reads from the data of this batch."""
        self.data = batch.data

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _ethernet(self, column: cython.Py_ssize_t) -> cython.int:
        ethertype: cython.int
        if self.end - self.at < 14:
            return TRUNCATED
        ethertype = _be16(self.data, self.at + 12)
        self.at += 14
        if ethertype == 0x8100 and self.end - self.at >= 4:  # the one tag that most of a link may have
            ethertype = _be16(self.data, self.at + 2)
            self.at += 4
        if ethertype == 0x0800:
            return self._ipv4(column)
        if ethertype == 0x86DD:
            return self._ipv6(column)
        return START

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _ipv4(self, column: cython.Py_ssize_t) -> cython.int:
        """RFC 791.  A total length of 0 stands for segmentation offload: take what was captured."""
        at: cython.Py_ssize_t = self.at
        header: cython.Py_ssize_t
        total: cython.Py_ssize_t
        wire_end: cython.Py_ssize_t
        protocol: cython.int
        outcome: cython.int
        if self.end - at < 20:
            return TRUNCATED
        header = (self.data[at] & 0x0F) * 4
        if self.data[at] >> 4 != 4 or header < 20:
            return MALFORMED
        total = _be16(self.data, at + 2)
        wire_end = at + total if total else self.end
        if wire_end - at < header:
            return MALFORMED
        protocol = self.data[at + 9]
        if _be16(self.data, at + 6) & 0x3FFF or (protocol != 6 and protocol != 17):
            return START
        self.at = at + header
        outcome = self._transport(column, protocol, wire_end)
        if outcome != DECODED:
            return outcome
        if protocol == 17 and self._is_tunnel(column):
            return START
        self.ip_at[column] = at
        self._key_ipv4(column, _be32(self.data, at + 12), _be32(self.data, at + 16), protocol)
        self.proto[column] = protocol
        return DECODED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _ipv6(self, column: cython.Py_ssize_t) -> cython.int:
        """RFC 8200 without extension headers.  A payload length of 0: take what was captured."""
        start: cython.Py_ssize_t = self.at
        wire_end: cython.Py_ssize_t
        protocol: cython.int
        outcome: cython.int
        if self.end - start < 40:
            return TRUNCATED
        if self.data[start] >> 4 != 6:
            return MALFORMED
        protocol = self.data[start + 6]
        if protocol != 6 and protocol != 17:
            return START
        self.at = start + 40
        wire_end = self.at + _be16(self.data, start + 4)
        if wire_end == self.at:
            wire_end = self.end
        outcome = self._transport(column, protocol, wire_end)
        if outcome != DECODED:
            return outcome
        if protocol == 17 and self._is_tunnel(column):
            return START
        self.ip_at[column] = start
        self._key_ipv6(column, start, protocol)
        self.proto[column] = protocol
        return DECODED

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _is_tunnel(self, column: cython.Py_ssize_t) -> cython.int:
        """Whether one of the ports is a tunnel's."""
        ports: cython.uint = self.ports[column]
        near: cython.uint = self.tunnels[ports >> 21] >> ((ports >> 16) & 31)
        far: cython.uint = self.tunnels[(ports & 0xFFFF) >> 5] >> (ports & 31)
        return (near | far) & 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _body(
        self,
        column: cython.Py_ssize_t,
        ip_at: cython.Py_ssize_t,
        protocol: cython.int,
        wire_end: cython.Py_ssize_t,
    ) -> cython.int:
        """TCP or UDP of an odd packet, at ``self.at``."""
        outcome: cython.int = self._transport(column, protocol, wire_end)
        if outcome != DECODED:
            return outcome
        self.ip_at[column] = ip_at
        if self.data[ip_at] >> 4 == 4:
            self._key_ipv4(column, _be32(self.data, ip_at + 12), _be32(self.data, ip_at + 16), protocol)
        else:
            self._key_ipv6(column, ip_at, protocol)
        self.proto[column] = protocol
        return DECODED

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _key_ipv4(
        self,
        column: cython.Py_ssize_t,
        source: cython.ulonglong,
        target: cython.ulonglong,
        protocol: cython.ulonglong,
    ) -> cython.int:
        """Exact: both addresses, both ports, protocol and version fit in two words."""
        ports: cython.ulonglong = self.ports[column]
        source_port: cython.ulonglong = ports >> 16
        target_port: cython.ulonglong = ports & 0xFFFF
        if source < target or (source == target and source_port <= target_port):
            self.side[column] = 0
            self.key0[column] = (source << 32) | target
            self.key1[column] = (source_port << 48) | (target_port << 32) | (protocol << 8) | 4
        else:
            self.side[column] = 1
            self.key0[column] = (target << 32) | source
            self.key1[column] = (target_port << 48) | (source_port << 32) | (protocol << 8) | 4
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _key_ipv6(
        self, column: cython.Py_ssize_t, at: cython.Py_ssize_t, protocol: cython.ulonglong
    ) -> cython.int:
        """112 bits of a keyed mix of both ends: nobody without the seed can make two flows collide."""
        ports: cython.ulonglong = self.ports[column]
        word: cython.ulonglong
        first: cython.ulonglong = self.seed0
        second: cython.ulonglong = self.seed1
        i: cython.Py_ssize_t
        side: cython.int = 0
        near_high: cython.ulonglong = _be64(self.data, at + 8)
        near_low: cython.ulonglong = _be64(self.data, at + 16)
        far_high: cython.ulonglong = _be64(self.data, at + 24)
        far_low: cython.ulonglong = _be64(self.data, at + 32)
        if near_high != far_high:
            side = near_high > far_high
        elif near_low != far_low:
            side = near_low > far_low
        else:
            side = (ports >> 16) > (ports & 0xFFFF)
        if side:
            near_high, near_low, far_high, far_low = far_high, far_low, near_high, near_low
            ports = ((ports & 0xFFFF) << 16) | (ports >> 16)
        for i in range(5):
            if i < 2:
                word = near_low if i else near_high
            elif i < 4:
                word = far_high if i == 2 else far_low
            else:
                word = (ports << 8) | protocol
            first = ((first ^ word) * MIX_A) & MASK
            first ^= first >> 32
            second = ((second + word) * MIX_B) & MASK
            second ^= second >> 29
            second = (second + first) & MASK
        self.side[column] = side
        self.key0[column] = first
        self.key1[column] = (second & ~cython.cast(cython.ulonglong, 0xFFFF)) & MASK | (protocol << 8) | 6
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _transport(
        self, column: cython.Py_ssize_t, protocol: cython.int, wire_end: cython.Py_ssize_t
    ) -> cython.int:
        """TCP (RFC 9293) or UDP (RFC 768) at ``self.at``; leaves both ports in ``ports``.

        ``wire_end`` is where the IP packet ends by its own header: link-layer padding
        lies behind it, and the capture may have been cut before it.
        """
        at: cython.Py_ssize_t = self.at
        end: cython.Py_ssize_t = wire_end if wire_end < self.end else self.end
        payload: cython.Py_ssize_t
        if protocol == 6:
            if end - at < 20:
                return MALFORMED if wire_end - at < 20 else TRUNCATED
            payload = at + (self.data[at + 12] >> 4) * 4
            if payload - at < 20 or payload > wire_end:
                return MALFORMED
            self.seq[column] = _be32(self.data, at + 4)
            self.tcp_flags[column] = self.data[at + 13]
        elif protocol == 17:
            if end - at < 8:
                return MALFORMED if wire_end - at < 8 else TRUNCATED
            payload = at + _be16(self.data, at + 4)
            if payload != at:  # a length of 0 stands for a jumbogram: take what there is
                if payload - at < 8:
                    return MALFORMED
                if payload < wire_end:
                    wire_end = payload
                    end = wire_end if wire_end < self.end else self.end
            payload = at + 8
        else:
            return OTHER_TRANSPORT
        self.ports[column] = _be32(self.data, at)
        self.payload_at[column] = payload
        self.payload_len[column] = end - payload if end > payload else 0
        self.segment_len[column] = wire_end - payload
        return DECODED
