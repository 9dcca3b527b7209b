"""Who holds addresses, as a part of the report's document; nothing where nothing was asked."""

from __future__ import annotations

from typing import Any

from netminedet.holders import Attribution, Behind, Place, Subscriber, SubscriberSeen, Unit
from netminedet.report.community_id import community_id
from netminedet.report.text import legible
from netminedet.report.times import iso8601
from netminedet.suspects import Connection, Shares, Suspect

JsonObject = dict[str, Any]


def holder_document(suspect: Suspect) -> JsonObject:
    """``unit``, ``place`` and ``subscribers`` of a suspect, those that are known."""
    found: JsonObject = {}
    if suspect.unit is not None:
        found["unit"] = _unit(suspect.unit)
    if suspect.host in suspect.places:
        found["place"] = place_document(suspect.places[suspect.host])
    if suspect.behind is not None:
        found["subscribers"] = _behind(suspect.behind)
    return found


def connections_document(suspect: Suspect) -> JsonObject:
    """``connections`` and how many were left out."""
    return {
        "connections": [_connection(one) for one in suspect.connections],
        "connections_omitted": suspect.connections_omitted,
    }


def place_document(place: Place) -> JsonObject:
    """Where an address is; null for what is not known."""
    return {
        "country": legible(place.country) or None,
        "region": legible(place.region) or None,
        "city": legible(place.city) or None,
        "asn": place.asn,
        "network": legible(place.network) or None,
    }


def subscriber_document(told: Attribution | None) -> JsonObject:
    """``subscriber``: who had the address and port then, under its key."""
    if told is None:
        return {}
    return {
        "subscriber": {
            "status": told.status,
            "subscribers": [_subscriber(one) for one in told.subscribers],
            "entries": [legible(entry) for entry in told.entries],
            "note": legible(told.note) or None,
        }
    }


def _unit(unit: Unit) -> JsonObject:
    return {
        "cidr": unit.cidr,
        "operator": legible(unit.operator) or None,
        "city": legible(unit.city) or None,
        "county": legible(unit.county) or None,
        "unit": legible(unit.unit) or None,
        "unit_kind": legible(unit.unit_kind) or None,
        "contact": legible(unit.contact) or None,
    }


def _subscriber(subscriber: Subscriber) -> JsonObject:
    return {"name": legible(subscriber.name) or None, "private_ip": subscriber.private_ip}


def _behind(behind: Behind) -> JsonObject:
    return {
        "named": [_seen(one) for one in behind.subscribers],
        "ambiguous": behind.ambiguous,
        "gaps": behind.gaps,
    }


def _seen(seen: SubscriberSeen) -> JsonObject:
    return {
        **_subscriber(seen.subscriber),
        "evidence": seen.evidence,
        "connections": seen.connections,
        "shares": shares_document(seen.shares),
        "strength": seen.strength or None,
        "first_seen": iso8601(seen.first_seen),
        "last_seen": iso8601(seen.last_seen),
    }


def _connection(connection: Connection) -> JsonObject:
    flow = connection.flow
    return {
        "src_ip": flow.src_ip,
        "src_port": flow.src_port,
        "dest_ip": flow.dest_ip,
        "dest_port": flow.dest_port,
        "proto": flow.proto.upper(),
        "community_id": community_id(flow),
        "first_seen": iso8601(connection.first_seen),
        "last_seen": iso8601(connection.last_seen),
        "proves": connection.proves,
        "shares": shares_document(connection.shares),
        **({"tunnel": True} if connection.tunnel else {}),
        **subscriber_document(connection.subscriber),
    }


def shares_document(shares: Shares) -> JsonObject:
    """Work handed in."""
    return {"submitted": shares.submitted, "accepted": shares.accepted, "rejected": shares.rejected}
