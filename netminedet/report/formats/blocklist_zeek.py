"""A block list of the pools found as a file for Zeek's intelligence framework.

Names are ``Intel::DOMAIN``, addresses ``Intel::ADDR`` (without ports, which Zeek has no place for).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from netminedet.report.blocking import block_list
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
    """Write an indicator a line, columns separated by tabs."""
    found = block_list(report, all_pools=all_pools, signatures=signatures)
    stream.write("#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\n")
    rows = [(one.name, "Intel::DOMAIN", one.pool) for one in found.names]
    rows += [(one.ip, "Intel::ADDR", one.pool) for one in found.addresses]
    for indicator, kind, pool in sorted(set(rows)):
        stream.write(f"{indicator}\t{kind}\tnetminedet\tmining pool {pool}\n")
