# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: tunnels in UDP.

A port number proves nothing: what lies in a UDP datagram on a tunnel's port counts only
if its header is consistent and an IP header comes of it whose version and length fit.
Otherwise the packet stays what it is, UDP.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if not cython.compiled:  # the compiler has these names from the .pxd file
    from netminedet.sieve.walk import (
        DECODED,
        ETHERNET,
        MALFORMED,
        NO_ID,
        NOT_UNWRAPPED,
        ON,
        OTHER_TRANSPORT,
        PPP,
        WIFI,
        Walk,
    )
    from netminedet.sieve.wireless import wifi


#: UDP ports by what they carry; ``_udp_tunnel`` has their functions.
TUNNEL_PORTS = (1701, 2152, 3544, 4500, 4789, 4790, 5247, 6081, 6635, 8472, 37008)

#: Names of the layers here that leave context, and how their ids are written.
KINDS = {
    32: ("vxlan", "{0}"),
    33: ("geneve", "{0}"),
    34: ("gtp-u", "0x{0:08x}"),
    35: ("l2tp", "{1}/{2}"),
    36: ("l2tpv3", "{0}"),
    37: ("tzsp", ""),
    38: ("capwap", ""),
    39: ("teredo", ""),
    40: ("mpls-in-udp", ""),
}
VXLAN = cython.declare(cython.int, 32)
GENEVE = cython.declare(cython.int, 33)
GTP_U = cython.declare(cython.int, 34)
L2TP = cython.declare(cython.int, 35)
L2TP_V3 = cython.declare(cython.int, 36)
TZSP = cython.declare(cython.int, 37)
CAPWAP = cython.declare(cython.int, 38)
TEREDO = cython.declare(cython.int, 39)
MPLS_IN_UDP = cython.declare(cython.int, 40)


