"""What mining machines answer besides their summary: each command, and others that speak in the same form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from netminedet.protocols.machines import MAX_LISTED, ethminer_reply
from netminedet.suspects import Role, Verdict
from tests.talks import SERVER, Said, http_answer, suspects

ETHER = "0x8874916fa8356ddf370bab6eecc50a99e6b5e30d"
DEVICE = {"ASC": 0, "Name": "BTM", "Status": "Alive", "MHS av": 6500000.0, "MHS 5s": 6400000.0}
COUNTED = {"STATS": 0, "ID": "BC50", "Elapsed": 100, "GHS 5s": "13500.0", "GHS av": 13450.1}
DETAIL: dict[str, Any] = {
    "connection": {
        "connected": True,
        "switches": 1,
        "uri": f"stratum1+tcp://{ETHER}.rig1:x@pool.example:4444",
    },
    "devices": [],
    "host": {"name": "rig", "runtime": 100, "version": "ethminer-0.18.0"},
    "mining": {"difficulty": 3999938964, "epoch": 218, "hashrate": "0x1d08a61", "shares": [7, 1, 0, 5]},
}
URI = f"stratum+tcp://{ETHER}.rig1@pool.example:4444"
CONFIG = {
    "autosave": True,
    "donate-level": 1,
    "pools": [{"url": "pool.example:3333", "user": "acct7", "pass": "x"}],
}


def answer(name: str, *sections: object, vendor: str = "bmminer 1.0.0") -> Said:
    """A reply of cgminer's family in JSON."""
    status = {"STATUS": "S", "When": 1772438400, "Code": 9, "Msg": name, "Description": vendor}
    return "S", json.dumps({"STATUS": [status], name: sections, "id": 1}).encode() + b"\0"


def as_text(*sections: str) -> Said:
    """The same in its own format."""
    status = "STATUS=S,When=1772438400,Code=9,Msg=x,Description=cgminer 4.11.1"
    return "S", ("|".join([status, *sections, ""])).encode() + b"\0"


def asked(command: str) -> Said:
    return "C", json.dumps({"command": command}).encode()


def ethman(method: str, result: object) -> list[Said]:
    return [("C", {"id": 1, "method": method}), ("S", {"id": 1, "jsonrpc": "2.0", "result": result})]


def over_http(path: str, value: object) -> list[Said]:
    return [
        ("C", f"GET {path} HTTP/1.1\r\nHost: rig.example\r\n\r\n".encode()),
        ("S", http_answer(json.dumps(value).encode())),
    ]


VERSION = {"BMMiner": "2.0.0", "API": "3.1", "Type": "Antminer S9"}
LCD = {"Elapsed": 100, "GHS av": 13450.1, "User": "acct7.rig12"}
TALKS: list[tuple[str, list[Said], float | None]] = [
    ("devs", [asked("devs"), answer("DEVS", DEVICE, DEVICE)], 13e12),
    ("edevs", [asked("edevs"), answer("DEVS", DEVICE)], 6.5e12),
    ("stats", [asked("stats"), answer("STATS", {"BMMiner": "2.0.0"}, COUNTED)], 13450.1e9),
    ("estats", [asked("estats"), answer("STATS", COUNTED)], 13450.1e9),
    ("version", [asked("version"), answer("VERSION", VERSION)], None),
    ("lcd", [asked("lcd"), answer("LCD", LCD)], 13450.1e9),
    ("devs-in-text", [("C", b"devs|"), as_text("ASC=0,Name=BTM,MHS av=6500000.00")], 6.5e12),
    ("version-in-text", [("C", b"version|"), as_text("VERSION,CGMiner=4.11.1,API=3.7")], None),
    ("bare-version", [("C", b"version"), as_text("VERSION,CGMiner=4.11.1,API=3.7")], None),
    ("bare-stats", [("C", b"stats"), as_text("STATS=0,ID=AVA1,Elapsed=9,Calls=0")], None),
    ("bare-estats", [("C", b"estats"), as_text("STATS=0,ID=AVA1,Elapsed=9,MM ID0=Ver[1]")], None),
    ("lcd-in-text", [("C", b"lcd|"), as_text("LCD,Elapsed=9,GHS av=13450.1,User=acct7")], 13450.1e9),
    ("ethminer-detail", ethman("miner_getstatdetail", DETAIL), float(0x1D08A61)),
    ("ethminer-pools", ethman("miner_getconnections", [{"active": True, "index": 0, "uri": URI}]), None),
    ("ethminer-ping", ethman("miner_ping", "pong"), None),
    ("xmrig-config", over_http("/1/config", CONFIG), None),
]


