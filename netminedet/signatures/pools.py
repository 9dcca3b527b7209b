"""The list of mining pools, and how a host name is compared with it: by whole labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial

from msgspec import Struct

from netminedet.model import PoolName
from netminedet.signatures.csvfile import parse_rows
from netminedet.signatures.errors import SignatureError

COLUMNS = (
    "pool",
    "coins",
    "domain",
    "category",
    "match",
    "hosts",
    "ports",
    "tls_ports",
    "status",
    "source",
    "note",
)
REQUIRED_COLUMNS = ("pool", "domain")

#: Host names remembered with what they were found to be.
NAMES_KNOWN = 4096

#: "telemetry" is listed for the reader of the list only: no look-up of it says anything.
CATEGORIES = ("pool", "browser-miner", "proxy-market", "telemetry")
MATCHES = ("domain", "hosts")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: Names under which strangers keep hosts of their own; such a row must name its hosts.
SHARED_DOMAINS = _set(
    """
    amazonaws.com azurewebsites.net cloudflare.com cloudfront.net ddns.net duckdns.org dyndns.org
    dynu.net github.com github.io githubusercontent.com googleapis.com herokuapp.com hopto.org mine.bz
    mooo.com no-ip.org now.sh ntp.org pages.dev pool.ntp.org pp.ua sytes.net thruhere.net us.to
    vercel.app workers.dev zapto.org
    """
)

#: First labels that are a pool's web site, mail or statistics, not an endpoint for miners.
WEB_LABELS = _set(
    """
    account accounts admin api app auth autoconfig autodiscover beta blog calc cdn cloud console cpanel
    dashboard db dev dl dnsseed docs download explorer forum forums ftp grafana help id imap img info js
    login m mail my news ns1 ns2 oauth poczta pop3 portal seed smtp static stats status support test
    testnet wallet web webdisk webmail wiki www
    """
)

#: Hosts of these kinds say nothing about mining, whoever owns the domain: mail, name
#: servers, and seeds that the nodes of a coin ask for peers.
NEUTRAL_LABELS = _set(
    """
    autodiscover dnsseed imap mail mx ns ns1 ns2 pop3 seed seeds smtp webmail
    """
)

_COINS = _set(
    """
    aeon alph beam bch btc btg cfx ckb clore dash doge erg ergo etc eth ethash ethw etn firo flux grin
    iron kas kaspa kawpow ltc monero nexa randomx rtm rvn rx scrypt sha256 turtle xmr zcash zec zen zeph
    """
)
#: Of these words those that name an algorithm, and names of coins that are not their ticker.
_ALGORITHMS = _set("ethash kawpow randomx rx scrypt sha256")
_TICKERS = {"ergo": "ERG", "ethw": "ETHW", "kaspa": "KAS", "monero": "XMR", "turtle": "TRTL", "zcash": "ZEC"}
_REGIONS = _set(
    """
    ap as asia au br ca central cn de east eu europe fi fr global hk in jp kr na nl north pl ru sa sea
    sg south tr uk us use usa usw west
    """
)

#: Ports that browsers open for pages, and words of names that only miners ask for.
_HTTPS_PORTS = frozenset((443, 8443))
_MINING_WORDS = _set("mine mining ss stratum")

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_NAME_LIMIT = 253


class PoolRow(Struct, frozen=True):
    """One row of pools.csv."""

    pool: str
    coins: tuple[str, ...]
    domain: str
    category: str
    #: True: every name under the domain is the pool's; False: only ``hosts`` are
    whole_domain: bool
    #: names, or "*.name" for everything under a name
    hosts: tuple[str, ...]
    ports: frozenset[int]
    #: those of them that browsers open, too, and where the pool is known to serve miners without TLS only
    plain_web: frozenset[int] = frozenset()


class PoolList:
    """Finds the pool that a host name belongs to."""

    def __init__(self, rows: Iterable[PoolRow]) -> None:
        self.rows: tuple[PoolRow, ...] = tuple(row for row in rows if row.category != "telemetry")
        self._exact: dict[str, PoolRow] = {}
        self._under: dict[str, PoolRow] = {}
        for row in self.rows:
            if row.whole_domain:
                self._under[row.domain] = row
            for host in row.hosts:
                if host.startswith("*."):
                    self._under[host[2:]] = row
                else:
                    self._exact[host] = row
        # it knows no list: one that is replaced goes at once
        self._known = lru_cache(maxsize=NAMES_KNOWN)(partial(_found, self._exact, self._under))

    def lookup(self, name: str) -> PoolName | None:
        """The pool that the host name belongs to, or None.

        Upper and lower case are one, a final dot is left out, and only whole labels
        count: antpool.com is found in sub.antpool.com and not in evilantpool.com.  A
        domain's mail and name servers and node seeds are not found.
        """
        if len(name) > _NAME_LIMIT + 1:
            return None
        return self._known(name.lower().removesuffix("."))

    def owner(self, names: Sequence[str]) -> PoolName | None:
        """The first of the names that is a pool's, if they all are of one owner; or None.

        One certificate may be for hosts of many owners, as those of hosting services are:
        who speaks to one of these hosts need not mean the pool.  Names are of one owner
        where they share the last two labels, or the list has both for the same pool.
        """
        found = next((pool for name in names if (pool := self.lookup(name))), None)
        if found is None:
            return None
        site = _site(found.name)
        for name in names:
            other = self.lookup(name)
            if _site(name) != site and (other is None or other.pool != found.pool):
                return None
        return found

    def suffixes(self) -> list[tuple[str, bool]]:
        """(name, exact) pairs for a hashed set; exact: this very name, otherwise it and all under it."""
        pairs = [(name, False) for name in self._under]
        pairs += [(name, True) for name in self._exact if _row_above(self._under, name) is None]
        return sorted(pairs)


def _found(exact: Mapping[str, PoolRow], under: Mapping[str, PoolRow], seen: str) -> PoolName | None:
    row = exact.get(seen) or _row_above(under, seen)
    if row is None or not NEUTRAL_LABELS.isdisjoint(_labels_below(seen, row.domain)):
        return None
    return PoolName(
        name=seen,
        pool=row.pool,
        coins=row.coins,
        stratum=_is_stratum(seen, row),
        ports=row.ports if _says_mining(seen, row) else row.ports - row.plain_web,
        browser=row.category == "browser-miner",
        named_after=_named_after(seen, row),
    )


def _row_above(under: Mapping[str, PoolRow], name: str) -> PoolRow | None:
    rest = name
    while rest:
        row = under.get(rest)
        if row is not None:
            return row
        rest = rest.partition(".")[2]
    return None


def _site(name: str) -> list[str]:
    return name.split(".")[-2:]


def _is_stratum(name: str, row: PoolRow) -> bool:
    """Whether miners, not browsers, ask for this name.  Plainly:

    1. never the domain itself, nor a name whose first label has a web site's word (www, api, stats…);
    2. else, if the pool list names this host;
    3. else, if a label is "ss", or "stratum" is a word of it ("eu-stratum", "stratum1");
    4. else, if its words name a coin and a region ("xmr-eu1", "us1-zcash", "de.monero").
    """
    labels = _labels_below(name, row.domain)
    if not labels:
        return False
    words = [word for label in labels for word in re.split("[-_]", label)]
    bare = {word.rstrip("0123456789") for word in words}
    first = {labels[0], *(word.rstrip("0123456789") for word in labels[0].split("-"))}
    if not WEB_LABELS.isdisjoint(first):
        return False
    if any(name == host or (host[0] == "*" and name.endswith(host[1:])) for host in row.hosts):
        return True
    if "ss" in labels or "stratum" in bare:
        return True
    return len(words) > 1 and not _COINS.isdisjoint(bare.union(words)) and not _REGIONS.isdisjoint(bare)


def _says_mining(name: str, row: PoolRow) -> bool:
    """Whether words of the name say that miners are served there.  A pool's page about a coin may have the
    name at which miners of it connect ("zec.pool.example"): its visitors open port 443, too."""
    words = {word for label in _labels_below(name, row.domain) for word in re.split("[-_]", label)}
    return not _MINING_WORDS.isdisjoint(word.rstrip("0123456789") for word in words)


def _named_after(name: str, row: PoolRow) -> str:
    """The one of the pool's coins that its host is named after ("xmr.2miners.com"); else nothing."""
    words = {word for label in _labels_below(name, row.domain) for word in re.split("[-_]", label)}
    named = {_TICKERS.get(word, word.upper()) for word in words & (_COINS - _ALGORITHMS)}
    if row.coins:
        named &= set(row.coins)
    return named.pop() if len(named) == 1 else ""


