"""Puts pseudonyms in the place of people's addresses, wherever a report or a story has them.

Every address is a person's but those of pools: a pool's address outside the home network stays, for it
is what the report is about.  Community IDs are made from what is shown, so they are those of the
pseudonyms.  See ``cryptopan`` for the scheme.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from msgspec.structs import replace

from netminedet.errors import NetminedetError
from netminedet.holders import Attribution, Behind, Place, Subscriber, Unit
from netminedet.language import Sentence
from netminedet.model import (
    CLAIMED_IP,
    FiveTuple,
    InputInfo,
    Layer,
    Where,
)
from netminedet.report.cryptopan import CryptoPan
from netminedet.report.like import ReportLike
from netminedet.report.plain import PlainReport, plain_report
from netminedet.suspects import (
    Connection,
    Evidence,
    NodeSeen,
    Pool,
    ResolverSeen,
    Suspect,
)

#: What a report says of its addresses, with a mark of the key behind it.
SCHEME = "crypto-pan"
#: Hex digits of that mark.
KEY_DIGITS = 8
#: Hex digits of a subscriber's pseudonym.
DIGITS = 16

_ADDRESS = re.compile(
    r"(?<![\w.:])(?:[0-9A-Fa-f]{0,4}:(?:[0-9A-Fa-f]{0,4}:){1,6}[0-9A-Fa-f.]{0,15}|\d{1,3}(?:\.\d{1,3}){3})"
    r"(?![\w]|\.\d|:[0-9A-Fa-f]{0,4}:)"
)
#: Evidence whose other end is the pool itself.
_AT_POOL = frozenset({"name.http-host", "name.tls-sni", "name.tls-certificate"})

_Network = IPv4Network | IPv6Network


class Anonymizer:
    """Pseudonyms under one key, for one report: which addresses are people's depends on it."""

    def __init__(
        self, key: bytes, home_net: Sequence[_Network], report: ReportLike, known: Container[str] = ()
    ) -> None:
        """``key``: 32 bytes; ``known``: addresses that are people's besides those of the report.

        Raises NetminedetError where the library is missing.
        """
        self._key = key
        self._pan = CryptoPan(key)
        self._home = tuple(home_net)
        people = {one.host for one in report.suspects}
        people |= {one.host for one in report.adjacent} | {one.host for one in report.resolvers}
        pools = {ip for suspect in report.suspects for ip in _pool_addresses(suspect)}
        self._known = known
        self._pools = {ip for ip in pools if ip not in people and ip not in known and not self._is_home(ip)}
        #: addresses that are replaced in texts, too
        self._people = people | (set(_all_addresses(report)) - self._pools)

    def _is_home(self, address: str) -> bool:
        found = ip_address(address)
        return any(found.version == net.version and found in net for net in self._home)

    def address(self, address: str) -> str:
        """What is shown of an address."""
        return address if address in self._pools else self._pan.pseudonym(address)

    def text(self, text: str) -> str:
        """A text, with the addresses in it that are people's replaced; others are no matter of ours."""
        if isinstance(text, Sentence):
            return text.mapped(self.text)
        return _ADDRESS.sub(self._replaced, text)

    def _replaced(self, found: re.Match[str]) -> str:
        try:
            address = ip_address(found[0])
        except ValueError:
            return found[0]
        plain = str(address)
        if (
            plain in self._people
            or plain in self._known
            or (plain not in self._pools and self._is_home(plain))
        ):
            return self._pan.pseudonym(plain)
        return found[0]

    def name(self, name: str) -> str:
        """The pseudonym of a subscriber's name or account: HMAC-SHA-256 under the same key."""
        if not name:
            return ""
        data = b"subscriber\0" + name.encode("utf-8", "surrogatepass")
        return f"subscriber-{hmac.new(self._key, data, hashlib.sha256).hexdigest()[:DIGITS]}"

    @property
    def scheme(self) -> str:
        """``crypto-pan/`` and a mark by which reports under the same key are known, and no key is found."""
        mark = hmac.new(self._key, b"key", hashlib.sha256).hexdigest()[:KEY_DIGITS]
        return f"{SCHEME}/{mark}"

    def network(self, cidr: str) -> str:
        """A network, whose pseudonym has the same length."""
        network = ip_network(cidr, strict=False)
        hidden = self._pan.pseudonym(str(network.network_address))
        return str(ip_network(f"{hidden}/{network.prefixlen}", strict=False))

    def flow(self, flow: FiveTuple) -> FiveTuple:
        return replace(flow, src_ip=self.address(flow.src_ip), dest_ip=self.address(flow.dest_ip))

    def where(self, where: Where) -> Where:
        """A place; the addresses of tunnels get pseudonyms, too: they may be a subscriber's."""
        tunnel = tuple(self._layer(layer) for layer in where.tunnel)
        return replace(where, input=self.text(where.input), flow=self.flow(where.flow), tunnel=tunnel)

    def details(self, details: Mapping[str, str]) -> dict[str, str]:
        """Details of evidence; an address that a PROXY header claims may be a subscriber's, too."""
        return {
            name: self._claimed(value) if name == CLAIMED_IP else self.text(value)
            for name, value in details.items()
        }

    def _claimed(self, text: str) -> str:
        try:
            return self._pan.pseudonym(text)
        except ValueError:  # a report that was read may have anything here
            return self.text(text)

    def _layer(self, layer: Layer) -> Layer:
        ends = (None if ip is None else self._pan.pseudonym(ip) for ip in (layer.src_ip, layer.dest_ip))
        return Layer(layer.kind, layer.id, *ends)


