# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: host names in DNS messages, TLS, HTTP and SOCKS requests, against the set of names.

Only says that a name may be a pool's, or that a ClientHello names nobody; whoever gets
the hit reads the packet again with a full parser.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from netminedet.model import Batch
from netminedet.sieve import columns as layout
from netminedet.sieve.columns import Columns, Hits
from netminedet.sieve.listed import put_into

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if cython.compiled:
    from cython.cimports.netminedet.sieve.budget import Budget
    from cython.cimports.netminedet.sieve.dns_names import DnsNames
    from cython.cimports.netminedet.sieve.listed import NameSet
    from cython.cimports.netminedet.sieve.request_names import RequestNames
    from cython.cimports.netminedet.sieve.tls_names import TlsNames
else:
    from netminedet.sieve.budget import Budget
    from netminedet.sieve.dns_names import DnsNames
    from netminedet.sieve.listed import NameSet
    from netminedet.sieve.request_names import RequestNames
    from netminedet.sieve.tls_names import TlsNames

MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
HASH_START = cython.declare(cython.ulonglong, layout.HASH_START)
HASH_STEP = cython.declare(cython.ulonglong, layout.HASH_STEP)
WATCH_SLOTS = cython.declare(cython.Py_ssize_t, layout.WATCH_SLOTS)

SEGMENT = cython.declare(cython.int, layout.SEGMENT)
NEW_FLOW = cython.declare(cython.int, layout.NEW_FLOW)
PEER = cython.declare(cython.int, layout.PEER)
DATAGRAM = cython.declare(cython.int, layout.DATAGRAM)
PROXIED = cython.declare(cython.int, layout.PROXIED)
CLIENT_HELLO = cython.declare(cython.int, layout.CLIENT_HELLO)
HTTP_REQUEST = cython.declare(cython.int, layout.HTTP_REQUEST)
DNS_UDP = cython.declare(cython.int, layout.DNS_UDP)
DNS_TCP = cython.declare(cython.int, layout.DNS_TCP)
SOCKS_REQUEST = cython.declare(cython.int, layout.SOCKS_REQUEST)
CERTIFICATE = cython.declare(cython.int, layout.CERTIFICATE)
MATCH_NONE = cython.declare(cython.int, layout.MATCH_NONE)
MATCH_NAME = cython.declare(cython.int, layout.MATCH_NAME)
MATCH_TUNNEL = cython.declare(cython.int, layout.MATCH_TUNNEL)
#: Requests to proxies for what is no pool's name that are handed on of a chunk of packets.
TUNNELS_A_CHUNK = 64
#: The same for headers of the PROXY protocol.
CLAIMS_A_CHUNK = 64


