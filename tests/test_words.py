"""Dialogues in plain words, from packets to verdicts: however they are sent, and what only sounds so."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from netminedet import Report, scan
from netminedet.limits import Limits
from netminedet.protocols.textlines import TextReader
from netminedet.report.mask import Masker
from tests.conftest import SAMPLES
from tests.test_variants import FEW
from tests.variants import (
    Message,
    Segment,
    cut,
    frames_of,
    judged,
    placed,
    repeated,
    swapped,
    verdict,
    words,
)

ENDS = [b"", b"\n", b"\r\n"]
#: an opener in pieces is not seen, and of "JOB," and "FROM," the longer has five bytes
OPENER = 5
JOB = b"%040x,%040x,5000" % (7, 9)
SHARE = b"4711,52000,PC Miner v1.7"


def expected(submitted: int = 3, accepted: int = 2, rejected: int = 1) -> list[Message]:
    agents = ["Official PC Miner 2.4", "PC Miner"]
    shares = {"submitted": submitted, "accepted": accepted, "rejected": rejected}
    return [
        {
            "host": "10.30.0.9",
            "verdict": "confirmed",
            "role": "miner",
            "dialects": ["duino-coin"],
            "workers": ["acct7"],
            "agents": agents,
            "wallets": ["acct7"],
            "shares": shares,
        }
    ]


@pytest.mark.parametrize("end", ENDS)
def test_however_lines_end(end: bytes) -> None:
    assert verdict(placed(words(end))) == expected()


@pytest.mark.parametrize("end", ENDS)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 4))
@FEW
def test_cut_and_sent_again(end: bytes, seed: int, count: int) -> None:
    chance = random.Random(seed)

    def places(data: bytes) -> list[int]:
        return [chance.randrange(OPENER, len(data)) for _ in range(count) if len(data) > OPENER]

    parts = placed(cut(words(end), places))
    assert verdict(parts) == expected()
    assert verdict(repeated(parts, chance, 0.3)) == expected()


@given(seed=st.integers(0, 2**32))
@FEW
def test_pairs_in_the_wrong_order(seed: int) -> None:
    parts = placed(cut(words(b"\n"), lambda data: [len(data) // 2] if len(data) > 2 * OPENER else []))
    first = next(at for at, part in enumerate(parts) if part.data.startswith(b"JOB,")) + 2
    assert verdict(parts[:first] + swapped(parts[first:], random.Random(seed), 0.5)) == expected()


def test_evidence_names_the_packet_in_which_a_message_stands() -> None:
    (suspect, *_) = scan(SAMPLES / "duino-coin.pcap").suspects
    packets = {one.signature: one.where.packet for one in suspect.evidence}
    # of the sample's first connection: SYN, SYN, ACK, version, ACK, greeting, ACK, request, ACK, job
    assert packets["duino-coin.greeting"] == 6
    assert packets["duino-coin.request"] == 8
    assert packets["duino-coin.job"] == 10


@pytest.mark.parametrize("begin", range(1, 9))
def test_picked_up_in_the_middle(begin: int) -> None:
    (found,), _counters = judged(frames_of(placed(words())[begin:]))
    assert (found["verdict"], found["host"], found["dialects"]) == ("confirmed", "10.30.0.9", ["duino-coin"])
    assert found["shares"]["accepted"]


# where words of several turns wait behind the hole they run together, so a conversation of three exchanges
# must not begin later
@pytest.mark.parametrize("begin", range(1, 7))
def test_what_follows_the_opening_was_not_recorded(begin: int) -> None:
    (found,) = verdict(placed(words())[begin:])
    assert (found["verdict"], found["host"], found["dialects"]) == ("confirmed", "10.30.0.9", ["duino-coin"])
    assert found["shares"]["accepted"]


SILENT: dict[str, list[Segment]] = {
    "the miner alone": [part for part in words(b"\n") if part[0]],
    "the server alone": [part for part in words(b"\n") if not part[0]],
    "requests and answers without work": [(True, b"JOB,alice\n"), (False, b"GOOD\n")] * 5,
    "work that nobody does": [(True, b"JOB,alice\n"), (False, JOB + b"\n")] * 5,
    "shares without work": [(True, b"JOB,alice\n"), (True, SHARE + b"\n"), (False, b"GOOD\n")] * 5,
    "a recital": [(True, b"JOB,alice\n"), (True, JOB + b"\n"), (True, SHARE + b"\n"), (True, b"GOOD\n")] * 5,
    "digests and readings": [(True, b"JOB,alice\n1,2,sensor 1\n"), (False, JOB + b"\n")] * 5,
    "behind HTTP": [(True, b"POST / HTTP/1.1\r\n\r\nJOB,alice\n"), (False, b"HTTP/1.1 200 OK\r\n\r\n" + JOB)]
    * 5,
}


@pytest.mark.parametrize("name", SILENT)
def test_nobody_is_accused(name: str) -> None:
    assert verdict(placed(SILENT[name])) == []


TEXT = (
    b"STATUS=S,When=1772438400,Code=7,Msg=1 Pool(s),Description=cgminer 4.11.1|"
    b"POOL=0,URL=stratum+tcp://acct7:x@pool.example:3333,Status=Alive,User=acct7.rig1|\0"
)


@pytest.mark.parametrize("request_", [b"pools|", b"pools|\n", b"pools", b'{"command":"pools"}'])
@pytest.mark.parametrize("places", [[], [9], [9, 80, 120]])
def test_a_management_interface_however_it_is_asked(request_: bytes, places: list[int]) -> None:
    parts = cut([(True, request_), (False, TEXT)], lambda data: places if data is TEXT else [])
    (found,) = verdict(placed(parts))
    assert (found["host"], found["verdict"], found["role"]) == ("203.0.113.9", "probable", "miner")
    assert (found["workers"], found["agents"]) == (["acct7.rig1"], ["cgminer 4.11.1"])


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([(False, TEXT)], id="reply-alone"),
        pytest.param([(True, b"pools|"), (True, TEXT)], id="one-end-alone"),
        pytest.param(
            [(True, b"GET /log HTTP/1.1\r\n\r\n"), (False, b"HTTP/1.1 200 OK\r\n\r\n" + TEXT)], id="page"
        ),
        pytest.param([(True, b"stats\r\n"), (False, b"STAT pid 1\r\nEND\r\n")], id="memcached"),
        pytest.param([(True, b"pools|"), (False, b"STATUS=OK,When=now,Code=none\n")], id="other-status"),
        pytest.param(
            [(True, b'{"command":"pools"}\n'), (False, b'{"STATUS":"S","Code":1}\n')], id="other-json"
        ),
    ],
)
def test_what_is_no_management_interface(parts: list[Segment]) -> None:
    assert verdict(placed(parts)) == []


def test_what_a_machine_says_stands_apart_and_can_be_masked() -> None:
    report = scan(SAMPLES / "management-api.pcap")
    first = report.suspects[0]
    assert first.management is not None
    assert first.management.hash_rate == 13500000.12e6
    assert len(first.management.pools) == 3
    assert (first.hash_rates, first.pools) == ((), ())
    assert first.reasons[0].startswith("its management interface answers as cgminer 4.11.1: 3 pools (")
    assert "10.14.0.5" not in {suspect.host for suspect in report.suspects}
    shown = json.dumps(report.masked(Masker(b"k" * 32)).to_dict())
    assert "acct7" not in shown


NODES = SAMPLES / "nodes.pcap"


def without_nodes(report: Report) -> Report:
    report.findings.nodes.clear()
    return report


def test_coin_nodes_are_listed_only_on_request() -> None:
    plain, asked = scan(NODES), scan(NODES, adjacent=True)
    assert plain.adjacent == ()
    assert "adjacent" not in plain.to_dict()
    home = [(node.host, node.protocol, node.network) for node in asked.adjacent if node.host[:3] == "10."]
    assert home == [
        ("10.15.0.11", "bitcoin-p2p", "bitcoin"),
        ("10.15.0.12", "bitcoin-p2p", ""),
        ("10.15.0.13", "monero-levin", ""),
        ("10.15.0.14", "lightning", "bitcoin"),
        ("10.15.0.15", "ethereum-rlpx", "ethereum"),
    ]
    assert asked.suspects == plain.suspects
    document = asked.to_dict()
    assert len(document.pop("adjacent")) == len(asked.adjacent)
    assert document == plain.to_dict()


def test_nodes_add_up() -> None:
    one, other = scan(NODES, adjacent=True), scan(SAMPLES / "lookalikes-2.pcap", adjacent=True)
    both = scan([NODES, SAMPLES / "lookalikes-2.pcap"], adjacent=True)
    assert both == one + other
    assert (one + other).adjacent == (other + one).adjacent
    assert replace(one, inputs=()) != replace(without_nodes(scan(NODES, adjacent=True)), inputs=())


def test_nodes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netminedet.limits.limits_for", lambda *_: Limits(nodes=3))
    report = scan(NODES, adjacent=True)
    assert len(report.adjacent) == 3
    assert report.totals["nodes_not_kept"] > 0


def test_text_is_given_up_when_it_grows_too_long() -> None:
    reader = TextReader()
    assert reader.feed(b"JOB," + b"x" * 200_000) == []
    assert reader.oversized == 1
    assert reader.turn() == []
