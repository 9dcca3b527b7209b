"""Sums over suspects by pool, coin and place: what the charts and their tables show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from netminedet.language import N_
from netminedet.report.proxies import proxies_of
from netminedet.report.text import bracketed
from netminedet.suspects import (
    Pool,
    Role,
    Shares,
    Suspect,
)

if TYPE_CHECKING:
    from netminedet.signatures.pools import PoolList

#: What groups are called that are no name of one thing.
SEVERAL, UNKNOWN = N_("several"), N_("not known")


class Group(Struct):
    """Suspects that have something in common."""

    name: str
    hosts: int = 0
    shares: Shares = Shares()
    #: servers, as address and port
    servers: set[tuple[str, int | None]] = set()
    #: proxies that hosts reached it through, in the same way
    proxies: set[tuple[str, int | None]] = set()
    #: whether ``name`` is a word of ours and no name from the traffic
    is_word: bool = False


def counted_shares(suspects: Sequence[Suspect]) -> list[Suspect]:
    """The suspects whose shares add up to what was handed in, each share once.

    A pool server's shares are those of its miners.  A proxy hands in upstream what its miners handed in
    to it: the miners that mine at such proxies only are left out, so that what left the network counts.
    """
    proxies = {suspect.host for suspect in suspects if suspect.role is Role.PROXY}
    return [
        suspect
        for suspect in suspects
        if suspect.role is not Role.POOL and not _all_in(_servers(suspect), proxies - {suspect.host})
    ]


def group(suspects: Iterable[Suspect], names_of: Callable[[Suspect], Iterable[str]]) -> list[Group]:
    """The suspects by what they have one of; those with several, or none, make two groups of their own.

    The most shares first, then the most hosts.
    """
    found: dict[tuple[str, bool], Group] = {}
    for suspect in suspects:
        names = sorted(set(names_of(suspect)))
        key = (names[0], False) if len(names) == 1 else (SEVERAL if names else UNKNOWN, True)
        one = found.setdefault(key, Group(key[0], is_word=key[1]))
        one.hosts += 1
        one.shares += suspect.shares
    return sorted(found.values(), key=lambda one: (-one.shares.submitted, -one.hosts, one.is_word, one.name))


def pools_of(suspects: Sequence[Suspect]) -> list[Group]:
    """All pools that suspects mined at, or asked for; each suspect counts with each of its pools.

    The most hosts first.  ``shares`` are of those hosts alone that had no other pool.
    """
    found: dict[str, Group] = {}
    proxies = proxies_of(suspects)
    for suspect in suspects:
        named: dict[str, list[Pool]] = {}
        for pool in suspect.pools:
            named.setdefault(pool_name(pool), []).append(pool)
        for name, pools in named.items():
            one = found.setdefault(name, Group(name, servers=set(), proxies=set()))
            one.hosts += 1
            met = {(pool.ip, pool.port) for pool in pools if pool.ip is not None}
            one.servers |= met - proxies
            one.proxies |= met & proxies
            if len(named) == 1:
                one.shares += suspect.shares
    return sorted(found.values(), key=lambda one: (-one.hosts, -one.shares.submitted, one.name))


def mined_at(suspect: Suspect) -> set[str]:
    """The names of the pools that a suspect spoke to; of those it only looked up, where it spoke to none."""
    met = {pool_name(pool) for pool in suspect.pools if pool.ip is not None}
    return met or {pool_name(pool) for pool in suspect.pools}


def pool_name(pool: Pool) -> str:
    """What a pool calls itself, as the list of pools knows it; else the host's name; else its address."""
    if pool.name is None:
        return address(pool)
    return _owner(pool.name) or pool.name


def address(pool: Pool) -> str:
    """ "203.0.113.25:3333", "[2001:db8::1]:3333"."""
    host = bracketed(pool.ip or "")
    return host if pool.port is None else f"{host}:{pool.port}"


def _servers(suspect: Suspect) -> set[str]:
    return {pool.ip for pool in suspect.pools if pool.ip is not None}


def _all_in(servers: set[str], hosts: set[str]) -> bool:
    return bool(servers) and servers <= hosts


def _owner(name: str) -> str | None:
    known = _pool_list().lookup(name)
    return None if known is None else known.pool


@cache
def _pool_list() -> PoolList:
    from netminedet.signatures import load_signatures

    return load_signatures().pools
