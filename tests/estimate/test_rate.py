from __future__ import annotations

import math
import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.estimate.quantiles import gamma_cdf, gamma_quantile
from netminedet.estimate.rate import (
    Counted,
    RateEstimate,
    Window,
    estimate_rate,
    reported_rate,
    spelled_rate,
    total_rate,
)
from netminedet.estimate.work import difficulty_work, work_of

#: Rate of a usual machine, and the difficulties between which its pool moves.
FAMILIES = {
    "sha256d": (1e14, 16384, 131072),
    "scrypt": (9.5e9, 65536, 1048576),
    "ghostrider": (4000.0, 0.2, 4.0),
    "x16r": (3e7, 8.0, 64.0),
    "ethash": (6e7, 0.05, 1.0),
    "kawpow": (3e7, 0.05, 0.5),
    "kheavyhash": (9.4e12, 4096, 65536),
    "blake3-alephium": (8e12, 1024, 16384),
    "randomx": (10000.0, 50000, 400000),
    "aleo-puzzle": (500.0, 1024, 16384),
}


def session(
    seed: int, algorithm: str, *, start_known: bool = True, seconds: float = 1800.0
) -> tuple[list[int], Window]:
    """The shares of one machine at a pool that adjusts the difficulty, as a capture sees them.

    The capture ends at ``seconds``, but of that only the last message is known; jobs come
    every half a minute or so.
    """
    rate, lowest, highest = FAMILIES[algorithm]
    chance = random.Random(f"{algorithm} {seed}")
    difficulty = lowest * (highest / lowest) ** chance.random()
    moments = [0.0] if start_known else []
    works: list[int] = []
    moment = since = 0.0
    found = 0
    while True:
        work = difficulty_work(difficulty, algorithm)
        assert work is not None
        moment += chance.expovariate(rate / work)
        if moment > seconds:
            break
        moments.append(moment)
        works.append(work)
        found += 1
        if moment - since > 90.0:
            pace = (moment - since) / found
            difficulty = min(highest, max(lowest, difficulty * min(4.0, max(0.25, 15.0 / pace))))
            since, found = moment, 0
    job = chance.expovariate(1 / 30.0)
    while job < seconds:
        moments.append(job)
        job += chance.expovariate(1 / 30.0)
    window = Window(
        int(min(moments) * 1e9),
        int(max(moments) * 1e9),
        len(moments),
        begin_known=start_known,
        end_known=False,
    )
    return works, window


# chi-square tables: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4
@pytest.mark.parametrize(
    ("degrees", "probability", "value"),
    [
        (1, 0.95, 3.841),
        (2, 0.975, 7.378),
        (6, 0.025, 1.237),
        (8, 0.975, 17.535),
        (10, 0.05, 3.940),
        (20, 0.95, 31.410),
        (30, 0.025, 16.791),
        (60, 0.975, 83.298),
        (100, 0.025, 74.222),
        (100, 0.999, 149.449),
    ],
)
def test_quantiles_agree_with_tables(degrees: int, probability: float, value: float) -> None:
    assert 2 * gamma_quantile(probability, degrees / 2) == pytest.approx(value, abs=6e-4)


# Garwood's limits of a Poisson mean, as in Ulm, American Journal of Epidemiology 131 (1990)
@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(1, 0.0253, 5.572), (3, 0.6187, 8.767), (5, 1.623, 11.668), (10, 4.795, 18.390), (50, 37.11, 65.92)],
)
def test_garwoods_limits(count: int, low: float, high: float) -> None:
    assert gamma_quantile(0.025, count) == pytest.approx(low, rel=1e-3)
    assert gamma_quantile(0.975, count + 1) == pytest.approx(high, rel=1e-3)


def test_quantile_inverts_the_distribution_everywhere() -> None:
    for tenths in range(-200, 430):
        shape = 10 ** (tenths / 100)
        for probability in (1e-6, 0.001, 0.025, 0.3, 0.5, 0.9, 0.975, 1 - 1e-6):
            quantile = gamma_quantile(probability, shape)
            if quantile == 0.0:
                assert gamma_cdf(shape, sys.float_info.min) > probability, "it has no number"
                continue
            found = gamma_cdf(shape, quantile)
            assert found == pytest.approx(probability, rel=1e-8, abs=1e-12), (shape, probability)


