"""Expressions as functions mean what JMESPath's own interpreter says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jmespath.exceptions import JMESPathError
from jmespath.visitor import TreeInterpreter

from netminedet.signatures import load_signatures
from netminedet.signatures.checker import messages_in
from netminedet.signatures.expressions import Expression
from netminedet.signatures.interpreter import OPTIONS, parse

SIGNATURES = load_signatures()
PATTERNS = [pattern for dialect in SIGNATURES.dialects for pattern in dialect.patterns]
TEXTS = sorted(
    {text for pattern in PATTERNS for text in (pattern.where, *(text for _, text in pattern.extract)) if text}
    | {dialect.accepted for dialect in SIGNATURES.dialects if dialect.accepted}
)
MESSAGES = [
    message
    for dialect in SIGNATURES.dialects
    for one in dialect.examples
    for message in messages_in(one.text, text=True)
]
OTHERS = [
    "a == `1`",
    "a != `true`",
    "a < b",
    "a >= 'x'",
    "!a",
    "!b && a",
    "a || b",
    "a.b[0]",
    "a[-1]",
    "[a, b]",
    "@",
    "a[*].b",
    "a[?b == `1`]",
    "a[?@]",
    "a[?@ != `1`]",
    "a[?b[?@ == 'x']]",
    "a[?length(@) > `0`] == `[]`",
    "[?a].b",
    "[?@] | [0]",
    "join('', a)",
    "join(a, [b, 'x'])",
    "length(a)",
    "contains(a, b)",
    "contains(a, `true`)",
    "starts_with(a, 'x')",
    "ends_with(a, 'x')",
    "a == `1e999` || a == `[1.5, null]`",
    'a[*].b || `{"x": [1e999]}`',
    "type(@)",
    "keys(a)",
    "sort_by(a, &b)",
    "max(a)",
    "a[0:1]",
    "a | b",
    "{x: a}",
    "not_null(a, b)",
    "is_hex(a, `2`)",
    "to_number(a)",
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.sampled_from([0.0, 1.0, 2.5])
    | st.sampled_from(["", "x", "ab", "1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "params", "result"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def by_library(text: str, value: Any) -> Any:
    try:
        return TreeInterpreter(options=OPTIONS).visit(parse(text), value)
    except (JMESPathError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        return None


def same(text: str, value: Any) -> None:
    ours, theirs = Expression(text).value(value), by_library(text, value)
    assert (type(ours), ours) == (type(theirs), theirs), (text, value)


@pytest.mark.parametrize("text", TEXTS)
def test_signatures_on_all_examples(text: str) -> None:
    for message in MESSAGES:
        same(text, message)


@given(st.sampled_from(OTHERS), JSON)
def test_any_value(text: str, value: Any) -> None:
    same(text, value)


@given(
    st.sampled_from(TEXTS),
    st.sampled_from(MESSAGES),
    JSON,
    st.sampled_from(["params", "result", "id", "error"]),
)
def test_examples_with_a_member_changed(text: str, message: Any, value: Any, key: str) -> None:
    same(text, {**message, key: value} if isinstance(message, dict) else value)


def test_what_is_nested_deeper_than_the_compiler_goes_is_left_to_the_library() -> None:
    text = " || ".join(f"a == '{number}'" for number in range(250))
    assert Expression(text).kept.tree is not None
    for value in ("0", "249", "250"):
        same(text, {"a": value})
