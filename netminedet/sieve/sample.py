"""Kernel: what a sample of the TCP flows says of packets that never came, or came twice.

A flow in ``1 << SAMPLE_BITS`` is followed, chosen by its key under a secret seed, in a table of fixed size in
which the newer flow takes the place of the older.  Of each side is kept the highest sequence number that was
seen.  What the other side acknowledges beyond it was sent and not seen: lost between the wire and us
(Zeek's capture_loss asks the same question).  Of a flow of which one side was never seen nothing can be
said; such flows are counted as one-sided.  A segment with payload that has the same numbers and the same IP
identification as the one before of its side, within ``TWIN_NS``, is a copy by the mirror, not one that was
sent again: TCP waits longer for that.
"""

# mypy: allow-untyped-decorators, no-warn-return-any

from __future__ import annotations

from array import array

from netminedet.model import Batch
from netminedet.sieve.columns import Columns

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython

#: One flow in 2**SAMPLE_BITS is followed, and so many at a time.
SAMPLE_BITS = cython.declare(cython.int, 4)
SAMPLE_SLOTS = cython.declare(cython.ulonglong, 4096)
#: Packets of a flow before it says anything about one-sidedness.
TELLING_PACKETS = cython.declare(cython.ulonglong, 8)
#: Two packets alike within this time are copies.
TWIN_NS = cython.declare(cython.longlong, 5_000_000)
#: A sequence number farther off than this is no gap: the flow's numbers began anew, or are forged.
REACH = cython.declare(cython.ulonglong, 1 << 24)

MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
POSITIVE = cython.declare(cython.longlong, 0x7FFFFFFFFFFFFFFF)
HALF = cython.declare(cython.ulonglong, 0x80000000)
LOW = cython.declare(cython.ulonglong, 0xFFFFFFFF)
MIX = cython.declare(cython.ulonglong, 0xD6E8FEB86659FD93)

# A slot: key (2 words), packets of each side, whether each side's next number is known, next numbers,
# and of each side the latest segment: its numbers, its identification, its time.
_PACKETS = cython.declare(cython.Py_ssize_t, 2)
_HAVE = cython.declare(cython.Py_ssize_t, 4)
_NEXT = cython.declare(cython.Py_ssize_t, 6)
_NUMBERS = cython.declare(cython.Py_ssize_t, 8)
_TIME = cython.declare(cython.Py_ssize_t, 10)
_EXTRA = cython.declare(cython.Py_ssize_t, 12)
_WORDS = cython.declare(cython.Py_ssize_t, 14)

COUNTERS = (
    "sampled_segments",
    "sampled_bytes_acknowledged",
    "sampled_bytes_unseen",
    "sampled_segments_twice",
    "sampled_flows",
    "sampled_flows_one_sided",
)
_SEGMENTS = cython.declare(cython.Py_ssize_t, 0)
_ACKNOWLEDGED = cython.declare(cython.Py_ssize_t, 1)
_UNSEEN = cython.declare(cython.Py_ssize_t, 2)
_TWICE = cython.declare(cython.Py_ssize_t, 3)
_FLOWS = cython.declare(cython.Py_ssize_t, 4)
_ONE_SIDED = cython.declare(cython.Py_ssize_t, 5)

_SYN = cython.declare(cython.uint, 2)
_RST = cython.declare(cython.uint, 4)
_ACK = cython.declare(cython.uint, 16)


