"""Decompression beside the scan: what is read on a thread is what is there, and the thread ends."""

from __future__ import annotations

import gzip
import os
import sys
import threading
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from netminedet.capture import compression, open_source
from netminedet.capture.ahead import BUFFER_SIZE, BUFFERS, Ahead
from netminedet.capture.compression import DamagedStream
from netminedet.capture.zstdblocks import ZstdBlocks
from tests.conftest import SAMPLES


class Pieces:
    """A stream that gives these pieces, and then an error if there is one."""

    def __init__(self, pieces: list[bytes], error: Exception | None = None) -> None:
        self.left = list(pieces)
        self.error = error
        self.calls = 0

    def readinto(self, view: memoryview) -> int:
        self.calls += 1
        if not self.left:
            if self.error is not None:
                raise self.error
            return 0
        piece = self.left.pop(0)
        view[: len(piece)] = piece
        return len(piece)


def read_all(stream: Ahead, size: int) -> bytes:
    view, read = memoryview(bytearray(size)), b""
    while got := stream.readinto(view):
        read += view[:got]
    return read


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_same_bytes(size: int) -> None:
    pieces = [os.urandom(number % 50 + 1) for number in range(40)]
    ahead = Ahead(Pieces(pieces))
    assert read_all(ahead, size) == b"".join(pieces)
    assert ahead.readinto(memoryview(bytearray(5))) == 0  # and stays there
    ahead.close()


@pytest.mark.parametrize("error", [DamagedStream("damaged"), OSError(5, "disk"), ValueError("a slip")])
def test_an_error_comes_behind_what_stands_before_it(error: Exception) -> None:
    ahead = Ahead(Pieces([b"abc", b"def"], error))
    view = memoryview(bytearray(10))
    assert [ahead.readinto(view), ahead.readinto(view)] == [3, 3]
    for _ in range(2):
        with pytest.raises(type(error), match=str(error.args[-1])):
            ahead.readinto(view)
    ahead.close()


def test_it_is_ahead_by_its_buffers_only_and_ends_when_closed() -> None:
    pieces = Pieces([b"x" * BUFFER_SIZE] * 100)
    before = threading.active_count()
    ahead = Ahead(pieces)
    ahead.readinto(memoryview(bytearray(9)))
    ahead.close()
    assert pieces.calls <= BUFFERS + 1
    assert threading.active_count() == before


def test_a_source_ends_its_thread(tmp_path: Path) -> None:
    path = tmp_path / "packed.gz"
    path.write_bytes(gzip.compress((SAMPLES / "mixed.pcapng").read_bytes()))
    none = tmp_path / "none.gz"
    none.write_bytes(gzip.compress(b"no capture" * 10))
    before = threading.active_count()
    with open_source(path) as source:
        next(source.batches())
    with pytest.raises(Exception, match="not a capture"):
        open_source(none)
    assert threading.active_count() == before


@pytest.mark.parametrize("there", [True, False])
def test_gzip_by_either_library(there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if there:
        pytest.importorskip("zlib_ng")
    else:
        monkeypatch.setitem(sys.modules, "zlib_ng", None)
    compression._zlib.cache_clear()
    try:
        assert compression._zlib().__name__ == ("zlib_ng.zlib_ng" if there else "zlib")
        data = (SAMPLES / "mixed.pcapng").read_bytes()
        path = tmp_path / "packed.gz"
        path.write_bytes(gzip.compress(data[:9000]) + gzip.compress(data[9000:])[:-4] + b"spoilt")
        with open_source(SAMPLES / "mixed.pcapng") as whole, open_source(path) as packed:
            counts = [sum(batch.count for batch in source.batches()) for source in (whole, packed)]
            assert counts[0] == counts[1]
            assert "gzip data is damaged" in str(packed.info.problems)
    finally:
        compression._zlib.cache_clear()


FRAMES = st.builds(
    lambda data, level, checksum, size: zstandard.ZstdCompressor(
        level=level, write_checksum=checksum, write_content_size=size
    ).compress(data),
    st.binary(max_size=300)
    | st.builds(lambda one, many: one * many, st.binary(max_size=9), st.integers(0, 60_000)),
    st.integers(1, 9),
    st.booleans(),
    st.booleans(),
)


@given(FRAMES, st.data())
@settings(max_examples=100)
def test_blocks_are_fed_one_by_one(frame: bytes, data: st.DataObject) -> None:
    """However the bytes come, no call has more output than a block may have."""
    blocks, inner, read = ZstdBlocks(), zstandard.ZstdDecompressor().decompressobj(), b""
    at = 0
    while at < len(frame) and not inner.eof:
        there = frame[at : at + data.draw(st.integers(1, 400))]
        size = blocks.next(there)
        assert 1 <= size <= len(there)
        output = inner.decompress(there[:size])
        assert len(output) <= 1 << 17
        read += output
        at += size
    assert inner.eof
    assert read == zstandard.ZstdDecompressor().decompressobj().decompress(frame)


def test_all_blocks_before_a_damaged_one_are_there(tmp_path: Path) -> None:
    packets = (SAMPLES / "stratum-v1.pcap").read_bytes()
    head = packets[:24]
    many = head + packets[24:] * (1_000_000 // len(packets))
    packed = bytearray(zstandard.ZstdCompressor(level=1, write_checksum=True).compress(many))
    packed[-1] ^= 1  # the checksum, behind the last block
    path = tmp_path / "spoilt.zst"
    path.write_bytes(packed)
    with open_source(path) as source:
        read = 24 + sum(16 * batch.count + sum(batch.caplen[: batch.count]) for batch in source.batches())
    assert read == len(many)
    assert "zstd data is damaged" in str(source.info.problems)
