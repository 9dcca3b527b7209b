"""Dialogues in plain words, management interfaces, and coin nodes with a miner at home."""

from __future__ import annotations

import hashlib
import struct

import dialects as d
from carriers import JsonRpc, random_bytes
from names import http_get, http_ok
from wire import Talk, Tape, digits, encode
from work import template

#: Outside, where Duino-Coin's server is; a farm's monitoring station; a peer of the nodes.
DUINO = ("203.0.113.130", 2813)
STATION = "10.14.0.5"
PEER = "203.0.113.150"


def duino_job(seed: str, difficulty: int) -> str:
    """The last digest, the one to be reached, the difficulty."""
    return f"{digits(f'{seed} last', 40)},{digits(f'{seed} wanted', 40)},{difficulty}"


def duino_rounds(
    talk: Talk, user: str, program: str, answers: list[str], *, more: str = "", end: str = ""
) -> None:
    """A miner's rounds: it asks for a job, works, hands in a result and is told how it was."""
    for number, answer in enumerate(answers):
        talk.up(f"JOB,{user}{more}{end}").down(duino_job(f"{user} {number}", 5000) + end)
        result = 100_000 + int(digits(f"{user} result {number}", 4), 16)
        talk.wait(2).up(f"{result},{151_200 + number}.25,{program}{end}").down(answer + end)


def duino_coin() -> Tape:
    """Three miners, and four whose words only sound like theirs."""
    tape = Tape()
    talk = Talk(tape, ("10.13.0.11", 51011), DUINO, at=1).open()
    talk.down("2.4").up("FROM,PC Miner,acct7,192.0.2.7,Linux")
    duino_rounds(talk, "acct7", "Official PC Miner 2.4", ["GOOD", "GOOD", "BAD", "GOOD"])
    talk.close()
    talk = Talk(tape, ("10.13.0.12", 51012), DUINO, at=2).open()
    talk.down("3.0\n")
    duino_rounds(
        talk,
        "acct8",
        "Official AVR Miner 3.5,None,DUCOID5533,21",
        ["GOOD", "BLOCK"],
        more=",AVR,k1",
        end="\n",
    )
    job = (duino_job("acct8 cut", 8) + "\n").encode()
    talk.up("JOB,acct8,AVR,k1\n").down(job, cuts=[20, 60]).wait(1)
    talk.up(b"213,186.4,Official AVR Miner 3.5,None,DUCOID5533,21\n", cuts=[9]).down("GOOD\n").close()
    talk = Talk(tape, ("10.13.0.13", 2811), DUINO, at=3)  # picked up in the middle
    talk.down("GOOD\n")
    duino_rounds(talk, "acct9", "Official PC Miner 3.5,rig1", ["GOOD", "BAD,Incorrect result"], end="\n")
    printing = Talk(tape, ("10.13.0.21", 51021), ("198.51.100.71", 2000), at=4).open()
    printing.down("READY\n").up("JOB,page17\n").down("GOOD\n").up("JOB,page18,draft\n").down(
        "BAD,paper\n"
    ).close()
    sums = Talk(tape, ("10.13.0.22", 51022), ("198.51.100.72", 2001), at=5).open()
    for number in range(3):  # a mirror compares digests of files: both sides send lists of words
        sums.up(f"JOB,mirror\n318232,1612.27,file {number},a\n").down(duino_job(f"file {number}", 17) + "\n")
    sums.close()
    said = ["JOB,acct7", duino_job("quoted", 5000), "4711,52000,PC Miner v1.7", "GOOD"]
    file = Talk(tape, ("10.13.0.23", 51023), ("198.51.100.73", 20), at=6).open()
    for line in said * 3:  # a record of a session on its way, a line a segment
        file.up(line + "\n").wait(0.1)
    file.close()
    page = Talk(tape, ("10.13.0.24", 51024), ("198.51.100.74", 80), at=7).open()
    page.up(http_get("wiki.example", "/duino")).down(http_ok("\n".join(said * 3).encode())).close()
    return tape


