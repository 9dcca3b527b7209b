# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: flights that are known by their first bytes: openers of signatures, SOCKS, Stratum V2, coin nodes.

Where these come in several segments, they are kept in the stash until they tell.
"""

from __future__ import annotations

from netminedet.sieve import automaton
from netminedet.sieve import columns as layout
from netminedet.sieve.columns import Columns
from netminedet.sieve.openers import Openers

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if not cython.compiled:  # the compiler has these names from the .pxd file
    from netminedet.sieve.found import Found
    from netminedet.sieve.shapes import (
        begins_head,
        lacks_socks4,
        lacks_socks5,
        like_hello,
        like_key,
        like_setup,
        peer_shape,
    )
    from netminedet.sieve.stash import Stash

PEER = cython.declare(cython.int, layout.PEER)
SOCKS_REQUEST = cython.declare(cython.int, layout.SOCKS_REQUEST)
IN_ORDER = cython.declare(cython.int, layout.CONTEXT_IN_ORDER)
CLOSED = cython.declare(cython.uint, automaton.CLOSED)
OPEN = cython.declare(cython.uint, automaton.OPEN)
IN_HELLO = cython.declare(cython.uint, layout.IN_HELLO)
#: Bytes that tell a ClientHello: the record's head, and the type of the message in it.
HELLO_BYTES = cython.declare(cython.Py_ssize_t, 6)
IN_OPENING = cython.declare(cython.uint, layout.IN_OPENING)
FOUND = cython.declare(cython.uint, layout.FOUND)
UNTOLD = cython.declare(cython.uint, layout.UNTOLD)
FLAGS = cython.declare(cython.Py_ssize_t, layout.FLAGS_PACKETS)
TUNNEL_ASKED = cython.declare(cython.ulonglong, layout.TUNNEL_ASKED)
KEY_BYTES = cython.declare(cython.Py_ssize_t, layout.KEY_BYTES)
OLD_KEY_BYTES = cython.declare(cython.Py_ssize_t, layout.OLD_KEY_BYTES)
SETUP_BYTES = cython.declare(cython.Py_ssize_t, layout.SETUP_BYTES)


@cython.final
@cython.cclass
class Openings:
    """``openers``: the literals that signatures and coin nodes begin with; whether nodes are asked for."""

    # compiled, the attributes' types stand in openings.pxd
    def __init__(
        self, columns: Columns, openers: Openers, peers_wanted: bool, found: Found, stash: Stash
    ) -> None:
        self.look_for(openers)
        self.peers_wanted = peers_wanted
        self.payload_at = columns.payload_at
        self.payload_len = columns.payload_len
        self.found = found
        self.stash = stash

    def look_for(self, openers: Openers) -> None:
        """Know flights by these literals from now on."""
        self.first = openers.first
        self.places = openers.at
        self.text = openers.text
        self.peers = openers.peers

    def opens(
        self,
        data: cython.uchar[::1],
        column: cython.Py_ssize_t,
        context: cython.int,
        opens_flow: cython.bint,
    ) -> cython.int:
        """Whether the flight begins with an opener of a signature; what a coin node says becomes a hit."""
        start: cython.Py_ssize_t = self.payload_at[column]
        end: cython.Py_ssize_t = start + self.payload_len[column]
        i: cython.Py_ssize_t
        length: cython.Py_ssize_t
        first: cython.int = data[start]
        for i in range(self.first[first], self.first[first + 1]):
            length = self.places[i + 1] - self.places[i]
            if length > end - start or self._agreeing(data, start, end, i) < length:
                continue
            if length < end - start and data[start + length] == 0x22:
                continue  # a key of JSON, cut where it begins
            if not self.peers[i]:
                return 1
            self.found.add(PEER, column, start, end - start, context)
            return 0
        if self.peers_wanted and opens_flow and peer_shape(data, start, end):
            self.found.add(PEER, column, start, end - start, context)
        return 0

    def begin(
        self,
        data: cython.uchar[::1],
        column: cython.Py_ssize_t,
        base: cython.Py_ssize_t,
        side: cython.int,
        context: cython.int,
        opens_flow: cython.bint,
    ) -> cython.uint:
        """The first segment of a flight: FOUND where an opener flags its flow, IN_OPENING where it is kept
        until more has come, UNTOLD where it is not known by its first bytes."""
        start: cython.Py_ssize_t = self.payload_at[column]
        end: cython.Py_ssize_t = start + self.payload_len[column]
        first: cython.int = data[start]
        if (
            first > 5
            and self.first[first] == self.first[first + 1]
            and not self.peers_wanted
            and not (opens_flow and end - start < KEY_BYTES)
        ):
            return UNTOLD  # as most are: nothing that is known begins with this byte
        if self.opens(data, column, context, opens_flow):
            return FOUND
        if not context & IN_ORDER and not opens_flow:
            return UNTOLD
        if opens_flow and end - start == OLD_KEY_BYTES and like_key(data, start, end):
            return FOUND  # it may be whole
        if begins_head(data, start, end) or not self._begun(data, start, end, opens_flow):
            return UNTOLD
        self.stash.keep(data, base, side, start, end, False)
        return IN_OPENING

    def go_on(
        self,
        data: cython.uchar[::1],
        column: cython.Py_ssize_t,
        base: cython.Py_ssize_t,
        side: cython.int,
        context: cython.int,
    ) -> cython.uint:
        """Put the segment behind the flight's first bytes: IN_OPENING where that is not enough yet, IN_HELLO
        where they are a ClientHello's, UNTOLD where the flight is none of those that are known by them."""
        start: cython.Py_ssize_t = self.payload_at[column]
        end: cython.Py_ssize_t = start + self.payload_len[column]
        slot: cython.Py_ssize_t
        at: cython.Py_ssize_t
        kept_end: cython.Py_ssize_t
        self.stash.keep(data, base, side, start, end, True)
        slot = self.stash.slot_of(base, side)
        if slot < 0:
            return UNTOLD
        at = self.stash.place(slot)
        kept_end = at + self.stash.lengths[slot]
        if self._begun(self.stash.memory, at, kept_end, True):  # it opened its flow, if that matters
            return IN_OPENING
        if self.stash.memory[at] == 4 or self.stash.memory[at] == 5:
            self.stash.take(slot, self.found.add(SOCKS_REQUEST, column, start, 0, context))
            self.stash.rows[base + FLAGS] |= TUNNEL_ASKED
            self.stash.free(slot)
            return CLOSED
        if like_hello(self.stash.memory, at, kept_end):
            return IN_HELLO
        if self._is_whole(self.stash.memory, at, kept_end):
            self.stash.lengths[slot] -= end - start
            return FOUND | OPEN
        self.stash.free(slot)
        return UNTOLD

    def _begun(
        self, data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t, opens_flow: cython.bint
    ) -> cython.int:
        """Whether a flight that is known by its first bytes may go on so: more of it is needed to tell."""
        i: cython.Py_ssize_t
        first: cython.int = data[at]
        if first == 0:
            return opens_flow and end - at < SETUP_BYTES and like_setup(data, at, end)
        if first == 0x16 and end - at < HELLO_BYTES:
            return opens_flow and like_hello(data, at, end)
        if first == 4:
            return lacks_socks4(data, at, end)
        if first == 5:
            return lacks_socks5(data, at, end)
        for i in range(self.first[first], self.first[first + 1]):
            if self.places[i + 1] - self.places[i] <= end - at or self.peers[i]:
                continue
            if self._agreeing(data, at, end, i) == end - at:
                return 1
        return opens_flow and end - at < KEY_BYTES and like_key(data, at, end)

    def _is_whole(self, data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """Whether what had ``begun`` begins as Stratum V2, clear or encrypted, or with an opener now."""
        i: cython.Py_ssize_t
        length: cython.Py_ssize_t
        first: cython.int = data[at]
        if first == 0:
            return end - at >= SETUP_BYTES and like_setup(data, at, end)
        for i in range(self.first[first], self.first[first + 1]):
            length = self.places[i + 1] - self.places[i]
            if length > end - at or self.peers[i]:
                continue
            if self._agreeing(data, at, end, i) == length:
                return 1
        return end - at == KEY_BYTES and like_key(data, at, end)

    def _agreeing(
        self,
        data: cython.uchar[::1],
        at: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        literal: cython.Py_ssize_t,
    ) -> cython.Py_ssize_t:
        """How many bytes are those of the literal, of which the first is known to be."""
        text: cython.Py_ssize_t = self.places[literal]
        length: cython.Py_ssize_t = self.places[literal + 1] - text
        k: cython.Py_ssize_t = 1
        while k < length and at + k < end and data[at + k] == self.text[text + k]:
            k += 1
        return k
