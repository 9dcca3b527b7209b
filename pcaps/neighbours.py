"""More traffic that resembles mining: remote calls, queues, coin networks, and visits to a pool's website."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial

from carriers import JsonRpc, WebSocket, random_bytes
from dialects import push, rpc
from lookalikes import QUOTED, Stage
from names import client_hello, http_get, http_ok, lookup, sealed, server_hello
from wire import Talk, Tape, digits, encode

Scene = Callable[[Talk], None]


def debug_adapter(talk: Talk) -> None:
    """A debugger's protocol over TCP: JSON behind Content-Length, a session in a variable."""

    def framed(**message: object) -> bytes:
        body = encode(message, "")
        return f"Content-Length: {len(body)}\r\n\r\n".encode() + body

    talk.up(framed(seq=1, type="request", command="initialize", arguments={"adapterID": "python"}))
    talk.down(framed(seq=1, type="response", request_seq=1, success=True, command="initialize"))
    for number, line in enumerate(QUOTED, start=2):
        talk.up(framed(seq=number, type="request", command="evaluate", arguments={"expression": "line"}))
        talk.down(framed(seq=number, type="response", request_seq=number, body={"result": line}))
    talk.close()


def model_context(talk: Talk) -> None:
    """The Model Context Protocol over HTTP, with a tool named as miners name their verbs."""
    api = JsonRpc(talk, agent="mcp-client/1.2", path="/mcp")
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "desk"}}
    api.call(rpc(0, "initialize", hello, jsonrpc="2.0"), {"serverInfo": {"name": "tools"}}, jsonrpc="2.0")
    tools = [{"name": "submit", "inputSchema": {"type": "object"}}, {"name": "mining.submit"}]
    api.call(rpc(1, "tools/list", {}, jsonrpc="2.0"), {"tools": tools}, jsonrpc="2.0")
    use = {"name": "mining.submit", "arguments": {"job_id": "5f3a", "nonce": "b2957c02"}}
    text = {"content": [{"type": "text", "text": "\n".join(QUOTED)}]}
    api.call(rpc(2, "tools/call", use, jsonrpc="2.0"), text, jsonrpc="2.0").talk.close()


def logins(talk: Talk) -> None:
    """An application whose login has the fields that miners use, and a game's."""
    ver = {"jsonrpc": "2.0"}
    talk.up(rpc(1, "login", {"login": "alice", "pass": "secret"}, **ver))
    talk.down({"id": 1, **ver, "result": {"status": "OK", "id": digits("session", 32)}, "error": None})
    talk.up(rpc(2, "getjob", {"id": "alice"}, **ver)).down({"id": 2, **ver, "result": {"job_id": "print-17"}})
    talk.up(rpc(3, "submit", {"id": "alice", "job_id": "print-17", "result": "done"}, **ver))
    talk.down({"id": 3, **ver, "result": {"status": "OK"}, "error": None})
    talk.up(rpc(4, "login", {"login": "bob", "pass": "x", "agent": "Mozilla/5.0 (X11)"}, **ver))
    talk.down({"id": 4, **ver, "error": {"code": -1, "message": "wrong password"}})
    talk.up(rpc(5, "user.login", {"user": "Admin", "password": "x"}, **ver))
    talk.down({"id": 5, **ver, "result": digits("token", 32)}).close()


def queue_worker(talk: Talk) -> None:
    """Workers that take jobs off a queue and hand results in, all in JSON lines."""
    talk.up({"method": "subscribe", "params": ["worker/1.4", "render"], "id": 1})
    talk.down({"id": 1, "result": [["job.notify", "a1b2c3d4"], "render", 8], "error": None})
    for number in range(3):
        job = {"job_id": f"r-{number}", "blob": digits(f"frame {number}", 12), "target": "png"}
        talk.wait(5).down({"jsonrpc": "2.0", "method": "job", "params": job})
        done = {"id": "w1", "job_id": f"r-{number}", "nonce": "00000001", "result": "s3://frames/1.png"}
        talk.wait(7).up(rpc(10 + number, "submit", done, jsonrpc="2.0"))
        talk.down({"id": 10 + number, "jsonrpc": "2.0", "result": {"status": "OK"}})
        talk.up(rpc(20 + number, "work.submit", ["r", digits("r", 8), "69a541fa"])).down(push("notify", []))
    talk.close()


