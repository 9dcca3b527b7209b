"""From findings to suspects: one verdict a host, with the reasons for it.

confirmed   mining messages of both sides, accepted shares, or jobs taken
probable    a mining handshake of one side; or a TLS session to an address that the
            same host had just been given for a pool's stratum name, on a port of that pool;
            or a tunnel asked for to such a name and port; or a management interface that
            answers as a mining machine's; or a connection that cannot be read, to where a
            mining server had sent the host
suspected   a pool's name alone
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING

from msgspec import Struct

from netminedet.language import Sentence, sentence
from netminedet.model import TunnelAsked
from netminedet.suspects import (
    Evidence,
    Pool,
    Shares,
    Suspect,
    Verdict,
)
from netminedet.verdict.case import Case, Flows, kept
from netminedet.verdict.connections import connections_of
from netminedet.verdict.findings import Findings, NameFinding
from netminedet.verdict.flowfinding import FlowFinding
from netminedet.verdict.flows import Basis, FlowVerdict, with_dialect_of_work
from netminedet.verdict.managed import account_of, management_of
from netminedet.verdict.order import order_of, place_of
from netminedet.verdict.resolvers import asked_by, is_passed_on
from netminedet.verdict.rigs import sharers
from netminedet.verdict.roles import (
    TLS_NAMES,
    Network,
    as_a_node,
    handed_on,
    is_inside,
    role_of,
    serves_of,
)
from netminedet.verdict.sessions import all_sessions, redirects_of
from netminedet.verdict.together import joined, weigh_flows
from netminedet.verdict.unanswered import is_knock, is_scan

if TYPE_CHECKING:
    from netminedet.verdict.size import Tables

#: Evidence shown of a suspect: the strongest, and of all the first.
MAX_EVIDENCE = 24
FIRST_EVIDENCE = 4
#: Entries of each list of a suspect.
MAX_LIST = 64
_RANK = {"strong": 0, "name": 1, "weak": 2}


class Settings(Struct, frozen=True):
    """What else a verdict depends on."""

    home_net: Sequence[Network]
    #: leaves out dialects that a more special one of the same flow refines
    most_specific: Callable[[Iterable[str]], tuple[str, ...]]
    #: what is known of programs and machines; asked for only when there is a suspect
    tables: Callable[[], Tables]


def weigh(findings: Findings, settings: Settings, only: str | None = None) -> tuple[Suspect, ...]:
    """All suspects, the weightiest first; or this host alone, where it is one."""
    cases: dict[str, Case] = {}

    def case(host: str) -> Case:
        return cases.setdefault(host, Case(host))

    # sorted, so that the order in which inputs came shows nowhere
    for key, flow, verdict in weigh_flows(findings):
        if verdict is not None:
            verdict = with_dialect_of_work(flow, verdict, settings.most_specific)
        if verdict is not None and verdict.basis is Basis.MANAGED:
            case(verdict.client[0]).managed.append((key, flow, verdict))
        elif verdict is not None and not is_knock(verdict, partial(is_inside, home_net=settings.home_net)):
            case(verdict.client[0]).as_client.append((key, flow, verdict))
            case(verdict.server[0]).as_server.append((key, flow, verdict))
    asked = asked_by(findings)
    for (host, _, _), name in sorted(findings.names.items(), key=lambda item: item[0]):
        if not is_passed_on(name, host, asked):
            case(host).names.append(name)
    for (host, address, _), answer in sorted(findings.answers.items(), key=lambda item: item[0]):
        case(host).answers.append((address, answer))
        case(host).by_address.setdefault(address, []).append(answer)
    for session in sorted(all_sessions(findings), key=lambda one: place_of(one.where)):
        case(session.where.flow.src_ip).sessions.append(session)
    for key, tunnel in findings.tunnels.items():
        case(tunnel.where.flow.src_ip).tunnels[key] = tunnel
        case(tunnel.where.flow.dest_ip).relayed.add(key)
    for client, redirect, told in redirects_of(findings):
        case(client).redirects.append((redirect, told))
    for one in cases.values():
        _drop_passed_on(one)
        if is_scan((flow, verdict) for _, flow, verdict in one.as_client):
            one.as_client = []
    suspects = [
        _suspect(one, findings, settings)
        for one in cases.values()
        if only in (None, one.host) and _accused(one, settings.home_net)
    ]
    return tuple(sorted(suspects, key=weight))


def _drop_passed_on(case: Case) -> None:
    """A SOCKS or HTTP proxy says on behind it what its clients said: that is their mining, not its own.

    It is theirs where all workers that it names upstream are named by clients that asked it for a tunnel.
    """
    theirs = {who for key, flow, _ in case.as_server if key in case.relayed for who in kept(flow, "worker")}
    if theirs:
        case.as_client = [entry for entry in case.as_client if not _names_only(entry[1], theirs)]


def _names_only(flow: FlowFinding, workers: set[str]) -> bool:
    return bool(kept(flow, "worker")) and kept(flow, "worker") <= workers


def _accused(case: Case, home_net: Sequence[Network]) -> bool:
    """A server outside the home network is somebody else's pool: evidence, not a suspect."""
    if case.as_client or case.managed or case.names or case.sessions:
        return True
    return bool(serves_of(case, home_net))


