"""pcap files: https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/."""

from __future__ import annotations

import struct
from typing import ClassVar, NamedTuple

from netminedet.capture.notes import header_cut
from netminedet.capture.reader import RECORD_LIMIT, Reader, Stop, Window
from netminedet.capture.records import PcapWalk
from netminedet.capture.resync import PcapSearch
from netminedet.errors import NetminedetError
from netminedet.language import number_of, sentence
from netminedet.model import Batch

_HEADER = 24
#: The largest snapshot length of today's writers.  A record may be that long whatever the
#: header claims: tools that merge and edit captures do not always keep the claim true.
_USUAL_SNAPLEN = 1 << 18
#: The upper half of the field holds flags, such as the length of a frame check sequence.
_LINKTYPE_MASK = 0xFFFF
_SECOND = 1_000_000_000


class _Variant(NamedTuple):
    big: bool
    #: nanoseconds that one unit of a time's fraction is worth
    fraction_ns: int
    record_header: int


_VARIANTS = {
    b"\xd4\xc3\xb2\xa1": _Variant(big=False, fraction_ns=1000, record_header=16),
    b"\xa1\xb2\xc3\xd4": _Variant(big=True, fraction_ns=1000, record_header=16),
    b"\x4d\x3c\xb2\xa1": _Variant(big=False, fraction_ns=1, record_header=16),
    b"\xa1\xb2\x3c\x4d": _Variant(big=True, fraction_ns=1, record_header=16),
    # The "modified" format of some Linux tools: interface, protocol and packet type follow.
    b"\x34\xcd\xb2\xa1": _Variant(big=False, fraction_ns=1000, record_header=24),
    b"\xa1\xb2\xcd\x34": _Variant(big=True, fraction_ns=1000, record_header=24),
}


class PcapReader(Reader):
    """Reads pcap, in both byte orders, with microseconds or nanoseconds."""

    name: ClassVar[str] = "pcap"

    @classmethod
    def recognises(cls, head: bytes) -> bool:
        return head[:4] in _VARIANTS

    def __init__(self, window: Window, path: str) -> None:
        if not window.refill(_HEADER):
            raise NetminedetError(header_cut(path, "pcap", window.available, _HEADER))
        self.walk: PcapWalk = PcapWalk(False, 0, 0, 0, 0)
        self.needed = 0
        self.damage = ""
        self._further_headers = 0
        self._begin_file(window)

    def _begin_file(self, window: Window) -> None:
        """Consume the file header that the window begins with."""
        header = window.head(_HEADER)
        variant = _VARIANTS[header[:4]]
        snaplen, linktype = struct.unpack_from(">II" if variant.big else "<II", header, 16)
        self._longest = RECORD_LIMIT
        if 0 < snaplen <= RECORD_LIMIT:
            self._longest = max(snaplen, _USUAL_SNAPLEN)
        self._big = variant.big
        self.walk.begin_file(
            variant.big,
            variant.fraction_ns,
            variant.record_header,
            self._longest,
            linktype & _LINKTYPE_MASK,
        )
        self._search = PcapSearch(
            variant.big, _SECOND // variant.fraction_ns, variant.record_header, self._longest
        )
        window.start += _HEADER

    def read(self, batch: Batch, window: Window) -> Stop:
        while True:
            stop = Stop(self.walk.walk(batch, window.start, window.end))
            window.start = self.walk.position
            self.needed = self.walk.needed
            if stop is Stop.DAMAGED:
                length = int.from_bytes(window.head(12)[8:], "big" if self._big else "little")
                self.damage = sentence("it is all zeros")
                if length:
                    self.damage = sentence(
                        "it claims {length} captured bytes, at most {most} are possible",
                        length=length,
                        most=self._longest,
                    )
            if stop is not Stop.OTHER:
                return stop
            # Another file, put behind this one.
            if window.available < _HEADER:
                self.needed = _HEADER
                return Stop.MORE
            self._further_headers += 1
            self._begin_file(window)

    def search(self, window: Window, final: bool) -> int:
        last_s = self.walk.last_time // _SECOND
        return self._search.find(window.data, window.start, window.end, final, last_s)

    def losses(self) -> list[str]:
        return []

    def remarks(self) -> list[str]:
        if not self._further_headers:
            return []
        files = number_of("{n} further file", "{n} further files", self._further_headers)
        return [sentence("{files} behind the first one, read on in its place", files=files)]
