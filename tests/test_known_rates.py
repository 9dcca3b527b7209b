"""Sessions of machines of known hash rate, read packet by packet: how often the stated interval holds it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from netminedet.api import DEFAULT_HOME_NET, empty_report, parse_networks
from netminedet.limits import Limits
from netminedet.pipeline import Pipeline
from netminedet.suspects import Suspect
from tests.frames import batch_of
from tests.talks import Said, frames_of, signatures

SEEDS = range(100)
HASH = "b8515a5781bae7308188b5fdcd2df9cc76aa67fc1e438b51fddbdf7878095b2a"


@dataclass(frozen=True)
class Play:
    """How a dialect's session is written: what opens it, a job and a share by number, and their work."""

    opening: list[Said]
    job: Callable[[int], Any]
    share: Callable[[int], Any]
    yes: Any
    work: float


PLAYS = {
    "sha256d": Play(
        [
            ("C", {"id": 1, "method": "mining.subscribe", "params": ["cgminer/4.11.1"]}),
            ("S", {"id": 1, "result": [[["mining.notify", "a1"]], "b7c8d9e0", 8], "error": None}),
            ("C", {"id": 2, "method": "mining.authorize", "params": ["acct7.r1", "x"]}),
            ("S", {"id": 2, "result": True, "error": None}),
            ("S", {"id": None, "method": "mining.set_difficulty", "params": [65536]}),
        ],
        lambda n: {
            "id": None,
            "method": "mining.notify",
            "params": [f"{n:x}", HASH, "01", "02", [HASH], "20000000", "17030ecd", "66f0a1b2", True],
        },
        lambda n: {
            "id": n,
            "method": "mining.submit",
            "params": ["acct7.r1", "1", f"{n:016x}", "66f0a1b9", f"{n:08x}"],
        },
        True,
        65536 * 2**32,
    ),
    "randomx": Play(
        [
            (
                "C",
                {"id": 1, "method": "login", "params": {"login": "x", "pass": "x", "agent": "XMRig/6.26.0"}},
            ),
            (
                "S",
                {
                    "id": 1,
                    "result": {
                        "id": "s",
                        "job": {"blob": HASH, "job_id": "0", "target": "b88d0600", "algo": "rx/0"},
                        "status": "OK",
                    },
                },
            ),
        ],
        lambda n: {
            "jsonrpc": "2.0",
            "method": "job",
            "params": {"blob": HASH, "job_id": f"{n}", "target": "b88d0600", "algo": "rx/0"},
        },
        lambda n: {
            "id": n,
            "method": "submit",
            "params": {"id": "s", "job_id": "0", "nonce": f"{n:08x}", "result": HASH},
        },
        {"status": "OK"},
        10_000,
    ),
}


def session(play: Play, seed: int, *, begun: bool, shares: float = 40.0, seconds: float = 1200.0) -> Suspect:
    """A machine that finds ``shares`` on average in the time; a pool with a job about every half minute."""
    chance = random.Random(seed)
    moments: list[tuple[float, bool]] = []
    for pace, is_share in ((seconds / shares, True), (30.0, False)):
        moment = chance.expovariate(1 / pace)
        while moment < seconds:
            moments.append((moment, is_share))
            moment += chance.expovariate(1 / pace)
    talk: list[Said] = [*play.opening, ("S", play.job(0))] if begun else []
    times = [0.0] * len(talk)
    for number, (moment, is_share) in enumerate(sorted(moments), 10):
        if is_share:
            talk += [("C", play.share(number)), ("S", {"id": number, "result": play.yes, "error": None})]
            times += [moment, moment + 0.05]
        else:
            talk.append(("S", play.job(number)))
            times.append(moment)
    return scanned(talk, times, begun)


def scanned(talk: list[Said], times: list[float], begun: bool) -> Suspect:
    batch = batch_of(frames_of(talk, opened=begun))
    for number, moment in enumerate([0.0] * (batch.count - len(times)) + times):
        batch.time_ns[number] = 1_772_438_400_000_000_000 + int(moment * 1e9)
    pipeline = Pipeline(signatures(), "memory", Limits(flows=100))
    pipeline.feed(batch)
    pipeline.finish()
    report = empty_report(signatures(), parse_networks(DEFAULT_HOME_NET), ())
    (suspect,) = replace(report, findings=pipeline.findings).suspects
    return suspect


@pytest.mark.parametrize(
    ("algorithm", "begun"), [("sha256d", True), ("randomx", True), ("randomx", False)], ids=str
)
def test_the_interval_holds_the_rate_in_93_of_100_sessions(algorithm: str, begun: bool) -> None:
    play = PLAYS[algorithm]
    true, inside, ratios = play.work * 40.0 / 1200.0, 0, []
    for seed in SEEDS:
        (found,) = session(play, seed, begun=begun).hash_rates
        assert found.algorithm == algorithm
        assert found.rate.low is not None
        assert found.rate.high is not None
        assert found.rate.typical is not None
        inside += found.rate.low <= true <= found.rate.high
        ratios.append(found.rate.typical / true)
    assert inside >= 93
    assert abs(sum(ratios) / len(ratios) - 1) < 0.05


def one_sided(seed: int, *, shares: float, rise: float, seconds: float = 1800.0) -> Suspect:
    """Only what the machine says: its shares with their hashes; the pool changes the difficulty halfway."""
    chance, talk, times = random.Random(seed), [], []
    moment, number = 0.0, 0
    while True:
        factor = 1.0 if moment < seconds / 2 else rise
        moment += chance.expovariate(shares / seconds / factor)
        if moment > seconds:
            break
        number += 1
        target = int(2**256 / (10_000 * factor))
        found = chance.randrange(target).to_bytes(32, "little").hex()
        share = {"id": "s", "job_id": f"{moment // 30}", "nonce": f"{number:08x}", "result": found}
        talk.append(("C", {"id": number, "jsonrpc": "2.0", "method": "submit", "params": share}))
        times.append(moment)
    return scanned(talk, times, begun=False)


@pytest.mark.parametrize(("rise", "shares"), [(1.0, 60.0), (2.0, 150.0), (0.5, 60.0)])
def test_shares_of_one_side_tell_the_rate_by_their_hashes(rise: float, shares: float) -> None:
    true, inside, ratios = 10_000 * shares / 1800.0, 0, []
    for seed in SEEDS:
        (found,) = one_sided(seed, rise=rise, shares=shares).hash_rates
        assert "the target was not seen, the hashes of the shares tell it" in found.ambiguity
        assert found.rate.low is not None
        assert found.rate.high is not None
        assert found.rate.typical is not None
        inside += found.rate.low <= true <= found.rate.high
        ratios.append(found.rate.typical / true)
    mean = sum(ratios) / len(ratios)
    assert inside >= 93
    assert -0.08 < mean - 1 < 0.05  # a raise is followed late