@cython.cclass
class Sampler:
    """Follows the sample through the columns.  ``seed``: a secret 64-bit word."""

    slots: cython.ulonglong[::1]
    counts: cython.ulonglong[::1]
    key0: cython.ulonglong[::1]
    key1: cython.ulonglong[::1]
    proto: cython.uint[::1]
    side: cython.uint[::1]
    ip_at: cython.uint[::1]
    payload_len: cython.uint[::1]
    segment_len: cython.uint[::1]
    seq: cython.uint[::1]
    tcp_flags: cython.uint[::1]
    seed: cython.ulonglong

    def __init__(self, columns: Columns, seed: int) -> None:
        self.slots = array("Q", bytes(8)) * (int(SAMPLE_SLOTS) * int(_WORDS))
        self.counts = array("Q", bytes(8 * len(COUNTERS)))
        self.key0, self.key1, self.proto = columns.key0, columns.key1, columns.proto
        self.side, self.ip_at, self.tcp_flags = columns.side, columns.ip_at, columns.tcp_flags
        self.payload_len, self.segment_len = columns.payload_len, columns.segment_len
        self.seq = columns.seq
        self.seed = seed

    def counters(self) -> dict[str, int]:
        """What the sample showed so far."""
        return {name: self.counts[i] for i, name in enumerate(COUNTERS)}

    def run(self, batch: Batch, low: cython.Py_ssize_t, high: cython.Py_ssize_t) -> None:
        """Look at the packets of a chunk that belong to the sample."""
        data: cython.uchar[::1] = batch.data
        size: cython.Py_ssize_t = len(batch.data)
        time_ns: cython.longlong[::1] = batch.time_ns
        column: cython.Py_ssize_t
        mixed: cython.ulonglong
        most: cython.ulonglong = (1 << SAMPLE_BITS) - 1
        with cython.nogil:
            for column in range(high - low):
                if self.proto[column] != 6:
                    continue
                mixed = ((self.key0[column] ^ self.seed) * MIX) & MASK
                mixed = ((mixed ^ (mixed >> 32) ^ self.key1[column]) * MIX) & MASK
                if (mixed >> 60) & most == 0:
                    self._follow(
                        data, size, column, (mixed >> 20) & (SAMPLE_SLOTS - 1), time_ns[low + column]
                    )

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _follow(
        self,
        data: cython.uchar[::1],
        size: cython.Py_ssize_t,
        column: cython.Py_ssize_t,
        slot: cython.ulonglong,
        now: cython.longlong,
    ) -> cython.int:
        at: cython.Py_ssize_t = slot * _WORDS
        i: cython.Py_ssize_t
        side: cython.Py_ssize_t = self.side[column]
        ip: cython.Py_ssize_t = self.ip_at[column]
        is_ip4: cython.bint = data[ip] >> 4 == 4
        tcp: cython.Py_ssize_t = ip + ((data[ip] & 15) * 4 if is_ip4 else 40)
        flags: cython.uint = self.tcp_flags[column]
        if not is_ip4 and data[ip + 6] != 6:  # behind extension headers: not worth the walk
            return 0
        if tcp + 20 > size or flags & _RST:
            return 0
        if self.slots[at] != self.key0[column] or self.slots[at + 1] != self.key1[column]:
            for i in range(_WORDS):
                self.slots[at + i] = 0
            self.slots[at] = self.key0[column]
            self.slots[at + 1] = self.key1[column]
        self.counts[_SEGMENTS] += 1
        self._count_sides(at, side)
        if self._is_twin(data, column, at, ip, tcp, now):
            self.counts[_TWICE] += 1
        self._sent(column, at + side)
        if flags & _ACK and not flags & _SYN:
            self._acknowledged(data, at + 1 - side, tcp)
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _count_sides(self, at: cython.Py_ssize_t, side: cython.Py_ssize_t) -> cython.int:
        """A flow tells once, at its so-manieth packet, whether both its sides were seen; should the other
        side still come, it was not one-sided."""
        other: cython.ulonglong = self.slots[at + _PACKETS + 1 - side]
        mine: cython.ulonglong = self.slots[at + _PACKETS + side] + 1
        self.slots[at + _PACKETS + side] = mine
        if mine + other == TELLING_PACKETS:
            self.counts[_FLOWS] += 1
            if other == 0:
                self.counts[_ONE_SIDED] += 1
        elif mine == 1 and other >= TELLING_PACKETS:
            self.counts[_ONE_SIDED] -= 1
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _is_twin(
        self,
        data: cython.uchar[::1],
        column: cython.Py_ssize_t,
        at: cython.Py_ssize_t,
        ip: cython.Py_ssize_t,
        tcp: cython.Py_ssize_t,
        now: cython.longlong,
    ) -> cython.bint:
        side: cython.Py_ssize_t = self.side[column]
        numbers: cython.ulonglong = self.seq[column]
        extra: cython.ulonglong = self.segment_len[column]
        i: cython.Py_ssize_t
        before: cython.longlong
        for i in range(4):
            numbers = (numbers << 8 | data[tcp + 8 + i]) & MASK
        if data[ip] >> 4 == 4:
            extra = extra << 16 | (data[ip + 4] << 8 | data[ip + 5])
        before = self.slots[at + _TIME + side]
        twin: cython.bint = (
            self.payload_len[column] > 0
            and numbers == self.slots[at + _NUMBERS + side]
            and extra == self.slots[at + _EXTRA + side]
            and -TWIN_NS < now - before < TWIN_NS
        )
        self.slots[at + _NUMBERS + side] = numbers
        self.slots[at + _EXTRA + side] = extra
        self.slots[at + _TIME + side] = now & POSITIVE
        return twin

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _sent(self, column: cython.Py_ssize_t, at: cython.Py_ssize_t) -> cython.int:
        """Move the side's next number on; ``at``: the slot and the side."""
        end: cython.ulonglong = (self.seq[column] + self.segment_len[column]) & LOW
        if self.tcp_flags[column] & 3:  # SYN and FIN take a number each
            end = (end + 1) & LOW
        ahead: cython.ulonglong = (end - self.slots[at + _NEXT]) & LOW
        if self.tcp_flags[column] & _SYN:
            self.slots[at + _HAVE] = 0
        if self.slots[at + _HAVE] == 0 or ahead < HALF:
            self.slots[at + _NEXT] = end
            self.slots[at + _HAVE] |= 1
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _acknowledged(
        self, data: cython.uchar[::1], at: cython.Py_ssize_t, tcp: cython.Py_ssize_t
    ) -> cython.int:
        """The other side, whose numbers are at ``at``, is told what of it has arrived."""
        number: cython.ulonglong = 0
        i: cython.Py_ssize_t
        ahead: cython.ulonglong
        if self.slots[at + _HAVE] == 0:
            return 0
        for i in range(4):
            number = number << 8 | data[tcp + 8 + i]
        # _EXTRA and _NUMBERS are of segments; how far this side was acknowledged before is in the high
        # half of _HAVE, its mark in the low bit.
        before: cython.ulonglong = self.slots[at + _HAVE] >> 32
        known: cython.bint = self.slots[at + _HAVE] & 2 != 0
        ahead = (number - before) & LOW
        if known and 0 < ahead < REACH:
            self.counts[_ACKNOWLEDGED] += ahead
        if not known or ahead < HALF:
            self.slots[at + _HAVE] = number << 32 | 3
        ahead = (number - self.slots[at + _NEXT]) & LOW
        if 0 < ahead < REACH:
            if known:
                self.counts[_UNSEEN] += ahead
            self.slots[at + _NEXT] = number
        return 0
