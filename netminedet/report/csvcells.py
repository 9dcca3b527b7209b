"""The columns of the CSV table: what stands in each for a suspect.

Their order is part of the format: new ones come last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from netminedet.language import N_, told
from netminedet.model import FiveTuple
from netminedet.report.community_id import community_id
from netminedet.report.figures import rounded, rounded_power
from netminedet.report.mainflow import main_evidence, main_flow
from netminedet.report.proxies import is_proxy
from netminedet.report.text import bracketed
from netminedet.report.times import iso8601
from netminedet.suspects import Evidence, Pool, Suspect

#: A number, a text, several texts, or nothing.
Cell: TypeAlias = int | float | str | Iterable[str] | None


def pool_text(pool: Pool, suspect: Suspect) -> str:
    """A pool of a suspect in few words: "name address:port tls"; "proxy" where the address is a proxy's."""
    address = pool.ip or ""
    if pool.port is not None:
        address = f"{bracketed(address)}:{pool.port}"
    proxy = "proxy" if is_proxy(pool, suspect) else ""
    return " ".join(filter(None, (pool.name, address, "tls" if pool.tls else "", proxy)))


def _proof(fill: Callable[[Evidence], Cell]) -> Callable[[Suspect], Cell]:
    """Of the evidence that tells most, where there is any."""

    def cell(suspect: Suspect) -> Cell:
        proof = main_evidence(suspect)
        return None if proof is None else fill(proof)

    return cell


def _end(fill: Callable[[FiveTuple], Cell]) -> Callable[[Suspect], Cell]:
    """Of the connection that tells most, as the suspect sends, where there is one."""

    def cell(suspect: Suspect) -> Cell:
        flow = main_flow(suspect)
        return None if flow is None else fill(flow)

    return cell


def _rate(name: str) -> Callable[[Suspect], Cell]:
    """Of the first hash rate, where there is one."""

    def cell(suspect: Suspect) -> Cell:
        return rounded(getattr(suspect.hash_rates[0].rate, name)) if suspect.hash_rates else None

    return cell


def _power(name: str) -> Callable[[Suspect], Cell]:
    def cell(suspect: Suspect) -> Cell:
        power = suspect.hash_rates[0].power if suspect.hash_rates else None
        return None if power is None else rounded(getattr(rounded_power(power), name))

    return cell


def _unit(name: str) -> Callable[[Suspect], Cell]:
    return lambda suspect: None if suspect.unit is None else getattr(suspect.unit, name)


def _place(name: str) -> Callable[[Suspect], Cell]:
    def cell(suspect: Suspect) -> Cell:
        place = suspect.places.get(suspect.host)
        return None if place is None else getattr(place, name)

    return cell


def _subscribers(suspect: Suspect) -> list[str]:
    found: list[Any] = (
        [] if suspect.behind is None else [one.subscriber for one in suspect.behind.subscribers]
    )
    return [" ".join(filter(None, (one.name, one.private_ip))) for one in found]


COLUMNS: dict[str, Callable[[Suspect], Cell]] = {
    N_("host"): lambda one: one.host,
    N_("verdict"): lambda one: told(one.verdict.label),
    N_("role"): lambda one: told(one.role.value),
    N_("reason"): lambda one: told(one.reasons[0]) if one.reasons else None,
    N_("first_seen"): lambda one: iso8601(one.first_seen),
    N_("last_seen"): lambda one: iso8601(one.last_seen),
    N_("dialects"): lambda one: one.dialects,
    N_("coins"): lambda one: one.coins,
    N_("pools"): lambda one: (pool_text(pool, one) for pool in one.pools),
    N_("workers"): lambda one: one.workers,
    N_("wallets"): lambda one: one.wallets,
    N_("agents"): lambda one: one.agents,
    N_("flows"): lambda one: one.flows,
    N_("packets"): lambda one: one.packets,
    N_("bytes"): lambda one: one.bytes,
    N_("shares_submitted"): lambda one: one.shares.submitted,
    N_("shares_accepted"): lambda one: one.shares.accepted,
    N_("shares_rejected"): lambda one: one.shares.rejected,
    N_("rigs"): lambda one: one.rigs,
    N_("algorithm"): lambda one: one.hash_rates[0].algorithm if one.hash_rates else None,
    N_("hash_rate_unit"): lambda one: f"{one.hash_rates[0].rate.unit}/s" if one.hash_rates else None,
    N_("hash_rate_low"): _rate("low"),
    N_("hash_rate"): _rate("typical"),
    N_("hash_rate_high"): _rate("high"),
    N_("kw_low"): _power("low_kw"),
    N_("kw"): _power("typical_kw"),
    N_("kw_high"): _power("high_kw"),
    N_("kwh_day"): _power("typical_kwh_day"),
    N_("operator"): _unit("operator"),
    N_("city"): _unit("city"),
    N_("county"): _unit("county"),
    N_("unit"): _unit("unit"),
    N_("unit_kind"): _unit("unit_kind"),
    N_("contact"): _unit("contact"),
    N_("country"): _place("country"),
    N_("subscribers"): _subscribers,
    N_("evidence_time"): _proof(lambda one: iso8601(one.where.time_ns)),
    N_("evidence_input"): _proof(lambda one: one.where.input),
    N_("evidence_packet"): _proof(lambda one: one.where.packet),
    N_("src_ip"): _end(lambda flow: flow.src_ip),
    N_("src_port"): _end(lambda flow: flow.src_port),
    N_("dest_ip"): _end(lambda flow: flow.dest_ip),
    N_("dest_port"): _end(lambda flow: flow.dest_port),
    N_("proto"): _end(lambda flow: flow.proto.upper()),
    N_("community_id"): _end(community_id),
    N_("signature"): _proof(lambda one: one.signature),
}
