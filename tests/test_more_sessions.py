"""Sessions as particular programs and pools have them: what is said of them, and of what looks like them."""

from __future__ import annotations

import json
import struct

import pytest
from msgspec import Struct

from tests.talks import Said, http_answer, http_request, over_websocket, suspects

WALLET = "41yKCYFjjiZaRn34mDTHLA76Y9Z2EAVSmNUhiPXSuRpnWoEQPWusUYKqdX6ToyqJVkFE17D8nP5f3jPKwXGu4v9nVkgnxr7"
ETHER = "0x8874916fa8356ddf370bab6eecc50a99e6b5e30d"
HASH, OTHER = "ab" * 32, "cd" * 32
TARGET = "0x0000000112e0be826d694b2e62d01511f12a6061fbaec8bc02357593e70e52ba"
BLOB = "0b0b" + "5a" * 74
NIMIQ, GENESIS = "NQ0700000000000000000000000000000000", "A" * 43 + "="


def ask(number: int, method: str, params: object) -> Said:
    return "C", {"id": number, "jsonrpc": "2.0", "method": method, "params": params}


def push(method: str, params: list[object]) -> Said:
    return "S", {"id": None, "method": method, "params": params}


def say(number: int, result: object, error: object = None) -> Said:
    return "S", {"id": number, "jsonrpc": "2.0", "result": result, "error": error}


def refuse(number: int, message: str) -> Said:
    return "S", {"id": number, "jsonrpc": "2.0", "error": {"code": -1, "message": message}}


def login(account: str = WALLET, agent: str = "Mozilla/5.0") -> Said:
    return ask(1, "login", {"login": account, "pass": "x", "agent": agent})


WELCOME = say(
    1,
    {"id": "s1", "status": "OK", "job": {"blob": BLOB, "job_id": "j1", "target": "b88d0600", "algo": "rx/0"}},
)
JOB = (
    "S",
    {
        "jsonrpc": "2.0",
        "method": "job",
        "params": {"blob": BLOB, "job_id": "j2", "target": "b88d0600", "algo": "rx/0"},
    },
)

ETHMINER: list[Said] = [
    ask(1, "mining.subscribe", ["ethminer/0.14.0"]),
    say(1, [["mining.notify", "7cbd6f7a3c5d8f41"], "ab"]),
    ask(3, "mining.authorize", [f"{ETHER}.rig", "x"]),
    say(3, True),
    push("mining.notify", ["bf04", "0x" + HASH, "0x" + OTHER, TARGET, True]),
    ask(4, "mining.submit", [f"{ETHER}.rig", "bf04", "0x1234567890abcdef", "0x" + HASH, "0x" + OTHER]),
    say(4, True),
]

VERUS: list[Said] = [
    ask(1, "mining.subscribe", ["ccminer/3.8.3"]),
    say(1, [None, "810000ab"]),
    ask(2, "mining.authorize", ["acct7.rig", "x"]),
    say(2, True),
    push("mining.set_target", ["0000000f" + "ff" * 28]),
    push(
        "mining.notify",
        ["3e8", "04000100", HASH, OTHER, "00" * 32, "b1f0a266", "1c01ab2f", True, "0700" + "00" * 70],
    ),
    ask(4, "mining.submit", ["acct7.rig", "3e8", "b1f0a266", "5a" * 28, "fd4005" + "07" * 1344]),
    say(4, True),
]

PAGE: list[Said] = over_websocket(
    [
        (
            "C",
            {
                "identifier": "handshake",
                "pool": "pool.example",
                "login": WALLET,
                "password": "x",
                "version": 7,
            },
        ),
        (
            "S",
            {
                "identifier": "job",
                "job_id": "j1",
                "algo": "cn",
                "variant": 4,
                "blob": BLOB,
                "target": "e4a63d00",
            },
        ),
        ("C", {"identifier": "solved", "job_id": "j1", "nonce": "1a2b3c4d", "result": HASH[:-2] + "00"}),
    ]
)

NIMIQ_POOL: list[Said] = over_websocket(
    [
        (
            "C",
            {"message": "register", "mode": "nano", "address": NIMIQ, "deviceId": 17, "genesisHash": GENESIS},
        ),
        ("S", {"message": "registered"}),
        ("S", {"message": "settings", "address": NIMIQ, "extraData": "AA==", "targetCompact": 5, "nonce": 7}),
        (
            "S",
            {"message": "new-block", "bodyHash": GENESIS, "accountsHash": GENESIS, "previousBlock": "AA=="},
        ),
        ("C", {"message": "share", "block": "AAEm" * 30}),
    ]
)