def telemetry(talk: Talk) -> None:
    """A rig's monitor that reports to a dashboard: hash rates, but no mining on this connection."""
    for number in range(4):
        report = {"ts": 1_772_438_400 + number, "rig": "rig12", "hashrate": 61_480_000, "algo": "ethash"}
        talk.wait(10).up(
            {"method": "stats", "params": {**report, "pool": "stratum.antpool.com"}, "id": number}
        )
        talk.down({"id": number, "result": "OK"})
    talk.close()


def home_automation(talk: Talk) -> None:
    """Lamps and switches, in JSON lines."""
    talk.up(rpc(1, "get_prop", ["power", "bright"]), end="\r\n").down({"id": 1, "result": ["on", "100"]})
    talk.down({"method": "props", "params": {"power": "off"}}, end="\r\n")
    talk.up({"id": 2, "src": "app", "method": "Shelly.GetStatus"})
    talk.down({"id": 2, "src": "shelly", "result": {"sys": {"uptime": 4711}}}).close()


def downloads(talk: Talk) -> None:
    """Download managers, a hypervisor's panel and a monitoring server: JSON-RPC over HTTP."""
    api = JsonRpc(talk, path="/jsonrpc")
    api.call(rpc(1, "aria2.addUri", [["http://files.example/a.iso"]], jsonrpc="2.0"), digits("gid", 16))
    api.ask({"method": "torrent-get", "arguments": {"fields": ["id"]}, "tag": 4})
    api.answer({"arguments": {"torrents": []}, "result": "success", "tag": 4})
    api.call(rpc(2, "auth.login", ["password"]), True)
    api.call(rpc(3, "login", {"login": "admin", "pass": "secret"}, jsonrpc="2.0"), {"status": "OK"})
    api.call(rpc(4, "host.get", {"output": ["hostid"]}, jsonrpc="2.0"), [{"hostid": "10084"}]).talk.close()


def charge_point(talk: Talk) -> None:
    """OCPP over WebSocket: arrays."""
    socket = WebSocket(talk, host="charge.example", path="/ocpp/CP1").open()
    socket.up([2, "19", "BootNotification", {"chargePointModel": "m", "chargePointVendor": "v"}])
    socket.down([3, "19", {"status": "Accepted", "interval": 300}])
    socket.up([2, "20", "Authorize", {"idTag": "acct7.rig12"}]).down([3, "20", {"idTagInfo": {}}])
    socket.close()


def node_events(talk: Talk) -> None:
    """A wallet that follows a node's blocks over WebSocket."""
    socket = WebSocket(talk, host="node.example", path="/").open()
    socket.up(rpc(1, "eth_subscribe", ["newHeads"], jsonrpc="2.0"))
    socket.down({"jsonrpc": "2.0", "id": 1, "result": "0x" + digits("subscription", 32)})
    for number in range(3):
        block = {"number": hex(21_000_000 + number), "hash": "0x" + digits(f"head {number}", 64)}
        told = {"subscription": "0x" + digits("subscription", 32), "result": block}
        socket.wait(12).down({"jsonrpc": "2.0", "method": "eth_subscription", "params": told})
    socket.up(rpc(2, "chain_subscribeNewHeads", [], jsonrpc="2.0")).close()


def bitcoin(talk: Talk) -> None:
    """Bitcoin's peers: version, verack, inv (in the clear)."""

    def message(command: str, payload: bytes) -> bytes:
        name = command.encode().ljust(12, b"\0")
        return b"\xf9\xbe\xb4\xd9" + name + struct.pack("<I", len(payload)) + b"\x5d\xf6\xe0\xe2" + payload

    version = struct.pack("<iQq", 70016, 1033, 1_772_438_400) + bytes(52) + b"\x10/Satoshi:27.0.0/"
    talk.up(message("version", version)).down(message("version", version), message("verack", b""))
    talk.up(message("verack", b""))
    for number in range(4):
        talk.wait(9).down(message("inv", b"\1" + struct.pack("<I", 2) + random_bytes(f"inv {number}", 32)))
        talk.up(message("getdata", b"\1" + random_bytes(f"inv {number}", 36)))
    talk.close()


