"""What was found, kept so that it merges: the findings of two captures add up to those of both.

Everything here is a sum, a union, a smallest or a largest, per flow or per name, so
that adding is associative and commutative and the order of inputs does not matter.
Tables have limits; what does not fit is counted under the names in ``dropped``.
"""

from __future__ import annotations

from collections import Counter

from msgspec import Struct, field
from msgspec.structs import astuple, replace

from netminedet.language import N_, Sentence, sentence
from netminedet.limits import DEFAULT_LIMITS, Limits
from netminedet.model import (
    STRONG,
    BareTls,
    FiveTuple,
    FlowTotals,
    Message,
    NameAnswer,
    NameSeen,
    NameSource,
    PoolName,
    TunnelAsked,
    Where,
)
from netminedet.suspects import Evidence, NodeSeen
from netminedet.verdict.flowfinding import FlowFinding, Sealed, Values
from netminedet.verdict.order import SKEW_NS, FlowId, Span, flow_id, order_of, place_of
from netminedet.verdict.redirects import Redirects
from netminedet.verdict.tables import Room, keep_first, merge_into

#: What is counted when a table has no room left.
DROPPED = (
    "mining_flows_not_kept",
    "names_not_kept",
    "dns_answers_not_kept",
    "tls_sessions_not_kept",
    "tunnels_not_kept",
    "claimed_clients_not_kept",
    "flow_totals_not_kept",
    "nodes_not_kept",
    "weak_flows_displaced",
    "redirects_not_kept",
    "redirect_answers_not_kept",
    "redirect_arrivals_not_kept",
)
#: Flows kept of one name sighting.
MAX_NAME_FLOWS = 64

#: Look-ups, which prove less than a connection to the name or a request to a proxy.
_LOOKUPS = (NameSource.DNS, NameSource.DNS_ALIAS)

#: (host, name, source)
NameKey = tuple[str, str, NameSource]

#: How long after its time to live an address may still be in use: a miner keeps what it resolved.
GRACE_NS = 3600 * 1_000_000_000


class NameFinding(Struct):
    """A pool's name that one host looked up or used, in one way."""

    pool: PoolName
    span: Span
    sightings: int
    bytes: int
    flows: set[FiveTuple]
    evidence: Evidence

    def copy(self) -> NameFinding:
        return NameFinding(
            self.pool, self.span.copy(), self.sightings, self.bytes, set(self.flows), self.evidence
        )

    def merge(self, other: NameFinding) -> None:
        self.span.merge(other.span)
        self.sightings += other.sightings
        self.bytes += other.bytes
        self.flows |= other.flows
        if len(self.flows) > MAX_NAME_FLOWS:
            self.flows = set(sorted(self.flows)[:MAX_NAME_FLOWS])
        self.evidence = min(self.evidence, other.evidence, key=order_of)


class AnswerFinding(Struct):
    """A host learnt a pool's address: from ``span.first`` until ``span.last`` it may use it."""

    pool: PoolName
    span: Span
    evidence: Evidence

    def holds_at(self, moment: int) -> bool:
        """Whether the host may have gone by the answer then: within its time to live and a grace period."""
        return self.span.first - SKEW_NS <= moment <= self.span.last + GRACE_NS

    def copy(self) -> AnswerFinding:
        return AnswerFinding(self.pool, self.span.copy(), self.evidence)

    def merge(self, other: AnswerFinding) -> None:
        self.span.merge(other.span)
        self.evidence = min(self.evidence, other.evidence, key=order_of)


class NodeFinding(Struct):
    """A host that speaks one protocol of coin nodes."""

    span: Span
    peers: Values
    #: the first packet that tells
    where: Where

    def copy(self) -> NodeFinding:
        return replace(self, span=self.span.copy(), peers=self.peers.copy())

    def merge(self, other: NodeFinding) -> None:
        self.span.merge(other.span)
        self.peers.merge(other.peers)
        self.where = min(self.where, other.where, key=place_of)


class Traffic(Struct):
    """What the sieve counted of a flow, its first and its last packet."""

    packets: int
    bytes: int
    span: Span

    def copy(self) -> Traffic:
        return replace(self, span=self.span.copy())

    def merge(self, other: Traffic) -> None:
        self.packets += other.packets
        self.bytes += other.bytes
        self.span.merge(other.span)


