"""Real miners in unusual forms: verdict, dialect, account, program and shares are right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.talks import (
    CLIENT,
    Said,
    frames_of,
    http_answer,
    http_request,
    over_http,
    over_websocket,
    suspects,
    suspects_of,
    written,
)

HASH, OTHER = "ab" * 32, "cd" * 32
#: a hash as small as that of a share
WORKED = "ab" * 30 + "0000"
ACCOUNT = "acct7.r1"
MONERO = "41yKCYFjjiZaRn34mDTHLA76Y9Z2EAVSmNUhiPXSuRpnWoEQPWusUYKqdX6ToyqJVkFE17D8nP5f3jPKwXGu4v9nVkgnxr7"
KASPA = "kaspa:q9eu3asyqp8jendh4wdcutuzpmwlggzxzw4mvwu73fuczhcpczwm7vt3xw8vu.rig"
BLOB = "1010" + "ab" * 74
TARGET = "00000000ffff" + "0" * 52


def call(ident: Any, method: str, params: Any, **more: Any) -> Said:
    return "C", {"id": ident, "method": method, "params": params, **more}


def reply(ident: Any, result: Any, error: Any = None) -> Said:
    return "S", {"id": ident, "result": result, "error": error}


def push(method: str, params: Any, **more: Any) -> Said:
    return "S", {"id": None, "method": method, "params": params, **more}


SUBSCRIBED = [[["mining.notify", "a1"]], "b7c8d9e0", 8]
GREETING = [
    call(1, "mining.subscribe", ["cgminer/4.12.1"]),
    reply(1, SUBSCRIBED),
    call(2, "mining.authorize", [ACCOUNT, "x"]),
    reply(2, True),
]
NOTIFY = push("mining.notify", ["5f", HASH, "01", "02", [HASH], "20000000", "17030ecd", "66f0a1b2", True])


def submit(ident: Any, nonce: str = "b2957c02", **more: Any) -> Said:
    return call(ident, "mining.submit", [ACCOUNT, "5f", "00000001", "66f0a1b9", nonce], **more)


def greeted(agent: str, worker: str, subscribed: Any, *more: Any) -> list[Said]:
    """Subscribe and authorize in Stratum's manner."""
    return [
        call(1, "mining.subscribe", [agent, *more]),
        reply(1, subscribed),
        call(2, "mining.authorize", [worker, "x"]),
        reply(2, True),
    ]


def login(agent: str | None = "XMRig/6.22.2", account: str = "acct7", **more: Any) -> Said:
    params = {"login": account, "pass": "x", **more} | ({"agent": agent} if agent is not None else {})
    return call(1, "login", params, jsonrpc="2.0")


def welcome(**job: Any) -> Said:
    work = {"blob": BLOB, "job_id": "j1", "target": "b88d0600", **job}
    return "S", {"id": 1, "jsonrpc": "2.0", "error": None, "result": {"id": "s", "job": work, "status": "OK"}}


def hand_in(ident: Any, nonce: str = "1f3a0200", **more: Any) -> Said:
    return call(ident, "submit", {"id": "s", "job_id": "j1", "nonce": nonce, "result": WORKED, **more})


TAKEN: Any = {"status": "OK"}


@dataclass(frozen=True)
class Case:
    """A conversation, and what must be said of it."""

    talk: list[Said]
    dialects: str
    worker: str = ""
    agent: str = ""
    #: submitted, accepted, rejected
    shares: tuple[int, int, int] = (1, 1, 0)
    verdict: str = "confirmed"
    role: str = "miner"
    opened: bool = True


def stratum(talk: list[Said], shares: tuple[int, int, int] = (1, 1, 0), **more: Any) -> Case:
    return Case(
        talk, "stratum-v1", more.pop("worker", ACCOUNT), more.pop("agent", "cgminer/4.12.1"), shares, **more
    )


def monero(talk: list[Said], shares: tuple[int, int, int] = (1, 1, 0), **more: Any) -> Case:
    return Case(
        talk, "cryptonote", more.pop("worker", "acct7"), more.pop("agent", "XMRig/6.22.2"), shares, **more
    )


def lines(talk: list[Said], end: bytes) -> list[Said]:
    return [(who, written(said, end)) for who, said in talk]


def without_ids(talk: list[Said]) -> list[Said]:
    return [(who, {key: value for key, value in said.items() if key != "id"}) for who, said in talk]


