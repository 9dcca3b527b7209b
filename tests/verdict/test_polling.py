"""Who asks an Ethereum node for work: a miner that has found nothing yet, and what only looks so."""

from __future__ import annotations

import pytest

from netminedet.suspects import Role, Verdict
from netminedet.verdict.polling import LEAST_POLLS
from tests.talks import CLIENT, SERVER, Said, frames_of, over_http, suspects_of

NODE = ("10.40.0.77", 8545)
OTHER = "0x" + "cd" * 32


def poll(number: int) -> list[Said]:
    """A question for work and its answer, as geth gives it."""
    work = [f"0x{number:064x}", OTHER, "0x0000000f" + "f" * 56, hex(number)]
    return [
        ("C", {"jsonrpc": "2.0", "id": number, "method": "eth_getWork", "params": []}),
        ("S", {"jsonrpc": "2.0", "id": number, "result": work}),
    ]


def polls(times: int) -> list[Said]:
    return [said for number in range(1, times + 1) for said in poll(number)]


def judged(frames: list[bytes], seconds: float) -> dict[str, tuple[Verdict, Role, tuple[str, ...]]]:
    """Seconds from one question to the next: each takes two frames."""
    found = suspects_of(frames, seconds / 2)
    return {one.host: (one.verdict, one.role, one.dialects) for one in found}


def in_connections(times: int, server: tuple[str, int]) -> list[bytes]:
    """Each question in a connection of its own."""
    return [
        frame
        for number in range(1, times + 1)
        for frame in frames_of(
            over_http(poll(number)), opened=False, client=(CLIENT[0], 42000 + number), server=server
        )
    ]


@pytest.mark.parametrize(("server", "role"), [(NODE, Role.SOLO), (SERVER, Role.MINER)])
@pytest.mark.parametrize("seconds", [0.5, 9])
def test_who_asks_again_and_again_is_probable(server: tuple[str, int], role: Role, seconds: float) -> None:
    found = {CLIENT[0]: (Verdict.PROBABLE, role, ("eth-proxy",))}
    talk = polls(LEAST_POLLS)
    assert judged(frames_of(over_http(talk), opened=False, server=server), seconds) == found
    assert judged(frames_of(talk, opened=False, server=server), seconds) == found
    assert judged(in_connections(LEAST_POLLS, server), seconds) == found


@pytest.mark.parametrize(
    ("talk", "seconds"),
    [
        pytest.param(polls(1), 1.0, id="once"),
        pytest.param(polls(LEAST_POLLS - 1), 1.0, id="a-few-times"),
        pytest.param(polls(40), 15.0, id="one-that-watches-over-a-node"),
        pytest.param(polls(40)[::2], 1.0, id="nobody-answers"),
        pytest.param(
            [
                said
                for who, asked in polls(40)[::2]
                for said in ((who, asked), ("S", {"id": asked["id"], "error": {"code": -32000}}))
            ],
            1.0,
            id="a-node-without-work",
        ),
        pytest.param(
            [
                said
                for number in range(40)
                for said in (
                    ("C", {"id": number, "method": "eth_getUncleCountByBlockNumber", "params": ["latest"]}),
                    ("S", {"id": number, "result": "0x0"}),
                )
            ],
            1.0,
            id="another-question",
        ),
    ],
)
def test_who_asks_otherwise_is_no_suspect(talk: list[Said], seconds: float) -> None:
    assert judged(frames_of(over_http(talk), server=NODE), seconds) == {}
    assert judged(frames_of(talk, server=NODE), seconds) == {}


def test_several_who_ask_a_few_times_each_are_none() -> None:
    frames = []
    for last in range(1, 20):
        frames += frames_of(over_http(polls(2)), client=(f"10.40.0.{last}", 42000), server=NODE)
    assert judged(frames, 1) == {}


def test_a_result_makes_it_certain() -> None:
    handed_in = {
        "id": 99,
        "method": "eth_submitWork",
        "params": ["0x0000000000000001", f"0x{1:064x}", OTHER],
    }
    talk: list[Said] = [*polls(LEAST_POLLS), ("C", handed_in), ("S", {"id": 99, "result": True})]
    found = judged(frames_of(over_http(talk), server=NODE), 1)
    assert found[CLIENT[0]][0] is Verdict.CONFIRMED
