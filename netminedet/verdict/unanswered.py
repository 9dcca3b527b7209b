"""Who asked for mining and was not seen to be answered: a miner whose pool is away, or one who tries doors.

A miner asks the few servers that it is set to, again and again.  Who looks for pools asks many servers,
and whoever is asked has done nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from netminedet.verdict.flowfinding import FlowFinding
from netminedet.verdict.flows import Basis, FlowVerdict

#: So many servers no miner is set to: one that asks them, and logs in to none that answers, looks for pools.
SCANNED_SERVERS = 16


def is_served(verdicts: Iterable[FlowVerdict]) -> bool:
    """Whether more than questions speaks for it that somebody serves miners."""
    return any(verdict.basis is not Basis.ASKED for verdict in verdicts)


def is_knock(verdict: FlowVerdict, is_ours: Callable[[str], bool]) -> bool:
    """Whether somebody outside asked one of our hosts, which was not seen to answer: the Internet does that
    to everybody."""
    unanswered = verdict.basis is Basis.ASKED
    return unanswered and is_ours(verdict.server[0]) and not is_ours(verdict.client[0])


def is_scan(flows: Iterable[tuple[FlowFinding, FlowVerdict]]) -> bool:
    """Whether one who asked in these flows looked for pools: at many servers, and of those that answered it
    wanted no more."""
    asked = list(flows)
    if any(verdict.basis is not Basis.ASKED and not _is_greeting(flow, verdict) for flow, verdict in asked):
        return False
    return len({verdict.server[0] for _, verdict in asked}) >= SCANNED_SERVERS


def _is_greeting(flow: FlowFinding, verdict: FlowVerdict) -> bool:
    """Whether the client of a conversation gave no account and handed nothing in."""
    return verdict.basis is Basis.DIALOGUE and not verdict.shares.submitted and "worker" not in flow.details
