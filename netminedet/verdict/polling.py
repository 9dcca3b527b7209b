"""Who asks a node for work again and again, and is given it: a miner that has found nothing yet.

Asked once, ``eth_getWork`` proves nothing: an application may want to know whether its node hands out work.
A miner without Stratum has no other way to learn of a new block, so it asks all the time: ethminer some
times a second (its option ``--farm-recheck`` is in milliseconds, scripts have 200).  What watches over a
node asks every fifteen seconds, or more seldom, and not for work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from netminedet.language import sentence
from netminedet.model import Kind, Side
from netminedet.suspects import Shares
from netminedet.verdict.findings import Findings
from netminedet.verdict.flowfinding import FlowFinding
from netminedet.verdict.flows import Basis, FlowVerdict
from netminedet.verdict.order import FlowId, Span

#: What is asked, and what answers it.
POLLED = {"eth-proxy.get-work": "eth-proxy.work", "cortex.get-work": "eth-proxy.work"}
#: So often it was asked and answered at least; so much time passes between two questions at most (the mean).
LEAST_POLLS = 8
MOST_BETWEEN_NS = 10_000_000_000

#: host that asks, end that is asked
Ends = tuple[str, tuple[str, int]]


class _Polls(Struct):
    """How often one was asked and answered, in one connection or in all of the same ends."""

    span: Span
    numbers: Counter[str] = field(default_factory=Counter)

    @property
    def insist(self) -> bool:
        asked, answered = self.numbers["asked"], self.numbers["answered"]
        time = self.span.last - self.span.first
        return min(asked, answered) >= LEAST_POLLS and time <= (asked - 1) * MOST_BETWEEN_NS

    def merge(self, other: _Polls) -> None:
        self.span.merge(other.span)
        self.numbers.update(other.numbers)


def polled_flows(findings: Findings) -> Iterator[tuple[FlowId, FlowFinding, FlowVerdict]]:
    """The flows in which somebody asked for work as miners do, and what they prove; there may be others in
    them that prove more."""
    flows: list[tuple[FlowId, FlowFinding, str, bool, _Polls]] = []
    ends: dict[Ends, _Polls] = {}
    for key, flow in findings.flows.items():
        for by_a, asked, polls in _polls_of(flow):
            flows.append((key, flow, asked, by_a, polls))
            client, server = (flow.a, flow.b) if by_a else (flow.b, flow.a)
            together = _Polls(flow.span.copy(), polls.numbers.copy())
            known = ends.setdefault((client[0], server), together)
            if known is not together:
                known.merge(together)
    for key, flow, asked, by_a, polls in flows:
        client, server = (flow.a, flow.b) if by_a else (flow.b, flow.a)
        whole = ends[client[0], server]
        if polls.insist or whole.insist:
            dialect = asked.partition(".")[0]
            said = polls if polls.insist else whole
            yield (
                key,
                replace(flow, dialects=flow.dialects | {dialect}),
                _verdict(client, server, dialect, said),
            )


def _polls_of(flow: FlowFinding) -> Iterator[tuple[bool, str, _Polls]]:
    """(end that asks, signature, how often) of each end of the flow that asks for work."""
    for (signature, kind, side, _, by_a), number in flow.messages.items():
        if signature in POLLED and (kind, side) == (Kind.CONTROL, Side.CLIENT):
            answered = sum(
                times
                for (answer, _, _, _, other), times in flow.messages.items()
                if answer == POLLED[signature] and other is not by_a
            )
            yield by_a, signature, _Polls(flow.span.copy(), Counter(asked=number, answered=answered))


def _verdict(client: tuple[str, int], server: tuple[str, int], dialect: str, polls: _Polls) -> FlowVerdict:
    reason = sentence(
        "asked for work {n} times, every {seconds} seconds or more often, and was given it, as a miner is "
        "that has found nothing yet",
        n=polls.numbers["asked"],
        seconds=MOST_BETWEEN_NS // 1_000_000_000,
    )
    return FlowVerdict(client, server, Basis.POLLED, Shares(), 0, reason, dialect)
