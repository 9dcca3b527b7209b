"""Reads the signature files: their dialects, look-alikes and pool lists, checked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from netminedet import __version__
from netminedet.model import SignatureSetInfo
from netminedet.signatures.cache import Kept, Prepared
from netminedet.signatures.dialect import Dialect, Lookalike
from netminedet.signatures.fields import FieldError, Fields
from netminedet.signatures.places import LOOKALIKES_FILE, POOLS_FILE, dialect_files, read_text, shown_path
from netminedet.signatures.pools import PoolRow, parse_pools
from netminedet.signatures.schema import parse_dialect, parse_lookalikes
from netminedet.signatures.yamlfile import field_error, read_yaml

#: Largest pool list that is read, in bytes.
POOLS_LIMIT = 8 * 1024 * 1024


def read_signatures(shipped: Path, directories: Sequence[Path], *, parse: bool) -> Prepared:
    """The signatures of all folders, later ones replacing earlier ones.

    The expressions of further folders are always parsed, those of the shipped files if
    ``parse`` says so.  Raises SignatureError with file, line, field and remedy.
    """
    dialects: dict[str, Dialect] = {}
    pools: dict[str, PoolRow] = {}
    expressions: dict[str, Kept] = {}
    for directory in (shipped, *directories):
        for dialect in read_dialects(directory):
            if parse or directory is not shipped:
                expressions.update(compile_expressions(dialect))
            dialects[dialect.id] = dialect
        pools.update(read_pools(directory))
    check_refinements(dialects)
    check_needs(dialects)
    info = set_info(dialects.values(), pools.values())
    return Prepared(list(dialects.values()), list(pools.values()), info, expressions)


def read_dialects(directory: Path) -> list[Dialect]:
    """The signature files of one folder."""
    found: dict[str, Dialect] = {}
    for path in dialect_files(directory):
        shown = shown_path(path)

        def parse(document: object, text: str, shown: str = shown) -> Dialect:
            dialect = parse_dialect(document, shown, text)
            if dialect.id in found:
                other = found[dialect.id].source
                raise FieldError(
                    ("id",), f"{other} has the id '{dialect.id}' too; name one of them otherwise"
                )
            return dialect

        dialect = read_yaml(path, shown, parse)
        found[dialect.id] = dialect
    return list(found.values())


def read_lookalikes(directory: Path) -> tuple[Lookalike, ...]:
    """The lines in the folder's lookalikes.yaml; none if there is no such file."""
    path = directory / LOOKALIKES_FILE
    if not path.is_file():
        return ()
    return read_yaml(
        path,
        shown_path(path),
        lambda document, _text: parse_lookalikes(Fields(document, allowed=("lookalikes",))),
    )


def read_pools(directory: Path) -> dict[str, PoolRow]:
    """The rows of the folder's pools.csv by domain; none if there is no such file."""
    path = directory / POOLS_FILE
    if not path.is_file():
        return {}
    shown = shown_path(path)
    return parse_pools(read_text(path, shown, POOLS_LIMIT), shown)


def compile_expressions(dialect: Dialect) -> dict[str, Kept]:
    """What is to be kept of the dialect's expressions; raises SignatureError for one that is not valid."""
    from netminedet.signatures.expressions import Expression

    compiled = {}
    for place, text in _expressions(dialect):
        try:
            compiled[text] = Expression(text).kept
        except ValueError as error:
            problem = f"not valid JMESPath ({error}); quote literal strings with '…' and numbers with `…`"
            raise field_error(dialect.source, dialect.text, FieldError(place, problem)) from None
    return compiled


def _expressions(dialect: Dialect) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if dialect.accepted is not None:
        yield ("accepted",), dialect.accepted
    for index, pattern in enumerate(dialect.patterns):
        if pattern.where is not None:
            yield ("messages", index, "where"), pattern.where
        for key, text in pattern.extract:
            yield ("messages", index, "extract", key), text


def check_refinements(dialects: dict[str, Dialect]) -> None:
    """Every ``refines`` must lead to a loaded dialect, and not in a circle; raises SignatureError."""
    for dialect in dialects.values():
        seen = {dialect.id}
        above = dialect.refines
        while above is not None:
            problem = None
            if above not in dialects:
                problem = f"no signature file has the id '{above}'; correct it, or write null"
            elif above in seen:
                problem = f"leads back to '{above}'; the more general dialect must not refine this one"
            if problem is not None:
                raise field_error(dialect.source, dialect.text, FieldError(("refines",), problem))
            seen.add(above)
            above = dialects[above].refines


def check_needs(dialects: dict[str, Dialect]) -> None:
    """Every message of another file that one ``needs`` must be loaded; raises SignatureError."""
    known = {pattern.signature for dialect in dialects.values() for pattern in dialect.patterns}
    for dialect in dialects.values():
        for index, pattern in enumerate(dialect.patterns):
            for name in pattern.needs.any_of if pattern.needs is not None else ():
                if name not in known:
                    problem = f"no signature file has the message '{name}'; correct it, or take it out"
                    place = FieldError(("messages", index, "needs"), problem)
                    raise field_error(dialect.source, dialect.text, place)


def set_info(dialects: Iterable[Dialect], pools: Iterable[PoolRow]) -> SignatureSetInfo:
    """Identifies the set by its content: the files' texts by id, then the pool rows by domain."""
    digest = hashlib.sha256()
    count = 0
    for dialect in sorted(dialects, key=lambda one: one.id):
        count += len(dialect.patterns)
        digest.update(f"{dialect.id}\0{dialect.text}\0".encode())
    for row in sorted(pools, key=lambda one: one.domain):
        ports = " ".join(map(str, sorted(row.ports)))
        cells = (
            row.domain,
            row.pool,
            " ".join(row.coins),
            row.category,
            str(row.whole_domain),
            *row.hosts,
            ports,
        )
        digest.update("\t".join(cells).encode() + b"\n")
    return SignatureSetInfo(version=__version__, sha256=digest.hexdigest(), count=count)
