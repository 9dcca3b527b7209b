"""What the matcher promises, on shipped signatures and on values that no protocol has."""

from __future__ import annotations

import gc
import json
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netminedet.model import EXCERPT_LIMIT, Kind, Side, Strength
from netminedet.signatures import load_signatures
from netminedet.signatures.text import DETAIL_LIMIT

SIGNATURES = load_signatures()
WALLET = "4" + "8" * 94

VERBS = sorted(
    {
        (pattern.method_key, verb)
        for one in SIGNATURES.dialects
        for pattern in one.patterns
        for verb in pattern.methods
    }
)
WORDS = """
id params result error body jsonrpc job blob target job_id nonce login pass agent algo status input
height
"""
NAMES = st.sampled_from(WORDS.split())
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["0" * 64, "0x" + "0" * 64, "f" * 8, "0" * 152, WALLET, "mining.notify", "1e400", "OK", ""]
    ),
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=10),
        st.dictionaries(st.one_of(NAMES, st.text(max_size=4)), inner, max_size=6),
    ),
    max_leaves=24,
)


@given(VALUES)
@settings(max_examples=150)
def test_any_value_is_survived(value: object) -> None:
    SIGNATURES.match(value)
    excerpt = SIGNATURES.excerpt(value)
    assert len(excerpt) <= EXCERPT_LIMIT
    excerpt.encode()
    SIGNATURES.accepts("stratum-v1", value)


@given(st.sampled_from(VERBS), st.dictionaries(NAMES, VALUES, max_size=4))
@settings(max_examples=300)
def test_any_message_with_a_known_verb_is_survived(verb: tuple[str, str], rest: dict[str, object]) -> None:
    message = {**rest, verb[0]: verb[1]}
    for match in SIGNATURES.match(message):
        for text in match.details.values():
            assert len(text) <= DETAIL_LIMIT
            assert text.isprintable()
    for dialect in SIGNATURES.dialects:
        assert SIGNATURES.accepts(dialect.id, message) in (True, False, None)
    SIGNATURES.excerpt(message).encode()


@pytest.mark.parametrize("value", [None, 1, "mining.subscribe", [], [{"method": "mining.noop"}], {}, {1: 2}])
def test_what_is_no_message_matches_nothing(value: object) -> None:
    assert SIGNATURES.match(value) == []


def test_vast_values_are_survived() -> None:
    deep: object = []
    for _ in range(900):
        deep = [deep]
    for value in (deep, 10**5000, "9" * 100_000, ["0" * 64] * 10_000):
        message = {"method": "mining.notify", "params": value, "id": 10**5000}
        SIGNATURES.match(message)
        assert len(SIGNATURES.excerpt(message)) <= EXCERPT_LIMIT


def test_sender_of_the_wrong_side_does_not_match() -> None:
    subscribe = {"method": "mining.subscribe", "params": ["cgminer/4.12"]}
    assert SIGNATURES.match(subscribe, Side.SERVER) == []
    (match,) = SIGNATURES.match(subscribe, Side.CLIENT)
    assert match.sender is Side.CLIENT


def test_weak_is_left_out_beside_strong_of_the_same_kind() -> None:
    share = {"method": "mining.submit", "params": ["a.b", "1", "00000001", "504e86ed", "b2957c02"]}
    assert [match.signature for match in SIGNATURES.match(share)] == ["stratum-v1.submit"]


