"""Literals that stand at the very beginning of a flight: how protocols that are no JSON are known.

The text kernel looks them up by their first byte, and only where a side takes its turn to
speak: a segment that begins with none of these bytes costs one look into a table.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from msgspec import Struct

from netminedet.errors import NetminedetError

#: Literals that the tables have room for, and the length of one in bytes.
MAX_OPENERS = 4096
SHORTEST, LONGEST = 4, 64


class Openers(Struct, frozen=True):
    """Literals ``first[b]`` to ``first[b + 1]`` begin with byte ``b``; literal ``i`` is
    ``text[at[i] : at[i + 1]]``, and ``peers[i]`` is 1 for one that only tells of coin nodes."""

    first: array[int]
    at: array[int]
    text: bytearray
    peers: bytearray


def build(openers: Iterable[bytes], peers: Iterable[bytes] = ()) -> Openers:
    """The tables for these literals: ``openers`` flag a flow, ``peers`` only tell of it.

    Raises NetminedetError for a literal that is too short or too long, and for too many.
    """
    kinds = dict.fromkeys(peers, 1) | dict.fromkeys(openers, 0)
    for literal in kinds:
        if not SHORTEST <= len(literal) <= LONGEST:
            raise NetminedetError(
                f"opener {literal!r}: {len(literal)} bytes; an opener has {SHORTEST} to {LONGEST}"
            )
    if len(kinds) > MAX_OPENERS:
        raise NetminedetError(f"{len(kinds)} openers; at most {MAX_OPENERS} fit, take some out")
    literals = sorted(kinds)
    first = array("I", [sum(literal[0] < byte for literal in literals) for byte in range(257)])
    at = array("I", [0])
    for literal in literals:
        at.append(at[-1] + len(literal))
    # a byte more, so that none of the tables is ever empty
    text = bytearray(b"".join(literals) + b"\0")
    return Openers(first, at, text, bytearray([*(kinds[literal] for literal in literals), 0]))
