"""One direction of a TCP connection, put back in order.

Sans-IO: segments in, pieces of the stream out.  Policy:

* the first copy of a byte that arrives wins, also among segments that wait behind a hole; a
  later copy that differs is counted;
* a hole is given up when the other side has acknowledged what lies behind it, when nothing
  came to fill it for HOLE_SECONDS, or when too much waits behind it; the piece after it says
  so.  What comes to fill it later is given out by itself, and so is what lies before the first
  segment taken, where the direction's beginning is not known;
* a segment far from what is expected is a stray: the direction goes on there only where a
  second one follows on it directly, so that no single forged number can move it.
"""

from __future__ import annotations

from msgspec import Struct

#: Segments, and bytes, that may wait behind a hole before it is given up; and how long they may,
#: by the clock of the capture.
MAX_WAITING_SEGMENTS = 16
MAX_WAITING_BYTES = 128 * 1024
HOLE_SECONDS = 10
#: Holes given up that may still be filled, and how far back: what comes from before that is old.
MAX_HOLES = 8
MAX_LATE_BYTES = 64 * 1024
#: Bytes of the stream against which later copies are compared.
MAX_COMPARED = 2048
#: A segment farther than this from what is expected is a stray; how many are kept, and what of each.
MAX_REACH = 1024 * 1024
MAX_STRAYS = 4
MAX_STRAY_BYTES = 4096

_SPACE = 1 << 32
_SECOND = 1_000_000_000


class Piece(Struct, frozen=True):
    """Bytes that follow on the piece before, unless ``gap`` says that some are missing between."""

    data: bytes
    gap: bool
    #: it stands before bytes that were given out already
    late: bool = False


