"""pcapng files: sections, interfaces, clocks, all kinds of packet blocks, and hostile ones."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from capture_files import (
    Packet,
    block,
    enhanced,
    interface,
    obsolete,
    option,
    order,
    read,
    read_or_refusal,
    section,
    simple,
    without_compiler,
    written,
)
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from netminedet.capture import open_source
from netminedet.capture import pcapng as pcapng_module
from netminedet.errors import NetminedetError

HERE = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
LATEST = 2**63 - 1
EARLIEST = -(2**63)
#: whole seconds that int64 nanoseconds hold
WHOLE_SECONDS = LATEST // 10**9


def exact_time(ticks: int, resolution: int, offset_s: int) -> int:
    """What a time must be, with the integers of Python."""
    ticks_a_second = 2 ** (resolution & 0x7F) if resolution & 0x80 else 10**resolution
    seconds, rest = divmod(ticks, ticks_a_second)
    seconds += offset_s
    if seconds >= WHOLE_SECONDS:
        # The short way is exact to the last nanosecond, the long way gives up a second before.
        return min(LATEST, seconds * 10**9 + rest * 10**9 // ticks_a_second)
    if seconds < -WHOLE_SECONDS:
        return EARLIEST
    return seconds * 10**9 + rest * 10**9 // ticks_a_second


@given(
    ticks=st.integers(0, 2**64 - 1) | st.integers(0, 2**51),
    resolution=st.integers(0, 255) | st.sampled_from([3, 6, 9, 0x80 | 20, 0x80 | 32, 0x80 | 63, 0x80 | 64]),
    offset_s=st.just(0) | st.integers(-(2**63), 2**63 - 1) | st.integers(-(2**33), 2**33),
    big=st.booleans(),
)
@example(ticks=2**64 - 1, resolution=0x80 | 64, offset_s=0, big=False)
@example(ticks=2**64 - 1, resolution=0x80 | 95, offset_s=0, big=False)
@example(ticks=2**64 - 1, resolution=0x80 | 127, offset_s=-1, big=False)
@example(ticks=2**64 - 1, resolution=0, offset_s=2**63 - 1, big=True)
@example(ticks=0, resolution=0, offset_s=-(2**63), big=True)
@example(ticks=2**64 - 1, resolution=28, offset_s=0, big=False)
@example(ticks=2**64 - 1, resolution=9, offset_s=-(10**10), big=False)
@example(ticks=1_090_288_255_740_000, resolution=3, offset_s=-(2**40) - 1, big=False)
@example(ticks=2**63 + 5, resolution=0, offset_s=-(2**63), big=False)
@example(ticks=2**63 - 1, resolution=0, offset_s=-(2**63), big=True)
@example(ticks=5 * 10**12, resolution=0, offset_s=-5 * 10**12, big=True)
@settings(parent=HERE, max_examples=300)
def test_time_of_any_clock(tmp_path: Path, ticks: int, resolution: int, offset_s: int, big: bool) -> None:
    path = written(
        tmp_path,
        [
            section(big),
            interface(resolution=resolution, offset_s=offset_s, big=big),
            enhanced(ticks, b"x", big=big),
        ],
    )
    packets, info = read(path)
    time = packets[0].time_ns
    exact = exact_time(ticks, resolution, offset_s)
    assert time == exact or (time == LATEST and exact >= WHOLE_SECONDS * 10**9)
    assert (info.first_seen, info.last_seen) == (time, time)
    with without_compiler():
        assert read(path)[0] == packets


@st.composite
def sections(draw: st.DrawFn) -> tuple[bytes, list[Packet]]:
    """One section with interfaces, packets and other blocks; and its packets."""
    big = draw(st.booleans())
    parts = [section(big, draw(st.sampled_from([-1, 0, 5, 2**62])))]
    clocks: list[tuple[int, int]] = []
    packets: list[Packet] = []
    for _ in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(["interface", "enhanced", "obsolete", "other"]))
        if kind == "interface" or (kind != "other" and not clocks):
            linktype, resolution = (
                draw(st.sampled_from([0, 1, 101, 276])),
                draw(st.sampled_from([0, 3, 6, 9])),
            )
            clocks.append((linktype, 10 ** (9 - resolution)))
            parts.append(interface(linktype, 0, resolution, big=big))
        elif kind == "other":
            number = draw(st.sampled_from([4, 5, 10, 0xBAD, 0x40000BAD, 0x80000001]))
            parts.append(block(number, bytes(4 * draw(st.integers(0, 5))), big))
        else:
            number = draw(st.integers(0, len(clocks) - 1))
            data = draw(st.binary(max_size=40))
            ticks = draw(st.integers(0, 2**33))
            linktype, tick_ns = clocks[number]
            if kind == "enhanced":
                parts.append(enhanced(ticks, data, 1000, number, big))
                packets.append(Packet(ticks * tick_ns, data, 1000, linktype))
            else:
                parts.append(obsolete(ticks, data, number, 7, big))
                packets.append(Packet(ticks * tick_ns, data, len(data), linktype))
    return b"".join(parts), packets


@given(parts=st.lists(sections(), min_size=1, max_size=3))
@HERE
def test_sections_interfaces_and_other_blocks(tmp_path: Path, parts: list) -> None:
    path = written(tmp_path, [content for content, _ in parts])
    packets, info = read(path)
    assert packets == [packet for _, expected in parts for packet in expected]
    assert (info.format, info.complete, info.problems) == ("pcapng", True, [])
    with without_compiler():
        assert read(path) == (packets, info)


def test_microseconds_are_the_default(tmp_path: Path) -> None:
    packets, _ = read(written(tmp_path, [section(), interface(), enhanced(5, b"")]))
    assert packets[0].time_ns == 5000


def test_options_behind_the_end_or_of_a_wrong_length_do_not_count(tmp_path: Path) -> None:
    body = struct.pack("<HHI", 1, 0, 0) + option(9, b"\x09\x09") + option(0, b"") + option(9, b"\x00")
    packets, _ = read(written(tmp_path, [section(), block(1, body), enhanced(5, b"")]))
    assert packets[0].time_ns == 5000


def test_an_option_longer_than_its_block_is_ignored(tmp_path: Path) -> None:
    body = struct.pack("<HHI", 1, 0, 0) + struct.pack("<HH", 2, 0xFFFF) + b"eth0"
    packets, info = read(written(tmp_path, [section(), block(1, body), enhanced(5, b"")]))
    assert (packets[0].time_ns, info.complete) == (5000, True)


def test_simple_packets_take_the_time_of_the_one_before(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        [
            section(),
            interface(113, snaplen=6),
            simple(b"12345"),
            enhanced(7, b"first"),
            simple(b"123456", wirelen=99),
        ],
    )
    packets, info = read(path)
    assert packets == [
        Packet(0, b"12345", 5, 113),
        Packet(7000, b"first", 5, 113),
        Packet(7000, b"123456", 99, 113),
    ]
    assert (info.first_seen, info.last_seen, info.complete) == (7000, 7000, True)
    assert info.problems == ["without a time of their own, given that of the one before: 2 packets"]


@pytest.mark.parametrize(
    ("offset_s", "problem"),
    [
        (-(1 << 40), "packets of times before 1677-09-21 were given that time"),
        (1 << 40, "packets of times after 2262-04-11 were given that time"),
    ],
)
def test_times_that_nothing_can_hold_are_told(tmp_path: Path, offset_s: int, problem: str) -> None:
    strange = interface(offset_s=offset_s)
    _, info = read(
        written(tmp_path, [section(), interface(), strange, enhanced(7, b"x"), enhanced(7, b"x", number=1)])
    )
    assert (info.packets, info.complete, info.problems) == (2, True, [problem])


def test_a_simple_packet_is_no_longer_than_its_block(tmp_path: Path) -> None:
    packets, _ = read(written(tmp_path, [section(), interface(), simple(b"1234", wirelen=1 << 31)]))
    assert packets == [Packet(0, b"1234", 1 << 31, 1)]


def test_interfaces_are_forgotten_at_a_new_section(tmp_path: Path) -> None:
    path = written(
        tmp_path, [section(), interface(), enhanced(1, b"a"), section(True), enhanced(1, b"b", big=True)]
    )
    packets, info = read(path)
    assert [packet.data for packet in packets] == [b"a"]
    assert info.problems == ["passed over 1 packet of interfaces that are not declared"]
    assert not info.complete


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        pytest.param(
            lambda o: enhanced(1, b"x", number=1, big=o == ">"),
            "passed over 1 packet of interfaces that are not declared",
            id="interface not declared",
        ),
        pytest.param(
            lambda o: block(6, struct.pack(o + "IIIII", 0, 0, 0, 5, 5) + bytes(4), o == ">"),
            "passed over 1 packet block too short for the content claimed",
            id="captured length beyond the block",
        ),
        pytest.param(
            lambda o: block(6, struct.pack(o + "IIIII", 0, 0, 0, 0xFFFFFFFF, 5) + bytes(4), o == ">"),
            "passed over 1 packet block too short for the content claimed",
            id="captured length of 4 GiB",
        ),
        pytest.param(
            lambda o: block(6, bytes(16), o == ">"),
            "passed over 1 packet block too short for the content claimed",
            id="block too short for its fields",
        ),
        pytest.param(
            lambda o: block(3, b"", o == ">"),
            "passed over 1 packet block too short for the content claimed",
            id="simple block without a length",
        ),
    ],
)
def test_a_bad_packet_in_a_sound_block_is_passed_over(
    tmp_path: Path, big: bool, bad: object, problem: str
) -> None:
    assert callable(bad)
    good = enhanced(1, b"good", big=big)
    path = written(tmp_path, [section(big), interface(big=big), good, bad(order(big)), good])
    packets, info = read(path)
    assert [packet.data for packet in packets] == [b"good", b"good"]
    assert (info.complete, info.problems) == (False, [problem])


IMPOSSIBLE = "it claims a length of {} bytes, which is impossible"


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("kind", [1, 6, 0xBAD, 0x0A0D0D0A])
@pytest.mark.parametrize("length", [0, 8, 11, 33, (1 << 24) + 4, 0xFFFFFFFF])
def test_an_impossible_block_length_ends_the_reading(
    tmp_path: Path, big: bool, kind: int, length: int
) -> None:
    bad = struct.pack(order(big) + "III", kind, length, 0x1A2B3C4D) + bytes(200)
    path = written(tmp_path, [section(big), interface(big=big), enhanced(1, b"good", big=big), bad])
    packets, info = read(path)
    assert [packet.data for packet in packets] == [b"good"]
    assert not info.complete
    assert len(info.problems) == 1
    assert IMPOSSIBLE.format(length) in info.problems[0]


@pytest.mark.parametrize("kind", [1, 5, 6])
def test_lengths_that_differ_are_passed_over(tmp_path: Path, kind: int) -> None:
    bad = bytearray(block(kind, bytes(40)))
    bad[-4:] = struct.pack("<I", 48)
    _, info = read(written(tmp_path, [section(), interface(), enhanced(1, b"good"), bytes(bad)]))
    assert (info.packets, info.complete) == (1, False)
    assert info.problems == [
        "damaged block at offset 88, after 1 packet: its length is 52 bytes at its beginning"
        " and 48 at its end; passed over 52 bytes, no record follows"
    ]


def test_a_section_without_byte_order_ends_the_reading(tmp_path: Path) -> None:
    bad = block(0x0A0D0D0A, bytes(16))
    _, info = read(written(tmp_path, [section(), interface(), enhanced(1, b"good"), bad]))
    assert (info.packets, info.complete) == (1, False)
    assert "byte-order mark" in info.problems[0]


def test_interfaces_beyond_the_limit_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcapng_module, "INTERFACES_LIMIT", 20)
    packets = [enhanced(1, bytes([number]), number=number) for number in (19, 20)]
    path = written(tmp_path, [section(), *[interface(linktype=n) for n in range(30)], *packets])
    read_packets, info = read(path)
    assert [(packet.data, packet.linktype) for packet in read_packets] == [(b"\x13", 19)]
    assert info.problems == [
        "passed over 1 packet of interfaces that are not declared",
        "ignored 10 interfaces beyond the first 20",
    ]


@pytest.mark.parametrize("big", [False, True])
def test_cut_anywhere(tmp_path: Path, big: bool) -> None:
    parts = [
        section(big),
        interface(big=big),
        enhanced(1, b"abcde", big=big),
        block(5, bytes(8), big),
        simple(b"", big=big),
        obsolete(2, b"12345678", big=big),
        section(not big),
        interface(big=not big),
        enhanced(3, b"z", big=not big),
    ]
    packet_ends = [len(b"".join(parts[: i + 1])) for i in (2, 4, 5, 8)]
    ends = {len(b"".join(parts[: i + 1])) for i in range(len(parts))}
    whole = b"".join(parts)
    expected = read(written(tmp_path, whole))[0]
    for size in range(len(whole) + 1):
        path = written(tmp_path, whole[:size])
        if size < len(parts[0]):
            with pytest.raises(NetminedetError) as raised:
                open_source(path)
            assert "\n" not in str(raised.value)
            continue
        packets, info = read(path)
        assert packets == expected[: sum(end <= size for end in packet_ends)]
        assert info.complete == (size in ends)


@given(
    content=st.binary(max_size=300)
    | st.lists(st.integers(0, 40), max_size=60).map(lambda words: struct.pack(f"<{len(words)}I", *words))
)
@HERE
def test_any_bytes_behind_an_interface(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, section() + interface() + content)
    result = read(path)
    with without_compiler():
        assert read(path) == result


@given(at=st.integers(0, 183), value=st.integers(0, 255))
@HERE
def test_any_byte_changed(tmp_path: Path, at: int, value: int) -> None:
    content = bytearray(
        b"".join(
            [
                section(),
                interface(resolution=9, offset_s=3),
                enhanced(1, b"abc"),
                simple(b"d"),
                obsolete(5, b"e"),
            ]
        )
    )
    content[at % len(content)] = value
    path = written(tmp_path, bytes(content))
    result = read_or_refusal(path)
    assert isinstance(result, str) or len(result[0]) <= 3
    with without_compiler():
        assert read_or_refusal(path) == result
