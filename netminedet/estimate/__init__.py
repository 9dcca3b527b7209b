"""How big it is: hash rate from shares, electric power from hash rate, with honest ranges.

Pure functions of numbers and texts that the messages gave away::

    work = work_of("stratum-v1", difficulty=65536, coins=["BTC"])
    rate = estimate_rate([work.hashes] * 120, window.seconds, work.unit)
    power = load_power().estimate(rate, work.algorithm)
"""

from __future__ import annotations

from netminedet.estimate.algorithms import ALGORITHMS, Algorithm, Guess, algorithm_named, algorithm_of
from netminedet.estimate.power import PowerEstimate, PowerTable, load_power, total_power
from netminedet.estimate.rate import (
    Counted,
    RateEstimate,
    Window,
    estimate_rate,
    reported_rate,
    spelled_rate,
    total_rate,
)
from netminedet.estimate.totals import AlgorithmTotal, Totals, totals_of
from netminedet.estimate.work import Work, work_of

__all__ = [
    "ALGORITHMS",
    "Algorithm",
    "AlgorithmTotal",
    "Counted",
    "Guess",
    "PowerEstimate",
    "PowerTable",
    "RateEstimate",
    "Totals",
    "Window",
    "Work",
    "algorithm_named",
    "algorithm_of",
    "estimate_rate",
    "load_power",
    "reported_rate",
    "spelled_rate",
    "total_power",
    "total_rate",
    "totals_of",
    "work_of",
]