PLAIN = [*GREETING, NOTIFY, submit(4), reply(4, True)]
ETH = "0x8874916fa8356ddf370bab6eecc50a99e6b5e30d"
WORK = ["0x" + HASH, "0x" + OTHER, "0x00000000dbe6fecebdedd5beb573440e5a884d1b2fbf06fcce912adcb8d8422e"]
EIGHT = ["77", "04000000", HASH, OTHER, "0" * 64, "b1f0a266", "1c01ab2f", True]
ERGO = "9gxRj7Xt7J4TJ3pUQxLJ5CtSx1rVfqgBBVjyqnQSAjaCN7NjYjF.r"
ERGO_B = "28948022309329048855892746252171976963209391069768726095651290785"
RAVEN = "RMdtBurDZSotT7p7ddAwssaoKk4kwsEsRU.rig"
ALEO = "aleo1hq7kxclra55dfdr84cwyw9t0sv75raaam76hc60czq7lpq43p2frk5r99p"
XELIS = "xel:q9eu3asyqp8jendh4wdcutuzpmwlggzxzw4mvwu73fuczhcpczwm7vt3xw8.r"
BEAM = "6e07073ed9ed31f7cd0c87c10d7b1c70cd6b5f56c157cd31785a263a66d3145448.rig"
AETERNITY = "ak_2MdtBurDZSotT7p7ddAwssaoKk4kwsEsRU1111111111111111.r"
CYCLE = list(range(42))
PARTIAL = {
    "payload": {
        "launcher_id": "0x" + HASH,
        "authentication_token": 2953950,
        "proof_of_space": {"challenge": "0x" + OTHER, "size": 32, "proof": "0x" + "cd" * 256},
        "sp_hash": "0x" + HASH,
    },
    "aggregate_signature": "0x" + "ab" * 96,
}
SECOND_PARTIAL = {**PARTIAL, "payload": {**PARTIAL["payload"], "sp_hash": "0x" + OTHER}}  # type: ignore[dict-item]
PAGE: list[Said] = [
    ("S", {"type": "authed", "params": {"token": "", "hashes": 0}}),
    ("S", {"type": "job", "params": {"job_id": "1", "blob": BLOB, "target": "ffffff00"}}),
    ("C", {"type": "submit", "params": {"job_id": "1", "nonce": "1f3a0200", "result": HASH}}),
    ("S", {"type": "hash_accepted", "params": {"hashes": 256}}),
]

