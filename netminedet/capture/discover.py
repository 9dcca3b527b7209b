"""Which files to read when a user names files and folders."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from netminedet.capture.compression import DamagedStream
from netminedet.capture.formats import HEAD, find_reader, unpacked
from netminedet.capture.notes import Notes, left_out, shown
from netminedet.capture.rawfile import RawFile
from netminedet.errors import NetminedetError

#: Compressed bytes read at once to see what is inside.
_CHUNK_SIZE = 1 << 12

#: A file's identity, whatever its names are: device and inode.
_Identity = tuple[int, int]


class Discovered(Struct, frozen=True):
    """Files to read, in order, and a line on each entry of a folder that could not be looked at."""

    files: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def discover(paths: Sequence[str]) -> Discovered:
    """Files as named, and the captures in folders as named, each file once.

    A file is taken whatever it holds; in a folder, sub-folders included and sorted by
    name, only files whose content begins like a capture are.  "-", standard input, stays.

    Raises NetminedetError when a folder holds no capture at all.
    """
    found = Discovered()
    notes = Notes(found.notes)
    taken: set[_Identity | str] = set()
    for path in paths:
        if path != "-" and os.path.isdir(path):  # noqa: PTH112
            candidates = [entry for entry in _walk(path, notes) if _is_capture(entry, notes)]
            if not candidates:
                hint = "; some of it may not be read" if found.notes else ""
                raise NetminedetError(f"{shown(path)}: no capture is in this folder{hint}; name another one")
        else:
            candidates = [path]
        for candidate in candidates:
            identity = _identity(candidate)
            if identity not in taken:
                taken.add(identity)
                found.files.append(candidate)
    return found


def _identity(path: str) -> _Identity | str:
    """What two names of one file have in common; the name itself where there is no file."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return path
    return status.st_dev, status.st_ino


def _walk(root: str, notes: Notes) -> Iterator[str]:
    """Regular files in a folder and below, sorted by name, no folder twice."""
    entered: set[_Identity | str] = set()
    # A stack, as folders may be nested deeper than calls.
    waiting = [root]
    while waiting:
        path = waiting.pop()
        try:
            mode = os.stat(path).st_mode  # noqa: PTH116
            if stat.S_ISREG(mode):
                yield path
            elif stat.S_ISDIR(mode) and (identity := _identity(path)) not in entered:
                entered.add(identity)
                names = sorted(os.listdir(path), reverse=True)  # noqa: PTH208
                waiting.extend(os.path.join(path, name) for name in names)  # noqa: PTH118
        except OSError as error:
            notes.add(left_out(path, error.strerror or str(error)))


def _is_capture(path: str, notes: Notes) -> bool:
    """True when the content begins like a capture, once it is uncompressed."""
    try:
        raw = RawFile(path)
    except NetminedetError as error:
        notes.add(error.args[0])
        return False
    try:
        stream, _ = unpacked(raw, _CHUNK_SIZE)
        head = bytearray(HEAD)
        filled = 0
        while filled < HEAD:
            got = stream.readinto(memoryview(head)[filled:])
            if not got:
                break
            filled += got
        return find_reader(bytes(head[:filled])) is not None
    except DamagedStream:
        return False
    except (OSError, NetminedetError) as error:
        notes.add(left_out(path, str(error)))
        return False
    finally:
        raw.close()
