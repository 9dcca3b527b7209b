"""Lines of text for a terminal, broken where the language allows it.

English is broken between words.  Chinese has no blanks: it may be broken between any two of its characters,
but no line begins with a closing mark or ends with an opening one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60"
_OPENING = "（《「『【“‘"
_CLOSING = "，。；：、！？）》」』】”’…"
_HAS_WIDE = re.compile(f"[{_WIDE}]")
#: What stays together on a line: a number with the word behind it, a word, or one wide character; with the
#: marks that belong to it.
_PIECE = re.compile(
    rf"[{_OPENING}]*(?:\d[\d,.]* [{_WIDE}]|[{_WIDE}]|[^\s{_WIDE}{_OPENING}{_CLOSING}]+)?[{_CLOSING}]*\s*"
)


def wrap(text: Text, console: Console, width: int) -> list[Text]:
    """The text in lines of at most ``width`` columns, without blanks at their ends."""
    if not _HAS_WIDE.search(text.plain):
        return list(text.wrap(console, width, overflow="fold"))
    lines = list(text.divide(_breaks(text.plain, width)))
    for line in lines:
        line.rstrip()
    return lines


def _breaks(text: str, width: int) -> Iterator[int]:
    """Where the lines begin, but for the first."""
    used = 0
    for piece in _PIECE.finditer(text):
        needed = cell_len(piece[0].rstrip())
        if used and used + needed > width:
            yield piece.start()
            used = 0
        if used + needed <= width:
            used += cell_len(piece[0])
            continue
        for place, character in enumerate(piece[0], piece.start()):  # a word longer than a line
            if used + cell_len(character) > width and not character.isspace():
                yield place
                used = 0
            used += cell_len(character)
