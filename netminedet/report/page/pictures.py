"""Which charts a report is shown with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from msgspec import Struct

from netminedet.language import _, told
from netminedet.report.page.amounts import sentences
from netminedet.report.page.areas import named_by
from netminedet.report.page.groups import Group, counted_shares, group, mined_at
from netminedet.report.page.moments import Clock
from netminedet.report.page.summary import Summary
from netminedet.report.text import amount, plural, printable
from netminedet.suspects import Suspect

if TYPE_CHECKING:
    from netminedet.estimate import RateEstimate
    from netminedet.report.page.charts import Span

#: Rows of a chart of time, and of bars; of the rest it is told how many they are.
STRETCHES = 30
BARS = 10
#: Steps of the line that shows how many hosts were active.
STEPS = 500
#: Algorithms whose hash rate is shown by city.
ALGORITHMS = 3
#: Characters of a label.
_LABEL_LIMIT = 60
#: Rates outside of these are in tables alone: a document may come from anybody, and state any number.
_DRAWABLE = (1e-9, 1e27)


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
    pictures = [_timeline(suspects, clock), *_rates(summary), *_shares(suspects)]
    return [*pictures, *_areas(suspects), *_activity(suspects, clock)]


def _timeline(suspects: Sequence[Suspect], clock: Clock) -> Picture:
    from netminedet.report.page.charts import NARROW, WIDE, Stretch, in_use, stretches
    from netminedet.report.page.timescale import pieces_of

    entries = [
        Stretch(
            suspect.host,
            _spans(suspect),
            tuple(sorted({evidence.where.time_ns for evidence in suspect.evidence})),
            suspect.verdict.label,
        )
        for suspect in suspects[:STRETCHES]
    ]
    heading = _("When they mined")
    note = _("Bars: connections in which each host mined, in {zone}; line: from its first to its last sign.")
    note = sentences(note.format(zone=clock.name), _("Ticks are pieces of evidence."))
    if len(pieces_of(in_use(entries))) > 1:
        note = sentences(note, _("Days between in which nobody mined are left out."))
    if len(suspects) > STRETCHES:
        more = _("The first {shown} of {all} hosts; the table has all of them.")
        note = sentences(note, more.format(shown=STRETCHES, all=f"{len(suspects):,}"))
    wide, narrow = (
        stretches(f"time-{width}", entries, (heading, note), clock.zone, width) for width in (WIDE, NARROW)
    )
    return Picture(heading, wide, note, narrow)


def _spans(suspect: Suspect) -> tuple[tuple[int, int], ...]:
    """From the first to the last that was seen of it, and then when its connections were."""
    spans = [(one.first_seen, one.last_seen) for one in suspect.connections]
    return ((suspect.first_seen, suspect.last_seen), *spans)


def _areas(suspects: Sequence[Suspect]) -> Iterator[Picture]:
    """Where a ledger says whose the addresses are."""
    counted = counted_shares(suspects)
    headings = (("operator", _("Shares by operator")), ("city", _("Shares by city")))
    for by, heading in headings:
        names_of = named_by(by)
        if any(map(names_of, suspects)):
            yield _bars(by, heading, group(counted, names_of))
    yield from _rates_by_city(suspects)


def _rates_by_city(suspects: Sequence[Suspect]) -> Iterator[Picture]:
    """A chart for each of the algorithms that most hosts mine with."""
    from netminedet.estimate.totals import totals_of
    from netminedet.report.page.charts import ranges
    from netminedet.whose.groups import grouped

    cities = [(one.name, totals_of(one.suspects)) for one in grouped(suspects, "city") if one.name]
    hosts = Counter({one.algorithm: one.hosts for one in totals_of(suspects).rates})
    for number, (algorithm, _hosts) in enumerate(hosts.most_common(ALGORITHMS)):
        entries = [
            span
            for name, totals in cities
            for one in totals.rates
            if one.algorithm == algorithm and (span := _span(name, one.rate)) is not None
        ]
        entries.sort(key=lambda entry: -entry.typical)
        if entries:
            heading = _("Hash rate by city: {algorithm}").format(algorithm=printable(algorithm, 30))
            note = _rate_note(len(entries))
            yield Picture(heading, ranges(f"city-{number}", entries[:BARS], (heading, note)), note)


def _span(label: str, rate: RateEstimate) -> Span | None:
    """A line of a chart of rates; None where there is no rate, or one that is no machine's."""
    from netminedet.report.page.charts import Span

    low, typical, high = rate.low or 0.0, rate.typical or 0.0, rate.high or 0.0
    if not _DRAWABLE[0] < low <= typical <= high < _DRAWABLE[1]:
        return None
    return Span(printable(label, _LABEL_LIMIT), low, typical, high, printable(rate.unit, 10))


def _rate_note(entries: int) -> str:
    return sentences(_("Dot: likely; bar: range; a second, on a logarithmic scale."), _left_out(entries))


def _left_out(entries: int) -> str:
    """How many entries a chart has not; empty where it has all."""
    if entries <= BARS:
        return ""
    return _("The largest {shown} of {all}.").format(shown=BARS, all=f"{entries:,}")


def _activity(suspects: Sequence[Suspect], clock: Clock) -> Iterator[Picture]:
    if len(suspects) <= STRETCHES:
        return
    from netminedet.report.page.charts import NARROW, WIDE, hosts_over_time

    changes: Counter[int] = Counter()
    for suspect in suspects:
        changes[suspect.first_seen] += 1
        changes[suspect.last_seen + 1] -= 1
    times = sorted(changes)
    steps = thinned(times, list(accumulate(changes[moment] for moment in times)))
    heading, note = _("Hosts over time"), _("How many hosts were between their first and their last sign.")
    wide, narrow = (
        hosts_over_time(f"hosts-{width}", steps, (heading, note), clock.zone, width)
        for width in (WIDE, NARROW)
    )
    yield Picture(heading, wide, note, narrow)


def thinned(times: list[int], numbers: list[int]) -> tuple[list[int], list[int]]:
    """At most ``STEPS`` of the steps, and the last: of those between two that are kept, the highest number.

    >>> thinned([1, 2, 9], [4, 5, 0])
    ([1, 2, 9], [4, 5, 0])
    """
    run = -(-len(times) // STEPS)
    kept = range(0, len(times) - 1, run)
    return [*times[:-1:run], times[-1]], [*(max(numbers[at : at + run]) for at in kept), numbers[-1]]


def _rates(summary: Summary) -> Iterator[Picture]:
    from netminedet.report.page.charts import ranges

    entries = [span for one in summary.totals.rates if (span := _span(one.algorithm, one.rate)) is not None]
    if entries:
        heading = _("Hash rate by algorithm")
        note = _rate_note(0)
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
        hosts = plural(one.hosts, "host")
        number = one.shares.submitted
        shown = f"{amount(number)} · {hosts}" if by_shares else hosts
        label = told(one.name) if one.is_word else printable(one.name, _LABEL_LIMIT)
        entries.append(Bar(label, number if by_shares else one.hosts, shown))
    note = _("Shares handed in, and hosts.") if by_shares else _("Hosts; none handed in shares.")
    note = sentences(note, _left_out(len(groups)))
    return Picture(heading, bars(name, entries, (heading, note)), note)
