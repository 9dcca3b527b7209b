"""One direction of a TCP connection, put back in order.

Sans-IO: segments in, pieces of the stream out.  Policy: the first copy of a byte that
arrives wins; a hole is given up when the segments waiting behind it exceed a limit,
and the piece after it says so.  Where a direction begins is not known for sure: a segment
that lies wholly before the first one taken is given out by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Segments, and bytes, that may wait behind a hole before it is given up.
MAX_WAITING_SEGMENTS = 16
MAX_WAITING_BYTES = 128 * 1024
#: Bytes after which a direction's beginning is settled: what comes from before it is old.
MAX_LATE_BYTES = 64 * 1024

_SPACE = 1 << 32


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that follow on the piece before, unless ``gap`` says that some are missing between."""

    data: bytes
    gap: bool
    #: it stands before the first byte that was taken: segments came in the wrong order at the start
    late: bool = False


class Stream:
    """Reorders the segments of one direction."""

    __slots__ = ("_first", "_next", "_waiting", "gaps")

    def __init__(self) -> None:
        self._next: int | None = None
        self._first: int | None = None
        self._waiting: dict[int, bytes] = {}
        #: holes given up
        self.gaps = 0

    def restart(self, next_seq: int) -> None:
        """A SYN was seen: the direction begins anew at ``next_seq``."""
        self._next = self._first = next_seq % _SPACE
        self._waiting.clear()

    def feed(self, seq: int, data: bytes) -> list[Piece]:
        """Take a segment that begins at sequence number ``seq``; pieces now in order."""
        if self._next is None:
            self._next = self._first = seq
        if self._is_late(seq, data):
            self._first = seq
            return [Piece(data, gap=True, late=True)]
        ahead = _distance(self._next, seq)
        if ahead < 0:
            data = data[-ahead:]
            seq, ahead = self._next, 0
        if not data:
            return []
        if ahead > 0:
            if len(data) > len(self._waiting.get(seq, b"")):
                self._waiting[seq] = data
            pieces: list[Piece] = []
            while (
                len(self._waiting) > MAX_WAITING_SEGMENTS
                or sum(map(len, self._waiting.values())) > MAX_WAITING_BYTES
            ):
                pieces += self._give_up_hole()
            return pieces
        pieces = [Piece(data, gap=False)]
        self._next = (seq + len(data)) % _SPACE
        pieces += self._follow()
        return pieces

    def _is_late(self, seq: int, data: bytes) -> bool:
        """Whether the segment lies wholly before the first one; asked only while the direction is young."""
        if self._first is None or self._next is None or not data:
            return False
        if not 0 <= _distance(self._first, self._next) <= MAX_LATE_BYTES:
            self._first = None
            return False
        return _distance(self._first, (seq + len(data)) % _SPACE) <= 0

    def flush(self) -> list[Piece]:
        """All that still waits: no more segments will come."""
        pieces: list[Piece] = []
        while self._waiting:
            pieces += self._give_up_hole()
        return pieces

    def _follow(self) -> list[Piece]:
        """Waiting segments that the stream has now reached."""
        pieces: list[Piece] = []
        assert self._next is not None
        start = self._next
        for seq in sorted(self._waiting, key=lambda s: _distance(start, s)):
            ahead = _distance(self._next, seq)
            if ahead > 0:
                break
            data = self._waiting.pop(seq)[-ahead:]
            if data:
                pieces.append(Piece(data, gap=False))
                self._next = (self._next + len(data)) % _SPACE
        return pieces

    def _give_up_hole(self) -> list[Piece]:
        assert self._next is not None
        start = self._next
        seq = min(self._waiting, key=lambda s: _distance(start, s))
        data = self._waiting.pop(seq)
        self._next = (seq + len(data)) % _SPACE
        self.gaps += 1
        return [Piece(data, gap=True), *self._follow()]


def _distance(origin: int, seq: int) -> int:
    """How far ``seq`` lies ahead of ``origin``; negative when behind (RFC 9293 section 3.4)."""
    return (seq - origin + _SPACE // 2) % _SPACE - _SPACE // 2
