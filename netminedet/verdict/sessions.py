"""Connections to pools whose messages are hidden, but not where they lead: TLS sessions and tunnels.

A TLS session says nothing by itself.  It counts where the same host had been told, by a
DNS answer in this traffic, that the address is a pool's *stratum* name, and the port is
one on which that pool serves miners.  Others behind the same address are not touched:
the tie needs the same host to have asked.

A request to a proxy names both itself.  It counts where it asks for a pool's stratum
name on such a port.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from netminedet.model import BareTls, Evidence, NameSource, PoolName, TunnelAsked, Where
from netminedet.verdict.findings import AnswerFinding, Findings, FlowId, Span, flow_id


@dataclass(frozen=True, slots=True)
class PoolSession:
    """A connection of a host to a pool's stratum server, directly or through a proxy."""

    where: Where
    pool: PoolName
    #: signature of the evidence
    signature: str
    #: one sentence
    reason: str
    tls: bool
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def flow_id(self) -> FlowId:
        return flow_id(self.where.flow)

    @property
    def span(self) -> Span:
        return Span(self.where.time_ns, self.where.time_ns)

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.signature, "strong", self.where, self.pool.name, self.reason, self.details)


def sessions_to_pools(findings: Findings) -> Iterator[PoolSession]:
    """All TLS sessions that are tied to a pool's stratum name."""
    answers: dict[tuple[str, str], list[AnswerFinding]] = {}
    for (host, address, _), answer in findings.answers.items():
        if answer.pool.stratum:
            answers.setdefault((host, address), []).append(answer)
    if not answers:
        return
    for opened in _tls_sessions(findings):
        flow = opened.where.flow
        fitting = [
            answer.pool
            for answer in answers.get((flow.src_ip, flow.dest_ip), [])
            if flow.dest_port in answer.pool.ports and answer.holds_at(opened.where.time_ns)
        ]
        if fitting:
            yield _tls_session(opened, min(fitting, key=lambda pool: pool.name))


def tunnels_to_pools(findings: Findings) -> Iterator[PoolSession]:
    """All tunnels that were asked for to a pool's stratum name and one of its ports."""
    for tunnel in findings.tunnels.values():
        if tunnel.pool.stratum and tunnel.port in tunnel.pool.ports:
            yield _tunnel_session(tunnel)


def all_sessions(findings: Findings) -> Iterator[PoolSession]:
    """Both."""
    yield from sessions_to_pools(findings)
    yield from tunnels_to_pools(findings)


def _tls_session(opened: BareTls, pool: PoolName) -> PoolSession:
    flow = opened.where.flow
    reason = (
        f"opened a TLS session to {flow.dest_ip} port {flow.dest_port}, which the DNS had given it "
        f"for {pool.name}, a stratum name of {pool.pool} that serves miners on this port"
    )
    details = {"ja4": opened.ja4} if opened.ja4 else {}
    return PoolSession(opened.where, pool, "tls.to-pool", reason, True, details)


def _tunnel_session(tunnel: TunnelAsked) -> PoolSession:
    flow, pool = tunnel.where.flow, tunnel.pool
    kind = "a SOCKS" if tunnel.source is NameSource.SOCKS else "an HTTP"
    reason = (
        f"asked {kind} proxy at {flow.dest_ip} port {flow.dest_port} for a tunnel to {pool.name} port "
        f"{tunnel.port}, a stratum name of {pool.pool} that serves miners on this port"
    )
    details = {"port": str(tunnel.port)}
    return PoolSession(tunnel.where, pool, "tunnel.to-pool", reason, False, details)


def _tls_sessions(findings: Findings) -> Iterator[BareTls]:
    yield from findings.bare_tls.values()
    for (_, _, source), name in findings.names.items():
        if source is NameSource.TLS:
            where = name.evidence.where
            for flow in sorted(name.flows):
                ja4 = name.evidence.details.get("ja4") if flow == where.flow else None
                yield BareTls(Where(where.time_ns, where.input, where.packet, flow, where.vlan), ja4)
