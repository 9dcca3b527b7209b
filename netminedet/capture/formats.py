"""The table of capture formats, and what a stream's first bytes say about it."""

from __future__ import annotations

from netminedet.capture.compression import Decompressor, find_codec
from netminedet.capture.pcap import PcapReader
from netminedet.capture.pcapng import PcapngReader
from netminedet.capture.rawfile import ByteStream, RawFile
from netminedet.capture.reader import Reader

#: Every format that can be read.  A new one is added here and nowhere else.
READERS: tuple[type[Reader], ...] = (PcapReader, PcapngReader)

#: Bytes from the beginning of a stream that are enough to recognise a format.
HEAD = 16


def find_reader(head: bytes) -> type[Reader] | None:
    """The format of a stream that begins with ``head``, None when it is no capture."""
    return next((reader for reader in READERS if reader.recognises(head)), None)


def unpacked(raw: RawFile, chunk: int) -> tuple[ByteStream, str]:
    """The uncompressed stream of a file, and the name of its compression, "" for none.

    ``chunk`` is the number of compressed bytes to read at once.
    Raises OSError, and NetminedetError when the package for the compression is missing.
    """
    codec = find_codec(raw.peek(HEAD))
    if codec is None:
        return raw, ""
    return Decompressor(raw, codec, chunk), codec.name
