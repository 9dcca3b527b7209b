"""Where the signature files are, and their text."""

from __future__ import annotations

from pathlib import Path

from netminedet.signatures.errors import SignatureError

LOOKALIKES_FILE = "lookalikes.yaml"
POOLS_FILE = "pools.csv"

#: More files in one folder than this are not a signature folder.
FILES_LIMIT = 1000


def signature_dir() -> Path:
    """The folder of the shipped signatures.

    An installed package has them inside itself; a checkout, and an editable install of
    one, in its top-level folder ``signatures/``.
    """
    package = Path(__file__).parent
    installed = package / "data"
    return installed if installed.is_dir() else package.parent.parent / "signatures"


def shown_path(path: Path) -> str:
    """The path as messages name it: relative to the current folder if it lies under it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (OSError, ValueError):
        return str(path)


def dialect_files(directory: Path) -> list[Path]:
    """The folder's files of one dialect each; raises SignatureError where it is no folder of signatures."""
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


def read_text(path: Path, shown: str, limit: int) -> str:
    """The file's text with LF line ends; raises SignatureError if it is too large or no text."""
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise SignatureError(f"{shown}: cannot be read ({error.strerror})") from error
    if len(content) > limit:
        raise SignatureError(f"{shown}: larger than {limit} bytes; split it into several files")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SignatureError(f"{shown}:{line}: not UTF-8 text; save the file as UTF-8") from error
    return text.replace("\r\n", "\n")
