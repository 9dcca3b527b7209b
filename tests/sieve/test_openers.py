"""Literals at the beginning of a flight: which segments they hand on, and the tables they are kept in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netminedet.errors import NetminedetError
from netminedet.sieve import Sieve
from netminedet.sieve.columns import PEER, SEGMENT
from netminedet.sieve.openers import LONGEST, MAX_OPENERS, build
from tests.frames import ACK, SYN, batch_of, ethernet, ipv4, tcp_frame, udp

MINER, POOL = ("10.0.0.1", 40000), ("198.51.100.9", 3333)
LEVIN = bytes.fromhex("0121010101010101")


def kinds(pieces: list[tuple[bool, bytes]], *, peers: bool = False, begin: bool = True) -> list[int]:
    """The kinds of hits that a connection gives."""
    tool = Sieve(
        [b"mining."],
        [],
        openers=[b"JOB,", b"JOBS", b"STATUS="],
        peers=[LEVIN, b"\xf9\xbe\xb4\xd9"] if peers else None,
    )
    place = {True: 100, False: 900}
    frames = [tcp_frame(MINER, POOL, 99, flags=SYN), tcp_frame(POOL, MINER, 899, flags=SYN | ACK)] * begin
    for up, data in pieces:
        ends = (MINER, POOL) if up else (POOL, MINER)
        frames.append(tcp_frame(*ends, place[up], data))
        place[up] += len(data)
    return [hit.kind for hit in tool.run(batch_of(frames), "test")]


@pytest.mark.parametrize(
    ("pieces", "flagged"),
    [
        pytest.param([(True, b"JOB,alice")], 1, id="first-word"),
        pytest.param([(False, b"3.0\n"), (True, b"JOB,alice"), (False, b"GOOD")], 2, id="later-flight"),
        pytest.param([(True, b"JOBS")], 1, id="another-with-the-same-beginning"),
        pytest.param([(True, b"JOB")], 0, id="too-short"),
        pytest.param([(True, b"JOBxalice")], 0, id="almost"),
        pytest.param([(True, b" JOB,alice")], 0, id="not-at-the-beginning"),
        pytest.param([(True, b"hello\n"), (True, b"JOB,alice\n")], 0, id="within-a-flight"),
        pytest.param([(True, b"HTTP/1.1 200 OK\r\n\r\n"), (True, b"STATUS=S")], 0, id="body"),
        pytest.param([(True, LEVIN + bytes(40))], 0, id="a-node-that-nobody-asked-for"),
    ],
)
def test_only_where_a_flight_begins(pieces: list[tuple[bool, bytes]], flagged: int) -> None:
    for begin in (True, False):
        assert kinds(pieces, begin=begin).count(SEGMENT) == flagged


SETUP = bytes.fromhex("00000026000000020002000000000000") + b"\x0cpool.example" + bytes(10)


@pytest.mark.parametrize("begin", [True, False])
def test_first_bytes_in_pieces(begin: bool) -> None:
    for opening in (b"JOB,alice", b"STATUS=S", SETUP):
        for cut in range(1, len(opening)):
            pieces = [(True, opening[:cut]), (True, opening[cut:])]
            assert SEGMENT in kinds(pieces, begin=begin), (opening, cut)
        assert SEGMENT in kinds([(True, bytes([byte])) for byte in opening], begin=begin)


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([(True, b"JO"), (False, b"x"), (True, b"B,alice")], id="the-other-side-spoke-between"),
        pytest.param([(True, b"JO"), (True, b"KE,alice")], id="another-word"),
        pytest.param([(True, SETUP[:9]), (True, b"\x03" + SETUP[10:])], id="another-version"),
        pytest.param([(True, b"hello"), (False, b"x"), (True, SETUP[:9]), (True, SETUP[9:])], id="later"),
    ],
)
def test_pieces_of_something_else(pieces: list[tuple[bool, bytes]]) -> None:
    assert SEGMENT not in kinds(pieces)


def test_what_follows_a_false_beginning_is_searched() -> None:
    assert SEGMENT in kinds([(True, b"JO"), (True, b'{"method":"mining.x"}')])


@pytest.mark.parametrize(
    "opening",
    [
        LEVIN + bytes(40),
        b"\xf9\xbe\xb4\xd9version" + bytes(40),
        b"\x12\x34\x56\x78version" + bytes(40),
        b"\0\2" + bytes(48),
        b"\x01\x18\4" + bytes(279),
    ],
)
def test_what_may_be_a_node_is_handed_on_without_being_flagged(opening: bytes) -> None:
    assert kinds([(True, opening), (False, b"more"), (True, b"and more")], peers=True) == [PEER]
    assert kinds([(True, opening), (False, b"more")]) == []


@given(st.lists(st.binary(min_size=4, max_size=8), max_size=12), st.binary(min_size=1, max_size=12))
@settings(max_examples=60)
def test_as_the_plain_comparison_says(openers: list[bytes], data: bytes) -> None:
    tool = Sieve([b"mining."], [], openers=openers)
    kinds = [hit.kind for hit in tool.run(batch_of([tcp_frame(MINER, POOL, 100, data)]), "test")]
    assert (SEGMENT in kinds) == data.startswith(tuple(openers))


def test_tables_are_bounded() -> None:
    for wrong in (b"abc", b"x" * (LONGEST + 1)):
        with pytest.raises(NetminedetError, match="an opener has"):
            build([wrong])
    with pytest.raises(NetminedetError, match="at most"):
        build(b"%05d" % number for number in range(MAX_OPENERS + 1))


@pytest.mark.parametrize("peers", [True, False])
def test_datagrams_of_node_discovery_are_seen_where_nodes_are_asked_for(peers: bool) -> None:
    ping = bytes(96) + b"\x01\x01\xda" + bytes(26)
    others = (ping[:97] + b"\x07" + ping[98:], ping[:98] + b"\x80" + ping[99:], ping[:100])
    ends = "10.0.0.7", "203.0.113.9", 17
    frames = [ethernet(0x0800, ipv4(*ends, udp(30303, 30303, data))) for data in (*others, ping)]
    tool = Sieve([b"mining."], [], peers=[LEVIN] if peers else None)
    assert [(hit.kind, hit.payload) for hit in tool.run(batch_of(frames), "test")] == [(PEER, ping)] * peers
