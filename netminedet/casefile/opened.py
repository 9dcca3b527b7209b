"""Reads a case, folder or zip file, without unpacking or believing it: names, sizes and bytes are checked."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

from netminedet.casefile.manifest import MAX_FILES, is_plain
from netminedet.errors import NetminedetError
from netminedet.language import sentence
from netminedet.report.text import printable

#: The end of a zip file, its comment included, and what one entry of its list may take; in bytes.
_ZIP_END_LIMIT = (1 << 16) + 200
_ENTRY_LIMIT = 1024
#: Bytes read at once.
_PIECE = 1 << 20

#: What a damaged zip file raises when it is read.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


class DamagedFile(Exception):
    """A file of a case cannot be read."""


class OpenCase(Protocol):
    """A case that is read."""

    #: every file in it: whether its name is a plain one is seen to
    names: frozenset[str]
    #: what is in it and ought not to be, in sentences
    strange: tuple[str, ...]

    def read(self, name: str, limit: int) -> Iterator[bytes]:
        """The bytes of a file in pieces, of not much more than ``limit`` bytes.  Raises DamagedFile."""


def open_case(path: str) -> OpenCase:
    """The case at a path; raises NetminedetError where there is none."""
    if Path(path).is_dir():
        return _Folder(path)
    return _Zip(path)


class _Folder:
    def __init__(self, path: str) -> None:
        self._root = Path(path)
        names: set[str] = set()
        strange: list[str] = []
        for entry, name in _entries(self._root):
            if entry.is_symlink() or not stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                strange.append(sentence("{name}: is no regular file", name=printable(name)))
            elif not is_plain(name):
                added = sentence(
                    "{name}: added, under a name that no file of a case has", name=printable(name)
                )
                strange.append(added)
            else:
                names.add(name)
            if len(names) + len(strange) > MAX_FILES:
                raise NetminedetError(f"{printable(path)}: more than {MAX_FILES:,} files, so no case")
        self.names = frozenset(names)
        self.strange = tuple(strange)

    def read(self, name: str, limit: int) -> Iterator[bytes]:
        try:
            with (self._root / name).open("rb") as file:
                yield from _pieces(file, limit)
        except OSError as error:
            raise DamagedFile(error.strerror or str(error)) from None


def _entries(root: Path) -> Iterator[tuple[os.DirEntry[str], str]]:
    """Everything in a folder and below but folders, with its name; links are not followed."""
    waiting = [(root, "")]
    while waiting:
        folder, above = waiting.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((Path(entry.path), f"{above}{entry.name}/"))
                else:
                    yield entry, above + entry.name


def _directory_size(path: str) -> int:
    """Bytes of a zip file's list of entries, by what its end says (APPNOTE.TXT 4.3.14 to 4.3.16)."""
    with Path(path).open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _ZIP_END_LIMIT))
        tail = file.read()
    end = tail.rfind(b"PK\5\6")
    if end >= 76 and tail[end - 20 : end - 16] == b"PK\6\7":  # behind the record of a large file
        return int.from_bytes(tail[end - 36 : end - 28], "little")
    return int.from_bytes(tail[end + 12 : end + 16], "little") if end >= 0 else 0


class _Zip:
    def __init__(self, path: str) -> None:
        name = printable(path)
        try:
            if _directory_size(path) > MAX_FILES * _ENTRY_LIMIT:
                raise NetminedetError(f"{name}: more than {MAX_FILES:,} files, so no case")
            self._file = zipfile.ZipFile(path)
        except FileNotFoundError:
            raise NetminedetError(f"{name}: is not there") from None
        except _DAMAGE:
            raise NetminedetError(f"{name}: is no case: neither a folder nor a whole zip file") from None
        entries = self._file.infolist()
        if len(entries) > MAX_FILES:
            raise NetminedetError(f"{name}: more than {MAX_FILES:,} files, so no case")
        names: set[str] = set()
        strange: list[str] = []
        for entry in entries:
            mode = entry.external_attr >> 16
            if entry.filename in names:
                strange.append(sentence("{name}: is there twice", name=printable(entry.filename)))
            elif not is_plain(entry.filename) or (mode and not stat.S_ISREG(mode)) or entry.is_dir():
                added = sentence("{name}: added, and no plain file of a case", name=printable(entry.filename))
                strange.append(added)
            names.add(entry.filename)
        self.names = frozenset(name for name in names if is_plain(name))
        self.strange = tuple(strange)

    def read(self, name: str, limit: int) -> Iterator[bytes]:
        try:
            with self._file.open(name) as file:
                yield from _pieces(file, limit)
        except _DAMAGE as error:
            raise DamagedFile(str(error)) from None


def _pieces(file: IO[bytes], limit: int) -> Iterator[bytes]:
    """No more than one byte over the limit: whoever made the file may have made it endless."""
    left = limit + 1
    while left and (piece := file.read(min(_PIECE, left))):
        left -= len(piece)
        yield piece
