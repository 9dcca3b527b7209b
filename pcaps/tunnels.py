"""The same session inside each encapsulation, each from another host."""

from __future__ import annotations

from collections.abc import Callable

import dialects as d
import overlays as over
from scapy.contrib.mpls import MPLS
from scapy.layers.l2 import CookedLinux, Dot1AD, Dot1Q, Ether, Loopback
from scapy.layers.ppp import PPP, PPPoE
from scapy.packet import Packet, Raw
from wire import ETHERNET, Talk, Tape, mac

#: (link type, decimal places of a second) of the interfaces of the capture
INTERFACES = ((ETHERNET, 6), (113, 9), (101, 3), (276, 6), (0, 6), (127, 6))


def vlan(ip: Packet) -> Packet:
    """802.1Q."""
    return Ether(src=mac(ip.src), dst=mac(ip.dst)) / Dot1Q(vlan=120) / ip


def qinq(ip: Packet) -> Packet:
    """802.1ad with an 802.1Q tag inside."""
    return Ether(src=mac(ip.src), dst=mac(ip.dst)) / Dot1AD(vlan=2001) / Dot1Q(vlan=311) / ip


def pppoe(ip: Packet) -> Packet:
    """A subscriber's PPPoE session, on a VLAN."""
    frame = Ether(src=mac(ip.src), dst=mac(ip.dst)) / Dot1Q(vlan=77)
    return frame / PPPoE(sessionid=0x1A2B) / PPP(proto=0x0021) / ip


def mpls(ip: Packet) -> Packet:
    """Two MPLS labels before the IP header."""
    labels = MPLS(label=24001, s=0, ttl=60) / MPLS(label=299, s=1, ttl=60)
    return Ether(src=mac(ip.src), dst=mac(ip.dst), type=0x8847) / labels / ip


def cooked(ip: Packet) -> Packet:
    """Linux cooked capture, version 1."""
    source = bytes.fromhex(mac(ip.src).replace(":", ""))
    return CookedLinux(pkttype=4, lladdrtype=1, lladdrlen=6, src=source + b"\0\0", proto=0x0800) / ip


def cooked2(ip: Packet) -> Packet:
    """Linux cooked capture, version 2, written by hand."""
    source = bytes.fromhex(mac(ip.src).replace(":", ""))
    head = bytes.fromhex("080000000000000300010406") + source + b"\0\0"
    return Raw(head) / ip


def bare(ip: Packet) -> Packet:
    """No link layer at all."""
    return ip


def null(ip: Packet) -> Packet:
    """BSD's null link layer."""
    return Loopback(type=2) / ip


WAYS: tuple[tuple[str, Callable[[Packet], Packet], int], ...] = (
    ("vlan", vlan, 0),
    ("qinq", qinq, 0),
    ("pppoe", pppoe, 0),
    ("mpls", mpls, 0),
    ("cooked", cooked, 1),
    ("raw", bare, 2),
    ("cooked2", cooked2, 3),
    ("null", null, 4),
    ("gre", over.gre, 0),
    ("6in4", over.six_over_four, 0),
    ("gtp", over.gtp, 0),
    ("l2tp", over.l2tp, 0),
    ("pptp", over.pptp, 0),
    ("vxlan", over.vxlan, 0),
    ("geneve", over.geneve, 0),
    ("erspan", over.erspan, 0),
    ("pseudowire", over.pseudowire, 0),
    ("radio", over.radio, 5),
    ("fragments", vlan, 0),
    ("gtp-fragments", over.gtp, 0),
)


def tunnels() -> Tape:
    """One short Stratum session a way, from 10.7.0.11 on."""
    tape = Tape()
    for number, (name, cover, interface) in enumerate(WAYS):
        client = (f"10.7.0.{11 + number}", 46000 + number)
        onto = over.InPieces(tape) if name.endswith("fragments") else tape
        talk = Talk(onto, client, ("203.0.113.30", 3333), at=2 * number, cover=cover, interface=interface)
        d.stratum_v1(talk.open(), f"acct5.{name}", "cgminer/4.12.1", shares=2)
        talk.close()
    return tape