@given(st.floats(0.01, 1e7), st.floats(0.001, 0.999))
def test_quantile_inverts_the_distribution(shape: float, probability: float) -> None:
    if shape <= 20_000:
        assert gamma_cdf(shape, gamma_quantile(probability, shape)) == pytest.approx(probability, abs=1e-9)
    else:
        assert abs(gamma_quantile(probability, shape) / shape - 1) < 0.05


@pytest.mark.parametrize(("probability", "shape"), [(0.0, 1.0), (1.0, 1.0), (0.5, 0.0), (0.5, math.inf)])
def test_quantiles_of_nothing(probability: float, shape: float) -> None:
    with pytest.raises(ValueError, match="no gamma quantile"):
        gamma_quantile(probability, shape)


#: By chance alone a hundred sessions miss 93 once in eight times where 95 of 100 are right: three hundred
#: tell better whether the interval is what it says.
HUNDREDS = 3


@pytest.mark.parametrize("algorithm", sorted(FAMILIES))
@pytest.mark.parametrize("start_known", [True, False])
def test_the_interval_holds_the_true_rate(algorithm: str, start_known: bool) -> None:
    rate = FAMILIES[algorithm][0]
    inside, ratios = 0, []
    for seed in range(100 * HUNDREDS):
        works, window = session(seed, algorithm, start_known=start_known)
        found = estimate_rate(works, window.seconds)
        assert found.low is not None
        assert found.typical is not None
        assert found.high is not None
        inside += found.low <= rate <= found.high
        ratios.append(found.typical / rate)
    assert 93 * HUNDREDS <= inside <= 98 * HUNDREDS  # and not by being wide
    assert abs(sum(ratios) / len(ratios) - 1) < 0.02


def test_an_answer_is_no_moment_of_its_own() -> None:
    """Shares alone, their beginning unknown: with the answers counted the rate came out too high."""
    chance = random.Random(3)
    ratios: dict[int, list[float]] = {1: [], 2: []}
    for _round in range(2000):
        moments, moment = [], chance.expovariate(0.2)
        while moment < 100.0:
            moments.append(moment)
            moment += chance.expovariate(0.2)
        for times, found in ratios.items():
            count = times * len(moments)
            window = Window(int(moments[0] * 1e9), int(moments[-1] * 1e9), count, begin_known=False)
            found.append(len(moments) / window.seconds / 0.2)
    once, twice = (sum(found) / len(found) for found in ratios.values())
    assert abs(once - 1) < 0.01
    assert twice > 1.03


def test_only_shares_seen_is_the_rule_of_intervals() -> None:
    chance = random.Random(7)
    ratios = []
    for _round in range(3000):
        moments, moment = [], chance.expovariate(0.1)
        while moment < 100.0:
            moments.append(moment)
            moment += chance.expovariate(0.1)
        if len(moments) < 5:
            continue
        window = Window(0, int(moments[-1] * 1e9), len(moments))
        found = estimate_rate([1000] * len(moments), window.seconds)
        ratios.append((found.typical or 0.0) / 100.0)
    assert abs(sum(ratios) / len(ratios) - 1) < 0.03


def test_equal_shares_give_garwoods_interval() -> None:
    found = estimate_rate([2**48] * 100, 260.0)
    assert found.typical == pytest.approx(2**48 * 100 / 260)
    # Garwood's limits for 100, as in Ulm, American Journal of Epidemiology 131 (1990)
    assert found.low == pytest.approx(81.364 * 2**48 / 260, rel=1e-4)
    assert found.high == pytest.approx(121.627 * 2**48 / 260, rel=1e-4)
    assert found.effective_shares == 100
    assert found.method == "from accepted shares: 100 in 4 min; 95 % interval from counting"
    assert spelled_rate(found.typical or 0.0) == "108 TH/s"


def test_counts_are_the_same_as_shares() -> None:
    assert estimate_rate({5: 10, 7: 20}, 60.0) == estimate_rate([5] * 10 + [7] * 20, 60.0)


def test_uneven_shares_are_worth_less() -> None:
    found = estimate_rate({1000: 10, 1_000_000: 6}, 600.0, counted=Counted.SUBMITTED)
    assert found.shares == 16
    assert 6 < found.effective_shares < 6.1
    assert "worth 6 equal ones" in found.method
    assert "answers were not seen" in found.method


