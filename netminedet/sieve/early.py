# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: keeps segments that came too early, and SYNs whose connection may never come.

A direction may use the eight *reorder* slots of one set.  When the set is full, the oldest of
it gives way; when a direction holds too many, it goes on behind what is missing.
"""

from __future__ import annotations

import os
from array import array
from mmap import mmap
from typing import Any

from netminedet.sieve import columns as layout
from netminedet.sieve.columns import Columns

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if not cython.compiled:  # the compiler has this name from the .pxd file
    from netminedet.sieve.found import Found
    from netminedet.sieve.moves import move

KEY1 = cython.declare(cython.Py_ssize_t, layout.KEY1)
NEXT_SEQ = cython.declare(cython.Py_ssize_t, layout.NEXT_SEQ)
FLAGS = cython.declare(cython.Py_ssize_t, layout.FLAGS_PACKETS)
HELD = cython.declare(cython.ulonglong, layout.HELD)
SEGMENT = cython.declare(cython.int, layout.SEGMENT)

REORDER_SLOTS = cython.declare(cython.Py_ssize_t, layout.REORDER_SLOTS)
REORDER_SIZE = cython.declare(cython.Py_ssize_t, layout.REORDER_SIZE)
REORDER_WAYS = cython.declare(cython.Py_ssize_t, 8)
MAX_REORDERED = cython.declare(cython.Py_ssize_t, layout.MAX_REORDERED)
REACH = cython.declare(cython.longlong, layout.REORDER_REACH)
MIX = cython.declare(cython.ulonglong, 0x9E3779B97F4A7C15)
LOW_HALF = cython.declare(cython.ulonglong, 0xFFFFFFFF)
MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
HALF_SPACE = cython.declare(cython.longlong, 1 << 31)  # half of all sequence numbers


@cython.final
@cython.cclass
class Early:
    """Slots with segments; ``bind`` it to the flow rows whenever they move."""

    # compiled, the attributes' types stand in early.pxd
    def __init__(self, columns: Columns, found: Found) -> None:
        self.rows: Any = array("Q", bytes(8))
        self.segment_seq = columns.seq
        self.segment_len = columns.segment_len
        self.payload_at = columns.payload_at
        self.payload_len = columns.payload_len
        self.found = found
        # of each slot: key (with the side), number, length on the wire, bytes kept, whether it is a SYN,
        # when it came, and whether the direction has moved on since
        self.memory = mmap(-1, REORDER_SLOTS * REORDER_SIZE)
        self.key0 = array("Q", bytes(8 * REORDER_SLOTS))
        self.key1 = array("Q", bytes(8 * REORDER_SLOTS))
        self.seq = array("I", bytes(4 * REORDER_SLOTS))
        self.length = array("I", bytes(4 * REORDER_SLOTS))
        self.kept = array("I", bytes(4 * REORDER_SLOTS))
        self.syn = array("I", bytes(4 * REORDER_SLOTS))
        self.stamp = array("Q", bytes(8 * REORDER_SLOTS))
        self.stale = array("I", bytes(4 * REORDER_SLOTS))
        self.clock = 0
        self.seed = int.from_bytes(os.urandom(8), "little")
        # what the last survey of a set has found
        self.free_slot = -1
        self.oldest = 0
        self.stalest = -1
        self.before = -1
        self.older_syn = -1
        self.waiting = 0
        self.displaced = 0
        self.too_long = 0

    def bind(self, rows: Any) -> None:
        """Work on these flow rows from now on."""
        self.rows = rows

    def hold(
        self,
        data: cython.uchar[::1],
        column: cython.Py_ssize_t,
        base: cython.Py_ssize_t,
        side: cython.int,
        is_idle: cython.bint,
    ) -> cython.Py_ssize_t:
        """Keep a segment until what lies before it has come; of one that ``is_idle`` only the length.

        The slot with which the direction is to go on, because a stray goes on with this segment or
        too many wait, or else -1.
        """
        slot: cython.Py_ssize_t
        start: cython.Py_ssize_t = self.payload_at[column]
        kept: cython.Py_ssize_t = self.payload_len[column]
        if self._survey(column, base, side):
            return -1
        slot = self._make_room()
        if kept > REORDER_SIZE:
            self.too_long += 1
            kept = 0
        elif kept != self.segment_len[column] or is_idle:
            kept = 0
        self._fill(slot, column, base, side, self.segment_len[column])
        self.kept[slot] = kept
        move(self.memory, slot * REORDER_SIZE, data, start, kept)
        if self.before >= 0 and self.before != slot and self._is_stray(self.before, base, side):
            return self.before
        if self.waiting >= MAX_REORDERED and self.stalest < 0:
            return self._nearest(base, side)
        return -1

    def hold_syn(self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """Keep a SYN until its payload comes; a direction's latest counts."""
        slot: cython.Py_ssize_t
        self._survey(column, base, side)
        slot = self.older_syn if self.older_syn >= 0 else self._make_room()
        self._fill(slot, column, base, side, 0)
        self.syn[slot] = 1
        return 0

    def syn_of(self, base: cython.Py_ssize_t, side: cython.int) -> cython.Py_ssize_t:
        """The slot with this direction's SYN, or -1."""
        slot: cython.Py_ssize_t = self._first_of(base, side)
        last: cython.Py_ssize_t = slot + REORDER_WAYS
        while slot < last:
            if self.syn[slot] and self._holds(slot, base, side):
                return slot
            slot += 1
        return -1

    def next_of(self, base: cython.Py_ssize_t, side: cython.int) -> cython.Py_ssize_t:
        """The slot whose segment goes on where the direction is, or -1; frees those that it has passed."""
        first: cython.Py_ssize_t = self._first_of(base, side)
        slot: cython.Py_ssize_t
        following: cython.Py_ssize_t = -1
        left: cython.Py_ssize_t = 0
        ahead: cython.longlong
        for slot in range(first, first + REORDER_WAYS):
            if not self._holds(slot, base, side):
                continue
            left += 1
            if self.syn[slot]:
                continue
            ahead = self.ahead_of(slot, base, side)
            if ahead <= 0 and ahead + self.length[slot] > 0:
                if following < 0 or self.stamp[slot] < self.stamp[following]:
                    following = slot
            elif ahead <= 0 and ahead >= -REACH:
                self.free(slot)
                left -= 1
            else:
                self.stale[slot] = 1
        if left == 0:
            self.rows[base + FLAGS] &= MASK ^ (HELD << side)
        return following

    def ahead_of(self, slot: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int) -> cython.longlong:
        """How far the slot's segment lies ahead of what is expected; negative when behind."""
        number: cython.longlong = self.seq[slot]
        ahead: cython.longlong = (
            number - ((self.rows[base + NEXT_SEQ] >> (32 * side)) & LOW_HALF)
        ) & LOW_HALF
        return ahead - 2 * HALF_SPACE if ahead >= HALF_SPACE else ahead

    def hand_on(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int, context: cython.int
    ) -> cython.int:
        """The flow is flagged: what waits goes to the conversation, which puts it in order itself."""
        first: cython.Py_ssize_t = self._first_of(base, side)
        slot: cython.Py_ssize_t
        hit: cython.Py_ssize_t
        left: cython.Py_ssize_t = 0
        for slot in range(first, first + REORDER_WAYS):
            if not self._holds(slot, base, side):
                continue
            if self.syn[slot]:
                left += 1
                continue
            self.free(slot)
            if self.kept[slot]:
                hit = self.found.add(SEGMENT, column, slot * REORDER_SIZE, self.kept[slot], context)
                self.found.seq[hit] = self.seq[slot]
                self.found.bring(hit, self.memory)
        if left == 0:
            self.rows[base + FLAGS] &= MASK ^ (HELD << side)
        return 0

    def free(self, slot: cython.Py_ssize_t) -> cython.int:
        self.key1[slot] = 0  # no flow's: the low byte of a key is never 0
        return 0

    def _first_of(self, base: cython.Py_ssize_t, side: cython.int) -> cython.Py_ssize_t:
        """The first of the eight slots that this direction may use; the seed keeps others out of it."""
        mixed: cython.ulonglong = ((self.rows[base] ^ self.seed) * MIX) & MASK
        mixed = ((mixed ^ (mixed >> 29) ^ self.rows[base + KEY1] ^ side) * MIX) & MASK
        return ((mixed >> 32) % (REORDER_SLOTS // REORDER_WAYS)) * REORDER_WAYS

    def _holds(self, slot: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """Whether the slot is this direction's."""
        if self.key1[slot] != self.rows[base + KEY1] ^ side:
            return 0
        return self.key0[slot] == self.rows[base]

    def _survey(self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """See what the direction's set holds; 1 where a segment with this one's number waits already."""
        first: cython.Py_ssize_t = self._first_of(base, side)
        slot: cython.Py_ssize_t
        known: cython.int = 0
        self.free_slot = self.stalest = self.before = self.older_syn = -1
        self.oldest = first
        self.waiting = 0
        for slot in range(first, first + REORDER_WAYS):
            if self.key1[slot] == 0:
                self.free_slot = slot
                continue
            if self.stamp[slot] < self.stamp[self.oldest]:
                self.oldest = slot
            if not self._holds(slot, base, side):
                continue
            if self.syn[slot]:
                self.older_syn = slot
                continue
            if self.seq[slot] == self.segment_seq[column]:
                known = 1
            self.waiting += 1
            if self.stale[slot] and (self.stalest < 0 or self.stamp[slot] < self.stamp[self.stalest]):
                self.stalest = slot
            if (self.seq[slot] + self.length[slot]) & LOW_HALF == self.segment_seq[column]:
                self.before = slot
        return known

    def _make_room(self) -> cython.Py_ssize_t:
        """The slot that is filled next, by what the survey has found."""
        if self.waiting >= MAX_REORDERED and self.stalest >= 0:
            return self.stalest
        if self.free_slot >= 0:
            return self.free_slot
        self.displaced += 1
        return self.oldest

    def _fill(
        self,
        slot: cython.Py_ssize_t,
        column: cython.Py_ssize_t,
        base: cython.Py_ssize_t,
        side: cython.int,
        length: cython.Py_ssize_t,
    ) -> cython.int:
        """The slot is the direction's, with a segment of this length and no bytes yet."""
        self.key0[slot] = self.rows[base]
        self.key1[slot] = self.rows[base + KEY1] ^ side
        self.seq[slot] = self.segment_seq[column]
        self.length[slot] = length
        self.kept[slot] = 0
        self.syn[slot] = 0
        self.stale[slot] = 0
        self.clock += 1
        self.stamp[slot] = self.clock
        self.rows[base + FLAGS] |= HELD << side
        return 0

    def _is_stray(self, slot: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """Whether the slot's segment is so far off that the direction does not go there by it alone."""
        ahead: cython.longlong = self.ahead_of(slot, base, side)
        return ahead > REACH or ahead < -REACH

    def _nearest(self, base: cython.Py_ssize_t, side: cython.int) -> cython.Py_ssize_t:
        """What lies next behind the hole, or the oldest stray where nothing else waits."""
        first: cython.Py_ssize_t = self._first_of(base, side)
        slot: cython.Py_ssize_t
        best: cython.Py_ssize_t = -1
        least: cython.longlong = 4 * HALF_SPACE
        ahead: cython.longlong
        for slot in range(first, first + REORDER_WAYS):
            if self._holds(slot, base, side) and not self.syn[slot]:
                ahead = self.ahead_of(slot, base, side)
                if ahead > REACH or ahead < 0:
                    ahead = 2 * HALF_SPACE
                if ahead < least or (ahead == least and self.stamp[slot] < self.stamp[best]):
                    least = ahead
                    best = slot
        return best
