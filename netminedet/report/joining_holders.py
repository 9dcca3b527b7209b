"""Connections, and who is behind an address, of a host in several reports; rules as in `joining`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from netminedet.holders import Behind, Place, Subscriber, SubscriberSeen, Unit
from netminedet.model import Connection, Suspect, Verdict
from netminedet.verdict.connections import MAX_CONNECTIONS

_STRENGTHS = ("strong", "name", "weak", "")


def join_holders(given: Sequence[Suspect]) -> dict[str, Any]:
    """The fields of the joined suspect that say with whom it was connected, and whose its address is."""
    connections = sorted((one for suspect in given for one in suspect.connections), key=_weight)
    kept = sorted(connections[:MAX_CONNECTIONS], key=_time)
    omitted = sum(one.connections_omitted for one in given) + len(connections[MAX_CONNECTIONS:])
    return {
        "connections": tuple(kept),
        "connections_omitted": omitted,
        "unit": _unit([one.unit for one in given if one.unit is not None]),
        "places": _places(given),
        "behind": _behind([one.behind for one in given if one.behind is not None]),
    }


def _weight(connection: Connection) -> tuple[Any, ...]:
    return -Verdict[connection.proves.upper()], *_time(connection)


def _time(connection: Connection) -> tuple[Any, ...]:
    return connection.first_seen, connection.flow, repr(connection)


def _unit(units: Sequence[Unit]) -> Unit | None:
    """The most special that a ledger named."""
    return max(units, key=lambda unit: (_prefix(unit.cidr), repr(unit)), default=None)


def _prefix(cidr: str) -> int:
    length = cidr.rpartition("/")[2]
    return int(length) if length.isdecimal() and len(length) < 4 else 0


def _places(given: Iterable[Suspect]) -> dict[str, Place]:
    found: dict[str, Place] = {}
    for address, place in (item for one in given for item in one.places.items()):
        found[address] = max(found.get(address, place), place, key=repr)
    return dict(sorted(found.items()))


def _behind(given: Sequence[Behind]) -> Behind | None:
    if not given:
        return None
    found: dict[Subscriber, SubscriberSeen] = {}
    for one in (seen for behind in given for seen in behind.subscribers):
        known = found.get(one.subscriber)
        found[one.subscriber] = one if known is None else _together(known, one)
    ordered = sorted(found.values(), key=_most)
    return Behind(tuple(ordered), sum(one.ambiguous for one in given), sum(one.gaps for one in given))


def _together(one: SubscriberSeen, other: SubscriberSeen) -> SubscriberSeen:
    return replace(
        one,
        evidence=one.evidence + other.evidence,
        connections=one.connections + other.connections,
        shares=one.shares + other.shares,
        strength=min(one.strength, other.strength, key=_STRENGTHS.index),
        first_seen=min(one.first_seen, other.first_seen),
        last_seen=max(one.last_seen, other.last_seen),
    )


def _most(seen: SubscriberSeen) -> tuple[Any, ...]:
    who = seen.subscriber
    return -seen.shares.accepted, -seen.connections, -seen.evidence, who.name, who.private_ip or ""
