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
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING

from msgspec import Struct, field

from netminedet.language import Sentence, sentence
from netminedet.model import Evidence, NameSource, Pool, Role, Shares, Suspect, TunnelAsked, Verdict
from netminedet.verdict.connections import connections_of
from netminedet.verdict.findings import AnswerFinding, Findings, NameFinding
from netminedet.verdict.flowfinding import FlowFinding
from netminedet.verdict.flows import Basis, FlowVerdict, with_dialect_of_work
from netminedet.verdict.managed import account_of, management_of
from netminedet.verdict.order import FlowId, order_of, place_of
from netminedet.verdict.redirects import Redirect
from netminedet.verdict.resolvers import asked_by, is_passed_on
from netminedet.verdict.sessions import PoolSession, all_sessions, redirects_of
from netminedet.verdict.together import joined, weigh_flows
from netminedet.verdict.unanswered import is_knock, is_scan, is_served

if TYPE_CHECKING:
    from netminedet.signatures.agents import Agent
    from netminedet.verdict.size import Tables

Network = IPv4Network | IPv6Network

#: Evidence shown of a suspect: the strongest, and of all the first.
MAX_EVIDENCE = 24
FIRST_EVIDENCE = 4
#: Entries of each list of a suspect.
MAX_LIST = 64
#: Logins in one connection that make it a proxy's: a rig has its own, and perhaps one for its program's fee.
PROXY_LOGINS = 3
#: Dialects that only web pages speak.
BROWSER_DIALECTS = frozenset({"browser-miner"})
#: Signatures of names that the host opened a session to, or asked a proxy to. A certificate's name is none:
#: the server's choice, it may be that of the web site beside it.
_SESSION_NAMES = frozenset(
    f"name.{source.value}" for source in (NameSource.TLS, NameSource.HTTP_CONNECT, NameSource.SOCKS)
)
#: Dialects that an ordinary node speaks too: serving one host is no pool's business.
NODE_DIALECTS = frozenset({"getwork", "stratum-v2-templates"})
#: Dialects that a node speaks too, but for the login and for work that nobody asked for.
NODE_DIALECTS_WITHOUT_LOGIN = frozenset({"eth-proxy"})
#: Hosts that one must serve with them to count as a pool.
POOL_MINERS = 2

_TLS_NAMES = {f"name.{source.value}" for source in (NameSource.TLS, NameSource.TLS_CERTIFICATE)}
_RANK = {"strong": 0, "name": 1, "weak": 2}


class Settings(Struct, frozen=True):
    """What else a verdict depends on."""

    home_net: Sequence[Network]
    #: leaves out dialects that a more special one of the same flow refines
    most_specific: Callable[[Iterable[str]], tuple[str, ...]]
    #: what is known of programs and machines; asked for only when there is a suspect
    tables: Callable[[], Tables]


_Flows = list[tuple[FlowId, FlowFinding, FlowVerdict]]


class _Case(Struct):
    """All that concerns one host."""

    host: str
    as_client: _Flows = field(default_factory=list)
    as_server: _Flows = field(default_factory=list)
    managed: _Flows = field(default_factory=list)
    names: list[NameFinding] = field(default_factory=list)
    answers: list[tuple[str, AnswerFinding]] = field(default_factory=list)
    by_address: dict[str, list[AnswerFinding]] = field(default_factory=dict)
    sessions: list[PoolSession] = field(default_factory=list)
    #: of its own flows, by their id
    tunnels: dict[FlowId, TunnelAsked] = field(default_factory=dict)
    #: (order of a mining server to go elsewhere, sentence)
    redirects: list[tuple[Redirect, str]] = field(default_factory=list)
    #: flows in which this host, a SOCKS or HTTP proxy, passed on what others said to a pool
    relayed: set[FlowId] = field(default_factory=set)


def weigh(findings: Findings, settings: Settings, only: str | None = None) -> tuple[Suspect, ...]:
    """All suspects, the weightiest first; or this host alone, where it is one."""
    cases: dict[str, _Case] = {}

    def case(host: str) -> _Case:
        return cases.setdefault(host, _Case(host))

    # sorted, so that the order in which inputs came shows nowhere
    for key, flow, verdict in weigh_flows(findings):
        if verdict is not None:
            verdict = with_dialect_of_work(flow, verdict, settings.most_specific)
        if verdict is not None and verdict.basis is Basis.MANAGED:
            case(verdict.client[0]).managed.append((key, flow, verdict))
        elif verdict is not None and not is_knock(verdict, partial(_inside, home_net=settings.home_net)):
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
        if is_scan(_verdicts(one.as_client)):
            one.as_client = []
    suspects = [
        _suspect(one, findings, settings)
        for one in cases.values()
        if only in (None, one.host) and _accused(one, settings.home_net)
    ]
    return tuple(sorted(suspects, key=weight))