def ex_message(kind: int, body: bytes) -> bytes:
    """A message of BTCAgent's own form, between the lines (btccom/btcagent, ExMessage.go)."""
    return struct.pack("<BBH", 0x7F, kind, 4 + len(body)) + body


AGENT: list[Said] = [
    ask(1, "agent.get_capabilities", ["verrol"]),
    say(1, {"capabilities": ["verrol", "subres"]}),
    ask(2, "mining.subscribe", ["btccom-agent/2.0.0-mu"]),
    ask(3, "mining.authorize", ["acct7", ""]),
    say(2, [[["mining.set_difficulty", "01"], ["mining.notify", "01"]], "01000001", 8]),
    say(3, True),
    push(
        "mining.notify", ["7", HASH, "5a" * 50, "5a" * 40, [OTHER], "20000000", "17030ecd", "5a5a5a5a", True]
    ),
    ("C", ex_message(1, struct.pack("<H", 0) + b"cgminer/4.9\0rig1\0")),
    ("S", ex_message(5, b"\x10\x01\x00\x00\x00")),
    ("C", ex_message(2, struct.pack("<BHII", 7, 0, 1, 0x0A7B2200))),
    push(
        "mining.notify", ["8", HASH, "5a" * 50, "5a" * 40, [OTHER], "20000000", "17030ecd", "5a5a5a5a", True]
    ),
]


class Case(Struct):
    """A conversation, and what must be said of its client."""

    talk: list[Said]
    #: dialect, verdict, role
    found: tuple[str, str, str]
    worker: str
    agent: str = ""
    shares: tuple[int, int, int] = (1, 1, 0)
    algorithm: str = ""


TEMPLATE = {
    "blocktemplate_blob": "0e0e" + "5a" * 90,
    "difficulty": 1 << 38,
    "height": 7,
    "reserved_offset": 130,
}
PROXY: list[Said] = [
    login(agent="xmr-node-proxy/0.0.3"),
    say(
        1,
        {
            "id": "s1",
            "status": "OK",
            "job": {**TEMPLATE, "target_diff": 50000, "job_id": "j1", "seed_hash": HASH},
        },
    ),
    (
        "S",
        {"method": "job", "params": {**TEMPLATE, "target_diff": 60000, "job_id": "j2", "seed_hash": HASH}},
    ),
    ask(
        2,
        "submit",
        {"id": "s1", "job_id": "j1", "nonce": "1f3a0200", "result": HASH[:-2] + "00", "poolNonce": 7},
    ),
    say(2, {"status": "OK"}),
]


KASPA = "kaspa:q" + "z" * 60

CASES = {
    "Duino-Coin with a sensor": Case(
        [
            ("S", b"3.0"),
            ("C", b"JOB,alice,LOW,key,CPU temperature:48.3*C"),
            ("S", f"{'ab' * 20},{'cd' * 20},8000".encode()),
            ("C", b"4711,151200.5,Official PC Miner 4.3,rig1,,2811"),
            ("S", b"GOOD"),
        ],
        ("duino-coin", "confirmed", "miner"),
        "alice",
        "Official PC Miner 4.3",
        algorithm="sha1",
    ),
    "Kaspa, greeted as EthereumStratum/1": Case(
        [
            ask(1, "mining.subscribe", ["IceRiverMiner-v1.1", "EthereumStratum/1.0.0"]),
            say(1, [True, "EthereumStratum/1.0.0"]),
            ask(2, "mining.authorize", [KASPA, "x"]),
            say(2, True),
            push("mining.set_difficulty", [4096]),
            push("mining.notify", ["17", "ab" * 40]),
            ask(3, "mining.submit", [KASPA, "17", "0x0029a1b2c3d4e5f6"]),
            say(3, True),
        ],
        ("kaspa", "confirmed", "miner"),
        KASPA,
        "IceRiverMiner-v1.1",
        algorithm="kheavyhash",
    ),
    "xmr-node-proxy, which is given templates": Case(
        PROXY, ("cryptonote", "confirmed", "proxy"), WALLET, "xmr-node-proxy/0.0.3", algorithm="randomx"
    ),
    "ethminer in the mode stratum1": Case(
        ETHMINER,
        ("ethash-stratum", "confirmed", "miner"),
        f"{ETHER}.rig",
        "ethminer/0.14.0",
        algorithm="ethash",
    ),
    "ccminer for Verus": Case(
        VERUS,
        ("zcash-stratum", "confirmed", "miner"),
        "acct7.rig",
        "ccminer/3.8.3",
        algorithm="verushash",
    ),
    "a page of webminerpool": Case(
        PAGE, ("webminerpool", "confirmed", "browser"), WALLET, shares=(1, 0, 0), algorithm="cryptonight"
    ),
    "Nimiq in a page": Case(NIMIQ_POOL, ("nimiq", "confirmed", "miner"), f"{NIMIQ}.17", shares=(1, 0, 0)),
    "turned away": Case(
        [
            login(),
            refuse(
                1, "IP Address currently banned for using an invalid mining protocol, please check your miner"
            ),
        ],
        ("cryptonote", "probable", "miner"),
        WALLET,
        "Mozilla/5.0",
        shares=(0, 0, 0),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_is_read_right(name: str) -> None:
    case = CASES[name]
    (suspect,) = suspects(case.talk)
    assert (*suspect.dialects, suspect.verdict.label, suspect.role.value) == case.found
    assert (suspect.workers, suspect.agents) == ((case.worker,), (case.agent,) if case.agent else ())
    shares = suspect.shares
    assert (shares.submitted, shares.accepted, shares.rejected) == case.shares
    assert {rate.algorithm for rate in suspect.hash_rates} == {case.algorithm} - {""}


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param([login(), refuse(1, "Unauthenticated")], id="a wallet's service that wants a password"),
        pytest.param([login("acct7"), refuse(1, "Your IP is banned")], id="an application locks out"),
        pytest.param([login(), refuse(1, "Permission denied")], id="words of anybody"),
        pytest.param(
            over_websocket(
                [
                    (
                        "C",
                        {
                            "identifier": "handshake",
                            "pool": "main",
                            "login": "a",
                            "password": "x",
                            "version": 7,
                        },
                    ),
                    ("S", {"identifier": "welcome"}),
                ]
            ),
            id="a game's handshake",
        ),
        pytest.param(
            over_websocket(
                [
                    ("C", {"message": "register", "address": NIMIQ, "mode": "nano"}),
                    ("S", {"message": "registered"}),
                    ("S", {"message": "balance", "balance": 1, "confirmedBalance": 1}),
                ]
            ),
            id="a wallet of Nimiq",
        ),
    ],
)
def test_accuses_nobody(talk: list[Said]) -> None:
    assert suspects(talk) == ()


