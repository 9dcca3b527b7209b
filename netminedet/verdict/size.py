"""How big a suspect is: gathers from its flows what ``netminedet.estimate`` needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from netminedet.estimate.algorithms import ANY_COIN_DIALECTS, algorithm_of, algorithms_hinted
from netminedet.estimate.host import HashRate, SharesOfFlow, hash_rates
from netminedet.estimate.power import PowerTable
from netminedet.estimate.rate import Counted
from netminedet.model import RECKONED, Kind
from netminedet.signatures.agents import Agent, AgentTable
from netminedet.signatures.logins import split_login
from netminedet.signatures.wallets import identify
from netminedet.verdict.flowfinding import FlowFinding
from netminedet.verdict.flows import FlowVerdict
from netminedet.verdict.roles import BLOCKS_THAT_PAY

Weighed = tuple[FlowFinding, FlowVerdict]
#: The names under which the pool of a flow was reached.
NamesOf = Callable[[FlowFinding, FlowVerdict], Sequence[str]]


def no_names(flow: FlowFinding, verdict: FlowVerdict) -> Sequence[str]:
    """Where no names are known."""
    return ()


class Tables(Struct, frozen=True):
    """What is known of programs and machines."""

    agents: AgentTable
    power: PowerTable


def software_of(agents: Iterable[str], table: AgentTable) -> tuple[Agent, ...]:
    """The programs and machines behind agent strings, each once."""
    known = {agent for text in agents if (agent := table.classify(text)) is not None}
    return tuple(sorted(known, key=lambda agent: (agent.software, agent.version or "", agent.hardware or "")))


def size_of(
    flows: Sequence[Weighed], pool_coins: Sequence[str], tables: Tables, names: NamesOf = no_names
) -> tuple[HashRate, ...]:
    """The hash rates of a host whose flows these are; ``names``: the pools' names that a flow was for."""
    shares = [_shares(flow, verdict, pool_coins, _Clues(tables, names)) for flow, verdict in flows]
    return hash_rates(shares, tables.power)


def coins_of_wallets(flows: Iterable[Weighed], tables: Tables, names: NamesOf = no_names) -> set[str]:
    """Coins that wallet addresses tell.

    The coin of a wallet is the one that is *paid*; it counts as the one mined only where
    the address has a checksum that is right, and

    * one only of the coins that write addresses in this way is mined with the flow's algorithm;
    * or the algorithm is not known, and of the coin's own one the flow's dialect is spoken;
    * or a node was asked for a block that pays it: a block pays in its own coin.
    """
    coins: set[str] = set()
    for flow, verdict in flows:
        if any(signature in BLOCKS_THAT_PAY for signature, _, _, _, _ in flow.messages):
            for paid in _verified(_kept(flow, "wallet")):
                coins.update(paid if len(paid) == 1 else ())
        mined = algorithm_of(verdict.dialect, flow.coins, _Clues(tables, names).hints(flow, verdict))
        if mined is None:
            continue
        for paid in _verified(_kept(flow, "worker")):
            fitting = [coin for coin in paid if _algorithm(coin) == mined.algorithm]
            if not fitting and mined.ambiguity and verdict.dialect in ANY_COIN_DIALECTS:
                fitting = list(paid)
            coins.update(fitting if len(fitting) == 1 and _algorithm(fitting[0]) else ())
    return coins


class _Clues(Struct, frozen=True):
    """What tells the algorithm of a flow besides its coins and wallets."""

    tables: Tables
    names: NamesOf

    def hints(self, flow: FlowFinding, verdict: FlowVerdict) -> list[str]:
        """Where the dialect tells none: those that messages name, then those of machine, pool and program."""
        if verdict.dialect not in ANY_COIN_DIALECTS:
            return []
        return [*sorted(_told(flow)), *self.around(flow, verdict)]

    def around(self, flow: FlowFinding, verdict: FlowVerdict) -> list[str]:
        """The algorithms of machine, pool and program."""
        programs = software_of(_kept(flow, "agent"), self.tables.agents)
        models = {agent.hardware for agent in programs if agent.hardware}
        machine = self.tables.power.algorithms_of(models.pop()) if len(models) == 1 else ()
        pool_names = [*_kept(flow, "pool_host"), *self.names(flow, verdict)]
        return algorithms_hinted(verdict.dialect, machine=machine, pool_names=pool_names, programs=programs)


