# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: host names in DNS messages, TLS, HTTP and SOCKS requests, against a hashed set.

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
ONE = cython.declare(cython.ulonglong, 1)

SEGMENT = cython.declare(cython.int, layout.SEGMENT)
NEW_FLOW = cython.declare(cython.int, layout.NEW_FLOW)
PEER = cython.declare(cython.int, layout.PEER)
CLIENT_HELLO = cython.declare(cython.int, layout.CLIENT_HELLO)
HTTP_REQUEST = cython.declare(cython.int, layout.HTTP_REQUEST)
DNS_UDP = cython.declare(cython.int, layout.DNS_UDP)
DNS_TCP = cython.declare(cython.int, layout.DNS_TCP)
SOCKS_REQUEST = cython.declare(cython.int, layout.SOCKS_REQUEST)
CERTIFICATE = cython.declare(cython.int, layout.CERTIFICATE)
MATCH_NONE = cython.declare(cython.int, layout.MATCH_NONE)
MATCH_NAME = cython.declare(cython.int, layout.MATCH_NAME)
MATCH_BARE_TLS = cython.declare(cython.int, layout.MATCH_BARE_TLS)
MATCH_TUNNEL = cython.declare(cython.int, layout.MATCH_TUNNEL)
#: Requests to proxies for what is no pool's name that are handed on of a chunk of packets.
TUNNELS_A_CHUNK = cython.declare(cython.Py_ssize_t, 64)
#: Of a domain: not in the set, but names under it are.
MATCH_ABOVE = cython.declare(cython.int, 99)

#: Longest name looked at, in bytes (RFC 1035 section 2.3.4 allows 255).
NAME_SIZE = cython.declare(cython.Py_ssize_t, 256)
#: Labels of a name in a DNS message: 255 bytes (RFC 1035 section 2.3.4) have room for no more.
MOST_LABELS = cython.declare(cython.Py_ssize_t, 127)
#: How far into an HTTP request the Host header is looked for, in bytes.
HTTP_HEAD = cython.declare(cython.Py_ssize_t, 4096)
#: Records of a DNS answer among which aliases are looked for, and compression pointers followed in
#: one name.
ALIAS_RECORDS = cython.declare(cython.Py_ssize_t, 32)
ALIAS_HOPS = cython.declare(cython.Py_ssize_t, 16)


def name_hash(name: bytes) -> int:
    """The hash of a lower-case name, from its last byte to its first."""
    value = int(HASH_START)
    for byte in reversed(name):
        value = ((value ^ byte) * int(HASH_STEP)) & 0xFFFFFFFFFFFFFFFF
    return value


