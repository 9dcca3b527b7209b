# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: from a captured frame to the bounds of its TCP or UDP payload.

Every header length is checked against what was captured and what the outer header
says; a packet that does not hold what it claims is counted under one of ``REASONS``
and left alone.  Encapsulations are unwrapped by ``_link`` down to an EtherType; more
tunnels belong there (outer) or in ``_transport`` (carried over IP).
"""

from __future__ import annotations

from array import array

from netminedet.model import Batch
from netminedet.sieve.columns import Columns

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython

#: Why a packet was not decoded to TCP or UDP, by counter index.  "non_ip" and
#: "other_transport" are ordinary traffic of no interest here (ARP, ICMP...).
REASONS = (
    "decoded",
    "non_ip",
    "other_transport",
    "ip_fragments",
    "truncated",
    "malformed",
    "unknown_link_type",
    "too_many_layers",
)
DECODED = cython.declare(cython.int, 0)
NON_IP = cython.declare(cython.int, 1)
OTHER_TRANSPORT = cython.declare(cython.int, 2)
FRAGMENT = cython.declare(cython.int, 3)
TRUNCATED = cython.declare(cython.int, 4)
MALFORMED = cython.declare(cython.int, 5)
UNKNOWN_LINK = cython.declare(cython.int, 6)
TOO_DEEP = cython.declare(cython.int, 7)

#: VLAN tags, MPLS labels and IPv6 extension headers unwrapped in one packet.
MAX_LAYERS = cython.declare(cython.int, 16)

MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
MIX_A = cython.declare(cython.ulonglong, 0x9FB21C651E98DF25)
MIX_B = cython.declare(cython.ulonglong, 0xD6E8FEB86659FD93)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-1, check=False)
def _be16(data: cython.uchar[:], at: cython.Py_ssize_t) -> cython.int:
    return (data[at] << 8) | data[at + 1]


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-1, check=False)
def _be32(data: cython.uchar[:], at: cython.Py_ssize_t) -> cython.longlong:
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


@cython.cclass
class Decoder:
    """Fills the columns of a chunk.  ``seed``: two secret 64-bit words for IPv6 flow keys."""

    proto: cython.uint[:]
    key0: cython.ulonglong[:]
    key1: cython.ulonglong[:]
    side: cython.uint[:]
    ip_at: cython.uint[:]
    payload_at: cython.uint[:]
    payload_len: cython.uint[:]
    segment_len: cython.uint[:]
    ports: cython.uint[:]
    seq: cython.uint[:]
    tcp_flags: cython.uint[:]
    vlan: cython.uint[:]
    counts: cython.ulonglong[:]
    data: cython.uchar[:]
    seed0: cython.ulonglong
    seed1: cython.ulonglong
    # where the walk through one packet stands
    at: cython.Py_ssize_t
    end: cython.Py_ssize_t
    ethertype: cython.int
    tags: cython.uint

    def __init__(self, columns: Columns, seed: tuple[int, int]) -> None:
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
        self.vlan = columns.vlan
        self.counts = array("Q", bytes(8 * len(REASONS)))
        self.data = bytearray(1)
        self.seed0, self.seed1 = seed

    def counters(self) -> dict[str, int]:
        """Packets by outcome."""
        return {name: self.counts[i] for i, name in enumerate(REASONS)}

    def run(self, batch: Batch, low: cython.Py_ssize_t, high: cython.Py_ssize_t) -> None:
        """Decode packets ``low`` to ``high`` of the batch into columns 0 to ``high - low``."""
        offset: cython.uint[:] = batch.offset
        caplen: cython.uint[:] = batch.caplen
        linktype: cython.uint[:] = batch.linktype
        i: cython.Py_ssize_t
        column: cython.Py_ssize_t
        outcome: cython.int
        self.data = batch.data
        with cython.nogil:
            for i in range(low, high):
                self.at = offset[i]
                self.end = self.at + caplen[i]
                self.tags = 0
                column = i - low
                self.proto[column] = 0
                outcome = self._packet(column, linktype[i])
                self.counts[outcome] += 1

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _packet(self, column: cython.Py_ssize_t, linktype: cython.uint) -> cython.int:
        outcome: cython.int = 0
        if linktype == 1:
            if self.end - self.at < 14:
                return TRUNCATED
            self.ethertype = _be16(self.data, self.at + 12)
            self.at += 14
        else:
            outcome = self._link(linktype)
        if outcome == DECODED and self.ethertype != 0x0800 and self.ethertype != 0x86DD:
            outcome = self._unwrap()
        if outcome != DECODED:
            return outcome
        self.vlan[column] = self.tags
        self.ip_at[column] = self.at
        if self.ethertype == 0x0800:
            return self._ipv4(column)
        return self._ipv6(column)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _link(self, linktype: cython.uint) -> cython.int:
        """Step over a link layer other than Ethernet; linktype numbers as tcpdump.org lists them."""
        left: cython.Py_ssize_t = self.end - self.at
        if linktype == 113:  # Linux cooked v1
            if left < 16:
                return TRUNCATED
            self.ethertype = _be16(self.data, self.at + 14)
            self.at += 16
        elif linktype == 276:  # Linux cooked v2
            if left < 20:
                return TRUNCATED
            self.ethertype = _be16(self.data, self.at)
            self.at += 20
        elif linktype == 0 or linktype == 108:  # BSD null, loop: address family, then IP
            if left < 4:
                return TRUNCATED
            self.at += 4
            return self._by_ip_version()
        elif linktype == 101 or linktype == 12 or linktype == 14 or linktype == 228 or linktype == 229:
            return self._by_ip_version()
        elif linktype == 9 or linktype == 50:  # PPP, with or without HDLC address and control
            if left >= 2 and self.data[self.at] == 0xFF and self.data[self.at + 1] == 0x03:
                self.at += 2
            return self._ppp()
        elif linktype == 51:  # PPPoE session without the Ethernet header
            self.ethertype = 0x8864
        else:
            return UNKNOWN_LINK
        return DECODED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _by_ip_version(self) -> cython.int:
        version: cython.int
        if self.end - self.at < 1:
            return TRUNCATED
        version = self.data[self.at] >> 4
        if version == 4:
            self.ethertype = 0x0800
        elif version == 6:
            self.ethertype = 0x86DD
        else:
            return NON_IP
        return DECODED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _ppp(self) -> cython.int:
        """PPP protocol field (RFC 1661 section 2), which may be compressed to one byte."""
        protocol: cython.int
        if self.end - self.at < 2:
            return TRUNCATED
        protocol = self.data[self.at]
        if protocol & 1:
            self.at += 1
        else:
            protocol = _be16(self.data, self.at)
            self.at += 2
        if protocol == 0x0021:
            self.ethertype = 0x0800
        elif protocol == 0x0057:
            self.ethertype = 0x86DD
        elif protocol == 0x0281:
            self.ethertype = 0x8847
        else:
            return NON_IP
        return DECODED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _unwrap(self) -> cython.int:
        """Step over VLAN tags, MPLS labels, PPPoE and LLC/SNAP until an IP header comes."""
        _layer: cython.int
        outcome: cython.int
        for _layers in range(MAX_LAYERS):
            if self.ethertype == 0x0800 or self.ethertype == 0x86DD:
                return DECODED
            if self.ethertype == 0x8100 or self.ethertype == 0x88A8 or self.ethertype == 0x9100:
                outcome = self._vlan_tag()
            elif self.ethertype == 0x8847 or self.ethertype == 0x8848:
                outcome = self._mpls_label()
            elif self.ethertype == 0x8864:
                if self.end - self.at < 6:
                    return TRUNCATED
                self.at += 6
                outcome = self._ppp()
            elif self.ethertype <= 1500:
                outcome = self._snap()
            else:
                return NON_IP
            if outcome != DECODED:
                return outcome
        return TOO_DEEP

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _vlan_tag(self) -> cython.int:
        tag: cython.uint
        count: cython.uint = self.tags >> 24
        if self.end - self.at < 4:
            return TRUNCATED
        tag = _be16(self.data, self.at) & 0x0FFF
        if count == 0:
            self.tags = (1 << 24) | (tag << 12)
        elif count == 1:
            self.tags = (2 << 24) | (self.tags & 0x00FFF000) | tag
        self.ethertype = _be16(self.data, self.at + 2)
        self.at += 4
        return DECODED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _mpls_label(self) -> cython.int:
        bottom: cython.int
        if self.end - self.at < 4:
            return TRUNCATED
        bottom = self.data[self.at + 2] & 1
        self.at += 4
        if bottom:
            return self._by_ip_version()
        return DECODED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _snap(self) -> cython.int:
        """IEEE 802.3 length field, then LLC with SNAP; other LLC is not IP."""
        if self.end - self.at < 8:
            return NON_IP
        if self.data[self.at] != 0xAA or self.data[self.at + 1] != 0xAA or self.data[self.at + 2] != 3:
            return NON_IP
        self.ethertype = _be16(self.data, self.at + 6)
        self.at += 8
        if self.ethertype <= 1500:
            return NON_IP
        return DECODED

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
        fragment: cython.int
        protocol: cython.int
        outcome: cython.int
        source: cython.ulonglong
        target: cython.ulonglong
        if self.end - at < 20:
            return TRUNCATED
        header = (self.data[at] & 0x0F) * 4
        if self.data[at] >> 4 != 4 or header < 20:
            return MALFORMED
        total = _be16(self.data, at + 2)
        wire_end = at + total if total else self.end
        if wire_end - at < header:
            return MALFORMED
        fragment = _be16(self.data, at + 6)
        if fragment & 0x1FFF:
            return FRAGMENT
        protocol = self.data[at + 9]
        self.at = at + header
        outcome = self._transport(column, protocol, wire_end)
        if outcome != DECODED:
            return outcome
        source = _be32(self.data, at + 12)
        target = _be32(self.data, at + 16)
        self._key_ipv4(column, source, target, protocol)
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
    def _ipv6(self, column: cython.Py_ssize_t) -> cython.int:
        """RFC 8200, extension headers included.  A payload length of 0: take what was captured."""
        start: cython.Py_ssize_t = self.at
        at: cython.Py_ssize_t = start + 40
        wire_end: cython.Py_ssize_t
        protocol: cython.int
        _layer: cython.int
        outcome: cython.int
        if self.end - start < 40:
            return TRUNCATED
        if self.data[start] >> 4 != 6:
            return MALFORMED
        wire_end = at + _be16(self.data, start + 4)
        if wire_end == at:
            wire_end = self.end
        protocol = self.data[start + 6]
        for _layers in range(MAX_LAYERS):
            if protocol == 6 or protocol == 17:
                self.at = at
                outcome = self._transport(column, protocol, wire_end)
                if outcome == DECODED:
                    self._key_ipv6(column, start, protocol)
                    self.proto[column] = protocol
                return outcome
            if protocol != 0 and protocol != 43 and protocol != 44 and protocol != 51 and protocol != 60:
                return OTHER_TRANSPORT
            if self.end - at < 8:
                return TRUNCATED
            if protocol == 44 and _be16(self.data, at + 2) & 0xFFF8:
                return FRAGMENT
            if protocol == 44:
                protocol = self.data[at]
                at += 8
            elif protocol == 51:  # authentication header counts in words of 4 bytes (RFC 4302)
                protocol = self.data[at]
                at += (self.data[at + 1] + 2) * 4
            else:
                protocol = self.data[at]
                at += (self.data[at + 1] + 1) * 8
        return TOO_DEEP

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
        near: cython.Py_ssize_t = at + 8
        far: cython.Py_ssize_t = at + 24
        for i in range(16):
            if self.data[near + i] != self.data[far + i]:
                side = 0 if self.data[near + i] < self.data[far + i] else 1
                break
        else:
            side = 0 if (ports >> 16) <= (ports & 0xFFFF) else 1
        if side:
            near, far = far, near
            ports = ((ports & 0xFFFF) << 16) | (ports >> 16)
        for i in range(5):
            if i < 2:
                word = (_be32(self.data, near + 8 * i) << 32) | _be32(self.data, near + 8 * i + 4)
            elif i < 4:
                word = (_be32(self.data, far + 8 * i - 16) << 32) | _be32(self.data, far + 8 * i - 12)
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
