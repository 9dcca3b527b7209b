"""Builds the table that the text kernel runs over payload: all anchors at once.

An Aho-Corasick automaton written out as a complete table (256 entries a state), with
a little of JSON added: outside a JSON object the kernel does not run the table at all
(state CLOSED) but looks for the next ``{``; the table goes back to CLOSED where an
object ends at a line's end, and at bytes that no JSON text contains.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable

from msgspec import Struct

from netminedet.errors import NetminedetError

CLOSED = 0
OPEN = 1
AFTER_BRACE = 2
#: States that fit into the flow row's 16 bits, less those that stand for an unfinished ClientHello,
#: certificate, opening or message.
MAX_STATES = 0xFFFC

_SPACE = b"\t\r "


class Automaton(Struct, frozen=True):
    """``table[state << 8 | byte]`` is the next state; ``accepts[state]`` is 1 where an anchor ends;
    ``reads[state]`` is what of an anchor has been read; bit ``second % 8`` of
    ``dull[first << 5 | second >> 3]`` is 1 where ``first`` with ``second`` behind it begins nothing: the
    table then goes from OPEN to the same state as without ``first``."""

    table: array[int]
    accepts: bytearray
    reads: tuple[bytes, ...]
    dull: bytearray


def build(anchors: Iterable[bytes]) -> Automaton:
    """The automaton for these literals.

    Raises NetminedetError for a literal that is empty, holds ``}`` or a control
    character, and for more literals than the table can number.
    """
    children: list[dict[int, int]] = [{}, {}, {}]
    accepts = bytearray(3)
    reads = [b"", b"", b""]
    for anchor in sorted(set(anchors)):
        if not anchor or any(byte < 0x20 or byte == 0x7D for byte in anchor):
            raise NetminedetError(f"anchor {anchor!r} is empty, or holds '}}' or a control character")
        state = OPEN
        for byte in anchor:
            if byte not in children[state]:
                if len(children) == MAX_STATES:
                    raise NetminedetError(f"the anchors need more than {MAX_STATES} automaton states")
                children[state][byte] = len(children)
                children.append({})
                accepts.append(0)
                reads.append(reads[state] + bytes((byte,)))
            state = children[state][byte]
        accepts[state] = 1
    table = _table(children, accepts)
    return Automaton(table, accepts, tuple(reads), _dull(table, accepts))


def states_in(new: Automaton, old: Automaton) -> array[int]:
    """For each state of ``old`` that of ``new`` which goes on with what was read so far.

    Where a literal of ``new`` has been read already, without being one of ``old``, it is not found again.
    """
    states = array("H", (CLOSED, OPEN, AFTER_BRACE))
    for read in old.reads[AFTER_BRACE + 1 :]:
        state = OPEN
        for byte in read:
            state = new.table[state << 8 | byte]
        states.append(state)
    return states


def _table(children: list[dict[int, int]], accepts: bytearray) -> array[int]:
    table = array("H", bytes(2 * 256 * len(children)))
    table[OPEN << 8 : (OPEN + 1) << 8] = _root_row(children[OPEN])
    # breadth first: a state's row is its fallback's row with its own children put over it
    queue = deque((child, OPEN) for child in children[OPEN].values())
    while queue:
        state, fallback = queue.popleft()
        accepts[state] |= accepts[fallback]
        row = table[fallback << 8 : (fallback + 1) << 8]
        for byte, child in children[state].items():
            queue.append((child, row[byte]))
            row[byte] = child
        table[state << 8 : (state + 1) << 8] = row
    after = table[OPEN << 8 : (OPEN + 1) << 8]
    for byte in _SPACE:
        after[byte] = AFTER_BRACE
    after[0x0A] = CLOSED
    table[AFTER_BRACE << 8 : (AFTER_BRACE + 1) << 8] = after
    return table


def _dull(table: array[int], accepts: bytearray) -> bytearray:
    bits = bytearray(b"\xff") * (256 * 32)
    root = table[OPEN << 8 : (OPEN + 1) << 8]
    for first, state in enumerate(root):
        if state == OPEN:
            continue
        bits[first << 5 : (first + 1) << 5] = bytes(32)
        if state in (CLOSED, AFTER_BRACE) or accepts[state]:
            continue
        for second, after in enumerate(table[state << 8 : (state + 1) << 8]):
            bits[first << 5 | second >> 3] |= (after == root[second]) << (second & 7)
    return bits


def _root_row(children: dict[int, int]) -> array[int]:
    row = array("H", [CLOSED if byte < 0x20 else OPEN for byte in range(256)])
    for byte in b"\t\n\r":
        row[byte] = OPEN
    row[0x7D] = AFTER_BRACE
    for byte, child in children.items():
        row[byte] = child
    return row
