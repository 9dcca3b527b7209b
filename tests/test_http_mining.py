"""Mining over HTTP as programs really do it: heads in pieces, long polls, bodies that wait for leave."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netminedet.suspects import Suspect, Verdict
from tests.test_redirects import MINER, POOL, Wire

TARGET = "f" * 56 + "0" * 8
ASK = b'{"method": "getwork", "params": [], "id":0}\r\n'
WORK = json.dumps(
    {"result": {"midstate": "ab" * 32, "data": "cd" * 128, "target": TARGET}, "error": None, "id": 0}
).encode()
SHARE = json.dumps({"method": "getwork", "params": ["ef" * 128], "id": 1}).encode()
YES = b'{"result":true,"error":null,"id":1}'
BLOCK = b'{"id":2,"method":"submitblock","params":["' + b"00" * 2_000_000 + b'"]}'
NULL = b'{"result":null,"error":null,"id":2}'
WAIT = b"Expect: 100-continue"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def head(body: bytes, *lines: bytes) -> bytes:
    return b"\r\n".join(
        [b"POST / HTTP/1.1", b"Host: node", *lines, b"Content-Length: %d" % len(body), b"", b""]
    )


def post(body: bytes) -> bytes:
    return head(body) + body


def answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def chunked(body: bytes) -> bytes:
    pieces = b"".join(
        b"%x\r\n%s\r\n" % (len(body[at : at + 50]), body[at : at + 50]) for at in range(0, len(body), 50)
    )
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n"


def segments(data: bytes, size: int = 1400) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def asked(port: int, *parts: bytes) -> tuple[object, ...]:
    return (MINER, port, POOL, 8332, *parts)


def told(port: int, *parts: bytes) -> tuple[object, ...]:
    return (POOL, 8332, MINER, port, *parts)


Turn = tuple[object, ...]
ASK_TURNS: list[Turn] = [asked(1, post(ASK)), told(1, answer(WORK))]
TALKS = [
    pytest.param([*ASK_TURNS, asked(1, post(SHARE)), told(1, answer(YES))], 1, 1, id="kept-alive"),
    pytest.param(
        [*ASK_TURNS, asked(1, post(SHARE) + post(SHARE)), told(1, answer(YES) * 2)], 2, 2, id="pipelined"
    ),
    pytest.param([asked(1, post(ASK)), told(1, chunked(WORK)), asked(1, post(SHARE)), told(1, chunked(YES))],
        1, 1, id="chunked"),
    *(
        pytest.param(
            [asked(1, post(ASK)[:cut], post(ASK)[cut:]), told(1, answer(WORK)),
             asked(2, post(SHARE)[:cut], post(SHARE)[cut:]), told(2, answer(YES)[:cut], answer(YES)[cut:])],
            1, 1, id=f"first-segment-of-{cut}",
        )
        for cut in (1, 2, 3, 4, 5, 7)
    ),
    pytest.param(
        [*ASK_TURNS, asked(1, head(SHARE, WAIT)), told(1, CONTINUE), asked(1, SHARE), told(1, answer(YES))],
        1, 1, id="waits-for-leave",
    ),
    pytest.param(
        [*ASK_TURNS, asked(2, head(SHARE, WAIT)), told(2, CONTINUE), asked(2, SHARE), told(2, answer(YES))],
        1, 1, id="waits-for-leave-in-a-new-connection",
    ),
    pytest.param(
        [*ASK_TURNS, asked(1, *segments(post(BLOCK))), told(1, answer(NULL))], 1, 1, id="long-block"
    ),
    pytest.param(
        [*ASK_TURNS, asked(1, head(BLOCK, WAIT)), told(1, CONTINUE), asked(1, *segments(BLOCK)),
         told(1, answer(NULL))],
        1, 1, id="long-block-waits-for-leave",
    ),
    pytest.param(
        [asked(1, b"GET /LP HTTP/1.1\r\nHost: node\r\n\r\n"), *[told(9, b"")] * 300, told(1, answer(WORK)),
         asked(2, post(SHARE)), told(2, answer(YES))],
        1, 1, id="long-poll",
    ),
]  # fmt: skip


def miner(turns: list[Turn], folder: Path) -> Suspect:
    wire = Wire()
    for turn in turns:
        wire.say(*turn)  # type: ignore[arg-type]
    (suspect,) = wire.scanned(folder).suspects
    return suspect


@pytest.mark.parametrize(("turns", "submitted", "accepted"), TALKS)
def test_talk(turns: list[Turn], submitted: int, accepted: int, tmp_path: Path) -> None:
    suspect = miner(turns, tmp_path)
    assert (suspect.host, suspect.verdict) == (MINER, Verdict.CONFIRMED)
    assert (suspect.shares.submitted, suspect.shares.accepted) == (submitted, accepted)


def test_long_poll_alone_is_held_against_the_one_who_asked(tmp_path: Path) -> None:
    turns = [asked(1, b"GET /LP HTTP/1.1\r\nHost: node\r\n\r\n"), told(1, answer(WORK))]
    assert miner(turns, tmp_path).verdict is Verdict.PROBABLE
    turns += [asked(2, b"GET /LP HTTP/1.1\r\nHost: node\r\n\r\n"), told(2, answer(WORK))]
    assert miner(turns, tmp_path).verdict is Verdict.CONFIRMED


def test_one_side_in_each_connection(tmp_path: Path) -> None:
    assert miner([asked(1, post(ASK))], tmp_path).verdict is Verdict.PROBABLE
    assert miner([asked(1, post(ASK)), told(2, answer(WORK))], tmp_path).verdict is Verdict.CONFIRMED


def test_a_connection_for_each_request(tmp_path: Path) -> None:
    turns = []
    for port in range(1, 61):
        turns += [
            asked(port, post(SHARE if port % 2 else ASK)),
            told(port, answer(YES if port % 2 else WORK)),
        ]
    suspect = miner(turns, tmp_path)
    assert (suspect.flows, suspect.shares.submitted, suspect.shares.accepted) == (60, 30, 30)
    (rate,) = suspect.hash_rates
    assert rate.rate.shares == 30


QUOTED = [
    pytest.param(
        [told(1, b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n<pre>" + post(ASK) + answer(WORK))],
        id="page",
    ),
    pytest.param(
        [asked(1, b"HELO x\r\n"), told(1, b"250 y\r\n"), asked(1, b"DATA\r\n"), asked(1, post(ASK))],
        id="mail",
    ),
    pytest.param([asked(1, b"PO"), asked(1, b"EM: " + post(ASK) + b"\r\n" + WORK)], id="poem"),
]


@pytest.mark.parametrize("turns", QUOTED)
def test_quotation_stays_silent(turns: list[Turn], tmp_path: Path) -> None:
    wire = Wire()
    for turn in turns:
        wire.say(*turn)  # type: ignore[arg-type]
    assert wire.scanned(tmp_path).suspects == ()


WALLET = "0x8874916fa8356ddf370bab6eecc50a99e6b5e30d"


@pytest.mark.parametrize(
    ("path", "workers"),
    [
        (f"/?miner=30@{WALLET}@Rig7", (f"{WALLET}.Rig7",)),
        (f"/?miner=30.5@{WALLET}", (WALLET,)),
        (f"/{WALLET}/rig7", (f"{WALLET}.rig7",)),
        (f"/{WALLET}", (WALLET,)),
        ("/?miner=alice@0x12@Rig7", ()),
        (f"/accounts/{WALLET}", ()),
        ("/", ()),
    ],
)
def test_a_farm_names_its_wallet_in_the_path(path: str, workers: tuple[str, ...], tmp_path: Path) -> None:
    asks = b'{"jsonrpc":"2.0","id":1,"method":"eth_getWork","params":[]}'
    hands_in = json.dumps(
        {
            "jsonrpc": "2.0",
            "id": 2,
            "method": "eth_submitWork",
            "params": ["0xaeef62bf56b93c19", "0x" + "ab" * 32, "0x" + "cd" * 32],
        }
    ).encode()
    work = json.dumps(
        {
            "jsonrpc": "2.0",
            "id": 1,
            "result": ["0x" + "ab" * 32, "0x" + "ef" * 32, "0x" + "0" * 8 + "db" * 28],
        }
    ).encode()
    wire = Wire()
    for body, back in ((asks, work), (hands_in, b'{"jsonrpc":"2.0","id":2,"result":true}')):
        wire.say(*asked(1, head(body).replace(b"POST / ", f"POST {path} ".encode()) + body))
        wire.say(*told(1, answer(back)))
    (suspect,) = wire.scanned(tmp_path).suspects
    assert (suspect.verdict, suspect.workers) == (Verdict.CONFIRMED, workers)
