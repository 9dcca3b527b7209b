"""An event for MISP, the threat-sharing platform, as the JSON that it imports.

One event a report; of each suspect its address (an attribute without ``to_ids``), of each pool
the name or address with its port (with ``to_ids`` where it may be in a block list, see
`blocking`), workers as text and wallets as ``btc``, ``xmr`` or text; and an object
``network-connection`` of the connection that proves most.  The event is tagged with ATT&CK
technique T1496.  Identifiers follow from the report.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from netminedet.language import in_english
from netminedet.report.blocking import block_list, is_name
from netminedet.report.community_id import community_id
from netminedet.report.document import JsonObject, json_text
from netminedet.report.like import ReportLike
from netminedet.report.mainflow import main_flow
from netminedet.report.proxies import is_proxy
from netminedet.report.text import printable
from netminedet.report.times import date_and_clock, iso8601
from netminedet.report.uuids import fingerprint, identifier, report_time
from netminedet.suspects import Pool, Suspect, Verdict

MACHINE = True

_SECOND = 1_000_000_000
_TAG = 'misp-galaxy:mitre-attack-pattern="Resource Hijacking - T1496"'
#: High, medium, low.
_THREAT_LEVEL = {Verdict.CONFIRMED: "1", Verdict.PROBABLE: "2", Verdict.SUSPECTED: "3"}
#: The template of the object, of the collection misp-objects.
_TEMPLATE = {
    "name": "network-connection",
    "meta-category": "network",
    "template_uuid": "af16764b-f8e5-4603-9de1-de34d272f80b",
    "template_version": "7",
}
#: What may be blocked: names, and addresses with their ports.
_Listed = set[str | tuple[str, int]]
#: Characters kept of a value; the platform's columns are not endless.
_VALUE_LIMIT = 500


@in_english
def render(report: ReportLike, stream: TextIO, *, color: bool = False, width: int | None = None) -> None:
    """Write the event as one indented document."""
    stream.write(json_text({"Event": _event(report)}, indent=2) + "\n")


def _event(report: ReportLike) -> JsonObject:
    key, moment = fingerprint(report), report_time(report)
    worst = max((one.verdict for one in report.suspects), default=Verdict.SUSPECTED)
    found = block_list(report, all_pools=False)
    listed = {one.name for one in found.names} | {(one.ip, one.port) for one in found.addresses}
    attributes: dict[str, JsonObject] = {}
    for suspect in report.suspects:
        for attribute in _attributes(suspect, key, listed):
            attributes.setdefault(attribute["uuid"], attribute)
    return {
        "uuid": str(identifier("misp-event", key)),
        "info": f"Mining of virtual currencies: suspects {len(report.suspects)}",
        "date": date_and_clock(moment)[0],
        "timestamp": str(moment // _SECOND),
        "analysis": "2",
        "threat_level_id": _THREAT_LEVEL[worst],
        "distribution": "0",
        "published": False,
        "Tag": [{"name": _TAG}],
        "Attribute": list(attributes.values()),
        "Object": [_connection(one, key) for one in report.suspects if main_flow(one) is not None],
    }


def _attributes(suspect: Suspect, key: str, listed: _Listed) -> Iterator[JsonObject]:
    about = f"{suspect.verdict.label} {suspect.role.value}"
    reason = printable(suspect.reasons[0], _VALUE_LIMIT) if suspect.reasons else ""
    yield _attribute(suspect, key, "ip-src", "Network activity", suspect.host, f"{about}: {reason}")
    for pool in suspect.pools:
        yield from _pool(suspect, key, pool, listed)
    for wallet in suspect.wallets:
        kind, category = _wallet_kind(wallet)
        yield _attribute(suspect, key, kind, category, wallet, f"wallet of {suspect.host}")
    for worker in suspect.workers:
        yield _attribute(suspect, key, "text", "Other", worker, f"worker of {suspect.host}")


def _pool(suspect: Suspect, key: str, pool: Pool, listed: _Listed) -> Iterator[JsonObject]:
    about = f"pool of {suspect.host} ({suspect.verdict.label} {suspect.role.value})"
    port = None if is_proxy(pool, suspect) else pool.port  # a proxy's is not the pool's
    name = (pool.name or "").lower()
    if name and not is_name(name):
        yield _attribute(suspect, key, "text", "Other", name, f"name of a {about}")
    elif name:
        kind, value = ("hostname", name) if port is None else ("hostname|port", f"{name}|{port}")
        yield _attribute(suspect, key, kind, "Network activity", value, about, to_ids=name in listed)
    if pool.ip and pool.port is not None:
        value = f"{pool.ip}|{pool.port}"
        yield _attribute(
            suspect,
            key,
            "ip-dst|port",
            "Network activity",
            value,
            about if port is not None else f"proxy that was asked for a {about}",
            to_ids=(pool.ip, pool.port) in listed,
        )


def _attribute(
    suspect: Suspect,
    key: str,
    kind: str,
    category: str,
    value: str,
    comment: str,
    *,
    to_ids: bool = False,
) -> JsonObject:
    shown = printable(value, _VALUE_LIMIT)
    return {
        "uuid": str(identifier("misp-attribute", key, kind, shown, comment)),
        "type": kind,
        "category": category,
        "value": shown,
        "comment": comment,
        "to_ids": to_ids,
        "distribution": "5",
        "timestamp": str(suspect.last_seen // _SECOND),
        "first_seen": iso8601(suspect.first_seen),
        "last_seen": iso8601(suspect.last_seen),
    }


def _wallet_kind(wallet: str) -> tuple[str, str]:
    """The type and category of an attribute for a wallet: those of its coin, where MISP has them."""
    from netminedet.signatures.wallets import identify

    found = identify(wallet)
    coins = found.coins if found is not None and found.verified else ()
    kind = next((coin.lower() for coin in coins if coin in ("BTC", "XMR")), None)
    return (kind, "Financial fraud") if kind else ("text", "Other")


def _connection(suspect: Suspect, key: str) -> JsonObject:
    flow = main_flow(suspect)
    assert flow is not None
    identity = str(identifier("misp-object", key, suspect.host, repr(flow)))
    rows = [
        ("ip-src", "ip-src", "Network activity", flow.src_ip),
        ("src-port", "port", "Network activity", flow.src_port),
        ("ip-dst", "ip-dst", "Network activity", flow.dest_ip),
        ("dst-port", "port", "Network activity", flow.dest_port),
        ("layer4-protocol", "text", "Other", flow.proto.upper()),
        ("community-id", "community-id", "Network activity", community_id(flow)),
        ("first-packet-seen", "datetime", "Other", iso8601(suspect.first_seen)),
        ("last-packet-seen", "datetime", "Other", iso8601(suspect.last_seen)),
    ]
    return {
        **_TEMPLATE,
        "uuid": identity,
        "comment": f"{suspect.host}: {suspect.verdict.label} {suspect.role.value}",
        "distribution": "5",
        "timestamp": str(suspect.last_seen // _SECOND),
        "Attribute": [
            {
                "uuid": str(identifier("misp-object-attribute", identity, relation)),
                "object_relation": relation,
                "type": kind,
                "category": category,
                "value": str(value),
                "to_ids": False,
                "disable_correlation": kind in ("port", "text", "datetime"),
                "distribution": "5",
                "timestamp": str(suspect.last_seen // _SECOND),
            }
            for relation, kind, category, value in rows
        ],
    }