def _labels_below(name: str, domain: str) -> list[str]:
    """The labels of a name that stand before the domain; none for the domain itself."""
    if name == domain:
        return []
    return name.removesuffix("." + domain).split(".")


def parse_pools(text: str, shown: str) -> dict[str, PoolRow]:
    """The rows of a pools.csv by domain; raises SignatureError with file, line, field and remedy.

    Columns may stand in any order and all but ``pool`` and ``domain`` may be missing;
    lists in a cell are separated by blanks.  Lines that begin with ``#`` are left out.
    """
    rows: dict[str, PoolRow] = {}
    for table_row in parse_rows(text, shown, COLUMNS, REQUIRED_COLUMNS):
        row = _row(table_row.cells, table_row.where)
        if row.domain in rows:
            raise table_row.error("domain", f"{row.domain} stands above already; join the two rows")
        rows[row.domain] = row
    return rows


def _row(cells: dict[str, str], where: str) -> PoolRow:
    category = cells.get("category") or "pool"
    match = cells.get("match") or "domain"
    domain = _name(cells["domain"], f"{where}: domain")
    hosts = tuple(_name(host, f"{where}: hosts") for host in cells.get("hosts", "").split())
    if not cells["pool"]:
        raise SignatureError(f"{where}: pool: empty; name the pool")
    if category not in CATEGORIES:
        raise SignatureError(
            f"{where}: category: unknown value {category!r:.60}; use one of: {', '.join(CATEGORIES)}"
        )
    if match not in MATCHES:
        raise SignatureError(f"{where}: match: unknown value {match!r:.60}; use one of: {', '.join(MATCHES)}")
    if match == "hosts" and not hosts and category != "telemetry":
        raise SignatureError(f"{where}: hosts: empty, so nothing would match; name the hosts")
    if match == "domain" and (domain in SHARED_DOMAINS or domain.startswith("*.")):
        raise SignatureError(
            f"{where}: match: {domain} is not one owner's; use match 'hosts' and name the hosts"
        )
    for host in hosts:
        if host.removeprefix("*.") in SHARED_DOMAINS:
            raise SignatureError(f"{where}: hosts: {host} is not one owner's; name hosts under it")
    return PoolRow(
        pool=cells["pool"],
        coins=tuple(cells.get("coins", "").split()),
        domain=domain,
        category=category,
        whole_domain=match == "domain",
        hosts=hosts,
        ports=_ports(cells, "ports", where) | _ports(cells, "tls_ports", where),
        plain_web=(_ports(cells, "ports", where) - _ports(cells, "tls_ports", where)) & _HTTPS_PORTS,
    )


def _name(text: str, where: str) -> str:
    name = text.lower().removesuffix(".")
    labels = name.removeprefix("*.").split(".")
    if len(labels) < 2 or len(name) > _NAME_LIMIT or labels[-1].isdigit():
        raise SignatureError(
            f"{where}: {text!r:.60} is no host name; write one with a dot, like pool.example.org"
        )
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise SignatureError(f"{where}: {text!r:.60} is no host name; use letters, digits, hyphens and dots")
    return name


def _ports(cells: dict[str, str], column: str, where: str) -> frozenset[int]:
    ports = cells.get(column, "").split()
    for port in ports:
        if not port.isascii() or not port.isdigit() or len(port) > 5 or not 0 < int(port) < 65536:
            raise SignatureError(f"{where}: {column}: {port!r:.60} is no port; use numbers from 1 to 65535")
    return frozenset(map(int, ports))
