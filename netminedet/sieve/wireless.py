# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: IEEE 802.11, and the link layers that describe how a frame was captured."""

from __future__ import annotations

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if not cython.compiled:  # the compiler has these names from the .pxd file
    from netminedet.sieve.walk import (
        ENCRYPTED,
        ETHERNET,
        LINK,
        LLC,
        MALFORMED,
        NON_IP,
        NOT_UNWRAPPED,
        UNKNOWN_LINK,
        WIFI,
        Walk,
    )


def wrapped_link(walk: Walk, link: cython.int) -> cython.int:
    """Link layers that describe the capture and are followed by another link layer."""
    outcome: cython.int = walk.lacks(8)
    if link != 127 and link != 192 and link != 119 and link != 163 and link != 178:
        return UNKNOWN_LINK
    if outcome:
        return outcome
    if link == 127:  # radiotap.org: version, pad, length, present...
        if walk.data[walk.at] != 0:
            return MALFORMED
        _radiotap_padding(walk)
        return walk.to(walk.le16(walk.at + 2), WIFI)
    if link == 192:  # PPI: version, flags, length, link type
        walk.next = walk.le16(walk.at + 4)
        return walk.to(walk.le16(walk.at + 2), LINK + walk.next)
    if link == 178:  # Juniper Ethernet: "MGC", flags, and if bit 7 is set the length of extensions
        if walk.be16(walk.at) != 0x4D47 or walk.data[walk.at + 2] != 0x43:
            return MALFORMED
        if walk.data[walk.at + 3] & 2:  # no link layer
            return NOT_UNWRAPPED
        if walk.data[walk.at + 3] & 0x80:
            return walk.to(6 + walk.be16(walk.at + 4), ETHERNET)
        return walk.to(4, ETHERNET)
    # Prism and AVS.  AVS begins with its version, 0x8021100x; both have their length behind it,
    # Prism in the order of the machine that made the capture
    if walk.be16(walk.at) == 0x8021:
        return walk.to(walk.be16(walk.at + 6), WIFI)
    if walk.data[walk.at + 4] == 0 and walk.data[walk.at + 5] == 0:
        return walk.to(walk.be16(walk.at + 6), WIFI)
    return walk.to(walk.le16(walk.at + 4), WIFI)


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _radiotap_padding(walk: Walk) -> cython.int:
    """Whether the 802.11 header is padded to 4 bytes: bit 5 of radiotap's field "flags"."""
    at: cython.Py_ssize_t = walk.at + 4
    has: cython.int = walk.data[at]
    while at + 4 <= walk.end and walk.data[at + 3] & 0x80:  # another word of presence bits
        at += 4
    at += 4
    if not has & 2:
        return 0
    if has & 1:  # a time stamp of 8 bytes, aligned, stands before it
        at = walk.at + ((at - walk.at + 7) & ~cython.cast(cython.Py_ssize_t, 7)) + 8
    if at < walk.end and walk.data[at] & 0x20:
        walk.padded = True
    return 0


def wifi(walk: Walk) -> cython.int:
    """IEEE 802.11 section 9.3.2: data frames that are not encrypted, with LLC inside."""
    control: cython.int
    flags: cython.int
    several: cython.int = 0
    size: cython.Py_ssize_t = 24
    outcome: cython.int = walk.lacks(2)
    if outcome:
        return outcome
    control = walk.data[walk.at + 1 if walk.swapped else walk.at]
    flags = walk.data[walk.at if walk.swapped else walk.at + 1]
    if control & 0x03:
        return MALFORMED
    if control & 0x4C != 0x08:  # management, control, or data frames without data
        return NON_IP
    if flags & 0x40:
        return ENCRYPTED
    outcome = walk.lacks(24)
    if outcome:
        return outcome
    if flags & 0x04 or walk.data[walk.at + 22] & 0x0F:  # one of several fragments
        return NOT_UNWRAPPED
    if flags & 0x03 == 0x03:
        size += 6
    if control & 0x80:
        outcome = walk.lacks(size + 2)
        if outcome:
            return outcome
        several = walk.data[walk.at + size] & 0x80
        size += 6 if flags & 0x80 else 2
    if walk.padded:
        size = (size + 3) & ~cython.cast(cython.Py_ssize_t, 3)
    if several:
        return _aggregate(walk, size)
    return walk.to(size, LLC)


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _aggregate(walk: Walk, size: cython.Py_ssize_t) -> cython.int:
    """IEEE 802.11 section 9.3.2.2: several frames in one (A-MSDU), each with addresses and length.

    A packet here has one place in the columns, so the first frame is read; that others
    follow is counted.
    """
    stop: cython.Py_ssize_t
    outcome: cython.int = walk.lacks(size + 14)
    if outcome:
        return outcome
    stop = walk.at + size + 14 + walk.be16(walk.at + size + 12)
    if stop > walk.wire and walk.target < 0:
        return MALFORMED
    if walk.wire - stop >= 17 and walk.target < 0:  # padding of up to 3, then a header
        walk.aggregated += 1
    walk.ends_at(stop)
    return walk.to(size + 14, LLC)
