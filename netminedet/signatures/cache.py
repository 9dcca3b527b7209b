"""Keeps what was made of the signature files, so that the next run need not make it again.

Parsing the files and compiling their expressions takes longer than many a scan.  The result
is kept in the user's cache folder under a name made from everything that it depends on: the
files' contents, this package's own code and the version of Python.  Whatever goes wrong with it
(no folder, a full disk, a damaged or foreign file) only costs that time.  Like Python's own
``__pycache__`` it holds code, and is believed only where nobody but the user can write to it.

``NETMINEDET_CACHE`` names another folder; empty, nothing is kept.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from netminedet import __version__, model
from netminedet.model import SignatureSetInfo
from netminedet.signatures.dialect import Dialect
from netminedet.signatures.pools import PoolRow

VARIABLE = "NETMINEDET_CACHE"

#: Files kept; older ones go when a new one comes.
FILES_KEPT = 8
#: Largest file that is read, in bytes.
SIZE_LIMIT = 32 * 1024 * 1024

_PREFIX, _SUFFIX = "signatures-", ".msgpack"
#: The SHA-256 of what follows, before it: a bit that flips on a disk must not change a signature.
_DIGEST = hashlib.sha256().digest_size


class Kept(Struct, frozen=True):
    """What was made of an expression."""

    #: the JSON types that ``result`` and ``error`` may have where it holds (see ``prefilter``); None for any
    result_types: frozenset[str] | None
    error_types: frozenset[str] | None
    #: keys that a message has for which it holds (see ``needed``)
    keys: frozenset[str]
    #: of a function, marshalled
    code: bytes = b""
    #: its syntax tree, where there is no code of it
    tree: dict[str, Any] | None = None


class Prepared(Struct, frozen=True):
    """A set of signatures, ready for use."""

    dialects: list[Dialect]
    pools: list[PoolRow]
    info: SignatureSetInfo
    #: by their text
    expressions: dict[str, Kept]


def cache_folder() -> Path | None:
    """Where it is kept: ``NETMINEDET_CACHE``, else the XDG base directory's; None for nowhere."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named) if named else None
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():  # the specification says to pass over such a one
        try:
            base = Path.home() / ".cache"
        except RuntimeError:  # a user without a home
            return None
    return base / "netminedet"


def content_key(files: Iterable[tuple[str, bytes]]) -> str:
    """A name for what is made of these files, (name, content), by this very code."""
    digest = hashlib.sha256(f"{__version__} {sys.version}\0".encode())
    for module in (Path(model.__file__), *sorted(Path(__file__).parent.glob("*.py"))):
        with suppress(OSError):
            state = module.stat()
            digest.update(f"{module.name} {state.st_size} {state.st_mtime_ns}\0".encode())
    for name, content in files:
        digest.update(f"{name}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
        digest.update(content)
    return digest.hexdigest()


def load(key: str) -> Prepared | None:
    """What was kept under the key; None if there is nothing, or nothing that can be trusted."""
    folder = cache_folder()
    if folder is None:
        return None
    try:
        with (folder / f"{_PREFIX}{key}{_SUFFIX}").open("rb") as file:
            if not _is_ours(os.fstat(file.fileno())):
                return None
            digest, content = file.read(_DIGEST), file.read(SIZE_LIMIT)
        if hashlib.sha256(content).digest() != digest:
            return None
        return msgspec.msgpack.decode(content, type=Prepared)
    except (OSError, msgspec.DecodeError, ValueError, RecursionError):
        return None


def is_usable() -> bool:
    """Whether there is a folder that ``store`` can write to."""
    folder = cache_folder()
    if folder is None:
        return False
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.access(folder, os.W_OK) and _is_ours(folder.stat())
    return False


def store(key: str, prepared: Prepared) -> None:
    """Keep it under the key, whole or not at all."""
    folder = cache_folder()
    if folder is None:
        return
    import tempfile  # costs more than reading the cache does

    with suppress(OSError):
        handle, name = tempfile.mkstemp(dir=folder, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                content = msgspec.msgpack.encode(prepared)
                file.write(hashlib.sha256(content).digest() + content)
            Path(name).replace(folder / f"{_PREFIX}{key}{_SUFFIX}")
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _thin_out(folder)


def _is_ours(state: os.stat_result) -> bool:
    """Whether it belongs to this user, and nobody else can write to it."""
    return state.st_uid == os.getuid() and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _thin_out(folder: Path) -> None:
    kept = sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[FILES_KEPT:]:
        path.unlink(missing_ok=True)
