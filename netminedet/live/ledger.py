"""All findings of a long run, by host: what changed, what one host alone has, and what is let go of.

The findings are one sum, as those of a scan.  Beside it stands, for every host, which entries
concern it, so that a host is weighed at the cost of its own entries.  Rules of ageing:

- a DNS answer that makes nobody a suspect goes when nobody can go by it any more;
- a TLS session without a name goes after ``UNTIED_NS`` where nothing ties it to a pool;
- of the flows of a host with one server beyond ``MAX_FLOWS_WITH_SERVER``, those that are over become one;
- counts of flows that are over, and that no finding asks for, go into the sums of their hosts;
- a host goes with all that is kept of it when nothing new came for the time to forget, or, where a
  table is nearly full, when nothing new came for longer than for the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from netminedet.limits import DEFAULT_LIMITS, Limits
from netminedet.suspects import Suspect
from netminedet.verdict.findings import GRACE_NS, Findings, NameKey
from netminedet.verdict.order import FlowId, Span, flow_id
from netminedet.verdict.redirects import Redirects
from netminedet.verdict.resolvers import asked_of

SECOND_NS = 1_000_000_000
#: How long a TLS session without a name waits for what ties it to a pool.
UNTIED_NS = 120 * SECOND_NS
#: A flow without a packet for this long is over.
OVER_NS = 600 * SECOND_NS
#: Flows of a host with one server that are kept apart.
MAX_FLOWS_WITH_SERVER = 32
#: Entries of a table, in hundredths of its limit, at which hosts are forgotten early; and to which it falls.
FULL_PERCENT = 90
EASED_PERCENT = 80


def _ends(key: Any) -> tuple[str, ...]:
    return key[0][0], key[1][0]


def _first(key: Any) -> tuple[str, ...]:
    return (key[0],)


def _client(key: Any) -> tuple[str, ...]:
    return (key.src_ip,)


#: table of the findings -> the hosts that an entry of this key concerns
_HOSTS: dict[str, Callable[[Any], tuple[str, ...]]] = {
    "flows": _ends,
    "names": _first,
    "answers": _first,
    "bare_tls": _client,
    "tunnels": _ends,
    "traffic": _ends,
    "redirects.orders": _first,
    "redirects.answers": _first,
    "redirects.arrivals": _ends,
}
_TABLES = {name: attrgetter(name) for name in _HOSTS}
#: Tables whose entries, as they come, can make a host a suspect, or raise its verdict.
_TELLING = tuple(name for name in _HOSTS if name != "traffic")


def _last_of(value: Any) -> int:
    """The time of a finding's last packet; of an answer, the end of its time to live."""
    if isinstance(value, Span):
        return value.last
    span = getattr(value, "span", None)
    last: int = value.where.time_ns if span is None else span.last
    return last


@dataclass(slots=True)
class HostEntries:
    """What is kept of one host: keys by table, and the sums of what is kept no more."""

    keys: dict[str, set[Any]] = field(default_factory=dict)
    last_news: int = 0
    flows_folded: int = 0
    packets_folded: int = 0
    bytes_folded: int = 0

    def count(self, table: str) -> int:
        return len(self.keys.get(table, ()))


