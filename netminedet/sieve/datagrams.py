# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: which datagrams of UDP are worth reading: DNS, what signatures begin with, what coin nodes say."""

from __future__ import annotations

from netminedet.sieve import columns as layout
from netminedet.sieve.columns import Columns
from netminedet.sieve.openers import Openers

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if not cython.compiled:  # the compiler has these names from the .pxd file
    from netminedet.sieve.budget import Budget
    from netminedet.sieve.found import Found
    from netminedet.sieve.shapes import peer_datagram

DNS_UDP = cython.declare(cython.int, layout.DNS_UDP)
PEER = cython.declare(cython.int, layout.PEER)
DATAGRAM = cython.declare(cython.int, layout.DATAGRAM)
#: Datagrams that begin as a signature's do that are handed on of a chunk of packets.
DATAGRAMS_A_CHUNK = 64


@cython.final
@cython.cclass
class Datagrams:
    """``wanted``: the literals that signatures' datagrams begin with; whether nodes are asked for."""

    # compiled, the attributes' types stand in datagrams.pxd
    def __init__(self, columns: Columns, wanted: Openers, peers_wanted: bool, found: Found) -> None:
        self.look_for(wanted)
        self.peers_wanted = peers_wanted
        self.payload_at = columns.payload_at
        self.payload_len = columns.payload_len
        self.ports = columns.ports
        self.found = found
        self.budget = Budget(DATAGRAMS_A_CHUNK)

    def look_for(self, wanted: Openers) -> None:
        """Know datagrams by these literals from now on."""
        self.first = wanted.first
        self.places = wanted.at
        self.text = wanted.text

    def look(self, data: cython.uchar[::1], column: cython.Py_ssize_t) -> cython.int:
        """Hand on the datagram of this packet where it is worth reading."""
        start: cython.Py_ssize_t = self.payload_at[column]
        length: cython.Py_ssize_t = self.payload_len[column]
        first: cython.int = data[start]
        if (self.ports[column] & 0xFFFF) == 53 or (self.ports[column] >> 16) == 53:
            self.found.add(DNS_UDP, column, start, length, 0)
        elif self.first[first] != self.first[first + 1] and self._begins(data, start, length):
            if self.budget.allows():
                self.found.add(DATAGRAM, column, start, length, 0)
        elif self.peers_wanted and peer_datagram(data, start, start + length):
            self.found.add(PEER, column, start, length, 0)
        return 0

    def _begins(
        self, data: cython.uchar[::1], start: cython.Py_ssize_t, length: cython.Py_ssize_t
    ) -> cython.int:
        """Whether it begins with one of the literals that have its first byte."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        size: cython.Py_ssize_t
        text: cython.Py_ssize_t
        first: cython.int = data[start]
        for i in range(self.first[first], self.first[first + 1]):
            text = self.places[i]
            size = self.places[i + 1] - text
            k = 1
            while k < size and k < length and data[start + k] == self.text[text + k]:
                k += 1
            if k == size:
                return 1
        return 0
