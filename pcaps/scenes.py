"""The captures that hold mining: one per dialect, one per way of hiding or framing it."""

from __future__ import annotations

import dialects as d
from dialects import reply, rpc
from names import (
    RESOLVER,
    answer,
    client_hello,
    http_get,
    http_ok,
    lookup,
    over_tcp,
    question,
    sealed,
    server_hello,
)
from wire import Talk, Tape

POOL = "203.0.113.10"
XMR_A = "45SmkGYbkqb5rL7MpSztcZZHcEnoRRuRHCndtSowFj2iWx54py2VHVFB6BLFYCYwRU63HpxSmcX9wDLhJBgdP1XP1hb32Bj"
XMR_B = "44HgeCYur4qPWiRh4GHqpNGU1g9w1ZgV9iJBGFMoxpcR9ptZuACixn9SFDCqanNTfW6uHTWoFSjf39whKbkkYLNnMADppXb"
XMR_C = "48pco5oGrYq4KZvJntaiz7Zj5CjXUdJHmPBJgsmGGciB8GT7E3XMXE97R99HC2arrCBhLvi3XBGT4htkZkcZDzY1FmHfqoV"
ETH_A = "0x95019fe3ba80bffc314bb108aeafd7e5d763accd"
ETH_B = "0xade1cf752286e8315c68178958735a3ec9c37e12"
ZEC_A = "t1U2XWoScTvmytDUtfyKjdiAjJMpa7ozpRs"
RVN_A = "RFbbqwdvyEV7mJ7vJMdMai4znMRhgBQAfF"
KAS_A = "kaspa:qpggr6wm4w3qgt692j9rcf0lnl9j37vq5s90a8myxfllvdyzyz22v0rujuuec"


def stratum_v1() -> Tape:
    """An ASIC: configure, subscribe, authorize, six shares of which the last is refused."""
    tape = Tape()
    talk = Talk(tape, ("192.168.10.21", 41022), (POOL, 3333)).open()
    d.stratum_v1(talk, "acct7.rig12", "cgminer/4.12.1", shares=6, rejected=1, configure=True)
    talk.wait(45).keepalive().close()
    return tape


def cryptonote() -> Tape:
    """XMRig with three accepted shares and a keep-alive."""
    tape = Tape()
    talk = Talk(tape, ("192.168.10.22", 50210), (POOL, 10128)).open()
    d.cryptonote(talk, XMR_A + ".office-pc-4", shares=3, keepalive=True, rigid="office-pc-4")
    talk.wait(20).close()
    return tape


def eth_proxy() -> Tape:
    """A GPU rig that also tells its own hash rate."""
    tape = Tape()
    talk = Talk(tape, ("192.168.10.23", 38114), (POOL, 4444)).open()
    d.eth_proxy(talk, ETH_A, "rig01", shares=3)
    talk.keepalive().close()
    return tape


def ethereum_stratum_1() -> Tape:
    """EthereumStratum/1.0.0 at a hash-power market."""
    tape = Tape()
    talk = Talk(tape, ("192.168.10.24", 38200), (POOL, 9200)).open()
    d.ethereum_stratum_1(talk, ETH_B + ".rig02", shares=3)
    talk.close()
    return tape


def ethereum_stratum_2() -> Tape:
    """EthereumStratum/2.0.0."""
    tape = Tape()
    talk = Talk(tape, ("192.168.10.25", 38300), (POOL, 1234)).open()
    d.ethereum_stratum_2(talk, "acct7.rig25", ("eth.pool.example", 1234), shares=3)
    talk.close()
    return tape


def zcash_stratum() -> Tape:
    """Zcash: each share is a line of 2.9 kB that spans three segments."""
    tape = Tape()
    talk = Talk(tape, ("192.168.10.26", 44510), (POOL, 6633), mss=1380).open()
    d.zcash(talk, ZEC_A + ".rig4", "miniZ/2.4d", ("zec.pool.example", 6633), shares=3)
    talk.close()
    return tape


def kaspa() -> Tape:
    """Kaspa, with jobs in both forms."""
    tape = Tape()
    talk = Talk(tape, ("192.168.10.27", 44610), (POOL, 5555)).open()
    d.kaspa(talk, KAS_A + ".ks3", "IceRiverMiner-v1.1", shares=4)
    talk.close()
    return tape


