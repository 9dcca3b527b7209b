"""Runs the examples and look-alikes that the signature files carry: these are their tests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from netminedet.model import Strength
from netminedet.signatures.dialect import Dialect, Example, Lookalike
from netminedet.signatures.errors import SignatureError
from netminedet.signatures.loading import load_signatures
from netminedet.signatures.matcher import Match, SignatureSet
from netminedet.signatures.places import LOOKALIKES_FILE, shown_path, signature_dir
from netminedet.signatures.reading import compile_expressions, read_lookalikes

#: Each message has at least so many examples, and so many look-alikes that come near to it.
EXAMPLES_MIN = 2
LOOKALIKES_MIN = 2


class Checked(Struct, frozen=True):
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
    lookalikes = [lookalike for dialect in signatures.dialects for lookalike in dialect.lookalikes]
    problems = [problem for dialect in signatures.dialects for problem in check_dialect(signatures, dialect)]
    for source, lookalike in general:
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
    """The problems of one file's examples and look-alikes, and what it lacks."""
    yield from _lacking(dialect)
    for example in dialect.examples:
        for problem in check_example(signatures, dialect, example):
            yield f"{dialect.source}: example '{example.name}': {problem}"
    for lookalike in dialect.lookalikes:
        yield from check_lookalike(signatures, dialect.source, lookalike, dialect.id)


def _lacking(dialect: Dialect) -> Iterator[str]:
    shown = Counter(name for example in dialect.examples for name in set(example.matches))
    near = Counter(name for lookalike in dialect.lookalikes for name in set(lookalike.near))
    for pattern in dialect.patterns:
        place = f"{dialect.source}: {pattern.id}"
        if shown[pattern.id] < EXAMPLES_MIN:
            hint = "name it under 'matches' of lines as on the wire"
            yield f"{place}: examples: {shown[pattern.id]} of at least {EXAMPLES_MIN}; {hint}"
        if near[pattern.id] < LOOKALIKES_MIN:
            hint = "name it under 'near' of lines that come close to it and are no mining"
            yield f"{place}: look-alikes: {near[pattern.id]} of at least {LOOKALIKES_MIN}; {hint}"


def check_example(signatures: SignatureSet, dialect: Dialect, example: Example) -> Iterator[str]:
    """What is wrong with one example: each problem a sentence without the file's name."""
    try:
        messages = messages_in(example.text, text=bool({"text", "datagram"} & set(dialect.carriers)))
    except (ValueError, RecursionError) as error:
        yield f"not valid JSON ({error}); copy the line as it was on the wire"
        return
    if not messages:
        yield "no parser reads this line; copy it as it was on the wire"
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
        and not {"frames", "text", "datagram"} & set(dialect.carriers)
        and not any(anchor in example.text.encode() for anchor in signatures.anchors)
    ):
        yield "contains no anchor, so the sieve would not see it; add one to 'anchors'"


def check_lookalike(
    signatures: SignatureSet, source: str, lookalike: Lookalike, dialect: str = ""
) -> Iterator[str]:
    """Whether a look-alike is taken for mining by itself, or for what it is only near to."""
    try:
        messages = messages_in(lookalike.text, text=True)
    except (ValueError, RecursionError):
        return
    near = {f"{dialect}.{name}" for name in lookalike.near}
    for match in (match for message in messages for match in signatures.match(message)):
        alone = match.strength is Strength.STRONG and (match.needs is None or match.needs.alone)
        if alone or match.signature in near:
            yield (
                f"{source}: look-alike '{lookalike.name}': taken for {match.signature}; "
                "narrow that message's 'where'"
            )


def messages_in(line: str, *, text: bool) -> list[object]:
    """The messages that a line is: by its JSON, by bytes in digits, or with ``text`` by its words.

    Raises ValueError for a line that is no JSON, where JSON is all that it may be.
    """
    # only where signatures are checked
    from netminedet.protocols.datagrams import datagram_object
    from netminedet.protocols.framing import read_line, read_value
    from netminedet.protocols.written import read_written

    if (written := read_written(line)) is not None:
        return list(written)
    if text and (found := read_line(line)):
        return list(found)
    if text and (said := datagram_object(line.encode())) is not None:
        return [said]
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
