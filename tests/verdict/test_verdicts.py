"""The rules of verdict and role, as tables over findings made by hand."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

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
    Side,
    Strength,
    TunnelAsked,
    Where,
)
from netminedet.signatures import load_signatures
from netminedet.signatures.agents import load_agents
from netminedet.suspects import Role, Suspect, Verdict
from netminedet.verdict.findings import GRACE_NS, Findings
from netminedet.verdict.flowfinding import MAX_VALUES, Sealed
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
        pytest.param(WEBSITE, MINER, 3333, 2, Verdict.PROBABLE, id="website-on-a-port-for-miners"),
        pytest.param(WEBSITE, MINER, 4444, 2, Verdict.SUSPECTED, id="website-on-another-port"),
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


def test_address_is_forgotten_after_its_time_to_live_and_an_hour() -> None:
    """To the second; and it is not known before the answer."""
    last = 61 + GRACE_NS // SECOND
    for second, verdict in ((0, "probable"), (last, "probable"), (last + 1, "suspected")):
        found = looked_up(STRATUM)
        found.add_bare_tls(BareTls(where(second)))
        assert weighed(found)[MINER[0]].verdict.label == verdict, second


def test_shared_address_accuses_no_neighbour() -> None:
    """Two names at one address: who asked only for the other is not touched."""
    found = looked_up(STRATUM)
    found.add_bare_tls(BareTls(where(2, ("10.0.0.6", 40000), (POOL[0], 443))))
    found.add_bare_tls(BareTls(where(3, MINER, ("198.51.100.8", 443))))
    assert {host: one.verdict for host, one in weighed(found).items()} == {MINER[0]: Verdict.SUSPECTED}


PROXY = ("192.0.2.80", 1080)


def asked(pool: PoolName, port: int, source: NameSource = NameSource.SOCKS) -> Findings:
    found = Findings()
    found.add_name(NameSeen(where(1, MINER, PROXY), source, pool, {"port": str(port)}), 90)
    found.add_tunnel(TunnelAsked(where(1, MINER, PROXY), source, pool, port))
    return found


@pytest.mark.parametrize("source", [NameSource.SOCKS, NameSource.HTTP_CONNECT])
@pytest.mark.parametrize(
    ("pool", "port", "verdict"),
    [
        pytest.param(STRATUM, 3333, Verdict.PROBABLE, id="stratum-port"),
        pytest.param(STRATUM, 443, Verdict.PROBABLE, id="listed-443"),
        pytest.param(STRATUM, 8443, Verdict.SUSPECTED, id="other-port"),
        pytest.param(STRATUM, 0, Verdict.SUSPECTED, id="no-port"),
        pytest.param(WEBSITE, 443, Verdict.SUSPECTED, id="website"),
        pytest.param(WEBSITE, 3333, Verdict.PROBABLE, id="website-on-a-port-for-miners"),
    ],
)
def test_tunnel_asked_of_a_proxy(pool: PoolName, port: int, verdict: Verdict, source: NameSource) -> None:
    suspects = weighed(asked(pool, port, source))
    assert {host: one.verdict for host, one in suspects.items()} == {MINER[0]: verdict}
    (server,) = suspects[MINER[0]].pools
    assert server.name == pool.name
    assert (server.ip, server.port) == (PROXY if verdict is Verdict.PROBABLE else (None, None))


def test_mining_in_a_tunnel_is_at_the_pool_asked_for() -> None:
    found = asked(STRATUM, 8443)
    for one in conversation(("C", H), ("S", J), pool=PROXY):
        found.add_message(one)
    suspect = weighed(found)[MINER[0]]
    assert suspect.verdict is Verdict.CONFIRMED
    assert [(pool.name, pool.ip, pool.port) for pool in suspect.pools] == [(STRATUM.name, *PROXY)]
    assert "through a tunnel to stratum.pool.example port 8443" in suspect.reasons[0]


def test_tunnels_add_up_in_any_order() -> None:
    one, other = asked(STRATUM, 8443), asked(STRATUM, 3333)
    tunnel = TunnelAsked(where(9, MINER, PROXY), NameSource.SOCKS, STRATUM, 3333)
    other.tunnels = dict.fromkeys(other.tunnels, tunnel)
    both, again = Findings(), Findings()
    for parts, total in (((one, other), both), ((other, one), again)):
        for part in parts:
            total.merge(part)
    assert both.tunnels == again.tunnels == one.tunnels


def test_encrypted_channel_to_a_named_pool_is_confirmed() -> None:
    channel = Message(
        where(2), "stratum-v2.noise-channel", "stratum-v2", H, Side.CLIENT, Strength.STRONG, "why"
    )
    alone, named = Findings(), looked_up(STRATUM)
    alone.add_message(channel)
    named.add_message(channel)
    assert MINER[0] not in weighed(alone), "a handshake is no proof"
    alone.add_sealed(channel.where.flow, Sealed(3, 3, 1, 1, fits=True))
    assert weighed(alone)[MINER[0]].verdict is Verdict.PROBABLE
    assert weighed(named)[MINER[0]].verdict is Verdict.CONFIRMED
    late = looked_up(STRATUM)
    late.add_message(replace(channel, where=where(70 + GRACE_NS // SECOND)))
    assert weighed(late)[MINER[0]].verdict is Verdict.SUSPECTED
    tunnel = asked(WEBSITE, 3336)
    tunnel.add_message(replace(channel, where=where(2, MINER, PROXY)))
    assert weighed(tunnel)[MINER[0]].verdict is Verdict.CONFIRMED


def test_server_name_is_a_session_too() -> None:
    found = looked_up(STRATUM)
    found.add_name(NameSeen(where(2), NameSource.TLS, STRATUM), 500)
    assert weighed(found)[MINER[0]].verdict is Verdict.PROBABLE


ON_THE_WEB = replace(WEBSITE, ports=frozenset({443}))
SCRIPTS = replace(STRATUM, name="miner.scripts.example", pool="Scripts", browser=True)


@pytest.mark.parametrize(
    ("names", "role"),
    [
        pytest.param([(NameSource.TLS, STRATUM)], Role.MINER, id="session"),
        pytest.param([(NameSource.SOCKS, STRATUM)], Role.MINER, id="socks"),
        pytest.param([(NameSource.HTTP_CONNECT, STRATUM)], Role.MINER, id="connect"),
        pytest.param([(NameSource.TLS, SCRIPTS)], Role.BROWSER, id="script"),
        pytest.param([(NameSource.TLS, SCRIPTS), (NameSource.TLS, STRATUM)], Role.MINER, id="both"),
        pytest.param(
            [(NameSource.TLS, SCRIPTS), (NameSource.DNS, STRATUM)], Role.BROWSER, id="script-and-dns"
        ),
        pytest.param([(NameSource.TLS, ON_THE_WEB)], Role.LOOKUP, id="website"),
        pytest.param([(NameSource.TLS, replace(ON_THE_WEB, browser=True))], Role.LOOKUP, id="script-website"),
        pytest.param([(NameSource.TLS, WEBSITE)], Role.MINER, id="website-on-a-port-for-miners"),
        pytest.param([(NameSource.DNS, STRATUM), (NameSource.DNS_ALIAS, STRATUM)], Role.LOOKUP, id="dns"),
        pytest.param([(NameSource.TLS_CERTIFICATE, STRATUM)], Role.LOOKUP, id="certificate"),
        pytest.param([(NameSource.HTTP_HOST, STRATUM)], Role.LOOKUP, id="http"),
    ],
)
def test_role_by_names_alone(names: list[tuple[NameSource, PoolName]], role: Role) -> None:
    """A session to a mining name is more than a look-up of it; it proves no more."""
    found = Findings()
    for source, pool in names:
        found.add_name(NameSeen(where(1), source, pool), 500)
    suspect = weighed(found)[MINER[0]]
    assert (suspect.role, suspect.verdict) == (role, Verdict.SUSPECTED)


@pytest.mark.parametrize(("pool", "role"), [(STRATUM, Role.MINER), (SCRIPTS, Role.BROWSER)])
def test_role_by_sessions_tied_to_a_pool(pool: PoolName, role: Role) -> None:
    tied = looked_up(pool)
    tied.add_bare_tls(BareTls(where(2)))
    for found in (tied, asked(pool, 3333)):
        suspect = weighed(found)[MINER[0]]
        assert (suspect.role, suspect.verdict) == (role, Verdict.PROBABLE)


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


def said(signature: str, kind: Kind, sender: Side, by: tuple[str, int], to: tuple[str, int]) -> Message:
    number = len(signature)
    strength = Strength.WEAK if signature.endswith(("-plain", ".command")) else Strength.STRONG
    place = where(number, by, to)
    dialect = signature.partition(".")[0]
    return Message(place, signature, dialect, kind, sender, strength, "why", needs=NEEDS.get(signature))


#: what the signature files say
NEEDS = {one.signature: one.needs for dialect in SIGNATURES.dialects for one in dialect.patterns}
NODE, OTHER = ("10.0.0.9", 8332), ("10.0.0.6", 41000)


def solo(
    miner: tuple[str, int], *, template: str = "getblocktemplate", node: tuple[str, int] = NODE
) -> list[Message]:
    return [
        said(f"getwork.{template}", C, Side.CLIENT, miner, node),
        said("getwork.submitblock", S, Side.CLIENT, miner, node),
        said("getwork.answer", A, Side.SERVER, node, miner),
    ]


@pytest.mark.parametrize(
    "template", ["getblocktemplate", "getblocktemplate-plain", "getblocktemplate-monero"]
)
def test_a_solo_miner_is_the_suspect_and_its_node_is_not(template: str) -> None:
    (suspect,) = judged(solo(MINER, template=template)).values()
    assert (suspect.host, suspect.verdict, suspect.role) == (MINER[0], Verdict.CONFIRMED, Role.SOLO)
    assert [(pool.ip, pool.port) for pool in suspect.pools] == [NODE]
    assert suspect.shares.accepted == 1


def test_a_node_that_serves_several_hosts_is_a_pool() -> None:
    suspects = judged(solo(MINER), solo(OTHER))
    assert suspects[NODE[0]].role is Role.POOL
    assert judged(solo(MINER), solo((MINER[0], 40001))).keys() == {MINER[0]}


def test_a_pool_protocol_makes_a_pool_of_one_miner() -> None:
    suspects = judged(solo(MINER), conversation(("C", H), ("S", J), pool=NODE))
    assert suspects[NODE[0]].role is Role.POOL


def test_a_node_that_gives_work_only_on_request_is_no_pool() -> None:
    share = [
        said("eth-proxy.submit", S, Side.CLIENT, MINER, NODE),
        said("eth-proxy.answer", A, Side.SERVER, NODE, MINER),
    ]
    assert judged(share).keys() == {MINER[0]}
    for by_a_pool in (
        said("eth-proxy.login", H, Side.CLIENT, MINER, NODE),
        said("eth-proxy.work", J, Side.SERVER, NODE, MINER),
    ):
        assert judged([by_a_pool, *share])[NODE[0]].role is Role.POOL


def test_a_block_relay_is_no_miner() -> None:
    passed_on = solo(MINER)[1:]
    assert judged(passed_on) == {}
    assert judged(passed_on, solo(OTHER)).keys() == {OTHER[0]}


def test_the_signature_file_says_what_a_block_needs() -> None:
    needs = NEEDS["getwork.submitblock"]
    assert needs is not None
    assert {"getwork.getwork", "getwork.getblocktemplate-plain"} <= set(needs.any_of)


def test_what_is_needed_is_there() -> None:
    named = {name for needs in NEEDS.values() if needs for name in (*needs.any_of, needs.outnumbers) if name}
    assert named <= set(NEEDS)


LOGIN = said("cryptonote.login-wallet", Kind.HANDSHAKE, Side.CLIENT, MINER, POOL)
WORK = said("cryptonote.job", Kind.JOB, Side.SERVER, POOL, MINER)
WORKED = [
    replace(
        said("cryptonote.submit-worked", Kind.SHARE, Side.CLIENT, MINER, POOL),
        where=where(90 + n, MINER, POOL),
    )
    for n in range(2)
]
UNITS = [
    replace(said("cryptonote.submit", Kind.SHARE, Side.CLIENT, MINER, POOL), where=where(20 + n, MINER, POOL))
    for n in range(3)
]
ELSEWHERE = said("cryptonote.job", Kind.JOB, Side.SERVER, POOL, OTHER)


@pytest.mark.parametrize(
    ("messages", "verdict"),
    [
        pytest.param([LOGIN], None, id="a-wallet-logs-in"),
        pytest.param([LOGIN, WORK], Verdict.CONFIRMED, id="and-is-given-work"),
        pytest.param([LOGIN, ELSEWHERE], Verdict.PROBABLE, id="where-others-are-given-work"),
        pytest.param([LOGIN, UNITS[0]], Verdict.CONFIRMED, id="and-hands-in"),
        pytest.param(UNITS, None, id="units-of-a-computation"),
        pytest.param(WORKED, Verdict.CONFIRMED, id="hashes-that-show-work"),
        pytest.param([*UNITS, *WORKED], None, id="hashes-that-show-work-by-chance"),
        pytest.param([*UNITS, WORK], Verdict.CONFIRMED, id="shares-of-work-that-was-given"),
    ],
)
def test_forms_that_others_use_need_more(messages: list[Message], verdict: Verdict | None) -> None:
    found = judged(messages)
    assert (found[MINER[0]].verdict if MINER[0] in found else None) == verdict


def test_work_and_block_may_go_over_different_connections() -> None:
    asked, *submitted = solo(MINER)
    again = solo((MINER[0], 40001))[1:]
    assert judged(submitted) == {}
    assert judged([asked], again)[MINER[0]].verdict is Verdict.CONFIRMED


STATION, MACHINE = ("10.0.0.4", 50000), ("10.0.0.80", 4028)
ASKED = said("management-api.command", Kind.STATUS, Side.CLIENT, STATION, MACHINE)
TOLD = said("management-api.reply", Kind.STATUS, Side.SERVER, MACHINE, STATION)
RECITED = said("management-api.reply", Kind.STATUS, Side.SERVER, STATION, MACHINE)


@pytest.mark.parametrize(
    ("messages", "suspects"),
    [
        pytest.param([ASKED, TOLD], {MACHINE[0]}, id="asked-and-answered"),
        pytest.param([TOLD], set(), id="nobody-asked"),
        pytest.param([ASKED], set(), id="no-answer"),
        pytest.param([ASKED, RECITED], set(), id="one-end-speaks-both"),
        pytest.param([ASKED, TOLD, RECITED], set(), id="both-ends-answer"),
    ],
)
def test_a_machine_that_answers_is_probable_at_most(messages: list[Message], suspects: set[str]) -> None:
    found = judged(messages)
    assert set(found) == suspects
    for suspect in found.values():
        assert (suspect.verdict, suspect.role) == (Verdict.PROBABLE, Role.MINER)
        assert suspect.management is not None
        assert not suspect.hash_rates
        assert not suspect.pools


def test_mining_outweighs_an_interface() -> None:
    mines = conversation(("C", H), ("S", J), miner=(MACHINE[0], 41000))
    suspect = judged([ASKED, TOLD], mines)[MACHINE[0]]
    assert (suspect.verdict, suspect.flows) == (Verdict.CONFIRMED, 2)
    assert any("management interface" in reason for reason in suspect.reasons)


def test_suspects_stand_in_order_of_weight() -> None:
    verdicts = [suspect.verdict for suspect in scan(SAMPLES / "mixed.pcapng").suspects]
    assert verdicts == sorted(verdicts, reverse=True)


NAMED_AFTER = replace(STRATUM, coins=("BTC", "XMR"), named_after="XMR")


@pytest.mark.parametrize(
    ("pool", "server", "coins"),
    [
        pytest.param(NAMED_AFTER, None, ("XMR",), id="nothing-but-the-name"),
        pytest.param(NAMED_AFTER, POOL, ("XMR",), id="mines-there"),
        pytest.param(NAMED_AFTER, ("203.0.113.99", 3333), (), id="mines-elsewhere"),
        pytest.param(replace(NAMED_AFTER, named_after=""), POOL, (), id="named-after-none"),
    ],
)
def test_a_name_may_tell_the_coin(
    pool: PoolName, server: tuple[str, int] | None, coins: tuple[str, ...]
) -> None:
    found = looked_up(pool)
    for one in conversation(("C", H), ("S", J), pool=server) if server else ():
        found.add_message(one)
    assert weighed(found)[MINER[0]].coins == coins
