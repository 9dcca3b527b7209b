"""What operators put around a subscriber's packets on their way: tunnels over IP, pseudowires, radio."""

from __future__ import annotations

import struct

from scapy.contrib.erspan import ERSPAN_II
from scapy.contrib.geneve import GENEVE
from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer
from scapy.contrib.mpls import MPLS
from scapy.layers.dot11 import Dot11, Dot11QoS, RadioTap
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE, GRE_PPTP, LLC, SNAP, Dot1AD, Dot1Q, Ether
from scapy.layers.l2tp import L2TP
from scapy.layers.ppp import PPP
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw
from wire import Tape, ethernet, mac

#: The operator's own routers.
NEAR, FAR = "198.18.0.1", "198.18.9.9"
#: Data of a fragment: a backbone with little room.
PIECE = 64


def backbone(ip: Packet) -> Packet:
    """IP between the routers, in the direction of ``ip``; always the same identification."""
    up = ip.src.startswith("10.")
    source, target = (NEAR, FAR) if up else (FAR, NEAR)
    return ethernet(IP(src=source, dst=target, id=1, ttl=250, flags="DF"))


def bridged(ip: Packet, *tags: Packet) -> Packet:
    """An Ethernet frame inside, with tags."""
    frame = Ether(src=mac(ip.src), dst=mac(ip.dst))
    for tag in tags:
        frame = frame / tag
    return frame / ip


def gre(ip: Packet) -> Packet:
    return backbone(ip) / GRE(key_present=1, key=0xBEEF) / ip


def six_over_four(ip: Packet) -> Packet:
    """IPv4 in IPv6 in IPv4."""
    up = ip.src.startswith("10.")
    ends = ("2001:db8:7::1", "2001:db8:7::9")
    source, target = ends if up else ends[::-1]
    return backbone(ip) / IPv6(src=source, dst=target, fl=0) / ip


def gtp(ip: Packet) -> Packet:
    """A 5G user's packet, with the session container."""
    head = GTP_U_Header(teid=0x01020304, E=1, next_ex=0x85) / GTPPDUSessionContainer(type=1, QFI=9)
    return backbone(ip) / UDP(sport=2152, dport=2152) / head / ip


def l2tp(ip: Packet) -> Packet:
    """A subscriber's PPP, handed on to another provider."""
    return backbone(ip) / UDP(sport=1701, dport=1701) / L2TP(tunnel_id=700, session_id=71) / PPP() / ip


def pptp(ip: Packet) -> Packet:
    head = GRE_PPTP(call_id=88, seqnum_present=1, seqence_number=1)
    return backbone(ip) / head / Raw(b"\xff\x03\x00\x21" + bytes(ip))


def vxlan(ip: Packet) -> Packet:
    return (
        backbone(ip) / UDP(sport=49152, dport=4789) / VXLAN(flags=8, vni=5001) / bridged(ip, Dot1Q(vlan=12))
    )


def geneve(ip: Packet) -> Packet:
    return backbone(ip) / UDP(sport=49152, dport=6081) / GENEVE(vni=6001, proto=0x6558) / bridged(ip)


def erspan(ip: Packet) -> Packet:
    """A mirror port far away."""
    head = GRE(proto=0x88BE, seqnum_present=1, seqence_number=1) / ERSPAN_II(session_id=44)
    return backbone(ip) / head / bridged(ip, Dot1AD(vlan=2001), Dot1Q(vlan=311))


def pseudowire(ip: Packet) -> Packet:
    """Ethernet over MPLS, with a control word."""
    labels = MPLS(label=24010, s=0, ttl=60) / MPLS(label=1017, s=1, ttl=60)
    frame = Ether(src=mac(NEAR), dst=mac(FAR), type=0x8847)
    return frame / labels / Raw(struct.pack(">I", 0) + bytes(bridged(ip, Dot1Q(vlan=33))))


def radio(ip: Packet) -> Packet:
    """An open wireless network."""
    station, other = mac(ip.src), mac(ip.dst)
    head = Dot11(type=2, subtype=8, FCfield=1, addr1="02:00:5e:00:00:01", addr2=station, addr3=other)
    return RadioTap() / head / Dot11QoS() / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=0x0800) / ip


class InPieces(Tape):
    """Puts IPv4 packets onto another tape in fragments, the last one first."""

    def __init__(self, tape: Tape) -> None:
        super().__init__()
        self._tape = tape
        self._count = 0

    def add(self, time_ns: int, packet: Packet, interface: int = 0) -> None:
        """The fragments follow each other a microsecond apart."""
        ip, frame = packet[IP], bytes(packet)
        start = len(frame) - len(bytes(ip))
        self._count += 1
        body = bytes(ip.payload)
        pieces = []
        for low in range(0, len(body), PIECE):
            more = "MF" if low + PIECE < len(body) else 0
            head = IP(
                src=ip.src, dst=ip.dst, id=self._count, ttl=ip.ttl, proto=ip.proto, flags=more, frag=low // 8
            )
            pieces.append(frame[:start] + bytes(head / Raw(body[low : low + PIECE])))
        for number, piece in enumerate(reversed(pieces)):
            self._tape.add(time_ns + 1000 * number, Raw(piece), interface)
