# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: writes down what is found in a chunk, and brings bytes of earlier packets along."""

from __future__ import annotations

from netminedet.sieve import columns as layout
from netminedet.sieve.columns import Columns, Hits

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if not cython.compiled:  # the compiler has this name from the .pxd file
    from netminedet.sieve.moves import move

JOINED_SIZE = cython.declare(cython.Py_ssize_t, layout.JOINED_SIZE)


@cython.final
@cython.cclass
class Found:
    """Fills ``Hits``, one entry after another."""

    # compiled, the attributes' types stand in found.pxd
    def __init__(self, columns: Columns, hits: Hits) -> None:
        self.segment_seq = columns.seq
        self.segment_len = columns.segment_len
        self.payload_len = columns.payload_len
        self.key0 = columns.key0
        self.key1 = columns.key1
        self.row = columns.row
        self.side = columns.side
        self.tcp_flags = columns.tcp_flags
        self.kind = hits.kind
        self.column = hits.column
        self.at = hits.at
        self.length = hits.length
        self.prefix_at = hits.prefix_at
        self.prefix_len = hits.prefix_len
        self.context = hits.context
        self.seq = hits.seq
        self.expected = hits.expected
        self.acknowledged = hits.acknowledged
        self.joined = hits.joined
        self.joined_used = 0
        self.count = 0
        self.not_joined = 0

    def clear(self) -> None:
        """Begin with a new chunk."""
        self.count = 0
        self.joined_used = 0

    def entry(self, hit: cython.Py_ssize_t) -> tuple[int, ...]:
        """A hit as it was written down: kind, column, place and length of its bytes and of those before
        them, context, seq, expected and acknowledged."""
        return (
            self.kind[hit],
            self.column[hit],
            self.at[hit],
            self.length[hit],
            self.prefix_at[hit],
            self.prefix_len[hit],
            self.context[hit],
            self.seq[hit],
            self.expected[hit],
            self.acknowledged[hit],
        )

    def flow_of(self, column: cython.Py_ssize_t) -> tuple[int, ...]:
        """Of a packet: both halves of its flow's key, row, side, TCP flags, and bytes not captured."""
        return (
            self.key0[column],
            self.key1[column],
            self.row[column],
            self.side[column],
            self.tcp_flags[column],
            self.segment_len[column] - self.payload_len[column],
        )

    def add(
        self,
        kind: cython.int,
        column: cython.Py_ssize_t,
        at: cython.Py_ssize_t,
        length: cython.Py_ssize_t,
        context: cython.int,
    ) -> cython.Py_ssize_t:
        """A hit in this packet, its bytes in the batch's data; which one it is."""
        hit: cython.Py_ssize_t = self.count
        self.kind[hit] = kind
        self.column[hit] = column
        self.at[hit] = at
        self.length[hit] = length
        self.prefix_at[hit] = 0
        self.prefix_len[hit] = 0
        self.context[hit] = context
        self.seq[hit] = self.segment_seq[column]
        self.count += 1
        return hit

    def put_before(
        self,
        hit: cython.Py_ssize_t,
        data: cython.uchar[::1],
        start: cython.Py_ssize_t,
        length: cython.Py_ssize_t,
    ) -> cython.int:
        """Show these bytes before those of the hit."""
        if self.joined_used + length > JOINED_SIZE:
            self.not_joined += 1
            return 0
        self.prefix_at[hit] = self.joined_used
        self.prefix_len[hit] = length
        move(self.joined, self.joined_used, data, start, length)
        self.joined_used += length
        return 0

    def bring(self, hit: cython.Py_ssize_t, data: cython.uchar[::1]) -> cython.int:
        """The hit's own bytes are in ``data``, not in the batch: copy them, and its prefix before them."""
        length: cython.Py_ssize_t = self.length[hit]
        start: cython.Py_ssize_t = self.at[hit]
        before: cython.Py_ssize_t = self.prefix_len[hit]
        prefix: cython.Py_ssize_t = self.prefix_at[hit]
        at: cython.Py_ssize_t = self.joined_used
        if length == 0:
            return 0
        self.length[hit] = 0
        self.prefix_len[hit] = 0
        if at + before + length > JOINED_SIZE:
            self.not_joined += 1
            return 0
        move(self.joined, at, self.joined, prefix, before)
        move(self.joined, at + before, data, start, length)
        self.prefix_at[hit] = at
        self.prefix_len[hit] = before + length
        self.joined_used += before + length
        return 0