def _pool_addresses(suspect: Suspect) -> Iterator[str]:
    """Addresses that a suspect knew as a pool's."""
    yield from (pool.ip for pool in suspect.pools if pool.ip is not None)
    if suspect.management is None:  # else it is who asked the machine
        yield from (one.flow.dest_ip for one in suspect.connections if one.flow.src_ip == suspect.host)
    for one in suspect.evidence:
        flow = one.where.flow
        if one.signature in _AT_POOL and flow.src_ip == suspect.host:
            yield flow.dest_ip


def _all_addresses(report: ReportLike) -> Iterator[str]:
    """Every address that stands in a report by itself, not within a text."""
    for suspect in report.suspects:
        yield suspect.host
        for flow in [one.where.flow for one in suspect.evidence] + [one.flow for one in suspect.connections]:
            yield from (flow.src_ip, flow.dest_ip)
    for node in report.adjacent:
        yield from node.peers
    for resolver in report.resolvers:
        yield from resolver.clients


def anonymized(report: ReportLike, key: bytes, home_net: Sequence[_Network]) -> PlainReport:
    """The report with pseudonyms in the place of people's addresses; subscribers' names get some, too.

    What a ledger says of an address stays as far as it is about many: operator, city and county, and the
    kind of unit.  Raises NetminedetError where the library is missing or the key has another length.
    """
    if getattr(report, "anonymized", ""):
        raise NetminedetError("the addresses of this report are pseudonyms already")
    hide = Anonymizer(key, home_net, report)
    suspects = [anonymized_suspect(suspect, hide) for suspect in report.suspects]
    return replace(
        plain_report(report),
        inputs=tuple(_input(info, hide) for info in report.inputs),
        suspects=tuple(sorted(suspects, key=_weight)),
        adjacent=tuple(sorted((_node(node, hide) for node in report.adjacent), key=lambda one: one.host)),
        resolvers=tuple(sorted((_resolver(one, hide) for one in report.resolvers), key=lambda one: one.host)),
        anonymized=hide.scheme,
    )


def _weight(suspect: Suspect) -> tuple[int, int, int, int, bytes]:
    """As verdicts sort suspects; the order must not tell that of the true addresses."""
    address = ip_address(suspect.host)
    shares = suspect.shares
    return -suspect.verdict, -shares.accepted, -shares.submitted, address.version, address.packed


