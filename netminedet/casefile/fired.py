"""The signatures that fired in a case, with their text: what a verdict rests on can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from netminedet.api import StrPath
from netminedet.language import N_, sentence
from netminedet.report.document import json_text
from netminedet.signatures import SignatureSet, load_signatures
from netminedet.story import Story
from netminedet.suspects import Suspect


def write_fired(
    folder: Path, suspect: Suspect, story: Story, folders: Sequence[StrPath]
) -> Iterator[tuple[str, str]]:
    """Write the files of the signatures, and a list of those that fired; each one's name and what it is."""
    signatures = load_signatures([Path(one) for one in folders])
    fired = {one.signature for one in suspect.evidence}
    fired |= {name for line in story.lines for name in line.signatures}
    (folder / "signatures").mkdir()
    patterns = []
    for dialect in signatures.dialects:
        own = [pattern for pattern in dialect.patterns if pattern.signature in fired]
        if not own:
            continue
        name = f"signatures/{_file_name(dialect.id)}.yaml"
        (folder / name).write_text(dialect.text, encoding="utf-8", newline="\n")
        yield name, sentence("signatures of {dialect}", dialect=dialect.title)
        patterns += [
            {
                "signature": pattern.signature,
                "file": name,
                "kind": pattern.kind.value,
                "sender": pattern.sender.value,
                "strength": pattern.strength.name.lower(),
                "why": pattern.why,
            }
            for pattern in own
        ]
    document = {
        "signatures": patterns,
        "other": sorted(fired - {one["signature"] for one in patterns}),
        "pools": _pools(suspect, signatures),
    }
    text = json_text(document, indent=2) + "\n"
    (folder / "signatures" / "fired.json").write_text(text, encoding="utf-8", newline="\n")
    yield (
        "signatures/fired.json",
        N_("the signatures that fired, and what the list of pools says of the names"),
    )


def _pools(suspect: Suspect, signatures: SignatureSet) -> list[dict[str, Any]]:
    """What the list of pools says of the names that the host used."""
    found = []
    for name in sorted({pool.name for pool in suspect.pools if pool.name}):
        if (pool := signatures.pools.lookup(name)) is not None:
            known = msgspec.to_builtins(pool)
            found.append({**known, "ports": sorted(pool.ports)})
    return found


def _file_name(dialect: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", dialect)
