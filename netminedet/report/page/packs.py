"""Sections that are not laid out when the page opens: packed into it, a hundred together.

A browser that had to lay out the evidence of ten thousand hosts would take long, and a page that left it
out would not be whole.  So the page's script unpacks a section when somebody asks for it.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from netminedet.report.page.moments import Clock
from netminedet.report.page.sections import Section, section_of
from netminedet.suspects import Suspect

#: Pieces of evidence in a section that is packed.
PIECES_PACKED = 12
#: Sections of one pack: unpacking it is not felt.
SECTIONS_A_PACK = 100


class Pack(Struct, frozen=True):
    """The sections from one number to another: HTML in UTF-8, compressed (RFC 1950), in base 64."""

    first: int
    last: int
    text: str


def packs_of(
    suspects: Sequence[Suspect], shown: int, clock: Clock, html_of: Callable[[Section], str]
) -> Iterator[Pack]:
    """The sections of all suspects behind the first, which are shown; ``html_of`` makes the HTML of one, in
    which everything is escaped."""
    for before in range(shown, len(suspects), SECTIONS_A_PACK):
        some = suspects[before : before + SECTIONS_A_PACK]
        sections = (
            section_of(number, one, clock, PIECES_PACKED) for number, one in enumerate(some, before + 1)
        )
        html = "".join(map(html_of, sections)).encode()
        text = base64.b64encode(zlib.compress(html, 6)).decode("ascii")
        yield Pack(before + 1, before + len(some), text)
