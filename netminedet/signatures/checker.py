"""Runs the examples and look-alikes that the signature files carry: these are their tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from netminedet.model import Strength
from netminedet.signatures.dialect import Dialect, Example, Lookalike
from netminedet.signatures.errors import SignatureError
from netminedet.signatures.loading import load_signatures
from netminedet.signatures.matcher import Match, SignatureSet
from netminedet.signatures.places import LOOKALIKES_FILE, shown_path, signature_dir
from netminedet.signatures.reading import compile_expressions, read_lookalikes

#: Each file carries at least as many.
EXAMPLES_MIN = 2
LOOKALIKES_MIN = 2


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found, and how much it looked at."""

    #: one line each: file, entry, what is wrong and how to mend it
    problems: tuple[str, ...]
    dialects: int = 0
    messages: int = 0
    examples: int = 0
    lookalikes: int = 0
    pools: int = 0


def check(directory: Path | None = None) -> list[str]:
    """The problems of the shipped signatures together with those of a folder; empty if all is well."""
    return list(check_counted(directory).problems)


def check_counted(directory: Path | None = None) -> Checked:
    """``check`` with the number of things that were looked at."""
    folders = [] if directory is None else [directory]
    try:
        signatures = load_signatures(folders)
        for dialect in signatures.dialects:
            compile_expressions(dialect)
        general = [
            (shown_path(folder / LOOKALIKES_FILE), lookalike)
            for folder in (signature_dir(), *folders)
            for lookalike in read_lookalikes(folder)
        ]
    except SignatureError as error:
        return Checked((str(error),))
    lookalikes = [
        (dialect.source, lookalike) for dialect in signatures.dialects for lookalike in dialect.lookalikes
    ]
    problems = [problem for dialect in signatures.dialects for problem in check_dialect(signatures, dialect)]
    for source, lookalike in (*lookalikes, *general):
        problems.extend(check_lookalike(signatures, source, lookalike))
    return Checked(
        problems=tuple(problems),
        dialects=len(signatures.dialects),
        messages=signatures.info.count,
        examples=sum(len(dialect.examples) for dialect in signatures.dialects),
        lookalikes=len(lookalikes) + len(general),
        pools=len(signatures.pools.rows),
    )


def check_dialect(signatures: SignatureSet, dialect: Dialect) -> Iterator[str]:
    """The problems of one file's examples, and what it lacks."""
    covered = {name for example in dialect.examples for name in example.matches}
    for pattern in dialect.patterns:
        if pattern.id not in covered:
            yield f"{dialect.source}: {pattern.id}: no example; add one line as on the wire to 'examples'"
    for name, found, least in (
        ("examples", len(dialect.examples), EXAMPLES_MIN),
        ("lookalikes", len(dialect.lookalikes), LOOKALIKES_MIN),
    ):
        if found < least:
            yield f"{dialect.source}: {name}: {found} of them; every file carries at least {least}"
    for example in dialect.examples:
        for problem in check_example(signatures, dialect, example):
            yield f"{dialect.source}: example '{example.name}': {problem}"


def check_example(signatures: SignatureSet, dialect: Dialect, example: Example) -> Iterator[str]:
    """What is wrong with one example: each problem a sentence without the file's name."""
    try:
        messages = messages_in(example.text, text="text" in dialect.carriers)
    except (ValueError, RecursionError) as error:
        yield f"not valid JSON ({error}); copy the line as it was on the wire"
        return
    if not messages:
        yield "no parser of text reads this line; copy it as it was on the wire"
        return
    matches = [match for message in messages for match in signatures.match(message, example.sender)]
    found = {match.signature for match in matches}
    expected = {f"{dialect.id}.{name}" for name in example.matches}
    for signature in sorted(expected - found):
        others = f" (it matches {', '.join(sorted(found))})" if found else ""
        yield f"does not match {signature}{others}; mend the message's 'where' or the example"
    for match in matches:
        if match.signature not in expected and _is_stranger(signatures, dialect, match):
            hint = "narrow one of them, or let one dialect refine the other"
            yield f"matches {match.signature} of another dialect too; {hint}"
    is_strong = any(match.strength is Strength.STRONG for match in matches)
    speaks_by_verb = any(
        pattern.methods for pattern in dialect.patterns if f"{dialect.id}.{pattern.id}" in expected
    )
    if (
        is_strong
        and speaks_by_verb
        and not {"frames", "text"} & set(dialect.carriers)
        and not any(anchor in example.text.encode() for anchor in signatures.anchors)
    ):
        yield "contains no anchor, so the sieve would not see it; add one to 'anchors'"


def check_lookalike(signatures: SignatureSet, source: str, lookalike: Lookalike) -> Iterator[str]:
    """Whether a look-alike is taken for mining, as JSON or as a line of text."""
    try:
        messages = messages_in(lookalike.text, text=True)
    except (ValueError, RecursionError):
        return
    for match in (match for message in messages for match in signatures.match(message)):
        if match.strength is Strength.STRONG:
            yield (
                f"{source}: look-alike '{lookalike.name}': taken for {match.signature}; "
                "narrow that message's 'where'"
            )


def messages_in(line: str, *, text: bool) -> list[object]:
    """The messages that a line is: what its JSON says, or with ``text`` what its words say.

    Raises ValueError for a line that is no JSON, where JSON is all that it may be.
    """
    from netminedet.protocols.framing import read_line, read_value  # only where signatures are checked

    if text and (found := read_line(line)):
        return list(found)
    try:
        message = json.loads(line)
    except ValueError:
        if text:
            return []
        raise
    return [*read_value(message)] if isinstance(message, dict) else [message]


def _is_stranger(signatures: SignatureSet, dialect: Dialect, match: Match) -> bool:
    """Whether a strong match is of a dialect that is neither this one, nor above, nor below it."""
    if match.strength is Strength.WEAK or match.dialect == dialect.id:
        return False
    return len(signatures.most_specific((dialect.id, match.dialect))) == 2
