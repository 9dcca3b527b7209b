"""Ordinary traffic that resembles mining or quotes it: nobody in this capture mines."""

from __future__ import annotations

import dialects as d
from names import http_get, http_ok, http_post
from wire import Talk, Tape, digits, encode

#: a Stratum session as text: what pages, mails, rules and logs quote
QUOTED = [
    encode(message, "").decode()
    for message in (
        d.rpc(1, "mining.subscribe", ["cgminer/4.12.1"]),
        d.reply(1, [[["mining.set_difficulty", "a1b2c3d4"], ["mining.notify", "a1b2c3d4"]], "b7c8d9e0", 8]),
        d.rpc(2, "mining.authorize", ["acct7.rig12", "x"]),
        d.reply(2, True),
        d.push("mining.set_difficulty", [65536]),
        d.job_v1("5f3a"),
        d.share_v1(4, "acct7.rig12", "5f3a"),
        d.reply(4, True),
        d.rpc(1, "login", {"login": "4" + "A" * 94, "pass": "x", "agent": d.XMRIG}, jsonrpc="2.0"),
        d.rpc(1, "eth_submitLogin", ["0x" + digits("quoted", 40), "x"], jsonrpc="2.0"),
    )
]


class Stage:
    """Gives each conversation its own client, port and time."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.count = 0

    def talk(self, port: int, *, mss: int = 1448) -> Talk:
        """A new connection to a server's ``port``."""
        self.count += 1
        client, server = f"10.20.0.{10 + self.count}", f"198.51.100.{120 + self.count}"
        return Talk(
            self.tape, (client, 52000 + self.count), (server, port), at=2 * self.count, mss=mss
        ).open()


def electrum(talk: Talk) -> None:
    """An Electrum wallet: JSON lines, subscriptions, pushed headers."""
    talk.up(d.rpc(0, "server.version", ["electrum/4.5.5", "1.4"]))
    talk.down({"id": 0, "jsonrpc": "2.0", "result": ["ElectrumX 1.16.0", "1.4"]})
    talk.up(d.rpc(1, "blockchain.headers.subscribe", []))
    header = {"hex": digits("header", 160), "height": 887_001}
    talk.down({"id": 1, "jsonrpc": "2.0", "result": header})
    talk.up(d.rpc(2, "blockchain.scripthash.subscribe", [digits("script", 64)]))
    talk.down({"id": 2, "jsonrpc": "2.0", "result": digits("status", 64)})
    pushed = {"hex": digits("header 2", 160), "height": 887_002}
    talk.wait(30).down({"jsonrpc": "2.0", "method": "blockchain.headers.subscribe", "params": [pushed]})
    talk.close()


