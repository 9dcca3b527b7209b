"""A block list of the pools found as a Suricata dataset of type string: names in base64.

A rule names the file: ``dns.query; dataset:isset,pools,type string,load pools.lst;``.
A dataset is matched by whole names: of a domain, the domain itself and no host under it.
"""

from __future__ import annotations

import base64
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
    """Write a name a line."""
    found = block_list(report, all_pools=all_pools, signatures=signatures)
    for name in dict.fromkeys(one.name for one in found.names):
        stream.write(base64.b64encode(name.encode()).decode("ascii") + "\n")
