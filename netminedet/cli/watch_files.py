"""Whether a watch could write what it is told to write, asked before it is started."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from netminedet.language import sentence

if TYPE_CHECKING:
    from netminedet.live.options import WatchOptions


def unwritable(options: WatchOptions) -> Iterator[str]:
    """A sentence for each file or folder that could not be written as things are.

    Nothing is opened or made.  What a disk has room for, and rights that no mode of a file tells, show when
    the watch begins.
    """
    may = _Rights(options.user)
    if options.output not in (None, "-"):
        yield from _file(Path(str(options.output)), "--output", may, replaced=False)
    if options.state is not None:
        yield from _file(Path(options.state), "--state", may, replaced=True)
    if options.evidence is not None:
        yield from _folder(Path(options.evidence), "--evidence", may)


class _Rights:
    """What the user may do who will write: the one of ``--user`` for a start as root, else who asks."""

    def __init__(self, user: str | None) -> None:
        self._entry = pwd.getpwnam(user) if user is not None and os.geteuid() == 0 else None
        self._groups = [] if self._entry is None else os.getgrouplist(self._entry.pw_name, self._entry.pw_gid)

    def write(self, path: Path) -> bool:
        """Whether the file may be written to, or names made and removed in the folder."""
        wanted = os.W_OK | os.X_OK if path.is_dir() else os.W_OK
        if self._entry is None:
            return os.access(path, wanted)
        found = path.stat()
        owned, shared = found.st_uid == self._entry.pw_uid, found.st_gid in self._groups
        return found.st_mode >> (6 if owned else 3 if shared else 0) & wanted == wanted


def _file(path: Path, option: str, may: _Rights, *, replaced: bool) -> Iterator[str]:
    """``replaced``: a new file takes its place, for which the folder is what counts."""
    name = str(path)
    if path.is_dir():
        yield sentence("{name}: is a folder; name a file with {option}", name=name, option=option)
    elif not path.parent.is_dir():
        yield sentence("{name}: its folder does not exist; make it first", name=name)
    elif not may.write(path if path.exists() and not replaced else path.parent):
        yield sentence(
            "{name}: may not be written; name another file with {option}", name=name, option=option
        )


def _folder(path: Path, option: str, may: _Rights) -> Iterator[str]:
    """It and the folders above it are made where they are missing."""
    there = next(one for one in (path, *path.absolute().parents) if one.exists())
    if not there.is_dir() or not may.write(there):
        yield sentence(
            "{name}: may not be written to; name another folder with {option}", name=str(path), option=option
        )
