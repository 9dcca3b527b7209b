"""The report as plain data, and that data as JSON text.

The form is versioned by `SCHEMA` and described by ``schema.json`` beside this file.
Within one version, keys may be added and are never renamed, removed or given another
meaning.  The order of keys is fixed, so the same report gives the same bytes.

Strings may hold anything.  JSON text made here is safe to show on a terminal and to
read line by line: characters that steer a terminal, reorder text or end a line are
written as ``\\uXXXX`` (which any JSON reader turns back into the same string), and
code points that UTF-8 has no form for, such as the undecodable bytes of a file name,
become visible backslash escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from netminedet.language import Sentence
from netminedet.model import (
    FiveTuple,
    InputInfo,
    Layer,
    SignatureSetInfo,
    Where,
)
from netminedet.report.community_id import community_id
from netminedet.report.figures import rounded, rounded_power, rounded_totals
from netminedet.report.holders import (
    connections_document,
    holder_document,
    place_document,
    shares_document,
    subscriber_document,
)
from netminedet.report.like import ReportLike
from netminedet.report.sentences import sentence_document
from netminedet.report.text import legible
from netminedet.report.times import iso8601
from netminedet.suspects import (
    Evidence,
    Management,
    NodeSeen,
    Pool,
    ResolverSeen,
    Suspect,
    Verdict,
)

if TYPE_CHECKING:
    from netminedet.estimate import PowerEstimate, RateEstimate
    from netminedet.estimate.host import HashRate
    from netminedet.signatures.agents import Agent
    from netminedet.whose.groups import Group

#: Name and major version of the document's form.
SCHEMA = "netminedet.report/1"

JsonObject = dict[str, Any]

_FIRST_TOTALS = ("packets", "bytes", "flows")

# DEL and the C1 controls; the marks that reorder text, or cannot be seen; the separators that end a line.
_RISKY = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def report_document(report: ReportLike) -> JsonObject:
    """The whole report as dicts, lists, strings and numbers, ready for JSON."""
    return {
        "schema": SCHEMA,
        "tool": tool_document(report),
        **anonymized_document(report),
        "inputs": [input_document(info) for info in report.inputs],
        "totals": totals_document(report),
        "estimates": estimates_document(report.suspects),
        "suspects": [suspect_document(suspect) for suspect in report.suspects],
        **groups_document(report.suspects),
        **adjacent_document(report),
    }


def json_text(document: JsonObject, *, indent: int | None = None) -> str:
    """JSON text of ``document`` without a final newline; one line where ``indent`` is None."""
    text = msgspec.json.encode(document).decode()
    is_plain = text.isprintable()  # as most are; a search takes ten times as long
    if indent is not None:
        text = msgspec.json.format(text, indent=indent)
    return text if is_plain else _RISKY.sub(_escaped, text)


def tool_document(report: ReportLike) -> JsonObject:
    """Which tool made the report, and with which signatures."""
    return {
        "name": "netminedet",
        "version": report.tool_version,
        "signatures": _signatures(report.signatures),
    }


def anonymized_document(report: ReportLike) -> JsonObject:
    """``anonymized``: the scheme of the pseudonyms that stand in the place of addresses, under its key."""
    scheme = getattr(report, "anonymized", "")  # of a scan's own report there is none
    return {"anonymized": scheme} if scheme else {}


def totals_document(report: ReportLike) -> JsonObject:
    """Every counter: what was read first, then what was skipped, by name."""
    first = {name: report.totals.get(name, 0) for name in _FIRST_TOTALS}
    return first | {name: report.totals[name] for name in sorted(report.totals) if name not in first}


def adjacent_document(report: ReportLike) -> JsonObject:
    """Hosts that are no suspects under their keys, coin nodes and resolvers; no key where there are none."""
    found: JsonObject = {}
    if report.adjacent:
        found["adjacent"] = [_node(node) for node in report.adjacent]
    if report.resolvers:
        found["resolvers"] = [_resolver(resolver) for resolver in report.resolvers]
    return found


def estimates_document(suspects: Iterable[Suspect]) -> JsonObject:
    """Hash rate by algorithm and power of all suspects that mine themselves."""
    suspects = tuple(suspects)
    if not suspects:
        return {"hosts": 0, "hash_rates": [], "power": None}
    totals = rounded_totals(suspects)
    rates = [
        {"algorithm": legible(one.algorithm), "unit": one.rate.unit, "hosts": one.hosts, **_rate(one.rate)}
        for one in totals.rates
    ]
    power = None if totals.power is None else {"hosts": totals.power_hosts, **_power(totals.power)}
    return {"hosts": totals.hosts, "hash_rates": rates, "power": power}


def groups_document(suspects: Iterable[Suspect]) -> JsonObject:
    """``groups``: the suspects by operator, city and so on, where a ledger says whose their addresses are."""
    suspects = tuple(suspects)
    if all(suspect.unit is None for suspect in suspects):
        return {}
    from netminedet.whose.groups import GROUPINGS, grouped

    return {"groups": {by: [_group(group) for group in grouped(suspects, by)] for by in GROUPINGS}}


def _group(group: Group) -> JsonObject:
    return {
        "name": legible(group.name) or None,
        "hosts": {verdict.label: group.count(verdict) for verdict in sorted(Verdict, reverse=True)},
        "estimates": estimates_document(group.suspects),
    }


def input_document(info: InputInfo) -> JsonObject:
    """One input: what it was and how much of it was read."""
    return {
        "path": legible(info.path),
        "sha256": info.sha256,
        "format": info.format,
        "packets": info.packets,
        "bytes": info.bytes,
        "first_seen": None if info.first_seen is None else iso8601(info.first_seen),
        "last_seen": None if info.last_seen is None else iso8601(info.last_seen),
        "complete": info.complete,
        "problems": _texts(info.problems),
        **({"problem_messages": [_message(text) for text in info.problems]} if info.problems else {}),
    }


def suspect_document(suspect: Suspect) -> JsonObject:
    """One host with its verdict and the evidence for it."""
    return {
        "host": suspect.host,
        "verdict": suspect.verdict.label,
        "role": suspect.role.value,
        "reasons": _texts(suspect.reasons),
        "reason_messages": [_message(reason) for reason in suspect.reasons],
        "dialects": _texts(suspect.dialects),
        "coins": _texts(suspect.coins),
        "pools": [_pool(pool, suspect) for pool in suspect.pools],
        "workers": _texts(suspect.workers),
        "wallets": _texts(suspect.wallets),
        "agents": _texts(suspect.agents),
        "first_seen": iso8601(suspect.first_seen),
        "last_seen": iso8601(suspect.last_seen),
        "flows": suspect.flows,
        "packets": suspect.packets,
        "bytes": suspect.bytes,
        "shares": shares_document(suspect.shares),
        "software": [_software(agent) for agent in suspect.software],
        "rigs": suspect.rigs,
        "hash_rates": [_hash_rate(one) for one in suspect.hash_rates],
        **_management(suspect.management),
        **holder_document(suspect),
        **connections_document(suspect),
        "evidence": [evidence_document(evidence) for evidence in suspect.evidence],
        "evidence_omitted": suspect.evidence_omitted,
        "truncated": suspect.truncated,
    }


def evidence_document(evidence: Evidence) -> JsonObject:
    """One proof and where to find it again."""
    where = evidence.where
    return {
        "signature": evidence.signature,
        "strength": evidence.strength,
        "time": iso8601(where.time_ns),
        "input": legible(where.input),
        "packet": where.packet,
        "flow": flow_document(where),
        "excerpt": legible(evidence.excerpt),
        "why": legible(evidence.why),
        **_message_of("why", evidence.why),
        "details": {name: legible(value) for name, value in sorted(evidence.details.items())},
        **subscriber_document(evidence.subscriber),
    }


def flow_document(where: Where) -> JsonObject:
    """The flow of a packet, its sender first, in the words of Suricata's EVE."""
    flow: FiveTuple = where.flow
    return {
        "src_ip": flow.src_ip,
        "src_port": flow.src_port,
        "dest_ip": flow.dest_ip,
        "dest_port": flow.dest_port,
        "proto": flow.proto.upper(),
        "vlan": list(where.vlan),
        "tunnel": [_layer(layer) for layer in where.tunnel],
        "community_id": community_id(flow),
    }


