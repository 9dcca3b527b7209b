"""The gate says "certainly no message" of nothing that a signature recognises."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.protocols.textlines import API_KEYS, API_VERBS, api_value
from netminedet.sieve import Sieve
from netminedet.sieve import gate as gate_module
from netminedet.sieve.columns import MAX_DEPTH, SEGMENT
from netminedet.sieve.gate import Gate
from netminedet.signatures import load_signatures
from tests.frames import SYN, batch_of, tcp_frame
from tests.uncompiled import uncompiled

SIGNATURES = load_signatures()
KEYS = SIGNATURES.telling_keys | API_KEYS
VERBS = {**SIGNATURES.verbs(), **dict.fromkeys(API_VERBS, frozenset({frozenset[str]()}))}
GATE = Gate(KEYS, VERBS)
SLOW_GATE = uncompiled(gate_module).Gate(KEYS, VERBS)

#: What stands behind the anchor's beginning: text, and where to go on; 0: it says nothing.
CASES = [
    pytest.param(b'{"note":"about mining.submit","n":1}', 36, id="a verb that is quoted"),
    pytest.param(b'{"a":{"method":"mining.submit"}}', 32, id="a verb further down"),
    pytest.param(b'{"a":[{"b":"}{"},"mining.notify"] }  ', 35, id="braces in texts"),
    pytest.param(b'{ "a" : 1 , "b" : "\\"mining." }\n{"id":', 31, id="an escaped quote"),
    pytest.param(b'{"a":1}\n{"b":"mining."}', 23, id="a second object holds it"),
    pytest.param(b'{"method":"order.submit","params":["mining."]}', 46, id="another verb"),
    pytest.param(b'{"method":5,"params":["mining."]}', 33, id="a verb that is a number"),
    pytest.param(b'{"a":"mining.submit","method":"mining.noop"}', 0, id="a verb behind a quotation"),
    pytest.param(b'{"method":"mining.get_status","params":[]}', 0, id="a verb"),
    pytest.param(b'{"method":"mining.submit","params":[]}', 0, id="a verb with all the keys that it needs"),
    pytest.param(b'{"method":"mining.submit","parameters":[]}', 42, id="a verb without a key that it needs"),
    pytest.param(b'{"method":"login","params":{"user":"mining."}}', 46, id="an application's login"),
    pytest.param(b'{"method":"login","params":{"user":"\\"login\\":mining."}}', 56, id="a quoted key"),
    pytest.param(b'{"params":{"login":"mining."},"method":"login"}', 0, id="a miner's login"),
    pytest.param(b'{"method":"login","params":{"a":[{"login" :"mining."}]}}', 0, id="a key deep down"),
    pytest.param(b'{"method":"login","params":{"l\\u006fgin":"mining."}}', 0, id="an escape in it"),
    pytest.param(b'{"method":"login","params":{"login ":"mining."}}', 0, id="a space in it"),
    pytest.param(b'{"method":"login","a":"mining.","method":"login"}', 0, id="two verbs"),
    pytest.param(b'{"method":"login","params":{"a":"mining."', 0, id="a verb, and cut"),
    pytest.param(b'{"meth\\u006fd":"mining.submit"}', 0, id="a key with an escape"),
    pytest.param(b'{"method":"mining\\u002esubmit"}', 0, id="a verb with an escape"),
    pytest.param(b'{"result":"mining."}', 0, id="an answer"),
    pytest.param(b'{"command":"pools"}', 0, id="a question to a machine"),
    pytest.param(b'{"note":"mining.', 0, id="cut in a text"),
    pytest.param(b'{"note":"mining."', 0, id="cut in the object"),
    pytest.param(b'{"a":1},"method":"mining.submit"}', 0, id="picked up in the middle"),
    pytest.param(b'{"a":1} mining.', 0, id="text behind an object"),
    pytest.param(b"{'note':'mining.'}", 0, id="no JSON"),
]


def passed(tool: Any, text: bytes, at: int = 0) -> int:
    """Where the gate goes on behind the objects up to the anchor; 0 for none."""
    anchor = text.rfind(b"mining")
    found: int = tool.passes_over(bytearray(text), at, anchor if anchor >= 0 else len(text) - 1, len(text))
    return found


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_what_is_passed_over(text: bytes, expected: int) -> None:
    assert passed(GATE, text) == passed(SLOW_GATE, text) == expected


@pytest.mark.parametrize("text", [text for text, after in (case.values for case in CASES) if after])
def test_what_is_cut_is_left_to_the_parsers(text: bytes) -> None:
    whole = text.rstrip()
    for size in range(1, text.rindex(b"}", 0, passed(GATE, text))):
        assert passed(GATE, whole[:size]) <= size
        if size > whole.rfind(b"mining"):
            assert passed(GATE, whole[:size]) == 0


def examples() -> list[Any]:
    return [
        pytest.param(example.text, id=f"{dialect.id}: {example.name}")
        for dialect in SIGNATURES.dialects
        for example in dialect.examples
        if example.matches and example.text.startswith("{")
    ]


@pytest.mark.parametrize("text", examples())
def test_no_example_is_passed_over(text: str) -> None:
    data = text.encode()
    for anchor in (1, len(data) // 2, len(data) - 1):
        assert GATE.passes_over(bytearray(data), 0, anchor, len(data)) == 0


WORDS = st.sampled_from(sorted({word for pair in VERBS for word in pair} | KEYS)) | st.text(max_size=6)
VALUES = st.recursive(
    WORDS | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(WORDS, VALUES, max_size=5), st.booleans(), st.sampled_from([None, 1]))
def test_what_is_passed_over_is_no_message(value: dict[str, Any], escaped: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=escaped, indent=indent).encode("utf-8", "surrogatepass")
    after = GATE.passes_over(bytearray(text), 0, len(text) - 1, len(text))
    assert after in (0, len(text))
    if after:
        message = msgspec.json.decode(text)
        assert SIGNATURES.match(message) == []
        assert api_value(message) is None


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\ a1method', max_size=60).map(str.encode))
def test_any_bytes(data: bytes) -> None:
    text = b"{" + data
    for anchor in (0, len(text) // 2, len(text) - 1):
        fast = GATE.passes_over(bytearray(text), 0, anchor, len(text))
        assert fast == SLOW_GATE.passes_over(bytearray(text), 0, anchor, len(text))
        assert fast == 0 or anchor < fast <= len(text)


@pytest.mark.parametrize(
    ("levels", "deep"),
    [pytest.param(MAX_DEPTH - 1, False, id="as deep as may be"), pytest.param(MAX_DEPTH, True, id="deeper")],
)
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_what_is_nested_too_deep(levels: int, deep: bool, opening: bytes, closing: bytes) -> None:
    text = b'{"method":"mining.submit","a":' + opening * levels + b'"[[["' + closing * levels + b"}"
    for gate in (GATE, SLOW_GATE):
        found = gate.too_deep(bytearray(text), 0, len(text))
        assert bool(found) is deep
        assert gate.too_deep(bytearray(b'{"a":[]}' + text), 0, len(text)) == 0


CLIENT, SERVER = ("10.0.0.1", 40000), ("198.51.100.9", 8080)
CALL = b'{"note":"about mining.submit","n":1}'
HEAD = b"POST /api HTTP/1.1\r\nHost: a.example\r\n%s\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\n%s\r\n"


@pytest.mark.parametrize(
    ("pieces", "found"),
    [
        pytest.param([CALL], False, id="by itself"),
        pytest.param([HEAD % b"" + CALL], False, id="behind the head of a request"),
        pytest.param([ANSWER % b"" + CALL], False, id="behind the head of an answer"),
        pytest.param([HEAD % b"Max-Forwards: 1\r\n" + CALL], False, id="an X within a line"),
        pytest.param([HEAD % b"X-Mining-Extensions: midstate\r\n" + CALL], True, id="a head that may tell"),
        pytest.param([ANSWER % b"x-long-polling: /LP\r\n" + CALL], True, id="an answer's head that may tell"),
        pytest.param([b"POST / HTTP/1.1\r\nA: " + CALL + b"\r\n\r\n"], True, id="within a head"),
        pytest.param([HEAD % b"", CALL], True, id="the head is in another segment"),
        pytest.param([HEAD % b"" + b'{"method":"mining.noop"}'], True, id="a message"),
        pytest.param([HEAD % b"" + CALL[:-1]], True, id="cut"),
        pytest.param([HEAD % b"" + b"{}", b"\x81\x24" + CALL], False, id="in a frame"),
        pytest.param([HEAD % b"" + b"{}", b"\xc1\x24" + CALL], True, id="in a frame that may be packed"),
    ],
)
def test_in_http_the_head_may_tell_too(pieces: list[bytes], found: bool) -> None:
    frames, at = [tcp_frame(CLIENT, SERVER, 99, b"", SYN)], 100
    for piece in pieces:
        frames.append(tcp_frame(CLIENT, SERVER, at, piece))
        at += len(piece)
    sieve = Sieve([b"mining."], [], gate=GATE)
    assert any(hit.kind == SEGMENT for hit in sieve.run(batch_of(frames), "test")) is found