def language_server(talk: Talk) -> None:
    """The Language Server Protocol over TCP."""

    def framed(message: d.Message) -> bytes:
        body = encode(message, "")
        return f"Content-Length: {len(body)}\r\n\r\n".encode() + body

    options = {"processId": 4711, "rootUri": "file:///srv/mining.submit", "capabilities": {}}
    talk.up(framed(d.rpc(1, "initialize", options, jsonrpc="2.0")))
    talk.down(framed({"jsonrpc": "2.0", "id": 1, "result": {"capabilities": {"hoverProvider": True}}}))
    opened = {"textDocument": {"uri": "file:///srv/pool.py", "text": "\n".join(QUOTED)}}
    talk.up(framed({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": opened}))
    talk.close()


def node_rpc(talk: Talk) -> None:
    """Calls to a Bitcoin and an Ethereum node over HTTP."""
    for method, params, result in (
        ("getmininginfo", [], {"blocks": 887_001, "difficulty": 114e12, "networkhashps": 8.1e20}),
        ("getnetworkhashps", [120], 8.1e20),
        ("eth_blockNumber", [], "0x14d0f22"),
        ("eth_mining", [], False),
        ("eth_hashrate", [], "0x0"),
        ("eth_getBalance", ["0x" + digits("account", 40), "latest"], "0xde0b6b3a7640000"),
    ):
        body = encode(d.rpc(1, method, params, jsonrpc="2.0"), "")
        talk.up(http_post("node.example:8332", "/", body))
        answer = encode({"jsonrpc": "2.0", "id": 1, "result": result}, "")
        talk.down(http_ok(answer, "application/json"))
    talk.close()


def application(talk: Talk) -> None:
    """An application's own JSON lines with login, job and submit in them."""
    talk.up(d.rpc(1, "login", {"user": "alice", "password": "secret"}, jsonrpc="2.0"))
    talk.down({"id": 1, "jsonrpc": "2.0", "result": {"status": "OK", "session": digits("app", 32)}})
    talk.up(d.rpc(2, "submit", {"form": "expenses", "amount": 12.5, "job_id": "print-17"}, jsonrpc="2.0"))
    talk.down({"id": 2, "jsonrpc": "2.0", "result": {"status": "OK"}})
    talk.down({"jsonrpc": "2.0", "method": "job", "params": {"job_id": "print-17", "state": "done"}})
    talk.up(d.rpc(3, "submit", ["expenses", 12.5])).down(d.reply(3, True))
    talk.up({"msg": "method", "method": "login", "params": [{"user": "alice", "password": "x"}], "id": "1"})
    talk.close()


def ubus_and_odoo(talk: Talk) -> None:
    """A router's ubus and an Odoo login: a call that has a login inside."""
    login = ["0" * 32, "session", "login", {"username": "root", "password": "x"}]
    talk.up(http_post("192.0.2.1", "/ubus", encode(d.rpc(1, "call", login, jsonrpc="2.0"), "")))
    session = {"ubus_rpc_session": digits("ubus", 32), "timeout": 300}
    talk.down(http_ok(encode({"jsonrpc": "2.0", "id": 1, "result": [0, session]}, ""), "application/json"))
    service = {"service": "common", "method": "login", "args": ["db", "admin", "x"]}
    talk.up(http_post("odoo.example", "/jsonrpc", encode(d.rpc(2, "call", service, jsonrpc="2.0"), "")))
    talk.down(http_ok(encode({"jsonrpc": "2.0", "id": 2, "result": 2}, ""), "application/json"))
    talk.close()


def kodi(talk: Talk) -> None:
    """Kodi's JSON-RPC over TCP, without line ends."""
    talk.up(d.rpc(1, "JSONRPC.Ping", {}, jsonrpc="2.0"), end="")
    talk.down({"id": 1, "jsonrpc": "2.0", "result": "pong"}, end="")
    volume = {"muted": False, "volume": 65}
    talk.down({"jsonrpc": "2.0", "method": "Application.OnVolumeChanged", "params": {"data": volume}}, end="")
    talk.close()


def web_page(talk: Talk) -> None:
    """A tutorial over HTTP that quotes a session line by line; two segments begin with a quoted line."""
    page = "<html><body><h1>How Stratum works</h1>\n<pre>\n" + "\n".join(QUOTED) + "\n</pre></body></html>\n"
    answer = http_ok(page.encode())
    talk.up(http_get("wiki.example", "/stratum")).down(
        answer, cuts=[answer.index(QUOTED[0].encode()), answer.index(QUOTED[5].encode())]
    )
    raw = http_ok(("\n".join(QUOTED) + "\n").encode(), "text/plain")
    talk.up(http_get("wiki.example", "/stratum.txt")).down(raw, cuts=[raw.index(b"\r\n\r\n") + 4])
    talk.up(http_post("paste.example", "/new", ("\n".join(QUOTED) + "\n").encode(), "text/plain"))
    talk.down(http_ok(b"stored\n", "text/plain")).close()


def mail(talk: Talk) -> None:
    """A mail over SMTP that quotes a session."""
    talk.down("220 mail.example ESMTP\r\n").up("EHLO desk.example\r\n").down("250 mail.example\r\n")
    for command in ("MAIL FROM:<a@example.org>", "RCPT TO:<b@example.com>"):
        talk.up(command + "\r\n").down("250 2.1.0 Ok\r\n")
    talk.up("DATA\r\n").down("354 End data with <CR><LF>.<CR><LF>\r\n")
    talk.up("Subject: odd lines in our logs\r\n\r\nWe saw this, what is it?\r\n\r\n")
    for line in QUOTED:
        talk.up(line + "\r\n")
    talk.up("\r\nRegards\r\n.\r\n").down("250 2.0.0 Ok: queued\r\n").up("QUIT\r\n").close()


def rules(talk: Talk) -> None:
    """A file of IDS rules that name the very strings."""
    rule = 'alert tcp $HOME_NET any -> $EXTERNAL_NET any (msg:"COIN {name}"; content:"{text}"; sid:{sid};)\n'
    texts = ("|22|method|22 3a 22|mining.subscribe|22|", "mining.notify", "eth_submitLogin", QUOTED[2])
    for sid, text in enumerate(texts, start=3_000_001):
        talk.down(rule.format(name=f"miner {sid}", text=text, sid=sid))
    talk.close()


def database(talk: Talk) -> None:
    """MySQL-like rows and Redis values that hold such JSON."""
    talk.down(b"\x4a\0\0\0\x0a8.0.36\0" + bytes(60) + b"mysql_native_password\0")
    talk.up(b"\x21\0\0\0\x03SELECT line FROM seen_payloads;")
    for number, line in enumerate(QUOTED):
        size = len(line)
        text = bytes([size]) if size < 251 else b"\xfc" + size.to_bytes(2, "little")
        row = text + line.encode()
        talk.down(len(row).to_bytes(3, "little") + bytes([number + 5]) + row)
    talk.close()


def key_value(talk: Talk) -> None:
    """Redis: the value of a bulk string stands at the start of a line."""
    for line in QUOTED:
        talk.up("*2\r\n$4\r\nLPOP\r\n$4\r\nseen\r\n").down(f"${len(line)}\r\n{line}\r\n")
    talk.close()


def log_shipping(talk: Talk) -> None:
    """JSON log lines that carry Stratum lines as strings."""
    for number, line in enumerate(QUOTED):
        event = {"ts": 1_772_438_400 + number, "host": "ids1", "method": "mining.submit", "message": line}
        talk.up(event)
    talk.up({"id": 1, "event": {"payload": d.rpc(1, "mining.subscribe", ["cgminer/4.12.1"])}})
    talk.close()


def chat(talk: Talk) -> None:
    """A chat of people who talk about mining."""
    talk.up({"type": "message", "room": "crypto", "text": QUOTED[0]})
    talk.down({"type": "message", "from": "bob", "text": "then the pool says " + QUOTED[1]})
    talk.up({"id": 7, "method": "chat.send", "params": ["mining.authorize", "is the next line"]})
    talk.down({"id": 7, "result": True, "error": None}).close()


SCENES = (
    (electrum, 50001),
    (language_server, 2087),
    (node_rpc, 8332),
    (application, 4444),
    (ubus_and_odoo, 80),
    (kodi, 9090),
    (web_page, 80),
    (mail, 25),
    (rules, 20),
    (database, 3306),
    (key_value, 6379),
    (log_shipping, 5170),
    (chat, 3333),
)


def lookalikes() -> Tape:
    """All of them, one host each from 10.20.0.11 on."""
    stage = Stage(Tape())
    for scene, port in SCENES:
        scene(stage.talk(port))
    return stage.tape
