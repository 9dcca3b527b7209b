"""Where findings stand in time and among flows: what keys and sorts them, so that sums agree in any order."""

from __future__ import annotations

from msgspec import Struct

from netminedet.model import FiveTuple, Where
from netminedet.suspects import Evidence

#: How far what follows may seem to stand before what it follows, in captures put together from several.
SKEW_NS = 1_000_000_000

FlowId = tuple[tuple[str, int], tuple[str, int], str]


class Span(Struct):
    """A stretch of time: the smallest and the largest moment seen."""

    first: int
    last: int

    def reach(self, moment: int) -> None:
        """Stretch as far as the moment."""
        if moment < self.first:
            self.first = moment
        if moment > self.last:
            self.last = moment

    def merge(self, other: Span) -> None:
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)

    def copy(self) -> Span:
        return Span(self.first, self.last)


def flow_id(flow: FiveTuple) -> FlowId:
    """The same for both directions of a flow."""
    one, other = (flow.src_ip, flow.src_port), (flow.dest_ip, flow.dest_port)
    return (one, other, flow.proto) if one <= other else (other, one, flow.proto)


def place_of(where: Where) -> tuple[int, str, int, FiveTuple]:
    """Where a packet stands among all packets: by time, input, number."""
    return where.time_ns, where.input, where.packet, where.flow


def order_of(evidence: Evidence) -> tuple[int, str, int, FiveTuple, str, str]:
    """A total order of evidence: earliest first."""
    return (*place_of(evidence.where), evidence.signature, evidence.excerpt)