def _management(told: Management | None) -> JsonObject:
    """What a machine said of itself, under its key; nothing where no interface answered."""
    if told is None:
        return {}
    rate = rounded(told.hash_rate)
    return {
        "management": {
            "interfaces": _texts(told.interfaces),
            "pools": _texts(told.pools),
            "reported_hash_rate": rate,
        }
    }


def _node(node: NodeSeen) -> JsonObject:
    return {
        "host": node.host,
        "protocol": legible(node.protocol),
        "network": legible(node.network) or None,
        "first_seen": iso8601(node.first_seen),
        "last_seen": iso8601(node.last_seen),
        "peers": list(node.peers),
        "truncated": node.truncated,
        "input": legible(node.where.input),
        "packet": node.where.packet,
        "flow": flow_document(node.where),
    }


def _resolver(resolver: ResolverSeen) -> JsonObject:
    return {
        "host": resolver.host,
        "names": _texts(resolver.names),
        "clients": list(resolver.clients),
        "truncated": resolver.truncated,
        "first_seen": iso8601(resolver.first_seen),
        "last_seen": iso8601(resolver.last_seen),
    }


def _layer(layer: Layer) -> JsonObject:
    return {
        "kind": legible(layer.kind),
        "id": None if layer.id is None else legible(layer.id),
        "src_ip": layer.src_ip,
        "dest_ip": layer.dest_ip,
    }


