"""EthereumStratum/2.0.0 after "encoding":"gzip": whole talks, pieces, damage, floods."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.protocols.gzipped import MAX_INFLATED, GzipFraming
from netminedet.protocols.jsonlines import JsonItem
from tests.talks import Said, suspects, written

HELLO = {"agent": "ethminer-0.19.0", "host": "pool.example", "port": "4d2", "proto": "EthereumStratum/2.0.0"}
BACK = {
    "proto": "EthereumStratum/2.0.0",
    "encoding": "gzip",
    "resume": "0",
    "timeout": "b4",
    "maxerrors": "5",
}
OPENING: list[Said] = [
    ("C", {"id": 0, "method": "mining.hello", "params": HELLO}),
    ("S", {"id": 0, "result": BACK}),
]
REST: list[Said] = [
    ("C", {"id": 2, "method": "mining.subscribe"}),
    ("S", {"id": 2, "result": "s-12345"}),
    ("C", {"id": 3, "method": "mining.authorize", "params": ["acct7.rig", "x"]}),
    ("S", {"id": 3, "result": "w-123"}),
    (
        "S",
        {
            "method": "mining.set",
            "params": {"epoch": "dc", "target": "1a4f2c9" * 8, "algo": "ethash", "extranonce": "af4c"},
        },
    ),
    ("S", {"method": "mining.notify", "params": ["a1", "b5", "0e" * 32, "1"]}),
    ("C", {"id": 40, "method": "mining.submit", "params": ["a1", "5b6c7d8e9f10", "w-123"]}),
    ("S", {"id": 40, "result": True}),
]


def packed(talk: list[Said]) -> list[Said]:
    return [(who, gzip.compress(written(said), mtime=0)) for who, said in talk]


def values(*pieces: bytes) -> list[object]:
    framing = GzipFraming()
    return [one.value for piece in pieces for one in framing.feed(piece) if isinstance(one, JsonItem)]


def test_shares_within_members_are_counted() -> None:
    (plain,) = suspects(OPENING + REST)
    (found,) = suspects(OPENING + packed(REST))
    assert found.shares == plain.shares
    assert found.shares.accepted == 1
    assert found.workers == plain.workers == ("acct7.rig",)


def test_members_in_any_pieces_are_the_same() -> None:
    data = b"".join(gzip.compress(b'{"n":%d}' % number, mtime=0) for number in range(4))
    wanted = [{"n": number} for number in range(4)]
    for size in (1, 7, len(data)):
        assert values(*(data[at : at + size] for at in range(0, len(data), size))) == wanted


@pytest.mark.parametrize("at", range(0, 40, 3))
def test_damage_ends_the_reading(at: int) -> None:
    member = gzip.compress(b'{"n":1,"text":"some words that are here"}', mtime=0)
    spoilt = member[:at] + bytes([member[at] ^ 0x55]) + member[at + 1 :]
    framing = GzipFraming()
    framing.feed(spoilt)
    assert len([one for one in framing.feed(member) if isinstance(one, JsonItem)]) <= 1


def test_what_inflates_hugely_is_given_up() -> None:
    framing = GzipFraming()
    assert framing.feed(gzip.compress(b" " * 50 * MAX_INFLATED + b'{"n":1}')) == []
    assert (framing.oversized, framing.pending) == (1, False)
    assert framing.feed(gzip.compress(b'{"n":2}')) == []


def test_behind_a_hole_a_member_must_begin() -> None:
    member = gzip.compress(json.dumps({"n": 1}).encode(), mtime=0)
    framing = GzipFraming()
    framing.feed(member[:10])
    assert len(framing.feed(member, gap=True)) == 1
    assert framing.feed(member[5:], gap=True) == []


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_any_bytes_are_taken(pieces: list[bytes]) -> None:
    assert len(values(*pieces)) <= MAX_INFLATED
