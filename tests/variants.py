"""Mining conversations of every dialect, and the many ways in which the same may be written and sent."""

from __future__ import annotations

import importlib
import json
import random
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec import structs

from netminedet.api import DEFAULT_HOME_NET, empty_report, parse_networks
from netminedet.limits import Limits
from netminedet.model import Side
from netminedet.pipeline import Pipeline
from netminedet.signatures import SignatureSet, load_signatures
from tests.dialogues import dialogues
from tests.frames import ACK, SYN, batch_of, tcp_frame
from tests.talks import websocket_frame
from tests.test_samples import facts

PCAPS = Path(__file__).parent.parent / "pcaps"
MINER, POOL = ("10.30.0.9", 41000), ("203.0.113.9", 3333)
BOM = b"\xef\xbb\xbf"

Message = dict[str, Any]
#: (speaker is the miner, what it says before the other speaks)
Turn = tuple[bool, list[Message]]
Segment = tuple[bool, bytes]


@cache
def signatures() -> SignatureSet:
    return load_signatures()


class Notes:
    """Stands in for a connection: notes who says what."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []

    def up(self, *messages: Message, end: str = "") -> Notes:
        return self._say(True, messages)

    def down(self, *messages: Message, end: str = "") -> Notes:
        return self._say(False, messages)

    def wait(self, seconds: float) -> Notes:
        return self

    def _say(self, miner: bool, messages: Iterable[Message]) -> Notes:
        if self.turns and self.turns[-1][0] is miner:
            self.turns[-1][1].extend(messages)
        else:
            self.turns.append((miner, list(messages)))
        return self


@cache
def dialogs() -> dict[str, list[Turn]]:
    """Sessions as the sample captures have them, and those of ``dialogues``."""
    sys.path.insert(0, str(PCAPS))
    try:
        dialects, scenes = importlib.import_module("dialects"), importlib.import_module("scenes")
    finally:
        sys.path.remove(str(PCAPS))
    pool = ("pool.example", 3333)
    plays: dict[str, Callable[[Notes], None]] = {
        "stratum-v1": lambda n: dialects.stratum_v1(
            n, "acct7.rig12", "cgminer/4.12.1", shares=3, rejected=1, configure=True
        ),
        "cryptonote": lambda n: dialects.cryptonote(n, scenes.XMR_A + ".pc", shares=3, keepalive=True),
        "eth-proxy": lambda n: dialects.eth_proxy(n, scenes.ETH_A, "rig01", shares=2),
        "ethereum-stratum-1": lambda n: dialects.ethereum_stratum_1(n, scenes.ETH_B + ".rig02"),
        "ethereum-stratum-2": lambda n: dialects.ethereum_stratum_2(n, "acct7.rig25", pool),
        "zcash-stratum": lambda n: dialects.zcash(n, scenes.ZEC_A + ".rig4", "miniZ/2.4d", pool, shares=1),
        "kaspa": lambda n: dialects.kaspa(n, scenes.KAS_A + ".ks3", "IceRiverMiner-v1.1"),
        "kawpow": lambda n: dialects.kawpow(n, scenes.RVN_A + ".gpu1", "GMiner/3.44", pool),
    }
    found = dialogues(signatures())
    for name, play in plays.items():
        notes = Notes()
        play(notes)
        found[name] = notes.turns
    return found


@cache
def examples() -> dict[str, list[Turn]]:
    """The examples of each signature file, the client's and the server's in turn."""
    found: dict[str, list[Turn]] = {}
    for dialect in signatures().dialects:
        if {"frames", "text"} & set(dialect.carriers):
            continue
        notes = Notes()
        for example in dialect.examples:
            say = notes.down if example.sender is Side.SERVER else notes.up
            say(json.loads(example.text))
        found[dialect.id] = notes.turns
    return found


@dataclass(frozen=True)
class Style:
    """How messages are written; all that is random depends on ``seed``."""

    seed: int = 0
    shuffled: bool = False
    separators: tuple[str, str] = (",", ":")
    #: share of the letters in keys and texts that are written as escapes
    escapes: float = 0.0
    extra: bool = False
    #: makes other ids of the ids; the same id always becomes the same
    ids: Callable[[Any], Any] = field(default=lambda value: value)
    without_ids: bool = False
    end: bytes = b"\n"
    bom: bool = False

    def write(self, message: Message, number: int) -> bytes:
        chance = random.Random(f"{self.seed} {number}")
        changed = dict(message)
        if "id" in changed and changed["id"] is not None:
            changed["id"] = self.ids(changed["id"])
            if self.without_ids:
                del changed["id"]
        if self.extra:
            changed |= {"x-trace": [1, {"note": "ok", "method": "other"}], "time": 1772438400.25}
            if isinstance(changed.get("params"), dict):
                changed["params"] = {**changed["params"], "x-more": None}
        return self._text(changed, chance).encode() + self.end

    def _text(self, value: Any, chance: random.Random) -> str:
        comma, colon = self.separators
        if isinstance(value, dict):
            pairs = list(value.items())
            if self.shuffled:
                chance.shuffle(pairs)
            members = [f"{self._quoted(key, chance)}{colon}{self._text(one, chance)}" for key, one in pairs]
            return "{" + comma.join(members) + "}"
        if isinstance(value, list):
            return "[" + comma.join(self._text(one, chance) for one in value) + "]"
        return self._quoted(value, chance) if isinstance(value, str) else json.dumps(value)

    def _quoted(self, text: str, chance: random.Random) -> str:
        plain = json.dumps(text)
        if not self.escapes:
            return plain
        written = "".join(
            f"\\u{ord(c):04{chance.choice('xX')}}" if chance.random() < self.escapes else json.dumps(c)[1:-1]
            for c in text
        )
        return f'"{written}"'


def words(end: bytes = b"") -> list[Segment]:
    """A Duino-Coin session: the server first, three rounds, a segment for each message."""
    said: list[Segment] = [(False, b"2.4" + end), (True, b"FROM,PC Miner,acct7,192.0.2.7,Linux" + end)]
    for number, answer in enumerate((b"GOOD", b"BAD", b"GOOD")):
        digests = f"{number:040x},{number + 7:040x},5000".encode()
        share = f"{4711 + number},151200.5,Official PC Miner 2.4,rig1".encode()
        said += [(True, b"JOB,acct7,LOW" + end), (False, digests + end), (True, share + end)]
        said.append((False, answer + end))
    return said


def retyped(turns: list[Turn], change: Callable[[Any], Any]) -> list[Turn]:
    """The turns with each value in params and results changed; keys, verbs and ids stay."""

    def deep(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: deep(one) for key, one in value.items()}
        return [deep(one) for one in value] if isinstance(value, list) else change(value)

    def anew(message: Message) -> Message:
        return {key: deep(value) if key in ("params", "result") else value for key, value in message.items()}

    return [(miner, [anew(message) for message in messages]) for miner, messages in turns]


def as_text(value: Any) -> Any:
    """Numbers as strings."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def as_number(value: Any) -> Any:
    """Strings of decimal digits as numbers."""
    plain = isinstance(value, str) and value.isdigit() and str(int(value)) == value
    return int(value) if plain else value


