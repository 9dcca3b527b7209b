"""A machine whose management interface answers: a sign of a farm, not of mining in the flow itself."""

from __future__ import annotations

from collections.abc import Iterable

from netminedet.language import Sentence, listed, number_of, sentence
from netminedet.model import Kind, Side, Strength
from netminedet.suspects import Management
from netminedet.verdict.flowfinding import FlowFinding

#: Pools named in a sentence, and in a report.
NAMED_POOLS = 3
MAX_POOLS = 64

_STEPS = ((1e18, "EH/s"), (1e15, "PH/s"), (1e12, "TH/s"), (1e9, "GH/s"), (1e6, "MH/s"), (1e3, "kH/s"))


def managed_end(flow: FlowFinding) -> bool | None:
    """Whether end ``a`` (True) or ``b`` (False) is a mining machine that was asked how it is and answered.

    None where nobody was seen to ask the other end, or one end spoke for both: such a
    reply is a text on its way somewhere.  A datagram stands by itself: the answer to a search comes in
    a flow of its own.
    """
    asked = {by_a for (_, kind, side, _, by_a) in flow.messages if (kind, side) == (Kind.STATUS, Side.CLIENT)}
    told = {
        by_a
        for (_, kind, side, strength, by_a) in flow.messages
        if (kind, side, strength) == (Kind.STATUS, Side.SERVER, Strength.STRONG)
    }
    stands_alone = flow.proto == "udp" and not asked
    if len(told) != 1 or (asked != {not by_a for by_a in told} and not stands_alone):
        return None
    return told.pop()


def management_of(flows: Iterable[FlowFinding]) -> Management:
    """What the machine said of itself in these flows."""
    interfaces: set[str] = set()
    pools: set[str] = set()
    rates: dict[int, str] = {}
    for flow in flows:
        interfaces |= flow.details["agent"].kept if "agent" in flow.details else set()
        pools |= flow.details["pool_url"].kept if "pool_url" in flow.details else set()
        rates |= flow.reported
    rate = float(rates[max(rates)]) if rates else None
    return Management(tuple(sorted(interfaces)), tuple(sorted(pools)[:MAX_POOLS]), rate)


def account_of(told: Management) -> Sentence:
    """What it told, in words."""
    answers = _answers(told)
    said = []
    if told.pools:
        names = listed(told.pools, NAMED_POOLS)
        said.append(number_of("{n} pool ({names})", "{n} pools ({names})", len(told.pools), names=names))
    if told.hash_rate is not None:
        said.append(sentence("{rate} by its own account", rate=rate_text(told.hash_rate)))
    if not said:
        return answers
    both = sentence("{first}, {second}", first=said[0], second=said[1]) if len(said) > 1 else said[0]
    return sentence("{answers}: {said}", answers=answers, said=both)


def _answers(told: Management) -> Sentence:
    if not told.interfaces:
        return sentence("its management interface answers as a mining program")
    if len(told.interfaces) == 1:
        return sentence("its management interface answers as {name}", name=told.interfaces[0])
    first, second = told.interfaces[:2]
    return sentence("its management interface answers as {first} and {second}", first=first, second=second)


def rate_text(rate: float) -> str:
    """Hashes a second with a fitting unit: ``13.5 TH/s``."""
    for size, unit in _STEPS:
        if rate >= size:
            return f"{rate / size:.3g} {unit}"
    return f"{rate:.3g} H/s"
