"""IP fragments: whole in any order, bounded whatever comes, and never read twice."""

from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netminedet.model import Batch
from netminedet.sieve import Sieve
from netminedet.sieve.columns import CHUNK, OUTCOMES, Columns
from netminedet.sieve.fragments import COUNTERS
from netminedet.sieve.packets import MAX_REBUILT, Packets
from tests.frames import batch_of, ethernet, ipv4, ipv6, tcp, udp
from tests.sieve.test_layers import each, seen
from tests.sieve.uncompiled import uncompiled_packets

SLOTS = 512
ENDS = ("10.0.0.1", 4000, "10.0.0.2", 3333, "tcp")
ENDS6 = ("fd00::1", 4000, "fd00::2", 3333, "tcp")


def pieces4(body: bytes, cuts: list[int], ident: int = 1, protocol: int = 6) -> list[bytes]:
    """An IPv4 datagram from 10.0.0.1 to 10.0.0.2 in fragments cut at these units of 8 bytes."""
    edges = [0, *(8 * cut for cut in cuts), len(body)]
    found = []
    for low, high in itertools.pairwise(edges):
        field = low // 8 | (0x2000 if high < len(body) else 0)
        packet = ipv4("10.0.0.1", "10.0.0.2", protocol, body[low:high], fragment=field)
        found.append(packet[:4] + struct.pack(">H", ident) + packet[6:])
    return found


def pieces6(
    body: bytes, cuts: list[int], ident: int = 1, protocol: int = 6, before: bytes = b""
) -> list[bytes]:
    """The same over IPv6; ``before``: extension headers that stand in every fragment."""
    edges = [0, *(8 * cut for cut in cuts), len(body)]
    found = []
    for low, high in itertools.pairwise(edges):
        head = struct.pack(">BBHI", protocol, 0, low | (high < len(body)), ident)
        found.append(ipv6("fd00::1", "fd00::2", 0 if before else 44, before + head + body[low:high]))
    return found


def frames4(*packets: bytes) -> list[bytes]:
    return [ethernet(0x0800, packet) for packet in packets]


def frames6(*packets: bytes) -> list[bytes]:
    return [ethernet(0x86DD, packet) for packet in packets]


def run(frames: list[bytes], seconds: list[int] | None = None) -> tuple[list[object], dict[str, int]]:
    """Ends and payload of each packet, and the counters that are not 0, outcomes of whole packets aside."""
    batch = batch_of(frames)
    for i, second in enumerate(seconds or []):
        batch.time_ns[i] = second * 1_000_000_000
    counters: dict[str, int] = {}
    found: list[object] = []

    def make(columns: Columns, seed: tuple[int, int]) -> Packets:
        packets = Packets(columns, seed)
        run_ = packets.run

        class Kept:
            layers = staticmethod(packets.layers)

            @staticmethod
            def run(batch: Batch, low: int, high: int) -> Batch:
                result = run_(batch, low, high)
                counters.update(packets.counters())
                return result

        return Kept  # type: ignore[return-value]

    for one in each(batch, make):
        found.append(None if one is None else (one[0], one[1]))
    return found, {name: count for name, count in counters.items() if count and name != "decoded"}


SEGMENT = tcp(4000, 3333, 7, bytes(range(200)))
PAYLOAD = bytes(range(200))


