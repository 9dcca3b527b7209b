"""All that findings hold of one host, put together to be judged."""

from __future__ import annotations

from msgspec import Struct, field

from netminedet.model import TunnelAsked
from netminedet.verdict.findings import AnswerFinding, NameFinding
from netminedet.verdict.flowfinding import FlowFinding
from netminedet.verdict.flows import FlowVerdict
from netminedet.verdict.order import FlowId
from netminedet.verdict.redirects import Redirect
from netminedet.verdict.sessions import PoolSession

Flows = list[tuple[FlowId, FlowFinding, FlowVerdict]]


class Case(Struct):
    """All that concerns one host."""

    host: str
    as_client: Flows = field(default_factory=list)
    as_server: Flows = field(default_factory=list)
    managed: Flows = field(default_factory=list)
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


def kept(flow: FlowFinding, name: str) -> set[str]:
    """What a flow's messages named: its workers, agents and so on."""
    return flow.details[name].kept if name in flow.details else set()


def verdicts(flows: Flows) -> list[FlowVerdict]:
    """The verdicts alone."""
    return [verdict for _, _, verdict in flows]
