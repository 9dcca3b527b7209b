"""An encrypted Stratum V2 channel: what the sizes of its records tell, and what they never add."""

from __future__ import annotations

from pathlib import Path

import pytest

from netminedet import explain
from netminedet.suspects import Role, Shares, Verdict
from netminedet.verdict.flowfinding import Sealed
from tests.protocols.test_noise import noise
from tests.talks import CLIENT, Said, frames_of, suspects, suspects_of
from tests.test_redirects import MINER, POOL, Wire
from tests.test_through_proxies import PROXIES


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


TUNNELS = PROXIES | {
    "HTTP": [
        ("C", b"CONNECT pool.example:3336 HTTP/1.1\r\nHost: pool.example:3336\r\n\r\n"),
        ("S", b"HTTP/1.1 200 Connection established\r\n\r\n"),
    ]
}


def sealed_talk(shares: int) -> list[Said]:
    """The same as a conversation: a key, its answer, and what follows."""
    talk: list[Said] = [("C", noise(64)), ("S", noise(234)), ("C", noise(120)), ("S", noise(44))]
    talk += [("C", noise(88)), ("S", noise(91 + 83 + 86))]
    return talk + [("C", noise(62)), ("S", noise(58))] * shares


@pytest.mark.parametrize("proxy", TUNNELS)
def test_a_channel_through_a_proxy(proxy: str) -> None:
    (suspect,) = suspects_of(frames_of([*TUNNELS[proxy], *sealed_talk(30)]), 10)
    assert (suspect.host, suspect.verdict, suspect.role) == (CLIENT[0], Verdict.PROBABLE, Role.MINER)


@pytest.mark.parametrize("proxy", TUNNELS)
def test_another_encrypted_protocol_through_a_proxy(proxy: str) -> None:
    (key, _, *rest) = sealed_talk(30)
    assert suspects_of(frames_of([*TUNNELS[proxy], key, ("S", noise(170)), *rest]), 10) == ()


@pytest.mark.parametrize("size", [16, 31, 32, 48])
def test_a_key_in_two_segments(size: int) -> None:
    (_, key), *rest = sealed_talk(30)
    talk: list[Said] = [("C", key[:size]), ("C", key[size:]), *rest]
    (suspect,) = suspects_of(frames_of(talk), 10)
    assert suspect.verdict is Verdict.PROBABLE
    longer: list[Said] = [("C", key[:size]), ("C", key[size:] + b"\x8f"), *rest]
    assert suspects_of(frames_of(longer), 10) == ()


@pytest.mark.parametrize("sizes", [(16, 16), (20, 20, 20), (16, 1, 1, 1), (32, 16, 15)], ids=str)
def test_a_key_in_more_segments(sizes: tuple[int, ...]) -> None:
    (_, key), *rest = sealed_talk(30)
    pieces: list[Said] = []
    for size in sizes:
        pieces.append(("C", key[:size]))
        key = key[size:]
    (suspect,) = suspects_of(frames_of([*pieces, ("C", key), *rest]), 10)
    assert suspect.verdict is Verdict.PROBABLE


@pytest.mark.parametrize("size", [16, 40])
def test_what_follows_random_bytes_is_read(size: int) -> None:
    """They are kept for a key that they may begin, which hides nothing behind them."""
    asked = {"id": 1, "method": "mining.subscribe", "params": ["cgminer/4.12.1"]}
    answer = {"id": 1, "result": [[["mining.notify", "a1"]], "b7c8d9e0", 8], "error": None}
    (suspect,) = suspects([("C", noise(64)[:size]), ("C", asked), ("S", answer)])
    assert suspect.dialects == ("stratum-v1",)