def kawpow() -> Tape:
    """Ravencoin's KawPow."""
    tape = Tape()
    talk = Talk(tape, ("192.168.10.28", 44710), (POOL, 3636)).open()
    d.kawpow(talk, RVN_A + ".gpu1", "GMiner/3.44", ("rvn.pool.example", 3636), shares=3)
    talk.close()
    return tape


def dns_lookup() -> Tape:
    """Pool names asked for over UDP and TCP, and names that only resemble them."""
    tape = Tape()
    lookup(tape, "10.4.0.20", "stratum.antpool.com", POOL, at=0, port=40001)
    lookup(tape, "10.4.0.20", "stratum-ltc.antpool.com", "203.0.113.11", at=31, port=40002)
    name = "fr01.supportxmr.com"
    talk = Talk(tape, ("10.4.0.21", 40010), (RESOLVER, 53), at=2).open()
    asked = over_tcp(question(name))
    talk.up(asked, cuts=[2]).down(over_tcp(answer(name, (name, "A", "203.0.113.12")))).close()
    lookup(tape, "10.4.0.22", "EU1-Zcash.flypool.org", at=5, port=40020)
    lookup(tape, "10.4.0.23", "us1.ethermine.org", "2001:db8:a::12", at=6, port=40030)
    innocent = (
        "pool.ntp.org",
        "2.debian.pool.ntp.org",
        "antpool.com.example.org",
        "notantpool.com",
        "carpool.example",
        "www.mining.com",
    )
    for number, other in enumerate(innocent):
        lookup(tape, "10.4.0.29", other, f"198.51.100.{90 + number}", at=8 + number, port=40100 + number)
    return tape


def _tls(
    tape: Tape,
    client: str,
    port: int,
    server: tuple[str, int],
    *,
    at: float,
    name: str | None = None,
    hybrid: bool = False,
) -> None:
    """A TLS session with a few small records each way, as a miner's looks."""
    seed = f"{client} {server}"
    talk = Talk(tape, (client, port), server, at=at, mss=1380).open()
    talk.up(client_hello(seed, name, hybrid=hybrid)).down(server_hello(seed))
    talk.up(sealed(seed + "finished", 53))
    for number in range(4):
        talk.wait(6.5).up(sealed(f"{seed} up {number}", 215)).down(sealed(f"{seed} down {number}", 88))
    talk.close()


def tls_pool() -> Tape:
    """TLS to pools, with and without server name, with and without the name's lookup before."""
    tape = Tape()
    lookup(tape, "192.168.30.11", "fr01.supportxmr.com", "203.0.113.77", at=0, port=40001)
    _tls(tape, "192.168.30.11", 50100, ("203.0.113.77", 9000), at=0.1, name="fr01.supportxmr.com")
    lookup(tape, "192.168.30.12", "eu1-etc.ethermine.org", "203.0.113.78", at=1, port=40002)
    _tls(tape, "192.168.30.12", 50200, ("203.0.113.78", 5555), at=1.1)
    lookup(tape, "192.168.30.13", "stratum.antpool.com", "203.0.113.79", at=2, port=40003)
    antpool = ("203.0.113.79", 443)
    _tls(tape, "192.168.30.13", 50300, antpool, at=2.1, name="stratum.antpool.com", hybrid=True)
    _tls(tape, "192.168.30.14", 50400, ("203.0.113.80", 3333), at=3, name="stratum.braiins.com")
    lookup(tape, "192.168.30.15", "eu1-etc.ethermine.org", "203.0.113.78", at=4, port=40005)
    _tls(tape, "192.168.30.15", 50500, ("203.0.113.78", 8123), at=4.1)
    _tls(tape, "192.168.30.16", 50600, ("203.0.113.78", 5555), at=5)
    _tls(tape, "192.168.30.17", 50700, ("198.51.100.44", 443), at=6, name="www.example.org", hybrid=True)
    return tape


