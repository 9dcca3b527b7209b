"""The walk over a block of the kernel's packet ring: from records of TPACKET_V3 to the columns of a batch.

This is a kernel: compiled by Cython, or run as it stands.  The packets stay where the system
put them; nothing is copied but the two hardware addresses of a frame out of which the system
took the VLAN tag: they move four bytes to the front, into the room that the system leaves
before every frame, and the tag is put behind them again.  Layouts: linux/if_packet.h.
"""

# mypy: allow-untyped-decorators, no-warn-return-any

from __future__ import annotations

import sys

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython

from netminedet.model import Batch

#: tpacket_block_desc: where the number of packets and the offset of the first stand.
_COUNT_AT = cython.declare(cython.Py_ssize_t, 12)
_FIRST_AT = cython.declare(cython.Py_ssize_t, 16)
# tpacket3_hdr, and the sockaddr_ll behind it.
_HEADER = cython.declare(cython.Py_ssize_t, 68)
_VLAN_VALID = cython.declare(cython.longlong, 1 << 4)
_TPID_VALID = cython.declare(cython.longlong, 1 << 6)
_VLAN = cython.declare(cython.longlong, 0x8100)
_TAG = cython.declare(cython.Py_ssize_t, 4)
_ADDRESSES = cython.declare(cython.Py_ssize_t, 12)
# pkttype of a packet that this machine sends, and hardware types (linux/if_arp.h).
_OUTGOING = cython.declare(cython.longlong, 4)
_LOOPBACK = cython.declare(cython.longlong, 772)
_ETHER = cython.declare(cython.longlong, 1)
# Link types of tcpdump.org/linktypes.html.
_LINK_ETHERNET = cython.declare(cython.uint, 1)
_LINK_RAW = cython.declare(cython.uint, 101)
_LINK_80211 = cython.declare(cython.uint, 105)
_LINK_PRISM = cython.declare(cython.uint, 119)
_LINK_RADIOTAP = cython.declare(cython.uint, 127)
#: one that nothing decodes: such packets are counted as of an unknown link type
_LINK_UNKNOWN = cython.declare(cython.uint, 147)
_BIG = cython.declare(cython.bint, sys.byteorder == "big")


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-1, check=False)
def _u16(data: cython.uchar[::1], at: cython.Py_ssize_t, big: cython.bint) -> cython.longlong:
    a: cython.longlong = data[at]
    b: cython.longlong = data[at + 1]
    return a << 8 | b if big else b << 8 | a


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-1, check=False)
def _u32(data: cython.uchar[::1], at: cython.Py_ssize_t, big: cython.bint) -> cython.longlong:
    low: cython.longlong = _u16(data, at if not big else at + 2, big)
    high: cython.longlong = _u16(data, at + 2 if not big else at, big)
    return high << 16 | low


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def _link_type(hardware: cython.longlong, protocol: cython.longlong) -> cython.uint:
    """What the frames of an interface begin with; 101 means: with the packet's network header."""
    if hardware in (_ETHER, _LOOPBACK):
        return _LINK_ETHERNET
    if hardware == 801:
        return _LINK_80211
    if hardware == 802:
        return _LINK_PRISM
    if hardware == 803:
        return _LINK_RADIOTAP
    return _LINK_RAW if protocol == 0x0800 or protocol == 0x86DD else _LINK_UNKNOWN


