"""What several connections of one client prove together, and which flows are kept when room is short."""

from __future__ import annotations

import itertools

import pytest

from netminedet.limits import DEFAULT_LIMITS, Limits
from netminedet.model import (
    FiveTuple,
    Kind,
    Message,
    Side,
    Strength,
    Where,
)
from netminedet.suspects import Verdict
from netminedet.verdict.findings import Findings
from netminedet.verdict.together import FEW_MESSAGES
from tests.verdict.test_verdicts import weighed

MINER, NODE = "10.0.0.5", ("198.51.100.7", 8332)
SECOND = 1_000_000_000
TARGET = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff00000000"  # difficulty 1

ASK, WORK, SHARE, TAKEN = (
    (Kind.CONTROL, Side.CLIENT),
    (Kind.JOB, Side.SERVER),
    (Kind.SHARE, Side.CLIENT),
    (Kind.ACCEPTED, Side.SERVER),
)


def said(
    what: tuple[Kind, Side],
    port: int,
    at: int,
    *,
    dialect: str = "getwork",
    weak: bool = False,
    host: str = MINER,
) -> Message:
    kind, side = what
    flow = FiveTuple(host, port, *NODE, "tcp")
    flow = flow if side is Side.CLIENT else flow.reversed()
    details = {"target": TARGET} if kind is Kind.JOB else {}
    strength = Strength.WEAK if weak else Strength.STRONG
    where = Where(at * SECOND, "test", at, flow)
    return Message(where, f"{dialect}.{kind.value}", dialect, kind, side, strength, "why", details=details)


LITTLE_ROOM = Limits(mining_flows=4)


def found_of(messages: list[Message], limits: Limits = DEFAULT_LIMITS) -> Findings:
    found = Findings(limits=limits)
    for message in messages:
        found.add_message(message)
    return found


RULES = [
    pytest.param([ASK, WORK], "getwork", Verdict.CONFIRMED, id="asked-and-served"),
    pytest.param([WORK, WORK], "getwork", Verdict.CONFIRMED, id="two-jobs"),
    pytest.param([SHARE, SHARE], "getwork", Verdict.CONFIRMED, id="two-shares"),
    pytest.param([ASK, ASK, ASK], "getwork", Verdict.PROBABLE, id="only-asked"),
    pytest.param([WORK], "getwork", Verdict.PROBABLE, id="one-job"),
    pytest.param([ASK, WORK], "stratum-v1", Verdict.PROBABLE, id="lasting-connections"),
]


@pytest.mark.parametrize(("parts", "dialect", "verdict"), RULES)
def test_one_request_a_connection(parts: list[tuple[Kind, Side]], dialect: str, verdict: Verdict) -> None:
    messages = [said(what, 40000 + at, at + 1, dialect=dialect) for at, what in enumerate(parts)]
    suspect = weighed(found_of(messages))[MINER]
    assert suspect.verdict is verdict
    assert suspect.flows == len(parts)
    assert any(f"in {len(parts)} connections" in why for why in suspect.reasons) == (
        verdict is Verdict.CONFIRMED
    )


def test_long_connections_and_other_hosts_are_not_put_together() -> None:
    lasting = [said(ASK, 40000, at) for at in range(1, FEW_MESSAGES + 2)] + [said(WORK, 40001, 20)]
    assert weighed(found_of(lasting))[MINER].verdict is Verdict.PROBABLE
    two = weighed(found_of([said(ASK, 40000, 1), said(WORK, 40000, 2, host="10.0.0.6")]))
    assert {suspect.verdict for suspect in two.values()} == {Verdict.PROBABLE}


def test_shares_and_rate_of_many_connections_add_up() -> None:
    messages = [said(ASK, 30000, 1), said(WORK, 30000, 2)]
    for number in range(20):
        messages += [
            said(SHARE, 40000 + number, 10 * number + 10),
            said(TAKEN, 40000 + number, 10 * number + 11),
        ]
    suspect = weighed(found_of(messages))[MINER]
    assert (suspect.shares.submitted, suspect.shares.accepted, suspect.flows) == (20, 20, 21)
    (rate,) = suspect.hash_rates
    # neither end is known: 20 shares and a job within 200 s were watched for a gap more at each end
    assert (rate.rate.shares, rate.rate.seconds) == (20, pytest.approx(200 * 21 / 19))
    assert rate.rate.typical == pytest.approx(20 * 2**32 / 200, rel=0.15)


def test_weak_flows_give_way_to_strong_ones() -> None:
    found = found_of([said(ASK, 40000 + at, at, weak=True) for at in range(6)], LITTLE_ROOM)
    assert found.dropped["mining_flows_not_kept"] == 2
    for port in range(50000, 50005):
        found.add_message(said(ASK, port, port))
    assert {port for (a, _, _) in found.flows for port in [a[1]]} == {50000, 50001, 50002, 50003}
    assert (found.dropped["weak_flows_displaced"], found.dropped["mining_flows_not_kept"]) == (4, 3)


def test_a_flow_that_grew_strong_is_not_displaced() -> None:
    found = found_of([said(ASK, 40000 + at, at, weak=True) for at in range(4)], LITTLE_ROOM)
    found.add_message(said(WORK, 40003, 9))
    for port in range(50000, 50009):
        found.add_message(said(ASK, port, port))
    assert 40003 in {a[1] for (a, _, _) in found.flows}


def test_strong_flows_are_kept_in_any_order_of_adding() -> None:
    parts = [
        found_of([said(ASK, 40000 + at, at, weak=True) for at in range(3)], LITTLE_ROOM),
        found_of([said(ASK, 41000 + at, at, weak=True) for at in range(3)], LITTLE_ROOM),
        found_of([said(ASK, 50000 + at, at) for at in range(3)], LITTLE_ROOM),
    ]
    for order in itertools.permutations(parts):
        total = Findings(limits=LITTLE_ROOM)
        for part in order:
            total.merge(part)
        assert {50000, 50001, 50002} <= {a[1] for (a, _, _) in total.flows}
        assert len(total.flows) == 4
        assert total.dropped["weak_flows_displaced"] + total.dropped["mining_flows_not_kept"] == 5
