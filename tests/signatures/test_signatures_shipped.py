"""The shipped signature files against the examples and look-alikes that they carry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from netminedet.model import EXCERPT_LIMIT, Kind, Side, Strength
from netminedet.signatures import check_counted, load_signatures, signature_dir
from netminedet.signatures.checker import messages_in
from netminedet.signatures.dialect import Dialect, Example, Lookalike
from netminedet.signatures.reading import compile_expressions, read_lookalikes

SIGNATURES = load_signatures()
EXAMPLES = [
    pytest.param(dialect, example, id=f"{dialect.id}: {example.name}")
    for dialect in SIGNATURES.dialects
    for example in dialect.examples
]
LOOKALIKES = [
    pytest.param(lookalike, id=f"{source}: {lookalike.name}")
    for source, group in (
        *((dialect.id, dialect.lookalikes) for dialect in SIGNATURES.dialects),
        ("general", read_lookalikes(signature_dir())),
    )
    for lookalike in group
]


def variations(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same message as other miners and pools would write it."""
    yield dict(reversed(message.items()))
    yield {**message, "extra": {"nested": [1]}}
    yield {key: value for key, value in message.items() if key != "jsonrpc"}
    if isinstance(message.get("id"), int):
        yield {**message, "id": str(message["id"])}
    if isinstance(message.get("params"), dict):
        yield {**message, "params": dict(reversed(message["params"].items()))}


def objects(line: str) -> list[Any]:
    """What a line of any carrier is to the signatures."""
    return messages_in(line, text=True)


def found(message: object, sender: Side | None = None) -> set[str]:
    return {match.signature for match in SIGNATURES.match(message, sender)}


@pytest.mark.parametrize(("dialect", "example"), EXAMPLES)
def test_example_matches(dialect: Dialect, example: Example) -> None:
    messages = objects(example.text)
    expected = {f"{dialect.id}.{name}" for name in example.matches}
    assert expected <= set().union(*(found(message, example.sender) for message in messages))
    for message in messages:
        ours = expected & found(message)
        assert ours or len(messages) > 1
        if example.sender is not None:
            assert not expected & found(message, example.sender.other)
        for varied in variations(message):
            assert ours <= found(varied), varied


@pytest.mark.parametrize(("dialect", "example"), EXAMPLES)
def test_example_counts_once(dialect: Dialect, example: Example) -> None:
    """A share or a job that two dialects both took for theirs would be counted twice."""
    matches = [match for message in objects(example.text) for match in SIGNATURES.match(message)]
    strong = [match.kind for match in matches if match.strength is Strength.STRONG]
    assert strong.count(Kind.SHARE) <= 1
    assert strong.count(Kind.JOB) <= 1


@pytest.mark.parametrize(("dialect", "example"), EXAMPLES)
def test_excerpt_of_example_is_short_and_printable(dialect: Dialect, example: Example) -> None:
    for message in objects(example.text):
        excerpt = SIGNATURES.excerpt(message)
        assert len(excerpt) <= EXCERPT_LIMIT
        assert excerpt.isprintable()


@pytest.mark.parametrize("lookalike", LOOKALIKES)
def test_lookalike_is_left_alone(lookalike: Lookalike) -> None:
    matches = [match for message in objects(lookalike.text) for match in SIGNATURES.match(message)]
    alone = [one.signature for one in matches if one.strength is Strength.STRONG and one.needs is None]
    assert alone == []


@pytest.mark.parametrize("dialect", SIGNATURES.dialects, ids=lambda dialect: dialect.id)
def test_every_expression_compiles(dialect: Dialect) -> None:
    compile_expressions(dialect)
    assert dialect.references
    assert dialect.text.startswith(f"id: {dialect.id}\n")


def test_check_finds_nothing() -> None:
    checked = check_counted()
    assert checked.problems == ()
    assert checked.dialects == len(SIGNATURES.dialects)
    assert checked.messages == SIGNATURES.info.count
    assert checked.examples == len(EXAMPLES)
    assert checked.lookalikes == len(LOOKALIKES)
    assert checked.pools == len(SIGNATURES.pools.rows)


