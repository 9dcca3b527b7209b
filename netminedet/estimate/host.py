"""How big one host is: hash rate and power from the shares of all its flows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from netminedet.estimate.algorithms import ALGORITHMS, UNKNOWN, Guess, algorithm_of
from netminedet.estimate.power import PowerEstimate, PowerTable, is_computer, kind_word
from netminedet.estimate.rate import Counted, RateEstimate, Window, estimate_rate, no_rate, reported_rate
from netminedet.estimate.work import Work, number, work_of
from netminedet.language import N_, Sentence, sentence
from netminedet.model import RECKONED
from netminedet.signatures.agents import Agent

_NO_MEASURE = N_("it is not known how many hashes one stands for")


class SharesOfFlow(Struct, frozen=True):
    """The shares of one flow, with what they are measured by, and when work was done."""

    dialect: str
    #: (difficulty, target, algo) as in the messages -> shares; empty texts where unknown
    measures: dict[tuple[str, str, str], int]
    counted: Counted
    #: the measure in force last, for a bound where there are too few shares and ``spent`` tells none
    in_force: tuple[str, str, str]
    #: first job, or first message; last message; nanoseconds
    first_ns: int
    last_ns: int
    #: shares and jobs: see ``rate.Window``
    moments: int
    #: the beginning of the conversation was seen
    begin_known: bool
    coins: tuple[str, ...] = ()
    #: coins that the wallets tell
    paid: tuple[str, ...] = ()
    agents: tuple[Agent, ...] = ()
    #: algorithms that machine, pool and programs tell, the surest first
    hints: tuple[str, ...] = ()
    #: measure -> nanoseconds that it was in force
    spent: dict[tuple[str, str, str], int] = field(default_factory=dict)
    #: rates that the miner itself reported, as texts
    reported: tuple[str, ...] = ()


class HashRate(Struct, frozen=True):
    """The hash rate of a host on one algorithm, and the power that takes."""

    algorithm: str
    rate: RateEstimate
    #: what else the numbers may mean; empty where there is no doubt
    ambiguity: str
    reported: RateEstimate | None
    power: PowerEstimate | None


class _Group(Struct):
    """Flows of one algorithm, unit and way of counting."""

    works: Counter[int] = field(default_factory=Counter)
    flows: list[SharesOfFlow] = field(default_factory=list)
    #: what a share stood for, on an average over the time, in the flow where that was most
    in_force: float = 0.0
    ambiguity: str = ""
    #: what some shares stand for was reckoned from their hashes
    reckoned: bool = False
    #: shares of which nothing tells what they stand for
    unmeasured: int = 0


def hash_rates(flows: Iterable[SharesOfFlow], power: PowerTable) -> tuple[HashRate, ...]:
    """One entry for each algorithm that shares, or a difficulty, were seen of; by name.

    Two, where some flows' shares were answered and others' were not.
    """
    groups: dict[tuple[str, str, Counted], _Group] = {}
    for flow in flows:
        _add(groups, flow)
    _join_without_shares(groups)
    found = []
    for (algorithm, unit, counted), group in sorted(groups.items()):
        seconds, span = _seconds(group.flows, algorithm)
        rate = estimate_rate(
            group.works,
            seconds,
            unit,
            counted=counted,
            in_force=group.in_force or None,
            span=span,
            reckoned=group.reckoned,
        )
        if group.unmeasured and not group.works and not group.in_force:
            rate = no_rate(group.unmeasured, seconds, unit, counted, group.ambiguity or _NO_MEASURE)
        watts = _power(power, rate, algorithm, group.flows)
        if watts is None and rate.typical is not None and is_computer(_families(group.flows)):
            rate = replace(rate, method=_without_power(rate, algorithm, group.flows))
        claimed = reported_rate(_reported(group.flows), unit)
        found.append(HashRate(algorithm, rate, group.ambiguity, claimed, watts))
    return tuple(found)


def _join_without_shares(groups: dict[tuple[str, str, Counted], _Group]) -> None:
    """Flows without any share lack no answers: they add their time to those whose shares were answered."""
    for key in [key for key in groups if key[2] is Counted.SUBMITTED]:
        answered, group = groups.get((*key[:2], Counted.ACCEPTED)), groups[key]
        if answered is not None and not group.works and not group.unmeasured:
            answered.flows += group.flows
            answered.in_force = max(answered.in_force, group.in_force)
            answered.ambiguity = answered.ambiguity or group.ambiguity
            del groups[key]


def _add(groups: dict[tuple[str, str, Counted], _Group], flow: SharesOfFlow) -> None:
    latest = _work(flow, flow.in_force)
    mined = set()
    for measure, shares in flow.measures.items():
        work = _work(flow, measure) or latest
        if work is not None:
            group = groups.setdefault((work.algorithm, work.unit, flow.counted), _Group())
            group.works[work.hashes] += shares
            group.reckoned |= measure[0].startswith(RECKONED)
            group.ambiguity = work.ambiguity
            if measure not in flow.spent:  # for how long it was in force is not known
                group.in_force = max(group.in_force, float(work.hashes))
            mined.add((work.algorithm, work.unit))
    for work, hashes in _in_force(flow, latest):
        group = groups.setdefault((work.algorithm, work.unit, flow.counted), _Group())
        group.in_force = max(group.in_force, hashes)
        group.ambiguity = work.ambiguity
        mined.add((work.algorithm, work.unit))
    if not mined:
        _add_unmeasured(groups, flow)
    for algorithm, unit in mined:
        groups[algorithm, unit, flow.counted].flows.append(flow)


def _in_force(flow: SharesOfFlow, latest: Work | None) -> Iterable[tuple[Work, float]]:
    """Of each algorithm, what a share stood for over the time: each measure's part is that in which it was in
    force.  A rate R finds R / w shares a second where one stands for w: the mean is a harmonic one."""
    if latest is None:
        return
    works: dict[tuple[str, str], Work] = {(latest.algorithm, latest.unit): latest}
    time: Counter[tuple[str, str]] = Counter()
    expected: defaultdict[tuple[str, str], float] = defaultdict(float)
    for measure, spent in flow.spent.items():
        work = _work(flow, measure) if spent > 0 else None
        if work is not None:
            key = work.algorithm, work.unit
            works.setdefault(key, work)
            time[key] += spent
            expected[key] += spent / work.hashes
    for key, work in works.items():
        yield work, time[key] / expected[key] if expected[key] else float(work.hashes)


def _add_unmeasured(groups: dict[tuple[str, str, Counted], _Group], flow: SharesOfFlow) -> None:
    """A flow of which nothing is known but the rate that its miner claims, or why its shares give none."""
    guess = _guess(flow, flow.in_force[2]) or Guess(UNKNOWN)
    shares = sum(flow.measures.values())
    is_told = guess.algorithm == UNKNOWN and bool(guess.ambiguity)
    if flow.reported or (shares and is_told):
        unit = ALGORITHMS[guess.algorithm].unit
        group = groups.setdefault((guess.algorithm, unit, flow.counted), _Group())
        group.ambiguity = group.ambiguity or guess.ambiguity
        group.unmeasured += shares
        group.flows.append(flow)


def _guess(flow: SharesOfFlow, algo: str) -> Guess | None:
    return algorithm_of(flow.dialect, flow.coins, _hints(flow, algo), flow.paid)


def _hints(flow: SharesOfFlow, algo: str) -> list[str]:
    return [*([algo] if algo else []), *flow.hints]


def _work(flow: SharesOfFlow, measure: tuple[str, str, str]) -> Work | None:
    difficulty, target, algo = measure
    if not difficulty and not target:
        return None
    return work_of(
        flow.dialect,
        difficulty=difficulty or None,
        target=target or None,
        coins=flow.coins,
        hints=_hints(flow, algo),
        paid=flow.paid,
    )


def _seconds(flows: Sequence[SharesOfFlow], algorithm: str) -> tuple[float, float]:
    """The time in which any of the flows worked on the algorithm, and what of it was watched for certain.

    Overlapping flows count once; of a flow whose jobs changed the algorithm its part of the time counts.
    """
    windows: list[Window] = []
    parts: list[_Part] = []
    for flow in sorted(flows, key=lambda flow: (flow.first_ns, flow.last_ns)):
        last = windows[-1] if windows else None
        if last is not None and flow.first_ns <= last.last_ns:
            end = max(last.last_ns, flow.last_ns)
            windows[-1] = replace(last, last_ns=end, moments=last.moments + flow.moments)
        else:
            windows.append(Window(flow.first_ns, flow.last_ns, flow.moments, begin_known=flow.begin_known))
            parts.append(_Part())
        parts[-1].add(flow, algorithm)
    weighted = list(zip(windows, (part.value for part in parts), strict=True))
    return (
        sum(window.seconds * part for window, part in weighted),
        sum(window.span * part for window, part in weighted),
    )


class _Part(Struct):
    """Which part of their time flows spent on an algorithm."""

    on_it: float = 0.0
    whole: float = 0.0

    def add(self, flow: SharesOfFlow, algorithm: str) -> None:
        spent: Counter[str] = Counter()
        for (_, _, algo), time in flow.spent.items():
            guess = _guess(flow, algo) if algo else None
            spent[guess.algorithm if guess is not None else ""] += time
        whole = float(flow.last_ns - flow.first_ns)
        part = spent[algorithm] / spent.total() if spent.total() > 0 and len(spent) > 1 else 1.0
        self.on_it += part * whole
        self.whole += whole

    @property
    def value(self) -> float:
        return self.on_it / self.whole if self.whole > 0 else 1.0


def _reported(flows: Iterable[SharesOfFlow]) -> list[float]:
    """Rates in hashes a second: hexadecimal with 0x (eth_submitHashrate), else decimal."""
    values = []
    for text in (text for flow in flows for text in flow.reported):
        try:
            values.append(float(int(text, 16)) if text[:2].lower() == "0x" else float(number(text) or 0))
        except (ValueError, OverflowError):
            continue
    return values


def _power(
    table: PowerTable, rate: RateEstimate, algorithm: str, flows: Sequence[SharesOfFlow]
) -> PowerEstimate | None:
    """By the one device that the agents name, else by their family, else by the algorithm.

    None for a market place whose program says nothing of machines: what it sells is made elsewhere.
    """
    agents = [agent for flow in flows for agent in flow.agents]
    if any(agent.kind == "market" and not agent.power for agent in agents):
        return None
    models = {agent.hardware for agent in agents if agent.hardware}
    hardware = models.pop() if len(models) == 1 else None
    return table.estimate(rate, algorithm, hardware=hardware, families=_families(flows))


def _families(flows: Sequence[SharesOfFlow]) -> list[str]:
    """What the programs run on, as keys of the power table, the most fitting first."""
    agents = [agent for flow in flows for agent in flow.agents]
    families = sorted({agent.power for agent in agents if agent.power})
    families += sorted({agent.kind for agent in agents} - {"market"})
    in_pages = {flow.dialect for flow in flows} <= {"browser-miner", "webminerpool"}
    return [*families, *(["browser"] if in_pages else [])]


def _without_power(rate: RateEstimate, algorithm: str, flows: Sequence[SharesOfFlow]) -> Sentence:
    """How the rate came about, and why no power is told."""
    return sentence(
        "{method}; no power is told: there are no figures for devices of the kind '{kind}' with {algorithm}",
        method=rate.method,
        kind=kind_word(_families(flows)[-1]),
        algorithm=algorithm,
    )
