"""Duino-Coin's dialogue and the management APIs: tables, the reader's cuts, look-alikes, any text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.model import Side
from netminedet.protocols.textlines import (
    MAX_MESSAGE,
    ApiKind,
    ApiMessage,
    DuinoKind,
    DuinoMessage,
    TextReader,
    api_message,
    duino_message,
)

C, S = Side.CLIENT, Side.SERVER
DIGEST = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("JOB,alice", DuinoMessage(DuinoKind.JOB_REQUEST, C, user="alice")),
        ("JOB,alice,AVR,key", DuinoMessage(DuinoKind.JOB_REQUEST, C, user="alice")),
        ("JOB,alice,LOW,key,CPU temperature:48.3*C", DuinoMessage(DuinoKind.JOB_REQUEST, C, user="alice")),
        ("JOB,alice,ESP32,key,Temp:21.5*C@Hum:40.0%", DuinoMessage(DuinoKind.JOB_REQUEST, C, user="alice")),
        (
            "FROM,PC Miner,alice,192.0.2.1,Linux",
            DuinoMessage(DuinoKind.GREETING, C, user="alice", agent="PC Miner"),
        ),
        (
            "1234,180000.5,Official PC Miner 3.5,rig1",
            DuinoMessage(DuinoKind.SHARE, C, agent="Official PC Miner 3.5", rig="rig1", hashrate=180000.5),
        ),
        (
            "77,213,Official AVR Miner 3.5,None,DUCOID123,42",
            DuinoMessage(DuinoKind.SHARE, C, agent="Official AVR Miner 3.5", rig="None", hashrate=213.0),
        ),
        ("3.0", DuinoMessage(DuinoKind.VERSION, S)),
        (f"{DIGEST},{DIGEST},5000", DuinoMessage(DuinoKind.JOB, S, difficulty=5000)),
        ("GOOD", DuinoMessage(DuinoKind.ACCEPTED, S)),
        ("BLOCK", DuinoMessage(DuinoKind.ACCEPTED, S)),
        ("BAD,Incorrect result", DuinoMessage(DuinoKind.REJECTED, S)),
    ],
)
def test_duino(line: str, message: DuinoMessage) -> None:
    assert duino_message(line, message.sender) == message
    assert duino_message(line, message.sender.other) is None
    assert message.telling == (message.kind in (DuinoKind.JOB, DuinoKind.GREETING))


@pytest.mark.parametrize("side", [C, S])
@pytest.mark.parametrize(
    "line",
    [
        "",
        "JOB",
        "JOB,two words",
        "JOB,alice,print,letter,draft",
        "JOBS,alice",
        "FROM,alice@example.org,bob,x",
        "1,2,3",
        "12,34.5,widget,blue",
        "hello, world, how, are, you",
        f"{DIGEST},{DIGEST}",
        f"{DIGEST.upper()},{DIGEST},1",
        f"{DIGEST},{DIGEST},0",
        "GOOD morning",
        "\x1b[31mGOOD",
        "1," * 500,
        "٣,٤,PC Miner",
        '{"id":1,"method":"mining.subscribe"}',
    ],
)
def test_no_duino(line: str, side: Side) -> None:
    assert duino_message(line, side) is None


SUMMARY_TEXT = (
    "STATUS=S,When=1368715953,Code=11,Msg=Summary,Description=cgminer 2.10.5|"
    "SUMMARY,Elapsed=58219,MHS av=70827.84,Found Blocks=0,Getworks=1899,Accepted=14755,Rejected=162|"
)
SUMMARY = ApiMessage(
    ApiKind.REPLY,
    "cgminer",
    "summary",
    "cgminer 2.10.5",
    elapsed=58219,
    hashrate=70827.84 * 1e6,
    accepted=14755,
    rejected=162,
)
STATUS = {"STATUS": "S", "When": 1664014875, "Code": 11, "Msg": "Summary", "Description": "cgminer 1.0.0"}
REPLIES = [
    pytest.param(SUMMARY_TEXT, SUMMARY, id="cgminer-text"),
    pytest.param(
        "STATUS=S,When=1,Code=7,Msg=2 Pool(s),Description=cgminer 4.11.1|POOL=0,URL=stratum+tcp://a.example:3333,"
        "Status=Alive,User=acct.1|POOL=1,URL=stratum+tcp://b.example:3333,User=acct.1|",
        ApiMessage(
            ApiKind.REPLY,
            "cgminer",
            "pools",
            "cgminer 4.11.1",
            pools=("stratum+tcp://a.example:3333", "stratum+tcp://b.example:3333"),
            users=("acct.1",),
        ),
        id="cgminer-text-pools",
    ),
    pytest.param(
        "STATUS=E,When=1,Code=14,Msg=Invalid command,Description=sgminer 5\\,0|",
        ApiMessage(ApiKind.REPLY, "cgminer", vendor="sgminer 5,0"),
        id="cgminer-text-error",
    ),
    pytest.param(
        json.dumps(
            {
                "STATUS": [STATUS],
                "SUMMARY": [
                    {"Elapsed": 906695, "GHS 5s": "107840.10", "GHS av": 105358.03, "Accepted": 45359}
                ],
                "id": 1,
            }
        ),
        ApiMessage(
            ApiKind.REPLY,
            "cgminer",
            "summary",
            "cgminer 1.0.0",
            elapsed=906695,
            hashrate=105358.03 * 1e9,
            accepted=45359,
        ),
        id="cgminer-json",
    ),
    pytest.param(
        '{"STATUS":[' + json.dumps(STATUS) + '],"STATS":[{"BMMiner":"1.0.0"}{"STATS":0}],"id":1}',
        ApiMessage(ApiKind.REPLY, "cgminer", vendor="cgminer 1.0.0"),
        id="comma-left-out",
    ),
    pytest.param(
        '{"STATUS":"S","When":1,"Code":131,"Msg":"API command OK","Description":"btminer"}',
        ApiMessage(ApiKind.REPLY, "btminer", vendor="btminer"),
        id="btminer",
    ),
    pytest.param(
        '{"STATUS":[{"STATUS":"S","Msg":"Summary"}],"SUMMARY":[{"Elapsed":9,"MHS av":84.5,"Accepted":3}]}',
        ApiMessage(ApiKind.REPLY, "btminer", "summary", elapsed=9, hashrate=84.5e6, accepted=3),
        id="whatsminer-summary",
    ),
    pytest.param(
        '{"id":0,"error":null,"result":["PhoenixMiner 5.6d - ETH","120","62000;50;1","31000;31000",'
        '"0;0;0","off;off","60;50;61;50","eth.pool.example:4444","0;0;0;0"]}',
        ApiMessage(
            ApiKind.REPLY,
            "ethman",
            "miner_getstat1",
            "PhoenixMiner 5.6d - ETH",
            elapsed=7200,
            hashrate=62e6,
            accepted=50,
            rejected=1,
            pools=("eth.pool.example:4444",),
        ),
        id="ethman",
    ),
]
COMMANDS = [
    ('{"command":"summary"}', "cgminer", "summary"),
    ('{"command":"summary+pools","parameter":""}', "cgminer", "summary+pools"),
    ("summary", "cgminer", "summary"),
    ("pools|", "cgminer", "pools"),
    ("ascset|0,led,1-1", "cgminer", "ascset"),
    ("version|", "cgminer", "version"),
    ('{"cmd":"get_miner_info","token":"x"}', "btminer", "get_miner_info"),
    ('{"id":0,"jsonrpc":"2.0","method":"miner_getstat1"}', "ethman", "miner_getstat1"),
    ('{"id":0,"jsonrpc":"2.0","method":"control_gpu","params":["0","1"]}', "ethman", "control_gpu"),
]


@pytest.mark.parametrize("end", ["", "\n", "\x00", "\r\n"])
@pytest.mark.parametrize(("text", "message"), REPLIES)
def test_replies(text: str, message: ApiMessage, end: str) -> None:
    found = api_message(text + end)
    assert found == message
    assert found.telling


@pytest.mark.parametrize(("text", "family", "command"), COMMANDS)
def test_commands(text: str, family: str, command: str) -> None:
    found = api_message(text)
    assert found == ApiMessage(ApiKind.COMMAND, family, command)
    assert not found.telling


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quit",
        "summary of the day",
        '{"command":"summary","type":"request","seq":1}',
        '{"command":"open_door"}',
        '{"command":["summary"]}',
        '{"cmd":"reboot_elevator"}',
        '{"method":"miner_getstat3"}',
        '{"method":"login","params":{}}',
        '{"STATUS":"OK","When":1,"Code":1}',
        '{"STATUS":[],"SUMMARY":[]}',
        '{"STATUS":[{"STATUS":"S"}]}',
        '{"STATUS":[{"STATUS":["S"],"When":1,"Code":1}]}',
        '{"result":["a","b","c","d","e","f","g","h"]}',
        '{"result":["v","1","1;2;3","","","","","not a pool"]}',
        '{"result":[1,2,3,4,5,6,7,8]}',
        '{"result":true}',
        "STATUS=S,When=soon,Code=11,Msg=x|",
        "STATUS=OK|",
        "[" * 5000,
        '{"a":' * 5000,
        "x" * (MAX_MESSAGE + 1),
    ],
)
def test_no_api(text: str) -> None:
    assert api_message(text) is None


@pytest.mark.parametrize(
    "summary",
    [
        {"MHS av": "fast"},
        {"MHS av": True},
        {"MHS av": -1},
        {"Elapsed": "1e999"},
        {"GHS av": 1e300},
        "x",
        None,
    ],
)
def test_odd_numbers_are_left_out(summary: object) -> None:
    message = api_message(json.dumps({"STATUS": [STATUS], "SUMMARY": [summary]}))
    assert message is not None
    assert (message.hashrate, message.elapsed) == (None, None)


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_reader_splits_at_newline_nul_and_turn(step: int) -> None:
    reader = TextReader()
    data = b"3.0\r\n\nGOOD\n" + SUMMARY_TEXT.encode() + b"\x00JOB,alice"
    texts = [text for at in range(0, len(data), step) for text in reader.feed(data[at : at + step])]
    assert texts == ["3.0", "GOOD", SUMMARY_TEXT]
    assert reader.turn() == ["JOB,alice"]
    assert reader.turn() == []


def test_reader_passes_over_what_a_gap_cut() -> None:
    reader = TextReader()
    reader.feed(b"JOB,al")
    assert reader.feed(b"ice\nGOOD\nBA", gap=True) == ["GOOD"]
    assert reader.feed(b"D", gap=True) == []
    assert reader.turn() == []
    assert reader.feed(b"\nGOOD\n") == ["GOOD"]


def test_reader_bounds_memory() -> None:
    reader = TextReader()
    for _ in range(30):
        assert reader.feed(b"x" * (MAX_MESSAGE // 10)) == []
        assert len(reader._buffer) <= MAX_MESSAGE
    assert reader.oversized == 2
    assert reader.feed(b"tail\nGOOD\n") == ["GOOD"]


@given(st.text(max_size=200), st.sampled_from([C, S]))
def test_any_text(text: str, side: Side) -> None:
    for found in (
        duino_message(text, side),
        api_message(text),
        api_message("STATUS=S,When=1,Code=1,Msg=" + text),
    ):
        assert found is None or isinstance(found, (DuinoMessage, ApiMessage))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(["STATUS", "SUMMARY", "POOLS", "command", "cmd", "method", "result", "When", "Code"])


@given(st.dictionaries(KEYS, JSON, max_size=6))
def test_any_json(value: dict[str, object]) -> None:
    found = api_message(json.dumps(value))
    assert found is None or isinstance(found, ApiMessage)


@given(st.lists(st.tuples(st.binary(max_size=30), st.booleans()), max_size=8))
def test_reader_takes_any_bytes(pieces: list[tuple[bytes, bool]]) -> None:
    reader = TextReader()
    for data, gap in pieces:
        assert all(text and "\n" not in text for text in reader.feed(data, gap=gap))
    reader.turn()
