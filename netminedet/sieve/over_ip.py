# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: IP itself, and what its protocol numbers name."""

from __future__ import annotations

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if not cython.compiled:  # the compiler has these names from the .pxd file
    from netminedet.sieve.over_udp import l2tp_v3, udp
    from netminedet.sieve.walk import (
        BY_VERSION,
        DECODED,
        ENCRYPTED,
        ETHERNET,
        IP,
        MALFORMED,
        NO_ID,
        NON_IP,
        NOT_UNWRAPPED,
        ON,
        OTHER_TRANSPORT,
        PIECE,
        PPP,
        TRUNCATED,
        Walk,
    )


#: Names of the layers here that leave context, and how their ids are written.
KINDS = {
    16: ("gre", "0x{0:08x}"),
    17: ("pptp", "{0}"),
    18: ("erspan", "{0}"),
    19: ("4in4", ""),
    20: ("6in4", ""),
    21: ("4in6", ""),
    22: ("6in6", ""),
    23: ("etherip", ""),
    24: ("mpls-in-ip", ""),
    25: ("ethernet-in-ip", ""),
}
GRE = cython.declare(cython.int, 16)
PPTP = cython.declare(cython.int, 17)
ERSPAN = cython.declare(cython.int, 18)
FOUR_IN_FOUR = cython.declare(cython.int, 19)  # then 6in4, 4in6, 6in6
ETHERIP = cython.declare(cython.int, 23)
MPLS_IN_IP = cython.declare(cython.int, 24)
ETHERNET_IN_IP = cython.declare(cython.int, 25)


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _accept(walk: Walk, stop: cython.Py_ssize_t, whole: cython.bint) -> cython.int:
    """An IP packet from ``at`` to ``stop`` by its own header, or of unknown length.

    Out of a tunnel it must fit in.  If it does, the tunnel is one, and no mere UDP.
    """
    if walk.target >= 0:
        walk.ip_at = walk.at
        return ON
    if walk.inside and (stop > walk.wire or (walk.kept and not whole)):
        return MALFORMED
    walk.kept = False
    walk.ip_at = walk.at
    walk.wire = stop
    if stop < walk.end:
        walk.end = stop
    return ON


def ipv4(walk: Walk) -> cython.int:
    """RFC 791.  A total length of 0 stands for segmentation offload: take what was captured."""
    at: cython.Py_ssize_t = walk.at
    header: cython.Py_ssize_t
    total: cython.Py_ssize_t
    outcome: cython.int = walk.lacks(20)
    if outcome:
        return TRUNCATED if not walk.inside else outcome
    header = (walk.data[at] & 0x0F) * 4
    total = walk.be16(at + 2)
    if walk.data[at] >> 4 != 4 or header < 20 or (total and total < header):
        return MALFORMED
    outcome = _accept(walk, at + total if total else walk.end, total != 0)
    if outcome != ON or walk.ip_at == walk.target:
        return outcome if outcome != ON else DECODED
    outcome = walk.lacks(header)
    if outcome:
        return outcome
    walk.at = at + header
    walk.next = IP + walk.data[at + 9]
    if walk.be16(at + 6) & 0x3FFF and walk.target < 0:
        return _fragment(walk, walk.be16(at + 6) & 0x1FFF)
    return ON


def ipv6(walk: Walk) -> cython.int:
    """RFC 8200.  A payload length of 0: take what was captured."""
    at: cython.Py_ssize_t = walk.at
    length: cython.Py_ssize_t
    outcome: cython.int = walk.lacks(40)
    if outcome:
        return TRUNCATED if not walk.inside else outcome
    if walk.data[at] >> 4 != 6:
        return MALFORMED
    length = walk.be16(at + 4)
    outcome = _accept(walk, at + 40 + length if length else walk.end, length != 0)
    if outcome != ON or walk.ip_at == walk.target:
        return outcome if outcome != ON else DECODED
    walk.at = at + 40
    walk.next = IP + walk.data[at + 6]
    walk.chain_at = at + 6
    return ON


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _fragment(walk: Walk, offset: cython.int) -> cython.int:
    """A fragment that was cut by the capture is of no use, unless it begins the datagram."""
    if walk.wire <= walk.end:
        return PIECE
    return ON if offset == 0 else TRUNCATED


