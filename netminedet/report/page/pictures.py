"""Which charts a report is shown with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate

from msgspec import Struct

from netminedet.language import _, ngettext, told
from netminedet.model import Suspect
from netminedet.report.page.groups import Group, counted_shares, group, mined_at
from netminedet.report.page.moments import Clock
from netminedet.report.page.summary import Summary
from netminedet.report.text import amount, printable

#: Rows of a chart of time, and of bars; of the rest it is told how many they are.
STRETCHES = 30
BARS = 10
#: Characters of a label.
_LABEL_LIMIT = 60


class Picture(Struct, frozen=True):
    """A chart with its heading; ``narrow`` is the same for a telephone, where it needs to be another."""

    heading: str
    svg: str
    note: str = ""
    narrow: str = ""

    @property
    def is_wide(self) -> bool:
        return bool(self.narrow)


def pictures_of(suspects: Sequence[Suspect], summary: Summary, clock: Clock) -> list[Picture]:
    """The charts that have something to show."""
    if not suspects:
        return []
    return [_timeline(suspects, clock), *_rates(summary), *_shares(suspects), *_activity(suspects, clock)]


def _timeline(suspects: Sequence[Suspect], clock: Clock) -> Picture:
    from netminedet.report.page.charts import NARROW, WIDE, Stretch, stretches

    entries = [
        Stretch(
            suspect.host,
            suspect.first_seen,
            suspect.last_seen,
            tuple(sorted({evidence.where.time_ns for evidence in suspect.evidence})),
            suspect.verdict.label,
        )
        for suspect in suspects[:STRETCHES]
    ]
    heading = _("When they mined")
    note = _("From the first to the last sign of each host, in {zone}; ticks are pieces of evidence.")
    note = note.format(zone=clock.name)
    if len(suspects) > STRETCHES:
        more = _("The first {shown} of {all} hosts; the table has all of them.")
        note += " " + more.format(shown=STRETCHES, all=f"{len(suspects):,}")
    wide, narrow = (
        stretches(f"time-{width}", entries, (heading, note), clock.zone, width) for width in (WIDE, NARROW)
    )
    return Picture(heading, wide, note, narrow)


def _activity(suspects: Sequence[Suspect], clock: Clock) -> Iterator[Picture]:
    if len(suspects) <= STRETCHES:
        return
    from netminedet.report.page.charts import NARROW, WIDE, hosts_over_time

    changes: Counter[int] = Counter()
    for suspect in suspects:
        changes[suspect.first_seen] += 1
        changes[suspect.last_seen + 1] -= 1
    times = sorted(changes)
    steps = times, list(accumulate(changes[moment] for moment in times))
    heading, note = _("Hosts over time"), _("How many hosts were between their first and their last sign.")
    wide, narrow = (
        hosts_over_time(f"hosts-{width}", steps, (heading, note), clock.zone, width)
        for width in (WIDE, NARROW)
    )
    yield Picture(heading, wide, note, narrow)


def _rates(summary: Summary) -> Iterator[Picture]:
    from netminedet.estimate import spelled_rate
    from netminedet.report.page.charts import Span, ranges

    entries = [
        Span(
            printable(one.algorithm, _LABEL_LIMIT),
            one.rate.low,
            one.rate.typical,
            one.rate.high,
            spelled_rate(one.rate.typical, one.rate.unit),
        )
        for one in summary.totals.rates
        if one.rate.low and one.rate.typical and one.rate.high
    ]
    if entries:
        heading = _("Hash rate by algorithm")
        note = _("Dot: likely; bar: range; a second, on a logarithmic scale.")
        yield Picture(heading, ranges("rates", entries, (heading, note)), note)


def _shares(suspects: Sequence[Suspect]) -> Iterator[Picture]:
    counted = counted_shares(suspects)
    yield _bars("pools", _("Shares by pool"), group(counted, mined_at))
    yield _bars("coins", _("Shares by coin"), group(counted, lambda suspect: suspect.coins))


def _bars(name: str, heading: str, groups: Sequence[Group]) -> Picture:
    """Shares of each group; hosts where nobody handed in any."""
    from netminedet.report.page.charts import Bar, bars

    by_shares = any(one.shares.submitted for one in groups)
    entries = []
    for one in groups[:BARS]:
        hosts = ngettext("{n} host", "{n} hosts", one.hosts).format(n=f"{one.hosts:,}")
        number = one.shares.submitted
        shown = f"{amount(number)} · {hosts}" if by_shares else hosts
        label = told(one.name) if one.is_word else printable(one.name, _LABEL_LIMIT)
        entries.append(Bar(label, number if by_shares else one.hosts, shown))
    note = _("Shares handed in, and hosts.") if by_shares else _("Hosts; none handed in shares.")
    if len(groups) > BARS:
        note += " " + _("The largest {shown} of {all}.").format(shown=BARS, all=f"{len(groups):,}")
    return Picture(heading, bars(name, entries, (heading, note)), note)
