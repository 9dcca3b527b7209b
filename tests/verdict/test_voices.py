"""Who said something: refusals, and the rigs behind a proxy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from netminedet.suspects import Role, Verdict
from tests.talks import CLIENT, SERVER, Said, frames_of, http_answer, http_request, suspects, suspects_of

DIGEST = "0982af49f962cc3c1e36b9f1eca9854c8670525542e0fc101a45290fc4bafff1"
WORK = {"id": 4, "method": "eth_submitWork", "params": ["0xaeef62bf56b93c19", f"0x{DIGEST}", f"0x{DIGEST}"]}
SHARE: dict[str, Any] = {
    "id": 4,
    "method": "mining.submit",
    "params": ["acct7.rig12", "5f", "00" * 8, "66f0a1b9", "b2957c02"],
}
SUBSCRIBE = {"id": 1, "method": "mining.subscribe", "params": ["cgminer/4.12.1"]}
UNKNOWN = {"id": 4, "error": {"code": -32601, "message": "the method does not exist"}}


def authorize(worker: str, number: int = 2) -> dict[str, Any]:
    return {"id": number, "method": "mining.authorize", "params": [worker, "x"]}


@pytest.mark.parametrize("asked", [WORK, SHARE], ids=["eth_submitWork", "mining.submit"])
@pytest.mark.parametrize("refusal", [UNKNOWN], ids=["unknown"])
@pytest.mark.parametrize("over_http", [False, True])
def test_a_refusal_is_no_servers_voice(
    asked: dict[str, Any], refusal: dict[str, Any], over_http: bool
) -> None:
    talk: list[Said] = [("C", asked), ("S", refusal)]
    if over_http:
        said = http_request(json.dumps(asked).encode()), http_answer(json.dumps(refusal).encode())
        talk = [("C", said[0]), ("S", said[1])]
    assert all(one.verdict is Verdict.PROBABLE for one in suspects(talk))


def test_with_one_share_accepted_it_is() -> None:
    (suspect,) = suspects([("C", SHARE), ("S", {"id": 4, "result": True, "error": None})])
    assert suspect.verdict is Verdict.CONFIRMED


def farm(*workers: str) -> list[Said]:
    talk: list[Said] = [("C", SUBSCRIBE)]
    for number, worker in enumerate(workers, 2):
        talk += [("C", authorize(worker, number)), ("S", {"id": number, "result": True, "error": None})]
    return talk


def test_many_logins_in_one_connection_are_a_proxys() -> None:
    (suspect,) = suspects(farm("acct7.r1", "acct7.r2", "acct7.r3", "acct7.r4"))
    assert (suspect.role, suspect.rigs) == (Role.PROXY, 4)


def test_a_rig_and_the_fee_of_its_program_are_none() -> None:
    (suspect,) = suspects(farm("acct7.r1", "devfee.1"))
    assert (suspect.role, suspect.rigs) == (Role.MINER, 0)


def test_a_program_that_is_a_proxy_is_one_seen_from_outside() -> None:
    agent = {"id": 1, "method": "mining.subscribe", "params": ["braiins-farm-proxy/1.0.0"]}
    answer = {"id": 1, "result": [[["mining.notify", "a1"]], "b7c8d9e0", 8], "error": None}
    (suspect,) = suspects([("C", agent), ("S", answer)])
    assert suspect.role is Role.PROXY


def test_hosts_with_the_same_login_are_rigs_of_their_own() -> None:
    home_pool = ("10.40.0.2", SERVER[1])
    frames = []
    for number in range(3):
        client = (f"10.40.0.{20 + number}", CLIENT[1])
        share = {**SHARE, "params": ["x", *SHARE["params"][1:]]}
        frames += frames_of([*farm("x"), ("C", share)], client=client, server=home_pool)
    server = next(one for one in suspects_of(frames) if one.host == home_pool[0])
    assert (server.role, server.rigs) == (Role.POOL, 3)
