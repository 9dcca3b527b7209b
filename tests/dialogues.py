"""Short conversations in turn: what each side says is an example of a signature file, with ids that fit."""

from __future__ import annotations

import json
from typing import Any

from netminedet.model import Side
from netminedet.signatures import SignatureSet

Message = dict[str, Any]
Turn = tuple[bool, list[Message]]

#: A client's call by method and parameters, or the name of an example; "ok" answers the call before.
Line = tuple[str, Any] | str

#: dialect: what is said, in turn
PLAYS: dict[str, list[Line]] = {
    "alephium": [
        ("mining.subscribe", ["lolMiner/1.88"]),
        "ok",
        ("mining.authorize", ["1m19SCLfqSoFdY9z5otDDmrCh6sRoXSGHduY6uU5jn6mC.rig1", "x"]),
        "ok",
        "work for two chains",
        "share",
        "ok",
        "hashrate",
        "ok",
    ],
    "ergo": [
        ("mining.subscribe", ["lolMiner/1.88"]),
        ("=", [None, "5a11c0ff", 4]),
        ("mining.authorize", ["acct7.rig1", "x"]),
        "ok",
        "work",
        ("mining.submit", ["acct7.rig1", "1f", "00000001", "66f0a1b9", "b2957c02b2957c02"]),
        "ok",
    ],
    "conflux": ["subscribe with an address", "ok", "work with the height", "share", "ok"],
    "ironfish": ["subscribe", "subscribed", "target", "work", "share", "share accepted"],
    "nervos-ckb": ["login", "logged in", "work pushed", "share", "ok", "hashrate", "ok"],
    "aleo": [
        "subscribe",
        ("=", [None, "5a11c0ff"]),
        ("mining.authorize", ["aleo1hq7kxclra55dfdr84cwyw9t0sv75raaam76hc60czq7lpq43p2frk5r99p.rig1", "x"]),
        "ok",
        "target",
        "work",
        "share",
        "ok",
    ],
    "grin": [
        ("login", {"login": "acct7.rig1", "pass": "x", "agent": "GMiner/3.44"}),
        "login confirmed",
        "asks for work",
        "work on request",
        "share",
        "ok",
    ],
    "beam": ["login", "logged in", "work", "share", "share accepted"],
    "aeternity": [
        ("mining.subscribe", ["GMiner/3.44", None, "ae.pool.example", "3333"]),
        ("=", [None, "5a11c0ff"]),
        ("mining.authorize", ["ak_2MdtBurDZSotT7p7ddAwssaoKk4kwsEsRU11111111111111.rig", "x"]),
        "ok",
        "work",
        "share",
        "ok",
    ],
    "aion": [
        ("mining.subscribe", ["GMiner/3.44", None, "aion.pool.example", "3333"]),
        ("=", [None, "5a11c0ff"]),
        ("mining.authorize", ["acct7.rig1", "x"]),
        "ok",
        "work",
        ("mining.submit", ["acct7.rig1", "5c01", "b1f0a266", "7133cee5", "00" * 16]),
        "ok",
    ],
    "xelis": [
        ("mining.subscribe", ["BzMiner/21.0"]),
        "subscription confirmed",
        "authorize",
        "ok",
        (
            "mining.submit",
            ["xel:q9eu3asyqp8jendh4wdcutuzpmwlggzxzw4mvwu73fuczhcpczwm7vt3xw8", "1f", "19283746abcd"],
        ),
        "ok",
        "rate",
    ],
    "ethash-stratum": [
        ("mining.subscribe", ["ethminer/0.14.0"]),
        ("=", [["mining.notify", "7cbd6f7a3c5d8f41"], "ab"]),
        ("mining.authorize", ["0x8874916fa8356ddf370bab6eecc50a99e6b5e30d.rig", "x"]),
        "ok",
        "work with a flag",
        (
            "mining.submit",
            ["acct7.rig", "bf0488aa", "0x5e11ab00aabbccdd", "0x" + "0982" * 16, "0x" + "ab" * 32],
        ),
        "ok",
    ],
    "stratum-short": [
        ("mining.subscribe", ["acme-miner/1.0"]),
        ("=", [None, "5a11"]),
        ("mining.authorize", ["acct7.r1", "x"]),
        "ok",
        "share of eight bytes",
        "ok",
    ],
}


def dialogues(signatures: SignatureSet) -> dict[str, list[Turn]]:
    """The plays as turns: (speaker is the miner, what it says)."""
    return {
        dialect.id: _played(PLAYS[dialect.id], {one.name: one for one in dialect.examples})
        for dialect in signatures.dialects
        if dialect.id in PLAYS
    }


def _played(play: list[Line], examples: dict[str, Any]) -> list[Turn]:
    turns: list[Turn] = []
    last: Any = None
    for number, line in enumerate(play, 1):
        if line == "ok":
            message, miner = {"id": last, "result": True, "error": None}, False
        elif isinstance(line, tuple) and line[0] == "=":
            message, miner = {"id": last, "result": line[1], "error": None}, False
        elif isinstance(line, tuple):
            message, miner = {"id": number, "method": line[0], "params": line[1]}, True
        else:
            example = examples[line]
            message, miner = json.loads(example.text), example.sender is Side.CLIENT
        last = message.get("id") if miner else last
        if not miner and "result" in message and "method" not in message and message["id"] != 0:
            message["id"] = last
        if turns and turns[-1][0] is miner:
            turns[-1][1].append(message)
        else:
            turns.append((miner, [message]))
    return turns
