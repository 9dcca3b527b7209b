"""Mining in HTTP bodies: getwork, getblocktemplate and their relatives; and a node's ordinary calls."""

from __future__ import annotations

import dialects as d
from carriers import JsonRpc
from dialects import rpc
from scenes import ETH_A, XMR_A
from wire import Talk, Tape, digits

OLD_POOL = ("203.0.113.40", 8332)
NODE = ("203.0.113.41", 8332)
ETH_NODE = ("203.0.113.42", 8545)
XMR_NODE = ("203.0.113.43", 18081)
EXTENSIONS = "X-Mining-Extensions: longpoll midstate rollntime submitold"


def work(seed: str) -> dict[str, object]:
    """A header of 128 bytes with its midstate and target, as getwork gives it."""
    return {
        "midstate": digits(seed + "midstate", 64),
        "data": header(seed),
        "hash1": "00" * 32 + "80000000" + "00" * 24 + "00010000",
        "target": "ff" * 28 + "00000000",
    }


def header(seed: str) -> str:
    """The padded block header of a getwork."""
    return "00000001" + digits(seed + "header", 152) + "00000080" + "00" * 40 + "80020000"


def getwork(tape: Tape) -> None:
    """cgminer: head and body together, then apart; a long poll; three shares, of which one is refused."""
    talk = Talk(tape, ("10.10.0.11", 47011), OLD_POOL).open()
    api = JsonRpc(talk, user="acct7.rig3:x", agent="cgminer 3.7.2")
    api.headers += [EXTENSIONS, "X-Mining-Hashrate: 1180000000"]
    offered = ("X-Long-Polling: /LP", "X-Roll-NTime: expire=120")
    api.ask(rpc(0, "getwork", [])).answer({"result": work("a"), "error": None, "id": 0}, *offered)
    for number in range(3):
        accepted = number < 2
        share = rpc(0, "getwork", [header(f"share {number}")])
        api.talk.wait(8.5)
        api.ask(share, apart=number > 0)
        refusal = () if accepted else ("X-Reject-Reason: stale",)
        api.answer({"result": accepted, "error": None, "id": 0}, *refusal, apart=number == 1)
    lines = ["GET /LP HTTP/1.1", *api.headers, "", ""]
    talk.up("\r\n".join(lines)).wait(41)
    api.answer({"result": work("b"), "error": None, "id": 0}, *offered).talk.close()


def template() -> dict[str, object]:
    """What a node answers to getblocktemplate (BIP 22), shortened."""
    return {
        "capabilities": ["proposal"],
        "version": 536870912,
        "rules": ["csv", "!segwit", "taproot"],
        "previousblockhash": "00" * 10 + digits("previous", 44),
        "transactions": [{"data": digits("tx", 440), "txid": digits("txid", 64), "fee": 1780, "weight": 880}],
        "coinbasevalue": 312_650_441,
        "longpollid": digits("previous", 64) + "17",
        "target": "0000000000000000000" + digits("target", 45),
        "mintime": 1_772_438_000,
        "noncerange": "00000000ffffffff",
        "curtime": 1_772_438_400,
        "bits": "17025a61",
        "height": 887_001,
    }


def getblocktemplate(tape: Tape) -> None:
    """cpuminer at a node: two templates, and a block that the node takes (its answer is null)."""
    talk = Talk(tape, ("10.10.0.12", 47012), NODE, at=3).open()
    api = JsonRpc(talk, user="miner:secret", agent="cpuminer/2.5.1")
    api.headers.append("X-Mining-Extensions: longpoll reject-reason")
    wishes = {"capabilities": ["coinbasetxn", "coinbasevalue", "longpoll", "workid"], "rules": ["segwit"]}
    api.call(rpc(0, "getblocktemplate", [wishes]), template())
    talk.wait(30)
    api.call(rpc(0, "getblocktemplate", [wishes]), template())
    talk.wait(12)
    block = "00000020" + digits("block header", 152) + "02" + digits("transactions", 9000)
    api.ask(rpc(1, "submitblock", [block]), apart=True).answer({"result": None, "error": None, "id": 1})
    talk.close()


