"""A block list of the pools found as nftables sets: addresses with ports, IPv4 and IPv6.

``nft -f FILE`` fills the sets ``pools4`` and ``pools6`` of the table ``inet netminedet`` anew, in one
step; rules that use them stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from netminedet.report.blocking import block_list, comment
from netminedet.report.like import ReportLike

MACHINE = True
OPTIONS = ("signatures",)


def render(
    report: ReportLike,
    stream: TextIO,
    *,
    color: bool = False,
    width: int | None = None,
    signatures: Sequence[str] = (),
) -> None:
    """Write a script for ``nft -f``."""
    found = block_list(report, all_pools=False, signatures=signatures)
    stream.write(f"# {comment(report, found)}\n")
    stream.write("add table inet netminedet\n")
    for version, kind in ((4, "ipv4_addr"), (6, "ipv6_addr")):
        name = f"inet netminedet pools{version}"
        stream.write(f"add set {name} {{ type {kind} . inet_service; }}\nflush set {name}\n")
        pairs = sorted({(one.ip, one.port) for one in found.of_version(version)})
        if pairs:
            elements = ",\n".join(f"    {ip} . {port}" for ip, port in pairs)
            stream.write(f"add element {name} {{\n{elements}\n}}\n")