STATUS = {"STATUS": "S", "When": 1_772_438_400, "Code": 11, "Msg": "Summary", "Description": "cgminer 4.11.1"}
SUMMARY = {
    "STATUS": [STATUS],
    "SUMMARY": [{"Elapsed": 58219, "MHS av": 13500000.12, "MHS 5s": 13611000.5, "Accepted": 14755}],
    "id": 1,
}
POOLS = {
    "STATUS": [{**STATUS, "Code": 7, "Msg": "3 Pool(s)"}],
    "POOLS": [
        {
            "POOL": number,
            "URL": f"stratum+tcp://{name}.example:3333",
            "Status": "Alive",
            "User": "acct7.s19-11",
        }
        for number, name in enumerate(("pool", "spare", "last"))
    ],
    "id": 1,
}
WHATSMINER = {
    "STATUS": [{"STATUS": "S", "Msg": "Summary"}],
    "SUMMARY": [{"Elapsed": 2648, "MHS av": 84983730.62, "Accepted": 804, "Rejected": 0}],
    "id": 1,
}
TEXT_SUMMARY = (
    "STATUS=S,When=1772438400,Code=11,Msg=Summary,Description=sgminer 5.6.1|"
    "SUMMARY,Elapsed=4711,MHS av=812.50,Found Blocks=0,Accepted=1475,Rejected=16|\0"
)
TEXT_POOLS = (
    "STATUS=S,When=1772438400,Code=7,Msg=1 Pool(s),Description=sgminer 5.6.1|"
    "POOL=0,URL=stratum+tcp://pool.example:3333,Status=Alive,User=acct8.gpu3|\0"
)


Turns = list[tuple[bytes, bytes]]


def _asked() -> list[tuple[str, int, Turns]]:
    """Who is asked at which port, what, and the answers."""
    totals = ["PhoenixMiner 5.6d", "120", "62000;50;1", "31000;31000", "0;0;0", "off;off", "60;40;61;41"]
    phoenix = {"id": 0, "result": [*totals, "eth.pool.example:4444", "0;0;0;0"], "error": None}
    statistics = b"STAT pid 1162\r\nSTAT version 1.6\r\nEND\r\n"
    swimming = {"STATUS": [{"STATUS": "S", "name": "swimming"}]}
    return [
        ("10.14.0.11", 4028, [(b'{"command":"summary"}', encode(SUMMARY, "\0"))]),
        ("10.14.0.11", 4028, [(b'{"command": "pools"}\n', encode(POOLS, "\0"))]),
        ("10.14.0.12", 4028, [(b"summary|", TEXT_SUMMARY.encode())]),
        ("10.14.0.12", 4028, [(b"pools|", TEXT_POOLS.encode())]),
        ("10.14.0.13", 3333, [(encode(d.rpc(0, "miner_getstat1", [], jsonrpc="2.0")), encode(phoenix))]),
        ("10.14.0.14", 4028, [(b'{"cmd":"summary"}', encode(WHATSMINER, ""))]),
        ("10.14.0.21", 11211, [(b"stats\r\n", statistics), (b"version\r\n", b"VERSION 1.6\r\n")]),
        ("10.14.0.22", 6379, [(b"INFO\r\n", b"$5\r\nredis\r\n"), (b"summary\r\n", b"-ERR unknown\r\n")]),
        ("10.14.0.23", 4000, [(b'{"command":"summary"}\n', encode({"STATUS": "OK", "summary": [1, 2]}))]),
        ("10.14.0.23", 4000, [(b'{"command":"pools"}\n', encode(swimming))]),
        ("10.14.0.24", 4001, [(b"pools\n", b"STATUS=open,When=9-17\n"), (b"devs|all\n", b"dev1|dev2\n")]),
    ]


def management() -> Tape:
    """Five machines that answer a monitoring station; then services and records that only look so."""
    tape = Tape()
    for number, (host, port, turns) in enumerate(_asked()):
        talk = Talk(tape, (STATION, 51000 + number), (host, port), at=1 + number).open()
        for asked, answered in turns:
            talk.up(asked).down(answered, cuts=[40] if host == "10.14.0.12" else [])
        talk.close()
    for number, text in enumerate((TEXT_SUMMARY, encode(SUMMARY, "\n").decode())):
        record = Talk(tape, (f"10.14.0.{25 + number}", 51025), ("198.51.100.75", 20), at=12 + number).open()
        record.up("summary|\n" if number == 0 else '{"command":"summary"}\n').wait(0.1).up(text).close()
    page = Talk(tape, ("10.14.0.27", 51027), ("10.14.0.28", 80), at=15).open()
    page.up(http_get("status.example", "/api")).down(http_ok(encode(SUMMARY), "application/json")).close()
    searched(tape)
    return tape


def searched(tape: Tape) -> None:
    """The station searches by multicast: a machine answers, and others say what only looks like an answer."""
    tape.udp(16, STATION, 52001, "224.0.0.75", 4028, b"cgminer-FTW-52002")
    tape.udp(16.1, "10.14.0.15", 39001, STATION, 52002, b"cgm-FTW-4028-rack 3, shelf 2\0")
    tape.udp(16.2, "10.14.0.29", 39002, STATION, 52002, b"cgm-sensor-5-mmol\0")
    tape.udp(16.3, "10.14.0.30", 514, STATION, 514, b"<13>app: cgm-FTW-4028-rack 3, shelf 2")


