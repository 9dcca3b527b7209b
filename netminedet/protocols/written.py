"""Binary connections as a signature file writes them: bytes in hexadecimal digits, or sizes of segments.

``bytes: 000000 …`` are the bytes of one direction from its very first one; whether a client or a
server begins so, they tell themselves.  ``client bytes:`` and ``server bytes:`` are frames of that side
behind a proper opening.  ``sizes: C64 S234 C120 S44`` is an encrypted connection: how many random bytes
the client (C) and the server (S) send in turn.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from netminedet.model import Side
from netminedet.protocols.framing import FrameFraming
from netminedet.protocols.jsonlines import JsonItem
from netminedet.protocols.noise import NoiseWatch

_BYTES, _SIZES = "bytes:", "sizes:"
_TURN = re.compile(r"([CS])([1-9][0-9]{0,4})")
_SIDES = {"C": Side.CLIENT, "S": Side.SERVER}
#: SetupConnection without any text, and its answer (sv2-spec sections 3.6.1 and 3.6.2).
_OPENINGS = {
    Side.CLIENT: bytes.fromhex("00000010000000020002000000000000000000000000"),
    Side.SERVER: bytes.fromhex("000001060000020000000000"),
}


def read_written(text: str) -> list[dict[str, Any]] | None:
    """The messages of a connection that is written so; None for any other text.

    Raises ValueError where it begins like one and is none.
    """
    if text.startswith(_SIZES):
        return _encrypted(text.removeprefix(_SIZES).split())
    if text.startswith(_BYTES):
        data = bytes.fromhex(text.removeprefix(_BYTES))
        return [message for side in Side for message in _frames(FrameFraming(side), data)]
    for side, opening in _OPENINGS.items():
        if text.startswith(beginning := f"{side.value} {_BYTES}"):
            framing = FrameFraming(side)
            framing.feed(opening)
            return _frames(framing, bytes.fromhex(text.removeprefix(beginning)))
    return None


def _frames(framing: FrameFraming, data: bytes) -> list[dict[str, Any]]:
    return [item.value for item in framing.feed(data) if isinstance(item, JsonItem)]


def _encrypted(turns: list[str]) -> list[dict[str, Any]]:
    """What is told of a connection whose segments have these sizes."""
    watch = NoiseWatch()
    names: list[str | None] = []
    for number, turn in enumerate(turns):
        found = _TURN.fullmatch(turn)
        if found is None:
            raise ValueError(f"{turn[:20]!r} is no side and size, such as C64")
        data = hashlib.shake_256(f"{number} {turn}".encode()).digest(int(found[2]))
        watch.feed(_SIDES[found[1]], data)
        names.append(watch.name)
    return [{"sv2": name} for name in dict.fromkeys(names) if name is not None]
