"""A busy link: seven miners of several dialects, awkwardly framed, among ordinary traffic."""

from __future__ import annotations

import dialects as d
from dialects import push, reply, rpc
from names import client_hello, http_get, http_ok, lookup, sealed, server_hello
from scenes import ETH_A, RVN_A, XMR_A, ZEC_A
from wire import Talk, Tape, digits, encode

BOM = b"\xef\xbb\xbf"


def segments(tape: Tape) -> None:
    """Stratum V1: lines cut anywhere, several lines at once, a repeat, a swapped pair."""
    talk = Talk(tape, ("10.8.0.11", 45011), ("203.0.113.10", 3333), at=1).open()
    worker = "acct1.hall-a-011"
    hello = [
        encode(rpc(1, "mining.subscribe", ["bmminer/1.0.0"])),
        encode(rpc(2, "mining.authorize", [worker, ""])),
    ]
    talk.up(*hello, cuts=[9, 21, len(hello[0]) + 30])
    first = [encode(reply(1, [[["mining.notify", "4de05269"]], "4de05269", 8])), encode(reply(2, True))]
    job = encode(d.job_v1("b1"))
    talk.down(*first, push("mining.set_difficulty", [32768]), job, cuts=[len(first[0]) + 11, 400])
    share = encode(d.share_v1(3, worker, "b1"))
    talk.wait(6).up(share).again("up", share).down(reply(3, True))
    talk.wait(6).swapped("up", encode(d.share_v1(4, worker, "b1")), 70).down(reply(4, True))
    talk.wait(6).up(d.share_v1(5, worker, "b1"), d.share_v1(6, worker, "b1"))
    answers = encode(reply(5, True)) + encode(reply(6, None, [21, "Job not found", None]))
    talk.swapped("down", answers, 50)
    talk.close()


def line_ends(tape: Tape) -> None:
    """CryptoNote with CR LF line ends and a byte-order mark before the first message."""
    talk = Talk(tape, ("10.8.0.12", 45012), ("203.0.113.12", 443), at=2).open()
    talk.up(BOM)
    d.cryptonote(talk, XMR_A + ".srv12", "xmr-stak/2.10.8/c5f0505d/master", shares=3, end="\r\n")
    talk.close()


def no_id(tape: Tape) -> None:
    """Stratum V1 with spaces, no ids in the handshake, params before method."""
    talk = Talk(tape, ("10.8.0.14", 45014), ("203.0.113.14", 25), at=4).open()
    talk.up('{"params": ["cpuminer/2.5.1"], "method": "mining.subscribe"}\n')
    talk.down({"error": None, "result": [[["mining.notify", "77aa"]], "0a0b0c0d", 4]})
    talk.up('{"params": ["ltcacct.cpu14", "x"], "method": "mining.authorize"}\n')
    talk.down({"error": None, "result": True}).down(push("mining.set_difficulty", [16]), d.job_v1("c7"))
    fields = ["ltcacct.cpu14", "c7", digits("extra", 8), "69a541fa", digits("nonce", 8)]
    talk.wait(8).up({"params": fields, "method": "mining.submit", "id": 4}).down(reply(4, True))
    talk.close()


def byte_by_byte(tape: Tape) -> None:
    """KawPow whose first line comes a few bytes at a time."""
    talk = Talk(tape, ("10.8.0.16", 45016), ("203.0.113.16", 3838), at=6).open()
    line = encode(rpc(1, "mining.subscribe", ["T-Rex/0.26.8", None, "rvn.pool.example", "3838"]))
    talk.up(line, cuts=range(3, len(line), 3)).down(reply(1, [None, "5e11ab"]))
    worker = RVN_A + ".gpu16"
    talk.up(rpc(2, "mining.authorize", [worker, "x"])).down(reply(2, True))
    header, seed = digits("mixed header", 64), digits("mixed seed", 64)
    target = "00000000ffff" + "0" * 52
    talk.down(push("mining.notify", ["c4e1", header, seed, target, True, 3_412_399, "1b00c0de"]))
    share = [worker, "c4e1", "0x5e11ab" + digits("mixed nonce", 10), "0x" + header, "0x" + digits("mix", 64)]
    talk.wait(9).up(rpc(3, "mining.submit", share)).down(reply(3, True)).close()