CASES: dict[str, Case] = {
    # Stratum V1
    "plain": stratum(PLAIN),
    "over WebSocket": stratum(over_websocket(PLAIN)),
    "the same id for every share": stratum(
        [
            *GREETING,
            NOTIFY,
            submit(4),
            submit(4, "00000001"),
            reply(4, True),
            reply(4, None, [23, "low", None]),
        ],
        (2, 1, 1),
    ),
    "errors as objects": stratum([*GREETING, NOTIFY, submit(4), reply(4, False, {"code": 23})], (1, 0, 1)),
    "errors alone": stratum(
        [*GREETING, NOTIFY, submit("a-1"), ("S", {"id": "a-1", "error": {"code": 21}})], (1, 0, 1)
    ),
    "numbers answered as texts": stratum([*GREETING, NOTIFY, submit(4), reply("4", True)]),
    "numbers with a point": stratum([*GREETING, NOTIFY, submit(4.0), reply(4, True)]),
    "ids of hexadecimal digits": stratum(
        [*GREETING, NOTIFY, submit("7c9e6679-7425"), reply("7c9e6679-7425", True)]
    ),
    "no ids": stratum(without_ids(PLAIN), (1, 0, 0)),
    "NUL between messages": stratum(lines(PLAIN, b"\0")),
    "blanks behind messages": stratum(lines(PLAIN, b"   \r\n")),
    "upper case, JSON-RPC 1.0": stratum(
        [*GREETING, NOTIFY, submit(4, "B2957C02", jsonrpc="1.0"), reply(4, True)]
    ),
    "further keys": stratum([*GREETING, NOTIFY, submit(4, worker="r1", time=1.5), reply(4, True)]),
    "no name of a program, work of a form not known": stratum(
        [
            call(1, "mining.subscribe", []),
            reply(1, [None, "5a11c0ff", 4]),
            *GREETING[2:],
            push("mining.notify", ["2a7f", "new form", 1234567]),
        ],
        (0, 0, 0),
        agent="",
    ),
    "a program not known, a wallet, work of a form not known": stratum(
        [
            call(1, "mining.subscribe", ["gpu-thing/0.3"]),
            reply(1, True),
            call(2, "mining.authorize", [RAVEN, "x"]),
            reply(2, True),
            push("mining.notify", ["2a7f", "new form", 1234567]),
        ],
        (0, 0, 0),
        worker=RAVEN,
        agent="gpu-thing/0.3",
    ),
    "no params": stratum([("C", {"id": 1, "method": "mining.subscribe"}), *PLAIN[1:]], agent=""),
    "params null": stratum([call(1, "mining.subscribe", None), *PLAIN[1:]], agent=""),
    "picked up at its shares": stratum(
        [submit(4), reply(4, True), submit(5, "00000001"), reply(5, True)], (2, 2, 0), agent="", opened=False
    ),
    "one share and nothing else": stratum([submit(4)], (1, 0, 0), agent="", verdict="probable", opened=False),
    "the miner's side alone": stratum([said for said in PLAIN if said[0] == "C"], (1, 0, 0), opened=False),
    "the pool's side alone": stratum(
        [reply(1, SUBSCRIBED), NOTIFY, push("mining.notify", ["60", *NOTIFY[1]["params"][1:]])],
        (0, 0, 0),
        worker="",
        agent="",
        opened=False,
    ),
    "bfgminer": stratum(
        [
            call("0", "mining.subscribe", ["bfgminer/5.5.0"]),
            reply("0", [[["mining.notify", "a1"]], "b7c8d9e0", "8"]),
            call("auth1", "mining.authorize", [ACCOUNT, ""]),
            reply("auth1", True),
            push("mining.set_difficulty", ["1024"]),
            NOTIFY,
            call("txlist5f", "mining.get_transactions", ["5f"]),
            reply("txlist5f", []),
            submit("s5f1"),
            reply("s5f1", True),
        ],
        agent="bfgminer/5.5.0",
    ),
    "a pool that asks for the version": stratum(
        [
            call(1, "mining.subscribe", []),
            *PLAIN[1:4],
            push("client.get_version", [], id=9),
            ("C", {"id": 9, "result": "cpuminer-opt-24.1", "error": None}),
            NOTIFY,
            submit(4),
            reply(4, True),
        ],
        agent="cpuminer-opt-24.1",
    ),
    "BitAxe, pinged": stratum(
        [*GREETING, NOTIFY, push("mining.ping", [], id=7), call(7, "pong", []), submit(4), reply(4, True)]
    ),
    "NiceHash at a pool": stratum(
        [call(1, "mining.subscribe", ["NiceHash/1.0.0", "1772438400123", HASH]), *PLAIN[1:]],
        agent="NiceHash/1.0.0",
    ),
    "p2pool": stratum(
        [GREETING[0], reply(1, [["mining.notify", "ae6812eb4cd7735a302a8a9dd95cf71f"], "", 4]), *PLAIN[2:]]
    ),
    # its descendants
    "excavator": Case(
        [
            *greeted(
                "excavator/1.5.14a_nvidia",
                "NHbTGdTzQ5J.r",
                [["mining.notify", "ab", "EthereumStratum/1.0.0"], "7f3e"],
                "EthereumStratum/1.0.0",
            ),
            push("mining.notify", ["c0", HASH, OTHER, True]),
            call(4, "mining.submit", ["NHbTGdTzQ5J.r", "c0", "19283746abcd"]),
            reply(4, True),
        ],
        "ethereum-stratum-1",
        "NHbTGdTzQ5J.r",
        "excavator/1.5.14a_nvidia",
    ),
    "Kaspa at NiceHash": Case(
        [
            *greeted("lolMiner 1.76", "NHbTGdTzQ5J.r", [True, "EthereumStratum/1.0.0"]),
            push("mining.set_extranonce", ["0029", 6]),
            push("mining.notify", ["17", [1, 2, 3, 4], 1699999999999]),
            call(3, "mining.submit", ["NHbTGdTzQ5J.r", "17", "a1b2c3d4e5f6"]),
            reply(3, True),
        ],
        "kaspa",
        "NHbTGdTzQ5J.r",
        "lolMiner 1.76",
    ),
    "BzMiner on Kaspa, stale": Case(
        [
            *greeted("BzMiner-v19.3.0", KASPA, [True, "EthereumStratum/1.0.0"]),
            push("mining.notify", ["17", "ab" * 40]),
            call(3, "mining.submit", [KASPA, 17, "0xA1B2C3D4E5F60708"]),
            reply(3, None, [21, "stale", None]),
        ],
        "kaspa",
        KASPA,
        "BzMiner-v19.3.0",
        (1, 0, 1),
    ),
    "Kadena, whose work is not known": Case(
        [
            *greeted("bzminer/17.0", "k:acct.r", [None, "a331", 6]),
            push("mining.notify", ["8a", "ab" * 286, True]),
            call(4, "mining.submit", ["k:acct.r", "8a", "00a1b2c300a1b2c3"]),
            reply(4, True),
        ],
        "stratum-short",
        "k:acct.r",
        "bzminer/17.0",
    ),
    "lolMiner on Ergo": Case(
        [
            *greeted("lolMiner/1.85", ERGO, [[["mining.notify", "a1"]], "b7c8d9", 5]),
            push("mining.notify", ["1f", 1234567, HASH, "", "", "00000003", ERGO_B, "", True]),
            call(3, "mining.submit", [ERGO, "1f", "0000000001", "66f0a1b9", "b2957c0211"]),
            reply(3, True),
        ],
        "ergo",
        ERGO,
        "lolMiner/1.85",
    ),
    "Ergo without a time": Case(
        [
            *greeted("lolMiner/1.85", ERGO, [None, "1a2b3c4d", 4]),
            push("mining.notify", ["1f", 1234567, HASH, "", "", "00000003", ERGO_B, "", True]),
            call(3, "mining.submit", [ERGO, "1f", "00000001", "", "1a2b3c4d00000001"]),
            reply(3, True),
        ],
        "ergo",
        ERGO,
        "lolMiner/1.85",
    ),
    "Nervos at an old pool, whose work and shares are of a form not verified": stratum(
        [
            *GREETING,
            push("mining.set_target", [TARGET]),
            push("mining.notify", ["2a7f", HASH, 1234567, OTHER, False]),
            call(3, "mining.submit", [ACCOUNT, "2a7f", "a1b2c3d4e5f60718293a4b5c"]),
            reply(3, True),
            call(4, "mining.submit", [ACCOUNT, "2a7f", "a1b2c3d4e5f60718293a4b5d"]),
            reply(4, None, [23, "low", None]),
        ],
        (2, 1, 1),
    ),
    "Kaspa with jobs in hexadecimal digits": Case(
        [
            *greeted("GodMiner/2.0.0", KASPA, [True, "EthereumStratum/1.0.0"]),
            push("mining.notify", ["a3f", "ab" * 40]),
            call(3, "mining.submit", [KASPA, "a3f", "0x4e2a000012345678"]),
            reply(3, True),
        ],
        "kaspa",
        KASPA,
        "GodMiner/2.0.0",
    ),
    "EWBF": Case(
        [
            *greeted(
                "EWBF 0.3.4b",
                "t1MdtBurDZSotT7p7ddAwssaoKk4kwsEsRU.r",
                ["5a11c0ffee", "5a11c0ffee"],
                "",
                "zec.example",
                "3333",
            ),
            push("mining.notify", EIGHT),
            call(
                100,
                "mining.submit",
                ["t1MdtBurDZSotT7p7ddAwssaoKk4kwsEsRU.r", "77", "b1f0a266", "3e27", "fd4005" + "ab" * 1344],
            ),
            reply(100, True),
        ],
        "zcash-stratum",
        "t1MdtBurDZSotT7p7ddAwssaoKk4kwsEsRU.r",
        "EWBF 0.3.4b",
    ),
    "Rigel on KawPow without prefixes": Case(
        [
            *greeted("Rigel/1.19.3-nicehash", RAVEN, [None, "5e11ab"]),
            push("mining.notify", ["c4", HASH, OTHER, TARGET, True, 3012345]),
            call(3, "mining.submit", [RAVEN, "c4", "5e11ab00aabbccdd", HASH, OTHER]),
            reply(3, True),
        ],
        "kawpow",
        RAVEN,
        "Rigel/1.19.3-nicehash",
    ),
    "Conflux by account": Case(
        [
            call(1, "mining.subscribe", ["acct7.r", "secret"]),
            reply(1, "true"),
            push("mining.notify", ["a1", "8123456", "0x" + HASH, "0x" + TARGET], xn="2a"),
            call(3, "mining.submit", ["acct7.r", "a1", "0xaeef62bf56b93c19", "0x" + HASH]),
            reply(3, ["true"]),
        ],
        "conflux",
        "acct7.r",
    ),
    "Alephium, whose pool speaks first": Case(
        [
            push("mining.set_difficulty", [4]),
            *greeted("bzminer/17.0", "1m19SCLfqSoFdY9z5otDDmrCh6sRoXSGHduY6uU5jn6mC.r", "result"),
            push(
                "mining.notify",
                [{"jobId": "1f", "fromGroup": 0, "toGroup": 1, "headerBlob": "ab" * 90, "targetBlob": "ff"}],
            ),
            call(
                7,
                "mining.submit",
                {
                    "jobId": "1f",
                    "fromGroup": 0,
                    "toGroup": 1,
                    "nonce": "ab" * 24,
                    "worker": "1m19SCLfqSoFdY9z5otDDmrCh6sRoXSGHduY6uU5jn6mC.r",
                },
            ),
            reply(7, True),
        ],
        "alephium",
        "1m19SCLfqSoFdY9z5otDDmrCh6sRoXSGHduY6uU5jn6mC.r",
        "bzminer/17.0",
    ),
    "Aeternity, whose shares are of a form not verified": Case(
        [
            *greeted("GMiner/2.75", AETERNITY, [None, "0a1b2c3d"], None, "ae.example", "4040"),
            push("mining.notify", ["8a", HASH, True]),
            call(4, "mining.submit", [AETERNITY, "8a", "00a1b2c3", [f"{n:x}" for n in CYCLE]]),
            reply(4, True),
        ],
        "aeternity",
        AETERNITY,
        "GMiner/2.75",
    ),
    "Aion's miner alone, its shares of a form not verified": stratum(
        [
            call(3, "mining.authorize", ["acct.r", "x"]),
            call(6, "mining.submit", ["acct.r", "5c01", "b1f0a266", "7133cee5", "00" * 16]),
        ],
        (0, 0, 0),
        worker="acct.r",
        agent="",
        verdict="probable",
        opened=False,
    ),
    "Aion": Case(
        [
            *greeted("aionminer/1.1", "acct.r", [None, "0a1b"]),
            push("mining.notify", ["8a", True, TARGET, HASH]),
        ],
        "aion",
        "acct.r",
        "aionminer/1.1",
        (0, 0, 0),
    ),
    "Xelis": Case(
        [
            *greeted("onezerominer-1.4", XELIS, ["", "1a2b3c4d", 30, HASH]),
            call(4, "mining.submit", [XELIS, "8a", "00a1b2c300a1b2c3"]),
            reply(4, True),
        ],
        "xelis",
        XELIS,
        "onezerominer-1.4",
    ),
    "Aleo": Case(
        [
            *greeted("aleo-miner/1.0", ALEO + ".r", ["s", "00ff", ALEO], "AleoStratum/2.0.0", None),
            push("mining.set_target", [512]),
            push("mining.notify", ["1a", HASH, ALEO, True]),
            call(9, "mining.submit", [ALEO + ".r", "1a", "a617027c20cb634d", "ab" * 48, "cd" * 49]),
            reply(9, True),
        ],
        "aleo",
        ALEO + ".r",
        "aleo-miner/1.0",
    ),
    # CryptoNote and others with verbs of their own
    "xmrig-proxy at its pool": monero(
        [
            login("xmrig-proxy/6.26.0 (Linux)", rigid="farm"),
            welcome(),
            hand_in(2, algo="rx/0"),
            reply(2, TAKEN),
        ],
        worker="acct7.farm",
        agent="xmrig-proxy/6.26.0 (Linux)",
        role="proxy",
    ),
    "xmr-stak with one id": monero(
        [
            login("xmr-stak/2.10.8"),
            welcome(),
            hand_in(1),
            reply(1, TAKEN),
            hand_in(1, "00000001"),
            reply(1, TAKEN),
        ],
        (2, 2, 0),
        agent="xmr-stak/2.10.8",
    ),
    "no agent, a private proxy": monero(
        [login(None, "x"), welcome(), hand_in(2), reply(2, TAKEN)], worker="x", agent=""
    ),
    "an agent that nobody knows, with algorithms": monero(
        [login("svchost/1.0", algo=["rx/0", "cn/r"]), reply(1, TAKEN)], (0, 0, 0), agent="svchost/1.0"
    ),
    "difficulty behind the address": monero(
        [login(account=MONERO + ".pc+20000"), welcome(), hand_in(2), reply(2, TAKEN)],
        worker=MONERO + ".pc+20000",
    ),
    "answers that say true, errors as lists": monero(
        [login(), welcome(), hand_in(2), reply(2, True), hand_in(3, "00000001"), reply(3, None, [23, "low"])],
        (2, 1, 1),
    ),
    "upper case and numbers": monero(
        [
            login(),
            welcome(job_id=77, blob=BLOB.upper(), target="B88D0600"),
            call("a", "submit", {"id": 1, "job_id": 77, "nonce": "1F3A0200", "result": HASH.upper()}),
            reply("a", {"status": "ok"}),
        ]
    ),
    "blocks of its own making": monero(
        [
            login("", mode="self-select"),
            reply(1, {"id": "s", "job": {"target": "b88d0600", "job_id": "j1"}, "status": "OK"}),
            call(2, "block_template", {"id": "s", "job_id": "j1", "blob": BLOB}),
            reply(2, TAKEN),
            hand_in(3),
            reply(3, TAKEN),
        ],
        agent="",
    ),
    "KawPow by CryptoNote's verbs": monero(
        [
            login(),
            welcome(blob="ab" * 40, algo="kawpow", target="fe5b6b0000000000"),
            hand_in(2, "1f3a02001f3a0200", algo="kawpow"),
            reply(2, TAKEN),
        ]
    ),
    "an old client that polls": monero(
        [
            login("cpuminer-multi/1.3"),
            welcome(),
            call(1, "getjob", {"id": "s"}),
            reply(1, {"blob": BLOB, "job_id": "j2", "target": "b88d0600"}),
            hand_in(1),
            reply(1, TAKEN),
        ],
        agent="cpuminer-multi/1.3",
    ),
    "CryptoNote, picked up at a share": monero(
        [hand_in(7), reply(7, TAKEN)], worker="", agent="", opened=False
    ),
    "eth-proxy, named in the worker": Case(
        [
            call(2, "eth_submitLogin", [ETH, "x"], worker="eth1.0"),
            reply(2, True),
            reply(0, WORK),
            call(4, "eth_submitWork", ["0xaeef62bf56b93c19", "0x" + HASH, "0x" + OTHER], worker="rig"),
            reply(4, True),
        ],
        "eth-proxy",
        f"{ETH} {ETH}.rig",
        "eth1.0",
    ),
    "eth-proxy over HTTP": Case(
        over_http(
            [
                call(1, "eth_getWork", []),
                reply(1, WORK),
                call(4, "eth_submitWork", ["0xaeef62bf56b93c19", "0x" + HASH, "0x" + OTHER]),
                reply(4, True),
            ]
        ),
        "eth-proxy",
    ),
    "work asked for with a wallet in the path, no share yet": Case(
        [
            ("C", http_request(written(call(1, "eth_getWork", [])[1], b""), f"/{ETH}/rig7")),
            ("S", http_answer(written(reply(1, WORK)[1], b""))),
        ],
        "eth-proxy",
        f"{ETH}.rig7",
        shares=(0, 0, 0),
    ),
    "Grin at NiceHash": Case(
        [
            login("GMiner/3.44", "NHbTGdTzQ5J.r"),
            ("S", {"id": 1, "method": "login", "result": "ok"}),
            push(
                "job",
                {
                    "difficulty": 16,
                    "height": 29,
                    "job_id": 7,
                    "pre_pow": "0005" + HASH,
                    "xn": "4a",
                    "cleanjob": True,
                },
            ),
            call(3, "submit", {"edge_bits": 32, "height": 29, "job_id": 7, "nonce": 12, "pow": CYCLE}),
            ("S", {"id": 3, "method": "submit", "result": "block - " + HASH, "error": None}),
        ],
        "grin",
        "NHbTGdTzQ5J.r",
        "GMiner/3.44",
    ),
    "Beam, refused": Case(
        [
            ("C", {"id": "login", "method": "login", "api_key": BEAM}),
            (
                "S",
                {"id": "login", "method": "result", "code": 0, "description": "ok", "nonceprefix": "ab4e3a"},
            ),
            ("S", {"id": "212", "method": "job", "input": HASH, "difficulty": 3441671469, "height": 9}),
            ("C", {"id": "212", "method": "solution", "nonce": "aeef62bf56b93c19", "output": "ab" * 104}),
            ("S", {"id": "212", "method": "result", "code": 2, "description": "rejected"}),
        ],
        "beam",
        BEAM,
        "",
        (1, 0, 1),
    ),
    "Chia, where TLS has ended": Case(
        over_http(
            [
                ("C", PARTIAL),
                ("S", {"new_difficulty": 100}),
                ("C", SECOND_PARTIAL),
                ("S", {"error_code": 5, "error_message": "late"}),
            ]
        ),
        "chia",
        "0x" + HASH,
        "",
        (2, 1, 1),
    ),
    "deepMiner's page": Case(
        over_websocket([("C", {"type": "auth", "params": {"site_key": "", "userID": "page-7"}}), *PAGE]),
        "browser-miner",
        "page-7",
        role="browser",
    ),
    "a page that is asked only": Case(
        over_websocket([said for said in PAGE if said[0] == "S"]),
        "browser-miner",
        shares=(1, 1, 0),
        verdict="probable",
        role="browser",
    ),
    "two dialects on one connection": Case(
        [
            login(),
            welcome(),
            hand_in(2),
            reply(2, TAKEN),
            *greeted("XMRig/6.22.2", RAVEN, [None, "5e11ab"]),
            push("mining.notify", ["c4", HASH, OTHER, TARGET, True, 3012345]),
        ],
        "cryptonote kawpow",
        "acct7 " + RAVEN,
        "XMRig/6.22.2",
    ),
}


