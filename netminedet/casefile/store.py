"""Where a case is put: a folder, or a zip file whose bytes depend on nothing but its content."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

from netminedet.errors import NetminedetError
from netminedet.report.text import printable

#: The earliest time that a zip file can have; it tells nothing, and is the same in all.
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16


def is_zip_name(target: str) -> bool:
    return target.lower().endswith(".zip")


def check_case_target(target: str) -> None:
    """Raise where a case can clearly not be made, before long work is done for it."""
    path, name = Path(target), printable(target)
    if path.exists() and (is_zip_name(target) or not path.is_dir() or any(path.iterdir())):
        raise NetminedetError(f"{name}: is there already; name a new place for the case")
    if not path.absolute().parent.is_dir():
        raise NetminedetError(f"{name}: its folder does not exist; make it first")
    if not os.access(path.absolute().parent, os.W_OK | os.X_OK):
        raise NetminedetError(f"{name}: may not be written; name another place with -o")


@contextlib.contextmanager
def case_folder(target: str) -> Iterator[Path]:
    """A folder to fill.  It gets its name, or is packed, only when it is whole; else nothing is left."""
    path = Path(target).absolute()
    temporary = path.with_name(f".netminedet-{secrets.token_hex(8)}.tmp")
    temporary.mkdir()
    packed = temporary.with_suffix(".zip.tmp")
    try:
        yield temporary
        if is_zip_name(target):
            _pack(temporary, packed)
            packed.replace(path)
        else:
            if path.is_dir():
                path.rmdir()
            temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        packed.unlink(missing_ok=True)


def _pack(folder: Path, target: Path) -> None:
    """All files, by their names, with the same time and permissions."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        for name in names:
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _MODE
            entry.create_system = 3
            entry.file_size = (folder / name).stat().st_size
            with (folder / name).open("rb") as source, packed.open(entry, "w") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
