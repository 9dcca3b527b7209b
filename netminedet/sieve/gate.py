# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: which JSON objects cannot be messages that a signature knows, whatever literal stands in them.

An anchor is only a literal: logs, chats and ordinary calls quote it, or use the same word in
another place.  What a signature recognises has its verb, or a key that tells, at the top of
the object (see ``signatures.matcher``).  So an object that has neither there is passed over
before anything leaves the sieve; a flood of such objects costs little more than other
traffic.  Ordinary calls have some verbs of mining too, "login" above all: an object with one is
passed over where it lacks, at every level, a key that each signature with that verb needs.
The gate only ever says "certainly not": of what is cut, escaped or oddly written it says
nothing, and the parsers decide.

Nor is an object a message that is nested deeper than any message and any parser goes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping

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
#: A verb: from here on they are numbered.
VERBS = cython.declare(cython.uint, 3)
#: Bytes put behind a key, and before its verb or behind a key that verbs need: one table has all three.
BEFORE_VERB = cython.declare(cython.ulonglong, 0)
NEEDED = cython.declare(cython.ulonglong, 1)
#: Keys that verbs may need, as bits; further ones are not asked for.
MAX_NEEDED = 64
#: Instead of the number of a needed key: nobody knows how parsers read it.
UNSURE = cython.declare(cython.uint, 1000)
#: Levels of a message; those of the dialects known have six at most.
MAX_DEPTH = cython.declare(cython.Py_ssize_t, layout.MAX_DEPTH)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-1, check=False)
def _after_space(data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Where the next byte stands that is no white space (RFC 8259 section 2), or ``end``."""
    while at < end and (data[at] == 0x20 or data[at] == 0x0A or data[at] == 0x0D or data[at] == 0x09):
        at += 1
    return at


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _after_text(data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Behind the quote that ends the text at ``at``; 0 where none does before ``end``."""
    while at < end:
        if data[at] == 0x22:
            return at + 1
        at += 2 if data[at] == 0x5C else 1
    return 0


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _after_nested(
    data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t, most: cython.Py_ssize_t
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
    """``telling``: keys that alone may make a message; ``verbs``: by (key, value) that may, the keys that the
    object needs besides, once for each signature: all of one of these sets."""

    # compiled, the attributes' types stand in gate.pxd
    def __init__(
        self, telling: Iterable[str], verbs: Mapping[tuple[str, str], Iterable[frozenset[str]]]
    ) -> None:
        needed = sorted({key for sets in verbs.values() for keys in sets for key in keys})[:MAX_NEEDED]
        bits = {key: 1 << number for number, key in enumerate(needed)}
        kinds = {layout.text_hash(key.encode() + b"\1"): number + 1 for number, key in enumerate(needed)}
        first, masks = [0], []
        for number, ((key, verb), sets) in enumerate(sorted(verbs.items())):
            kinds[layout.text_hash(key.encode() + b"\0" + verb.encode())] = int(VERBS) + number
            kinds[layout.text_hash(key.encode())] = int(HOLDS_VERB)
            masks += [sum(bits.get(one, 0) for one in keys) for keys in sets]
            first.append(len(masks))
        kinds.update((layout.text_hash(key.encode()), int(TELLS)) for key in telling)
        # the number of the verb that was met last
        self.verb = 0
        self.first = array("I", first)
        self.masks = array("Q", masks or [0])
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
        data: cython.uchar[::1],
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
        self, data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Where the object that begins at ``data[at]`` becomes deeper than a message; 0 where it does not."""
        behind: cython.Py_ssize_t = _after_nested(data, at, end, MAX_DEPTH)
        return -behind if behind < 0 else 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _object(
        self, data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Behind the object that begins at ``at``; 0 where nothing certain can be said of it."""
        key: cython.ulonglong
        start: cython.Py_ssize_t = at
        has_verb: cython.bint = False
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
            if at < 0:
                at = -at
                # a second verb is left to the parsers: each takes a look at the whole object
                if has_verb or not self._lacks(data, start, end):
                    return 0
                has_verb = True
            if at == 0:
                return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _value(
        self, data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t, key: cython.ulonglong
    ) -> cython.Py_ssize_t:
        """Behind the value of ``key`` that begins at ``at``; 0 where the two may make a message.

        Negative, the place behind it, where the two are a verb: ``verb`` is its number then.
        """
        kind: cython.uint = self._kind(key)
        verb: cython.ulonglong = ((key ^ BEFORE_VERB) * HASH_STEP) & MASK
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
        if at >= end:
            return 0
        kind = self._kind(verb) if kind == HOLDS_VERB else NOTHING
        if kind < VERBS:
            return at + 1
        self.verb = kind - VERBS
        return -at - 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _lacks(self, data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """Whether the object at ``at`` lacks, for each signature with the verb ``verb``, a key that it needs.

        Not of one that does not end before ``end``, or has a key with an escape or a space at an end of it.
        """
        depth: cython.Py_ssize_t = 0
        found: cython.ulonglong = 0
        first: cython.Py_ssize_t
        colon: cython.Py_ssize_t
        i: cython.Py_ssize_t
        needed: cython.uint
        byte: cython.int
        while True:
            if at >= end:
                return 0
            byte = data[at]
            at += 1
            if byte == 0x22:
                first = at
                at = _after_text(data, at, end)
                if at == 0:
                    return 0
                colon = _after_space(data, at, end)
                if colon < end and data[colon] == 0x3A:
                    needed = self._needed(data, first, at - 1)
                    if needed == UNSURE:
                        return 0
                    if needed != NOTHING:
                        found |= cython.cast(cython.ulonglong, 1) << (needed - 1)
            elif byte == 0x7B or byte == 0x5B:
                depth += 1
            elif byte == 0x7D or byte == 0x5D:
                depth -= 1
                if depth <= 0:
                    break
        for i in range(self.first[self.verb], self.first[self.verb + 1]):
            if self.masks[i] & ~found == 0:
                return 0
        return 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(0)
    def _needed(self, data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.uint:
        """The number of the needed key that stands in ``data[at:end]``, from 1; NOTHING for another key."""
        key: cython.ulonglong = HASH_START
        if at < end and (data[at] == 0x20 or data[end - 1] == 0x20):
            return UNSURE
        while at < end:
            if data[at] == 0x5C:
                return UNSURE
            key = ((key ^ data[at]) * HASH_STEP) & MASK
            at += 1
        return self._kind(((key ^ NEEDED) * HASH_STEP) & MASK)

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
