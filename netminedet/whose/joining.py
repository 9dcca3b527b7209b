"""What several reports say of who holds a host's address, as one: the same in any order and grouping."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_network
from typing import Any

from msgspec.structs import astuple

from netminedet.holders import Behind, Place, Subscriber, SubscriberSeen, Unit
from netminedet.suspects import (
    Connection,
    Shares,
    Suspect,
    Verdict,
)
from netminedet.verdict.connections import MAX_CONNECTIONS
from netminedet.whose.enrich import STRENGTHS, seen_order


def joined_holders(given: Sequence[Suspect]) -> dict[str, Any]:
    """The fields of one suspect for all these entries of the same host."""
    distinct = {one for suspect in given for one in suspect.connections}
    strongest = sorted(distinct, key=lambda one: (-Verdict[one.proves.upper()], *_order(one)))
    kept = sorted(strongest[:MAX_CONNECTIONS], key=_order)
    total = sum(len(suspect.connections) + suspect.connections_omitted for suspect in given)
    return {
        "connections": tuple(kept),
        "connections_omitted": total - len(kept),
        "unit": _unit(suspect.unit for suspect in given),
        "places": _places(suspect.places.items() for suspect in given),
        "behind": _behind([suspect.behind for suspect in given if suspect.behind is not None]),
    }


def _order(one: Connection) -> tuple[Any, ...]:
    """A total order: by time, then by all that there is."""
    return one.first_seen, one.flow, one.last_seen, one.proves, astuple(one.shares), repr(one.subscriber)


def _unit(units: Iterable[Unit | None]) -> Unit | None:
    """Of what different ledgers say, that of the longest prefix."""
    known = {unit for unit in units if unit is not None}
    return max(known, key=lambda unit: (ip_network(unit.cidr).prefixlen, astuple(unit)), default=None)


def _places(given: Iterable[Iterable[tuple[str, Place]]]) -> dict[str, Place]:
    found: dict[str, Place] = {}
    for address, place in sorted((entry for places in given for entry in places), key=repr):
        found.setdefault(address, place)
    return found


def _behind(given: Sequence[Behind]) -> Behind | None:
    if not given:
        return None
    seen: dict[Subscriber, list[SubscriberSeen]] = {}
    for one in (one for behind in given for one in behind.subscribers):
        seen.setdefault(one.subscriber, []).append(one)
    together = sorted((_together(its) for its in seen.values()), key=seen_order)
    return Behind(tuple(together), sum(one.ambiguous for one in given), sum(one.gaps for one in given))


def _together(given: Sequence[SubscriberSeen]) -> SubscriberSeen:
    strengths = {one.strength for one in given}
    return SubscriberSeen(
        subscriber=given[0].subscriber,
        evidence=sum(one.evidence for one in given),
        connections=sum(one.connections for one in given),
        shares=sum((one.shares for one in given), Shares()),
        strength=next((one for one in STRENGTHS if one in strengths), ""),
        first_seen=min(one.first_seen for one in given),
        last_seen=max(one.last_seen for one in given),
    )
