"""A block list of the pools found as a Suricata dataset of type string: names in base64.

A rule names the file: ``dns.query; dataset:isset,pools,type string,load pools.lst;``.
A dataset is matched by whole names: of a domain, the domain itself and no host under it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from netminedet.report.blocking import BlockList, list_format

MACHINE = True
OPTIONS = ("all_pools", "signatures")


def _lines(found: BlockList, origin: str) -> Iterator[str]:
    for name in dict.fromkeys(one.name for one in found.names):
        yield base64.b64encode(name.encode()).decode("ascii")


render = list_format(_lines)