def weight(suspect: Suspect) -> tuple[int, int, int, int, bytes]:
    """Sorts suspects, the weightiest first."""
    address = ip_address(suspect.host)
    shares = suspect.shares
    return -suspect.verdict, -shares.accepted, -shares.submitted, address.version, address.packed


def _suspect(case: Case, findings: Findings, settings: Settings) -> Suspect:
    from netminedet.verdict.size import size_of, software_of  # only where there is a suspect

    serves = serves_of(case, settings.home_net)
    flows = case.as_client + serves + case.managed
    spans = [flow.span for _, flow, _ in flows] + [name.span for name in case.names]
    spans += [session.span for session in case.sessions]
    evidence, omitted = _evidence(case, flows)
    packets, size = _traffic(case, flows, findings)
    lists, truncated = _lists(flows)
    dialects = {name for _, flow, _ in flows for name in settings.most_specific(flow.dialects)}
    connections, more_connections = connections_of(flows, case.sessions, case.tunnels)
    measured = [(flow, verdict) for _, flow, verdict in _measured(case, serves)]
    tables = settings.tables()
    software = software_of(lists["agent"], tables.agents)
    return Suspect(
        host=case.host,
        verdict=_verdict(case, flows),
        role=role_of(case, serves, software, settings.home_net),
        reasons=_reasons(case, serves),
        dialects=tuple(sorted(dialects)),
        coins=_coins(case, flows, tables),
        pools=_pools(case),
        workers=lists["worker"],
        wallets=lists["wallet"],
        agents=lists["agent"],
        first_seen=min(span.first for span in spans),
        last_seen=max(span.last for span in spans),
        flows=len(flows) + len(_other_flows(case, flows)),
        packets=packets,
        bytes=size,
        shares=_shares(case.as_client or serves),
        evidence=evidence,
        evidence_omitted=omitted,
        truncated=truncated,
        software=software,
        hash_rates=size_of(joined(measured), _pool_coins(case), tables, partial(_names, case)),
        management=management_of(flow for _, flow, _ in case.managed) if case.managed else None,
        rigs=max(_rigs(case, serves), sharers(case.as_client, tables.agents)),
        connections=connections,
        connections_omitted=more_connections,
    )


def _measured(case: Case, serves: Flows) -> Flows:
    """The flows whose shares tell how big the host is: those to its pool, or else those of its miners; a node
    gets nothing but whole blocks."""
    at_pools = [entry for entry in case.as_client if not (serves and as_a_node(entry[1], entry[2]))]
    return at_pools or serves or case.as_client


def _verdict(case: Case, flows: Flows) -> Verdict:
    found = [verdict.verdict for _, _, verdict in flows]
    found += [Verdict.PROBABLE] * bool(case.sessions)
    return max(found, default=Verdict.SUSPECTED)


def _rigs(case: Case, serves: Flows) -> int:
    """How many rigs stand behind the host at least, by names: logins of its clients, each host's by
    themselves; of the farm behind a proxy whose clients were not seen, the logins that it hands on in one
    connection."""
    seen = {(verdict.client[0], who) for _, flow, verdict in serves for who in kept(flow, "worker") or {""}}
    return max(len(seen), handed_on(case))