def spaced(talk: list[Said], *keys: str) -> list[Said]:
    """The same messages, with a space before these keys and behind others."""
    return [
        (side, {f" {key}" if key in keys else f"{key} ": said[key] for key in said}) for side, said in talk
    ]


@pytest.mark.parametrize("keys", [("id",), ("id", "method"), ("method", "params", "result", "error"), ()])
def test_spaces_around_keys_change_nothing(keys: tuple[str, ...]) -> None:
    talk = [
        *GREETING,
        NOTIFY,
        submit(3),
        reply(3, True),
        submit(4),
        reply(4, None, [23, "Low difficulty", None]),
    ]
    (suspect,) = suspects(spaced(talk, *keys))
    assert (suspect.verdict.label, suspect.workers) == ("confirmed", (ACCOUNT,))
    assert (suspect.shares.submitted, suspect.shares.accepted, suspect.shares.rejected) == (2, 1, 1)


@pytest.mark.parametrize("name", CASES)
def test_is_read_right(name: str) -> None:
    case = CASES[name]
    (suspect,) = suspects(case.talk, opened=case.opened)
    assert (suspect.verdict.label, suspect.role.value) == (case.verdict, case.role)
    assert suspect.dialects == tuple(case.dialects.split())
    assert set(suspect.workers) == set(case.worker.split())
    assert suspect.agents == ((case.agent,) if case.agent else ())
    shares = suspect.shares
    assert (shares.submitted, shares.accepted, shares.rejected) == case.shares


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        ("Kaspa at NiceHash", "kheavyhash"),
        ("lolMiner on Ergo", "autolykos2"),
        ("excavator", None),
        ("Kadena, whose work is not known", None),
        ("Ergo without a time", "autolykos2"),
        ("Nervos at an old pool, whose work and shares are of a form not verified", None),
        ("KawPow by CryptoNote's verbs", "kawpow"),
    ],
)
def test_work_tells_the_algorithm(name: str, algorithm: str | None) -> None:
    """The share of another coin in the same form must not be reckoned as Bitcoin's."""
    talk = CASES[name].talk
    if algorithm == "kheavyhash":
        talk = [*talk[:4], push("mining.set_difficulty", [4]), *talk[4:]]
    (suspect,) = suspects(talk)
    assert [rate.algorithm for rate in suspect.hash_rates] == ([algorithm] if algorithm else [])


