"""How big a suspect is: gathers from its flows what ``netminedet.estimate`` needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from netminedet.estimate.algorithms import algorithm_of
from netminedet.estimate.host import HashRate, SharesOfFlow, hash_rates
from netminedet.estimate.power import PowerTable
from netminedet.estimate.rate import Counted
from netminedet.model import Kind
from netminedet.signatures.agents import Agent, AgentTable
from netminedet.signatures.logins import split_login
from netminedet.signatures.wallets import identify
from netminedet.verdict.flowfinding import FlowFinding
from netminedet.verdict.flows import FlowVerdict


@dataclass(frozen=True, slots=True)
class Tables:
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
    """Coins that wallet addresses tell beyond doubt.

    The coin of a wallet is the one that is *paid*; it counts as the one mined only where
    the address has a checksum that is right, is of one coin, and the flow's dialect mines
    with that coin's algorithm.
    """
    coins = set()
    for flow, verdict in flows:
        mined = algorithm_of(verdict.dialect)
        for login in flow.details["worker"].kept if "worker" in flow.details else ():
            wallet = identify(split_login(login)[0])
            if wallet is None or not wallet.verified or len(wallet.coins) != 1 or mined is None:
                continue
            paid = algorithm_of("", wallet.coins)
            if paid is not None and paid.algorithm == mined.algorithm:
                coins.add(wallet.coins[0])
    return coins


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
        agents=software_of(sorted(agents), tables.agents),
        reported=tuple(flow.reported[moment] for moment in sorted(flow.reported)),
    )
