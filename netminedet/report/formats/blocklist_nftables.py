"""A block list of the pools found as nftables sets: addresses with ports, IPv4 and IPv6.

``nft -f FILE`` fills the sets ``pools4`` and ``pools6`` of the table ``inet netminedet`` anew, in one
step; rules that use them stay.
"""

from __future__ import annotations

from collections.abc import Iterator

from netminedet.report.blocking import BlockList, list_format

MACHINE = True
OPTIONS = ("signatures",)


def _lines(found: BlockList, origin: str) -> Iterator[str]:
    yield f"# {origin}"
    yield "add table inet netminedet"
    for version, kind in ((4, "ipv4_addr"), (6, "ipv6_addr")):
        name = f"inet netminedet pools{version}"
        yield f"add set {name} {{ type {kind} . inet_service; }}"
        yield f"flush set {name}"
        pairs = sorted({(one.ip, one.port) for one in found.of_version(version)})
        if pairs:
            elements = ",\n".join(f"    {ip} . {port}" for ip, port in pairs)
            yield f"add element {name} {{\n{elements}\n}}"


render = list_format(_lines)