@given(
    st.lists(st.integers(1, len(SEGMENT) // 8), unique=True, max_size=8).map(sorted),
    st.randoms(use_true_random=False),
    st.booleans(),
)
@settings(max_examples=60)
def test_any_cut_in_any_order_is_whole_with_its_last_fragment(cuts, random, six) -> None:  # type: ignore[no-untyped-def]
    frames = frames6(*pieces6(SEGMENT, cuts)) if six else frames4(*pieces4(SEGMENT, cuts))
    random.shuffle(frames)
    found, _ = run(frames)
    assert found == [None] * (len(frames) - 1) + [(ENDS6 if six else ENDS, PAYLOAD)]
    for make in (Packets, uncompiled_packets):
        last = list(each(batch_of(frames), make))[-1]
        assert last is not None
        assert last[1] == PAYLOAD


def test_several_datagrams_at_a_time() -> None:
    packets = [
        pieces4(tcp(4000, 3333, 7, bytes([number]) * 100), [3, 9], ident=number) for number in range(50)
    ]
    frames = frames4(*(packet[i] for i in range(3) for packet in packets))
    found, counters = run(frames)
    assert found[100:] == [(ENDS, bytes([number]) * 100) for number in range(50)]
    assert counters == {"datagrams_reassembled": 50, "ip_fragments": 100}


def test_extension_headers_before_the_fragment_header() -> None:
    option = b"\x2c\x00" + b"\x01\x04" + bytes(4)
    found, _ = run(frames6(*pieces6(SEGMENT, [5], before=option)))
    assert found == [None, (ENDS6, PAYLOAD)]


def test_a_tunnel_in_fragments_and_a_fragment_in_a_tunnel() -> None:
    inner = b"".join(pieces4(SEGMENT, []))
    gtp = struct.pack(">BBHI", 0x30, 255, len(inner), 9) + inner
    outer = pieces4(udp(2152, 2152, gtp), [11], protocol=17)
    found = list(each(batch_of([ethernet(0x8100, b"\x00\x05\x08\x00" + piece) for piece in outer])))
    assert found[0] is None
    assert found[1] is not None
    assert found[1][:2] == (ENDS, PAYLOAD)
    assert [(layer.kind, layer.id) for layer in found[1][2]] == [("vlan", "5"), ("gtp-u", "0x00000009")]

    def tunnelled(piece: bytes) -> bytes:
        return ipv4(
            "192.0.2.1",
            "192.0.2.2",
            17,
            udp(2152, 2152, struct.pack(">BBHI", 0x30, 255, len(piece), 8) + piece),
        )

    twice = [
        piece
        for number, inside in enumerate(pieces4(SEGMENT, [6]))
        for piece in pieces4(
            udp(2152, 2152, struct.pack(">BBHI", 0x30, 255, len(inside), 8) + inside), [3], number + 5, 17
        )
    ]
    for frames, outside in (
        ([tunnelled(piece) for piece in pieces4(SEGMENT, [6])], "192.0.2.1"),
        (twice, "10.0.0.1"),
    ):
        found = list(each(batch_of(frames4(*frames))))
        assert found[:-1] == [None] * (len(frames) - 1)
        last = found[-1]
        assert last is not None
        assert last[:2] == (ENDS, PAYLOAD)
        assert [(layer.kind, layer.id, layer.src_ip) for layer in last[2]] == [
            ("gtp-u", "0x00000008", outside)
        ]


A, B, C = pieces4(SEGMENT, [5, 12])
LONGER = pieces4(SEGMENT + bytes(80), [12, 20])
ODDITIES = [
    pytest.param(
        [A, A, B, B, C], [ENDS], {"fragments_repeated": 2, "datagrams_reassembled": 1}, id="repeated"
    ),
    pytest.param(
        [A, pieces4(SEGMENT, [4, 12])[1], B, C],
        [],
        {"datagrams_overlapping": 1, "datagrams_unfinished": 1},
        id="overlapping",
    ),
    pytest.param(
        [A, C, pieces4(SEGMENT[:-20], [5, 12])[2], B],
        [ENDS],
        {"fragments_repeated": 1, "datagrams_reassembled": 1},
        id="another-end-within",
    ),
    pytest.param([C, LONGER[2]], [], {"datagrams_overlapping": 1}, id="beyond-its-end"),
    pytest.param([A, C], [], {"datagrams_unfinished": 1}, id="never-completed"),
    pytest.param([B, C], [], {"datagrams_unfinished": 1}, id="without-its-beginning"),
    pytest.param(
        [ipv4("1.1.1.1", "2.2.2.2", 6, bytes(12), fragment=0x2000)],
        [],
        {"datagrams_malformed": 1},
        id="not-of-8-bytes",
    ),
    pytest.param(
        [ipv4("1.1.1.1", "2.2.2.2", 6, b"", fragment=0x2005)], [], {"datagrams_malformed": 1}, id="empty"
    ),
    pytest.param(
        [ipv4("1.1.1.1", "2.2.2.2", 6, bytes(1400), fragment=0x1FF0)],
        [],
        {"datagrams_too_large": 1},
        id="beyond-65535",
    ),
    pytest.param(
        pieces4(SEGMENT * 9, list(range(1, 200)))[::-1][::2],
        [],
        {"datagrams_too_large": 1, "datagrams_unfinished": 1},
        id="too-many-pieces",
    ),
]


@pytest.mark.parametrize(("packets", "whole", "counted"), ODDITIES)
def test_oddities(packets: list[bytes], whole: list[object], counted: dict[str, int]) -> None:
    found, counters = run(frames4(*packets))
    assert [one[0] for one in found if one is not None] == whole  # type: ignore[index]
    counters.pop("ip_fragments")
    assert counters == counted


def test_the_first_copy_of_repeated_bytes_stays() -> None:
    changed = pieces4(SEGMENT[:40] + bytes(180), [5, 12])[1]
    found, _ = run(frames4(A, B, changed, C))
    assert found[-1] == (ENDS, PAYLOAD)


def test_fragments_wait_no_longer_than_their_time() -> None:
    found, counters = run(frames4(A, B, C), [0, 29, 31])
    assert found == [None, None, None]
    assert counters == {"datagrams_timed_out": 1, "datagrams_unfinished": 1, "ip_fragments": 3}
    assert run(frames4(A, B, C), [0, 29, 30])[0][-1] == (ENDS, PAYLOAD)


def test_a_flood_is_bounded_and_counted() -> None:
    flood = frames4(*(pieces4(SEGMENT, [5], ident=number)[0] for number in range(20_000)))
    found, counters = run([*flood, *frames4(A, B, C)])
    assert found[-1] == (ENDS, PAYLOAD)
    assert counters["datagrams_evicted"] + counters["datagrams_unfinished"] == 20_000
    assert counters["datagrams_unfinished"] <= SLOTS


def test_more_than_there_is_room_for_is_counted() -> None:
    large = tcp(4000, 3333, 7, bytes(60_000))
    parts = [pieces4(large, [8 * 900], ident=number) for number in range(45)]
    frames = frames4(*(part[0] for part in parts), *(part[1] for part in parts))
    found, counters = run(frames)
    whole = MAX_REBUILT // (len(large) + 34)
    assert sum(one is not None for one in found) == counters["datagrams_reassembled"] == whole
    assert counters["datagrams_too_large"] == 45 - whole


def test_fragments_cut_by_the_capture() -> None:
    first, second = (frame[:60] for frame in frames4(*pieces4(SEGMENT, [20])))
    batch = batch_of([first, second])
    batch.wirelen[0] = batch.wirelen[1] = 200
    found = list(each(batch))
    assert found[0] is not None
    assert found[0][0] == ENDS
    assert found[1] is None


def test_both_parts_of_a_chunk_s_data_are_read_where_they_are() -> None:
    """Ordinary packets before and behind a datagram, over several chunks."""
    plain = ethernet(0x0800, ipv4("10.0.0.9", "10.0.0.2", 6, tcp(1, 2, 3, b"plain")))
    frames = ([plain] * 700 + frames4(A, B, C)) * 7
    assert len(frames) > 2 * CHUNK
    found, counters = run(frames)
    assert [one[1] for one in found if one is not None] == ([b"plain"] * 700 + [PAYLOAD]) * 7  # type: ignore[index]
    assert counters == {"datagrams_reassembled": 7, "ip_fragments": 14}


def test_a_message_in_fragments_is_handed_on_once_with_the_last_fragment_s_number() -> None:
    line = b'{"id":1,"params":["x/1"],"method":"mining.subscribe"}\n'
    frames = frames4(*pieces4(tcp(4000, 3333, 7, line), [3, 5]))
    hits = list(Sieve([b"mining."], []).run(batch_of(frames, first_number=10), "test"))
    assert [(hit.payload, hit.where.packet, hit.where.flow.src_ip) for hit in hits] == [
        (line, 12, "10.0.0.1")
    ]


@st.composite
def fragment_frames(draw: st.DrawFn) -> bytes:
    low = draw(st.integers(0, 12))
    data = bytes([draw(st.integers(0, 2))]) * draw(st.integers(0, 40))
    if draw(st.booleans()):
        field = low | draw(st.sampled_from([0, 0x2000]))
        return ethernet(
            0x0800, ipv4("10.0.0.1", "10.0.0.2", draw(st.sampled_from([4, 6, 17])), data, fragment=field)
        )
    head = struct.pack(
        ">BBHI", draw(st.sampled_from([6, 17, 44, 60])), 0, 8 * low | draw(st.integers(0, 1)), 1
    )
    return ethernet(0x86DD, ipv6("fd00::1", "fd00::2", 44, head + data))


@given(st.lists(fragment_frames(), max_size=40))
@settings(max_examples=100)
def test_any_fragments_are_decoded_or_counted_and_both_speeds_agree(frames: list[bytes]) -> None:
    results = []
    for make in (Packets, uncompiled_packets):
        packets = make(Columns(), (1, 2))
        packets.run(batch_of(frames), 0, len(frames))
        counters = packets.counters()
        assert sum(counters[name] for name in OUTCOMES) == len(frames)
        results.append((counters, list(each(batch_of(frames), make))))
    assert results[0] == results[1]


def test_every_counter_has_its_name() -> None:
    assert set(COUNTERS) < set(Packets(Columns(), (1, 2)).counters())
    assert seen(frames4(A)[0], 1) is None