def anonymized_suspect(suspect: Suspect, hide: Anonymizer) -> Suspect:
    """One suspect, with pseudonyms wherever an address stands."""
    told = suspect.management
    return replace(
        suspect,
        host=hide.address(suspect.host),
        reasons=_texts(suspect.reasons, hide),
        pools=tuple(sorted((_pool(pool, hide) for pool in suspect.pools), key=_pool_order)),
        workers=_texts(suspect.workers, hide),
        wallets=_texts(suspect.wallets, hide),
        agents=_texts(suspect.agents, hide),
        evidence=tuple(_evidence(one, hide) for one in suspect.evidence),
        management=None
        if told is None
        else replace(told, interfaces=_texts(told.interfaces, hide), pools=_texts(told.pools, hide)),
        connections=tuple(_connection(one, hide) for one in suspect.connections),
        unit=None if suspect.unit is None else _unit(suspect.unit, hide),
        places={hide.address(ip): _place(ip, place, suspect) for ip, place in suspect.places.items()},
        behind=None if suspect.behind is None else _behind(suspect.behind, hide),
    )


def _texts(texts: Iterable[str], hide: Anonymizer) -> tuple[str, ...]:
    return tuple(hide.text(text) for text in texts)


def _pool(pool: Pool, hide: Anonymizer) -> Pool:
    name = None if pool.name is None else hide.text(pool.name)
    return replace(pool, name=name, ip=None if pool.ip is None else hide.address(pool.ip))


def _pool_order(pool: Pool) -> tuple[bool, str, str, int]:
    return pool.ip is None, pool.name or "", pool.ip or "", pool.port or 0


def _evidence(one: Evidence, hide: Anonymizer) -> Evidence:
    return replace(
        one,
        where=hide.where(one.where),
        excerpt=hide.text(one.excerpt),
        why=hide.text(one.why),
        details=hide.details(one.details),
        subscriber=_attribution(one.subscriber, hide),
    )


def _connection(one: Connection, hide: Anonymizer) -> Connection:
    return replace(one, flow=hide.flow(one.flow), subscriber=_attribution(one.subscriber, hide))


def _attribution(told: Attribution | None, hide: Anonymizer) -> Attribution | None:
    """Without the log's lines, which lead back."""
    if told is None:
        return None
    return replace(told, subscribers=tuple(_subscriber(one, hide) for one in told.subscribers), entries=())


def _subscriber(one: Subscriber, hide: Anonymizer) -> Subscriber:
    private = None if one.private_ip is None else hide.address(one.private_ip)
    return Subscriber(hide.name(one.name), private)


def _behind(behind: Behind, hide: Anonymizer) -> Behind:
    seen = (replace(one, subscriber=_subscriber(one.subscriber, hide)) for one in behind.subscribers)
    return replace(behind, subscribers=tuple(seen))


def _unit(unit: Unit, hide: Anonymizer) -> Unit:
    return replace(unit, cidr=hide.network(unit.cidr), unit="", contact="")


def _place(address: str, place: Place, suspect: Suspect) -> Place:
    return place if address != suspect.host else Place(country=place.country, region=place.region)


def _input(info: InputInfo, hide: Anonymizer) -> InputInfo:
    return replace(info, path=hide.text(info.path), problems=list(_texts(info.problems, hide)))


def _node(node: NodeSeen, hide: Anonymizer) -> NodeSeen:
    peers = tuple(sorted(hide.address(peer) for peer in node.peers))
    return replace(node, host=hide.address(node.host), peers=peers, where=hide.where(node.where))


def _resolver(one: ResolverSeen, hide: Anonymizer) -> ResolverSeen:
    clients = tuple(sorted(hide.address(client) for client in one.clients))
    return replace(one, host=hide.address(one.host), clients=clients)
