"""A block list of the pools found as a file for Zeek's intelligence framework.

Names are ``Intel::DOMAIN``, addresses ``Intel::ADDR`` (without ports, which Zeek has no place for).
"""

from __future__ import annotations

from collections.abc import Iterator

from netminedet.report.blocking import BlockList, list_format

MACHINE = True
OPTIONS = ("all_pools", "signatures")


def _lines(found: BlockList, origin: str) -> Iterator[str]:
    yield "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc"
    rows = [(one.name, "Intel::DOMAIN", one.pool) for one in found.names]
    rows += [(one.ip, "Intel::ADDR", one.pool) for one in found.addresses]
    for indicator, kind, pool in sorted(set(rows)):
        yield f"{indicator}\t{kind}\tnetminedet\tmining pool {pool}"


render = list_format(_lines)