def reported(talk: list[Said]) -> list[float | None]:
    (suspect,) = suspects(talk)
    assert all(rate.rate.typical is None for rate in suspect.hash_rates)
    return [rate.reported and rate.reported.typical for rate in suspect.hash_rates]


def test_a_rate_that_the_miner_reports_is_shown_though_nothing_else_is_known() -> None:
    named = [call(1, "eth_submitLogin", [ETH + ".rig", "x"]), reply(1, True)]
    assert reported([*named, call(9, "eth_submitHashrate", ["0x1d08a61", "0x" + OTHER])]) == [30444129.0]
    hello = {
        "agent": "ethminer-0.19.0",
        "host": "pool.example",
        "port": "4d2",
        "proto": "EthereumStratum/2.0.0",
    }
    assert reported([call(0, "mining.hello", hello), call(9, "mining.hashrate", ["500000", "w-1"])]) == [
        0x500000
    ]


def test_heads_of_http_tell_program_rate_and_redirect() -> None:
    body = b'{"method":"getblocktemplate","params":[{"rules":["segwit"]}],"id":0}'
    heads = ("X-Mining-Extensions: longpoll", "X-Mining-Hashrate: 1180000000", "User-Agent: cgminer 3.7.2")
    answer = b'{"result":{"bits":"17025a61"},"error":null,"id":0}'
    asked: list[Said] = [("C", http_request(body, "/", *heads))]
    redirected: list[Said] = [("S", http_answer(answer, "X-Stratum: stratum+tcp://pool.example:3333"))]
    (suspect,) = suspects([*asked, *redirected])
    assert (suspect.verdict.label, suspect.agents) == ("probable", ("cgminer 3.7.2",))
    assert [pool.name for pool in suspect.pools] == [None]
    assert "to go to pool.example port 3333" in suspect.reasons[1]
    assert reported([*asked, *redirected]) == [1180000000.0]


