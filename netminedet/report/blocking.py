"""What to block: the names and addresses of pools, for the block lists of other tools.

A list must not be written by those whom it is to stop.  So a name counts only where the pool
list knows it, whatever the traffic called a pool; an address only together with its port, where
a server there was heard to accept work, and never one of a private network, nor a proxy's that was
asked for a tunnel: others use that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TextIO

from msgspec import Struct

from netminedet.language import number_of
from netminedet.report.like import ReportLike
from netminedet.report.proxies import proxies_of
from netminedet.signatures.pools import PoolList
from netminedet.suspects import Pool, Verdict

#: Networks of which no address is ever in a block list: whoever owns them is us, or nobody.
NEVER = tuple(
    ip_network(cidr)
    for cidr in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.168.0.0/16", "224.0.0.0/3", "::/127", "::ffff:0:0/96", "fc00::/7", "fe80::/10", "ff00::/8"),
    )
)
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{4,253}}\Z)(?:{_LABEL}\.)+[a-z][a-z0-9-]{{1,62}}", re.ASCII)
#: Characters of a pool's own name that no format of lists gives a meaning.
_PLAIN = re.compile(r"[^A-Za-z0-9 ._()-]+", re.ASCII)


class Blocked(Struct, frozen=True, order=True):
    """A name or an address with its port, and the pool's own name in plain characters."""

    name: str
    #: of a name: whether everything under it is the pool's, too
    whole_domain: bool
    ip: str
    port: int
    pool: str


class BlockList(Struct, frozen=True):
    """What a list holds."""

    names: tuple[Blocked, ...]
    addresses: tuple[Blocked, ...]

    def of_version(self, version: int) -> tuple[Blocked, ...]:
        """The addresses of IPv4 or IPv6."""
        return tuple(one for one in self.addresses if ip_address(one.ip).version == version)


def block_list(report: ReportLike, *, all_pools: bool, signatures: Sequence[str] = ()) -> BlockList:
    """The pools that the report's suspects used; with ``all_pools`` all names that the pool list has, too.

    ``signatures``: folders whose pools are known besides.
    """
    from netminedet.signatures import load_signatures

    known = load_signatures([Path(folder) for folder in signatures]).pools
    pools = {pool for one in report.suspects for pool in one.pools}
    names = {_blocked_name(pool.name.lower().removesuffix("."), known) for pool in pools if pool.name}
    if all_pools:
        names |= set(_all_names(known))
    owners = _owners(pools, known)
    addresses = {
        Blocked("", False, ip, port, owners.get((ip, port), "unlisted"))
        for ip, port in _accepting(report)
        if _may_be_blocked(ip)
    }
    return BlockList(tuple(sorted(filter(None, names))), tuple(sorted(addresses)))


def list_format(lines: Callable[[BlockList, str], Iterable[str]]) -> Callable[..., None]:
    """The ``render`` of a format that writes these lines of a list.

    ``lines`` is given what to block, and one line that says what the list is and where it comes from.
    """

    def render(
        report: ReportLike,
        stream: TextIO,
        *,
        color: bool = False,
        width: int | None = None,
        all_pools: bool = False,
        signatures: Sequence[str] = (),
    ) -> None:
        found = block_list(report, all_pools=all_pools, signatures=signatures)
        stream.writelines(f"{line}\n" for line in lines(found, _origin(report, found)))

    return render


def _accepting(report: ReportLike) -> Iterable[tuple[str, int]]:
    """The servers that said yes to a share, but for proxies."""
    proxies = proxies_of(report.suspects)
    for one in (one for suspect in report.suspects for one in suspect.connections):
        server = one.flow.dest_ip, one.flow.dest_port
        if one.proves == Verdict.CONFIRMED.label and one.shares.accepted and server not in proxies:
            yield server


def is_name(text: str) -> bool:
    """Whether a text is a host name, in small letters."""
    return _NAME.fullmatch(text) is not None


def _origin(report: ReportLike, found: BlockList) -> str:
    names = number_of("{n} name", "{n} names", len(found.names))
    addresses = number_of("{n} address", "{n} addresses", len(found.addresses))
    tool = f"netminedet {_plain(report.tool_version)}"
    return f"pools of virtual currencies, by {tool}: {names}, {addresses}"


def _blocked_name(name: str, known: PoolList) -> Blocked | None:
    pool = known.lookup(name) if is_name(name) else None
    return None if pool is None else Blocked(name, False, "", 0, _plain(pool.pool))


def _all_names(known: PoolList) -> Iterable[Blocked]:
    for row in known.rows:
        if row.whole_domain:
            yield Blocked(row.domain, True, "", 0, _plain(row.pool))
            continue
        for host in row.hosts:
            yield Blocked(host.removeprefix("*."), host.startswith("*."), "", 0, _plain(row.pool))


def _owners(pools: Iterable[Pool], known: PoolList) -> dict[tuple[str | None, int | None], str]:
    """Whose each server is, by the names under which the pool list knows it."""
    found = {}
    for pool in sorted(pools, key=repr):
        listed = known.lookup(pool.name) if pool.name else None
        if listed is not None:
            found[pool.ip, pool.port] = _plain(listed.pool)
    return found


@lru_cache(1024)
def _may_be_blocked(text: str) -> bool:
    address = ip_address(text)
    return not any(address.version == net.version and address in net for net in NEVER)


def _plain(text: str) -> str:
    return " ".join(_PLAIN.sub("", text).split())[:60].strip() or "unnamed"
