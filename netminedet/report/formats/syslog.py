"""Syslog messages by RFC 5424, a line for each suspect.

Facility local0; severity warning (confirmed), notice (probable) or informational (suspected);
MSGID ``suspect``; the time is when the host was last seen mining.  Structured data has
``origin`` with the tool's version, and ``suspect@32473`` with ``host``, ``verdict``, ``role``,
``firstSeen``, ``lastSeen``, ``srcPort``, ``destIp``, ``destPort``, ``proto`` (of the connection
that proves most), ``pool``, ``accepted``, ``submitted``, ``hashRate``, ``kw``, ``coins``,
``dialects``, ``operator``, ``unit``, ``wallets``, ``workers`` and ``agents``, as far as they are
known.  Long values are cut, and the last of them left out where all is too long.  (32473 is
the enterprise number that RFC 5612 keeps for uses without one.)  The text is the verdict with
its first reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from netminedet.language import in_english
from netminedet.model import FiveTuple
from netminedet.report.csvcells import pool_text
from netminedet.report.figures import kw_words, rate_words
from netminedet.report.like import ReportLike
from netminedet.report.mainflow import main_flow, pool_of
from netminedet.report.syslog import element, header, message, timestamp
from netminedet.suspects import Suspect

MACHINE = True
OPTIONS = ("collector",)


def render(report: ReportLike, stream: TextIO, *, color: bool = False, width: int | None = None) -> None:
    """Write a message a line."""
    for one in messages(report):
        stream.write(one.decode() + "\n")


def messages(report: ReportLike) -> Iterator[bytes]:
    """The messages, without frame and line end."""
    origin = element("origin", {"software": "netminedet", "swVersion": report.tool_version[:32]})
    for suspect in report.suspects:
        data = origin + element("suspect@32473", _values(suspect))
        reason = suspect.reasons[0] if suspect.reasons else "no reason was recorded"
        text = f"{suspect.verdict.label} {suspect.role.value} {suspect.host}: {reason}"
        yield message(header(suspect.verdict, suspect.last_seen, "suspect"), data, text)


@in_english
def _values(suspect: Suspect) -> dict[str, str | int | None]:
    flow, unit = main_flow(suspect), suspect.unit
    pool = pool_of(suspect, flow) or next(iter(suspect.pools), None)
    return {
        "host": suspect.host,
        "verdict": suspect.verdict.label,
        "role": suspect.role.value,
        "firstSeen": timestamp(suspect.first_seen),
        "lastSeen": timestamp(suspect.last_seen),
        **({} if flow is None else _ends(flow)),
        "pool": None if pool is None else pool_text(pool, suspect),
        "accepted": suspect.shares.accepted,
        "submitted": suspect.shares.submitted,
        "hashRate": rate_words(suspect),
        "kw": kw_words(suspect),
        "coins": ",".join(suspect.coins),
        "dialects": ",".join(suspect.dialects),
        "operator": None if unit is None else unit.operator,
        "unit": None if unit is None else unit.unit,
        "wallets": ",".join(suspect.wallets),
        "workers": ",".join(suspect.workers),
        "agents": ",".join(suspect.agents),
    }


def _ends(flow: FiveTuple) -> dict[str, str | int | None]:
    """The flow as the suspect sends, by which an operator finds the subscriber."""
    return {
        "srcPort": flow.src_port,
        "destIp": flow.dest_ip,
        "destPort": flow.dest_port,
        "proto": flow.proto.upper(),
    }
