"""The client that a PROXY header claims: context of the evidence, and never the host of a verdict."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.api import explain, scan
from netminedet.protocols.preambles import claimed_client, proxy_header_length
from netminedet.report.anonymize import anonymized
from netminedet.report.document import report_document
from netminedet.report.formats import html
from netminedet.report.story import render_story
from netminedet.sieve import Sieve
from netminedet.sieve.columns import PROXIED
from netminedet.suspects import Verdict
from tests.frames import batch_of, tcp_frame, write_pcap
from tests.fuzz import uncompiled
from tests.talks import CLIENT, SERVER, Said, frames_of, suspects, suspects_of

CLAIM = {"claimed_ip": "198.18.5.7", "claimed_port": "51000"}
TEXT = b"PROXY TCP4 198.18.5.7 203.0.113.40 51000 3333\r\n"
SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
BINARY = SIGNATURE + b"\x21\x11\0\x0c" + bytes([198, 18, 5, 7, 203, 0, 113, 40]) + b"\xc7\x38\x0d\x05"
WITH_MORE = SIGNATURE + b"\x21\x11\0\x11" + BINARY[16:] + b"\x04\0\x02ab"
V6 = (
    SIGNATURE
    + b"\x21\x21\0\x24"
    + b"\x20\x01\x0d\xb8"
    + bytes(11)
    + b"\x07"
    + bytes(16)
    + b"\xc7\x38\x0d\x05"
)

SUBSCRIBE = b'{"id":1,"method":"mining.subscribe","params":["cgminer/4.12.1"]}\n'
SHARE = b'{"id":4,"method":"mining.submit","params":["acct7.rig1","5f","00000001","66f0a1b9","b2957c02"]}\n'
TALK: list[Said] = [
    ("S", {"id": 1, "result": [[["mining.notify", "ae"]], "08000002", 4], "error": None}),
    ("C", {"id": 2, "method": "mining.authorize", "params": ["acct7.rig1", "x"]}),
    ("S", {"id": 2, "result": True, "error": None}),
]


def behind(*pieces: bytes) -> list[Said]:
    return [*(("C", piece) for piece in pieces), *TALK]


@pytest.mark.parametrize("header", [TEXT, BINARY, WITH_MORE], ids=["text", "binary", "more-behind-it"])
@pytest.mark.parametrize("apart", [True, False])
def test_evidence_tells_whom_the_header_claims(header: bytes, apart: bool) -> None:
    talk = behind(header, SUBSCRIBE) if apart else behind(header + SUBSCRIBE)
    (suspect,) = suspects(talk)
    assert (suspect.host, suspect.verdict) == (CLIENT[0], Verdict.CONFIRMED)
    assert suspect.evidence
    assert all(dict(one.details) == CLAIM for one in suspect.evidence)
    assert not any(CLAIM["claimed_ip"] in one for one in (*suspect.reasons, *suspect.workers))


def test_of_a_name_as_well() -> None:
    asked = b"GET / HTTP/1.1\r\nHost: www.antpool.com\r\n\r\n"
    (suspect,) = suspects([("C", TEXT + asked)])
    assert [dict(one.details) for one in suspect.evidence] == [CLAIM]


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b"", id="none"),
        pytest.param(b"PROXY UNKNOWN\r\n", id="unknown"),
        pytest.param(b"PROXY TCP4 198.18.5.999 203.0.113.40 51000 3333\r\n", id="no-address"),
        pytest.param(b"PROXY TCP6 198.18.5.7 203.0.113.40 51000 3333\r\n", id="of-the-other-family"),
        pytest.param(b"PROXY TCP4 198.18.5.7 203.0.113.40 51000\r\n", id="a-word-less"),
        pytest.param(b"PROXY TCP4 198.18.5.7 203.0.113.40 99999 3333\r\n", id="no-port"),
        pytest.param(SIGNATURE + b"\x20\0\0\0", id="local"),
        pytest.param(SIGNATURE + b"\x21\x11\0\x04" + bytes(4), id="too-short"),
        pytest.param(SIGNATURE + b"\x31\x11\0\x0c" + BINARY[16:], id="another-version"),
    ],
)
def test_a_header_that_names_nobody(header: bytes) -> None:
    assert claimed_client(header) == {}
    (suspect,) = suspects(behind(header + SUBSCRIBE))
    assert all(not one.details for one in suspect.evidence)


def test_only_where_the_flow_begins() -> None:
    later = {"id": 3, "method": "mining.extranonce.subscribe", "params": []}
    (suspect,) = suspects([("C", SUBSCRIBE), *TALK, ("C", TEXT), ("C", later)])
    assert all(not one.details for one in suspect.evidence)


def test_a_new_connection_of_the_same_ports_has_its_own() -> None:
    other = TEXT.replace(b"198.18.5.7", b"198.18.5.8")
    first = frames_of(behind(TEXT + SUBSCRIBE))
    second = [
        tcp_frame(CLIENT, SERVER, 7_000_000, flags=2),
        tcp_frame(SERVER, CLIENT, 9_000_000, flags=18, ack=7_000_001),
        tcp_frame(CLIENT, SERVER, 7_000_001, other + SHARE),
        tcp_frame(SERVER, CLIENT, 9_000_001, b'{"id":4,"result":true,"error":null}\n'),
    ]
    for frames, claims in ((first + second, {"198.18.5.7", "198.18.5.8"}), (first, {"198.18.5.7"})):
        (suspect,) = suspects_of(frames)
        assert {one.details["claimed_ip"] for one in suspect.evidence} == claims


def test_it_is_shown_as_a_claim_and_hidden_with_pseudonyms(tmp_path: Path) -> None:
    capture = tmp_path / "claimed.pcap"
    write_pcap(capture, frames_of(behind(TEXT, SUBSCRIBE)))
    report = scan(capture)
    (suspect,) = report_document(report)["suspects"]
    assert suspect["evidence"][0]["details"] == CLAIM
    words = "its PROXY header, which anybody may write, claims to be from 198.18.5.7 port 51000"
    story, page = io.StringIO(), io.StringIO()
    render_story(explain(capture, CLIENT[0]), story, width=200)
    assert words in story.getvalue()
    html.render(report, page)
    assert words in page.getvalue()
    hidden = anonymized(report, bytes(32), report.home_net)
    assert "198.18.5.7" not in repr(hidden.suspects)
    assert {one.details["claimed_port"] for one in hidden.suspects[0].evidence} == {"51000"}


def test_a_flood_of_headers_is_read_in_part_and_counted() -> None:
    frames = [tcp_frame((CLIENT[0], 2000 + number), SERVER, 100, TEXT) for number in range(200)]
    tool = Sieve([b"mining."], [])
    assert [hit.kind for hit in tool.run(batch_of(frames), "test")] == [PROXIED] * 64
    assert tool.take_passed()["claimed_clients_not_kept"] == 200 - 64


PIECES = st.sampled_from(
    [TEXT, BINARY, WITH_MORE, V6, SIGNATURE, b"PROXY ", b"\r\n", b"TCP4 ", b"\x21\x11\0\x0c"]
)


@given(st.lists(PIECES | st.binary(max_size=20), max_size=6).map(b"".join))
def test_whatever_comes_is_a_claim_or_none(data: bytes) -> None:
    assert set(claimed_client(data)) in (set(), set(CLAIM))
    shapes = uncompiled.module("netminedet.sieve.shapes")
    if len(data) >= 16:
        assert shapes.proxy_header(bytearray(data), 0, len(data)) == proxy_header_length(data)


def test_an_address_of_version_6() -> None:
    assert claimed_client(V6) == {"claimed_ip": "2001:db8::7", "claimed_port": "51000"}
    text = b"PROXY TCP6 2001:db8::7 2001:db8::40 51000 3333\r\n"
    assert claimed_client(text) == claimed_client(V6)
