"""The suspects by operator, city and so on, where a ledger says whose their addresses are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from netminedet.language import N_, _, ngettext
from netminedet.report.page.amounts import interval, ranged
from netminedet.report.page.groups import counted_shares
from netminedet.report.sizes import spelled
from netminedet.report.text import plural, printable
from netminedet.suspects import Shares, Suspect, Verdict
from netminedet.whose.groups import GROUPINGS, Group, grouped

#: What groups are called by, in the order of ``GROUPINGS``.
HEADINGS = (N_("By operator"), N_("By city"), N_("By county"), N_("By unit"), N_("By kind of unit"))
#: Lines of one table.
MAX_AREAS_SHOWN = 60


class Area(Struct, frozen=True):
    """One line: its numbers are those of the report's head, for these hosts alone."""

    name: str
    hosts: int
    #: by verdict, the highest first
    verdicts: tuple[int, ...]
    #: by algorithm: its name, the likely rate, the range
    rates: tuple[tuple[str, str, str], ...]
    kw: str
    kwh_day: str
    shares: Shares


class AreaTable(Struct, frozen=True):
    """One way to group, and how many groups it has that are not shown."""

    by: str
    heading: str
    areas: tuple[Area, ...]
    more: int


def area_tables(suspects: Sequence[Suspect]) -> list[AreaTable]:
    """A table for each way to group by which any suspect is known."""
    tables = []
    counted = {id(suspect) for suspect in counted_shares(suspects)}
    for by, heading in zip(GROUPINGS, HEADINGS, strict=True):
        groups = grouped(suspects, by)
        if any(group.name for group in groups):
            areas = tuple(_area(group, counted) for group in groups[:MAX_AREAS_SHOWN])
            tables.append(AreaTable(by, _(heading), areas, max(0, len(groups) - MAX_AREAS_SHOWN)))
    return tables


def ledger_sentence(suspects: Sequence[Suspect]) -> str:
    """To how many units, operators and cities the hosts belong; empty where no ledger was asked."""
    units = [suspect.unit for suspect in suspects if suspect.unit is not None]
    if not units:
        return ""
    cities = len({one.city for one in units if one.city})
    counts = (
        plural(len({one.unit for one in units if one.unit}), "unit"),
        plural(len({one.operator for one in units if one.operator}), "operator"),
        ngettext("{n} city", "{n} cities", cities).format(n=f"{cities:,}"),
    )
    text = _("{hosts} of them are in the ledger: {counts}.")
    return text.format(hosts=f"{len(units):,}", counts=_(", ").join(counts))


def named_by(by: str) -> Callable[[Suspect], list[str]]:
    """A function that gives a suspect's group by one of ``GROUPINGS``; none where it is not known."""

    def names(suspect: Suspect) -> list[str]:
        name = "" if suspect.unit is None else getattr(suspect.unit, by)
        return [name] if name else []

    return names


def _area(group: Group, counted: set[int]) -> Area:
    from netminedet.estimate import spelled_rate
    from netminedet.estimate.totals import totals_of

    totals = totals_of(group.suspects)
    power = totals.power
    return Area(
        name=printable(group.name, 80) or _("not in the ledger"),
        hosts=len(group.suspects),
        verdicts=tuple(group.count(verdict) for verdict in sorted(Verdict, reverse=True)),
        rates=tuple(
            (
                printable(one.algorithm, 30),
                spelled_rate(one.rate.typical or 0.0, one.rate.unit),
                ranged(one.rate.low, one.rate.high, one.rate.unit),
            )
            for one in totals.rates
        ),
        kw="" if power is None else f"{spelled(power.typical_kw)} ({interval(power.low_kw, power.high_kw)})",
        kwh_day=""
        if power is None
        else f"{spelled(power.typical_kwh_day)} ({interval(power.low_kwh_day, power.high_kwh_day)})",
        shares=sum((one.shares for one in group.suspects if id(one) in counted), Shares()),
    )
