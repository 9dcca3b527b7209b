"""Who is who: the solo miner told apart from a pool's, and roles that add up as findings do."""

from __future__ import annotations

from copy import deepcopy
from itertools import combinations_with_replacement

import pytest
from msgspec.structs import replace

from netminedet.model import (
    Kind,
    Message,
    NameSeen,
    NameSource,
    Side,
)
from netminedet.report.joining import join_suspects
from netminedet.suspects import Role
from netminedet.verdict.findings import Findings
from netminedet.verdict.roles import MAY, Does, role_that
from tests.verdict.test_verdicts import (
    ON_THE_WEB,
    SCRIPTS,
    STRATUM,
    A,
    C,
    H,
    J,
    S,
    conversation,
    judged,
    looked_up,
    said,
    solo,
    weighed,
    where,
)

HOST, NODE, RENTED = ("10.0.0.5", 40000), ("10.0.0.9", 8332), ("198.51.100.7", 8332)
FULL = (("C", H), ("S", J), ("C", S), ("S", A))


def polls(node: tuple[str, int], **details: str) -> list[Message]:
    """Ethereum's work asked for over HTTP, and a result."""
    found = [
        said("eth-proxy.get-work-plain", C, Side.CLIENT, HOST, node),
        said("eth-proxy.submit", S, Side.CLIENT, HOST, node),
        said("eth-proxy.answer", A, Side.SERVER, node, HOST),
    ]
    return [replace(one, details=details) for one in found]


def getwork(node: tuple[str, int], *, by: str = "") -> list[Message]:
    found = [
        said("getwork.getwork", C, Side.CLIENT, HOST, node),
        said("getwork.work", J, Side.SERVER, node, HOST),
        said("getwork.getwork-submit", S, Side.CLIENT, HOST, node),
    ]
    return found + ([said(by, C, Side.SERVER, node, HOST)] if by else [])


@pytest.mark.parametrize(
    ("messages", "role"),
    [
        pytest.param(solo(HOST, node=NODE), Role.SOLO, id="template-inside"),
        pytest.param(solo(HOST, node=RENTED), Role.MINER, id="template-outside"),
        pytest.param(
            solo(HOST, node=RENTED, template="getblocktemplate-monero"), Role.SOLO, id="block-that-pays"
        ),
        pytest.param(getwork(NODE), Role.SOLO, id="getwork-inside"),
        pytest.param(getwork(RENTED), Role.MINER, id="getwork-outside"),
        pytest.param(getwork(NODE, by="getwork.long-polling"), Role.MINER, id="head-of-a-pool"),
        pytest.param(getwork(NODE, by="getwork.to-stratum"), Role.MINER, id="order-of-a-pool"),
        pytest.param(polls(NODE), Role.SOLO, id="ethereum-inside"),
        pytest.param(polls(RENTED), Role.MINER, id="ethereum-outside"),
        pytest.param(polls(NODE, worker="rig7"), Role.MINER, id="rig-in-the-path"),
        pytest.param(
            [said("eth-proxy.login", H, Side.CLIENT, HOST, NODE), *polls(NODE)], Role.MINER, id="login"
        ),
        pytest.param(solo(HOST, node=NODE) + conversation(*FULL, miner=HOST), Role.MINER, id="pool-as-well"),
    ],
)
def test_solo_by_the_messages_or_by_the_place(messages: list[Message], role: Role) -> None:
    assert judged(messages)[HOST[0]].role is role


def test_calls_to_a_node_may_take_a_connection_each() -> None:
    asked, handed_in, answered = solo(HOST, node=RENTED, template="getblocktemplate-monero")
    other = (HOST[0], 40001)
    calls = [
        asked,
        replace(handed_in, where=where(2, other, RENTED)),
        replace(answered, where=where(3, RENTED, other)),
    ]
    assert judged(calls)[HOST[0]].role is Role.SOLO


def said_all(*talks: list[Message]) -> Findings:
    found = Findings()
    for one in (message for talk in talks for message in talk):
        found.add_message(one)
    return found


def named(*seen: tuple[NameSource, object]) -> Findings:
    found = Findings()
    for source, pool in seen:
        found.add_name(NameSeen(where(1, HOST), source, pool), 500)  # type: ignore[arg-type]
    return found


def browses() -> list[Message]:
    """The script of a web page logs in."""
    ends = (HOST[0], 50000), ("198.51.100.9", 443)
    return [
        said("browser-miner.auth", H, Side.CLIENT, *ends),
        said("browser-miner.job", J, Side.SERVER, *reversed(ends)),
    ]


def manages(agent: str) -> list[Message]:
    ends = (HOST[0], 4028), ("10.0.0.77", 50100)
    status = said("management-api.summary", Kind.STATUS, Side.SERVER, *ends)
    asked = said("management-api.command", Kind.STATUS, Side.CLIENT, *reversed(ends))
    return [asked, replace(status, details={"agent": agent})]


#: what a capture may hold of one host -> its role by that alone
SEEN: dict[str, tuple[Role, Findings]] = {
    "looked up": (Role.LOOKUP, looked_up(ON_THE_WEB)),
    "script by name": (Role.BROWSER, named((NameSource.TLS, SCRIPTS))),
    "script": (Role.BROWSER, said_all(browses())),
    "session": (Role.MINER, named((NameSource.TLS, STRATUM))),
    "miner": (Role.MINER, said_all(conversation(*FULL, miner=HOST))),
    "machine": (Role.MINER, said_all(manages("cgminer 4.12"))),
    "machine of a proxy": (Role.PROXY, said_all(manages("xmrig-proxy/6.22"))),
    "solo": (Role.SOLO, said_all(solo(HOST, node=NODE))),
    "server": (Role.POOL, said_all(conversation(*FULL, miner=("10.0.0.6", 1), pool=(HOST[0], 3333)))),
    "program of a proxy": (
        Role.PROXY,
        said_all([replace(one, details={"agent": "xmrig-proxy/6.22"}) for one in conversation(*FULL)]),
    ),
}


@pytest.mark.parametrize("what", SEEN)
def test_role_of_what_one_capture_shows(what: str) -> None:
    role, found = SEEN[what]
    assert weighed(found)[HOST[0]].role is role


@pytest.mark.parametrize("both", list(combinations_with_replacement(SEEN, 2)), ids=" and ".join)
def test_merged_reports_give_the_role_of_one_scan(both: tuple[str, str]) -> None:
    together, apart = Findings(), []
    for what in both:
        found = SEEN[what][1]
        apart.append(weighed(found)[HOST[0]])
        together.merge(deepcopy(found))
    assert weighed(together)[HOST[0]].role is join_suspects(apart).role


def test_there_is_always_one_smallest_role() -> None:
    """The sets are closed under intersection: joins do not depend on their order or grouping."""
    sets = set(MAY.values())
    assert all(one & other in sets for one in sets for other in sets)
    assert len(sets) == len(Role)
    assert role_that(frozenset(Does)) is Role.PROXY
