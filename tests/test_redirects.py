"""A miner that a server sends elsewhere: what is tied to the order, and what is not."""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import dpkt
import pytest

from netminedet import Report, explain, scan
from netminedet.sieve.columns import MAX_WATCHED
from netminedet.suspects import Verdict
from tests.frames import ACK, PSH, SYN, ethernet, ipv4, tcp_frame, udp, write_pcap

MINER, OTHER, POOL, NEW, DNS = "10.0.0.5", "10.0.0.6", "198.51.100.7", "203.0.113.9", "192.0.2.53"
NAME = "stratum2.elsewhere.example"
HASH = "ab" * 32
HELLO = bytes.fromhex("160301002f0100002b0303") + bytes(range(32)) + bytes.fromhex("000002130101000000")
SEALED = bytes.fromhex("8f1c99e3a7") * 20


def line(**message: object) -> bytes:
    return json.dumps(message).encode() + b"\n"


SUBSCRIBE = line(id=1, method="mining.subscribe", params=["cgminer/4.12.1"])
SUBSCRIBED = line(id=1, result=[[["mining.notify", "a1"]], "b7c8d9e0", 8], error=None)
NOTIFY = line(
    id=None,
    method="mining.notify",
    params=["5f", HASH, "01", "02", [HASH], "20000000", "17030ecd", "66f0a1b2", True],
)


@dataclass
class Wire:
    """Frames in the order in which they are sent, one a second."""

    frames: list[bytes] = field(default_factory=list)
    seq: dict[tuple[str, int, str, int], int] = field(default_factory=dict)

    def say(self, source: str, port: int, target: str, to: int, *parts: bytes) -> Wire:
        key = (source, port, target, to)
        for part in parts:
            seq = self.seq.setdefault(key, 1000)
            self.frames.append(tcp_frame((source, port), (target, to), seq, part, PSH | ACK))
            self.seq[key] = seq + len(part)
        return self

    def open(self, source: str, port: int, target: str, to: int, *parts: bytes) -> Wire:
        self.frames.append(tcp_frame((source, port), (target, to), 999, b"", SYN))
        return self.say(source, port, target, to, *parts)

    def mine(self, *orders: bytes, client: str = MINER) -> Wire:
        self.open(client, 40000, POOL, 3333, SUBSCRIBE)
        return self.say(POOL, 3333, client, 40000, SUBSCRIBED, NOTIFY, *orders)

    def look_up(self, name: str, address: str, client: str = MINER) -> Wire:
        answer = dpkt.dns.DNS(id=7, qr=1, op=dpkt.dns.DNS_QR | dpkt.dns.DNS_RD)
        answer.qd = [dpkt.dns.DNS.Q(name=name)]
        answer.an = [dpkt.dns.DNS.RR(name=name, ttl=300, rdata=bytes(map(int, address.split("."))))]
        self.frames.append(ethernet(0x0800, ipv4(DNS, client, 17, udp(53, 5353, bytes(answer)))))
        return self

    def scanned(self, folder: Path, step_s: int = 1) -> Report:
        path = folder / "wire.pcap"
        times = [1_700_000_000_000_000 + number * step_s * 1_000_000 for number in range(len(self.frames))]
        write_pcap(path, self.frames, times=times)
        return scan(path)


def order(*params: object) -> bytes:
    return line(id=None, method="client.reconnect", params=list(params))


def followed(report: Report, host: str = MINER) -> list[str]:
    """Where the host followed an order to, by the report's evidence."""
    return [
        f"{one.where.flow.dest_ip}:{one.where.flow.dest_port}"
        for suspect in report.suspects
        if suspect.host == host
        for one in suspect.evidence
        if one.signature == "redirect.followed"
    ]


TO_ADDRESS, TO_NAME = order(NEW, 4444, 0), order(NAME, 4444, 0)


