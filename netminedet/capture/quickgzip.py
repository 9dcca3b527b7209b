"""Large gzip files by zlib-ng's own reader of files: the quicker way, as long as nothing is wrong.

It takes the interpreter's lock once a call.  An object that is fed takes it whenever its output has to
grow, and then waits each time until some packets were looked at.  But the reader loses what stands
before a damage: so where it meets one, the file is read again by ``Decompressor``, which delivers that
and says what is wrong, and where.
"""

from __future__ import annotations

import io
from typing import Any

from netminedet.capture.compression import GZIP, Decompressor
from netminedet.capture.rawfile import ByteStream, RawFile

#: Smallest file that is worth it, in compressed bytes.
LEAST_SIZE = 1 << 20
#: Bytes that are passed over at a time when a file is read again.
_STEP = 1 << 18


def quick_gzip(raw: RawFile, compression: str) -> ByteStream | None:
    """The uncompressed bytes of a file that was only peeked into; None where this is not the way."""
    if compression != GZIP.name or raw.size is None or raw.size < LEAST_SIZE:
        return None
    try:
        return QuickGzip(raw)
    except ImportError:
        return None


class QuickGzip:
    """The uncompressed bytes of a regular file."""

    def __init__(self, raw: RawFile) -> None:
        """Raises ImportError where zlib-ng is not installed."""
        from zlib_ng import gzip_ng

        open_packed: Any = gzip_ng.GzipNGFile  # it has no annotations
        self._raw = raw
        self._file = open_packed(fileobj=_File(raw), mode="rb")
        self._delivered = 0
        self._careful: Decompressor | None = None

    def readinto(self, view: memoryview) -> int:
        """Fill the front of ``view``; 0 at the end.  Raises OSError or DamagedStream."""
        if self._careful is None:
            try:
                output = self._file.read1(len(view))
            except Exception:  # whatever it is: the careful reader gets there, and tells
                self._careful = self._again()
            else:
                view[: len(output)] = output
                self._delivered += len(output)
                return len(output)
        return self._careful.readinto(view)

    def _again(self) -> Decompressor:
        """A careful reader of the same bytes, which stands where this one got to."""
        careful = Decompressor(self._raw.from_start(), GZIP)
        scratch = memoryview(bytearray(_STEP))
        left = self._delivered
        while left and (got := careful.readinto(scratch[: min(left, _STEP)])):
            left -= got
        return careful


class _File(io.RawIOBase):
    """The bytes of a file for a library that wants a file."""

    def __init__(self, raw: RawFile) -> None:
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._raw.readinto(memoryview(buffer))
