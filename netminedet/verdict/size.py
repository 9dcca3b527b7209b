"""How big a suspect is: gathers from its flows what ``netminedet.estimate`` needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from netminedet.estimate.algorithms import algorithm_of
from netminedet.estimate.host import HashRate, SharesOfFlow, hash_rates
from netminedet.estimate.power import PowerTable
from netminedet.estimate.rate import Counted
from netminedet.model import Kind
from netminedet.signatures.agents import Agent, AgentTable, shipped_agents
from netminedet.signatures.logins import split_login
from netminedet.signatures.wallets import identify
from netminedet.verdict.flowfinding import FlowFinding
from netminedet.verdict.flows import FlowVerdict

#: Requests for a block that name who is paid by it.
BLOCKS_THAT_PAY = frozenset({"getwork.getblocktemplate-monero"})
#: Dialects in which coins of many algorithms are mined, without a word about which.
ANY_COIN_DIALECTS = frozenset({"stratum-v1", "getwork"})


class Tables(Struct, frozen=True):
    """What is known of programs and machines."""

    agents: AgentTable
    power: PowerTable


def software_of(agents: Iterable[str], table: AgentTable) -> tuple[Agent, ...]:
    """The programs and machines behind agent strings, each once."""
    known = {agent for text in agents if (agent := table.classify(text)) is not None}
    return tuple(sorted(known, key=lambda agent: (agent.software, agent.version or "", agent.hardware or "")))


def size_of(
    flows: Sequence[tuple[FlowFinding, FlowVerdict]], pool_coins: Sequence[str], tables: Tables
) -> tuple[HashRate, ...]:
    """The hash rates of a host whose flows these are."""
    return hash_rates([_shares(flow, verdict, pool_coins, tables) for flow, verdict in flows], tables.power)


def coins_of_wallets(flows: Iterable[tuple[FlowFinding, FlowVerdict]]) -> set[str]:
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
        mined = algorithm_of(verdict.dialect, flow.coins, _hints(flow, verdict.dialect))
        if mined is None:
            continue
        for paid in _verified(_kept(flow, "worker")):
            fitting = [coin for coin in paid if _algorithm(coin) == mined.algorithm]
            if not fitting and mined.ambiguity and verdict.dialect in ANY_COIN_DIALECTS:
                fitting = list(paid)
            coins.update(fitting if len(fitting) == 1 and _algorithm(fitting[0]) else ())
    return coins


def _hints(flow: FlowFinding, dialect: str) -> list[str]:
    """The algorithm that messages and programs of a dialect without one tell."""
    if dialect not in ANY_COIN_DIALECTS:
        return []
    told = {algo for _, _, _, algo in flow.measures} | {flow.in_force.get("algo", (0, ""))[1]}
    programs = shipped_agents()
    agents = [programs.classify(text) for text in _kept(flow, "agent")]
    named = {agent.algorithm for agent in agents if agent is not None and agent.algorithm}
    return sorted(told - {""}) + sorted(named)


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
    flow: FlowFinding, verdict: FlowVerdict, pool_coins: Sequence[str], tables: Tables
) -> SharesOfFlow:
    answered = bool(verdict.shares.accepted or verdict.shares.rejected)
    wanted = Kind.ACCEPTED if answered else Kind.SHARE
    measures = {
        (difficulty, target, algo): shares
        for (kind, difficulty, target, algo), shares in flow.measures.items()
        if kind is wanted
    }
    agents = flow.details["agent"].kept if "agent" in flow.details else ()
    latest = {name: text for name, (_, text) in flow.in_force.items()}
    if verdict.unmeasured:  # a bound from the others alone would be too low
        latest = {}
    begun = flow.first_job is not None and verdict.greeted
    return SharesOfFlow(
        dialect=verdict.dialect,
        measures=measures,
        counted=Counted.ACCEPTED if answered else Counted.SUBMITTED,
        in_force=(latest.get("difficulty", ""), latest.get("target", ""), latest.get("algo", "")),
        first_ns=flow.first_job if begun and flow.first_job is not None else flow.span.first,
        last_ns=flow.span.last,
        moments=verdict.shares.submitted + verdict.jobs,
        begin_known=begun,
        coins=tuple(sorted(flow.coins)) or tuple(pool_coins),
        paid=tuple(sorted(coins_of_wallets([(flow, verdict)]))),
        agents=software_of(sorted(agents), tables.agents),
        reported=tuple(flow.reported[moment] for moment in sorted(flow.reported)),
    )