@pytest.mark.parametrize("opening", [HELLO, SEALED], ids=["tls", "sealed"])
@pytest.mark.parametrize("named", [False, True], ids=["address", "name"])
def test_connection_to_where_the_server_sent_it(opening: bytes, named: bool, tmp_path: Path) -> None:
    wire = Wire().mine(TO_NAME if named else TO_ADDRESS)
    if named:
        wire.look_up(NAME.title(), NEW)
    report = wire.open(MINER, 40001, NEW, 4444, opening).scanned(tmp_path)
    (suspect,) = report.suspects
    assert followed(report) == [f"{NEW}:4444"]
    assert any(
        f"go to {NAME if named else NEW} port 4444 (stratum-v1.reconnect)" in why for why in suspect.reasons
    )
    assert (NEW, 4444, opening is HELLO) in [(pool.ip, pool.port, pool.tls) for pool in suspect.pools]
    assert any(one.signature == "stratum-v1.reconnect" and "4444" in one.excerpt for one in suspect.evidence)
    ruling = explain(tmp_path / "wire.pcap", MINER).ruling
    assert ruling is not None
    assert any("would still be probable" in text for text in ruling.would_lower)


def test_order_alone_is_told(tmp_path: Path) -> None:
    (suspect,) = Wire().mine(TO_NAME).scanned(tmp_path).suspects
    assert f"was told by {POOL} to go to {NAME} port 4444 (stratum-v1.reconnect)" in suspect.reasons


TIE = (MINER, 40001, NEW, 4444)
TALKS_FIRST = (NEW, 4444, MINER, 40001, b"SSH-2.0-x\r\n")
NOT_TIED = [
    pytest.param(lambda w: w.mine(TO_ADDRESS).open(MINER, 40001, NEW, 443, HELLO), id="other-port"),
    pytest.param(lambda w: w.mine(TO_ADDRESS).open(MINER, 40001, POOL, 4444, HELLO), id="other-address"),
    pytest.param(lambda w: w.mine(TO_ADDRESS).open(OTHER, 40001, NEW, 4444, HELLO), id="other-host"),
    pytest.param(lambda w: w.open(*TIE, SEALED).mine(TO_ADDRESS, b" " * 9), id="before"),
    pytest.param(lambda w: w.mine(TO_ADDRESS).open(*TIE, b"GET / HTTP/1.1\r\n\r\n"), id="text"),
    pytest.param(lambda w: w.mine(TO_ADDRESS).say(*TALKS_FIRST).say(*TIE, SEALED), id="server-speaks-first"),
    pytest.param(lambda w: w.mine(TO_NAME).open(*TIE, SEALED), id="name-not-looked-up"),
    pytest.param(lambda w: w.mine(TO_NAME).look_up("x." + NAME, NEW).open(*TIE, SEALED), id="name-below"),
    pytest.param(
        lambda w: w.mine(TO_NAME).look_up(NAME, NEW, OTHER).open(*TIE, SEALED), id="looked-up-by-another"
    ),
    pytest.param(lambda w: w.say(POOL, 3333, MINER, 40000, TO_ADDRESS).open(*TIE, HELLO), id="no-mining"),
    pytest.param(lambda w: w.mine(order("evil\x1b.example", 4444)).open(*TIE, HELLO), id="no-name"),
    pytest.param(lambda w: w.mine(order(NEW, 70000)).open(*TIE, HELLO), id="no-port"),
    pytest.param(lambda w: w.mine(order()).open(MINER, 40001, POOL, 3333, HELLO), id="to-where-it-is"),
]


@pytest.mark.parametrize("play", NOT_TIED)
def test_what_is_not_tied(play: object, tmp_path: Path) -> None:
    wire = Wire()
    play(wire)  # type: ignore[operator]
    report = wire.scanned(tmp_path)
    assert [followed(report, host) for host in (MINER, OTHER)] == [[], []]
    assert {suspect.host for suspect in report.suspects} <= {MINER}


def test_late_connection_is_not_tied(tmp_path: Path) -> None:
    wire = Wire().mine(TO_ADDRESS).open(MINER, 40001, NEW, 4444, SEALED)
    assert followed(wire.scanned(tmp_path, step_s=1700)) == [f"{NEW}:4444"]
    assert followed(wire.scanned(tmp_path, step_s=1801)) == []