def _software(agent: Agent) -> JsonObject:
    return {
        "software": legible(agent.software),
        "version": None if agent.version is None else legible(agent.version),
        "vendor": None if agent.vendor is None else legible(agent.vendor),
        "hardware": None if agent.hardware is None else legible(agent.hardware),
        "kind": agent.kind,
    }


def _hash_rate(one: HashRate) -> JsonObject:
    rate = one.rate
    return {
        "algorithm": legible(one.algorithm),
        "unit": rate.unit,
        **_rate(rate),
        "shares": rate.shares,
        "seconds": rounded(rate.seconds),
        "counted": rate.counted.value,
        "ambiguity": legible(one.ambiguity) or None,
        "reported": None if one.reported is None else _rate(one.reported),
        "power": None if one.power is None else {**_power(one.power), "basis": one.power.basis},
    }


def _rate(rate: RateEstimate) -> JsonObject:
    return {
        **_range(rate.low, rate.typical, rate.high),
        "method": legible(rate.method),
        **_message_of("method", rate.method),
    }


def _power(power: PowerEstimate) -> JsonObject:
    power = rounded_power(power)
    return {
        "kw": _range(power.low_kw, power.typical_kw, power.high_kw),
        "kwh_day": _range(power.low_kwh_day, power.typical_kwh_day, power.high_kwh_day),
        "assumption": legible(power.assumption),
        **_message_of("assumption", power.assumption),
    }


def _range(low: float | None, typical: float | None, high: float | None) -> JsonObject:
    return {"low": rounded(low), "typical": rounded(typical), "high": rounded(high)}


def _pool(pool: Pool, suspect: Suspect) -> JsonObject:
    name = None if pool.name is None else legible(pool.name)
    place = suspect.places.get(pool.ip or "")
    where = {} if place is None else {"place": place_document(place)}
    return {"name": name, "ip": pool.ip, "port": pool.port, "tls": pool.tls, **where}


def _signatures(info: SignatureSetInfo) -> JsonObject:
    return {"version": legible(info.version), "sha256": info.sha256, "count": info.count}


def _message(text: str) -> JsonObject:
    """What a sentence was made of, for those who tell it in another language."""
    return sentence_document(text.mapped(legible) if isinstance(text, Sentence) else legible(text))


def _message_of(name: str, text: str) -> JsonObject:
    """The same under its key; nothing for a text that is its own message."""
    is_made = isinstance(text, Sentence) and text.values
    return {f"{name}_message": _message(text)} if is_made else {}


def _texts(texts: list[str] | tuple[str, ...]) -> list[str]:
    return [legible(text) for text in texts]


def _escaped(match: re.Match[str]) -> str:
    """As JSON escapes it: beyond U+FFFF by a pair."""
    data = match[0].encode("utf-16-be")
    return "".join(f"\\u{data[at : at + 2].hex()}" for at in range(0, len(data), 2))