def _reasons(case: Case, serves: Flows) -> tuple[str, ...]:
    reasons: list[str] = []
    for key, _, verdict in _weightiest(case.as_client):
        place = _place(*verdict.server, case.tunnels.get(key))
        reasons.append(sentence("mines at {place}: {reason}", place=place, reason=verdict.reason))
    for key, _, verdict in _weightiest(serves):
        place = _place(*verdict.client, case.tunnels.get(key))
        reasons.append(sentence("serves {place}: {reason}", place=place, reason=verdict.reason))
    if case.managed:
        askers = sorted({verdict.server[0] for _, _, verdict in case.managed})
        account = account_of(management_of(flow for _, flow, _ in case.managed))
        asked_by_whom = ", ".join(askers[:3])
        reasons.append(sentence("{account} (asked by {askers})", account=account, askers=asked_by_whom))
    for session in case.sessions[:3]:
        reasons.append(session.reason)
    followed = any(session.by_order for session in case.sessions)
    for _, told in [] if followed else case.redirects[:3]:
        reasons.append(told)
    for name in sorted(case.names, key=lambda name: order_of(name.evidence))[:3]:
        reasons.append(name.evidence.why)
    return tuple(reasons)


def _weightiest(flows: Flows) -> Flows:
    return sorted(flows, key=lambda entry: (-entry[2].verdict, -entry[2].shares.accepted))[:3]


def _place(ip: str, port: int, asked: TunnelAsked | None) -> Sentence:
    """A server's or client's end, and where a tunnel through it leads."""
    if asked is None:
        return sentence("{ip} port {port}", ip=ip, port=port)
    return sentence(
        "{ip} port {port}, through a tunnel to {name} port {pool_port}",
        ip=ip,
        port=port,
        name=asked.pool.name,
        pool_port=asked.port,
    )


def _shares(flows: Flows) -> Shares:
    shares = [verdict.shares for _, _, verdict in flows]
    return Shares(
        sum(one.submitted for one in shares),
        sum(one.accepted for one in shares),
        sum(one.rejected for one in shares),
    )


def _lists(flows: Flows) -> tuple[dict[str, tuple[str, ...]], bool]:
    found: dict[str, set[str]] = {"worker": set(), "wallet": set(), "agent": set()}
    truncated = False
    for _, flow, _ in flows:
        for name, values in found.items():
            if name in flow.details:
                values |= flow.details[name].kept
                truncated |= flow.details[name].truncated
    # a rig by itself, where its account was not seen beside it, is in the whole login already
    ends = {login.partition(".")[2] for login in found["worker"]} - {""}
    found["worker"] -= ends
    truncated |= any(len(values) > MAX_LIST for values in found.values())
    return {name: tuple(sorted(values)[:MAX_LIST]) for name, values in found.items()}, truncated


def _coins(case: Case, flows: Flows, tables: Tables) -> tuple[str, ...]:
    """Those that the dialect tells; else wallet addresses; else the names of the servers; else the pools with
    one coin only."""
    from netminedet.verdict.size import coins_of_wallets

    coins = {coin for _, flow, _ in flows for coin in flow.coins}
    weighed = ((flow, verdict) for _, flow, verdict in flows)
    coins = coins or coins_of_wallets(weighed, tables, partial(_names, case))
    return tuple(sorted(coins)) or _named_coins(case) or _pool_coins(case)


def _names(case: Case, flow: FlowFinding, verdict: FlowVerdict) -> list[str]:
    """The names under which the host knew the pool of a flow: those of its tunnel, else of the DNS."""
    asked = case.tunnels.get((flow.a, flow.b, flow.proto))
    if asked is not None:
        return [asked.pool.name]
    answers = case.by_address.get(verdict.server[0], ()) if verdict.client[0] == case.host else ()
    return [answer.pool.name for answer in answers if answer.holds_at(flow.span.first)]


