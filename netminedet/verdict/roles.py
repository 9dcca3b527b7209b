"""Who is who: what a host was seen to do, and the role that this makes.

A role stands for a set of what a host does, and a host has the smallest that holds all that it was
seen to do.  So two reports on a host merge to the role that one scan would have given it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING

from netminedet.model import NameSource
from netminedet.suspects import Role
from netminedet.verdict.case import Case, Flows, kept, verdicts
from netminedet.verdict.findings import NameFinding
from netminedet.verdict.flowfinding import FlowFinding
from netminedet.verdict.flows import FlowVerdict
from netminedet.verdict.unanswered import is_served

if TYPE_CHECKING:
    from netminedet.signatures.agents import Agent

Network = IPv4Network | IPv6Network

#: Logins in one connection that make it a proxy's: a rig has its own, and perhaps one for its program's fee.
PROXY_LOGINS = 3
#: Dialects that only web pages speak.
BROWSER_DIALECTS = frozenset({"browser-miner", "webminerpool"})
#: Dialects that an ordinary node speaks too: serving one host is no pool's business.
NODE_DIALECTS = frozenset({"getwork", "stratum-v2-templates", "dero", "xelis-getwork"})
#: Dialects that a node speaks too, but for the login and for work that nobody asked for.
NODE_DIALECTS_WITHOUT_LOGIN = frozenset({"eth-proxy"})
#: Hosts that one must serve with them to count as a pool.
POOL_MINERS = 2
#: Requests for a block that name who is paid by it: a pool would pay nobody by a block of its own.
BLOCKS_THAT_PAY = frozenset({"getwork.getblocktemplate-monero"})
#: What old pools say in the heads of their answers, and nodes do not.
POOLS_HEADS = frozenset({"getwork.long-polling", "getwork.to-stratum"})

#: Signatures of TLS names: their flows lead to the pool itself.
TLS_NAMES = frozenset(f"name.{source.value}" for source in (NameSource.TLS, NameSource.TLS_CERTIFICATE))
#: Signatures of names that the host opened a session to, or asked a proxy to. A certificate's name is none:
#: the server's choice, it may be that of the web site beside it.
_SESSION_NAMES = frozenset(
    f"name.{source.value}" for source in (NameSource.TLS, NameSource.HTTP_CONNECT, NameSource.SOCKS)
)


class Does(Enum):
    """What a host may be seen to do."""

    BROWSE = "runs the mining script of a web page"
    SOLO = "takes work from a node"
    MINE = "takes work from a pool"
    SERVE = "gives work to others"


#: What a host in a role may do.  The sets are closed under intersection, so that there is always a smallest.
MAY: dict[Role, frozenset[Does]] = {
    Role.LOOKUP: frozenset(),
    Role.BROWSER: frozenset({Does.BROWSE}),
    Role.SOLO: frozenset({Does.SOLO}),
    Role.MINER: frozenset({Does.BROWSE, Does.SOLO, Does.MINE}),
    Role.POOL: frozenset({Does.BROWSE, Does.SERVE}),
    Role.PROXY: frozenset(Does),
}


def role_that(does: frozenset[Does]) -> Role:
    """The smallest role of who does all of this."""
    return min((role for role in MAY if does <= MAY[role]), key=lambda role: len(MAY[role]))


def role_of(case: Case, serves: Flows, software: Iterable[Agent], home_net: Sequence[Network]) -> Role:
    """The role of a host; ``serves``: see ``serves_of``; ``software``: the programs behind its flows."""
    is_proxy = handed_on(case) or any(one.kind == "proxy" for one in software)
    if is_proxy and (case.as_client or case.managed):
        return Role.PROXY
    does = {Does.SERVE} if serves else set()
    if case.managed:
        does.add(Does.MINE)
    does |= {_does(flows, home_net) for flows in _by_server(case.as_client)}
    return role_that(frozenset(does.union(_by_names(case))))


def _by_server(flows: Flows) -> Iterable[Flows]:
    """The flows of one client, those to the same server together: each request may take a new connection."""
    groups: dict[tuple[str, int], Flows] = {}
    for entry in flows:
        groups.setdefault(entry[2].server, []).append(entry)
    return groups.values()


def _does(flows: Flows, home_net: Sequence[Network]) -> Does:
    """What the client of all these flows to one server does there."""
    if all(flow.dialects <= BROWSER_DIALECTS for _, flow, _ in flows):
        return Does.BROWSE
    return Does.SOLO if _is_solo(flows, home_net) else Does.MINE


def _is_solo(flows: Flows, home_net: Sequence[Network]) -> bool:
    """Whether the server is the miner's own node: it was asked for a block that pays the miner; or it stands
    in the home network and said nothing but what a node says.

    Some put the name of a rig, or a wallet, into the path of ``eth_getWork``: a node has no use for one.
    """
    told = {signature for _, flow, _ in flows for signature, _, _, _, _ in flow.messages}
    if told & POOLS_HEADS or not all(as_a_node(flow, verdict) for _, flow, verdict in flows):
        return False
    if told & BLOCKS_THAT_PAY:
        return True
    if any(kept(flow, "worker") and not flow.dialects <= NODE_DIALECTS for _, flow, _ in flows):
        return False
    return all(is_inside(verdict.server[0], home_net) for _, _, verdict in flows)


def _by_names(case: Case) -> Iterator[Does]:
    """What names tell beside the messages: who opened a session to a pool's mining name, or asked a proxy
    for one, did more than look it up.  How sure that is, the verdict says."""
    read = {key[:2] for key, _, _ in case.as_client}
    for session in case.sessions:
        yield Does.BROWSE if session.browser else Does.MINE
    for name in case.names:
        if name.evidence.signature not in _SESSION_NAMES or _is_read(name, read):
            continue
        if name.pool.stratum or _to_miners_port(name):
            yield Does.BROWSE if name.pool.browser else Does.MINE


def _is_read(name: NameFinding, read: set[tuple[tuple[str, int], tuple[str, int]]]) -> bool:
    """Whether the messages behind the name were read: what they say goes before it."""
    pairs = [((one.src_ip, one.src_port), (one.dest_ip, one.dest_port)) for one in name.flows]
    return bool(pairs) and all((min(pair), max(pair)) in read for pair in pairs)


def _to_miners_port(name: NameFinding) -> bool:
    """Whether a session under the name, or a tunnel asked for, leads to a port of its pool for miners."""
    ports = {flow.dest_port for flow in name.flows}
    if name.evidence.signature not in TLS_NAMES:  # these are the proxy's
        asked = name.evidence.details.get("port", "")
        ports = {int(asked)} if asked.isdigit() else set()
    return any(name.pool.serves_miners_on(port) for port in ports)


def handed_on(case: Case) -> int:
    """The logins in one connection to a pool, where they are too many for one rig's own; else 0."""
    logins = max((len(_logins(flow)) for _, flow, _ in case.as_client), default=0)
    return logins if logins >= PROXY_LOGINS else 0


