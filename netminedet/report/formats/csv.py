"""A table for spreadsheets and databases: a row for each suspect, columns that never move.

Columns are as in ``columns``, in this order; later releases add theirs at the end.  Headers
are the English names, or Chinese where that is the language.  A list stands in one cell, its
entries joined by "; ".  Times are UTC in ISO 8601.  With ``bom`` the text begins with a byte
order mark, by which spreadsheet programs know it for UTF-8.

A text that a spreadsheet would take for a formula gets an apostrophe before it, and every
text is in quotes, so that no reader splits it where it has a separator of its own.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TextIO

from netminedet.language import _
from netminedet.report.csvcells import COLUMNS, Cell
from netminedet.report.like import ReportLike
from netminedet.report.text import printable

MACHINE = True
OPTIONS = ("bom",)

#: Characters kept of a cell; spreadsheet programs take 32,767, of which an escape may need ten.
_CELL_LIMIT = 3000
#: How formulas begin, in full width too.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def render(
    report: ReportLike, stream: TextIO, *, color: bool = False, width: int | None = None, bom: bool = False
) -> None:
    """Write a header and a row for each suspect."""
    if bom:
        stream.write("\ufeff")
    writer = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow([_(name) for name in COLUMNS])
    for suspect in report.suspects:
        writer.writerow([_safe(fill(suspect)) for fill in COLUMNS.values()])


def _safe(value: Cell) -> str | int | float:
    """A number as it is, a text so that nobody takes it for anything else."""
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return value
    text = printable(value if isinstance(value, str) else _joined(value), _CELL_LIMIT)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def _joined(entries: Iterable[str]) -> str:
    return "; ".join(entries)
