# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: which of several processes a packet goes to, so that each flow stays with one of them.

The share of a packet is a symmetric hash of its addresses, ports and protocol.  Of a plain packet
(see ``decode``) they are read here, by the decoder's own rules.  Any other packet, an odd one, is dealt
to all: each takes it apart, and passes over those whose innermost flow is another's.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any

from netminedet.model import Batch
from netminedet.sieve.columns import Columns, Odd

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython

MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
MIX_A = cython.declare(cython.ulonglong, 0x9E3779B97F4A7C15)
MIX_B = cython.declare(cython.ulonglong, 0xD6E8FEB86659FD93)
#: Stands for: to all.
TO_ALL = cython.declare(cython.Py_ssize_t, 0xFFFF)


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
def _ends(data: cython.uchar[::1], ip_at: cython.Py_ssize_t) -> cython.ulonglong:
    """Both addresses of an IP header as one number, the same in both directions."""
    i: cython.Py_ssize_t
    total: cython.ulonglong = 0
    if data[ip_at] >> 4 == 4:
        return _be32(data, ip_at + 12) + _be32(data, ip_at + 16)
    for i in range(4):
        total = (total * MIX_B) & MASK
        total = (total + _be32(data, ip_at + 8 + 4 * i) + _be32(data, ip_at + 24 + 4 * i)) & MASK
    return total


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-1, check=False)
def _share(
    ends: cython.ulonglong, ports: cython.ulonglong, protocol: cython.ulonglong, shares: cython.ulonglong
) -> cython.Py_ssize_t:
    mixed: cython.ulonglong = ((ends ^ (protocol << 40)) * MIX_A) & MASK
    mixed = ((mixed ^ (mixed >> 29)) + (ports >> 16) + (ports & 0xFFFF)) & MASK
    mixed = (mixed * MIX_B) & MASK
    return ((mixed >> 40) * shares) >> 24


@cython.cclass
class Share:
    """Share ``mine`` of ``shares`` of the packets of an input.  ``tunnel_ports``: see ``Decoder``."""

    mine: cython.Py_ssize_t
    shares: cython.Py_ssize_t
    tunnels: cython.uint[::1]
    data: cython.uchar[::1]
    proto: cython.uint[::1]
    ip_at: cython.uint[::1]
    ports: cython.uint[::1]

    def __init__(self, columns: Columns, mine: int, shares: int, tunnel_ports: Iterable[int]) -> None:
        self.proto = columns.proto
        self.ip_at = columns.ip_at
        self.ports = columns.ports
        self.mine = mine
        self.shares = shares
        bits = array("I", bytes(4 * 2048))
        for port in tunnel_ports:
            bits[port >> 5] |= 1 << (port & 31)
        self.tunnels = bits
        self.data = bytearray(1)

    def take(self, batch: Batch, place: Any) -> int:
        """Leave in the batch what is of this share, and what is dealt to all; how many packets that is.

        ``place[i]`` becomes the index that packet ``i`` had before.
        """
        offset: cython.uint[::1] = batch.offset
        caplen: cython.uint[::1] = batch.caplen
        wirelen: cython.uint[::1] = batch.wirelen
        time_ns: cython.longlong[::1] = batch.time_ns
        linktype: cython.uint[::1] = batch.linktype
        places: cython.uint[::1] = place
        count: cython.Py_ssize_t = batch.count
        kept: cython.Py_ssize_t = 0
        share: cython.Py_ssize_t
        i: cython.Py_ssize_t
        self.data = batch.data
        with cython.nogil:
            for i in range(count):
                share = self._share_of(offset[i], caplen[i], linktype[i])
                # moved in any case: whether it stays is a toss-up, which a branch would often guess wrong
                offset[kept] = offset[i]
                caplen[kept] = caplen[i]
                wirelen[kept] = wirelen[i]
                time_ns[kept] = time_ns[i]
                linktype[kept] = linktype[i]
                places[kept] = i
                kept += (share == self.mine) | (share == TO_ALL)
        return kept

    def pass_over_others(self, batch: Batch, odd: Odd) -> None:
        """Of odd packets, mark those of other shares as holding neither TCP nor UDP."""
        data: cython.uchar[::1] = batch.data
        columns: cython.uint[::1] = odd.column
        count: cython.Py_ssize_t = odd.count
        column: cython.Py_ssize_t
        k: cython.Py_ssize_t
        with cython.nogil:
            for k in range(count):
                column = columns[k]
                if self.proto[column] and self.mine != _share(
                    _ends(data, self.ip_at[column]), self.ports[column], self.proto[column], self.shares
                ):
                    self.proto[column] = 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _share_of(
        self, at: cython.Py_ssize_t, caplen: cython.Py_ssize_t, linktype: cython.uint
    ) -> cython.Py_ssize_t:
        """Whose a packet is, or TO_ALL.  One that is cut or malformed only has to be counted: the first's."""
        ethertype: cython.int
        end: cython.Py_ssize_t = at + caplen
        if linktype != 1:
            return TO_ALL
        if end - at < 14:
            return 0
        ethertype = _be16(self.data, at + 12)
        at += 14
        if ethertype == 0x8100 and end - at >= 4:
            ethertype = _be16(self.data, at + 2)
            at += 4
        if ethertype == 0x0800:
            return self._ipv4(at, end)
        if ethertype == 0x86DD:
            return self._ipv6(at, end)
        return TO_ALL

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _ipv4(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.Py_ssize_t:
        header: cython.Py_ssize_t
        total: cython.Py_ssize_t
        protocol: cython.int
        if end - at < 20:
            return 0
        header = (self.data[at] & 0x0F) * 4
        if self.data[at] >> 4 != 4 or header < 20:
            return 0
        total = _be16(self.data, at + 2)
        if total == 0:
            total = end - at
        if total < header:
            return 0
        protocol = self.data[at + 9]
        if _be16(self.data, at + 6) & 0x3FFF or (protocol != 6 and protocol != 17):
            return TO_ALL
        return self._transport(at, at + header, end if end < at + total else at + total, protocol)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _ipv6(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.Py_ssize_t:
        total: cython.Py_ssize_t
        protocol: cython.int
        if end - at < 40 or self.data[at] >> 4 != 6:
            return 0
        protocol = self.data[at + 6]
        if protocol != 6 and protocol != 17:
            return TO_ALL
        total = 40 + _be16(self.data, at + 4)
        return self._transport(at, at + 40, end if total == 40 or end < at + total else at + total, protocol)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _transport(
        self, ip_at: cython.Py_ssize_t, at: cython.Py_ssize_t, end: cython.Py_ssize_t, protocol: cython.int
    ) -> cython.Py_ssize_t:
        ports: cython.uint
        size: cython.int
        if end - at < (20 if protocol == 6 else 8):
            return 0
        ports = _be32(self.data, at)
        if protocol == 17:
            size = _be16(self.data, at + 4)
            if size != 0 and size < 8:
                return 0
            if ((self.tunnels[ports >> 21] >> ((ports >> 16) & 31)) & 1) or (
                (self.tunnels[(ports & 0xFFFF) >> 5] >> (ports & 31)) & 1
            ):
                return TO_ALL
        return _share(_ends(self.data, ip_at), ports, protocol, self.shares)
