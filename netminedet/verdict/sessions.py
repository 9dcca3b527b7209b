"""TLS sessions to pools: the name from the DNS, the session from the ClientHello.

A TLS session says nothing by itself.  It counts where the same host had been told, by a
DNS answer in this traffic, that the address is a pool's *stratum* name, and the port is
one on which that pool serves miners.  Others behind the same address are not touched:
the tie needs the same host to have asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from netminedet.model import Evidence, NameSource, PoolName, Where
from netminedet.verdict.findings import AnswerFinding, Findings, FlowId, Span, flow_id

#: How long after its time to live an address may still be in use: a miner keeps what it resolved.
GRACE_NS = 3600 * 1_000_000_000
#: How far a session may seem to begin before the answer, in captures put together from several.
SKEW_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class TlsSession:
    """A TLS session of a host with a pool's stratum server."""

    where: Where
    pool: PoolName

    @property
    def flow_id(self) -> FlowId:
        return flow_id(self.where.flow)

    @property
    def span(self) -> Span:
        return Span(self.where.time_ns, self.where.time_ns)

    @property
    def reason(self) -> str:
        flow = self.where.flow
        return (
            f"opened a TLS session to {flow.dest_ip} port {flow.dest_port}, which the DNS had given it "
            f"for {self.pool.name}, a stratum name of {self.pool.pool} that serves miners on this port"
        )

    @property
    def evidence(self) -> Evidence:
        return Evidence("tls.to-pool", "strong", self.where, self.pool.name, self.reason)


def sessions_to_pools(findings: Findings) -> Iterator[TlsSession]:
    """All TLS sessions that are tied to a pool's stratum name."""
    answers: dict[tuple[str, str], list[AnswerFinding]] = {}
    for (host, address, _), answer in findings.answers.items():
        if answer.pool.stratum:
            answers.setdefault((host, address), []).append(answer)
    if not answers:
        return
    for where in _tls_sessions(findings):
        flow = where.flow
        ties = answers.get((flow.src_ip, flow.dest_ip), [])
        fitting = [
            answer.pool
            for answer in ties
            if flow.dest_port in answer.pool.ports
            and answer.span.first - SKEW_NS <= where.time_ns <= answer.span.last + GRACE_NS
        ]
        if fitting:
            yield TlsSession(where, min(fitting, key=lambda pool: pool.name))


def _tls_sessions(findings: Findings) -> Iterator[Where]:
    yield from findings.bare_tls.values()
    for (_, _, source), name in findings.names.items():
        if source is NameSource.TLS:
            where = name.evidence.where
            for flow in sorted(name.flows):
                yield Where(where.time_ns, where.input, where.packet, flow, where.tunnel)
