"""What a sample of TCP flows says of packets that never came, came twice, or come of one side only."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from netminedet.live.desk import upstream
from netminedet.sieve import Sieve
from netminedet.sieve.packets import Part
from tests.frames import batch_of, tcp_frame

FLOWS = 600
ROUNDS = 12


def talk(flow: int) -> Iterator[bytes]:
    """A connection: requests of 100 bytes, answers of 1000, each acknowledged at once."""
    client, server = (f"10.0.{flow >> 8}.{flow & 255}", 20_000 + flow), ("192.0.2.1", 443)
    mine, other = 0xFFFFFF00, 5_000

    def packet(up: bool, seq: int, ack: int, flags: int, payload: bytes = b"") -> bytes:
        source, target = (client, server) if up else (server, client)
        return tcp_frame(source, target, seq, payload, flags, ack)

    yield packet(True, mine, 0, 2)
    yield packet(False, other, mine + 1, 18)
    mine, other = mine + 1, other + 1
    for _ in range(ROUNDS):
        yield packet(True, mine & 0xFFFFFFFF, other, 24, b"q" * 100)
        mine = (mine + 100) & 0xFFFFFFFF
        yield packet(False, other, mine, 24, b"a" * 1000)
        other += 1000
        yield packet(True, mine, other, 16)


def sampled(frames: list[bytes], gap_ns: int = 10_000_000, seed: int = 1) -> dict[str, Any]:
    """What is said of these frames; ``seed`` decides which flows are followed."""
    sieve = Sieve([b"mining."], [], samples=True, part=Part(0, 1, seed << 64 | seed))
    batch = batch_of(frames)
    for i in range(len(frames)):
        batch.time_ns[i] = 1_700_000_000_000_000_000 + i * gap_ns
    list(sieve.run(batch, "test"))
    return upstream(sieve.counters())


ALL = [list(talk(flow)) for flow in range(FLOWS)]


def test_all_seen_is_no_loss() -> None:
    assert sampled([frame for one in ALL for frame in one]) == {"loss": 0.0, "one_sided": 0.0, "twice": 0.0}


@pytest.mark.parametrize("share", [0.02, 0.2])
def test_loss_is_estimated(share: float) -> None:
    chance = random.Random(7)
    kept = [frame for one in ALL for frame in one if chance.random() >= share]
    losses = [sampled(kept, seed=seed)["loss"] for seed in range(1, 17)]
    assert losses == pytest.approx([share] * 16, rel=1.2)
    assert sum(losses) / 16 == pytest.approx(share, rel=0.2)


@pytest.mark.parametrize("up", [True, False])
def test_one_side_is_told_and_no_loss(up: bool) -> None:
    kept = [frame for one in ALL for frame in one if (frame[26] == 10) is up]
    told = sampled(kept)
    assert told["one_sided"] == 1.0
    assert not told["loss"]


def test_copies_are_told() -> None:
    twice = [frame for one in ALL for frame in one for _ in range(2)]
    told = sampled(twice, gap_ns=100_000)
    assert told["twice"] == pytest.approx(24 / (2 * len(ALL[0])), rel=0.05)
    assert told["loss"] == 0.0


def test_what_is_sent_again_is_no_copy() -> None:
    twice = [frame for one in ALL for frame in one for _ in range(2)]
    assert sampled(twice, gap_ns=200_000_000)["twice"] == 0.0
