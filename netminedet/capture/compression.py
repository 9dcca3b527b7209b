"""Compressed streams: gzip, zstd and xz, of any number of members, whole or damaged.

All that stands before a damage is delivered.  A library that meets one throws away
the output of the whole call: gzip is then fed again from a copy of the state before it,
zstd goes block by block, and xz, which has neither, gets pieces that become smaller
towards the end of each chunk, down to single bytes: a wrong checksum at the end of a
file then costs nothing of what it was to protect.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, Protocol

from netminedet.capture.rawfile import ByteStream
from netminedet.capture.zstdblocks import ZstdBlocks
from netminedet.errors import NetminedetError
from netminedet.language import sentence

#: Compressed bytes read at once.
CHUNK_SIZE = 1 << 20
#: The last bytes of a chunk of xz, fed one by one: the end of a stream is shorter.
_TAIL = 64
#: Bytes of gzip that are fed at once: at the start of a member, as there may be many small ones, and later.
_GZIP_FIRST = 1 << 12
_GZIP_PIECE = 1 << 18
#: Output of zstd that is gathered before it is handed on, in bytes; a block more at most.
_ZSTD_FILL = 1 << 18
#: Memory that an xz stream may ask for; the highest preset takes 65 MiB.
_XZ_MEMORY_LIMIT = 1 << 28


class DamagedStream(Exception):
    """Compressed data that cannot be read further; the text says why and where."""


class Decoder(Protocol):
    """Takes one member of a compressed stream apart."""

    #: the member has ended; ``unused`` bytes at the end of the last input are not its own
    ended: bool
    unused: int
    #: all input is used up
    hungry: bool

    @property
    def pending(self) -> int:
        """Bytes at the end of the last input that were not looked at yet."""

    def decode(self, data: bytes | memoryview, limit: int) -> bytes | memoryview:
        """At most ``limit`` bytes more of output.  Raises DamagedStream with the reason."""


@cache
def _zlib() -> Any:
    """zlib-ng where it is installed, which is faster, else Python's own zlib."""
    try:
        from zlib_ng import zlib_ng
    except ImportError:
        import zlib

        return zlib
    return zlib_ng


class _Gzip:
    """Fed much at a time: the thread that unpacks then seldom waits for the interpreter's lock."""

    def __init__(self) -> None:
        self._error = _zlib().error
        self._inner = _zlib().decompressobj(wbits=31)
        self._failure: DamagedStream | None = None
        self._input = memoryview(b"")
        self._piece = _GZIP_FIRST
        self.ended = False
        self.unused = 0
        self.hungry = True

    @property
    def pending(self) -> int:
        return len(self._input)

    def decode(self, data: bytes | memoryview, limit: int) -> bytes:
        if self._failure is not None:
            raise self._failure
        if data:
            self._input = memoryview(data)
        piece = self._input[: self._piece]
        before = self._inner.copy()
        try:
            output: bytes = self._inner.decompress(piece, limit)
        except self._error as error:
            self._inner = before
            return self._until_damaged(piece, str(error))
        self._piece = min(2 * self._piece, _GZIP_PIECE)
        self.ended = self._inner.eof
        left = self._inner.unused_data if self.ended else self._inner.unconsumed_tail
        self._input = self._input[len(piece) - len(left) :]
        self.hungry = not self._input and len(output) < limit
        self.unused = len(self._input)
        return output

    def _until_damaged(self, piece: memoryview, reason: str) -> bytes:
        """What comes out of ``piece`` before the byte that is wrong, which is found by halving."""
        outputs, good, bad = [], 0, len(piece)
        while bad - good > 1:
            middle = (good + bad) // 2
            before = self._inner.copy()
            try:
                outputs.append(self._inner.decompress(piece[good:middle]))
                good = middle
            except self._error:
                self._inner, bad = before, middle
        self._input = self._input[good:]
        self._failure = DamagedStream(reason)
        self.hungry = False
        if not any(outputs):
            raise self._failure
        return b"".join(outputs)


class _Xz:
    def __init__(self) -> None:
        import lzma

        self._error = lzma.LZMAError
        self._inner = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_XZ_MEMORY_LIMIT)
        self.ended = False
        self.unused = 0
        self.pending = 0
        self.hungry = True

    def decode(self, data: bytes | memoryview, limit: int) -> bytes:
        try:
            output = self._inner.decompress(data, limit)
        except (self._error, MemoryError) as error:
            raise DamagedStream(str(error) or "it asks for too much memory") from None
        self.ended = self._inner.eof
        self.unused = len(self._inner.unused_data)
        self.hungry = self._inner.needs_input
        return output