def udp(walk: Walk) -> cython.int:
    """RFC 768.  On a tunnel's port, remember the datagram and look into it."""
    source: cython.int
    target: cython.int
    length: cython.Py_ssize_t
    outcome: cython.int = walk.lacks(8)
    if outcome or (walk.kept and walk.target < 0):
        return DECODED
    source = walk.be16(walk.at)
    target = walk.be16(walk.at + 2)
    length = walk.be16(walk.at + 4)
    if length <= 8 or (walk.at + length > walk.wire and walk.target < 0):
        return DECODED
    walk.keep()
    walk.ends_at(walk.at + length)
    walk.at += 8
    outcome = _udp_tunnel(walk, source, target)
    if outcome == ON:
        walk.inside = True
        return ON
    walk.restore()
    return DECODED


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _udp_tunnel(walk: Walk, source: cython.int, target: cython.int) -> cython.int:
    """ON where a tunnel's header was stepped over; behind NAT the answers come from its port."""
    if target == 2152:
        return _gtp_u(walk)
    if target == 4789 or target == 4790 or target == 8472:
        return _vxlan(walk)
    if target == 6081:
        return _geneve(walk)
    if target == 6635:  # RFC 7510
        walk.note(MPLS_IN_UDP, NO_ID, True)
        walk.next = 0x8847
        return ON
    if target == 37008:
        return _tzsp(walk)
    if target == 1701 or source == 1701:
        return _l2tp(walk)
    if target == 5247 or source == 5247:
        return _capwap(walk)
    if target == 3544 or source == 3544:
        return _teredo(walk)
    if target == 4500 or source == 4500:
        return _ipsec(walk)
    if source == 2152:
        return _gtp_u(walk)
    return OTHER_TRANSPORT


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _vxlan(walk: Walk) -> cython.int:
    """RFC 7348 section 5: flags, reserved, VNI, reserved.

    Two drafts use what is reserved: group policies with the flag 0x80, and the generic
    protocol extension with 0x04 and the number of the protocol inside.
    """
    flags: cython.int
    inside: cython.int = 3
    outcome: cython.int = walk.lacks(8)
    if outcome:
        return outcome
    flags = walk.data[walk.at]
    if flags & 0x04:
        inside = walk.data[walk.at + 3]
    if walk.data[walk.at + 7] != 0 or (flags != 0x08 and flags != 0x88 and flags != 0x0C):
        return MALFORMED
    if flags != 0x88 and (walk.data[walk.at + 1] or walk.data[walk.at + 2]):
        return MALFORMED
    if flags == 0x08 and walk.data[walk.at + 3]:
        return MALFORMED
    walk.note(VXLAN, walk.be32(walk.at + 4) >> 8, True)
    if inside == 1 or inside == 2:
        return walk.to(8, 0x0800 if inside == 1 else 0x86DD)
    if inside == 3 or inside == 4:
        return walk.to(8, ETHERNET if inside == 3 else 0x894F)
    return NOT_UNWRAPPED


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _geneve(walk: Walk) -> cython.int:
    """RFC 8926 section 3.4: version and length of options, flags, EtherType, VNI; then options."""
    outcome: cython.int = walk.lacks(8)
    if outcome:
        return outcome
    if walk.data[walk.at] >> 6 or walk.data[walk.at + 1] & 0x3F or walk.data[walk.at + 7]:
        return MALFORMED
    walk.note(GENEVE, walk.be32(walk.at + 4) >> 8, True)
    return walk.over(8 + (walk.data[walk.at] & 0x3F) * 4, 2)


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _gtp_u(walk: Walk) -> cython.int:
    """3GPP TS 29.281 section 5: version 1, message type 255 (a user's packet); IP or Ethernet inside."""
    flags: cython.int
    extension: cython.int = 0
    length: cython.Py_ssize_t
    outcome: cython.int = walk.lacks(8)
    if outcome:
        return outcome
    flags = walk.data[walk.at]
    length = 8 + walk.be16(walk.at + 2)
    if flags >> 4 != 3 or walk.data[walk.at + 1] != 255:
        return OTHER_TRANSPORT
    if walk.at + length != walk.wire and walk.target < 0:
        return MALFORMED
    walk.note(GTP_U, walk.be32(walk.at + 4), True)
    walk.at += 8
    if flags & 7:  # any of the three makes all of sequence, N-PDU number and next extension
        outcome = walk.lacks(4)
        if outcome:
            return outcome
        extension = walk.data[walk.at + 3] if flags & 4 else 0
        walk.at += 4
    while extension:
        outcome = walk.lacks(4)
        if outcome:
            return outcome
        length = walk.data[walk.at] * 4
        if length == 0 or walk.end - walk.at < length:
            return MALFORMED
        extension = walk.data[walk.at + length - 1]
        walk.at += length
    if not walk.is_ip(walk.at) and walk.is_bridged_ip(walk.at):
        walk.next = ETHERNET
        return ON
    return walk.by_version()


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _l2tp(walk: Walk) -> cython.int:
    """RFC 2661 section 3.1: a data message of version 2, then PPP."""
    flags: cython.int
    size: cython.Py_ssize_t = 6
    ids_at: cython.Py_ssize_t = walk.at + 2
    outcome: cython.int = walk.lacks(12)
    if outcome:
        return outcome
    flags = walk.be16(walk.at)
    if flags == 3 and walk.be16(ids_at) == 0:  # RFC 3931 section 4.1.2
        walk.at += 4
        return l2tp_v3(walk)
    if flags & 0x0F != 2 or flags & 0xB4F0:  # a control message, or reserved bits
        return OTHER_TRANSPORT
    if flags & 0x4000:
        if walk.at + walk.be16(ids_at) > walk.wire and walk.target < 0:
            return MALFORMED
        walk.ends_at(walk.at + walk.be16(ids_at))
        ids_at += 2
        size += 2
    walk.note(L2TP, walk.be32(ids_at), True)
    if flags & 0x0800:
        size += 4
    if flags & 0x0200:
        outcome = walk.lacks(size + 2)
        if outcome:
            return outcome
        size += 2 + walk.be16(walk.at + size)
    return walk.to(size, PPP)


