# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: host names in DNS questions, TLS ClientHellos and HTTP requests, against a hashed set.

Only says that a name may be a pool's, or that a ClientHello names nobody; whoever gets
the hit reads the packet again with a full parser.  A name is hashed from its right end,
so that at each dot the hash is that of the labels from there on: one pass tries the
name and every domain that it lies under.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from netminedet.model import Batch
from netminedet.sieve import columns as layout
from netminedet.sieve.columns import Columns, Hits

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython

MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
HASH_START = cython.declare(cython.ulonglong, layout.HASH_START)
HASH_STEP = cython.declare(cython.ulonglong, layout.HASH_STEP)
WATCH_SLOTS = cython.declare(cython.Py_ssize_t, layout.WATCH_SLOTS)

SEGMENT = cython.declare(cython.int, layout.SEGMENT)
NEW_FLOW = cython.declare(cython.int, layout.NEW_FLOW)
CLIENT_HELLO = cython.declare(cython.int, layout.CLIENT_HELLO)
HTTP_REQUEST = cython.declare(cython.int, layout.HTTP_REQUEST)
DNS_UDP = cython.declare(cython.int, layout.DNS_UDP)
DNS_TCP = cython.declare(cython.int, layout.DNS_TCP)
MATCH_NONE = cython.declare(cython.int, layout.MATCH_NONE)
MATCH_NAME = cython.declare(cython.int, layout.MATCH_NAME)
MATCH_BARE_TLS = cython.declare(cython.int, layout.MATCH_BARE_TLS)

#: Longest name looked at, in bytes (RFC 1035 section 2.3.4 allows 255).
NAME_SIZE = cython.declare(cython.Py_ssize_t, 256)
#: How far into an HTTP request the Host header is looked for, in bytes.
HTTP_HEAD = cython.declare(cython.Py_ssize_t, 4096)


def name_hash(name: bytes) -> int:
    """The hash of a lower-case name, from its last byte to its first."""
    value = int(HASH_START)
    for byte in reversed(name):
        value = ((value ^ byte) * int(HASH_STEP)) & 0xFFFFFFFFFFFFFFFF
    return value


def name_table(names: Iterable[str]) -> array[int]:
    """An open-addressing set of the names' hashes: a power of two of words, at most a quarter full."""
    hashes = sorted({name_hash(name.encode("ascii")) for name in names})
    size = 16
    while size < 4 * len(hashes):
        size *= 2
    table = array("Q", bytes(8 * size))
    for value in hashes:
        at = value & (size - 1)
        while table[at]:
            at = (at + 1) & (size - 1)
        table[at] = value
    return table


def _put_into(table: array[int], value: int) -> None:
    """Add a value to an open-addressing set that is never full."""
    at = value & (len(table) - 1)
    while table[at] and table[at] != value:
        at = (at + 1) & (len(table) - 1)
    table[at] = value