class Ledger:
    """See above.  ``weigh_host``: one host's verdict by findings that have all that concerns it."""

    def __init__(
        self,
        weigh_host: Callable[[Findings, str], Suspect | None],
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._weigh = weigh_host
        self._limits = limits
        self.findings = Findings(limits=limits)
        self.hosts: dict[str, HostEntries] = {}
        #: questions for names by who was asked: what a resolver passes on is not held against it
        self._asked_of: dict[str, set[NameKey]] = {}
        self.counts: Counter[str] = Counter(
            hosts_forgotten=0, hosts_forgotten_early=0, flows_folded=0, entries_aged=0
        )

    def _enter_all(self) -> None:
        self._asked_of = asked_of(self.findings)
        for table in _HOSTS:
            for key in self._table(table):
                self._enter(table, key, 0)

    def restore(self, findings: Findings, hosts: dict[str, HostEntries]) -> None:
        """Go on from what was known before; ``hosts`` has their sums."""
        self.findings = Findings(limits=self._limits)
        self.findings.merge(findings)
        self.hosts = hosts
        self._enter_all()

    def _table(self, name: str) -> dict[Any, Any]:
        found: dict[Any, Any] = _TABLES[name](self.findings)
        return found

    def add(self, harvest: Findings, now_ns: int) -> tuple[set[str], dict[str, int]]:
        """Add a harvest; the hosts with evidence of a new kind or at a new place, and all that changed
        with the time of their last packet in it."""
        news: set[str] = set()
        changed: dict[str, int] = {}
        fresh = [
            (table, key)
            for table in _TELLING
            for key, value in _TABLES[table](harvest).items()
            if self._is_news(table, key, value)
        ]
        self.findings.merge(harvest)
        for server, questions in asked_of(harvest).items():
            self._asked_of.setdefault(server, set()).update(questions)
        for table in _HOSTS:
            for key, value in _TABLES[table](harvest).items():
                moment = min(now_ns, _last_of(value))
                for host in self._enter(table, key, moment):
                    changed[host] = max(moment, changed.get(host, moment))
        for table, key in fresh:
            if key in self._table(table) and (table != "bare_tls" or self._may_tie(key.src_ip)):
                news.update(_HOSTS[table](key))
        return news, changed

    def _may_tie(self, client: str) -> bool:
        """Whether there is anything that could tie a TLS session of the host to a pool."""
        entries = self.hosts.get(client)
        return entries is not None and bool(entries.count("answers") or entries.count("redirects.orders"))

    def _is_news(self, table: str, key: Any, value: Any) -> bool:
        known = self._table(table).get(key)
        if known is None:
            return True
        return table == "flows" and not known.evidence.keys() >= value.evidence.keys()

    def _enter(self, table: str, key: Hashable, moment: int) -> tuple[str, ...]:
        if key not in self._table(table):  # there was no room
            return ()
        hosts = _HOSTS[table](key)
        for host in hosts:
            entries = self.hosts.get(host)
            if entries is None:
                entries = self.hosts[host] = HostEntries()
            entries.keys.setdefault(table, set()).add(key)
            entries.last_news = max(entries.last_news, moment)
        return hosts

    def suspect(self, host: str) -> Suspect | None:
        """The host as it is to be judged now; None where it is no suspect."""
        entries = self.hosts.get(host)
        if entries is None:
            return None
        found = self._only(entries)
        if found.names:
            names = self.findings.names
            found.names.update({key: names[key] for key in self._asked_of.get(host, ()) if key in names})
        return self._weigh(found, host)

    def _only(self, entries: HostEntries) -> Findings:
        """The findings that concern one host; the entries themselves, not copies."""

        def part(table: str) -> dict[Any, Any]:
            whole = self._table(table)
            # A flow of weak messages may have been displaced since.
            return {key: whole[key] for key in entries.keys.get(table, ()) if key in whole}

        found = Findings(limits=self._limits, redirects=Redirects())
        for table in _HOSTS:
            _TABLES[table](found).update(part(table))
        return found

    def age(self, now_ns: int, suspects: frozenset[str], forget_ns: int) -> list[str]:
        """Let go of what the rules say; the hosts that were forgotten."""
        self._asked_of = asked_of(self.findings)
        self._drop("answers", self._dead_answers(now_ns, suspects))
        self._drop("bare_tls", self._untied(now_ns))
        for host, entries in self.hosts.items():
            if entries.count("flows") > MAX_FLOWS_WITH_SERVER:
                self._fold(host, entries, now_ns)
        self._drop_traffic(now_ns)
        gone = [host for host, entries in self.hosts.items() if entries.last_news < now_ns - forget_ns]
        self.counts["hosts_forgotten"] += len(gone)
        early = self._too_many(set(gone))
        self.counts["hosts_forgotten_early"] += len(early)
        for host in (*gone, *early):
            self._forget(host)
        for host in [host for host, entries in self.hosts.items() if not any(entries.keys.values())]:
            del self.hosts[host]
        return [*gone, *early]

    def _dead_answers(self, now_ns: int, suspects: frozenset[str]) -> list[Any]:
        return [
            key
            for key, answer in self.findings.answers.items()
            if key[0] not in suspects and answer.span.last + GRACE_NS < now_ns
        ]

    def _untied(self, now_ns: int) -> list[Any]:
        """Sessions that waited long enough, and for which there is neither a DNS answer nor an order."""
        tied = {(host, address) for host, address, _ in self.findings.answers}
        sent = {client for client, _, _ in self.findings.redirects.orders}
        return [
            flow
            for flow, opened in self.findings.bare_tls.items()
            if (flow.src_ip, flow.dest_ip) not in tied
            and flow.src_ip not in sent
            and opened.where.time_ns + UNTIED_NS < now_ns
        ]

    def _drop(self, table: str, keys: Iterable[Any]) -> None:
        whole = self._table(table)
        for key in keys:
            if whole.pop(key, None) is None:
                continue
            self.counts["entries_aged"] += 1
            if table == "flows":
                self.findings.rank(key)
            for host in _HOSTS[table](key):
                if (entries := self.hosts.get(host)) is not None:
                    entries.keys.get(table, set()).discard(key)

    def _fold(self, host: str, entries: HostEntries, now_ns: int) -> None:
        """Make one of the flows with each server that are over: the latest takes the others in."""
        groups: dict[tuple[str, int], list[FlowId]] = {}
        for key in entries.keys["flows"]:
            server = key[1] if key[0][0] == host else key[0]
            if key[0][0] != key[1][0]:
                groups.setdefault(server, []).append(key)
        for keys in groups.values():
            keys = [key for key in keys if key in self.findings.flows]
            if len(keys) <= MAX_FLOWS_WITH_SERVER:
                continue
            keys.sort(key=lambda key: (self.findings.flows[key].span.last, key))
            over = [key for key in keys if self.findings.flows[key].span.last + OVER_NS < now_ns]
            over = over[: len(keys) - MAX_FLOWS_WITH_SERVER // 2]
            if len(over) > 1:
                self._join(over)

    def _join(self, keys: list[FlowId]) -> None:
        rest, kept = keys[:-1], keys[-1]
        for key in rest:
            self.findings.flows[kept].merge(self.findings.flows[key])
            self._count_folded(key, 1)
        self.findings.rank(kept)
        self._drop("flows", rest)
        self._drop("traffic", rest)
        self.counts["flows_folded"] += len(rest)

    def _count_folded(self, key: FlowId, flows: int) -> None:
        totals = self.findings.traffic.get(key)
        for host in {key[0][0], key[1][0]}:
            entries = self.hosts[host]
            entries.flows_folded += flows
            if totals is not None:
                entries.packets_folded += totals.packets
                entries.bytes_folded += totals.bytes

    def _drop_traffic(self, now_ns: int) -> None:
        found = self.findings
        asked = {flow_id(flow) for flow in found.bare_tls}
        asked.update(flow_id(flow) for name in found.names.values() for flow in name.flows)
        gone = [
            key
            for key, totals in found.traffic.items()
            if totals.span.last + OVER_NS < now_ns
            and key not in found.flows
            and key not in asked
            and key not in found.tunnels
            and key not in found.redirects.arrivals
        ]
        for key in gone:
            self._count_folded(key, 0)
        self._drop("traffic", gone)

    def _too_many(self, gone: set[str]) -> list[str]:
        """Hosts to forget before their time, where a table is nearly full."""
        over = {
            table: len(self._table(table)) - limit * EASED_PERCENT // 100
            for table, limit in self._most()
            if len(self._table(table)) * 100 > limit * FULL_PERCENT
        }
        early: list[str] = []
        if not over:
            return early
        for host in sorted(self.hosts, key=lambda name: (self.hosts[name].last_news, name)):
            if all(left <= 0 for left in over.values()):
                break
            if host not in gone and any(self.hosts[host].count(table) for table in over):
                early.append(host)
                for table in over:
                    over[table] -= self.hosts[host].count(table)
        return early

    def _most(self) -> Iterator[tuple[str, int]]:
        limits = self._limits
        yield from (("flows", limits.mining_flows), ("names", limits.names), ("answers", limits.answers))
        yield from (("tunnels", limits.tunnels), ("traffic", limits.traffic), ("bare_tls", limits.bare_tls))

    def _forget(self, host: str) -> None:
        entries = self.hosts.pop(host, None)
        if entries is None:
            return
        for table, keys in entries.keys.items():
            self._drop(table, list(keys))
