# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: IP fragments put together again (RFC 791 section 3.2, RFC 8200 section 4.5).

A datagram waits in a slot, which is found by source, destination, identification and,
of IPv4, protocol.  Slots lie in sets of ``WAYS``, so that a fragment looks at a few
only; a set that is full gives up the datagram that waited longest.  Memory is fixed,
and taken from the system only as far as it is used.

Overlaps: what lies wholly in bytes that are there already is a repetition, and the
first copy stays.  Any other overlap gives the datagram up, as RFC 5722 wants it for
IPv6 and Linux does for both versions: no ordinary sender makes one.
"""

from __future__ import annotations

import mmap
from array import array

from netminedet.model import Batch
from netminedet.sieve import columns as layout
from netminedet.sieve.columns import Odd

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if not cython.compiled:  # the compiler has this name from the .pxd file
    from netminedet.sieve.moves import move

#: Datagrams that wait at a time, in sets; a power of two.
FRAGMENT_SLOTS = cython.declare(cython.Py_ssize_t, 512)
WAYS = cython.declare(cython.Py_ssize_t, 8)
#: Pieces of a datagram that do not touch each other.
MAX_PIECES = cython.declare(cython.Py_ssize_t, 64)
#: Longest IP header (of IPv6 with its extension headers before the fragment header) and datagram.
MAX_HEADER = cython.declare(cython.Py_ssize_t, 256)
MAX_DATAGRAM = cython.declare(cython.Py_ssize_t, 65_535)
#: Seconds of the traffic's own clock that a datagram may take.  Linux waits as long.
FRAGMENT_SECONDS = cython.declare(cython.longlong, 30)
SLOT_BYTES = cython.declare(cython.Py_ssize_t, 65_792)  # header and datagram

MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
MIX_A = cython.declare(cython.ulonglong, 0x9FB21C651E98DF25)
MIX_B = cython.declare(cython.ulonglong, 0xD6E8FEB86659FD93)
FRAGMENT = cython.declare(cython.uint, layout.FRAGMENT)
PIECE = cython.declare(cython.uint, layout.PIECE)
REBUILT = cython.declare(cython.uint, layout.REBUILT)

#: What is counted here, all of datagrams but the repetitions, which are fragments.
COUNTERS = (
    "datagrams_reassembled",
    "datagrams_timed_out",
    "datagrams_evicted",
    "datagrams_overlapping",
    "datagrams_malformed",
    "datagrams_too_large",
    "fragments_repeated",
)
REASSEMBLED = cython.declare(cython.Py_ssize_t, 0)
TIMED_OUT = cython.declare(cython.Py_ssize_t, 1)
EVICTED = cython.declare(cython.Py_ssize_t, 2)
OVERLAPPING = cython.declare(cython.Py_ssize_t, 3)
MALFORMED = cython.declare(cython.Py_ssize_t, 4)
TOO_LARGE = cython.declare(cython.Py_ssize_t, 5)
REPEATED = cython.declare(cython.Py_ssize_t, 6)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-1, check=False)
def _be16(data: cython.uchar[::1], at: cython.Py_ssize_t) -> cython.int:
    return (data[at] << 8) | data[at + 1]


@cython.cclass
class Reassembler:
    """Takes the fragments of a chunk; writes whole datagrams behind the batch's own data.

    ``seed``: two secret 64-bit words, so that nobody can aim at a set.
    """

    state: cython.uint[::1]
    column: cython.uint[::1]
    frame: cython.uint[::1]
    ip_at: cython.uint[::1]
    body_at: cython.uint[::1]
    chain: cython.uint[::1]
    end: cython.uint[::1]
    # the slots
    key0: cython.ulonglong[::1]
    key1: cython.ulonglong[::1]
    since: cython.longlong[::1]
    total: cython.longlong[::1]
    header: cython.longlong[::1]
    chain_in: cython.longlong[::1]
    following: cython.longlong[::1]
    pieces: cython.longlong[::1]
    begin: cython.longlong[::1]
    stop: cython.longlong[::1]
    memory: cython.uchar[::1]
    counts: cython.ulonglong[::1]
    data: cython.uchar[::1]
    limit: cython.Py_ssize_t
    seed0: cython.ulonglong
    seed1: cython.ulonglong
    # the fragment at hand
    first: cython.ulonglong
    second: cython.ulonglong
    now: cython.longlong

    def __init__(self, odd: Odd, seed: tuple[int, int]) -> None:
        slots = int(FRAGMENT_SLOTS)
        self.state = odd.state
        self.column = odd.column
        self.frame = odd.frame
        self.ip_at = odd.ip_at
        self.body_at = odd.body_at
        self.chain = odd.protocol
        self.end = odd.end
        self.key0 = array("Q", bytes(8 * slots))
        self.key1 = array("Q", bytes(8 * slots))
        self.since = array("q", bytes(8 * slots))
        self.total = array("q", bytes(8 * slots))
        self.header = array("q", bytes(8 * slots))
        self.chain_in = array("q", bytes(8 * slots))
        self.following = array("q", bytes(8 * slots))
        self.pieces = array("q", bytes(8 * slots))
        self.begin = array("q", bytes(8 * slots * int(MAX_PIECES)))
        self.stop = array("q", bytes(8 * slots * int(MAX_PIECES)))
        self.memory = mmap.mmap(-1, slots * int(SLOT_BYTES))
        self.counts = array("Q", bytes(8 * len(COUNTERS)))
        self.data = bytearray(1)
        self.limit = 0
        self.seed0, self.seed1 = seed

    def counters(self) -> dict[str, int]:
        """Datagrams by what became of them."""
        waiting = sum(1 for slot in range(int(FRAGMENT_SLOTS)) if self.key1[slot])
        counts = {name: self.counts[i] for i, name in enumerate(COUNTERS)}
        return {**counts, "datagrams_unfinished": waiting}

    def run(
        self,
        batch: Batch,
        low: cython.Py_ssize_t,
        count: cython.Py_ssize_t,
        room: cython.Py_ssize_t,
    ) -> int:
        """Take the fragments among the odd packets; datagrams that are whole go to ``room`` and on
        in the batch's data, and their entries become REBUILT.  Where the next one may go."""
        time_ns: cython.longlong[::1] = batch.time_ns
        k: cython.Py_ssize_t
        slot: cython.Py_ssize_t
        self.data = batch.data
        self.limit = len(batch.data)
        with cython.nogil:
            for k in range(count):
                if self.state[k] != PIECE:
                    continue
                self.state[k] = FRAGMENT
                self.now = time_ns[low + self.column[k]]
                self._key(k)
                slot = self._slot()
                if self._add(slot, k):
                    room = self._rebuild(slot, k, room)
                    self._free(slot)
        return room

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _key(self, k: cython.Py_ssize_t) -> cython.int:
        """IPv4: exact.  IPv6: a keyed mix of both addresses and the identification."""
        at: cython.Py_ssize_t = self.ip_at[k]
        word: cython.ulonglong
        first: cython.ulonglong = self.seed0
        second: cython.ulonglong = self.seed1
        i: cython.Py_ssize_t
        j: cython.Py_ssize_t
        if self.data[at] >> 4 == 4:
            word = 0
            for i in range(12, 20):
                word = ((word << 8) | self.data[at + i]) & MASK
            self.first = word
            word = _be16(self.data, at + 4)
            self.second = (word << 16) | (self.data[at + 9] << 8) | 4
            return 0
        for i in range(5):
            word = 0
            for j in range(8):
                if i < 4:
                    word = ((word << 8) | self.data[at + 8 + 8 * i + j]) & MASK
                elif j < 4:
                    word = (word << 8) | self.data[self.body_at[k] + 4 + j]
            first = ((first ^ word) * MIX_A) & MASK
            first ^= first >> 32
            second = ((second + word) * MIX_B) & MASK
            second ^= second >> 29
            second = (second + first) & MASK
        self.first = first
        self.second = (second & (MASK ^ 0xFF)) | 6
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _slot(self) -> cython.Py_ssize_t:
        """The slot of this datagram: where it waits, or else a free one, or else the oldest of the set."""
        mixed: cython.ulonglong = ((self.first ^ self.seed0) * MIX_A) & MASK
        base: cython.Py_ssize_t
        slot: cython.Py_ssize_t
        oldest: cython.Py_ssize_t
        free: cython.Py_ssize_t = -1
        age: cython.longlong
        mixed = ((mixed ^ (mixed >> 32) ^ self.second ^ self.seed1) * MIX_B) & MASK
        base = cython.cast(cython.Py_ssize_t, (mixed >> 40) & (FRAGMENT_SLOTS // WAYS - 1)) * WAYS
        oldest = base
        for slot in range(base, base + WAYS):
            if self.key1[slot]:
                age = self.now - self.since[slot]
                if age > FRAGMENT_SECONDS * 1_000_000_000 or age < -FRAGMENT_SECONDS * 1_000_000_000:
                    self.counts[TIMED_OUT] += 1
                    self._free(slot)
                elif self.key1[slot] == self.second and self.key0[slot] == self.first:
                    return slot
                elif self.since[slot] < self.since[oldest]:
                    oldest = slot
            if not self.key1[slot]:
                free = slot
        if free < 0:
            self.counts[EVICTED] += 1
            free = oldest
        self._free(free)
        self.key0[free] = self.first
        self.key1[free] = self.second
        self.since[free] = self.now
        return free

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _free(self, slot: cython.Py_ssize_t) -> cython.int:
        self.key1[slot] = 0  # no datagram's: the low byte of a key is the IP version
        self.total[slot] = -1
        self.header[slot] = 0
        self.pieces[slot] = 0
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _give_up(self, slot: cython.Py_ssize_t, reason: cython.Py_ssize_t) -> cython.int:
        self.counts[reason] += 1
        self._free(slot)
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _add(self, slot: cython.Py_ssize_t, k: cython.Py_ssize_t) -> cython.int:
        """Put a fragment into its slot; 1 when the datagram is whole."""
        at: cython.Py_ssize_t = self.ip_at[k]
        body: cython.Py_ssize_t = self.body_at[k]
        header: cython.Py_ssize_t = body - at
        four: cython.bint = self.data[at] >> 4 == 4
        low: cython.longlong
        high: cython.longlong
        more: cython.int
        if four:
            low = (_be16(self.data, at + 6) & 0x1FFF) * 8
            more = _be16(self.data, at + 6) & 0x2000
        else:
            low = _be16(self.data, body + 2) & 0xFFF8
            more = _be16(self.data, body + 2) & 1
            body += 8
        high = low + self.end[k] - body
        if high <= low or (more and (high - low) & 7):
            return self._give_up(slot, MALFORMED)
        if high + (header if four else header - 40) > MAX_DATAGRAM or header > MAX_HEADER:
            return self._give_up(slot, TOO_LARGE)
        if self.total[slot] >= 0 and high > self.total[slot]:
            return self._give_up(slot, OVERLAPPING)
        if self._place(slot, low, high) == 0:
            return 0
        if not more:
            if self.total[slot] >= 0 or self._highest(slot) > high:
                return self._give_up(slot, OVERLAPPING)
            self.total[slot] = high
        if low == 0:
            self.header[slot] = header
            self.chain_in[slot] = self.chain[k] - at
            self.following[slot] = self.data[self.body_at[k]]
            move(self.memory, slot * SLOT_BYTES, self.data, at, header)
        move(self.memory, slot * SLOT_BYTES + MAX_HEADER + low, self.data, body, high - low)
        return self.pieces[slot] == 1 and self.begin[slot * MAX_PIECES] == 0 and (
            self.stop[slot * MAX_PIECES] == self.total[slot]
        )  # fmt: skip

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _place(self, slot: cython.Py_ssize_t, low: cython.longlong, high: cython.longlong) -> cython.int:
        """Note that bytes ``low`` to ``high`` are there; 0 if they were, or the datagram was given up."""
        base: cython.Py_ssize_t = slot * MAX_PIECES
        count: cython.Py_ssize_t = self.pieces[slot]
        k: cython.Py_ssize_t
        before: cython.Py_ssize_t = -1
        behind: cython.Py_ssize_t = -1
        for k in range(base, base + count):
            if low >= self.begin[k] and high <= self.stop[k]:
                self.counts[REPEATED] += 1
                return 0
            if low < self.stop[k] and high > self.begin[k]:
                return self._give_up(slot, OVERLAPPING)
            if self.stop[k] == low:
                before = k
            if self.begin[k] == high:
                behind = k
        if before >= 0 and behind >= 0:
            self.stop[before] = self.stop[behind]
            self.begin[behind] = self.begin[base + count - 1]
            self.stop[behind] = self.stop[base + count - 1]
            self.pieces[slot] = count - 1
        elif before >= 0:
            self.stop[before] = high
        elif behind >= 0:
            self.begin[behind] = low
        elif count == MAX_PIECES:
            return self._give_up(slot, TOO_LARGE)
        else:
            self.begin[base + count] = low
            self.stop[base + count] = high
            self.pieces[slot] = count + 1
        return 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _highest(self, slot: cython.Py_ssize_t) -> cython.longlong:
        """Where the last piece ends."""
        highest: cython.longlong = 0
        k: cython.Py_ssize_t
        for k in range(slot * MAX_PIECES, slot * MAX_PIECES + self.pieces[slot]):
            if self.stop[k] > highest:
                highest = self.stop[k]
        return highest

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _rebuild(
        self, slot: cython.Py_ssize_t, k: cython.Py_ssize_t, room: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Write the datagram behind what stood before the IP header of this its last fragment."""
        prefix: cython.Py_ssize_t = self.ip_at[k] - self.frame[k]
        header: cython.Py_ssize_t = self.header[slot]
        total: cython.Py_ssize_t = self.total[slot]
        at: cython.Py_ssize_t = room + prefix
        length: cython.Py_ssize_t
        if at + header + total > self.limit:
            self.counts[TOO_LARGE] += 1
            return room
        move(self.data, room, self.data, self.frame[k], prefix)
        move(self.data, at, self.memory, slot * SLOT_BYTES, header)
        move(self.data, at + header, self.memory, slot * SLOT_BYTES + MAX_HEADER, total)
        if self.data[at] >> 4 == 4:
            length = header + total
            self.data[at + 2] = length >> 8
            self.data[at + 3] = length & 0xFF
            self.data[at + 6] = 0
            self.data[at + 7] = 0
        else:
            length = header - 40 + total
            self.data[at + 4] = length >> 8
            self.data[at + 5] = length & 0xFF
            self.data[at + self.chain_in[slot]] = self.following[slot]
        self.counts[REASSEMBLED] += 1
        self.state[k] = REBUILT
        self.frame[k] = room
        self.ip_at[k] = at
        self.end[k] = at + header + total
        return at + header + total
