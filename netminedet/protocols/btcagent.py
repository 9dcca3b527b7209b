"""BTCAgent's own messages, which stand between the lines of a Stratum connection to its pool.

https://github.com/btccom/btcagent (ExMessage.go, StratumStatus.go) and btccom/btcpool (docs/AGENT.md): an
agent joins the machines of a farm in one connection.  It greets the pool in Stratum V1; then workers, shares
and difficulties come as binary messages: the magic number 0x7F, a kind, the size of the whole in two bytes
(least significant first), and the body.  A worker is a session of two bytes, and has a difficulty of its own,
a power of two.  Jobs come as lines of JSON all the time.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from netminedet.protocols.jsonlines import Item, JsonItem, JsonLines
from netminedet.protocols.latest import keep_latest
from netminedet.protocols.machines import clean

MAGIC = b"\x7f"
_LINE_END = b"\n"
#: Longest message that is read: a worker that registers, or the difficulty of many.
MAX_SIZE = 8192
#: Workers of an agent, and shares without an answer, that are known at a time.
MAX_WORKERS = 4096
MAX_SHARES = 1024

_HEAD = struct.Struct("<BBH")
_REGISTER, _SET_DIFFICULTY, _ANSWER = 0x01, 0x05, 0x10
#: Kinds of shares, and their sizes: with a time, with bits of the version, with both.
_SHARES = {0x02: 15, 0x03: 19, 0x12: 19, 0x13: 23}
#: What the pool says to a share that it takes; the last two have found a block.
_ACCEPTED = frozenset((1798084231, 950395421, 1422486894, 1713984938))
#: The target of difficulty 1.
_TARGET = 0xFFFF << 208


class Workers:
    """The workers of an agent, by session, and what is known of them; both directions share it."""

    def __init__(self) -> None:
        self._names: OrderedDict[int, str] = OrderedDict()
        self._targets: OrderedDict[int, str] = OrderedDict()
        #: number of a share, counted as the agent does, -> its target
        self._shares: OrderedDict[int, str] = OrderedDict()
        self._handed_in = 0

    def read(self, kind: int, body: bytes) -> dict[str, Any] | None:
        """What a message says, as an object for the conditions of signatures; None for nothing of mining."""
        reader = _READERS.get(kind)
        try:
            return None if reader is None else reader(self, body)
        except struct.error:
            return None

    def register(self, body: bytes) -> dict[str, Any] | None:
        """A machine joins: its session, its program and its name."""
        (session,) = struct.unpack_from("<H", body)
        agent, _, rest = body[2:].partition(b"\0")
        name = clean(rest.partition(b"\0")[0].decode("utf-8", "replace"))
        keep_latest(self._names, session, name, MAX_WORKERS)
        program = clean(agent.decode("utf-8", "replace"))
        return {"btcagent": "register worker", "session": session, "agent": program, "rig": name}

    def set_difficulty(self, body: bytes) -> dict[str, Any] | None:
        """The pool sets the difficulty of these workers."""
        power, count = struct.unpack_from("<BH", body)
        target = f"{_TARGET >> power:064x}"
        for (session,) in struct.iter_unpack("<H", body[3 : 3 + 2 * count]):
            keep_latest(self._targets, session, target, MAX_WORKERS)
        return {"btcagent": "set difficulty", "difficulty": 1 << min(power, 63), "workers": count}

    def share(self, body: bytes) -> dict[str, Any] | None:
        """A machine hands in a share."""
        job, session, _, nonce = struct.unpack_from("<BHII", body)
        found = {"btcagent": "submit share", "session": session, "job_id": job, "nonce": f"{nonce:08x}"}
        if name := self._names.get(session):
            found["rig"] = name
        if target := self._targets.get(session):
            found["target"] = target
        keep_latest(self._shares, self._handed_in & 0xFFFF, target or "", MAX_SHARES)
        self._handed_in += 1
        return found

    def answer(self, body: bytes) -> dict[str, Any] | None:
        """The pool takes a share, or does not."""
        number, status = struct.unpack_from("<HI", body)
        found = {"btcagent": "accepted" if status in _ACCEPTED else "rejected", "index": number}
        if target := self._shares.pop(number, ""):
            found["target"] = target
        return found


_READERS: dict[int, Callable[[Workers, bytes], dict[str, Any] | None]] = {
    _REGISTER: Workers.register,
    _SET_DIFFICULTY: Workers.set_difficulty,
    _ANSWER: Workers.answer,
    **dict.fromkeys(_SHARES, Workers.share),
}


def begins_agent_message(data: bytes, at: int = 0) -> bool:
    """Whether one of the agent's messages begins there, by its magic number, its kind and its size."""
    if len(data) < at + _HEAD.size or not data.startswith(MAGIC, at):
        return False
    _, kind, size = _HEAD.unpack_from(data, at)
    if kind in _SHARES:
        return bool(size == _SHARES[kind])
    least = {_REGISTER: 8, _SET_DIFFICULTY: 9, _ANSWER: 10}.get(kind)
    return least is not None and least <= size <= MAX_SIZE


class AgentFraming:
    """JSON lines, and the agent's messages between them."""

    carrier = "lines"
    undecodable = 0

    def __init__(self, workers: Workers) -> None:
        """``workers``: those of the connection, which both directions share."""
        self._workers = workers
        self._lines = JsonLines()
        self._rest = b""

    @property
    def pending(self) -> bool:
        """A message or a line is not whole."""
        return bool(self._rest) or self._lines.pending

    @property
    def oversized(self) -> int:
        return self._lines.oversized

    def feed(self, data: bytes, *, gap: bool = False) -> list[Item]:
        """Take the next bytes; items that are now complete.  Behind a gap a message or a line begins."""
        data = data if gap else self._rest + data
        self._rest = b""
        items: list[Item] = self._lines.feed(b"", gap=True) if gap else []
        at = 0
        while at < len(data):
            if data.startswith(MAGIC, at) and not self._lines.pending:
                is_whole_head = len(data) >= at + _HEAD.size
                if is_whole_head and not begins_agent_message(data, at):
                    return items + self._lines.feed(data[at:])
                end = at + (_HEAD.unpack_from(data, at)[2] if is_whole_head else MAX_SIZE)
                if len(data) < end:
                    self._rest = data[at:]
                    break
                told = self._workers.read(data[at + 1], data[at + _HEAD.size : end])
                items += [] if told is None else [JsonItem(told, heads_segment=True)]
            else:
                end = data.find(_LINE_END + MAGIC, at) + 1 or len(data)
                items += self._lines.feed(data[at:end])
            at = end
        return items
