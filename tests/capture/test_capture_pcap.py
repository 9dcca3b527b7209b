"""pcap files: byte orders, clocks, link types, cuts and damage."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import pytest
from capture_files import (
    MICRO,
    MODIFIED,
    NANO,
    Packet,
    pcap_header,
    pcap_record,
    read,
    without_compiler,
    written,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netminedet.capture import open_source
from netminedet.capture import reader as reader_module
from netminedet.capture import source as source_module
from netminedet.errors import NetminedetError

U32 = st.integers(0, 0xFFFFFFFF)
#: A record of zeros is room that was never written.
RECORDS = st.lists(st.tuples(U32, U32, st.binary(max_size=70), U32).filter(any), max_size=12)
HERE = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def a_file(records: list[tuple[int, int, bytes, int]], big: bool = False, **header: int) -> bytes:
    return pcap_header(big, **header) + b"".join(pcap_record(*record, big=big) for record in records)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(("magic", "unit"), [(MICRO, 1000), (NANO, 1)])
@given(records=RECORDS)
@HERE
def test_every_field_is_read(tmp_path: Path, big: bool, magic: int, unit: int, records: list) -> None:
    path = written(tmp_path, a_file(records, big, magic=magic, linktype=113))
    expected = [
        Packet(seconds * 10**9 + fraction * unit, data, wirelen, 113)
        for seconds, fraction, data, wirelen in records
    ]
    packets, info = read(path)
    assert packets == expected
    assert (info.format, info.complete, info.problems) == ("pcap", True, [])
    times = [packet.time_ns for packet in packets]
    assert (info.first_seen, info.last_seen) == ((min(times), max(times)) if times else (None, None))
    with without_compiler():
        assert read(path) == (packets, info)


@given(bits=st.integers(0, 0xFFFF))
@HERE
def test_flags_above_the_link_type_are_ignored(tmp_path: Path, bits: int) -> None:
    path = written(tmp_path, a_file([(1, 2, b"abc", 3)], linktype=bits << 16 | 276))
    assert read(path)[0][0].linktype == 276


def test_the_modified_format_has_longer_record_headers(tmp_path: Path) -> None:
    record = struct.pack("<IIIIIHBB", 1, 2, 3, 60, 7, 0x0800, 0, 0) + b"abc"
    path = written(tmp_path, pcap_header(magic=MODIFIED) + record + record)
    assert read(path)[0] == [Packet(1_000_002_000, b"abc", 60, 1)] * 2


def test_cut_anywhere(tmp_path: Path) -> None:
    records = [(n, n, bytes([n]) * (3 * n), 100) for n in range(5)]
    whole = a_file(records)
    ends = [24]
    for _, _, data, _ in records:
        ends.append(ends[-1] + 16 + len(data))
    expected = read(written(tmp_path, whole))[0]
    for size in range(len(whole) + 1):
        path = written(tmp_path, whole[:size])
        if size < 24:
            with pytest.raises(NetminedetError) as raised:
                open_source(path)
            assert "\n" not in str(raised.value)
            continue
        packets, info = read(path)
        assert packets == expected[: sum(end <= size for end in ends[1:])]
        assert info.complete == (size in ends)
        assert bool(info.problems) == (size not in ends)


def test_the_cut_is_described(tmp_path: Path) -> None:
    whole = a_file([(1, 1, bytes(10), 10), (1, 1, bytes(44), 44)])
    _, info = read(written(tmp_path, whole[:-48]))
    assert info.problems == ["last record is cut: 12 of 16 bytes at offset 50, after 1 packet"]
    _, info = read(written(tmp_path, whole[:-10]))
    assert info.problems == ["last record is cut: 50 of 60 bytes at offset 50, after 1 packet"]


@pytest.mark.parametrize(
    ("snaplen", "length", "possible"),
    [
        pytest.param(65535, 262145, 262144, id="more than any snapshot"),
        pytest.param(1000000, 1000001, 1000000, id="more than the file's snapshot length"),
        pytest.param(0, (1 << 24) + 1, 1 << 24, id="no snapshot length"),
        pytest.param(0xFFFFFFFF, 0xFFFFFFFF, 1 << 24, id="absurd snapshot length"),
    ],
)
def test_an_impossible_length_is_passed_over(
    tmp_path: Path, snaplen: int, length: int, possible: int
) -> None:
    for big in (False, True):
        bad = struct.pack(">IIII" if big else "<IIII", 1, 1, length, length)
        good = pcap_record(5, 0, b"good", 4, big)
        path = written(tmp_path, [pcap_header(big, snaplen=snaplen), good, bad, good])
        packets, info = read(path)
        assert [packet.data for packet in packets] == [b"good", b"good"]
        assert (info.complete, info.damaged_bytes) == (False, 16)
        assert info.problems == [
            f"damaged record at offset 44, after 1 packet: it claims {length} captured bytes,"
            f" at most {possible} are possible; passed over 16 bytes, read on behind them"
        ]


def test_no_packets_is_no_problem(tmp_path: Path) -> None:
    packets, info = read(written(tmp_path, pcap_header()))
    assert packets == []
    assert (info.packets, info.first_seen, info.last_seen, info.complete) == (0, None, None, True)


def test_records_longer_than_the_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module.Window.__init__, "__defaults__", (64,))
    records = [
        (n, 0, bytes([n % 256]) * size, size) for n, size in enumerate([0, 1, 48, 49, 5000, 0, 70, 6000], 1)
    ]
    packets, info = read(written(tmp_path, a_file(records)))
    assert [packet.data for packet in packets] == [data for _, _, data, _ in records]
    assert info.complete


@pytest.mark.parametrize("capacity", [1, 2, 3, 100])
def test_batches_are_as_small_as_their_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capacity: int
) -> None:
    monkeypatch.setattr(source_module, "BATCH_CAPACITY", capacity)
    path = written(tmp_path, a_file([(n, 0, bytes([n]), 1) for n in range(10)]))
    with open_source(path) as source:
        batches = [(id(batch), batch.first_number, batch.count) for batch in source.batches()]
    assert len({identity for identity, _, _ in batches}) == 1
    assert [first for _, first, _ in batches] == list(range(1, 11, capacity))
    assert all(b - a == n for (_, a, n), (_, b, _) in pairwise(batches))


@given(content=st.binary(max_size=200), magic=st.sampled_from([MICRO, NANO, MODIFIED]), big=st.booleans())
@HERE
def test_any_bytes_behind_a_header(tmp_path: Path, content: bytes, magic: int, big: bool) -> None:
    path = written(tmp_path, pcap_header(big, magic=magic) + content)
    result = read(path)
    assert len(result[0]) * 16 <= len(content)
    with without_compiler():
        assert read(path) == result
