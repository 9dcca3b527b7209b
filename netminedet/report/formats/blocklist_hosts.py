"""A block list of the pools found as a hosts file: their names lead nowhere (0.0.0.0).

Such a file knows whole names only: of a domain, the domain itself and no host under it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from netminedet.report.blocking import block_list, comment
from netminedet.report.like import ReportLike

MACHINE = True
OPTIONS = ("all_pools", "signatures")


def render(
    report: ReportLike,
    stream: TextIO,
    *,
    color: bool = False,
    width: int | None = None,
    all_pools: bool = False,
    signatures: Sequence[str] = (),
) -> None:
    """Write a name a line."""
    found = block_list(report, all_pools=all_pools, signatures=signatures)
    stream.write(f"# {comment(report, found)}\n")
    for name in dict.fromkeys(one.name for one in found.names):
        stream.write(f"0.0.0.0 {name}\n")
