"""Numbers in few characters."""

from __future__ import annotations

from netminedet.language import language
from netminedet.report.sizes import spelled
from netminedet.suspects import Shares


def interval(low: float, high: float) -> str:
    """A range of two positive amounts.

    >>> interval(0.0849, 4.58)
    '0.085–4.58'
    """
    return f"{spelled(low)}–{spelled(high)}"


def ranged(low: float | None, high: float | None, unit: str) -> str:
    """A range of hash rates, with the unit once where both have the same.

    >>> ranged(783.0, 1321.0, "H"), ranged(55e12, 194e12, "H")
    ('783 H/s – 1.32 kH/s', '55–194 TH/s')
    """
    from netminedet.estimate import spelled_rate

    start, end = spelled_rate(low or 0.0, unit), spelled_rate(high or 0.0, unit)
    number, _space, scale = start.partition(" ")
    return f"{number}–{end}" if end.endswith(f" {scale}") else f"{start} – {end}"


def share_counts(shares: Shares) -> str:
    """Accepted and all that were handed in; empty where there were none.

    >>> share_counts(Shares(1200, 1180, 20)), share_counts(Shares())
    ('1,180 / 1,200', '')
    """
    counted = shares.submitted or shares.accepted
    return f"{shares.accepted:,} / {shares.submitted:,}" if counted else ""


def sentences(*texts: str) -> str:
    """Sentences one after the other, as the language of the process puts them."""
    return ("" if language() == "zh" else " ").join(filter(None, texts))


def bits(rate: float) -> str:
    """Bits a second.

    >>> bits(12.0), bits(136_770_000.0)
    ('12 b/s', '137 Mb/s')
    """
    units = ["b/s", "kb/s", "Mb/s", "Gb/s"]
    while rate >= 999.5 and len(units) > 1:
        rate /= 1000
        del units[0]
    return f"{rate:.3g} {units[0]}" if rate < 999.5 else f"{rate:,.0f} {units[0]}"
