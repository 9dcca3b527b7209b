"""From the form of the document to what the model has of who holds an address."""

from __future__ import annotations

from collections.abc import Iterator

from netminedet.holders import Attribution, Place, Subscriber, Unit
from netminedet.report import wire
from netminedet.report.checked import maybe, network
from netminedet.suspects import Shares


def shares_of(shares: wire.Shares) -> Shares:
    return Shares(shares.submitted, shares.accepted, shares.rejected)


def unit_of(unit: wire.Network | None) -> Unit | None:
    if unit is None:
        return None
    texts = (unit.operator, unit.city, unit.county, unit.unit, unit.unit_kind, unit.contact)
    return Unit(network(unit.cidr), *(text or "" for text in texts))


def places_of(suspect: wire.Suspect) -> dict[str, Place]:
    """The places of a host and of its pools, by their addresses."""
    return dict(sorted(_places(suspect)))


def _places(suspect: wire.Suspect) -> Iterator[tuple[str, Place]]:
    for pool in suspect.pools:
        if pool.ip is not None and pool.place is not None:
            yield pool.ip, _place(pool.place)
    if suspect.place is not None:
        yield suspect.host, _place(suspect.place)


def _place(place: wire.Place) -> Place:
    return Place(place.country or "", place.region or "", place.city or "", place.asn, place.network or "")


def attribution_of(told: wire.Attribution | None) -> Attribution | None:
    if told is None:
        return None
    who = tuple(Subscriber(one.name or "", maybe(one.private_ip)) for one in told.subscribers)
    return Attribution(told.status, who, told.entries, told.note or "")
