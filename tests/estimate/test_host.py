"""One host, one algorithm: entries that a reader can tell apart, or one alone."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from netminedet.estimate import load_power
from netminedet.estimate.host import SharesOfFlow, hash_rates
from netminedet.estimate.rate import Counted

SECOND = 10**9
MEASURE = ("1000", "", "rx/0")


def flow(shares: int, counted: Counted, *, start: int = 0, seconds: int = 100) -> SharesOfFlow:
    return SharesOfFlow(
        dialect="cryptonote",
        measures={MEASURE: shares} if shares else {},
        counted=counted,
        in_force=MEASURE,
        first_ns=start * SECOND,
        last_ns=(start + seconds) * SECOND,
        moments=shares + 10,
        begin_known=True,
    )


def test_a_connection_without_shares_adds_its_time_to_those_that_were_answered() -> None:
    busy, idle = flow(10, Counted.ACCEPTED), flow(0, Counted.SUBMITTED, start=1000)
    ((alone,), (both,)) = hash_rates([busy], load_power()), hash_rates([busy, idle], load_power())
    assert (both.rate.counted, both.rate.shares) == (Counted.ACCEPTED, 10)
    assert both.rate.typical is not None
    assert alone.rate.typical is not None
    assert alone.rate.typical * 0.4 < both.rate.typical < alone.rate.typical * 0.6


@pytest.mark.parametrize("seconds", [0, 100])
def test_answered_shares_and_others_can_be_told_apart(seconds: int) -> None:
    flows = [flow(1, counted, seconds=seconds) for counted in (Counted.ACCEPTED, Counted.SUBMITTED)]
    answered, other = (one.rate for one in hash_rates(flows, load_power()))
    assert answered.method.startswith("too few shares for a rate: 1 in ")
    assert other.method.startswith("too few shares for a rate: 1 without seen answers in ")


def test_where_none_was_answered_there_is_one_entry() -> None:
    silent = flow(0, Counted.SUBMITTED)
    (one,) = hash_rates([silent, replace(silent, first_ns=5 * SECOND)], load_power())
    assert one.rate.method.startswith("too few shares for a rate: 0 in ")
