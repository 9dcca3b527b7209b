"""Writes packets as pcapng (draft-ietf-opsawg-pcapng), each with a comment."""

from __future__ import annotations

import struct
from typing import BinaryIO

from netminedet import __version__
from netminedet.keeper import KeptPacket
from netminedet.language import _

#: Longest comment of a packet, in bytes.
COMMENT_LIMIT = 4096

_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_COMMENT, _APPLICATION, _NAME, _RESOLUTION = 1, 4, 2, 9


def _block(kind: int, body: bytes) -> bytes:
    length = len(body) + 12
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + _padded(value)


def section() -> bytes:
    """What a file begins with."""
    options = _option(_APPLICATION, f"netminedet {__version__}".encode()) + bytes(4)
    return _block(_SECTION, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + options)


def interface_block(link: int, name: str) -> bytes:
    """An interface by its link type and name; its packets have times in nanoseconds."""
    options = _option(_NAME, name.encode("utf-8", "replace")[:512]) + _option(_RESOLUTION, b"\x09") + bytes(4)
    return _block(_INTERFACE, struct.pack("<HHI", link, 0, 0) + options)


def packet_block(number: int, kept: KeptPacket, comment: str) -> bytes:
    """A packet of the interface with this number, counted from 0."""
    moment = max(0, kept.where.time_ns)
    head = struct.pack("<IIIII", number, moment >> 32, moment & 0xFFFFFFFF, len(kept.data), kept.wirelen)
    text = comment.encode("utf-8", "replace")[:COMMENT_LIMIT]
    options = _option(_COMMENT, text) + bytes(4) if text else b""
    return _block(_PACKET, head + _padded(kept.data) + options)


def comment_of(kept: KeptPacket) -> str:
    """What a packet proves, and where it was."""
    what = _(", ").join(kept.proves) or _("before what proves it")
    place = _("packet {packet} of {input}").format(packet=kept.where.packet, input=kept.where.input)
    return "netminedet: " + _("{what} ({place})").format(what=what, place=place)


class PacketFile:
    """Writes packets to a stream; one interface for each input and link type."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._interfaces: dict[tuple[int, str], int] = {}
        self.packets = 0
        stream.write(section())

    def write(self, kept: KeptPacket, comment: str = "") -> None:
        interface = (kept.linktype, kept.where.input)
        number = self._interfaces.get(interface)
        if number is None:
            number = self._interfaces[interface] = len(self._interfaces)
            self._stream.write(interface_block(*interface))
        self._stream.write(packet_block(number, kept, comment))
        self.packets += 1