def ethereum(talk: Talk) -> None:
    """Ethereum's peers: RLPx, an encrypted handshake of some 300 bytes each way."""
    talk.up(b"\x01\x96" + random_bytes("auth", 406)).down(b"\x01\xa2" + random_bytes("ack", 418))
    for number in range(4):
        talk.wait(2).up(random_bytes(f"rlpx {number}", 96 + 16 * number))
        talk.down(random_bytes(f"rlpx answer {number}", 192))
    talk.close()


def monero(talk: Talk) -> None:
    """Monero's peers: levin."""

    def message(command: int, payload: bytes, flags: int) -> bytes:
        head = bytes.fromhex("0121010101010101") + struct.pack(
            "<QBIiII", len(payload), 1, command, 0, flags, 1
        )
        return head + payload

    storage = bytes.fromhex("0111010101010201") + b"\x01\x04" + b"\x09node_data" + random_bytes("levin", 120)
    talk.up(message(1001, storage, 1)).down(message(1001, storage + random_bytes("peers", 900), 2))
    talk.wait(60).down(message(1002, storage, 1)).up(message(1002, storage, 2)).close()


def monitor(talk: Talk) -> None:
    """A farm's dashboard that reads a page which holds a session as JSON in an HTTP answer."""
    log = [{"time": number, "line": line} for number, line in enumerate(QUOTED)]
    body = encode({"logs": log, "jobs": [{"job_id": "5f3a", "blob": digits("log", 152)}]}, "")
    talk.up(http_get("logs.example", "/api/lines?q=mining.submit")).down(http_ok(body, "application/json"))
    api = JsonRpc(talk, path="/api/lines")
    api.ask({"lines": QUOTED}).answer({"result": True}).talk.close()


def website(tape: Tape) -> None:
    """People who read pools' websites: looked up, over TLS, in the clear; and sites that only sound so."""
    address = "203.0.113.90"
    lookup(tape, "10.21.0.11", "www.f2pool.com", address, at=1, port=40011)
    _visit(tape, ("10.21.0.11", 50011), address, "www.f2pool.com", at=1.1)
    _visit(tape, ("10.21.0.12", 50012), "203.0.113.91", "www.antpool.com", at=2)
    talk = Talk(tape, ("10.21.0.13", 50013), ("203.0.113.92", 80), at=3).open()
    talk.up(http_get("www.viabtc.com", "/tools")).down(http_ok(b"<html>Welcome</html>")).close()
    innocent = ("braiins.com", "www.mining.com", "carpool.example", "whattomine.com", "pool.ntp.org")
    for number, name in enumerate(innocent):
        server = f"198.51.100.{20 + number}"
        lookup(tape, "10.21.0.14", name, server, at=4 + number, port=40020 + number)
        _visit(tape, ("10.21.0.14", 50020 + number), server, name, at=4.1 + number)


def _visit(tape: Tape, client: tuple[str, int], server: str, name: str, *, at: float) -> None:
    """A browser's TLS session."""
    seed = f"visit {client} {name}"
    talk = Talk(tape, client, (server, 443), at=at).open()
    talk.up(client_hello(seed, name, hybrid=True)).down(server_hello(seed)).up(sealed(seed, 53))
    for number in range(3):
        talk.wait(0.3).up(sealed(f"{seed} {number}", 480))
        talk.down(sealed(f"{seed} page {number}", 9000)).wait(0.1)
    talk.close()


SCENES: tuple[tuple[Scene, int], ...] = (
    (debug_adapter, 5678),
    (model_context, 3000),
    (logins, 4444),
    (queue_worker, 3333),
    (telemetry, 5555),
    (home_automation, 55443),
    (downloads, 6800),
    (charge_point, 9000),
    (node_events, 8546),
    (bitcoin, 8333),
    (ethereum, 30303),
    (monero, 18080),
    (monitor, 8080),
)


def neighbours() -> Tape:
    """One host each from 10.20.0.51 on, and the readers of websites."""
    stage = Stage(Tape())
    stage.count = 40
    for scene, port in SCENES:
        scene(stage.talk(port))
    website(stage.tape)
    ping = partial(stage.tape.udp, dport=30303)
    for number in range(3):
        hello = random_bytes(f"discv4 {number}", 97) + b"\1" + random_bytes(f"discv4 tail {number}", 40)
        ping(number, "10.20.0.61", 30303, "198.51.100.66", data=hello)
    return stage.tape
