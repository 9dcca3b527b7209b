"""The table of suspects: a line each, short enough for ten thousand of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from netminedet.language import _, told
from netminedet.report.holder_lines import subscriber_text
from netminedet.report.page.amounts import interval, ranged, share_counts
from netminedet.report.page.groups import address
from netminedet.report.page.moments import Clock
from netminedet.report.sizes import spelled
from netminedet.report.text import printable, size
from netminedet.suspects import Pool, Suspect

#: Pools, coins, dialects, workers of a suspect that its line shows; how many more there are stands behind.
SHOWN = 2
#: Characters of a name in a line.
_NAME_LIMIT = 44

#: Width of the bar of time, in its own units.
BAR = 100


class Row(Struct, frozen=True):
    """What one line shows; the numbers beside are what it is sorted by."""

    number: int
    suspect: Suspect
    #: whether the page has a section for it
    told: bool
    verdict: str
    role: str
    #: whose its address is
    holder: tuple[str, ...]
    coins: str
    dialects: str
    pools: tuple[str, ...]
    more_pools: int
    worker: str
    shares: str
    rate: str
    rate_lines: tuple[str, ...]
    rate_sort: float
    power: str
    power_range: str
    power_sort: float
    traffic: str
    first: str
    last: str
    bar: tuple[float, float]
    reason: str


class Scale(Struct, frozen=True):
    """The stretch of time that all bars share, nanoseconds."""

    first: int
    last: int

    def place(self, moment: int) -> float:
        """Where a moment is on a bar."""
        return BAR * (moment - self.first) / max(1, self.last - self.first)


def scale_of(suspects: Sequence[Suspect]) -> Scale:
    """From the first that was seen of any suspect to the last."""
    return Scale(
        min((one.first_seen for one in suspects), default=0),
        max((one.last_seen for one in suspects), default=0),
    )


def row_of(number: int, suspect: Suspect, scale: Scale, clock: Clock, *, has_section: bool) -> Row:
    """The line of a suspect."""
    rate, rate_lines, rate_sort = _rate(suspect)
    power, power_range, power_sort = _power(suspect)
    start = scale.place(suspect.first_seen)
    return Row(
        number=number,
        suspect=suspect,
        told=has_section,
        verdict=told(suspect.verdict.label),
        role=told(suspect.role.value),
        holder=tuple(_holder(suspect)),
        coins=_few(suspect.coins),
        dialects=_few(suspect.dialects),
        pools=tuple(shown_pool(pool) for pool in suspect.pools[:SHOWN]),
        more_pools=max(0, len(suspect.pools) - SHOWN),
        worker=_few(suspect.workers[:1]) + _more(suspect.workers, 1),
        shares=share_counts(suspect.shares),
        rate=rate,
        rate_lines=rate_lines,
        rate_sort=rate_sort,
        power=power,
        power_range=power_range,
        power_sort=power_sort,
        traffic=size(suspect.bytes),
        first=clock.second(suspect.first_seen),
        last=clock.until(suspect.first_seen, suspect.last_seen),
        bar=(start, max(2.0, scale.place(suspect.last_seen) - start)),
        reason=told(suspect.reasons[0]) if suspect.reasons else "",
    )


def shown_pool(pool: Pool) -> str:
    """A pool's name, or its address."""
    return printable(pool.name, _NAME_LIMIT) if pool.name else address(pool)


def _holder(suspect: Suspect) -> Iterator[str]:
    """Whose the address is and where, as far as anybody said: the unit, its place, subscribers."""
    unit, place = suspect.unit, suspect.places.get(suspect.host)
    if unit is not None:
        yield from filter(
            None, (printable(unit.unit, _NAME_LIMIT), _joined(unit.county, unit.city, unit.operator))
        )
    elif place is not None:
        yield _joined(place.city, place.region, place.country)
    if suspect.behind is not None and suspect.behind.subscribers:
        first = suspect.behind.subscribers[0].subscriber
        yield subscriber_text(first) + _more(suspect.behind.subscribers, 1)


def _joined(*names: str) -> str:
    return _(", ").join(printable(name, _NAME_LIMIT) for name in names if name)


def _few(names: Sequence[str]) -> str:
    return _(", ").join(printable(name, _NAME_LIMIT) for name in names[:SHOWN]) + _more(names, SHOWN)


def _more(names: Sequence[object], shown: int) -> str:
    return f" +{len(names) - shown}" if len(names) > shown else ""


def _rate(suspect: Suspect) -> tuple[str, tuple[str, ...], float]:
    """The first algorithm's rate, or its upper bound; what stands below it; how it sorts."""
    if not suspect.hash_rates:
        return "", (), 0.0
    from netminedet.estimate import spelled_rate

    one = suspect.hash_rates[0]
    rate, more, algorithm = one.rate, _more(suspect.hash_rates, 1), printable(one.algorithm, 30)
    if rate.typical is None or rate.low is None or rate.high is None:
        return (
            ("", (), 0.0)
            if rate.high is None
            else (f"≤ {spelled_rate(rate.high, rate.unit)}{more}", (algorithm,), 0.0)
        )
    return (
        spelled_rate(rate.typical, rate.unit) + more,
        (algorithm, ranged(rate.low, rate.high, rate.unit)),
        rate.typical,
    )


def _power(suspect: Suspect) -> tuple[str, str, float]:
    """The power of all its algorithms together."""
    powers = [one.power for one in suspect.hash_rates if one.power is not None]
    if not powers:
        return "", "", 0.0
    low, typical, high = (
        sum(getattr(power, name) for power in powers) for name in ("low_kw", "typical_kw", "high_kw")
    )
    return f"{spelled(typical)} kW", interval(low, high), typical
