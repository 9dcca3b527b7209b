"""The types of a reply's result and error decide only what the condition itself would."""

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
    ("is_hex(result)", {"string"}),
    ("is_number(result)", None),
    ("type(result.roll) == 'boolean'", {"object"}),
    ("type(result.roll) == 'null'", None),
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
    assert Expression(text).kept.result_types == types
    of_error = Expression(text.replace("result", "error")).kept
    assert (of_error.error_types, of_error.result_types) == (types, None)


def test_types_of_both() -> None:
    kept = Expression("is_miner_agent(result) && error == `null` && type(error.code) != 'number'").kept
    assert (kept.result_types, kept.error_types) == ({"string"}, {"null"})


@given(st.sampled_from(TEXTS + [text for text, _ in CASES]), st.sampled_from(MESSAGES), JSON, JSON)
def test_what_is_left_out_is_not_true(text: str, message: dict[str, Any], result: Any, error: Any) -> None:
    expression = Expression(text)
    kept = expression.kept
    whole = {"id": 1, "result": result, "error": error}
    for one in (message, {**message, "result": result}, {**message, "error": error}, whole):
        for member, types in (("result", kept.result_types), ("error", kept.error_types)):
            if types is not None and TYPES[type(one.get(member))] not in types:
                assert expression.value(one) is not True


def test_a_bare_yes_is_tried_on_few() -> None:
    signatures = load_signatures()
    signatures.match({"id": 1, "result": True, "error": None})
    replies = sum(not pattern.methods for dialect in signatures.dialects for pattern in dialect.patterns)
    assert len(signatures._replies_by_type[bool, type(None)]) < replies / 8
