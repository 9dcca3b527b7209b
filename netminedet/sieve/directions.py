# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: follows each TCP direction, and has its segments looked at in their order.

A segment that comes too early is searched by itself at once and kept in a *reorder* slot;
when what is missing has come, it is searched again behind it, so that a message cut there is
seen.  A hole is given up when too many wait.  A segment far from what is expected moves the
direction only together with a second one that follows on it, and a SYN only with payload at
its number: then it is a new connection.  RST is not heeded, and has no payload.
"""

from __future__ import annotations

from array import array
from typing import Any

from netminedet.model import Batch
from netminedet.sieve import automaton as automaton_module
from netminedet.sieve import columns as layout
from netminedet.sieve.automaton import Automaton
from netminedet.sieve.columns import Columns, Hits
from netminedet.sieve.openers import Openers

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if cython.compiled:  # the compiler has the names of the other branch from the .pxd file
    from cython.cimports.netminedet.sieve.gate import Gate
else:
    from netminedet.sieve.datagrams import Datagrams
    from netminedet.sieve.early import Early
    from netminedet.sieve.flagged import Flagged
    from netminedet.sieve.found import Found
    from netminedet.sieve.gate import Gate
    from netminedet.sieve.openings import Openings
    from netminedet.sieve.shapes import first_words
    from netminedet.sieve.stash import Stash
    from netminedet.sieve.text import TextScanner

ROW_WORDS = cython.declare(cython.Py_ssize_t, layout.ROW_WORDS)
NEXT_SEQ = cython.declare(cython.Py_ssize_t, layout.NEXT_SEQ)
SCAN = cython.declare(cython.Py_ssize_t, layout.SCAN)
FLAGS = cython.declare(cython.Py_ssize_t, layout.FLAGS_PACKETS)
BYTES = cython.declare(cython.Py_ssize_t, layout.BYTES)
FLAGS_SHIFT = cython.declare(cython.int, layout.FLAGS_SHIFT)
HAVE_SEQ = cython.declare(cython.ulonglong, layout.HAVE_SEQ)
FLIGHT_KNOWN = cython.declare(cython.ulonglong, layout.FLIGHT_KNOWN)
FLAGGED = cython.declare(cython.ulonglong, layout.FLAGGED)
LAST_SENDER_KNOWN = cython.declare(cython.ulonglong, layout.LAST_SENDER_KNOWN)
LAST_SENDER = cython.declare(cython.ulonglong, layout.LAST_SENDER)
HELD = cython.declare(cython.ulonglong, layout.HELD)
PASSING = cython.declare(cython.ulonglong, layout.PASSING)
FLIGHT = cython.declare(cython.ulonglong, layout.FLIGHT)
TALK = cython.declare(cython.ulonglong, layout.TALK)

NEW_FLOW = cython.declare(cython.int, layout.NEW_FLOW)
IN_ORDER = cython.declare(cython.int, layout.CONTEXT_IN_ORDER)
NEW = cython.declare(cython.int, layout.CONTEXT_NEW)
PLACED = cython.declare(cython.int, layout.CONTEXT_PLACED)
RENEWED = cython.declare(cython.int, layout.CONTEXT_RENEWED)

CLOSED = cython.declare(cython.uint, automaton_module.CLOSED)
FOUND = cython.declare(cython.uint, layout.FOUND)
REORDER_SIZE = cython.declare(cython.Py_ssize_t, layout.REORDER_SIZE)
REACH = cython.declare(cython.longlong, layout.REORDER_REACH)

LOW_HALF = cython.declare(cython.ulonglong, 0xFFFFFFFF)
MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
HALF_SPACE = cython.declare(cython.longlong, 1 << 31)  # half of all sequence numbers
SYN = cython.declare(cython.int, 0x02)
RST = cython.declare(cython.int, 0x04)


@cython.final
@cython.cclass
class Directions:
    """Fills ``Hits``.  ``bind`` it to the flow rows whenever they move.

    What the parsers want of flagged flows is told to ``flagged``.
    """

    # compiled, the attributes' types stand in directions.pxd
    def __init__(
        self,
        columns: Columns,
        hits: Hits,
        automaton: Automaton,
        gate: Gate | None,
        openers: Openers,
        datagrams: Openers,
        peers_wanted: bool,
    ) -> None:
        self.rows: Any = array("Q", bytes(8))
        self.proto = columns.proto
        self.side = columns.side
        self.payload_at = columns.payload_at
        self.payload_len = columns.payload_len
        self.segment_len = columns.segment_len
        self.seq = columns.seq
        self.tcp_flags = columns.tcp_flags
        self.row = columns.row
        self.found = Found(columns, hits)
        self.stash = Stash(self.found)
        self.early = Early(columns, self.found)
        self.flagged = Flagged(columns, self.found, self.stash)
        self.datagrams = Datagrams(columns, datagrams, peers_wanted, self.found)
        openings = Openings(columns, openers, peers_wanted, self.found, self.stash)
        self.text = TextScanner(columns, automaton, gate, openings, self.found, self.stash)
        # a flow was flagged: only then can a server have sent its client to a new one (NEW_FLOW)
        self.any_flagged = False
        # what is looked at comes out of a reorder slot, and whether it stands behind a hole
        self.from_slot = False
        self.behind_hole = False
        self.retransmissions = 0
        self.out_of_order = 0
        self.not_captured = 0
        self.put_in_order = 0
        self.holes = 0
        self.used_again = 0

    def bind(self, rows: Any) -> None:
        """Work on these flow rows from now on."""
        self.rows = rows
        self.stash.bind(rows)
        self.early.bind(rows)
        self.flagged.bind(rows)
        self.text.bind(rows)

    def look_for(self, automaton: Automaton, gate: Gate | None, openers: Openers, datagrams: Openers) -> None:
        """Look for other literals from now on; of another automaton the states are to be moved."""
        self.text.look_for(automaton, gate, openers)
        self.datagrams.look_for(datagrams)

    def move_states(self, states: array[int]) -> None:
        """Go on in these states of another automaton; see ``automaton.states_in``."""
        states_of: cython.ushort[::1] = states
        count: cython.Py_ssize_t = len(states)
        base: cython.Py_ssize_t
        side: cython.int
        state: cython.uint
        for base in range(0, len(self.rows), ROW_WORDS):
            if self.rows[base + SCAN] == 0:
                continue
            for side in range(2):
                # of a side that is passed over, a sequence number stands there
                if self.rows[base + FLAGS] & (PASSING << side):
                    continue
                state = (self.rows[base + SCAN] >> (32 * side)) & 0xFFFF
                if state < count:
                    self._set_state(base, side, states_of[state])

    def counters(self) -> dict[str, int]:
        """Segments and pieces of messages that were not seen in order or whole."""
        return {
            "retransmissions": self.retransmissions,
            "out_of_order": self.out_of_order,
            "payload_not_captured": self.not_captured,
            "partial_messages_displaced": self.stash.displaced,
            "partial_messages_too_long": self.stash.too_long,
            "partial_messages_not_joined": self.found.not_joined,
            "segments_put_in_order": self.put_in_order,
            "early_segments_displaced": self.early.displaced,
            "early_segments_too_long": self.early.too_long,
            "holes_given_up": self.holes,
            "ports_used_again": self.used_again,
            "datagrams_not_read": self.datagrams.budget.passed,
        }

    def run(self, batch: Batch, low: cython.Py_ssize_t, high: cython.Py_ssize_t) -> int:
        """Work through packets ``low`` to ``high``; the number of hits."""
        column: cython.Py_ssize_t
        self.text.data = batch.data
        self.found.clear()
        self.datagrams.budget.begin()
        with cython.nogil:
            for column in range(high - low):
                if self.proto[column] == 6:
                    if self.segment_len[column] or self.tcp_flags[column] & SYN:
                        self._tcp(column)
                elif self.proto[column] == 17 and self.payload_len[column] > 12:
                    self.datagrams.look(self.text.data, column)
        return self.found.count

    def _tcp(self, column: cython.Py_ssize_t) -> cython.int:
        base: cython.Py_ssize_t = self.row[column] * ROW_WORDS
        side: cython.int = self.side[column]
        context: cython.int
        if self.tcp_flags[column] & (SYN | RST):
            if self.tcp_flags[column] & RST:
                return 0
            if not self._opened(column, base, side) or self.segment_len[column] == 0:
                return 0
        if self.segment_len[column] != self.payload_len[column]:
            self.not_captured += 1
        self.text.first_payload = (self.rows[base + FLAGS] & LAST_SENDER_KNOWN) == 0
        self.text.flight_begins = False
        context = self._advance(column, base, side)
        if context == 0:
            return 0
        self._take_up(column, base, side, context)
        if self.rows[base + FLAGS] & (HELD << side) and context & IN_ORDER:
            self._release(column, base, side)
        return 0

    def _opened(self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """SYN: where the side's numbers begin, if that is not known; whether its own payload counts.

        In a flow that is under way it is a repetition, forged, or the beginning of a new
        connection: which of these it is, payload in another packet tells.
        """
        number: cython.ulonglong = (self.seq[column] + 1) & LOW_HALF
        behind: cython.ulonglong
        self.seq[column] = number
        if not self.rows[base + FLAGS] & (HAVE_SEQ << side):
            self._set_state(base, side, CLOSED)
            self._set_next(base, side, number)
            self.rows[base + FLAGS] |= HAVE_SEQ << side
            return 1
        behind = (((self.rows[base + NEXT_SEQ] >> (32 * side)) & LOW_HALF) - number) & LOW_HALF
        if behind == 0:
            return 1
        if behind > self.rows[base + BYTES]:  # else the flow began there
            self.early.hold_syn(column, base, side)
        return 0

    def _take_up(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int, context: cython.int
    ) -> cython.int:
        """Look at a segment whose place is known."""
        state: cython.uint
        if self.rows[base + FLAGS] & (PASSING << side) and not self.flagged.is_wanted(
            column, base, side, context
        ):
            return 0
        if self.text.first_payload and context & NEW and self.any_flagged:
            self.found.add(NEW_FLOW, column, self.payload_at[column], self.payload_len[column], context)
        state = (self.rows[base + SCAN] >> (32 * side)) & 0xFFFF
        if self.rows[base + FLAGS] & FLAGGED:
            return self._hand_on(column, base, side, context, state)
        if context & NEW:
            state = self._look(column, base, side, state, context)
            if self.segment_len[column] != self.payload_len[column]:
                state = CLOSED
            self._set_state(base, side, state)
        else:
            self._look(column, base, side, CLOSED, context)
        return 0

    def _look(
        self,
        column: cython.Py_ssize_t,
        base: cython.Py_ssize_t,
        side: cython.int,
        state: cython.uint,
        context: cython.int,
    ) -> cython.uint:
        """Look into a segment of a flow that is not flagged, and flag that if need be; the state after it."""
        after: cython.uint = self.text.look(column, base, side, state, context)
        if not after & FOUND:
            return after
        self.rows[base + FLAGS] |= FLAGGED
        self.any_flagged = True
        context |= cython.cast(cython.int, FLAGGED >> FLAGS_SHIFT)
        self._hand_on(column, base, side, context, after ^ FOUND)
        return CLOSED

    def _hand_on(
        self,
        column: cython.Py_ssize_t,
        base: cython.Py_ssize_t,
        side: cython.int,
        context: cython.int,
        state: cython.uint,
    ) -> cython.int:
        """Hand on a segment of a flagged flow, ``state`` being that before it, and what waits of its side."""
        hit: cython.Py_ssize_t = self.flagged.hand_on(column, base, side, context, state)
        if not self.from_slot:
            self.flagged.note_acknowledged(self.text.data, column, hit)
        self._set_state(base, side, CLOSED)
        if self.rows[base + FLAGS] & (HELD << side):
            self.early.hand_on(column, base, side, context & ~(IN_ORDER | PLACED | RENEWED))
        return 0

    def _flags(self, base: cython.Py_ssize_t) -> cython.int:
        return cython.cast(cython.int, self.rows[base + FLAGS] >> FLAGS_SHIFT)

    def _set_next(self, base: cython.Py_ssize_t, side: cython.int, number: cython.ulonglong) -> cython.int:
        other: cython.ulonglong = self.rows[base + NEXT_SEQ] & (LOW_HALF << (32 * (1 - side)))
        self.rows[base + NEXT_SEQ] = other | ((number & LOW_HALF) << (32 * side))
        return 0

    def _set_state(self, base: cython.Py_ssize_t, side: cython.int, state: cython.ulonglong) -> cython.int:
        keep: cython.ulonglong = MASK ^ (cython.cast(cython.ulonglong, 0xFFFF) << (32 * side))
        self.rows[base + SCAN] = (self.rows[base + SCAN] & keep) | (state << (32 * side))
        return 0

    def _advance(self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """Place the segment in its direction (RFC 9293 section 3.4): its context bits, or 0 to leave it."""
        number: cython.longlong = self.seq[column]
        flags: cython.ulonglong = self.rows[base + FLAGS]
        context: cython.int = NEW
        if flags & (HAVE_SEQ << side):
            if number != (self.rows[base + NEXT_SEQ] >> (32 * side)) & LOW_HALF:
                return self._misplaced(column, base, side)
            context |= IN_ORDER
        return self._settle(column, base, side, context)

    def _settle(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int, context: cython.int
    ) -> cython.int:
        """The side has come to the end of this segment."""
        number: cython.ulonglong = self.seq[column]
        if not context & IN_ORDER:
            self._set_state(base, side, CLOSED)
        self._set_next(base, side, number + self.segment_len[column])
        if self._is_turn(base, side):
            self._begin_flight(column, base, side, context & IN_ORDER)
        self.rows[base + FLAGS] |= HAVE_SEQ << side
        return context | self._flags(base)

    def _is_turn(self, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """Whether the side begins a flight with what it says now: the other spoke last, or none yet."""
        flags: cython.ulonglong = self.rows[base + FLAGS]
        return (flags & LAST_SENDER_KNOWN) == 0 or ((flags & LAST_SENDER) != 0) != (side != 0)

    def _turn(self, base: cython.Py_ssize_t, side: cython.int, told: cython.ulonglong) -> cython.int:
        """The side takes its turn to speak: note what is told of its flight."""
        flags: cython.ulonglong = self.rows[base + FLAGS] & (MASK ^ (FLIGHT << side))
        flags |= LAST_SENDER_KNOWN | (told << side)
        self.rows[base + FLAGS] = (flags | LAST_SENDER) if side else (flags & (MASK ^ LAST_SENDER))
        return 0

    def _begin_flight(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int, in_order: cython.int
    ) -> cython.int:
        at: cython.Py_ssize_t = self.payload_at[column]
        told: cython.ulonglong = first_words(self.text.data, at, at + self.payload_len[column])
        self.text.flight_begins = True
        return self._turn(base, side, told | FLIGHT_KNOWN if in_order else told)

    def _misplaced(self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """A segment that is not the next one: its context bits, or 0 where all is done."""
        length: cython.longlong = self.segment_len[column]
        number: cython.longlong = self.seq[column]
        expected: cython.longlong
        ahead: cython.longlong
        if self.rows[base + FLAGS] & (PASSING << side):
            self.flagged.pass_no_more(base, side)
        expected = (self.rows[base + NEXT_SEQ] >> (32 * side)) & LOW_HALF
        self.flagged.expected = expected
        ahead = (number - expected) & LOW_HALF
        if ahead >= HALF_SPACE:
            ahead -= 2 * HALF_SPACE
        if self.rows[base + FLAGS] & (HELD << side) and self._renewed(column, base, side):
            return self._settle(column, base, side, NEW | IN_ORDER | RENEWED)
        if ahead + length <= 0 and ahead >= -REACH:
            return self._again(base, ahead, length)
        self.out_of_order += 1
        return self._out_of_order(column, base, side, ahead)

    def _again(self, base: cython.Py_ssize_t, ahead: cython.longlong, length: cython.longlong) -> cython.int:
        """A segment that has been there."""
        self.retransmissions += 1
        if length == 1 and ahead == -1:  # keep-alive with one stale byte
            return 0
        if self.rows[base + FLAGS] & FLAGGED:
            return self._flags(base) | PLACED  # the conversation has it already
        return self._flags(base)

    def _out_of_order(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int, ahead: cython.longlong
    ) -> cython.int:
        """A segment behind a hole, one that repeats something and goes on, or a stray."""
        context: cython.int = PLACED if -REACH <= ahead <= REACH else 0
        if self.rows[base + FLAGS] & FLAGGED:  # the conversation puts it in order
            if context:
                self.flagged.hand_on_begun(column, base, side)
                return self._settle(column, base, side, NEW | PLACED)
            # a flight of it begins with the next at the earliest
            self._set_next(base, side, self.seq[column] + self.segment_len[column])
            return NEW | self._flags(base)
        if ahead > 0 and self._begins_words(column, base, side):
            self.rows[base + FLAGS] |= FLAGGED
            self.any_flagged = True
            self._hand_on(column, base, side, self._settle(column, base, side, NEW), CLOSED)
            return 0
        self._look(column, base, side, CLOSED, context | self._flags(base))
        if self.rows[base + FLAGS] & FLAGGED:
            return 0
        if ahead < 0 and context:  # the first copy counts; only the rest is new
            self._trim(column, -ahead)
            return self._settle(column, base, side, NEW | IN_ORDER)
        self._hold(column, base, side)
        return 0

    def _begins_words(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int
    ) -> cython.int:
        """Whether the side takes its turn with an opener, which stands by itself whatever is missing."""
        if self.payload_len[column] == 0 or not self._is_turn(base, side):
            return 0
        return self.text.opens(column, self._flags(base))

    def _trim(self, column: cython.Py_ssize_t, count: cython.Py_ssize_t) -> cython.int:
        """Take ``count`` bytes off the segment's beginning."""
        captured: cython.Py_ssize_t = min(count, self.payload_len[column])
        self.payload_at[column] += captured
        self.payload_len[column] -= captured
        self.segment_len[column] -= count
        self.seq[column] = (self.seq[column] + count) & LOW_HALF
        return 0

    def _renewed(self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """Whether a SYN had announced this payload: then all that was known of the flow is the old one's."""
        slot: cython.Py_ssize_t = self.early.syn_of(base, side)
        if slot < 0 or self.early.seq[slot] != self.seq[column]:
            return 0
        self.early.free(slot)
        self.rows[base + FLAGS] &= MASK ^ TALK
        self.rows[base + SCAN] = 0
        self.text.first_payload = True
        slot = self.early.syn_of(base, 1 - side)
        if slot >= 0:
            self.early.free(slot)
            self._set_next(base, 1 - side, self.early.seq[slot])
            self.rows[base + FLAGS] |= HAVE_SEQ << (1 - side)
        self.used_again += 1
        return 1

    def _hold(self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """Keep a segment until what lies before it has come, or go on behind what is missing."""
        start: cython.Py_ssize_t = self.payload_at[column]
        slot: cython.Py_ssize_t
        is_idle: cython.bint = not self.text.first_payload and (
            (self.rows[base + SCAN] >> (32 * side)) & 0xFFFF == CLOSED
            and not self.text.may_hold_message(start, start + self.payload_len[column])
        )  # no message can stand in its bytes, or go on in them
        slot = self.early.hold(self.text.data, column, base, side, is_idle)
        if slot < 0:
            return 0
        self.holes += 1
        self._set_state(base, side, CLOSED)
        self._set_next(base, side, self.early.seq[slot])
        self.behind_hole = True
        self._release(column, base, side)
        self.behind_hole = False
        return 0

    def _release(self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """Look at the segments that were waiting for the place where the direction is now."""
        slot: cython.Py_ssize_t = self.early.next_of(base, side)
        packet: cython.uchar[::1] = self.text.data
        while slot >= 0:
            self.early.free(slot)
            self.text.data = self.early.memory
            self.from_slot = True
            self._take_early(column, base, side, slot)
            self.from_slot = False
            self.text.data = packet
            self.behind_hole = False
            slot = self.early.next_of(base, side)
        return 0

    def _take_early(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int, slot: cython.Py_ssize_t
    ) -> cython.int:
        """Look at a slot's segment as if it came now; the text kernel has the bytes of the slots."""
        at: cython.uint = self.payload_at[column]
        captured: cython.uint = self.payload_len[column]
        length: cython.uint = self.segment_len[column]
        number: cython.uint = self.seq[column]
        hit: cython.Py_ssize_t = self.found.count
        if self.early.kept[slot] == 0:
            self._set_state(base, side, CLOSED)
            self._set_next(base, side, self.early.seq[slot] + self.early.length[slot])
            if self._is_turn(base, side):  # of what it has said only the length is known
                self._turn(base, side, 0)
            return 0
        self.put_in_order += 1
        self._take_kept(column, base, side, slot)
        self.payload_at[column] = at
        self.payload_len[column] = captured
        self.segment_len[column] = length
        self.seq[column] = number
        while hit < self.found.count:
            self.found.bring(hit, self.early.memory)
            hit += 1
        return 0

    def _take_kept(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int, slot: cython.Py_ssize_t
    ) -> cython.int:
        """The column is the slot's segment for a while."""
        passed: cython.longlong = -self.early.ahead_of(slot, base, side)
        context: cython.int = NEW if self.behind_hole else NEW | IN_ORDER
        self.payload_at[column] = slot * REORDER_SIZE
        self.payload_len[column] = self.segment_len[column] = self.early.kept[slot]
        self.seq[column] = self.early.seq[slot]
        self._trim(column, passed)
        self.text.first_payload = (self.rows[base + FLAGS] & LAST_SENDER_KNOWN) == 0
        self.text.flight_begins = False
        context = self._settle(column, base, side, context)
        return self._take_up(column, base, side, context)
