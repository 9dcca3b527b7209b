"""Layers around IP packets: a table, the same table by tshark, look-alikes, and any bytes."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netminedet.capture import open_source
from netminedet.model import Batch, Layer, NetminedetError
from netminedet.sieve.columns import CHUNK, OUTCOMES, Columns
from netminedet.sieve.packets import Packets
from netminedet.sieve.sieve import _five_tuple
from tests.conftest import needs_shared_captures, shared_captures
from tests.frames import batch_of, ethernet, ipv4, udp
from tests.sieve.layer_frames import CASES, Case
from tests.sieve.tshark import Row, ids, needs_tshark, rows
from tests.sieve.uncompiled import uncompiled_packets

Seen = tuple[tuple[str, int, str, int, str], bytes, tuple[Layer, ...]]

#: Where tshark sees a packet of the table otherwise, and why it is we who differ.
DIFFERENCES = {
    "CAPWAP-802.11-swapped": "tshark is told the order of two bytes; here the order that fits is taken",
    "MPLS-link": "tshark 4.0 does not know this link type",
}
#: What tshark cannot find out by itself either: whether a label's pseudowire has a control word.
TOLD = ("udp.port==8472,vxlan", "mpls.label==41,pwethcw", "mpls.label==42,pwethnocw")


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
            flow = _five_tuple(
                batch.data, columns.ip_at[column], columns.ports[column], columns.proto[column]
            )
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


def write_pcapng(path: Path, frames: Iterable[tuple[int, bytes]]) -> None:
    """A capture with an interface for each link type."""
    kept = list(frames)
    links = sorted({link for link, _ in kept})
    blocks = [(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
    blocks += [(1, struct.pack("<HHI", link, 0, 262144)) for link in links]
    for link, frame in kept:
        head = struct.pack("<IIIII", links.index(link), 0, 0, len(frame), len(frame))
        blocks.append((6, head + frame + bytes(-len(frame) % 4)))
    with path.open("wb") as file:
        for kind, body in blocks:
            size = len(body) + 12
            file.write(struct.pack("<II", kind, size) + body + struct.pack("<I", size))


@needs_tshark
def test_tshark_sees_the_same(tmp_path: Path) -> None:
    write_pcapng(tmp_path / "all.pcapng", [(one.linktype, one.frame) for one in CASES])
    found = rows(tmp_path / "all.pcapng", TOLD)
    other = {one.name for one, row in zip(CASES, found, strict=True) if _by_tshark(row) != _ours(one)}
    assert other == set(DIFFERENCES)


def _ours(one: Case) -> object:
    return inner_ends(one), "7b7d", context(one.layers)


def context(layers: Iterable[Layer]) -> dict[str, list[int]]:
    """The ids of layers by kind, as numbers."""
    found: dict[str, list[int]] = {}
    for layer in layers:
        if layer.kind == "l2tp":
            tunnel, session = (layer.id or "").split("/")
            found.setdefault(layer.kind, []).append(int(tunnel) << 16 | int(session))
        elif layer.id is not None:
            found.setdefault(layer.kind, []).append(int(layer.id, 0))
    return found


def _by_tshark(row: Row) -> object:
    version = 6 if row["frame.protocols"][0].rfind(":ipv6") > row["frame.protocols"][0].rfind(":ip:") else 4
    name = "ip" if version == 4 else "ipv6"
    if not row[f"{name}.src"] or not row["tcp.dstport"]:
        return None
    source, target = row[f"{name}.src"][-1], row[f"{name}.dst"][-1]
    ends = (source, int(row["tcp.srcport"][-1]), target, int(row["tcp.dstport"][-1]), "tcp")
    return ends, row["tcp.payload"][-1], ids(row)


# ---- look-alikes: ordinary UDP on the ports of tunnels ----

OVER_UDP = [one for one in CASES if one.layers and one.layers[0].kind in {
    "vxlan", "geneve", "gtp-u", "l2tp", "tzsp", "capwap", "teredo", "mpls-in-udp"}]  # fmt: skip
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
    pytest.param(ethernet(0x0800, ipv4("1.1.1.1", "2.2.2.2", 115, bytes(40))), "not_unwrapped", id="L2TPv3"),
    pytest.param(
        ethernet(0x0800, ipv4("1.1.1.1", "2.2.2.2", 47, b"\x40" + bytes(40))),
        "not_unwrapped",
        id="GRE-routing",
    ),
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
        for data in (b"\x12\x34\x56\x78" + bytes(60), bytes(60), b"\xff")
    ]
    packets.run(batch_of(frames), 0, 3)
    assert packets.counters()["ipsec_over_udp"] == 1
    assert packets.counters()["decoded"] == 3


# ---- any bytes ----

LINKS = sorted({one.linktype for one in CASES} | {7, 12, 14, 50, 51, 108, 109, 163, 178, 204, 205, 228, 229})


@st.composite
def spoilt_frames(draw: st.DrawFn) -> tuple[int, bytes]:
    """A frame of the table with bytes changed, cut or added; or any bytes at all."""
    if draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from(LINKS)), draw(st.binary(max_size=160))
    one = draw(st.sampled_from(CASES))
    frame = bytearray(one.frame)
    for _ in range(draw(st.integers(0, 4))):
        frame[draw(st.integers(0, len(frame) - 1))] = draw(st.integers(0, 255))
    end = draw(st.integers(0, len(frame))) if draw(st.booleans()) else len(frame)
    return one.linktype, bytes(frame[:end]) + draw(st.binary(max_size=20))


@given(st.lists(spoilt_frames(), min_size=1, max_size=12))
@settings(max_examples=150, deadline=None)
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


# ---- real captures ----


def _odd_packets(path: Path) -> dict[int, Seen]:
    """The packets of a capture that came in something, by number."""
    found: dict[int, Seen] = {}
    try:
        source = open_source(str(path))
    except NetminedetError:
        return found
    with source:
        for batch in source.batches():
            for i, one in enumerate(each(batch)):
                if one is not None and one[2]:
                    found[batch.first_number + i] = one
    return found


#: Layers whose ids tshark gives of real packets and we do not, and why that is right.
UNSEEN = {"l2tp": "a control message, or PPP without IP inside: here that stays a UDP datagram"}


def _differences(path: Path) -> Iterator[str]:
    ours = _odd_packets(path)
    if not ours:
        return
    for row in rows(path, TOLD):
        number = int(row["frame.number"][0])
        if number not in ours or row["_ws.malformed"]:
            continue
        ends, _, layers = ours[number]
        name = "ipv6" if ":" in ends[0] else "ip"
        tshark = (row[f"{name}.src"][-1:], row[f"{name}.dst"][-1:], row[f"{ends[4]}.dstport"][-1:])
        if tshark != ([ends[0]], [ends[2]], [str(ends[3])]):
            yield f"{path.name} packet {number}: {ends} instead of {tshark} {row['frame.protocols']}"
            continue
        theirs = ids(row)
        if ends[4] == "udp":
            theirs = {kind: found for kind, found in theirs.items() if kind not in UNSEEN}
        if context(layers) != theirs:
            yield f"{path.name} packet {number}: {context(layers)} instead of {theirs}"


@pytest.mark.slow
@needs_shared_captures
@needs_tshark
@pytest.mark.parametrize("kind", ["mining", "benign"])
def test_tunnels_of_real_captures_as_tshark_sees_them(kind: str) -> None:
    files = [path for path in shared_captures(kind) if path.stat().st_size < 400_000]
    found = [line for path in files for line in _differences(path)]
    assert found == []