@pytest.mark.parametrize(
    ("params", "strength"),
    [
        ({"login": "x", "pass": "x", "agent": "XMRig/6.26.0"}, Strength.STRONG),
        ({"login": WALLET, "pass": "x"}, Strength.STRONG),
        ({"login": WALLET + ".rig"}, Strength.STRONG),
        ({"login": WALLET, "pass": "x", "agent": "Mozilla/5.0"}, Strength.STRONG),
        ({"login": "x", "pass": "x", "agent": "Mozilla/5.0", "algo": ["rx/0"]}, Strength.STRONG),
        ({"login": "alice", "pass": "x"}, Strength.WEAK),
        ({"login": "alice", "pass": "x", "agent": "Mozilla/5.0"}, Strength.WEAK),
        ({"login": "alice", "pass": "x", "agent": ""}, Strength.WEAK),
        ({"login": "0x" + "ab" * 20, "pass": "x", "agent": ""}, Strength.STRONG),
        ({"login": "0x" + "ab" * 20, "pass": "x"}, Strength.WEAK),
        ({"login": "alice", "agent": "app/1.0"}, None),
        ({"user": "alice", "pass": "x", "agent": "app/1.0"}, None),
        ([WALLET, "x"], None),
    ],
)
def test_login_is_strong_only_with_agent_or_wallet(params: object, strength: Strength | None) -> None:
    matches = SIGNATURES.match({"id": 1, "method": "login", "params": params})
    assert [match.strength for match in matches] == ([strength] if strength else [])


def test_details_of_a_login() -> None:
    params = ["miniZ/2.4", None, "zec.pool.example", 3333]
    (match,) = SIGNATURES.match({"method": "mining.subscribe", "params": params})
    assert match.details == {"agent": "miniZ/2.4", "pool_host": "zec.pool.example", "pool_port": "3333"}
    login = {"method": "mining.authorize", "params": ["0x" + "ab" * 20 + ".rig2", "x"]}
    (match,) = SIGNATURES.match(login)
    assert match.details == {"worker": "0x" + "ab" * 20 + ".rig2", "wallet": "0x" + "ab" * 20}


def test_nicehash_buyer_names_no_pool_host() -> None:
    params = ["NiceHash/1.0.0", "1700000000000", "ab" * 32]
    (match,) = SIGNATURES.match({"method": "mining.subscribe", "params": params})
    assert match.details == {"agent": "NiceHash/1.0.0"}


def test_details_are_printable_and_short() -> None:
    evil = "a\x00\x1b[31m\u202egnp/1exe\ud800" + "b" * 500
    (match,) = SIGNATURES.match({"method": "mining.subscribe", "params": [evil]})
    agent = match.details["agent"]
    assert agent.startswith("a[31mgnp/1exebbb")
    assert len(agent) == DETAIL_LIMIT


@pytest.mark.parametrize(
    "message",
    [
        {"method": "mining.authorize", "params": ["acct.rig", "hunter2"]},
        {"method": "mining.authorize", "params": [7, "hunter2"]},
        {"method": "login", "params": {"login": "x", "pass": "hunter2", "agent": "XMRig/6"}},
        {"method": "eth_submitLogin", "params": ["0xabc", "hunter2"]},
        {
            "method": "mining.subscribe",
            "params": ["cfx:aak2rra2njvd77ezwjvx04kkds9fzagfe6ku8scz91", "hunter2"],
        },
        {"method": "call", "params": {"deep": [{"Password": "hunter2"}]}},
    ],
)
def test_passwords_are_cut_out_of_excerpts(message: dict[str, object]) -> None:
    excerpt = SIGNATURES.excerpt(message)
    assert "hunter2" not in excerpt
    assert "***" in excerpt


def test_excerpt_is_compact_json_and_keeps_the_evidence() -> None:
    login = {"id": 3, "method": "mining.authorize", "params": ["acct.rig", "x"]}
    assert SIGNATURES.excerpt(login) == '{"id":3,"method":"mining.authorize","params":["acct.rig","***"]}'
    assert SIGNATURES.excerpt({"a": "\u202e\n" + "b" * 999}) == '{"a":"' + "b" * 119 + '…"}'
    assert json.loads(SIGNATURES.excerpt({"list": list(range(1000))}))["list"][-1] == "…"