def miners(tape: Tape) -> None:
    """All seven."""
    lookup(tape, "10.8.0.11", "stratum.antpool.com", "203.0.113.10", at=0.5, port=40011)
    segments(tape)
    line_ends(tape)
    talk = Talk(tape, ("fd00:8::13", 45013), ("2001:db8:ff::5", 4444), at=3).open()
    d.eth_proxy(talk, ETH_A, "rig13", shares=3)
    talk.close()
    no_id(tape)
    talk = Talk(tape, ("10.8.0.15", 45015), ("203.0.113.15", 3333), at=5, mss=1340).open()
    d.zcash(talk, ZEC_A + ".z15", "EWBF 0.3.4b", ("zec.pool.example", 3333), shares=2)
    talk.close()
    byte_by_byte(tape)
    lookup(tape, "10.8.0.17", "fr01.supportxmr.com", "203.0.113.17", at=7, port=40017)
    tls(tape, "10.8.0.17", 45017, ("203.0.113.17", 9000), at=7.2, name=None)


def tls(
    tape: Tape,
    client: str,
    port: int,
    server: tuple[str, int],
    *,
    at: float,
    name: str | None,
    size: int = 300,
) -> None:
    """A TLS session of a few records."""
    seed = f"mixed {client} {port}"
    talk = Talk(tape, (client, port), server, at=at).open()
    talk.up(client_hello(seed, name)).down(server_hello(seed)).up(sealed(seed, 53))
    for number in range(3):
        talk.wait(2.4).up(sealed(f"{seed} {number}", size)).down(sealed(f"{seed} reply {number}", 5 * size))
    talk.close()


def ordinary(tape: Tape) -> None:
    """Web, names, mail, time and a shell: none of it mining."""
    for number in range(8):
        client, server = f"10.8.1.{10 + number}", f"198.51.100.{10 + number}"
        at = 0.7 * number
        lookup(tape, client, f"www{number}.example.org", server, at=at, port=41000 + number)
        tls(tape, client, 51000 + number, (server, 443), at=at + 0.1, name=f"www{number}.example.org")
        talk = Talk(tape, (client, 52000 + number), (server, 80), at=at + 0.3).open()
        page = f"<html><body>{'news ' * (200 + 150 * number)}</body></html>"
        talk.up(http_get(f"www{number}.example.org")).down(http_ok(page.encode())).close()
    resolver = "2001:db8:ff::53"
    lookup(tape, "fd00:8::20", "www6.example.org", "2001:db8:ff::80", at=3, port=41100, resolver=resolver)
    tls(tape, "fd00:8::20", 51100, ("2001:db8:ff::80", 443), at=3.1, name="www6.example.org", size=900)
    for number in range(5):
        request = b"\x23" + bytes(47)
        tape.udp(2.0 * number, "10.8.1.30", 123, "198.51.100.123", 123, request)
        quic = b"\x43" + bytes.fromhex(digits(f"quic {number}", 2 * 1200))
        tape.udp(2.0 * number + 0.5, "10.8.1.31", 43000, "198.51.100.124", 443, quic)
    talk = Talk(tape, ("10.8.1.32", 53000), ("198.51.100.22", 22), at=4).open()
    talk.down("SSH-2.0-OpenSSH_9.6\r\n").up("SSH-2.0-OpenSSH_9.2\r\n")
    for number in range(6):
        talk.wait(0.4).up(bytes.fromhex(digits(f"keys {number}", 72)))
        talk.down(bytes.fromhex(digits(f"screen {number}", 200)))
    talk.close()


def mixed() -> Tape:
    """Miners and ordinary hosts together."""
    tape = Tape()
    miners(tape)
    ordinary(tape)
    return tape
