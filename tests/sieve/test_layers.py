"""Layers around IP packets: a table, the same table by tshark, look-alikes, and any bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netminedet.model import Batch, Layer
from netminedet.sieve import layers, over_ip, over_udp, tags
from netminedet.sieve.columns import CHUNK, OUTCOMES, Columns
from netminedet.sieve.packets import Packets
from netminedet.sieve.sieve import five_tuple
from tests.frames import batch_of, ethernet, ipv4, udp
from tests.sieve.layer_frames import CASES, PPP4, Case
from tests.sieve.uncompiled import uncompiled_packets

Seen = tuple[tuple[str, int, str, int, str], bytes, tuple[Layer, ...]]


def seen(frame: bytes, linktype: int, make: Callable[..., Packets] = Packets) -> Seen | None:
    return next(each(batch_of([frame], linktype), make))


def each(batch: Batch, make: Callable[..., Packets] = Packets) -> Iterator[Seen | None]:
    """Ends, payload and layers of each packet; None of those that are no TCP or UDP."""
    columns = Columns()
    packets = make(columns, (1, 2))
    for low in range(0, batch.count, CHUNK):
        high = min(low + CHUNK, batch.count)
        batch = packets.run(batch, low, high)
        for column in range(high - low):
            if not columns.proto[column]:
                yield None
                continue
            flow = five_tuple(batch.data, columns.ip_at[column], columns.ports[column], columns.proto[column])
            at = columns.payload_at[column]
            payload = bytes(batch.data[at : at + columns.payload_len[column]])
            ends = (flow.src_ip, flow.src_port, flow.dest_ip, flow.dest_port, flow.proto)
            yield ends, payload, packets.layers(batch, column)


def inner_ends(one: Case) -> tuple[str, int, str, int, str]:
    source, target = ("10.0.0.1", "10.0.0.2") if one.version == 4 else ("fd00::1", "fd00::2")
    if one.name.startswith("Teredo"):
        source = "2001:0:c000:201::1"
    return source, 4000, target, 3333, "tcp"


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_the_inner_packet_and_its_layers(one: Case) -> None:
    assert seen(one.frame, one.linktype) == (inner_ends(one), b"{}", one.layers)
    assert seen(one.frame, one.linktype, uncompiled_packets) == seen(one.frame, one.linktype)


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_every_cut_is_counted(one: Case) -> None:
    cuts = [one.frame[:end] for end in range(len(one.frame) + 1)]
    for make in (Packets, uncompiled_packets):
        packets = make(Columns(), (1, 2))
        packets.run(batch_of(cuts, one.linktype), 0, len(cuts))
        counters = packets.counters()
        assert sum(counters[name] for name in OUTCOMES) == len(cuts)


def test_no_two_layers_share_a_number() -> None:
    families = (tags.KINDS, over_ip.KINDS, over_udp.KINDS)
    assert len(layers.KINDS) == sum(map(len, families))
    assert len({kind for kind, _ in layers.KINDS.values()}) == len(layers.KINDS)


# ---- look-alikes: ordinary UDP on the ports of tunnels ----

OVER_UDP = [one for one in CASES if (one.layers and one.layers[0].kind in {
    "vxlan", "geneve", "gtp-u", "l2tp", "tzsp", "capwap", "teredo", "mpls-in-udp"})
    or one.name == "L2TPv3-UDP"]  # fmt: skip
PORTS = (1701, 2152, 3544, 4500, 4789, 4790, 5247, 6081, 6635, 8472, 37008)


@pytest.mark.parametrize("one", OVER_UDP, ids=lambda one: one.name)
def test_what_holds_no_ip_stays_udp(one: Case) -> None:
    inside = seen(one.frame, one.linktype)
    assert inside is not None
    head = 20 + (20 if one.version == 4 else 40)
    at = len(one.frame) - len(b"{}") - head
    assert one.frame[at] >> 4 == one.version
    for byte in (b"\x00", b"\x44" if one.version == 4 else b"\x40"):
        spoilt = one.frame[:at] + byte + one.frame[at + 1 :]
        found = seen(spoilt, one.linktype)
        assert found is not None
        assert found[0][4] == "udp"
        assert found[2] == ()


@pytest.mark.parametrize("one", OVER_UDP, ids=lambda one: one.name)
def test_an_inner_packet_longer_than_the_datagram_stays_udp(one: Case) -> None:
    at = len(one.frame) - len(b"{}") - (40 if one.version == 4 else 60) + (2 if one.version == 4 else 4)
    spoilt = one.frame[:at] + b"\x05\xdc" + one.frame[at + 2 :]
    found = seen(spoilt, one.linktype)
    assert found is not None
    assert found[0][4] == "udp"


@given(st.sampled_from(PORTS), st.booleans(), st.binary(max_size=200))
def test_any_datagram_on_a_tunnel_port_is_itself_or_holds_ip(port: int, answers: bool, data: bytes) -> None:
    ports = (port, 5000) if answers else (5000, port)
    found = seen(ethernet(0x0800, ipv4("192.0.2.1", "192.0.2.2", 17, udp(*ports, data))), 1)
    if found is not None and not found[2]:
        assert found[:2] == (("192.0.2.1", ports[0], "192.0.2.2", ports[1], "udp"), data)


@pytest.mark.parametrize("port", PORTS)
def test_a_name_asked_from_a_tunnel_port_is_still_asked(port: int) -> None:
    query = bytes.fromhex("123401000001000000000000") + b"\x07antpool\x03com\0\0\x01\0\x01"
    frame = ethernet(0x0800, ipv4("10.0.0.1", "10.0.0.53", 17, udp(port, 53, query)))
    assert seen(frame, 1) == (("10.0.0.1", port, "10.0.0.53", 53, "udp"), query, ())


REFUSED = [
    pytest.param(ethernet(0x0800, ipv4("1.1.1.1", "2.2.2.2", 50, bytes(40))), "encrypted", id="ESP"),
    pytest.param(ethernet(0x88E5, bytes(40)), "encrypted", id="MACsec"),
    pytest.param(
        ethernet(0x0800, ipv4("1.1.1.1", "2.2.2.2", 115, bytes(40))), "other_transport", id="L2TPv3-control"
    ),
    pytest.param(
        ethernet(0x0800, ipv4("1.1.1.1", "2.2.2.2", 115, b"\1" * 60)), "not_unwrapped", id="L2TPv3-of-no-IP"
    ),
    pytest.param(
        ethernet(0x0800, ipv4("1.1.1.1", "2.2.2.2", 47, b"\x40\0\x08\0" + b"\1" * 40)),
        "malformed",
        id="GRE-route-without-end",
    ),
    pytest.param(ethernet(0x894F, b"\x0f\xc2\x02\x04" + bytes(40)), "not_unwrapped", id="NSH-in-NSH"),
    pytest.param(ethernet(0x894F, b"\x0f\xc1\x02\x01" + bytes(40)), "not_unwrapped", id="NSH-too-short"),
    pytest.param(
        ethernet(0x0800, ipv4("1.1.1.1", "2.2.2.2", 4, ipv4("1.1.1.1", "2.2.2.2", 6, bytes(40))[:-1])),
        "malformed",
        id="inner-longer-than-outer",
    ),
    pytest.param(ethernet(0x8864, b"\x11\x09" + bytes(20)), "non_ip", id="PPPoE-discovery"),
]


@pytest.mark.parametrize(("frame", "reason"), REFUSED)
def test_refused(frame: bytes, reason: str) -> None:
    packets = Packets(Columns(), (1, 2))
    packets.run(batch_of([frame]), 0, 1)
    assert [name for name in OUTCOMES if packets.counters()[name]] == [reason]


@pytest.mark.parametrize(
    ("control", "reason"),
    [
        (b"\x08\x41", "encrypted"),
        (b"\x08\x04", "not_unwrapped"),
        (b"\x80\x00", "non_ip"),
        (b"\xd4\x00", "non_ip"),
    ],
)
def test_frames_of_wireless_networks_that_are_not_read(control: bytes, reason: str) -> None:
    packets = Packets(Columns(), (1, 2))
    packets.run(batch_of([control + bytes(40)], 105), 0, 1)
    assert [name for name in OUTCOMES if packets.counters()[name]] == [reason]


def test_esp_in_udp_is_counted_and_stays_udp() -> None:
    packets = Packets(Columns(), (1, 2))
    frames = [
        ethernet(0x0800, ipv4("1.1.1.1", "2.2.2.2", 17, udp(4500, 4500, data)))
        for data in (b"\x12\x34\x56\x78" + bytes(60), b"\xff", bytes(60), b"\xfe", b"\xff\xff")
    ]
    packets.run(batch_of(frames), 0, 5)
    assert packets.counters()["ipsec_over_udp"] == 2
    assert packets.counters()["decoded"] == 5


def test_frames_behind_the_first_of_an_aggregate_are_counted() -> None:
    packets = Packets(Columns(), (1, 2))
    frames = [one.frame for one in CASES if one.name.startswith("802.11-aggregate")]
    packets.run(batch_of(frames, 105), 0, 2)
    assert packets.counters()["decoded"] == 2
    assert packets.counters()["frames_not_first"] == 1


def test_ids_of_layers_do_not_depend_on_where_the_capture_cut_a_packet() -> None:
    for one in CASES:
        if one.name == "802.11-aggregate-of-two":
            continue  # the cut is in the frame that is not read
        frame = one.frame[:-1]
        batch = batch_of([frame], one.linktype)
        batch.wirelen[0] = len(one.frame)
        (found,) = each(batch)
        assert found is not None, one.name
        assert found == (inner_ends(one), b"{", one.layers), one.name


@pytest.mark.parametrize(
    "frame",
    [
        b"\xff\x03\x00\x3d\x80\x00\x00\x07" + bytes(PPP4),
        b"\xff\x03\x00\x3d\x40\x00\x00\x07" + bytes(60),
        b"\xff\x03\x00\x3d\xc0\x00\x00\x07" + bytes(60),
    ],
    ids=["first-fragment", "last-fragment", "no-IP"],
)
def test_fragments_of_multilink_are_not_read(frame: bytes) -> None:
    packets = Packets(Columns(), (1, 2))
    packets.run(batch_of([frame], 9), 0, 1)
    assert packets.counters()["not_unwrapped"] == 1


# ---- any bytes ----

LINKS = sorted({one.linktype for one in CASES} | {7, 12, 14, 50, 51, 108, 109, 163, 178, 204, 205, 228, 229})


@st.composite
def spoilt_frames(draw: st.DrawFn) -> tuple[int, bytes]:
    """A frame of the table with bytes changed, cut or added; or any bytes at all."""
    if draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from(LINKS) | st.integers(0, 300)), draw(st.binary(max_size=160))
    one = draw(st.sampled_from(CASES))
    frame = bytearray(one.frame)
    for _ in range(draw(st.integers(0, 4))):
        frame[draw(st.integers(0, len(frame) - 1))] = draw(st.integers(0, 255))
    end = draw(st.integers(0, len(frame))) if draw(st.booleans()) else len(frame)
    return one.linktype, bytes(frame[:end]) + draw(st.binary(max_size=20))


@given(st.lists(spoilt_frames(), min_size=1, max_size=12))
@settings(max_examples=150)
def test_any_bytes_are_decoded_or_counted_and_both_speeds_agree(frames: list[tuple[int, bytes]]) -> None:
    batch = batch_of([frame for _, frame in frames])
    for i, (link, _) in enumerate(frames):
        batch.linktype[i] = link
    results = []
    for make in (Packets, uncompiled_packets):
        packets = make(Columns(), (1, 2))
        packets.run(batch, 0, batch.count)
        counters = packets.counters()
        assert sum(counters[name] for name in OUTCOMES) == len(frames)
        results.append((counters, list(each(batch, make))))
    assert results[0] == results[1]