class Findings(Struct, eq=False):
    """All findings of one or several inputs."""

    flows: dict[FlowId, FlowFinding] = field(default_factory=dict)
    names: dict[NameKey, NameFinding] = field(default_factory=dict)
    #: (host, address, name)
    answers: dict[tuple[str, str, str], AnswerFinding] = field(default_factory=dict)
    #: ClientHellos without a server name, by flow as the client sends
    bare_tls: dict[FiveTuple, BareTls] = field(default_factory=dict)
    #: requests to a proxy that name a pool
    tunnels: dict[FlowId, TunnelAsked] = field(default_factory=dict)
    #: what the sieve counted of flows that carried evidence
    traffic: dict[FlowId, Traffic] = field(default_factory=dict)
    #: (host, protocol, network), filled only where coin nodes are asked for
    nodes: dict[tuple[str, str, str], NodeFinding] = field(default_factory=dict)
    #: clients that a server sent on to another address, and where they went
    redirects: Redirects = field(default_factory=Redirects)
    dropped: Counter[str] = field(default_factory=Counter)
    #: how large the tables may become
    limits: Limits = DEFAULT_LIMITS
    #: keys of ``flows`` without a strong message: they give way when room is short
    _weak: dict[FlowId, None] = field(default_factory=dict)
    #: keys of ``names`` that are look-ups only: the same
    _lookups: dict[NameKey, None] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        """Whether both found the same, however much room they had for it."""
        return isinstance(other, Findings) and astuple(self)[:-3] == astuple(other)[:-3]

    def add_message(self, message: Message) -> None:
        """A mining message."""
        flow = message.where.flow
        key = flow_id(flow)
        strong = message.strength is STRONG
        found = self.flows.get(key)
        if found is None:
            if not self._room_for(strong):
                return
            moment = message.where.time_ns
            found = self.flows[key] = FlowFinding(*key, Span(moment, moment))
            self._rank(key, strong)
        elif strong and not found.dialects:
            self._rank(key, True)
        found.add(message)

    def _room_for(self, strong: bool) -> bool:
        """Whether one more flow may be kept: a strong one takes the place of a weak one, the newest."""
        if len(self.flows) < self.limits.mining_flows:
            return True
        if not (strong and self._weak):
            self.dropped["mining_flows_not_kept"] += 1
            return False
        del self.flows[self._weak.popitem()[0]]
        self.dropped["weak_flows_displaced"] += 1
        return True

    def rank(self, key: FlowId) -> None:
        """Say anew whether a flow gives way when room is short; one that is kept no more does not."""
        flow = self.flows.get(key)
        self._rank(key, flow is None or bool(flow.dialects))

    def _rank(self, key: FlowId, strong: bool) -> None:
        if strong:
            self._weak.pop(key, None)
        else:
            self._weak[key] = None

    def add_totals(self, totals: FlowTotals) -> None:
        """What the sieve counted of a flow that carried evidence."""
        span = Span(totals.first_seen, totals.last_seen)
        self._merge_traffic(flow_id(totals.flow), Traffic(totals.packets, totals.bytes, span))

    def add_sealed(self, flow: FiveTuple, sealed: Sealed, at: int | None = None) -> None:
        """What the sizes of a flow's records show; only of a flow that is kept for its messages, or, with
        ``at``, a moment of it, of one whose messages may be in findings that these will be added to."""
        key = flow_id(flow)
        found = self.flows.get(key)
        if found is None and at is not None and self._room_for(False):
            found = self.flows[key] = FlowFinding(*key, Span(at, at))
            self._rank(key, False)
        if found is not None:
            found.sealed = sealed if found.sealed is None else found.sealed + sealed

    def add_name(self, seen: NameSeen, size: int) -> None:
        """A pool's name that a host looked up or used, in a packet of ``size`` bytes."""
        flow, moment = seen.where.flow, seen.where.time_ns
        what, why = f"name.{seen.source.value}", _name_why(seen)
        evidence = Evidence(what, "name", seen.where, seen.pool.name, why, seen.details)
        finding = NameFinding(seen.pool, Span(moment, moment), 1, size, {flow}, evidence)
        self._merge_name((flow.src_ip, seen.pool.name, seen.source), finding)

    @property
    def names_full(self) -> bool:
        """Whether no further look-up is kept."""
        return len(self.names) >= self.limits.names

    def add_answer(self, answer: NameAnswer) -> None:
        """A DNS answer that gave a host a pool's address."""
        moment = answer.where.time_ns
        until = moment + max(0, answer.ttl) * 1_000_000_000
        why = sentence(
            "the answer gives {address} as an address of {name} ({pool})",
            address=answer.address,
            name=answer.pool.name,
            pool=answer.pool.pool,
        )
        evidence = Evidence("name.dns-answer", "name", answer.where, answer.pool.name, why)
        finding = AnswerFinding(answer.pool, Span(moment, until), evidence)
        self._merge_answer((answer.host, answer.address, answer.pool.name), finding)

    def add_bare_tls(self, opened: BareTls) -> None:
        """A TLS session without a server name."""
        self._merge_bare_tls(opened.where.flow, opened)

    def add_tunnel(self, tunnel: TunnelAsked) -> None:
        """A proxy asked for a connection to a pool."""
        self._merge_tunnel(flow_id(tunnel.where.flow), tunnel)

    def add_node(self, where: Where, protocol: str, network: str) -> None:
        """A packet in which its sender spoke a protocol of coin nodes."""
        finding = NodeFinding(Span(where.time_ns, where.time_ns), Values({where.flow.dest_ip}), where)
        self._merge_node((where.flow.src_ip, protocol, network), finding)

    def nodes_seen(self) -> tuple[NodeSeen, ...]:
        """The coin nodes, by host."""
        return tuple(
            NodeSeen(
                *key,
                first_seen=node.span.first,
                last_seen=node.span.last,
                peers=tuple(sorted(node.peers.kept)),
                truncated=node.peers.truncated,
                where=node.where,
            )
            for key, node in sorted(self.nodes.items(), key=lambda item: item[0])
        )

    def names_of(self, host: str, address: str, moment: int) -> list[str]:
        """The pools' names for which the DNS had given the host this address by then, sorted."""
        return sorted(
            name
            for (asker, at, name), answer in self.answers.items()
            if (asker, at) == (host, address) and answer.holds_at(moment)
        )

    def merge(self, other: Findings) -> None:
        """Add another's findings to these."""
        for key, flow in other.flows.items():
            known = self.flows.get(key)
            if known is None:
                if not self._room_for(bool(flow.dialects)):
                    continue
                known = self.flows[key] = FlowFinding(
                    flow.a, flow.b, flow.proto, Span(flow.span.first, flow.span.last)
                )
            known.merge(flow)
            self._rank(key, bool(known.dialects))
        for name_key, name in other.names.items():
            self._merge_name(name_key, name)
        for answer_key, answer in other.answers.items():
            self._merge_answer(answer_key, answer)
        for flow_key, opened in other.bare_tls.items():
            self._merge_bare_tls(flow_key, opened)
        for tunnel_key, tunnel in other.tunnels.items():
            self._merge_tunnel(tunnel_key, tunnel)
        for traffic_key, totals in other.traffic.items():
            self._merge_traffic(traffic_key, totals)
        for node_key, node in other.nodes.items():
            self._merge_node(node_key, node)
        self.redirects.merge(other.redirects, self.dropped)
        self.dropped.update(other.dropped)

    def _merge_traffic(self, key: FlowId, totals: Traffic) -> None:
        merge_into(self.traffic, key, totals, self._room(self.limits.traffic, "flow_totals_not_kept"))

    def _merge_node(self, key: tuple[str, str, str], finding: NodeFinding) -> None:
        merge_into(self.nodes, key, finding, self._room(self.limits.nodes, "nodes_not_kept"))

    def _merge_name(self, key: NameKey, finding: NameFinding) -> None:
        if key not in self.names:
            if key[2] in _LOOKUPS:
                if not self.names_full:
                    self._lookups[key] = None
            elif self.names_full and self._lookups:
                del self.names[self._lookups.popitem()[0]]
                self.dropped["names_not_kept"] += 1
        merge_into(self.names, key, finding, self._room(self.limits.names, "names_not_kept"))

    def _merge_answer(self, key: tuple[str, str, str], finding: AnswerFinding) -> None:
        merge_into(self.answers, key, finding, self._room(self.limits.answers, "dns_answers_not_kept"))

    def _merge_bare_tls(self, key: FiveTuple, opened: BareTls) -> None:
        keep_first(self.bare_tls, key, opened, self._room(self.limits.bare_tls, "tls_sessions_not_kept"))

    def _merge_tunnel(self, key: FlowId, tunnel: TunnelAsked) -> None:
        keep_first(self.tunnels, key, tunnel, self._room(self.limits.tunnels, "tunnels_not_kept"))

    def _room(self, most: int, counter: str) -> Room:
        return Room(most, self.dropped, counter)


