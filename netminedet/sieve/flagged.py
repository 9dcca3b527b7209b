# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: what flagged flows say is handed on, but for what the parsers do not want."""

from __future__ import annotations

from array import array
from typing import Any

from netminedet.sieve import automaton
from netminedet.sieve import columns as layout
from netminedet.sieve.columns import Columns

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if not cython.compiled:  # the compiler has these names from the .pxd file
    from netminedet.sieve.found import Found
    from netminedet.sieve.stash import Stash

ROW_WORDS = cython.declare(cython.Py_ssize_t, layout.ROW_WORDS)
NEXT_SEQ = cython.declare(cython.Py_ssize_t, layout.NEXT_SEQ)
SCAN = cython.declare(cython.Py_ssize_t, layout.SCAN)
FLAGS = cython.declare(cython.Py_ssize_t, layout.FLAGS_PACKETS)
FLAGS_SHIFT = cython.declare(cython.int, layout.FLAGS_SHIFT)
FLAGGED = cython.declare(cython.ulonglong, layout.FLAGGED)
NOTED = cython.declare(cython.ulonglong, layout.NOTED)
PASSING = cython.declare(cython.ulonglong, layout.PASSING)

SEGMENT = cython.declare(cython.int, layout.SEGMENT)
IN_ORDER = cython.declare(cython.int, layout.CONTEXT_IN_ORDER)
ACKNOWLEDGES = cython.declare(cython.int, layout.CONTEXT_ACKNOWLEDGES)
RENEWED = cython.declare(cython.int, layout.CONTEXT_RENEWED)
CLOSED = cython.declare(cython.uint, automaton.CLOSED)
IN_CERTIFICATE = cython.declare(cython.uint, layout.IN_CERTIFICATE)

LOW_HALF = cython.declare(cython.ulonglong, 0xFFFFFFFF)
MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
HALF_SPACE = cython.declare(cython.longlong, 1 << 31)  # half of all sequence numbers
ACK = cython.declare(cython.int, 0x10)