def _logins(flow: FlowFinding) -> set[str]:
    """The logins of a flow, without an account that others of them name a rig of."""
    logins = kept(flow, "worker")
    return logins - {account for account, dot, _ in (login.partition(".") for login in logins) if dot}


def serves_of(case: Case, home_net: Sequence[Network]) -> Flows:
    """The flows that make a host of ours a pool or proxy: not those of a node with a single solo miner,
    nor those that it passed on as a SOCKS or HTTP proxy, unless it mines upstream itself.  What others ask
    of it makes it none, as long as nothing shows that it serves them."""
    if not is_served(verdicts(case.as_server)) or not is_inside(case.host, home_net):
        return []
    if case.as_client:
        return case.as_server
    served = [entry for entry in case.as_server if entry[0] not in case.relayed]
    miners = {verdict.client[0] for _, _, verdict in served}
    is_node = len(miners) < POOL_MINERS and all(as_a_node(flow, verdict) for _, flow, verdict in served)
    return [] if is_node else served


def as_a_node(flow: FlowFinding, verdict: FlowVerdict) -> bool:
    """Whether a server said nothing in the flow that an ordinary node does not say: nobody logged in to it,
    and it gave no work but when it was asked."""
    if flow.dialects <= NODE_DIALECTS:
        return True
    asked_only = not verdict.greeted and not verdict.jobs
    return asked_only and flow.dialects <= NODE_DIALECTS | NODE_DIALECTS_WITHOUT_LOGIN


def is_inside(host: str, home_net: Sequence[Network]) -> bool:
    """Whether an address is of the home network."""
    address = ip_address(host)
    return any(address.version == net.version and address in net for net in home_net)
