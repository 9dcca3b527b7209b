"""Which servers are proxies that were asked for a tunnel: no pool's own, though mining went through them."""

from __future__ import annotations

from collections.abc import Iterable

from netminedet.suspects import Pool, Suspect

#: How the evidence is called that a proxy was asked for a name.
_ASKED = frozenset({"name.http-connect", "name.socks", "tunnel.to-pool"})


def proxies_of(suspects: Iterable[Suspect]) -> set[tuple[str, int]]:
    """Addresses and ports of all proxies that these suspects asked for a tunnel."""
    return {end for suspect in suspects for end in _asked_by(suspect)}


def is_proxy(pool: Pool, suspect: Suspect) -> bool:
    """Whether what the suspect has as a pool's address is that of a proxy that it asked for a tunnel."""
    return any(end == (pool.ip, pool.port) for end in _asked_by(suspect))


def _asked_by(suspect: Suspect) -> Iterable[tuple[str, int]]:
    flows = [one.flow for one in suspect.connections if one.tunnel]
    flows += [one.where.flow for one in suspect.evidence if one.signature in _ASKED]
    for flow in flows:
        yield flow.dest_ip, flow.dest_port
