"""The way of the data for one input: batches through the sieve, hits through the parsers, into findings."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace

from netminedet.model import (
    BareTls,
    Batch,
    FiveTuple,
    FlowTotals,
    Message,
    NameAnswer,
    NameSeen,
    NameSource,
    PoolName,
    Where,
)
from netminedet.protocols.conversation import Conversation, Segment
from netminedet.protocols.dns import read_dns
from netminedet.protocols.hosts import http_host, tls_server_name
from netminedet.sieve import FlowKey, Hit, Sieve
from netminedet.sieve.columns import (
    CLIENT_HELLO,
    DNS_TCP,
    DNS_UDP,
    FLIGHT_JSON,
    FLIGHT_KNOWN,
    FLIGHT_TEXT,
    HTTP_REQUEST,
    HTTP_SEEN,
    MATCH_BARE_TLS,
    NEW_FLOW,
    SEGMENT,
)
from netminedet.signatures import SignatureSet
from netminedet.verdict.findings import Findings, Sealed
from netminedet.watch import Watch

#: Flagged flows followed at a time; the one that was quiet longest gives way.
MAX_CONVERSATIONS = 20_000
#: Flows with evidence whose ends are remembered until their totals are known.
MAX_NOTED = 400_000

_SYN = 0x02
# A row's flags as they stand in a hit's context.
_KNOWN, _JSON, _TEXT = (flag >> 48 for flag in (FLIGHT_KNOWN, FLIGHT_JSON, FLIGHT_TEXT))
_HTTP = 3 * (HTTP_SEEN >> 48)


class Pipeline:
    """Everything from a batch to findings.  Make one for each input."""

    def __init__(
        self,
        signatures: SignatureSet,
        input_name: str,
        max_flows: int,
        on_message: Callable[[Message], None] | None = None,
    ) -> None:
        """``on_message`` is told every mining message, in the order in which they complete."""
        suffixes = (name for name, _ in signatures.pools.suffixes())
        self._sieve = Sieve(signatures.anchors, suffixes, max_flows)
        self._signatures = signatures
        self._input = input_name
        self._conversations: OrderedDict[FlowKey, Conversation] = OrderedDict()
        self._noted: dict[FlowKey, FiveTuple] = {}
        self._counts: Counter[str] = Counter()
        self._on_message = on_message
        self.findings = Findings()
        self._watch = Watch(self._sieve, self.findings)

    def feed(self, batch: Batch) -> None:
        """Work through a batch."""
        for hit in self._sieve.run(batch, self._input):
            if hit.kind == SEGMENT:
                self._segment(hit)
            elif hit.kind == NEW_FLOW:
                if self._watch.begun(hit):
                    self._note(hit)
            elif hit.match == MATCH_BARE_TLS:
                self._note(hit)
                self.findings.add_bare_tls(BareTls(hit.where))
            else:
                self._named(hit)
        if self._noted:
            self._take_totals(final=False)

    def finish(self) -> dict[str, int]:
        """No more batches: close what is open; the counters of this input by name."""
        for conversation in self._conversations.values():
            self._close(conversation)
        self._conversations.clear()
        self._take_totals(final=True)
        self._counts.update(self._watch.counts)
        return {**self._sieve.counters(), **self._counts}

    def _segment(self, hit: Hit) -> None:
        """A piece of a flagged flow."""
        conversation = self._conversations.get(hit.key)
        if conversation is None:
            if len(self._conversations) >= MAX_CONVERSATIONS:
                self._close(self._conversations.popitem(last=False)[1])
                self._counts["conversations_evicted"] += 1
            conversation = self._conversations[hit.key] = Conversation(self._signatures)
        else:
            self._conversations.move_to_end(hit.key)
        messages = conversation.segment(_segment_of(hit))
        if messages:
            self._note(hit)
        self._add(messages)
        if conversation.idle:
            self._sieve.unflag(hit)
            self._close(self._conversations.pop(hit.key))

    def _close(self, conversation: Conversation) -> None:
        self._add(conversation.finish())
        if (encrypted := conversation.encrypted) is not None:
            flow, seen = encrypted
            sealed = Sealed(seen.submitted, seen.acknowledged, seen.minutes, seen.over)
            self.findings.add_sealed(flow, sealed)
        self._counts["stream_gaps"] += conversation.gaps
        self._counts["messages_too_long"] += conversation.oversized
        self._counts["messages_undecodable"] += conversation.undecodable
        self._counts["messages_dropped"] += conversation.dropped

    def _add(self, messages: list[Message]) -> None:
        for message in messages:
            self.findings.add_message(message)
            self._watch.heard(message)
            if self._on_message is not None:
                self._on_message(message)

    def _note(self, hit: Hit) -> None:
        """The hit's flow carried evidence: its totals are wanted."""
        if hit.key not in self._noted and len(self._noted) >= MAX_NOTED:
            self.findings.dropped["flow_totals_not_kept"] += 1
            return
        self._noted.setdefault(hit.key, hit.where.flow)
        self._sieve.note(hit)

    def _take_totals(self, *, final: bool) -> None:
        for key, packets, size, first, last in self._sieve.totals(final=final):
            if (flow := self._noted.get(key)) is not None:
                self.findings.add_totals(FlowTotals(flow, packets, size, first, last))

    def _named(self, hit: Hit) -> None:
        """A packet in which the sieve saw what may be a pool's name."""
        data = hit.prefix or hit.payload
        if hit.kind in (DNS_UDP, DNS_TCP):
            self._dns(hit, data)
        elif hit.kind == CLIENT_HELLO:
            self._used(hit, tls_server_name(data), NameSource.TLS)
        elif hit.kind == HTTP_REQUEST:
            host, tunnel = http_host(data)
            self._used(hit, host, NameSource.HTTP_CONNECT if tunnel else NameSource.HTTP_HOST)

    def _used(self, hit: Hit, name: str | None, source: NameSource) -> None:
        pool = self._signatures.pools.lookup(name) if name else None
        if pool is not None:
            self.findings.add_name(NameSeen(hit.where, source, pool), hit.wirelen)
            if source is NameSource.TLS:
                self._note(hit)

    def _dns(self, hit: Hit, data: bytes) -> None:
        message = read_dns(data)
        if message is None:
            return
        where = hit.where
        if message.is_answer:
            where = _reversed(hit)
        self._watch.asked(message, where)
        for pool in self._pools(message.questions):
            self.findings.add_name(NameSeen(where, NameSource.DNS, pool), hit.wirelen)
            for address, ttl in message.addresses:
                self.findings.add_answer(NameAnswer(where, where.flow.src_ip, pool, address, ttl))

    def _pools(self, names: tuple[str, ...]) -> Iterator[PoolName]:
        for name in names:
            pool = self._signatures.pools.lookup(name)
            if pool is not None:
                yield pool


def _segment_of(hit: Hit) -> Segment:
    context = hit.context >> hit.side  # brings the sender's bits to where side 0 has its own
    return Segment(
        where=hit.where,
        side=hit.side,
        seq=(hit.seq - len(hit.prefix)) & 0xFFFFFFFF,
        data=hit.prefix + hit.payload,
        syn=bool(hit.tcp_flags & _SYN),
        flight_is_json=bool(context & _JSON) if context & _KNOWN else None,
        flight_is_text=bool(context & _TEXT),
        http_seen=bool(hit.context & _HTTP),
    )


def _reversed(hit: Hit) -> Where:
    """The packet's place, with the flow as the other side sends it."""
    return replace(hit.where, flow=hit.where.flow.reversed())