def test_ipv6(tmp_path: Path) -> None:
    miner, pool, new = "2001:db8::5", "2001:db8:1::7", "2001:db8:2::9"
    wire = Wire().open(miner, 40000, pool, 3333, SUBSCRIBE)
    wire.say(pool, 3333, miner, 40000, SUBSCRIBED, NOTIFY, order("[2001:DB8:2::9]", "4444", 0))
    wire.open(miner, 40001, new, 4444, SEALED)
    assert followed(wire.scanned(tmp_path), miner) == [f"{new}:4444"]


def test_eip_1571(tmp_path: Path) -> None:
    told = b'{"method":"mining.reconnect","params":{"host":"%s","port":"115c"}}\n' % NEW.encode()
    assert followed(Wire().mine(told).open(MINER, 40001, NEW, 4444, SEALED).scanned(tmp_path)) == [
        f"{NEW}:4444"
    ]


def sv2(type_: int, payload: bytes) -> bytes:
    return struct.pack("<HB", 0, type_) + len(payload).to_bytes(3, "little") + payload


@pytest.mark.parametrize(
    ("host", "port", "where"), [(NEW, 4444, (NEW, 4444)), ("", 4444, (POOL, 4444)), (NEW, 0, (NEW, 34254))]
)
def test_stratum_v2(host: str, port: int, where: tuple[str, int], tmp_path: Path) -> None:
    strings = b"".join(bytes([len(text)]) + text for text in (b"Bitaxe", b"BM1370", b"v2", b""))
    setup = struct.pack("<BHHI", 0, 2, 2, 0) + b"\x04pool" + struct.pack("<H", 34254) + strings
    reconnect = bytes([len(host)]) + host.encode() + struct.pack("<H", port)
    wire = Wire().open(MINER, 40000, POOL, 34254, sv2(0, setup))
    wire.say(POOL, 34254, MINER, 40000, sv2(1, struct.pack("<HI", 2, 0)), sv2(4, reconnect))
    wire.open(MINER, 40001, *where, SEALED)
    assert followed(wire.scanned(tmp_path)) == [f"{where[0]}:{where[1]}"]


@pytest.mark.parametrize("body", [b"", b'{"result":null,"error":null,"id":0}', b"<html>moved</html>"])
def test_x_stratum(body: bytes, tmp_path: Path) -> None:
    asked = b'{"method": "getwork", "params": [], "id":0}'
    post = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(asked) + asked
    head = b"HTTP/1.1 200 OK\r\nX-Stratum: stratum+tcp://%s:4444\r\nContent-Length: %d\r\n\r\n" % (
        NEW.encode(),
        len(body),
    )
    wire = Wire().open(MINER, 40000, POOL, 8332, post).say(POOL, 8332, MINER, 40000, head + body)
    report = wire.open(MINER, 40001, NEW, 4444, SEALED).scanned(tmp_path)
    assert followed(report) == [f"{NEW}:4444"]
    assert report.suspects[0].verdict is Verdict.PROBABLE


def test_orders_are_bounded_and_counted(tmp_path: Path) -> None:
    many = [order(f"h{number}.example.org", 4444) for number in range(MAX_WATCHED + 5)]
    report = Wire().mine(*many).scanned(tmp_path)
    assert report.totals["redirect_targets_not_watched"] == 5
    assert sum("was told by" in why for why in report.suspects[0].reasons) == 3


def permuted(reports: Iterable[Report]) -> Iterable[Report]:
    for some in itertools.permutations(reports):
        total = some[0]
        for one in some[1:]:
            total = total + one
        yield total


def test_orders_answers_and_arrivals_add_up(tmp_path: Path) -> None:
    wires = [
        Wire().mine(TO_NAME).look_up(NAME, NEW).open(MINER, 40001, NEW, 4444, SEALED),
        Wire().mine(TO_ADDRESS, TO_NAME),
        Wire([b""] * 9).open(MINER, 40002, NEW, 4444, HELLO),
    ]
    parts = []
    for number, wire in enumerate(wires):
        folder = tmp_path / str(number)
        folder.mkdir()
        parts.append(wire.scanned(folder))
    totals = list(permuted(parts))
    assert all(total.findings == totals[0].findings for total in totals)
    assert all(total.suspects == totals[0].suspects for total in totals)
    # the TLS session of the third part is tied by its address
    assert sorted(followed(totals[0])) == [f"{NEW}:4444"] * 2
