"""The rules of verdict and role, as tables over findings made by hand."""

from __future__ import annotations

import pytest

from netminedet import scan
from netminedet.api import parse_networks
from netminedet.estimate import load_power
from netminedet.model import (
    BareTls,
    FiveTuple,
    Kind,
    Message,
    NameAnswer,
    NameSeen,
    NameSource,
    PoolName,
    Role,
    Side,
    Strength,
    Suspect,
    Verdict,
    Where,
)
from netminedet.signatures import load_signatures
from netminedet.signatures.agents import load_agents
from netminedet.verdict.findings import MAX_VALUES, Findings
from netminedet.verdict.sessions import GRACE_NS
from netminedet.verdict.size import Tables
from netminedet.verdict.weigh import MAX_EVIDENCE, Settings, weigh
from tests.conftest import SAMPLES

SIGNATURES = load_signatures()
TABLES = Tables(load_agents(), load_power())
HOME = parse_networks(["10.0.0.0/8"])
MINER, POOL = ("10.0.0.5", 40000), ("198.51.100.7", 3333)
SECOND = 1_000_000_000
STRATUM = PoolName("stratum.pool.example", "Pool", ("BTC",), stratum=True, ports=frozenset({3333, 443}))
WEBSITE = PoolName("www.pool.example", "Pool", ("BTC",), stratum=False, ports=frozenset({3333, 443}))

H, J, S, A, R, C = Kind.HANDSHAKE, Kind.JOB, Kind.SHARE, Kind.ACCEPTED, Kind.REJECTED, Kind.CONTROL


def where(
    number: int, source: tuple[str, int] = MINER, target: tuple[str, int] = POOL, proto: str = "tcp"
) -> Where:
    return Where(number * SECOND, "test", number, FiveTuple(*source, *target, proto))


def message(
    number: int,
    kind: Kind,
    sender: Side,
    *,
    by: tuple[str, int],
    to: tuple[str, int],
    weak: bool = False,
    **details: str,
) -> Message:
    strength = Strength.WEAK if weak else Strength.STRONG
    name = f"stratum-v1.{kind.value}"
    return Message(where(number, by, to), name, "stratum-v1", kind, sender, strength, "why", details=details)


def conversation(
    *parts: tuple[str, Kind], miner: tuple[str, int] = MINER, pool: tuple[str, int] = POOL
) -> list[Message]:
    """``c``: the client speaks, ``s``: the server; capitals: strong."""
    messages = []
    for number, (who, kind) in enumerate(parts, start=1):
        side = Side.CLIENT if who.lower() == "c" else Side.SERVER
        ends = (miner, pool) if side is Side.CLIENT else (pool, miner)
        messages.append(
            message(number, kind, side, by=ends[0], to=ends[1], weak=who.islower(), job_id=str(number))
        )
    return messages


def judged(*findings: list[Message], home: str = "10.0.0.0/8") -> dict[str, Suspect]:
    found = Findings()
    for messages in findings:
        for one in messages:
            found.add_message(one)
    return weighed(found, home)


def weighed(found: Findings, home: str = "10.0.0.0/8") -> dict[str, Suspect]:
    settings = Settings(parse_networks([home]), SIGNATURES.most_specific, lambda: TABLES)
    return {suspect.host: suspect for suspect in weigh(found, settings)}


RULES = [
    pytest.param([("C", H)], Verdict.PROBABLE, id="greeting-alone"),
    pytest.param([("C", H), ("S", H)], Verdict.CONFIRMED, id="greeting-and-answer"),
    pytest.param([("S", J)], Verdict.PROBABLE, id="one-job-of-one-side"),
    pytest.param([("S", J), ("S", J)], Verdict.CONFIRMED, id="jobs-of-one-side"),
    pytest.param([("C", S)], Verdict.PROBABLE, id="one-share-of-one-side"),
    pytest.param([("C", S), ("C", S)], Verdict.CONFIRMED, id="shares-of-one-side"),
    pytest.param([("C", H), ("C", S)], Verdict.CONFIRMED, id="greeting-and-share"),
    pytest.param([("S", A)], Verdict.PROBABLE, id="one-accepted-share-of-one-side"),
    pytest.param([("S", A), ("S", A)], Verdict.CONFIRMED, id="accepted-shares-of-one-side"),
    pytest.param([("C", S), ("S", A)], Verdict.CONFIRMED, id="accepted-share"),
    pytest.param([("c", H)], None, id="weak-alone"),
    pytest.param([("c", H), ("s", J), ("s", J), ("c", S)], None, id="weak-of-both"),
    pytest.param([("C", H), ("s", C)], Verdict.PROBABLE, id="weak-does-not-raise"),
]


@pytest.mark.parametrize(("parts", "verdict"), RULES)
def test_verdict_of_a_conversation(parts: list[tuple[str, Kind]], verdict: Verdict | None) -> None:
    suspects = judged(conversation(*parts))
    assert {host: one.verdict for host, one in suspects.items()} == ({MINER[0]: verdict} if verdict else {})
    assert all(one.role is Role.MINER and one.reasons for one in suspects.values())


def test_direction_comes_from_the_messages() -> None:
    """The pool opened nothing, has the larger port, and is still the pool."""
    odd_pool = ("198.51.100.7", 61000)
    (suspect,) = judged(conversation(("S", J), ("S", J), pool=odd_pool)).values()
    assert suspect.host == MINER[0]
    assert (suspect.pools[0].ip, suspect.pools[0].port) == odd_pool