@pytest.mark.parametrize("header", ["stratum+tcp://pool.example", "http:", "tcp://:3333", "x" * 4000])
def test_a_redirect_that_names_no_host_says_nothing(header: str) -> None:
    answer = http_answer(
        b'{"result":1,"error":null,"http":{"stratum-host":"pool.example"}}', f"X-Stratum: {header}"
    )
    talk = [("C", http_request(b'{"method":"getinfo","params":[],"id":1}')), ("S", answer)]
    assert suspects(talk) == ()


#: with checksums that are right; the first is of BIP 173, the last the Monero project's own
BITCOIN, LITECOIN = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "LU6sfxQTdV9ZAxuheZd1uj89nfDAJSqRtU"
RAVENCOIN = "RJA7VFyv9ei4zAajwbcqjEPbLiJUkaTm8z"
DONATION = "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A"


def paid(wallet: str, agent: str = "cgminer/4.12.1", bits: list[str] | None = None) -> list[Said]:
    share = [wallet + ".r1", "5f", "00000001", "66f0a1b9", "b2957c02", *(bits or [])]
    return [
        *greeted(agent, wallet + ".r1", SUBSCRIBED),
        push("mining.set_difficulty", [512]),
        NOTIFY,
        call(4, "mining.submit", share),
        reply(4, True),
    ]