def ethereum(tape: Tape) -> None:
    """A farm's proxy that takes work from a node over HTTP again and again, and hands in two results."""
    talk = Talk(tape, ("10.10.0.13", 47013), ETH_NODE, at=5).open()
    api = JsonRpc(talk)
    target = "0x00000000dbe6fecebdedd5beb573440e5a884d1b2fbf06fcce912adcb8d8422e"
    for number in range(2):
        package = ["0x" + digits(f"{ETH_A} {name}", 64) for name in (f"header {number}", "seed")]
        api.call(rpc(73, "eth_getWork", [], jsonrpc="2.0"), [*package, target], jsonrpc="2.0")
        talk.wait(3)
        share = ["0x" + digits(f"nonce {number}", 16), package[0], "0x" + digits(f"mix {number}", 64)]
        api.ask(rpc(74, "eth_submitWork", share, jsonrpc="2.0"), apart=number == 1)
        api.answer({"jsonrpc": "2.0", "id": 74, "result": True})
    talk.close()


def monero(tape: Tape) -> None:
    """XMRig mining solo at a Monero node: a connection for each call; a block longer than a segment."""
    blob = "1010" + digits("solo blob", 148)
    given = {
        "blocktemplate_blob": blob + digits("solo transactions", 400),
        "blockhashing_blob": blob,
        "difficulty": 482_113_900_000,
        "expected_reward": 600_000_000_000,
        "height": 3_300_600,
        "prev_hash": digits("solo previous", 64),
        "seed_hash": digits("randomx epoch 1650", 64),
        "status": "OK",
        "untrusted": False,
    }
    asks = {"wallet_address": XMR_A, "extra_nonce": "", "reserve_size": 8}
    calls = (
        ("getblocktemplate", asks, given),
        ("getblocktemplate", asks, {**given, "height": 3_300_601}),
        ("submitblock", ["1010" + digits("solo block", 6000)], {"status": "OK"}),
    )
    for number, (method, params, result) in enumerate(calls):
        talk = Talk(tape, ("10.10.0.14", 47014 + number), XMR_NODE, at=7 + 9 * number).open()
        api = JsonRpc(talk, agent=d.XMRIG, path="/json_rpc")
        api.headers.append("Connection: close")
        reply = {"id": 1, "jsonrpc": "2.0", "result": result}
        api.ask(rpc(1, method, params, jsonrpc="2.0"), apart=number == 2).answer(reply).talk.close()


def ordinary(tape: Tape) -> None:
    """A wallet and an explorer at the same nodes: nothing of this is mining."""
    talk = Talk(tape, ("10.10.0.21", 47021), NODE, at=2).open()
    api = JsonRpc(talk, user="explorer:secret", agent="mempool/3.0")
    info = {"chain": "main", "blocks": 887_001, "difficulty": 114e12, "verificationprogress": 0.99999}
    api.call(rpc(1, "getblockchaininfo", []), info)
    api.call(rpc(2, "getmininginfo", []), {"blocks": 887_001, "networkhashps": 8.1e20, "chain": "main"})
    api.call(rpc(3, "getblocktemplate", [{"rules": ["segwit"]}]), template())
    api.call(rpc(4, "getblock", [digits("best", 64), 0]), digits("a block", 1000))
    api.call(rpc(5, "sendrawtransaction", [digits("raw", 440)]), digits("raw id", 64)).talk.close()
    talk = Talk(tape, ("10.10.0.22", 47022), ETH_NODE, at=4).open()
    api = JsonRpc(talk, agent="Mozilla/5.0 (Windows NT 10.0; Win64; x64)")
    api.call(rpc(1, "eth_blockNumber", [], jsonrpc="2.0"), "0x14d0f22", jsonrpc="2.0")
    api.call(rpc(2, "eth_mining", [], jsonrpc="2.0"), False, jsonrpc="2.0")
    unset = {"code": -32000, "message": "etherbase must be explicitly specified"}
    api.ask(rpc(3, "eth_getWork", [], jsonrpc="2.0")).answer({"jsonrpc": "2.0", "id": 3, "error": unset})
    hashes = ["0x" + digits(f"pending {i}", 64) for i in range(3)]
    api.call(rpc(4, "eth_getFilterChanges", ["0x1"], jsonrpc="2.0"), hashes, jsonrpc="2.0").talk.close()
    talk = Talk(tape, ("10.10.0.23", 47023), XMR_NODE, at=6).open()
    api = JsonRpc(talk, path="/json_rpc")
    api.call(rpc(0, "get_info", None, jsonrpc="2.0"), {"height": 3_300_600, "status": "OK"}, jsonrpc="2.0")
    top = {"block_header": {"difficulty": 482_113_900_000, "hash": digits("top", 64)}, "status": "OK"}
    api.call(rpc(0, "get_last_block_header", None, jsonrpc="2.0"), top, jsonrpc="2.0").talk.close()


def getwork_capture() -> Tape:
    """Four miners and three who only ask."""
    tape = Tape()
    for scene in (getwork, getblocktemplate, ethereum, monero, ordinary):
        scene(tape)
    return tape