def _named_coins(case: Case) -> tuple[str, ...]:
    """The coins that the servers it mined at are named after; of a host that was not seen to, those of all
    names that it used."""
    pools = [name.pool for name in case.names if not case.as_client]
    for key, flow, verdict in case.as_client:
        if key in case.tunnels:
            pools.append(case.tunnels[key].pool)
        else:
            answers = case.by_address.get(verdict.server[0], ())
            pools += [answer.pool for answer in answers if answer.holds_at(flow.span.first)]
    return tuple(sorted({pool.named_after for pool in pools} - {""}))


def _pool_coins(case: Case) -> tuple[str, ...]:
    """The coins of those pools that the host knew by name and that have one coin only."""
    pools = [name.pool for name in case.names] + [answer.pool for _, answer in case.answers]
    return tuple(sorted({pool.coins[0] for pool in pools if len(pool.coins) == 1}))


def _pools(case: Case) -> tuple[Pool, ...]:
    """Servers mined at, by the name that this host knew them under; then names without a server."""
    names = {address: answer.pool.name for address, answer in case.answers}
    pools = set()
    for key, flow, verdict in case.as_client:
        ip, port = verdict.server
        asked = case.tunnels.get(key)
        told = sorted(flow.details["pool_host"].kept)[:1] if "pool_host" in flow.details else []
        known = asked.pool.name if asked else names.get(ip)
        pools.add(Pool(known or (told[0] if told else None), ip, port, tls=False))
    for session in case.sessions:
        flow_seen = session.where.flow
        pools.add(Pool(session.name, flow_seen.dest_ip, flow_seen.dest_port, session.tls))
    named = {pool.name for pool in pools}
    for name in case.names:
        if name.pool.name not in named:
            pools.add(_pool_of_name(name))
    ordered = sorted(
        pools, key=lambda pool: (pool.ip is None, pool.name or "", pool.ip or "", pool.port or 0)
    )
    return tuple(ordered[:MAX_LIST])


def _pool_of_name(name: NameFinding) -> Pool:
    flow = name.evidence.where.flow
    if name.evidence.signature in TLS_NAMES:
        return Pool(name.pool.name, flow.dest_ip, flow.dest_port, tls=True)
    return Pool(name.pool.name, None, None, tls=False)


def _other_flows(case: Case, flows: Flows) -> set[tuple[str, int, str, int, str]]:
    """Flows that carried only a name or a TLS session."""
    mining = {key for key, _, _ in flows}
    seen = [flow for name in case.names for flow in name.flows]
    seen += [session.where.flow for session in case.sessions]
    return {
        (flow.src_ip, flow.src_port, flow.dest_ip, flow.dest_port, flow.proto)
        for flow in seen
        if ((flow.src_ip, flow.src_port), (flow.dest_ip, flow.dest_port), flow.proto) not in mining
        and ((flow.dest_ip, flow.dest_port), (flow.src_ip, flow.src_port), flow.proto) not in mining
    }


def _traffic(case: Case, flows: Flows, findings: Findings) -> tuple[int, int]:
    keys = {key for key, _, _ in flows} | {session.flow_id for session in case.sessions}
    totals = [findings.traffic[key] for key in keys if key in findings.traffic]
    packets = sum(one.packets for one in totals) + sum(name.sightings for name in case.names)
    return packets, sum(one.bytes for one in totals) + sum(name.bytes for name in case.names)


def _evidence(case: Case, flows: Flows) -> tuple[tuple[Evidence, ...], int]:
    found = [evidence for _, flow, _ in flows for evidence in flow.evidence.values()]
    found += [name.evidence for name in case.names]
    found += [answer.evidence for _, answer in case.answers]
    found += [session.evidence for session in case.sessions]
    orders = [order.evidence for order, _ in case.redirects]
    by_place = {order_of(evidence): evidence for evidence in found + orders}
    found = [by_place[place] for place in sorted(by_place)]
    strongest = sorted(found, key=lambda one: 0 if one in orders else _RANK[one.strength])
    chosen = found[:FIRST_EVIDENCE]
    for evidence in strongest:
        if len(chosen) >= MAX_EVIDENCE:
            break
        if evidence not in chosen:
            chosen.append(evidence)
    total = sum(sum(flow.messages.values()) for _, flow, _ in flows)
    total += sum(name.sightings for name in case.names) + len(case.answers) + len(case.sessions)
    return tuple(sorted(chosen, key=order_of)), max(0, total - len(chosen))