@cython.final
@cython.cclass
class Flagged:
    """Makes hits of segments; ``bind`` it to the flow rows whenever they move."""

    # compiled, the attributes' types stand in flagged.pxd
    def __init__(self, columns: Columns, found: Found, stash: Stash) -> None:
        self.rows: Any = array("Q", bytes(8))
        self.side = columns.side
        self.ip_at = columns.ip_at
        self.payload_at = columns.payload_at
        self.payload_len = columns.payload_len
        self.segment_len = columns.segment_len
        self.seq = columns.seq
        self.tcp_flags = columns.tcp_flags
        self.row = columns.row
        self.found = found
        self.stash = stash
        # where the side of a segment that is not in order was expected to go on
        self.expected = 0

    def bind(self, rows: Any) -> None:
        """Work on these flow rows from now on."""
        self.rows = rows

    def note(self, row: cython.Py_ssize_t) -> None:
        """The flow carried evidence: keep its row as long as possible and report its totals."""
        self.rows[row * ROW_WORDS + FLAGS] |= NOTED

    def unflag(self, row: cython.Py_ssize_t) -> None:
        """Hand on nothing more of the flow until an anchor is found in it again."""
        self.rows[row * ROW_WORDS + FLAGS] &= MASK ^ (FLAGGED | 3 * PASSING)
        self.rows[row * ROW_WORDS + SCAN] = 0

    def pass_over(self, row: cython.Py_ssize_t, side: cython.int, number: cython.ulonglong) -> None:
        """Hand on nothing of this side of a flagged flow that lies before the sequence number.

        As soon as a segment is missing or reaches further, all is handed on again.
        """
        base: cython.Py_ssize_t = row * ROW_WORDS
        if self.rows[base + FLAGS] & FLAGGED:
            self._set_half(base, side, number)
            self.rows[base + FLAGS] |= PASSING << side

    def is_passed(self, hit: cython.Py_ssize_t) -> bool:
        """Whether a hit is a segment that was to be passed over, as it was said after it was found."""
        column: cython.Py_ssize_t = self.found.column[hit]
        base: cython.Py_ssize_t = self.row[column] * ROW_WORDS
        side: cython.int = self.side[column]
        if self.found.kind[hit] != SEGMENT or not self.rows[base + FLAGS] & (PASSING << side):
            return False
        if self.found.prefix_len[hit] or self.found.context[hit] & RENEWED:
            return False
        return self._lies_before(base, side, self.found.seq[hit], self.found.length[hit]) != 0

    def is_wanted(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int, context: cython.int
    ) -> cython.int:
        """Whether the segment is handed on though the side is passed over: then so is all behind it."""
        if context & IN_ORDER and self._lies_before(base, side, self.seq[column], self.segment_len[column]):
            return 0
        self.pass_no_more(base, side)
        return 1

    def pass_no_more(self, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        self.rows[base + FLAGS] &= MASK ^ (PASSING << side)
        self._set_half(base, side, 0)
        return 0

    def hand_on(
        self,
        column: cython.Py_ssize_t,
        base: cython.Py_ssize_t,
        side: cython.int,
        context: cython.int,
        state: cython.uint,
    ) -> cython.Py_ssize_t:
        """A hit for a segment of a flagged flow, with what is kept of the message before it; which one it is.

        ``state`` is that before the segment: only where it is not CLOSED does the stash
        hold the beginning of what the segment continues, and not an older message.
        """
        hit: cython.Py_ssize_t
        slot: cython.Py_ssize_t
        if not context & IN_ORDER:
            self.hand_on_begun(column, base, side)
        slot = self.stash.slot_of(base, side)
        hit = self.found.add(SEGMENT, column, self.payload_at[column], self.payload_len[column], context)
        if slot >= 0:
            if context & IN_ORDER and state != CLOSED:
                self.stash.take(slot, hit)
                self.found.seq[hit] = (self.seq[column] - self.found.prefix_len[hit]) & LOW_HALF
            self.stash.free(slot)
        self.found.expected[hit] = self.expected
        return hit

    def hand_on_begun(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int
    ) -> cython.int:
        """A hit for what is kept of a message that is behind a hole now: it may go on when that is filled."""
        hit: cython.Py_ssize_t
        slot: cython.Py_ssize_t = self.stash.slot_of(base, side)
        state: cython.uint = (self.rows[base + SCAN] >> (32 * side)) & 0xFFFF
        number: cython.ulonglong = (self.rows[base + NEXT_SEQ] >> (32 * side)) & LOW_HALF
        context: cython.int = cython.cast(cython.int, self.rows[base + FLAGS] >> FLAGS_SHIFT) | IN_ORDER
        if slot < 0 or state == CLOSED or state >= IN_CERTIFICATE:
            return 0
        hit = self.found.add(SEGMENT, column, self.payload_at[column], 0, context)
        self.stash.take(slot, hit)
        self.found.seq[hit] = (number - self.found.prefix_len[hit]) & LOW_HALF
        self.stash.free(slot)
        return 0

    def note_acknowledged(
        self, data: cython.uchar[::1], column: cython.Py_ssize_t, hit: cython.Py_ssize_t
    ) -> cython.int:
        """What the segment says it has of the other side; not behind an IPv6 extension header."""
        at: cython.Py_ssize_t = self.ip_at[column]
        if not self.tcp_flags[column] & ACK:
            return 0
        if data[at] >> 4 == 4:
            at += (data[at] & 0x0F) * 4
        elif data[at + 6] == 6:
            at += 40
        else:
            return 0
        self.found.acknowledged[hit] = (
            (cython.cast(cython.uint, data[at + 8]) << 24)
            | (data[at + 9] << 16)
            | (data[at + 10] << 8)
            | data[at + 11]
        )
        self.found.context[hit] |= ACKNOWLEDGES
        return 0

    def _lies_before(
        self, base: cython.Py_ssize_t, side: cython.int, number: cython.longlong, length: cython.longlong
    ) -> cython.int:
        """Whether a segment ends where the side is passed over, or before."""
        room: cython.longlong = (((self.rows[base + SCAN] >> (32 * side)) & LOW_HALF) - number) & LOW_HALF
        return length <= room < HALF_SPACE

    def _set_half(self, base: cython.Py_ssize_t, side: cython.int, value: cython.ulonglong) -> cython.int:
        """Write all that SCAN has of a side."""
        other: cython.ulonglong = self.rows[base + SCAN] & (LOW_HALF << (32 * (1 - side)))
        self.rows[base + SCAN] = other | ((value & LOW_HALF) << (32 * side))
        return 0
