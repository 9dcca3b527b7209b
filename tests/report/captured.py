"""Reports on the sample captures and, where they are at hand, on the real ones; each scanned once."""

from __future__ import annotations

from functools import cache

from netminedet import scan
from netminedet.report.document import json_text
from netminedet.report.merging import merge_reports
from netminedet.report.plain import PlainReport
from netminedet.report.reading import parse_report
from tests.conftest import SAMPLES, shared_captures

PATHS = {path.name: path for path in (*sorted(SAMPLES.glob("*.pcap*")), *shared_captures("mining"))}


@cache
def report_text(name: str) -> str:
    """The JSON document of a capture's report."""
    return json_text(scan(PATHS[name], adjacent=True).to_dict(), indent=2) + "\n"


def report_on(name: str) -> PlainReport:
    """The report on a capture, as it is read from its document."""
    return parse_report(report_text(name).encode(), name)


@cache
def report_on_all() -> PlainReport:
    """All of them merged."""
    return merge_reports([(name, report_on(name)) for name in PATHS]).report
