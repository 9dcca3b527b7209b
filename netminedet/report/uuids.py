"""Identifiers that follow from what they name, so that the same report gives the same ones."""

from __future__ import annotations

import hashlib
from uuid import NAMESPACE_URL, UUID, uuid5

from netminedet.report.like import ReportLike

#: All identifiers are made under this one.
NAMESPACE = uuid5(NAMESPACE_URL, "urn:netminedet:report")


def identifier(kind: str, *parts: object) -> UUID:
    """The UUID (version 5) of a thing of a kind that these parts tell from all others."""
    return uuid5(NAMESPACE, repr((kind, *parts)))


def fingerprint(report: ReportLike) -> str:
    """What tells the report from others: a hash over its inputs and when each suspect was seen."""
    inputs = sorted((info.sha256 or "", info.path, info.packets) for info in report.inputs)
    hosts = [(one.host, one.first_seen, one.last_seen, int(one.verdict)) for one in report.suspects]
    return hashlib.sha256(repr((inputs, hosts)).encode("utf-8", "surrogatepass")).hexdigest()


def report_time(report: ReportLike) -> int:
    """When the traffic of the report ended, in nanoseconds; 0 where none was read."""
    times = [info.last_seen for info in report.inputs if info.last_seen is not None]
    return max([*times, *(one.last_seen for one in report.suspects)], default=0)
