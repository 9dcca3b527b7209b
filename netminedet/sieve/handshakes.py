# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: what of a TLS handshake carries names: the ClientHello, and a server's certificate up to TLS 1.2.

Either may come in several segments: its bytes are kept in the stash until it is whole.
"""

from __future__ import annotations

from netminedet.sieve import automaton
from netminedet.sieve import columns as layout
from netminedet.sieve.columns import Columns

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if not cython.compiled:  # the compiler has these names from the .pxd file
    from netminedet.sieve.found import Found
    from netminedet.sieve.stash import Stash

CLIENT_HELLO = cython.declare(cython.int, layout.CLIENT_HELLO)
CERTIFICATE = cython.declare(cython.int, layout.CERTIFICATE)
NEW = cython.declare(cython.int, layout.CONTEXT_NEW)
CLOSED = cython.declare(cython.uint, automaton.CLOSED)
IN_HELLO = cython.declare(cython.uint, layout.IN_HELLO)
IN_CERTIFICATE = cython.declare(cython.uint, layout.IN_CERTIFICATE)
STASH_SIZE = cython.declare(cython.Py_ssize_t, layout.STASH_SIZE)


@cython.final
@cython.cclass
class Handshakes:
    """Each function takes a segment and gives the state of its direction behind it."""

    # compiled, the attributes' types stand in handshakes.pxd
    def __init__(self, columns: Columns, found: Found, stash: Stash) -> None:
        self.payload_at = columns.payload_at
        self.payload_len = columns.payload_len
        self.found = found
        self.stash = stash
        # of the records that are walked over: the place, and the end of the record that it is in
        self.walk_at = 0
        self.walk_end = 0

    def begin_hello(
        self,
        data: cython.uchar[::1],
        column: cython.Py_ssize_t,
        start: cython.Py_ssize_t,
        base: cython.Py_ssize_t,
        side: cython.int,
        context: cython.int,
    ) -> cython.uint:
        """A TLS record at ``start`` that opens with a ClientHello (RFC 8446 section 4.1.2), whole or not."""
        have: cython.Py_ssize_t = self.payload_at[column] + self.payload_len[column] - start
        need: cython.Py_ssize_t = 5 + ((data[start + 3] << 8) | data[start + 4])
        if have >= need or need > STASH_SIZE or not context & NEW:
            self.found.add(CLIENT_HELLO, column, start, have, context)
            return CLOSED
        self.stash.keep(data, base, side, start, start + have, False)
        return IN_HELLO

    def continue_hello(
        self, data: cython.uchar[::1], column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int
    ) -> cython.uint:
        start: cython.Py_ssize_t = self.payload_at[column]
        end: cython.Py_ssize_t = start + self.payload_len[column]
        self.stash.keep(data, base, side, start, end, True)
        return self.kept_hello(column, base, side)

    def kept_hello(self, column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int) -> cython.uint:
        """What is kept of a ClientHello, six bytes or more: found if it is whole, or longer than is kept."""
        slot: cython.Py_ssize_t = self.stash.slot_of(base, side)
        head: cython.Py_ssize_t
        need: cython.Py_ssize_t
        if slot < 0:
            return CLOSED
        head = self.stash.place(slot)
        need = 5 + ((self.stash.memory[head + 3] << 8) | self.stash.memory[head + 4])
        if self.stash.lengths[slot] < need <= STASH_SIZE:
            return IN_HELLO
        self.stash.take(slot, self.found.add(CLIENT_HELLO, column, self.payload_at[column], 0, 0))
        self.stash.free(slot)
        return CLOSED

    def begin_certificate(
        self,
        data: cython.uchar[::1],
        column: cython.Py_ssize_t,
        base: cython.Py_ssize_t,
        side: cython.int,
        context: cython.int,
    ) -> cython.uint:
        """A TLS record that opens with a ServerHello; up to TLS 1.2 a certificate follows in the clear."""
        start: cython.Py_ssize_t = self.payload_at[column]
        have: cython.Py_ssize_t = self.payload_len[column]
        need: cython.Py_ssize_t = self._leaf_end(data, start, start + have)
        if need == 0:
            return CLOSED
        if need <= have:
            self.found.add(CERTIFICATE, column, start, need, context)
            return CLOSED
        if need > STASH_SIZE:
            self.stash.too_long += 1
            return CLOSED
        if not context & NEW:
            return CLOSED
        self.stash.keep(data, base, side, start, start + have, False)
        return IN_CERTIFICATE

    def continue_certificate(
        self, data: cython.uchar[::1], column: cython.Py_ssize_t, base: cython.Py_ssize_t, side: cython.int
    ) -> cython.uint:
        start: cython.Py_ssize_t = self.payload_at[column]
        end: cython.Py_ssize_t = start + self.payload_len[column]
        slot: cython.Py_ssize_t = self.stash.slot_of(base, side)
        head: cython.Py_ssize_t
        have: cython.Py_ssize_t
        need: cython.Py_ssize_t
        if slot < 0:
            return CLOSED
        head = self.stash.place(slot)
        have = self.stash.lengths[slot]
        need = self._leaf_end(self.stash.memory, head, head + have)
        if need <= have + 1:
            need = STASH_SIZE  # not told yet
        if end - start > need - have:
            end = start + need - have
        self.stash.keep(data, base, side, start, end, True)
        head = self.stash.place(slot)  # it may have moved
        have = self.stash.lengths[slot]
        need = self._leaf_end(self.stash.memory, head, head + have)
        if need > have and need <= STASH_SIZE:
            return IN_CERTIFICATE
        if need > STASH_SIZE:
            self.stash.too_long += 1
        elif need > 0:
            self.stash.take(slot, self.found.add(CERTIFICATE, column, start, 0, 0))
        self.stash.free(slot)
        return CLOSED

    def _leaf_end(
        self, data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t
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
        if _is_tls13(data, at + 9, at + 9 + size):
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

    def _step(self, data: cython.uchar[::1], end: cython.Py_ssize_t, count: cython.Py_ssize_t) -> cython.int:
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
def _is_tls13(data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
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