@cython.cclass
class BlockWalk:
    """Walks one block after another; its sums are over all of them."""

    #: packets of the open block that are not in a batch yet
    left = cython.declare(cython.longlong, visibility="public")
    #: captured bytes so far, tags put back included
    captured = cython.declare(cython.longlong, visibility="public")
    #: packets into which a VLAN tag was put back
    retagged = cython.declare(cython.longlong, visibility="public")
    #: packets of a loopback interface passed over: it shows each twice, as sent and as received
    doubled = cython.declare(cython.longlong, visibility="public")
    #: packets that were longer on the wire than what was captured
    cut = cython.declare(cython.longlong, visibility="public")
    #: records whose lengths cannot be true
    malformed = cython.declare(cython.longlong, visibility="public")
    _at: cython.Py_ssize_t

    def __init__(self) -> None:
        self.left = 0
        self.captured = 0
        self.retagged = 0
        self.doubled = 0
        self.cut = 0
        self.malformed = 0
        self._at = 0

    def open(self, block: cython.uchar[::1]) -> None:
        """Begin with a block."""
        self.left = _u32(block, _COUNT_AT, _BIG)
        self._at = _u32(block, _FIRST_AT, _BIG)

    def walk(self, batch: Batch) -> int:
        """Append packets of the block, which is ``batch.data``, until it or the batch is through.

        The number of packets that are left in the block.
        """
        data: cython.uchar[::1] = batch.data
        offset: cython.uint[::1] = batch.offset
        caplen: cython.uint[::1] = batch.caplen
        wirelen: cython.uint[::1] = batch.wirelen
        time_ns: cython.longlong[::1] = batch.time_ns
        linktype: cython.uint[::1] = batch.linktype
        count: cython.Py_ssize_t = batch.count
        capacity: cython.Py_ssize_t = batch.capacity
        size: cython.Py_ssize_t = len(batch.data)
        at: cython.Py_ssize_t = self._at
        left: cython.longlong = self.left
        start: cython.Py_ssize_t
        step: cython.longlong
        length: cython.longlong
        status: cython.longlong
        hardware: cython.longlong
        tag: cython.Py_ssize_t
        link: cython.uint
        with cython.nogil:
            while left > 0 and count < capacity:
                if at + _HEADER > size:
                    self.malformed += left
                    left = 0
                    break
                step = _u32(data, at, _BIG)
                length = _u32(data, at + 12, _BIG)
                hardware = _u16(data, at + 56, _BIG)
                link = _link_type(hardware, _u16(data, at + 50, True))
                start = at + _u16(data, at + 26 if link == _LINK_RAW else at + 24, _BIG)
                if link == _LINK_RAW:
                    length -= start - at - _u16(data, at + 24, _BIG)
                if length < 0 or start < at + _HEADER or start + length > size:
                    self.malformed += 1
                elif hardware == _LOOPBACK and data[at + 58] == _OUTGOING:
                    self.doubled += 1
                else:
                    status = _u32(data, at + 20, _BIG)
                    tag = 0
                    if status & _VLAN_VALID and link == _LINK_ETHERNET and length >= _ADDRESSES:
                        tag = _TAG
                        start -= _TAG
                        self._put_back(data, at, start, status)
                    offset[count] = start
                    caplen[count] = length + tag
                    wirelen[count] = _u32(data, at + 16, _BIG) + tag
                    time_ns[count] = _u32(data, at + 4, _BIG) * 1_000_000_000 + _u32(data, at + 8, _BIG)
                    linktype[count] = link
                    if length < _u32(data, at + 16, _BIG) and link != _LINK_RAW:
                        self.cut += 1
                    self.captured += length + tag
                    count += 1
                left -= 1
                if left > 0 and step < _HEADER:
                    self.malformed += left
                    left = 0
                at += step
        batch.count = count
        self._at = at
        self.left = left
        return left

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _put_back(
        self,
        data: cython.uchar[::1],
        at: cython.Py_ssize_t,
        start: cython.Py_ssize_t,
        status: cython.longlong,
    ) -> cython.int:
        """Move the addresses to ``start``, which is four bytes before the frame, and the tag behind them."""
        i: cython.Py_ssize_t
        tci: cython.longlong = _u32(data, at + 32, _BIG)
        tpid: cython.longlong = _u16(data, at + 36, _BIG) if status & _TPID_VALID else _VLAN
        for i in range(_ADDRESSES):
            data[start + i] = data[start + _TAG + i]
        data[start + _ADDRESSES] = (tpid >> 8) & 0xFF
        data[start + _ADDRESSES + 1] = tpid & 0xFF
        data[start + _ADDRESSES + 2] = (tci >> 8) & 0xFF
        data[start + _ADDRESSES + 3] = tci & 0xFF
        self.retagged += 1
        return 0
