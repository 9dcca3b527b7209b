# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: where the walk through the layers of a packet stands, and the steps that all layers take.

``next`` says what stands at ``at``: an EtherType, ``IP`` + an IP protocol number, or
``LINK`` + a link type of tcpdump.org/linktypes.html (1 Ethernet, 9 PPP, 105 IEEE
802.11), which tunnels carry too.  A function of a layer checks lengths, steps over its
header, notes an id or outer addresses as context, says what is next, and gives ON; or
else the outcome of the packet.

``walk.pxd`` has the types of the state and of these functions, so that the files of the
layers (``links``, ``wireless``, ``tags``, ``over_ip``, ``over_udp``) share them as C.
"""

from __future__ import annotations

from array import array
from typing import Any

from netminedet.sieve import columns as layout

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython

#: Headers stepped over in one packet: tags, labels, tunnels, extension headers, all together.
MAX_LAYERS = 32

ON = layout.STATES  # no outcome: go on with the next layer
DECODED = layout.DECODED
NON_IP = layout.NON_IP
OTHER_TRANSPORT = layout.OTHER_TRANSPORT
PIECE = layout.PIECE
TRUNCATED = layout.TRUNCATED
MALFORMED = layout.MALFORMED
UNKNOWN_LINK = layout.UNKNOWN_LINK
TOO_DEEP = layout.TOO_DEEP
ENCRYPTED = layout.ENCRYPTED
NOT_UNWRAPPED = layout.NOT_UNWRAPPED
IP = 0x10000
LINK = 0x20000
ETHERNET = LINK + 1
PPP = LINK + 9
BY_VERSION = LINK + 101
WIFI = LINK + 105
LLC = 4  # as Linux numbers IEEE 802.2 among EtherTypes

NO_ID = -1


class Walk:
    """The walk through one packet."""

    def __init__(self) -> None:
        self.data: Any = bytearray(1)
        # where it stands, what is there, where captured bytes end, and where those on the wire end
        # by the headers so far
        self.at = 0
        self.next = 0
        self.end = 0
        self.wire = 0
        # the last IP header, and where in it or behind it the byte stands that says what follows
        self.ip_at = 0
        self.chain_at = 0
        self.inside = False
        # IEEE 802.11: the header is padded to 4 bytes; its first two bytes are swapped
        self.padded = False
        self.swapped = False
        # the UDP datagram that the packet is unless a tunnel is found in it
        self.kept = False
        self.kept_ip_at = 0
        self.kept_at = 0
        self.kept_end = 0
        self.kept_wire = 0
        self.kept_inside = False
        # context; ``target``: the IP header at which to stop when only context is wanted, or -1
        self.target = -1
        self.noted = 0
        self.kinds = array("i", bytes(4 * MAX_LAYERS))
        self.ids = array("q", bytes(8 * MAX_LAYERS))
        self.carriers = array("q", bytes(8 * MAX_LAYERS))
        self.tunnelled = 0
        self.ipsec = 0
        self.aggregated = 0

    def be16(self, at: cython.Py_ssize_t) -> cython.int:
        return (self.data[at] << 8) | self.data[at + 1]

    def be32(self, at: cython.Py_ssize_t) -> cython.longlong:
        high: cython.longlong = self.be16(at)
        return (high << 16) | self.be16(at + 2)

    def le16(self, at: cython.Py_ssize_t) -> cython.int:
        return self.data[at] | (self.data[at + 1] << 8)

    def lacks(self, size: cython.Py_ssize_t) -> cython.int:
        """0 if a header of this size is there; else the outcome of the packet."""
        if self.end - self.at >= size:
            return 0
        return MALFORMED if self.wire - self.at < size else TRUNCATED

    def over(self, size: cython.Py_ssize_t, type_at: cython.Py_ssize_t) -> cython.int:
        """Step over a header of ``size`` that has an EtherType at ``type_at``."""
        outcome: cython.int = self.lacks(size)
        if outcome:
            return outcome
        self.next = self.be16(self.at + type_at)
        self.at += size
        return ON

    def to(self, size: cython.Py_ssize_t, following: cython.int) -> cython.int:
        """Step over a header of ``size``; behind it is ``following``."""
        outcome: cython.int = self.lacks(size)
        if outcome:
            return outcome
        self.at += size
        self.next = following
        return ON

    def ends_at(self, stop: cython.Py_ssize_t) -> cython.int:
        """The layer's own header says where it ends; what follows is padding."""
        if self.target < 0 and stop < self.wire:
            self.wire = stop
            if stop < self.end:
                self.end = stop
        return 0

    def note(self, kind: cython.int, number: cython.longlong, is_over_ip: cython.bint) -> cython.int:
        """Context: a layer with its id or NO_ID, and whether the last IP header carries it."""
        if self.noted < MAX_LAYERS:
            self.kinds[self.noted] = kind
            self.ids[self.noted] = number
            self.carriers[self.noted] = self.ip_at if is_over_ip else -1
            self.noted += 1
        if is_over_ip:
            self.inside = True
        return 0

    def by_version(self) -> cython.int:
        version: cython.int
        outcome: cython.int = self.lacks(1)
        if outcome:
            return TRUNCATED
        version = self.data[self.at] >> 4
        if version == 4:
            self.next = 0x0800
        elif version == 6:
            self.next = 0x86DD
        else:
            return NON_IP
        return ON

    def is_ip(self, at: cython.Py_ssize_t) -> cython.bint:
        """Whether an IP header at ``at`` fits into what is there."""
        header: cython.Py_ssize_t
        total: cython.Py_ssize_t
        if self.end - at < 20:
            return False
        if self.data[at] >> 4 == 4:
            header = (self.data[at] & 0x0F) * 4
            total = self.be16(at + 2)
            return header >= 20 and header <= total and at + total <= self.wire
        return self.data[at] >> 4 == 6 and at + 40 + self.be16(at + 4) <= self.wire

    def is_ethernet(self, at: cython.Py_ssize_t) -> cython.bint:
        """Whether what is at ``at`` can be an Ethernet frame, by its type and what follows."""
        kind: cython.int
        if self.end - at < 15:
            return False
        kind = self.be16(at + 12)
        if kind == 0x0800:
            return self.data[at + 14] >> 4 == 4
        if kind == 0x86DD:
            return self.data[at + 14] >> 4 == 6
        if kind <= 1500:
            return at + 14 + kind <= self.wire
        return (
            kind == 0x8100 or kind == 0x88A8 or kind == 0x9100 or kind == 0x8847 or kind == 0x8848
            or kind == 0x8863 or kind == 0x8864 or kind == 0x0806
        )  # fmt: skip

    def is_bridged_ip(self, at: cython.Py_ssize_t) -> cython.bint:
        """Whether an Ethernet frame at ``at``, perhaps with tags, holds an IP packet that fits."""
        _tag: cython.int
        kind: cython.int
        for _tag in range(3):
            if self.end - at < 14:
                return False
            kind = self.be16(at + 12)
            if kind != 0x8100 and kind != 0x88A8 and kind != 0x9100:
                break
            at += 4
        if kind == 0x8864:
            return self.is_ppp(at + 20)
        return (kind == 0x0800 or kind == 0x86DD) and self.is_ip(at + 14)

    def is_ppp(self, at: cython.Py_ssize_t) -> cython.bint:
        """Whether PPP at ``at`` holds an IP packet that fits."""
        kind: cython.int
        if self.end - at < 4:
            return False
        if self.data[at] == 0xFF and self.data[at + 1] == 0x03:
            at += 2
        if self.data[at] == 0x21 or self.data[at] == 0x57:
            return self.is_ip(at + 1)
        kind = self.be16(at)
        return (kind == 0x0021 or kind == 0x0057) and self.is_ip(at + 2)

    def keep(self) -> cython.int:
        self.kept = True
        self.kept_ip_at = self.ip_at
        self.kept_at = self.at
        self.kept_end = self.end
        self.kept_wire = self.wire
        self.kept_inside = self.inside
        return 0

    def restore(self) -> cython.int:
        """It is a UDP datagram like others."""
        self.kept = False
        self.ip_at = self.kept_ip_at
        self.at = self.kept_at
        self.end = self.kept_end
        self.wire = self.kept_wire
        self.inside = self.kept_inside
        self.next = IP + 17
        return 0
