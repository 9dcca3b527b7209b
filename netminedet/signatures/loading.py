"""Makes one set of the shipped signatures and those of further folders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from netminedet.signatures import cache
from netminedet.signatures.matcher import SignatureSet
from netminedet.signatures.places import POOLS_FILE, dialect_files, shown_path, signature_dir
from netminedet.signatures.pools import PoolList


def load_signatures(directories: Sequence[Path] = ()) -> SignatureSet:
    """The shipped signatures and those in further folders, later ones replacing earlier ones.

    A file replaces the one with the same id; a row of a ``pools.csv`` the one with the
    same domain.  Files in further folders are checked to the last expression.  Raises
    SignatureError with file, line, field and remedy.
    """
    return signature_set(prepare_signatures(directories))


def prepare_signatures(directories: Sequence[Path] = ()) -> cache.Prepared:
    """The same as plain data, which another process can be given."""
    return _prepared(signature_dir(), directories)


def signature_set(prepared: cache.Prepared) -> SignatureSet:
    """The signatures, ready to recognise messages."""
    return SignatureSet(prepared.dialects, PoolList(prepared.pools), prepared.info, prepared.expressions)


def _prepared(shipped: Path, directories: Sequence[Path]) -> cache.Prepared:
    """From the cache if the files are the same as then, otherwise from the files."""
    try:
        key = cache.content_key(_contents((shipped, *directories)))
    except OSError:
        key = None  # reading the files will say what is wrong
    known = cache.load(key) if key else None
    if known is not None:
        return known
    from netminedet.signatures.reading import read_signatures

    keep = key is not None and cache.is_usable()
    prepared = read_signatures(shipped, directories, parse=keep)
    if key is not None and keep:
        cache.store(key, prepared)
    return prepared


def _contents(directories: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    for directory in directories:
        for path in dialect_files(directory):
            yield shown_path(path), path.read_bytes()
        pools = directory / POOLS_FILE
        yield shown_path(pools), pools.read_bytes() if pools.is_file() else b""
