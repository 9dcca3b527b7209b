"""Miners at nodes: what their blocks, or the lack of them, say of the hash rate."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest

from netminedet.estimate.host import HashRate
from netminedet.suspects import Suspect
from tests.frames import batch_of
from tests.talks import (
    Said,
    frames_of,
    http_answer,
    http_request,
    pipeline_suspects,
    written,
)
from tests.test_unusual import MONERO, call, greeted, push, reply

HASH = "ab" * 32
HOUR = 3600.0
#: the target of difficulty 1, and its compact form
TARGET, BITS = "00000000ffff" + "0" * 52, "1d00ffff"
#: hashes for it, and the rate of a machine that finds it 40 times an hour
WORK = 2**48 / 0xFFFF
RATE = 40 * WORK / HOUR

TEMPLATE = {
    "capabilities": ["proposal"],
    "version": 536870912,
    "previousblockhash": HASH,
    "transactions": [],
    "coinbasevalue": 312500000,
    "target": TARGET,
    "curtime": 1772438400,
    "bits": BITS,
    "height": 887001,
}
SEEDED = {
    "blocktemplate_blob": "10" * 400,
    "blockhashing_blob": "10" * 76,
    "difficulty": 480_000,
    "height": 3300601,
    "seed_hash": HASH,
    "status": "OK",
}
MINERS: dict[str, tuple[Any, Any, Any, Any]] = {
    "capabilities": (
        ("getblocktemplate", [{"capabilities": ["coinbasetxn", "workid", "coinbase/append"]}]),
        TEMPLATE,
        ("submitblock", ["01" * 90]),
        None,
    ),
    "plain, and blocks": (
        ("getblocktemplate", [{"rules": ["segwit"]}]),
        TEMPLATE,
        ("submitblock", ["01" * 90]),
        None,
    ),
    "getwork": (
        ("getwork", []),
        {"data": "01" * 128, "midstate": HASH, "target": bytes.fromhex(TARGET)[::-1].hex()},
        ("getwork", ["01" * 128]),
        True,
    ),
    "Monero": (
        ("getblocktemplate", {"wallet_address": MONERO, "reserve_size": 60}),
        SEEDED,
        ("submitblock", ["01" * 90]),
        {"status": "OK"},
    ),
}


def hour_of(miner: str, blocks: Iterable[float]) -> list[tuple[float, Said, Said]]:
    """An hour in which the miner asks for work every ten seconds and finds blocks at these moments."""
    ask, template, found, yes = MINERS[miner]
    moments = [(10.0 * number, False) for number in range(360)] + [(one, True) for one in blocks]
    turns = []
    for number, (moment, is_block) in enumerate(sorted(moments)):
        method, params = found if is_block else ask
        turns.append((moment, call(number, method, params), reply(number, yes if is_block else template)))
    return turns


def seen(turns: list[tuple[float, Said, Said]], *, lasting: bool) -> tuple[Suspect, ...]:
    """The turns over HTTP, in one connection or each in one of its own."""
    frames: list[bytes] = []
    times: list[float] = []
    whole: list[Said] = []
    for port, (moment, asked, answered) in enumerate(turns, 20000):
        talk: list[Said] = [
            ("C", http_request(written(asked[1], b""))),
            ("S", http_answer(written(answered[1], b""))),
        ]
        if lasting:
            whole += talk
            times += [moment, moment]
        else:
            frames += frames_of(talk, client=("10.40.0.9", port), server=("10.40.0.1", 8332))
            times += [moment] * 4
    if lasting:
        frames = frames_of(whole, server=("10.40.0.1", 8332))
        times = [0.0, 0.0, *times]
    batch = batch_of(frames)
    for number, moment in enumerate(times):
        batch.time_ns[number] = 1_772_438_400_000_000_000 + int(moment * 1e9)
    return pipeline_suspects(batch)


def rate_of(turns: list[tuple[float, Said, Said]], *, lasting: bool) -> HashRate:
    (suspect,) = seen(turns, lasting=lasting)
    (rate,) = suspect.hash_rates
    return rate


@pytest.mark.parametrize(
    ("miner", "algorithm", "work", "lasting"),
    [
        ("capabilities", "sha256d", WORK, True),
        ("capabilities", "sha256d", WORK, False),
        ("plain, and blocks", "sha256d", WORK, True),
        ("getwork", "sha256d", WORK, True),
        ("getwork", "sha256d", WORK, False),
        ("Monero", "randomx", 480_000.0, True),
        ("Monero", "randomx", 480_000.0, False),
    ],
)
def test_blocks_count_as_shares_of_the_target(miner: str, algorithm: str, work: float, lasting: bool) -> None:
    chance = random.Random(7)
    blocks = [moment for moment in (chance.expovariate(1 / HOUR) for _ in range(60)) if moment < HOUR]
    found = rate_of(hour_of(miner, blocks), lasting=lasting)
    assert (found.algorithm, found.rate.shares) == (algorithm, len(blocks))
    assert found.rate.typical == pytest.approx(len(blocks) * work / HOUR, rel=0.03)


@pytest.mark.parametrize("lasting", [True, False], ids=["one-connection", "a-connection-each"])
@pytest.mark.parametrize(
    ("miner", "work"), [("capabilities", WORK), ("getwork", WORK), ("Monero", 480_000.0)]
)
def test_without_a_block_the_target_gives_a_bound(miner: str, work: float, lasting: bool) -> None:
    found = rate_of(hour_of(miner, []), lasting=lasting)
    assert (found.rate.typical, found.rate.shares) == (None, 0)
    assert found.rate.high == pytest.approx(2.9957 * work / HOUR, rel=0.02)


def test_a_block_that_the_node_refuses_is_none() -> None:
    turns = hour_of("capabilities", [600.0 * number + 1 for number in range(1, 6)])
    refused = [
        (moment, asked, reply(asked[1]["id"], "high-hash") if asked[1]["method"] == "submitblock" else said)
        for moment, asked, said in turns
    ]
    assert rate_of(refused, lasting=True).rate.shares == 0


def test_an_explorer_is_not_accused() -> None:
    ask, template, _, _ = MINERS["plain, and blocks"]
    turns = [(10.0 * n, call(n, *ask), reply(n, template)) for n in range(100)]
    assert seen(turns, lasting=True) == seen(turns, lasting=False) == ()
    assert seen([(moment, said, said) for moment, said, _ in turns], lasting=True) == ()


def test_a_pool_at_its_own_node_is_as_big_as_its_miners() -> None:
    """Their shares tell more than the blocks of the node do."""
    ask, template, _, _ = MINERS["plain, and blocks"]
    node: list[Said] = []
    for number in range(6):
        node += [
            ("C", http_request(written(call(number, *ask)[1], b""))),
            ("S", http_answer(written(reply(number, template)[1], b""))),
        ]
    block = call(9, "submitblock", ["01" * 90])[1]
    node += [("C", http_request(written(block, b""))), ("S", http_answer(written(reply(9, None)[1], b"")))]
    rig = greeted("cgminer/4.12.1", "acct7.r1", [[["mining.notify", "a1"]], "b7c8d9e0", 8])
    rig += [push("mining.set_difficulty", [1024])]
    rig += [push("mining.notify", ["5f", HASH, "01", "02", [HASH], "20000000", "17030ecd", "66f0a1b2", True])]
    for number in range(10, 30):
        share = ["acct7.r1", "5f", f"{number:08x}", "66f0a1b9", "b2957c02"]
        rig += [call(number, "mining.submit", share), reply(number, True)]
    frames = frames_of(node, client=("10.40.0.7", 41000), server=("10.40.0.1", 8332))
    frames += frames_of(rig, server=("10.40.0.7", 3333))
    batch = batch_of(frames)
    for number in range(batch.count):
        batch.time_ns[number] = 1_772_438_400_000_000_000 + number * 1_000_000_000
    found = {suspect.host: suspect for suspect in pipeline_suspects(batch)}
    assert set(found) == {"10.40.0.7", "10.40.0.9"}
    (pool,), (miner,) = found["10.40.0.7"].hash_rates, found["10.40.0.9"].hash_rates
    assert pool.rate.shares == miner.rate.shares == 20
