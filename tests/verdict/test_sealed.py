"""An encrypted Stratum V2 channel: what the sizes of its records tell, and what they never add."""

from __future__ import annotations

from pathlib import Path

import pytest

from netminedet import explain
from netminedet.model import Shares, Verdict
from netminedet.verdict.flowfinding import Sealed
from tests.protocols.test_noise import noise
from tests.test_redirects import MINER, POOL, Wire


def channel(shares: int, answer: int = 234, opened: bool = True) -> Wire:
    wire = Wire().open(MINER, 40000, POOL, 3336, noise(64)).say(POOL, 3336, MINER, 40000, noise(answer))
    wire.say(MINER, 40000, POOL, 3336, noise(120)).say(POOL, 3336, MINER, 40000, noise(44))
    if opened:
        wire.say(MINER, 40000, POOL, 3336, noise(88)).say(POOL, 3336, MINER, 40000, noise(91 + 83 + 86))
    for _ in range(shares):
        wire.say(MINER, 40000, POOL, 3336, noise(62)).say(POOL, 3336, MINER, 40000, noise(58))
    return wire


def test_records_are_told_and_never_counted_as_shares(tmp_path: Path) -> None:
    (suspect,) = channel(30).scanned(tmp_path, step_s=10).suspects
    assert (suspect.verdict, suspect.shares, suspect.hash_rates) == (Verdict.PROBABLE, Shares(), ())
    (why,) = suspect.reasons
    assert "64 bytes of the client that look random, 234 in answer" in why
    assert "only the miner's side" not in why
    assert "about 30 records of the size of a share, in 11 of 11 minutes, and 30 of the size" in why


@pytest.mark.parametrize(("shares", "opened"), [(0, False), (0, True), (30, False)])
def test_a_handshake_is_no_proof(shares: int, opened: bool, tmp_path: Path) -> None:
    assert channel(shares, opened=opened).scanned(tmp_path, step_s=10).suspects == ()


def test_the_rule_in_words(tmp_path: Path) -> None:
    channel(3).scanned(tmp_path)
    story = explain(tmp_path / "wire.pcap", MINER)
    assert story.ruling is not None
    assert story.ruling.why[0].startswith("probable: an encrypted connection took the course of Stratum V2")
    assert "by the DNS for a pool's name" in story.ruling.would_raise[0]


@pytest.mark.parametrize("answer", [50, 64, 170, 233, 235])
def test_other_handshakes_stay_silent(answer: int, tmp_path: Path) -> None:
    assert channel(30, answer).scanned(tmp_path).suspects == ()


def test_parts_add_up() -> None:
    one, two = Sealed(1, 2, 3, 4, fits=True), Sealed(10, 20, 30, 40)
    assert one + two == two + one == Sealed(11, 22, 33, 44, fits=True)