class Stream:
    """Reorders the segments of one direction."""

    __slots__ = (
        "_holes",
        "_moved",
        "_next",
        "_recent",
        "_strays",
        "_waiting",
        "disagreements",
        "gaps",
        "strays",
    )

    def __init__(self) -> None:
        self._next: int | None = None
        #: segments behind a hole, in order; none overlaps another
        self._waiting: list[tuple[int, bytes]] = []
        #: when the stream last moved on, or the first of them came
        self._moved = 0
        self._holes: list[tuple[int, int]] = []
        self._recent = b""
        self._strays: list[tuple[int, bytes]] = []
        #: holes given up
        self.gaps = 0
        #: segments that gave other bytes for a place than the first copy did
        self.disagreements = 0
        #: segments far from what was expected
        self.strays = 0

    @property
    def waiting(self) -> bool:
        """Whether segments wait behind a hole."""
        return bool(self._waiting)

    def begin(self, next_seq: int) -> None:
        """The direction's next byte is known to be this one; heeded before the first segment only."""
        if self._next is None:
            self._next = next_seq % _SPACE

    def feed(self, seq: int, data: bytes, time_ns: int = 0) -> list[Piece]:
        """Take a segment that begins at sequence number ``seq``; pieces now in order."""
        if seq == self._next and not self._waiting:
            return [self._advance(data, gap=False)] if data else []
        if self._next is None:
            self._next = seq
            self._holes.append(((seq - MAX_LATE_BYTES) % _SPACE, seq))
        pieces: list[Piece] = []
        if self._waiting and time_ns - self._moved > HOLE_SECONDS * _SECOND:
            pieces += self._give_up_hole()
        if data:
            pieces += self._place(seq, data, time_ns)
        while (
            len(self._waiting) > MAX_WAITING_SEGMENTS
            or sum(len(one) for _, one in self._waiting) > MAX_WAITING_BYTES
        ):
            pieces += self._give_up_hole()
        return pieces

    def pass_over(self, count: int) -> int | None:
        """Take the next bytes as read without seeing them: the sequence number behind them.

        Only where nothing waits and the direction's place is known; what comes of them is a copy.
        """
        if self._next is None or self._waiting:
            return None
        self._next = (self._next + count) % _SPACE
        self._recent = b""
        return self._next

    def acknowledged(self, number: int) -> list[Piece]:
        """The other side has all bytes before ``number``: a hole before it will hardly be filled.

        A number behind all that was seen is none that the other side could have: it is ignored.
        """
        pieces: list[Piece] = []
        while self._waiting:
            first, (last, data) = self._waiting[0][0], self._waiting[-1]
            if not 0 <= _distance(first, number) <= _distance(first, last) + len(data):
                break
            pieces += self._give_up_hole()
        return pieces

    def flush(self) -> list[Piece]:
        """All that still waits: no more segments will come."""
        pieces: list[Piece] = []
        while self._waiting:
            pieces += self._give_up_hole()
        pieces += [Piece(data, gap=True, late=True) for _, data in self._strays]
        self._strays.clear()
        return pieces

    def _place(self, seq: int, data: bytes, time_ns: int) -> list[Piece]:
        assert self._next is not None
        ahead = _distance(self._next, seq)
        if not -MAX_REACH <= ahead <= MAX_REACH:
            return self._stray(seq, data)
        pieces: list[Piece] = []
        if ahead < 0:
            pieces = self._old(seq, data[:-ahead])
            data = data[-ahead:]
            seq, ahead = self._next, 0
        if not data:
            return pieces
        if ahead > 0:
            if not self._waiting:
                self._moved = time_ns
            self._wait(seq, data)
            return pieces
        self._moved = time_ns
        if self._waiting:  # a first copy of what is beyond may be there already
            data = self._before_waiting(seq, data)
        pieces.append(self._advance(data, gap=False))
        return pieces + self._follow()

    def _advance(self, data: bytes, *, gap: bool) -> Piece:
        """The bytes at ``_next`` are there."""
        assert self._next is not None
        self._next = (self._next + len(data)) % _SPACE
        self._recent = data[-MAX_COMPARED:] if gap else (self._recent + data)[-MAX_COMPARED:]
        return Piece(data, gap)

    def _old(self, seq: int, data: bytes) -> list[Piece]:
        """Bytes before the next expected one: copies, or what was missing when a hole was given up."""
        assert self._next is not None
        back = -_distance(self._next, seq)
        if back == 1 == len(data):
            return []  # a keep-alive, whose byte means nothing (RFC 9293 section 3.8.4)
        pieces: list[Piece] = []
        for hole in list(self._holes):
            start, end = _distance(seq, hole[0]), _distance(seq, hole[1])
            if start < len(data) and end > 0 and _distance(hole[1], self._next) <= MAX_LATE_BYTES:
                low, high = max(start, 0), min(end, len(data))
                pieces.append(Piece(data[low:high], gap=True, late=True))
                self._holes.remove(hole)
                self._note_hole(hole[0], (seq + low) % _SPACE)
                self._note_hole((seq + high) % _SPACE, hole[1])
        known = self._recent[max(len(self._recent) - back, 0) :]  # from ``seq`` on, or what is kept of it
        skipped = back - len(known)
        copy = data[skipped : skipped + len(known)]
        self.disagreements += copy != known[: len(copy)]
        return pieces

    def _note_hole(self, start: int, end: int) -> None:
        if _distance(start, end) > 0:
            self._holes.append((start, end))
            del self._holes[:-MAX_HOLES]

    def _wait(self, seq: int, data: bytes) -> None:
        """Keep those bytes of the segment that no waiting one has."""
        differs = False
        fresh: list[tuple[int, bytes]] = []
        at = 0
        for other, known in self._waiting:
            start = _distance(seq, other)
            end = start + len(known)
            if end <= at or start >= len(data):
                continue
            if start > at:
                fresh.append(((seq + at) % _SPACE, data[at:start]))
            low, high = max(start, 0), min(end, len(data))
            differs |= data[low:high] != known[low - start : high - start]
            at = max(at, end)
        if at < len(data):
            fresh.append(((seq + at) % _SPACE, data[at:]))
        self.disagreements += differs
        start = self._next or 0
        self._waiting = sorted(self._waiting + fresh, key=lambda one: _distance(start, one[0]))

    def _before_waiting(self, seq: int, data: bytes) -> bytes:
        """The part of an in-order segment before the first waiting one; the rest is compared, and waits."""
        room = _distance(seq, self._waiting[0][0])
        if room < len(data):
            self._wait((seq + room) % _SPACE, data[room:])
        return data[:room]

    def _follow(self) -> list[Piece]:
        """Waiting segments that the stream has now reached."""
        pieces: list[Piece] = []
        while self._waiting and self._waiting[0][0] == self._next:
            pieces.append(self._advance(self._waiting.pop(0)[1], gap=False))
        return pieces

    def _give_up_hole(self) -> list[Piece]:
        assert self._next is not None
        hole = self._next
        self._next, data = self._waiting.pop(0)
        self._note_hole(hole, self._next)
        self.gaps += 1
        return [self._advance(data, gap=True), *self._follow()]

    def _stray(self, seq: int, data: bytes) -> list[Piece]:
        """A segment far off: the stream is there only if it follows directly on another one there."""
        self.strays += 1
        end = (seq + len(data)) % _SPACE
        for number, (other, kept) in enumerate(self._strays):
            if other == seq:
                del self._strays[number]
                pieces = self._jump((seq - len(kept)) % _SPACE)
                return [*pieces, self._advance(kept, gap=True), self._advance(data, gap=False)]
        if all(other != end for other, _ in self._strays):
            self._strays = [*self._strays, (end, data[-MAX_STRAY_BYTES:])][-MAX_STRAYS:]
        return []

    def _jump(self, seq: int) -> list[Piece]:
        """Go on at ``seq``, far from where the stream was."""
        strays, self._strays = self._strays, []
        pieces = self.flush()
        self._strays = strays
        self._next = seq
        self._holes.clear()
        self.gaps += 1
        return pieces


def _distance(origin: int, seq: int) -> int:
    """How far ``seq`` lies ahead of ``origin``; negative when behind (RFC 9293 section 3.4)."""
    return (seq - origin + _SPACE // 2) % _SPACE - _SPACE // 2
