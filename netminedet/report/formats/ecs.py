"""Elastic Common Schema (ECS), a JSON line for each suspect, tagged with ATT&CK technique T1496.

Fields of the schema: ``@timestamp`` (when the host was last seen mining), ``event``,
``message``, ``rule``, ``source`` (the suspect), ``destination``, ``network``, ``related``,
``threat``, ``observer``, ``tags``; the flow is that of the connection that proves most.  All
that the JSON report says of the suspect stands under ``netminedet.suspect``.
"""

from __future__ import annotations

from typing import TextIO

from netminedet.model import FiveTuple
from netminedet.report.community_id import community_id
from netminedet.report.document import JsonObject, json_text, suspect_document, tool_document
from netminedet.report.like import ReportLike
from netminedet.report.mainflow import main_evidence, main_flow, pool_of
from netminedet.report.uuids import identifier
from netminedet.suspects import Suspect, Verdict

MACHINE = True

#: The version of the schema that the fields are of.
ECS_VERSION = "8.17.0"

#: As Elastic's own rules grade: high, medium, low.
_RISK = {Verdict.CONFIRMED: 73, Verdict.PROBABLE: 47, Verdict.SUSPECTED: 21}
_THREAT = {
    "framework": "MITRE ATT&CK",
    "tactic": {
        "id": ["TA0040"],
        "name": ["Impact"],
        "reference": ["https://attack.mitre.org/tactics/TA0040/"],
    },
    "technique": {
        "id": ["T1496"],
        "name": ["Resource Hijacking"],
        "reference": ["https://attack.mitre.org/techniques/T1496/"],
    },
}


def render(report: ReportLike, stream: TextIO, *, color: bool = False, width: int | None = None) -> None:
    """Write an object a line."""
    for suspect in report.suspects:
        stream.write(json_text(_event(report, suspect)) + "\n")


def _event(report: ReportLike, suspect: Suspect) -> JsonObject:
    document = suspect_document(suspect)
    flow = main_flow(suspect)
    reason = document["reasons"][0] if document["reasons"] else "no reason was recorded"
    return {
        "@timestamp": document["last_seen"],
        "ecs": {"version": ECS_VERSION},
        "message": f"{suspect.host}: {suspect.verdict.label} {suspect.role.value}: {reason}",
        "tags": ["coin-mining", suspect.verdict.label],
        "event": {
            "id": str(identifier("ecs-event", suspect.host, suspect.first_seen, suspect.last_seen)),
            "kind": "alert",
            "category": ["network", "intrusion_detection"],
            "type": ["info"],
            "module": "netminedet",
            "dataset": "netminedet.suspect",
            "start": document["first_seen"],
            "end": document["last_seen"],
            "severity": _RISK[suspect.verdict],
            "risk_score": _RISK[suspect.verdict],
            "reason": reason,
        },
        **_rule(report, suspect),
        **_network(suspect, flow, document),
        "threat": _THREAT,
        "observer": {
            "vendor": "netminedet",
            "product": "netminedet",
            "type": "ids",
            "version": report.tool_version,
        },
        "netminedet": {"suspect": document},
    }


def _rule(report: ReportLike, suspect: Suspect) -> JsonObject:
    """The signature that the strongest evidence matched."""
    proof = main_evidence(suspect)
    if proof is None:
        return {}
    return {
        "rule": {
            "id": proof.signature,
            "name": proof.signature,
            "category": "coin-mining",
            "ruleset": "netminedet",
            "version": tool_document(report)["signatures"]["version"],
        }
    }


def _network(suspect: Suspect, flow: FiveTuple | None, document: JsonObject) -> JsonObject:
    """Both ends, and the connection between them."""
    addresses = {suspect.host, *(pool.ip for pool in suspect.pools if pool.ip is not None)}
    names = sorted({pool["name"] for pool in document["pools"] if pool["name"]})
    source: JsonObject = {"address": suspect.host, "ip": suspect.host}
    found: JsonObject = {
        "source": source,
        "network": {"packets": suspect.packets, "bytes": suspect.bytes},
        "related": {"ip": sorted(addresses), **({"hosts": names} if names else {})},
    }
    pool = pool_of(suspect, flow)
    if flow is not None:
        source["port"] = flow.src_port
        found["network"] |= {"transport": flow.proto, "community_id": community_id(flow)}
        found["destination"] = {"address": flow.dest_ip, "ip": flow.dest_ip, "port": flow.dest_port}
        found["related"]["ip"] = sorted(addresses | {flow.dest_ip})
    if pool is not None and pool.name and flow is not None:
        found["destination"]["domain"] = document["pools"][suspect.pools.index(pool)]["name"]
    if suspect.dialects:
        found["network"]["protocol"] = document["dialects"][0]
    return found
