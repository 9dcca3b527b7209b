"""Where a mining message may stand: dialogues count, quotations do not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from netminedet.model import FiveTuple, Kind, Message, Side, Strength, Where
from netminedet.protocols.conversation import MAX_HELD, Conversation
from netminedet.protocols.interpreter import MAX_BATCH
from netminedet.protocols.segment import Segment
from netminedet.signatures import load_signatures

SIGNATURES = load_signatures()
CLIENT, SERVER = ("10.0.0.1", 40000), ("198.51.100.1", 3333)
HASH = "ab" * 32


def line(**message: object) -> bytes:
    return json.dumps(message).encode() + b"\n"


SUBSCRIBE = line(id=1, method="mining.subscribe", params=["cgminer/4.12.1"])
SUBSCRIBED = line(id=1, result=[[["mining.notify", "a1"]], "b7c8d9e0", 8], error=None)
AUTHORIZE = line(id=2, method="mining.authorize", params=["acct.rig", "secret"])
YES = line(id=2, result=True, error=None)
NOTIFY = line(
    id=None,
    method="mining.notify",
    params=["5f", HASH, "01", "02", [HASH], "20000000", "17030ecd", "66f0a1b2", True],
)
SUBMIT = line(id=4, method="mining.submit", params=["acct.rig", "5f", "00000001", "66f0a1b9", "b2957c02"])
TAKEN = line(id=4, result=True, error=None)
REFUSED = line(id=4, result=None, error=[23, "Low difficulty share", None])


@dataclass
class Script:
    """Plays segments: ``C`` and ``S`` with bytes, each in order."""

    conversation: Conversation = field(default_factory=lambda: Conversation(SIGNATURES))
    next_seq: dict[int, int] = field(default_factory=lambda: {0: 1000, 1: 2000})
    number: int = 0

    def play(self, *parts: tuple[str, bytes], http: bool = False) -> list[Message]:
        found: list[Message] = []
        speaker = ""
        begins_json: bool | None = None
        is_text = True
        for who, data in parts:
            if who != speaker:
                speaker, begins_json = who, data.lstrip()[:1] in (b"{", b"[")
                is_text = data[:16].decode("latin-1").isprintable() or b"\n" in data[:16]
            self.number += 1
            side = 0 if who == "C" else 1
            flow = FiveTuple(*CLIENT, *SERVER, "tcp")
            where = Where(self.number, "test", self.number, flow if side == 0 else flow.reversed())
            segment = Segment(
                where,
                side,
                self.next_seq[side],
                data,
                flight_is_json=begins_json,
                flight_is_text=is_text,
                http_seen=http,
            )
            found += self.conversation.segment(segment)
            self.next_seq[side] += len(data)
        return found


def kinds(messages: list[Message]) -> list[tuple[str, str]]:
    return [(message.sender.value[0].upper(), message.kind.value) for message in messages]


def test_stratum_session() -> None:
    found = Script().play(
        ("C", SUBSCRIBE),
        ("S", SUBSCRIBED),
        ("C", AUTHORIZE),
        ("S", YES + NOTIFY),
        ("C", SUBMIT),
        ("S", TAKEN),
        ("C", SUBMIT),
        ("S", REFUSED),
    )
    assert kinds(found) == [
        ("C", "handshake"),
        ("S", "handshake"),
        ("C", "handshake"),
        ("S", "handshake"),
        ("S", "job"),
        ("C", "share"),
        ("S", "accepted"),
        ("C", "share"),
        ("S", "rejected"),
    ]
    assert "secret" not in "".join(message.excerpt for message in found)


def test_every_share_has_the_same_id() -> None:
    found = Script().play(*[("C", SUBMIT)] * 3, *[("S", TAKEN)] * 3)
    assert [message.kind for message in found].count(Kind.ACCEPTED) == 3


BINARY = b"\x00\x01\x02preamble\xff"
DIALOGUES = [
    pytest.param(
        [("C", b"PROXY TCP4 10.0.0.1 198.51.100.1 1 2\r\n" + SUBSCRIBE), ("S", SUBSCRIBED)], id="proxy-line"
    ),
    pytest.param(
        [("C", b"PROXY TCP4 10.0.0.1 198.51.100.1 1 2\r\n"), ("C", SUBSCRIBE), ("S", SUBSCRIBED)],
        id="proxy-line-apart",
    ),
    pytest.param(
        [("C", b"\x05\x01\x00"), ("S", b"\x05\x00"), ("C", SUBSCRIBE), ("S", SUBSCRIBED)], id="socks5"
    ),
    pytest.param([("C", BINARY), ("C", SUBSCRIBE), ("S", SUBSCRIBED)], id="binary-then-segment"),
    pytest.param([("S", b"welcome\r\n"), ("C", SUBSCRIBE), ("S", SUBSCRIBED)], id="server-banner"),
]


@pytest.mark.parametrize("parts", DIALOGUES)
def test_dialogue_after_a_preamble_counts(parts: list[tuple[str, bytes]]) -> None:
    assert kinds(Script().play(*parts)) == [("C", "handshake"), ("S", "handshake")]


def test_unanswered_handshake_after_a_binary_preamble_counts() -> None:
    assert kinds(Script().play(("C", BINARY), ("C", BINARY), ("C", SUBSCRIBE))) == [("C", "handshake")]


def test_tunnel_and_reused_http_connection() -> None:
    connect = b"CONNECT pool.example:3333 HTTP/1.1\r\n\r\n"
    opened = b"HTTP/1.1 200 Connection established\r\n\r\n"
    parts = [("C", connect), ("S", opened), ("C", SUBSCRIBE), ("S", SUBSCRIBED)]
    assert len(Script().play(*parts, http=True)) == 2


PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
SESSION = SUBSCRIBE + SUBSCRIBED + AUTHORIZE + NOTIFY + SUBMIT
QUOTATIONS = [
    pytest.param([("C", b"GET / HTTP/1.1\r\n\r\n"), ("S", PAGE + SESSION)], True, id="page"),
    pytest.param(
        [("C", b"GET / HTTP/1.1\r\n\r\n"), ("S", PAGE), ("S", SESSION)], True, id="page-cut-at-the-quotation"
    ),
    pytest.param(
        [("C", b"GET / HTTP/1.1\r\n\r\n"), ("S", b"<html>\n"), ("S", SUBSCRIBE), ("S", NOTIFY)],
        False,
        id="page-mid-stream",
    ),
    pytest.param(
        [("C", b"POST / HTTP/1.1\r\n\r\n"), ("C", SUBSCRIBE), ("S", PAGE), ("S", SUBSCRIBED)],
        True,
        id="rpc-over-http",
    ),
    pytest.param(
        [("S", b"354 go\r\n"), ("C", b"Subject: x\r\n\r\n"), ("C", SESSION), ("S", b"250 ok\r\n")],
        False,
        id="mail",
    ),
    pytest.param([("S", b"\x5f\x00\x00\x01" + SUBSCRIBE + b"\x09\x00\x00\x02" + NOTIFY)], False, id="rows"),
    pytest.param([("S", b"$40\r\n" + SUBSCRIBE + b"\r\n$9\r\n" + NOTIFY)], False, id="redis"),
    pytest.param([("C", line(message=SUBSCRIBE.decode(), level="info") * 3)], False, id="log-shipping"),
    pytest.param([("C", b'alert tcp any any -> any any (content:"{";)\n' + SUBSCRIBE)], False, id="rule"),
]


@pytest.mark.parametrize(("parts", "http"), QUOTATIONS)
def test_quotation_does_not_count(parts: list[tuple[str, bytes]], http: bool) -> None:
    assert Script().play(*parts, http=http) == []


def test_held_messages_are_bounded() -> None:
    script = Script()
    script.play(("C", b"plain words\r\n"), *[("C", SUBMIT)] * (MAX_HELD + 50))
    assert script.conversation.dropped >= 50


def test_what_is_not_read_of_a_long_batch_is_counted() -> None:
    script = Script()
    batch = b"[" + b",".join([line(id=1, method="ping").rstrip()] * (MAX_BATCH + 50)) + b"]\n"
    script.play(("C", batch))
    assert script.conversation.counts["messages_dropped"] == 50


def test_idle_until_something_is_found() -> None:
    script = Script()
    script.play(("C", line(id=1, method="eth_blockNumber", params=[])))
    assert script.conversation.idle
    script.play(("C", SUBSCRIBE[:10]))
    assert not script.conversation.idle


def test_roles_come_from_the_messages() -> None:
    found = Script().play(("S", SUBSCRIBE), ("C", SUBSCRIBED))
    assert [message.sender for message in found] == [Side.CLIENT, Side.SERVER]
    assert found[0].where.flow.src_ip == SERVER[0]


def test_error_is_no_answer_in_kind() -> None:
    unknown = line(id=1, result=None, error={"code": -32601, "message": "method not found"})
    assert kinds(Script().play(("C", SUBSCRIBE), ("S", unknown))) == [("C", "handshake"), ("S", "control")]


def test_answer_proves_no_more_than_its_request() -> None:
    found = Script().play(
        ("C", line(id=1, method="login", params={"login": "alice", "pass": "x"})),
        ("S", line(id=1, result={"status": "OK", "id": "abc"}, error=None)),
    )
    assert {message.strength for message in found} == {Strength.WEAK}


ZEROS = "0x00000000dbe6fece" + "ab" * 24
WORK = line(id=5, result=["0x" + HASH, "0x" + HASH, ZEROS])


def test_work_that_a_node_gives_to_whoever_asks_is_weak() -> None:
    asks = line(id=5, jsonrpc="2.0", method="eth_getWork", params=[])
    assert {message.strength for message in Script().play(("C", asks), ("S", WORK))} == {Strength.WEAK}
    assert {message.strength for message in Script().play(("S", WORK))} == {Strength.STRONG}


@pytest.mark.parametrize("first", ["C", "S"])
def test_websocket_picked_up_in_the_middle_is_read_in_both_directions(first: str) -> None:
    from tests.protocols.test_websocket import frame

    share = {"job_id": "1", "nonce": "00ff00ff", "result": HASH}
    masked = frame(json.dumps({"type": "submit", "params": share}).encode(), mask=b"\x37\xfa\x21\x3d")
    job = {"job_id": "1", "blob": "07" * 76, "target": "ffffff00"}
    plain = frame(json.dumps({"type": "job", "params": job}).encode())
    parts = [("S", plain), ("C", masked)] if first == "S" else [("C", masked), ("S", plain), ("C", masked)]
    kept = Script()
    found = kept.play(*parts)
    assert ("S", "job") in kinds(found)
    assert ("C", "share") in kinds(found)
    assert kept.conversation.counts["messages_undecodable"] == 0
    kept.play(("S", b"\xc1\x04\xff\xff\xff\xff"))
    assert kept.conversation.counts["messages_undecodable"] == 1