def late_handshake() -> Tape:
    """Stratum that begins only after something else was said on the same connection."""
    tape = Tape()
    talk = Talk(tape, ("10.5.0.21", 42001), ("198.51.100.80", 3128)).open()
    talk.up("CONNECT stratum.antpool.com:3333 HTTP/1.1\r\nHost: stratum.antpool.com:3333\r\n\r\n")
    talk.down("HTTP/1.1 200 Connection established\r\n\r\n")
    d.stratum_v1(talk, "acct9.s19-1", "bmminer/2.0.0", shares=2)
    talk.close()
    talk = Talk(tape, ("10.5.0.22", 42002), (POOL, 3333), at=3).open()
    talk.up("PROXY TCP4 10.5.0.122 203.0.113.10 51010 3333\r\n")
    d.stratum_v1(talk, "acct9.s19-2", "whatsminer/v1.0", shares=2)
    talk.close()
    talk = Talk(tape, ("10.5.0.23", 42003), (POOL, 8080), at=5).open()
    page = "<html><head><title>Status</title></head><body>" + "<p>All systems normal.</p>" * 90
    for path in ("/", "/status"):
        talk.up(http_get("status.pool.example", path)).down(http_ok((page + "</body></html>").encode()))
        talk.wait(1)
    d.cryptonote(talk, XMR_B + ".web23", shares=2)
    talk.close()
    talk = Talk(tape, ("10.5.0.24", 42004), ("198.51.100.81", 1080), at=7).open()
    host = b"relay.pool.example"
    talk.up(b"\x05\x01\x00").down(b"\x05\x00")
    talk.up(b"\x05\x01\x00\x03" + bytes([len(host)]) + host + (4444).to_bytes(2, "big"))
    talk.down(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
    d.eth_proxy(talk, ETH_A, "rig24", shares=2)
    talk.close()
    return tape


def midstream() -> Tape:
    """Captures that begin in the middle; ports that would mislead; one direction only."""
    tape = Tape()
    talk = Talk(tape, ("10.6.0.11", 41500), (POOL, 443))
    for number in range(3):
        talk.wait(9).down(d.job_v1(f"5f3{number}")).wait(4)
        talk.up(d.share_v1(57 + number, "acct3.m50-7", f"5f3{number}")).down(reply(57 + number, True))
    talk = Talk(tape, ("10.6.0.12", 3333), ("203.0.113.20", 45560), at=1)
    for number in range(2):
        job = d.job_cryptonote(f"mid {number}", 3_300_500 + number)
        talk.wait(11).down({"jsonrpc": "2.0", "method": "job", "params": job}).wait(5)
        found = {"id": "700000000000042", "job_id": job["job_id"], "nonce": "1f3a0200", "algo": "rx/0"}
        share = rpc(81 + number, "submit", {**found, "result": "ab" * 30 + "0000"}, jsonrpc="2.0")
        talk.up(share)
        talk.down({"id": 81 + number, "jsonrpc": "2.0", "error": None, "result": {"status": "OK"}})
    heard = Tape()
    talk = Talk(heard, ("10.6.0.13", 41700), ("203.0.113.21", 3333), at=2)
    talk.up(rpc(1, "mining.subscribe", ["cgminer/4.11.1"])).wait(0.1)
    talk.up(rpc(2, "mining.authorize", ["acct3.old", "x"]))
    tape.rows += [row for row in heard.rows if b"mining." in row[2]]
    return tape


def proxy_and_pool() -> Tape:
    """An inside proxy with three miners and one upstream; an inside pool of its own."""
    tape = Tape()
    proxy = "10.9.0.2"
    up = Talk(tape, (proxy, 33010), (POOL, 3333), at=0).open()
    d.cryptonote(up, XMR_C + ".office", "xmrig-proxy/6.22.0 (Linux x86_64) libuv/1.49.2 gcc/13.2.1", shares=5)
    up.close()
    for number in range(3):
        talk = Talk(tape, (f"10.9.0.{11 + number}", 47000 + number), (proxy, 3333), at=1 + number, rtt=0.001)
        d.cryptonote(talk.open(), f"office.desk{11 + number}", shares=2 - number % 2)
        talk.close()
    lan = Talk(tape, ("192.168.50.20", 47100), ("192.168.50.5", 3333), at=2, rtt=0.001).open()
    d.stratum_v1(lan, "solo.axe1", "bitaxe/BM1370/v2.14.2", shares=2)
    lan.close()
    return tape
