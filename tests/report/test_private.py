"""Passwords and what is no mining traffic get into no report, no story, no event and no comment."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netminedet import explain, scan, watch
from netminedet.report.formats import format_names, load_format
from netminedet.report.story import render_story
from netminedet.signatures.checker import messages_in
from netminedet.signatures.text import SECRET_KEYS, detail, excerpt
from tests.frames import write_pcap
from tests.talks import (
    CLIENT,
    Said,
    frames_of,
    http_answer,
    http_request,
    over_websocket,
    signatures,
)

#: Stands where passwords do; part of nothing else.
CANARY = "Tr0ub4dor-and-3"
#: Stands in what is no mining traffic.
OTHER = "dear-diary-2718"

WALLET = "4BCeEPhodgPMbPWFN1dPwhWXdRX8q4mhhdZdA1dtSMLTLCEYvAj9QXjXAfF7CugEbmfBhgkqHbdgK9b2wKA6nqRZQCgvCDm"
ETHER = "0xBE0eB53F46cd790Cd13851d5EFf43D12404d33E8"

NOTIFY = ["bf", "4d16b6f8" * 8, "01000000", "072f736c", [], "00000002", "1c2ac4af", "504e86b9", True]
SHARE = ["farm.rig1", "bf", "00000001", "504e86ed", "b2957c02"]
STRATUM: list[Said] = [
    ("C", {"id": 1, "method": "mining.subscribe", "params": ["cgminer/4.10.0"]}),
    ("S", {"id": 1, "result": [[["mining.notify", "ae68"]], "08000002", 4], "error": None}),
    ("C", {"id": 2, "method": "mining.authorize", "params": ["farm.rig1", CANARY]}),
    ("S", {"id": 2, "result": True, "error": None}),
    ("S", {"id": None, "method": "mining.set_difficulty", "params": [1024]}),
    ("S", {"id": None, "method": "mining.notify", "params": NOTIFY}),
    ("C", {"id": 4, "method": "mining.submit", "params": SHARE}),
    ("S", {"id": 4, "result": True, "error": None}),
]
LOGIN = {"login": WALLET, "pass": CANARY, "agent": "XMRig/6.21.0", "password": CANARY, "token": CANARY}
JOB = {"blob": "0e0e" + "ab" * 74, "job_id": "q7", "target": "b88d0600", "algo": "rx/0", "height": 3_000_000}
NONCE = {"id": "x", "job_id": "q7", "nonce": "d0030040", "result": "e1" * 32}
CRYPTONOTE: list[Said] = [
    ("C", {"id": 1, "jsonrpc": "2.0", "method": "login", "params": LOGIN}),
    ("S", {"id": 1, "jsonrpc": "2.0", "error": None, "result": {"id": "x", "job": JOB, "status": "OK"}}),
    ("C", {"id": 2, "jsonrpc": "2.0", "method": "submit", "params": NONCE}),
    ("S", {"id": 2, "jsonrpc": "2.0", "error": None, "result": {"status": "OK"}}),
]
ETHASH = ["0x" + "1a" * 32, "0x" + "2b" * 32, "0x" + "00" * 4 + "3c" * 28]
FOUND = ["0x" + "1a" * 8, *ETHASH[:2]]
ETHPROXY: list[Said] = [
    ("C", {"id": 1, "jsonrpc": "2.0", "method": "eth_submitLogin", "params": [ETHER, CANARY]}),
    ("S", {"id": 1, "jsonrpc": "2.0", "result": True}),
    ("C", {"id": 2, "jsonrpc": "2.0", "method": "eth_getWork", "params": []}),
    ("S", {"id": 2, "jsonrpc": "2.0", "result": ETHASH}),
    ("C", {"id": 3, "jsonrpc": "2.0", "method": "eth_submitWork", "params": FOUND}),
    ("S", {"id": 3, "jsonrpc": "2.0", "result": True}),
]
TOKEN = base64.b64encode(f"farm.rig1:{CANARY}".encode()).decode()
BASIC = f"Authorization: Basic {TOKEN}"
DATA = "00000002" + "ab" * 124
WORK = {"data": DATA, "target": "ff" * 28 + "00" * 4, "hash1": "00" * 64}
SOLVED = {"method": "getwork", "params": [DATA], "id": 2}
GETWORK: list[Said] = [
    ("C", http_request(b'{"method":"getwork","params":[],"id":1}', "/", BASIC, "User-Agent: cgminer 2.7")),
    ("S", http_answer(json.dumps({"result": WORK, "error": None, "id": 1}).encode())),
    ("C", http_request(json.dumps(SOLVED).encode(), "/", BASIC)),
    ("S", http_answer(b'{"result":true,"error":null,"id":2}')),
]
PAGE: list[Said] = [
    ("C", http_request(b"user=me&text=" + OTHER.encode(), "/diary?" + OTHER, f"Cookie: {OTHER}")),
    ("S", http_answer(f"<html>{OTHER}</html>".encode(), kind="text/html")),
]
CHAT: list[Said] = [
    ("C", {"chat": OTHER, "text": f"the password is {CANARY}"}),
    ("S", {"id": 77, "result": OTHER, "jsonrpc": "2.0"}),
    ("C", {"id": 78, "method": "say", "params": [OTHER, CANARY]}),
]
MAIL: list[Said] = [("C", f"Subject: {OTHER}\r\n\r\n{OTHER}\r\n.\r\n".encode()), ("S", b"250 OK\r\n")]

TALKS: dict[str, list[Said]] = {
    "stratum": STRATUM,
    "stratum-over-websocket": over_websocket(STRATUM),
    "cryptonote": CRYPTONOTE,
    "cryptonote-over-websocket": over_websocket(CRYPTONOTE),
    "eth-proxy": ETHPROXY,
    "getwork": GETWORK,
    "getwork-after-a-page": PAGE + GETWORK,
    "page-between": GETWORK[:2] + PAGE + GETWORK[2:],
    "chat-around": CHAT + STRATUM + CHAT,
    "chat-between": STRATUM[:6] + CHAT + STRATUM[6:],
    "mail-before": MAIL + STRATUM,
}


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("private")
    found = {}
    for name, talk in TALKS.items():
        found[name] = folder / f"{name}.pcap"
        write_pcap(found[name], frames_of(talk))
    return found


def shown(path: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """Everything that is ever shown of a capture, with what shows it."""
    report = scan(path, evidence=folder)
    assert report.suspects, path
    for form in format_names():
        stream = io.StringIO()
        load_format(form).render(report, stream, color=False, width=300)
        yield form, stream.getvalue()
    story = explain(path, CLIENT[0])
    stream = io.StringIO()
    render_story(story, stream, width=160)
    yield "story", stream.getvalue() + repr([(line.details, line.excerpt) for line in story.lines])
    events: list[dict[str, Any]] = []
    watch(replay=str(path), speed=None, on_event=events.append)
    yield "watch", json.dumps(events)
    for file in folder.rglob("*.pcapng"):
        yield "comments", " ".join(comments(file.read_bytes()))


def comments(data: bytes) -> Iterator[str]:
    """The comments of a pcapng file, by draft-ietf-opsawg-pcapng: the options of enhanced packet blocks."""
    at = 0
    while at < len(data):
        kind, length = (int.from_bytes(data[at + shift : at + shift + 4], "little") for shift in (0, 4))
        if kind == 6:
            captured = int.from_bytes(data[at + 20 : at + 24], "little")
            option = at + 28 + captured + -captured % 4
            while option < at + length - 4:
                code, size = (int.from_bytes(data[option + s : option + s + 2], "little") for s in (0, 2))
                if code == 1:
                    yield data[option + 4 : option + 4 + size].decode()
                option += 4 + size + -size % 4
        at += length


@pytest.mark.parametrize("name", TALKS)
def test_nothing_private_is_shown(captures: dict[str, Path], tmp_path: Path, name: str) -> None:
    seen = set()
    for what, text in shown(captures[name], tmp_path):
        seen.add(what)
        for secret in (CANARY, OTHER, TOKEN):
            assert secret not in text, what
    assert {"json", "story", "watch", "comments"} <= seen


def places() -> Iterator[Any]:
    """Every message of a signature that has a password at a place, by its examples that have the place."""
    for dialect in signatures().dialects:
        for pattern in dialect.patterns:
            examples = [one.text for one in dialect.examples if pattern.id in one.matches]
            for place in pattern.redact:
                for number, text in enumerate(examples):
                    if put(messages_in(text, text=False)[0], place):
                        name = f"{dialect.id}.{pattern.id}-{number}"
                        yield pytest.param(text, place, id=name)


def put(message: Any, place: tuple[str | int, ...]) -> bool:
    """Write the canary where the password stands; whether there is such a place."""
    for step in place[:-1]:
        try:
            message = message[step]
        except (KeyError, IndexError, TypeError):
            return False
    last = place[-1]
    if isinstance(message, list) and isinstance(last, int):
        message += [""] * (last + 1 - len(message))
    elif not isinstance(message, dict):
        return False
    message[last] = CANARY
    return True


@pytest.mark.parametrize(("text", "place"), places())
def test_every_signature_cuts_its_passwords_out(text: str, place: tuple[str | int, ...]) -> None:
    (message, *_) = messages_in(text, text=False)
    assert put(message, place)
    matches = signatures().match(message)
    assert CANARY not in signatures().excerpt(message, matches)
    assert all(CANARY not in value for match in matches for value in match.details.values())


KEYS = ("pass", "Password", "x-pass", "token", "access-token", "api-key", "Authorization", "passphrase")


@pytest.mark.parametrize("key", KEYS)
def test_keys_that_hold_secrets(key: str) -> None:
    assert key.lower() in SECRET_KEYS
    assert CANARY not in excerpt({"a": [{key: CANARY}], key: {"deep": [CANARY]}}, ())


URLS = {
    f"stratum+tcp://me.rig1:{CANARY}@pool.example:3333": "stratum+tcp://me.rig1:***@pool.example:3333",
    f"ssl://a:{CANARY}@b, ssl://c:{CANARY}@d:1/": "ssl://a:***@b, ssl://c:***@d:1/",
    f"http://a:p@{CANARY}@b/": "http://a:***@b/",
    "http://pool.example:80/@x": "http://pool.example:80/@x",
}


@pytest.mark.parametrize("url", URLS)
def test_passwords_within_addresses_of_pools(url: str) -> None:
    assert json.loads(excerpt({"url": url}, ())) == {"url": URLS[url]}
    assert detail(url) == URLS[url]
