"""What was found, kept so that it merges: the findings of two captures add up to those of both.

Everything here is a sum, a union, a smallest or a largest, per flow or per name, so
that adding is associative and commutative and the order of inputs does not matter.
Tables have limits; what does not fit is counted under the names in ``dropped``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from netminedet.limits import DEFAULT_LIMITS, Limits
from netminedet.model import (
    BareTls,
    Evidence,
    FiveTuple,
    FlowTotals,
    Kind,
    Message,
    NameAnswer,
    NameSeen,
    NameSource,
    NodeSeen,
    PoolName,
    Side,
    Strength,
    TunnelAsked,
    Where,
)
from netminedet.verdict.order import FlowId, Span, flow_id, order_of, place_of
from netminedet.verdict.redirects import Redirects

__all__ = [
    "AnswerFinding",
    "Findings",
    "FlowFinding",
    "FlowId",
    "NameFinding",
    "Span",
    "flow_id",
    "order_of",
    "place_of",
]

#: Limits of the tables that traffic fills, unless a cap on memory makes them less.
MAX_FLOWS = DEFAULT_LIMITS.mining_flows
MAX_NAMES = DEFAULT_LIMITS.names
MAX_ANSWERS = DEFAULT_LIMITS.answers
MAX_BARE_TLS = DEFAULT_LIMITS.bare_tls
MAX_TUNNELS = DEFAULT_LIMITS.tunnels
MAX_TRAFFIC = DEFAULT_LIMITS.traffic
MAX_NODES = DEFAULT_LIMITS.nodes
#: What is counted when one of them is full.
DROPPED = (
    "mining_flows_not_kept",
    "names_not_kept",
    "dns_answers_not_kept",
    "tls_sessions_not_kept",
    "tunnels_not_kept",
    "flow_totals_not_kept",
    "nodes_not_kept",
    "weak_flows_displaced",
    "redirects_not_kept",
    "redirect_answers_not_kept",
    "redirect_arrivals_not_kept",
)
#: Different agents (workers, wallets...) kept of one flow; more are cut and marked.
MAX_VALUES = 64
#: Different difficulties and targets kept of one flow's shares; the rest counts as unknown.
MAX_MEASURES = 512
#: Rates kept that a miner reported of itself: the latest.
MAX_REPORTED = 32
#: Flows kept of one name sighting.
MAX_NAME_FLOWS = 64

#: How long after its time to live an address may still be in use: a miner keeps what it resolved.
GRACE_NS = 3600 * 1_000_000_000
#: How far a session may seem to begin before the answer, in captures put together from several.
SKEW_NS = 1_000_000_000


@dataclass(slots=True)
class Values:
    """A set of strings with a limit.  The smallest are kept, so that merging in any order agrees."""

    kept: set[str] = field(default_factory=set)
    truncated: bool = False

    def add(self, values: Iterable[str]) -> None:
        self.kept.update(values)
        if len(self.kept) > MAX_VALUES:
            self.kept = set(sorted(self.kept)[:MAX_VALUES])
            self.truncated = True

    def merge(self, other: Values) -> None:
        self.truncated |= other.truncated
        self.add(other.kept)


@dataclass(frozen=True, slots=True)
class Sealed:
    """Records of an encrypted channel, counted by size: estimates, apart from shares that were read.

    ``shares``: records of the size of a share, in ``minutes`` different ones of ``over`` minutes;
    ``answers``: those of the size of an answer to shares.
    """

    shares: int
    answers: int
    minutes: int
    over: int

    def __add__(self, other: Sealed) -> Sealed:
        return Sealed(
            self.shares + other.shares,
            self.answers + other.answers,
            self.minutes + other.minutes,
            self.over + other.over,
        )


#: Details of messages that are collected, besides the jobs.
DETAILS = ("agent", "worker", "wallet", "pool_host", "pool_url", "algo")


@dataclass(slots=True)
class FlowFinding:
    """The mining messages of one flow.  ``a`` is the end with the smaller (address, port)."""

    a: tuple[str, int]
    b: tuple[str, int]
    proto: str
    span: Span
    #: (signature, kind, sender, strength, spoken by a) -> messages
    messages: Counter[tuple[str, Kind, Side, Strength, bool]] = field(default_factory=Counter)
    dialects: set[str] = field(default_factory=set)
    coins: set[str] = field(default_factory=set)
    details: dict[str, Values] = field(default_factory=dict)
    jobs: Values = field(default_factory=Values)
    first_job: int | None = None
    #: (SHARE or ACCEPTED, difficulty, target, algorithm) -> shares
    measures: Counter[tuple[Kind, str, str, str]] = field(default_factory=Counter)
    #: the latest of "difficulty", "target" and "algo" that the server gave: (time, text)
    in_force: dict[str, tuple[int, str]] = field(default_factory=dict)
    #: time -> rate that the miner reported of itself, as it wrote it
    reported: dict[int, str] = field(default_factory=dict)
    #: earliest message of each signature and speaker
    evidence: dict[tuple[str, bool], Evidence] = field(default_factory=dict)

    #: what the sizes of its records show, where it is encrypted
    sealed: Sealed | None = None

    def merge(self, other: FlowFinding) -> None:
        self.span.add(other.span)
        if other.sealed is not None:
            self.sealed = other.sealed if self.sealed is None else self.sealed + other.sealed
        self.messages.update(other.messages)
        self.dialects |= other.dialects
        self.coins |= other.coins
        for name, values in other.details.items():
            self.details.setdefault(name, Values()).merge(values)
        self.jobs.merge(other.jobs)
        for key, evidence in other.evidence.items():
            self._keep(key, evidence)
        if other.first_job is not None:
            self._job_at(other.first_job)
        for measure, shares in other.measures.items():
            self._measure(measure, shares)
        for name, latest in other.in_force.items():
            self.in_force[name] = max(latest, self.in_force.get(name, latest))
        self._report(other.reported)

    def _job_at(self, moment: int) -> None:
        self.first_job = moment if self.first_job is None else min(self.first_job, moment)

    def _measure(self, measure: tuple[Kind, str, str, str], shares: int) -> None:
        if measure not in self.measures and len(self.measures) >= MAX_MEASURES:
            measure = (measure[0], "", "", "")
        self.measures[measure] += shares

    def _report(self, rates: Mapping[int, str]) -> None:
        self.reported.update(rates)
        for moment in sorted(self.reported)[:-MAX_REPORTED]:
            del self.reported[moment]

    def _add_size(self, message: Message) -> None:
        """What the message says of how much is mined."""
        details, moment = message.details, message.where.time_ns
        rate = details.get("hashrate")
        if rate and (message.sender is Side.CLIENT or message.kind is Kind.STATUS):
            self._report({moment: rate})
        if message.kind in (Kind.SHARE, Kind.ACCEPTED):
            texts = (details.get("difficulty", ""), details.get("target", ""), details.get("algo", ""))
            self._measure((message.kind, *texts), 1)
        elif message.sender is Side.SERVER and message.kind is not Kind.STATUS:
            if message.kind is Kind.JOB or "job_id" in details:
                self._job_at(moment)
            for name in ("difficulty", "target", "algo"):
                if text := details.get(name):
                    self.in_force[name] = max((moment, text), self.in_force.get(name, (moment, text)))

    def add(self, message: Message) -> None:
        by_a = _is_a(message.where.flow)
        moment = message.where.time_ns
        self.span.reach(moment)
        key = (message.signature, message.kind, message.sender, message.strength, by_a)
        self.messages[key] += 1
        if message.strength is Strength.STRONG:
            self.dialects.add(message.dialect)
            self.coins.update(message.coins)
        if message.strength is Strength.STRONG or message.kind is Kind.JOB:
            self._add_size(message)
        for name in DETAILS:
            if value := message.details.get(name):
                values = self.details.get(name)
                if values is None:
                    values = self.details[name] = Values()
                if value not in values.kept:
                    values.add([value])
        if message.kind is Kind.JOB and (job := message.details.get("job_id")):
            self.jobs.add([job])
        kept = self.evidence.get((message.signature, by_a))
        if kept is None or place_of(message.where) <= place_of(kept.where):
            strength = message.strength.name.lower()
            evidence = Evidence(message.signature, strength, message.where, message.excerpt, message.why)
            self._keep((message.signature, by_a), evidence)

    def _keep(self, key: tuple[str, bool], evidence: Evidence) -> None:
        kept = self.evidence.get(key)
        if kept is None or order_of(evidence) < order_of(kept):
            self.evidence[key] = evidence


@dataclass(slots=True)
class NameFinding:
    """A pool's name that one host looked up or used, in one way."""

    pool: PoolName
    span: Span
    sightings: int
    bytes: int
    flows: set[FiveTuple]
    evidence: Evidence

    def merge(self, other: NameFinding) -> None:
        self.span.add(other.span)
        self.sightings += other.sightings
        self.bytes += other.bytes
        self.flows |= other.flows
        if len(self.flows) > MAX_NAME_FLOWS:
            self.flows = set(sorted(self.flows)[:MAX_NAME_FLOWS])
        self.evidence = min(self.evidence, other.evidence, key=order_of)


