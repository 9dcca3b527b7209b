"""A law: whatever lies around the packets of a capture, the verdicts are the same, but for the context."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netminedet import scan
from netminedet.suspects import Suspect
from tests.conftest import SAMPLES
from tests.frames import ethernet, ipv4, ipv6, udp, write_pcap
from tests.test_merge import packets_of

OUT4, OUT6 = ("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")
#: Fits into every wrapping of this size as one packet, in fragments or not.
LIMIT = 6

#: From an IP packet to an IP packet around it, and the kinds of context that this leaves.
Wrap = Callable[[bytes], bytes]


def ethertype(ip: bytes) -> int:
    return 0x0800 if ip[0] >> 4 == 4 else 0x86DD


def frame(ip: bytes) -> bytes:
    return ethernet(ethertype(ip), ip)


def in_udp(port: int, data: bytes) -> bytes:
    return ipv4(*OUT4, 17, udp(50000, port, data))


def gre(flags: int, kind: int, data: bytes, more: bytes = b"") -> bytes:
    return ipv4(*OUT4, 47, struct.pack(">HH", flags, kind) + more + data)


def ppp(ip: bytes) -> bytes:
    return (b"\x00\x21" if ethertype(ip) == 0x0800 else b"\x00\x57") + ip


def tagged(ip: bytes) -> bytes:
    return ethernet(0x8100, b"\x00\x07" + struct.pack(">H", ethertype(ip)) + ip)


OVER_IP: dict[str, tuple[Wrap, tuple[str, ...]]] = {
    "4in4": (lambda ip: ipv4(*OUT4, 4 if ip[0] >> 4 == 4 else 41, ip), ("in4",)),
    "4in6": (lambda ip: ipv6(*OUT6, 4 if ip[0] >> 4 == 4 else 41, ip), ("in6",)),
    "gre": (lambda ip: gre(0, ethertype(ip), ip), ("gre",)),
    "gre-key": (lambda ip: gre(0x2000, 0x6558, tagged(ip), b"\0\0\0\x09"), ("gre", "vlan")),
    "pptp": (lambda ip: gre(0x3001, 0x880B, ppp(ip), struct.pack(">HHI", len(ppp(ip)), 3, 1)), ("pptp",)),
    "vxlan": (lambda ip: in_udp(4789, b"\x08\0\0\0\0\x01\x02\0" + frame(ip)), ("vxlan",)),
    "geneve": (lambda ip: in_udp(6081, b"\0\0\x65\x58\0\x01\x02\0" + tagged(ip)), ("geneve", "vlan")),
    "gtp-u": (lambda ip: in_udp(2152, struct.pack(">BBHI", 0x30, 255, len(ip), 7) + ip), ("gtp-u",)),
    "l2tp": (lambda ip: in_udp(1701, b"\0\x02\0\x01\0\x02\xff\x03" + ppp(ip)), ("l2tp",)),
    "l2tpv3": (
        lambda ip: ipv4(*OUT4, 115, struct.pack(">IQ", 9, 0x4500004500004500) + tagged(ip)),
        ("l2tpv3", "vlan"),
    ),
    "l2tpv3-udp": (lambda ip: in_udp(1701, struct.pack(">HHI", 3, 0, 9) + frame(ip)), ("l2tpv3",)),
    "gre-route": (
        lambda ip: gre(0x4000, ethertype(ip), ip, bytes(4) + b"\x08\0\0\x04\1\2\3\4" + bytes(4)),
        ("gre",),
    ),
    "gre-wccp": (lambda ip: gre(0, 0x883E, ip, b"\0\0\5\7"), ("gre",)),
    "gtp-u-ethernet": (
        lambda ip: in_udp(2152, struct.pack(">BBHI", 0x30, 255, len(ip) + 18, 7) + tagged(ip)),
        ("gtp-u", "vlan"),
    ),
    "vxlan-nsh": (
        lambda ip: in_udp(4790, b"\x0c\0\0\4\0\x01\x02\0\x0f\xc2\2\3\0\0\x37\xff" + frame(ip)),
        ("vxlan", "nsh"),
    ),
    "mpls-in-udp": (lambda ip: in_udp(6635, b"\x00\x02\x01\x40" + ip), ("mpls-in-udp", "mpls")),
    "tzsp": (lambda ip: in_udp(37008, b"\x01\0\0\x01\x01" + frame(ip)), ("tzsp",)),
}
AROUND: dict[str, tuple[Wrap, tuple[str, ...]]] = {
    "ethernet": (frame, ()),
    "vlan": (tagged, ("vlan",)),
    "mpls": (lambda ip: ethernet(0x8847, b"\0\x02\x00\x40\0\x03\x01\x40" + ip), ("mpls", "mpls")),
    "pseudowire": (lambda ip: ethernet(0x8847, b"\0\x03\x01\x40" + bytes(4) + frame(ip)), ("mpls",)),
    "nsh": (lambda ip: ethernet(0x894F, b"\x0f\xc2\2\3\0\0\x37\xff" + frame(ip)), ("nsh",)),
    "pppoe": (
        lambda ip: ethernet(0x8864, struct.pack(">HHH", 0x1100, 9, len(ppp(ip))) + ppp(ip)),
        ("pppoe",),
    ),
}


def fragments(packet: bytes, number: int, size: int) -> list[bytes]:
    """An IPv4 packet in fragments whose data are at most ``size`` long."""
    body = packet[20:]
    if packet[0] != 0x45 or len(body) <= size:
        return [packet]
    found = []
    for low in range(0, len(body), size):
        field = low // 8 | (0x2000 if low + size < len(body) else 0)
        piece = ipv4(*OUT4, packet[9], body[low : low + size], fragment=field)
        found.append(
            piece[:4] + struct.pack(">H", number & 0xFFFF) + piece[6:12] + packet[12:20] + piece[20:]
        )
    return found


def told(suspects: tuple[Suspect, ...]) -> list[object]:
    """All that is said of suspects but sizes, packet numbers and context."""
    return [
        (
            one.host,
            one.verdict,
            one.role,
            one.reasons,
            one.dialects,
            one.coins,
            one.pools,
            one.workers,
            one.wallets,
            one.agents,
            one.flows,
            one.shares,
            [(proof.signature, proof.where.flow, proof.excerpt) for proof in one.evidence],
        )
        for one in suspects
    ]


@pytest.mark.parametrize("name", ["stratum-v1", "cryptonote", "dns-lookup"])
@given(
    stack=st.lists(st.sampled_from(sorted(OVER_IP)), max_size=LIMIT),
    outside=st.sampled_from(sorted(AROUND)),
    size=st.sampled_from([0, 64, 400]),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_wrapping_changes_the_context_only(
    name: str, stack: list[str], outside: str, size: int, tmp_path: Path
) -> None:
    around, kinds = AROUND[outside]
    frames = []
    for number, (_, packet) in enumerate(packets_of(SAMPLES / f"{name}.pcap")):
        ip = packet[14:]
        ip = ip[: struct.unpack_from(">H", ip, 2)[0]] if ip[0] >> 4 == 4 else ip
        for layer in stack:
            ip = OVER_IP[layer][0](ip)
        pieces = fragments(ip, number, size) if size and stack else [ip]
        frames += [around(piece) for piece in pieces]
    write_pcap(tmp_path / "wrapped.pcap", frames)
    write_pcap(tmp_path / "plain.pcap", [packet for _, packet in packets_of(SAMPLES / f"{name}.pcap")])
    report, plain = scan(tmp_path / "wrapped.pcap"), scan(tmp_path / "plain.pcap")
    if size and stack:  # fragments take longer, so times differ a little, and with them rates
        assert [one[:2] for one in told(report.suspects)] == [one[:2] for one in told(plain.suspects)]  # type: ignore[index]
    else:
        assert told(report.suspects) == told(plain.suspects)
    expected = [*kinds, *(kind for layer in reversed(stack) for kind in OVER_IP[layer][1])]
    for suspect in report.suspects:
        for proof in suspect.evidence:
            seen = [
                layer.kind if "in4" not in layer.kind and "in6" not in layer.kind else layer.kind[1:]
                for layer in proof.where.tunnel
            ]
            assert seen == expected
