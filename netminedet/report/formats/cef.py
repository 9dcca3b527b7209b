"""Common Event Format (CEF) for ArcSight and other SIEMs, a line for each suspect.

The event class is ``suspect``, the severity 9 (confirmed), 6 (probable) or 3 (suspected).
``src`` is the suspect; ``spt``, ``dst`` and ``dpt`` are those of the connection that proves
most; IPv6 addresses stand in ``c6a2`` and ``c6a3``, as the format wants it.
``destinationServiceName`` is the first pool's name.  ``start`` and ``end`` are milliseconds
since 1970.  Custom fields carry their labels: role, coins, wallets, workers, size (hash rate
and kW) and unit; accepted and submitted shares.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from netminedet.language import in_english
from netminedet.report import syslog
from netminedet.report.figures import kw_words, rate_words
from netminedet.report.like import ReportLike
from netminedet.report.mainflow import main_flow, pool_of
from netminedet.report.text import printable
from netminedet.suspects import Suspect, Verdict

MACHINE = True
OPTIONS = ("collector",)

_SEVERITY = {Verdict.CONFIRMED: 9, Verdict.PROBABLE: 6, Verdict.SUSPECTED: 3}
#: Characters kept of a value; the format has room for 1,023 in most fields and 4,000 in custom ones.
_VALUE_LIMIT = 200

Value = str | int | None


def render(report: ReportLike, stream: TextIO, *, color: bool = False, width: int | None = None) -> None:
    """Write an event a line."""
    for suspect in report.suspects:
        stream.write(_event(report, suspect) + "\n")


def messages(report: ReportLike) -> Iterator[bytes]:
    """The events as syslog messages, without frame and line end."""
    for suspect in report.suspects:
        head = syslog.header(suspect.verdict, suspect.last_seen, "CEF")
        yield f"{head}- {_event(report, suspect)}".encode()


@in_english
def _event(report: ReportLike, suspect: Suspect) -> str:
    name = f"Virtual-currency mining: {suspect.verdict.label} {suspect.role.value}"
    begin = ("CEF:0", "netminedet", "netminedet", _header(report.tool_version), "suspect", name)
    values = {key: value for key, value in _extension(suspect).items() if value not in (None, "")}
    extension = " ".join(f"{key}={_escaped(str(value))}" for key, value in values.items())
    return "|".join((*begin, str(_SEVERITY[suspect.verdict]), extension))


def _extension(suspect: Suspect) -> dict[str, Value]:
    flow = main_flow(suspect)
    pool = pool_of(suspect, flow)
    found = _address("src", "c6a2", "Source IPv6 Address", suspect.host)
    if flow is not None:
        found |= {"spt": flow.src_port, "proto": flow.proto.upper()}
        found |= _address("dst", "c6a3", "Destination IPv6 Address", flow.dest_ip)
        found["dpt"] = flow.dest_port
    if pool is not None:
        found["dhost"] = pool.name
    named = next((pool.name for pool in suspect.pools if pool.name), None)
    size = (rate_words(suspect), f"{kw} kW" if (kw := kw_words(suspect)) else None)
    return {
        **found,
        "start": suspect.first_seen // 1_000_000,
        "end": suspect.last_seen // 1_000_000,
        "destinationServiceName": named,
        "cat": "coin-mining",
        "act": "detected",
        "app": ",".join(suspect.dialects),
        "requestClientApplication": ",".join(suspect.agents),
        "msg": suspect.reasons[0] if suspect.reasons else None,
        **_labelled("cs1", "role", suspect.role.value),
        **_labelled("cs2", "coins", ",".join(suspect.coins)),
        **_labelled("cs3", "wallets", ",".join(suspect.wallets)),
        **_labelled("cs4", "workers", ",".join(suspect.workers)),
        **_labelled("cs5", "size", ", ".join(filter(None, size))),
        **_labelled("cs6", "unit", None if suspect.unit is None else suspect.unit.unit),
        **_labelled("cn1", "accepted shares", suspect.shares.accepted),
        **_labelled("cn2", "submitted shares", suspect.shares.submitted),
    }


def _address(four: str, six: str, label: str, address: str | None) -> dict[str, Value]:
    if address is None:
        return {}
    return _labelled(six, label, address) if ":" in address else {four: address}


def _labelled(key: str, label: str, value: Value) -> dict[str, Value]:
    return {} if value in (None, "") else {f"{key}Label": label, key: value}


def _header(text: str) -> str:
    return printable(text, _VALUE_LIMIT).replace("\\", "\\\\").replace("|", "\\|")


def _escaped(text: str) -> str:
    return printable(text, _VALUE_LIMIT).replace("\\", "\\\\").replace("=", "\\=")
