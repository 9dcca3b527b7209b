"""Reads the CSV files that operators keep: any size, row by row, columns by their English or Chinese names.

UTF-8 with or without a byte order mark, plain or packed with gzip; separated by commas, semicolons or
tabs, whichever the first line has.  A file is never in memory as a whole.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from netminedet.errors import NetminedetError
from netminedet.language import as_sentence, number_of, sentence
from netminedet.report.text import legible, printable

#: Names that a column may have in the first line: ours, then those that are understood as it.
Columns = Mapping[str, Sequence[str]]

_SEPARATORS = ",;\t"
#: Characters of a column's name that errors quote.
_NAME_LIMIT = 40


#: What a file raises that cannot be read, or is packed and damaged.
_UNREADABLE = (OSError, EOFError, zlib.error)


class Row:
    """The cells of one line by column, without blanks around them, and where it stands."""

    __slots__ = ("_cells", "_table", "line")

    def __init__(self, cells: list[str], table: Table, line: int) -> None:
        self._cells = cells
        self._table = table
        self.line = line

    def __getitem__(self, column: str) -> str:
        """The cell's text; empty where the file has no such column."""
        place = self._table.places.get(column)
        return "" if place is None else self._cells[place].strip()

    @property
    def where(self) -> str:
        """``ledger.csv:12``."""
        return f"{self._table.shown}:{self.line}"

    @property
    def is_legible(self) -> bool:
        """Whether all of its bytes were UTF-8."""
        return all(legible(cell) == cell for cell in self._cells)

    def error(self, column: str, problem: str) -> NetminedetError:
        """``ledger.csv:12: cidr: …``; the column by the name that the file has for it."""
        what, column = as_sentence(problem), self._table.names.get(column, column)
        return NetminedetError(
            sentence("{place}: {column}: {what}", place=self.where, column=column, what=what)
        )


class Table:
    """An open CSV file: its columns are known, its rows can be read once.  Raises NetminedetError."""

    def __init__(self, path: str, columns: Columns, required: Sequence[str]) -> None:
        self.shown = printable(path)
        try:
            self._stream = _open_text(path)
            #: where each column that the file has stands in a row, and what the file calls it
            self.places: dict[str, int] = {}
            self.names: dict[str, str] = {}
            self._separator, self._begin = self._header(columns, required)
        except _UNREADABLE as error:
            reason = getattr(error, "strerror", None) or error
            raise NetminedetError(f"{self.shown}: cannot be read: {reason}") from None

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._stream.close()

    def _header(self, columns: Columns, required: Sequence[str]) -> tuple[str, int]:
        """Note where each column stands; the separator, and the number of the line."""
        known = {_plain(name): ours for ours, names in columns.items() for name in (ours, *names)}
        number, first = self._first_line()
        if legible(first) != first:
            raise NetminedetError(f"{self.shown}:{number}: is not UTF-8; save the file as CSV in UTF-8")
        separator = max(_SEPARATORS, key=first.count)
        cells = next(csv.reader([first], delimiter=separator), [])
        for place, cell in enumerate(cells):
            ours = known.get(_plain(cell))
            if ours in self.places:
                raise NetminedetError(f"{self.shown}:{number}: two columns are {ours!r}; leave one out")
            if ours is not None:
                self.places[ours] = place
                self.names[ours] = printable(cell.strip(), _NAME_LIMIT)
        for column in required:
            if column not in self.places:
                names = ", ".join((column, *columns[column]))
                raise NetminedetError(
                    f"{self.shown}:{number}: no column {column!r}; the first line must name the columns, "
                    f"this one as any of: {names}"
                )
        return separator, number

    def _first_line(self) -> tuple[int, str]:
        for number, line in enumerate(iter(self._stream.readline, ""), 1):
            if line.strip():
                return number, line
        raise NetminedetError(f"{self.shown}: is empty; its first line must name the columns")

    def has(self, column: str) -> bool:
        return column in self.places

    def place(self, column: str) -> int:
        """Where in a row a column stands that the file has."""
        return self.places[column]

    def rows(self, skip: Callable[[list[str]], bool] = lambda _: False) -> Iterator[Row | NetminedetError]:
        """Each row; in the place of one that cannot be taken apart, the error that says why.

        ``skip`` is asked for cells as they stand whether the row is of no matter: of millions nearly all are.
        """
        reader = csv.reader(self._stream, delimiter=self._separator)
        width = max(self.places.values()) + 1
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, *_UNREADABLE) as error:
                place = f"{self.shown}:{self._begin + reader.line_num}"
                yield NetminedetError(
                    sentence("{place}: not valid CSV: {reason}", place=place, reason=str(error))
                )
                if not isinstance(error, csv.Error):  # the packed file ends here
                    return
                continue
            if len(cells) >= width:
                if skip(cells):
                    continue
                yield Row(cells, self, self._begin + reader.line_num)
            elif any(cells):
                few = number_of(
                    "{place}: {n} cell, {needed} needed; quote cells with commas",
                    "{place}: {n} cells, {needed} needed; quote cells with commas",
                    len(cells),
                    place=f"{self.shown}:{self._begin + reader.line_num}",
                    needed=width,
                )
                yield NetminedetError(few)


def cell_text(text: str) -> str:
    """A cell as reports keep it: on one line, and of a length for people."""
    return printable(text, 200)


def _plain(name: str) -> str:
    """A column's name without what people write differently."""
    return re.sub(r"[\s_\-（）()]+", "", name).lower()


def _open_text(path: str) -> io.TextIOWrapper:
    """The file's text; closing it closes the file."""
    binary = Path(path).open("rb")  # noqa: SIM115
    packed = binary.peek(2)[:2] == b"\x1f\x8b"
    stream = cast(BinaryIO, gzip.GzipFile(fileobj=binary)) if packed else binary
    return io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
