# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: the table of flows, and its ageing.

Open addressing with linear probing; a row is one cache line (see ``columns``).  The
table doubles while it may; at ``max_flows`` the longest idle rows are dropped: those that
were never flagged first, flagged ones only if that is not enough, those with evidence last.

Idle is how far the last packet's time is from the present, in either direction: a flow
stamped 2106 by a clock that went wrong is no fresher than one of 1946.  The present is the
middle one of three packets of the latest chunk, so that no single packet can move it.
"""

from __future__ import annotations

import mmap
from array import array
from contextlib import suppress
from typing import Any

from netminedet.limits import FULL_SIXTEENTHS
from netminedet.model import Batch
from netminedet.sieve import columns as layout
from netminedet.sieve.columns import Columns

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython

ROW_WORDS = cython.declare(cython.Py_ssize_t, layout.ROW_WORDS)
KEY0 = cython.declare(cython.Py_ssize_t, layout.KEY0)
KEY1 = cython.declare(cython.Py_ssize_t, layout.KEY1)
FLAGS_PACKETS = cython.declare(cython.Py_ssize_t, layout.FLAGS_PACKETS)
BYTES = cython.declare(cython.Py_ssize_t, layout.BYTES)
FIRST_SEEN = cython.declare(cython.Py_ssize_t, layout.FIRST_SEEN)
LAST_SEEN = cython.declare(cython.Py_ssize_t, layout.LAST_SEEN)
NOTED = cython.declare(cython.ulonglong, layout.NOTED)
FLAGGED = cython.declare(cython.ulonglong, layout.FLAGGED)

MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
MIX_A = cython.declare(cython.ulonglong, 0x9E3779B97F4A7C15)
MIX_B = cython.declare(cython.ulonglong, 0xC2B2AE3D27D4EB4F)
TIME_BIAS = cython.declare(cython.ulonglong, layout.TIME_BIAS)

#: Rows of a new table: 1 MiB, which stays in the second-level cache while flows are few.
FIRST_ROWS = 1 << 14
#: Rows of an old table that are moved before their memory is given back: 4 MiB.
MOVED_ROWS = cython.declare(cython.Py_ssize_t, 1 << 16)
#: Packets whose rows are fetched at once.
GROUP = cython.declare(cython.Py_ssize_t, 128)
#: Buckets of idle time that decide what an overfull table drops.
IDLE_BUCKETS = cython.declare(cython.ulonglong, 256)
#: Classes of rows, in the order in which they are dropped: unflagged, flagged, with evidence.
CLASSES = cython.declare(cython.Py_ssize_t, 3)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def _slot(
    key0: cython.ulonglong, key1: cython.ulonglong, seed: cython.ulonglong, mask: cython.ulonglong
) -> cython.ulonglong:
    h: cython.ulonglong = ((key0 ^ seed) * MIX_A) & MASK
    h = ((h ^ (h >> 32) ^ key1) * MIX_B) & MASK
    return (h ^ (h >> 29)) & mask


def _zeroed_pages(size: int) -> mmap.mmap:
    """Memory of this process alone, in huge pages where Linux has them.

    Packets fall on rows anywhere in it: with small pages most would cost a walk through the page
    tables too.  (What ``mmap`` gives otherwise is shared memory, which has none.)
    """
    if not hasattr(mmap, "MAP_PRIVATE"):  # Windows
        return mmap.mmap(-1, size)
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a kernel built without them
            pages.madvise(mmap.MADV_HUGEPAGE)
    return pages


@cython.cclass
class FlowTable:
    """Finds or makes the row of each packet of a chunk.  ``seed``: a secret against crafted collisions."""

    key0: cython.ulonglong[::1]
    key1: cython.ulonglong[::1]
    proto: cython.uint[::1]
    row: cython.int[::1]
    # a map begins with a page, so each row is one cache line and does not lie across two
    pages: Any
    rows: cython.ulonglong[::1]
    slot: cython.ulonglong[::1]
    touched: cython.ulonglong
    seed: cython.ulonglong
    mask: cython.ulonglong
    words: cython.Py_ssize_t
    used: cython.Py_ssize_t
    created: cython.ulonglong
    # the present, by the clock of the capture
    clock: cython.ulonglong
    # of each class: rows dropped so far; the idle time beyond which a row goes, and how many of just that
    evicted: cython.ulonglong[::1]
    limit: cython.ulonglong[::1]
    ties: cython.longlong[::1]
    max_flows: cython.Py_ssize_t
    # rows with evidence that were dropped since the owner last took them, as bytes
    dropped: list[Any]

    def __init__(self, columns: Columns, seed: int, max_flows: int) -> None:
        self.key0 = columns.key0
        self.key1 = columns.key1
        self.proto = columns.proto
        self.row = columns.row
        self.slot = array("Q", bytes(8 * layout.CHUNK))
        self.touched = 0
        self.seed = seed
        self.max_flows = max_flows
        self.used = 0
        self.created = 0
        self.clock = TIME_BIAS
        self.evicted = array("Q", bytes(8 * int(CLASSES)))
        self.limit = array("Q", bytes(8 * int(CLASSES)))
        self.ties = array("q", bytes(8 * int(CLASSES)))
        self.dropped = []
        self._allocate(FIRST_ROWS)

    def _allocate(self, count: int) -> None:
        self.pages = _zeroed_pages(count * layout.ROW_WORDS * 8)
        self.rows = memoryview(self.pages).cast("Q")
        self.mask = count - 1
        self.words = count * layout.ROW_WORDS

    def memory(self) -> Any:
        """The rows, for the kernels that work on them; changes whenever ``reserve`` says so."""
        return self.rows

    def counters(self) -> dict[str, int]:
        """Flows made and dropped."""
        return {
            "flows": self.created,
            "flows_evicted": self.evicted[0],
            "flows_evicted_flagged": self.evicted[1],
            "flows_evicted_with_evidence": self.evicted[2],
        }

    def reserve(self, packets: int) -> bool:
        """Make room for as many new flows as ``packets``; true when the rows have moved."""
        moved = False
        if self.used + packets > self.max_flows:
            self._drop_idle(max(self.used // 4, self.used + packets - self.max_flows))
            moved = True
        count = self.mask + 1
        while (self.used + packets) * 16 > count * FULL_SIXTEENTHS:
            count *= 2
        if count != self.mask + 1:
            self._keep_all()
            self._rebuild(count)
            moved = True
        return moved

    def _drop_idle(self, goal: int) -> None:
        """Drop ``goal`` rows or somewhat more, longest idle first within each class."""
        self._keep_all()
        for row_class in range(CLASSES):
            if goal > 0:
                goal -= self._choose(row_class, goal)
        self._rebuild(self.mask + 1)

    def _keep_all(self) -> None:
        for row_class in range(CLASSES):
            self.limit[row_class] = MASK
            self.ties[row_class] = 0

    def _choose(self, row_class: int, goal: int) -> int:
        """Set the limit above which rows of the class are dropped; how many these are.

        The class is sorted into buckets by idle time, and the bucket in which the goal lies into
        finer ones, until it is small: one stray time would otherwise put all rows into one bucket.
        """
        counts = array("Q", bytes(8 * (int(IDLE_BUCKETS) + 1)))
        low, high = 0, MASK
        above = 0
        while True:
            total, low, high = self._count_idle(row_class, low, high, counts)
            if above + total <= goal:  # all of them, or none there
                return self._drop_from(row_class, low, above + total)
            step = (high - low) // (IDLE_BUCKETS - 1) + 1
            bucket = IDLE_BUCKETS
            while above < goal:
                bucket -= 1
                above += counts[bucket]
            if step == 1:
                self.limit[row_class] = low + bucket
                self.ties[row_class] = counts[bucket] - (above - goal)
                return goal
            if (above - goal) * 4 <= goal:
                return self._drop_from(row_class, low + bucket * step, above)
            above -= counts[bucket]
            low, high = low + bucket * step, min(high, low + bucket * step + step - 1)

    def _drop_from(self, row_class: int, idle: int, found: int) -> int:
        """Rows that are idle for this time or longer are dropped: ``found``."""
        self.limit[row_class] = max(idle, 1) - 1
        self.ties[row_class] = found if idle == 0 else 0
        return found

    def _count_idle(
        self, row_class: cython.Py_ssize_t, low: cython.ulonglong, high: cython.ulonglong, counts: Any
    ) -> tuple[int, int, int]:
        """Sort the rows of a class that are idle for ``low`` to ``high`` into buckets.

        How many they are, and the least and the longest idle time of them, between which the buckets lie.
        """
        buckets: cython.ulonglong[::1] = counts
        i: cython.Py_ssize_t
        idle: cython.ulonglong
        total: cython.Py_ssize_t = 0
        least: cython.ulonglong = MASK
        longest: cython.ulonglong = 0
        step: cython.ulonglong
        with cython.nogil:
            for i in range(IDLE_BUCKETS):
                buckets[i] = 0
            for i in range(0, self.words, 8):
                if self.rows[i + KEY1] and self._class_of(i) == row_class:
                    idle = self._idle(i)
                    if low <= idle <= high:
                        total += 1
                        least = min(least, idle)
                        longest = max(longest, idle)
            step = (longest - least) // (IDLE_BUCKETS - 1) + 1 if total else 1
            for i in range(0, self.words, 8):
                if self.rows[i + KEY1] and self._class_of(i) == row_class:
                    idle = self._idle(i)
                    if low <= idle <= high:
                        buckets[(idle - least) // step] += 1
        return total, least if total else 0, longest

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _class_of(self, at: cython.Py_ssize_t) -> cython.Py_ssize_t:
        if self.rows[at + FLAGS_PACKETS] & NOTED:
            return 2
        return 1 if self.rows[at + FLAGS_PACKETS] & FLAGGED else 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _idle(self, at: cython.Py_ssize_t) -> cython.ulonglong:
        seen: cython.ulonglong = self.rows[at + LAST_SEEN]
        return self.clock - seen if seen <= self.clock else seen - self.clock

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _is_dropped(self, at: cython.Py_ssize_t) -> cython.int:
        row_class: cython.Py_ssize_t = self._class_of(at)
        idle: cython.ulonglong = self._idle(at)
        if idle == self.limit[row_class] and self.ties[row_class] > 0:
            self.ties[row_class] -= 1
        elif idle <= self.limit[row_class]:
            return 0
        self.evicted[row_class] += 1
        return 1

    def _rebuild(self, count: int) -> None:
        """Move to a table of ``count`` rows, leaving behind those that the limits drop.

        A row moves to about the same place, or to the same place in the new half: both tables are
        gone through from their beginning to their end, and never both there as a whole.
        """
        low: cython.Py_ssize_t
        high: cython.Py_ssize_t
        words: cython.Py_ssize_t = self.words
        self._leave_behind()
        old: cython.ulonglong[::1] = self.rows
        old_pages = self.pages
        self._allocate(count)
        self.used = 0
        for low in range(0, words, MOVED_ROWS * ROW_WORDS):
            high = min(low + MOVED_ROWS * ROW_WORDS, words)
            self._move(old, low, high)
            if hasattr(mmap, "MADV_DONTNEED"):
                old_pages.madvise(mmap.MADV_DONTNEED, low * 8, (high - low) * 8)

    def _leave_behind(self) -> None:
        """Clear the rows that the limits drop."""
        i: cython.Py_ssize_t
        for i in range(0, self.words, 8):
            if self.rows[i + KEY1] and self._is_dropped(i):
                if self.rows[i + FLAGS_PACKETS] & NOTED:
                    self.dropped.append(tuple([self.rows[i + word] for word in range(ROW_WORDS)]))
                self.rows[i + KEY1] = 0

    @cython.cfunc
    @cython.exceptval(-1, check=False)
    def _move(
        self, old: cython.ulonglong[::1], low: cython.Py_ssize_t, high: cython.Py_ssize_t
    ) -> cython.int:
        """Put the rows that stand at these words of the old table into the new one."""
        i: cython.Py_ssize_t
        word: cython.Py_ssize_t
        at: cython.ulonglong
        for i in range(low, high, 8):
            if old[i + KEY1] == 0:
                continue
            at = _slot(old[i + KEY0], old[i + KEY1], self.seed, self.mask) * ROW_WORDS
            while self.rows[at + KEY1]:
                at = (at + ROW_WORDS) & (self.mask * ROW_WORDS | (ROW_WORDS - 1))
            for word in range(ROW_WORDS):
                self.rows[at + word] = old[i + word]
            self.used += 1
        return 0

    def take_noted(self, all_of_them: bool) -> list[tuple[int, ...]]:
        """Rows with evidence dropped since the last call; with ``all_of_them`` also those still here."""
        i: cython.Py_ssize_t
        taken = self.dropped
        self.dropped = []
        if all_of_them:
            for i in range(0, self.words, 8):
                if self.rows[i + KEY1] and self.rows[i + FLAGS_PACKETS] & NOTED:
                    taken.append(tuple([self.rows[i + word] for word in range(ROW_WORDS)]))
        return taken

    def row_of(self, key0: cython.ulonglong, key1: cython.ulonglong) -> tuple[int, ...] | None:
        """The row of a flow as it is now; None where the table has none."""
        at: cython.ulonglong = _slot(key0, key1, self.seed, self.mask) * ROW_WORDS
        while self.rows[at + KEY1]:
            if self.rows[at + KEY1] == key1 and self.rows[at] == key0:
                return tuple([self.rows[at + word] for word in range(ROW_WORDS)])
            at = (at + ROW_WORDS) & (self.mask * ROW_WORDS | (ROW_WORDS - 1))
        return None

    def run(self, batch: Batch, low: cython.Py_ssize_t, high: cython.Py_ssize_t) -> None:
        """Find the rows of packets ``low`` to ``high``; count packets, bytes and times in them.

        In groups: where the rows of a group lie is computed first and each is touched, so
        that the processor fetches them all at once; then they are worked on.
        """
        wirelen: cython.uint[::1] = batch.wirelen
        time_ns: cython.longlong[::1] = batch.time_ns
        start: cython.Py_ssize_t = 0
        stop: cython.Py_ssize_t
        column: cython.Py_ssize_t
        at: cython.ulonglong
        with cython.nogil:
            while start < high - low:
                stop = min(start + GROUP, high - low)
                for column in range(start, stop):
                    at = _slot(self.key0[column], self.key1[column], self.seed, self.mask) * ROW_WORDS
                    self.slot[column] = at
                    self.touched ^= self.rows[at]
                for column in range(start, stop):
                    if self.proto[column]:
                        self._count(column, wirelen[low + column], time_ns[low + column])
                    else:
                        self.row[column] = -1
                start = stop
        if high > low:
            self._set_clock(time_ns[low], time_ns[low + (high - low) // 2], time_ns[high - 1])

    def _set_clock(self, first: int, middle: int, last: int) -> None:
        self.clock = (sorted((first, middle, last))[1] + TIME_BIAS) & MASK

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _count(self, column: cython.Py_ssize_t, size: cython.uint, time_ns: cython.longlong) -> cython.int:
        at: cython.ulonglong = self.slot[column]
        now: cython.ulonglong = (cython.cast(cython.ulonglong, time_ns) + TIME_BIAS) & MASK
        while self.rows[at + KEY1] != self.key1[column] or self.rows[at] != self.key0[column]:
            if self.rows[at + KEY1] == 0:
                self.rows[at] = self.key0[column]
                self.rows[at + KEY1] = self.key1[column]
                self.rows[at + FIRST_SEEN] = now
                self.used += 1
                self.created += 1
                break
            at = (at + ROW_WORDS) & (self.mask * ROW_WORDS | (ROW_WORDS - 1))
        self.row[column] = at // ROW_WORDS
        self.rows[at + FLAGS_PACKETS] += 1
        self.rows[at + BYTES] += size
        if now > self.rows[at + LAST_SEEN]:
            self.rows[at + LAST_SEEN] = now
        if now < self.rows[at + FIRST_SEEN]:
            self.rows[at + FIRST_SEEN] = now
        return 0
