"""A machine whose management interface answers: a sign of a farm, not of mining in the flow itself."""

from __future__ import annotations

from collections.abc import Iterable

from netminedet.model import Kind, Management, Side, Strength
from netminedet.verdict.flowfinding import FlowFinding

#: Pools named in a sentence, and in a report.
NAMED_POOLS = 3
MAX_POOLS = 64

_STEPS = ((1e18, "EH/s"), (1e15, "PH/s"), (1e12, "TH/s"), (1e9, "GH/s"), (1e6, "MH/s"), (1e3, "kH/s"))


def managed_end(flow: FlowFinding) -> bool | None:
    """Whether end ``a`` (True) or ``b`` (False) is a mining machine that was asked how it is and answered.

    None where nobody was seen to ask the other end, or one end spoke for both: such a
    reply is a text on its way somewhere.
    """
    asked = {by_a for (_, kind, side, _, by_a) in flow.messages if (kind, side) == (Kind.STATUS, Side.CLIENT)}
    told = {
        by_a
        for (_, kind, side, strength, by_a) in flow.messages
        if (kind, side, strength) == (Kind.STATUS, Side.SERVER, Strength.STRONG)
    }
    if len(told) != 1 or asked != {not by_a for by_a in told}:
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


def sentence(told: Management) -> str:
    """What it told, in words."""
    said = []
    if told.pools:
        names = ", ".join(told.pools[:NAMED_POOLS]) + (" and others" if len(told.pools) > NAMED_POOLS else "")
        said.append(f"{len(told.pools)} pool{'' if len(told.pools) == 1 else 's'} ({names})")
    if told.hash_rate is not None:
        said.append(f"{rate_text(told.hash_rate)} by its own account")
    name = " and ".join(told.interfaces[:2]) or "a mining program"
    return f"its management interface answers as {name}" + (f": {', '.join(said)}" if said else "")


def rate_text(rate: float) -> str:
    """Hashes a second with a fitting unit: ``13.5 TH/s``."""
    for size, unit in _STEPS:
        if rate >= size:
            return f"{rate / size:.3g} {unit}"
    return f"{rate:.3g} H/s"
