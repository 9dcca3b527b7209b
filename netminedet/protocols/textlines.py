"""Text protocols of miners that are no Stratum: Duino-Coin's dialogue, and the miners' management APIs.

**Duino-Coin** (https://github.com/revoxhere/duino-coin, PC_Miner.py and the "useful-tools" documentation):
words with commas between.  Early programs end a message by writing nothing more, later ones with a newline,
so what has no newline is a message when the other side speaks: ``TextReader.turn``.  Most of its messages
are too plain to prove anything by themselves; a job (two digests and a difficulty) is not.

**Management APIs** tell of a farm, not of mining in the flow itself.  cgminer and its descendants
(API-README of https://github.com/ckolivas/cgminer): a request is a word with parameters behind ``|`` or a
JSON object with ``command``; the reply is text (sections behind ``|``) or JSON, and ends with NUL.
Whatsminer's btminer ("WhatsminerAPI": requests with ``cmd``) speaks a dialect of it.  Claymore's remote
manager, "ethman" (ethminer's docs/API_DOCUMENTATION.md): JSON-RPC lines with methods ``miner_...``.
A request alone is weak: other programs take commands of the same names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from netminedet.model import Side
from netminedet.protocols.machines import (
    DEVICES,
    MAX_LISTED,
    MAX_TEXT,
    ApiKind,
    ApiMessage,
    clean,
    ethminer_reply,
    hashrate_of,
    number,
    objects,
    section_told,
    texts,
    whole,
    xmrig_config,
)
from netminedet.protocols.programs import GETSTAT, KEYS, PATHS, program_reply

#: Longest message, in bytes.
MAX_MESSAGE = 128 * 1024


class DuinoKind(str, Enum):
    """What a message of the Duino-Coin dialogue is."""

    VERSION = "version"
    GREETING = "greeting"
    JOB_REQUEST = "job request"
    JOB = "job"
    SHARE = "share"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class DuinoMessage(Struct, frozen=True):
    """A message of the Duino-Coin dialogue; ``hashrate`` in hashes a second, as the miner says."""

    kind: DuinoKind
    sender: Side
    user: str = ""
    agent: str = ""
    rig: str = ""
    difficulty: int | None = None
    hashrate: float | None = None

    @property
    def telling(self) -> bool:
        """Whether the message alone is peculiar to this protocol."""
        return self.kind in (DuinoKind.JOB, DuinoKind.GREETING)


_VERSION = re.compile(r"[1-9]\.[0-9]{1,2}\Z")
_USER = re.compile(r"[A-Za-z0-9_.@-]{1,64}\Z")
_JOB = re.compile(r"([0-9a-f]{40}),([0-9a-f]{40}),([1-9][0-9]{0,9})\Z")
_NONCE = re.compile(r"[0-9]{1,12}\Z")
_RATE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?\Z")
#: What a sensor reads may stand behind the miner's key: "CPU temperature:48.3*C", "Temp:21.5*C@Hum:40.0%".
_READING = re.compile(r"[A-Za-z ]{2,24}:-?[0-9][ -~]{0,47}\Z")
_VERDICTS = {"GOOD": DuinoKind.ACCEPTED, "BLOCK": DuinoKind.ACCEPTED, "BAD": DuinoKind.REJECTED}


def duino_message(line: str, sender: Side) -> DuinoMessage | None:
    """Read one message of the Duino-Coin dialogue, given without its newline; None for anything else."""
    words = line.split(",")
    if not line.isprintable() or len(line) > MAX_TEXT:
        return None
    if sender is Side.CLIENT:
        if words[0] == "JOB" and 2 <= len(words) <= 5 and _USER.match(words[1]):
            if len(words) == 5 and not _READING.match(words[4]):
                return None
            return DuinoMessage(DuinoKind.JOB_REQUEST, sender, user=words[1])
        if words[0] == "FROM" and 3 <= len(words) <= 6 and "Miner" in words[1] and _USER.match(words[2]):
            return DuinoMessage(DuinoKind.GREETING, sender, user=words[2], agent=words[1])
        return _duino_share(words)
    if job := _JOB.match(line):
        return DuinoMessage(DuinoKind.JOB, sender, difficulty=int(job[3]))
    if _VERSION.match(line):
        return DuinoMessage(DuinoKind.VERSION, sender)
    verdict = _VERDICTS.get(words[0]) if len(words) <= 2 else None
    return None if verdict is None else DuinoMessage(verdict, sender)


def _duino_share(words: list[str]) -> DuinoMessage | None:
    """A share: nonce, hash rate and miner's name, then up to four words more, the rig's name first."""
    if not 3 <= len(words) <= 7 or max(map(len, words)) > 64 or len(words[2]) < 3:
        return None
    nonce, rate, agent, *more = words
    if not _NONCE.match(nonce) or not _RATE.match(rate) or "miner" not in agent.lower():
        return None
    rig = more[0] if more else ""
    return DuinoMessage(DuinoKind.SHARE, Side.CLIENT, agent=agent, rig=rig, hashrate=float(rate))


# Commands of cgminer's API-README that ask for something, and those of its descendants.
_COMMANDS = re.compile(
    r"(?:version|config|summary|pools|e?devs|devdetails|e?stats|coin|lcd|notify|(?:asc|pga|gpu)count|usbstats|"
    r"litestats|check|(?:switch|enable|disable|add|remove)pool|poolpriority|poolquota|ascset|restart|quit|"
    r"privileged|fans|temps|tunerstatus)\Z"
)
# ... those that other text protocols (memcached, chat) have too.
_COMMON_WORDS = frozenset({"version", "config", "stats", "check", "notify", "restart", "quit"})
# ... which ask something, so that what is answered may tell.
_COMMON_QUESTIONS = frozenset({"version", "config", "stats"})
_BTMINER_COMMANDS = re.compile(
    r"(?:summary|pools|e?devs|devdetails|status|get_(?:psu|version|token|miner_info|error_code)|update_pools|"
    r"restart_btminer|power_(?:on|off)|set_led|adjust_power_limit)\Z"
)
_ETHMAN_METHODS = frozenset(
    {
        "miner_getstat1",
        "miner_getstat2",
        "miner_getstatdetail",
        "miner_ping",
        "miner_file",
        "miner_getfile",
        "miner_reboot",
        "miner_restart",
        "miner_shuffle",
        "miner_getconnections",
        "miner_addconnection",
        "miner_removeconnection",
        "miner_setactiveconnection",
        "miner_pausegpu",
        "miner_setverbosity",
        "miner_getscramblerinfo",
        "miner_setscramblerinfo",
        "control_gpu",
    }
)
#: What a management API's message in JSON has at its top, besides what an answer of JSON-RPC has: (key,
#: value), and keys that alone may make one.
API_VERBS = frozenset(("method", method) for method in (*_ETHMAN_METHODS, GETSTAT))
API_KEYS = frozenset({"command", "cmd", "STATUS", "ua", "donate-level"}) | KEYS
_SECTION = re.compile(r"(?<!\\)\|")
_FIELD = re.compile(r"(?<!\\),")
_STATUS = re.compile(r"STATUS=[SIWEF],When=\d{1,20},Code=\d{1,5},Msg=")
_THREE = re.compile(r"(\d{1,15});(\d{1,15});(\d{1,15})\Z", re.ASCII)
_POOL = re.compile(r"[A-Za-z0-9._-]{3,255}:\d{1,5}\Z")
_XMRIG_PATHS = frozenset(("/1/summary", "/2/summary", "/2/backends", "/1/config", "/api.json"))
_XMRIG_KEYS = {"ua", "algo", "hashrate", "connection", "results"}


def api_request(method: str, target: str) -> ApiMessage | None:
    """Read an HTTP request for how a miner is; None for any other.

    XMRig's HTTP interface (src/base/api): the summary, under its three names, the back ends and the
    configuration.  The paths of other programs (``programs``) are those of many others.
    """
    path = target.partition("?")[0]
    if method != "GET":
        return None
    if path in _XMRIG_PATHS:
        return ApiMessage(ApiKind.COMMAND, "xmrig", command=path)
    return ApiMessage(ApiKind.WORD, "http", command=path) if path in PATHS else None


def api_message(text: str) -> ApiMessage | None:
    """Read one request or reply of a management API, without its newline or NUL; None for anything else."""
    text = text.strip(" \t\r\n\x00")
    if len(text) > MAX_MESSAGE:
        return None
    if text.startswith("{"):
        return _json_message(text)
    if _STATUS.match(text):
        return _text_reply(text)
    if text.startswith("GET "):
        return api_request("GET", text[:MAX_TEXT].split(" ")[1])
    word, bar, _ = text.partition("|")
    if _COMMANDS.match(word) and len(text) <= MAX_TEXT and (bar or word not in _COMMON_WORDS):
        return ApiMessage(ApiKind.COMMAND, "cgminer", command=word)
    return ApiMessage(ApiKind.WORD, "cgminer", command=word) if word in _COMMON_QUESTIONS else None


def _json_message(text: str) -> ApiMessage | None:
    try:
        # some firmware leaves the comma between two objects out
        value = msgspec.json.decode(text.replace("}{", "},{").encode("utf-8", "replace"))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return api_value(value) if isinstance(value, dict) else None


def api_value(value: Mapping[str, Any]) -> ApiMessage | None:
    """Read one request or reply of a management API that came as a JSON object; None for anything else."""
    command, cmd = value.get("command"), value.get("cmd")
    if isinstance(command, str) and value.keys() <= {"command", "parameter"}:
        known = all(_COMMANDS.match(word) for word in command.split("+"))
        return ApiMessage(ApiKind.COMMAND, "cgminer", command) if known else None
    if isinstance(cmd, str):
        return ApiMessage(ApiKind.COMMAND, "btminer", cmd) if _BTMINER_COMMANDS.match(cmd) else None
    method = value.get("method")
    if isinstance(method, str) and method in _ETHMAN_METHODS:
        return ApiMessage(ApiKind.COMMAND, "ethman", command=method)
    if "STATUS" in value:
        return _cgminer_reply(value)
    if method == GETSTAT and "result" not in value:
        return ApiMessage(ApiKind.WORD, "miniz", command=GETSTAT)
    if value.keys() >= _XMRIG_KEYS:
        return _xmrig_summary(value)
    if (told := program_reply(value)) is not None:
        return told
    if "donate-level" in value:
        return xmrig_config(value)
    result = value.get("result")
    return _ethman_reply(result) or ethminer_reply(result)


def _text_reply(text: str) -> ApiMessage | None:
    """A reply of cgminer in its own format: sections ``NAME,key=value,...`` behind ``|``."""
    sections: dict[str, list[dict[str, object]]] = {}
    for section in _SECTION.split(text)[: MAX_LISTED * 4]:
        pairs = [part.partition("=") for part in _FIELD.split(section)[:MAX_TEXT]]
        name = "DEVS" if pairs[0][0] in DEVICES else pairs[0][0] + "S" * (pairs[0][0] == "POOL")
        sections.setdefault(name, []).append({key: value for key, _, value in pairs})
    return _cgminer_reply(sections)


def _cgminer_reply(reply: Mapping[str, Any]) -> ApiMessage | None:
    """A reply of cgminer or a descendant: lists of objects by section name."""
    sections = reply["STATUS"]
    # btminer puts the fields of the status into the reply itself
    status = next(iter(sections), None) if isinstance(sections, list) else reply
    if not isinstance(status, Mapping) or status.get("STATUS") not in tuple("SIWEF"):
        return None
    vendor = status.get("Description")
    formal = "When" in status and ("Code" in status or "Msg" in status)
    if not formal and not _like_whatsminer(reply):
        return None
    vendor = clean(vendor) if isinstance(vendor, str) else ""
    named = re.search("btminer|whatsminer", vendor, re.IGNORECASE)
    family = "cgminer" if formal and not named else "btminer"
    command, rate = section_told(reply)
    message = ApiMessage(ApiKind.REPLY, family, command=command, vendor=vendor, hashrate=rate)
    for summary in objects(reply.get("SUMMARY"))[:1]:
        message = replace(
            message,
            command="summary",
            elapsed=whole(summary.get("Elapsed")),
            hashrate=hashrate_of(summary),
            accepted=whole(summary.get("Accepted")),
            rejected=whole(summary.get("Rejected")),
        )
    pools = objects(reply.get("POOLS"))
    if pools:
        message = replace(message, command="pools", pools=texts(pools, "URL"), users=texts(pools, "User"))
    return message


def _like_whatsminer(reply: Mapping[str, Any]) -> bool:
    """Whatsminer leaves time and name out of the status; what follows must then tell by itself."""
    for summary in objects(reply.get("SUMMARY"))[:1]:
        if "Elapsed" in summary and "Accepted" in summary and hashrate_of(summary) is not None:
            return True
    pools = objects(reply.get("POOLS"))
    return bool(pools) and all("://" in str(pool.get("URL")) and "User" in pool for pool in pools)


def _ethman_reply(result: object) -> ApiMessage | None:
    """The reply to miner_getstat1: version, minutes, "kH/s;shares;rejected", ..., pools."""
    if not isinstance(result, list) or not 8 <= len(result) <= 32:
        return None
    if not all(isinstance(item, str) for item in result):
        return None
    totals, pools = _THREE.match(result[2]), result[7].split(";")
    minutes = whole(result[1])
    if totals is None or minutes is None or not all(_POOL.match(pool) for pool in pools):
        return None
    return ApiMessage(
        ApiKind.REPLY,
        "ethman",
        command="miner_getstat1",
        vendor=clean(result[0]),
        elapsed=60 * minutes,
        hashrate=1000.0 * int(totals[1]),
        accepted=int(totals[2]),
        rejected=int(totals[3]),
        pools=tuple(pools[:MAX_LISTED]),
    )


def _xmrig_summary(summary: Mapping[str, Any]) -> ApiMessage | None:
    """What XMRig answers to ``/2/summary``: objects for rate, connection and results; its name under "ua"."""
    agent, rates, connection = summary["ua"], summary["hashrate"], summary["connection"]
    if not isinstance(agent, str) or not isinstance(rates, Mapping) or not isinstance(connection, Mapping):
        return None
    if not isinstance(summary["results"], Mapping):
        return None
    total = rates.get("total")
    latest = [number(rate) for rate in total[:MAX_LISTED]] if isinstance(total, list) else []
    return ApiMessage(
        ApiKind.REPLY,
        "xmrig",
        command="summary",
        vendor=clean(agent),
        hashrate=next((rate for rate in reversed(latest) if rate is not None), None),  # the longest average
        pools=texts([dict(connection)], "pool"),
    )


def duino_objects(line: str) -> list[dict[str, object]]:
    """The line as an object for the conditions of signatures: its kind under "duino"; no secrets."""
    message = duino_message(line, Side.CLIENT) or duino_message(line, Side.SERVER)
    if message is None:
        return []
    told = {name: getattr(message, name) for name in ("user", "agent", "rig", "difficulty", "hashrate")}
    return [{"duino": message.kind.value, **_given(told)}]


def api_objects(message: ApiMessage | None) -> list[dict[str, object]]:
    """The message as objects for the conditions of signatures: its kind under "api", then one for
    each pool and each user that a reply lists."""
    if message is None:
        return []
    names = ("family", "command", "vendor", "elapsed", "hashrate", "accepted", "rejected")
    told = {name: getattr(message, name) for name in names}
    found: list[dict[str, object]] = [{"api": message.kind.value, **_given(told)}]
    found += [{"api": "pool", "family": message.family, "url": _without_login(url)} for url in message.pools]
    found += [{"api": "user", "family": message.family, "user": user} for user in message.users]
    return found


def _given(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value not in (None, "")}


def _without_login(url: str) -> str:
    """An address of a pool without the user and password that some write into it."""
    scheme, mark, rest = url.rpartition("://")
    return scheme + mark + rest.rpartition("@")[2]


class TextReader:
    """Splits one direction of a text dialogue into messages: at newlines, at NUL, and where the turn ends."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skipping = False
        #: messages given up for being longer than MAX_MESSAGE
        self.oversized = 0

    def feed(self, data: bytes, *, gap: bool = False) -> list[str]:
        """Take the next bytes; the messages that they end.  ``gap``: bytes before them are missing."""
        if gap:
            self._buffer.clear()
            self._skipping = True
        self._buffer += data
        whole: list[bytes] = []
        if b"\n" in data or b"\0" in data:
            *whole, rest = re.split(rb"[\n\x00]", bytes(self._buffer))
            if self._skipping:
                del whole[0]
                self._skipping = False
            self._buffer = bytearray(rest)
        if len(self._buffer) > MAX_MESSAGE:
            self._buffer.clear()
            self._skipping = True
            self.oversized += 1
        return [text for text in map(_decoded, whole) if text]

    def turn(self) -> list[str]:
        """The other side speaks, or the direction is closed: what has no newline yet is a message too."""
        rest = "" if self._skipping else _decoded(bytes(self._buffer))
        self._skipping = False
        self._buffer.clear()
        return [rest] if rest else []


def _decoded(line: bytes) -> str:
    return line.rstrip(b"\r").decode("utf-8", "replace")
