"""Reads a report back from the JSON document that ``--format json`` wrote.

Rendering what was read as JSON gives the same bytes again.  A document may come from
anywhere: it is checked against its form before anything is made of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from netminedet.errors import NetminedetError
from netminedet.garbage import uncollected
from netminedet.report import wire
from netminedet.report.checked import Unfit
from netminedet.report.document import SCHEMA
from netminedet.report.plain import PlainReport
from netminedet.report.text import printable
from netminedet.report.unwire import report_of

STDIN = "-"

#: Larger documents are refused; in bytes.
MAX_REPORT_BYTES = 1_073_741_824

_FAMILY = SCHEMA.rpartition("/")[0] + "/"
_REMEDY = "make one with: netminedet scan --format json -o REPORT.json CAPTURE"
#: How captures and compressed files begin, which are given in a report's place.
_OTHERS = {
    b"\xd4\xc3\xb2\xa1": "a capture",
    b"\xa1\xb2\xc3\xd4": "a capture",
    b"\x4d\x3c\xb2\xa1": "a capture",
    b"\xa1\xb2\x3c\x4d": "a capture",
    b"\x0a\x0d\x0d\x0a": "a capture",
    b"\x1f\x8b": "compressed",
    b"\x28\xb5\x2f\xfd": "compressed",
    b"\xfd7zXZ": "compressed",
}


class ReportError(NetminedetError):
    """A file cannot be read as a report; the text says which, where it is at fault and what to do."""


def read_report(path: str) -> PlainReport:
    """The report in a file; ``-`` is standard input.  Raises ReportError."""
    return parse_report(read_bytes(path), shown_name(path))


def shown_name(path: str) -> str:
    """What errors call the file."""
    return "standard input" if path == STDIN else printable(path)


def read_bytes(path: str) -> bytes:
    """The bytes of a document, at most ``MAX_REPORT_BYTES``; raises ReportError."""
    name = shown_name(path)
    try:
        if path == STDIN:
            data = sys.stdin.buffer.read(MAX_REPORT_BYTES + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(MAX_REPORT_BYTES + 1)
    except OSError as error:
        raise ReportError(f"{name}: the report cannot be read ({error.strerror}); {_REMEDY}") from error
    except ValueError as error:  # a NUL in the path
        raise ReportError(f"{name}: is no path of a file; {_REMEDY}") from error
    if len(data) > MAX_REPORT_BYTES:
        raise ReportError(f"{name}: larger than {MAX_REPORT_BYTES:,} bytes; scan in parts, and merge fewer")
    return data


def parse_report(data: bytes, name: str) -> PlainReport:
    """The report in a document; ``name`` is what errors call it.  Raises ReportError."""
    with uncollected():
        return _parsed(data.removeprefix(b"\xef\xbb\xbf"), name)


def _parsed(data: bytes, name: str) -> PlainReport:
    try:
        document = msgspec.json.decode(data, type=wire.Report)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise ReportError(f"{name}: {_diagnosis(data, error)}") from error
    if document.schema != SCHEMA:
        raise ReportError(f"{name}: {_other_schema(document.schema)}")
    try:
        return report_of(document)
    except Unfit as error:
        raise ReportError(
            f"{name}: is damaged or was changed: {printable(str(error))}; scan again"
        ) from error


def _diagnosis(data: bytes, error: Exception) -> str:
    """What is the matter with a document that was not understood, and how to mend it."""
    if not data.strip():
        return f"is empty; {_REMEDY}"
    for begin, what in _OTHERS.items():
        if data.startswith(begin):
            meant = "unpack it first" if what == "compressed" else _REMEDY
            return f"is {what}, and no report; {meant}"
    schema = _schema_of(data)
    if schema is None and _schema_of(data.partition(b"\n")[0]) is not None:
        return f"holds JSON Lines, and not one document; {_REMEDY}"
    if schema is None:
        return f"is no report, or cut off or damaged: {printable(str(error))}; {_REMEDY}"
    if schema != SCHEMA:
        return _other_schema(schema)
    return f"is damaged or was changed: {printable(str(error))}; scan again"


def _schema_of(data: bytes) -> str | None:
    """The form that a JSON object names; an empty text for none; None where it is no JSON object."""
    try:
        return msgspec.json.decode(data, type=wire.Head).schema
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


def _other_schema(schema: str) -> str:
    if schema.startswith(_FAMILY):
        return (
            f"is a report of the form {printable(schema, 60)}, and this release reads {SCHEMA}; "
            "use the release that made it, or scan again"
        )
    return f"is JSON, but no report of netminedet; {_REMEDY}"
