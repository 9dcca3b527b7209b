"""From the form of the document to the model's objects, with what types cannot check."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from typing import TypeVar

from netminedet.estimate.host import HashRate
from netminedet.estimate.power import PowerEstimate
from netminedet.estimate.rate import Counted, RateEstimate
from netminedet.holders import Behind, Subscriber, SubscriberSeen
from netminedet.model import (
    FiveTuple,
    InputInfo,
    Layer,
    SignatureSetInfo,
    Where,
)
from netminedet.report import unwire_holders as holders
from netminedet.report import wire
from netminedet.report.checked import Unfit, address, maybe
from netminedet.report.plain import PlainReport
from netminedet.report.sentences import sentence_from
from netminedet.signatures.agents import Agent
from netminedet.suspects import (
    Connection,
    Evidence,
    Management,
    NodeSeen,
    Pool,
    ResolverSeen,
    Role,
    Suspect,
    Verdict,
)

#: Addresses and times that are not looked at again.
_KNOWN = 4096

_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{6}|\d{9})\+00:00", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

Given = TypeVar("Given")
Made = TypeVar("Made")


def report_of(document: wire.Report) -> PlainReport:
    """The report that a document holds; raises Unfit."""
    signatures = document.tool.signatures
    return PlainReport(
        tool_version=document.tool.version,
        signatures=SignatureSetInfo(signatures.version, signatures.sha256, signatures.count),
        inputs=_all("inputs", document.inputs, _input),
        totals=dict(document.totals),
        suspects=_all("suspects", document.suspects, _suspect),
        adjacent=_all("adjacent", document.adjacent, _node),
        resolvers=_all("resolvers", document.resolvers, _resolver),
        anonymized=document.anonymized,
    )


def _all(name: str, given: Sequence[Given], make: Callable[[Given], Made]) -> tuple[Made, ...]:
    """Every entry of a list made into the model's object; an error tells which it was."""
    made = []
    for number, one in enumerate(given):
        try:
            made.append(make(one))
        except Unfit as error:
            raise Unfit(f"{name}[{number}]: {error}") from None
    return tuple(made)


def _input(info: wire.Input) -> InputInfo:
    return InputInfo(
        path=info.path,
        format=info.format,
        sha256=info.sha256,
        packets=info.packets,
        bytes=info.bytes,
        first_seen=None if info.first_seen is None else time_ns(info.first_seen),
        last_seen=None if info.last_seen is None else time_ns(info.last_seen),
        complete=info.complete,
        problems=list(_told(info.problems, info.problem_messages)),
    )


def _suspect(one: wire.Suspect) -> Suspect:
    return Suspect(
        host=address(one.host),
        verdict=Verdict[one.verdict.upper()],
        role=Role(one.role),
        reasons=_told(one.reasons, one.reason_messages),
        dialects=one.dialects,
        coins=one.coins,
        pools=_all("pools", one.pools, _pool),
        workers=one.workers,
        wallets=one.wallets,
        agents=one.agents,
        first_seen=time_ns(one.first_seen),
        last_seen=time_ns(one.last_seen),
        flows=one.flows,
        packets=one.packets,
        bytes=one.bytes,
        shares=holders.shares_of(one.shares),
        evidence=_all("evidence", one.evidence, _evidence),
        evidence_omitted=one.evidence_omitted,
        truncated=one.truncated,
        software=tuple(_software(agent) for agent in one.software),
        hash_rates=tuple(_hash_rate(rate) for rate in one.hash_rates),
        management=None if one.management is None else _management(one.management),
        rigs=one.rigs,
        connections=_all("connections", one.connections, _connection),
        connections_omitted=one.connections_omitted,
        unit=holders.unit_of(one.unit),
        places=holders.places_of(one),
        behind=None if one.subscribers is None else _behind(one.subscribers),
    )


def _told(texts: Sequence[str], messages: Sequence[object]) -> tuple[str, ...]:
    """Sentences with what they were made of, where that was written for each."""
    if len(texts) != len(messages):
        return tuple(texts)
    return tuple(map(sentence_from, texts, messages))


def _pool(pool: wire.Pool) -> Pool:
    return Pool(pool.name, maybe(pool.ip), pool.port, pool.tls)


def _evidence(one: wire.Evidence) -> Evidence:
    where = _where(one.flow, time_ns(one.time), one.input, one.packet)
    why = sentence_from(one.why, one.why_message)
    told = holders.attribution_of(one.subscriber)
    return Evidence(one.signature, one.strength, where, one.excerpt, why, one.details, told)