@cython.cclass
class NameScanner:
    """Marks in ``Hits.match`` which hits hold a name of the set, and lists the hits worth reading."""

    names: NameSet
    dns: DnsNames
    requests: RequestNames
    tls: TlsNames
    kind: cython.uint[::1]
    at: cython.uint[::1]
    length: cython.uint[::1]
    prefix_at: cython.uint[::1]
    prefix_len: cython.uint[::1]
    match: cython.uint[::1]
    wanted: cython.uint[::1]
    joined: cython.uchar[::1]
    data: cython.uchar[::1]
    column: cython.uint[::1]
    ip_at: cython.uint[::1]
    ports: cython.uint[::1]
    watched_ends: cython.ulonglong[::1]
    # names or ends are watched
    watching: cython.bint
    # hosts whose look-ups are still wanted; all where there is no limit yet
    kept: cython.ulonglong[::1]
    kept_mask: cython.ulonglong
    limited: cython.bint
    passed: cython.ulonglong[::1]
    # requests to proxies for what is no pool's name, and headers of the PROXY protocol
    tunnels: Budget
    claims: Budget

    def __init__(self, columns: Columns, hits: Hits, table: array[int]) -> None:
        """``table``: of pools' names, by ``name_table``."""
        self.names = NameSet(table)
        self.dns = DnsNames(self.names)
        self.requests = RequestNames(self.names)
        self.tls = TlsNames(self.names)
        self.kind = hits.kind
        self.at = hits.at
        self.length = hits.length
        self.prefix_at = hits.prefix_at
        self.prefix_len = hits.prefix_len
        self.match = hits.match
        self.wanted = hits.wanted
        self.joined = hits.joined
        self.column = hits.column
        self.ip_at = columns.ip_at
        self.ports = columns.ports
        self.watched_ends = array("Q", bytes(8 * WATCH_SLOTS))
        self.watching = False
        self.kept = array("Q", bytes(8))
        self.kept_mask = 0
        self.limited = False
        self.passed = array("Q", bytes(16))
        self.tunnels = Budget(TUNNELS_A_CHUNK)
        self.claims = Budget(CLAIMS_A_CHUNK)

    def keep_only(self, hosts: Iterable[int]) -> None:
        """From now on mark look-ups of these hosts only (by ``columns.text_hash``), and count others."""
        values = list(hosts)
        size = 16
        while size < 2 * len(values):
            size *= 2
        kept = array("Q", bytes(8 * size))
        for value in values:
            put_into(kept, value)
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

    def take_passed(self) -> dict[str, int]:
        """How many requests to proxies, and headers of the PROXY protocol, were not handed on since the
        last call, by the counters' names."""
        return {
            "tunnels_not_kept": self.tunnels.take_passed(),
            "claimed_clients_not_kept": self.claims.take_passed(),
        }

    def look_for(self, table: array[int]) -> None:
        """Look for the names in this table from now on; what is watched stays so."""
        self.names.look_for(table)

    def watch_name(self, value: cython.ulonglong) -> None:
        """Mark from now on what holds the name with this hash (``name_hash``): the very name only."""
        self.names.watch(value)
        self.watching = True

    def watch_endpoint(self, value: cython.ulonglong) -> None:
        """Mark from now on flows that begin with a packet to this endpoint (``columns.endpoint_hash``)."""
        put_into(self.watched_ends, value)
        self.watching = True

    def run(self, batch: Batch, count: cython.Py_ssize_t, first: cython.Py_ssize_t = 0) -> int:
        """Look at the hits from ``first`` to before ``count``; how many of them are ``wanted``."""
        k: cython.Py_ssize_t
        wanted: cython.Py_ssize_t = 0
        at: cython.Py_ssize_t
        end: cython.Py_ssize_t
        packets: cython.uchar[::1] = batch.data
        self.data = packets
        if first == 0:
            self.tunnels.begin()
            self.claims.begin()
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
                    self.match[k] = self.dns.look(self.data, at, end)
                    if self.limited and self.match[k] and not self.watching:
                        self.match[k] = self._looked_up(self.column[k], packets, self.data[at + 2] & 0x80)
                elif self.kind[k] == HTTP_REQUEST:
                    self.match[k] = self.requests.http(self.data, at, end)
                    if self.match[k] == MATCH_NONE and self.data[at] == 0x43 and self.tunnels.allows():
                        self.match[k] = MATCH_TUNNEL  # CONNECT
                elif self.kind[k] == NEW_FLOW:
                    if self.watching:
                        self.match[k] = self._watched_end(self.column[k], packets)
                elif self.kind[k] == CLIENT_HELLO:
                    self.match[k] = self.tls.server_name(self.data, at, end)
                elif self.kind[k] == SOCKS_REQUEST:
                    self.match[k] = self.requests.socks(self.data, at, end)
                    if self.match[k] == MATCH_TUNNEL and not self.tunnels.allows():
                        self.match[k] = MATCH_NONE
                elif self.kind[k] == CERTIFICATE:
                    self.match[k] = self.tls.certified(self.data, at, end)
                elif self.kind[k] == PROXIED and self.claims.allows():
                    self.match[k] = MATCH_NAME
                if self.prefix_len[k]:
                    self.data = packets
                if (
                    self.kind[k] == SEGMENT
                    or self.match[k] != MATCH_NONE
                    or self.kind[k] == PEER
                    or self.kind[k] == DATAGRAM
                ):
                    self.wanted[wanted] = k
                    wanted += 1
        return wanted

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _looked_up(
        self, column: cython.Py_ssize_t, packets: cython.uchar[::1], is_answer: cython.int
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
    def _watched_end(self, column: cython.Py_ssize_t, packets: cython.uchar[::1]) -> cython.int:
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
