"""Stratum V2 in the clear: one side only, behind a proxy, refused, workers of shares, templates."""

from __future__ import annotations

import struct

import pytest

from netminedet.suspects import Role, Verdict
from tests.talks import CLIENT, Said, frames_of, suspects, suspects_of

HASH = bytes(range(32))


def numbers(*values: int) -> bytes:
    return b"".join(struct.pack("<I", value) for value in values)


def text(value: str) -> bytes:
    return bytes([len(value)]) + value.encode()


def frame(kind: int, payload: bytes) -> bytes:
    return b"\0\0" + bytes([kind]) + len(payload).to_bytes(3, "little") + payload


def setup(protocol: int = 0, vendor: str = "Bitaxe", model: str = "BM1370") -> Said:
    head = bytes([protocol]) + struct.pack("<HHI", 2, 2, 0)
    maker = text(vendor) + text(model) + text("") + text("")
    return "C", frame(0x00, head + text("pool.example") + struct.pack("<H", 34254) + maker)


TAKEN: Said = ("S", frame(0x01, struct.pack("<HI", 2, 0)))
REFUSED: Said = ("S", frame(0x02, numbers(0) + text("unsupported-protocol")))
TARGET = (2**220).to_bytes(32, "little")
CHANNEL: list[Said] = [
    ("C", frame(0x13, numbers(7) + text("acct") + struct.pack("<f", 1e12) + TARGET + struct.pack("<H", 8))),
    ("S", frame(0x14, numbers(7, 3) + TARGET + struct.pack("<H", 8) + text("abcd") + numbers(1))),
    ("S", frame(0x1F, numbers(3, 1) + b"\1" + numbers(5, 6) + b"\1\1" + HASH + struct.pack("<HH", 0, 0))),
]


def share(number: int, identity: bytes = b"") -> list[Said]:
    body = numbers(3, number, 1, number, 5, 6) + text("12345678")
    return [
        ("C", frame(0x1B, body + identity)),
        ("S", frame(0x1C, numbers(3, number, 1) + struct.pack("<Q", 1))),
    ]


TALK: list[Said] = [setup(), TAKEN, *CHANNEL, *share(1), *share(2)]
BACK = [one for one in TALK if one[0] == "S"]
CONNECT: list[Said] = [
    ("C", b"CONNECT pool.example:34254 HTTP/1.1\r\nHost: pool.example:34254\r\n\r\n"),
    ("S", b"HTTP/1.1 200 OK\r\n\r\n"),
]
NODE: list[Said] = [
    setup(2, "", ""),
    TAKEN,
    ("C", frame(0x70, numbers(1000) + struct.pack("<H", 400))),
    ("S", frame(0x71, struct.pack("<Q", 5) + b"\1" + numbers(1, 2) + text("abc") + bytes(40))),
    ("S", frame(0x72, struct.pack("<Q", 5) + HASH + numbers(5, 6) + TARGET)),
]


@pytest.mark.parametrize(
    ("talk", "verdict"),
    [
        pytest.param(TALK, Verdict.CONFIRMED, id="both-sides"),
        pytest.param(CONNECT + TALK, Verdict.CONFIRMED, id="through-http-connect"),
        pytest.param(BACK, Verdict.CONFIRMED, id="server-only"),
        pytest.param(BACK[:2], Verdict.PROBABLE, id="server-only-before-any-share"),
        pytest.param([setup(), REFUSED], Verdict.CONFIRMED, id="refused"),
    ],
)
def test_it_is_found(talk: list[Said], verdict: Verdict) -> None:
    (suspect,) = suspects(talk)
    assert (suspect.host, suspect.verdict, suspect.role) == (CLIENT[0], verdict, Role.MINER)


@pytest.mark.parametrize(
    "identity",
    [
        pytest.param(b"\0\2\1" + struct.pack("<H", 4) + b"rig9", id="length-in-two-bytes"),
        pytest.param(b"\0\2\1" + struct.pack(">H", 4) + b"rig9", id="in-the-other-order"),
        pytest.param(b"\0\2\1" + text("rig9"), id="length-in-one-byte"),
        pytest.param(text("rig9"), id="without-a-type"),
    ],
)
def test_the_worker_of_a_share_is_told(identity: bytes) -> None:
    (suspect,) = suspects([setup(), TAKEN, *CHANNEL, *share(1, identity)])
    assert suspect.workers == ("acct", "acct.rig9")
    assert (suspect.shares.submitted, suspect.shares.accepted) == (1, 1)


@pytest.mark.parametrize(
    ("vendor", "model", "agents"), [("", "", ()), ("SRI", "", ("SRI",)), ("", "x", ("x",))]
)
def test_an_agent_is_what_is_named(vendor: str, model: str, agents: tuple[str, ...]) -> None:
    (suspect,) = suspects([setup(0, vendor, model), TAKEN, *CHANNEL])
    assert suspect.agents == agents


def test_a_node_that_gives_templates_to_one_host_is_no_pool() -> None:
    inside = ("10.40.0.5", 8442)
    (suspect,) = suspects_of(frames_of(NODE, server=inside))
    assert (suspect.host, suspect.role, suspect.agents) == (CLIENT[0], Role.SOLO, ())
    assert suspect.dialects == ("stratum-v2-templates",)
    two = frames_of(NODE, server=inside) + frames_of(NODE, server=inside, client=("10.40.0.7", 42000))
    assert {one.host: one.role for one in suspects_of(two)} == {
        CLIENT[0]: Role.SOLO,
        "10.40.0.7": Role.SOLO,
        inside[0]: Role.POOL,
    }


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\1\7\0\0\2\0\0\0\0\0\0",
        b"\0\0\1\6\0\0\3\0\0\0\0\0",
        b"\0\0\1\6\0\0\2\0\0\0\0\0",
        b"\0\0\1\6\0\0\2\0" + b"GET / HTTP/1.1",
        b"\0\0\1\6\0\0\2\0\0\0\0\0" + bytes(range(200)),
    ],
)
def test_bytes_that_begin_alike_are_nothing(data: bytes) -> None:
    assert suspects([("S", data)] * 3) == ()
