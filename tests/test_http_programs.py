"""Mining programs that are asked over HTTP, or in a line, how they are, and what only looks so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.protocols.programs import KEYS, program_reply
from netminedet.suspects import Role, Verdict
from tests.talks import SERVER, Said, http_answer, signatures, suspects

#: name of the example in signatures/management-api.yaml -> path, program, rate, pool
PROGRAMS: dict[str, tuple[str, str, float | None, str]] = {
    "summary of T-Rex": ("/summary", "T-Rex", 22831449, "stratum+tcp://pool.example:4501"),
    "summary of an early lolMiner": ("/summary", "lolMiner", 6.7, "pool.example:2001"),
    "summary of lolMiner": ("/summary", "lolMiner", 650.25e6, "pool.example:5555"),
    "summary of an ASIC with the firmware of ePIC": (
        "/summary",
        "ePIC PowerPlay",
        101000000.5e6,
        "stratum+tcp://pool.example:3333",
    ),
    "status of NBMiner": ("/api/v1/status", "NBMiner", 98500000, "pool.example:4444"),
    "status of Bminer": ("/api/status", "", 535.6, ""),
    "status of GMiner": ("/stat", "GMiner", 121.5e6, "stratum+ssl://pool.example:2222"),
    "status of BzMiner": ("/status", "BzMiner", 650.25e6, "stratum+tcp://pool.example:5555"),
    "a machine with AxeOS": ("/api/system/info", "", 1150.25e9, "pool.example"),
    "statistics of nanominer": ("/stats", "", 4591157, "pool.example:9999"),
}
ANSWERS = {
    example.name: json.loads(example.text)
    for dialect in signatures().dialects
    if dialect.id == "management-api"
    for example in dialect.examples
    if example.text.startswith("{")
}


def get(path: str) -> Said:
    return "C", f"GET {path} HTTP/1.1\r\nHost: rig1.example\r\nAccept: */*\r\n\r\n".encode()


def answer(value: Any) -> Said:
    return "S", http_answer(json.dumps(value, indent=2).encode())


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("opened", [True, False])
def test_a_program_that_is_asked_and_answers_is_probable(name: str, opened: bool) -> None:
    path, software, rate, pool = PROGRAMS[name]
    (suspect,) = suspects([get(path), answer(ANSWERS[name])], opened=opened)
    assert (suspect.host, suspect.verdict, suspect.role) == (SERVER[0], Verdict.PROBABLE, Role.MINER)
    assert suspect.management is not None
    assert suspect.management.hash_rate == rate
    assert suspect.management.pools == ((pool,) if pool else ())
    assert [one.software for one in suspect.software] == ([software] if software else [])


@pytest.mark.parametrize("newline", [True, False])
def test_miniz_is_asked_in_a_line(newline: bool) -> None:
    asked = b'{"id":"0", "method":"getstat"}' + b"\n" * newline
    told = json.dumps(ANSWERS["statistics of miniZ"]).encode() + b"\n" * newline
    (suspect,) = suspects([("C", asked), ("S", told)])
    assert (suspect.host, suspect.verdict) == (SERVER[0], Verdict.PROBABLE)
    assert suspect.management is not None
    assert (suspect.management.hash_rate, suspect.management.pools) == (20.3, ("pool.example:4040",))


def test_an_xmrig_proxy_is_one() -> None:
    talk = [get("/1/summary"), answer(ANSWERS["summary of an xmrig-proxy"])]
    (suspect,) = suspects(talk)
    assert (suspect.host, suspect.verdict, suspect.role) == (SERVER[0], Verdict.PROBABLE, Role.PROXY)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_same_text_elsewhere_proves_nothing(name: str) -> None:
    path, value = PROGRAMS[name][0], ANSWERS[name]
    assert suspects([answer(value)]) == ()
    assert suspects([get(path)]) == ()
    assert suspects([get("/files/answer.json"), answer(value)]) == ()
    assert suspects([get(path), answer({"stored": value})]) == ()
    for key in value:  # each key in the place of the whole
        assert suspects([get(path), answer({key: value[key]})]) == ()
    assert suspects([get(path), answer({**dict.fromkeys(value, "none"), "ok": True})]) == ()


@pytest.mark.parametrize("path", ["/summary", "/stat", "/stats", "/status", "/api/v1/status", "/api/status"])
def test_other_services_under_such_paths_are_none(path: str) -> None:
    for value in (
        {"status": "ok", "uptime": 3600, "version": "1.2"},
        {"stats": {"requests": 12}, "devices": [{"id": 1}], "pools": [{"name": "db", "size": 3}]},
        {"Software": "nginx", "Session": {"Uptime": 3}, "Stratum": "soil"},
        {"active_pool": {"size": 3}, "hashrate": 0, "gpus": []},
        {"upstreams": {"active": 1, "total": 2}, "ua": "Mozilla/5.0", "miners": []},
        "ok",
    ):
        assert suspects([get(path), answer(value)]) == ()


#: Names that these programs use.
_NAMES = sorted(
    {name for value in ANSWERS.values() for name in value}
    | {"speed", "speed_sps", "gpuid", "gpu_id", "solver", "Total", "Hashrate", "url", "devices", "pool"}
)
_PARTS = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES) | st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(sorted(KEYS)), _PARTS, min_size=1, max_size=3), st.data())
def test_any_object(value: dict[str, Any], data: st.DataObject) -> None:
    for name in data.draw(st.lists(st.sampled_from(_NAMES), max_size=6)):
        value.setdefault(name, data.draw(_PARTS))
    reply = program_reply(value)
    assert reply is None or reply.telling
