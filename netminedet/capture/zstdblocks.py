"""Where the blocks of a zstd frame begin (RFC 8878 section 3.1.1), so that it can be fed block by block.

A block comes to 128 KiB at most, however few bytes it has: who feeds one at a time bounds what comes out.
"""

from __future__ import annotations

_MAGIC = b"\x28\xb5\x2f\xfd"
#: The magic and the descriptor byte of a frame; a block's header.
_FRAME_HEADER, _BLOCK_HEADER = 5, 3
_DICTIONARY_ID_SIZES = (0, 1, 2, 4)
_CONTENT_SIZES = (0, 2, 4, 8)
_RLE = 1
#: Bytes fed at once of what is no frame that is known here: bounds it to 32 MiB.
_UNKNOWN = 1 << 10


class ZstdBlocks:
    """Follows one frame; its bytes are shown to ``next`` in their order."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._needed = _FRAME_HEADER
        #: bytes of the present header or block that were not fed yet
        self._left = 0
        self._known = True

    def next(self, data: bytes | memoryview) -> int:
        """How many of these bytes to feed now: at least one, and a block at most."""
        if not self._left and not self._head and self._needed == _BLOCK_HEADER and self._known:
            size = self._whole(data)
            if size:
                return size
        if self._left:
            return self._of_the_rest(len(data))
        if not self._known:
            return min(_UNKNOWN, len(data))
        taken = min(self._needed - len(self._head), len(data))
        self._head += data[:taken]
        if len(self._head) < self._needed:
            return taken
        if self._needed == _FRAME_HEADER:
            self._begin_frame()
        else:
            self._begin_block()
        self._head.clear()
        return taken + self._of_the_rest(len(data) - taken)

    @staticmethod
    def _whole(data: bytes | memoryview) -> int:
        """The size of a block that is there as a whole and not the last, else 0: the usual, in one step."""
        if len(data) < _BLOCK_HEADER or data[0] & 1:
            return 0
        size = data[0] >> 3 | data[1] << 5 | data[2] << 13
        size = _BLOCK_HEADER + (1 if data[0] >> 1 & 3 == _RLE else size)
        return size if size <= len(data) else 0

    def _of_the_rest(self, there: int) -> int:
        fed = min(self._left, there)
        self._left -= fed
        return fed

    def _begin_frame(self) -> None:
        self._needed = _BLOCK_HEADER
        self._known = self._head.startswith(_MAGIC)
        descriptor = self._head[4]
        single_segment = descriptor >> 5 & 1
        self._left = (1 - single_segment) + _DICTIONARY_ID_SIZES[descriptor & 3]
        self._left += _CONTENT_SIZES[descriptor >> 6] or single_segment
        if not self._known:
            self._left = 0

    def _begin_block(self) -> None:
        header = int.from_bytes(self._head, "little")
        self._left = 1 if header >> 1 & 3 == _RLE else header >> 3
        if header & 1:  # the last one; a checksum may follow
            self._known = False
