"""What several connections prove together: getwork may take a new one for every request.

Asked in one connection, served in another, handed in by a third: each alone shows one side
only.  The connections of one client with one server are put together and weighed as one,
by the rules of ``flows``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from netminedet.language import sentence
from netminedet.suspects import Verdict
from netminedet.verdict.findings import Findings
from netminedet.verdict.flowfinding import FlowFinding
from netminedet.verdict.flows import (
    FlowVerdict,
    Sent,
    sent_of_needed,
    weigh_flow,
    weigh_named_flow,
    without_unsupported,
)
from netminedet.verdict.order import FlowId, Span
from netminedet.verdict.polling import polled_flows

#: Dialects that are spoken over HTTP, where a connection may carry one request.
REQUEST_DIALECTS = frozenset({"getwork", "eth-proxy"})
#: Messages of a connection that is no lasting one: some requests and their answers.
FEW_MESSAGES = 8

Weighed = tuple[FlowFinding, FlowVerdict]


def weigh_flows(findings: Findings) -> Iterator[tuple[FlowId, FlowFinding, FlowVerdict | None]]:
    """All flows with their verdicts, sorted, those that belong together weighed together."""
    sent = sent_of_needed(findings)
    weighed = []
    groups: dict[tuple[str, tuple[str, int]], list[Weighed]] = {}
    polled = {key: (flow, verdict) for key, flow, verdict in polled_flows(findings)}
    for key, flow in sorted(findings.flows.items(), key=lambda item: item[0]):
        verdict = weigh_named_flow(flow, findings, sent)
        if verdict is None and key in polled:
            flow, verdict = polled[key]
        weighed.append((key, flow, verdict))
        if verdict is not None and _is_short(flow, verdict):
            groups.setdefault(_ends(verdict), []).append((flow, verdict))
    proven = {ends: _together(group, sent) for ends, group in groups.items()}
    for key, flow, verdict in weighed:
        if verdict is not None and verdict.verdict < Verdict.CONFIRMED and _is_short(flow, verdict):
            found = proven.get(_ends(verdict))
            if found is not None:
                verdict = replace(verdict, basis=found.basis, reason=found.reason)
        yield key, flow, verdict


def joined(flows: Iterable[Weighed]) -> Sequence[Weighed]:
    """The flows, those that belong together as one: a share's target may have come in another connection."""
    found: list[Weighed] = []
    groups: dict[tuple[str, tuple[str, int]], list[Weighed]] = {}
    for flow, verdict in flows:
        if _is_short(flow, verdict):
            groups.setdefault(_ends(verdict), []).append((flow, verdict))
        else:
            found.append((flow, verdict))
    for group in groups.values():
        flow = _merged(group) if len(group) > 1 else group[0][0]
        whole = weigh_flow(flow)
        found.append(group[0] if len(group) == 1 or whole is None else (flow, whole))
    return found


def _together(group: list[Weighed], sent: Sent) -> FlowVerdict | None:
    """A stronger verdict than each of the flows has alone, if they give one."""
    if len(group) < 2 or all(verdict.verdict is Verdict.CONFIRMED for _, verdict in group):
        return None
    whole = weigh_flow(without_unsupported(_merged(group), sent))
    if whole is None or whole.verdict < Verdict.CONFIRMED:
        return None
    return replace(whole, reason=sentence("{reason}, in {n} connections", reason=whole.reason, n=len(group)))


def _merged(group: list[Weighed]) -> FlowFinding:
    first = group[0][0]
    whole = FlowFinding(first.a, first.b, first.proto, Span(first.span.first, first.span.last))
    for flow, _ in group:
        whole.merge(flow)
    return whole


def _is_short(flow: FlowFinding, verdict: FlowVerdict) -> bool:
    return (
        verdict.dialect in REQUEST_DIALECTS
        and verdict.client[0] != verdict.server[0]
        and sum(flow.messages.values()) <= FEW_MESSAGES
    )


def _ends(verdict: FlowVerdict) -> tuple[str, tuple[str, int]]:
    return verdict.client[0], verdict.server
