# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: the table of flows, and its ageing.

Open addressing with linear probing; a row is one cache line (see ``columns``).  The
table doubles while it may; at ``max_flows`` the longest idle rows without evidence
are dropped, and only if that is not enough the longest idle rows with evidence.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
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

MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
MIX_A = cython.declare(cython.ulonglong, 0x9E3779B97F4A7C15)
MIX_B = cython.declare(cython.ulonglong, 0xC2B2AE3D27D4EB4F)
TIME_BIAS = cython.declare(cython.ulonglong, layout.TIME_BIAS)

#: Rows of a new table: 1 MiB, which stays in the second-level cache while flows are few.
FIRST_ROWS = 1 << 14
#: Packets whose rows are fetched at once.
GROUP = cython.declare(cython.Py_ssize_t, 128)
#: Buckets of idle time that decide what an overfull table drops.
IDLE_BUCKETS = cython.declare(cython.ulonglong, 256)


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


def _zeroed_lines(count: int) -> memoryview:
    """Room for ``count`` rows, each of which is one cache line and does not lie across two."""
    words = count * layout.ROW_WORDS
    memory = array("Q", bytes(8)) * (words + layout.ROW_WORDS)
    first = -(memory.buffer_info()[0] // memory.itemsize) % layout.ROW_WORDS
    return memoryview(memory)[first : first + words]


@cython.cclass
class FlowTable:
    """Finds or makes the row of each packet of a chunk.  ``seed``: a secret against crafted collisions."""

    key0: cython.ulonglong[:]
    key1: cython.ulonglong[:]
    proto: cython.uint[:]
    row: cython.int[:]
    rows: cython.ulonglong[:]
    slot: cython.ulonglong[:]
    touched: cython.ulonglong
    seed: cython.ulonglong
    mask: cython.ulonglong
    words: cython.Py_ssize_t
    used: cython.Py_ssize_t
    created: cython.ulonglong
    evicted: cython.ulonglong
    evicted_with_evidence: cython.ulonglong
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
        self.evicted = 0
        self.evicted_with_evidence = 0
        self.dropped = []
        self._allocate(FIRST_ROWS)

    def _allocate(self, count: int) -> None:
        self.rows = _zeroed_lines(count)
        self.mask = count - 1
        self.words = count * layout.ROW_WORDS

    def memory(self) -> Any:
        """The rows, for the kernels that work on them; changes whenever ``reserve`` says so."""
        return self.rows

    def counters(self) -> dict[str, int]:
        """Flows made and dropped."""
        return {
            "flows": self.created,
            "flows_evicted": self.evicted,
            "flows_evicted_with_evidence": self.evicted_with_evidence,
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
            self._rebuild(count, 0, 0)
            moved = True
        return moved

    def _drop_idle(self, goal: int) -> None:
        """Drop at least ``goal`` rows, longest idle first, those with evidence last."""
        oldest, newest = self._idle_range()
        step = max(1, (newest - oldest) // (IDLE_BUCKETS - 1))
        plain = array("Q", bytes(8 * int(IDLE_BUCKETS)))
        noted = array("Q", bytes(8 * int(IDLE_BUCKETS)))
        self._count_idle(oldest, step, plain, noted)
        drop_plain, found = _cut(plain, oldest, step, goal)
        drop_noted, _ = _cut(noted, oldest, step, goal - found)
        self._rebuild(self.mask + 1, drop_plain, drop_noted)

    def _idle_range(self) -> tuple[int, int]:
        i: cython.Py_ssize_t
        seen: cython.ulonglong
        oldest: cython.ulonglong = MASK
        newest: cython.ulonglong = 0
        with cython.nogil:
            for i in range(0, self.words, 8):
                if self.rows[i + KEY1]:
                    seen = self.rows[i + LAST_SEEN]
                    oldest = min(oldest, seen)
                    newest = max(newest, seen)
        return oldest, newest

    def _count_idle(
        self,
        oldest: cython.ulonglong,
        step: cython.ulonglong,
        plain: cython.ulonglong[:],
        noted: cython.ulonglong[:],
    ) -> None:
        i: cython.Py_ssize_t
        bucket: cython.ulonglong
        with cython.nogil:
            for i in range(0, self.words, 8):
                if self.rows[i + KEY1]:
                    bucket = min((self.rows[i + LAST_SEEN] - oldest) // step, IDLE_BUCKETS - 1)
                    if self.rows[i + FLAGS_PACKETS] & NOTED:
                        noted[bucket] += 1
                    else:
                        plain[bucket] += 1

    def _rebuild(self, count: int, drop_plain: cython.ulonglong, drop_noted: cython.ulonglong) -> None:
        """Move to a table of ``count`` rows, leaving behind rows last seen before the two limits."""
        old: cython.ulonglong[:] = self.rows
        old_words: cython.Py_ssize_t = self.words
        i: cython.Py_ssize_t
        word: cython.Py_ssize_t
        at: cython.ulonglong
        kept: cython.Py_ssize_t = 0
        self._allocate(count)
        for i in range(0, old_words, 8):
            if old[i + KEY1] == 0:
                continue
            if old[i + FLAGS_PACKETS] & NOTED:
                if old[i + LAST_SEEN] < drop_noted:
                    self.dropped.append(tuple([old[i + word] for word in range(ROW_WORDS)]))
                    self.evicted_with_evidence += 1
                    continue
            elif old[i + LAST_SEEN] < drop_plain:
                self.evicted += 1
                continue
            at = _slot(old[i + KEY0], old[i + KEY1], self.seed, self.mask) * ROW_WORDS
            while self.rows[at + KEY1]:
                at = (at + ROW_WORDS) & (self.mask * ROW_WORDS | (ROW_WORDS - 1))
            for word in range(ROW_WORDS):
                self.rows[at + word] = old[i + word]
            kept += 1
        self.used = kept

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

    def run(self, batch: Batch, low: cython.Py_ssize_t, high: cython.Py_ssize_t) -> None:
        """Find the rows of packets ``low`` to ``high``; count packets, bytes and times in them.

        In groups: where the rows of a group lie is computed first and each is touched, so
        that the processor fetches them all at once; then they are worked on.
        """
        wirelen: cython.uint[:] = batch.wirelen
        time_ns: cython.longlong[:] = batch.time_ns
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


def _cut(buckets: Sequence[int], oldest: int, step: int, goal: int) -> tuple[int, int]:
    """The time before which at least ``goal`` rows of these buckets were last seen, and how many they are."""
    found = 0
    for bucket in range(IDLE_BUCKETS):
        if found >= goal:
            return oldest + bucket * step, found
        found += buckets[bucket]
    return 0xFFFFFFFFFFFFFFFF, found
