"""Whether a case is as it was made: every file of its manifest, none besides, and who signed it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from netminedet.casefile.collect import given_captures
from netminedet.casefile.manifest import (
    MANIFEST,
    MAX_MANIFEST,
    SIGNATURE,
    FileEntry,
    Manifest,
    ManifestError,
    digest,
    parse_manifest,
)
from netminedet.casefile.opened import DamagedFile, OpenCase, open_case
from netminedet.casefile.signing import SIGNATURE_BYTES, is_valid
from netminedet.errors import NetminedetError
from netminedet.language import Sentence, said_of, sentence
from netminedet.report.text import printable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Verification(Struct, frozen=True):
    """What came of a check."""

    #: None where it cannot be believed
    manifest: Manifest | None
    #: SHA-256 of the manifest's bytes; empty where there is none
    sha256: str
    #: "none", "there" (and not checked), "valid" or "invalid"
    signature: str
    #: a sentence each: what was altered, is missing or was added
    problems: tuple[str, ...]

    @property
    def is_unchanged(self) -> bool:
        return not self.problems


def verify_case(path: str, key: Ed25519PublicKey | None = None, captures: Sequence[str] = ()) -> Verification:
    """Check a case, folder or zip file; ``captures`` are compared with those that it names, too.

    Without a key it is shown that the files are those of the manifest, and not whose manifest it is: whoever
    changes a file may change the manifest with it.  Raises NetminedetError where ``path`` is no case at all.
    """
    case = open_case(path)
    problems = list(case.strange)
    if MANIFEST not in case.names:
        raise NetminedetError(f"{printable(path)}: has no {MANIFEST}, so it is no case")
    data = _read(case, MANIFEST, MAX_MANIFEST)
    signature, told = _signature(case, data, key)
    problems += told
    manifest: Manifest | None = None
    try:
        manifest = parse_manifest(data)
    except ManifestError as error:
        problems.append(error.args[0])
    if manifest is not None:
        problems += _differences(case, manifest)
        problems += _captures(captures, manifest)
    return Verification(manifest, digest(data), signature, tuple(problems))


def _read(case: OpenCase, name: str, limit: int) -> bytes:
    try:
        return b"".join(case.read(name, limit))
    except DamagedFile as error:
        raise NetminedetError(f"{name}: cannot be read: {printable(str(error))}") from None


def _signature(case: OpenCase, data: bytes, key: Ed25519PublicKey | None) -> tuple[str, list[str]]:
    if SIGNATURE not in case.names:
        missing: list[str] = [
            sentence("{name}: missing, and a key was given to check it with", name=SIGNATURE)
        ]
        return "none", missing if key is not None else []
    try:
        signature = b"".join(case.read(SIGNATURE, SIGNATURE_BYTES))
    except DamagedFile as error:
        return "invalid", [said_of(SIGNATURE, _unreadable(error))]
    if len(signature) != SIGNATURE_BYTES:
        wrong = sentence(
            "{name}: altered: it has not the {n} bytes of a signature", name=SIGNATURE, n=SIGNATURE_BYTES
        )
        return "invalid", [wrong]
    if key is None:
        return "there", []
    if is_valid(key, signature, data):
        return "valid", []
    other = sentence(
        "{name}: is not by the owner of the key given, or {manifest} was altered",
        name=SIGNATURE,
        manifest=MANIFEST,
    )
    return "invalid", [other]


def _differences(case: OpenCase, manifest: Manifest) -> list[str]:
    problems: list[str] = []
    for entry in manifest.files:
        problem = _difference(case, entry) if entry.path in case.names else sentence("missing")
        if problem is not None:
            problems.append(said_of(entry.path, problem))
    known = {entry.path for entry in manifest.files} | {MANIFEST, SIGNATURE}
    return problems + [said_of(name, sentence("added")) for name in sorted(case.names - known)]


def _unreadable(error: DamagedFile) -> Sentence:
    return sentence("altered, and cannot be read: {reason}", reason=printable(str(error)))


def _difference(case: OpenCase, entry: FileEntry) -> Sentence | None:
    """What is wrong with a file; None where nothing is."""
    found, size = hashlib.sha256(), 0
    try:
        for piece in case.read(entry.path, entry.size):
            found.update(piece)
            size += len(piece)
    except DamagedFile as error:
        return _unreadable(error)
    if size > entry.size:
        return sentence("altered: more than {bytes} bytes", bytes=f"{entry.size:,}")
    if size != entry.size:
        return sentence("altered: {n} of {bytes} bytes", n=f"{size:,}", bytes=f"{entry.size:,}")
    return None if found.hexdigest() == entry.sha256 else sentence("altered")


def _captures(paths: Sequence[str], manifest: Manifest) -> list[str]:
    if not paths:
        return []
    known = {capture.sha256: capture.path for capture in manifest.captures}
    given = given_captures(paths, known)
    problems: list[str] = [
        sentence("{name}: is none of the captures that the case names", name=printable(one.path))
        for one in given
        if not one.in_report
    ]
    there = {one.sha256 for one in given}
    absent = [capture for capture in manifest.captures if capture.sha256 not in there]
    return problems + [
        sentence("{name}: a capture of the case that was not given", name=printable(one.path))
        for one in absent
    ]
