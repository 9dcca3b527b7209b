"""Mining over WebSocket, by web pages and by miners; and WebSockets of others."""

from __future__ import annotations

import dialects as d
from carriers import WebSocket
from dialects import Message, push, reply, rpc
from lookalikes import QUOTED
from scenes import XMR_B
from wire import Talk, Tape, digits

#: the key of a site's owner
KEYS = [digits(f"site {number}", 32).upper() for number in range(4)]


def said(kind: str, **params: object) -> Message:
    """A message of a mining script: its verb is the type."""
    return {"type": kind, "params": params}


def script(socket: WebSocket, key: str, *, shares: int = 2, parts: int = 1) -> None:
    """A mining script's session, as Coinhive's had it."""
    socket.up(said("auth", site_key=key, type="anonymous", user=None, goal=0), parts=parts)
    socket.down(said("authed", token="", hashes=0), _job(key, 0), parts=parts)
    work(socket, key, shares=shares, parts=parts)


def work(socket: WebSocket, key: str, *, shares: int, parts: int = 1) -> None:
    """What goes on all the time: shares, their acceptance, new jobs."""
    for number in range(shares):
        found = digits(f"{key} result {number}", 58) + "000000"
        share = said("submit", job_id=_job_id(key, number), nonce=digits(f"{key} {number}", 8), result=found)
        socket.wait(5.5).up(share, parts=parts)
        socket.down(said("hash_accepted", hashes=256 * (number + 1)), parts=parts)
        socket.wait(1).down(_job(key, number + 1), parts=parts)


def _job_id(key: str, number: int) -> str:
    return str(int(digits(f"{key} job {number}", 12), 16))


def _job(key: str, number: int) -> Message:
    blob = "0606" + digits(f"{key} blob {number}", 74) + "00000000" + digits(f"{key} tail {number}", 68)
    return said("job", job_id=_job_id(key, number), blob=blob, target="ffffff00")


def pages(tape: Tape) -> None:
    """Four web pages that mine: plain, compressed, in fragments, and one seen from the middle."""
    host, origin = "ws1.pages.example", "http://videos.example"
    talk = Talk(tape, ("10.11.0.11", 48011), ("203.0.113.50", 8080)).open()
    socket = WebSocket(talk, host=host, path="/proxy", origin=origin).open()
    script(socket, KEYS[0], shares=3)
    socket.ping().close()
    talk = Talk(tape, ("10.11.0.12", 48012), ("203.0.113.50", 8080), at=2).open()
    socket = WebSocket(talk, host=host, path="/proxy", origin=origin, deflate=True).open()
    script(socket, KEYS[1], shares=3)
    socket.close()
    talk = Talk(tape, ("10.11.0.13", 48013), ("203.0.113.50", 8080), at=4, mss=200).open()
    socket = WebSocket(talk, host=host, path="/proxy", origin=origin).open()
    script(socket, KEYS[2], parts=3)
    socket.close()
    talk = Talk(tape, ("10.11.0.14", 48014), ("203.0.113.50", 8080), at=6)
    socket = WebSocket(talk, host=host)
    socket.down(_job(KEYS[3], 0))
    work(socket, KEYS[3], shares=2)


class Lines(Talk):
    """Takes what a dialect says as messages of a WebSocket, one a line."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket

    def up(self, *texts: d.Message, end: str = "", cuts: object = ()) -> Talk:  # type: ignore[override]
        self.socket.up(*texts)
        return self

    def down(self, *texts: d.Message, end: str = "", cuts: object = ()) -> Talk:  # type: ignore[override]
        self.socket.down(*texts)
        return self

    def wait(self, seconds: float) -> Talk:
        self.socket.wait(seconds)
        return self


def miners(tape: Tape) -> None:
    """Mining programs behind a WebSocket: CryptoNote, compressed, and Stratum V1."""
    talk = Talk(tape, ("10.11.0.15", 48015), ("203.0.113.51", 80), at=8).open()
    socket = WebSocket(talk, host="wspool.example", path="/xmr", deflate=True).open()
    d.cryptonote(Lines(socket), XMR_B + ".ws15", shares=2, keepalive=True)
    socket.close()
    talk = Talk(tape, ("10.11.0.16", 48016), ("203.0.113.52", 8443), at=10).open()
    socket = WebSocket(talk, host="wspool.example", path="/stratum").open()
    d.stratum_v1(Lines(socket), "acct4.ws16", "cpuminer/2.5.1", shares=3, rejected=1)
    socket.close()


def others(tape: Tape) -> None:
    """A chat that quotes a session, one compressed, and an application with jobs and logins."""
    for number, deflate in enumerate((False, True)):
        client = (f"10.11.0.{21 + number}", 48021 + number)
        talk = Talk(tape, client, ("198.51.100.60", 80), at=3 + number).open()
        socket = WebSocket(talk, host="chat.example", path="/ws", deflate=deflate).open()
        socket.up({"type": "auth", "params": {"token": digits("chat", 32), "user": "alice"}})
        socket.down({"type": "authed", "params": {"user": "alice", "rooms": 3}})
        for line in QUOTED:
            socket.wait(2).up({"type": "message", "room": "mining", "text": line})
            socket.down({"type": "message", "from": "bob", "text": "> " + line})
        socket.up("what does " + QUOTED[0] + " mean?").ping().close()
    talk = Talk(tape, ("10.11.0.23", 48023), ("198.51.100.61", 8080), at=5).open()
    socket = WebSocket(talk, host="print.example", path="/jobs").open()
    socket.up(rpc(1, "login", {"user": "alice", "password": "x"}, jsonrpc="2.0"))
    socket.down({"id": 1, "jsonrpc": "2.0", "result": {"status": "OK", "job": None}})
    socket.down({"type": "job", "params": {"job_id": "17", "blob": "data:image/png", "target": "tray 2"}})
    socket.up({"type": "submit", "params": {"job_id": "17", "nonce": "1f3a0200", "result": "printed"}})
    socket.down(push("job", {"job_id": "18", "state": "waiting"})).up(rpc(2, "submit", ["17"]))
    socket.down(reply(2, True)).close()


def browser() -> Tape:
    """Four pages and two programs that mine, three who do not."""
    tape = Tape()
    for scene in (pages, miners, others):
        scene(tape)
    return tape