def ip_payload(walk: Walk) -> cython.int:
    """What an IP protocol number names (iana.org/assignments/protocol-numbers)."""
    protocol: cython.int = walk.next - IP
    six: cython.bint = walk.data[walk.ip_at] >> 4 == 6
    if protocol == 6:
        return DECODED
    if protocol == 17:
        return udp(walk)
    if protocol == 4 or protocol == 41:
        walk.note(FOUR_IN_FOUR + (2 if six else 0) + (1 if protocol == 41 else 0), NO_ID, True)
        walk.next = 0x0800 if protocol == 4 else 0x86DD
        return ON
    if protocol == 47:
        return _gre(walk)
    if protocol == 50:
        return ENCRYPTED
    if protocol == 51:  # authentication header (RFC 4302): its length counts words of 4 bytes
        return _extension(walk, 8, 4)
    if six and (protocol == 0 or protocol == 43 or protocol == 60):
        return _extension(walk, 8, 8)
    if six and protocol == 44:
        return _fragment_header(walk)
    if protocol == 97:
        return _etherip(walk)
    if protocol == 115:
        return l2tp_v3(walk)
    if protocol == 137:  # RFC 4023
        walk.note(MPLS_IN_IP, NO_ID, True)
        walk.next = 0x8847
        return ON
    if protocol == 143:  # RFC 8986 section 4.9
        walk.note(ETHERNET_IN_IP, NO_ID, True)
        walk.next = ETHERNET
        return ON
    return OTHER_TRANSPORT


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _extension(walk: Walk, base: cython.Py_ssize_t, unit: cython.Py_ssize_t) -> cython.int:
    """Next header, and length in units that are not in ``base``."""
    outcome: cython.int = walk.lacks(8)
    if outcome:
        return outcome
    walk.chain_at = walk.at
    return walk.to(base + walk.data[walk.at + 1] * unit, IP + walk.data[walk.at])


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _fragment_header(walk: Walk) -> cython.int:
    """RFC 8200 section 4.5.  A fragment that is all of its packet (RFC 6946) is read at once."""
    field: cython.int
    outcome: cython.int = walk.lacks(8)
    if outcome:
        return outcome
    field = walk.be16(walk.at + 2)
    if field & 0xFFF9 == 0 or walk.target >= 0:
        walk.chain_at = walk.at
        return walk.to(8, IP + walk.data[walk.at])
    outcome = _fragment(walk, field & 0xFFF8)
    if outcome == ON:
        return walk.to(8, IP + walk.data[walk.at])
    return outcome


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _etherip(walk: Walk) -> cython.int:
    """RFC 3378: version 3 in the first nibble, the rest zero."""
    outcome: cython.int = walk.lacks(2)
    if outcome:
        return outcome
    if walk.be16(walk.at) != 0x3000:
        return OTHER_TRANSPORT
    walk.note(ETHERIP, NO_ID, True)
    return walk.to(2, ETHERNET)


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _gre(walk: Walk) -> cython.int:
    """RFC 2784 and 2890: flags, version, EtherType; then checksum, key and sequence if flagged.

    RFC 1701 has a source route behind them, and then the checksum's place too.
    """
    flags: cython.int
    size: cython.Py_ssize_t = 4
    number: cython.longlong = NO_ID
    outcome: cython.int = walk.lacks(4)
    if outcome:
        return outcome
    flags = walk.be16(walk.at)
    if flags & 7 == 1:
        return _pptp(walk, flags)
    if flags & 7:  # another version
        return NOT_UNWRAPPED
    if flags & 0xC000:
        size += 4
    if flags & 0x2000:
        outcome = walk.lacks(size + 4)
        if outcome:
            return outcome
        number = walk.be32(walk.at + size)
        size += 4
    if flags & 0x1000:
        size += 4
    walk.note(GRE, number, True)
    outcome = walk.over(size, 2)
    if outcome == ON and flags & 0x4000:
        outcome = _source_route(walk)
    if outcome != ON:
        return outcome
    if walk.next == 0x880B:
        walk.next = PPP
    elif walk.next == 0x883E:
        return _wccp(walk)
    elif walk.next == 0x88BE or walk.next == 0x22EB:
        return _erspan(walk, flags)
    return ON


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _source_route(walk: Walk) -> cython.int:
    """RFC 1701: entries of address family, offset and length; the last one has the length 0."""
    length: cython.Py_ssize_t
    outcome: cython.int
    while True:
        outcome = walk.lacks(4)
        if outcome:
            return outcome
        length = walk.data[walk.at + 3]
        walk.at += 4
        if length == 0:
            return ON
        outcome = walk.lacks(length)
        if outcome:
            return outcome
        walk.at += length


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _wccp(walk: Walk) -> cython.int:
    """Web Cache Communication Protocol: IP, which may have 4 bytes of redirect header before it."""
    if not walk.is_ip(walk.at):
        return walk.to(4, BY_VERSION)
    walk.next = BY_VERSION
    return ON


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _pptp(walk: Walk, flags: cython.int) -> cython.int:
    """RFC 2637 section 4.1: payload length and call id where the key is, then PPP."""
    size: cython.Py_ssize_t = 8
    outcome: cython.int = walk.lacks(8)
    if outcome:
        return outcome
    if walk.be16(walk.at + 2) != 0x880B or not flags & 0x2000 or flags & 0xC000:
        return NOT_UNWRAPPED
    if not flags & 0x1000:  # an acknowledgement alone
        return NON_IP
    size += 8 if flags & 0x0080 else 4
    walk.note(PPTP, walk.be16(walk.at + 6), True)
    walk.ends_at(walk.at + size + walk.be16(walk.at + 4))
    return walk.to(size, PPP)


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _erspan(walk: Walk, flags: cython.int) -> cython.int:
    """draft-foschiano-erspan: type I has no header, II one of 8 bytes, III one of 12 or 20."""
    size: cython.Py_ssize_t = 8
    frame_type: cython.int
    outcome: cython.int
    if walk.next == 0x88BE and not flags & 0x1000:
        walk.next = ETHERNET
        return ON
    outcome = walk.lacks(12)
    if outcome:
        return outcome
    if walk.data[walk.at] >> 4 != (1 if walk.next == 0x88BE else 2):
        return NOT_UNWRAPPED
    walk.note(ERSPAN, walk.be16(walk.at + 2) & 0x03FF, True)
    if walk.next == 0x88BE:
        return walk.to(8, ETHERNET)
    size = 20 if walk.data[walk.at + 11] & 1 else 12
    frame_type = (walk.data[walk.at + 10] >> 2) & 0x1F
    if frame_type == 0:
        return walk.to(size, ETHERNET)
    return walk.to(size, BY_VERSION) if frame_type == 2 else NOT_UNWRAPPED
