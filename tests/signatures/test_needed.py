"""Keys that a condition needs are there whenever it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.signatures import load_signatures
from netminedet.signatures.expressions import Expression
from tests.signatures.test_translate import JSON, MESSAGES, OTHERS, TEXTS

CASES = [
    ("type(params.login) == 'string'", {"params", "login"}),
    ("'string' == type(params.login)", {"params", "login"}),
    ("type(a) == 'null'", set()),
    ("contains(['string', 'null'], type(a))", set()),
    ("contains(['string', 'number'], type(a.b))", {"a", "b"}),
    ("contains(['a', `null`], b)", set()),
    ("contains(`[1, 2]`, b)", {"b"}),
    ("contains(a, 'x')", set()),
    ("is_hex(params[0].nonce, `8`) && a == `1`", {"params", "nonce", "a"}),
    ("is_hex(a) || is_hex(b) && a", {"a"}),
    ("is_hex(a.b || a[0].b)", {"a", "b"}),
    (" || ".join(["a.b"] * 100), {"a", "b"}),
    ("length(params) >= `9`", {"params"}),
    ("a < b", {"a", "b"}),
    ("a == b", set()),
    ("a != `1`", set()),
    ("a == null", set()),
    ("a == `null`", set()),
    ("!a && b", {"b"}),
    ("a[?b == `1`]", set()),
    ("type(http.user) == 'string' && is_wallet(a)", {"a"}),
]


@pytest.mark.parametrize(("text", "keys"), CASES)
def test_keys(text: str, keys: set[str]) -> None:
    assert Expression(text).kept.keys == keys


def keys_in(value: Any) -> Iterator[str]:
    """All keys of a JSON value, at every level."""
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from keys_in(one)


def test_no_example_lacks_one() -> None:
    expressions = [Expression(text) for text in TEXTS]
    held = 0
    for message in MESSAGES:
        keys = {*keys_in(message), "http"}
        for expression in expressions:
            if expression.value(message) is True:
                assert expression.kept.keys <= keys
                held += bool(expression.kept.keys)
    assert held > len(MESSAGES)


NAMES = st.sampled_from(["a", "b", "params", "login", "result"])
OBJECTS = st.dictionaries(NAMES, JSON | st.dictionaries(NAMES, JSON, max_size=2), max_size=4)


@given(st.sampled_from(OTHERS + TEXTS + [text for text, _ in CASES]), OBJECTS)
def test_what_lacks_one_is_not_true(text: str, message: dict[str, Any]) -> None:
    expression = Expression(text)
    if not expression.kept.keys <= set(keys_in(message)):
        assert expression.value(message) is not True


def test_verbs_that_others_use_need_more() -> None:
    verbs = load_signatures().verbs()
    for verb in ("login", "submit", "job", "keepalived"):
        assert all(verbs["method", verb])