@pytest.mark.parametrize(
    ("dialect", "reply", "expected"),
    [
        ("stratum-v1", {"id": 4, "result": True, "error": None}, True),
        ("stratum-v1", {"id": 4, "result": True}, True),
        ("stratum-v1", {"id": 4, "result": None, "error": [23, "Low difficulty share", None]}, False),
        ("stratum-v1", {"id": 4, "result": False, "error": None}, False),
        ("stratum-v1", {"id": 4, "result": True, "error": [21, "stale", None]}, False),
        ("stratum-v1", {"id": 4, "method": "mining.notify", "params": []}, None),
        ("stratum-v1", [1], None),
        ("cryptonote", {"id": 2, "result": {"status": "OK"}, "error": None}, True),
        ("cryptonote", {"id": 2, "error": {"code": -1, "message": "Low difficulty share"}}, False),
        ("cryptonote", {"id": 2, "error": {"code": -1, "message": "anything else"}}, False),
        ("grin", {"id": "0", "method": "submit", "result": "ok", "error": None}, True),
        ("grin", {"id": "0", "method": "submit", "error": {"code": -32501}}, False),
        ("beam", {"id": "212", "method": "result", "code": 1, "description": "accepted"}, True),
        ("conflux", {"id": 3, "result": ["true"], "error": None}, True),
        ("ironfish", {"method": "mining.submitted", "body": {"id": 1, "result": False}}, False),
        ("eth-proxy", {"id": 4, "jsonrpc": "2.0", "result": True}, True),
        ("stratum-v1", {"id": 4, "result": True, "error": []}, True),
        ("stratum-v1", {"id": 4, "result": True, "error": ""}, True),
        ("stratum-v1", {"id": 4, "result": True, "error": "stale"}, False),
        ("stratum-v1", {"id": 4, "result": False, "error": []}, False),
    ],
)
def test_accepts(dialect: str, reply: object, expected: bool | None) -> None:
    assert SIGNATURES.accepts(dialect, reply) is expected


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ((), ()),
        (("stratum-v1",), ("stratum-v1",)),
        (("stratum-v1", "zcash-stratum"), ("zcash-stratum",)),
        (("stratum-v1", "kawpow", "zcash-stratum"), ("kawpow", "zcash-stratum")),
        (("cryptonote", "stratum-v1", "cryptonote"), ("cryptonote", "stratum-v1")),
        (("one-of-nobody", "stratum-v1"), ("one-of-nobody", "stratum-v1")),
    ],
)
def test_most_specific(seen: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert SIGNATURES.most_specific(seen) == expected


def test_dialect_gives_its_description() -> None:
    zcash = SIGNATURES.dialect("zcash-stratum")
    assert zcash.refines == "stratum-v1"
    assert "Equihash" in zcash.title
    with pytest.raises(KeyError):
        SIGNATURES.dialect("nobodys")


def test_coins_are_named_only_where_the_dialect_tells() -> None:
    by_name = {dialect.id: dialect.coins for dialect in SIGNATURES.dialects}
    assert by_name["stratum-v1"] == ()
    assert by_name["alephium"] == ("ALPH",)
    kaspa = {"method": "mining.authorize", "params": ["kaspa:q" + "z" * 60]}
    coins = {match.dialect: match.coins for match in SIGNATURES.match(kaspa)}
    assert coins == {"kaspa": ("KAS",)}  # and not "stratum-v1" as well: it was one message
    assert {match.kind for match in SIGNATURES.match(kaspa)} == {Kind.HANDSHAKE}


def test_a_set_that_is_dropped_goes_at_once() -> None:
    """A watch lets the collector of cycles alone: sets that signals replace must not stay for ever."""
    gc.collect()
    gc.disable()
    try:
        signatures = load_signatures()
        assert signatures.match(
            {"id": 4, "method": "mining.submit", "params": ["a.b", "1", "00000001", "5f000000", "deadbeef"]}
        )
        gone = weakref.ref(signatures)
        del signatures
        assert gone() is None
    finally:
        gc.enable()
