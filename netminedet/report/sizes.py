"""Hash rates and power in few words, for the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netminedet.language import N_, _, ngettext, told
from netminedet.report.text import plural, printable
from netminedet.suspects import Suspect

if TYPE_CHECKING:
    from netminedet.estimate import PowerEstimate, RateEstimate
    from netminedet.estimate.host import HashRate

#: Algorithms told of one suspect.
_ALGORITHMS = 3

#: Whose power the table took.
_BASES = {
    "device": N_("assuming its model"),
    "family": N_("assuming a device of its kind"),
    "algorithm": N_("assuming any device"),
}


def size_lines(suspect: Suspect) -> list[str]:
    """What is known of a suspect's size: a line for each algorithm, and one for the rigs behind it."""
    lines = [_line(one) for one in suspect.hash_rates[:_ALGORITHMS]]
    if len(suspect.hash_rates) > _ALGORITHMS:
        more = len(suspect.hash_rates) - _ALGORITHMS
        lines.append(ngettext("+{n} more algorithm", "+{n} more algorithms", more).format(n=more))
    if suspect.rigs:
        rigs = plural(suspect.rigs, "rig")
        lines.append(_("{rigs} behind it, by different logins or nonces").format(rigs=rigs))
    return lines


def size_cell(suspect: Suspect) -> list[str]:
    """The same for a narrow column: a rate, the upper bound where there is none, and the power."""
    if not suspect.hash_rates:
        return ["-"]
    from netminedet.estimate import spelled_rate
    from netminedet.estimate.rate import SHARES_MIN

    one = suspect.hash_rates[0]
    rate = one.rate
    if rate.typical is not None:
        lines = [spelled_rate(rate.typical, rate.unit)]
    else:
        few = _("no rate") if rate.shares >= SHARES_MIN else _("few shares")
        lines = [few] if rate.high is None else [f"< {spelled_rate(rate.high, rate.unit)}"]
    if one.power is not None:
        lines.append(f"{spelled(one.power.typical_kw)} kW")
    if len(suspect.hash_rates) > 1:
        lines.append(_("+{number} more").format(number=len(suspect.hash_rates) - 1))
    return lines


def total_lines(suspects: Sequence[Suspect]) -> list[str]:
    """The sums over the suspects that mine themselves; nothing where no share was measured."""
    if not any(suspect.hash_rates for suspect in suspects):
        return []
    from netminedet.estimate.totals import COUNTED_ROLES, totals_of

    totals = totals_of(suspects)
    known = sum(one.hosts for one in totals.rates)
    lines = [plural(totals.hosts, "miner")]
    if totals.hosts and not known:
        lines[0] = _("{miners}, too few shares for a hash rate").format(miners=lines[0])
    for one in totals.rates:
        rate = _(", ").join((ranged_rate(one.rate), plural(one.hosts, "host")))
        lines.append(printable(one.algorithm, 40) + _(": ") + rate)
    if totals.power is not None:
        lines.append(_(", ").join((ranged_power(totals.power), plural(totals.power_hosts, "host"))))
    if any(suspect.hash_rates and suspect.role not in COUNTED_ROLES for suspect in suspects):
        lines.append(_("proxies and pools left out: their shares are their miners'"))
    return lines


def ranged_rate(rate: RateEstimate) -> str:
    """ "17.5 TH/s (4.47–45.8)", or "1.03 kH/s (748 H/s – 1.39 kH/s)" where the units differ."""
    from netminedet.estimate import spelled_rate

    ends = (rate.low or 0.0, rate.typical or 0.0, rate.high or 0.0)
    low, typical, high = (spelled_rate(end, rate.unit) for end in ends)
    if len({end.partition(" ")[2] for end in (low, typical, high)}) > 1:
        return f"{typical} ({low} – {high})"
    return f"{typical} ({low.partition(' ')[0]}–{high.partition(' ')[0]})"


def ranged_power(power: PowerEstimate) -> str:
    """ "0.66 kW (0.0849–4.58), 15.8 kWh a day (2.04–110)"."""
    kw = f"{spelled(power.typical_kw)} kW ({spelled(power.low_kw)}–{spelled(power.high_kw)})"
    low, typical, high = (
        spelled(amount) for amount in (power.low_kwh_day, power.typical_kwh_day, power.high_kwh_day)
    )
    day = _("{typical} kWh a day ({low}–{high})").format(typical=typical, low=low, high=high)
    return kw + _(", ") + day


def spelled(amount: float) -> str:
    """A positive amount in two or three digits.

    >>> spelled(0.0042), spelled(0.66021), spelled(15.845), spelled(12345.6)
    ('<0.01', '0.66', '15.8', '12,346')
    """
    if amount < 0.01:
        return "<0.01" if amount > 0 else "0"
    return f"{amount:.2g}" if amount < 1 else f"{amount:.3g}" if amount < 999.5 else f"{amount:,.0f}"


def _line(one: HashRate) -> str:
    from netminedet.estimate import spelled_rate

    rate = one.rate
    algorithm = printable(one.algorithm, 40)
    if rate.typical is None:
        words = printable(told(rate.method).partition(_("; ").rstrip())[0])
        if rate.high is not None:
            words = _("{words}, at most {rate}").format(words=words, rate=spelled_rate(rate.high, rate.unit))
    else:
        words = ranged_rate(rate)
        if rate.counted.value == "submitted":
            words = _("{rate} from shares without seen answers").format(rate=words)
    parts = [words]
    if one.reported is not None and one.reported.typical is not None:
        reported = spelled_rate(one.reported.typical, one.reported.unit)
        parts.append(_("reported by itself: {rate}").format(rate=reported))
    if one.power is not None:
        basis = _(_BASES.get(one.power.basis, _BASES["algorithm"]))
        parts.append(_("{power} {assuming}").format(power=ranged_power(one.power), assuming=basis))
    return algorithm + _(": ") + _("; ").join(parts)
