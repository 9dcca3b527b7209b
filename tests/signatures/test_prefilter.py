"""The type of a reply's result decides only what the condition itself would."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.signatures import load_signatures
from netminedet.signatures.expressions import Expression
from netminedet.signatures.prefilter import result_types
from tests.signatures.test_translate import JSON, MESSAGES, TEXTS

CASES = [
    ("type(result) == 'array' && length(result) == `2`", {list}),
    ("'object' == type(result)", {dict}),
    ("result == `true`", {bool}),
    ("is_hex(result[1], `8`)", {list}),
    ("result.job.blob", {dict}),
    ("is_hex(result)", None),
    ("result.status == 'OK' || result == 'ok'", {dict, str}),
    ("result.status == null", None),
    ("contains(['a', 'b'], result[0][0] || result[1])", {list}),
    ("contains(['a', null], result[0])", None),
    ("contains(['a', `null`], result[0])", None),
    ("!result", None),
    ("id == `0` && is_0xhex(result[0], `64`)", {list}),
]


@pytest.mark.parametrize(("text", "types"), CASES)
def test_types(text: str, types: set[type] | None) -> None:
    assert result_types(Expression(text).parsed) == types


@given(st.sampled_from(TEXTS + [text for text, _ in CASES]), st.sampled_from(MESSAGES), JSON)
def test_what_is_left_out_is_not_true(text: str, message: dict[str, Any], result: Any) -> None:
    expression = Expression(text)
    types = result_types(expression.parsed)
    for one in (message, {**message, "result": result}, {"id": 1, "result": result}):
        if types is not None and type(one.get("result")) not in types:
            assert expression.value(one) is not True


def test_a_bare_yes_is_tried_on_few() -> None:
    signatures = load_signatures()
    signatures.match({"id": 1, "result": True, "error": None})
    replies = sum(not pattern.methods for dialect in signatures.dialects for pattern in dialect.patterns)
    assert len(signatures._replies_by_type[bool]) < replies / 4
