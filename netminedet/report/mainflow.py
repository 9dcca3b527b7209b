"""The flow and the piece of evidence of a suspect that tell most, for formats that have room for one."""

from __future__ import annotations

from netminedet.model import FiveTuple
from netminedet.suspects import (
    Evidence,
    Pool,
    Suspect,
    Verdict,
)

_RANK = {"strong": 0, "name": 1, "weak": 2}


def main_flow(suspect: Suspect) -> FiveTuple | None:
    """As the suspect sends: its connection that proves most, else its strongest evidence; None for neither.

    Of several the earliest.
    """
    flow = _flow(suspect)
    if flow is None or flow.src_ip == suspect.host:
        return flow
    return flow.reversed()


def main_evidence(suspect: Suspect) -> Evidence | None:
    """The first piece of the strongest evidence; None where none was kept."""
    return min(suspect.evidence, key=lambda one: (_RANK[one.strength], one.where.time_ns), default=None)


def pool_of(suspect: Suspect, flow: FiveTuple | None) -> Pool | None:
    """The pool at the other end of the flow; None where that is none, as a name server's."""
    if flow is not None:
        for pool in suspect.pools:
            if (pool.ip, pool.port) == (flow.dest_ip, flow.dest_port):
                return pool
    return None


def _flow(suspect: Suspect) -> FiveTuple | None:
    if suspect.connections:
        best = min(suspect.connections, key=lambda one: (-Verdict[one.proves.upper()], one.first_seen))
        return best.flow
    proof = main_evidence(suspect)
    return None if proof is None else proof.where.flow
