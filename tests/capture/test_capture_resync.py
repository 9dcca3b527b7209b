"""Reading on behind damage: what is found again, what is not taken for it, and what is told."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from capture_files import (
    NANO,
    block,
    enhanced,
    interface,
    pcap_header,
    pcap_record,
    read,
    section,
    uncompiled,
    written,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netminedet.capture import reader as reader_module
from netminedet.capture import resync
from netminedet.capture.notes import NOTES_LIMIT
from netminedet.capture.resync import LOOK

START = 1_772_438_400
HERE = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def payload(number: int) -> bytes:
    return random.Random(number).randbytes(40 + number % 23)


def record(number: int, big: bool = False, seconds: int = START) -> bytes:
    data = payload(number)
    return pcap_record(seconds + number // 4, number, data, len(data), big)


def packet_block(number: int, big: bool = False) -> bytes:
    return enhanced((START * 10**6) + number, payload(number), big=big)


def numbers_of(packets: list, known: int) -> list[int]:
    """Which of the first ``known`` packets were read; -1 for one that was never written."""
    by_data = {payload(number): number for number in range(known)}
    return [by_data.get(packet.data, -1) for packet in packets]


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(
    "hole",
    [
        pytest.param(b"\xff" * 100, id="ones"),
        pytest.param(b"\xff" * 16 + bytes(999), id="ones and zeros"),
        pytest.param(b"\xff" * (2 * LOOK + 1), id="longer than the window"),
        pytest.param(b"\xff" * 12 + random.Random(1).randbytes(5000), id="random"),
    ],
)
def test_both_formats_are_read_on(tmp_path: Path, hole: bytes, big: bool) -> None:
    pcap = [pcap_header(big), *(record(n, big) for n in range(5)), hole]
    pcapng = [section(big), interface(big=big), *(packet_block(n, big) for n in range(5)), hole]
    pcap += [record(n, big) for n in range(5, 50)]
    pcapng += [packet_block(n, big) for n in range(5, 50)]
    for parts in (pcap, pcapng):
        packets, info = read(written(tmp_path, parts))
        assert numbers_of(packets, 50) == list(range(50))
        assert (info.complete, info.damaged_bytes, len(info.problems)) == (False, len(hole), 1)
        assert f"passed over {len(hole)} bytes, read on behind them" in info.problems[0]


@given(flips=st.lists(st.tuples(st.integers(24, 6000), st.integers(0, 7)), min_size=1, max_size=3))
@HERE
def test_flipped_bits_cost_what_is_near_them(tmp_path: Path, flips: list[tuple[int, int]]) -> None:
    content = bytearray(pcap_header() + b"".join(record(n) for n in range(400)))
    for at, bit in flips:
        content[at] ^= 1 << bit
    packets, info = read(written(tmp_path, bytes(content)))
    # A flipped bit of a length may swallow as much as a record may have, not the rest of the file.
    found = numbers_of(packets, 400)
    assert found[-100:] == list(range(300, 400)) or info.problems
    assert len(packets) <= 400 + len(flips)


def test_a_length_that_claims_the_rest_of_the_file(tmp_path: Path) -> None:
    """The record would end behind the file: without a look inside, all that follows were lost."""
    wrong = bytearray(record(3))
    wrong[10] ^= 2  # 128 KiB more
    parts = [pcap_header(), *(record(n) for n in range(3)), bytes(wrong), *(record(n) for n in range(4, 60))]
    packets, info = read(written(tmp_path, parts))
    assert numbers_of(packets, 60) == [0, 1, 2, *range(4, 60)]
    assert info.damaged_bytes == len(wrong)
    assert "bytes, and 3786 follow; passed over" in info.problems[0]


def test_a_block_that_claims_the_rest_of_the_file(tmp_path: Path) -> None:
    wrong = bytearray(packet_block(3))
    wrong[6] ^= 2
    parts = [section(), interface(), *(packet_block(n) for n in range(3)), bytes(wrong)]
    packets, info = read(written(tmp_path, [*parts, *(packet_block(n) for n in range(4, 60))]))
    assert numbers_of(packets, 60) == [0, 1, 2, *range(4, 60)]
    assert info.damaged_bytes == len(wrong)


def test_the_last_record_counts_when_it_ends_with_the_file(tmp_path: Path) -> None:
    parts = [pcap_header(), record(0), b"\xff" * 33, record(1)]
    assert numbers_of(read(written(tmp_path, parts))[0], 2) == [0, 1]
    packets, info = read(written(tmp_path, [*parts, b"tail"]))
    assert (numbers_of(packets, 2), info.damaged_bytes) == ([0], 33 + len(record(1)) + 4)


def test_a_capture_inside_a_packet_is_no_part_of_the_file(tmp_path: Path) -> None:
    """A download of another capture lies in the damaged record."""
    inner = pcap_header() + b"".join(record(n, seconds=START - 10**8) for n in range(100, 108))
    parts = [pcap_header(), *(record(n) for n in range(5)), b"\xff" * 16, inner]
    packets, _ = read(written(tmp_path, [*parts[:-1], inner[24:], *(record(n) for n in range(5, 30))]))
    assert numbers_of(packets, 30) == list(range(30))


def test_every_gap_is_told_and_the_telling_is_bounded(tmp_path: Path) -> None:
    parts = [pcap_header()]
    for number in range(1000):
        parts += [record(number), b"\xff" * 20] if number % 8 == 0 else [record(number)]
    packets, info = read(written(tmp_path, parts))
    assert numbers_of(packets, 1000) == list(range(1000))
    assert info.damaged_bytes == 20 * 125
    assert len(info.problems) == NOTES_LIMIT
    assert info.problems[-1] == f"and {125 - NOTES_LIMIT + 1} more"


def test_a_damaged_interface_keeps_the_numbers_of_the_others(tmp_path: Path) -> None:
    broken = bytearray(interface(linktype=101))
    broken[-1] = 1
    parts = [section(), bytes(broken), interface(linktype=113), enhanced(1, b"one!", number=1)] * 2
    packets, info = read(written(tmp_path, parts))
    assert [(packet.data, packet.linktype) for packet in packets] == [(b"one!", 113)] * 2
    assert info.damaged_bytes == 2 * len(broken)


def test_a_section_is_found_in_either_byte_order(tmp_path: Path) -> None:
    parts = [section(), interface(), packet_block(0), b"\1" * 50]
    parts += [section(True), interface(big=True), packet_block(1, True)]
    packets, _ = read(written(tmp_path, parts))
    assert numbers_of(packets, 2) == [0, 1]


@pytest.mark.parametrize("broken", [b"", b"\xff" * 21])
def test_pcap_files_put_one_behind_the_other(tmp_path: Path, broken: bytes) -> None:
    second = pcap_header(True, magic=NANO, linktype=113) + record(1, True) + record(2, True)
    packets, info = read(written(tmp_path, [pcap_header(), record(0), broken, second, second[:24]]))
    assert numbers_of(packets, 3) == [0, 1, 2]
    assert [packet.linktype for packet in packets] == [1, 113, 113]
    assert packets[1].time_ns == START * 10**9 + 1
    assert info.damaged_bytes == len(broken)
    assert info.complete == (not broken)
    assert info.problems[-1] == "2 further files behind the first one, read on in its place"


def test_a_second_header_that_is_cut(tmp_path: Path) -> None:
    _, info = read(written(tmp_path, [pcap_header(), record(0), pcap_header()[:20]]))
    assert (info.packets, info.complete) == (1, False)
    assert info.problems[0].startswith("last record is cut: 20 of 24 bytes")


def chained_lures(kind: str) -> bytes:
    """Headers that each look right and whose chain breaks as late as can be."""
    if kind == "pcap":
        one = struct.pack("<IIII", START, 0, 1, 1)
        return (one + b"\0") * 3 + b"\xff" * 16
    if kind == "pcapng":
        return block(6, bytes(20)) * 2 + b"\xff" * 16
    return struct.pack("<IIII", START, 0, 250_000, 250_000)


@pytest.mark.parametrize("kind", ["pcap", "pcapng", "long"])
def test_lures_are_looked_at_a_bounded_number_of_times(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows are filled in proportion to the bytes, whatever is in them."""
    lures = chained_lures(kind)
    size = 6 * LOOK
    head = [section(), interface()] if kind == "pcapng" else [pcap_header(), record(0)]
    calls = 0
    refill = reader_module.Window.refill

    def counting(window: reader_module.Window, needed: int) -> bool:
        nonlocal calls
        calls += 1
        return refill(window, needed)

    monkeypatch.setattr(reader_module.Window, "refill", counting)
    _, info = read(written(tmp_path, [*head, b"\xff" * 16, lures * (size // len(lures))]))
    assert not info.complete
    assert calls < 40


@given(content=st.binary(max_size=300), start=st.integers(0, 40), big=st.booleans(), final=st.booleans())
@settings(max_examples=200)
def test_compiled_and_not_the_search_finds_the_same(
    content: bytes, start: int, big: bool, final: bool
) -> None:
    slow = uncompiled(resync)
    data = bytearray(content + b"".join(record(n, big) for n in range(6)) + packet_block(1, big) * 4)
    for first, second in ((resync, slow), (slow, resync)):
        found = first.PcapSearch(big, 10**6, 16, 1 << 18).find(data, start, len(data), final, START)
        assert found == second.PcapSearch(big, 10**6, 16, 1 << 18).find(data, start, len(data), final, START)
        found = first.PcapngSearch(1 << 24).find(data, start, len(data), final, big)
        assert found == second.PcapngSearch(1 << 24).find(data, start, len(data), final, big)
