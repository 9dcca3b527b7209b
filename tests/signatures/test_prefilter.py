"""The type of a reply's result decides only what the condition itself would."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.signatures import load_signatures
from netminedet.signatures.expressions import Expression
from netminedet.signatures.translate import TYPES
from tests.signatures.test_translate import JSON, MESSAGES, TEXTS

CASES = [
    ("type(result) == 'array' && length(result) == `2`", {"array"}),
    ("'object' == type(result)", {"object"}),
    ("result == `true`", {"boolean"}),
    ("is_hex(result[1], `8`)", {"array"}),
    ("result.job.blob", {"object"}),
    ("is_hex(result)", None),
    ("result.status == 'OK' || result == 'ok'", {"object", "string"}),
    ("result.status == null", None),
    ("contains(['a', 'b'], result[0][0] || result[1])", {"array"}),
    ("contains(['a', null], result[0])", None),
    ("contains(['a', `null`], result[0])", None),
    ("!result", None),
    ("id == `0` && is_0xhex(result[0], `64`)", {"array"}),
]


@pytest.mark.parametrize(("text", "types"), CASES)
def test_types(text: str, types: set[str] | None) -> None:
    assert Expression(text).kept.types == types


@given(st.sampled_from(TEXTS + [text for text, _ in CASES]), st.sampled_from(MESSAGES), JSON)
def test_what_is_left_out_is_not_true(text: str, message: dict[str, Any], result: Any) -> None:
    expression = Expression(text)
    types = expression.kept.types
    for one in (message, {**message, "result": result}, {"id": 1, "result": result}):
        if types is not None and TYPES[type(one.get("result"))] not in types:
            assert expression.value(one) is not True


def test_a_bare_yes_is_tried_on_few() -> None:
    signatures = load_signatures()
    signatures.match({"id": 1, "result": True, "error": None})
    replies = sum(not pattern.methods for dialect in signatures.dialects for pattern in dialect.patterns)
    assert len(signatures._replies_by_type[bool]) < replies / 4
