"""Sums over the suspects of a report."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace

from netminedet.estimate import Counted, PowerEstimate, RateEstimate, totals_of
from netminedet.estimate.host import HashRate
from netminedet.suspects import (
    Role,
    Shares,
    Suspect,
    Verdict,
)


def rate(typical: float | None, unit: str = "H") -> RateEstimate:
    low, high = (None, 9.0) if typical is None else (typical / 2, typical * 2)
    return RateEstimate(low, typical, high, unit, 10, 10.0, 60.0, Counted.ACCEPTED, "from accepted shares")


def sized(typical: float | None, algorithm: str = "randomx", kw: float | None = None) -> HashRate:
    power = None if kw is None else PowerEstimate(kw / 2, kw, kw * 2, "device", "assumed")
    return HashRate(algorithm, rate(typical), "", None, power)


def suspect(host: str, *rates: HashRate, role: Role = Role.MINER) -> Suspect:
    return Suspect(
        host=host,
        verdict=Verdict.CONFIRMED,
        role=role,
        reasons=(),
        dialects=(),
        coins=(),
        pools=(),
        workers=(),
        wallets=(),
        agents=(),
        first_seen=0,
        last_seen=1,
        flows=1,
        packets=1,
        bytes=1,
        shares=Shares(),
        evidence=(),
        hash_rates=rates,
    )


def test_nothing() -> None:
    totals = totals_of([])
    assert (totals.hosts, totals.rates, totals.power_hosts, totals.power) == (0, (), 0, None)


def test_sums_by_algorithm_and_host() -> None:
    totals = totals_of(
        [
            suspect("10.0.0.1", sized(100.0, kw=1.0), sized(7.0, "sha256d")),
            suspect("10.0.0.2", sized(300.0, kw=2.0), role=Role.BROWSER),
            suspect("10.0.0.3", sized(None)),
        ]
    )
    assert totals.hosts == 3
    assert [(one.algorithm, one.hosts, one.rate.typical) for one in totals.rates] == [
        ("randomx", 2, 400.0),
        ("sha256d", 1, 7.0),
    ]
    assert totals.rates[0].rate.low == pytest.approx(400.0 - math.hypot(50.0, 150.0))
    assert totals.power is not None
    assert (totals.power.low_kw, totals.power.typical_kw, totals.power.high_kw) == (1.5, 3.0, 6.0)
    assert totals.power_hosts == 2


@pytest.mark.parametrize("role", [Role.PROXY, Role.POOL, Role.LOOKUP])
def test_shares_of_others_do_not_count_twice(role: Role) -> None:
    miner = suspect("10.0.0.1", sized(100.0, kw=1.0))
    with_proxy = totals_of([miner, suspect("10.0.0.2", sized(100.0, kw=1.0), role=role)])
    assert with_proxy == totals_of([miner])


def test_one_host_counts_once_and_units_apart() -> None:
    two = suspect("10.0.0.1", sized(1.0), sized(2.0), replace(sized(1.0), rate=rate(5.0, "Sol")))
    totals = totals_of([two])
    assert [(one.hosts, one.rate.typical, one.rate.unit) for one in totals.rates] == [
        (1, 3.0, "H"),
        (1, 5.0, "Sol"),
    ]
