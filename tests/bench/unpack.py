"""Decompresses a file to nothing: ``unpack.py zlib|zlib-ng|isal|zstandard FILE``."""

from __future__ import annotations

import sys
from typing import Any

PIECE = 1 << 18
BUFFER = 1 << 20


def inflater(library: str) -> Any:
    """A decompressor of gzip.  Raises ImportError."""
    if library == "isal":
        from isal import isal_zlib

        return isal_zlib.decompressobj(31)
    if library == "zlib-ng":
        from zlib_ng import zlib_ng

        return zlib_ng.decompressobj(31)
    import zlib

    return zlib.decompressobj(31)


def main() -> None:
    library, path = sys.argv[1:]
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        if library == "zstandard":
            import zstandard

            reader, view = zstandard.ZstdDecompressor().stream_reader(file), bytearray(BUFFER)
            while reader.readinto(view):
                pass
            return
        inner = inflater(library)
        while piece := file.read(PIECE):
            while piece:
                inner.decompress(piece, BUFFER)
                piece = inner.unconsumed_tail


if __name__ == "__main__":
    main()
