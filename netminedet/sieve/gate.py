# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: which JSON objects cannot be messages that a signature knows, whatever literal stands in them.

An anchor is only a literal: logs, chats and ordinary calls quote it, or use the same word in
another place.  What a signature recognises has its verb, or a key that tells, at the top of
the object (see ``signatures.matcher``).  So an object that has neither there is passed over
before anything leaves the sieve; a flood of such objects costs little more than other
traffic.  The gate only ever says "certainly not": of what is cut, escaped or oddly written
it says nothing, and the parsers decide.

Nor is an object a message that is nested deeper than any message and any parser goes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from netminedet.sieve import columns as layout

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython

MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
HASH_START = cython.declare(cython.ulonglong, layout.HASH_START)
HASH_STEP = cython.declare(cython.ulonglong, layout.HASH_STEP)

NOTHING = cython.declare(cython.uint, 0)
#: The key alone may make a message.
TELLS = cython.declare(cython.uint, 1)
#: The key holds a verb: which one decides.
HOLDS_VERB = cython.declare(cython.uint, 2)
#: Levels of a message; those of the dialects known have six at most.
MAX_DEPTH = cython.declare(cython.Py_ssize_t, layout.MAX_DEPTH)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-1, check=False)
def _after_space(data: cython.uchar[:], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Where the next byte stands that is no white space (RFC 8259 section 2), or ``end``."""
    while at < end and (data[at] == 0x20 or data[at] == 0x0A or data[at] == 0x0D or data[at] == 0x09):
        at += 1
    return at


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _after_nested(
    data: cython.uchar[:], at: cython.Py_ssize_t, end: cython.Py_ssize_t, most: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    """Behind the object or array that begins at ``at``; 0 where it does not end before ``end``.

    Where it has more levels than ``most``: negative, the place behind the bracket that opens one too many.
    """
    depth: cython.Py_ssize_t = 0
    in_text: cython.bint = False
    byte: cython.int
    while at < end:
        byte = data[at]
        at += 1
        if in_text:
            if byte == 0x5C:
                at += 1
            elif byte == 0x22:
                in_text = False
        elif byte == 0x22:
            in_text = True
        elif byte == 0x7B or byte == 0x5B:
            depth += 1
            if depth > most:
                return -at
        elif byte == 0x7D or byte == 0x5D:
            depth -= 1
            if depth <= 0:
                return at
    return 0


@cython.final
@cython.cclass
class Gate:
    """``telling``: keys that alone may make a message; ``verbs``: (key, value) that may."""

    # compiled, the attributes' types stand in gate.pxd
    def __init__(self, telling: Iterable[str], verbs: Iterable[tuple[str, str]]) -> None:
        kinds: dict[int, int] = {}
        for key, verb in verbs:
            kinds[layout.text_hash(key.encode() + b"\0" + verb.encode())] = 1
            kinds[layout.text_hash(key.encode())] = 2
        kinds.update((layout.text_hash(key.encode()), 1) for key in telling)
        size = 1 << max(4, (4 * len(kinds)).bit_length())
        self.mask = size - 1
        self.hashes = array("Q", bytes(8 * size))
        self.kinds = array("I", bytes(4 * size))
        for value, kind in kinds.items():
            self._put(value, kind)

    def _put(self, value: cython.ulonglong, kind: cython.uint) -> None:
        slot: cython.ulonglong = value & self.mask
        while self.kinds[slot] != NOTHING:
            slot = (slot + 1) & self.mask
        self.hashes[slot] = value
        self.kinds[slot] = kind

    @cython.ccall
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def passes_over(
        self,
        data: cython.uchar[:],
        at: cython.Py_ssize_t,
        anchor: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
    ) -> cython.Py_ssize_t:
        """Where to go on behind the objects from ``data[at]`` up to the one that holds the place ``anchor``.

        0 where one of them may be a message, does not end before ``end``, or is not followed
        by the next one.
        """
        while True:
            at = self._object(data, at, end)
            if at == 0 or at > anchor:
                return at
            at = _after_space(data, at, end)
            if at >= end or data[at] != 0x7B:
                return 0

    @cython.ccall
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def too_deep(
        self, data: cython.uchar[:], at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Where the object that begins at ``data[at]`` becomes deeper than a message; 0 where it does not."""
        behind: cython.Py_ssize_t = _after_nested(data, at, end, MAX_DEPTH)
        return -behind if behind < 0 else 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _object(
        self, data: cython.uchar[:], at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Behind the object that begins at ``at``; 0 where nothing certain can be said of it."""
        key: cython.ulonglong
        at += 1
        while True:
            at = _after_space(data, at, end)
            if at >= end:
                return 0
            if data[at] == 0x7D:
                return at + 1
            if data[at] == 0x2C:
                at += 1
                continue
            if data[at] != 0x22:
                return 0
            at += 1
            key = HASH_START
            if at < end and data[at] == 0x20:
                return 0
            while at < end and data[at] != 0x22:
                if data[at] == 0x5C:
                    return 0
                key = ((key ^ data[at]) * HASH_STEP) & MASK
                at += 1
            if data[at - 1] == 0x20:  # the parsers read keys without spaces around them
                return 0
            at = _after_space(data, at + 1, end)
            if at >= end or data[at] != 0x3A:
                return 0
            at = self._value(data, _after_space(data, at + 1, end), end, key)
            if at == 0:
                return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _value(
        self, data: cython.uchar[:], at: cython.Py_ssize_t, end: cython.Py_ssize_t, key: cython.ulonglong
    ) -> cython.Py_ssize_t:
        """Behind the value of ``key`` that begins at ``at``; 0 where the two may make a message."""
        kind: cython.uint = self._kind(key)
        verb: cython.ulonglong = (key * HASH_STEP) & MASK  # a byte 0 stands between key and verb
        if kind == TELLS or at >= end:
            return 0
        if data[at] == 0x7B or data[at] == 0x5B:
            return _after_nested(data, at, end, end)  # no more levels than bytes
        if data[at] != 0x22:
            while at < end and data[at] != 0x2C and data[at] != 0x7D:
                at += 1
            return at if at < end else 0
        at += 1
        while at < end and data[at] != 0x22:
            if data[at] == 0x5C:
                if kind == HOLDS_VERB:
                    return 0
                at += 1
            elif kind == HOLDS_VERB:
                verb = ((verb ^ data[at]) * HASH_STEP) & MASK
            at += 1
        if at >= end or (kind == HOLDS_VERB and self._kind(verb) != NOTHING):
            return 0
        return at + 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(0)
    def _kind(self, value: cython.ulonglong) -> cython.uint:
        slot: cython.ulonglong = value & self.mask
        while self.kinds[slot] != NOTHING:
            if self.hashes[slot] == value:
                return self.kinds[slot]
            slot = (slot + 1) & self.mask
        return NOTHING
