"""Quantiles of the gamma distribution in plain Python: what intervals from counted events need.

The quantile of chi-square with k degrees of freedom is twice that of gamma with shape k / 2.
The regularised incomplete gamma function P(a, x) is summed as a series below the mean and
as a continued fraction above it (Abramowitz & Stegun, Handbook of Mathematical Functions,
6.5.29 and 6.5.31; the fraction by Lentz' method); its inverse is found by Newton's method from
the Wilson-Hilferty approximation (26.4.17).  For shapes above ``LARGE`` that approximation
alone is used: there it is right to one part in 100 000.
"""

from __future__ import annotations

import math
import sys
from statistics import NormalDist

#: Above this shape the Wilson-Hilferty approximation is as good as the exact quantile.
LARGE = 20_000.0

_PRECISE = 1e-14
_TINY = 1e-300
_STEPS_LIMIT = 5_000


def gamma_quantile(probability: float, shape: float) -> float:
    """The x that a gamma variable of this shape (scale 1) does not exceed with this probability.

    Relative error below 1e-5 (1e-10 up to ``LARGE``) for shapes from 0.01 on and
    probabilities from 1e-6 to 1 - 1e-6.
    Raises ValueError for a shape that is not positive or a probability outside of (0, 1).
    """
    if not (0.0 < probability < 1.0 and 0.0 < shape < math.inf):
        raise ValueError(f"no gamma quantile of probability {probability} and shape {shape}")
    start = _wilson_hilferty(probability, shape)
    if shape > LARGE:
        return start
    x, low, high = max(start, 1e-9), 0.0, math.inf
    for _ in range(_STEPS_LIMIT):
        excess = gamma_cdf(shape, x) - probability
        low, high = (x, high) if excess < 0.0 else (low, x)
        step = -excess / max(_weight(shape, x), _TINY)  # of the logarithm, in which nothing overflows
        following = x * math.exp(min(max(step, -2.0), 2.0))
        if following < sys.float_info.min:
            return 0.0
        if abs(following - x) <= 1e-12 * x:
            break
        x = following if low < following < high else 0.5 * (low + high)
    return x


def gamma_cdf(shape: float, x: float) -> float:
    """P(a, x): the probability that a gamma variable of shape a (scale 1) does not exceed x."""
    if x <= 0.0:
        return 0.0
    weight = _weight(shape, x)
    if x < shape + 1.0:
        return min(1.0, weight * _series(shape, x))
    return max(0.0, 1.0 - weight * _fraction(shape, x))


def _weight(shape: float, x: float) -> float:
    """The density at x, times x."""
    return math.exp(shape * math.log(x) - x - math.lgamma(shape))


def _wilson_hilferty(probability: float, shape: float) -> float:
    normal = NormalDist().inv_cdf(probability)
    ninth = 1.0 / (9.0 * shape)
    return shape * max(0.0, 1.0 - ninth + normal * math.sqrt(ninth)) ** 3


def _series(shape: float, x: float) -> float:
    term = total = 1.0 / shape
    for step in range(1, _STEPS_LIMIT):
        term *= x / (shape + step)
        total += term
        if term < total * _PRECISE:
            break
    return total


def _fraction(shape: float, x: float) -> float:
    b = x + 1.0 - shape
    c = 1.0 / _TINY
    d = 1.0 / (b or _TINY)
    value = d
    for step in range(1, _STEPS_LIMIT):
        a = -step * (step - shape)
        b += 2.0
        d = 1.0 / (a * d + b or _TINY)
        c = b + a / c or _TINY
        change = c * d
        value *= change
        if abs(change - 1.0) < _PRECISE:
            break
    return value
