"""A report as STIX objects, made with the library stix2, which checks each of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any, TypeAlias

import stix2

from netminedet.model import FiveTuple
from netminedet.report.blocking import Blocked, block_list, is_name
from netminedet.report.document import suspect_document
from netminedet.report.like import ReportLike
from netminedet.report.text import printable
from netminedet.report.uuids import fingerprint, identifier, report_time
from netminedet.suspects import Connection, Suspect, Verdict

Object: TypeAlias = Any

#: Percent, as STIX's scales have them for "high", "medium" and "low" (appendix A).
_CONFIDENCE = {Verdict.CONFIRMED: 85, Verdict.PROBABLE: 50, Verdict.SUSPECTED: 15}
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
#: When the tool's identity and the technique were made, so to speak: objects need a time.
_BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)
#: Characters kept of a text.
_TEXT_LIMIT = 2000


def bundle_of(report: ReportLike) -> Object:
    """The bundle of all objects, each once."""
    makers = _Bundle(report)
    for suspect in sorted(report.suspects, key=lambda one: (one.first_seen, one.host)):
        makers.add_suspect(suspect)
    identity = f"bundle--{identifier('bundle', fingerprint(report))}"
    return stix2.Bundle(id=identity, objects=list(makers.objects.values()), allow_custom=False)


class _Bundle:
    """Collects the objects of a report by their identifiers, in the order in which they came."""

    def __init__(self, report: ReportLike) -> None:
        self.objects: dict[str, Object] = {}
        #: identifiers of observables, by what they are made of: making one anew takes its time
        self._known: dict[object, str] = {}
        self._made = _time(report_time(report))
        self._tool = self._add(
            stix2.Identity(
                id=_id("identity", "tool"),
                created=_BEGIN,
                modified=_BEGIN,
                name="netminedet",
                identity_class="system",
            )
        )
        found = block_list(report, all_pools=False)
        self._listed = {one.name: one for one in found.names}
        self._listed_addresses = {(one.ip, one.port): one for one in found.addresses}

    def add_suspect(self, suspect: Suspect) -> None:
        """Everything on one host."""
        host = self._address(suspect.host)
        observed = self._add(
            stix2.ObservedData(
                id=_id("observed-data", suspect.host, suspect.first_seen, suspect.last_seen),
                created_by_ref=self._tool,
                created=self._made,
                modified=self._made,
                first_observed=_time(suspect.first_seen),
                last_observed=_time(suspect.last_seen),
                number_observed=min(999_999_999, max(1, suspect.packets)),
                object_refs=self._observables(suspect, host),
            )
        )
        self._add(
            stix2.Note(
                id=_id("note", suspect.host, suspect.first_seen, suspect.last_seen),
                created_by_ref=self._tool,
                created=self._made,
                modified=self._made,
                abstract=f"{suspect.host}: {suspect.verdict.label} {suspect.role.value}",
                content=_content(suspect),
                object_refs=[host, observed],
                labels=["coin-mining", suspect.verdict.label],
                confidence=_CONFIDENCE[suspect.verdict],
            )
        )
        for one in self._pools(suspect):
            self._add_sighting(suspect, one, observed)

    def _add(self, made: Object) -> str:
        """Keep the object, unless it is there; its identifier."""
        self.objects.setdefault(made.id, made)
        return str(made.id)

    def _observables(self, suspect: Suspect, host: str) -> list[str]:
        found = [host]
        found += [self._connection(one) for one in suspect.connections]
        if not suspect.connections:
            found += [
                self._traffic(flow) for flow in dict.fromkeys(one.where.flow for one in suspect.evidence)
            ]
        for pool in suspect.pools:
            if pool.name is not None and is_name(pool.name.lower()):
                found.append(self._domain(pool.name.lower()))
            if pool.ip is not None:
                found.append(self._address(pool.ip))
        return list(dict.fromkeys(found))

    def _address(self, text: str) -> str:
        if text not in self._known:
            make = stix2.IPv6Address if ":" in text else stix2.IPv4Address
            self._known[text] = self._add(make(value=text))
        return self._known[text]

    def _domain(self, name: str) -> str:
        if ("name", name) not in self._known:
            self._known["name", name] = self._add(stix2.DomainName(value=name))
        return self._known["name", name]

    def _connection(self, one: Connection) -> str:
        times = {"start": _time(one.first_seen), "end": _time(one.last_seen), "is_active": False}
        return self._traffic(one.flow, **times)

    def _traffic(self, flow: FiveTuple, **times: Any) -> str:
        ends = [self._address(ip) for ip in (flow.src_ip, flow.dest_ip)]
        layer = "ipv6" if ":" in flow.src_ip else "ipv4"
        return self._add(
            stix2.NetworkTraffic(
                src_ref=ends[0],
                dst_ref=ends[1],
                src_port=flow.src_port,
                dst_port=flow.dest_port,
                protocols=[layer, flow.proto],
                **times,
            )
        )

    def _pools(self, suspect: Suspect) -> list[Blocked]:
        """Those of its pools that may be in a block list."""
        found = [self._listed.get((pool.name or "").lower().removesuffix(".")) for pool in suspect.pools]
        ends = [(one.flow.dest_ip, one.flow.dest_port) for one in suspect.connections]
        found += [self._listed_addresses.get(end) for end in ends]
        return list(dict.fromkeys(one for one in found if one is not None))

    def _add_sighting(self, suspect: Suspect, pool: Blocked, observed: str) -> None:
        indicator = self._indicator(pool, suspect.first_seen)
        self._add(
            stix2.Sighting(
                id=_id("sighting", indicator, suspect.host, suspect.first_seen, suspect.last_seen),
                created_by_ref=self._tool,
                created=self._made,
                modified=self._made,
                first_seen=_time(suspect.first_seen),
                last_seen=_time(suspect.last_seen),
                count=min(999_999_999, max(1, suspect.flows)),
                sighting_of_ref=indicator,
                observed_data_refs=[observed],
                where_sighted_refs=[self._tool],
                confidence=_CONFIDENCE[suspect.verdict],
            )
        )

    def _indicator(self, pool: Blocked, first_seen: int) -> str:
        """The indicator of a pool, valid since the first suspect used it, with what it indicates."""
        identity = _id("indicator", pool.name, pool.ip, pool.port)
        if identity in self.objects:
            return identity
        self._add(
            stix2.Indicator(
                id=identity,
                created_by_ref=self._tool,
                created=self._made,
                modified=self._made,
                name=f"mining pool {pool.pool}: {pool.name or f'{pool.ip} port {pool.port}'}",
                description="Traffic to a pool for the mining of virtual currencies",
                indicator_types=["anomalous-activity"],
                pattern=_pattern(pool),
                pattern_type="stix",
                valid_from=_time(first_seen),
            )
        )
        self._add(
            stix2.Relationship(
                id=_id("relationship", identity),
                created_by_ref=self._tool,
                created=self._made,
                modified=self._made,
                relationship_type="indicates",
                source_ref=identity,
                target_ref=self._resource_hijacking(),
            )
        )
        return identity

    def _resource_hijacking(self) -> str:
        reference = {"source_name": "mitre-attack", "external_id": "T1496"}
        return self._add(
            stix2.AttackPattern(
                id=_id("attack-pattern", "T1496"),
                created_by_ref=self._tool,
                created=_BEGIN,
                modified=_BEGIN,
                name="Resource Hijacking",
                external_references=[reference],
            )
        )


def _pattern(pool: Blocked) -> str:
    """Names and addresses in block lists have no character that a pattern gives a meaning."""
    if pool.name:
        return f"[domain-name:value = '{pool.name}']"
    kind = "ipv6-addr" if ":" in pool.ip else "ipv4-addr"
    end = f"network-traffic:dst_ref.type = '{kind}' AND network-traffic:dst_ref.value = '{pool.ip}'"
    return f"[{end} AND network-traffic:dst_port = {pool.port}]"


def _content(suspect: Suspect) -> str:
    document = suspect_document(suspect)
    lines = [printable(reason, _TEXT_LIMIT) for reason in document["reasons"]]
    for name in ("coins", "workers", "wallets", "agents"):
        if document[name]:
            lines.append(f"{name}: {printable(', '.join(document[name]), _TEXT_LIMIT)}")
    if suspect.unit is not None:
        lines.append(f"unit: {printable(', '.join(_unit_texts(suspect)), _TEXT_LIMIT)}")
    return "\n".join(lines) or "no reason was recorded"


def _unit_texts(suspect: Suspect) -> Iterable[str]:
    unit = suspect.unit
    texts = () if unit is None else (unit.operator, unit.city, unit.county, unit.unit)
    return filter(None, texts)


def _id(kind: str, *parts: object) -> str:
    return f"{kind}--{identifier(kind, *parts)}"


def _time(time_ns: int) -> datetime:
    """To the millisecond, as STIX has it; never before 1970, where its time begins for us."""
    return _EPOCH + timedelta(milliseconds=max(0, time_ns) // 1_000_000)
