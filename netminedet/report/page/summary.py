"""The numbers at the top of the page: those that notices of supervision are written with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from netminedet.language import _, ngettext, told
from netminedet.model import InputInfo
from netminedet.report.like import ReportLike
from netminedet.report.page.amounts import bits, interval, ranged
from netminedet.report.page.groups import Group, counted_shares, pools_of
from netminedet.report.page.moments import covered
from netminedet.report.sizes import spelled
from netminedet.report.text import size
from netminedet.suspects import (
    Role,
    Shares,
    Suspect,
    Verdict,
)

if TYPE_CHECKING:
    from netminedet.estimate import Totals

#: Names that a figure lists before it only counts.
_NAMED = 6


class Figure(Struct, frozen=True):
    """One number with its name, and what else is to be known of it."""

    name: str
    value: str
    note: str = ""


class Matrix(Struct, frozen=True):
    """Hosts by role and verdict: a row a role, a column a verdict, with their sums."""

    verdicts: tuple[Verdict, ...]
    rows: tuple[tuple[str, tuple[int, ...], int], ...]
    sums: tuple[int, ...]


class Summary(Struct, frozen=True):
    """What a reader is to know first."""

    headline: str
    figures: tuple[Figure, ...]
    matrix: Matrix
    totals: Totals
    pools: list[Group]
    shares: Shares


def summary_of(report: ReportLike) -> Summary:
    """The numbers of a report."""
    from netminedet.estimate.totals import totals_of

    suspects = report.suspects
    totals = totals_of(suspects)
    pools = pools_of(suspects)
    shares = sum((one.shares for one in counted_shares(suspects)), Shares())
    figures = (
        Figure(_("Hosts"), f"{len(suspects):,}", _verdicts(suspects)),
        _rate(totals),
        *_power(totals),
        *_traffic(suspects, report.inputs),
        _shares(shares),
        Figure(_("Pools"), f"{len(pools):,}", _names(one.name for one in pools)),
        _coins(suspects),
    )
    return Summary(headline_of(report), figures, matrix_of(suspects), totals, pools, shares)


def headline_of(report: ReportLike) -> str:
    """What was found, in a sentence."""
    count = len(report.suspects)
    if count:
        return ngettext(
            "{n} host mines, or is suspected of it.", "{n} hosts mine, or are suspected of it.", count
        ).format(n=f"{count:,}")
    if all(info.complete for info in report.inputs):
        return _("No mining was found.")
    return _("No mining was found in what could be read, but not everything could be.")


def matrix_of(suspects: Sequence[Suspect]) -> Matrix:
    """Hosts by role and verdict; roles that nobody has are left out."""
    verdicts = tuple(sorted(Verdict, reverse=True))
    rows = []
    for role in Role:
        numbers = tuple(
            sum(one.role is role and one.verdict is verdict for one in suspects) for verdict in verdicts
        )
        if any(numbers):
            rows.append((told(role.value), numbers, sum(numbers)))
    return Matrix(
        verdicts, tuple(rows), tuple(sum(one.verdict is verdict for one in suspects) for verdict in verdicts)
    )


def watched_seconds(inputs: Iterable[InputInfo]) -> float:
    """How long traffic was recorded: what several inputs cover counts once."""
    spans = [(one.first_seen, one.last_seen) for one in inputs]
    return covered((first, last) for first, last in spans if first is not None and last is not None) / 1e9


def _verdicts(suspects: Sequence[Suspect]) -> str:
    counts = (
        (told(verdict.label), sum(one.verdict is verdict for one in suspects))
        for verdict in sorted(Verdict, reverse=True)
    )
    return _(", ").join(f"{count:,} {label}" for label, count in counts if count)


def _rate(totals: Totals) -> Figure:
    """The hash rate of the only algorithm, or how many there are; the table has them all."""
    from netminedet.estimate import spelled_rate

    name = _("Hash rate")
    if not totals.rates:
        return Figure(name, "–", _("too few shares for a rate") if totals.hosts else "")
    largest = max(totals.rates, key=lambda one: one.hosts)
    rate = largest.rate
    typical = spelled_rate(rate.typical or 0.0, rate.unit)
    note = largest.algorithm + _(": ") + ranged(rate.low, rate.high, rate.unit)
    if len(totals.rates) > 1:
        others = len(totals.rates) - 1
        note += _("; ") + ngettext("{n} more algorithm below", "{n} more algorithms below", others).format(
            n=others
        )
    return Figure(name, typical, note)


def _power(totals: Totals) -> tuple[Figure, Figure]:
    power, name, energy = totals.power, _("Power"), _("Energy a day")
    if power is None:
        return Figure(name, "–"), Figure(energy, "–")
    hosts = ngettext("of {n} host", "of {n} hosts", totals.power_hosts).format(n=f"{totals.power_hosts:,}")
    kw, kwh = interval(power.low_kw, power.high_kw), interval(power.low_kwh_day, power.high_kwh_day)
    return (
        Figure(name, f"{spelled(power.typical_kw)} kW", f"{kw} kW{_(', ')}{hosts}"),
        Figure(energy, f"{spelled(power.typical_kwh_day)} kWh", f"{kwh} kWh"),
    )


def _traffic(suspects: Sequence[Suspect], inputs: Sequence[InputInfo]) -> tuple[Figure]:
    total = sum(one.bytes for one in suspects)
    seconds = watched_seconds(inputs)
    note = _("mean {rate} while recorded").format(rate=bits(total * 8 / seconds)) if seconds >= 1 else ""
    return (Figure(_("Traffic with pools"), size(total), note),)


def _shares(shares: Shares) -> Figure:
    note = _("{accepted} accepted, {rejected} rejected")
    note = note.format(accepted=f"{shares.accepted:,}", rejected=f"{shares.rejected:,}")
    return Figure(_("Shares handed in"), f"{shares.submitted:,}", note)


def _coins(suspects: Sequence[Suspect]) -> Figure:
    coins = sorted({coin for one in suspects for coin in one.coins})
    return Figure(_("Coins"), f"{len(coins):,}", _names(coins))


def _names(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - _NAMED
    return _(", ").join(listed[:_NAMED]) + (" " + _("and {n} more").format(n=f"{more:,}") if more > 0 else "")
