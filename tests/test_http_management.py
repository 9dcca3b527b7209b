"""XMRig's management interface over HTTP: a machine that is asked and answers, and what only looks so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from netminedet.model import Role, Verdict
from tests.talks import SERVER, Said, http_answer, suspects

SUMMARY: dict[str, Any] = {
    "id": "5b1d0c2f9a3e7d44",
    "worker_id": "rig1",
    "uptime": 3600,
    "results": {"shares_good": 42, "shares_total": 42},
    "algo": "rx/0",
    "connection": {"pool": "pool.example:3333", "accepted": 42},
    "version": "6.26.0",
    "ua": "XMRig/6.26.0 (Linux x86_64) libuv/1.51.0 gcc/13.2.1",
    "hashrate": {"total": [4801.5, 4799.2, None]},
}


def get(path: str, verb: str = "GET") -> Said:
    return "C", f"{verb} {path} HTTP/1.1\r\nHost: rig1.example\r\nAccept: */*\r\n\r\n".encode()


def answer(value: object) -> Said:
    return "S", http_answer(json.dumps(value, indent=4).encode())


@pytest.mark.parametrize("path", ["/1/summary", "/2/summary", "/2/summary?pretty=1"])
@pytest.mark.parametrize("opened", [True, False])
def test_a_machine_that_is_asked_and_answers_is_probable(path: str, opened: bool) -> None:
    talk = [get(path), answer(SUMMARY), get(path), answer({**SUMMARY, "algo": None})]
    (suspect,) = suspects(talk, opened=opened)
    assert (suspect.host, suspect.verdict, suspect.role) == (SERVER[0], Verdict.PROBABLE, Role.MINER)
    assert suspect.management is not None
    assert suspect.management.pools == ("pool.example:3333",)
    assert suspect.management.hash_rate == 4799.2
    assert [software.software for software in suspect.software] == ["XMRig"]
    assert not suspect.hash_rates


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param([answer(SUMMARY)], id="nobody-asked"),
        pytest.param([get("/2/summary")], id="no-answer"),
        pytest.param([get("/metrics"), answer(SUMMARY)], id="another-question"),
        pytest.param([get("/2/summary", "PUT"), answer(SUMMARY)], id="another-verb"),
        pytest.param([get("/2/summary"), answer({"status": "ok"})], id="another-answer"),
        pytest.param([get("/2/summary"), answer({**SUMMARY, "ua": "Mozilla/5.0"})], id="no-miner"),
        pytest.param([get("/2/summary"), answer({"stored": SUMMARY})], id="a-store-of-answers"),
        pytest.param([get("/2/summary"), answer([1, 2, 3])], id="a-list"),
        pytest.param([get("/2/summary"), ("S", http_answer(b"<html>XMRig</html>"))], id="a-page"),
    ],
)
def test_what_is_none(talk: list[Said]) -> None:
    assert suspects(talk) == ()