def name_table(names: Iterable[str]) -> array[int]:
    """An open-addressing set of hashes: a power of two of words, at most a quarter full.

    In it are the names, marked by the lowest bit, and the domains above them: a name that lies
    under none of these can be given up at its second label or so.
    """
    listed = {name.encode("ascii") for name in names}
    above = {name[at + 1 :] for name in listed for at in range(len(name)) if name[at] == 0x2E}
    marked = {name_hash(name) | 1 for name in listed}
    ways = {name_hash(name) & ~1 for name in above}
    size = 16
    while size < 4 * (len(marked) + len(ways)):
        size *= 2
    table = array("Q", bytes(8 * size))
    for value in sorted(marked | ways):
        at = (value >> 1) & (size - 1)
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
    label_at: cython.uint[:]
    # behind the length that was read last
    der_at: cython.Py_ssize_t
    column: cython.uint[:]
    ip_at: cython.uint[:]
    ports: cython.uint[:]
    watched_names: cython.ulonglong[:]
    watched_ends: cython.ulonglong[:]
    watching: cython.bint
    # hosts whose look-ups are still wanted; all where there is no limit yet
    kept: cython.ulonglong[:]
    kept_mask: cython.ulonglong
    limited: cython.bint
    passed: cython.ulonglong[:]
    # requests to proxies that may still be handed on of this chunk, and how many were not so far
    tunnels_left: cython.Py_ssize_t
    tunnels_passed: cython.ulonglong

    def __init__(self, columns: Columns, hits: Hits, table: array[int]) -> None:
        """``table``: of pools' names, by ``name_table``."""
        self.look_for(table)
        self.kind = hits.kind
        self.at = hits.at
        self.length = hits.length
        self.prefix_at = hits.prefix_at
        self.prefix_len = hits.prefix_len
        self.match = hits.match
        self.wanted = hits.wanted
        self.joined = hits.joined
        self.name = bytearray(NAME_SIZE)
        self.label_at = array("I", bytes(4 * MOST_LABELS))
        self.column = hits.column
        self.ip_at = columns.ip_at
        self.ports = columns.ports
        self.watched_names = array("Q", bytes(8 * WATCH_SLOTS))
        self.watched_ends = array("Q", bytes(8 * WATCH_SLOTS))
        self.watching = False
        self.kept = array("Q", bytes(8))
        self.kept_mask = 0
        self.limited = False
        self.passed = array("Q", bytes(16))
        self.tunnels_left = 0
        self.tunnels_passed = 0

    def look_for(self, table: array[int]) -> None:
        """Look for the names in this table from now on; what is watched stays so."""
        self.table = table
        self.table_mask = len(table) - 1

    def keep_only(self, hosts: Iterable[int]) -> None:
        """From now on mark look-ups of these hosts only (by ``columns.text_hash``), and count others."""
        values = list(hosts)
        size = 16
        while size < 2 * len(values):
            size *= 2
        kept = array("Q", bytes(8 * size))
        for value in values:
            _put_into(kept, value)
        self.kept = kept
        self.kept_mask = size - 1
        self.limited = True

    def keep_all(self) -> tuple[int, int]:
        """From now on mark look-ups of all hosts again.

        Returns how many were passed over since ``keep_only``: all messages, and the answers among them.
        """
        passed = (self.passed[0], self.passed[1])
        self.passed = array("Q", bytes(16))
        self.limited = False
        return passed

    def take_tunnels_passed(self) -> int:
        """How many requests to proxies were not handed on since the last call."""
        passed = int(self.tunnels_passed)
        self.tunnels_passed = 0
        return passed

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
        if first == 0:
            self.tunnels_left = TUNNELS_A_CHUNK
        with cython.nogil:
            for k in range(first, count):
                self.match[k] = MATCH_NONE
                at = self.at[k]
                end = at + self.length[k]
                if self.prefix_len[k] and self.length[k] == 0:  # it came in pieces, or too early
                    self.data = self.joined
                    at = self.prefix_at[k]
                    end = at + self.prefix_len[k]
                if self.kind[k] == DNS_UDP or self.kind[k] == DNS_TCP:
                    self.match[k] = self._dns(at, end)
                    if self.limited and self.match[k] and not self.watching:
                        self.match[k] = self._looked_up(self.column[k], packets, self.data[at + 2] & 0x80)
                elif self.kind[k] == HTTP_REQUEST:
                    self.match[k] = self._http(at, end)
                    if self.match[k] == MATCH_NONE and self.data[at] == 0x43:  # CONNECT
                        self.match[k] = self._asked_for_tunnel()
                elif self.kind[k] == NEW_FLOW:
                    if self.watching:
                        self.match[k] = self._watched_end(self.column[k], packets)
                elif self.kind[k] == CLIENT_HELLO:
                    self.match[k] = self._server_name(self.data, at, end)
                elif self.kind[k] == SOCKS_REQUEST:
                    self.match[k] = self._socks(at, end)
                    if self.match[k] == MATCH_TUNNEL:
                        self.match[k] = self._asked_for_tunnel()
                elif self.kind[k] == CERTIFICATE:
                    self.match[k] = self._certified(self.data, at, end)
                if self.prefix_len[k]:
                    self.data = packets
                if self.kind[k] == SEGMENT or self.kind[k] == PEER or self.match[k] != MATCH_NONE:
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
        found: cython.int
        while i > 0:
            i -= 1
            value = ((value ^ self.name[i]) * HASH_STEP) & MASK
            if i == 0 or self.name[i - 1] == 0x2E:
                found = self._probe(value)
                if found != MATCH_ABOVE:
                    return found
        return self._watched_name(value) if length else MATCH_NONE

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _probe(self, value: cython.ulonglong) -> cython.int:
        """MATCH_NAME for the hash of a name in the set, MATCH_ABOVE where names may lie under it."""
        slot: cython.ulonglong = (value >> 1) & self.table_mask
        found: cython.int = MATCH_ABOVE if self.watching else MATCH_NONE
        while self.table[slot]:
            if self.table[slot] == value | 1:
                return MATCH_NAME
            if self.table[slot] == value & ~ONE:
                found = MATCH_ABOVE
            slot = (slot + 1) & self.table_mask
        return found

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _watched_name(self, value: cython.ulonglong) -> cython.int:
        """MATCH_NAME for the hash of a name that is watched."""
        slot: cython.ulonglong = value & (WATCH_SLOTS - 1)
        while self.watching and self.watched_names[slot]:
            if self.watched_names[slot] == value:
                return MATCH_NAME
            slot = (slot + 1) & (WATCH_SLOTS - 1)
        return MATCH_NONE

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _looked_up(
        self, column: cython.Py_ssize_t, packets: cython.uchar[:], is_answer: cython.int
    ) -> cython.int:
        """MATCH_NAME where the look-up is of a host that is kept."""
        at: cython.Py_ssize_t = self.ip_at[column]
        size: cython.Py_ssize_t = 16
        value: cython.ulonglong = HASH_START
        slot: cython.ulonglong
        i: cython.Py_ssize_t
        if packets[at] >> 4 == 4:
            size = 4
            at += 12
        else:
            at += 8
        if is_answer:
            at += size
        for i in range(at, at + size):
            value = ((value ^ packets[i]) * HASH_STEP) & MASK
        slot = value & self.kept_mask
        while self.kept[slot]:
            if self.kept[slot] == value:
                return MATCH_NAME
            slot = (slot + 1) & self.kept_mask
        self.passed[0] += 1
        if is_answer:
            self.passed[1] += 1
        return MATCH_NONE

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _watched_end(self, column: cython.Py_ssize_t, packets: cython.uchar[:]) -> cython.int:
        """MATCH_NAME when the packet goes to an endpoint that is watched."""
        at: cython.Py_ssize_t = self.ip_at[column]
        end: cython.Py_ssize_t = at + 20
        port: cython.uint = self.ports[column] & 0xFFFF
        value: cython.ulonglong = HASH_START
        slot: cython.Py_ssize_t
        if packets[at] >> 4 == 4:
            at += 16
        else:
            end = at + 40
            at += 24
        while at < end:
            value = ((value ^ packets[at]) * HASH_STEP) & MASK
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
        """The first question's name (RFC 1035 section 4.1.2), and what it is an alias of."""
        first: cython.Py_ssize_t = at
        labels: cython.Py_ssize_t = 0
        label: cython.Py_ssize_t
        if end - at < 17 or (self.data[at + 4] == 0 and self.data[at + 5] == 0):
            return MATCH_NONE
        at += 12
        while at < end:
            label = self.data[at]
            if label == 0:
                if self._asked(labels) == MATCH_NAME:
                    return MATCH_NAME
                if self.data[first + 2] & 0x80:
                    return self._aliases(first, at + 5, end)
                return MATCH_NONE
            if label > 63 or at + 1 + label > end or labels == MOST_LABELS:
                return MATCH_NONE
            self.label_at[labels] = at
            labels += 1
            at += 1 + label
        return MATCH_NONE

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _asked(self, labels: cython.Py_ssize_t) -> cython.int:
        """As ``_listed``, of the labels at ``label_at``, where they stand in the packet."""
        value: cython.ulonglong = HASH_START
        start: cython.Py_ssize_t
        i: cython.Py_ssize_t
        byte: cython.int
        found: cython.int
        while labels > 0:
            labels -= 1
            start = self.label_at[labels]
            i = start + self.data[start]
            while i > start:
                byte = self.data[i]
                if 0x41 <= byte <= 0x5A:
                    byte += 0x20
                value = ((value ^ byte) * HASH_STEP) & MASK
                i -= 1
            found = self._probe(value)
            if found != MATCH_ABOVE:
                return found
            if labels:
                value = ((value ^ 0x2E) * HASH_STEP) & MASK
        return self._watched_name(value) if value != HASH_START else MATCH_NONE

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _aliases(self, first: cython.Py_ssize_t, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """What the CNAME records of an answer point to (RFC 1035 sections 3.3.1 and 4.1.3).

        Where the name asked for has an address of its own it is no alias (RFC 1034 section 3.6.2):
        most answers end with a look at their first record.
        """
        count: cython.Py_ssize_t = (self.data[first + 6] << 8) | self.data[first + 7]
        byte: cython.int
        kind: cython.int
        _i: cython.Py_ssize_t
        if count > ALIAS_RECORDS:
            count = ALIAS_RECORDS
        for _i in range(count):
            while at < end and 0 < self.data[at] < 64:
                at += 1 + self.data[at]
            if at >= end:
                return MATCH_NONE
            byte = self.data[at]
            at += 2 if byte >= 0xC0 else 1
            if (byte and byte < 0xC0) or at + 10 > end:
                return MATCH_NONE
            kind = (self.data[at] << 8) | self.data[at + 1]
            if (kind == 1 or kind == 28) and byte == 0xC0 and self.data[at - 1] == 12:
                return MATCH_NONE
            if kind == 5 and self._alias(first, at + 10, end):
                return MATCH_NAME
            at += 10 + ((self.data[at + 8] << 8) | self.data[at + 9])
        return MATCH_NONE

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _alias(self, first: cython.Py_ssize_t, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """A name that may be compressed (RFC 1035 section 4.1.4)."""
        used: cython.Py_ssize_t = 0
        hops: cython.Py_ssize_t = 0
        label: cython.Py_ssize_t
        i: cython.Py_ssize_t
        while at < end:
            label = self.data[at]
            if label == 0:
                return self._listed(used)
            if label >= 0xC0:
                hops += 1
                if at + 2 > end or hops > ALIAS_HOPS:
                    return MATCH_NONE
                at = first + (((label & 0x3F) << 8) | self.data[at + 1])
                continue
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
    def _asked_for_tunnel(self) -> cython.int:
        """MATCH_TUNNEL as long as there is room for it: a flood of such requests must cost little."""
        if self.tunnels_left > 0:
            self.tunnels_left -= 1
            return MATCH_TUNNEL
        self.tunnels_passed += 1
        return MATCH_NONE

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _socks(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """A request to be connected: SOCKS 4 and 4A; 5, with what precedes the request or without."""
        i: cython.Py_ssize_t
        if self.data[at] == 4:
            if at + 9 > end or self.data[at + 1] != 1:
                return MATCH_NONE
            if self.data[at + 4] or self.data[at + 5] or self.data[at + 6] or not self.data[at + 7]:
                return MATCH_NONE if self.data[end - 1] else MATCH_TUNNEL  # to an address
            at += 8
            while at < end and self.data[at]:  # the user's name
                at += 1
            for i in range(at + 1, end):
                if self.data[i] == 0:
                    return self._plain(at + 1, i)
            return MATCH_NONE
        if at + 7 < end and self.data[at + 1] == 1 and self.data[at + 2] == 0 and self.data[at + 3] != 5:
            return self._socks5(at, end)
        at += 2 + self.data[at + 1]  # the greeting and its methods
        if at < end and self.data[at] == 1:  # a password (RFC 1929 section 2)
            at += 2 + (self.data[at + 1] if at + 1 < end else 0)
            at += 1 + (self.data[at] if at < end else 0)
        return self._socks5(at, end)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _socks5(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """The request itself (RFC 1928 section 4)."""
        if at + 7 > end or self.data[at] != 5 or self.data[at + 1] != 1 or self.data[at + 2]:
            return MATCH_NONE
        if self.data[at + 3] == 1:
            return MATCH_TUNNEL if at + 10 == end else MATCH_NONE
        if self.data[at + 3] == 4:
            return MATCH_TUNNEL if at + 22 == end else MATCH_NONE
        if self.data[at + 3] != 3 or at + 7 + self.data[at + 4] > end:
            return MATCH_NONE
        return self._plain(at + 5, at + 5 + self.data[at + 4])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _plain(self, at: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> cython.int:
        """The name ``data[at:stop]``, perhaps with its final dot."""
        i: cython.Py_ssize_t
        if stop > at and self.data[stop - 1] == 0x2E:
            stop -= 1
        if stop - at > NAME_SIZE:
            return MATCH_NONE
        for i in range(stop - at):
            self._put(i, self.data[at + i])
        return MATCH_NAME if self._listed(stop - at) == MATCH_NAME else MATCH_TUNNEL

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

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _certified(self, data: cython.uchar[:], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """What of a certificate stands behind commonName (2.5.4.3) and subjectAltName (2.5.29.17).

        The structure is not walked: whatever looks like one of them is tried.
        """
        byte: cython.int
        while at + 9 < end:
            byte = data[at + 2]
            if byte != 0x55:
                at += 1 if byte == 0x03 else 2 if byte == 0x06 else 3  # it may be in the next one
                continue
            if data[at] == 0x06 and data[at + 1] == 0x03:
                if data[at + 3] == 0x1D and data[at + 4] == 0x11:
                    if self._alternatives(data, at + 5, end):
                        return MATCH_NAME
                elif (
                    data[at + 3] == 0x04
                    and data[at + 4] == 0x03
                    and at + 7 + data[at + 6] <= end
                    and self._certified_name(data, at + 7, data[at + 6])
                ):
                    return MATCH_NAME
            at += 3
        return MATCH_NONE

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _alternatives(
        self, data: cython.uchar[:], at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.int:
        """The dNSNames of a subjectAltName (RFC 5280 section 4.2.1.6)."""
        size: cython.Py_ssize_t
        kind: cython.int
        _i: cython.int
        if data[at] == 0x01:
            at += 3  # critical
        for _i in range(2):  # the OCTET STRING and the SEQUENCE in it
            size = self._der_length(data, at + 1, end)
            if size < 0:
                return MATCH_NONE
            at = self.der_at
            if at + size < end:
                end = at + size
        while at + 2 < end:
            kind = data[at]
            size = self._der_length(data, at + 1, end)
            at = self.der_at
            if size < 0 or at + size > end:
                return MATCH_NONE
            if kind == 0x82 and self._certified_name(data, at, size):
                return MATCH_NAME
            at += size
        return MATCH_NONE

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-2, check=False)
    def _der_length(
        self, data: cython.uchar[:], at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """A length in DER of at most two bytes (X.690 section 8.1.3), or -1; sets ``der_at`` behind it."""
        self.der_at = at + 1
        if at >= end:
            return -1
        if data[at] < 0x80:
            return data[at]
        if data[at] == 0x81 and at + 1 < end:
            self.der_at = at + 2
            return data[at + 1]
        if data[at] == 0x82 and at + 2 < end:
            self.der_at = at + 3
            return (data[at + 1] << 8) | data[at + 2]
        return -1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _certified_name(
        self, data: cython.uchar[:], at: cython.Py_ssize_t, size: cython.Py_ssize_t
    ) -> cython.int:
        """Try a name; of one with a wildcard, "*." before it, the domain below is found too."""
        i: cython.Py_ssize_t
        if size > NAME_SIZE:
            return MATCH_NONE
        for i in range(size):
            self._put(i, data[at + i])
        return self._listed(size)
