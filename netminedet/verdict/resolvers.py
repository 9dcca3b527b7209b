"""Hosts that ask the DNS for pools on others' behalf: who asks them is suspected in their place.

A resolver or forwarder in the traffic asks for the names that its clients ask for.  Where a
client was seen to ask it for the same name, its own question says nothing of itself.  A name
that nobody asked it for may be its own, and is held against it, but for questions that want no
recursion (RFC 1035 section 4.1.1): hosts do not ask so, only resolvers on their way from server to server.
"""

from __future__ import annotations

from netminedet.model import ITERATIVE, NameSource
from netminedet.suspects import ResolverSeen
from netminedet.verdict.findings import Findings, NameFinding, NameKey
from netminedet.verdict.order import Span

#: Names and clients shown of one resolver: the first.
MAX_SHOWN = 64

_BY_DNS = (NameSource.DNS, NameSource.DNS_ALIAS)

#: (host, name) -> hosts that asked it for the name
AskedBy = dict[tuple[str, str], set[str]]


def asked_of(findings: Findings) -> dict[str, set[NameKey]]:
    """By the host that was asked: the keys in ``findings.names`` of the questions that others sent it."""
    found: dict[str, set[NameKey]] = {}
    for key, finding in findings.names.items():
        for flow in finding.flows if key[2] in _BY_DNS else ():
            if flow.dest_ip != key[0]:
                found.setdefault(flow.dest_ip, set()).add(key)
    return found


def asked_by(findings: Findings) -> AskedBy:
    """Whom hosts asked for pools' names, as far as those asked for them themselves."""
    found: AskedBy = {}
    for (asker, name, source), finding in findings.names.items():
        for server in {flow.dest_ip for flow in finding.flows} if source in _BY_DNS else ():
            if server != asker and any((server, name, one) in findings.names for one in _BY_DNS):
                found.setdefault((server, name), set()).add(asker)
    return found


def resolvers_of(findings: Findings) -> tuple[ResolverSeen, ...]:
    """Hosts that passed on questions for pools' names, by host."""
    passed: dict[str, list[tuple[str, set[str]]]] = {}
    for (host, name), clients in sorted(asked_by(findings).items()):
        passed.setdefault(host, []).append((name, clients))
    return tuple(_resolver(findings, host, names) for host, names in passed.items())


def is_passed_on(name: NameFinding, host: str, asked: AskedBy) -> bool:
    """Whether a host's use of a name is a question that others had asked it."""
    if name.evidence.signature not in {f"name.{source.value}" for source in _BY_DNS}:
        return False
    return ITERATIVE in name.evidence.details or (host, name.pool.name) in asked


def _resolver(findings: Findings, host: str, passed: list[tuple[str, set[str]]]) -> ResolverSeen:
    names = [name for name, _ in passed]
    clients = sorted(set().union(*(clients for _, clients in passed)))
    span = _span(findings, host, set(names))
    return ResolverSeen(
        host=host,
        names=tuple(names[:MAX_SHOWN]),
        clients=tuple(clients[:MAX_SHOWN]),
        truncated=max(len(names), len(clients)) > MAX_SHOWN,
        first_seen=span.first,
        last_seen=span.last,
    )


def _span(findings: Findings, host: str, names: set[str]) -> Span:
    """From the first question for one of the names to the last."""
    spans = [
        finding.span
        for (asker, name, source), finding in findings.names.items()
        if asker == host and name in names and source in _BY_DNS
    ]
    return Span(min(span.first for span in spans), max(span.last for span in spans))
