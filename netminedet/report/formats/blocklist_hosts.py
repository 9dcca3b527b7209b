"""A block list of the pools found as a hosts file: their names lead nowhere (0.0.0.0).

Such a file knows whole names only: of a domain, the domain itself and no host under it.
"""

from __future__ import annotations

from collections.abc import Iterator

from netminedet.report.blocking import BlockList, list_format

MACHINE = True
OPTIONS = ("all_pools", "signatures")


def _lines(found: BlockList, origin: str) -> Iterator[str]:
    yield f"# {origin}"
    for name in dict.fromkeys(one.name for one in found.names):
        yield f"0.0.0.0 {name}"


render = list_format(_lines)
