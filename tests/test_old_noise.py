"""Encrypted Stratum V2 of before 2024: evidence only where the host knew the server by a name of a pool."""

from __future__ import annotations

import random

import pytest

from netminedet.language import told
from netminedet.protocols.noise import looks_random
from netminedet.suspects import Suspect, Verdict
from tests.talks import CLIENT, Said, frames_of, suspects_of
from tests.test_what_is_mined import looked_up

RANDOM = random.Random(7)
NAME = "stratum.braiins.com"
OLD = [("C", 32), ("S", 170), ("C", 130), ("S", 44), ("C", 140), ("S", 150)]


def noise(size: int) -> bytes:
    data = RANDOM.randbytes(size)
    while size >= 32 and not (looks_random(data[:32]) and (size < 64 or looks_random(data[:64]))):
        data = RANDOM.randbytes(size)
    return data


def found(turns: list[tuple[str, int]], *, named: bool, opened: bool = True) -> tuple[Suspect, ...]:
    talk: list[Said] = [(who, noise(size)) for who, size in turns]
    return suspects_of([looked_up(NAME)] * named + frames_of(talk, opened=opened))


def test_with_a_pools_name_it_is_confirmed() -> None:
    (suspect,) = found(OLD, named=True)
    assert (suspect.host, suspect.verdict) == (CLIENT[0], Verdict.CONFIRMED)
    assert "before 2024" in told(suspect.reasons[0])
    assert NAME in told(suspect.reasons[0])
    assert "stratum-v2.old-noise-channel" in {one.signature for one in suspect.evidence}


def test_alone_it_proves_nothing_whatever_follows() -> None:
    shares = [("C", 62), ("S", 58)] * 20 + [("S", 83), ("S", 86)] * 5
    assert found(OLD + shares, named=False) == ()


@pytest.mark.parametrize(
    "turns",
    [
        pytest.param([("C", 32), ("S", 32), ("C", 64), ("S", 64)], id="keys-of-X25519-on-both-sides"),
        pytest.param([("C", 32), ("S", 96), ("C", 64), ("S", 44)], id="Noise-XX"),
        pytest.param([("C", 32), ("S", 80), ("C", 130), ("S", 44)], id="Noise-XX-without-a-payload"),
        pytest.param([("C", 50), ("S", 50), ("C", 66), ("S", 18)], id="Lightning"),
        pytest.param([("C", 148), ("S", 92), ("C", 130), ("S", 44)], id="WireGuard-over-TCP"),
        pytest.param([("C", 34), ("S", 170), ("C", 130), ("S", 44)], id="two-bytes-before-it"),
        pytest.param([("C", 32), ("S", 234), ("C", 130), ("S", 44)], id="a-new-answer"),
        pytest.param([("C", 64), ("S", 170), ("C", 130), ("S", 44)], id="a-new-key"),
        pytest.param([("C", 32), ("S", 170), ("C", 44), ("S", 44)], id="another-first-record"),
        pytest.param([("C", 32), ("S", 170), ("C", 130), ("S", 45)], id="another-answer-to-it"),
        pytest.param([("S", 32), ("C", 170), ("S", 130), ("C", 44)], id="the-server-opens"),
    ],
)
def test_other_protocols_with_a_pools_name_beside_them(turns: list[tuple[str, int]]) -> None:
    (suspect,) = found(turns, named=True)
    assert (suspect.host, suspect.verdict) == (CLIENT[0], Verdict.SUSPECTED), "the name alone"


def test_a_new_key_in_two_halves() -> None:
    turns = [("C", 32), ("C", 32), ("S", 234), ("C", 130), ("S", 44)]
    (suspect,) = found(turns, named=True)
    assert suspect.verdict is Verdict.CONFIRMED
    assert "234" in told(suspect.reasons[0])


def test_words_of_this_length_open_nothing() -> None:
    talk: list[Said] = [("C", b"0123456789abcdef" * 2), *((who, noise(size)) for who, size in OLD[1:])]
    (suspect,) = suspects_of([looked_up(NAME), *frames_of(talk)])
    assert suspect.verdict is Verdict.SUSPECTED