def _connection(one: wire.Connection) -> Connection:
    return Connection(
        _ends(one),
        time_ns(one.first_seen),
        time_ns(one.last_seen),
        one.proves,
        holders.shares_of(one.shares),
        holders.attribution_of(one.subscriber),
        one.tunnel,
    )


def _behind(behind: wire.Behind) -> Behind:
    return Behind(_all("subscribers", behind.named, _seen), behind.ambiguous, behind.gaps)


def _seen(one: wire.SubscriberSeen) -> SubscriberSeen:
    return SubscriberSeen(
        Subscriber(one.name or "", maybe(one.private_ip)),
        one.evidence,
        one.connections,
        holders.shares_of(one.shares),
        one.strength or "",
        time_ns(one.first_seen),
        time_ns(one.last_seen),
    )


def _where(flow: wire.Flow, moment: int, path: str, packet: int) -> Where:
    return Where(moment, path, packet, _ends(flow), _all("tunnel", flow.tunnel, _layer))


def _ends(flow: wire.Flow | wire.Connection) -> FiveTuple:
    return FiveTuple(
        address(flow.src_ip), flow.src_port, address(flow.dest_ip), flow.dest_port, flow.proto.lower()
    )


def _layer(layer: wire.Layer) -> Layer:
    if layer.kind == "vlan" and not re.fullmatch(r"\d{1,4}", layer.id or "0", re.ASCII):
        raise Unfit(f"{layer.id!r:.60} is no number of a VLAN")
    return Layer(layer.kind, layer.id, maybe(layer.src_ip), maybe(layer.dest_ip))


def _software(agent: wire.Software) -> Agent:
    return Agent(agent.software, agent.kind, agent.version, agent.vendor, agent.hardware)


def _management(told: wire.Management) -> Management:
    return Management(told.interfaces, told.pools, told.reported_hash_rate)


def _hash_rate(one: wire.HashRate) -> HashRate:
    """``effective_shares`` is no part of the document and becomes the number of shares."""
    rate = RateEstimate(
        one.low,
        one.typical,
        one.high,
        one.unit,
        one.shares,
        float(one.shares),
        one.seconds,
        Counted(one.counted),
        sentence_from(one.method, one.method_message),
    )
    told, power = one.reported, one.power
    return HashRate(
        algorithm=one.algorithm,
        rate=rate,
        ambiguity=one.ambiguity or "",
        reported=None if told is None else _reported(told, one.unit),
        power=None if power is None else _power(power),
    )


def _power(power: wire.Power) -> PowerEstimate:
    assumption = sentence_from(power.assumption, power.assumption_message)
    return PowerEstimate(power.kw.low, power.kw.typical, power.kw.high, power.basis, assumption)


def _reported(told: wire.Rate, unit: str) -> RateEstimate:
    method = sentence_from(told.method, told.method_message)
    return RateEstimate(told.low, told.typical, told.high, unit, 0, 0.0, 0.0, Counted.REPORTED, method)


def _node(node: wire.Node) -> NodeSeen:
    first = time_ns(node.first_seen)
    return NodeSeen(
        host=address(node.host),
        protocol=node.protocol,
        network=node.network or "",
        first_seen=first,
        last_seen=time_ns(node.last_seen),
        peers=tuple(map(address, node.peers)),
        truncated=node.truncated,
        where=_where(node.flow, first, node.input, node.packet),
    )


def _resolver(one: wire.Resolver) -> ResolverSeen:
    return ResolverSeen(
        host=address(one.host),
        names=one.names,
        clients=tuple(map(address, one.clients)),
        truncated=one.truncated,
        first_seen=time_ns(one.first_seen),
        last_seen=time_ns(one.last_seen),
    )


@lru_cache(_KNOWN)
def time_ns(text: str) -> int:
    """Nanoseconds since 1970 of a time as `times.iso8601` writes it; raises Unfit."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise Unfit(f"{text!r:.60} is no time in UTC like 2024-01-31T12:00:00.000000+00:00")
    *fields, fraction = match.groups()
    try:
        moment = datetime(*map(int, fields), tzinfo=timezone.utc)  # type: ignore[arg-type,misc]
    except ValueError as error:
        raise Unfit(f"{text!r} is no time ({error})") from None
    since = moment - _EPOCH
    found = (since.days * 86_400 + since.seconds) * 10**9 + int(fraction.ljust(9, "0"))
    if not -(2**63) <= found < 2**63:
        raise Unfit(f"{text!r} is out of the years that a report may have")
    return found
