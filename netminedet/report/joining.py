"""What several reports say of the same host, as one entry.

Every rule here is blind to order and grouping: a sum, a union, the earliest, the highest, or
the first few under a fixed order.  So it does not matter how merges are nested.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import add
from typing import Any, TypeVar

from msgspec.structs import astuple, replace

from netminedet.estimate.host import HashRate
from netminedet.language import Sentence
from netminedet.signatures.agents import Agent
from netminedet.suspects import (
    Evidence,
    Management,
    NodeSeen,
    Pool,
    ResolverSeen,
    Shares,
    Suspect,
    Verdict,
)
from netminedet.verdict.order import order_of, place_of
from netminedet.verdict.resolvers import MAX_SHOWN
from netminedet.verdict.roles import MAY, role_that
from netminedet.verdict.weigh import MAX_EVIDENCE, MAX_LIST
from netminedet.whose.joining import joined_holders

_RANK = {"strong": 0, "name": 1, "weak": 2}
Entry = TypeVar("Entry")


def join_suspects(given: Sequence[Suspect]) -> Suspect:
    """One suspect for all these entries of the same host."""
    lists = {name: _union(getattr(one, name) for one in given) for name in ("workers", "wallets", "agents")}
    pools = _pools(given)
    evidence = sorted((one for suspect in given for one in suspect.evidence), key=_strongest)
    cut = any(len(values) > MAX_LIST for values in (*lists.values(), pools))
    return replace(
        given[0],
        verdict=max(one.verdict for one in given),
        role=role_that(frozenset().union(*(MAY[one.role] for one in given))),
        reasons=_reasons(given),
        dialects=_union(one.dialects for one in given),
        coins=_union(one.coins for one in given),
        pools=pools[:MAX_LIST],
        **{name: values[:MAX_LIST] for name, values in lists.items()},
        **joined_holders(given),
        first_seen=min(one.first_seen for one in given),
        last_seen=max(one.last_seen for one in given),
        flows=sum(one.flows for one in given),
        packets=sum(one.packets for one in given),
        bytes=sum(one.bytes for one in given),
        shares=reduce(add, (one.shares for one in given), Shares()),
        software=_software(given),
        rigs=max(one.rigs for one in given),
        hash_rates=_hash_rates(given),
        management=_management(given),
        evidence=tuple(sorted(evidence[:MAX_EVIDENCE], key=order_of)),
        evidence_omitted=sum(one.evidence_omitted for one in given) + len(evidence[MAX_EVIDENCE:]),
        truncated=cut or any(one.truncated for one in given),
    )


def join_nodes(given: Sequence[NodeSeen]) -> NodeSeen:
    """One entry for a coin node of which several reports tell."""
    peers = _union(one.peers for one in given)
    return replace(
        min(given, key=lambda one: place_of(one.where)),
        first_seen=min(one.first_seen for one in given),
        last_seen=max(one.last_seen for one in given),
        peers=peers[:MAX_LIST],
        truncated=len(peers) > MAX_LIST or any(one.truncated for one in given),
    )


def join_resolvers(given: Sequence[ResolverSeen]) -> ResolverSeen:
    """One entry for a resolver of which several reports tell."""
    names, clients = _union(one.names for one in given), _union(one.clients for one in given)
    return replace(
        given[0],
        names=names[:MAX_SHOWN],
        clients=clients[:MAX_SHOWN],
        truncated=max(len(names), len(clients)) > MAX_SHOWN or any(one.truncated for one in given),
        first_seen=min(one.first_seen for one in given),
        last_seen=max(one.last_seen for one in given),
    )


def _reasons(given: Sequence[Suspect]) -> tuple[str, ...]:
    """First the reason for the highest verdict, then all others in the order of their letters."""
    highest: Verdict = max(one.verdict for one in given)
    first = sorted(one.reasons[0] for one in given if one.verdict is highest and one.reasons)[:1]
    others = _union(one.reasons for one in given)[:MAX_LIST]
    remembered: dict[str, str] = {
        one: one for suspect in given for one in suspect.reasons if isinstance(one, Sentence)
    }
    reasons = (*first, *(reason for reason in others if reason not in first))
    return tuple(remembered.get(reason, reason) for reason in reasons)


def _pools(given: Iterable[Suspect]) -> tuple[Pool, ...]:
    pools = {pool for one in given for pool in one.pools}
    return tuple(sorted(pools, key=_pool_order))


def _pool_order(pool: Pool) -> tuple[Any, ...]:
    return pool.ip is None, pool.name or "", pool.ip or "", pool.port or 0, pool.tls


def _software(given: Iterable[Suspect]) -> tuple[Agent, ...]:
    return tuple(sorted({agent for one in given for agent in one.software}, key=_sortable))


def _hash_rates(given: Iterable[Suspect]) -> tuple[HashRate, ...]:
    """Of each algorithm, what the report says that counted most shares.

    Rates of different captures do not add up: most often they are of the same machines at
    another time.
    """
    found: dict[tuple[str, str], tuple[HashRate, ...]] = {}
    for suspect in given:
        for key in {(one.algorithm, one.rate.unit) for one in suspect.hash_rates}:
            group = tuple(one for one in suspect.hash_rates if (one.algorithm, one.rate.unit) == key)
            found[key] = max(found.get(key, ()), group, key=_telling)
    return tuple(one for key in sorted(found) for one in found[key])


def _telling(group: Sequence[HashRate]) -> tuple[bool, int, float, str]:
    """How much a report tells of one algorithm: whether a rate, from how many shares, over how long."""
    return (
        any(one.rate.typical is not None for one in group),
        sum(one.rate.shares for one in group),
        sum(one.rate.seconds for one in group),
        repr(group),
    )


def _management(given: Iterable[Suspect]) -> Management | None:
    told = [one.management for one in given if one.management is not None]
    if not told:
        return None
    rates = [one.hash_rate for one in told if one.hash_rate is not None]
    return Management(
        _union(one.interfaces for one in told), _union(one.pools for one in told), max(rates, default=None)
    )


def _strongest(evidence: Evidence) -> tuple[Any, ...]:
    details = tuple(sorted(evidence.details.items()))
    rest = repr((evidence.where.tunnel, evidence.subscriber))
    return _RANK[evidence.strength], *order_of(evidence), evidence.why, details, rest


def _sortable(entry: Agent) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, value or "") for value in astuple(entry))


def _union(lists: Iterable[Iterable[Entry]]) -> tuple[Entry, ...]:
    return tuple(sorted({entry for many in lists for entry in many}))  # type: ignore[type-var]
