# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: keeps the bytes of messages that have begun and not ended, until the rest has come.

A side's half of the word SCAN in its flow's row says which slot it holds.  Slots are used in a
ring: when all are taken, the oldest gives way and is counted.  Messages with an anchor have
slots of their own behind the others, and their bytes stand in a ring of bytes.
"""

from __future__ import annotations

from array import array
from mmap import mmap
from typing import Any

from netminedet.sieve import columns as layout

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if not cython.compiled:  # the compiler has this name from the .pxd file
    from netminedet.sieve.found import Found
    from netminedet.sieve.moves import move

KEY1 = cython.declare(cython.Py_ssize_t, layout.KEY1)
SCAN = cython.declare(cython.Py_ssize_t, layout.SCAN)
MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)

STASH_SLOTS = cython.declare(cython.Py_ssize_t, layout.STASH_SLOTS)
STASH_SIZE = cython.declare(cython.Py_ssize_t, layout.STASH_SIZE)
ALL_SLOTS = cython.declare(cython.Py_ssize_t, layout.STASH_SLOTS + layout.MESSAGE_SLOTS)
MESSAGE_ROOM = cython.declare(cython.ulonglong, layout.MESSAGE_ROOM)


@cython.final
@cython.cclass
class Stash:
    """Slots with bytes; ``bind`` it to the flow rows whenever they move."""

    # compiled, the attributes' types stand in stash.pxd
    def __init__(self, found: Found) -> None:
        self.rows: Any = array("Q", bytes(8))
        self.found = found
        # memory that costs nothing until it is used
        self.memory = mmap(-1, STASH_SLOTS * STASH_SIZE + MESSAGE_ROOM)
        self.lengths = array("I", bytes(4 * ALL_SLOTS))
        self.key0 = array("Q", bytes(8 * ALL_SLOTS))
        self.key1 = array("Q", bytes(8 * ALL_SLOTS))
        self.next = 0
        # of messages with an anchor: where each begins, and where the next byte goes, counted from the start
        # of all that was ever written to their ring
        self.message_next = STASH_SLOTS
        self.message_at = array("Q", bytes(8 * ALL_SLOTS))
        self.message_end = 0
        self.displaced = 0
        self.too_long = 0

    def bind(self, rows: Any) -> None:
        """Work on these flow rows from now on."""
        self.rows = rows

    def slot_of(self, base: cython.Py_ssize_t, side: cython.int) -> cython.Py_ssize_t:
        """The slot that this direction holds, or -1."""
        slot: cython.Py_ssize_t = ((self.rows[base + SCAN] >> (32 * side + 16)) & 0xFFFF) - 1
        if slot < 0 or slot >= ALL_SLOTS:
            return -1
        if self.key0[slot] != self.rows[base] or self.key1[slot] != self.rows[base + KEY1] ^ side:
            return -1  # the ring came round: it is another flow's now
        if slot >= STASH_SLOTS and self.message_end - self.message_at[slot] > MESSAGE_ROOM:
            self.displaced += 1  # its bytes were written over
            self.free(slot)
            return -1
        return slot

    def place(self, slot: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Where in ``memory`` the slot's bytes begin."""
        if slot < STASH_SLOTS:
            return slot * STASH_SIZE
        return STASH_SLOTS * STASH_SIZE + self.message_at[slot] % MESSAGE_ROOM

    def begin_message(self, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """A slot of those for messages with an anchor, instead of one that the direction may hold."""
        self.drop(base, side)
        self._new_slot(base, side, True)
        return 0

    def has_room(self, base: cython.Py_ssize_t, side: cython.int, more: cython.Py_ssize_t) -> cython.int:
        """Whether the direction holds a slot, and so many bytes more fit into it."""
        slot: cython.Py_ssize_t = self.slot_of(base, side)
        return slot >= 0 and self.lengths[slot] + more <= STASH_SIZE

    def keep(
        self,
        data: cython.uchar[::1],
        base: cython.Py_ssize_t,
        side: cython.int,
        start: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        goes_on: cython.bint,
    ) -> cython.int:
        """Keep ``data[start:end]``, behind what is kept already if the message ``goes_on``."""
        slot: cython.Py_ssize_t = self.slot_of(base, side)
        at: cython.Py_ssize_t
        if slot < 0:
            if goes_on:
                return 0  # its beginning was given up before
            slot = self._new_slot(base, side, False)
        elif not goes_on:
            self.lengths[slot] = 0
        if self.lengths[slot] + (end - start) > STASH_SIZE:
            self.too_long += 1
            self.free(slot)
            return 0
        if slot >= STASH_SLOTS:
            self._make_room(slot, end - start)
        at = self.place(slot) + self.lengths[slot]
        self.lengths[slot] += end - start
        return move(self.memory, at, data, start, end - start)

    def take(self, slot: cython.Py_ssize_t, hit: cython.Py_ssize_t) -> cython.int:
        """Show what the slot keeps before the bytes of the hit."""
        return self.found.put_before(hit, self.memory, self.place(slot), self.lengths[slot])

    def drop(self, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """What the direction keeps is not wanted any more."""
        slot: cython.Py_ssize_t = self.slot_of(base, side)
        if slot >= 0:
            self.free(slot)
        return 0

    def free(self, slot: cython.Py_ssize_t) -> cython.int:
        self.lengths[slot] = 0
        self.key1[slot] = 0  # no flow's: the low byte of a key is never 0
        return 0

    def _new_slot(
        self, base: cython.Py_ssize_t, side: cython.int, has_anchor: cython.bint
    ) -> cython.Py_ssize_t:
        slot: cython.Py_ssize_t = self.message_next if has_anchor else self.next
        shift: cython.int = 32 * side + 16
        keep: cython.ulonglong = MASK ^ (cython.cast(cython.ulonglong, 0xFFFF) << shift)
        if has_anchor:
            self.message_next = slot + 1 if slot + 1 < ALL_SLOTS else STASH_SLOTS
        else:
            self.next = slot + 1 if slot + 1 < STASH_SLOTS else 0
        if self.lengths[slot]:
            self.displaced += 1
        self.lengths[slot] = 0
        self.message_at[slot] = self.message_end
        self.key0[slot] = self.rows[base]
        self.key1[slot] = self.rows[base + KEY1] ^ side
        self.rows[base + SCAN] = (self.rows[base + SCAN] & keep) | (
            cython.cast(cython.ulonglong, slot + 1) << shift
        )
        return slot

    def _make_room(self, slot: cython.Py_ssize_t, more: cython.Py_ssize_t) -> cython.int:
        """Let ``more`` bytes follow those of a message: where others have come behind it, it moves."""
        length: cython.ulonglong = self.lengths[slot]
        start: cython.ulonglong = self.message_at[slot]
        source: cython.Py_ssize_t = self.place(slot)
        target: cython.Py_ssize_t
        if start + length != self.message_end:
            start = self.message_end
        if start % MESSAGE_ROOM + length + more > MESSAGE_ROOM:
            start += MESSAGE_ROOM - start % MESSAGE_ROOM
        self.message_at[slot] = start
        self.message_end = start + length + more
        target = self.place(slot)
        if target != source:
            move(self.memory, target, self.memory, source, self.lengths[slot])
        return 0