@pytest.mark.parametrize("count", [0, 1, 4])
def test_too_few_shares_give_an_upper_bound(count: int) -> None:
    found = estimate_rate([1000] * count, 100.0, in_force=1000)
    assert (found.low, found.typical) == (None, None)
    assert found.high == pytest.approx({0: 29.957, 1: 47.439, 4: 91.535}[count], rel=1e-4)
    assert found.method.startswith(f"too few shares for a rate: {count} in 100 s; not more than ")


def test_a_bound_is_for_the_time_watched_for_certain() -> None:
    assert estimate_rate([1000], 200.0, span=100.0).high == estimate_rate([1000], 100.0).high
    assert estimate_rate([1000], 100.0, span=200.0).high == estimate_rate([1000], 100.0).high
    chance, inside, bounds = random.Random(11), 0, 0
    for _round in range(2000):
        moments, moment = [0.0], chance.expovariate(0.03)
        while moment < 100.0:
            moments.append(moment)
            moment += chance.expovariate(0.03)
        window = Window(0, int(moments[-1] * 1e9), len(moments))
        found = estimate_rate([1000] * (len(moments) - 1), window.seconds, span=window.span)
        if found.typical is None and found.high is not None:
            bounds += 1
            inside += found.high >= 30.0
    assert inside >= 0.95 * bounds > 1000


def test_nothing_known_gives_no_bound() -> None:
    assert estimate_rate([], 100.0).high is None
    assert estimate_rate([], 0.0, in_force=1000).high is None
    assert estimate_rate([1000] * 50, 2.0).typical is None
    assert "too short a time" in estimate_rate([1000] * 50, 2.0).method


def test_bounds_that_say_nothing_are_left_out() -> None:
    assert estimate_rate([], 0.9, in_force=1000).high is None
    assert estimate_rate([], 1.1, in_force=1000).high is not None
    assert estimate_rate([], 60.0, in_force=2.0**79).high is not None
    found = estimate_rate([], 60.0, in_force=2.0**90)
    assert (found.high, found.method) == (None, "too few shares for a rate: 0 in 60 s")
    assert work_of("stratum-v1", target="0" * 50 + "f" * 14) is None
    assert work_of("stratum-v1", target="0" * 20 + "f" * 44) is not None


def test_windows() -> None:
    ends = (0, 90_000_000_000, 10)
    assert Window(*ends, end_known=True).seconds == 90.0
    assert Window(*ends).seconds == 100.0
    assert Window(*ends, begin_known=False).seconds == 112.5
    assert Window(5, 5, 1).seconds == 0.0
    assert Window(9, 5, 4).seconds == 0.0


def test_reported_rates() -> None:
    found = reported_rate([30.0e6, 31.0e6, 29.0e6, -1.0, math.nan, math.inf])
    assert found is not None
    assert (found.low, found.typical, found.high) == (29.0e6, 30.0e6, 31.0e6)
    assert found.counted is Counted.REPORTED
    assert found.method == "as the miner reported it itself, 3 times"
    assert reported_rate([]) is None


def test_totals() -> None:
    one = estimate_rate([1000] * 100, 100.0)
    total = total_rate([one] * 4 + [estimate_rate([], 100.0, in_force=10)])
    assert total is not None
    assert total.typical == pytest.approx(4 * (one.typical or 0.0))
    assert (total.high or 0.0) - 4000.0 == pytest.approx(2 * ((one.high or 0.0) - 1000.0))
    assert total.shares == 400
    assert total_rate([]) is None
    with pytest.raises(ValueError, match="different units"):
        total_rate([one, estimate_rate([1000] * 100, 100.0, "Sol")])


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0.0, "0 H/s"), (525.0, "525 H/s"), (999.9, "1 kH/s"), (1.08e14, "108 TH/s"), (3e24, "3000000 EH/s")],
)
def test_rates_are_spelled(rate: float, text: str) -> None:
    assert spelled_rate(rate) == text


@given(
    st.lists(st.integers(1, 1 << 255), max_size=60),
    st.floats(allow_nan=True, allow_infinity=True),
    st.none() | st.integers(1, 1 << 255),
)
def test_any_shares_give_an_ordered_answer(works: list[int], seconds: float, in_force: int | None) -> None:
    found: RateEstimate = estimate_rate(works, seconds, in_force=in_force)
    if found.typical is not None:
        assert found.low is not None
        assert found.high is not None
        assert 0 < found.low < found.typical < found.high < math.inf
