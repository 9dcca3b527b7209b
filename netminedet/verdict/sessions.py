"""Connections whose messages are hidden, but not where they lead: tied to a pool by what came before.

A TLS session says nothing by itself.  It counts where the same host had been told, by a
DNS answer in this traffic, that the address is a pool's *stratum* name, and the port is
one on which that pool serves miners.  A pool's other names do so on such a port that is none
of the web's.  Others behind the same address are not touched:
the tie needs the same host to have asked.

So it does where a server with which the host mined in the clear told it to go to that address
and port (see ``redirects``), and it went: a TLS session, or bytes that are no text.

A request to a proxy names both itself.  It counts where it asks for a pool's stratum
name on such a port.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from msgspec import Struct, field

from netminedet.language import N_, Sentence, sentence
from netminedet.model import (
    BareTls,
    NameSource,
    PoolName,
    TunnelAsked,
    Where,
)
from netminedet.suspects import Evidence
from netminedet.verdict.findings import AnswerFinding, Findings
from netminedet.verdict.flows import weigh_flow
from netminedet.verdict.order import FlowId, Span, flow_id
from netminedet.verdict.redirects import Followed, Redirect

#: Signatures of the evidence: tied by the DNS, by a server's order, by a request to a proxy.
TO_POOL, FOLLOWED, TUNNEL = "tls.to-pool", "redirect.followed", "tunnel.to-pool"

_KINDS = {TO_POOL: "tls", TUNNEL: "tunnel"}


class PoolSession(Struct, frozen=True):
    """A connection of a host, unreadable, that is tied to mining by what came before it."""

    where: Where
    #: the name (or address) that its server was known under
    name: str
    #: one of the three above
    signature: str
    #: one sentence
    reason: str
    tls: bool
    #: all the time that the sieve saw it, as far as known
    span: Span
    details: Mapping[str, str] = field(default_factory=dict)
    #: whether it leads to a service whose miners are scripts in web pages
    browser: bool = False

    @property
    def flow_id(self) -> FlowId:
        return flow_id(self.where.flow)

    @property
    def by_order(self) -> bool:
        """Whether a server's order ties it."""
        return self.signature == FOLLOWED

    @property
    def kind(self) -> str:
        """A word for it: "tls", "tunnel", or "opened" for another that cannot be read."""
        return "tls" if self.tls else _KINDS.get(self.signature, "opened")

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.signature, "strong", self.where, self.name, self.reason, self.details)


def all_sessions(findings: Findings) -> Iterator[PoolSession]:
    """All of the three kinds; of a flow that several ties hold for, the first."""
    tied = set()
    for session in _tied_by_dns(findings):
        tied.add(session.flow_id)
        yield session
    for tunnel in findings.tunnels.values():
        if tunnel.pool.serves_miners_on(tunnel.port):
            yield _tunnel_session(tunnel, findings)
    opened = (session.where for session in _tls_sessions(findings))
    for followed in findings.redirects.followed(partial(_server_of, findings), opened):
        session = _tied_by_order(followed, findings)
        if session.flow_id not in tied and not _is_read(session.flow_id, findings):
            yield session


def redirects_of(findings: Findings) -> Iterator[tuple[str, Redirect, str]]:
    """(client, order, sentence) of every order that a mining server gave."""
    for client, server, target, redirect in findings.redirects.proven(partial(_server_of, findings)):
        verb = redirect.evidence.signature
        told = sentence(
            "was told by {server} to go to {host} port {port} ({verb})",
            server=server,
            host=target.host,
            port=target.port,
            verb=verb,
        )
        yield client, redirect, told


def _tied_by_dns(findings: Findings) -> Iterator[PoolSession]:
    answers: dict[tuple[str, str], list[AnswerFinding]] = {}
    for (host, address, _), answer in findings.answers.items():
        answers.setdefault((host, address), []).append(answer)
    if not answers:
        return
    for opened in _tls_sessions(findings):
        flow = opened.where.flow
        fitting = [
            answer.pool
            for answer in answers.get((flow.src_ip, flow.dest_ip), [])
            if answer.pool.serves_miners_on(flow.dest_port) and answer.holds_at(opened.where.time_ns)
        ]
        if fitting:
            yield _tls_session(opened, min(fitting, key=lambda pool: pool.name), findings)


