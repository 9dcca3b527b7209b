"""A block list of the pools found as Suricata rules: alerts on DNS, TLS and connections.

Signature numbers (1,700,000 to 1,899,999, of the range that is free for local use) follow from
what a rule is about, so that they stay the same from list to list.
"""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

from netminedet.report.blocking import Blocked, BlockList, list_format
from netminedet.report.text import bracketed

MACHINE = True
OPTIONS = ("all_pools", "signatures")

_FIRST_SID = 1_700_000
_SIDS = 200_000


def _lines(found: BlockList, origin: str) -> Iterator[str]:
    yield f"# {origin}"
    taken: set[int] = set()
    for begin, options in _rules(found):
        sid = _FIRST_SID + crc32(f"{begin} {options}".encode()) % _SIDS
        while sid in taken:
            sid = _FIRST_SID + (sid + 1 - _FIRST_SID) % _SIDS
        taken.add(sid)
        yield f"{begin} ({options} classtype:coin-mining; sid:{sid}; rev:1;)"


def _rules(found: BlockList) -> Iterator[tuple[str, str]]:
    """What comes before the parenthesis of a rule, and what makes it this one."""
    for one in found.names:
        for keyword, protocol in (("dns.query", "dns"), ("tls.sni", "tls")):
            yield f"alert {protocol} any any -> any any", f"{_message(one)} {keyword}; {_is_name(one)}"
    for one in found.addresses:
        yield f"alert tcp any any -> {bracketed(one.ip)} {one.port}", f"{_message(one)} flow:to_server;"


def _message(one: Blocked) -> str:
    what = one.name or f"{one.ip} port {one.port}"
    return f'msg:"netminedet mining pool {one.pool} {what.replace(":", " ")}";'


def _is_name(one: Blocked) -> str:
    if one.whole_domain:
        return f'dotprefix; content:".{one.name}"; nocase; endswith;'
    return f'content:"{one.name}"; nocase; startswith; endswith;'


render = list_format(_lines)