def segments(
    turns: list[Turn], style: Style, *, carrier: str = "lines", together: bool = True
) -> list[Segment]:
    """The turns as segments: one for each turn, or for each message."""
    found: list[Segment] = []
    number = 0
    for miner, messages in turns:
        written = []
        for message in messages:
            number += 1
            written.append(carried(style.write(message, number), miner, carrier))
        if style.bom and carrier == "lines" and not any(side is miner for side, _ in found):
            written[0] = BOM + written[0]
        found += [(miner, b"".join(written))] if together else [(miner, one) for one in written]
    return found


def carried(data: bytes, miner: bool, carrier: str) -> bytes:
    """A message as a line, as the body of an HTTP message, or as a WebSocket's frame or three of them."""
    if carrier == "lines":
        return data
    if carrier == "websocket":
        return websocket_frame(data, client=miner)
    if carrier == "fragments":
        return fragmented(data, miner)
    start = "POST / HTTP/1.1\r\nHost: node.example" if miner else "HTTP/1.1 200 OK"
    return f"{start}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


def fragmented(data: bytes, miner: bool) -> bytes:
    """A message in three frames, the last of them a continuation with FIN (RFC 6455 section 5.4)."""
    third = max(1, len(data) // 3)
    pieces = [data[:third], data[third : 2 * third], data[2 * third :]]
    written = b""
    for piece, first in zip(pieces, (0x01, 0x00, 0x80), strict=True):
        written += bytes([first]) + websocket_frame(piece, client=miner)[1:]
    return written


class Bytes:
    """Stands in for a connection whose messages are bytes: notes who sends what."""

    def __init__(self) -> None:
        self.parts: list[Segment] = []

    def up(self, *data: bytes, cuts: Iterable[int] = ()) -> Bytes:
        self.parts += [(True, one) for one in data]
        return self

    def down(self, *data: bytes, cuts: Iterable[int] = ()) -> Bytes:
        self.parts += [(False, one) for one in data]
        return self

    def wait(self, seconds: float) -> Bytes:
        return self

    def close(self) -> None:
        pass


@cache
def second(extended: bool) -> list[Segment]:
    """A session of Stratum V2 in the clear, a segment for each frame."""
    sys.path.insert(0, str(PCAPS))
    try:
        play = importlib.import_module("second")
    finally:
        sys.path.remove(str(PCAPS))
    notes = Bytes()
    play.clear(notes, "acct7.rig1", "S21", extended=extended)
    return notes.parts


def merged(parts: list[Segment]) -> list[Segment]:
    """What one side sends before the other does, in one segment."""
    found: list[Segment] = []
    for miner, data in parts:
        if found and found[-1][0] is miner:
            found[-1] = (miner, found[-1][1] + data)
        else:
            found.append((miner, data))
    return found


def cut(parts: list[Segment], edges: Callable[[bytes], Iterable[int]]) -> list[Segment]:
    """Each segment cut at the offsets that ``edges`` gives for it."""
    found: list[Segment] = []
    for miner, data in parts:
        places = [0, *sorted({edge for edge in edges(data) if 0 < edge < len(data)}), len(data)]
        found += [(miner, data[a:b]) for a, b in pairwise(places)]
    return found


@dataclass(frozen=True)
class Placed:
    """A segment with its place in its direction."""

    miner: bool
    offset: int
    data: bytes


def placed(parts: list[Segment]) -> list[Placed]:
    offsets = {True: 0, False: 0}
    found = []
    for miner, data in parts:
        found.append(Placed(miner, offsets[miner], data))
        offsets[miner] += len(data)
    return found


def repeated(parts: list[Placed], chance: random.Random, share: float) -> list[Placed]:
    """Some segments are sent again, at once or later, whole or with the one before."""
    found: list[Placed] = []
    for part in parts:
        found.append(part)
        if chance.random() < share:
            again = chance.choice([one for one in found if one.miner is part.miner][-4:])
            if chance.random() < 0.3:
                again = replace(again, data=again.data[: 1 + len(again.data) // 2])
            found.append(again)
    return found


def swapped(parts: list[Placed], chance: random.Random, share: float) -> list[Placed]:
    """Some neighbours of one direction come in the wrong order."""
    found = list(parts)
    at = 1
    while at < len(found):
        if found[at].miner is found[at - 1].miner and chance.random() < share:
            found[at - 1], found[at] = found[at], found[at - 1]
            at += 1
        at += 1
    return found


#: Where the numbers of either side begin; the miner's wrap around.
FIRST = {True: 0xFFFFFF00, False: 7000}


def opening_frames() -> list[bytes]:
    """SYN and its answer."""
    return [
        tcp_frame(MINER, POOL, FIRST[True] - 1, flags=SYN),
        tcp_frame(POOL, MINER, FIRST[False] - 1, flags=SYN | ACK, ack=FIRST[True]),
    ]


def frames_of(parts: list[Placed]) -> list[bytes]:
    """The segments as frames; each acknowledges what the other side had without a hole by then.

    What a side said before the first of its segments here, was missed by the recording alone.
    """
    had: dict[bool, set[int]] = {True: set(), False: set()}
    whole = {
        side: min((part.offset for part in parts if part.miner is side), default=0) for side in (True, False)
    }
    frames = []
    for part in parts:
        source, target = (MINER, POOL) if part.miner else (POOL, MINER)
        ack = FIRST[not part.miner] + whole[not part.miner]
        frames.append(tcp_frame(source, target, FIRST[part.miner] + part.offset, part.data, ack=ack))
        had[part.miner].update(range(part.offset, part.offset + len(part.data)))
        while whole[part.miner] in had[part.miner]:
            whole[part.miner] += 1
    return frames


def verdict(parts: list[Placed]) -> list[Message]:
    """What the real pipeline says of a connection with these segments, from its beginning."""
    return judged(opening_frames() + frames_of(parts))[0]


def judged(frames: Iterable[bytes]) -> tuple[list[Message], dict[str, int]]:
    """What the real pipeline says of these frames: suspects, and its counters."""
    pipeline = Pipeline(signatures(), "memory", Limits(flows=10_000))
    pipeline.feed(batch_of(frames))
    counters = pipeline.finish()
    report = empty_report(signatures(), parse_networks(DEFAULT_HOME_NET), ())
    suspects = structs.replace(report, findings=pipeline.findings).suspects
    return [facts(suspect) for suspect in suspects], counters