def test_anchors_are_fit_for_the_sieve() -> None:
    assert list(SIGNATURES.anchors) == sorted(set(SIGNATURES.anchors))
    for anchor in SIGNATURES.anchors:
        assert 5 <= len(anchor) <= 64
        assert b"\n" not in anchor
        assert b"}" not in anchor


@pytest.mark.parametrize(
    "spelling",
    [
        r"mining\u002esubscribe",
        r"mining\u002Esubscribe",
        r"\u006dining\u002Esubscribe",
        r"m\u0069ning.subscribe",
    ],
)
def test_escaped_verb_contains_an_anchor(spelling: str) -> None:
    line = f'{{"id":1,"method":"{spelling}","params":[]}}'
    assert any(anchor in line.encode() for anchor in SIGNATURES.anchors)
    assert "stratum-v1.subscribe-unknown" in found(json.loads(line))


#: Their sources give one form only: an encrypted handshake, an answer of fixed fields, words alone,
#: EthereumStratum/1's greeting, what the one program of a family says.
ONE_FORM = {
    "stratum-v2.noise-handshake",
    "panchan.greeting",
    "panchan.peer",
    "stratum-v2.noise-channel",
    "stratum-v2.old-noise-handshake",
    "stratum-v2.old-noise-channel",
    "stratum-v2-templates.setup-success",
    "management-api.word",
    "management-api.search",
    "duino-coin.version",
    "duino-coin.job",
    "duino-coin.good",
    "ethereum-stratum-1.subscribe",
    "nimiq.new-block",
    "nimiq.balance",
    "nimiq.refused",
    "webminerpool.refused",
    "webminerpool.solved-worked",
}


def form(line: str) -> str:
    """A line without its values but the verb: a second example with another form is no copy of the first.

    Order of keys, blanks and ``jsonrpc`` are no form; texts of digits are told by their length.
    """

    def shape(value: object) -> object:
        if isinstance(value, dict):
            verb = {"method": value["method"]} if isinstance(value.get("method"), str) else {}
            return {key: shape(one) for key, one in value.items() if key != "jsonrpc"} | verb
        if isinstance(value, list):
            return [shape(one) for one in value]
        if isinstance(value, str) and re.fullmatch("(0x)?[0-9A-Fa-f]{8,}", value):
            return f"{len(value)} digits, small" if value == value.lower() else f"{len(value)} digits"
        return type(value).__name__

    try:
        return json.dumps(shape(json.loads(line)), sort_keys=True)
    except ValueError:  # bytes are told by their number, words by their parts
        if line.startswith("sizes:") or "bytes:" in line:
            return line if line.startswith("sizes:") else f"{len(line)} digits"
        return re.sub(r"[^,;|]+", "x", line) + str(line.count("="))


@pytest.mark.parametrize("dialect", SIGNATURES.dialects, ids=lambda dialect: dialect.id)
def test_every_message_has_two_examples_and_two_lookalikes_of_their_own_form(dialect: Dialect) -> None:
    for one in dialect.patterns:
        examples = {form(line.text) for line in dialect.examples if one.id in line.matches}
        near = [line.text for line in dialect.lookalikes if one.id in line.near]
        assert len(examples) >= 2 or one.signature in ONE_FORM, one.signature
        assert len(near) >= 2, one.signature
        assert len({(form(text), words(text)) for text in near}) >= 2, one.signature
    assert len({example.text for example in dialect.examples}) == len(dialect.examples)


def words(line: str) -> frozenset[str]:
    """The words of a line: look-alikes of one form differ at least in what they speak of."""
    return frozenset(re.findall(r"[A-Za-z]{3,}", line))


@pytest.mark.parametrize("dialect", SIGNATURES.dialects, ids=lambda dialect: dialect.id)
def test_lookalikes_do_not_match_what_they_are_near_to(dialect: Dialect) -> None:
    for lookalike in dialect.lookalikes:
        near = {f"{dialect.id}.{name}" for name in lookalike.near}
        assert near
        assert not near & set().union(*(found(message) for message in objects(lookalike.text)))
