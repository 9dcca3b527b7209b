"""Sessions that cannot be read: tied to a pool by the DNS, or by the order of a mining server.

A TLS session says nothing by itself.  It counts where the same host had been told, by a
DNS answer in this traffic, that the address is a pool's *stratum* name, and the port is
one on which that pool serves miners.  Others behind the same address are not touched:
the tie needs the same host to have asked.

So it does where a server with which the host mined in the clear told it to go to that address
and port (see ``redirects``), and it went: a TLS session, or bytes that are no text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from netminedet.model import Evidence, NameSource, PoolName, Where
from netminedet.verdict.findings import AnswerFinding, Findings
from netminedet.verdict.flows import weigh_flow
from netminedet.verdict.order import FlowId, Span, flow_id
from netminedet.verdict.redirects import Followed, Redirect

#: How long after its time to live an address may still be in use: a miner keeps what it resolved.
GRACE_NS = 3600 * 1_000_000_000
#: How far a session may seem to begin before the answer, in captures put together from several.
SKEW_NS = 1_000_000_000

_FOLLOWED = "redirect.followed"


@dataclass(frozen=True, slots=True)
class TlsSession:
    """A session of a host, unreadable, with a server that is tied to mining by what came before it."""

    where: Where
    #: the name (or address) that it was known under
    name: str
    #: one sentence
    reason: str
    #: "tls.to-pool" (tied by the DNS) or "redirect.followed" (tied by a server's order)
    signature: str
    tls: bool = True
    #: all the time that the sieve saw it, as far as known
    span: Span = field(default_factory=lambda: Span(0, 0))

    @property
    def flow_id(self) -> FlowId:
        return flow_id(self.where.flow)

    @property
    def by_order(self) -> bool:
        """Whether a server's order ties it, and not the DNS."""
        return self.signature == _FOLLOWED

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.signature, "strong", self.where, self.name, self.reason)


def sessions_to_pools(findings: Findings) -> Iterator[TlsSession]:
    """All sessions that are tied to mining: by the DNS to a pool's stratum name, or by a server's order."""
    tied = set()
    for session in _tied_by_dns(findings):
        tied.add(session.flow_id)
        yield session
    for followed in findings.redirects.followed(partial(_server_of, findings), _tls_sessions(findings)):
        session = _tied_by_order(followed, findings)
        if session.flow_id not in tied and not _is_read(session.flow_id, findings):
            yield session


def redirects_of(findings: Findings) -> Iterator[tuple[str, Redirect, str]]:
    """(client, order, sentence) of every order that a mining server gave."""
    for client, server, target, redirect in findings.redirects.proven(partial(_server_of, findings)):
        verb = redirect.evidence.signature
        told = f"was told by {server} to go to {target.host} port {target.port} ({verb})"
        yield client, redirect, told


def _tied_by_dns(findings: Findings) -> Iterator[TlsSession]:
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
            pool = min(fitting, key=lambda pool: pool.name)
            span = _span(where, findings)
            yield TlsSession(where, pool.name, _dns_reason(where, pool, span), "tls.to-pool", span=span)


def _dns_reason(where: Where, pool: PoolName, span: Span) -> str:
    flow = where.flow
    return (
        f"opened a TLS session to {flow.dest_ip} port {flow.dest_port}, which the DNS had given it "
        f"for {pool.name}, a stratum name of {pool.pool} that serves miners on this port{_lasted(span)}"
    )


def _tied_by_order(followed: Followed, findings: Findings) -> TlsSession:
    where, target = followed.arrival.where, followed.target
    flow, span = where.flow, _span(where, findings)
    what = "a TLS session" if followed.arrival.tls else "a connection that cannot be read"
    order = followed.redirect.evidence.signature
    named = "" if target.is_address else ", which the DNS had given it for that name"
    reason = (
        f"was told by {followed.server}, where it mined, to go to {target.host} port {target.port} "
        f"({order}), and then opened {what} to {flow.dest_ip} port {flow.dest_port}{named}{_lasted(span)}"
    )
    return TlsSession(where, target.host, reason, _FOLLOWED, followed.arrival.tls, span)


def _server_of(findings: Findings, key: FlowId, client: str) -> str | None:
    """The server of a flow, where messages prove that this client mines in it."""
    flow = findings.flows.get(key)
    verdict = None if flow is None else weigh_flow(flow)
    return verdict.server[0] if verdict is not None and verdict.client[0] == client else None


def _is_read(key: FlowId, findings: Findings) -> bool:
    """Whether the flow speaks for itself: its own messages decide."""
    flow = findings.flows.get(key)
    return flow is not None and bool(flow.dialects)


def _span(where: Where, findings: Findings) -> Span:
    """From the session's opening to the last packet that the sieve counted."""
    traffic = findings.traffic.get(flow_id(where.flow))
    last = where.time_ns if traffic is None else max(where.time_ns, traffic.span.last)
    return Span(where.time_ns, last)


def _lasted(span: Span) -> str:
    """How long a session was seen; nothing for a moment."""
    seconds = (span.last - span.first) // 1_000_000_000
    if seconds < 60:
        return ""
    hours, minutes = divmod(seconds // 60, 60)
    long = f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
    return f"; it was seen for {long}"


def _tls_sessions(findings: Findings) -> Iterator[Where]:
    yield from findings.bare_tls.values()
    for (_, _, source), name in findings.names.items():
        if source is NameSource.TLS:
            where = name.evidence.where
            for flow in sorted(name.flows):
                yield Where(where.time_ns, where.input, where.packet, flow, where.vlan)
