# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: link layers, by their number at tcpdump.org/linktypes.html, and PPP."""

from __future__ import annotations

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if not cython.compiled:  # the compiler has these names from the .pxd file
    from netminedet.sieve.walk import (
        BY_VERSION,
        ENCRYPTED,
        LINK,
        LLC,
        NON_IP,
        NOT_UNWRAPPED,
        ON,
        PPP,
        Walk,
    )
    from netminedet.sieve.wireless import wifi, wrapped_link


def link(walk: Walk) -> cython.int:
    """A link layer by its number at tcpdump.org/linktypes.html."""
    link: cython.int = walk.next - LINK
    outcome: cython.int
    if link == 1:
        return walk.over(14, 12)
    if link == 113:  # Linux cooked v1
        return walk.over(16, 14)
    if link == 276:  # Linux cooked v2
        return walk.over(20, 0)
    if link == 101 or link == 12 or link == 14 or link == 228 or link == 229:
        return walk.by_version()
    if link == 0 or link == 108:  # BSD null, loop: address family, then IP
        return walk.to(4, BY_VERSION)
    if link == 9 or link == 50:  # PPP; 50: in HDLC-like framing
        return _ppp_link(walk)
    if link == 100:  # RFC 1483 over ATM, with LLC
        walk.next = LLC
        return ON
    if link == 204:  # PPP behind a byte for the direction
        return walk.to(1, PPP)
    if link == 51:  # PPPoE without the Ethernet header
        walk.next = 0x8864
        return ON
    if link == 104:  # Cisco HDLC: address, control, EtherType
        return walk.over(4, 2)
    if link == 205:  # the same behind a byte for the direction
        return walk.to(1, LINK + 104)
    if link == 219:  # MPLS label stack
        walk.next = 0x8847
        return ON
    if link == 105:
        return wifi(walk)
    if link == 109:  # OpenBSD's decrypted IPsec: family, SPI, flags
        return walk.to(12, BY_VERSION)
    if link == 117:  # OpenBSD's packet filter: first its length, padded to 4 bytes
        outcome = walk.lacks(4)
        if outcome:
            return outcome
        return walk.to((walk.data[walk.at] + 3) & 0xFC, BY_VERSION)
    return wrapped_link(walk, link)


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _ppp_link(walk: Walk) -> cython.int:
    """PPP, or Cisco HDLC, which has the address 0x0F or 0x8F (RFC 1547 section 4.3.1)."""
    outcome: cython.int = walk.lacks(1)
    if outcome:
        return outcome
    if walk.data[walk.at] == 0x0F or walk.data[walk.at] == 0x8F:
        walk.next = LINK + 104
        return ON
    return _ppp(walk)


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _ppp(walk: Walk) -> cython.int:
    """PPP protocol field (RFC 1661 section 2), which may be compressed to one byte.

    Before it may stand the address and control of HDLC-like framing (RFC 1662).
    """
    protocol: cython.int
    outcome: cython.int = walk.lacks(2)
    if outcome:
        return outcome
    if walk.data[walk.at] == 0xFF and walk.data[walk.at + 1] == 0x03:
        walk.at += 2
        outcome = walk.lacks(2)
        if outcome:
            return outcome
    protocol = walk.data[walk.at]
    if protocol & 1:
        walk.at += 1
    else:
        protocol = walk.be16(walk.at)
        walk.at += 2
    if protocol == 0x0021:
        walk.next = 0x0800
    elif protocol == 0x0057:
        walk.next = 0x86DD
    elif protocol == 0x0281:
        walk.next = 0x8847
    elif protocol == 0x0053:  # RFC 1968
        return ENCRYPTED
    elif protocol == 0x003D:
        return _multilink(walk)
    elif protocol == 0x00FD:  # compressed
        return NOT_UNWRAPPED
    else:
        return NON_IP
    return ON


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _multilink(walk: Walk) -> cython.int:
    """RFC 1990 section 3: a packet that is one fragment, which both begins and ends it.

    Whether the sequence number takes 12 or 24 bits was said when the link was set up: the
    one behind which an IP packet fits is taken.
    """
    size: cython.Py_ssize_t
    outcome: cython.int = walk.lacks(4)
    if outcome:
        return outcome
    if walk.data[walk.at] & 0xC0 != 0xC0:
        return NOT_UNWRAPPED
    for size in range(2, 5, 2):
        if walk.is_ppp(walk.at + size):
            return walk.to(size, PPP)
    return NOT_UNWRAPPED
