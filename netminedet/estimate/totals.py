"""How big all suspects are together: hash rate by algorithm, and power.

Only suspects of the roles miner, solo miner and browser count.  The shares that a proxy hands in, and those
that a pool server takes, are the shares of the miners behind it: counted again they would
count twice.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from netminedet.estimate.power import PowerEstimate, total_power
from netminedet.estimate.rate import RateEstimate, total_rate
from netminedet.suspects import Role, Suspect

#: Roles whose hash rate and power are their own.
COUNTED_ROLES = frozenset({Role.MINER, Role.SOLO, Role.BROWSER})


class AlgorithmTotal(Struct, frozen=True):
    """The hash rate of all hosts that mine with one algorithm."""

    algorithm: str
    #: hosts with a rate
    hosts: int
    rate: RateEstimate


class Totals(Struct, frozen=True):
    """The sums for a report."""

    #: hosts that mine themselves (roles miner, solo miner and browser), with or without a rate
    hosts: int
    #: by algorithm, in the order of their names
    rates: tuple[AlgorithmTotal, ...]
    #: hosts whose power is known
    power_hosts: int
    power: PowerEstimate | None


def totals_of(suspects: Iterable[Suspect]) -> Totals:
    """The sums over those suspects that mine themselves."""
    miners = [suspect for suspect in suspects if suspect.role in COUNTED_ROLES]
    rates: dict[tuple[str, str], list[RateEstimate]] = {}
    hosts: dict[tuple[str, str], set[str]] = {}
    powers: list[PowerEstimate] = []
    powered = set()
    for suspect in miners:
        for one in suspect.hash_rates:
            if one.rate.typical is not None:
                rates.setdefault((one.algorithm, one.rate.unit), []).append(one.rate)
                hosts.setdefault((one.algorithm, one.rate.unit), set()).add(suspect.host)
            if one.power is not None:
                powers.append(one.power)
                powered.add(suspect.host)
    sums = []
    for key, estimates in sorted(rates.items()):
        rate = total_rate(estimates)
        if rate is not None:
            sums.append(AlgorithmTotal(key[0], len(hosts[key]), rate))
    return Totals(len(miners), tuple(sums), len(powered), total_power(powers))
