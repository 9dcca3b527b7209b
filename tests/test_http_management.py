"""XMRig's management interface over HTTP: a machine that is asked and answers, and what only looks so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from netminedet.suspects import Role, Verdict
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


REALM = 'Digest realm="antMiner Configuration", nonce="5f2a", algorithm=MD5, qop="auth"'
LOGIN = 'Digest username="root", realm="antMiner Configuration", nonce="5f2a", uri="/", response="0f1e"'


def visit(*fields: str) -> Said:
    return "C", "\r\n".join(["GET /index.html HTTP/1.1", "Host: 192.0.2.7", *fields, "", ""]).encode()


def demand(realm: str) -> Said:
    fields = f"WWW-Authenticate: {realm}\r\nContent-Type: text/html\r\nContent-Length: 18"
    return "S", f"HTTP/1.1 401 Unauthorized\r\n{fields}\r\n\r\n<h1>log in now</h1>"[:-1].encode()


PAGE: Said = ("S", http_answer(b"<html>Antminer</html>", kind="text/html"))


@pytest.mark.parametrize("realm", ["antMiner Configuration", "blackMiner Configuration", "DaogeM"])
@pytest.mark.parametrize("opened", [True, False])
def test_a_machine_whose_web_page_was_logged_in_to_is_probable(realm: str, opened: bool) -> None:
    asked, login = (text.replace("antMiner Configuration", realm) for text in (REALM, LOGIN))
    talk = [visit(), demand(asked), visit(f"Authorization: {login}"), PAGE]
    (suspect,) = suspects(talk, opened=opened)
    assert (suspect.host, suspect.verdict, suspect.role) == (SERVER[0], Verdict.PROBABLE, Role.MINER)
    assert suspect.management is not None
    assert suspect.management.interfaces[0].endswith("web interface")
    assert "0f1e" not in repr(suspect)


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param([visit(), demand(REALM)], id="nobody-logged-in"),
        pytest.param([visit(f"Authorization: {LOGIN}"), PAGE], id="nobody-asked-for-it"),
        pytest.param(
            [visit(f"Authorization: {LOGIN}"), demand('Digest realm="shop", nonce="1"')], id="another-realm"
        ),
        pytest.param(
            [visit(), ("S", http_answer(f"WWW-Authenticate: {REALM}\r\nAuthorization: {LOGIN}".encode()))],
            id="a-page-about-it",
        ),
        pytest.param(
            [("C", f"GET /?q=Authorization:{LOGIN} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode()), PAGE],
            id="a-search-for-it",
        ),
    ],
)
def test_what_is_no_web_page_of_a_machine(talk: list[Said]) -> None:
    assert suspects(talk) == ()
