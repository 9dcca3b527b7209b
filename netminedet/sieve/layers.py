# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: every layer that may lie around an IP packet, one function each.

``Walker`` steps over one header after another until it stands at TCP or UDP that is no
tunnel.  ``next`` says what stands at ``at``: an EtherType, ``IP`` + an IP protocol
number, or ``LINK`` + a link type of tcpdump.org/linktypes.html (1 Ethernet, 9 PPP, 105
IEEE 802.11), which tunnels carry too.  A function of a layer checks lengths, steps over
its header, notes an id or outer addresses as context, says what is next, and gives ON;
or else the outcome of the packet.

A port number proves nothing: what lies in a UDP datagram on a tunnel's port counts only
if its header is consistent and an IP header comes of it whose version and length fit.
Otherwise the packet stays what it is, UDP.
"""

from __future__ import annotations

from array import array
from socket import AF_INET, AF_INET6, inet_ntop

from netminedet.model import Batch, Layer
from netminedet.sieve import columns as layout
from netminedet.sieve.columns import Odd

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython

#: Headers stepped over in one packet: tags, labels, tunnels, extension headers, all together.
MAX_LAYERS = cython.declare(cython.int, 32)

ON = cython.declare(cython.int, layout.STATES)  # no outcome: go on with the next layer
DECODED = cython.declare(cython.int, layout.DECODED)
NON_IP = cython.declare(cython.int, layout.NON_IP)
OTHER_TRANSPORT = cython.declare(cython.int, layout.OTHER_TRANSPORT)
PIECE = cython.declare(cython.int, layout.PIECE)
TRUNCATED = cython.declare(cython.int, layout.TRUNCATED)
MALFORMED = cython.declare(cython.int, layout.MALFORMED)
UNKNOWN_LINK = cython.declare(cython.int, layout.UNKNOWN_LINK)
TOO_DEEP = cython.declare(cython.int, layout.TOO_DEEP)
ENCRYPTED = cython.declare(cython.int, layout.ENCRYPTED)
NOT_UNWRAPPED = cython.declare(cython.int, layout.NOT_UNWRAPPED)
START = cython.declare(cython.int, layout.START)
REBUILT = cython.declare(cython.int, layout.REBUILT)

IP = cython.declare(cython.int, 0x10000)
LINK = cython.declare(cython.int, 0x20000)
ETHERNET = cython.declare(cython.int, 0x20001)
PPP = cython.declare(cython.int, 0x20009)
BY_VERSION = cython.declare(cython.int, 0x20065)
WIFI = cython.declare(cython.int, 0x20069)
LLC = cython.declare(cython.int, 4)  # as Linux numbers IEEE 802.2 among EtherTypes

#: UDP ports by what they carry; ``_udp_tunnel`` has their functions.
TUNNEL_PORTS = (1701, 2152, 3544, 4500, 4789, 4790, 5247, 6081, 6635, 8472, 37008)

#: Names of layers that leave context, and how their ids are written.
KINDS = (
    ("vlan", "{0}"),
    ("mpls", "{0}"),
    ("pppoe", "{0}"),
    ("pbb", "{0}"),
    ("gre", "0x{0:08x}"),
    ("pptp", "{0}"),
    ("erspan", "{0}"),
    ("4in4", ""),
    ("6in4", ""),
    ("4in6", ""),
    ("6in6", ""),
    ("etherip", ""),
    ("vxlan", "{0}"),
    ("geneve", "{0}"),
    ("gtp-u", "0x{0:08x}"),
    ("l2tp", "{1}/{2}"),
    ("tzsp", ""),
    ("capwap", ""),
    ("teredo", ""),
    ("mpls-in-ip", ""),
    ("mpls-in-udp", ""),
    ("ethernet-in-ip", ""),
    ("l2tpv3", "{0}"),
    ("nsh", "{0}"),
)
VLAN = cython.declare(cython.int, 0)
MPLS = cython.declare(cython.int, 1)
PPPOE = cython.declare(cython.int, 2)
PBB = cython.declare(cython.int, 3)
GRE = cython.declare(cython.int, 4)
PPTP = cython.declare(cython.int, 5)
ERSPAN = cython.declare(cython.int, 6)
FOUR_IN_FOUR = cython.declare(cython.int, 7)  # then 6in4, 4in6, 6in6
ETHERIP = cython.declare(cython.int, 11)
VXLAN = cython.declare(cython.int, 12)
GENEVE = cython.declare(cython.int, 13)
GTP_U = cython.declare(cython.int, 14)
L2TP = cython.declare(cython.int, 15)
TZSP = cython.declare(cython.int, 16)
CAPWAP = cython.declare(cython.int, 17)
TEREDO = cython.declare(cython.int, 18)
MPLS_IN_IP = cython.declare(cython.int, 19)
MPLS_IN_UDP = cython.declare(cython.int, 20)
ETHERNET_IN_IP = cython.declare(cython.int, 21)
L2TP_V3 = cython.declare(cython.int, 22)
NSH = cython.declare(cython.int, 23)

NO_ID = cython.declare(cython.longlong, -1)


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
    high: cython.longlong = _be16(data, at)
    return (high << 16) | _be16(data, at + 2)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-1, check=False)
def _le16(data: cython.uchar[:], at: cython.Py_ssize_t) -> cython.int:
    return data[at] | (data[at + 1] << 8)


@cython.cclass
class Walker:
    """Finds the innermost IP header of odd packets, and names the layers before it."""

    data: cython.uchar[:]
    column: cython.uint[:]
    state: cython.uint[:]
    odd_frame: cython.uint[:]
    odd_ip_at: cython.uint[:]
    odd_body_at: cython.uint[:]
    odd_protocol: cython.uint[:]
    odd_end: cython.uint[:]
    odd_wire_end: cython.uint[:]
    odd_inside: cython.uint[:]
    # the walk through one packet: where it stands, what is there, where captured bytes end,
    # and where those on the wire end by the headers so far
    at: cython.Py_ssize_t
    next: cython.int
    end: cython.Py_ssize_t
    wire: cython.Py_ssize_t
    #: the last IP header, and where in it or behind it the byte stands that says what follows
    ip_at: cython.Py_ssize_t
    chain_at: cython.Py_ssize_t
    inside: cython.bint
    #: IEEE 802.11: the header is padded to 4 bytes; its first two bytes are swapped
    padded: cython.bint
    swapped: cython.bint
    # the UDP datagram that the packet is unless a tunnel is found in it
    kept: cython.bint
    kept_ip_at: cython.Py_ssize_t
    kept_at: cython.Py_ssize_t
    kept_end: cython.Py_ssize_t
    kept_wire: cython.Py_ssize_t
    kept_inside: cython.bint
    # context; ``target``: the IP header at which to stop when only context is wanted, or -1
    target: cython.Py_ssize_t
    noted: cython.int
    kinds: cython.int[:]
    ids: cython.longlong[:]
    carriers: cython.longlong[:]
    tunnelled: cython.ulonglong
    ipsec: cython.ulonglong
    aggregated: cython.ulonglong

    def __init__(self, odd: Odd) -> None:
        self.column = odd.column
        self.state = odd.state
        self.odd_frame = odd.frame
        self.odd_ip_at = odd.ip_at
        self.odd_body_at = odd.body_at
        self.odd_protocol = odd.protocol
        self.odd_end = odd.end
        self.odd_wire_end = odd.wire_end
        self.odd_inside = odd.inside
        self.kinds = array("i", bytes(4 * int(MAX_LAYERS)))
        self.ids = array("q", bytes(8 * int(MAX_LAYERS)))
        self.carriers = array("q", bytes(8 * int(MAX_LAYERS)))
        self.target = -1
        self.tunnelled = 0
        self.ipsec = 0
        self.aggregated = 0
        self.swapped = False

    def counters(self) -> dict[str, int]:
        """What was met on the way."""
        return {
            "in_tunnels": self.tunnelled,
            "ipsec_over_udp": self.ipsec,
            "frames_not_first": self.aggregated,
        }

    def run(self, batch: Batch, low: cython.Py_ssize_t, count: cython.Py_ssize_t) -> int:
        """Walk through the odd packets that wait for it; how many are IP fragments."""
        offset: cython.uint[:] = batch.offset
        caplen: cython.uint[:] = batch.caplen
        wirelen: cython.uint[:] = batch.wirelen
        linktype: cython.uint[:] = batch.linktype
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        outcome: cython.int
        fragments: cython.Py_ssize_t = 0
        self.data = batch.data
        self.target = -1
        with cython.nogil:
            for k in range(count):
                if self.state[k] == START:
                    i = low + self.column[k]
                    self._begin(offset[i], caplen[i], wirelen[i], linktype[i])
                    self.odd_frame[k] = self.at
                elif self.state[k] == REBUILT:
                    self._begin(self.odd_ip_at[k], self.odd_end[k] - self.odd_ip_at[k], 0, 101)
                    self.inside = self.odd_inside[k]
                else:
                    continue
                outcome = self._walk()
                self.state[k] = outcome
                if outcome == PIECE:
                    fragments += 1
                elif outcome == DECODED and self.inside:
                    self.tunnelled += 1
                self.odd_inside[k] = self.inside
                self.odd_ip_at[k] = self.ip_at
                self.odd_body_at[k] = self.at
                self.odd_protocol[k] = self.next - IP if outcome == DECODED else self.chain_at
                self.odd_end[k] = self.end
                self.odd_wire_end[k] = self.wire
        return fragments

    def layers(
        self,
        batch: Batch,
        frame: cython.Py_ssize_t,
        ip_at: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        wirelen: cython.Py_ssize_t,
        linktype: cython.int,
    ) -> tuple[Layer, ...]:
        """The layers of the frame at ``frame`` before its IP header at ``ip_at``, outermost first.

        ``end``: where the frame's bytes end.  Of a frame rebuilt from fragments the lengths
        of outer headers are too small, so lengths are not looked at.
        """
        self.data = batch.data
        self.target = ip_at
        self._begin(frame, end - frame, wirelen, linktype)
        self._walk()
        return tuple(self._layer(i) for i in range(self.noted))

    def _layer(self, i: int) -> Layer:
        kind, form = KINDS[self.kinds[i]]
        number = self.ids[i]
        text = None if number < 0 else form.format(number, number >> 16, number & 0xFFFF)
        at = self.carriers[i]
        if at < 0:
            return Layer(kind, text)
        if self.data[at] >> 4 == 4:
            family, start, size = AF_INET, at + 12, 4
        else:
            family, start, size = AF_INET6, at + 8, 16
        ends = bytes(self.data[start : start + 2 * size])
        return Layer(kind, text, inet_ntop(family, ends[:size]), inet_ntop(family, ends[size:]))

    # ---- the walk ----

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _begin(
        self,
        at: cython.Py_ssize_t,
        captured: cython.Py_ssize_t,
        wirelen: cython.Py_ssize_t,
        linktype: cython.int,
    ) -> cython.int:
        self.at = at
        self.end = at + captured
        self.wire = at + wirelen if wirelen > captured else self.end
        self.next = LINK + linktype
        self.inside = False
        self.padded = False
        self.kept = False
        self.noted = 0
        self.ip_at = at
        self.chain_at = at
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _walk(self) -> cython.int:
        outcome: cython.int = TOO_DEEP
        _step: cython.int
        for _step in range(MAX_LAYERS):
            outcome = self._step()
            if outcome != ON:
                break
        else:
            outcome = TOO_DEEP
        if self.kept and outcome != DECODED:
            self._restore()
            outcome = DECODED
        return outcome

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _step(self) -> cython.int:
        if self.next == 0x0800:
            return self._ipv4()
        if self.next == 0x86DD:
            return self._ipv6()
        if self.next < IP:
            return self._ethertype()
        if self.next < LINK:
            return self._ip_payload()
        return self._link()

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _lacks(self, size: cython.Py_ssize_t) -> cython.int:
        """0 if a header of this size is there; else the outcome of the packet."""
        if self.end - self.at >= size:
            return 0
        return MALFORMED if self.wire - self.at < size else TRUNCATED

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _over(self, size: cython.Py_ssize_t, type_at: cython.Py_ssize_t) -> cython.int:
        """Step over a header of ``size`` that has an EtherType at ``type_at``."""
        outcome: cython.int = self._lacks(size)
        if outcome:
            return outcome
        self.next = _be16(self.data, self.at + type_at)
        self.at += size
        return ON

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _to(self, size: cython.Py_ssize_t, following: cython.int) -> cython.int:
        """Step over a header of ``size``; behind it is ``following``."""
        outcome: cython.int = self._lacks(size)
        if outcome:
            return outcome
        self.at += size
        self.next = following
        return ON

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _ends_at(self, stop: cython.Py_ssize_t) -> cython.int:
        """The layer's own header says where it ends; what follows is padding."""
        if self.target < 0 and stop < self.wire:
            self.wire = stop
            if stop < self.end:
                self.end = stop
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _note(self, kind: cython.int, number: cython.longlong, is_over_ip: cython.bint) -> cython.int:
        """Context: a layer with its id or NO_ID, and whether the last IP header carries it."""
        if self.noted < MAX_LAYERS:
            self.kinds[self.noted] = kind
            self.ids[self.noted] = number
            self.carriers[self.noted] = self.ip_at if is_over_ip else -1
            self.noted += 1
        if is_over_ip:
            self.inside = True
        return 0

    # ---- link layers ----

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _link(self) -> cython.int:
        """A link layer by its number at tcpdump.org/linktypes.html."""
        link: cython.int = self.next - LINK
        outcome: cython.int
        if link == 1:
            return self._over(14, 12)
        if link == 113:  # Linux cooked v1
            return self._over(16, 14)
        if link == 276:  # Linux cooked v2
            return self._over(20, 0)
        if link == 101 or link == 12 or link == 14 or link == 228 or link == 229:
            return self._by_version()
        if link == 0 or link == 108:  # BSD null, loop: address family, then IP
            return self._to(4, BY_VERSION)
        if link == 9 or link == 50:  # PPP; 50: in HDLC-like framing
            return self._ppp_link()
        if link == 100:  # RFC 1483 over ATM, with LLC
            self.next = LLC
            return ON
        if link == 204:  # PPP behind a byte for the direction
            return self._to(1, PPP)
        if link == 51:  # PPPoE without the Ethernet header
            self.next = 0x8864
            return ON
        if link == 104:  # Cisco HDLC: address, control, EtherType
            return self._over(4, 2)
        if link == 205:  # the same behind a byte for the direction
            return self._to(1, LINK + 104)
        if link == 219:  # MPLS label stack
            self.next = 0x8847
            return ON
        if link == 105:
            return self._wifi()
        if link == 109:  # OpenBSD's decrypted IPsec: family, SPI, flags
            return self._to(12, BY_VERSION)
        if link == 117:  # OpenBSD's packet filter: first its length, padded to 4 bytes
            outcome = self._lacks(4)
            if outcome:
                return outcome
            return self._to((self.data[self.at] + 3) & 0xFC, BY_VERSION)
        return self._wrapped_link(link)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _wrapped_link(self, link: cython.int) -> cython.int:
        """Link layers that describe the capture and are followed by another link layer."""
        outcome: cython.int = self._lacks(8)
        if link != 127 and link != 192 and link != 119 and link != 163 and link != 178:
            return UNKNOWN_LINK
        if outcome:
            return outcome
        if link == 127:  # radiotap.org: version, pad, length, present...
            if self.data[self.at] != 0:
                return MALFORMED
            self._radiotap_padding()
            return self._to(_le16(self.data, self.at + 2), WIFI)
        if link == 192:  # PPI: version, flags, length, link type
            self.next = _le16(self.data, self.at + 4)
            return self._to(_le16(self.data, self.at + 2), LINK + self.next)
        if link == 178:  # Juniper Ethernet: "MGC", flags, and if bit 7 is set the length of extensions
            if _be16(self.data, self.at) != 0x4D47 or self.data[self.at + 2] != 0x43:
                return MALFORMED
            if self.data[self.at + 3] & 2:  # no link layer
                return NOT_UNWRAPPED
            if self.data[self.at + 3] & 0x80:
                return self._to(6 + _be16(self.data, self.at + 4), ETHERNET)
            return self._to(4, ETHERNET)
        # Prism and AVS.  AVS begins with its version, 0x8021100x; both have their length behind it,
        # Prism in the order of the machine that made the capture
        if _be16(self.data, self.at) == 0x8021:
            return self._to(_be16(self.data, self.at + 6), WIFI)
        if self.data[self.at + 4] == 0 and self.data[self.at + 5] == 0:
            return self._to(_be16(self.data, self.at + 6), WIFI)
        return self._to(_le16(self.data, self.at + 4), WIFI)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _radiotap_padding(self) -> cython.int:
        """Whether the 802.11 header is padded to 4 bytes: bit 5 of radiotap's field "flags"."""
        at: cython.Py_ssize_t = self.at + 4
        has: cython.int = self.data[at]
        while at + 4 <= self.end and self.data[at + 3] & 0x80:  # another word of presence bits
            at += 4
        at += 4
        if not has & 2:
            return 0
        if has & 1:  # a time stamp of 8 bytes, aligned, stands before it
            at = self.at + ((at - self.at + 7) & ~cython.cast(cython.Py_ssize_t, 7)) + 8
        if at < self.end and self.data[at] & 0x20:
            self.padded = True
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _wifi(self) -> cython.int:
        """IEEE 802.11 section 9.3.2: data frames that are not encrypted, with LLC inside."""
        control: cython.int
        flags: cython.int
        several: cython.int = 0
        size: cython.Py_ssize_t = 24
        outcome: cython.int = self._lacks(2)
        if outcome:
            return outcome
        control = self.data[self.at + 1 if self.swapped else self.at]
        flags = self.data[self.at if self.swapped else self.at + 1]
        if control & 0x03:
            return MALFORMED
        if control & 0x4C != 0x08:  # management, control, or data frames without data
            return NON_IP
        if flags & 0x40:
            return ENCRYPTED
        outcome = self._lacks(24)
        if outcome:
            return outcome
        if flags & 0x04 or self.data[self.at + 22] & 0x0F:  # one of several fragments
            return NOT_UNWRAPPED
        if flags & 0x03 == 0x03:
            size += 6
        if control & 0x80:
            outcome = self._lacks(size + 2)
            if outcome:
                return outcome
            several = self.data[self.at + size] & 0x80
            size += 6 if flags & 0x80 else 2
        if self.padded:
            size = (size + 3) & ~cython.cast(cython.Py_ssize_t, 3)
        if several:
            return self._aggregate(size)
        return self._to(size, LLC)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _aggregate(self, size: cython.Py_ssize_t) -> cython.int:
        """IEEE 802.11 section 9.3.2.2: several frames in one (A-MSDU), each with addresses and length.

        A packet here has one place in the columns, so the first frame is read; that others
        follow is counted.
        """
        stop: cython.Py_ssize_t
        outcome: cython.int = self._lacks(size + 14)
        if outcome:
            return outcome
        stop = self.at + size + 14 + _be16(self.data, self.at + size + 12)
        if stop > self.wire and self.target < 0:
            return MALFORMED
        if self.wire - stop >= 17 and self.target < 0:  # padding of up to 3, then a header
            self.aggregated += 1
        self._ends_at(stop)
        return self._to(size + 14, LLC)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _by_version(self) -> cython.int:
        version: cython.int
        outcome: cython.int = self._lacks(1)
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

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _ppp_link(self) -> cython.int:
        """PPP, or Cisco HDLC, which has the address 0x0F or 0x8F (RFC 1547 section 4.3.1)."""
        outcome: cython.int = self._lacks(1)
        if outcome:
            return outcome
        if self.data[self.at] == 0x0F or self.data[self.at] == 0x8F:
            self.next = LINK + 104
            return ON
        return self._ppp()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _ppp(self) -> cython.int:
        """PPP protocol field (RFC 1661 section 2), which may be compressed to one byte.

        Before it may stand the address and control of HDLC-like framing (RFC 1662).
        """
        protocol: cython.int
        outcome: cython.int = self._lacks(2)
        if outcome:
            return outcome
        if self.data[self.at] == 0xFF and self.data[self.at + 1] == 0x03:
            self.at += 2
            outcome = self._lacks(2)
            if outcome:
                return outcome
        protocol = self.data[self.at]
        if protocol & 1:
            self.at += 1
        else:
            protocol = _be16(self.data, self.at)
            self.at += 2
        if protocol == 0x0021:
            self.next = 0x0800
        elif protocol == 0x0057:
            self.next = 0x86DD
        elif protocol == 0x0281:
            self.next = 0x8847
        elif protocol == 0x0053:  # RFC 1968
            return ENCRYPTED
        elif protocol == 0x003D:
            return self._multilink()
        elif protocol == 0x00FD:  # compressed
            return NOT_UNWRAPPED
        else:
            return NON_IP
        return ON

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _multilink(self) -> cython.int:
        """RFC 1990 section 3: a packet that is one fragment, which both begins and ends it.

        Whether the sequence number takes 12 or 24 bits was said when the link was set up: the
        one behind which an IP packet fits is taken.
        """
        size: cython.Py_ssize_t
        outcome: cython.int = self._lacks(4)
        if outcome:
            return outcome
        if self.data[self.at] & 0xC0 != 0xC0:
            return NOT_UNWRAPPED
        for size in range(2, 5, 2):
            if self._is_ppp(self.at + size):
                return self._to(size, PPP)
        return NOT_UNWRAPPED

    # ---- what an EtherType names ----

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _ethertype(self) -> cython.int:
        kind: cython.int = self.next
        if kind == 0x8100 or kind == 0x88A8 or kind == 0x9100:
            return self._vlan()
        if kind == 0x8847 or kind == 0x8848:
            return self._mpls()
        if kind == 0x8864:
            return self._pppoe()
        if kind == 0x88E7:
            return self._pbb()
        if kind == 0x6558:  # Ethernet bridged over GRE or Geneve
            self.next = ETHERNET
            return ON
        if kind == 0x894F:
            return self._nsh()
        if kind == 0x88E5:  # IEEE 802.1AE
            return ENCRYPTED
        if kind <= 1500:
            return self._llc()
        return NON_IP

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _vlan(self) -> cython.int:
        """IEEE 802.1Q: priority and VLAN id, EtherType."""
        outcome: cython.int = self._lacks(4)
        if outcome:
            return outcome
        self._note(VLAN, _be16(self.data, self.at) & 0x0FFF, False)
        return self._over(4, 2)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _pbb(self) -> cython.int:
        """IEEE 802.1ah: 4 bytes with the service id in the last 3, then the customer's Ethernet."""
        outcome: cython.int = self._lacks(4)
        if outcome:
            return outcome
        self._note(PBB, _be32(self.data, self.at) & 0xFFFFFF, False)
        return self._to(4, ETHERNET)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _nsh(self) -> cython.int:
        """RFC 8300 section 2: version, flags, length in words, what is inside, service path and index."""
        inside: cython.int
        size: cython.Py_ssize_t
        outcome: cython.int = self._lacks(8)
        if outcome:
            return outcome
        size = (self.data[self.at + 1] & 0x3F) * 4
        inside = self.data[self.at + 3]
        if self.data[self.at] & 0xC0 or size < 8:
            return NOT_UNWRAPPED
        self._note(NSH, _be32(self.data, self.at + 4) >> 8, False)
        if inside == 1 or inside == 2:
            return self._to(size, 0x0800 if inside == 1 else 0x86DD)
        if inside == 3 or inside == 5:
            return self._to(size, ETHERNET if inside == 3 else 0x8847)
        return NOT_UNWRAPPED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _mpls(self) -> cython.int:
        """RFC 3032: label (20 bits), class, bottom of stack, time to live."""
        outcome: cython.int = self._lacks(4)
        bottom: cython.int
        if outcome:
            return outcome
        self._note(MPLS, _be32(self.data, self.at) >> 12, False)
        bottom = self.data[self.at + 2] & 1
        self.at += 4
        return self._pseudowire() if bottom else ON

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _pseudowire(self) -> cython.int:
        """What is below the bottom of the label stack, which says nothing of it.

        The first nibble tells (RFC 4928, RFC 4385): 4 or 6 begins IP, 0 a control word of a
        pseudowire.  But an Ethernet pseudowire without a control word (RFC 4448) begins
        with a MAC address, which may begin likewise; so each reading must fit.
        """
        nibble: cython.int
        outcome: cython.int = self._lacks(1)
        if outcome:
            return TRUNCATED
        nibble = self.data[self.at] >> 4
        if (nibble == 4 or nibble == 6) and self._is_ip(self.at):
            return self._by_version()
        if nibble == 0 and self._is_ethernet(self.at + 4):
            self.at += 4
            self.next = ETHERNET
            return ON
        if self._is_ethernet(self.at):
            self.next = ETHERNET
            return ON
        return self._by_version()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _is_ip(self, at: cython.Py_ssize_t) -> cython.bint:
        """Whether an IP header at ``at`` fits into what is there."""
        header: cython.Py_ssize_t
        total: cython.Py_ssize_t
        if self.end - at < 20:
            return False
        if self.data[at] >> 4 == 4:
            header = (self.data[at] & 0x0F) * 4
            total = _be16(self.data, at + 2)
            return header >= 20 and header <= total and at + total <= self.wire
        return self.data[at] >> 4 == 6 and at + 40 + _be16(self.data, at + 4) <= self.wire

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _is_ethernet(self, at: cython.Py_ssize_t) -> cython.bint:
        """Whether what is at ``at`` can be an Ethernet frame, by its type and what follows."""
        kind: cython.int
        if self.end - at < 15:
            return False
        kind = _be16(self.data, at + 12)
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

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _is_bridged_ip(self, at: cython.Py_ssize_t) -> cython.bint:
        """Whether an Ethernet frame at ``at``, perhaps with tags, holds an IP packet that fits."""
        _tag: cython.int
        kind: cython.int
        for _tag in range(3):
            if self.end - at < 14:
                return False
            kind = _be16(self.data, at + 12)
            if kind != 0x8100 and kind != 0x88A8 and kind != 0x9100:
                break
            at += 4
        if kind == 0x8864:
            return self._is_ppp(at + 20)
        return (kind == 0x0800 or kind == 0x86DD) and self._is_ip(at + 14)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _is_ppp(self, at: cython.Py_ssize_t) -> cython.bint:
        """Whether PPP at ``at`` holds an IP packet that fits."""
        kind: cython.int
        if self.end - at < 4:
            return False
        if self.data[at] == 0xFF and self.data[at + 1] == 0x03:
            at += 2
        if self.data[at] == 0x21 or self.data[at] == 0x57:
            return self._is_ip(at + 1)
        kind = _be16(self.data, at)
        return (kind == 0x0021 or kind == 0x0057) and self._is_ip(at + 2)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _pppoe(self) -> cython.int:
        """RFC 2516 section 4: version and type, code, session id, length; then PPP."""
        outcome: cython.int = self._lacks(6)
        if outcome:
            return outcome
        if self.data[self.at + 1] != 0:  # a session's packets have code 0
            return NON_IP
        self._note(PPPOE, _be16(self.data, self.at + 2), False)
        return self._to(6, PPP)  # where it ends, IP says too

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _llc(self) -> cython.int:
        """IEEE 802.2 with SNAP whose type is an EtherType (RFC 1042, 802.1H); other LLC is not IP."""
        if self.end - self.at < 8:
            return NON_IP
        if _be16(self.data, self.at) != 0xAAAA or self.data[self.at + 2] != 3:
            return NON_IP
        if _be16(self.data, self.at + 3) != 0 or (
            self.data[self.at + 5] != 0 and self.data[self.at + 5] != 0xF8
        ):
            return NON_IP
        self._over(8, 6)
        return ON if self.next > 1500 else NON_IP

    # ---- IP and what its protocol numbers name ----

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _accept(self, stop: cython.Py_ssize_t, whole: cython.bint) -> cython.int:
        """An IP packet from ``at`` to ``stop`` by its own header, or of unknown length.

        Out of a tunnel it must fit in.  If it does, the tunnel is one, and no mere UDP.
        """
        if self.target >= 0:
            self.ip_at = self.at
            return ON
        if self.inside and (stop > self.wire or (self.kept and not whole)):
            return MALFORMED
        self.kept = False
        self.ip_at = self.at
        self.wire = stop
        if stop < self.end:
            self.end = stop
        return ON

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _ipv4(self) -> cython.int:
        """RFC 791.  A total length of 0 stands for segmentation offload: take what was captured."""
        at: cython.Py_ssize_t = self.at
        header: cython.Py_ssize_t
        total: cython.Py_ssize_t
        outcome: cython.int = self._lacks(20)
        if outcome:
            return TRUNCATED if not self.inside else outcome
        header = (self.data[at] & 0x0F) * 4
        total = _be16(self.data, at + 2)
        if self.data[at] >> 4 != 4 or header < 20 or (total and total < header):
            return MALFORMED
        outcome = self._accept(at + total if total else self.end, total != 0)
        if outcome != ON or self.ip_at == self.target:
            return outcome if outcome != ON else DECODED
        outcome = self._lacks(header)
        if outcome:
            return outcome
        self.at = at + header
        self.next = IP + self.data[at + 9]
        if _be16(self.data, at + 6) & 0x3FFF and self.target < 0:
            return self._fragment(_be16(self.data, at + 6) & 0x1FFF)
        return ON

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _ipv6(self) -> cython.int:
        """RFC 8200.  A payload length of 0: take what was captured."""
        at: cython.Py_ssize_t = self.at
        length: cython.Py_ssize_t
        outcome: cython.int = self._lacks(40)
        if outcome:
            return TRUNCATED if not self.inside else outcome
        if self.data[at] >> 4 != 6:
            return MALFORMED
        length = _be16(self.data, at + 4)
        outcome = self._accept(at + 40 + length if length else self.end, length != 0)
        if outcome != ON or self.ip_at == self.target:
            return outcome if outcome != ON else DECODED
        self.at = at + 40
        self.next = IP + self.data[at + 6]
        self.chain_at = at + 6
        return ON

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _fragment(self, offset: cython.int) -> cython.int:
        """A fragment that was cut by the capture is of no use, unless it begins the datagram."""
        if self.wire <= self.end:
            return PIECE
        return ON if offset == 0 else TRUNCATED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _ip_payload(self) -> cython.int:
        """What an IP protocol number names (iana.org/assignments/protocol-numbers)."""
        protocol: cython.int = self.next - IP
        six: cython.bint = self.data[self.ip_at] >> 4 == 6
        if protocol == 6:
            return DECODED
        if protocol == 17:
            return self._udp()
        if protocol == 4 or protocol == 41:
            self._note(FOUR_IN_FOUR + (2 if six else 0) + (1 if protocol == 41 else 0), NO_ID, True)
            self.next = 0x0800 if protocol == 4 else 0x86DD
            return ON
        if protocol == 47:
            return self._gre()
        if protocol == 50:
            return ENCRYPTED
        if protocol == 51:  # authentication header (RFC 4302): its length counts words of 4 bytes
            return self._extension(8, 4)
        if six and (protocol == 0 or protocol == 43 or protocol == 60):
            return self._extension(8, 8)
        if six and protocol == 44:
            return self._fragment_header()
        if protocol == 97:
            return self._etherip()
        if protocol == 115:
            return self._l2tp_v3()
        if protocol == 137:  # RFC 4023
            self._note(MPLS_IN_IP, NO_ID, True)
            self.next = 0x8847
            return ON
        if protocol == 143:  # RFC 8986 section 4.9
            self._note(ETHERNET_IN_IP, NO_ID, True)
            self.next = ETHERNET
            return ON
        return OTHER_TRANSPORT

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _extension(self, base: cython.Py_ssize_t, unit: cython.Py_ssize_t) -> cython.int:
        """Next header, and length in units that are not in ``base``."""
        outcome: cython.int = self._lacks(8)
        if outcome:
            return outcome
        self.chain_at = self.at
        return self._to(base + self.data[self.at + 1] * unit, IP + self.data[self.at])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _fragment_header(self) -> cython.int:
        """RFC 8200 section 4.5.  A fragment that is all of its packet (RFC 6946) is read at once."""
        field: cython.int
        outcome: cython.int = self._lacks(8)
        if outcome:
            return outcome
        field = _be16(self.data, self.at + 2)
        if field & 0xFFF9 == 0 or self.target >= 0:
            self.chain_at = self.at
            return self._to(8, IP + self.data[self.at])
        outcome = self._fragment(field & 0xFFF8)
        if outcome == ON:
            return self._to(8, IP + self.data[self.at])
        return outcome

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _etherip(self) -> cython.int:
        """RFC 3378: version 3 in the first nibble, the rest zero."""
        outcome: cython.int = self._lacks(2)
        if outcome:
            return outcome
        if _be16(self.data, self.at) != 0x3000:
            return OTHER_TRANSPORT
        self._note(ETHERIP, NO_ID, True)
        return self._to(2, ETHERNET)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _gre(self) -> cython.int:
        """RFC 2784 and 2890: flags, version, EtherType; then checksum, key and sequence if flagged.

        RFC 1701 has a source route behind them, and then the checksum's place too.
        """
        flags: cython.int
        size: cython.Py_ssize_t = 4
        number: cython.longlong = NO_ID
        outcome: cython.int = self._lacks(4)
        if outcome:
            return outcome
        flags = _be16(self.data, self.at)
        if flags & 7 == 1:
            return self._pptp(flags)
        if flags & 7:  # another version
            return NOT_UNWRAPPED
        if flags & 0xC000:
            size += 4
        if flags & 0x2000:
            outcome = self._lacks(size + 4)
            if outcome:
                return outcome
            number = _be32(self.data, self.at + size)
            size += 4
        if flags & 0x1000:
            size += 4
        self._note(GRE, number, True)
        outcome = self._over(size, 2)
        if outcome == ON and flags & 0x4000:
            outcome = self._source_route()
        if outcome != ON:
            return outcome
        if self.next == 0x880B:
            self.next = PPP
        elif self.next == 0x883E:
            return self._wccp()
        elif self.next == 0x88BE or self.next == 0x22EB:
            return self._erspan(flags)
        return ON

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _source_route(self) -> cython.int:
        """RFC 1701: entries of address family, offset and length; the last one has the length 0."""
        length: cython.Py_ssize_t
        outcome: cython.int
        while True:
            outcome = self._lacks(4)
            if outcome:
                return outcome
            length = self.data[self.at + 3]
            self.at += 4
            if length == 0:
                return ON
            outcome = self._lacks(length)
            if outcome:
                return outcome
            self.at += length

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _wccp(self) -> cython.int:
        """Web Cache Communication Protocol: IP, which may have 4 bytes of redirect header before it."""
        if not self._is_ip(self.at):
            return self._to(4, BY_VERSION)
        self.next = BY_VERSION
        return ON

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _pptp(self, flags: cython.int) -> cython.int:
        """RFC 2637 section 4.1: payload length and call id where the key is, then PPP."""
        size: cython.Py_ssize_t = 8
        outcome: cython.int = self._lacks(8)
        if outcome:
            return outcome
        if _be16(self.data, self.at + 2) != 0x880B or not flags & 0x2000 or flags & 0xC000:
            return NOT_UNWRAPPED
        if not flags & 0x1000:  # an acknowledgement alone
            return NON_IP
        size += 8 if flags & 0x0080 else 4
        self._note(PPTP, _be16(self.data, self.at + 6), True)
        self._ends_at(self.at + size + _be16(self.data, self.at + 4))
        return self._to(size, PPP)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _erspan(self, flags: cython.int) -> cython.int:
        """draft-foschiano-erspan: type I has no header, II one of 8 bytes, III one of 12 or 20."""
        size: cython.Py_ssize_t = 8
        frame_type: cython.int
        outcome: cython.int
        if self.next == 0x88BE and not flags & 0x1000:
            self.next = ETHERNET
            return ON
        outcome = self._lacks(12)
        if outcome:
            return outcome
        if self.data[self.at] >> 4 != (1 if self.next == 0x88BE else 2):
            return NOT_UNWRAPPED
        self._note(ERSPAN, _be16(self.data, self.at + 2) & 0x03FF, True)
        if self.next == 0x88BE:
            return self._to(8, ETHERNET)
        size = 20 if self.data[self.at + 11] & 1 else 12
        frame_type = (self.data[self.at + 10] >> 2) & 0x1F
        if frame_type == 0:
            return self._to(size, ETHERNET)
        return self._to(size, BY_VERSION) if frame_type == 2 else NOT_UNWRAPPED

    # ---- tunnels in UDP ----

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _udp(self) -> cython.int:
        """RFC 768.  On a tunnel's port, remember the datagram and look into it."""
        source: cython.int
        target: cython.int
        length: cython.Py_ssize_t
        outcome: cython.int = self._lacks(8)
        if outcome or (self.kept and self.target < 0):
            return DECODED
        source = _be16(self.data, self.at)
        target = _be16(self.data, self.at + 2)
        length = _be16(self.data, self.at + 4)
        if length <= 8 or (self.at + length > self.wire and self.target < 0):
            return DECODED
        self._keep()
        self._ends_at(self.at + length)
        self.at += 8
        outcome = self._udp_tunnel(source, target)
        if outcome == ON:
            self.inside = True
            return ON
        self._restore()
        return DECODED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _keep(self) -> cython.int:
        self.kept = True
        self.kept_ip_at = self.ip_at
        self.kept_at = self.at
        self.kept_end = self.end
        self.kept_wire = self.wire
        self.kept_inside = self.inside
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _restore(self) -> cython.int:
        """It is a UDP datagram like others."""
        self.kept = False
        self.ip_at = self.kept_ip_at
        self.at = self.kept_at
        self.end = self.kept_end
        self.wire = self.kept_wire
        self.inside = self.kept_inside
        self.next = IP + 17
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _udp_tunnel(self, source: cython.int, target: cython.int) -> cython.int:
        """ON where a tunnel's header was stepped over; behind NAT the answers come from its port."""
        if target == 2152:
            return self._gtp_u()
        if target == 4789 or target == 4790 or target == 8472:
            return self._vxlan()
        if target == 6081:
            return self._geneve()
        if target == 6635:  # RFC 7510
            self._note(MPLS_IN_UDP, NO_ID, True)
            self.next = 0x8847
            return ON
        if target == 37008:
            return self._tzsp()
        if target == 1701 or source == 1701:
            return self._l2tp()
        if target == 5247 or source == 5247:
            return self._capwap()
        if target == 3544 or source == 3544:
            return self._teredo()
        if target == 4500 or source == 4500:
            return self._ipsec()
        if source == 2152:
            return self._gtp_u()
        return OTHER_TRANSPORT

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _vxlan(self) -> cython.int:
        """RFC 7348 section 5: flags, reserved, VNI, reserved.

        Two drafts use what is reserved: group policies with the flag 0x80, and the generic
        protocol extension with 0x04 and the number of the protocol inside.
        """
        flags: cython.int
        inside: cython.int = 3
        outcome: cython.int = self._lacks(8)
        if outcome:
            return outcome
        flags = self.data[self.at]
        if flags & 0x04:
            inside = self.data[self.at + 3]
        if self.data[self.at + 7] != 0 or (flags != 0x08 and flags != 0x88 and flags != 0x0C):
            return MALFORMED
        if flags != 0x88 and (self.data[self.at + 1] or self.data[self.at + 2]):
            return MALFORMED
        if flags == 0x08 and self.data[self.at + 3]:
            return MALFORMED
        self._note(VXLAN, _be32(self.data, self.at + 4) >> 8, True)
        if inside == 1 or inside == 2:
            return self._to(8, 0x0800 if inside == 1 else 0x86DD)
        if inside == 3 or inside == 4:
            return self._to(8, ETHERNET if inside == 3 else 0x894F)
        return NOT_UNWRAPPED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _geneve(self) -> cython.int:
        """RFC 8926 section 3.4: version and length of options, flags, EtherType, VNI; then options."""
        outcome: cython.int = self._lacks(8)
        if outcome:
            return outcome
        if self.data[self.at] >> 6 or self.data[self.at + 1] & 0x3F or self.data[self.at + 7]:
            return MALFORMED
        self._note(GENEVE, _be32(self.data, self.at + 4) >> 8, True)
        return self._over(8 + (self.data[self.at] & 0x3F) * 4, 2)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _gtp_u(self) -> cython.int:
        """3GPP TS 29.281 section 5: version 1, message type 255 (a user's packet); IP or Ethernet inside."""
        flags: cython.int
        extension: cython.int = 0
        length: cython.Py_ssize_t
        outcome: cython.int = self._lacks(8)
        if outcome:
            return outcome
        flags = self.data[self.at]
        length = 8 + _be16(self.data, self.at + 2)
        if flags >> 4 != 3 or self.data[self.at + 1] != 255:
            return OTHER_TRANSPORT
        if self.at + length != self.wire and self.target < 0:
            return MALFORMED
        self._note(GTP_U, _be32(self.data, self.at + 4), True)
        self.at += 8
        if flags & 7:  # any of the three makes all of sequence, N-PDU number and next extension
            outcome = self._lacks(4)
            if outcome:
                return outcome
            extension = self.data[self.at + 3] if flags & 4 else 0
            self.at += 4
        while extension:
            outcome = self._lacks(4)
            if outcome:
                return outcome
            length = self.data[self.at] * 4
            if length == 0 or self.end - self.at < length:
                return MALFORMED
            extension = self.data[self.at + length - 1]
            self.at += length
        if not self._is_ip(self.at) and self._is_bridged_ip(self.at):
            self.next = ETHERNET
            return ON
        return self._by_version()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _l2tp(self) -> cython.int:
        """RFC 2661 section 3.1: a data message of version 2, then PPP."""
        flags: cython.int
        size: cython.Py_ssize_t = 6
        ids_at: cython.Py_ssize_t = self.at + 2
        outcome: cython.int = self._lacks(12)
        if outcome:
            return outcome
        flags = _be16(self.data, self.at)
        if flags == 3 and _be16(self.data, ids_at) == 0:  # RFC 3931 section 4.1.2
            self.at += 4
            return self._l2tp_v3()
        if flags & 0x0F != 2 or flags & 0xB4F0:  # a control message, or reserved bits
            return OTHER_TRANSPORT
        if flags & 0x4000:
            if self.at + _be16(self.data, ids_at) > self.wire and self.target < 0:
                return MALFORMED
            self._ends_at(self.at + _be16(self.data, ids_at))
            ids_at += 2
            size += 2
        self._note(L2TP, _be32(self.data, ids_at), True)
        if flags & 0x0800:
            size += 4
        if flags & 0x0200:
            outcome = self._lacks(size + 2)
            if outcome:
                return outcome
            size += 2 + _be16(self.data, self.at + size)
        return self._to(size, PPP)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _l2tp_v3(self) -> cython.int:
        """RFC 3931 section 4.1: session id, a cookie of 0, 4 or 8 bytes, perhaps a sublayer of 4.

        Which of them are there is not in the packet, nor what is behind: the first place at which
        a frame with an IP packet fits is taken.
        """
        size: cython.Py_ssize_t
        outcome: cython.int = self._lacks(4)
        if outcome:
            return outcome
        if _be32(self.data, self.at) == 0:  # a control message
            return OTHER_TRANSPORT
        for size in range(4, 20, 4):
            if self._is_bridged_ip(self.at + size) or self._is_ppp(self.at + size):
                self._note(L2TP_V3, _be32(self.data, self.at), True)
                return self._to(size, ETHERNET if self._is_bridged_ip(self.at + size) else PPP)
        return NOT_UNWRAPPED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _tzsp(self) -> cython.int:
        """TaZmen Sniffer Protocol: version 1, type, what is inside; then tags up to an end tag."""
        inner: cython.int
        outcome: cython.int = self._lacks(4)
        if outcome:
            return outcome
        inner = _be16(self.data, self.at + 2)
        if self.data[self.at] != 1 or self.data[self.at + 1] > 1 or (inner != 1 and inner != 18):
            return OTHER_TRANSPORT
        self._note(TZSP, NO_ID, True)
        self.at += 4
        while True:
            outcome = self._lacks(1)
            if outcome:
                return outcome
            if self.data[self.at] == 1:
                return self._to(1, ETHERNET if inner == 1 else WIFI)
            if self.data[self.at] == 0:  # padding
                self.at += 1
                continue
            outcome = self._lacks(2)
            if outcome:
                return outcome
            outcome = self._to(2 + self.data[self.at + 1], 0)
            if outcome != ON:
                return outcome

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _capwap(self) -> cython.int:
        """RFC 5415 section 4.3: data in the clear, not in fragments; IEEE 802.3 or 802.11 inside.

        Some access points send the first two bytes of the 802.11 header swapped: the order in
        which they begin a data frame is the right one.
        """
        word: cython.longlong
        outcome: cython.int = self._lacks(10)
        if outcome:
            return outcome
        word = _be32(self.data, self.at)
        if word >> 24:  # another version, or DTLS
            return OTHER_TRANSPORT
        if word & 0x88:  # a fragment, or a keep-alive
            return OTHER_TRANSPORT
        outcome = self._to(((word >> 19) & 0x1F) * 4, ETHERNET)
        if outcome != ON or ((word >> 19) & 0x1F) < 2:
            return OTHER_TRANSPORT
        self._note(CAPWAP, NO_ID, True)
        if not word & 0x100:
            return ON
        if (word >> 9) & 0x1F != 1:  # not IEEE 802.11
            return OTHER_TRANSPORT
        outcome = self._lacks(2)
        if outcome:
            return outcome
        self.swapped = self.data[self.at] & 0x4F != 0x08 and self.data[self.at + 1] & 0x4F == 0x08
        outcome = self._wifi()
        self.swapped = False
        return outcome

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _teredo(self) -> cython.int:
        """RFC 4380 section 5.1.1: IPv6 behind an authentication and an origin indication, if any."""
        outcome: cython.int = self._lacks(4)
        if outcome:
            return outcome
        if _be16(self.data, self.at) == 1:
            outcome = self._to(4 + self.data[self.at + 2] + self.data[self.at + 3] + 9, 0)
            if outcome != ON:
                return outcome
        if self.end - self.at >= 8 and _be16(self.data, self.at) == 0:
            self.at += 8
        outcome = self._lacks(40)
        if outcome:
            return outcome
        if self.data[self.at] >> 4 != 6:
            return MALFORMED
        if self.at + 40 + _be16(self.data, self.at + 4) != self.wire and self.target < 0:
            return MALFORMED
        if _be32(self.data, self.at + 8) != 0x20010000 and _be32(self.data, self.at + 24) != 0x20010000:
            return MALFORMED  # neither end is a Teredo address
        self._note(TEREDO, NO_ID, True)
        self.next = 0x86DD
        return ON

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _ipsec(self) -> cython.int:
        """RFC 3948 section 2: ESP unless the first 4 bytes are 0 (IKE); a single byte 0xFF keeps the
        way through a NAT open.  Both stay UDP, and are counted."""
        if self.target >= 0:
            return OTHER_TRANSPORT
        if self.end - self.at >= 8:
            self.ipsec += _be32(self.data, self.at) > 255
        elif self.wire - self.at == 1 and self.end > self.at and self.data[self.at] == 0xFF:
            self.ipsec += 1
        return OTHER_TRANSPORT
