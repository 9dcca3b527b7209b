"""The sieve as the rest of the program sees it: batches in, the few packets worth reading out."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from ipaddress import ip_address
from socket import AF_INET, AF_INET6, inet_ntop

from msgspec import Struct

from netminedet.capture import blocks, records
from netminedet.limits import DEFAULT_MAX_FLOWS
from netminedet.model import Batch, FiveTuple, Where
from netminedet.sieve import (
    automaton,
    columns,
    datagrams,
    deal,
    decode,
    directions,
    dns_names,
    early,
    flagged,
    flows,
    found,
    fragments,
    handshakes,
    layers,
    links,
    listed,
    names,
    openings,
    over_ip,
    over_udp,
    request_names,
    sample,
    shapes,
    stash,
    tags,
    text,
    tls_names,
    walk,
    wireless,
)
from netminedet.sieve import gate as gate_module
from netminedet.sieve import openers as openers_module
from netminedet.sieve.automaton import Automaton
from netminedet.sieve.columns import CHUNK, Columns, Hits
from netminedet.sieve.gate import Gate
from netminedet.sieve.openers import Openers
from netminedet.sieve.packets import Packets, Part

#: Fewest flows that make sense: a chunk of packets may bring that many.
MIN_MAX_FLOWS = 4 * CHUNK

FlowKey = tuple[int, int]


class Hit(Struct):
    """One packet that is worth reading.

    ``kind`` is a kind of ``columns`` (SEGMENT, CLIENT_HELLO...), ``payload`` what was
    found, ``prefix`` the bytes of the same message that earlier packets held.
    """

    kind: int
    match: int
    where: Where
    key: FlowKey
    row: int
    side: int
    #: sequence number of the first byte of ``prefix`` and ``payload``
    seq: int
    #: where the side was expected to go on, and what it has of the other side; None where not known
    expected: int | None
    acknowledged: int | None
    tcp_flags: int
    payload: bytes
    #: payload bytes that were on the wire but not captured
    lost: int
    prefix: bytes
    context: int
    wirelen: int


def compiled() -> bool:
    """Whether the kernels run as compiled code."""
    walkers = (walk, layers, links, wireless, tags, over_ip, over_udp)
    followers = (directions, early, flagged, found, handshakes, openings, shapes, stash, text, gate_module)
    namers = (names, listed, dns_names, request_names, tls_names)
    others = (blocks, records, deal, decode, fragments, flows, datagrams, sample)
    kernels = (*others, *walkers, *followers, *namers)
    return all(not (module.__file__ or "").endswith(".py") for module in kernels)


# Built once for all inputs: no kernel changes them.
_automaton = lru_cache(maxsize=2)(automaton.build)
_openers = lru_cache(maxsize=4)(openers_module.build)
_name_table = lru_cache(maxsize=2)(listed.name_table)


class Sought(Struct, frozen=True):
    """What a sieve looks for, as its kernels have it; made by ``sought``."""

    automaton: Automaton
    openers: Openers
    datagrams: Openers
    names: array[int]
    gate: Gate | None


def sought(
    anchors: Iterable[bytes],
    names_of_pools: Iterable[str],
    openers: Iterable[bytes] = (),
    peers: Iterable[bytes] | None = None,
    gate: Gate | None = None,
    datagrams: Iterable[bytes] = (),
) -> Sought:
    """The tables for these literals, as ``Sieve`` takes them.

    Raises NetminedetError for anchors and openers that cannot be built.
    """
    return Sought(
        _automaton(frozenset(anchors)),
        _openers(frozenset(openers), frozenset(peers or ())),
        _openers(frozenset(datagrams)),
        _name_table(tuple(names_of_pools)),
        gate,
    )


class Sieve:
    """Decodes, tracks flows and finds candidates in batches of one input.

    ``anchors``: literals that some mining message contains.  ``names``: lower-case host
    names and domains of pools.  ``openers``: literals at the beginning of a flight that flag
    it as well.  ``peers``: literals that coin nodes begin with; None where nodes are not wanted.
    ``datagrams``: literals at the beginning of datagrams of UDP that are worth reading.
    ``samples``: follow a sample of the flows for what is missing of them, or there twice.
    ``gate``: knows objects that are no messages, whatever anchor they hold; None: none is known.
    ``part``: of the packets only these flows are looked at, as other processes look at the others.
    Raises NetminedetError for anchors and openers that cannot be built.
    """

    def __init__(
        self,
        anchors: Iterable[bytes],
        names_of_pools: Iterable[str],
        max_flows: int = DEFAULT_MAX_FLOWS,
        openers: Iterable[bytes] = (),
        peers: Iterable[bytes] | None = None,
        gate: Gate | None = None,
        datagrams: Iterable[bytes] = (),
        *,
        samples: bool = False,
        part: Part | None = None,
    ) -> None:
        found = sought(anchors, names_of_pools, openers, peers, gate, datagrams)
        seed = int.from_bytes(os.urandom(16), "little") if part is None else part.seed
        low, high = seed & 0xFFFFFFFFFFFFFFFF, seed >> 64
        self._columns = Columns()
        self._hits = Hits()
        self._packets = Packets(self._columns, (low, high), part)
        self._flows = flows.FlowTable(self._columns, high ^ low, max(max_flows, MIN_MAX_FLOWS))
        self._directions = directions.Directions(
            self._columns,
            self._hits,
            found.automaton,
            gate,
            found.openers,
            found.datagrams,
            peers is not None,
        )
        self._automaton = found.automaton
        self._directions.bind(self._flows.memory())
        self._sampler = sample.Sampler(self._columns, high) if samples else None
        self._names = names.NameScanner(self._columns, self._hits, found.names)
        self._watched_more = False
        self._passing = False
        self._watched_names: set[int] = set()
        self._watched_ends: set[int] = set()

    def look_for(self, new: Sought) -> None:
        """Look for something else from the next batch on; all that is known of flows is kept.

        Whether an anchor that was none before stands in what was read of a message that has not ended, is
        not looked up again.
        """
        self._directions.look_for(new.automaton, new.gate, new.openers, new.datagrams)
        self._names.look_for(new.names)
        if new.automaton is not self._automaton:  # it is the same where the anchors are
            self._directions.move_states(automaton.states_in(new.automaton, self._automaton))
            self._automaton = new.automaton

    def run(self, batch: Batch, input_name: str) -> Iterator[Hit]:
        """The batch's hits, in packet order; the batch must not change until all are taken.

        Where the sieve has a part only, what is certainly of another is taken out of the batch.
        """
        self._packets.take(batch)
        for low in range(0, batch.count, CHUNK):
            high = min(low + CHUNK, batch.count)
            if self._flows.reserve(high - low):
                self._directions.bind(self._flows.memory())
            batch = self._packets.run(batch, low, high)
            self._flows.run(batch, low, high)
            if self._sampler is not None:
                self._sampler.run(batch, low, high)
            found = self._directions.run(batch, low, high)
            wanted = self._names.run(batch, found) if found else 0
            number = 0
            self._passing = False
            while number < wanted:
                self._watched_more = False
                k = self._hits.wanted[number]
                if self._passing and self._directions.flagged.is_passed(k):
                    number += 1
                    continue
                yield self._hit(batch, low, k, input_name)
                number += 1
                if self._watched_more:  # what was passed over behind this hit may be wanted now
                    wanted, number = self._names.run(batch, found, k + 1), 0

    def note(self, hit: Hit) -> None:
        """The hit's flow carried evidence: its totals will be reported by ``totals``."""
        self._directions.flagged.note(hit.row)

    def keep_only(self, hosts: Iterable[str]) -> None:
        """Hand on look-ups in the DNS of these hosts only from now on; others' are counted."""
        self._names.keep_only(columns.text_hash(ip_address(host).packed) for host in hosts)
        self._watched_more = True

    def keep_all(self) -> tuple[int, int]:
        """Hand on look-ups of all hosts again: of others, how many messages came, and answers among them."""
        return self._names.keep_all()

    def take_passed(self) -> dict[str, int]:
        """What was not handed on for want of room since the last call: requests to proxies for what is no
        pool's name, headers of the PROXY protocol; by the names of their counters."""
        return self._names.take_passed()

    def watch_name(self, name: str) -> bool:
        """Hand on what holds this very host name (lower case, ASCII), too; False where there is no room."""
        return self._watch(
            self._names.watch_name, self._watched_names, listed.name_hash(name.encode("ascii"))
        )

    def watch_endpoint(self, address: str, port: int) -> bool:
        """Hand on the first payload of each new TCP flow to this endpoint; False where there is no room."""
        value = columns.endpoint_hash(ip_address(address).packed, port)
        return self._watch(self._names.watch_endpoint, self._watched_ends, value)

    def _watch(self, watch: Callable[[int], None], known: set[int], value: int) -> bool:
        if value in known:
            return True
        if len(known) >= columns.MAX_WATCHED or not value:
            return False
        known.add(value)
        watch(value)
        self._watched_more = True
        return True

    def unflag(self, hit: Hit) -> None:
        """The hit's flow turned out to be ordinary: hand on no more until an anchor comes again."""
        self._directions.flagged.unflag(hit.row)

    def pass_over(self, hit: Hit, number: int) -> None:
        """Of the hit's side, hand on nothing that lies before this sequence number."""
        self._directions.flagged.pass_over(hit.row, hit.side, number)
        self._passing = True

    def totals(self, *, final: bool) -> Iterator[tuple[FlowKey, int, int, int, int]]:
        """(key, packets, bytes, first time, last time) of noted flows that were evicted;
        with ``final`` also of those still in the table."""
        for row in self._flows.take_noted(final):
            yield _totals_of(row)

    def flow_totals(self, key: FlowKey) -> tuple[FlowKey, int, int, int, int] | None:
        """The same of one flow as it is now; None where the table has none."""
        row = self._flows.row_of(*key)
        return None if row is None else _totals_of(row)

    def counters(self) -> dict[str, int]:
        """Everything seen, skipped and evicted, by name."""
        counters = {**self._flows.counters(), **self._packets.counters(), **self._directions.counters()}
        return counters if self._sampler is None else {**counters, **self._sampler.counters()}

    def shared_counters(self) -> dict[str, int]:
        """Of the counters what each process that shares the input counts alike."""
        return self._packets.odd_counters()

    def _hit(self, batch: Batch, low: int, k: int, input_name: str) -> Hit:
        hits, cols, found = self._hits, self._columns, self._directions.found
        kind, column, at, length, before_at, before, context, seq, expected, acknowledged = found.entry(k)
        key0, key1, row, side, tcp_flags, lost = found.flow_of(column)
        i = low + column
        where = Where(
            batch.time_ns[i],
            input_name,
            batch.number(i),
            five_tuple(batch.data, cols.ip_at[column], cols.ports[column], cols.proto[column]),
            self._packets.layers(batch, column),
        )
        if context & columns.CONTEXT_IN_ORDER:
            expected = seq
        return Hit(
            kind=kind,
            match=hits.match[k],
            where=where,
            key=(key0, key1),
            row=row,
            side=side,
            seq=seq,
            expected=expected if context & _PLACED else None,
            acknowledged=acknowledged if context & columns.CONTEXT_ACKNOWLEDGES else None,
            tcp_flags=tcp_flags,
            payload=bytes(batch.data[at : at + length]),
            lost=lost,
            prefix=bytes(hits.joined[before_at : before_at + before]) if before else b"",
            context=context,
            wirelen=batch.wirelen[i],
        )