@pytest.mark.parametrize(
    ("talk", "counted"),
    [
        pytest.param(
            [login(agent="XMRig/6.22.2"), WELCOME],
            "1 message of the miner, 1 message of the server, 1 job among them",
            id="a login with wallet and program is one message, its answer a job as well",
        ),
        pytest.param(
            [
                ask(1, "eth_submitLogin", [ETHER, "x"]),
                say(1, True),
                ask(2, "eth_getWork", []),
                say(2, ["0x" + HASH, "0x" + OTHER, TARGET]),
            ],
            "1 message of the miner, 2 messages of the server, 1 job among them",
            id="work that was asked for",
        ),
        pytest.param(
            [
                ask(1, "mining.subscribe", ["lolMiner 1.76", "EthereumStratum/1.0.0"]),
                say(1, [["mining.notify", "7cbd", "EthereumStratum/1.0.0"], "7f3e"]),
            ],
            "1 message of the miner, 1 message of the server, 0 jobs among them",
            id="two dialects know the message",
        ),
    ],
)
def test_messages_are_counted_once(talk: list[Said], counted: str) -> None:
    (suspect,) = suspects(talk)
    assert suspect.reasons[0].endswith(counted)


def test_a_login_that_is_answered_with_work_gives_a_job() -> None:
    (suspect,) = suspects([WELCOME, JOB], opened=False)
    assert suspect.verdict.label == "confirmed"
    assert "the server gave 2 jobs to work on" in suspect.reasons[0]
    (suspect,) = suspects([WELCOME], opened=False)
    assert suspect.verdict.label == "probable"


def test_templates_for_proxies_are_jobs() -> None:
    (suspect,) = suspects([said for said in PROXY if said[0] == "S"], opened=False)
    assert "the server gave 2 jobs to work on" in suspect.reasons[0]


def test_where_an_old_pool_speaks_stratum_is_no_name_of_its_own() -> None:
    work = {"data": "5a" * 128, "target": "ff" * 28 + "00000000", "midstate": HASH, "hash1": "00" * 64}
    asked = http_request(b'{"method": "getwork", "params": [], "id": 1}')
    told = http_answer(
        json.dumps({"result": work, "error": None, "id": 1}).encode(),
        "X-Stratum: stratum+tcp://stratum.pool.example:3333",
    )
    (suspect,) = suspects([("C", asked), ("S", told)])
    assert [pool.name for pool in suspect.pools] == [None]
    assert "to go to stratum.pool.example port 3333" in " ".join(suspect.reasons)


def test_who_is_turned_away_is_told_so() -> None:
    (suspect,) = suspects(CASES["turned away"].talk)
    assert "the server sent it away in words that pools use" in suspect.reasons[0]
