# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: the set of names that are looked for, as hashes.

A name is hashed from its right end, so that at each dot the hash is that of the labels from
there on: one pass tries the name and every domain that it lies under.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any

from netminedet.sieve import columns as layout

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython

MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
HASH_START = cython.declare(cython.ulonglong, layout.HASH_START)
HASH_STEP = cython.declare(cython.ulonglong, layout.HASH_STEP)
WATCH_SLOTS = cython.declare(cython.Py_ssize_t, layout.WATCH_SLOTS)
ONE = cython.declare(cython.ulonglong, 1)
MATCH_NONE = cython.declare(cython.int, layout.MATCH_NONE)
MATCH_NAME = cython.declare(cython.int, layout.MATCH_NAME)
MATCH_ABOVE = cython.declare(cython.int, layout.MATCH_ABOVE)
NAME_SIZE = cython.declare(cython.Py_ssize_t, layout.NAME_SIZE)


def name_hash(name: bytes) -> int:
    """The hash of a lower-case name, from its last byte to its first."""
    value = int(HASH_START)
    for byte in reversed(name):
        value = ((value ^ byte) * int(HASH_STEP)) & 0xFFFFFFFFFFFFFFFF
    return value


def name_table(names: Iterable[str]) -> array[int]:
    """An open-addressing set of hashes: a power of two of words, at most a quarter full.

    In it are the names, marked by the lowest bit, and the domains above them: a name that lies
    under none of these can be given up at its second label or so.
    """
    listed = {name.encode("ascii") for name in names}
    above = {name[at + 1 :] for name in listed for at in range(len(name)) if name[at] == 0x2E}
    marked = {name_hash(name) | 1 for name in listed}
    ways = {name_hash(name) & ~1 for name in above}
    size = 16
    while size < 4 * (len(marked) + len(ways)):
        size *= 2
    table = array("Q", bytes(8 * size))
    for value in sorted(marked | ways):
        at = (value >> 1) & (size - 1)
        while table[at]:
            at = (at + 1) & (size - 1)
        table[at] = value
    return table


def put_into(table: array[int], value: int) -> None:
    """Add a value to an open-addressing set that is never full."""
    at = value & (len(table) - 1)
    while table[at] and table[at] != value:
        at = (at + 1) & (len(table) - 1)
    table[at] = value


@cython.final
@cython.cclass
class NameSet:
    """``table``: by ``name_table``.  One name at a time is written into ``name``, and then asked for."""

    # compiled, the attributes' types stand in listed.pxd
    def __init__(self, table: array[int]) -> None:
        self.look_for(table)
        self.name: Any = bytearray(NAME_SIZE)
        self.watched_names: Any = array("Q", bytes(8 * WATCH_SLOTS))
        self.watching = False

    def look_for(self, table: array[int]) -> None:
        """Look for the names in this table from now on; what is watched stays so."""
        self.table: Any = table
        self.table_mask = len(table) - 1

    def watch(self, value: cython.ulonglong) -> None:
        """Look from now on for the name with this hash (``name_hash``), too: the very name only."""
        put_into(self.watched_names, value)
        self.watching = True

    def listed(self, length: cython.Py_ssize_t) -> cython.int:
        """MATCH_NAME when the scratch name, or a domain it lies under, is in the set."""
        i: cython.Py_ssize_t = length
        value: cython.ulonglong = HASH_START
        found: cython.int
        while i > 0:
            i -= 1
            value = ((value ^ self.name[i]) * HASH_STEP) & MASK
            if i == 0 or self.name[i - 1] == 0x2E:
                found = self.probe(value)
                if found != MATCH_ABOVE:
                    return found
        return self.watched(value) if length else MATCH_NONE

    def probe(self, value: cython.ulonglong) -> cython.int:
        """MATCH_NAME for the hash of a name in the set, MATCH_ABOVE where names may lie under it."""
        slot: cython.ulonglong = (value >> 1) & self.table_mask
        found: cython.int = MATCH_ABOVE if self.watching else MATCH_NONE
        while self.table[slot]:
            if self.table[slot] == value | 1:
                return MATCH_NAME
            if self.table[slot] == value & ~ONE:
                found = MATCH_ABOVE
            slot = (slot + 1) & self.table_mask
        return found

    def watched(self, value: cython.ulonglong) -> cython.int:
        """MATCH_NAME for the hash of a name that is watched."""
        slot: cython.ulonglong = value & (WATCH_SLOTS - 1)
        while self.watching and self.watched_names[slot]:
            if self.watched_names[slot] == value:
                return MATCH_NAME
            slot = (slot + 1) & (WATCH_SLOTS - 1)
        return MATCH_NONE

    def put(self, i: cython.Py_ssize_t, byte: cython.int) -> cython.int:
        """Write a byte of the scratch name, in lower case."""
        self.name[i] = byte + 0x20 if 0x41 <= byte <= 0x5A else byte
        return 0
