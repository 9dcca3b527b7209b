"""The manifest of a case file: what is in it, by size and SHA-256, and how it came about.

It is written as canonical JSON (RFC 8785), so that the same content has the same bytes and hash.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from netminedet.errors import NetminedetError
from netminedet.language import sentence
from netminedet.report.text import printable

#: Name and version of the manifest's form.
SCHEMA = "netminedet.case/1"
#: Names of the manifest and of its signature.
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
#: Larger manifests are refused; in bytes.
MAX_MANIFEST = 16_777_216
#: Files of a case.
MAX_FILES = 10_000

Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)]
Size = Annotated[int, Meta(ge=0, le=2**53 - 1)]

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*){0,7}")
_SURROGATE = re.compile("[\ud800-\udfff]")


class FileEntry(Struct):
    """One file of the case."""

    path: Annotated[str, Meta(max_length=400)]
    size: Size
    sha256: Sha256
    about: str


class Capture(Struct):
    """One capture that the packets were taken from."""

    path: str
    sha256: Sha256
    size: Size
    packets: Size
    #: whether the report has an input with this hash
    in_report: bool
    #: whether all of it could be read
    complete: bool


class Asked(Struct):
    """A file that was asked whose the address is."""

    path: str
    sha256: Sha256
    size: Size


class Absent(Struct):
    """An input of the report that was not given."""

    path: str
    sha256: Sha256 | None


class Signatures(Struct):
    version: str
    sha256: str
    count: int


class Tool(Struct):
    name: str
    version: str
    signatures: Signatures


class Source(Struct):
    """The report that the case is of."""

    name: str
    sha256: Sha256
    tool: Tool


class Manifest(Struct):
    schema: str
    #: ISO 8601, UTC
    made: str
    #: as given
    by: str
    host: str
    verdict: str
    role: str
    tool: Tool
    report: Source
    options: dict[str, Any]
    captures: list[Capture]
    absent: list[Absent]
    sources: list[Asked]
    notes: list[str]
    files: list[FileEntry]


class ManifestError(NetminedetError):
    """There is no manifest that can be believed; the text says why."""


def canonical(manifest: Manifest) -> bytes:
    """The manifest's bytes: JSON as RFC 8785 has it; its numbers are integers, its keys ASCII."""
    return canonical_json(msgspec.to_builtins(manifest))


def canonical_json(document: Any) -> bytes:
    """The same for any document of integers, texts without lone surrogates, lists and ASCII keys."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def legible(text: str) -> str:
    """A text that UTF-8 can hold: an undecodable byte of a file's name becomes visible."""
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def parse_manifest(data: bytes) -> Manifest:
    """The manifest of these bytes; raises ManifestError for what is none, or not as it was written."""
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
        again = canonical_json(msgspec.json.decode(data))
    except (msgspec.DecodeError, RecursionError, UnicodeError, ValueError) as error:
        text = sentence(
            "{name}: is damaged, or no manifest of a case ({reason})", name=MANIFEST, reason=str(error)
        )
        raise ManifestError(text) from None
    if manifest.schema != SCHEMA:
        text = sentence(
            "{name}: is of the form {form}; this release reads {schema}",
            name=MANIFEST,
            form=f"{manifest.schema!r:.60}",
            schema=SCHEMA,
        )
        raise ManifestError(text)
    if again != data:
        raise ManifestError(
            sentence("{name}: is not in its canonical form, so it was changed", name=MANIFEST)
        )
    paths = [entry.path for entry in manifest.files]
    if len(set(paths)) < len(paths) or len(paths) > MAX_FILES:
        raise ManifestError(
            sentence("{name}: names a file twice, or more than {n}", name=MANIFEST, n=f"{MAX_FILES:,}")
        )
    for path in paths:
        if not is_plain(path) or path in (MANIFEST, SIGNATURE):
            odd = f"{path!r:.60}"
            raise ManifestError(
                sentence("{name}: {path} is no name of a file of a case", name=MANIFEST, path=odd)
            )
    return manifest


def is_plain(path: str) -> bool:
    """Whether a name stays within its folder on every system: no root, drive, dots or odd characters."""
    return _PLAIN.fullmatch(path) is not None


def file_digest(path: str | Path) -> tuple[str, int]:
    """SHA-256 of a file, and its size; raises NetminedetError where it cannot be read."""
    found, size = hashlib.sha256(), 0
    try:
        with Path(path).open("rb") as file:
            while piece := file.read(1 << 20):
                found.update(piece)
                size += len(piece)
    except OSError as error:
        raise NetminedetError(f"{printable(str(path))}: cannot be read: {error.strerror}") from None
    return found.hexdigest(), size


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
