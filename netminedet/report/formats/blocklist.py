"""A block list of the pools found: names and addresses, one a line, with comments after #.

An address stands with its port.  For what is listed and what never is, see `blocking`.
"""

from __future__ import annotations

from collections.abc import Iterator

from netminedet.report.blocking import BlockList, list_format
from netminedet.report.text import bracketed

MACHINE = True
OPTIONS = ("all_pools", "signatures")


def _lines(found: BlockList, origin: str) -> Iterator[str]:
    yield f"# {origin}"
    for one in found.names:
        yield one.name
    for one in found.addresses:
        yield f"{bracketed(one.ip)}:{one.port}"


render = list_format(_lines)
