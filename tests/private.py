"""Conversations with a password in them, and others that are nobody's business; and comments of packets."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

from tests.talks import Said, http_answer, http_request

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
