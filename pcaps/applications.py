"""Applications whose messages come close to a miner's: builders, chats, panels, logs; nobody mines."""

from __future__ import annotations

from collections.abc import Callable

from carriers import JsonRpc, WebSocket
from dialects import Message, push, rpc
from lookalikes import QUOTED, Stage
from names import http_get
from wire import Talk, Tape, digits

VER: Message = {"jsonrpc": "2.0"}


def ok(ident: object, result: object) -> Message:
    """An answer in the manner of JSON-RPC 2.0."""
    return {**VER, "id": ident, "result": result}


def builder(talk: Talk) -> None:
    """A build service: login, job and submit, with fields as near to CryptoNote's as such services have."""
    runner = {"login": "runner-7", "pass": "x", "agent": "build-runner/16.1", "algo": ["sha256", "cnn"]}
    talk.up(rpc(1, "login", runner, **VER))
    job = {"job_id": "42", "blob": digits("image", 152), "target": "linux/amd64"}
    talk.down(ok(1, {"id": digits("runner", 16), "job": job, "status": "OK"}))
    done = {"id": digits("runner", 16), "job_id": "42", "nonce": "17", "result": digits("artefact", 64)}
    talk.wait(9).up(rpc(2, "submit", done, **VER)).down(ok(2, {"status": "OK"}))
    talk.down({**VER, "method": "job", "params": {**job, "job_id": "43"}})
    talk.up(rpc(3, "keepalive", None, **VER)).down(ok(3, "ok")).close()


def data_mining(talk: Talk) -> None:
    """A service for data mining whose verbs begin as Stratum's do."""
    talk.up(rpc(1, "mining.authorize", ["alice", "secret"])).down(ok(1, True))
    talk.up(rpc(2, "mining.subscribe", ["orders"])).down(ok(2, True))
    talk.up(rpc(3, "mining.start", ["orders", {"algorithm": "k-means"}])).down(ok(3, {"job": "m-1"}))
    for number in range(3):
        talk.wait(4).down(push("mining.notify", ["m-1", "running", number / 3]))
    talk.up(rpc(4, "mining.submit", ["alice", "m-1", {"rows": 100}])).down(ok(4, True)).close()


def meteor(talk: Talk) -> None:
    """Meteor's DDP over WebSocket."""
    socket = WebSocket(talk, host="board.example", path="/websocket").open()
    socket.up({"msg": "connect", "version": "1", "support": ["1"]})
    socket.down({"msg": "connected", "session": digits("ddp", 17)})
    user = [{"user": {"username": "alice"}, "password": "x"}]
    socket.up({"msg": "method", "method": "login", "params": user, "id": "1"})
    socket.down({"msg": "result", "id": "1", "result": {"id": "u17", "token": digits("token", 43)}})
    form = [{"job_id": "1", "nonce": "00000000", "result": digits("form", 64)}]
    socket.up({"msg": "method", "method": "submit", "params": form, "id": "2"})
    socket.down({"msg": "result", "id": "2", "result": True}).close()


def pasted(talk: Talk) -> None:
    """A chat over WebSocket in which somebody pastes a session, a line a message, and is thanked."""
    socket = WebSocket(talk, host="chat.example", path="/").open()
    socket.up({"type": "auth", "params": {"token": "x", "user": "alice"}})
    socket.down({"type": "authed", "params": {"user": "alice"}})
    for line in QUOTED:
        socket.wait(1).up(line)
    socket.down({"type": "message", "text": "thanks"}).close()


def echoed(talk: Talk) -> None:
    """The same to a server that repeats what it is told."""
    socket = WebSocket(talk, host="echo.example", path="/").open()
    for line in QUOTED:
        socket.wait(1).up(line).down(line)
    socket.close()


def tutorial(talk: Talk) -> None:
    """A page on Stratum, over WebSocket and as a stream of events."""
    talk.up(http_get("wiki.example", "/events"))
    talk.down("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    for line in QUOTED:
        talk.wait(1).down(f"data: {line}\n\n")
    talk.close()


def logs(talk: Talk) -> None:
    """GELF, and an intrusion detection's records, as lines."""
    for number, line in enumerate(QUOTED):
        talk.up({"version": "1.1", "host": "ids1", "short_message": line, "timestamp": number})
        talk.up({"event_type": "alert", "payload_printable": line, "method": "mining.submit"})
    talk.close()


def panels(talk: Talk) -> None:
    """Zabbix, Docker and a torrent client over HTTP."""
    api = JsonRpc(talk, path="/api_jsonrpc.php")
    api.call(rpc(1, "user.login", {"username": "Admin", "password": "x"}, **VER), digits("session", 32))
    api.ask({"Image": "xmrig/xmrig:latest", "Cmd": ["--url", "pool.example:3333"]})
    api.answer({"Id": digits("container", 64), "Warnings": []})
    api.ask({"method": "torrent-add", "arguments": {"filename": "http://files.example/cgminer.torrent"}})
    api.answer({"arguments": {}, "result": "success"}).talk.close()


def captcha(talk: Talk) -> None:
    """A page's captcha over WebSocket: auth with a site key, as mining scripts had it."""
    socket = WebSocket(talk, host="captcha.example", path="/").open()
    key = "10000000-ffff-ffff-ffff-000000000001"
    socket.up({"type": "auth", "params": {"site_key": key, "type": "user"}})
    socket.down({"type": "authed", "params": {"hashes": 3}})
    socket.up({"type": "submit", "params": {"job_id": "1", "nonce": "0a0b0c0d", "result": "ok"}})
    socket.down({"type": "error", "params": {"error": "invalid_site_key"}}).close()


SCENES: tuple[tuple[Callable[[Talk], None], int], ...] = (
    (builder, 4444),
    (data_mining, 3333),
    (meteor, 3000),
    (pasted, 8080),
    (echoed, 8081),
    (tutorial, 80),
    (logs, 12201),
    (panels, 10051),
    (captcha, 8443),
)


def applications() -> Tape:
    """One host each from 10.20.0.91 on."""
    stage = Stage(Tape())
    stage.count = 80
    for scene, port in SCENES:
        scene(stage.talk(port))
    return stage.tape
