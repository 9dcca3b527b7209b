"""How many rigs stand behind a proxy that is seen from outside only, by how it divides the nonces.

See ``protocols.nonces``.
"""

from __future__ import annotations

from netminedet.signatures.agents import AgentTable
from netminedet.verdict.case import Flows, kept
from netminedet.verdict.flowfinding import FlowFinding

#: Programs that give each miner its own last byte of the nonce.  Of any other one that byte is chance.
_DIVIDERS = frozenset({"xmrig-proxy"})


def sharers(flows: Flows, agents: AgentTable) -> int:
    """The most miners whose shares such proxies of one host handed in at the same time; 0 for fewer than two.

    A connection carries up to 256 of them, and those that were open together carry different ones.
    """
    dividing = [flow for _, flow, _ in flows if flow.sharers and _divides(flow, agents)]
    turns = [(flow.span.first, 0, flow.sharers) for flow in dividing]
    turns += [(flow.span.last, 1, -flow.sharers) for flow in dividing]
    most = at_once = 0
    for _, _, change in sorted(turns):
        at_once += change
        most = max(most, at_once)
    return most if most > 1 else 0


def _divides(flow: FlowFinding, agents: AgentTable) -> bool:
    known = (agents.classify(text) for text in kept(flow, "agent"))
    return any(agent is not None and agent.software in _DIVIDERS for agent in known)
