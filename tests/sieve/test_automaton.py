"""The anchors' automaton against plain searching."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.errors import NetminedetError
from netminedet.sieve.automaton import AFTER_BRACE, CLOSED, OPEN, build

LITERALS = st.lists(st.text("abc", min_size=1, max_size=5).map(str.encode), min_size=1, max_size=8)


@given(LITERALS, st.text("abcd", max_size=40).map(str.encode))
def test_ends_where_a_literal_ends(literals: list[bytes], text: bytes) -> None:
    automaton = build(literals)
    state = OPEN
    for end, byte in enumerate(text, start=1):
        state = automaton.table[state << 8 | byte]
        assert bool(automaton.accepts[state]) == any(text[:end].endswith(one) for one in literals)


@given(LITERALS, st.text("abcd\n}\0", max_size=40).map(str.encode))
def test_dull_pairs_may_be_left_out(literals: list[bytes], text: bytes) -> None:
    automaton = build(literals)
    whole = after = OPEN
    at = 0
    while at < len(text):
        if after == OPEN:
            while (
                at + 1 < len(text)
                and automaton.dull[text[at] << 5 | text[at + 1] >> 3] >> (text[at + 1] & 7) & 1
            ):
                at += 1
        after = automaton.table[after << 8 | text[at]]
        at += 1
        whole = OPEN
        for byte in text[:at]:
            whole = automaton.table[whole << 8 | byte]
        assert after == whole
    assert not any(automaton.dull[byte << 5] & 1 for byte in b"\0}")


@pytest.mark.parametrize(
    ("text", "state"),
    [
        (b"a}\n", CLOSED),
        (b"a}\r\n", CLOSED),
        (b"a}", AFTER_BRACE),
        (b"a},", OPEN),
        (b"a\n", OPEN),
        (b"a\x00", CLOSED),
    ],
)
def test_an_object_ends_with_its_line(text: bytes, state: int) -> None:
    automaton = build([b"xyz"])
    at = OPEN
    for byte in text:
        at = automaton.table[at << 8 | byte]
    assert at == state


@pytest.mark.parametrize("literal", [b"", b"a}b", b"a\nb", b"\x00"])
def test_refuses_what_could_not_be_found(literal: bytes) -> None:
    with pytest.raises(NetminedetError):
        build([literal])
