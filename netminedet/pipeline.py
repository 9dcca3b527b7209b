"""The way of the data for one input: batches through the sieve, hits through the parsers, into findings."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct

from netminedet.following import Following
from netminedet.limits import DEFAULT_LIMITS, Limits
from netminedet.model import Batch, FiveTuple, FlowTotals, Message
from netminedet.naming import Naming
from netminedet.protocols.conversation import COUNTS, Conversation
from netminedet.protocols.datagrams import read_datagram
from netminedet.protocols.framing import V2_ANSWER
from netminedet.protocols.peers import OPENERS as PEER_OPENERS
from netminedet.protocols.peers import adjacent as read_adjacent
from netminedet.protocols.segment import Segment
from netminedet.protocols.textlines import API_KEYS, API_VERBS
from netminedet.sieve import FlowKey, Hit, Sieve, Sought, sought
from netminedet.sieve.columns import (
    CONTEXT_RENEWED,
    DATAGRAM,
    FLIGHT_JSON,
    FLIGHT_KNOWN,
    FLIGHT_TEXT,
    HTTP_SEEN,
    NEW_FLOW,
    PEER,
    SEGMENT,
)
from netminedet.sieve.gate import Gate
from netminedet.sieve.packets import Part
from netminedet.signatures import SignatureSet
from netminedet.verdict.findings import Findings
from netminedet.verdict.flowfinding import Sealed

if TYPE_CHECKING:
    from netminedet.keeper import Keeper

#: Segments of flows that are known to mine that are read together, and bytes of them.
MAX_GROUP = 128
MAX_GROUP_BYTES = 1 << 20
#: Conversations that one call of ``age`` looks at: those whose last segment is longest ago.
MAX_AGED = 1024
# A row's flags as they stand in a hit's context.
_KNOWN, _JSON, _TEXT = (flag >> 48 for flag in (FLIGHT_KNOWN, FLIGHT_JSON, FLIGHT_TEXT))
_HTTP = 3 * (HTTP_SEEN >> 48)


class Pipeline:
    """Everything from a batch to findings.  Make one for each input."""

    def __init__(
        self,
        signatures: SignatureSet,
        input_name: str,
        limits: Limits = DEFAULT_LIMITS,
        on_message: Callable[[Message], None] | None = None,
        adjacent: bool = False,
        *,
        samples: bool = False,
        keeper: Keeper | None = None,
        part: Part | None = None,
    ) -> None:
        """``on_message`` is told every mining message, in the order in which they complete.
        ``adjacent``: look for coin nodes, too.  ``samples``: see ``Sieve``.
        ``keeper``: is given the packets that prove something.
        ``part``: look at these flows only, as other processes look at the others."""
        self._sieve = Sieve(
            signatures.anchors,
            _suffixes(signatures),
            limits.flows,
            (*signatures.openers, V2_ANSWER),
            PEER_OPENERS if adjacent else None,
            _gate(signatures),
            signatures.datagrams,
            samples=samples,
            part=part,
        )
        self._signatures = signatures
        self._input = input_name
        self._conversations: OrderedDict[FlowKey, Conversation] = OrderedDict()
        #: those in which a mining message was found: they give way last
        self._proven: OrderedDict[FlowKey, Conversation] = OrderedDict()
        self._limits = limits
        #: segments of proven conversations that wait to be read together
        self._waiting: list[Hit] = []
        self._waiting_bytes = 0
        self._noted: dict[FlowKey, FiveTuple] = {}
        #: packets and bytes of noted flows that ``harvest`` has handed out already
        self._told: dict[FlowKey, tuple[int, int]] = {}
        #: the same of records of encrypted flows, and the conversations that were read since
        self._sealed: dict[FiveTuple, Sealed] = {}
        self._read_since: dict[FlowKey, int] = {}
        self._harvested = False
        self._counts: Counter[str] = Counter(dict.fromkeys(COUNTS, 0))
        self._on_message = on_message
        self._keeper = keeper
        self.findings = Findings(limits=limits)
        self._following = Following(self._sieve, self.findings)
        self._naming = Naming(signatures.pools, self._sieve, self.findings, self._following, keeper)

    def feed(self, batch: Batch, input_name: str | None = None) -> None:
        """Work through a batch; ``input_name``: where this one comes from, if not from the pipeline's own."""
        for hit in self._sieve.run(batch, input_name or self._input):
            if self._keeper is not None:
                self._keeper.saw(hit.where, batch)
            if hit.kind == SEGMENT:
                self._segment(hit)
            elif hit.kind == PEER:
                if (found := read_adjacent(hit.payload, hit.where.flow.proto)) is not None:
                    self.findings.add_node(hit.where, found.protocol, found.network)
            elif hit.kind == DATAGRAM:
                self._datagram(hit)
            elif hit.kind == NEW_FLOW:
                if self._following.begun(hit):
                    self._note(hit)
            elif self._naming.read(hit):
                self._note(hit)
        if self._noted:
            self._take_totals(final=False)

    def turn_to(self, new: NewSignatures) -> None:
        """Go on with other signatures, between two batches; what is known of flows, names and conversations
        is kept, as far as the new ones know it."""
        self._read_waiting()
        same = self._signatures.shared_with(new.signatures)
        self._signatures = new.signatures
        self._naming.pools = new.signatures.pools
        self._sieve.look_for(new.sought)
        for table in (self._conversations, self._proven):
            for conversation in table.values():
                conversation.turn_to(new.signatures, same)

    def harvest(self) -> Findings:
        """The findings since the last call: all harvests together are the findings of the whole."""
        self._harvested = True
        self._read_waiting()
        for key, moment in self._read_since.items():
            if (conversation := self._proven.get(key)) is not None:
                self._add_sealed(conversation, moment)
        self._read_since.clear()
        for key in self._noted:
            if (totals := self._sieve.flow_totals(key)) is not None:
                self._add_totals(*totals)
        self._naming.count_passed()
        found, self.findings = self.findings, Findings(limits=self._limits)
        self._following.turn_to(self.findings)
        self._naming.turn_to(self.findings)
        return found

    def age(self, before_ns: int) -> None:
        """Let go of conversations and noted flows that have had no packet since ``before_ns``."""
        for table in (self._conversations, self._proven):
            for key in [key for key in islice(table, MAX_AGED) if self._is_idle(key, before_ns)]:
                self._close(table.pop(key))
        for key in [key for key in self._noted if self._is_idle(key, before_ns)]:
            if key not in self._proven:
                del self._noted[key]
                self._told.pop(key, None)

    def _is_idle(self, key: FlowKey, before_ns: int) -> bool:
        totals = self._sieve.flow_totals(key)
        return totals is None or totals[4] < before_ns

    def counters(self) -> dict[str, int]:
        """The counters of this input by name, as far as it was read."""
        return {**self._sieve.counters(), **self._following.counts, **self._counts}

    def shared_counters(self) -> dict[str, int]:
        """Of the counters what each process that shares the input counts alike."""
        return self._sieve.shared_counters()

    def finish(self) -> dict[str, int]:
        """No more batches: close what is open; the counters of this input by name."""
        self._read_waiting()
        for table in (self._conversations, self._proven):
            for conversation in table.values():
                self._close(conversation)
            table.clear()
        self._take_totals(final=True)
        self._naming.count_passed()
        return self.counters()

    def _datagram(self, hit: Hit) -> None:
        """A datagram that says all that it says by itself."""
        if messages := read_datagram(self._signatures, _segment_of(hit)):
            self._note(hit)
            self._add(messages)

    def _segment(self, hit: Hit) -> None:
        """A piece of a flagged flow.

        Those of flows that are known to mine are read in groups: Python's own code and data are
        then in the processor's cache, out of which the kernels push them in between.
        """
        if hit.key not in self._proven:
            self._read(hit)
            return
        self._note(hit)
        self._waiting.append(hit)
        self._waiting_bytes += len(hit.payload)
        full = len(self._waiting) >= MAX_GROUP or self._waiting_bytes > MAX_GROUP_BYTES
        if full or _may_redirect(hit.payload):
            self._read_waiting()

    def _read_waiting(self) -> None:
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        for hit in waiting:
            self._read(hit)

    def _read(self, hit: Hit) -> None:
        conversation = self._followed(hit.key)
        messages = conversation.segment(_segment_of(hit))
        if messages and self._conversations.pop(hit.key, None) is not None:
            self._note(hit)
            self._proven[hit.key] = conversation
            self._naming.mines(hit.key)
        if hit.key in self._proven and self._harvested:
            self._read_since[hit.key] = hit.where.time_ns
        self._add(messages)
        if conversation.idle:
            self._sieve.unflag(hit)
            self._close(self._conversations.pop(hit.key))
        elif not conversation.found and (number := conversation.pass_over(hit.side)) is not None:
            self._sieve.pass_over(hit, number)

    def _followed(self, key: FlowKey) -> Conversation:
        """The conversation of a flow, made where there is none, as the latest of its table."""
        for table in (self._proven, self._conversations):
            if (conversation := table.get(key)) is not None:
                table.move_to_end(key)
                return conversation
        if len(self._conversations) + len(self._proven) >= self._limits.conversations:
            self._close((self._conversations or self._proven).popitem(last=False)[1])
            self._counts["conversations_evicted"] += 1
        claim = self._naming.claim_of(key)
        conversation = self._conversations[key] = Conversation(self._signatures, claim)
        return conversation

    def _close(self, conversation: Conversation) -> None:
        self._add(conversation.finish())
        self._add_sealed(conversation, conversation.latest if self._harvested else None)
        for flow, _ in conversation.encrypted:
            self._sealed.pop(flow, None)
        for name, number in conversation.counts.items():
            if number:
                self._counts[name] += number

    def _add_sealed(self, conversation: Conversation, at: int | None = None) -> None:
        """What the sizes of its records show, less what a harvest had of it already."""
        for flow, seen in conversation.encrypted:
            sealed = Sealed(seen.submitted, seen.acknowledged, seen.minutes, seen.over, seen.fits)
            had = self._sealed.get(flow)
            self.findings.add_sealed(flow, sealed if had is None else sealed - had, at)
            if at is not None:
                self._sealed[flow] = sealed

    def _add(self, messages: list[Message]) -> None:
        for message in messages:
            self.findings.add_message(message)
            if self._keeper is not None:
                self._keeper.proves(message.where, message.signature)
            self._following.heard(message)
            if self._on_message is not None:
                self._on_message(message)

    def _note(self, hit: Hit) -> None:
        """The hit's flow carried evidence: its totals are wanted."""
        if hit.key not in self._noted and len(self._noted) >= self._limits.noted:
            self.findings.dropped["flow_totals_not_kept"] += 1
            return
        self._noted.setdefault(hit.key, hit.where.flow)
        self._sieve.note(hit)

    def _take_totals(self, *, final: bool) -> None:
        for totals in self._sieve.totals(final=final):
            self._add_totals(*totals)

    def _add_totals(self, key: FlowKey, packets: int, size: int, first: int, last: int) -> None:
        """What the sieve counted of a flow, less what a harvest had of it already."""
        flow = self._noted.get(key)
        if flow is None:
            return
        had_packets, had_bytes = self._told.get(key, (0, 0))
        if packets < had_packets:  # the row is a new one
            had_packets = had_bytes = 0
        if packets > had_packets:
            self.findings.add_totals(FlowTotals(flow, packets - had_packets, size - had_bytes, first, last))
            self._told[key] = packets, size


