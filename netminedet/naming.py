"""Names: what of the packets that may name a pool does, and what goes with it into the findings."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from netminedet.following import Following
from netminedet.model import (
    ITERATIVE,
    BareTls,
    NameAnswer,
    NameSeen,
    NameSource,
    PoolName,
    TunnelAsked,
    Where,
)
from netminedet.protocols.certificate import certificate_names
from netminedet.protocols.dns import DnsMessage, read_dns
from netminedet.protocols.hosts import http_target
from netminedet.protocols.preambles import claimed_client
from netminedet.protocols.socks import tunnel_request
from netminedet.protocols.tls import ja4, tls_server_name
from netminedet.sieve import FlowKey, Hit, Sieve
from netminedet.sieve.columns import (
    CERTIFICATE,
    CLIENT_HELLO,
    DNS_TCP,
    DNS_UDP,
    HTTP_REQUEST,
    MATCH_BARE_TLS,
    MATCH_TUNNEL,
    PROXIED,
    SOCKS_REQUEST,
)
from netminedet.signatures.pools import PoolList
from netminedet.verdict.findings import Findings

if TYPE_CHECKING:
    from netminedet.keeper import Keeper

#: Requests to proxies whose flows may turn out to mine, by what is no pool's name: the latest are kept.
MAX_TUNNELS_ASKED = 4096
#: Flows that began with a header of the PROXY protocol, and whom it claims as the client: the latest.
MAX_CLAIMS = 4096


class Naming:
    """Reads the names in one input's hits; ``pools`` may be replaced between two of them."""

    def __init__(
        self,
        pools: PoolList,
        sieve: Sieve,
        findings: Findings,
        following: Following,
        keeper: Keeper | None = None,
    ) -> None:
        self.pools = pools
        self._sieve = sieve
        self._findings = findings
        self._following = following
        self._keeper = keeper
        self._lookups_full = False
        #: what proxies were asked for that is no pool's name, until the flow turns out to mine
        self._tunnels_asked: OrderedDict[FlowKey, TunnelAsked] = OrderedDict()
        #: when a flow's header of the PROXY protocol came, and its claim as details
        self._claims: OrderedDict[FlowKey, tuple[int, dict[str, str]]] = OrderedDict()

    def turn_to(self, findings: Findings) -> None:
        """Put what is found into these findings from now on."""
        self._findings = findings

    def read(self, hit: Hit) -> bool:
        """A packet in which the sieve saw what may be a pool's name, or a TLS session without any: whether
        its flow carries evidence."""
        data = hit.prefix or hit.payload
        if hit.match == MATCH_BARE_TLS:
            self._findings.add_bare_tls(BareTls(hit.where, ja4(data)))
            return True
        if hit.kind == PROXIED:
            self._claim(hit, claimed_client(data))
        elif hit.kind in (DNS_UDP, DNS_TCP):
            self._dns(hit, data)
        elif hit.kind == CLIENT_HELLO:
            if pool := self._pool(tls_server_name(data)):
                details = {"ja4": mark} if (mark := ja4(data)) else {}
                return self._seen(hit, NameSeen(hit.where, NameSource.TLS, pool, details))
        elif hit.kind == CERTIFICATE:
            if pool := self.pools.owner(certificate_names(data)):
                return self._seen(hit, NameSeen(_reversed(hit), NameSource.TLS_CERTIFICATE, pool))
        elif hit.kind == SOCKS_REQUEST:
            if request := tunnel_request(data):
                return self._tunnel(hit, request.host, request.port, NameSource.SOCKS)
        elif hit.kind == HTTP_REQUEST:
            target = http_target(data)
            if target.tunnel:
                return self._tunnel(hit, target.host, target.port, NameSource.HTTP_CONNECT)
            if pool := self._pool(target.host):
                self._seen(hit, NameSeen(hit.where, NameSource.HTTP_HOST, pool))
        return False

    def claim_of(self, key: FlowKey) -> Mapping[str, str]:
        """Whom the flow's header of the PROXY protocol claims as the client, as details; empty for nobody."""
        moment, claim = self._claims.get(key, (0, {}))
        if not claim:
            return claim
        totals = self._sieve.flow_totals(key)
        return claim if totals is None or totals[3] <= moment else {}  # else it was of an earlier flow

    def _claim(self, hit: Hit, claim: dict[str, str]) -> None:
        self._claims.pop(hit.key, None)
        if not claim:
            return
        self._claims[hit.key] = (hit.where.time_ns, claim)
        if len(self._claims) > MAX_CLAIMS:
            self._claims.popitem(last=False)
            self._findings.dropped["claimed_clients_not_kept"] += 1

    def mines(self, key: FlowKey) -> None:
        """The flow turned out to mine: where a proxy led it is told now."""
        if (tunnel := self._tunnels_asked.pop(key, None)) is not None:
            self._findings.add_tunnel(tunnel)

    def count_passed(self) -> None:
        """Count the look-ups, and the requests to proxies, that the sieve passed over for want of room."""
        if self._lookups_full:
            messages, answers = self._sieve.keep_all()
            self._findings.dropped["names_not_kept"] += messages
            self._findings.dropped["dns_answers_not_kept"] += answers
            self._lookups_full = False
        self._findings.dropped.update(self._sieve.take_passed())

    def _tunnel(self, hit: Hit, host: str | None, port: int, source: NameSource) -> bool:
        """A proxy was asked for a connection to ``host``: if that is no pool's name, the flow may yet
        turn out to be a miner's, and then tells where the proxy led it."""
        if hit.match == MATCH_TUNNEL and host:
            self._tunnels_asked[hit.key] = TunnelAsked(hit.where, source, PoolName(host, ""), port)
            if len(self._tunnels_asked) > MAX_TUNNELS_ASKED:
                self._tunnels_asked.popitem(last=False)
                self._findings.dropped["tunnels_not_kept"] += 1
        elif pool := self._pool(host):
            self._findings.add_tunnel(TunnelAsked(hit.where, source, pool, port))
            return self._seen(hit, NameSeen(hit.where, source, pool, {"port": str(port)} if port else {}))
        return False

    def _seen(self, hit: Hit, seen: NameSeen) -> bool:
        if claim := self.claim_of(hit.key) if self._claims else {}:
            seen = replace(seen, details={**seen.details, **claim})
        self._findings.add_name(seen, hit.wirelen)
        if self._keeper is not None:
            self._keeper.proves(hit.where, f"name.{seen.source.value}")
        return True

    def _pool(self, name: str | None) -> PoolName | None:
        return self.pools.lookup(name) if name else None

    def _dns(self, hit: Hit, data: bytes) -> None:
        message = read_dns(data)
        if message is None:
            return
        where = _reversed(hit) if message.is_answer else hit.where
        self._following.asked(message, where)
        for asked in message.questions:
            self._looked_up(hit, where, message, asked)
        if not self._lookups_full and self._findings.names_full:
            self._lookups_full = True
            self._sieve.keep_only({host for host, _, _ in self._findings.names})

    def _looked_up(self, hit: Hit, where: Where, message: DnsMessage, asked: str) -> None:
        """A question: is its name, or the first that it is an alias of, a pool's?"""
        chain = message.chain(asked)
        pools = ((start, pool) for start, name in enumerate(chain) if (pool := self._pool(name)))
        start, pool = next(pools, (0, None))
        if pool is None:
            return
        details = {} if message.recursive else {ITERATIVE: "yes"}
        if start:
            seen = NameSeen(where, NameSource.DNS_ALIAS, pool, {"asked": asked, **details})
        else:
            seen = NameSeen(where, NameSource.DNS, pool, details)
        self._seen(hit, seen)
        for owner, address, ttl in message.addresses:
            if owner in chain[start:]:
                self._findings.add_answer(NameAnswer(where, where.flow.src_ip, pool, address, ttl))


def _reversed(hit: Hit) -> Where:
    """The packet's place, with the flow as the other side sends it."""
    where = hit.where
    return Where(where.time_ns, where.input, where.packet, where.flow.reversed(), where.tunnel)