@pytest.mark.parametrize(("talk", "rate"), [pytest.param(*rest, id=name) for name, *rest in TALKS])
def test_a_machine_that_answers_is_probable(talk: list[Said], rate: float | None) -> None:
    (suspect,) = suspects(talk)
    assert (suspect.host, suspect.verdict, suspect.role) == (SERVER[0], Verdict.PROBABLE, Role.MINER)
    assert suspect.management is not None
    assert suspect.management.hash_rate == rate


@pytest.mark.parametrize(
    ("talk", "pool", "user"),
    [
        (ethman("miner_getstatdetail", DETAIL), "stratum1+tcp://pool.example:4444", f"{ETHER}.rig1"),
        (
            ethman("miner_getconnections", [{"active": True, "index": 0, "uri": URI}]),
            "stratum+tcp://pool.example:4444",
            f"{ETHER}.rig1",
        ),
        (over_http("/1/config", CONFIG), "pool.example:3333", "acct7"),
    ],
)
def test_it_tells_its_pool_and_account(talk: list[Said], pool: str, user: str) -> None:
    (suspect,) = suspects(talk)
    assert suspect.management is not None
    assert suspect.management.pools == (pool,)
    assert suspect.workers == (user,)
    assert '"x"' not in repr(suspect.evidence)


OTHERS: dict[str, list[Said]] = {
    "memcached": [("C", b"stats\r\n"), ("S", b"STAT pid 1162\r\nSTAT uptime 12\r\nEND\r\n")],
    "memcached-version": [("C", b"version\r\n"), ("S", b"VERSION 1.6.21\r\n")],
    "redis": [("C", b"lcd|"), ("S", b"-ERR unknown command\r\n")],
    "a-plant-in-words": [
        ("C", b"version|"),
        ("S", as_text("VERSION,Plant=4,API=3")[1].replace(b"cgminer", b"plant")),
    ],
    "a-plant": [
        asked("devs"),
        answer("DEVS", {"ID": 0, "Name": "press", "Status": "Alive"}, vendor="plant 4"),
    ],
    "a-plant-s-counts": [asked("stats"), answer("STATS", {"ID": "press", "Elapsed": 3}, vendor="plant 4")],
    "a-plant-s-version": [asked("version"), answer("VERSION", {"Plant": "4", "API": "1"}, vendor="plant 4")],
    "one-device-without-a-rate": [
        asked("devs"),
        answer("DEVS", DEVICE, {"ASC": 1, "Name": "x"}, vendor="plant 4"),
    ],
    "nobody-asked": [answer("DEVS", DEVICE)],
    "nobody-answered": [asked("devs")],
    "a-player": ethman("JSONRPC.Ping", "pong"),
    "ping-with-another-answer": ethman("miner_ping", {"ok": True}),
    "detail-of-a-service": ethman(
        "miner_getstatdetail", DETAIL | {"mining": {"hashrate": "high", "shares": []}}
    ),
    "connections-of-a-queue": ethman(
        "miner_getconnections", [{"active": 1, "index": 0, "uri": "amqp://a@b:1"}]
    ),
    "configuration-of-a-service": over_http(
        "/1/config", {"autosave": True, "donate-level": 1, "pools": ["a"]}
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_none(name: str) -> None:
    assert suspects(OTHERS[name]) == ()


def test_a_long_list_of_pools_is_cut() -> None:
    told = ethminer_reply([{"active": True, "index": n, "uri": f"stratum://p{n}:1"} for n in range(500)])
    assert told is not None
    assert len(told.pools) == MAX_LISTED