_NAME_WHY = {
    NameSource.DNS: N_("asked the DNS for {name}, a name of the mining pool {pool}"),
    NameSource.DNS_ALIAS: N_(
        "asked the DNS for {asked}, an alias of {name}, a name of the mining pool {pool}"
    ),
    NameSource.TLS: N_("opened a TLS session to {name}, a name of the mining pool {pool}"),
    NameSource.TLS_CERTIFICATE: N_(
        "opened a TLS session to a server whose certificate is for {name}, a name of the mining pool {pool}"
    ),
    NameSource.HTTP_HOST: N_("sent an HTTP request to {name}, a name of the mining pool {pool}"),
    NameSource.HTTP_CONNECT: N_(
        "asked an HTTP proxy for a tunnel to {name}, a name of the mining pool {pool}"
    ),
    NameSource.SOCKS: N_("asked a SOCKS proxy for a tunnel to {name}, a name of the mining pool {pool}"),
}


def _name_why(seen: NameSeen) -> Sentence:
    message, pool = _NAME_WHY[seen.source], seen.pool
    if seen.source is NameSource.DNS_ALIAS:
        return sentence(message, asked=seen.details.get("asked", ""), name=pool.name, pool=pool.pool)
    return sentence(message, name=pool.name, pool=pool.pool)
