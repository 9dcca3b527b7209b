"""Reads the project's CSV tables: columns by name, errors with file, line, field and remedy."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from netminedet.language import number_of
from netminedet.signatures.errors import SignatureError
from netminedet.signatures.places import read_text, shown_path

#: Largest table that is read, in bytes.
TABLE_LIMIT = 4 * 1024 * 1024


class Row(Struct, frozen=True):
    """The cells of one row by column, without blanks around them, and where it stands."""

    cells: dict[str, str]
    #: "power.csv:12"
    where: str

    def __getitem__(self, column: str) -> str:
        """The cell's text; empty where the column is missing."""
        return self.cells.get(column, "")

    def error(self, column: str, problem: str) -> SignatureError:
        """The error to raise for a cell: ``power.csv:12: low: …``."""
        return SignatureError(f"{self.where}: {column}: {problem}")

    def required(self, column: str) -> str:
        """The cell's text; raises SignatureError if it is empty."""
        text = self[column]
        if not text:
            raise self.error(column, "empty; every row needs it")
        return text

    def choice(self, column: str, allowed: Sequence[str]) -> str:
        """The cell's text if it is one of those allowed; raises SignatureError otherwise."""
        text = self[column]
        if text not in allowed:
            raise self.error(column, f"unknown value {text!r:.60}; use one of: {', '.join(allowed)}")
        return text


def read_rows(path: Path, columns: Sequence[str], required: Sequence[str]) -> list[Row]:
    """The rows of a CSV file in UTF-8; raises SignatureError with file, line, field and remedy."""
    shown = shown_path(path)
    return list(parse_rows(read_text(path, shown, TABLE_LIMIT), shown, columns, required))


def parse_rows(text: str, shown: str, columns: Sequence[str], required: Sequence[str]) -> Iterator[Row]:
    """The rows of a table whose first line names its columns, in any order.

    Empty lines and lines that begin with ``#`` are left out.  ``shown`` is the file's name
    in messages.  Raises SignatureError.
    """
    lines = ("\n" if line.startswith("#") else line for line in io.StringIO(text))
    reader = csv.reader(lines, strict=True)
    header: list[str] | None = None
    try:
        for cells in reader:
            if not any(cells):
                continue
            where = f"{shown}:{reader.line_num}"
            if header is None:
                header = _header(cells, where, columns, required)
            elif len(cells) != len(header):
                found = number_of("{n} cell", "{n} cells", len(cells))
                problem = f"{found} under {len(header)} columns; quote cells that hold a comma"
                raise SignatureError(f"{where}: {problem}")
            else:
                yield Row(dict(zip(header, (cell.strip() for cell in cells), strict=True)), where)
    except csv.Error as error:
        line = f"{shown}:{reader.line_num}"
        raise SignatureError(f"{line}: not valid CSV ({error}); check the quotes") from None


def _header(cells: list[str], where: str, columns: Sequence[str], required: Sequence[str]) -> list[str]:
    for cell in cells:
        if cell not in columns:
            known = ", ".join(columns)
            raise SignatureError(f"{where}: {cell!r:.60}: unknown column; known columns: {known}")
    for column in required:
        if column not in cells:
            raise SignatureError(f"{where}: {column}: column missing; the first line must name it")
    return cells
