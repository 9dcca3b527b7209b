"""The header decoder: against dpkt on real packets, against a table, and on any bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_ntop

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.capture import open_source
from netminedet.errors import NetminedetError
from netminedet.model import Batch, Layer
from netminedet.sieve.columns import CHUNK, OUTCOMES, Columns
from netminedet.sieve.packets import Packets
from tests.conftest import needs_shared_captures, shared_captures
from tests.frames import batch_of, ethernet, ipv4, ipv6, tcp, tcp_frame, udp

#: addresses, ports and protocol, bounds of the payload, and whether it came out of a tunnel over IP
Decoded = tuple[str, int, str, int, int, int, int, bool]

TCP = tcp(4000, 3333, 7, b"{}")
IP4 = ipv4("10.0.0.1", "10.0.0.2", 6, TCP)
IP6 = ipv6("fd00::1", "fd00::2", 6, TCP)
A4 = ("10.0.0.1", 4000, "10.0.0.2", 3333, 6)
A6 = ("fd00::1", 4000, "fd00::2", 3333, 6)
PPP4, PPP6 = b"\x00\x21" + IP4, b"\x00\x57" + IP6


def vlan(tag: int, ethertype: int, rest: bytes) -> bytes:
    return tag.to_bytes(2, "big") + ethertype.to_bytes(2, "big") + rest


LAYERS = [
    pytest.param(1, ethernet(0x0800, IP4), A4, id="ethernet"),
    pytest.param(1, ethernet(0x0800, IP4 + b"\0" * 9), A4, id="ethernet-padding-is-no-payload"),
    pytest.param(1, ethernet(0x8100, vlan(5, 0x0800, IP4)), A4, id="802.1Q"),
    pytest.param(1, ethernet(0x88A8, vlan(5, 0x8100, vlan(6, 0x86DD, IP6))), A6, id="802.1ad"),
    pytest.param(1, ethernet(0x9100, vlan(5, 0x8100, vlan(6, 0x0800, IP4))), A4, id="QinQ-9100"),
    pytest.param(
        1, ethernet(0x8847, b"\x00\x01\x00\x40" + b"\x00\x02\x01\x40" + IP4), A4, id="MPLS-two-labels"
    ),
    pytest.param(1, ethernet(0x8847, b"\x00\x02\x01\x40" + IP6), A6, id="MPLS-IPv6"),
    pytest.param(1, ethernet(0x8864, b"\x11\x00\x00\x07\x00\x00" + PPP4), A4, id="PPPoE"),
    pytest.param(1, ethernet(0x8864, b"\x11\x00\x00\x07\x00\x00" + PPP6), A6, id="PPPoE-IPv6"),
    pytest.param(1, ethernet(8 + len(IP4), b"\xaa\xaa\x03\x00\x00\x00\x08\x00" + IP4), A4, id="LLC-SNAP"),
    pytest.param(101, IP4, A4, id="raw-4"),
    pytest.param(101, IP6, A6, id="raw-6"),
    pytest.param(228, IP4, A4, id="ipv4"),
    pytest.param(229, IP6, A6, id="ipv6"),
    pytest.param(0, b"\x02\x00\x00\x00" + IP4, A4, id="null-little-endian"),
    pytest.param(0, b"\x00\x00\x00\x1e" + IP6, A6, id="null-big-endian"),
    pytest.param(108, b"\x00\x00\x00\x02" + IP4, A4, id="loop"),
    pytest.param(9, b"\xff\x03" + PPP4, A4, id="PPP-with-HDLC"),
    pytest.param(9, b"\x21" + IP4, A4, id="PPP-compressed"),
    pytest.param(50, b"\xff\x03" + PPP6, A6, id="PPP-serial"),
    pytest.param(51, b"\x11\x00\x00\x07\x00\x00" + PPP4, A4, id="PPPoE-bare"),
    pytest.param(113, bytes(14) + b"\x08\x00" + IP4, A4, id="cooked-v1"),
    pytest.param(113, bytes(14) + b"\x81\x00" + vlan(5, 0x0800, IP4), A4, id="cooked-v1-VLAN"),
    pytest.param(276, b"\x86\xdd" + bytes(18) + IP6, A6, id="cooked-v2"),
    pytest.param(
        1, ethernet(0x0800, ipv4("10.0.0.1", "10.0.0.2", 6, TCP, options=b"\x01" * 8)), A4, id="options"
    ),
    pytest.param(
        1,
        ethernet(
            0x86DD, ipv6("fd00::1", "fd00::2", 0, b"\x3c\x00" + bytes(6) + b"\x06\x01" + bytes(14) + TCP)
        ),
        A6,
        id="IPv6-hop-by-hop-then-destination",
    ),
    pytest.param(
        1,
        ethernet(0x86DD, ipv6("fd00::1", "fd00::2", 44, b"\x06" + bytes(7) + TCP)),
        A6,
        id="fragment-that-is-all",
    ),
]

REFUSED = [
    pytest.param(1, b"\0" * 13, "truncated", id="no-room-for-ethernet"),
    pytest.param(1, ethernet(0x0806, bytes(28)), "non_ip", id="ARP"),
    pytest.param(1, ethernet(0x0800, IP4[:19]), "truncated", id="IPv4-cut"),
    pytest.param(1, ethernet(0x0800, b"\x44" + IP4[1:]), "malformed", id="IPv4-header-length-4-words"),
    pytest.param(1, ethernet(0x0800, b"\x65" + IP4[1:]), "malformed", id="IPv4-version-6"),
    pytest.param(1, ethernet(0x0800, ipv4("1.1.1.1", "2.2.2.2", 1, bytes(8))), "other_transport", id="ICMP"),
    pytest.param(
        1, ethernet(0x0800, ipv4("1.1.1.1", "2.2.2.2", 6, TCP, fragment=5)), "ip_fragments", id="fragment"
    ),
    pytest.param(
        1, ethernet(0x0800, ipv4("1.1.1.1", "2.2.2.2", 6, TCP[:10])), "malformed", id="TCP-too-short"
    ),
    pytest.param(1, ethernet(0x0800, IP4)[:40], "truncated", id="TCP-cut-by-the-capture"),
    pytest.param(
        1,
        ethernet(0x0800, ipv4("1.1.1.1", "2.2.2.2", 6, TCP[:12] + b"\x40" + TCP[13:])),
        "malformed",
        id="TCP-offset-4",
    ),
    pytest.param(
        1,
        ethernet(0x0800, ipv4("1.1.1.1", "2.2.2.2", 17, udp(1, 2, b"")[:4] + b"\0\7\0\0")),
        "malformed",
        id="UDP-length-7",
    ),
    pytest.param(
        1, ethernet(0x8100, b"".join([vlan(1, 0x8100, b"")] * 40)), "too_many_layers", id="40-VLAN-tags"
    ),
    pytest.param(
        1,
        ethernet(0x86DD, ipv6("::1", "::2", 60, b"".join([b"\x3c\x00" + bytes(6)] * 40))),
        "too_many_layers",
        id="40-extension-headers",
    ),
    pytest.param(65000, IP4, "unknown_link_type", id="link-type"),
]


def decode(batch: Batch) -> Iterator[Decoded | None]:
    columns = Columns()
    packets = Packets(columns, (1, 2))
    for low in range(0, batch.count, CHUNK):
        high = min(low + CHUNK, batch.count)
        batch = packets.run(batch, low, high)
        for column in range(high - low):
            yield _decoded(batch, columns, packets, column)


def _decoded(batch: Batch, columns: Columns, packets: Packets, column: int) -> Decoded | None:
    if not columns.proto[column]:
        return None
    at = columns.ip_at[column]
    is_four = batch.data[at] >> 4 == 4
    family, start, size = (AF_INET, at + 12, 4) if is_four else (AF_INET6, at + 8, 16)
    near = inet_ntop(family, bytes(batch.data[start : start + size]))
    far = inet_ntop(family, bytes(batch.data[start + size : start + 2 * size]))
    ports = columns.ports[column]
    payload = (columns.payload_at[column], columns.payload_len[column])
    rebuilt = at >= batch.offset[batch.count - 1] + batch.caplen[batch.count - 1]
    inside = rebuilt or any(layer.src_ip for layer in packets.layers(batch, column))
    return near, ports >> 16, far, ports & 0xFFFF, columns.proto[column], *payload, inside


@pytest.mark.parametrize(("linktype", "frame", "expected"), LAYERS)
def test_layers(linktype: int, frame: bytes, expected: tuple[object, ...]) -> None:
    (found,) = decode(batch_of([frame], linktype))
    assert found is not None
    assert found[:5] == expected
    assert frame[found[5] : found[5] + found[6]] == b"{}"


@pytest.mark.parametrize(("linktype", "frame", "reason"), REFUSED)
def test_refused(linktype: int, frame: bytes, reason: str) -> None:
    packets = Packets(Columns(), (1, 2))
    packets.run(batch_of([frame], linktype), 0, 1)
    assert [name for name in OUTCOMES if packets.counters()[name]] == [reason]


@pytest.mark.parametrize(("linktype", "frame", "expected"), LAYERS)
def test_every_cut_is_counted(linktype: int, frame: bytes, expected: tuple[object, ...]) -> None:
    cuts = [frame[:end] for end in range(len(frame) + 1)]
    packets = Packets(Columns(), (1, 2))
    packets.run(batch_of(cuts, linktype), 0, len(cuts))
    assert sum(packets.counters()[name] for name in OUTCOMES) == len(cuts)


def test_vlan_ids_outermost_first() -> None:
    packets = Packets(Columns(), (1, 2))
    frame = ethernet(0x88A8, vlan(0x2064, 0x8100, vlan(7, 0x0800, IP4)))
    batch = packets.run(batch_of([frame]), 0, 1)
    assert packets.layers(batch, 0) == (Layer("vlan", "100"), Layer("vlan", "7"))


@pytest.mark.parametrize("pair", [("10.0.0.1", "10.0.0.2"), ("fd00::1", "fd00::2"), ("10.0.0.1", "10.0.0.1")])
def test_both_directions_have_one_key(pair: tuple[str, str]) -> None:
    one, other = (pair[0], 5), (pair[1], 9)
    columns = Columns()
    Packets(columns, (1, 2)).run(batch_of([tcp_frame(one, other, 1), tcp_frame(other, one, 1)]), 0, 2)
    assert columns.key0[0] == columns.key0[1]
    assert columns.key1[0] == columns.key1[1] != 0
    assert {columns.side[0], columns.side[1]} == {0, 1}


@given(
    st.sampled_from([0, 1, 9, 12, 50, 51, 101, 108, 113, 228, 229, 276, 7]),
    st.lists(st.binary(max_size=120), max_size=8),
)
def test_any_bytes_are_decoded_or_counted(linktype: int, frames: list[bytes]) -> None:
    packets = Packets(Columns(), (3, 4))
    packets.run(batch_of(frames, linktype), 0, len(frames))
    assert sum(packets.counters()[name] for name in OUTCOMES) == len(frames)


# Where dpkt and the kernel differ on purpose: dpkt stops at most tunnels, does not put fragments
# together, and gives up, or guesses, where lengths contradict each other.
def _by_dpkt(linktype: int, frame: bytes) -> Decoded | None:
    readers = {1: dpkt.ethernet.Ethernet, 113: dpkt.sll.SLL, 276: dpkt.sll2.SLL2}
    try:
        if linktype in readers:
            packet = readers[linktype](frame).data
        elif linktype in (12, 14, 101, 228, 229):
            packet = (dpkt.ip.IP if frame[0] >> 4 == 4 else dpkt.ip6.IP6)(frame)
        else:
            return None
        if not isinstance(packet, (dpkt.ip.IP, dpkt.ip6.IP6)):
            return None
        segment = packet.data
        if not isinstance(segment, (dpkt.tcp.TCP, dpkt.udp.UDP)):
            return None
        family = AF_INET if isinstance(packet, dpkt.ip.IP) else AF_INET6
        number = 6 if isinstance(segment, dpkt.tcp.TCP) else 17
        ends = (inet_ntop(family, packet.src), segment.sport, inet_ntop(family, packet.dst), segment.dport)
        return *ends, number, 0, len(segment.data), False
    except (dpkt.Error, IndexError, ValueError, AttributeError, TypeError):
        return None


def _differences(path: Path) -> Iterator[str]:
    try:
        source = open_source(str(path))
    except NetminedetError:
        return
    with source:
        for batch in source.batches():
            for i, ours in enumerate(decode(batch)):
                frame = batch.packet(i)
                theirs = _by_dpkt(batch.linktype[i], frame)
                if ours is None or theirs is None or ours[7] or batch.caplen[i] != batch.wirelen[i]:
                    continue
                if ours[:5] != theirs[:5] or (ours[4] == 6 and ours[6] != theirs[6]):
                    yield f"{path.name} packet {batch.first_number + i}: {ours} instead of {theirs}"


@needs_shared_captures
@pytest.mark.parametrize("kind", ["mining", "benign"])
def test_same_as_dpkt_on_real_captures(kind: str) -> None:
    files = [path for path in shared_captures(kind) if path.stat().st_size < 400_000]
    assert [line for path in files for line in _differences(path)][:20] == []
