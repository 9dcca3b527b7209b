"""The connections of a suspect: each flow in which it mined, or hid what it said, with its time and ports.

An operator finds the subscriber behind an address by just these.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from netminedet.model import FiveTuple
from netminedet.suspects import Connection, Shares, Verdict
from netminedet.verdict.flowfinding import FlowFinding
from netminedet.verdict.flows import FlowVerdict
from netminedet.verdict.order import FlowId
from netminedet.verdict.sessions import TUNNEL, PoolSession

#: Connections shown of a suspect: those that prove most, and of these the earliest.
MAX_CONNECTIONS = 64


def connections_of(
    flows: Iterable[tuple[FlowId, FlowFinding, FlowVerdict]],
    sessions: Iterable[PoolSession],
    tunnels: Container[FlowId] = (),
) -> tuple[tuple[Connection, ...], int]:
    """The connections in the order of time, and how many more there are.

    The times are those of the first and the last message; of a session that cannot be read, of the
    first and the last packet.  ``tunnels``: flows in which a proxy was asked for a connection.
    """
    found: dict[FlowId, tuple[Verdict, Connection]] = {}
    for key, flow, verdict in flows:
        ends = FiveTuple(*verdict.client, *verdict.server, flow.proto)
        span = flow.span
        proves, tunnel = verdict.verdict.label, key in tunnels
        seen = Connection(ends, span.first, span.last, proves, verdict.shares, tunnel=tunnel)
        found[key] = (verdict.verdict, seen)
    for session in sessions:
        span = session.span
        proves, tunnel = Verdict.PROBABLE.label, session.signature == TUNNEL
        seen = Connection(session.where.flow, span.first, span.last, proves, Shares(), tunnel=tunnel)
        found.setdefault(session.flow_id, (Verdict.PROBABLE, seen))
    strongest = sorted(found.values(), key=lambda entry: (-entry[0], _order(entry[1])))
    chosen = [connection for _, connection in strongest[:MAX_CONNECTIONS]]
    return tuple(sorted(chosen, key=_order)), len(strongest) - len(chosen)


def _order(connection: Connection) -> tuple[int, FiveTuple]:
    return connection.first_seen, connection.flow