_TLS_TO_STRATUM = N_(
    "opened a TLS session to {ip} port {port}, which the DNS had given it for {name}, a stratum name of "
    "{pool} that serves miners on this port"
)
_TLS_TO_PORT = N_(
    "opened a TLS session to {ip} port {port}, which the DNS had given it for {name}, a name of {pool}, "
    "whose port for miners this is"
)
_TUNNEL_TO_STRATUM = N_(
    "asked {proxy} at {ip} port {port} for a tunnel to {name} port {pool_port}, a stratum name of {pool} "
    "that serves miners on this port"
)
_TUNNEL_TO_PORT = N_(
    "asked {proxy} at {ip} port {port} for a tunnel to {name} port {pool_port}, a name of {pool}, whose "
    "port for miners this is"
)


def _tls_session(opened: BareTls, pool: PoolName, findings: Findings) -> PoolSession:
    flow, span = opened.where.flow, _span(opened.where, findings)
    reason = sentence(
        _TLS_TO_STRATUM if pool.stratum else _TLS_TO_PORT,
        ip=flow.dest_ip,
        port=flow.dest_port,
        name=pool.name,
        pool=pool.pool,
    )
    reason = _lasted(reason, span)
    details = {"ja4": opened.ja4} if opened.ja4 else {}
    return PoolSession(opened.where, pool.name, TO_POOL, reason, True, span, details, pool.browser)


def _tunnel_session(tunnel: TunnelAsked, findings: Findings) -> PoolSession:
    flow, pool, span = tunnel.where.flow, tunnel.pool, _span(tunnel.where, findings)
    proxy = sentence("a SOCKS proxy") if tunnel.source is NameSource.SOCKS else sentence("an HTTP proxy")
    reason = sentence(
        _TUNNEL_TO_STRATUM if pool.stratum else _TUNNEL_TO_PORT,
        proxy=proxy,
        ip=flow.dest_ip,
        port=flow.dest_port,
        name=pool.name,
        pool_port=tunnel.port,
        pool=pool.pool,
    )
    reason = _lasted(reason, span)
    details = {"port": str(tunnel.port)}
    return PoolSession(tunnel.where, pool.name, TUNNEL, reason, False, span, details, pool.browser)


def _tied_by_order(followed: Followed, findings: Findings) -> PoolSession:
    where, target = followed.arrival.where, followed.target
    flow, span = where.flow, _span(where, findings)
    tls = followed.arrival.tls
    reason = sentence(
        "was told by {server}, where it mined, to go to {host} port {port} ({order}), and then opened {what} "
        "to {ip} port {ip_port}",
        server=followed.server,
        host=target.host,
        port=target.port,
        order=followed.redirect.evidence.signature,
        what=sentence("a TLS session") if tls else sentence("a connection that cannot be read"),
        ip=flow.dest_ip,
        ip_port=flow.dest_port,
    )
    if not target.is_address:
        reason = sentence("{reason}, which the DNS had given it for that name", reason=reason)
    return PoolSession(where, target.host, FOLLOWED, _lasted(reason, span), tls, span)


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


def _lasted(reason: Sentence, span: Span) -> Sentence:
    """The reason with how long the session was seen; alone for a moment."""
    seconds = (span.last - span.first) // 1_000_000_000
    if seconds < 60:
        return reason
    hours, minutes = divmod(seconds // 60, 60)
    time = sentence("{minutes} min", minutes=minutes)
    if hours:
        time = sentence("{hours} h {minutes:02d} min", hours=hours, minutes=minutes)
    return sentence("{reason}; it was seen for {time}", reason=reason, time=time)


def _tls_sessions(findings: Findings) -> Iterator[BareTls]:
    yield from findings.bare_tls.values()
    for (_, _, source), name in findings.names.items():
        if source is NameSource.TLS:
            where = name.evidence.where
            for flow in sorted(name.flows):
                ja4 = name.evidence.details.get("ja4") if flow == where.flow else None
                yield BareTls(Where(where.time_ns, where.input, where.packet, flow, where.tunnel), ja4)
