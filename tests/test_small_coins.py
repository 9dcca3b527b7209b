"""Whole sessions of coins with dialects of their own, of both sides and of one."""

from __future__ import annotations

import json

import pytest

from netminedet.suspects import Role, Verdict
from tests.talks import CLIENT, Said, over_http, over_websocket, signatures, suspects

EXAMPLES = {
    (dialect.id, example.name): json.loads(example.text)
    for dialect in signatures().dialects
    if dialect.id in ("cortex", "dero", "eth-proxy", "hathor", "pearl", "truechain", "xelis-getwork")
    for example in dialect.examples
}
OK = {"jsonrpc": "2.0", "result": True}


def play(dialect: str, *lines: tuple[str, str | dict[str, object]]) -> list[Said]:
    """Lines by the names of examples, or as they are."""
    return [(who, EXAMPLES[dialect, line] if isinstance(line, str) else line) for who, line in lines]


WORK = EXAMPLES["eth-proxy", "work with the height"]
SESSIONS: dict[str, tuple[str, str, list[Said]]] = {
    "Cortex": (
        "cortex",
        "CTXC",
        play(
            "cortex",
            ("C", "login with a rig"),
            ("S", {**OK, "id": 72}),
            ("C", "asks for work"),
            ("S", {**WORK, "id": 100}),
            ("S", {**WORK, "id": 0}),
            ("C", "share"),
            ("S", {**OK, "id": 73}),
        ),
    ),
    "TrueChain": (
        "truechain",
        "TRUE",
        play(
            "truechain",
            ("C", "login with a mail address"),
            ("S", {**OK, "id": 1}),
            ("C", "asks for work"),
            ("S", "work that was asked for"),
            ("S", "work pushed"),
            ("C", "share"),
            ("S", {**OK, "id": 3}),
        ),
    ),
    "Hathor": (
        "hathor",
        "HTR",
        play(
            "hathor",
            ("C", "subscribe"),
            ("S", {"id": "2085195499", "jsonrpc": "2.0", "result": "ok"}),
            ("S", "work"),
            ("C", "share"),
            ("S", {"id": "42", "jsonrpc": "2.0", "result": "ok"}),
            ("S", "work for a transaction"),
        ),
    ),
}
SESSIONS["Pearl"] = (
    "pearl",
    "PRL",
    play(
        "pearl",
        ("C", {"id": 1, "method": "mining.subscribe", "params": {"agent": "mom/1.0"}}),
        ("C", "authorize"),
        ("S", {**OK, "id": 1}),
        ("S", "work"),
        ("S", {**OK, "id": 2}),
        ("C", "share"),
        ("S", {**OK, "id": 10}),
        ("S", "work without a height"),
    ),
)
GETWORK: dict[str, tuple[str, str, list[Said]]] = {
    "Dero": ("dero", "DERO", play("dero", ("S", "work"), ("C", "share"), ("S", "work of a proxy"))),
    "Xelis": (
        "xelis-getwork",
        "XEL",
        [*play("xelis-getwork", ("S", "work"), ("C", "block")), ("S", '"block_accepted"')],
    ),
    "Xelis as it was": (
        "xelis-getwork",
        "XEL",
        [*play("xelis-getwork", ("S", "work of an early node"), ("C", "block as before"))],
    ),
}


@pytest.mark.parametrize("name", SESSIONS)
@pytest.mark.parametrize("opened", [True, False])
def test_a_session_is_confirmed(name: str, opened: bool) -> None:
    dialect, coin, talk = SESSIONS[name]
    for carried in (talk, over_websocket(talk)):
        (suspect,) = suspects(carried, opened=opened)
        assert (suspect.host, suspect.verdict, suspect.role) == (CLIENT[0], Verdict.CONFIRMED, Role.MINER)
        assert (suspect.dialects, suspect.coins) == ((dialect,), (coin,))
        assert (suspect.shares.submitted, suspect.shares.accepted) == (1, 1)
        assert not suspect.hash_rates


@pytest.mark.parametrize("name", SESSIONS)
@pytest.mark.parametrize("who", ["C", "S"])
def test_one_side_of_a_session_tells(name: str, who: str) -> None:
    (suspect,) = suspects([said for said in SESSIONS[name][2] if said[0] == who])
    assert (suspect.host, suspect.verdict) == (CLIENT[0], Verdict.CONFIRMED)


@pytest.mark.parametrize("name", GETWORK)
@pytest.mark.parametrize("opened", [True, False])
def test_work_over_websocket_is_confirmed(name: str, opened: bool) -> None:
    dialect, coin, talk = GETWORK[name]
    (suspect,) = suspects(over_websocket(talk), opened=opened)
    assert (suspect.host, suspect.verdict) == (CLIENT[0], Verdict.CONFIRMED)
    assert (suspect.dialects, suspect.coins, suspect.shares.submitted) == ((dialect,), (coin,), 1)


@pytest.mark.parametrize("name", SESSIONS | GETWORK)
def test_what_is_quoted_or_logged_accuses_nobody(name: str) -> None:
    talk = (SESSIONS | GETWORK)[name][2]
    told = json.dumps([said for _, said in talk])
    assert suspects([("C", {"log": told}), ("S", {"ok": True})]) == ()
    assert suspects([("S", "<pre>\n"), *[("S", said) for _, said in talk], ("S", "</pre>")]) == ()
    if name not in ("Cortex", "TrueChain"):  # a node answers these over HTTP, too
        assert suspects(over_http(talk)) == ()
