"""JSON of which the middle is missing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.protocols.cutjson import MAX_DEPTH, read_cut

CUT = [
    pytest.param(b'{"method":"a","params":["00', b'11"]}', {"method": "a", "params": ["0011"]}, id="string"),
    pytest.param(b'{"method":"a","params":["0', b'1"x', {"method": "a", "params": ["0"]}, id="misfit"),
    pytest.param(b'{"method":"a","params":["00\\', b"", {"method": "a", "params": ["00"]}, id="in-an-escape"),
    pytest.param(b'{"method":"a","params":[1,tr', b"", {"method": "a", "params": [1]}, id="in-a-literal"),
    pytest.param(b'{"method":"a","par', b"", {"method": "a"}, id="in-a-key"),
    pytest.param(b'{"id":1,"params":["00', b"", None, id="verb-not-there"),
    pytest.param(b'{"result":{"a":"00', b"", None, id="reply"),
    pytest.param(b'["method","a', b"", None, id="list"),
    pytest.param(b'{"method":"a","x":' + b"[" * MAX_DEPTH, b"", None, id="deep"),
    pytest.param(b"text", b"", None, id="text"),
]  # fmt: skip


@pytest.mark.parametrize(("beginning", "end", "value"), CUT)
def test_cut(beginning: bytes, end: bytes, value: Any) -> None:
    assert read_cut(beginning, end) == value


@given(st.binary(max_size=300), st.binary(max_size=50))
def test_any_bytes(beginning: bytes, end: bytes) -> None:
    read_cut(b'{"method":' + beginning, end)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=4),
        max_leaves=9,
    ),
    st.integers(0, 200),
)
def test_verb_is_read_from_any_beginning(params: Any, size: int) -> None:
    text = json.dumps({"method": "submitblock", "params": params}).encode()
    beginning = text[: len(b'{"method": "submitblock"') + size]
    value = read_cut(beginning, b"")
    assert value is not None
    assert value["method"] == "submitblock"
