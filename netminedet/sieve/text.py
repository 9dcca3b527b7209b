# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: follows each TCP direction, looks for anchors in JSON text, and picks out names' carriers.

Two rules keep this fast.  An anchor can only lie inside a JSON object, so nothing is
looked at until a ``{`` that opens one; from there the automaton runs to the end of the
object, over as many in-order segments as it takes; its state is in the flow's row.  And
a message stands at the beginning of a segment, behind a short frame header or behind
other text (see ``protocols.conversation``): a segment that begins with binary data and
continues no message holds none that would count, and is passed over.

A segment that comes too early is searched by itself at once and kept in a *reorder* slot;
when what is missing has come, it is searched again behind it, so that a message cut there is
seen.  A hole is given up when too many wait.  A segment far from what is expected moves the
direction only together with a second one that follows on it, and a SYN only with payload at
its number: then it is a new connection.  RST is not heeded, and has no payload.

The bytes of a message whose anchor has not come yet are kept in *stash* slots, used in
a ring: when all are taken, the oldest gives way and is counted.
"""

from __future__ import annotations

import os
from array import array
from mmap import mmap
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
if cython.compiled:
    from cython.cimports.libc.string import memchr
    from cython.cimports.netminedet.sieve.gate import Gate
else:
    from netminedet.sieve.gate import Gate

ROW_WORDS = cython.declare(cython.Py_ssize_t, layout.ROW_WORDS)
KEY1 = cython.declare(cython.Py_ssize_t, layout.KEY1)
NEXT_SEQ = cython.declare(cython.Py_ssize_t, layout.NEXT_SEQ)
SCAN = cython.declare(cython.Py_ssize_t, layout.SCAN)
FLAGS = cython.declare(cython.Py_ssize_t, layout.FLAGS_PACKETS)
HAVE_SEQ = cython.declare(cython.ulonglong, layout.HAVE_SEQ)
FLIGHT_KNOWN = cython.declare(cython.ulonglong, layout.FLIGHT_KNOWN)
FLIGHT_JSON = cython.declare(cython.ulonglong, layout.FLIGHT_JSON)
FLIGHT_TEXT = cython.declare(cython.ulonglong, layout.FLIGHT_TEXT)
HTTP_SEEN = cython.declare(cython.ulonglong, layout.HTTP_SEEN)
FLAGGED = cython.declare(cython.ulonglong, layout.FLAGGED)
NOTED = cython.declare(cython.ulonglong, layout.NOTED)
LAST_SENDER_KNOWN = cython.declare(cython.ulonglong, layout.LAST_SENDER_KNOWN)
LAST_SENDER = cython.declare(cython.ulonglong, layout.LAST_SENDER)
HELD = cython.declare(cython.ulonglong, layout.HELD)
PASSING = cython.declare(cython.ulonglong, layout.PASSING)
BYTES = cython.declare(cython.Py_ssize_t, layout.BYTES)
FLAGS_SHIFT = cython.declare(cython.int, 48)

SEGMENT = cython.declare(cython.int, layout.SEGMENT)
CLIENT_HELLO = cython.declare(cython.int, layout.CLIENT_HELLO)
HTTP_REQUEST = cython.declare(cython.int, layout.HTTP_REQUEST)
DNS_UDP = cython.declare(cython.int, layout.DNS_UDP)
DNS_TCP = cython.declare(cython.int, layout.DNS_TCP)
SOCKS_REQUEST = cython.declare(cython.int, layout.SOCKS_REQUEST)
CERTIFICATE = cython.declare(cython.int, layout.CERTIFICATE)
PEER = cython.declare(cython.int, layout.PEER)
NEW_FLOW = cython.declare(cython.int, layout.NEW_FLOW)
IN_ORDER = cython.declare(cython.int, layout.CONTEXT_IN_ORDER)
NEW = cython.declare(cython.int, layout.CONTEXT_NEW)
PLACED = cython.declare(cython.int, layout.CONTEXT_PLACED)
ACKNOWLEDGES = cython.declare(cython.int, layout.CONTEXT_ACKNOWLEDGES)
RENEWED = cython.declare(cython.int, layout.CONTEXT_RENEWED)

CLOSED = cython.declare(cython.uint, automaton_module.CLOSED)
OPEN = cython.declare(cython.uint, automaton_module.OPEN)
#: Bytes at the beginning of a flight that decide whether it is text.
TEXT_BYTES = cython.declare(cython.Py_ssize_t, 16)
#: Bytes of a segment that are looked at for control characters, which no text has; and the
#: longest header before a payload: of a WebSocket frame 14 bytes (RFC 6455 section 5.2), of the
#: PROXY protocol 52 with IPv6 addresses.
TEXT_LOOK = cython.declare(cython.Py_ssize_t, 32)
FRAME_HEADER = cython.declare(cython.Py_ssize_t, 64)
#: A segment that begins like an HTTP head and is shorter than this is kept for the next one.
HTTP_LEAST = cython.declare(cython.Py_ssize_t, 8)
#: Stands in the row where an automaton state would: a ClientHello goes on in the next segment.
IN_HELLO = cython.declare(cython.uint, 0xFFFF)
#: The same for a TLS server's first flight, whose certificate is not whole yet.
IN_CERTIFICATE = cython.declare(cython.uint, 0xFFFE)
#: The same for a flight that so far begins like one that is known by its first bytes.
IN_OPENING = cython.declare(cython.uint, 0xFFFD)
#: The same for a message with an anchor that has not ended.
IN_MESSAGE = cython.declare(cython.uint, 0xFFFC)
#: Bytes that tell SetupConnection of Stratum V2 (sv2-spec section 3.6.1).
SETUP_BYTES = cython.declare(cython.Py_ssize_t, 17)
#: Longest segment that is taken for a SOCKS request: greeting, password and request in one have
#: 257, 513 and 262 bytes at most (RFC 1928 sections 3 and 4, RFC 1929 section 2).
SOCKS_SIZE = cython.declare(cython.Py_ssize_t, 1032)
#: Methods that a greeting of SOCKS 5 offers at most, to be waited for: ten are assigned (IANA).
SOCKS_METHODS = cython.declare(cython.int, 16)

STASH_SLOTS = cython.declare(cython.Py_ssize_t, layout.STASH_SLOTS)
STASH_SIZE = cython.declare(cython.Py_ssize_t, layout.STASH_SIZE)
#: Those for messages with an anchor stand behind the others, and their bytes in a ring of their own.
ALL_SLOTS = cython.declare(cython.Py_ssize_t, layout.STASH_SLOTS + layout.MESSAGE_SLOTS)
MESSAGE_ROOM = cython.declare(cython.ulonglong, layout.MESSAGE_ROOM)

JOINED_SIZE = cython.declare(cython.Py_ssize_t, layout.JOINED_SIZE)

REORDER_SLOTS = cython.declare(cython.Py_ssize_t, layout.REORDER_SLOTS)
REORDER_SIZE = cython.declare(cython.Py_ssize_t, layout.REORDER_SIZE)
REORDER_WAYS = cython.declare(cython.Py_ssize_t, 8)
MAX_REORDERED = cython.declare(cython.Py_ssize_t, layout.MAX_REORDERED)
REACH = cython.declare(cython.longlong, layout.REORDER_REACH)
MIX = cython.declare(cython.ulonglong, 0x9E3779B97F4A7C15)

LOW_HALF = cython.declare(cython.ulonglong, 0xFFFFFFFF)
MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
HALF_SPACE = cython.declare(cython.longlong, 1 << 31)  # half of all sequence numbers
SYN = cython.declare(cython.int, 0x02)
RST = cython.declare(cython.int, 0x04)
ACK = cython.declare(cython.int, 0x10)

#: What is counted here.
COUNTERS = (
    "retransmissions",
    "out_of_order",
    "payload_not_captured",
    "partial_messages_displaced",
    "partial_messages_too_long",
    "partial_messages_not_joined",
    "segments_put_in_order",
    "early_segments_displaced",
    "early_segments_too_long",
    "holes_given_up",
    "ports_used_again",
)
RETRANSMISSIONS = cython.declare(cython.Py_ssize_t, 0)
OUT_OF_ORDER = cython.declare(cython.Py_ssize_t, 1)
NOT_CAPTURED = cython.declare(cython.Py_ssize_t, 2)
DISPLACED = cython.declare(cython.Py_ssize_t, 3)
TOO_LONG = cython.declare(cython.Py_ssize_t, 4)
NOT_JOINED = cython.declare(cython.Py_ssize_t, 5)
PUT_IN_ORDER = cython.declare(cython.Py_ssize_t, 6)
EARLY_DISPLACED = cython.declare(cython.Py_ssize_t, 7)
EARLY_TOO_LONG = cython.declare(cython.Py_ssize_t, 8)
HOLES = cython.declare(cython.Py_ssize_t, 9)
USED_AGAIN = cython.declare(cython.Py_ssize_t, 10)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-2, check=False)
def _find(
    data: cython.uchar[:], byte: cython.int, at: cython.Py_ssize_t, end: cython.Py_ssize_t
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


@cython.cclass
class TextScanner:
    """Follows TCP directions; fills ``Hits``.  ``bind`` it to the rows whenever they move."""

    proto: cython.uint[:]
    side: cython.uint[:]
    ip_at: cython.uint[:]
    payload_at: cython.uint[:]
    payload_len: cython.uint[:]
    segment_len: cython.uint[:]
    ports: cython.uint[:]
    seq: cython.uint[:]
    tcp_flags: cython.uint[:]
    row: cython.int[:]
    rows: cython.ulonglong[:]
    data: cython.uchar[:]
    table: cython.ushort[:]
    accepts: cython.uchar[:]
    gate: Gate
    has_gate: cython.bint
    counts: cython.ulonglong[:]
    hit_kind: cython.uint[:]
    hit_column: cython.uint[:]
    hit_at: cython.uint[:]
    hit_length: cython.uint[:]
    hit_prefix_at: cython.uint[:]
    hit_prefix_len: cython.uint[:]
    hit_context: cython.uint[:]
    hit_seq: cython.uint[:]
    hit_expected: cython.uint[:]
    hit_acknowledged: cython.uint[:]
    joined: cython.uchar[:]
    joined_used: cython.Py_ssize_t
    hits: cython.Py_ssize_t
    stash: cython.uchar[:]
    stash_len: cython.uint[:]
    stash_key0: cython.ulonglong[:]
    stash_key1: cython.ulonglong[:]
    stash_next: cython.Py_ssize_t
    message_next: cython.Py_ssize_t
    # of messages with an anchor: where each begins, and where the next byte goes, counted from the start
    # of all that was ever written to their ring
    message_at: cython.ulonglong[:]
    message_end: cython.ulonglong
    # segments that came too early: key (with the side), number, length on the wire, bytes kept, whether it
    # is a SYN, when it came, and whether the direction has moved on since
    early: cython.uchar[:]
    early_key0: cython.ulonglong[:]
    early_key1: cython.ulonglong[:]
    early_seq: cython.uint[:]
    early_length: cython.uint[:]
    early_kept: cython.uint[:]
    early_syn: cython.uint[:]
    early_stamp: cython.ulonglong[:]
    early_stale: cython.uint[:]
    early_clock: cython.ulonglong
    early_seed: cython.ulonglong
    # what is scanned comes out of a slot, and whether it stands behind a hole
    from_slot: cython.bint
    behind_hole: cython.bint
    # where the side of a segment that is not in order was expected to go on
    expected: cython.longlong
    opener_first: cython.uint[:]
    opener_at: cython.uint[:]
    opener_text: cython.uchar[:]
    opener_peers: cython.uchar[:]
    peers_wanted: cython.bint
    # a flow was flagged: only then can a server have sent its client to a new one (NEW_FLOW)
    any_flagged: cython.bint
    # of the segment that is being scanned
    first_payload: cython.bint
    opening_flow: cython.bint
    flight_begins: cython.bint
    opened_at: cython.Py_ssize_t
    found: cython.bint
    # objects may be passed over: they are no bodies of HTTP, whose heads tell, too
    gated: cython.bint
    # of the TLS records that are walked over: the place, and the end of the record that it is in
    walk_at: cython.Py_ssize_t
    walk_end: cython.Py_ssize_t

    def __init__(
        self,
        columns: Columns,
        hits: Hits,
        automaton: Automaton,
        gate: Gate | None,
        openers: Openers,
        peers_wanted: bool,
    ) -> None:
        self.proto = columns.proto
        self.side = columns.side
        self.ip_at = columns.ip_at
        self.payload_at = columns.payload_at
        self.payload_len = columns.payload_len
        self.segment_len = columns.segment_len
        self.ports = columns.ports
        self.seq = columns.seq
        self.tcp_flags = columns.tcp_flags
        self.row = columns.row
        self.table = automaton.table
        self.accepts = automaton.accepts
        self.gate = gate or Gate((), ())
        self.has_gate = gate is not None
        self.gated = False
        self.counts = array("Q", bytes(8 * len(COUNTERS)))
        self.hit_kind = hits.kind
        self.hit_column = hits.column
        self.hit_at = hits.at
        self.hit_length = hits.length
        self.hit_prefix_at = hits.prefix_at
        self.hit_prefix_len = hits.prefix_len
        self.hit_context = hits.context
        self.hit_seq = hits.seq
        self.hit_expected = hits.expected
        self.hit_acknowledged = hits.acknowledged
        self.joined = hits.joined
        # memory that costs nothing until it is used
        self.stash = mmap(-1, STASH_SLOTS * STASH_SIZE + MESSAGE_ROOM)
        self.stash_len = array("I", bytes(4 * ALL_SLOTS))
        self.stash_key0 = array("Q", bytes(8 * ALL_SLOTS))
        self.stash_key1 = array("Q", bytes(8 * ALL_SLOTS))
        self.stash_next = 0
        self.message_next = STASH_SLOTS
        self.message_at = array("Q", bytes(8 * ALL_SLOTS))
        self.message_end = 0
        self.early = mmap(-1, REORDER_SLOTS * REORDER_SIZE)
        self.early_key0 = array("Q", bytes(8 * REORDER_SLOTS))
        self.early_key1 = array("Q", bytes(8 * REORDER_SLOTS))
        self.early_seq = array("I", bytes(4 * REORDER_SLOTS))
        self.early_length = array("I", bytes(4 * REORDER_SLOTS))
        self.early_kept = array("I", bytes(4 * REORDER_SLOTS))
        self.early_syn = array("I", bytes(4 * REORDER_SLOTS))
        self.early_stamp = array("Q", bytes(8 * REORDER_SLOTS))
        self.early_stale = array("I", bytes(4 * REORDER_SLOTS))
        self.early_clock = 0
        self.early_seed = int.from_bytes(os.urandom(8), "little")
        self.from_slot = False
        self.behind_hole = False
        self.expected = 0
        self.opener_first = openers.first
        self.opener_at = openers.at
        self.opener_text = openers.text
        self.opener_peers = openers.peers
        self.peers_wanted = peers_wanted
        self.any_flagged = False

    def bind(self, rows: Any) -> None:
        """Work on these flow rows from now on."""
        self.rows = rows

    def counters(self) -> dict[str, int]:
        """Segments and pieces of messages that were not seen in order or whole."""
        return {name: self.counts[i] for i, name in enumerate(COUNTERS)}

    def note(self, row: cython.Py_ssize_t) -> None:
        """The flow carried evidence: keep its row as long as possible and report its totals."""
        self.rows[row * ROW_WORDS + FLAGS] |= NOTED

    def unflag(self, row: cython.Py_ssize_t) -> None:
        """Hand on nothing more of the flow until an anchor is found in it again."""
        self.rows[row * ROW_WORDS + FLAGS] &= MASK ^ (FLAGGED | 3 * PASSING)
        self.rows[row * ROW_WORDS + SCAN] = 0

    def pass_over(self, row: cython.Py_ssize_t, side: cython.int, number: cython.ulonglong) -> None:
        """Hand on nothing of this side of a flagged flow that lies before the sequence number.

        As soon as a segment is missing or reaches further, all is handed on again.
        """
        base: cython.Py_ssize_t = row * ROW_WORDS
        if self.rows[base + FLAGS] & FLAGGED:
            self._set_half(base, side, number)
            self.rows[base + FLAGS] |= PASSING << side

    def is_passed(self, hit: cython.Py_ssize_t) -> bool:
        """Whether a hit is a segment that was to be passed over, as it was said after it was found."""
        column: cython.Py_ssize_t = self.hit_column[hit]
        base: cython.Py_ssize_t = self.row[column] * ROW_WORDS
        side: cython.int = self.side[column]
        if self.hit_kind[hit] != SEGMENT or not self.rows[base + FLAGS] & (PASSING << side):
            return False
        if self.hit_prefix_len[hit] or self.hit_context[hit] & RENEWED:
            return False
        return self._lies_before(base, side, self.hit_seq[hit], self.hit_length[hit])

    def run(self, batch: Batch, low: cython.Py_ssize_t, high: cython.Py_ssize_t) -> int:
        """Work through packets ``low`` to ``high``; the number of hits."""
        column: cython.Py_ssize_t
        self.data = batch.data
        self.hits = 0
        self.joined_used = 0
        with cython.nogil:
            for column in range(high - low):
                if self.proto[column] == 6:
                    if self.segment_len[column] or self.tcp_flags[column] & SYN:
                        self._tcp(column)
                elif self.proto[column] == 17 and self.payload_len[column] > 12 and self._is_dns(column):
                    self._hit(DNS_UDP, column, self.payload_at[column], self.payload_len[column], 0)
        return self.hits

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _hit(
        self,
        kind: cython.int,
        column: cython.Py_ssize_t,
        at: cython.Py_ssize_t,
        length: cython.Py_ssize_t,
        context: cython.int,
    ) -> cython.int:
        k: cython.Py_ssize_t = self.hits
        self.hit_kind[k] = kind
        self.hit_column[k] = column
        self.hit_at[k] = at
        self.hit_length[k] = length
        self.hit_prefix_at[k] = 0
        self.hit_prefix_len[k] = 0
        self.hit_context[k] = context
        self.hit_seq[k] = self.seq[column]
        self.hits += 1
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _is_dns(self, column: cython.Py_ssize_t) -> cython.int:
        return (self.ports[column] & 0xFFFF) == 53 or (self.ports[column] >> 16) == 53

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
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
            self.counts[NOT_CAPTURED] += 1
        self.first_payload = (self.rows[base + FLAGS] & LAST_SENDER_KNOWN) == 0
        self.flight_begins = False
        context = self._advance(column, base, side)
        if context == 0:
            return 0
        self._take_up(column, base, side, context)
        if self.rows[base + FLAGS] & (HELD << side) and context & IN_ORDER:
            self._release(column, base, side)
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _take_up(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int, context: cython.int
    ) -> cython.int:
        """Look at a segment whose place is known."""
        state: cython.uint
        if self.rows[base + FLAGS] & (PASSING << side):
            if context & IN_ORDER and self._lies_before(
                base, side, self.seq[column], self.segment_len[column]
            ):
                return 0
            self._pass_no_more(base, side)
        if self.first_payload and context & NEW and self.any_flagged:
            self._hit(NEW_FLOW, column, self.payload_at[column], self.payload_len[column], context)
        state = (self.rows[base + SCAN] >> (32 * side)) & 0xFFFF
        if self.rows[base + FLAGS] & FLAGGED:
            return self._hand_on(column, base, side, context, state)
        if context & NEW:
            state = self._scan_segment(column, base, side, state, context)
            if self.segment_len[column] != self.payload_len[column]:
                state = CLOSED
            self._set_state(base, side, state)
        else:
            self._scan_segment(column, base, side, CLOSED, context)
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
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
            self._hold(column, base, side, True)
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _flags(self, base: cython.Py_ssize_t) -> cython.int:
        return cython.cast(cython.int, self.rows[base + FLAGS] >> FLAGS_SHIFT)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _set_next(self, base: cython.Py_ssize_t, side: cython.int, number: cython.ulonglong) -> cython.int:
        other: cython.ulonglong = self.rows[base + NEXT_SEQ] & (LOW_HALF << (32 * (1 - side)))
        self.rows[base + NEXT_SEQ] = other | ((number & LOW_HALF) << (32 * side))
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _set_half(self, base: cython.Py_ssize_t, side: cython.int, value: cython.ulonglong) -> cython.int:
        """Write all that SCAN has of a side."""
        other: cython.ulonglong = self.rows[base + SCAN] & (LOW_HALF << (32 * (1 - side)))
        self.rows[base + SCAN] = other | ((value & LOW_HALF) << (32 * side))
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _lies_before(
        self, base: cython.Py_ssize_t, side: cython.int, number: cython.longlong, length: cython.longlong
    ) -> cython.int:
        """Whether a segment ends where the side is passed over, or before."""
        room: cython.longlong = (((self.rows[base + SCAN] >> (32 * side)) & LOW_HALF) - number) & LOW_HALF
        return length <= room < HALF_SPACE

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _pass_no_more(self, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        self.rows[base + FLAGS] &= MASK ^ (PASSING << side)
        self._set_half(base, side, 0)
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _set_state(self, base: cython.Py_ssize_t, side: cython.int, state: cython.ulonglong) -> cython.int:
        keep: cython.ulonglong = MASK ^ (cython.cast(cython.ulonglong, 0xFFFF) << (32 * side))
        self.rows[base + SCAN] = (self.rows[base + SCAN] & keep) | (state << (32 * side))
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
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

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _settle(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int, context: cython.int
    ) -> cython.int:
        """The side has come to the end of this segment."""
        number: cython.ulonglong = self.seq[column]
        flags: cython.ulonglong = self.rows[base + FLAGS]
        if not context & IN_ORDER:
            self._set_state(base, side, CLOSED)
        self._set_next(base, side, number + self.segment_len[column])
        if (flags & LAST_SENDER_KNOWN) == 0 or ((flags & LAST_SENDER) != 0) != (side != 0):
            self._begin_flight(column, base, side, context & IN_ORDER)
        self.rows[base + FLAGS] |= HAVE_SEQ << side
        return context | self._flags(base)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _misplaced(self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """A segment that is not the next one: its context bits, or 0 where all is done."""
        length: cython.longlong = self.segment_len[column]
        number: cython.longlong = self.seq[column]
        flags: cython.ulonglong = self.rows[base + FLAGS]
        ahead: cython.longlong
        context: cython.int = 0
        if flags & (PASSING << side):
            self._pass_no_more(base, side)
        self.expected = (self.rows[base + NEXT_SEQ] >> (32 * side)) & LOW_HALF
        ahead = (number - self.expected) & LOW_HALF
        if ahead >= HALF_SPACE:
            ahead -= 2 * HALF_SPACE
        if flags & (HELD << side) and self._renewed(column, base, side):
            return self._settle(column, base, side, NEW | IN_ORDER | RENEWED)
        if ahead + length <= 0 and ahead >= -REACH:
            self.counts[RETRANSMISSIONS] += 1
            if length == 1 and ahead == -1:  # keep-alive with one stale byte
                return 0
            if flags & FLAGGED:
                context = PLACED  # the conversation has it already
            return context | self._flags(base)
        self.counts[OUT_OF_ORDER] += 1
        if -REACH <= ahead <= REACH:
            context = PLACED
        if flags & FLAGGED:  # the conversation puts it in order
            if context:
                self._hand_on_begun(column, base, side)
                return self._settle(column, base, side, NEW | PLACED)
            self._set_next(base, side, number + length)  # a flight of it begins with the next at the earliest
            return NEW | self._flags(base)
        if ahead > 0 and self._begins_words(column, base, side):
            self.rows[base + FLAGS] |= FLAGGED
            self.any_flagged = True
            self._hand_on(column, base, side, self._settle(column, base, side, NEW), CLOSED)
            return 0
        self._scan_segment(column, base, side, CLOSED, context | self._flags(base))
        if self.rows[base + FLAGS] & FLAGGED:
            return 0
        if ahead < 0 and context:  # the first copy counts; only the rest is new
            self._trim(column, -ahead)
            return self._settle(column, base, side, NEW | IN_ORDER)
        self._hold(column, base, side, False)
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _begins_words(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int
    ) -> cython.int:
        """Whether the side takes its turn with an opener, which stands by itself whatever is missing."""
        flags: cython.ulonglong = self.rows[base + FLAGS]
        start: cython.Py_ssize_t = self.payload_at[column]
        length: cython.Py_ssize_t = self.payload_len[column]
        if length == 0:
            return 0
        if (flags & LAST_SENDER_KNOWN) and ((flags & LAST_SENDER) != 0) == (side != 0):
            return 0
        return self._opens_text(column, start, start + length, self._flags(base))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _trim(self, column: cython.Py_ssize_t, count: cython.Py_ssize_t) -> cython.int:
        """Take ``count`` bytes off the segment's beginning."""
        captured: cython.Py_ssize_t = min(count, self.payload_len[column])
        self.payload_at[column] += captured
        self.payload_len[column] -= captured
        self.segment_len[column] -= count
        self.seq[column] = (self.seq[column] + count) & LOW_HALF
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _early_set(self, base: cython.Py_ssize_t, side: cython.int) -> cython.Py_ssize_t:
        """The first of the eight slots that this direction may use; the seed keeps others out of it."""
        mixed: cython.ulonglong = ((self.rows[base] ^ self.early_seed) * MIX) & MASK
        mixed = ((mixed ^ (mixed >> 29) ^ self.rows[base + KEY1] ^ side) * MIX) & MASK
        return ((mixed >> 32) % (REORDER_SLOTS // REORDER_WAYS)) * REORDER_WAYS

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _is_early(self, slot: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """Whether the slot is this direction's."""
        if self.early_key1[slot] != self.rows[base + KEY1] ^ side:
            return 0
        return self.early_key0[slot] == self.rows[base]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _renewed(self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """Whether a SYN had announced this payload: then all that was known of the flow is the old one's."""
        slot: cython.Py_ssize_t = self._early_syn(base, side)
        if slot < 0 or self.early_seq[slot] != self.seq[column]:
            return 0
        self.early_key1[slot] = 0
        self.rows[base + FLAGS] &= MASK ^ (
            (3 * (HAVE_SEQ | FLIGHT_KNOWN | FLIGHT_JSON | FLIGHT_TEXT | HTTP_SEEN | PASSING))
            | LAST_SENDER_KNOWN
        )
        self.rows[base + SCAN] = 0
        self.first_payload = True
        slot = self._early_syn(base, 1 - side)
        if slot >= 0:
            self.early_key1[slot] = 0
            self._set_next(base, 1 - side, self.early_seq[slot])
            self.rows[base + FLAGS] |= HAVE_SEQ << (1 - side)
        self.counts[USED_AGAIN] += 1
        return 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-2, check=False)
    def _early_syn(self, base: cython.Py_ssize_t, side: cython.int) -> cython.Py_ssize_t:
        """The slot with this direction's SYN, or -1."""
        slot: cython.Py_ssize_t = self._early_set(base, side)
        last: cython.Py_ssize_t = slot + REORDER_WAYS
        while slot < last:
            if self.early_syn[slot] and self._is_early(slot, base, side):
                return slot
            slot += 1
        return -1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _hold(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int, syn: cython.bint
    ) -> cython.int:
        """Keep a segment until what lies before it has come, or a SYN until its payload has."""
        first: cython.Py_ssize_t = self._early_set(base, side)
        slot: cython.Py_ssize_t
        oldest: cython.Py_ssize_t = first
        stale: cython.Py_ssize_t = -1
        free: cython.Py_ssize_t = -1
        before: cython.Py_ssize_t = -1
        older: cython.Py_ssize_t = -1
        count: cython.Py_ssize_t = 0
        for slot in range(first, first + REORDER_WAYS):
            if self.early_key1[slot] == 0:
                free = slot
                continue
            if self.early_stamp[slot] < self.early_stamp[oldest]:
                oldest = slot
            if not self._is_early(slot, base, side):
                continue
            if self.early_syn[slot]:
                older = slot
                continue
            if self.early_seq[slot] == self.seq[column] and not syn:
                return 0
            count += 1
            if self.early_stale[slot] and (stale < 0 or self.early_stamp[slot] < self.early_stamp[stale]):
                stale = slot
            if (self.early_seq[slot] + self.early_length[slot]) & LOW_HALF == self.seq[column]:
                before = slot
        if syn and older >= 0:
            free = older  # the latest SYN counts
        elif count >= MAX_REORDERED and stale >= 0:
            free = stale
        elif free < 0:
            free = oldest
            self.counts[EARLY_DISPLACED] += 1
        self._fill_early(column, base, side, free, syn)
        if syn:
            return 0
        if before >= 0 and before != free and self._is_stray(before, base, side):
            self._go_on_at(column, base, side, before)
        elif count >= MAX_REORDERED and stale < 0:
            self._give_up(column, base, side)
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _fill_early(
        self,
        column: cython.Py_ssize_t,
        base: cython.Py_ssize_t,
        side: cython.int,
        slot: cython.Py_ssize_t,
        syn: cython.bint,
    ) -> cython.int:
        kept: cython.Py_ssize_t = self.payload_len[column]
        start: cython.Py_ssize_t = self.payload_at[column]
        i: cython.Py_ssize_t
        if syn:
            kept = 0
        elif kept > REORDER_SIZE:
            self.counts[EARLY_TOO_LONG] += 1
            kept = 0
        elif kept != self.segment_len[column] or self._is_idle_talk(base, side, start, start + kept):
            kept = 0
        self.early_key0[slot] = self.rows[base]
        self.early_key1[slot] = self.rows[base + KEY1] ^ side
        self.early_seq[slot] = self.seq[column]
        self.early_length[slot] = 0 if syn else self.segment_len[column]
        self.early_kept[slot] = kept
        self.early_syn[slot] = syn
        self.early_stale[slot] = 0
        self.early_clock += 1
        self.early_stamp[slot] = self.early_clock
        for i in range(kept):
            self.early[slot * REORDER_SIZE + i] = self.data[start + i]
        self.rows[base + FLAGS] |= HELD << side
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _is_idle_talk(
        self, base: cython.Py_ssize_t, side: cython.int, start: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.int:
        """Whether no message can stand in these bytes, or go on in them: then only their length counts."""
        if self.first_payload or (self.rows[base + SCAN] >> (32 * side)) & 0xFFFF != CLOSED:
            return 0
        return not self._may_hold_message(start, end)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _ahead_of(
        self, slot: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int
    ) -> cython.longlong:
        """How far the slot's segment lies ahead of what is expected; negative when behind."""
        number: cython.longlong = self.early_seq[slot]
        ahead: cython.longlong = (
            number - ((self.rows[base + NEXT_SEQ] >> (32 * side)) & LOW_HALF)
        ) & LOW_HALF
        return ahead - 2 * HALF_SPACE if ahead >= HALF_SPACE else ahead

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _is_stray(self, slot: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        ahead: cython.longlong = self._ahead_of(slot, base, side)
        return ahead > REACH or ahead < -REACH

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _give_up(self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """Too much waits: go on behind the hole, or with the oldest stray where nothing else waits."""
        first: cython.Py_ssize_t = self._early_set(base, side)
        slot: cython.Py_ssize_t
        best: cython.Py_ssize_t = -1
        least: cython.longlong = 4 * HALF_SPACE
        ahead: cython.longlong
        for slot in range(first, first + REORDER_WAYS):
            if self._is_early(slot, base, side) and not self.early_syn[slot]:
                ahead = self._ahead_of(slot, base, side)
                if ahead > REACH or ahead < 0:
                    ahead = 2 * HALF_SPACE
                if ahead < least or (ahead == least and self.early_stamp[slot] < self.early_stamp[best]):
                    least = ahead
                    best = slot
        if best >= 0:
            self._go_on_at(column, base, side, best)
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _go_on_at(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int, slot: cython.Py_ssize_t
    ) -> cython.int:
        """The direction goes on with the segment in this slot; what lies before it is missing."""
        self.counts[HOLES] += 1
        self._set_state(base, side, CLOSED)
        self._set_next(base, side, self.early_seq[slot])
        self.behind_hole = True
        self._release(column, base, side)
        self.behind_hole = False
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _release(self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """Look at the segments that were waiting for the place where the direction is now."""
        slot: cython.Py_ssize_t = self._next_early(base, side)
        packet: cython.uchar[:] = self.data
        while slot >= 0:
            self.early_key1[slot] = 0
            self.data = self.early
            self.from_slot = True
            self._take_early(column, base, side, slot)
            self.from_slot = False
            self.data = packet
            self.behind_hole = False
            slot = self._next_early(base, side)
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-2, check=False)
    def _next_early(self, base: cython.Py_ssize_t, side: cython.int) -> cython.Py_ssize_t:
        """The slot whose segment goes on where the direction is, or -1; frees those that it has passed."""
        first: cython.Py_ssize_t = self._early_set(base, side)
        slot: cython.Py_ssize_t
        found: cython.Py_ssize_t = -1
        left: cython.Py_ssize_t = 0
        ahead: cython.longlong
        for slot in range(first, first + REORDER_WAYS):
            if not self._is_early(slot, base, side):
                continue
            left += 1
            if self.early_syn[slot]:
                continue
            ahead = self._ahead_of(slot, base, side)
            if ahead <= 0 and ahead + self.early_length[slot] > 0:
                if found < 0 or self.early_stamp[slot] < self.early_stamp[found]:
                    found = slot
            elif ahead <= 0 and ahead >= -REACH:
                self.early_key1[slot] = 0
                left -= 1
            else:
                self.early_stale[slot] = 1
        if left == 0:
            self.rows[base + FLAGS] &= MASK ^ (HELD << side)
        return found

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _take_early(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int, slot: cython.Py_ssize_t
    ) -> cython.int:
        """Look at a slot's segment as if it came now; ``data`` is that of the slots."""
        at: cython.uint = self.payload_at[column]
        captured: cython.uint = self.payload_len[column]
        length: cython.uint = self.segment_len[column]
        number: cython.uint = self.seq[column]
        hits: cython.Py_ssize_t = self.hits
        passed: cython.longlong = -self._ahead_of(slot, base, side)
        context: cython.int = NEW if self.behind_hole else NEW | IN_ORDER
        if self.early_kept[slot] == 0:
            self._pass_over(base, side)
            self._set_next(base, side, self.early_seq[slot] + self.early_length[slot])
            return 0
        self.counts[PUT_IN_ORDER] += 1
        self.payload_at[column] = slot * REORDER_SIZE
        self.payload_len[column] = self.segment_len[column] = self.early_kept[slot]
        self.seq[column] = self.early_seq[slot]
        self._trim(column, passed)
        self.first_payload = (self.rows[base + FLAGS] & LAST_SENDER_KNOWN) == 0
        self.flight_begins = False
        context = self._settle(column, base, side, context)
        self._take_up(column, base, side, context)
        self.payload_at[column] = at
        self.payload_len[column] = captured
        self.segment_len[column] = length
        self.seq[column] = number
        while hits < self.hits:
            self._join(hits)
            hits += 1
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _pass_over(self, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """The side has said something of which only the length is known."""
        flags: cython.ulonglong = self.rows[base + FLAGS]
        self._set_state(base, side, CLOSED)
        if (flags & LAST_SENDER_KNOWN) == 0 or ((flags & LAST_SENDER) != 0) != (side != 0):
            flags &= MASK ^ ((FLIGHT_KNOWN | FLIGHT_JSON | FLIGHT_TEXT) << side)
            flags |= LAST_SENDER_KNOWN
            flags = (flags | LAST_SENDER) if side else (flags & (MASK ^ LAST_SENDER))
            self.rows[base + FLAGS] = flags
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _join(self, hit: cython.Py_ssize_t) -> cython.int:
        """Copy what a hit shows in a slot to where it can be shown: behind its prefix, which comes along."""
        length: cython.Py_ssize_t = self.hit_length[hit]
        start: cython.Py_ssize_t = self.hit_at[hit]
        before: cython.Py_ssize_t = self.hit_prefix_len[hit]
        prefix: cython.Py_ssize_t = self.hit_prefix_at[hit]
        at: cython.Py_ssize_t = self.joined_used
        i: cython.Py_ssize_t
        if length == 0:
            return 0
        self.hit_length[hit] = 0
        self.hit_prefix_len[hit] = 0
        if at + before + length > JOINED_SIZE:
            self.counts[NOT_JOINED] += 1
            return 0
        for i in range(before):
            self.joined[at + i] = self.joined[prefix + i]
        for i in range(length):
            self.joined[at + before + i] = self.early[start + i]
        self.hit_prefix_at[hit] = at
        self.hit_prefix_len[hit] = before + length
        self.joined_used += before + length
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _hand_on_early(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int, context: cython.int
    ) -> cython.int:
        """The flow is flagged: what waits goes to the conversation, which puts it in order itself."""
        first: cython.Py_ssize_t = self._early_set(base, side)
        slot: cython.Py_ssize_t
        k: cython.Py_ssize_t
        left: cython.Py_ssize_t = 0
        for slot in range(first, first + REORDER_WAYS):
            if not self._is_early(slot, base, side):
                continue
            if self.early_syn[slot]:
                left += 1
                continue
            self.early_key1[slot] = 0
            if self.early_kept[slot]:
                k = self.hits
                self._hit(SEGMENT, column, slot * REORDER_SIZE, self.early_kept[slot], context)
                self.hit_seq[k] = self.early_seq[slot]
                self._join(k)
        if left == 0:
            self.rows[base + FLAGS] &= MASK ^ (HELD << side)
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _begin_flight(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int, in_order: cython.int
    ) -> cython.int:
        """The side takes its turn to speak: note how it begins."""
        at: cython.Py_ssize_t = self.payload_at[column]
        end: cython.Py_ssize_t = at + self.payload_len[column]
        flags: cython.ulonglong = self.rows[base + FLAGS]
        first: cython.int = 0
        self.flight_begins = True
        flags &= MASK ^ ((FLIGHT_KNOWN | FLIGHT_JSON | FLIGHT_TEXT) << side)
        flags |= LAST_SENDER_KNOWN
        flags = (flags | LAST_SENDER) if side else (flags & (MASK ^ LAST_SENDER))
        while at < end and self.data[at] <= 0x20:
            at += 1
        if at < end:
            first = self.data[at]
        if in_order:
            flags |= FLIGHT_KNOWN << side
        if self._is_text(self.payload_at[column], end):
            flags |= FLIGHT_TEXT << side
        if first == 0x7B or first == 0x5B or first == 0xEF:  # { [ or a byte order mark
            flags |= FLIGHT_JSON << side
        elif 0x41 <= first <= 0x5A and self.data[self.payload_at[column]] and self._http_word(at, end):
            flags |= HTTP_SEEN << side
        self.rows[base + FLAGS] = flags
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _is_text(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """Whether the first bytes are printable ASCII or line ends."""
        byte: cython.int
        if end > at + TEXT_BYTES:
            end = at + TEXT_BYTES
        while at < end:
            byte = self.data[at]
            if byte > 0x7E or (byte < 0x20 and byte != 0x0A and byte != 0x0D and byte != 0x09):
                return 0
            at += 1
        return 1

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _begins_head(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        return 0x41 <= self.data[at] <= 0x5A and self._http_word(at, end) != 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _is_cut_post(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """The head of a POST that does not end in this segment: without it, nobody knows what the body is."""
        if self.data[at] != 0x50 or self.data[at + 1] != 0x4F or end - at > STASH_SIZE // 2:
            return 0
        if self._http_word(at, end) != 1:
            return 0
        while True:
            at = _find(self.data, 0x0A, at, end)
            if at < 0:
                return 1
            if at + 2 < end and self.data[at + 1] == 0x0D and self.data[at + 2] == 0x0A:
                return 0
            at += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _http_word(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """1 for a request method, 2 for a status line (RFC 9112 sections 3 and 4), 0 for neither.

        Of fewer than four bytes, whether they may begin one.
        """
        word: cython.uint = 0
        cut: cython.int = 0  # bits that are missing of the word
        i: cython.Py_ssize_t
        for i in range(4):
            if at + i < end:
                word = (word << 8) | self.data[at + i]
            else:
                cut += 8
        if (
            word == 0x47455420 >> cut  # GET
            or word == 0x504F5354 >> cut  # POST
            or word == 0x48454144 >> cut  # HEAD
            or word == 0x434F4E4E >> cut  # CONN(ECT)
            or word == 0x50555420 >> cut  # PUT
            or word == 0x4F505449 >> cut  # OPTI(ONS)
            or word == 0x44454C45 >> cut  # DELE(TE)
            or word == 0x50415443 >> cut  # PATC(H)
        ):
            return 1
        if word == 0x48545450 >> cut:
            return 2  # HTTP
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _hand_on(
        self,
        column: cython.Py_ssize_t,
        base: cython.Py_ssize_t,
        side: cython.int,
        context: cython.int,
        state: cython.uint,
    ) -> cython.int:
        """A hit for a segment of a flagged flow, with what is kept of the message before it.

        ``state`` is that before the segment: only where it is not CLOSED does the stash
        hold the beginning of what the segment continues, and not an older message.
        """
        k: cython.Py_ssize_t
        slot: cython.Py_ssize_t
        if not context & IN_ORDER:
            self._hand_on_begun(column, base, side)
        k = self.hits
        slot = self._slot_of(base, side)
        self._hit(SEGMENT, column, self.payload_at[column], self.payload_len[column], context)
        if slot >= 0:
            if context & IN_ORDER and state != CLOSED:
                self._take(slot, k)
                self.hit_seq[k] = (self.seq[column] - self.hit_prefix_len[k]) & LOW_HALF
            self._free(slot)
        self.hit_expected[k] = self.expected
        if not self.from_slot:
            self._note_acknowledged(column, k)
        self._set_state(base, side, CLOSED)
        if self.rows[base + FLAGS] & (HELD << side):
            self._hand_on_early(column, base, side, context & ~(IN_ORDER | PLACED | RENEWED))
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _hand_on_begun(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int
    ) -> cython.int:
        """A hit for what is kept of a message that is behind a hole now: it may go on when that is filled."""
        k: cython.Py_ssize_t = self.hits
        slot: cython.Py_ssize_t = self._slot_of(base, side)
        state: cython.uint = (self.rows[base + SCAN] >> (32 * side)) & 0xFFFF
        number: cython.ulonglong = (self.rows[base + NEXT_SEQ] >> (32 * side)) & LOW_HALF
        if slot < 0 or state == CLOSED or state >= IN_CERTIFICATE:
            return 0
        self._hit(SEGMENT, column, self.payload_at[column], 0, self._flags(base) | IN_ORDER)
        self._take(slot, k)
        self.hit_seq[k] = (number - self.hit_prefix_len[k]) & LOW_HALF
        self._free(slot)
        self._set_state(base, side, CLOSED)
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _note_acknowledged(self, column: cython.Py_ssize_t, hit: cython.Py_ssize_t) -> cython.int:
        """What the segment says it has of the other side; not behind an IPv6 extension header."""
        at: cython.Py_ssize_t = self.ip_at[column]
        if not self.tcp_flags[column] & ACK:
            return 0
        if self.data[at] >> 4 == 4:
            at += (self.data[at] & 0x0F) * 4
        elif self.data[at + 6] == 6:
            at += 40
        else:
            return 0
        self.hit_acknowledged[hit] = (
            (cython.cast(cython.uint, self.data[at + 8]) << 24)
            | (self.data[at + 9] << 16)
            | (self.data[at + 10] << 8)
            | self.data[at + 11]
        )
        self.hit_context[hit] |= ACKNOWLEDGES
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(0x10000, check=False)
    def _scan_segment(
        self,
        column: cython.Py_ssize_t,
        base: cython.Py_ssize_t,
        side: cython.int,
        state: cython.uint,
        context: cython.int,
    ) -> cython.uint:
        """Look for anchors and names' carriers in one segment; the automaton's state after it."""
        start: cython.Py_ssize_t = self.payload_at[column]
        end: cython.Py_ssize_t = start + self.payload_len[column]
        before: cython.uint = state
        placed: cython.int
        whole: cython.bint
        if state == IN_HELLO:
            return self._continue_hello(column, base, side)
        if state == IN_CERTIFICATE:
            return self._continue_certificate(column, base, side)
        if state == IN_OPENING:
            state = self._continue_opening(column, base, side, context)
            if state != CLOSED:
                return IN_OPENING if state == IN_OPENING else CLOSED
            before = CLOSED
        self.opened_at = -1
        self.found = False
        if state == IN_MESSAGE:
            whole = self.segment_len[column] == self.payload_len[column]
            if whole and not self.flight_begins and self._goes_on(base, side, start, end):
                self._keep(base, side, start, end, True)
                return IN_MESSAGE
            return self._flag(column, base, side, context, state)
        self.gated = self.has_gate and self.rows[base + FLAGS] & (3 * HTTP_SEEN) == 0
        if self.flight_begins and state == CLOSED and end > start:
            self.found = self._opens_text(column, start, end, context) != 0
            self.opening_flow = self.first_payload
            placed = (context & IN_ORDER) != 0 or self.first_payload
            placed = placed and not self._begins_head(start, end)  # which is kept below
            if not self.found and placed and self._begun(self.data, start, end):
                self._keep(base, side, start, end, False)
                return IN_OPENING
        if (
            self.flight_begins
            and not self.found
            and 0 < end - start < HTTP_LEAST
            and self._begins_head(start, end)
        ):
            self._keep(base, side, start, end, False)  # a head in pieces: the first goes with the next
            return OPEN
        if state == CLOSED and end - start > 5:
            if self.data[start] == 0x16 and self.data[start + 1] == 3:
                if self.data[start + 5] == 1:
                    return self._begin_hello(column, base, side, context)
                if self.data[start + 5] == 2:
                    return self._begin_certificate(column, base, side, context)
            if 0x41 <= self.data[start] <= 0x5A and self._http_word(start, end) == 1:
                self._hit(HTTP_REQUEST, column, start, end - start, context)
            elif end - start > 14 and self._is_dns(column):
                self._hit(DNS_TCP, column, start + 2, end - start - 2, context)
            elif (self.data[start] == 5 or self.data[start] == 4) and end - start <= SOCKS_SIZE:
                self._hit(SOCKS_REQUEST, column, start, end - start, context)
            if self.flight_begins and not self.found and self._is_cut_post(start, end):
                self._keep(base, side, start, end, False)
                return OPEN
        if not self.found and state == CLOSED and end > start:
            self.found = self._opens_carrier(start, end, context) != 0
        if not self.found and (state != CLOSED or self._may_hold_message(start, end)):
            state = self._scan(start, end, state)
        if self.found:
            if self._is_unfinished(column, base, side, before, context):
                if before == CLOSED:
                    self._begin_message(base, side)
                self._keep(base, side, start, end, True)
                return IN_MESSAGE
            return self._flag(column, base, side, context, before)
        if state != CLOSED and context & NEW:
            self._keep(base, side, start if self.opened_at < 0 else self.opened_at, end, self.opened_at < 0)
        return state

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(0x10000, check=False)
    def _flag(
        self,
        column: cython.Py_ssize_t,
        base: cython.Py_ssize_t,
        side: cython.int,
        context: cython.int,
        before: cython.uint,
    ) -> cython.uint:
        """Hand on the segment and, from now on, all that the flow says; the state after it."""
        self.rows[base + FLAGS] |= FLAGGED
        self.any_flagged = True
        context |= cython.cast(cython.int, FLAGGED >> FLAGS_SHIFT)
        self._hand_on(column, base, side, context, before)
        return CLOSED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _is_unfinished(
        self,
        column: cython.Py_ssize_t,
        base: cython.Py_ssize_t,
        side: cython.int,
        before: cython.uint,
        context: cython.int,
    ) -> cython.int:
        """Whether the segment is but a piece of one message that has not ended: it waits for the rest.

        A flood of messages that never end then stays in the sieve.  Bodies of HTTP do not wait, as only
        their heads tell where they end, nor does what began as something else.
        """
        start: cython.Py_ssize_t = self.payload_at[column]
        if self.rows[base + FLAGS] & (3 * HTTP_SEEN) or not context & NEW:
            return 0
        if self.segment_len[column] != self.payload_len[column]:
            return 0
        if before == CLOSED:
            return self.opened_at == start and self._lacks_end(start, start + self.payload_len[column])
        return self.opened_at < 0 and self._goes_on(base, side, start, start + self.payload_len[column])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _begin_message(self, base: cython.Py_ssize_t, side: cython.int) -> cython.int:
        """A slot of those for messages with an anchor, instead of one that the direction may hold."""
        slot: cython.Py_ssize_t = self._slot_of(base, side)
        if slot >= 0:
            self._free(slot)
        self._new_slot(base, side, True)
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _goes_on(
        self, base: cython.Py_ssize_t, side: cython.int, start: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.int:
        """Whether a message whose beginning is kept does not end here either, and there is room for more."""
        slot: cython.Py_ssize_t = self._slot_of(base, side)
        if slot < 0 or self.stash_len[slot] + (end - start) > STASH_SIZE:
            return 0
        return self._lacks_end(start, end)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _lacks_end(self, start: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """Whether no message ends in these bytes: no line does, and no object or array at their end."""
        if end - start > STASH_SIZE or _find(self.data, 0x0A, start, end) >= 0:
            return 0
        while end > start and self.data[end - 1] <= 0x20:  # white space, and NUL as a separator
            end -= 1
        return end > start and self.data[end - 1] != 0x7D and self.data[end - 1] != 0x5D

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _may_hold_message(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
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

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _opens_carrier(
        self, start: cython.Py_ssize_t, end: cython.Py_ssize_t, context: cython.int
    ) -> cython.int:
        """Whether the segment begins something in which no anchor could be seen, known by its shape.

        An answer "101" opens a WebSocket, whose client masks what it sends (RFC 6455
        section 5.3).  Stratum V2 is binary: in the clear it opens with SetupConnection
        (sv2-spec section 3.6.1), encrypted with a flight of 64 bytes (section 4.5.1).
        """
        if self.data[start] == 0x48:  # H
            return (
                end - start > 12
                and self._http_word(start, end) == 2
                and self.data[start + 9] == 0x31
                and self.data[start + 10] == 0x30
                and self.data[start + 11] == 0x31
            )
        if end - start == 64 and self.first_payload and context & IN_ORDER:
            return 1
        return end - start >= SETUP_BYTES and self._like_setup(self.data, start, end)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _like_setup(self, data: cython.uchar[:], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """Whether SetupConnection may begin so: extension and type 0, protocol 0 to 2, version 2."""
        i: cython.Py_ssize_t
        byte: cython.int
        if end > at + 11:
            end = at + 11
        for i in range(end - at):
            byte = data[at + i]
            if i < 3 or i == 8 or i == 10:
                if byte:
                    return 0
            elif (i == 6 and byte > 2) or ((i == 7 or i == 9) and byte != 2):
                return 0
        return 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _begun(self, data: cython.uchar[:], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """Whether a flight that is known by its first bytes may go on so: more of it is needed to tell."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        length: cython.Py_ssize_t
        first: cython.int = data[at]
        if first == 0:
            return self.opening_flow and end - at < SETUP_BYTES and self._like_setup(data, at, end)
        if first == 4:
            return self._lacks_socks4(data, at, end)
        if first == 5:
            return self._lacks_socks5(data, at, end)
        for i in range(self.opener_first[first], self.opener_first[first + 1]):
            length = self.opener_at[i + 1] - self.opener_at[i]
            if length <= end - at or self.opener_peers[i]:
                continue
            k = 1
            while at + k < end and data[at + k] == self.opener_text[self.opener_at[i] + k]:
                k += 1
            if at + k == end:
                return 1
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _lacks_socks4(
        self, data: cython.uchar[:], at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.int:
        """Whether a request of SOCKS 4 or 4A is not whole: port, address, user, and for 4A the name."""
        texts: cython.int
        if end - at > SOCKS_SIZE or (at + 1 < end and data[at + 1] != 1):
            return 0
        if end - at < 9:
            return 1
        texts = 2 if data[at + 4] == 0 and data[at + 5] == 0 and data[at + 6] == 0 and data[at + 7] else 1
        at += 8
        while at < end:
            if data[at] == 0:
                texts -= 1
            at += 1
        return texts > 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _lacks_socks5(
        self, data: cython.uchar[:], at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.int:
        """Whether a request of SOCKS 5 is not whole, with greeting and password before it or without."""
        start: cython.Py_ssize_t = at
        if end - at > SOCKS_SIZE or (at + 1 < end and (data[at + 1] == 0 or data[at + 1] > SOCKS_METHODS)):
            return 0
        if end - at < 4:
            return 1
        if data[at + 1] != 1 or data[at + 2] != 0 or data[at + 3] == 5:  # else it is the request alone
            at += 2 + data[at + 1]
            if at < end and data[at] == 1:
                at += 2 + (data[at + 1] if at + 1 < end else 0)
                at += 1 + (data[at] if at < end else 0)
            if at + 3 >= end:
                return at >= end or data[at] == 5
            if data[at] != 5 or data[at + 1] != 1 or data[at + 2] != 0:
                return 0
        if data[at + 3] == 1:
            at += 10
        elif data[at + 3] == 4:
            at += 22
        elif data[at + 3] == 3:
            at += 7 + (data[at + 4] if at + 4 < end else 1)
        else:
            return 0
        return at > end and at - start <= SOCKS_SIZE

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(0x10000, check=False)
    def _continue_opening(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int, context: cython.int
    ) -> cython.uint:
        """Put the segment behind the flight's first bytes: IN_OPENING where that is not enough yet, OPEN
        where it is and was handed on, CLOSED where the flight is none of those."""
        start: cython.Py_ssize_t = self.payload_at[column]
        end: cython.Py_ssize_t = start + self.payload_len[column]
        slot: cython.Py_ssize_t = self._slot_of(base, side)
        at: cython.Py_ssize_t
        first: cython.int
        if slot < 0:
            return CLOSED
        if self.flight_begins:
            self._free(slot)
            return CLOSED
        self._keep(base, side, start, end, True)
        if self._slot_of(base, side) < 0:
            return CLOSED
        at = slot * STASH_SIZE
        first = self.stash[at]
        self.opening_flow = True  # it was when these bytes were kept
        if self._begun(self.stash, at, at + self.stash_len[slot]):
            return IN_OPENING
        if first == 4 or first == 5:
            self._hit(SOCKS_REQUEST, column, start, 0, context)
            self._take(slot, self.hits - 1)
            self._free(slot)
            return OPEN
        if self._begins_known(at, at + self.stash_len[slot]):
            self.stash_len[slot] -= end - start
            self._flag(column, base, side, context, OPEN)
            return OPEN
        self._free(slot)
        return CLOSED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _begins_known(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """Whether what is stashed begins as Stratum V2 in the clear or with an opener."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        length: cython.Py_ssize_t
        first: cython.int = self.stash[at]
        if first == 0:
            return end - at >= SETUP_BYTES and self._like_setup(self.stash, at, end)
        for i in range(self.opener_first[first], self.opener_first[first + 1]):
            length = self.opener_at[i + 1] - self.opener_at[i]
            if length > end - at or self.opener_peers[i]:
                continue
            k = 1
            while k < length and self.stash[at + k] == self.opener_text[self.opener_at[i] + k]:
                k += 1
            if k == length:
                return 1
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _opens_text(
        self, column: cython.Py_ssize_t, start: cython.Py_ssize_t, end: cython.Py_ssize_t, context: cython.int
    ) -> cython.int:
        """Whether the flight begins with an opener of a signature; what a coin node says becomes a hit."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        length: cython.Py_ssize_t
        first: cython.int = self.data[start]
        for i in range(self.opener_first[first], self.opener_first[first + 1]):
            length = self.opener_at[i + 1] - self.opener_at[i]
            if length > end - start:
                continue
            k = 1
            while k < length and self.data[start + k] == self.opener_text[self.opener_at[i] + k]:
                k += 1
            if k < length:
                continue
            if not self.opener_peers[i]:
                return 1
            self._hit(PEER, column, start, end - start, context)
            return 0
        if self.peers_wanted and self.first_payload and self._peer_shape(start, end):
            self._hit(PEER, column, start, end - start, context)
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _peer_shape(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """Whether a connection may begin like a coin node's that has no literal: ``peers`` looks closer.

        Bitcoin's "version" behind an unknown magic; Lightning's act one (BOLT 8); Ethereum's
        RLPx handshake, its size before it (EIP-8).
        """
        length: cython.Py_ssize_t = end - at
        if length < 24:
            return 0
        if self.data[at + 4] == 0x76 and self.data[at + 5] == 0x65 and self.data[at + 6] == 0x72:  # ver
            return 1
        if length == 50:
            return self.data[at] == 0 and (self.data[at + 1] == 2 or self.data[at + 1] == 3)
        return (self.data[at] << 8) + self.data[at + 1] + 2 == length and self.data[at + 2] == 4

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(0x10000, check=False)
    def _scan(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t, state: cython.uint) -> cython.uint:
        """Run the automaton over ``data[at:end]`` from ``state``; sets ``opened_at`` and ``found``.

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
            state = self.table[(state << 8) | self.data[at]]
            at += 1
            if self.accepts[state]:
                after = 0
                if self.gated and self.opened_at >= 0:
                    after = self.gate.passes_over(self.data, self.opened_at, at - 1, end)
                    if after == 0 and self.gate.too_deep(self.data, self.opened_at, end):
                        after = at
                if after == 0:
                    self.found = True
                    return state
                at = after
                self.opened_at = -1
                state = CLOSED
        return state

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-2, check=False)
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

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(0x10000, check=False)
    def _begin_hello(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int, context: cython.int
    ) -> cython.uint:
        """A TLS record that opens with a ClientHello (RFC 8446 section 4.1.2), perhaps not whole."""
        start: cython.Py_ssize_t = self.payload_at[column]
        have: cython.Py_ssize_t = self.payload_len[column]
        need: cython.Py_ssize_t = 5 + ((self.data[start + 3] << 8) | self.data[start + 4])
        if have >= need or need > STASH_SIZE or not context & NEW:
            self._hit(CLIENT_HELLO, column, start, have, context)
            return CLOSED
        self._keep(base, side, start, start + have, False)
        return IN_HELLO

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(0x10000, check=False)
    def _continue_hello(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int
    ) -> cython.uint:
        start: cython.Py_ssize_t = self.payload_at[column]
        end: cython.Py_ssize_t = start + self.payload_len[column]
        slot: cython.Py_ssize_t
        head: cython.Py_ssize_t
        need: cython.Py_ssize_t
        self._keep(base, side, start, end, True)
        slot = self._slot_of(base, side)
        if slot < 0:
            return CLOSED
        head = slot * STASH_SIZE
        need = 5 + ((self.stash[head + 3] << 8) | self.stash[head + 4])
        if self.stash_len[slot] < need:
            return IN_HELLO
        self._hit(CLIENT_HELLO, column, start, 0, 0)
        self._take(slot, self.hits - 1)
        self._free(slot)
        return CLOSED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(0x10000, check=False)
    def _begin_certificate(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int, context: cython.int
    ) -> cython.uint:
        """A TLS record that opens with a ServerHello; up to TLS 1.2 a certificate follows in the clear."""
        start: cython.Py_ssize_t = self.payload_at[column]
        have: cython.Py_ssize_t = self.payload_len[column]
        need: cython.Py_ssize_t = self._leaf_end(self.data, start, start + have)
        if need == 0:
            return CLOSED
        if need <= have:
            self._hit(CERTIFICATE, column, start, need, context)
            return CLOSED
        if need > STASH_SIZE:
            self.counts[TOO_LONG] += 1
            return CLOSED
        if not context & NEW:
            return CLOSED
        self._keep(base, side, start, start + have, False)
        return IN_CERTIFICATE

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(0x10000, check=False)
    def _continue_certificate(
        self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int
    ) -> cython.uint:
        start: cython.Py_ssize_t = self.payload_at[column]
        end: cython.Py_ssize_t = start + self.payload_len[column]
        slot: cython.Py_ssize_t = self._slot_of(base, side)
        head: cython.Py_ssize_t
        need: cython.Py_ssize_t
        if slot < 0:
            return CLOSED
        head = slot * STASH_SIZE
        need = self._leaf_end(self.stash, head, head + self.stash_len[slot])
        if need <= self.stash_len[slot] + 1:
            need = STASH_SIZE  # not told yet
        if end - start > need - self.stash_len[slot]:
            end = start + need - self.stash_len[slot]
        self._keep(base, side, start, end, True)
        need = self._leaf_end(self.stash, head, head + self.stash_len[slot])
        if need > self.stash_len[slot] and need <= STASH_SIZE:
            return IN_CERTIFICATE
        if need > STASH_SIZE:
            self.counts[TOO_LONG] += 1
        elif need > 0:
            self._hit(CERTIFICATE, column, start, 0, 0)
            self._take(slot, self.hits - 1)
        self._free(slot)
        return CLOSED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-2, check=False)
    def _leaf_end(
        self, data: cython.uchar[:], at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """How many bytes from the ServerHello at ``data[at]`` to the end of the first certificate.

        0 where none can follow in the clear, and one byte more than there is up to ``end`` where
        that cannot be told yet (RFC 5246 sections 6.2.1, 7.4.1.3 and 7.4.2).
        """
        first: cython.Py_ssize_t = at
        size: cython.Py_ssize_t
        moved: cython.int
        if end - at < 9:
            return end - first + 1
        self.walk_at = at + 5
        self.walk_end = at + 5 + ((data[at + 3] << 8) | data[at + 4])
        size = (data[at + 6] << 16) | (data[at + 7] << 8) | data[at + 8]
        if at + 9 + size > end:
            return end - first + 1 if size <= STASH_SIZE else 0
        if self._is_tls13(data, at + 9, at + 9 + size):
            return 0
        moved = self._step(data, end, 4 + size + 1)  # the first byte of the next message
        if moved <= 0:
            return end - first + 1 if moved == 0 else 0
        at = self.walk_at - 1
        if at + 10 > self.walk_end:
            return 0
        if at + 10 > end:
            return end - first + 1 if at >= end or data[at] == 11 else 0
        if data[at] != 11:
            return 0
        size = (data[at + 7] << 16) | (data[at + 8] << 8) | data[at + 9]
        moved = self._step(data, end, 9 + size)
        if moved <= 0:
            return end - first + 1 if moved == 0 else 0
        return self.walk_at - first

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-2, check=False)
    def _step(self, data: cython.uchar[:], end: cython.Py_ssize_t, count: cython.Py_ssize_t) -> cython.int:
        """Go ``count`` bytes on in handshake records: 1; 0 if more is needed; -1 if another kind follows."""
        while count > self.walk_end - self.walk_at:
            count -= self.walk_end - self.walk_at
            self.walk_at = self.walk_end
            if self.walk_at + 5 > end:
                return 0
            if data[self.walk_at] != 0x16:
                return -1
            self.walk_end = self.walk_at + 5 + ((data[self.walk_at + 3] << 8) | data[self.walk_at + 4])
            self.walk_at += 5
            if self.walk_end == self.walk_at:
                return -1
        self.walk_at += count
        return 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-2, check=False)
    def _is_tls13(self, data: cython.uchar[:], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """Whether a ServerHello has the supported_versions extension (RFC 8446 section 4.2.1)."""
        at += 2 + 32  # version, random
        if at >= end:
            return 0
        at += 1 + data[at] + 2 + 1 + 2  # session id, cipher suite, compression, length of extensions
        while at + 4 <= end:
            if data[at] == 0 and data[at + 1] == 43:
                return 1
            at += 4 + ((data[at + 2] << 8) | data[at + 3])
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-2, check=False)
    def _slot_of(self, base: cython.Py_ssize_t, side: cython.int) -> cython.Py_ssize_t:
        """The stash slot that this direction holds, or -1."""
        slot: cython.Py_ssize_t = ((self.rows[base + SCAN] >> (32 * side + 16)) & 0xFFFF) - 1
        if slot < 0 or slot >= ALL_SLOTS:
            return -1
        if self.stash_key0[slot] != self.rows[base] or self.stash_key1[slot] != self.rows[base + KEY1] ^ side:
            return -1  # the ring came round: it is another flow's now
        if slot >= STASH_SLOTS and self.message_end - self.message_at[slot] > MESSAGE_ROOM:
            self.counts[DISPLACED] += 1  # its bytes were written over
            self._free(slot)
            return -1
        return slot

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _place(self, slot: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Where in ``stash`` the slot's bytes begin."""
        if slot < STASH_SLOTS:
            return slot * STASH_SIZE
        return STASH_SLOTS * STASH_SIZE + self.message_at[slot] % MESSAGE_ROOM

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _make_room(self, slot: cython.Py_ssize_t, more: cython.Py_ssize_t) -> cython.int:
        """Let ``more`` bytes follow those of a message: where others have come behind it, it moves."""
        length: cython.ulonglong = self.stash_len[slot]
        start: cython.ulonglong = self.message_at[slot]
        source: cython.Py_ssize_t = self._place(slot)
        target: cython.Py_ssize_t
        i: cython.Py_ssize_t
        if start + length != self.message_end:
            start = self.message_end
        if start % MESSAGE_ROOM + length + more > MESSAGE_ROOM:
            start += MESSAGE_ROOM - start % MESSAGE_ROOM
        self.message_at[slot] = start
        self.message_end = start + length + more
        target = self._place(slot)
        if target != source:
            for i in range(self.stash_len[slot]):
                self.stash[target + i] = self.stash[source + i]
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _keep(
        self,
        base: cython.Py_ssize_t,
        side: cython.int,
        start: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        goes_on: cython.bint,
    ) -> cython.int:
        """Keep ``data[start:end]``, behind what is kept already if the message ``goes_on``."""
        slot: cython.Py_ssize_t = self._slot_of(base, side)
        at: cython.Py_ssize_t
        if slot < 0:
            if goes_on:
                return 0  # its beginning was given up before
            slot = self._new_slot(base, side, False)
        elif not goes_on:
            self.stash_len[slot] = 0
        if self.stash_len[slot] + (end - start) > STASH_SIZE:
            self.counts[TOO_LONG] += 1
            self._free(slot)
            return 0
        if slot >= STASH_SLOTS:
            self._make_room(slot, end - start)
        at = self._place(slot) + self.stash_len[slot]
        self.stash_len[slot] += end - start
        while start < end:
            self.stash[at] = self.data[start]
            at += 1
            start += 1
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-2, check=False)
    def _new_slot(
        self, base: cython.Py_ssize_t, side: cython.int, has_anchor: cython.bint
    ) -> cython.Py_ssize_t:
        slot: cython.Py_ssize_t = self.message_next if has_anchor else self.stash_next
        shift: cython.int = 32 * side + 16
        keep: cython.ulonglong = MASK ^ (cython.cast(cython.ulonglong, 0xFFFF) << shift)
        if has_anchor:
            self.message_next = slot + 1 if slot + 1 < ALL_SLOTS else STASH_SLOTS
        else:
            self.stash_next = slot + 1 if slot + 1 < STASH_SLOTS else 0
        if self.stash_len[slot]:
            self.counts[DISPLACED] += 1
        self.stash_len[slot] = 0
        self.message_at[slot] = self.message_end
        self.stash_key0[slot] = self.rows[base]
        self.stash_key1[slot] = self.rows[base + KEY1] ^ side
        self.rows[base + SCAN] = (self.rows[base + SCAN] & keep) | (
            cython.cast(cython.ulonglong, slot + 1) << shift
        )
        return slot

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _take(self, slot: cython.Py_ssize_t, hit: cython.Py_ssize_t) -> cython.int:
        """Copy what the slot keeps to where the hit can show it."""
        length: cython.Py_ssize_t = self.stash_len[slot]
        start: cython.Py_ssize_t = self._place(slot)
        i: cython.Py_ssize_t
        if self.joined_used + length > JOINED_SIZE:
            self.counts[NOT_JOINED] += 1
            return 0
        self.hit_prefix_at[hit] = self.joined_used
        self.hit_prefix_len[hit] = length
        for i in range(length):
            self.joined[self.joined_used + i] = self.stash[start + i]
        self.joined_used += length
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _free(self, slot: cython.Py_ssize_t) -> cython.int:
        self.stash_len[slot] = 0
        self.stash_key1[slot] = 0  # no flow's: the low byte of a key is never 0
        return 0
