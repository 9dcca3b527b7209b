"""How big one host is: hash rate and power from the shares of all its flows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from netminedet.estimate.algorithms import ALGORITHMS, algorithm_of
from netminedet.estimate.power import PowerEstimate, PowerTable
from netminedet.estimate.rate import Counted, RateEstimate, Window, estimate_rate, reported_rate
from netminedet.estimate.work import Work, number, work_of
from netminedet.signatures.agents import Agent


class SharesOfFlow(Struct, frozen=True):
    """The shares of one flow, with what they are measured by, and when work was done."""

    dialect: str
    #: (difficulty, target, algo) as in the messages -> shares; empty texts where unknown
    measures: dict[tuple[str, str, str], int]
    counted: Counted
    #: the measure in force last, for a bound where there are too few shares
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
    in_force: int = 0
    ambiguity: str = ""


def hash_rates(flows: Iterable[SharesOfFlow], power: PowerTable) -> tuple[HashRate, ...]:
    """One entry for each algorithm that shares, or a difficulty, were seen of; by name."""
    groups: dict[tuple[str, str, Counted], _Group] = {}
    for flow in flows:
        _add(groups, flow)
    found = []
    for (algorithm, unit, counted), group in sorted(groups.items()):
        seconds, span = _seconds(group.flows)
        rate = estimate_rate(
            group.works, seconds, unit, counted=counted, in_force=group.in_force or None, span=span
        )
        agents = [agent for flow in group.flows for agent in flow.agents]
        claimed = reported_rate(_reported(group.flows), unit)
        found.append(
            HashRate(algorithm, rate, group.ambiguity, claimed, _power(power, rate, algorithm, agents))
        )
    return tuple(found)


def _add(groups: dict[tuple[str, str, Counted], _Group], flow: SharesOfFlow) -> None:
    latest = _work(flow, flow.in_force)
    if flow.reported and latest is None and not any(_work(flow, measure) for measure in flow.measures):
        _add_reported(groups, flow)
    for measure, shares in flow.measures.items():
        work = _work(flow, measure) or latest
        if work is not None:
            group = groups.setdefault((work.algorithm, work.unit, flow.counted), _Group())
            group.works[work.hashes] += shares
            group.ambiguity = work.ambiguity
    if latest is not None:
        group = groups.setdefault((latest.algorithm, latest.unit, flow.counted), _Group())
        group.in_force = max(group.in_force, latest.hashes)
        group.ambiguity = latest.ambiguity
        group.flows.append(flow)


def _add_reported(groups: dict[tuple[str, str, Counted], _Group], flow: SharesOfFlow) -> None:
    """A flow of which nothing is known but the rate that its miner claims."""
    hints = [agent.algorithm for agent in flow.agents if agent.algorithm]
    guess = algorithm_of(flow.dialect, flow.coins, hints, flow.paid)
    if guess is not None:
        unit = ALGORITHMS[guess.algorithm].unit
        group = groups.setdefault((guess.algorithm, unit, flow.counted), _Group())
        group.ambiguity = group.ambiguity or guess.ambiguity
        group.flows.append(flow)


def _work(flow: SharesOfFlow, measure: tuple[str, str, str]) -> Work | None:
    difficulty, target, algo = measure
    if not difficulty and not target:
        return None
    hints = [algo] if algo else []
    hints += [agent.algorithm for agent in flow.agents if agent.algorithm]
    return work_of(
        flow.dialect,
        difficulty=difficulty or None,
        target=target or None,
        coins=flow.coins,
        hints=hints,
        paid=flow.paid,
    )


def _seconds(flows: Sequence[SharesOfFlow]) -> tuple[float, float]:
    """The time in which any of the flows worked, and the part of it that was watched for certain:
    overlapping flows count once."""
    windows: list[Window] = []
    for flow in sorted(flows, key=lambda flow: (flow.first_ns, flow.last_ns)):
        last = windows[-1] if windows else None
        if last is not None and flow.first_ns <= last.last_ns:
            end = max(last.last_ns, flow.last_ns)
            windows[-1] = replace(last, last_ns=end, moments=last.moments + flow.moments)
        else:
            windows.append(Window(flow.first_ns, flow.last_ns, flow.moments, begin_known=flow.begin_known))
    return sum(window.seconds for window in windows), sum(window.span for window in windows)


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
    table: PowerTable, rate: RateEstimate, algorithm: str, agents: Sequence[Agent]
) -> PowerEstimate | None:
    """By the one device that the agents name, else by their family, else by the algorithm.

    None for a market place: what it sells is made elsewhere.
    """
    if any(agent.kind == "market" for agent in agents):
        return None
    models = {agent.hardware for agent in agents if agent.hardware}
    families = sorted({agent.power for agent in agents if agent.power}) + sorted(
        {agent.kind for agent in agents}
    )
    hardware = models.pop() if len(models) == 1 else None
    return table.estimate(rate, algorithm, hardware=hardware, families=families)