def _drop_passed_on(case: _Case) -> None:
    """A SOCKS or HTTP proxy says on behind it what its clients said: that is their mining, not its own.

    It is theirs where all workers that it names upstream are named by clients that asked it for a tunnel.
    """
    theirs = {who for key, flow, _ in case.as_server if key in case.relayed for who in _kept(flow, "worker")}
    if theirs:
        case.as_client = [entry for entry in case.as_client if not _names_only(entry[1], theirs)]


def _verdicts(flows: _Flows) -> list[FlowVerdict]:
    return [verdict for _, _, verdict in flows]


def _names_only(flow: FlowFinding, workers: set[str]) -> bool:
    return bool(_kept(flow, "worker")) and _kept(flow, "worker") <= workers


def _accused(case: _Case, home_net: Sequence[Network]) -> bool:
    """A server outside the home network is somebody else's pool: evidence, not a suspect."""
    if case.as_client or case.managed or case.names or case.sessions:
        return True
    return bool(_serves(case, home_net))


def _serves(case: _Case, home_net: Sequence[Network]) -> _Flows:
    """The flows that make a host of ours a pool or proxy: not those of a node with a single solo miner,
    nor those that it passed on as a SOCKS or HTTP proxy, unless it mines upstream itself.  What others ask
    of it makes it none, as long as nothing shows that it serves them."""
    if not is_served(_verdicts(case.as_server)) or not _inside(case.host, home_net):
        return []
    if case.as_client:
        return case.as_server
    served = [entry for entry in case.as_server if entry[0] not in case.relayed]
    miners = {verdict.client[0] for _, _, verdict in served}
    is_node = len(miners) < POOL_MINERS and all(_as_a_node(flow, verdict) for _, flow, verdict in served)
    return [] if is_node else served


def _as_a_node(flow: FlowFinding, verdict: FlowVerdict) -> bool:
    """Whether a server said nothing in the flow that an ordinary node does not say: nobody logged in to it,
    and it gave no work but when it was asked."""
    if flow.dialects <= NODE_DIALECTS:
        return True
    asked_only = not verdict.greeted and not verdict.jobs
    return asked_only and flow.dialects <= NODE_DIALECTS | NODE_DIALECTS_WITHOUT_LOGIN


def _inside(host: str, home_net: Sequence[Network]) -> bool:
    address = ip_address(host)
    return any(address.version == net.version and address in net for net in home_net)


def weight(suspect: Suspect) -> tuple[int, int, int, int, bytes]:
    """Sorts suspects, the weightiest first."""
    address = ip_address(suspect.host)
    shares = suspect.shares
    return -suspect.verdict, -shares.accepted, -shares.submitted, address.version, address.packed


def _suspect(case: _Case, findings: Findings, settings: Settings) -> Suspect:
    from netminedet.verdict.size import size_of, software_of  # only where there is a suspect

    serves = _serves(case, settings.home_net)
    flows = case.as_client + serves + case.managed
    spans = [flow.span for _, flow, _ in flows] + [name.span for name in case.names]
    spans += [session.span for session in case.sessions]
    evidence, omitted = _evidence(case, flows)
    packets, size = _traffic(case, flows, findings)
    lists, truncated = _lists(flows)
    dialects = {name for _, flow, _ in flows for name in settings.most_specific(flow.dialects)}
    connections, more_connections = connections_of(flows, case.sessions)
    measured = [(flow, verdict) for _, flow, verdict in case.as_client or serves]
    tables = settings.tables()
    software = software_of(lists["agent"], tables.agents)
    return Suspect(
        host=case.host,
        verdict=_verdict(case, flows),
        role=_role(case, serves, software),
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
        rigs=_rigs(case, serves),
        connections=connections,
        connections_omitted=more_connections,
    )


def _verdict(case: _Case, flows: _Flows) -> Verdict:
    found = [verdict.verdict for _, _, verdict in flows]
    found += [Verdict.PROBABLE] * bool(case.sessions)
    return max(found, default=Verdict.SUSPECTED)


def _rigs(case: _Case, serves: _Flows) -> int:
    """How many rigs stand behind the host at least: logins of its clients, each host's by themselves; of
    the farm behind a proxy whose clients were not seen, the logins that it hands on in one connection."""
    seen = {(verdict.client[0], who) for _, flow, verdict in serves for who in _kept(flow, "worker") or {""}}
    return max(len(seen), _handed_on(case))


def _handed_on(case: _Case) -> int:
    """The logins in one connection to a pool, where they are too many for one rig's own; else 0."""
    logins = max((len(_kept(flow, "worker")) for _, flow, _ in case.as_client), default=0)
    return logins if logins >= PROXY_LOGINS else 0