def bitcoin_message(magic: str, command: str, payload: bytes) -> bytes:
    """A message of Bitcoin's peers, its checksum right."""
    check = hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    head = bytes.fromhex(magic) + command.encode().ljust(12, b"\0") + struct.pack("<I", len(payload))
    return head + check + payload


def levin(command: int, payload: bytes, flags: int) -> bytes:
    """A message of Monero's peers."""
    head = struct.pack("<QBIiII", len(payload), 1, command, 0, flags, 1)
    return bytes.fromhex("0121010101010101") + head + payload


def peers(tape: Tape) -> None:
    """Nodes and their peers: Bitcoin, a coin with an unknown magic, Monero, Lightning, Ethereum."""
    version = struct.pack("<iQq", 70016, 1033, 1_772_438_400) + bytes(62) + b"\x10/Satoshi:27.0.0/" + bytes(5)
    for number, magic in enumerate(("f9beb4d9", "12345678")):
        talk = Talk(tape, (f"10.15.0.{11 + number}", 50011), (PEER, 8333), at=1 + number).open()
        talk.up(bitcoin_message(magic, "version", version))
        talk.down(bitcoin_message(magic, "version", version), bitcoin_message(magic, "verack", b""))
        talk.up(bitcoin_message(magic, "verack", b"")).wait(5)
        talk.down(bitcoin_message(magic, "ping", bytes(8))).up(
            bitcoin_message(magic, "pong", bytes(8))
        ).close()
    storage = bytes.fromhex("0111010101010201") + b"\x01\x04" + random_bytes("levin", 120)
    talk = Talk(tape, ("10.15.0.13", 50013), (PEER, 18080), at=3).open()
    talk.up(levin(1001, storage, 1)).down(levin(1001, storage + random_bytes("peers", 900), 2)).close()
    talk = Talk(tape, ("10.15.0.14", 50014), (PEER, 9735), at=4).open()
    talk.up(b"\0\2" + random_bytes("act one", 48)).down(b"\0\3" + random_bytes("act two", 48)).close()
    talk = Talk(tape, ("10.15.0.15", 50015), (PEER, 30303), at=5).open()
    talk.up(struct.pack("!H", 406) + b"\4" + random_bytes("auth", 405)).down(random_bytes("ack", 420)).close()


WISHES = {"capabilities": ["coinbasetxn", "coinbasevalue", "longpoll", "workid"], "rules": ["segwit"]}
BLOCK = "00000020" + digits("block header", 152) + "02" + digits("transactions", 900)


def solo(tape: Tape, miner: str, node: str, *, at: float, block: bool) -> None:
    """A miner takes a template from a node and perhaps hands in a block."""
    talk = Talk(tape, (miner, 47000), (node, 8332), at=at).open()
    api = JsonRpc(talk, user="miner:secret", agent="cpuminer/2.5.1")
    api.call(d.rpc(0, "getblocktemplate", [WISHES]), template())
    if block:
        api.call(d.rpc(1, "submitblock", [BLOCK]), None)
    talk.close()


def relay(tape: Tape, sender: str, node: str, *, at: float, asks: bool = False) -> None:
    """A program that hands blocks of others to a node; an explorer asks for templates, too, elsewhere."""
    talk = Talk(tape, (sender, 47500), (node, 8332), at=at).open()
    api = JsonRpc(talk, user="relay:secret", agent="relay/1.0")
    if asks:
        api.call(d.rpc(0, "getblocktemplate", [{"rules": ["segwit"]}]), template())
    else:
        api.call(d.rpc(1, "submitblock", [BLOCK]), None)
        talk.wait(9)
        api.call(d.rpc(2, "submitblock", [BLOCK]), "duplicate")
    talk.close()


def nodes() -> Tape:
    """Peers; a solo miner at its own node; a node that serves two; relays and explorers."""
    tape = Tape()
    peers(tape)
    solo(tape, "10.15.0.31", "10.15.0.5", at=10, block=True)
    solo(tape, "10.15.0.32", "10.15.0.6", at=11, block=True)
    solo(tape, "10.15.0.33", "10.15.0.6", at=12, block=False)
    relay(tape, "10.15.0.41", "10.15.0.7", at=13)
    relay(tape, "10.15.0.42", "10.15.0.7", at=14, asks=True)
    return tape
