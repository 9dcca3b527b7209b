"""Lines of Stratum said to somebody who speaks something else, or who says nothing at all."""

from __future__ import annotations

from typing import Any

import pytest

from netminedet.suspects import Role
from netminedet.verdict.unanswered import SCANNED_SERVERS
from tests.talks import (
    CLIENT,
    SERVER,
    Said,
    frames_of,
    http_answer,
    http_request,
    suspects,
    suspects_of,
    written,
)

MONERO = "41yKCYFjjiZaRn34mDTHLA76Y9Z2EAVSmNUhiPXSuRpnWoEQPWusUYKqdX6ToyqJVkFE17D8nP5f3jPKwXGu4v9nVkgnxr7"
SUBSCRIBE = {"id": 1, "method": "mining.subscribe", "params": []}
ASKED: dict[str, dict[str, Any]] = {
    "subscribe": SUBSCRIBE,
    "authorize": {"id": 1, "method": "mining.authorize", "params": ["acct7.r1", "x"]},
    "login": {
        "id": 1,
        "method": "login",
        "params": {"login": MONERO, "pass": "x", "agent": "XMRig/6.22.2"},
    },
}
UNKNOWN = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "Method not found"}}
#: what those say who know no Stratum
ANSWERS: dict[str, Any] = {
    "web server": b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>",
    "service": UNKNOWN,
    "service without codes": {"id": 1, "result": None, "error": "unknown method"},
    "service that cannot read it": {"id": None, "error": {"code": -32700, "message": "Parse error"}},
    "Redis": b"-ERR unknown command '{\"id\":1'\r\n",
    "Redis, which quotes": b'-ERR unknown command \'{"id":1,"method":"mining.subscribe"\', with args\r\n',
    "mail server": b"500 5.5.1 Command unrecognized\r\n",
    "TLS": b"\x15\x03\x03\x00\x02\x02\x0a",
}
BANNERS = {"SSH": b"SSH-2.0-OpenSSH_9.2p1\r\n", "SMTP": b"220 mx.example ESMTP\r\n"}
#: what pools say that do not take a miner in
REFUSALS: dict[str, Any] = {
    "unauthorized": {"id": 1, "result": None, "error": [24, "Unauthorized worker", None]},
    "banned": {"id": 1, "error": {"code": -1, "message": "IP Address currently banned"}},
    "banned, in words": b"Your IP address is banned for 10 minutes\n",
    "no such pool, in words": b"ERROR: unknown wallet\r\n",
    "false": {"id": 1, "result": False, "error": None},
    "a wrong address": {"id": 1, "error": {"code": -32602, "message": "invalid address"}},
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("answer", ANSWERS)
def test_who_asks_another_service_does_not_mine(asked: str, answer: str) -> None:
    assert suspects([("C", ASKED[asked]), ("S", ANSWERS[answer])]) == ()
    assert suspects([("C", ASKED[asked])]), "without the answer it may be one side of a recording"


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("banner", BANNERS)
def test_nor_does_who_asks_one_that_greets_otherwise(asked: str, banner: str) -> None:
    assert suspects([("S", BANNERS[banner]), ("C", ASKED[asked])]) == ()


@pytest.mark.parametrize("refusal", REFUSALS)
def test_who_is_refused_by_a_pool_is_a_miner(refusal: str) -> None:
    (suspect,) = suspects([("C", ASKED["login"]), ("S", REFUSALS[refusal])])
    assert suspect.role is Role.MINER


@pytest.mark.parametrize(
    ("status", "found"), [(b"404 Not Found", 0), (b"405 Method Not Allowed", 0), (b"401 Unauthorized", 1)]
)
def test_a_web_server_without_such_a_service(status: bytes, found: int) -> None:
    """Who is not let in had a miner's reason to ask; who is told that there is no such thing had none."""
    ask = http_request(
        written(ASKED["subscribe"] | {"method": "getwork"}, b""), "/", "User-Agent: cgminer 3.7.2"
    )
    talk: list[Said] = [("C", ask), ("S", b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")]
    assert len(suspects(talk)) == found


def test_a_pool_that_does_not_know_one_call_is_one() -> None:
    configure = {"id": 1, "method": "mining.configure", "params": [["version-rolling"], {}]}
    subscribed = {"id": 2, "result": [[["mining.notify", "a1"]], "b7c8d9e0", 8], "error": None}
    talk: list[Said] = [("C", configure), ("S", UNKNOWN), ("C", {**SUBSCRIBE, "id": 2}), ("S", subscribed)]
    (suspect,) = suspects(talk)
    assert suspect.verdict.label == "confirmed"


def test_answers_in_bodies_are_read_as_such() -> None:
    ask = http_request(written({"id": 1, "method": "eth_submitLogin", "params": ["0x" + "ab" * 20]}, b""))
    assert suspects([("C", ask), ("S", http_answer(written(UNKNOWN, b"")))]) == ()


@pytest.mark.parametrize("asked", ASKED)
def test_whoever_is_asked_is_no_pool(asked: str) -> None:
    """What a client says accuses no server; of one outside that asks a host of ours it accuses nobody."""
    ours = ("10.40.0.2", SERVER[1])
    (suspect,) = suspects_of(frames_of([("C", ASKED[asked])], server=ours))
    assert suspect.host == CLIENT[0]
    outside = frames_of([("C", ASKED[asked])], client=("198.51.100.66", 50000), server=ours)
    assert suspects_of(outside) == ()


def test_a_miner_that_is_asked_by_somebody_is_no_proxy() -> None:
    answer = {"id": 1, "result": [[["mining.notify", "a1"]], "b7c8d9e0", 8], "error": None}
    frames = frames_of([("C", SUBSCRIBE), ("S", answer)])
    frames += frames_of([("C", SUBSCRIBE)], client=("10.40.0.50", 50000), server=(CLIENT[0], SERVER[1]))
    found = {one.host: one for one in suspects_of(frames)}
    assert found[CLIENT[0]].role is Role.MINER


@pytest.mark.parametrize(("servers", "found"), [(SCANNED_SERVERS - 1, 1), (SCANNED_SERVERS, 0)])
def test_who_asks_everybody_looks_for_pools(servers: int, found: int) -> None:
    frames = []
    for number in range(servers):
        frames += frames_of([("C", SUBSCRIBE)], server=(f"203.0.113.{1 + number}", 3333))
    assert len(suspects_of(frames)) == found


@pytest.mark.parametrize(
    ("more", "found"),
    [
        pytest.param([], [], id="and wants no more of it"),
        pytest.param([("C", ASKED["authorize"])], [CLIENT[0]], id="and logs in there"),
        pytest.param([("C", ASKED["login"])], [CLIENT[0]], id="and logs in there in another dialect"),
    ],
)
def test_who_asks_everybody_and_is_answered_by_one(more: list[Said], found: list[str]) -> None:
    answer = {"id": 1, "result": [[["mining.notify", "a1"]], "b7c8d9e0", 8], "error": None}
    frames = frames_of([("C", SUBSCRIBE), ("S", answer), *more])
    for number in range(SCANNED_SERVERS):
        frames += frames_of([("C", SUBSCRIBE)], server=(f"203.0.113.{100 + number}", 3333))
    assert [one.host for one in suspects_of(frames)] == found
