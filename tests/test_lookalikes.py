"""Conversations that resemble mining and are none: nobody is accused, whatever carries them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from netminedet.suspects import Verdict
from tests.talks import (
    Said,
    http_answer,
    http_request,
    over_http,
    over_websocket,
    suspects,
    websocket_frame,
)

HASH, OTHER = "ab" * 32, "cd" * 32


def ask(number: Any, method: str, params: Any, **more: Any) -> Said:
    return "C", {"jsonrpc": "2.0", "id": number, "method": method, "params": params, **more}


def say(number: Any, result: Any) -> Said:
    return "S", {"jsonrpc": "2.0", "id": number, "result": result}


def fail(number: Any, message: str) -> Said:
    return "S", {"jsonrpc": "2.0", "id": number, "error": {"code": -1, "message": message}}


def push(method: str, params: Any) -> Said:
    return "S", {"jsonrpc": "2.0", "method": method, "params": params}


def up(**message: Any) -> Said:
    return "C", message


def down(**message: Any) -> Said:
    return "S", message


OK = {"status": "OK"}
SESSION = [
    {"id": 1, "method": "mining.subscribe", "params": ["cgminer/4.12.1"]},
    {"id": 1, "result": [[["mining.notify", "a1"]], "b7c8d9e0", 8], "error": None},
    {"id": 2, "method": "mining.authorize", "params": ["acct7.rig12", "x"]},
    {"id": 2, "result": True, "error": None},
    {
        "id": None,
        "method": "mining.notify",
        "params": ["5f", HASH, "01", "02", [HASH], "20000000", "17030ecd", "66f0a1b2", True],
    },
    {
        "id": 4,
        "method": "mining.submit",
        "params": ["acct7.rig12", "5f", "00000001", "66f0a1b9", "b2957c02"],
    },
    {"id": 4, "result": True, "error": None},
]
#: the session as text, line by line
QUOTED = [json.dumps(message) for message in SESSION]

#: Both sides' messages.  Each is played as lines, over WebSocket and in HTTP bodies.
TALKS: dict[str, list[Said]] = {
    "build service": [
        ask(1, "login", {"login": "runner-7", "pass": "x", "agent": "gitlab-runner/16.1"}),
        say(1, {"id": "s1", "status": "OK"}),
        push("job", {"job_id": "42", "blob": HASH + OTHER, "target": "linux"}),
        ask(2, "submit", {"id": "s1", "job_id": "42", "nonce": "17", "result": "passed"}),
        say(2, OK),
    ],
    "build service, job in the answer": [
        ask(1, "login", {"login": "w", "pass": "x"}),
        say(
            1, {"id": "s1", "job": {"job_id": "42", "blob": HASH + OTHER, "target": "amd64"}, "status": "OK"}
        ),
    ],
    "trainer of models": [
        ask(1, "login", {"login": "w", "pass": "x", "agent": "trainer/2.0", "algo": ["sgd", "cnn"]}),
        say(1, {"id": "s1", "status": "OK"}),
        ask(2, "getjob", {"id": "s1"}),
        say(2, {"job_id": "7", "blob": "s3://x", "target": "gpu"}),
    ],
    "print service": [
        ask(1, "login", {"login": "alice", "pass": "secret"}),
        say(1, {"id": "a1b2c3", "status": "OK"}),
        push("job", {"job_id": "17", "blob": "JVBERi0xLjcK", "target": "printer-3"}),
        ask(2, "keepalive", None),
        say(2, "ok"),
        ask(3, "status", None),
        say(3, {"printers": 3}),
    ],
    "examination": [
        ask(1, "login", {"login": "s17", "pass": "x"}),
        say(1, OK),
        ask(2, "submit", {"id": "s17", "job_id": "q7", "nonce": "1", "result": HASH}),
        say(2, OK),
    ],
    "game": [
        ask(1, "login", {"login": "hero", "pass": "x", "agent": "Game/1.0"}),
        say(1, {"token": OTHER}),
        push("mining.set_difficulty", ["hard"]),
        push("mining.notify", ["ore", "found", 3]),
        ask(2, "mining.submit", ["hero", "ore", {"iron": 3}]),
        say(2, True),
    ],
    "process mining": [
        ask(1, "mining.start", ["log-7", {"algorithm": "alpha"}]),
        say(1, {"job": "m-1"}),
        push("mining.progress", ["m-1", 0.5]),
        ask(2, "mining.result", ["m-1"]),
        say(2, {"nodes": 17}),
        ask(3, "mining.stop", ["m-1"]),
        say(3, True),
    ],
    "data mining with a subscription": [
        ask(1, "mining.subscribe", ["orders"]),
        say(1, True),
        push("mining.notify", ["orders", "done", 0.5]),
        push("mining.notify", ["orders", "done", 0.7]),
    ],
    "data mining with an account": [
        ask(1, "mining.authorize", ["alice", "secret"]),
        say(1, True),
        ask(2, "mining.submit", ["alice", "table", "rows"]),
        say(2, {"rows": 5}),
    ],
    "data mining with a token": [
        ask(1, "mining.authorize", ["eyJhbGciOiJIUzI1NiJ9.e30.sig"]),
        say(1, {"user": "alice"}),
    ],
    "data mining with options": [
        ask(1, "mining.configure", {"threads": 4}),
        say(1, {"threads": 4}),
        ask(2, "mining.hello", {"agent": "notebook", "proto": "v2"}),
        say(2, {"proto": "v2", "encoding": "plain"}),
        push("mining.set", {"target": "sales", "algo": "k-means"}),
        ask(3, "mining.hashrate", ["weekly", "x"]),
        say(3, []),
    ],
    "queue without work": [push("mining.wait_for_work", None), push("mining.disconnect", {"reason": "idle"})],
    "Electrum": [
        ask(0, "server.version", ["electrum/4.5", "1.4"]),
        say(0, ["ElectrumX 1.16.0", "1.4"]),
        ask(1, "blockchain.headers.subscribe", []),
        say(1, {"hex": "ab" * 80, "height": 800000}),
        push("blockchain.headers.subscribe", [{"hex": "cd" * 80, "height": 800001}]),
        ask(2, "blockchain.scripthash.get_history", [HASH]),
        say(2, [{"tx_hash": OTHER, "height": 799000}]),
        ask(3, "blockchain.transaction.get_merkle", [HASH, 799000]),
        say(3, {"merkle": [HASH, OTHER], "pos": 17, "block_height": 799000}),
    ],
    "Electrum's fee histogram": [
        ask(4, "mempool.get_fee_histogram", []),
        say(4, [[12, 128812], [4, 92524]]),
        ask(5, "server.peers.subscribe", []),
        say(5, [["198.51.100.9", "electrum.example", ["v1.4", "s50002"]]]),
    ],
    "Bitcoin node": [
        ask(1, "getmininginfo", []),
        say(1, {"blocks": 887001, "difficulty": 114e12, "networkhashps": 8.1e20}),
        ask(2, "getblocktemplate", [{"rules": ["segwit"]}]),
        say(2, {"bits": "17025a61", "target": HASH, "height": 887001, "transactions": []}),
        ask(3, "getrawmempool", []),
        say(3, [HASH, OTHER, HASH]),
        ask(4, "sendrawtransaction", ["02" * 200]),
        say(4, HASH),
    ],
    "Lightning node": [
        ask("cli:1", "getinfo", {}),
        say("cli:1", {"id": "02" + HASH, "alias": "miner", "blockheight": 887001}),
        ask("cli:2", "listforwards", {"status": "settled"}),
        say("cli:2", {"forwards": []}),
    ],
    "Ethereum node": [
        ask(1, "eth_blockNumber", []),
        say(1, "0x14d0f22"),
        ask(2, "eth_getFilterChanges", ["0x1"]),
        say(2, ["0x" + HASH, "0x" + OTHER, "0x1f" + HASH[2:]]),
        ask(3, "eth_getWork", []),
        fail(3, "mining not ready: no work available yet"),
        ask(4, "eth_hashrate", []),
        say(4, "0x0"),
        ask(5, "eth_accounts", []),
        say(5, ["0x" + "ab" * 20, "0x" + "cd" * 20, "0x" + "ef" * 20, "0x" + "12" * 20]),
    ],
    "text mining": [
        ask(1, "mining.configure", [["stemming", "stop-words"], {"lang": "de"}]),
        say(1, {"stemming": True}),
        ask(2, "mining.subscribe", ["process/invoices"]),
        say(2, [["mining.notify", "a1"], "invoices", 1]),
    ],
    "wallet that logs in with its address": [
        ask(1, "login", {"login": "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "pass": "x"}),
        say(1, {"status": "OK", "id": "s1"}),
        ask(2, "login", {"login": "0x" + "ab" * 20, "signature": "0x" + HASH}),
        say(2, {"status": "OK", "id": "s2"}),
    ],
    "passwords to be found": [
        push("job", {"job_id": "8", "target": HASH, "blob": OTHER}),
        ask(1, "submit", {"job_id": "8", "nonce": "hunter2!", "result": HASH}),
        say(1, OK),
        push("job", {"job_id": "9", "target": OTHER, "blob": HASH}),
    ],
    "Ethereum logs": [
        ask(1, "eth_subscribe", ["logs", {"topics": ["0x" + HASH]}]),
        say(1, "0x" + "ab" * 16),
        push(
            "eth_subscription",
            {"subscription": "0xab", "result": {"topics": ["0x" + HASH] * 4, "data": "0x"}},
        ),
    ],
    "Ethereum engine": [
        ask(1, "engine_getPayloadV3", ["0x0000000021f32cc1"]),
        say(1, {"executionPayload": {"parentHash": "0x" + HASH, "blockNumber": "0x1"}, "blockValue": "0x1"}),
    ],
    "Monero node": [
        ask("0", "get_block_count", None),
        say("0", {"count": 3300600, "status": "OK"}),
        ask("0", "get_last_block_header", None),
        say("0", {"block_header": {"hash": HASH, "difficulty": 482113900000}, "status": "OK"}),
    ],
    "Monero wallet": [
        ask("0", "get_address", {"account_index": 0}),
        say("0", {"address": "4" + "A" * 94}),
        ask("0", "start_mining", {"threads_count": 1}),
        say("0", {}),
        ask("0", "validate_address", {"address": "4" + "A" * 94}),
        say("0", {"valid": False}),
    ],
    "Substrate": [
        ask(1, "chain_subscribeNewHeads", []),
        say(1, "Kx7a"),
        push(
            "chain_newHead", {"subscription": "Kx7a", "result": {"parentHash": "0x" + HASH, "number": "0x12"}}
        ),
        ask(2, "author_submitExtrinsic", ["0x" + "ab" * 100]),
        say(2, "0x" + HASH),
    ],
    "Solana": [
        ask(1, "getSlot", None),
        say(1, 301234567),
        ask(2, "slotSubscribe", []),
        say(2, 17),
        push("slotNotification", {"result": {"slot": 301234568}, "subscription": 17}),
    ],
    "Kaspa wallet": [
        up(id=1, method="notifyUtxosChanged", params={"addresses": ["kaspa:" + "q" * 61]}),
        down(id=1, result={}),
    ],
    "Chia wallet": [
        up(command="get_wallet_balance", ack=False, data={"wallet_id": 1}, request_id=HASH, origin="ui"),
        down(command="get_wallet_balance", ack=True, data={"success": True}, request_id=HASH),
    ],
    "game that grows harder": [up(level=3), down(new_difficulty=4), up(level=4), down(new_difficulty=5)],
    "signatures of validators": [
        up(aggregate_signature="0x" + "ab" * 96, payload={"slot": 17, "root": "0x" + HASH}),
        down(error_code=5, error_message="unknown slot"),
    ],
    "Language server": [
        ask(1, "initialize", {"processId": 17, "capabilities": {}}),
        say(1, {"capabilities": {"hoverProvider": True}}),
        ask(2, "textDocument/hover", {"textDocument": {"uri": "file:///mining.submit"}}),
        say(2, {"contents": "mining.notify"}),
    ],
    "Model Context Protocol": [
        ask(1, "tools/list", {}),
        say(1, {"tools": [{"name": "mining.submit"}, {"name": "eth_submitWork"}]}),
        ask(
            2,
            "tools/call",
            {"name": "mining.submit", "arguments": {"params": ["a.b", "5f", "00", "66f0a1b9"]}},
        ),
        say(2, {"content": [{"type": "text", "text": "\n".join(QUOTED)}]}),
        push("notifications/message", {"data": QUOTED}),
    ],
    "Debug adapter": [
        up(seq=1, type="request", command="evaluate", arguments={"expression": QUOTED[0]}),
        down(
            seq=2,
            type="response",
            request_seq=1,
            success=True,
            command="evaluate",
            body={"result": QUOTED[1]},
        ),
        down(seq=3, type="event", event="output", body={"output": QUOTED[4]}),
    ],
    "ubus": [
        ask(1, "call", ["0" * 32, "session", "login", {"username": "root", "password": "x"}]),
        say(1, [0, {"ubus_rpc_session": "ab" * 16, "timeout": 300}]),
        ask(2, "call", ["ab" * 16, "system", "board", {}]),
        say(2, [0, {"model": "router"}]),
        say(3, [6]),
    ],
    "Odoo": [
        ask(1, "call", {"service": "common", "method": "login", "args": ["db", "admin", "x"]}),
        say(1, 2),
        ask(2, "call", {"service": "object", "method": "execute", "args": ["db", 2, "x", "job", "submit"]}),
        say(2, True),
    ],
    "Zabbix": [
        ask(1, "user.login", {"username": "Admin", "password": "x"}),
        say(1, "ab" * 16),
        ask(2, "host.get", {"output": ["host"]}),
        say(2, [{"host": "miner-1"}]),
    ],
    "Kodi": [
        ask(1, "JSONRPC.Ping", {}),
        say(1, "pong"),
        push("Player.OnPlay", {"data": {"item": {"id": 1}}, "sender": "xbmc"}),
        ask(2, "JSONRPC.Version", {}),
        say(2, {"version": {"major": 13}}),
    ],
    "Transmission": [
        up(method="torrent-get", arguments={"fields": ["id", "name"]}, tag=1),
        down(arguments={"torrents": [{"id": 1, "name": "cgminer-4.12.1.zip"}]}, result="success", tag=1),
    ],
    "aria2": [
        ask("q", "aria2.addUri", ["token:x", ["http://files.example/xmrig.zip"]]),
        say("q", "2089b05ecca3d829"),
        push("aria2.onDownloadStart", [{"gid": "2089b05ecca3d829"}]),
    ],
    "Deluge": [
        ask(1, "auth.login", ["deluge"]),
        say(1, True),
        ask(2, "web.update_ui", [["name"], {}]),
        say(2, {"torrents": {}}),
    ],
    "Meteor": [
        up(msg="connect", version="1", support=["1"]),
        down(msg="connected", session="a1b2c3d4e5f6a7b8c"),
        up(msg="method", method="login", params=[{"user": {"username": "alice"}, "password": "x"}], id="1"),
        down(msg="result", id="1", result={"id": "u17", "token": OTHER}),
        up(
            msg="method",
            method="submit",
            params=[{"job_id": "1", "nonce": "00000000", "result": HASH}],
            id="2",
        ),
        down(msg="result", id="2", result=True),
        down(msg="updated", methods=["2"]),
    ],
    "charge point": [
        ("C", [2, "19", "BootNotification", {"chargePointModel": "mining.subscribe"}]),
        ("S", [3, "19", {"status": "Accepted", "interval": 300}]),
        ("C", [2, "20", "Authorize", {"idTag": "acct7.rig12"}]),
    ],
    "Shelly": [
        up(id=1, src="app", method="Shelly.GetStatus"),
        down(id=1, src="shelly", dst="app", result={"sys": {"uptime": 4711}}),
        down(
            src="shelly", dst="app", method="NotifyStatus", params={"ts": 1.5, "switch:0": {"output": True}}
        ),
    ],
    "Yeelight": [
        up(id=1, method="get_prop", params=["power", "bright"]),
        down(id=1, result=["on", "100"]),
        up(id=2, method="set_power", params=["off", "smooth", 500]),
        down(id=2, result=["ok"]),
        down(method="props", params={"power": "off"}),
    ],
    "miIO": [
        up(id=1, method="miIO.info", params=[]),
        down(id=1, result={"fw_ver": "1.4.1", "hw_ver": "ESP32", "model": "zhimi.fan"}),
    ],
    "rig's telemetry": [
        up(method="stats", params={"rig": "rig12", "hashrate": 61480000, "agent": "XMRig/6.22.2"}, id=0),
        down(id=0, result="OK"),
        up(method="hello", params={"rig_id": "17", "passwd": "x", "miner": "cgminer/4.12.1"}, id=1),
        down(id=1, result={"command": "OK"}),
    ],
    "farm's dashboard": [
        up(method="stats", params={"temp": [61, 62], "shares": 812, "pool": "pool.example:3333"}),
        down(command="reboot", id=17),
        up(type="job", params={"job_id": "1", "blob": "restart"}),
        down(type="authed", params={"user": "alice"}),
    ],
    "log shipping": [
        up(version="1.1", host="ids1", short_message=QUOTED[0], level=6),
        up(version="1.1", host="ids1", short_message=QUOTED[5], method="mining.submit", params=None),
        up(ts=1.5, event={"payload": SESSION[0]}),
        up(ts=1.6, result=SESSION[1], method="log"),
    ],
    "intrusion detection": [
        up(event_type="alert", alert={"signature": "ET COINMINER"}, payload_printable=QUOTED[2]),
        up(event_type="fileinfo", fileinfo={"magic": "JSON"}, http={"x-stratum": "stratum+tcp://a:1"}),
    ],
    "Docker": [
        down(status="start", id=HASH, **{"from": "xmrig/xmrig", "Type": "container", "Action": "start"}),
        down(stream="[2026-03-02] net use pool pool.example:3333\n"),
    ],
    "chat": [
        up(type="message", room="crypto", text=QUOTED[0]),
        down(type="message", **{"from": "bob"}, text=QUOTED[1]),
        up(type="auth", params={"token": "x", "user": "alice"}),
        down(type="authed", params={"user": "alice"}),
        up(type="submit", params={"form": 7, "nonce": "0a0b0c0d"}),
    ],
    "chat in JSON-RPC": [
        ask(7, "chat.send", ["mining.authorize", "is the next line"]),
        say(7, True),
        push("chat.message", {"text": QUOTED[4]}),
        ask(8, "pong", []),
        push("client.show_message", ["maintenance at 02:00 UTC"]),
        push("client.reconnect", ["chat2.example", 443, 0]),
        ask(9, "client.get_version", []),
        say(9, "chat/1.0"),
    ],
    "captcha": [
        up(type="auth", params={"site_key": "10000000-ffff-ffff-ffff-000000000001", "type": "user"}),
        down(type="authed", params={"hashes": 3}),
        down(type="error", params={"error": "invalid_site_key"}),
    ],
    "exchange": [
        up(method="SUBSCRIBE", params=["btcusdt@aggTrade"], id=1),
        down(result=None, id=1),
        down(e="aggTrade", s="BTCUSDT", p="0.001"),
        up(id=2, method="login", params={"algo": "HS256", "pKey": "k", "nonce": "17", "signature": HASH}),
        down(id=2, result=True),
    ],
    "interface with a key": [
        up(id="login", method="login", api_key="k-123456"),
        down(id="login", method="result", code=0, description="ok"),
        down(id="7", method="job", input=HASH, difficulty=3),
        up(id="7", method="solution", nonce="1", output="42"),
        down(id="7", method="result", code=1, description="right"),
        down(id="8", method="cancel"),
    ],
    "planner": [
        ask(1, "getjobtemplate", {}),
        say(1, {"template": "weekly"}),
        push("job", {"difficulty": 3, "height": 2, "job_id": 7, "pre_pow": "none"}),
        ask(2, "submit", {"edge_bits": 1, "nonce": 2, "pow": [1, 2, 3], "job_id": 7}),
        say(2, "ok"),
    ],
    "ticket system": [
        ask(1, "getwork", ["alice"]),
        say(1, {"data": "open tickets", "target": "2026-01-01"}),
        ask(2, "submitblock", ["holidays"]),
        say(2, None),
    ],
    "code review": [
        ask(1, "review.submit", {"job_id": "1", "nonce": "1f3a0200", "result": HASH}),
        say(1, OK),
        push("review.job", {"blob": HASH + OTHER, "job_id": "1", "target": "ffffff00"}),
    ],
    "artefact store": [
        ask(1, "submit", {"job_id": "9", "sha256": HASH, "nonce": "n-1"}),
        say(1, {"blob": HASH, "job_id": "9", "target": "stable"}),
        ask(2, "block_template", {"job_id": "9", "blob": "header.html"}),
        say(2, OK),
    ],
    "session keeper": [
        ask(1, "keepalive", {"id": "s1"}),
        say(1, {"status": "ALIVE"}),
        fail(2, "Low battery"),
    ],
    "short answers": [
        ask(1, "open", ["x"]),
        say(1, [None, "5a11c0ffee"]),
        ask(2, "list", []),
        say(2, ["", "name", 30, "key"]),
        say(3, [True, "Stratum"]),
        say(4, {"nonce_pre": "draft", "nonce_bytes": 12}),
        say(5, {"version-rolling": "weekly"}),
    ],
    "work queue": [
        up(method="subscribe", params=["worker/1.4", "render"], id=1),
        down(id=1, result=[["job.notify", "a1b2c3d4"], "render", 8], error=None),
        down(id=None, method="notify", params=["r1", HASH, "01", "02", [], "20000000", "a", "b", True]),
        up(id=2, method="work.submit", params=["acct7.rig12", "r1", "00000001", "66f0a1b9", "b2957c02"]),
        down(id=2, result=True, error=None),
    ],
    "batch": [
        ("C", [{"jsonrpc": "2.0", "id": n, "method": "getblockhash", "params": [n]} for n in range(4)]),
        ("S", [{"jsonrpc": "2.0", "id": n, "result": HASH} for n in range(4)]),
    ],
    "GraphQL": [
        up(type="connection_init", payload={}),
        down(type="connection_ack"),
        up(type="subscribe", id="1", payload={"query": "subscription { mining.notify }"}),
        down(type="next", id="1", payload={"data": {"job": SESSION[4]}}),
    ],
    "socket of a notebook": [
        up(header={"msg_type": "execute_request"}, content={"code": "\n".join(QUOTED)}),
        down(header={"msg_type": "stream"}, content={"name": "stdout", "text": QUOTED[4]}),
    ],
    "remote control of a browser": [
        up(id=1, method="Runtime.evaluate", params={"expression": QUOTED[0]}),
        down(id=1, result={"result": {"type": "string", "value": QUOTED[1]}}),
        down(method="Network.webSocketFrameSent", params={"response": {"payloadData": QUOTED[5]}}),
    ],
    "hypervisor": [
        up(execute="qmp_capabilities", id="1"),
        down(**{"return": {}}, id="1"),
        down(event="JOB_STATUS_CHANGE", data={"status": "running", "id": "mining"}),
    ],
    "mining words as values": [
        up(id=1, method="search", params=["mining.subscribe", "mining.authorize", "mining.submit"]),
        down(
            id=1, result=[["mining.set_difficulty", "doc-1"], ["mining.notify", "doc-2"]], error=None, total=2
        ),
    ],
}


@pytest.mark.parametrize("name", TALKS)
@pytest.mark.parametrize("opened", [True, False])
def test_as_lines(name: str, opened: bool) -> None:
    assert suspects(TALKS[name], opened=opened) == ()


@pytest.mark.parametrize("name", TALKS)
def test_over_websocket(name: str) -> None:
    assert suspects(over_websocket(TALKS[name])) == ()


@pytest.mark.parametrize("name", TALKS)
def test_over_http(name: str) -> None:
    assert suspects(over_http(TALKS[name])) == ()


@pytest.mark.parametrize("name", TALKS)
@pytest.mark.parametrize("who", ["C", "S"])
def test_one_side_alone(name: str, who: str) -> None:
    assert suspects([said for said in TALKS[name] if said[0] == who], opened=False) == ()


#: Verbs of Stratum with the answers, work and shares of something else.  One side alone could be a miner's.
OTHER_FORMS: dict[str, list[Said]] = {
    "game of another form": [
        ask(1, "mining.subscribe", ["MinerGame/1.0"]),
        say(1, ["room-1", 4]),
        ask(2, "mining.authorize", ["hero.alice", "pw"]),
        say(2, True),
        push("mining.set_difficulty", [3]),
        push("mining.notify", ["rock", "iron", 5]),
        ask(3, "mining.submit", ["hero.alice", "rock", 5]),
        say(3, True),
    ],
    "game without a program's name": [
        ask(1, "mining.subscribe", []),
        say(1, True),
        push("mining.notify", ["a1", [1, 2, 3], True]),
    ],
    "process mining by a program": [
        ask(1, "mining.subscribe", ["dashboard/2.3", "orders"]),
        say(1, {"subscription": 7}),
        push("mining.notify", ["job-1", "finished", 0.93]),
    ],
    "data mining by e-mail": [
        ask(1, "mining.authorize", ["alice@corp.example", "secret"]),
        say(1, True),
        ask(2, "mining.submit", ["alice@corp.example", "job-7", "table", "rows"]),
        say(2, True),
    ],
}


#: A verb of Stratum in the form of a program not known, and an answer that no pool gives.
OTHER_ANSWERS: dict[str, list[Said]] = {
    "maps of pits": [
        ask(1, "mining.subscribe", ["geo-portal/2.1"]),
        say(1, {"subscription": "s1"}),
        push("mining.event", {"site": "pit 3"}),
    ],
    "an account with a token": [
        ask(1, "mining.authorize", ["alice@mine.example", "pw"]),
        say(1, {"token": HASH[:32]}),
        push("mining.alert", {"truck": 3}),
    ],
}


@pytest.mark.parametrize("name", OTHER_ANSWERS)
@pytest.mark.parametrize("carried", [list, over_websocket])
def test_an_object_is_no_pool_s_answer(name: str, carried: Any) -> None:
    """The question alone remains."""
    (suspect,) = suspects(carried(OTHER_ANSWERS[name]))
    assert suspect.verdict is Verdict.PROBABLE
    as_a_pool = [*OTHER_ANSWERS[name][:1], say(1, [[["mining.notify", "a1"]], "b7c8d9e0", 8])]
    (suspect,) = suspects(carried(as_a_pool))
    assert suspect.verdict is Verdict.CONFIRMED


@pytest.mark.parametrize("name", OTHER_FORMS)
@pytest.mark.parametrize("carried", [list, over_websocket, over_http])
def test_verbs_of_stratum_with_other_forms(name: str, carried: Any) -> None:
    assert suspects(carried(OTHER_FORMS[name])) == ()


def test_an_answer_to_another_question_proves_nothing() -> None:
    """Hashes of a node that begin with zeros by chance are no work where something else was asked."""
    talk = [
        ask(1, "eth_getWork", []),
        fail(1, "no mining work available yet"),
        ask(2, "eth_getFilterChanges", ["0x1"]),
        say(2, ["0x" + HASH, "0x" + OTHER, "0x000000" + HASH[6:]]),
        ask(3, "eth_getProof", ["0x1"]),
        say(3, ["0x" + HASH, "0x" + OTHER, "0x000000" + HASH[6:], "0x12"]),
    ]
    for carried in (talk, over_http(talk), over_websocket(talk)):
        assert suspects(carried) == ()
    assert suspects([said for said in talk if said[0] == "S"], opened=False)


def raw(*parts: tuple[str, str]) -> list[Said]:
    return [(who, text.encode()) for who, text in parts]


TUTORIAL = "<html><pre>\n" + "\n".join(QUOTED) + "\n</pre></html>"

#: A whole session, quoted.
QUOTATIONS: dict[str, list[Said]] = {
    "a mail": raw(
        ("S", "220 mx ESMTP\r\n"),
        ("C", "EHLO a.example\r\n"),
        ("S", "250 OK\r\n"),
        ("C", "DATA\r\n"),
        ("S", "354 go on\r\n"),
        ("C", "Subject: log\r\n\r\n"),
        *(("C", line + "\r\n") for line in QUOTED),
        ("C", ".\r\n"),
        ("S", "250 queued\r\n"),
    ),
    "a chat in plain lines, pasted by one": raw(
        ("C", "hello\n"), ("S", "hi\n"), *(("C", line + "\n") for line in QUOTED), ("S", "thanks\n")
    ),
    "the same, with a word that miners use in the answer": raw(
        ("C", "hello\n"),
        ("S", "hi\n"),
        *(("C", line + "\n") for line in QUOTED),
        ("S", '{"id":7,"method":"pong","params":[]}\n'),
    ),
    "a file sent raw": [("C", (line + "\n").encode()) for line in QUOTED],
    "a log fetched raw": raw(("C", "GET log\n"), *(("S", line + "\n") for line in QUOTED)),
    "an echo": [said for line in QUOTED for said in (("C", line), ("S", line))],
    "an echo over WebSocket": over_websocket(said for line in QUOTED for said in (("C", line), ("S", line))),
    "a page": [
        ("C", b"GET /stratum.html HTTP/1.1\r\nHost: wiki.example\r\n\r\n"),
        ("S", http_answer(TUTORIAL.encode(), kind="text/html")),
    ],
    "a page over WebSocket": over_websocket([("C", {"open": "stratum"}), ("S", TUTORIAL)]),
    "one line a request": [
        said
        for line in QUOTED
        for said in (("C", http_request(line.encode(), "/paste")), ("S", http_answer(b'{"ok":true}')))
    ],
    "one line an answer": [
        said
        for number, line in enumerate(QUOTED)
        for said in (
            ("C", f"GET /lines/{number} HTTP/1.1\r\nHost: log.example\r\n\r\n".encode()),
            ("S", http_answer(line.encode())),
        )
    ],
    "a WebSocket that streams a log": [
        *over_websocket([("C", {"follow": "pool.log"})]),
        *(("S", websocket_frame(line.encode(), client=False)) for line in QUOTED),
    ],
    "Redis": raw(
        *(
            (who, text)
            for line in QUOTED
            for who, text in (("C", "LPOP q\r\n"), ("S", f"${len(line)}\r\n{line}\r\n"))
        )
    ),
    "server-sent events": [
        ("C", b"GET /events HTTP/1.1\r\nHost: log.example\r\n\r\n"),
        ("S", b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"),
        *(("S", f"data: {line}\n\n".encode()) for line in QUOTED),
    ],
    "server-sent lines": [
        ("C", b"GET /tail HTTP/1.1\r\nHost: log.example\r\n\r\n"),
        ("S", b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"),
        *(("S", f"{line}\n".encode()) for line in QUOTED),
    ],
}


@pytest.mark.parametrize("name", QUOTATIONS)
@pytest.mark.parametrize("opened", [True, False])
def test_a_quoted_session_accuses_nobody(name: str, opened: bool) -> None:
    assert suspects(QUOTATIONS[name], opened=opened) == ()


def test_there_are_many() -> None:
    assert len(TALKS) >= 60
    assert len(QUOTATIONS) >= 12


def test_the_session_itself_is_found() -> None:
    """What is quoted above would be mining if it were spoken."""
    spoken: list[Said] = [("C" if "params" in one and one["id"] else "S", one) for one in SESSION]
    (suspect,) = suspects(spoken)
    assert (suspect.verdict.label, suspect.shares.accepted) == ("confirmed", 1)