@pytest.mark.parametrize(
    ("talk", "coins", "algorithm"),
    [
        (paid(BITCOIN), ("BTC",), "sha256d"),
        (paid(LITECOIN), ("LTC",), "scrypt"),
        # version bits are rolled, or the machine knows SHA-256 only: the pool pays in another coin
        (paid(LITECOIN, bits=["00800000"]), (), "sha256d"),
        (paid(LITECOIN, agent="bmminer/2.0.0"), (), "sha256d"),
        # four coins write addresses like this one, and none is mined with SHA-256
        (paid(RAVENCOIN), (), "unknown"),
    ],
)
def test_a_wallet_tells_the_coin_where_nothing_speaks_against_it(
    talk: list[Said], coins: tuple[str, ...], algorithm: str
) -> None:
    (suspect,) = suspects(talk)
    assert suspect.coins == coins
    assert [rate.algorithm for rate in suspect.hash_rates] == [algorithm]


def test_of_several_coins_with_such_addresses_the_work_tells_which() -> None:
    talk = [
        said if said[1].get("params") != [RAVEN, "x"] else call(2, "mining.authorize", [RAVENCOIN, "x"])
        for said in CASES["Rigel on KawPow without prefixes"].talk
    ]
    (suspect,) = suspects(talk)
    assert suspect.coins == ("RVN",)


