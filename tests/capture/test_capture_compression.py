"""gzip, zstd and xz: whole, in several members, cut and damaged."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from capture_files import (
    enhanced,
    interface,
    pcap_header,
    pcap_record,
    read,
    read_or_refusal,
    section,
    written,
)

from netminedet.capture import compression, open_source
from netminedet.capture.compression import Decompressor, find_codec
from netminedet.capture.rawfile import RawFile
from netminedet.errors import NetminedetError

Pack = Callable[[bytes], bytes]


def zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(content)


def xz(content: bytes) -> bytes:
    return lzma.compress(content, preset=0)


PACKERS = [
    pytest.param("gzip", gzip.compress, id="gzip"),
    pytest.param("zstd", zstd, id="zstd"),
    pytest.param("xz", xz, id="xz"),
]
RANDOM = random.Random(1)
RECORDS = [pcap_record(n, 0, RANDOM.randbytes(n % 90), 90) for n in range(3000)]
PCAP = pcap_header() + b"".join(RECORDS)


@pytest.mark.parametrize(("name", "pack"), PACKERS)
def test_whole(tmp_path: Path, name: str, pack: Pack) -> None:
    plain, _ = read(written(tmp_path, PCAP))
    packed = pack(PCAP)
    packets, info = read(written(tmp_path, packed), hash_content=True)
    assert packets == plain
    assert (info.format, info.complete, info.problems) == (f"pcap+{name}", True, [])
    assert info.sha256 == hashlib.sha256(packed).hexdigest()


@pytest.mark.parametrize(("name", "pack"), PACKERS)
def test_position_counts_compressed_bytes(tmp_path: Path, name: str, pack: Pack) -> None:
    packed = pack(PCAP)
    with open_source(written(tmp_path, packed)) as source:
        assert source.size == len(packed)
        for _ in source.batches():
            assert source.position <= len(packed)
        assert source.position == len(packed)


@pytest.mark.parametrize(("name", "pack"), PACKERS)
@pytest.mark.parametrize("size", [1, 2, 3, 1000, 100_000])
def test_several_members(tmp_path: Path, name: str, pack: Pack, size: int) -> None:
    content = section() + interface() + enhanced(1, b"a" * 2000) * 4
    members = [pack(content[start : start + size]) for start in range(0, len(content), size)][:60]
    members.append(pack(content[60 * size :]))
    packets, info = read(written(tmp_path, [*members, bytes(8)]))
    assert len(packets) == 4
    assert (info.format, info.complete) == (f"pcapng+{name}", True)


@pytest.mark.parametrize(("name", "pack"), PACKERS)
def test_cut_anywhere(tmp_path: Path, name: str, pack: Pack) -> None:
    content = pcap_header() + b"".join(RECORDS[:6])
    packed = pack(content)
    before = 0
    for size in range(1, len(packed)):
        result = read_or_refusal(written(tmp_path, packed[:size]))
        if isinstance(result, str):
            assert before == 0, result
            continue
        packets, info = result
        assert len(packets) >= before
        before = len(packets)
        assert info.problems == [f"the {name} data is cut short at byte {size}"]
        assert not info.complete
    assert before == 6


@pytest.mark.parametrize(("name", "pack"), PACKERS)
def test_a_wrong_checksum_costs_no_packet(tmp_path: Path, name: str, pack: Pack) -> None:
    packed = bytearray(pack(PCAP))
    # Checksums of the content: gzip has it before the length, zstd at the end, xz before the index.
    place = {"gzip": len(packed) - 8, "zstd": len(packed) - 1, "xz": len(packed) - 12 - 12 - 1}[name]
    packed[place] ^= 1
    packets, info = read(written(tmp_path, bytes(packed)))
    assert len(packets) == len(RECORDS)
    assert not info.complete
    assert len(info.problems) == 1
    assert f"the {name} data is damaged at byte" in info.problems[0]


@pytest.mark.parametrize(("name", "pack"), PACKERS)
def test_garbage_behind_the_last_member(tmp_path: Path, name: str, pack: Pack) -> None:
    packets, info = read(written(tmp_path, pack(PCAP) + b"garbage"))
    assert len(packets) == len(RECORDS)
    assert not info.complete
    assert f"the {name} data is" in info.problems[0]


@pytest.mark.parametrize(("name", "pack"), PACKERS)
def test_any_byte_changed(tmp_path: Path, name: str, pack: Pack) -> None:
    packed = pack(pcap_header() + b"".join(RECORDS[:6]))
    for place in range(len(packed)):
        changed = bytearray(packed)
        changed[place] ^= 0x55
        result = read_or_refusal(written(tmp_path, bytes(changed)))
        assert isinstance(result, str) or len(result[0]) <= 6


@pytest.mark.parametrize(("name", "pack"), PACKERS)
def test_a_bomb_stays_small_in_memory(tmp_path: Path, name: str, pack: Pack) -> None:
    path = written(tmp_path, pack(bytes(1 << 25)))
    raw = RawFile(str(path))
    codec = find_codec(raw.peek(16))
    assert codec is not None
    stream = Decompressor(raw, codec)
    view = memoryview(bytearray(5000))
    total = 0
    while got := stream.readinto(view):
        total += got
        assert got <= 5000
    raw.close()
    assert total == 1 << 25


def test_parallel_zstd_begins_with_a_skippable_frame(tmp_path: Path) -> None:
    skippable = b"\x50\x2a\x4d\x18" + b"\x04\0\0\0" + b"size"
    packets, info = read(written(tmp_path, skippable + zstd(PCAP)))
    assert (len(packets), info.format, info.complete) == (len(RECORDS), "pcap+zstd", True)


@pytest.mark.parametrize("pack", [gzip.compress, zstd, xz])
def test_compressed_but_not_a_capture(tmp_path: Path, pack: Pack) -> None:
    with pytest.raises(NetminedetError, match=r"data in it begins with 68 65 6c 6c"):
        open_source(written(tmp_path, pack(b"hello, this is a text")))
    with pytest.raises(NetminedetError, match=r"data in it is empty"):
        open_source(written(tmp_path, pack(b"")))


def test_an_xz_stream_that_asks_for_much_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "_XZ_MEMORY_LIMIT", 1 << 16)
    with pytest.raises(NetminedetError, match="the xz data is damaged"):
        open_source(written(tmp_path, lzma.compress(PCAP)))


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, zstd(PCAP))
    monkeypatch.setitem(__import__("sys").modules, "zstandard", None)
    with pytest.raises(NetminedetError, match="zstd captures need the package zstandard"):
        open_source(path)
