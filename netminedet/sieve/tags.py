# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: what an EtherType names: tags, labels, PPPoE, LLC."""

from __future__ import annotations

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if not cython.compiled:  # the compiler has these names from the .pxd file
    from netminedet.sieve.walk import (
        ENCRYPTED,
        ETHERNET,
        NON_IP,
        NOT_UNWRAPPED,
        ON,
        PPP,
        TRUNCATED,
        Walk,
    )


#: Names of the layers here that leave context, and how their ids are written.
KINDS = {
    0: ("vlan", "{0}"),
    1: ("mpls", "{0}"),
    2: ("pppoe", "{0}"),
    3: ("pbb", "{0}"),
    4: ("nsh", "{0}"),
}
VLAN = cython.declare(cython.int, 0)
MPLS = cython.declare(cython.int, 1)
PPPOE = cython.declare(cython.int, 2)
PBB = cython.declare(cython.int, 3)
NSH = cython.declare(cython.int, 4)


def ethertype(walk: Walk) -> cython.int:
    kind: cython.int = walk.next
    if kind == 0x8100 or kind == 0x88A8 or kind == 0x9100:
        return _vlan(walk)
    if kind == 0x8847 or kind == 0x8848:
        return _mpls(walk)
    if kind == 0x8864:
        return _pppoe(walk)
    if kind == 0x88E7:
        return _pbb(walk)
    if kind == 0x6558:  # Ethernet bridged over GRE or Geneve
        walk.next = ETHERNET
        return ON
    if kind == 0x894F:
        return _nsh(walk)
    if kind == 0x88E5:  # IEEE 802.1AE
        return ENCRYPTED
    if kind <= 1500:
        return _llc(walk)
    return NON_IP


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _vlan(walk: Walk) -> cython.int:
    """IEEE 802.1Q: priority and VLAN id, EtherType."""
    outcome: cython.int = walk.lacks(4)
    if outcome:
        return outcome
    walk.note(VLAN, walk.be16(walk.at) & 0x0FFF, False)
    return walk.over(4, 2)


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _pbb(walk: Walk) -> cython.int:
    """IEEE 802.1ah: 4 bytes with the service id in the last 3, then the customer's Ethernet."""
    outcome: cython.int = walk.lacks(4)
    if outcome:
        return outcome
    walk.note(PBB, walk.be32(walk.at) & 0xFFFFFF, False)
    return walk.to(4, ETHERNET)


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _nsh(walk: Walk) -> cython.int:
    """RFC 8300 section 2: version, flags, length in words, what is inside, service path and index."""
    inside: cython.int
    size: cython.Py_ssize_t
    outcome: cython.int = walk.lacks(8)
    if outcome:
        return outcome
    size = (walk.data[walk.at + 1] & 0x3F) * 4
    inside = walk.data[walk.at + 3]
    if walk.data[walk.at] & 0xC0 or size < 8:
        return NOT_UNWRAPPED
    walk.note(NSH, walk.be32(walk.at + 4) >> 8, False)
    if inside == 1 or inside == 2:
        return walk.to(size, 0x0800 if inside == 1 else 0x86DD)
    if inside == 3 or inside == 5:
        return walk.to(size, ETHERNET if inside == 3 else 0x8847)
    return NOT_UNWRAPPED


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _mpls(walk: Walk) -> cython.int:
    """RFC 3032: label (20 bits), class, bottom of stack, time to live."""
    outcome: cython.int = walk.lacks(4)
    bottom: cython.int
    if outcome:
        return outcome
    walk.note(MPLS, walk.be32(walk.at) >> 12, False)
    bottom = walk.data[walk.at + 2] & 1
    walk.at += 4
    return _pseudowire(walk) if bottom else ON


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _pseudowire(walk: Walk) -> cython.int:
    """What is below the bottom of the label stack, which says nothing of it.

    The first nibble tells (RFC 4928, RFC 4385): 4 or 6 begins IP, 0 a control word of a
    pseudowire.  But an Ethernet pseudowire without a control word (RFC 4448) begins
    with a MAC address, which may begin likewise; so each reading must fit.
    """
    nibble: cython.int
    outcome: cython.int = walk.lacks(1)
    if outcome:
        return TRUNCATED
    nibble = walk.data[walk.at] >> 4
    if (nibble == 4 or nibble == 6) and walk.is_ip(walk.at):
        return walk.by_version()
    if nibble == 0 and walk.is_ethernet(walk.at + 4):
        walk.at += 4
        walk.next = ETHERNET
        return ON
    if walk.is_ethernet(walk.at):
        walk.next = ETHERNET
        return ON
    return walk.by_version()


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _pppoe(walk: Walk) -> cython.int:
    """RFC 2516 section 4: version and type, code, session id, length; then PPP."""
    outcome: cython.int = walk.lacks(6)
    if outcome:
        return outcome
    if walk.data[walk.at + 1] != 0:  # a session's packets have code 0
        return NON_IP
    walk.note(PPPOE, walk.be16(walk.at + 2), False)
    return walk.to(6, PPP)  # where it ends, IP says too


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _llc(walk: Walk) -> cython.int:
    """IEEE 802.2 with SNAP whose type is an EtherType (RFC 1042, 802.1H); other LLC is not IP."""
    if walk.end - walk.at < 8:
        return NON_IP
    if walk.be16(walk.at) != 0xAAAA or walk.data[walk.at + 2] != 3:
        return NON_IP
    if walk.be16(walk.at + 3) != 0 or (walk.data[walk.at + 5] != 0 and walk.data[walk.at + 5] != 0xF8):
        return NON_IP
    walk.over(8, 6)
    return ON if walk.next > 1500 else NON_IP
