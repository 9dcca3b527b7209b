"""Renderers: pure functions of the report object.

Nothing here reads a capture, a clock or the network; the same report always gives
the same bytes.  Every string in a report may have been chosen by whoever sent the
traffic, so nothing is ever interpreted: see `text` for people and `document` for
programs.  An output format is one file in `formats/`.
"""

from __future__ import annotations

from netminedet.report.community_id import community_id
from netminedet.report.document import report_document
from netminedet.report.formats import Format, format_names, load_format
from netminedet.report.like import ReportLike
from netminedet.report.schema import schema_text

__all__ = [
    "Format",
    "ReportLike",
    "community_id",
    "format_names",
    "load_format",
    "report_document",
    "schema_text",
]
