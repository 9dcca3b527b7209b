"""Where a report is written to: standard output, or a file that is complete or not there."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from netminedet.errors import NetminedetError
from netminedet.report.text import printable

STDOUT = "-"


def check_target(target: str, inputs: Iterable[str]) -> None:
    """Raise where a report can clearly not go to ``target``, before a long scan is made for it."""
    if target == STDOUT:
        return
    path = Path(target)
    name = printable(target)
    if path.is_dir():
        raise NetminedetError(f"{name}: is a folder; name a file to write the report to")
    if not path.parent.is_dir():
        raise NetminedetError(f"{name}: its folder does not exist; make it first")
    if not os.access(path if path.exists() and not path.is_file() else path.parent, os.W_OK):
        raise NetminedetError(f"{name}: may not be written; choose another place with -o")
    if path.exists() and any(_same(path, given) for given in inputs):
        raise NetminedetError(f"{name}: is one of the captures; write the report to another file")


def check_key(target: str, key: str) -> None:
    """Raise where the report would be written over the key that masks it."""
    if target != STDOUT and Path(target).exists() and _same(Path(target), key):
        raise NetminedetError(f"{printable(target)}: is the key; write the report to another file")


@contextlib.contextmanager
def open_output(target: str, *, machine: bool) -> Iterator[TextIO]:
    """A text stream to ``target``: UTF-8 for machines and files, else as the terminal wants it."""
    if target == STDOUT:
        with _stdout(machine=machine) as stream:
            yield stream
    elif _is_special(Path(target)):
        with Path(target).open("w", encoding="utf-8", newline="\n") as stream:
            yield stream
    else:
        with _whole_file(Path(target)) as stream:
            yield stream


@contextlib.contextmanager
def _stdout(*, machine: bool) -> Iterator[TextIO]:
    if sys.stdout is None:
        raise NetminedetError("standard output is closed; name a file with -o")
    if isinstance(sys.stdout, io.TextIOWrapper):
        if machine:
            sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
        else:
            sys.stdout.reconfigure(errors="replace")
    yield sys.stdout
    sys.stdout.flush()


@contextlib.contextmanager
def _whole_file(path: Path) -> Iterator[TextIO]:
    """A file that gets its name only when all of it is on disk; links and permissions are kept."""
    path = path.resolve()
    temporary = path.with_name(f".netminedet-{secrets.token_hex(8)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            _keep_permissions(path, descriptor)
            yield stream
            stream.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _keep_permissions(path: Path, descriptor: int) -> None:
    """As the file that is replaced had them; a new file has what the umask leaves."""
    with contextlib.suppress(OSError):
        old = path.stat()
        os.fchmod(descriptor, stat.S_IMODE(old.st_mode) & 0o777)
        os.fchown(descriptor, old.st_uid, old.st_gid)


def _is_special(path: Path) -> bool:
    """A device, pipe or the like, which must be written into and never replaced."""
    return path.exists() and not path.is_file()


def _same(path: Path, given: str) -> bool:
    try:
        return path.samefile(given)
    except OSError:
        return False
