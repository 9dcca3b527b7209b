"""Shares of packets: each flow is one process's, in both directions, and what is odd is dealt to all."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from netminedet.sieve.columns import Columns, Odd
from netminedet.sieve.deal import Share
from netminedet.sieve.decode import Decoder
from netminedet.sieve.over_udp import TUNNEL_PORTS
from netminedet.sieve.packets import Packets, Part
from tests.frames import batch_of, ethernet, ipv4, ipv6, tcp, udp
from tests.fuzz import uncompiled
from tests.sieve.layer_frames import CASES

V4, V6 = st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str)
PORTS = st.sampled_from([53, 443, 3333, 40000, *TUNNEL_PORTS]) | st.integers(0, 65535)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """Plain frames and layered ones, cut and spoilt."""
    number = draw(st.integers(0, 3))
    if number == 0:
        frame = draw(st.sampled_from([one.frame for one in CASES if one.linktype == 1]))
    else:
        source, target = draw(PORTS), draw(PORTS)
        inner = draw(st.sampled_from([tcp(source, target, 1, b"{}"), udp(source, target, b"{}" * 20)]))
        protocol = 6 if inner[12:13] == b"\x50" else 17
        if draw(st.booleans()):
            frame = ethernet(0x0800, ipv4(draw(V4), draw(V4), protocol, inner))
        else:
            frame = ethernet(0x86DD, ipv6(draw(V6), draw(V6), protocol, inner))
        if number == 3:
            frame = frame[:12] + b"\x81\x00\x00\x07" + frame[12:]
    spoilt = bytearray(frame)
    for at, byte in draw(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=2)):
        if at < len(spoilt):
            spoilt[at] = byte
    return bytes(spoilt[: draw(st.integers(0, len(spoilt)) | st.just(len(spoilt)))])


def taken(given: Iterable[bytes], mine: int, shares: int, make: type[Share] = Share) -> list[int]:
    """Which frames a share takes."""
    packets = Packets(Columns(), (1, 2), Part(mine, shares, 0))
    packets._share = make(Columns(), mine, shares, TUNNEL_PORTS)
    batch = batch_of(given)
    packets.take(batch)
    return [batch.number(i) - 1 for i in range(batch.count)]


def odd(given: Iterable[bytes]) -> list[int]:
    """Which frames are on the decoder's list of odd ones."""
    batch, listed = batch_of(given), Odd()
    decoder = Decoder(Columns(), listed, (1, 2), TUNNEL_PORTS)
    return list(listed.column[: decoder.run(batch, 0, batch.count)])


@given(st.lists(frames(), min_size=1, max_size=8), st.integers(2, 5))
@settings(max_examples=120)
def test_each_packet_is_taken_once_or_is_odd(given: list[bytes], shares: int) -> None:
    parts = [taken(given, mine, shares) for mine in range(shares)]
    to_all = odd(given)
    for number in range(len(given)):
        takers = sum(number in part for part in parts)
        assert takers == (shares if number in to_all else 1)
    plain = uncompiled.module("netminedet.sieve.deal").Share
    assert [taken(given, mine, shares, plain) for mine in range(shares)] == parts


@given(V4 | V6, PORTS, PORTS, st.data(), st.integers(2, 9))
@settings(max_examples=100)
def test_both_directions_are_of_one_share(
    source: str, port: int, to: int, data: st.DataObject, shares: int
) -> None:
    version, ethertype = (ipv6, 0x86DD) if ":" in source else (ipv4, 0x0800)
    target = data.draw(V6 if ":" in source else V4)
    there = ethernet(ethertype, version(source, target, 6, tcp(port, to, 1, b"x")))
    back = ethernet(ethertype, version(target, source, 6, tcp(to, port, 1, b"y")))
    for mine in range(shares):
        assert len(taken([there, back], mine, shares)) in (0, 2)


@given(st.lists(frames(), min_size=1, max_size=8), st.integers(2, 4))
@settings(max_examples=100)
def test_each_flow_is_looked_at_by_one(given: list[bytes], shares: int) -> None:
    """Whether its packets are plain or lie in layers; and each outcome is counted once."""
    alone = _keys(given, None)
    parts = [_keys(given, Part(mine, shares, 7)) for mine in range(shares)]
    assert sorted(key for keys, _, _ in parts for key in keys) == sorted(alone[0])
    for number, (keys, _, _) in enumerate(parts):
        others = {key for other, (found, _, _) in enumerate(parts) if other != number for key in found}
        assert others.isdisjoint(keys)
    summed = {name: sum(counts[name] for _, counts, _ in parts) for name in alone[1]}
    for _, _, odd_counts in parts[1:]:
        for name, count in odd_counts.items():
            summed[name] -= count
    assert summed == alone[1]


def _keys(
    given: list[bytes], part: Part | None
) -> tuple[list[tuple[int, int]], dict[str, int], dict[str, int]]:
    columns = Columns()
    packets = Packets(columns, (7, 0), part)
    batch = batch_of(given)
    packets.take(batch)
    packets.run(batch, 0, batch.count)
    keys = [(columns.key0[i], columns.key1[i]) for i in range(batch.count) if columns.proto[i]]
    return keys, packets.counters(), packets.odd_counters()


def test_shares_are_about_equal() -> None:
    given = [
        ethernet(0x0800, ipv4(f"10.0.{i % 7}.{i % 251}", "198.51.100.7", 6, tcp(1024 + i, 443, 1, b"x")))
        for i in range(2000)
    ]
    sizes = [len(taken(given, mine, 4)) for mine in range(4)]
    assert sum(sizes) == 2000
    assert min(sizes) > 400