class _Zstd:
    """Fed block by block: the library has no limit for its output, and what is too much waits here."""

    def __init__(self) -> None:
        import zstandard

        self._error = zstandard.ZstdError
        self._inner = zstandard.ZstdDecompressor().decompressobj()
        self._blocks = ZstdBlocks()
        self._failure: DamagedStream | None = None
        self._input = memoryview(b"")
        self._output = memoryview(b"")
        self.ended = False
        self.unused = 0
        self.hungry = True

    @property
    def pending(self) -> int:
        return len(self._input)

    def decode(self, data: bytes | memoryview, limit: int) -> memoryview:
        if data:
            self._input = memoryview(data)
        if not self._output:
            self._fill()
        output = self._output[:limit]
        self._output = self._output[limit:]
        self.hungry = not self._output and not self._input and self._failure is None
        self.ended = not self._output and self._inner.eof
        if self.ended:
            self.unused = len(self._inner.unused_data) + len(self._input)
        return output

    def _fill(self) -> None:
        """Have the next blocks decompressed.  What stands before a damage comes first."""
        if self._failure is not None:
            raise self._failure
        blocks: list[bytes] = []
        size, rest = 0, self._input
        try:
            while rest and size < _ZSTD_FILL and not self._inner.eof:
                fed = self._blocks.next(rest)
                block, rest = rest[:fed], rest[fed:]
                blocks.append(self._inner.decompress(block))
                size += len(blocks[-1])
        except self._error as error:
            self._failure = DamagedStream(str(error))
            if not size:
                raise self._failure from None
        finally:
            self._input = rest
        self._output = memoryview(b"".join(blocks))


class Codec(NamedTuple):
    """A way to compress: its name, how its streams begin, and how to take them apart."""

    name: str
    magics: tuple[bytes, ...]
    decoder: Callable[[], Decoder]
    #: most input to feed at once, in bytes: bounds what a bomb puts into memory; 0: the decoder sees to it
    piece: int


GZIP = Codec("gzip", (b"\x1f\x8b",), _Gzip, 0)

#: Every compression that can be read.  A new one is added here and nowhere else.
CODECS = (
    GZIP,
    Codec("xz", (b"\xfd7zXZ\0",), _Xz, 1 << 15),
    # Skippable frames, with which parallel compressors begin, have 16 magics.
    Codec(
        "zstd",
        (b"\x28\xb5\x2f\xfd", *(bytes((n, 0x2A, 0x4D, 0x18)) for n in range(0x50, 0x60))),
        _Zstd,
        0,
    ),
)


def find_codec(head: bytes) -> Codec | None:
    """The compression of a stream that begins with ``head``, None when it has none."""
    return next((codec for codec in CODECS if head.startswith(codec.magics)), None)


class Decompressor:
    """The uncompressed bytes of a compressed file: all its members, one after the other."""

    def __init__(self, raw: ByteStream, codec: Codec, chunk: int = CHUNK_SIZE) -> None:
        """Raises NetminedetError when the package for this compression is missing."""
        self._raw = raw
        self._codec = codec
        try:
            self._decoder = codec.decoder()
        except ImportError as error:
            missing = sentence(
                "{form} captures need the package {package}; install it",
                form=codec.name,
                package=str(error.name),
            )
            raise NetminedetError(missing) from None
        self._fresh = False
        self._chunk = memoryview(bytearray(chunk))
        self._start = 0
        self._end = 0
        self._raw_offset = 0
        self._finished = False
        self._failure: Exception | None = None

    def readinto(self, view: memoryview) -> int:
        """Fill the front of ``view``; 0 at the end.  Raises OSError or DamagedStream."""
        filled = 0
        while filled < len(view) and not self._finished and self._failure is None:
            try:
                output = self._advance(len(view) - filled)
            except (OSError, DamagedStream) as error:
                self._failure = error
                break
            view[filled : filled + len(output)] = output
            filled += len(output)
            # Do not wait for the next chunk, which a slow pipe may not have yet.
            if filled and self._start == self._end and self._decoder.hungry:
                break
        if self._failure is not None and not filled:
            raise self._failure
        return filled

    def _advance(self, limit: int) -> bytes | memoryview:
        """Feed one piece, or take what the last one left over; b"" is not the end yet."""
        if self._decoder.ended:
            self._decoder = self._codec.decoder()
            self._fresh = True
        if not self._decoder.hungry:
            return self._decode(b"", limit)
        if self._start == self._end and not self._next_chunk():
            self._finished = True
            if not self._fresh:
                raise DamagedStream(
                    sentence(
                        "the {codec} data is cut short at byte {place}",
                        codec=self._codec.name,
                        place=self._raw_offset,
                    )
                )
            return b""
        if self._fresh:
            self._skip_padding()
        size = self._piece_size()
        self._fresh = self._fresh and not size
        piece = self._chunk[self._start : self._start + size]
        self._start += size
        return self._decode(piece, limit) if size else b""

    def _decode(self, piece: bytes | memoryview, limit: int) -> bytes | memoryview:
        try:
            output = self._decoder.decode(piece, limit)
        except DamagedStream as error:
            place = self._raw_offset - (self._end - self._start) - self._decoder.pending
            raise DamagedStream(
                sentence(
                    "the {codec} data is damaged at byte {place} ({error})",
                    codec=self._codec.name,
                    place=place,
                    error=str(error),
                )
            ) from None
        if self._decoder.ended:
            self._start -= self._decoder.unused
        return output

    def _next_chunk(self) -> bool:
        self._start = 0
        self._end = self._raw.readinto(self._chunk)
        self._raw_offset += self._end
        return self._end > 0

    def _skip_padding(self) -> None:
        """Pass over the zeros that may stand between and behind members."""
        rest = bytes(self._chunk[self._start : self._end])
        self._start += len(rest) - len(rest.lstrip(b"\0"))

    def _piece_size(self) -> int:
        left = self._end - self._start
        if not self._codec.piece:
            return left
        if left <= _TAIL:
            return min(left, 1)
        return min(left // 2, self._codec.piece)
