"""One JSON document for programs and archives; its form is versioned and has a JSON Schema."""

from __future__ import annotations

from typing import TextIO

from netminedet.report.document import json_text, report_document
from netminedet.report.like import ReportLike

MACHINE = True


def render(report: ReportLike, stream: TextIO, *, color: bool = False, width: int | None = None) -> None:
    """Write ``report`` as one indented JSON document."""
    stream.write(json_text(report_document(report), indent=2) + "\n")