def test_a_block_pays_in_its_own_coin() -> None:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "getblocktemplate", "params": {"wallet_address": DONATION}}
    work = {"blocktemplate_blob": "10" * 400, "blockhashing_blob": "10" * 76, "difficulty": 480000000000}
    talk = over_http(
        [("C", asked), ("S", {"jsonrpc": "2.0", "id": 1, "result": {**work, "height": 3401001}})]
    )
    (suspect,) = suspects(talk)
    assert (suspect.coins, suspect.verdict.label) == (("XMR",), "confirmed")


def test_a_socks_proxy_of_ours_is_no_pool() -> None:
    """It passes on what others say, also where that is seen again behind it: the workers are theirs."""
    asked = b"\x05\x01\x00\x03\x12pool.hashvault.pro" + (3333).to_bytes(2, "big")
    hello: list[Said] = [("C", b"\x05\x01\0"), ("S", b"\x05\0"), ("C", asked), ("S", b"\5\0\0\1" + bytes(6))]
    mined = [login(), welcome(), hand_in(2), reply(2, TAKEN)]
    proxy = "10.40.0.3"
    inside = frames_of([*hello, *mined], server=(proxy, 1080))
    (suspect,) = suspects_of(inside)
    assert (suspect.host, suspect.role.value, suspect.pools[0].name) == (
        CLIENT[0],
        "miner",
        "pool.hashvault.pro",
    )
    both = {
        one.host: one.role.value for one in suspects_of([*inside, *frames_of(mined, client=(proxy, 40000))])
    }
    assert both == {CLIENT[0]: "miner"}