#: The sequence number at which the side was expected to go on is known.
_PLACED = columns.CONTEXT_IN_ORDER | columns.CONTEXT_PLACED


def _totals_of(row: tuple[int, ...]) -> tuple[FlowKey, int, int, int, int]:
    return (
        (row[columns.KEY0], row[columns.KEY1]),
        row[columns.FLAGS_PACKETS] & columns.PACKETS_MASK,
        row[columns.BYTES],
        row[columns.FIRST_SEEN] - columns.TIME_BIAS,
        row[columns.LAST_SEEN] - columns.TIME_BIAS,
    )


def five_tuple(data: bytearray, at: int, ports: int, proto: int) -> FiveTuple:
    """The flow of a packet whose IP header is at ``at``; ``ports`` and ``proto`` as ``Columns`` has them."""
    if data[at] >> 4 == 4:
        return _flow_of(bytes(data[at + 12 : at + 20]), ports, proto)
    return _flow_of(bytes(data[at + 8 : at + 40]), ports, proto)


@lru_cache(maxsize=4096)
def _flow_of(addresses: bytes, ports: int, proto: int) -> FiveTuple:
    size = len(addresses) // 2
    family = AF_INET if size == 4 else AF_INET6
    return FiveTuple(
        src_ip=inet_ntop(family, addresses[:size]),
        src_port=ports >> 16,
        dest_ip=inet_ntop(family, addresses[size:]),
        dest_port=ports & 0xFFFF,
        proto="tcp" if proto == 6 else "udp",
    )
