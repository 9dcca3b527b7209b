"""A block list of the pools found: names and addresses, one a line, with comments after ``#``.

An address stands with its port.  For what is listed and what never is, see `blocking`.
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
    """Write an entry a line."""
    found = block_list(report, all_pools=all_pools, signatures=signatures)
    stream.write(f"# {comment(report, found)}\n")
    for one in found.names:
        stream.write(f"{one.name}\n")
    for one in found.addresses:
        ip = f"[{one.ip}]" if ":" in one.ip else one.ip
        stream.write(f"{ip}:{one.port}\n")
