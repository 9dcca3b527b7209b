"""The quick reader of gzip: whatever the file is, what comes out is what the careful one gives."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from netminedet.capture import quickgzip
from netminedet.capture.compression import GZIP, DamagedStream, Decompressor
from netminedet.capture.rawfile import ByteStream, RawFile

pytest.importorskip("zlib_ng")

#: What packs well and what does not, longer than the quick reader hands on at once.
CONTENT = b"".join(number.to_bytes(4, "big") * (number % 7) for number in range(40_000))
PACKED = gzip.compress(CONTENT[:300_000], mtime=0) + gzip.compress(CONTENT[300_000:], mtime=0)
SMALL = gzip.compress(CONTENT[:300], mtime=0)


def changed(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]


def drained(stream: ByteStream) -> tuple[bytes, str]:
    """What comes out of a stream, and why no more does."""
    view, read = memoryview(bytearray(1 << 16)), bytearray()
    try:
        while got := stream.readinto(view):
            read += view[:got]
    except DamagedStream as error:
        return bytes(read), str(error)
    return bytes(read), ""


def both(path: Path) -> Iterator[tuple[bytes, str]]:
    """The same of the quick reader, and of the careful one."""
    for kind in (quickgzip.QuickGzip, lambda raw: Decompressor(raw, GZIP)):
        raw = RawFile(str(path))
        raw.peek(16)
        yield drained(kind(raw))
        raw.close()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(PACKED, id="whole, of two members"),
        pytest.param(PACKED + bytes(100), id="padded"),
        pytest.param(PACKED + bytes(100) + SMALL, id="padded between members"),
        pytest.param(PACKED + b"garbage", id="garbage behind it"),
        pytest.param(PACKED[:-3], id="cut"),
        pytest.param(PACKED[: len(PACKED) // 2], id="cut in half"),
        pytest.param(changed(PACKED, len(PACKED) // 3), id="damaged"),
        pytest.param(changed(PACKED, len(PACKED) - 5), id="wrong checksum"),
        pytest.param(changed(PACKED, len(PACKED) - 1), id="wrong length"),
        pytest.param(SMALL * 500, id="many members"),
        pytest.param(SMALL[:10], id="nothing but a head"),
    ],
)
def test_both_readers_give_the_same(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "packed.gz"
    path.write_bytes(data)
    quick, careful = both(path)
    assert quick[0] == careful[0]
    assert quick[1] == careful[1]


def test_any_byte_changed_or_missing(tmp_path: Path) -> None:
    path = tmp_path / "packed.gz"
    for place in range(len(SMALL)):
        for data in (changed(SMALL, place), SMALL[:place] if place >= 2 else SMALL):
            path.write_bytes(data)
            quick, careful = both(path)
            assert quick == careful


def test_only_large_gzip_files_are_read_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "packed.gz"
    path.write_bytes(PACKED)
    raw = RawFile(str(path))
    assert quickgzip.quick_gzip(raw, "gzip") is None
    monkeypatch.setattr(quickgzip, "LEAST_SIZE", len(PACKED))
    assert quickgzip.quick_gzip(raw, "zstd") is None
    assert drained(quickgzip.quick_gzip(raw, "gzip") or raw) == (CONTENT, "")
    raw.close()