def test_one_end_that_speaks_for_both_recites() -> None:
    both = [message(1, H, Side.CLIENT, by=MINER, to=POOL), message(2, J, Side.SERVER, by=MINER, to=POOL)]
    assert judged(both) == {}


def test_an_echo_proves_nothing() -> None:
    echoed = [
        message(number, kind, side, by=by, to=to)
        for number, (kind, side) in enumerate([(H, Side.CLIENT), (H, Side.SERVER), (J, Side.SERVER)] * 2)
        for by, to in ((MINER, POOL), (POOL, MINER))
    ]
    assert judged(echoed) == {}


def test_a_stray_line_does_not_hide_a_miner() -> None:
    stray = [message(9, J, Side.SERVER, by=MINER, to=POOL)]
    assert judged(conversation(("C", H), ("S", J), ("C", S)), stray)[MINER[0]].verdict is Verdict.CONFIRMED


def test_roles_inside() -> None:
    inside_pool, proxy = ("10.0.0.9", 3333), ("10.0.0.8", 5555)
    parts = (("C", H), ("S", J), ("C", S), ("S", A))
    suspects = judged(
        conversation(*parts, pool=inside_pool),
        conversation(*parts, miner=("10.0.0.6", 1), pool=proxy),
        conversation(*parts, miner=("10.0.0.7", 1), pool=proxy),
        conversation(*parts, miner=(proxy[0], 2), pool=POOL),
    )
    assert {host: one.role for host, one in suspects.items()} == {
        "10.0.0.5": Role.MINER,
        "10.0.0.6": Role.MINER,
        "10.0.0.7": Role.MINER,
        "10.0.0.8": Role.PROXY,
        "10.0.0.9": Role.POOL,
    }
    assert suspects["10.0.0.8"].shares.accepted == 1


def looked_up(pool: PoolName, source: NameSource = NameSource.DNS) -> Findings:
    found = Findings()
    flow = where(1, MINER, ("10.0.0.53", 53), "udp")
    found.add_name(NameSeen(flow, source, pool), 80)
    found.add_answer(NameAnswer(flow, MINER[0], pool, POOL[0], ttl=60))
    return found


def test_a_name_alone_is_suspected() -> None:
    suspect = weighed(looked_up(STRATUM))[MINER[0]]
    assert (suspect.verdict, suspect.role, suspect.packets) == (Verdict.SUSPECTED, Role.LOOKUP, 1)


@pytest.mark.parametrize(
    ("pool", "client", "port", "second", "verdict"),
    [
        pytest.param(STRATUM, MINER, 3333, 2, Verdict.PROBABLE, id="stratum-port"),
        pytest.param(STRATUM, MINER, 443, 2, Verdict.PROBABLE, id="listed-443"),
        pytest.param(STRATUM, MINER, 8443, 2, Verdict.SUSPECTED, id="other-port"),
        pytest.param(WEBSITE, MINER, 443, 2, Verdict.SUSPECTED, id="website"),
        pytest.param(STRATUM, ("10.0.0.77", 1), 3333, 2, Verdict.SUSPECTED, id="a-neighbour-did-not-ask"),
        pytest.param(
            STRATUM, MINER, 3333, 70 + GRACE_NS // SECOND, Verdict.SUSPECTED, id="long-after-the-answer"
        ),
    ],
)
def test_tls_session_to_what_the_dns_named(
    pool: PoolName, client: tuple[str, int], port: int, second: int, verdict: Verdict
) -> None:
    found = looked_up(pool)
    found.add_bare_tls(BareTls(where(second, client, (POOL[0], port))))
    suspects = weighed(found)
    assert {host: one.verdict for host, one in suspects.items()} == {MINER[0]: verdict}


def test_encrypted_channel_to_a_named_pool_is_confirmed() -> None:
    channel = Message(
        where(2), "stratum-v2.noise-channel", "stratum-v2", H, Side.CLIENT, Strength.STRONG, "why"
    )
    alone, named = Findings(), looked_up(STRATUM)
    alone.add_message(channel)
    named.add_message(channel)
    assert weighed(alone)[MINER[0]].verdict is Verdict.PROBABLE
    assert weighed(named)[MINER[0]].verdict is Verdict.CONFIRMED


def test_server_name_is_a_session_too() -> None:
    found = looked_up(STRATUM)
    found.add_name(NameSeen(where(2), NameSource.TLS, STRATUM), 500)
    assert weighed(found)[MINER[0]].verdict is Verdict.PROBABLE


def test_evidence_and_lists_are_capped_and_say_so() -> None:
    messages = [
        message(n, H, Side.CLIENT, by=(MINER[0], 1000 + n), to=POOL, worker=f"w{n:04}") for n in range(1, 200)
    ]
    suspect = judged(messages)[MINER[0]]
    assert len(suspect.evidence) == MAX_EVIDENCE
    assert suspect.evidence_omitted == 199 - MAX_EVIDENCE
    assert suspect.evidence[0].where.packet == 1
    assert suspect.truncated
    one_flow = [message(n, H, Side.CLIENT, by=MINER, to=POOL, worker=f"w{n:04}") for n in range(1, 200)]
    assert len(judged(one_flow)[MINER[0]].workers) == MAX_VALUES


def test_suspects_stand_in_order_of_weight() -> None:
    verdicts = [suspect.verdict for suspect in scan(SAMPLES / "mixed.pcapng").suspects]
    assert verdicts == sorted(verdicts, reverse=True)
