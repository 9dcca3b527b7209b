"""A packet in every encapsulation, made by scapy where it knows the layer, and what is to be seen of it.

Each row: name, link type, frame, and the layers around the inner packet. The inner
packet is ``IP4`` or ``IP6``: TCP from port 4000 to port 3333 with the payload ``{}``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from scapy.contrib.erspan import ERSPAN_II
from scapy.contrib.geneve import GENEVE, GeneveOptions
from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer
from scapy.contrib.mpls import MPLS, EoMCW
from scapy.contrib.tzsp import TZSP, TZSPTagEnd, TZSPTagPadding, TZSPTagRawRSSIByte
from scapy.layers.dot11 import Dot11, Dot11QoS, RadioTap
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop
from scapy.layers.ipsec import AH
from scapy.layers.l2 import GRE, GRE_PPTP, LLC, SNAP, Dot1AD, Dot1Q, Ether
from scapy.layers.l2tp import L2TP
from scapy.layers.ppp import HDLC, PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

from netminedet.model import Layer

IP4 = IP(src="10.0.0.1", dst="10.0.0.2", id=7) / TCP(sport=4000, dport=3333, seq=7, flags="PA") / Raw(b"{}")
IP6 = IPv6(src="fd00::1", dst="fd00::2") / TCP(sport=4000, dport=3333, seq=7, flags="PA") / Raw(b"{}")
ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
OUT4 = ("192.0.2.1", "192.0.2.2")
OUT6 = ("2001:db8::1", "2001:db8::2")


def frame(ethertype: int) -> Packet:
    return Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02", type=ethertype)


def over4(**more: object) -> Packet:
    return Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src=OUT4[0], dst=OUT4[1], **more)


def over6(**more: object) -> Packet:
    return Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IPv6(src=OUT6[0], dst=OUT6[1], **more)


def over_udp(port: int, source: int = 50123) -> Packet:
    return over4() / UDP(sport=source, dport=port)


def inner(ip: Packet, **more: object) -> Packet:
    return Ether(src="02:00:00:00:00:03", dst="02:00:00:00:00:04", **more) / ip


@dataclass(frozen=True)
class Case:
    name: str
    linktype: int
    frame: bytes
    layers: tuple[Layer, ...]
    #: version of the inner packet
    version: int


def case(name: str, frame: Packet | bytes, *layers: Layer, link: int = 1, version: int = 4) -> Case:
    return Case(name, link, bytes(frame), layers, version)


def l4(kind: str, number: str | None = None) -> Layer:
    return Layer(kind, number, *OUT4)


def l6(kind: str, number: str | None = None) -> Layer:
    return Layer(kind, number, *OUT6)


def dot11(**more: object) -> Packet:
    macs = {f"addr{i}": f"02:00:00:00:01:0{i}" for i in (1, 2, 3, 4)}
    return Dot11(type=2, **macs, **more)


def capwap(inside: bytes, *, native: bool) -> bytes:
    """RFC 5415: 8 bytes of header, wireless binding 1."""
    return struct.pack(">IHH", 2 << 19 | 1 << 14 | 1 << 9 | native << 8, 0, 0) + inside


#: RFC 1701: family IPv4, offset 0, one hop.
ROUTE = struct.pack(">HBB4s", 0x0800, 0, 4, bytes([192, 0, 2, 9]))
SNAP4 = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=0x0800) / IP4
MAC_LIKE_IP = Ether(src="02:00:00:00:00:03", dst="45:00:00:3a:00:04") / IP4
MAC_LIKE_WORD = Ether(src="02:00:00:00:00:03", dst="00:1b:21:3a:00:04") / IP4
TEREDO = IPv6(src="2001:0:c000:201::1", dst="fd00::2") / IP6.payload


def amsdu(*bodies: Packet) -> bytes:
    """Several frames in one of IEEE 802.11, each with addresses and length; padded, but for the last."""
    head = bytes(dot11(subtype=8, FCfield=1) / Dot11QoS(A_MSDU_Present=1))
    parts = [bytes(12) + struct.pack(">H", len(body)) + bytes(body) for body in bodies]
    return head + b"".join(part + bytes(-len(part) % 4) for part in parts[:-1]) + parts[-1]


PPP4 = PPP(proto=0x0021) / IP4
PPP6 = PPP(proto=0x0057) / IP6
PPI = struct.pack("<BBHI", 0, 0, 8, 105)
PRISM = struct.pack("<II", 0x44, 144) + b"wlan0".ljust(136, b"\0")
PRISM_TAIL = bytes(dot11(FCfield=1) / SNAP4)
PFLOG = bytes([61, 2, 0, 0]) + b"em0".ljust(16, b"\0") + bytes(44)

CASES = (
    case("802.1Q", ETHER / Dot1Q(vlan=5) / IP4, Layer("vlan", "5")),
    case(
        "802.1ad",
        ETHER / Dot1AD(vlan=5) / Dot1Q(vlan=6) / IP6,
        Layer("vlan", "5"),
        Layer("vlan", "6"),
        version=6,
    ),
    case(
        "QinQ-9100",
        frame(0x9100) / Dot1Q(vlan=5, type=0x8100) / Dot1Q(vlan=6) / IP4,
        Layer("vlan", "5"),
        Layer("vlan", "6"),
    ),
    case(
        "802.1ah",
        frame(0x88E7) / Raw(struct.pack(">I", 70000)) / inner(Dot1Q(vlan=9) / IP4),
        Layer("pbb", "70000"),
        Layer("vlan", "9"),
    ),
    case(
        "MPLS",
        frame(0x8847) / MPLS(label=16, s=0) / MPLS(label=17, s=1) / IP4,
        Layer("mpls", "16"),
        Layer("mpls", "17"),
    ),
    case("MPLS-IPv6", frame(0x8847) / MPLS(label=17, s=1) / IP6, Layer("mpls", "17"), version=6),
    case(
        "pseudowire-control-word",
        frame(0x8847) / MPLS(label=41, s=1) / EoMCW(zero=0, reserved=0, seq=0) / inner(IP4),
        Layer("mpls", "41"),
    ),
    case(
        "pseudowire-control-word-VLAN",
        frame(0x8847) / MPLS(label=41, s=1) / EoMCW(zero=0, reserved=0, seq=9) / inner(Dot1Q(vlan=8) / IP4),
        Layer("mpls", "41"),
        Layer("vlan", "8"),
    ),
    case(
        "pseudowire-bare",
        frame(0x8847)
        / MPLS(label=42, s=1)
        / Raw(bytes(Ether(src="02:00:00:00:00:03", dst="12:00:00:00:00:04") / IP4)),
        Layer("mpls", "42"),
    ),
    case(
        "pseudowire-bare-MAC-like-IPv4",
        frame(0x8847) / MPLS(label=42, s=1) / Raw(bytes(MAC_LIKE_IP)),
        Layer("mpls", "42"),
    ),
    case(
        "pseudowire-bare-MAC-like-control-word",
        frame(0x8847) / MPLS(label=42, s=1) / Raw(bytes(MAC_LIKE_WORD)),
        Layer("mpls", "42"),
    ),
    case(
        "PPPoE", ETHER / Dot1Q(vlan=7) / PPPoE(sessionid=77) / PPP4, Layer("vlan", "7"), Layer("pppoe", "77")
    ),
    case("PPPoE-IPv6", ETHER / PPPoE(sessionid=77) / PPP6, Layer("pppoe", "77"), version=6),
    case(
        "L2TPv2",
        over_udp(1701, 1701) / L2TP(tunnel_id=11, session_id=22) / Raw(b"\xff\x03" + bytes(PPP4)),
        l4("l2tp", "11/22"),
    ),
    case(
        "L2TPv2-length-sequence-offset",
        over_udp(1701)
        / Raw(struct.pack(">HHHHHHH", 0x4A02, 18 + len(PPP6), 1, 2, 3, 4, 4) + bytes(4) + bytes(PPP6)),
        l4("l2tp", "1/2"),
        version=6,
    ),
    case(
        "L2TPv3-UDP",
        over_udp(1701, 1701) / Raw(struct.pack(">HHI", 3, 0, 77) + bytes(inner(IP4))),
        l4("l2tpv3", "77"),
    ),
    case(
        "L2TPv3-cookie-sublayer",
        over4(proto=115) / Raw(struct.pack(">IQI", 78, 0x1122334455667788, 0x40000001) + bytes(inner(IP4))),
        l4("l2tpv3", "78"),
    ),
    case(
        "L2TPv3-cookie-of-4",
        over4(proto=115) / Raw(struct.pack(">II", 79, 0x45000000) + bytes(inner(Dot1Q(vlan=6) / IP6))),
        l4("l2tpv3", "79"),
        Layer("vlan", "6"),
        version=6,
    ),
    case(
        "L2TPv3-PPP",
        over4(proto=115) / Raw(struct.pack(">I", 80) + b"\xff\x03" + bytes(PPP4)),
        l4("l2tpv3", "80"),
    ),
    case("GRE", over4() / GRE() / IP4, l4("gre")),
    case(
        "GRE-source-route",
        over4(proto=47)
        / Raw(
            struct.pack(">HHHHI", 0x6000, 0x0800, 0, 0, 9) + ROUTE + struct.pack(">HBB", 0, 0, 0) + bytes(IP4)
        ),
        l4("gre", "0x00000009"),
    ),
    case(
        "GRE-WCCP",
        over4() / GRE(proto=0x883E) / IP4,
        l4("gre"),
    ),
    case(
        "GRE-WCCP-redirect",
        over4() / GRE(proto=0x883E) / Raw(b"\x00\x00\x05\x07" + bytes(IP4)),
        l4("gre"),
    ),
    case(
        "GRE-all-flags",
        over4() / GRE(chksum_present=1, key_present=1, seqnum_present=1, key=0xABCD, seqence_number=3) / IP6,
        l4("gre", "0x0000abcd"),
        version=6,
    ),
    case("GRE-over-IPv6", over6() / GRE(key_present=1, key=1) / IP4, l6("gre", "0x00000001")),
    case("GRE-MPLS", over4() / GRE(proto=0x8847) / MPLS(label=99, s=1) / IP4, l4("gre"), Layer("mpls", "99")),
    case(
        "NVGRE",
        over4() / GRE(proto=0x6558, key_present=1, key=5001 << 8) / inner(IP4),
        l4("gre", "0x00138900"),
    ),
    case(
        "PPTP",
        over4()
        / GRE_PPTP(call_id=33, seqnum_present=1, seqence_number=1, acknum_present=1, ack_number=0)
        / Raw(b"\xff\x03" + bytes(PPP4)),
        l4("pptp", "33"),
    ),
    case("ERSPAN-I", over4() / GRE(proto=0x88BE) / Raw(bytes(inner(IP4))), l4("gre")),
    case(
        "ERSPAN-II",
        over4()
        / GRE(proto=0x88BE, seqnum_present=1, seqence_number=1)
        / ERSPAN_II(session_id=44)
        / inner(IP4),
        l4("gre"),
        l4("erspan", "44"),
    ),
    case(
        "ERSPAN-III",
        over4()
        / GRE(proto=0x22EB, seqnum_present=1, seqence_number=1)
        / Raw(struct.pack(">HHIHH", 0x2000, 45, 1, 0, 0))
        / inner(IP4),
        l4("gre"),
        l4("erspan", "45"),
    ),
    case(
        "ERSPAN-III-subheader",
        over4()
        / GRE(proto=0x22EB, seqnum_present=1, seqence_number=1)
        / Raw(struct.pack(">HHIHHQ", 0x2000, 46, 1, 0, 1, 0))
        / inner(IP4),
        l4("gre"),
        l4("erspan", "46"),
    ),
    case("4in4", over4() / IP4, l4("4in4")),
    case("6in4", over4() / IP6, l4("6in4"), version=6),
    case("4in6", over6() / IP4, l6("4in6")),
    case("6in6", over6() / IP6, l6("6in6"), version=6),
    case("4in6-destination-option", over6() / IPv6ExtHdrDestOpt() / IP4, l6("4in6")),
    case(
        "6in6-SRv6",
        over6(nh=43) / Raw(struct.pack(">BBBBBBH", 41, 2, 4, 0, 0, 0, 0) + bytes(16)) / IP6,
        l6("6in6"),
        version=6,
    ),
    case("Ethernet-in-IPv6", over6(nh=143) / Raw(bytes(inner(IP4))), l6("ethernet-in-ip")),
    case("EtherIP", over4(proto=97) / Raw(b"\x30\x00" + bytes(inner(IP4))), l4("etherip")),
    case(
        "MPLS-in-IP",
        over4(proto=137) / Raw(bytes(MPLS(label=18, s=1) / IP4)),
        l4("mpls-in-ip"),
        Layer("mpls", "18"),
    ),
    case(
        "MPLS-in-UDP",
        over_udp(6635) / Raw(bytes(MPLS(label=18, s=1) / IP4)),
        l4("mpls-in-udp"),
        Layer("mpls", "18"),
    ),
    case("AH", over4() / AH(spi=1, seq=1, icv=bytes(12), payloadlen=4, nh=4) / IP4, l4("4in4")),
    case(
        "AH-transport",
        ETHER
        / IP(src="10.0.0.1", dst="10.0.0.2")
        / AH(spi=1, seq=1, icv=bytes(12), payloadlen=4, nh=6)
        / IP4.payload,
    ),
    case(
        "extension-headers",
        ETHER / IPv6(src="fd00::1", dst="fd00::2") / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / IP6.payload,
        version=6,
    ),
    case("VXLAN", over_udp(4789) / VXLAN(flags=8, vni=5001) / inner(IP4), l4("vxlan", "5001")),
    case(
        "VXLAN-8472-VLAN",
        over_udp(8472) / VXLAN(flags=8, vni=5002) / inner(Dot1Q(vlan=4) / IP6),
        l4("vxlan", "5002"),
        Layer("vlan", "4"),
        version=6,
    ),
    case(
        "VXLAN-group-policy",
        over_udp(4789) / VXLAN(flags=0x88, vni=5001, gpid=3) / inner(IP4),
        l4("vxlan", "5001"),
    ),
    case(
        "VXLAN-GPE", over_udp(4790) / VXLAN(flags=0x0C, vni=5001, NextProtocol=1) / IP4, l4("vxlan", "5001")
    ),
    case(
        "VXLAN-GPE-NSH",
        over_udp(4790)
        / VXLAN(flags=0x0C, vni=5001, NextProtocol=4)
        / Raw(struct.pack(">HBBI", 0x0006, 1, 3, 55 << 8 | 254) + bytes(16) + bytes(inner(IP4))),
        l4("vxlan", "5001"),
        Layer("nsh", "55"),
    ),
    case(
        "NSH",
        frame(0x894F) / Raw(struct.pack(">HBBI", 0x0FC2, 2, 2, 56 << 8 | 255) + bytes(IP6)),
        Layer("nsh", "56"),
        version=6,
    ),
    case("GENEVE", over_udp(6081) / GENEVE(vni=6001) / inner(IP4), l4("geneve", "6001")),
    case(
        "GENEVE-options",
        over_udp(6081)
        / GENEVE(vni=6001, optionlen=3, options=GeneveOptions(classid=0x102, type=1, length=2, data=bytes(8)))
        / inner(IP4),
        l4("geneve", "6001"),
    ),
    case("GENEVE-IPv4", over_udp(6081) / GENEVE(vni=6001, proto=0x0800) / IP4, l4("geneve", "6001")),
    case("GTP-U", over_udp(2152, 2152) / GTP_U_Header(teid=0xABCDEF01) / IP4, l4("gtp-u", "0xabcdef01")),
    case(
        "GTP-U-sequence",
        over_udp(2152, 2152) / GTP_U_Header(teid=2, S=1, seq=9) / IP6,
        l4("gtp-u", "0x00000002"),
        version=6,
    ),
    case(
        "GTP-U-extension",
        over_udp(2152, 2152)
        / GTP_U_Header(teid=3, E=1, next_ex=0x85)
        / GTPPDUSessionContainer(type=1, QFI=5)
        / IP4,
        l4("gtp-u", "0x00000003"),
    ),
    case(
        "GTP-U-Ethernet",
        over_udp(2152, 2152)
        / GTP_U_Header(teid=4, E=1, next_ex=0x85)
        / GTPPDUSessionContainer(type=0, QFI=5)
        / Raw(bytes(inner(Dot1Q(vlan=3) / IP4))),
        l4("gtp-u", "0x00000004"),
        Layer("vlan", "3"),
    ),
    case(
        "GTP-U-Ethernet-MAC-like-IPv4",
        over_udp(2152, 2152) / GTP_U_Header(teid=4, gtp_type=255) / Raw(bytes(MAC_LIKE_IP)),
        l4("gtp-u", "0x00000004"),
    ),
    case("GTP-U-from-its-port", over_udp(1024, 2152) / GTP_U_Header(teid=5) / IP4, l4("gtp-u", "0x00000005")),
    case(
        "GTP-U-over-IPv6",
        over6() / UDP(sport=2152, dport=2152) / GTP_U_Header(teid=3) / IP4,
        l6("gtp-u", "0x00000003"),
    ),
    case(
        "TZSP",
        over_udp(37008)
        / TZSP(type=0, encapsulated_protocol=1)
        / TZSPTagPadding()
        / TZSPTagRawRSSIByte(raw_rssi=3)
        / TZSPTagEnd()
        / inner(IP4),
        l4("tzsp"),
    ),
    case("CAPWAP-802.3", over_udp(5247) / Raw(capwap(bytes(inner(IP4)), native=False)), l4("capwap")),
    case(
        "CAPWAP-802.11",
        over_udp(5247) / Raw(capwap(bytes(dot11(FCfield=1) / SNAP4), native=True)),
        l4("capwap"),
    ),
    case(
        "CAPWAP-802.11-swapped",
        over_udp(5247) / Raw(capwap(b"\x01\x08" + bytes(dot11(FCfield=1) / SNAP4)[2:], native=True)),
        l4("capwap"),
    ),
    case("Teredo", over_udp(3544) / Raw(bytes(TEREDO)), l4("teredo"), version=6),
    case(
        "Teredo-indications",
        over_udp(50001, 3544) / Raw(b"\x00\x01\x00\x00" + bytes(9) + b"\x00\x00" + bytes(6) + bytes(TEREDO)),
        l4("teredo"),
        version=6,
    ),
    case("802.11", dot11(FCfield=1) / SNAP4, link=105),
    case("802.11-QoS", dot11(subtype=8, FCfield=2) / Dot11QoS() / SNAP4, link=105),
    case("802.11-four-addresses", dot11(FCfield=3) / SNAP4, link=105),
    case("802.11-aggregate", amsdu(SNAP4), link=105),
    case("802.11-aggregate-of-two", amsdu(SNAP4, SNAP4), link=105),
    case("radiotap", RadioTap() / dot11(FCfield=1) / SNAP4, link=127),
    case(
        "radiotap-padded",
        RadioTap(present="TSFT+Flags", mac_timestamp=1, Flags="pad")
        / Raw(bytes(dot11(subtype=8, FCfield=1) / Dot11QoS()) + b"\0\0" + bytes(SNAP4)),
        link=127,
    ),
    case("PPI", PPI + bytes(dot11(FCfield=1) / SNAP4), link=192),
    case("Prism", PRISM + PRISM_TAIL, link=119),
    case("PFLOG", PFLOG + bytes(IP4), link=117),
    case("Cisco-HDLC", b"\x0f\x00\x08\x00" + bytes(IP4), link=104),
    case("PPP", HDLC() / PPP4, link=9),
    case("PPP-Cisco", b"\x0f\x00\x08\x00" + bytes(IP4), link=9),
    case("PPP-multilink", b"\xff\x03\x00\x3d\xc0\x00\x00\x07" + bytes(PPP4), link=9),
    case("PPP-multilink-short", b"\x00\x3d\xc0\x07\x21" + bytes(IP4), link=9),
    case("ATM-LLC", SNAP4, link=100),
    case("cooked-v1", bytes(14) + b"\x08\x00" + bytes(IP4), link=113),
    case("cooked-v2", b"\x86\xdd" + bytes(18) + bytes(IP6), link=276, version=6),
    case("raw", IP4, link=101),
    case("null", b"\x02\x00\x00\x00" + bytes(IP4), link=0),
    case("MPLS-link", MPLS(label=20, s=1) / IP4, Layer("mpls", "20"), link=219),
    case(
        "mobile-core",
        ETHER
        / Dot1Q(vlan=2)
        / MPLS(label=30, s=1)
        / IP(src=OUT4[0], dst=OUT4[1])
        / UDP(sport=2152, dport=2152)
        / GTP_U_Header(teid=5)
        / IP(src=OUT4[1], dst=OUT4[0])
        / GRE()
        / IP4,
        Layer("vlan", "2"),
        Layer("mpls", "30"),
        l4("gtp-u", "0x00000005"),
        Layer("gre", None, OUT4[1], OUT4[0]),
    ),
    case(
        "broadband-in-VXLAN",
        over_udp(4789)
        / VXLAN(flags=8, vni=1)
        / inner(Dot1AD(vlan=2) / Dot1Q(vlan=3) / PPPoE(sessionid=4) / PPP4),
        l4("vxlan", "1"),
        Layer("vlan", "2"),
        Layer("vlan", "3"),
        Layer("pppoe", "4"),
    ),
)
