"""Estimates as documents show them: to ``DIGITS`` significant digits.

Whatever is made of an estimate is made of the digits that are shown, so that a reader who
adds up a document comes to its sums, and a document that is read gives the same one again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from netminedet.suspects import Suspect

if TYPE_CHECKING:
    from netminedet.estimate import PowerEstimate, RateEstimate, Totals
    from netminedet.estimate.host import HashRate

#: Significant digits of estimates.
DIGITS = 6


def rounded(value: float | None) -> float | None:
    """To ``DIGITS`` significant digits: no estimate is worth more, and the last bits may differ."""
    return None if value is None else float(f"{value:.{DIGITS}g}")


def rounded_rate(rate: RateEstimate) -> RateEstimate:
    """The rate with its three numbers rounded."""
    return replace(rate, low=rounded(rate.low), typical=rounded(rate.typical), high=rounded(rate.high))


def rounded_power(power: PowerEstimate) -> PowerEstimate:
    """The power with its three numbers rounded; energies follow from these."""
    low, typical, high = (float(f"{kw:.{DIGITS}g}") for kw in (power.low_kw, power.typical_kw, power.high_kw))
    return replace(power, low_kw=low, typical_kw=typical, high_kw=high)


def rounded_totals(suspects: Iterable[Suspect]) -> Totals:
    """The sums over the suspects that mine themselves, of their numbers as shown."""
    from netminedet.estimate.totals import totals_of

    return totals_of(map(rounded_suspect, suspects))


def rounded_suspect(suspect: Suspect) -> Suspect:
    """The suspect with its estimates as a document has them."""
    return replace(suspect, hash_rates=tuple(map(_rounded_hash_rate, suspect.hash_rates)))


def rate_words(suspect: Suspect) -> str | None:
    """The first hash rate for programs and their readers, always in English: "108 TH/s", or "< 882 H/s".

    None where there is none.
    """
    if not suspect.hash_rates:
        return None
    from netminedet.estimate import spelled_rate

    rate = suspect.hash_rates[0].rate
    if rate.typical is not None:
        return spelled_rate(rate.typical, rate.unit)
    return None if rate.high is None else f"< {spelled_rate(rate.high, rate.unit)}"


def kw_words(suspect: Suspect) -> str | None:
    """The power of all its algorithms in kW; None where none is known."""
    powers = [one.power.typical_kw for one in suspect.hash_rates if one.power is not None]
    return f"{sum(powers):.{DIGITS}g}" if powers else None


def _rounded_hash_rate(one: HashRate) -> HashRate:
    power = None if one.power is None else rounded_power(one.power)
    reported = None if one.reported is None else rounded_rate(one.reported)
    return replace(one, rate=rounded_rate(one.rate), reported=reported, power=power)