def _role(case: _Case, serves: _Flows, software: Iterable[Agent]) -> Role:
    if case.as_client and (serves or _handed_on(case) or any(one.kind == "proxy" for one in software)):
        return Role.PROXY
    if serves:
        return Role.POOL
    if case.as_client:
        spoken = {dialect for _, flow, _ in case.as_client for dialect in flow.dialects}
        return Role.BROWSER if spoken <= BROWSER_DIALECTS else Role.MINER
    if case.managed:
        return Role.MINER
    return _role_by_names(case)


def _role_by_names(case: _Case) -> Role:
    """The role of a host whose messages were not seen: who opened a session to a pool's mining name, or asked
    a proxy for one, did more than look it up.  How sure that is, the verdict says."""
    scripts = {session.browser for session in case.sessions}
    scripts |= {
        name.pool.browser
        for name in case.names
        if name.evidence.signature in _SESSION_NAMES and (name.pool.stratum or _to_miners_port(name))
    }
    if not scripts:
        return Role.LOOKUP
    return Role.BROWSER if scripts == {True} else Role.MINER


def _to_miners_port(name: NameFinding) -> bool:
    """Whether a session under the name, or a tunnel asked for, leads to a port of its pool for miners."""
    ports = {flow.dest_port for flow in name.flows}
    if name.evidence.signature not in _TLS_NAMES:  # these are the proxy's
        asked = name.evidence.details.get("port", "")
        ports = {int(asked)} if asked.isdigit() else set()
    return any(name.pool.serves_miners_on(port) for port in ports)


def _reasons(case: _Case, serves: _Flows) -> tuple[str, ...]:
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


def _weightiest(flows: _Flows) -> _Flows:
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


def _shares(flows: _Flows) -> Shares:
    shares = [verdict.shares for _, _, verdict in flows]
    return Shares(
        sum(one.submitted for one in shares),
        sum(one.accepted for one in shares),
        sum(one.rejected for one in shares),
    )


def _lists(flows: _Flows) -> tuple[dict[str, tuple[str, ...]], bool]:
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


def _coins(case: _Case, flows: _Flows, tables: Tables) -> tuple[str, ...]:
    """Those that the dialect tells; else wallet addresses; else the names of the servers; else the pools with
    one coin only."""
    from netminedet.verdict.size import coins_of_wallets

    coins = {coin for _, flow, _ in flows for coin in flow.coins}
    weighed = ((flow, verdict) for _, flow, verdict in flows)
    coins = coins or coins_of_wallets(weighed, tables, partial(_names, case))
    return tuple(sorted(coins)) or _named_coins(case) or _pool_coins(case)


def _names(case: _Case, flow: FlowFinding, verdict: FlowVerdict) -> list[str]:
    """The names under which the host knew the pool of a flow: those of its tunnel, else of the DNS."""
    asked = case.tunnels.get((flow.a, flow.b, flow.proto))
    if asked is not None:
        return [asked.pool.name]
    answers = case.by_address.get(verdict.server[0], ()) if verdict.client[0] == case.host else ()
    return [answer.pool.name for answer in answers if answer.holds_at(flow.span.first)]


def _named_coins(case: _Case) -> tuple[str, ...]:
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


def _pool_coins(case: _Case) -> tuple[str, ...]:
    """The coins of those pools that the host knew by name and that have one coin only."""
    pools = [name.pool for name in case.names] + [answer.pool for _, answer in case.answers]
    return tuple(sorted({pool.coins[0] for pool in pools if len(pool.coins) == 1}))


def _kept(flow: FlowFinding, name: str) -> set[str]:
    return flow.details[name].kept if name in flow.details else set()


def _pools(case: _Case) -> tuple[Pool, ...]:
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
    if name.evidence.signature in _TLS_NAMES:
        return Pool(name.pool.name, flow.dest_ip, flow.dest_port, tls=True)
    return Pool(name.pool.name, None, None, tls=False)


def _other_flows(case: _Case, flows: _Flows) -> set[tuple[str, int, str, int, str]]:
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


def _traffic(case: _Case, flows: _Flows, findings: Findings) -> tuple[int, int]:
    keys = {key for key, _, _ in flows} | {session.flow_id for session in case.sessions}
    totals = [findings.traffic[key] for key in keys if key in findings.traffic]
    packets = sum(one.packets for one in totals) + sum(name.sightings for name in case.names)
    return packets, sum(one.bytes for one in totals) + sum(name.bytes for name in case.names)


def _evidence(case: _Case, flows: _Flows) -> tuple[tuple[Evidence, ...], int]:
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
