"""However a mining conversation is written and sent, its verdict is the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

pytest.importorskip("scapy")

from tests.variants import (
    Message,
    Placed,
    Segment,
    Style,
    Turn,
    as_number,
    as_text,
    cut,
    dialogs,
    examples,
    placed,
    repeated,
    retyped,
    segments,
    swapped,
    verdict,
)

SESSIONS: dict[str, list[Turn]] = dialogs() | {
    f"{name}-examples": turns for name, turns in examples().items()
}
NAMES = sorted(SESSIONS)
#: dialects that come in HTTP bodies only
HTTP = {"chia-examples", "getwork-examples"}
#: shares of these have no form that proves anything, so they are not counted
NO_SHARES = {"aeternity", "aion"}
#: dialogues whose ids may be any; Beam's id names the work that a share is for
WITH_FREE_IDS = sorted(set(dialogs()) - {"beam"})
#: a request's head of fewer bytes is not known for HTTP: see ``http_word`` in sieve/shapes.py
HTTP_WORD = 8

FEW = settings(
    max_examples=6,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
SEEDS = st.integers(0, 2**32)


def carrier(name: str) -> str:
    return "http" if name in HTTP else "lines"


def spoken(name: str, style: Style, *, together: bool = True) -> list[Segment]:
    return segments(SESSIONS[name], style, carrier=carrier(name), together=together)


@cache
def plainly(name: str) -> list[Message]:
    """The verdict on the session as it is."""
    found = verdict(placed(spoken(name, Style())))
    assert [one["verdict"] for one in found] == ["confirmed"]
    return found


def without(found: list[Message], *keys: str) -> list[Message]:
    return [{key: value for key, value in one.items() if key not in keys} for one in found]


def numbers(found: list[Message]) -> list[int]:
    return [one["shares"]["submitted"] for one in found]


def edges(name: str, chance: random.Random, count: int) -> Callable[[bytes], list[int]]:
    """``count`` places for cuts; every place where it is 0."""
    least = HTTP_WORD if carrier(name) == "http" else 1

    def places(data: bytes) -> list[int]:
        return [chance.randrange(least, len(data) + 1) for _ in range(count)] or list(range(least, len(data)))

    return places


@pytest.mark.parametrize("name", sorted(dialogs()))
def test_dialogs_are_recognised_for_what_they_are(name: str) -> None:
    (found,) = plainly(name)
    assert (found["dialects"], found["role"]) == ([name], "miner")
    assert found["shares"]["accepted"] or name in NO_SHARES


SEPARATORS = [(",", ":"), (", ", ": "), (" ,\t", " :\t"), ("   ,   ", "   :   ")]
STYLES = st.builds(
    Style,
    seed=SEEDS,
    shuffled=st.booleans(),
    separators=st.sampled_from(SEPARATORS),
    escapes=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    extra=st.booleans(),
)


@pytest.mark.parametrize("name", NAMES)
@given(style=STYLES)
@FEW
def test_order_space_escapes_and_extra_fields(name: str, style: Style) -> None:
    assert verdict(placed(spoken(name, style))) == plainly(name)


ODD_IDS: list[Callable[[Any], Any]] = [
    str,
    lambda value: f"req-{value}",
    lambda value: {"n": value},
    lambda value: [value],
    lambda value: f"{value}.0",
    lambda value: 2**63 + int(str(value), 36) if str(value).isalnum() else 0,
]


@pytest.mark.parametrize("name", WITH_FREE_IDS)
@pytest.mark.parametrize("ids", ODD_IDS)
def test_ids_of_any_kind(name: str, ids: Callable[[Any], Any]) -> None:
    assert verdict(placed(spoken(name, Style(ids=ids)))) == plainly(name)


@pytest.mark.parametrize("name", WITH_FREE_IDS)
def test_without_ids_answers_are_unknown_and_all_else_is_the_same(name: str) -> None:
    found = verdict(placed(spoken(name, Style(without_ids=True))))
    assert without(found, "shares") == without(plainly(name), "shares")
    assert numbers(found) == numbers(plainly(name))


@pytest.mark.parametrize("name", sorted(dialogs()))
@pytest.mark.parametrize("change", [as_text, as_number])
def test_numbers_as_strings_and_strings_as_numbers(name: str, change: Callable[[Any], Any]) -> None:
    parts = segments(retyped(SESSIONS[name], change), Style())
    assert verdict(placed(parts)) == plainly(name)


@pytest.mark.parametrize("name", sorted(dialogs()))
@pytest.mark.parametrize("before", [b'{"a":1,', b'{"id":0,"result":[null,'])
@pytest.mark.parametrize("miner", [True, False])
def test_a_message_in_two_segments_leaves_nothing_behind(name: str, before: bytes, miner: bool) -> None:
    rest = b'"b":2}\n' if before.endswith(b"1,") else b"2]}\n"
    parts = [(miner, before), (miner, rest), *spoken(name, Style())]
    assert verdict(placed(parts)) == plainly(name)


ENDS = [b"\r\n", b"\n\n", b" \n", b"\r\n\r\n", b"\n\x00", b"\t\r\n \n"]


@pytest.mark.parametrize("name", sorted(set(NAMES) - HTTP))
@given(end=st.sampled_from(ENDS), bom=st.booleans(), together=st.booleans(), seed=SEEDS)
@FEW
def test_line_ends_blank_lines_and_byte_order_marks(
    name: str, end: bytes, bom: bool, together: bool, seed: int
) -> None:
    parts = spoken(name, Style(seed=seed, end=end, bom=bom), together=together)
    assert verdict(placed(parts)) == plainly(name)


@pytest.mark.parametrize("name", sorted(set(NAMES) - HTTP))
def test_no_line_ends_at_all(name: str) -> None:
    for together in (True, False):
        assert verdict(placed(spoken(name, Style(end=b""), together=together))) == plainly(name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bom", [False, True])
def test_cut_at_every_byte(name: str, bom: bool) -> None:
    parts = cut(spoken(name, Style(bom=bom)), edges(name, random.Random(0), 0))
    assert verdict(placed(parts)) == plainly(name)


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS, count=st.integers(1, 8), together=st.booleans(), style=STYLES)
@FEW
def test_cut_anywhere(name: str, seed: int, count: int, together: bool, style: Style) -> None:
    parts = cut(spoken(name, style, together=together), edges(name, random.Random(seed), count))
    assert verdict(placed(parts)) == plainly(name)


def sent(name: str, seed: int, count: int, style: Style) -> tuple[list[Placed], random.Random]:
    chance = random.Random(seed)
    return placed(cut(spoken(name, style), edges(name, chance, count))), chance


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS, count=st.integers(0, 4), share=st.sampled_from([0.2, 1.0]))
@FEW
def test_segments_sent_again(name: str, seed: int, count: int, share: float) -> None:
    parts, chance = sent(name, seed, max(1, count), Style())
    assert verdict(repeated(parts, chance, share)) == plainly(name)


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS, count=st.integers(1, 3), style=STYLES)
@FEW
def test_some_messages_cut_and_others_whole(name: str, seed: int, count: int, style: Style) -> None:
    chance = random.Random(seed)
    places = edges(name, chance, count)
    parts = cut(
        spoken(name, style, together=False), lambda data: places(data) if chance.random() < 0.5 else []
    )
    assert verdict(placed(parts)) == plainly(name)


@pytest.mark.parametrize("name", sorted(dialogs()))
@given(seed=SEEDS, count=st.integers(1, 4), share=st.sampled_from([0.3, 1.0]), style=STYLES)
@FEW
def test_pairs_in_the_wrong_order(name: str, seed: int, count: int, share: float, style: Style) -> None:
    parts, late, chance = opened(name, seed, count, style)
    assert verdict(parts + swapped(late, chance, share)) == plainly(name)


@pytest.mark.parametrize("name", sorted(dialogs()))
@given(seed=SEEDS, count=st.integers(1, 4), style=STYLES)
@FEW
def test_all_of_it_at_once(name: str, seed: int, count: int, style: Style) -> None:
    parts, late, chance = opened(name, seed, count, style)
    assert verdict(parts + repeated(swapped(late, chance, 0.3), chance, 0.3)) == plainly(name)


def opened(
    name: str, seed: int, count: int, style: Style
) -> tuple[list[Placed], list[Placed], random.Random]:
    """The first word of either side, whole, and the rest in pieces: an anchor may lie over the cut of a
    pair in the wrong order, and such a message, if it is the first, is not seen."""
    chance = random.Random(seed)
    whole = spoken(name, style)
    pieces = whole[:2] + cut(whole[2:], edges(name, chance, count))
    parts = placed(pieces)
    return parts[:2], parts[2:], chance
