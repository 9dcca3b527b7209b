# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: looks for anchors in JSON text, segment by segment, and picks out names' carriers.

Two rules keep this fast.  An anchor can only lie inside a JSON object, so nothing is
looked at until a ``{`` that opens one; from there the automaton runs to the end of the
object, over as many in-order segments as it takes; its state is in the flow's row.  And
a message stands at the beginning of a segment, behind a short frame header or behind
other text (see ``protocols.conversation``): a segment that begins with binary data and
continues no message holds none that would count, and is passed over.

The bytes of a message whose anchor has not come yet are kept in the stash.
"""

from __future__ import annotations

from array import array
from typing import Any

from netminedet.sieve import automaton as automaton_module
from netminedet.sieve import columns as layout
from netminedet.sieve.automaton import Automaton
from netminedet.sieve.columns import Columns
from netminedet.sieve.openers import Openers

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if cython.compiled:  # the compiler has the names of the other branch from the .pxd file
    from cython.cimports.libc.string import memchr
else:
    from netminedet.sieve.found import Found
    from netminedet.sieve.gate import Gate
    from netminedet.sieve.handshakes import Handshakes
    from netminedet.sieve.masked import unmask
    from netminedet.sieve.openings import Openings
    from netminedet.sieve.shapes import (
        begins_head,
        http_word,
        lacks_body,
        like_key,
        like_setup,
        plain_carrier,
        proxy_header,
    )
    from netminedet.sieve.stash import Stash

FLAGS = cython.declare(cython.Py_ssize_t, layout.FLAGS_PACKETS)
HTTP_SEEN = cython.declare(cython.ulonglong, layout.HTTP_SEEN)
TUNNEL_ASKED = cython.declare(cython.ulonglong, layout.TUNNEL_ASKED)

HTTP_REQUEST = cython.declare(cython.int, layout.HTTP_REQUEST)
DNS_TCP = cython.declare(cython.int, layout.DNS_TCP)
SOCKS_REQUEST = cython.declare(cython.int, layout.SOCKS_REQUEST)
PROXIED = cython.declare(cython.int, layout.PROXIED)
IN_ORDER = cython.declare(cython.int, layout.CONTEXT_IN_ORDER)
NEW = cython.declare(cython.int, layout.CONTEXT_NEW)

SETUP_BYTES = cython.declare(cython.Py_ssize_t, layout.SETUP_BYTES)
KEY_BYTES = cython.declare(cython.Py_ssize_t, layout.KEY_BYTES)
SOCKS_SIZE = cython.declare(cython.Py_ssize_t, layout.SOCKS_SIZE)
STASH_SIZE = cython.declare(cython.Py_ssize_t, layout.STASH_SIZE)

CLOSED = cython.declare(cython.uint, automaton_module.CLOSED)
OPEN = cython.declare(cython.uint, automaton_module.OPEN)
IN_MESSAGE = cython.declare(cython.uint, layout.IN_MESSAGE)
IN_OPENING = cython.declare(cython.uint, layout.IN_OPENING)
IN_CERTIFICATE = cython.declare(cython.uint, layout.IN_CERTIFICATE)
IN_HELLO = cython.declare(cython.uint, layout.IN_HELLO)
FOUND = cython.declare(cython.uint, layout.FOUND)
UNTOLD = cython.declare(cython.uint, layout.UNTOLD)

#: Bytes of a segment that are looked at for control characters, which no text has; and the
#: longest header before a payload: of a WebSocket frame 14 bytes (RFC 6455 section 5.2), of the
#: PROXY protocol 52 with IPv6 addresses.
TEXT_LOOK = cython.declare(cython.Py_ssize_t, 32)
FRAME_HEADER = cython.declare(cython.Py_ssize_t, 64)
#: The first byte of a WebSocket's frame that is a whole text message (RFC 6455 section 5.2).
TEXT_FRAME = cython.declare(cython.int, 0x81)
#: A segment that begins like an HTTP head and is shorter than this is kept for the next one.
HTTP_LEAST = cython.declare(cython.Py_ssize_t, 8)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-2, check=False)
def _find(
    data: cython.uchar[::1], byte: cython.int, at: cython.Py_ssize_t, end: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    """Where ``byte`` first stands in ``data[at:end]``, or -1."""
    if cython.compiled:
        if at < 0 or at >= end or end > data.shape[0]:
            return -1
        base: cython.p_uchar = cython.address(data[at])
        found: cython.p_uchar = cython.cast(cython.p_uchar, memchr(base, byte, end - at))
        if found == cython.NULL:
            return -1
        return at + (found - base)
    else:  # noqa: RET505 - the compiler drops one of the two branches
        return data.find(bytes((byte,)), at, end)  # as a memory map wants it


@cython.final
@cython.cclass
class TextScanner:
    """Looks at segments whose place is known; ``bind`` it to the flow rows whenever they move."""

    # compiled, the attributes' types stand in text.pxd
    def __init__(
        self,
        columns: Columns,
        automaton: Automaton,
        gate: Gate | None,
        openings: Openings,
        found: Found,
        stash: Stash,
    ) -> None:
        self.rows: Any = array("Q", bytes(8))
        self.payload_at = columns.payload_at
        self.payload_len = columns.payload_len
        self.segment_len = columns.segment_len
        self.ports = columns.ports
        self.table = automaton.table
        self.accepts = automaton.accepts
        self.dull = automaton.dull
        self.gate = gate or Gate((), {})
        self.has_gate = gate is not None
        self.openings = openings
        self.handshakes = Handshakes(columns, found, stash)
        self.found = found
        self.stash = stash
        # what is told of a segment: the bytes that it lies in, whether it is its flow's first, and
        # whether its side takes its turn to speak with it
        self.data: Any = bytearray(1)
        self.plain: Any = bytearray(layout.MASKED_SIZE)
        self.first_payload = False
        self.flight_begins = False
        # of the segment that is being looked at: where the object began that has not ended, whether
        # the segment flags its flow, and in a flow that speaks HTTP where it begins, as heads tell, too
        self.opened_at = -1
        self.tells = False
        self.carrier_at = -1

    def bind(self, rows: Any) -> None:
        """Work on these flow rows from now on."""
        self.rows = rows

    def look_for(self, automaton: Automaton, gate: Gate | None, openers: Openers) -> None:
        """Look for other literals from now on."""
        self.table = automaton.table
        self.accepts = automaton.accepts
        self.dull = automaton.dull
        self.gate = gate or Gate((), {})
        self.has_gate = gate is not None
        self.openings.look_for(openers)

    def look(
        self,
        column: cython.Py_ssize_t,
        base: cython.Py_ssize_t,
        side: cython.int,
        state: cython.uint,
        context: cython.int,
    ) -> cython.uint:
        """Look for anchors and names' carriers in one segment; the state of its direction behind it.

        Where the segment flags its flow, that is FOUND with the state before what is to be handed on.
        """
        after: cython.uint = UNTOLD
        self.opened_at = -1
        self.tells = False
        if state >= IN_MESSAGE:
            after = self._continue(column, base, side, state, context)
            state = CLOSED
        if after == UNTOLD and state == CLOSED and self.payload_len[column] > 6:
            self._look_behind_mask(self.payload_at[column], self.payload_len[column])
        if after == UNTOLD and self.flight_begins and not self.tells:
            after = self._begin_flight(column, base, side, state, context)
        if after == UNTOLD and state == CLOSED and self.payload_len[column] > 5:
            after = self._look_for_names(column, base, side, context)
        if after == UNTOLD:
            after = self._search(column, base, side, state, context)
        return after

    def opens(self, column: cython.Py_ssize_t, context: cython.int) -> cython.int:
        """Whether the segment begins with an opener, which stands by itself whatever is missing before it."""
        return self.openings.opens(self.data, column, context, self.first_payload)

    def may_hold_message(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """Whether the segment begins like text, or has an object where a frame's payload may begin."""
        text_end: cython.Py_ssize_t = at + TEXT_LOOK if end > at + TEXT_LOOK else end
        frame_end: cython.Py_ssize_t = at + FRAME_HEADER if end > at + FRAME_HEADER else end
        i: cython.Py_ssize_t
        byte: cython.int
        for i in range(at, text_end):
            byte = self.data[i]
            if byte < 0x20 and byte != 0x0A and byte != 0x0D and byte != 0x09:
                return self._object_start(at, frame_end) >= 0
        return 1

    def _continue(
        self,
        column: cython.Py_ssize_t,
        base: cython.Py_ssize_t,
        side: cython.int,
        state: cython.uint,
        context: cython.int,
    ) -> cython.uint:
        """The segment of a direction that waits for the rest of something else than an object."""
        if state == IN_HELLO:
            return self.handshakes.continue_hello(self.data, column, base, side)
        if state == IN_CERTIFICATE:
            return self.handshakes.continue_certificate(self.data, column, base, side)
        if state == IN_MESSAGE:
            return self._continue_message(column, base, side)
        if self.flight_begins:  # what was kept of an opening was none
            self.stash.drop(base, side)
            return UNTOLD
        state = self.openings.go_on(self.data, column, base, side, context)
        return self.handshakes.kept_hello(column, base, side) if state == IN_HELLO else state

    def _continue_message(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int
    ) -> cython.uint:
        """Put the segment behind a message with an anchor, unless that ends in it.

        Of a message whose beginning was given up the rest tells nothing: what may follow it is looked for.
        """
        start: cython.Py_ssize_t = self.payload_at[column]
        length: cython.Py_ssize_t = self.payload_len[column]
        whole: cython.bint = self.segment_len[column] == length
        if self.stash.slot_of(base, side) < 0:
            return UNTOLD
        if (
            whole
            and not self.flight_begins
            and self.stash.has_room(base, side, length)
            and self._lacks_end(start, start + length)
        ):
            self.stash.keep(self.data, base, side, start, start + length, True)
            return IN_MESSAGE
        return FOUND | IN_MESSAGE

    def _begin_flight(
        self,
        column: cython.Py_ssize_t,
        base: cython.Py_ssize_t,
        side: cython.int,
        state: cython.uint,
        context: cython.int,
    ) -> cython.uint:
        """A segment with which its side takes its turn: kept where more is needed to tell what it is."""
        start: cython.Py_ssize_t = self.payload_at[column]
        end: cython.Py_ssize_t = start + self.payload_len[column]
        after: cython.uint
        if state == CLOSED and end > start:
            after = self.openings.begin(self.data, column, base, side, context, self.first_payload)
            if after == IN_OPENING:
                return after
            self.tells = after == FOUND
        if not self.tells and end - start < HTTP_LEAST and begins_head(self.data, start, end):
            self.stash.keep(self.data, base, side, start, end, False)
            return OPEN
        return UNTOLD

    def _look_for_names(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int, context: cython.int
    ) -> cython.uint:
        """Whether the segment begins something that carries a name, or a POST that goes on in the next."""
        start: cython.Py_ssize_t = self.payload_at[column]
        end: cython.Py_ssize_t = start + self.payload_len[column]
        first: cython.int = self.data[start]
        header: cython.Py_ssize_t
        if self.first_payload and (first == 0x50 or first == 0x0D):
            header = proxy_header(self.data, start, end)
            if header > 0:
                self.found.add(PROXIED, column, start, header, context)
                start += header
            if end - start <= 5:
                return UNTOLD
            first = self.data[start]
        if first == 0x16 and self.data[start + 1] == 3:
            if self.data[start + 5] == 1:
                return self.handshakes.begin_hello(self.data, column, start, base, side, context)
            if self.data[start + 5] == 2:
                return self.handshakes.begin_certificate(self.data, column, base, side, context)
        if 0x41 <= first <= 0x5A and http_word(self.data, start, end) == 1:
            self.found.add(HTTP_REQUEST, column, start, end - start, context)
        elif end - start > 14 and ((self.ports[column] & 0xFFFF) == 53 or (self.ports[column] >> 16) == 53):
            # where its length (RFC 1035 section 4.2.2) came before it, the number of questions is here: one
            header = 0 if self.data[start + 4] == 0 and self.data[start + 5] == 1 else 2
            self.found.add(DNS_TCP, column, start + header, end - start - header, context)
        elif (first == 5 or first == 4) and end - start <= SOCKS_SIZE:
            self.found.add(SOCKS_REQUEST, column, start, end - start, context)
            self.rows[base + FLAGS] |= TUNNEL_ASKED
        if self.flight_begins and not self.tells and self._is_cut_post(start, end):
            self.stash.keep(self.data, base, side, start, end, False)
            return OPEN
        return UNTOLD

    def _search(
        self,
        column: cython.Py_ssize_t,
        base: cython.Py_ssize_t,
        side: cython.int,
        before: cython.uint,
        context: cython.int,
    ) -> cython.uint:
        """Look for an anchor, or for a carrier in which none can be seen."""
        start: cython.Py_ssize_t = self.payload_at[column]
        end: cython.Py_ssize_t = start + self.payload_len[column]
        state: cython.uint = before
        if not self.tells and state == CLOSED and end > start:
            self.tells = self._opens_carrier(base, start, end, context) != 0
        if not self.tells and (state != CLOSED or self.may_hold_message(start, end)):
            self.carrier_at = start if self.rows[base + FLAGS] & (3 * HTTP_SEEN) else -1
            state = self._scan(start, end, state)
        if self.tells:
            if not self._is_unfinished(column, base, side, before, context):
                return FOUND | before
            if before == CLOSED:
                self.stash.begin_message(base, side)
            self.stash.keep(self.data, base, side, start, end, True)
            return IN_MESSAGE
        if state != CLOSED and context & NEW:
            if self.opened_at < 0:
                self.stash.keep(self.data, base, side, start, end, True)
            else:
                self.stash.keep(self.data, base, side, self.opened_at, end, False)
        return state

    def _is_unfinished(
        self,
        column: cython.Py_ssize_t,
        base: cython.Py_ssize_t,
        side: cython.int,
        before: cython.uint,
        context: cython.int,
    ) -> cython.int:
        """Whether the segment is but a piece of one message that has not ended: it waits for the rest.

        A flood of messages that never end then stays in the sieve.  HTTP waits only where its head says that
        the body goes on, and what began as something else does not.
        """
        start: cython.Py_ssize_t = self.payload_at[column]
        length: cython.Py_ssize_t = self.payload_len[column]
        if self.segment_len[column] != length or not context & NEW:
            return 0
        if self.rows[base + FLAGS] & (3 * HTTP_SEEN):
            return (
                before == CLOSED
                and length <= STASH_SIZE
                and self.opened_at > start
                and lacks_body(self.data, start, self.opened_at, start + length)
            )
        if before == CLOSED:
            return self.opened_at == start and self._lacks_end(start, start + length)
        return (
            self.opened_at < 0
            and self.stash.has_room(base, side, length)
            and self._lacks_end(start, start + length)
        )

    def _lacks_end(self, start: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """Whether no message ends in these bytes: no line does, and no object or array at their end."""
        if end - start > STASH_SIZE or _find(self.data, 0x0A, start, end) >= 0:
            return 0
        while end > start and self.data[end - 1] <= 0x20:  # white space, and NUL as a separator
            end -= 1
        return end > start and self.data[end - 1] != 0x7D and self.data[end - 1] != 0x5D

    def _is_cut_post(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """The head of a POST that does not end in this segment: without it, nobody knows what the body is."""
        if self.data[at] != 0x50 or self.data[at + 1] != 0x4F or end - at > STASH_SIZE // 2:
            return 0
        if http_word(self.data, at, end) != 1:
            return 0
        while True:
            at = _find(self.data, 0x0A, at, end)
            if at < 0:
                return 1
            if at + 1 < end and self.data[at + 1] == 0x0A:  # bare newlines (RFC 9112 section 2.2)
                return 0
            if at + 2 < end and self.data[at + 1] == 0x0D and self.data[at + 2] == 0x0A:
                return 0
            at += 1

    def _opens_carrier(
        self,
        base: cython.Py_ssize_t,
        start: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        context: cython.int,
    ) -> cython.int:
        """Whether the segment begins something in which no anchor could be seen, known by its shape.

        An answer "101" opens a WebSocket, whose client masks what it sends (RFC 6455
        section 5.3).  Stratum V2 is binary: in the clear it opens with SetupConnection
        (sv2-spec section 3.6.1), encrypted with a flight of 64 bytes (section 4.5.1), which may come
        behind a request to a SOCKS proxy, or HTTP of both sides.
        """
        first: cython.int = self.data[start]
        flags: cython.ulonglong
        if first == 0x48:  # H
            return (
                end - start > 12
                and http_word(self.data, start, end) == 2
                and self.data[start + 9] == 0x31
                and self.data[start + 10] == 0x30
                and self.data[start + 11] == 0x31
            )
        if end - start == KEY_BYTES and self.flight_begins and context & IN_ORDER:
            if self.first_payload:
                return 1
            flags = self.rows[base + FLAGS]
            if flags & TUNNEL_ASKED or flags & (3 * HTTP_SEEN) == 3 * HTTP_SEEN:
                return like_key(self.data, start, end)
        return first == 0 and end - start >= SETUP_BYTES and like_setup(self.data, start, end)

    def _look_behind_mask(self, start: cython.Py_ssize_t, length: cython.Py_ssize_t) -> cython.int:
        """Look for an anchor in what the client of a WebSocket says; where that opened need not be known."""
        frame: cython.uchar[::1]
        if self.data[start] != TEXT_FRAME:
            return 0
        frame = self.data
        length = unmask(frame, start, start + length, self.plain)
        self.data = self.plain
        self.carrier_at = -1
        self._scan(0, length, CLOSED)
        self.data = frame
        self.opened_at = -1
        return 0

    def _scan(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t, state: cython.uint) -> cython.uint:
        """Run the automaton over ``data[at:end]`` from ``state``; sets ``opened_at`` and ``tells``.

        Objects that hold an anchor and cannot be a message are passed over.
        """
        after: cython.Py_ssize_t
        while at < end:
            if state == CLOSED:
                at = self._object_start(at, end)
                if at < 0:
                    return CLOSED
                self.opened_at = at
                state = OPEN
                at += 1
                continue
            if state == OPEN:
                at = self._after_dull(at, end)
            state = self.table[(state << 8) | self.data[at]]
            at += 1
            if self.accepts[state]:
                after = 0
                if self._is_gated():
                    after = self.gate.passes_over(self.data, self.opened_at, at - 1, end)
                    if after == 0 and self.gate.too_deep(self.data, self.opened_at, end):
                        after = at
                if after == 0:
                    self.tells = True
                    return state
                at = after
                self.opened_at = -1
                state = CLOSED
        return state

    def _is_gated(self) -> cython.int:
        """Whether the object that has not ended may be passed over if it is none: nothing else tells."""
        if not self.has_gate or self.opened_at < 0:
            return 0
        return self.carrier_at < 0 or plain_carrier(self.data, self.carrier_at, self.opened_at)

    def _after_dull(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """The first byte that, with the next one, may take the automaton out of OPEN; at most the last.

        Each step of the table waits for the one before; pairs of bytes are looked up side by side.
        """
        if cython.compiled:  # the bounds are checked here; of ``dull`` all pairs are within
            if at < 0 or at + 1 >= end or end > self.data.shape[0]:
                return at
            dull: cython.p_uchar = cython.address(self.dull[0])
            first: cython.p_uchar = cython.address(self.data[at])
            byte: cython.p_uchar = first
            last: cython.p_uchar = first + (end - at - 1)
            while byte < last and (dull[(byte[0] << 5) | (byte[1] >> 3)] >> (byte[1] & 7)) & 1:
                byte += 1
            return at + (byte - first)
        else:  # noqa: RET505 - the compiler drops one of the two branches
            while at + 1 < end and (
                self.dull[(self.data[at] << 5) | (self.data[at + 1] >> 3)] >> (self.data[at + 1] & 7) & 1
            ):
                at += 1
            return at

    def _object_start(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Where the next JSON object with a member begins, or may begin at the very end; -1 for none."""
        after: cython.Py_ssize_t
        byte: cython.int
        while True:
            at = _find(self.data, 0x7B, at, end)
            if at < 0:
                return -1
            after = at + 1
            while after < end:
                byte = self.data[after]
                if byte == 0x22:
                    return at
                if byte > 0x20 or not (byte == 0x20 or byte == 0x0A or byte == 0x0D or byte == 0x09):
                    break
                after += 1
            if after >= end:
                return at
            at = after
