"""Hash rate from counted shares, with the interval that counting allows.

Shares of work w are found at random moments, on average R / w of them a second where R is
the hash rate: a Poisson process.  So the sum W of the shares' work over the seconds T that
were watched estimates R without bias, also while the pool changes the difficulty in answer
to earlier shares.  The interval is that of Garwood (Fiducial limits for the Poisson
distribution, Biometrika 28, 1936) where all shares weigh the same, and its extension to
weighted counts by Fay and Feuer (Statistics in Medicine 16, 1997) where they do not.

It leaves 2.5 % on either side, and is exact or wider for shares of equal weight in a known
time.  That the time is right is ``Window``'s part.  It says nothing of a wrong work per share, of a
difficulty that comes into force a job late, or of shares not captured.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

from msgspec import Struct

from netminedet.estimate.quantiles import gamma_quantile
from netminedet.language import Value, as_sentence, number_of, sentence

#: Fewer shares (of equal weight) than this give no rate, only an upper bound.
SHARES_MIN = 5

#: Part of the cases in which the true rate lies inside the interval or below the bound.
CONFIDENCE = 0.95

#: Rates from less time than this would be about one burst of shares.
SECONDS_MIN = 10.0

#: What a share is worth of one whose work is known, where it was reckoned from hashes: that its work is off
#: by a tenth takes a tenth of it away, and what a change of difficulty is noticed late the rest.
RECKONED_WORTH = 0.75

#: A bound from less time than this would say nothing.
BOUND_SECONDS_MIN = 1.0

#: A bound above this says nothing: all miners of Bitcoin together come to about 1e21 hashes a second.
BOUND_MOST = 1e24

_STEPS = ("", "k", "M", "G", "T", "P", "E")
#: Chance that counting puts the true rate below the interval, and above it.
_TAIL = (1.0 - CONFIDENCE) / 2.0


class Counted(str, Enum):
    """What a rate was made from."""

    ACCEPTED = "accepted"
    SUBMITTED = "submitted"
    REPORTED = "reported"


_METHODS = {
    Counted.ACCEPTED: sentence("from accepted shares"),
    Counted.SUBMITTED: sentence("from submitted shares, because the pool's answers were not seen"),
    Counted.REPORTED: sentence("as the miner reported it itself"),
}


class Window(Struct, frozen=True):
    """The time in which shares were counted, and how well its ends are known.

    ``first_ns`` is the moment of the first job that could be worked on (before it no share
    can come), or of the first message where the capture began in the midst of a
    conversation.  ``last_ns`` is the last message of either side, or the moment the
    connection was closed or the capture ended.  ``moments`` is how often something came of
    its own: shares and jobs.  The answer to a share is no moment: it comes when the share
    does, and counting both made the window too short by half a gap at each unknown end.
    """

    first_ns: int
    last_ns: int
    moments: int
    #: False where the conversation had begun before: the first message seen is then any one
    begin_known: bool = True
    #: False where only the last message is known, not how long nothing followed it
    end_known: bool = False

    @property
    def span(self) -> float:
        """The seconds that were watched for certain, from the first moment to the last."""
        return max(0, self.last_ns - self.first_ns) / 1e9

    @property
    def seconds(self) -> float:
        """The length of the window in seconds, corrected for ends that are not known.

        From the first of N moments to the last one is less than the time that was watched:
        it was watched for about one more gap at each end that is not known.  N independent
        moments span (N - 1) / N of the time up to an unknown end, and for two
        unknown ends the inverse is unbiased with N / (N - 2); counting n of N moments as
        shares over the time so corrected is unbiased.  Where *only* shares are seen this is
        the well-known rule of n - 1 intervals.  0.0 where there are too few moments.
        """
        unknown = (not self.begin_known) + (not self.end_known)
        if unknown and self.moments <= unknown:
            return 0.0
        return self.span * self.moments / (self.moments - unknown) if unknown else self.span


class RateEstimate(Struct, frozen=True):
    """A hash rate and what it rests on.

    ``low``, ``typical`` and ``high`` are per second in ``unit`` ("H", "Sol", "g", "proof").
    Where there are too few shares, ``low`` and ``typical`` are None and ``high`` is what the
    rate does not exceed (95 %), or None where not even that is known.
    """

    low: float | None
    typical: float | None
    high: float | None
    unit: str
    #: shares counted
    shares: int
    #: shares of equal weight that would tell as much; fewer than ``shares`` if the work varied
    effective_shares: float
    #: seconds watched
    seconds: float
    counted: Counted
    #: a sentence for the reader: how the number came about
    method: str


def estimate_rate(
    works: Sequence[int] | Mapping[int, int],
    seconds: float,
    unit: str = "H",
    *,
    counted: Counted = Counted.ACCEPTED,
    in_force: float | None = None,
    span: float | None = None,
    reckoned: bool = False,
) -> RateEstimate:
    """The hash rate behind shares found within ``seconds``.

    ``works`` holds the expected hashes of each share (see ``work``), or how many shares
    there were of each work.  Shares of unknown work and rejected ones are left out, and
    one seen twice (a retransmission) counts once.  ``seconds`` is a window's (``Window``);
    the windows of one worker's successive connections add up.  ``in_force`` is what a
    share stood for over the time, found or not: it bounds the rate where too few shares were found.
    ``span``: seconds that were watched for certain; the bound is for these, since a time that was only
    reckoned from a few moments may be too long, and there may be too few of them to reckon any.
    ``reckoned``: the works themselves are, from the hashes of the shares (``protocols.measure``).
    """
    counts = works if isinstance(works, Mapping) else _counts(works)
    shares = sum(counts.values())
    total = sum(work * count for work, count in counts.items())
    squares = sum(work * work * count for work, count in counts.items())
    if reckoned:
        squares = round(squares / RECKONED_WORTH)
    effective = total * total / squares if squares else 0.0
    largest = max((*counts, in_force or 0.0), default=0.0)
    if effective < SHARES_MIN or not SECONDS_MIN <= seconds < math.inf:
        certain = seconds if span is None else min(span, seconds or span)
        most = _most(shares, in_force) if in_force else _upper(total, squares, largest, CONFIDENCE)
        return _bound(shares, effective, most, certain, unit, counted)
    low = total * gamma_quantile(_TAIL, effective) / effective
    high = _upper(total, squares, largest, 1.0 - _TAIL)
    words = sentence(
        "{how}: {shares} in {time}", how=_METHODS[counted], shares=shares, time=spelled_seconds(seconds)
    )
    if effective < 0.9 * shares:
        words = sentence(
            "{words} of differing difficulty, worth {equal} equal ones", words=words, equal=f"{effective:.0f}"
        )
    method = sentence("{words}; 95 % interval from counting", words=words)
    return RateEstimate(
        low / seconds, total / seconds, high / seconds, unit, shares, effective, seconds, counted, method
    )


def no_rate(shares: int, seconds: float, unit: str, counted: Counted, reason: str) -> RateEstimate:
    """What is said of shares that nothing measures: why they give no rate, and no bound either."""
    given = number_of("{n} share", "{n} shares", shares)
    method = sentence("no hash rate from {shares}: {reason}", shares=given, reason=as_sentence(reason))
    return RateEstimate(None, None, None, unit, shares, 0.0, seconds, counted, method)


def reported_rate(values: Iterable[float], unit: str = "H") -> RateEstimate | None:
    """A rate that the miner itself reports (``eth_submitHashrate`` and the like), in H/s.

    The median of what it said, with the smallest and largest as its range; None for no
    positive value.  A claim, never to be mixed with what shares prove.
    """
    kept = sorted(value for value in values if 0.0 < value < math.inf)
    if not kept:
        return None
    middle = len(kept) // 2
    typical = kept[middle] if len(kept) % 2 else 0.5 * (kept[middle - 1] + kept[middle])
    how = _METHODS[Counted.REPORTED]
    method = number_of("{how}, {n} time", "{how}, {n} times", len(kept), how=how)
    return RateEstimate(kept[0], typical, kept[-1], unit, 0, 0.0, 0.0, Counted.REPORTED, method)


def total_rate(estimates: Iterable[RateEstimate]) -> RateEstimate | None:
    """The sum of the rates of miners that work side by side; None if none has a rate.

    Their chances are independent, so distances to the ends of the intervals add as squares.
    Raises ValueError where units differ: hashes and solutions do not add up.
    """
    kept = [one for one in estimates if one.typical is not None]
    if not kept:
        return None
    if len({one.unit for one in kept}) > 1:
        raise ValueError(f"rates in different units ({', '.join(sorted({one.unit for one in kept}))})")
    typical = sum(one.typical or 0.0 for one in kept)
    below = math.hypot(*((one.typical or 0.0) - (one.low or 0.0) for one in kept))
    above = math.hypot(*((one.high or 0.0) - (one.typical or 0.0) for one in kept))
    surety = max((one.counted for one in kept), key=list(Counted).index)
    method = sentence(
        "sum of {rates}, the least sure of them {how}",
        rates=number_of("{n} rate", "{n} rates", len(kept)),
        how=_METHODS[surety],
    )
    return RateEstimate(
        low=max(0.0, typical - below),
        typical=typical,
        high=typical + above,
        unit=kept[0].unit,
        shares=sum(one.shares for one in kept),
        effective_shares=sum(one.effective_shares for one in kept),
        seconds=max(one.seconds for one in kept),
        counted=surety,
        method=method,
    )


def spelled_rate(rate: float, unit: str = "H") -> str:
    """A rate as a reader wants it: three digits and a prefix, "108 TH/s"."""
    step = 0
    while rate >= 999.5 and step < len(_STEPS) - 1:
        rate /= 1000.0
        step += 1
    amount = f"{rate:.3g}" if rate < 999.5 else f"{rate:.0f}"
    return f"{amount} {_STEPS[step]}{unit}/s"


def spelled_seconds(seconds: float) -> str:
    """A stretch of time as a reader wants it: "45 s", "12 min", "3.5 h"."""
    if seconds < 120.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 7200.0 else f"{seconds / 3600.0:.1f} h"


def _counts(works: Iterable[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for work in works:
        found[work] = found.get(work, 0) + 1
    return found


def _bound(
    shares: int, effective: float, most: float, seconds: float, unit: str, counted: Counted
) -> RateEstimate:
    """The estimate that is none: ``most``, the work that was done at most, in the time.

    Of moments nothing is said, and no bound that is above all there is.
    """
    high = most / seconds if most > 0.0 and BOUND_SECONDS_MIN <= seconds < math.inf else None
    if high is not None and high > BOUND_MOST:
        high = None
    time = spelled_seconds(max(0.0, seconds))
    found: Value = shares
    if shares and counted is Counted.SUBMITTED:
        found = sentence("{shares} without seen answers", shares=shares)
    if effective < SHARES_MIN:
        method = sentence("too few shares for a rate: {shares} in {time}", shares=found, time=time)
    else:
        method = sentence("too short a time for a rate: {shares} in {time}", shares=found, time=time)
    if high is not None:
        bound = spelled_rate(high, unit)
        method = sentence("{reason}; not more than {most} (95 %)", reason=method, most=bound)
    return RateEstimate(None, None, high, unit, shares, effective, seconds, counted, method)


def _most(shares: int, in_force: float) -> float:
    """Garwood's upper limit of the work; for no share at all, that of three.

    However the work of a share changed: so many shares were found where one took ``in_force``, the harmonic
    mean over the time, and their number is a Poisson one.
    """
    return in_force * gamma_quantile(CONFIDENCE, shares + 1.0)


def _upper(total: int, squares: int, largest: float, probability: float) -> float:
    """Fay and Feuer's upper limit of the work: that of one more share of the largest weight."""
    if largest <= 0.0:
        return 0.0
    whole = total + largest
    spread = squares + largest * largest
    shape = whole * whole / spread
    return whole * gamma_quantile(probability, shape) / shape