def _told(flow: FlowFinding) -> set[str]:
    """The algorithms that jobs and shares name."""
    return ({algo for _, _, _, algo in flow.measures} | {flow.in_force.get("algo", (0, ""))[1]}) - {""}


def _kept(flow: FlowFinding, name: str) -> list[str]:
    return sorted(flow.details[name].kept) if name in flow.details else []


def _algorithm(coin: str) -> str | None:
    found = algorithm_of("", [coin])
    return None if found is None else found.algorithm


def _verified(logins: Iterable[str]) -> Iterable[tuple[str, ...]]:
    """The coins of each login's address, as far as its checksum is right."""
    for login in logins:
        wallet = identify(split_login(login)[0])
        if wallet is not None and wallet.verified:
            yield wallet.coins


def _shares(
    flow: FlowFinding, verdict: FlowVerdict, pool_coins: Sequence[str], clues: _Clues
) -> SharesOfFlow:
    answered = bool(verdict.shares.accepted or verdict.shares.rejected)
    wanted = Kind.ACCEPTED if answered else Kind.SHARE
    told = _told(flow)
    only = told.pop() if len(told) == 1 else ""
    measures: Counter[tuple[str, str, str]] = Counter()
    for (kind, difficulty, target, algo), shares in flow.measures.items():
        if kind is wanted:
            measures[difficulty, target, algo or only] += shares
    _reckon_the_rest(measures)
    latest = {name: text for name, (_, text) in flow.in_force.items()}
    if verdict.unmeasured:  # a bound from the others alone would be too low
        latest = {}
    begun = flow.first_job is not None and verdict.greeted
    return SharesOfFlow(
        dialect=verdict.dialect,
        measures=measures,
        counted=Counted.ACCEPTED if answered else Counted.SUBMITTED,
        in_force=(latest.get("difficulty", ""), latest.get("target", ""), latest.get("algo", only)),
        first_ns=flow.first_job if begun and flow.first_job is not None else flow.span.first,
        last_ns=flow.span.last,
        moments=verdict.shares.submitted + (verdict.jobs or _weak_jobs(flow)),
        begin_known=begun,
        coins=tuple(sorted(flow.coins)) or tuple(pool_coins),
        paid=_paid(flow, verdict, clues),
        agents=software_of(_kept(flow, "agent"), clues.tables.agents),
        hints=tuple(clues.around(flow, verdict)),
        spent=_spent(flow, only),
        reported=tuple(flow.reported[moment] for moment in sorted(flow.reported)),
    )


def _reckon_the_rest(measures: Counter[tuple[str, str, str]]) -> None:
    """Where difficulties were reckoned from hashes of shares, the first shares came before there were enough:
    they count by the commonest of them."""
    reckoned = [measure for measure in measures if measure[0].startswith(RECKONED)]
    unknown = [measure for measure in measures if measure[:2] == ("", "")]
    if reckoned and len(reckoned) + len(unknown) == len(measures):
        commonest = min(reckoned, key=lambda measure: (-measures[measure], measure))
        for measure in unknown:
            measures[commonest] += measures.pop(measure)


def _weak_jobs(flow: FlowFinding) -> int:
    """Work that proves nothing by itself came at its moments, too."""
    kinds = ((kind, number) for (_, kind, _, _, _), number in flow.messages.items())
    return sum(number for kind, number in kinds if kind is Kind.JOB)


def _paid(flow: FlowFinding, verdict: FlowVerdict, clues: _Clues) -> tuple[str, ...]:
    """Coins of wallets: the one that they tell, else all that they may be of."""
    coins = coins_of_wallets([(flow, verdict)], clues.tables, clues.names)
    if not coins and verdict.dialect in ANY_COIN_DIALECTS:
        coins = {coin for paid in _verified(_kept(flow, "worker")) for coin in paid}
    return tuple(sorted(coins))


def _spent(flow: FlowFinding, only: str) -> dict[tuple[str, str, str], int]:
    """How long each measure was in force: from job to job, and from the last one to the end; ``only``: the
    algorithm of those that name none."""
    parts = list(flow.spent.items())
    if flow.latest is not None:
        since, measure = flow.latest
        parts.append((measure, max(0, flow.span.last - since)))
    spent: Counter[tuple[str, str, str]] = Counter()
    for (difficulty, target, algo), time in parts:
        spent[difficulty, target, algo or only] += time
    return dict(spent)
