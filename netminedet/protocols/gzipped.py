"""Lines of JSON in gzip members (RFC 1952), as EthereumStratum/2.0.0 has them on request (EIP-1571).

The server answers ``mining.hello`` with ``"encoding":"gzip"``; from there on both sides write one member
after another.  What inflates hugely, or is damaged, ends the reading of its direction.
"""

from __future__ import annotations

import zlib

from netminedet.protocols.jsonlines import Item, JsonItem, JsonLines

#: How a member begins: its magic number, and deflate as the method.
GZIP_MAGIC = b"\x1f\x8b\x08"
#: Bytes that one segment may inflate to.
MAX_INFLATED = 131_072
#: Window bits of zlib that ask for the gzip format.
_GZIP = 31


class GzipFraming:
    """JSON lines within members; one message a member may lack its newline."""

    carrier = "lines"

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(_GZIP)
        self._lines = JsonLines()
        self._lost = False
        self._begun = False
        self.oversized = 0
        self.undecodable = 0

    @property
    def pending(self) -> bool:
        """A member is not whole."""
        return self._begun and not self._lost

    def feed(self, data: bytes, *, gap: bool = False) -> list[Item]:
        """Take the next bytes.  ``gap``: bytes before them are missing, so that a member must begin here."""
        if gap:
            self._begun = False
            self._inflater, self._lines = zlib.decompressobj(_GZIP), JsonLines()
            self._lost = not data.startswith(GZIP_MAGIC)
        items: list[Item] = []
        room = MAX_INFLATED
        while data and not self._lost:
            try:
                text = self._inflater.decompress(data, room)
            except zlib.error:
                self._lost = True
                self.undecodable += 1
                break
            room -= len(text)
            whole, data = self._inflater.eof, self._inflater.unused_data
            if not whole and (self._inflater.unconsumed_tail or room <= 0):
                self._lost = True
                self.oversized += 1
                break
            self._begun = not whole
            items += self._lines.feed(text + b"\n" if whole and not text.endswith(b"\n") else text)
            if whole:
                self._inflater = zlib.decompressobj(_GZIP)
            if room <= 0:
                self._lost = True
                self.oversized += 1
        return [
            JsonItem(one.value, heads_segment=True) if isinstance(one, JsonItem) else one for one in items
        ]