@cython.cclass
class NameScanner:
    """Marks in ``Hits.match`` which hits hold a name of the set, and lists the hits worth reading."""

    table: cython.ulonglong[:]
    table_mask: cython.ulonglong
    kind: cython.uint[:]
    at: cython.uint[:]
    length: cython.uint[:]
    prefix_at: cython.uint[:]
    prefix_len: cython.uint[:]
    match: cython.uint[:]
    wanted: cython.uint[:]
    joined: cython.uchar[:]
    data: cython.uchar[:]
    name: cython.uchar[:]
    column: cython.uint[:]
    ip_at: cython.uint[:]
    ports: cython.uint[:]
    watched_names: cython.ulonglong[:]
    watched_ends: cython.ulonglong[:]
    watching: cython.bint

    def __init__(self, columns: Columns, hits: Hits, names: Iterable[str]) -> None:
        table = name_table(names)
        self.table = table
        self.table_mask = len(table) - 1
        self.kind = hits.kind
        self.at = hits.at
        self.length = hits.length
        self.prefix_at = hits.prefix_at
        self.prefix_len = hits.prefix_len
        self.match = hits.match
        self.wanted = hits.wanted
        self.joined = hits.joined
        self.name = bytearray(NAME_SIZE)
        self.column = hits.column
        self.ip_at = columns.ip_at
        self.ports = columns.ports
        self.watched_names = array("Q", bytes(8 * WATCH_SLOTS))
        self.watched_ends = array("Q", bytes(8 * WATCH_SLOTS))
        self.watching = False

    def watch_name(self, value: cython.ulonglong) -> None:
        """Mark from now on what holds the name with this hash (``name_hash``): the very name only."""
        _put_into(self.watched_names, value)
        self.watching = True

    def watch_endpoint(self, value: cython.ulonglong) -> None:
        """Mark from now on flows that begin with a packet to this endpoint (``columns.endpoint_hash``)."""
        _put_into(self.watched_ends, value)
        self.watching = True

    def run(self, batch: Batch, count: cython.Py_ssize_t, first: cython.Py_ssize_t = 0) -> int:
        """Look at the hits from ``first`` to before ``count``; how many of them are ``wanted``."""
        k: cython.Py_ssize_t
        wanted: cython.Py_ssize_t = 0
        at: cython.Py_ssize_t
        end: cython.Py_ssize_t
        packets: cython.uchar[:] = batch.data
        self.data = packets
        with cython.nogil:
            for k in range(first, count):
                self.match[k] = MATCH_NONE
                at = self.at[k]
                end = at + self.length[k]
                if self.kind[k] == DNS_UDP or self.kind[k] == DNS_TCP:
                    self.match[k] = self._dns(at, end)
                elif self.kind[k] == HTTP_REQUEST:
                    self.match[k] = self._http(at, end)
                elif self.kind[k] == NEW_FLOW:
                    if self.watching:
                        self.match[k] = self._watched_end(self.column[k])
                elif self.kind[k] == CLIENT_HELLO:
                    self.match[k] = self._hello(k, at, end)
                if self.kind[k] == SEGMENT or self.match[k] != MATCH_NONE:
                    self.wanted[wanted] = k
                    wanted += 1
        return wanted

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _listed(self, length: cython.Py_ssize_t) -> cython.int:
        """MATCH_NAME when the scratch name, or a domain it lies under, is in the set."""
        i: cython.Py_ssize_t = length
        value: cython.ulonglong = HASH_START
        slot: cython.ulonglong
        while i > 0:
            i -= 1
            value = ((value ^ self.name[i]) * HASH_STEP) & MASK
            if i == 0 or self.name[i - 1] == 0x2E:
                slot = value & self.table_mask
                while self.table[slot]:
                    if self.table[slot] == value:
                        return MATCH_NAME
                    slot = (slot + 1) & self.table_mask
        if self.watching and length:
            slot = value & (WATCH_SLOTS - 1)
            while self.watched_names[slot]:
                if self.watched_names[slot] == value:
                    return MATCH_NAME
                slot = (slot + 1) & (WATCH_SLOTS - 1)
        return MATCH_NONE

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _watched_end(self, column: cython.Py_ssize_t) -> cython.int:
        """MATCH_NAME when the packet goes to an endpoint that is watched."""
        at: cython.Py_ssize_t = self.ip_at[column]
        end: cython.Py_ssize_t = at + 20
        port: cython.uint = self.ports[column] & 0xFFFF
        value: cython.ulonglong = HASH_START
        slot: cython.Py_ssize_t
        if self.data[at] >> 4 == 4:
            at += 16
        else:
            end = at + 40
            at += 24
        while at < end:
            value = ((value ^ self.data[at]) * HASH_STEP) & MASK
            at += 1
        value = ((value ^ (port >> 8)) * HASH_STEP) & MASK
        value = ((value ^ (port & 0xFF)) * HASH_STEP) & MASK
        slot = value & (WATCH_SLOTS - 1)
        while self.watched_ends[slot]:
            if self.watched_ends[slot] == value:
                return MATCH_NAME
            slot = (slot + 1) & (WATCH_SLOTS - 1)
        return MATCH_NONE

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _put(self, i: cython.Py_ssize_t, byte: cython.int) -> cython.int:
        self.name[i] = byte + 0x20 if 0x41 <= byte <= 0x5A else byte
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _dns(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """The first question's name (RFC 1035 section 4.1.2)."""
        used: cython.Py_ssize_t = 0
        label: cython.Py_ssize_t
        i: cython.Py_ssize_t
        if end - at < 17 or (self.data[at + 4] == 0 and self.data[at + 5] == 0):
            return MATCH_NONE
        at += 12
        while at < end:
            label = self.data[at]
            if label == 0:
                return self._listed(used)
            if label > 63 or at + 1 + label > end or used + label + 1 > NAME_SIZE:
                return MATCH_NONE
            if used:
                self.name[used] = 0x2E
                used += 1
            for i in range(label):
                self._put(used + i, self.data[at + 1 + i])
            used += label
            at += 1 + label
        return MATCH_NONE

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _http(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """The target of the request line, and the Host header (RFC 9112 section 3.2)."""
        limit: cython.Py_ssize_t = end if end - at < HTTP_HEAD else at + HTTP_HEAD
        if self._target(at, limit) == MATCH_NAME:
            return MATCH_NAME
        while at + 7 < limit:
            if self.data[at] == 0x0A:
                if self.data[at + 1] == 0x0D or self.data[at + 1] == 0x0A:
                    return MATCH_NONE  # end of the headers
                if (
                    self.data[at + 1] | 0x20 == 0x68
                    and self.data[at + 2] | 0x20 == 0x6F
                    and self.data[at + 3] | 0x20 == 0x73
                    and self.data[at + 4] | 0x20 == 0x74
                    and self.data[at + 5] == 0x3A
                ):
                    return self._host(at + 6, limit)
            at += 1
        return MATCH_NONE

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _target(self, at: cython.Py_ssize_t, limit: cython.Py_ssize_t) -> cython.int:
        """A request target that names a host: of CONNECT, or an absolute one as proxies get it."""
        is_connect: cython.bint = self.data[at] == 0x43
        while at < limit and self.data[at] != 0x20:
            at += 1
        at += 1
        if is_connect:
            return self._host(at, limit)
        if (
            at + 7 < limit
            and self.data[at] == 0x68
            and self.data[at + 5] == 0x2F
            and self.data[at + 6] == 0x2F
        ):
            return self._host(at + 7, limit)
        return MATCH_NONE

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _host(self, at: cython.Py_ssize_t, limit: cython.Py_ssize_t) -> cython.int:
        used: cython.Py_ssize_t = 0
        byte: cython.int
        while at < limit and (self.data[at] == 0x20 or self.data[at] == 0x09):
            at += 1
        while at < limit and used < NAME_SIZE:
            byte = self.data[at]
            if byte <= 0x20 or byte == 0x3A or byte == 0x2F:  # a space, a line's end, ":" or "/"
                break
            self._put(used, byte)
            used += 1
            at += 1
        if used and self.name[used - 1] == 0x2E:
            used -= 1
        return self._listed(used)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _hello(self, k: cython.Py_ssize_t, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """A ClientHello, here or where its pieces were joined."""
        if self.prefix_len[k] == 0:
            return self._server_name(self.data, at, end)
        at = self.prefix_at[k]
        return self._server_name(self.joined, at, at + self.prefix_len[k])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _server_name(
        self, data: cython.uchar[:], at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.int:
        """The server_name extension (RFC 6066 section 3) of the ClientHello in a TLS record."""
        stop: cython.Py_ssize_t
        kind: cython.int
        size: cython.Py_ssize_t
        i: cython.Py_ssize_t
        at += 5 + 4 + 2 + 32  # record header, handshake header, version, random
        if at >= end:
            return MATCH_NONE
        at += 1 + data[at]  # session id
        if at + 2 > end:
            return MATCH_NONE
        at += 2 + ((data[at] << 8) | data[at + 1])  # cipher suites
        if at >= end:
            return MATCH_NONE
        at += 1 + data[at]  # compression methods
        if at + 2 > end:
            return MATCH_BARE_TLS if at == end else MATCH_NONE  # extensions may be missing
        stop = at + 2 + ((data[at] << 8) | data[at + 1])
        at += 2
        while at + 4 <= stop:
            if at + 4 > end:
                return MATCH_NONE
            kind = (data[at] << 8) | data[at + 1]
            size = (data[at + 2] << 8) | data[at + 3]
            at += 4
            if kind == 0:
                size -= 5
                if size <= 0 or size > NAME_SIZE or at + 5 + size > end:
                    return MATCH_NONE
                for i in range(size):
                    self._put(i, data[at + 5 + i])
                return self._listed(size)
            at += size
        return MATCH_BARE_TLS
