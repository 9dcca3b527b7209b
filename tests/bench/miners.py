"""The miners hidden in the benchmark captures: whole sessions in three dialects."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.bench.frames import Connection, packed

#: (side, bytes): what is said, 0 the miner and 1 the pool
Session = Iterator[tuple[int, bytes]]

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@dataclass(frozen=True)
class Miner:
    """One hidden miner: what the truth file says of it, and its packets."""

    host: str
    dialect: str
    preamble: str
    frames: tuple[bytes, ...]


def _line(**members: object) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode() + b"\n"


def _hex(rng: random.Random, digits: int) -> str:
    return f"{rng.getrandbits(4 * digits):0{digits}x}"


def stratum(rng: random.Random, name: str) -> Session:
    """Stratum V1."""
    session = _hex(rng, 8)
    yield 0, _line(id=1, method="mining.subscribe", params=["cgminer/4.12.1"])
    yield 1, _line(id=1, result=[[["mining.notify", session]], _hex(rng, 8), 8], error=None)
    yield 0, _line(id=2, method="mining.authorize", params=[f"farm.{name}", "x"])
    yield 1, _line(id=2, result=True, error=None)
    yield 1, _line(id=None, method="mining.set_difficulty", params=[65536])
    for ident in range(3, 9):
        job = _hex(rng, 6)
        coinbase = [_hex(rng, 216), _hex(rng, 164)]
        branch = [_hex(rng, 64) for _ in range(11)]
        fields = [job, _hex(rng, 64), *coinbase, branch, "20000000", "17025a61", "69a541f0", True]
        yield 1, _line(id=None, method="mining.notify", params=fields)
        share = [f"farm.{name}", job, _hex(rng, 16), "69a541fa", _hex(rng, 8)]
        yield 0, _line(id=ident, method="mining.submit", params=share)
        yield 1, _line(id=ident, result=True, error=None)


def cryptonote(rng: random.Random, name: str) -> Session:
    """CryptoNote, as XMRig speaks it."""
    session, wallet = _hex(rng, 16), "4" + "".join(rng.choices(_BASE58, k=94))

    def job() -> dict[str, object]:
        blob = "1010" + _hex(rng, 74) + "00000000" + _hex(rng, 72)
        rest = {"target": "b88d0600", "height": 3_300_000, "seed_hash": _hex(rng, 64), "algo": "rx/0"}
        return {"blob": blob, "job_id": _hex(rng, 28), **rest}

    agent = "XMRig/6.22.2 (Linux x86_64) libuv/1.49.2 gcc/13.2.1"
    login = {"login": f"{wallet}.{name}", "pass": "x", "agent": agent, "algo": ["rx/0", "cn/r"]}
    yield 0, _line(id=1, jsonrpc="2.0", method="login", params=login)
    work = job()
    welcome = {"id": session, "job": work, "extensions": ["algo", "keepalive"], "status": "OK"}
    yield 1, _line(id=1, jsonrpc="2.0", error=None, result=welcome)
    for ident in range(2, 8):
        share = {"id": session, "job_id": work["job_id"], "nonce": _hex(rng, 8), "result": _hex(rng, 64)}
        yield 0, _line(id=ident, jsonrpc="2.0", method="submit", params=share)
        yield 1, _line(id=ident, jsonrpc="2.0", error=None, result={"status": "OK"})
        work = job()
        yield 1, _line(jsonrpc="2.0", method="job", params=work)


def eth_proxy(rng: random.Random, name: str) -> Session:
    """eth-proxy."""
    wallet, target = "0x" + _hex(rng, 40), "0x00000000" + "dbe6fece" * 7

    def work() -> list[str]:
        return ["0x" + _hex(rng, 64), "0x" + _hex(rng, 64), target]

    login = ["eth_submitLogin", [f"{wallet}.{name}", "x"]]
    yield 0, _line(id=1, jsonrpc="2.0", worker=name, method=login[0], params=login[1])
    yield 1, _line(id=1, jsonrpc="2.0", result=True)
    yield 0, _line(id=5, jsonrpc="2.0", method="eth_getWork", params=[])
    job = work()
    yield 1, _line(id=5, jsonrpc="2.0", result=job)
    for _ in range(6):
        share = ["0x" + _hex(rng, 16), job[0], "0x" + _hex(rng, 64)]
        yield 0, _line(id=40, jsonrpc="2.0", worker=name, method="eth_submitWork", params=share)
        yield 1, _line(id=40, jsonrpc="2.0", result=True)
        job = work()
        yield 1, _line(id=0, jsonrpc="2.0", result=job)


def connect(rng: random.Random) -> Session:
    """HTTP CONNECT through a proxy to a pool known by its address only."""
    target = f"203.0.113.{1 + rng.randrange(200)}:3333"
    yield 0, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()
    yield 1, b"HTTP/1.1 200 Connection established\r\n\r\n"


def pages(rng: random.Random) -> Session:
    """A few web pages on the connection that mines afterwards."""
    for number in range(4):
        yield 0, f"GET /{number} HTTP/1.1\r\nHost: status.example.net\r\nAccept: */*\r\n\r\n".encode()
        body = b"<p>All systems normal.</p>\n" * rng.randrange(40, 400)
        yield 1, f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


DIALECTS: tuple[tuple[str, Callable[[random.Random, str], Session]], ...] = (
    ("stratum-v1", stratum),
    ("cryptonote", cryptonote),
    ("eth-proxy", eth_proxy),
)
PREAMBLES: tuple[tuple[str, Callable[[random.Random], Session] | None], ...] = (
    ("none", None),
    ("http-connect", connect),
    ("none", None),
    ("http-pages", pages),
    ("none", None),
)


def make_miner(rng: random.Random, number: int) -> Miner:
    """Miner ``number``; one in three has its lines cut into small segments."""
    dialect, speak = DIALECTS[number % len(DIALECTS)]
    preamble, begin = PREAMBLES[number % len(PREAMBLES)]
    host = f"10.66.{number // 250}.{1 + number % 250}"
    port = rng.choice((3333, 443, 80, 25, 4444, 5555, 8080, 14444))
    pool = f"203.0.113.{1 + rng.randrange(250)}"
    link = Connection(packed(host), packed(pool), 40_000 + rng.randrange(20_000), port, rng.getrandbits(32))
    if number % 3 == 2:
        link.mss = 48 + rng.randrange(100)
    frames = list(link.open())
    said = [*begin(rng)] if begin else []
    for side, data in (*said, *speak(rng, f"rig{number}")):
        frames += link.send(side, data)
    frames += link.close()
    return Miner(host, dialect, preamble, tuple(frames))


def schedule(miners: list[Miner], rng: random.Random) -> list[tuple[float, bytes]]:
    """All miners' frames with their places in the capture, a share of its length each."""
    rows = []
    for miner in miners:
        start = rng.uniform(0.01, 0.6)
        places = sorted(rng.uniform(start, start + 0.35) for _ in miner.frames)
        rows += list(zip(places, miner.frames, strict=True))
    return sorted(rows, key=lambda row: row[0])
