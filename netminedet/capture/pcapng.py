"""pcapng files: https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/.

The kernel takes the packet blocks; here is everything that comes once in a while.
Lengths of blocks are trusted only when both copies agree.  The length of a section is
not used: it is often unknown, and the blocks tell where the next section begins.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import ClassVar

from netminedet.capture.notes import header_cut, shown
from netminedet.capture.reader import RECORD_LIMIT, Reader, Stop, Window
from netminedet.capture.records import PcapngWalk
from netminedet.capture.resync import PcapngSearch
from netminedet.errors import NetminedetError
from netminedet.language import N_, number_of, sentence
from netminedet.model import Batch

#: Interfaces that one section may declare; packets of further ones are passed over.
INTERFACES_LIMIT = 1 << 16
#: Options of one interface description that are looked at.
OPTIONS_LIMIT = 256

_SECTION_HEADER = b"\x0a\x0d\x0d\x0a"  # the same in both byte orders
_BYTE_ORDERS = {b"\x1a\x2b\x3c\x4d": True, b"\x4d\x3c\x2b\x1a": False}  # True: big-endian
_INTERFACE_DESCRIPTION = 1
#: type, length, and length again at the end
_FRAME = 12
#: what a section header has at least: frame, byte order, version, section length
_SECTION_HEADER_LENGTH = 28
_INTERFACE_DESCRIPTION_LENGTH = 20
_OPTION_RESOLUTION = 9
_OPTION_OFFSET = 14
_MICROSECONDS = 6
#: In the place of an interface whose description is damaged: no number of a link layer.
_UNKNOWN_LINKTYPE = 0xFFFFFFFF

#: The times that 64 bits of nanoseconds reach from 1970.
_TIME_MIN, _TIME_MAX = -(1 << 63), (1 << 63) - 1


class PcapngReader(Reader):
    """Reads pcapng: sections in either byte order, any number of interfaces and clocks."""

    name: ClassVar[str] = "pcapng"
    unit: ClassVar[str] = N_("block")

    @classmethod
    def recognises(cls, head: bytes) -> bool:
        return head[:4] == _SECTION_HEADER and (len(head) < 12 or head[8:12] in _BYTE_ORDERS)

    def __init__(self, window: Window, path: str) -> None:
        self.walk: PcapngWalk = PcapngWalk(RECORD_LIMIT)
        self._search = PcapngSearch(RECORD_LIMIT)
        self.needed = _FRAME
        self.damage = ""
        self._big = False
        self._surplus_interfaces = 0
        stop: Stop | None = Stop.MORE
        while stop is Stop.MORE and window.refill(self.needed):
            stop = self._rare_block(window)
        if stop is Stop.MORE:
            raise NetminedetError(header_cut(path, "pcapng", window.available, self.needed))
        if stop is Stop.DAMAGED:
            damaged = sentence(
                "{name}: the pcapng section header is damaged ({reason}), so no packet can be read;"
                " copy or record it again",
                name=shown(path),
                reason=self.damage,
            )
            raise NetminedetError(damaged)

    def read(self, batch: Batch, window: Window) -> Stop:
        while True:
            stop = Stop(self.walk.walk(batch, window.start, window.end))
            window.start = self.walk.position
            self.needed = self.walk.needed
            if stop is Stop.DAMAGED:
                self.damage = self._why_damaged(window, self.needed)
            if stop is not Stop.OTHER:
                return stop
            rare = self._rare_block(window)
            if rare is not None:
                return rare

    def _rare_block(self, window: Window) -> Stop | None:
        """Consume a block that is no packet; or say why that is not possible."""
        head = window.head(_FRAME)
        if head[:4] == _SECTION_HEADER:
            order = _BYTE_ORDERS.get(head[8:12])
            if order is None:
                self.damage = sentence("it begins a section, but has no byte-order mark")
                return Stop.DAMAGED
            self._big = order
        kind, length = struct.unpack_from(">II" if self._big else "<II", head)
        self.needed = length
        least = {_INTERFACE_DESCRIPTION: _INTERFACE_DESCRIPTION_LENGTH}.get(kind, _FRAME)
        if head[:4] == _SECTION_HEADER:
            least = _SECTION_HEADER_LENGTH
        if length < least or length & 3 or length > RECORD_LIMIT:
            self.damage = _impossible(length)
            return Stop.DAMAGED
        if window.available < length:
            return Stop.MORE
        block = memoryview(window.data)[window.start : window.start + length]
        if block[4:8] != block[length - 4 :]:
            self.damage = self._why_damaged(window, length)
            return Stop.DAMAGED
        if head[:4] == _SECTION_HEADER:
            self.walk.begin_section(self._big)
        elif kind == _INTERFACE_DESCRIPTION:
            self._describe_interface(block)
        window.start += length
        return None

    def skip_damage(self, window: Window) -> bool:
        kind = int.from_bytes(window.head(4), "big" if self._big else "little")
        if kind == _INTERFACE_DESCRIPTION and self.walk.interfaces < INTERFACES_LIMIT:
            # Packets name interfaces by their place: the next ones must keep theirs.
            self.walk.add_interface(_UNKNOWN_LINKTYPE, 0, _MICROSECONDS, 0)
        return super().skip_damage(window)

    def search(self, window: Window, final: bool) -> int:
        return self._search.find(window.data, window.start, window.end, final, self._big)

    def _why_damaged(self, window: Window, length: int) -> str:
        if length < _FRAME or length & 3 or length > RECORD_LIMIT:
            return _impossible(length)
        end = window.start + length
        again = int.from_bytes(window.data[end - 4 : end], "big" if self._big else "little")
        return sentence(
            "its length is {length} bytes at its beginning and {again} at its end", length=length, again=again
        )

    def _describe_interface(self, block: memoryview) -> None:
        if self.walk.interfaces >= INTERFACES_LIMIT:
            self._surplus_interfaces += 1
            return
        order = ">" if self._big else "<"
        linktype, snaplen = struct.unpack_from(order + "HxxI", block, 8)
        resolution, offset = _MICROSECONDS, 0
        for code, value in _options(block[16:-4], order):
            if code == _OPTION_RESOLUTION and len(value) == 1:
                resolution = value[0]
            elif code == _OPTION_OFFSET and len(value) == 8:
                (offset,) = struct.unpack(order + "q", value)
        self.walk.add_interface(linktype, snaplen, resolution, offset)

    def losses(self) -> list[str]:
        lines: list[str] = []
        if self.walk.undeclared:
            packets = number_of("{n} packet", "{n} packets", self.walk.undeclared)
            lines.append(
                sentence("passed over {packets} of interfaces that are not declared", packets=packets)
            )
        if self.walk.malformed:
            blocks = number_of("{n} packet block", "{n} packet blocks", self.walk.malformed)
            lines.append(sentence("passed over {blocks} too short for the content claimed", blocks=blocks))
        if self._surplus_interfaces:
            surplus = number_of("{n} interface", "{n} interfaces", self._surplus_interfaces)
            most = INTERFACES_LIMIT
            lines.append(
                sentence("ignored {interfaces} beyond the first {most}", interfaces=surplus, most=most)
            )
        return lines

    def remarks(self) -> list[str]:
        lines: list[str] = []
        if self.walk.timeless:
            packets = number_of("{n} packet", "{n} packets", self.walk.timeless)
            lines.append(
                sentence(
                    "without a time of their own, given that of the one before: {packets}", packets=packets
                )
            )
        # The walk takes the nearest time that there is; at these very nanoseconds no packet was recorded.
        if self.walk.earliest == _TIME_MIN:
            lines.append(sentence("packets of times before {time} were given that time", time="1677-09-21"))
        if self.walk.latest == _TIME_MAX:
            lines.append(sentence("packets of times after {time} were given that time", time="2262-04-11"))
        return lines


def _impossible(length: int) -> str:
    return sentence("it claims a length of {length} bytes, which is impossible", length=length)


def _options(data: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Codes and values of a block's options, as far as they are whole."""
    at = 0
    for _ in range(OPTIONS_LIMIT):
        if at + 4 > len(data):
            return
        code, length = struct.unpack_from(order + "HH", data, at)
        at += 4
        if code == 0 or at + length > len(data):
            return
        yield code, data[at : at + length]
        at += length + (-length & 3)
