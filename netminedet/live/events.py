"""Events as plain data, in the words of Suricata's EVE where EVE has the word; our own under ``netminedet``.

The form is versioned by ``SCHEMA`` and described by ``events_schema()``.  Within one version, keys
may be added and are never renamed, removed or given another meaning.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from netminedet import __version__
from netminedet.live.announce import Told
from netminedet.model import SignatureSetInfo
from netminedet.report.document import evidence_document, flow_document, suspect_document
from netminedet.suspects import Evidence, Suspect, Verdict

JsonObject = dict[str, Any]

#: Name and major version of the events' form.
SCHEMA = "netminedet.events/1"
#: The class of such alerts in Suricata's classification.config, and its priorities.
CATEGORY = "coin-mining"
_SEVERITY = {Verdict.CONFIRMED: 1, Verdict.PROBABLE: 2, Verdict.SUSPECTED: 3}
#: What a summary has of a suspect's document.
_SUMMARY = (
    "host", "verdict", "role", "coins", "first_seen", "last_seen",
    "flows", "packets", "bytes", "shares", "hash_rates",
)  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def timestamp(time_ns: int) -> str:
    """A time as EVE writes it, in UTC.

    >>> timestamp(1_700_000_000_123_456_789)
    '2023-11-14T22:13:20.123456+0000'
    """
    moment = _EPOCH + timedelta(microseconds=time_ns // 1000)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}+0000"


@dataclass(slots=True)
class EventMaker:
    """Makes events that are numbered one after the other; ``sensor``: the name of the place."""

    sensor: str
    sequence: int = 0

    def _event(self, kind: str, time_ns: int, told: JsonObject, **eve: Any) -> JsonObject:
        self.sequence += 1
        own = {"schema": SCHEMA, "sequence": self.sequence, **told}
        return {
            "timestamp": timestamp(time_ns),
            "event_type": kind,
            "host": self.sensor,
            **eve,
            "netminedet": own,
        }

    def about_host(self, told: Told) -> JsonObject:
        """A suspect, a summary of one, or its end."""
        document = _whole(told)
        if told.event != "suspect":
            place = told.suspect.evidence[0] if told.suspect.evidence else None
            summary = {name: document[name] for name in _SUMMARY}
            eve = {} if place is None else {"src_ip": told.suspect.host}
            return self._event(told.event, told.time_ns, {"suspect": summary}, **eve)
        proof = _decisive(told)
        own = {
            "change": told.change,
            "suspect": document,
            "new_evidence": [evidence_document(one) for one in told.evidence],
        }
        if proof is None:
            return self._event("suspect", told.time_ns, own)
        return self._event("suspect", told.time_ns, own, **_eve_of(proof, told.suspect))

    def start(
        self, time_ns: int, sources: list[str], signatures: SignatureSetInfo, anonymized: str | None = None
    ) -> JsonObject:
        """The watch begins; ``anonymized``: the scheme of pseudonyms for addresses, where there are any."""
        hidden = {} if anonymized is None else {"anonymized": anonymized}
        return self._event("start", time_ns, {"sources": sources, **_tool(signatures), **hidden})

    def notice(self, time_ns: int, text: str) -> JsonObject:
        """Something that happened to the watch itself."""
        return self._event("notice", time_ns, {"text": str(text)})

    def stats(self, time_ns: int, uptime: int, figures: Mapping[str, Any]) -> JsonObject:
        """Counters; see ``desk.Desk.figures`` for what is in them."""
        capture = figures["capture"]
        eve = {
            "uptime": uptime,
            "capture": {"kernel_packets": capture["received"], "kernel_drops": capture["dropped"]},
            "decoder": {"pkts": capture["seen"], "bytes": capture["bytes"]},
        }
        return self._event("stats", time_ns, dict(figures), stats=eve)

    def stop(self, time_ns: int, reason: str, uptime: int, figures: Mapping[str, Any]) -> JsonObject:
        """The watch has ended: the last counters."""
        return self._event("stop", time_ns, {"reason": reason, "uptime": uptime, **figures})


def _tool(signatures: SignatureSetInfo) -> JsonObject:
    count, version, digest = signatures.count, signatures.version, signatures.sha256
    return {"version": __version__, "signatures": {"version": version, "sha256": digest, "count": count}}


def _whole(told: Told) -> JsonObject:
    """The suspect's document, with what has been summed up of flows long over."""
    document = suspect_document(told.suspect)
    document["flows"] += told.flows_folded
    document["packets"] += told.packets_folded
    document["bytes"] += told.bytes_folded
    return document


def _decisive(told: Told) -> Evidence | None:
    """Of what is new the strongest, of these the first."""
    order = {"strong": 0, "name": 1, "weak": 2}
    return min(told.evidence, key=lambda one: (order[one.strength], one.where.time_ns), default=None)


def _eve_of(proof: Evidence, suspect: Suspect) -> JsonObject:
    flow = flow_document(proof.where)
    eve = {"in_iface": proof.where.input, "pcap_cnt": proof.where.packet}
    eve |= {name: flow[name] for name in ("src_ip", "src_port", "dest_ip", "dest_port", "proto")}
    if flow["vlan"]:
        eve["vlan"] = flow["vlan"]
    eve["community_id"] = flow["community_id"]
    sends = proof.where.flow.src_ip == suspect.host
    ours, other = {"ip": suspect.host}, {"ip": flow["dest_ip"] if sends else flow["src_ip"]}
    ours["port"], other["port"] = (
        (flow["src_port"], flow["dest_port"]) if sends else (flow["dest_port"], flow["src_port"])
    )
    eve["alert"] = {
        "action": "allowed",
        "signature": proof.signature,
        "category": CATEGORY,
        "severity": _SEVERITY[suspect.verdict],
        "source": ours,
        "target": other,
    }
    return eve


def events_schema() -> JsonObject:
    """The JSON Schema (draft 2020-12) of an event; of suspects it is that of the report."""
    from netminedet.report.schema import schema_text

    schema: JsonObject = json.loads(Path(__file__).with_name("events.json").read_text(encoding="utf-8"))
    schema["$defs"] = json.loads(schema_text())["$defs"] | schema["$defs"]
    return schema
