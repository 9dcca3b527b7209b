"""Mining through a proxy that is asked for an address, and connections whose first bytes come in pieces."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from netminedet.suspects import Role, Verdict
from tests.protocols.test_stratum_v2 import OPEN, SETUP, SETUP_SUCCESS, SHARE, frame
from tests.talks import CLIENT, Said, frames_of, suspects, suspects_of, written

PLAIN: list[Said] = [
    ("C", {"id": 1, "method": "mining.subscribe", "params": ["cgminer/4.12.1"]}),
    ("S", {"id": 1, "result": [[["mining.notify", "a1"]], "b7c8d9e0", 8], "error": None}),
    ("C", {"id": 2, "method": "mining.authorize", "params": ["acct7.rig12", "x"]}),
    ("S", {"id": 2, "result": True, "error": None}),
    (
        "C",
        {
            "id": 4,
            "method": "mining.submit",
            "params": ["acct7.rig12", "5f", "00" * 8, "66f0a1b9", "b2957c02"],
        },
    ),
    ("S", {"id": 4, "result": True, "error": None}),
]
FRAMES: list[Said] = [
    ("C", SETUP),
    ("S", SETUP_SUCCESS),
    ("C", frame(0x10, OPEN)),
    ("C", frame(0x1A, SHARE, 0x8000)),
]
ADDRESS = bytes([203, 0, 113, 40])
GREETING: list[Said] = [("C", b"\x05\x01\x00"), ("S", b"\x05\x00")]
GRANTED: Said = ("S", b"\x05\x00\x00\x01" + bytes(6))
PROXIES: dict[str, list[Said]] = {
    "SOCKS 5, an address": [*GREETING, ("C", b"\x05\x01\x00\x01" + ADDRESS + b"\x0d\x05"), GRANTED],
    "SOCKS 5, an IPv6 address": [*GREETING, ("C", b"\x05\x01\x00\x04" + bytes(15) + b"\1\x0d\x05"), GRANTED],
    "SOCKS 4, an address": [("C", b"\x04\x01\x0d\x05" + ADDRESS + b"\0"), ("S", b"\0Z" + bytes(6))],
}


def in_pieces(talk: Iterable[Said], sizes: Iterable[int]) -> list[Said]:
    """Each thing said, its first bytes cut off as segments of their own."""
    found: list[Said] = []
    for who, said in talk:
        data = written(said)
        for size in sizes:
            if len(data) > size:
                found.append((who, data[:size]))
                data = data[size:]
        found.append((who, data))
    return found


def judged(talk: list[Said]) -> tuple[str, Verdict, tuple[str, ...]]:
    (suspect,) = suspects(talk)
    return suspect.host, suspect.verdict, suspect.dialects


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("sizes", [(), (1,), (2, 3), (7,)], ids=str)
def test_what_follows_a_request_is_read(proxy: str, sizes: tuple[int, ...]) -> None:
    opened = in_pieces(PROXIES[proxy], sizes)
    assert judged(opened + PLAIN) == (CLIENT[0], Verdict.CONFIRMED, ("stratum-v1",))
    assert judged(opened + FRAMES) == (CLIENT[0], Verdict.CONFIRMED, ("stratum-v2",))


@pytest.mark.parametrize("proxy", PROXIES)
def test_what_comes_with_the_answer_or_the_request_is_read(proxy: str) -> None:
    *opened, (who, answer) = PROXIES[proxy]
    (_, asked) = opened.pop()
    joined = [*opened, ("C", asked + written(PLAIN[0][1])), (who, answer + written(PLAIN[1][1])), *PLAIN[2:]]
    assert judged(joined)[:2] == (CLIENT[0], Verdict.CONFIRMED)


@pytest.mark.parametrize("size", range(1, 17))
def test_stratum_v2_with_a_short_first_segment(size: int) -> None:
    assert judged(in_pieces(FRAMES, (size,)))[1:] == (Verdict.CONFIRMED, ("stratum-v2",))
    assert judged(in_pieces(FRAMES, (1,) * size))[1:] == (Verdict.CONFIRMED, ("stratum-v2",))


@pytest.mark.parametrize("size", range(1, 6))
def test_words_with_a_short_first_segment(size: int) -> None:
    digest = "8c6af79faa31d9b79e7c2f1a8c3b0d94a1f0e5c2"
    talk: list[Said] = [
        ("C", b"JOB,acct7,LOW\n"),
        ("S", f"{digest},{digest},5000\n".encode()),
        ("C", b"318232,1612391.27,Official PC Miner 3.5,rig1\n"),
        ("S", b"GOOD\n"),
    ]
    assert judged([*in_pieces(talk[:1], (size,)), *talk[1:]])[1:] == (Verdict.CONFIRMED, ("duino-coin",))


HOME_PROXY = ("10.40.0.2", 1080)
CONNECT: list[Said] = [
    ("C", b"CONNECT pool.example:3333 HTTP/1.1\r\nHost: pool.example:3333\r\n\r\n"),
    ("S", b"HTTP/1.1 200 Connection established\r\n\r\n"),
]
NAMED = bytes([3, 12]) + b"pool.example"
ASKED_FOR: dict[str, tuple[list[Said], str]] = {
    "CONNECT, a name": (CONNECT, "pool.example"),
    "SOCKS 5, a name": ([*GREETING, ("C", b"\5\1\0" + NAMED + b"\x0d\5"), GRANTED], "pool.example"),
    "SOCKS 4A, a name": (
        [("C", b"\4\1\x0d\5\0\0\0\1\0pool.example\0"), ("S", b"\0Z" + bytes(6))],
        "pool.example",
    ),
    "SOCKS 5, an address": (PROXIES["SOCKS 5, an address"], "203.0.113.40"),
    "SOCKS 4, an address": (PROXIES["SOCKS 4, an address"], "203.0.113.40"),
}


@pytest.mark.parametrize("way", ASKED_FOR)
@pytest.mark.parametrize("both_legs", [False, True])
def test_a_proxy_of_ours_that_passes_on_is_not_accused(way: str, both_legs: bool) -> None:
    preamble, target = ASKED_FOR[way]
    frames = frames_of([*preamble, *PLAIN], server=HOME_PROXY)
    if both_legs:
        frames += frames_of(PLAIN, client=(HOME_PROXY[0], 51000))
    (suspect,) = suspects_of(frames)
    assert (suspect.host, suspect.verdict, suspect.role) == (CLIENT[0], Verdict.CONFIRMED, Role.MINER)
    assert [(pool.name, pool.ip, pool.port) for pool in suspect.pools] == [(target, *HOME_PROXY)]
    assert f"through a tunnel to {target} port 3333" in suspect.reasons[0]


def test_a_proxy_that_mines_itself_is_accused() -> None:
    own = [(who, json.loads(json.dumps(said).replace("rig12", "rig99"))) for who, said in PLAIN]
    frames = frames_of([*CONNECT, *PLAIN], server=HOME_PROXY)
    frames += frames_of(own, client=(HOME_PROXY[0], 51000))
    assert {suspect.host for suspect in suspects_of(frames)} == {CLIENT[0], HOME_PROXY[0]}
