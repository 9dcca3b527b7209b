"""BTCAgent's messages between the lines of a Stratum connection."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.protocols.btcagent import (
    MAX_SHARES,
    MAX_WORKERS,
    AgentFraming,
    Workers,
    begins_agent_message,
)
from netminedet.protocols.jsonlines import JsonItem
from netminedet.suspects import Role, Suspect, Verdict
from tests.talks import CLIENT, Said, frames_of, suspects_of, written
from tests.test_more_sessions import AGENT, ex_message

ACCEPT = 1798084231
#: The example of docs/AGENT.md: job 0xa9, session 0x1122, extra nonce 0x11223344, nonce 0xaabbccdd.
SHARE = bytes.fromhex("7f020f00a9221144332211ddccbbaa")
SHARE_WITH_TIME = bytes.fromhex("7f031300a9221144332211ddccbbaad02abd57")
SET_DIFFICULTY = bytes.fromhex("7f050b000d020022114433")
REGISTER = ex_message(1, b"\x22\x11cgminer\0s1099\0")
LINE = b'{"id":null,"method":"client.show_message","params":["hello"]}\n'


def read(data: bytes, workers: Workers | None = None) -> list[Any]:
    framing = AgentFraming(workers or Workers())
    return [item.value for item in framing.feed(data) if isinstance(item, JsonItem)]


def test_the_examples_of_its_description() -> None:
    workers = Workers()
    joined = {"btcagent": "register worker", "session": 0x1122, "agent": "cgminer", "rig": "s1099"}
    assert read(REGISTER, workers) == [joined]
    assert read(SET_DIFFICULTY, workers) == [{"btcagent": "set difficulty", "difficulty": 8192, "workers": 2}]
    for data in (SHARE, SHARE_WITH_TIME):
        (share,) = read(data, workers)
        assert (share["session"], share["job_id"], share["nonce"]) == (0x1122, 0xA9, "aabbccdd")
        assert share["rig"] == "s1099"
        assert int(share["target"], 16) == (0xFFFF << 208) // 8192
    (answer,) = read(ex_message(0x10, struct.pack("<HI", 1, ACCEPT)), workers)
    assert (answer["btcagent"], answer["target"]) == ("accepted", share["target"])
    assert read(ex_message(0x10, struct.pack("<HI", 0, 23)), workers)[0]["btcagent"] == "rejected"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 11])
def test_messages_and_lines_in_pieces(size: int) -> None:
    data = LINE + REGISTER + SHARE + LINE + SHARE_WITH_TIME + SET_DIFFICULTY + LINE
    framing = AgentFraming(Workers())
    items = [item for at in range(0, len(data), size) for item in framing.feed(data[at : at + size])]
    assert [item.value for item in items if isinstance(item, JsonItem)] == read(data)
    assert len(items) == 7
    assert not framing.pending


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x7f\x02\x10\x00" + bytes(12), id="another-size"),
        pytest.param(b"\x7f\x09\x0f\x00" + bytes(11), id="another-kind"),
        pytest.param(b"\x7fELF" + bytes(60), id="a-program"),
        pytest.param(b"\x7f\x02\x0f", id="too-short"),
    ],
)
def test_other_bytes_are_none(data: bytes) -> None:
    assert not begins_agent_message(data)
    assert read(data) == []


def test_a_gap_costs_what_it_cuts() -> None:
    framing = AgentFraming(Workers())
    assert framing.feed(SHARE[:7]) == []
    assert len(framing.feed(SHARE, gap=True)) == 1


def test_what_is_known_of_workers_and_shares_is_bounded() -> None:
    workers = Workers()
    for number in range(MAX_WORKERS + 10):
        workers.read(1, struct.pack("<H", number) + b"a\0b\0")
    for _ in range(MAX_SHARES + 10):
        workers.read(2, bytes(11))
    assert "rig" not in (workers.read(2, bytes(11)) or {})  # the first worker was forgotten


@given(st.lists(st.binary(max_size=64) | st.sampled_from([SHARE, REGISTER, SET_DIFFICULTY, LINE])))
def test_any_bytes(pieces: list[bytes]) -> None:
    framing = AgentFraming(Workers())
    for number, piece in enumerate(pieces):
        for item in framing.feed(piece, gap=number % 5 == 4):
            if isinstance(item, JsonItem):
                json.dumps(item.value)


def farm(machines: int, shares: int, *, answers: bool) -> list[Said]:
    """An agent with so many machines of 2^16, each of which hands in so many shares in turn."""
    talk = [*AGENT[:7]]
    talk += [
        ("C", ex_message(1, struct.pack("<H", one) + f"cgminer/4.9\0rig{one}\0".encode()))
        for one in range(machines)
    ]
    sessions = struct.pack(f"<BH{machines}H", 16, machines, *range(machines))
    talk.append(("S", ex_message(5, sessions)))
    for number in range(machines * shares):
        talk.append(("C", ex_message(2, struct.pack("<BHII", 7, number % machines, number, number))))
        if answers:
            talk.append(("S", ex_message(0x10, struct.pack("<HI", number, ACCEPT))))
    return talk


def judged(talk: list[Said], seconds: float) -> Suspect:
    (suspect,) = suspects_of(frames_of(talk), seconds)
    return suspect


@pytest.mark.parametrize("answers", [True, False])
def test_a_farm_behind_an_agent(answers: bool) -> None:
    suspect = judged(farm(4, 30, answers=answers), 1.3 if answers else 2.6)
    assert (suspect.host, suspect.verdict, suspect.role) == (CLIENT[0], Verdict.CONFIRMED, Role.PROXY)
    assert (suspect.dialects, suspect.rigs) == (("btcagent",), 4)
    assert (suspect.shares.submitted, suspect.shares.accepted) == (120, 120 if answers else 0)
    (rate,) = suspect.hash_rates
    assert rate.algorithm == "sha256d"
    assert rate.rate.typical == pytest.approx(65536 * 2**32 / 2.6, rel=0.05)  # 108 TH/s


@pytest.mark.parametrize("size", [9, 40])
def test_segments_cut_anywhere_change_nothing(size: int) -> None:
    talk = farm(3, 5, answers=True)
    pieces: list[Said] = [
        (who, written(said)[at : at + size])
        for who, said in talk
        for at in range(0, len(written(said)), size)
    ]
    assert judged(pieces, 1).shares == judged(talk, 1).shares


def test_one_machine_behind_an_agent() -> None:
    suspect = judged(AGENT, 1)
    assert (suspect.dialects, suspect.role) == (("btcagent",), Role.PROXY)
    assert (suspect.workers, suspect.agents) == (
        ("acct7", "acct7.rig1"),
        ("btccom-agent/2.0.0-mu", "cgminer/4.9"),
    )
    assert (suspect.shares.submitted, suspect.shares.accepted) == (1, 0)


def test_such_bytes_alone_are_nothing() -> None:
    talk: list[Said] = [("C", REGISTER), ("S", SET_DIFFICULTY), ("C", SHARE), ("C", SHARE)]
    assert suspects_of(frames_of(talk)) == ()