@dataclass(slots=True)
class AnswerFinding:
    """A host learnt a pool's address: from ``span.first`` until ``span.last`` it may use it."""

    pool: PoolName
    span: Span
    evidence: Evidence

    def holds_at(self, moment: int) -> bool:
        """Whether the host may have gone by the answer then: within its time to live and a grace period."""
        return self.span.first - SKEW_NS <= moment <= self.span.last + GRACE_NS

    def merge(self, other: AnswerFinding) -> None:
        self.span.add(other.span)
        self.evidence = min(self.evidence, other.evidence, key=order_of)


@dataclass(slots=True)
class NodeFinding:
    """A host that speaks one protocol of coin nodes."""

    span: Span
    peers: Values
    #: the first packet that tells
    where: Where

    def merge(self, other: NodeFinding) -> None:
        self.span.add(other.span)
        self.peers.merge(other.peers)
        self.where = min(self.where, other.where, key=place_of)


@dataclass(slots=True)
class Traffic:
    """What the sieve counted of a flow, its first and its last packet."""

    packets: int
    bytes: int
    span: Span

    def merge(self, other: Traffic) -> None:
        self.packets += other.packets
        self.bytes += other.bytes
        self.span.add(other.span)


@dataclass(slots=True)
class Findings:
    """All findings of one or several inputs."""

    flows: dict[FlowId, FlowFinding] = field(default_factory=dict)
    #: (host, name, source)
    names: dict[tuple[str, str, NameSource], NameFinding] = field(default_factory=dict)
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
    limits: Limits = field(default=DEFAULT_LIMITS, repr=False, compare=False)
    #: keys of ``flows`` without a strong message: they give way when room is short
    _weak: dict[FlowId, None] = field(default_factory=dict, repr=False, compare=False)

    def add_message(self, message: Message) -> None:
        """A mining message."""
        flow = message.where.flow
        key = flow_id(flow)
        strong = message.strength is Strength.STRONG
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
        if len(self.flows) < min(MAX_FLOWS, self.limits.mining_flows):
            return True
        if not (strong and self._weak):
            self.dropped["mining_flows_not_kept"] += 1
            return False
        del self.flows[self._weak.popitem()[0]]
        self.dropped["weak_flows_displaced"] += 1
        return True

    def _rank(self, key: FlowId, strong: bool) -> None:
        if strong:
            self._weak.pop(key, None)
        else:
            self._weak[key] = None

    def add_totals(self, totals: FlowTotals) -> None:
        """What the sieve counted of a flow that carried evidence."""
        span = Span(totals.first_seen, totals.last_seen)
        self._merge_traffic(flow_id(totals.flow), Traffic(totals.packets, totals.bytes, span))

    def add_sealed(self, flow: FiveTuple, sealed: Sealed) -> None:
        """What the sizes of a flow's records show; only of a flow that is kept for its messages."""
        found = self.flows.get(flow_id(flow))
        if found is not None:
            found.sealed = sealed if found.sealed is None else found.sealed + sealed

    def add_name(self, seen: NameSeen, size: int) -> None:
        """A pool's name that a host looked up or used, in a packet of ``size`` bytes."""
        flow, moment = seen.where.flow, seen.where.time_ns
        what, why = f"name.{seen.source.value}", _name_why(seen)
        evidence = Evidence(what, "name", seen.where, seen.pool.name, why, seen.details)
        finding = NameFinding(seen.pool, Span(moment, moment), 1, size, {flow}, evidence)
        self._merge_name((flow.src_ip, seen.pool.name, seen.source), finding)

    def add_answer(self, answer: NameAnswer) -> None:
        """A DNS answer that gave a host a pool's address."""
        moment = answer.where.time_ns
        until = moment + max(0, answer.ttl) * 1_000_000_000
        why = f"the answer gives {answer.address} as an address of {answer.pool.name} ({answer.pool.pool})"
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
        known = self.traffic.get(key)
        if known is not None:
            known.merge(totals)
        elif len(self.traffic) < min(MAX_TRAFFIC, self.limits.traffic):
            self.traffic[key] = Traffic(
                totals.packets, totals.bytes, Span(totals.span.first, totals.span.last)
            )
        else:
            self.dropped["flow_totals_not_kept"] += 1

    def _merge_node(self, key: tuple[str, str, str], finding: NodeFinding) -> None:
        known = self.nodes.get(key)
        if known is not None:
            known.merge(finding)
        elif len(self.nodes) < min(MAX_NODES, self.limits.nodes):
            peers = Values(set(finding.peers.kept), finding.peers.truncated)
            self.nodes[key] = NodeFinding(Span(finding.span.first, finding.span.last), peers, finding.where)
        else:
            self.dropped["nodes_not_kept"] += 1

    def _merge_name(self, key: tuple[str, str, NameSource], finding: NameFinding) -> None:
        known = self.names.get(key)
        if known is not None:
            known.merge(finding)
        elif len(self.names) < min(MAX_NAMES, self.limits.names):
            span = Span(finding.span.first, finding.span.last)
            self.names[key] = NameFinding(
                finding.pool, span, finding.sightings, finding.bytes, set(finding.flows), finding.evidence
            )
        else:
            self.dropped["names_not_kept"] += 1

    def _merge_answer(self, key: tuple[str, str, str], finding: AnswerFinding) -> None:
        known = self.answers.get(key)
        if known is not None:
            known.merge(finding)
        elif len(self.answers) < min(MAX_ANSWERS, self.limits.answers):
            span = Span(finding.span.first, finding.span.last)
            self.answers[key] = AnswerFinding(finding.pool, span, finding.evidence)
        else:
            self.dropped["dns_answers_not_kept"] += 1

    def _merge_bare_tls(self, key: FiveTuple, opened: BareTls) -> None:
        known = self.bare_tls.get(key)
        if known is not None:
            self.bare_tls[key] = min(known, opened, key=lambda one: place_of(one.where))
        elif len(self.bare_tls) < min(MAX_BARE_TLS, self.limits.bare_tls):
            self.bare_tls[key] = opened
        else:
            self.dropped["tls_sessions_not_kept"] += 1

    def _merge_tunnel(self, key: FlowId, tunnel: TunnelAsked) -> None:
        known = self.tunnels.get(key)
        if known is not None:
            self.tunnels[key] = min(known, tunnel, key=lambda one: place_of(one.where))
        elif len(self.tunnels) < min(MAX_TUNNELS, self.limits.tunnels):
            self.tunnels[key] = tunnel
        else:
            self.dropped["tunnels_not_kept"] += 1


def _is_a(flow: FiveTuple) -> bool:
    return (flow.src_ip, flow.src_port) <= (flow.dest_ip, flow.dest_port)


_NAME_WHY = {
    NameSource.DNS: "asked the DNS for {name}, a name of the mining pool {pool}",
    NameSource.DNS_ALIAS: "asked the DNS for {asked}, an alias of {name}, a name of the mining pool {pool}",
    NameSource.TLS: "opened a TLS session to {name}, a name of the mining pool {pool}",
    NameSource.TLS_CERTIFICATE: "opened a TLS session to a server whose certificate is for {name}, "
    "a name of the mining pool {pool}",
    NameSource.HTTP_HOST: "sent an HTTP request to {name}, a name of the mining pool {pool}",
    NameSource.HTTP_CONNECT: "asked an HTTP proxy for a tunnel to {name}, a name of the mining pool {pool}",
    NameSource.SOCKS: "asked a SOCKS proxy for a tunnel to {name}, a name of the mining pool {pool}",
}


def _name_why(seen: NameSeen) -> str:
    asked = seen.details.get("asked", "")
    return _NAME_WHY[seen.source].format(name=seen.pool.name, pool=seen.pool.pool, asked=asked)