class NewSignatures(Struct, frozen=True):
    """Signatures, and what the sieve looks for by them: made beside a pipeline, which then turns to them."""

    signatures: SignatureSet
    sought: Sought


def new_signatures(signatures: SignatureSet) -> NewSignatures:
    """What ``Pipeline.turn_to`` takes.  Raises NetminedetError for what no sieve can look for."""
    openers = (*signatures.openers, V2_ANSWER)
    found = sought(
        signatures.anchors,
        _suffixes(signatures),
        openers,
        gate=_gate(signatures),
        datagrams=signatures.datagrams,
    )
    return NewSignatures(signatures, found)


@lru_cache(maxsize=1)
def _suffixes(signatures: SignatureSet) -> tuple[str, ...]:
    return tuple(name for name, _ in signatures.pools.suffixes())


@lru_cache(maxsize=1)
def _gate(signatures: SignatureSet) -> Gate:
    """What the sieve may pass over although an anchor stands in it."""
    asked = dict.fromkeys(API_VERBS, frozenset({frozenset[str]()}))
    return Gate(signatures.telling_keys | API_KEYS, {**signatures.verbs(), **asked})


def _segment_of(hit: Hit) -> Segment:
    context = hit.context >> hit.side  # brings the sender's bits to where side 0 has its own
    return Segment(
        where=hit.where,
        side=hit.side,
        seq=hit.seq,
        data=hit.prefix + hit.payload,
        expected=hit.expected,
        acknowledged=hit.acknowledged,
        renews=bool(hit.context & CONTEXT_RENEWED),
        flight_is_json=bool(context & _JSON) if context & _KNOWN else None,
        flight_is_text=bool(context & _TEXT),
        answers_text=(hit.context >> (1 - hit.side)) & (_KNOWN | _JSON | _TEXT) == _KNOWN | _TEXT,
        http_seen=bool(hit.context & _HTTP),
    )


def _may_redirect(payload: bytes) -> bool:
    """Whether it may order a client elsewhere (see ``verdict.redirects``), so that it must be read at once:
    the sieve then has to look for the new place.  Methods of JSON that do so end in "reconnect"."""
    return payload[:1] not in (b"{", b"[") or b"reconnect" in payload or b"\\u" in payload