def l2tp_v3(walk: Walk) -> cython.int:
    """RFC 3931 section 4.1: session id, a cookie of 0, 4 or 8 bytes, perhaps a sublayer of 4.

    Which of them are there is not in the packet, nor what is behind: the first place at which
    a frame with an IP packet fits is taken.
    """
    size: cython.Py_ssize_t
    outcome: cython.int = walk.lacks(4)
    if outcome:
        return outcome
    if walk.be32(walk.at) == 0:  # a control message
        return OTHER_TRANSPORT
    for size in range(4, 20, 4):
        if walk.is_bridged_ip(walk.at + size) or walk.is_ppp(walk.at + size):
            walk.note(L2TP_V3, walk.be32(walk.at), True)
            return walk.to(size, ETHERNET if walk.is_bridged_ip(walk.at + size) else PPP)
    return NOT_UNWRAPPED


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _tzsp(walk: Walk) -> cython.int:
    """TaZmen Sniffer Protocol: version 1, type, what is inside; then tags up to an end tag."""
    inner: cython.int
    outcome: cython.int = walk.lacks(4)
    if outcome:
        return outcome
    inner = walk.be16(walk.at + 2)
    if walk.data[walk.at] != 1 or walk.data[walk.at + 1] > 1 or (inner != 1 and inner != 18):
        return OTHER_TRANSPORT
    walk.note(TZSP, NO_ID, True)
    walk.at += 4
    while True:
        outcome = walk.lacks(1)
        if outcome:
            return outcome
        if walk.data[walk.at] == 1:
            return walk.to(1, ETHERNET if inner == 1 else WIFI)
        if walk.data[walk.at] == 0:  # padding
            walk.at += 1
            continue
        outcome = walk.lacks(2)
        if outcome:
            return outcome
        outcome = walk.to(2 + walk.data[walk.at + 1], 0)
        if outcome != ON:
            return outcome


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _capwap(walk: Walk) -> cython.int:
    """RFC 5415 section 4.3: data in the clear, not in fragments; IEEE 802.3 or 802.11 inside.

    Some access points send the first two bytes of the 802.11 header swapped: the order in
    which they begin a data frame is the right one.
    """
    word: cython.longlong
    outcome: cython.int = walk.lacks(10)
    if outcome:
        return outcome
    word = walk.be32(walk.at)
    if word >> 24:  # another version, or DTLS
        return OTHER_TRANSPORT
    if word & 0x88:  # a fragment, or a keep-alive
        return OTHER_TRANSPORT
    outcome = walk.to(((word >> 19) & 0x1F) * 4, ETHERNET)
    if outcome != ON or ((word >> 19) & 0x1F) < 2:
        return OTHER_TRANSPORT
    walk.note(CAPWAP, NO_ID, True)
    if not word & 0x100:
        return ON
    if (word >> 9) & 0x1F != 1:  # not IEEE 802.11
        return OTHER_TRANSPORT
    outcome = walk.lacks(2)
    if outcome:
        return outcome
    walk.swapped = walk.data[walk.at] & 0x4F != 0x08 and walk.data[walk.at + 1] & 0x4F == 0x08
    outcome = wifi(walk)
    walk.swapped = False
    return outcome


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _teredo(walk: Walk) -> cython.int:
    """RFC 4380 section 5.1.1: IPv6 behind an authentication and an origin indication, if any."""
    outcome: cython.int = walk.lacks(4)
    if outcome:
        return outcome
    if walk.be16(walk.at) == 1:
        outcome = walk.to(4 + walk.data[walk.at + 2] + walk.data[walk.at + 3] + 9, 0)
        if outcome != ON:
            return outcome
    if walk.end - walk.at >= 8 and walk.be16(walk.at) == 0:
        walk.at += 8
    outcome = walk.lacks(40)
    if outcome:
        return outcome
    if walk.data[walk.at] >> 4 != 6:
        return MALFORMED
    if walk.at + 40 + walk.be16(walk.at + 4) != walk.wire and walk.target < 0:
        return MALFORMED
    if walk.be32(walk.at + 8) != 0x20010000 and walk.be32(walk.at + 24) != 0x20010000:
        return MALFORMED  # neither end is a Teredo address
    walk.note(TEREDO, NO_ID, True)
    walk.next = 0x86DD
    return ON


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _ipsec(walk: Walk) -> cython.int:
    """RFC 3948 section 2: ESP unless the first 4 bytes are 0 (IKE); a single byte 0xFF keeps the
    way through a NAT open.  Both stay UDP, and are counted."""
    if walk.target >= 0:
        return OTHER_TRANSPORT
    if walk.end - walk.at >= 8:
        walk.ipsec += walk.be32(walk.at) > 255
    elif walk.wire - walk.at == 1 and walk.end > walk.at and walk.data[walk.at] == 0xFF:
        walk.ipsec += 1
    return OTHER_TRANSPORT
