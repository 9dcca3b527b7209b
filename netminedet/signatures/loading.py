"""Finds the signature files and makes one set of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from netminedet import __version__
from netminedet.model import SignatureSetInfo
from netminedet.signatures.dialect import Dialect, Lookalike
from netminedet.signatures.errors import SignatureError
from netminedet.signatures.fields import FieldError, Fields
from netminedet.signatures.matcher import SignatureSet
from netminedet.signatures.pools import PoolList, PoolRow, parse_pools
from netminedet.signatures.schema import parse_dialect, parse_lookalikes
from netminedet.signatures.yamlfile import field_error, read_text, read_yaml

LOOKALIKES_FILE = "lookalikes.yaml"
POOLS_FILE = "pools.csv"

#: More files in one folder than this are not a signature folder.
FILES_LIMIT = 1000

#: Largest pool list that is read, in bytes.
POOLS_LIMIT = 8 * 1024 * 1024


def signature_dir() -> Path:
    """The folder of the shipped signatures.

    An installed package has them inside itself; a checkout, and an editable install of
    one, in its top-level folder ``signatures/``.
    """
    package = Path(__file__).parent
    installed = package / "data"
    return installed if installed.is_dir() else package.parent.parent / "signatures"


def load_signatures(directories: Sequence[Path] = ()) -> SignatureSet:
    """The shipped signatures and those in further folders, later ones replacing earlier ones.

    A file replaces the one with the same id; a row of a ``pools.csv`` the one with the
    same domain.  Files in further folders are checked to the last expression.  Raises
    SignatureError with file, line, field and remedy.
    """
    shipped = signature_dir()
    dialects: dict[str, Dialect] = {}
    pools: dict[str, PoolRow] = {}
    for directory in (shipped, *directories):
        for dialect in read_dialects(directory):
            if directory is not shipped:
                compile_expressions(dialect)
            dialects[dialect.id] = dialect
        pools.update(read_pools(directory))
    check_refinements(dialects)
    return SignatureSet(dialects.values(), PoolList(pools.values()), _info(dialects.values(), pools.values()))


def read_dialects(directory: Path) -> list[Dialect]:
    """The signature files of one folder."""
    found: dict[str, Dialect] = {}
    for path in _files(directory):
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


def compile_expressions(dialect: Dialect) -> None:
    """Compile every JMESPath of the dialect; raises SignatureError for one that is not valid."""
    from netminedet.signatures.expressions import Expression

    places: list[tuple[tuple[str | int, ...], str]] = []
    if dialect.accepted is not None:
        places.append((("accepted",), dialect.accepted))
    for index, pattern in enumerate(dialect.patterns):
        if pattern.where is not None:
            places.append((("messages", index, "where"), pattern.where))
        places += [(("messages", index, "extract", key), text) for key, text in pattern.extract]
    for place, text in places:
        try:
            Expression(text)
        except ValueError as error:
            problem = f"not valid JMESPath ({error}); quote literal strings with '…' and numbers with `…`"
            raise field_error(dialect.source, dialect.text, FieldError(place, problem)) from None


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


def shown_path(path: Path) -> str:
    """The path as messages name it: relative to the current folder if it lies under it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (OSError, ValueError):
        return str(path)


def _files(directory: Path) -> list[Path]:
    shown = shown_path(directory)
    try:
        names = sorted(path for path in directory.iterdir() if path.suffix in (".yaml", ".yml", ".csv"))
    except OSError as error:
        raise SignatureError(f"{shown}: no folder to read signatures from ({error.strerror})") from error
    if not names:
        raise SignatureError(
            f"{shown}: no signatures here; a folder of them holds *.yaml files or a {POOLS_FILE}"
        )
    if len(names) > FILES_LIMIT:
        raise SignatureError(f"{shown}: {len(names)} files; at most {FILES_LIMIT} are read")
    return [path for path in names if path.suffix != ".csv" and path.name != LOOKALIKES_FILE]


def _info(dialects: Iterable[Dialect], pools: Iterable[PoolRow]) -> SignatureSetInfo:
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
