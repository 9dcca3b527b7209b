"""Sections that are not laid out when the page opens: packed into it, a hundred together.

A browser that had to lay out the evidence of ten thousand hosts would take long, and a page that left it
out would not be whole.  So the page's script unpacks a section when somebody asks for it.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from msgspec import Struct

from netminedet.report.page.sections import Section

#: Sections of one pack: unpacking it is not felt.
SECTIONS_A_PACK = 100


class Pack(Struct, frozen=True):
    """The sections from one number to another: HTML in UTF-8, compressed (RFC 1950), in base 64."""

    first: int
    last: int
    text: str


def packs_of(sections: Iterable[Section], html_of: Callable[[Section], str]) -> Iterator[Pack]:
    """All sections, packed; ``html_of`` makes the HTML of one, in which everything is escaped."""
    rest = iter(sections)
    while some := list(islice(rest, SECTIONS_A_PACK)):
        html = "".join(map(html_of, some)).encode()
        text = base64.b64encode(zlib.compress(html, 6)).decode("ascii")
        yield Pack(some[0].number, some[-1].number, text)
