"""The same law for what is no JSON line: Stratum V2 in the clear, and dialects over WebSocket and HTTP."""

from __future__ import annotations

import random
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("scapy")

from tests.talks import UPGRADE
from tests.test_variants import FEW, SEEDS, SESSIONS, STYLES, plainly
from tests.variants import (
    Message,
    Segment,
    Style,
    cut,
    merged,
    placed,
    repeated,
    second,
    segments,
    swapped,
    verdict,
)

#: a frame's head and the least of SetupConnection: ``_opens_carrier`` in sieve/text.py
V2_OPENING = 17
SOCKETS = ["browser-miner-examples", "cryptonote", "stratum-v1", "eth-proxy", "kaspa", "beam"]
UPGRADED: list[Segment] = [(who == "C", data) for who, data in UPGRADE]


@cache
def plain_v2(extended: bool) -> list[Message]:
    (found,) = verdict(placed(second(extended)))
    assert (found["verdict"], found["dialects"]) == ("confirmed", ["stratum-v2"])
    assert found["shares"] == {"submitted": 6, "accepted": 5, "rejected": 1}
    return [found]


def split(parts: list[Segment], chance: random.Random, count: int) -> list[Segment]:
    """Cut at ``count`` places each, the first segment of all behind its opening; everywhere where it is 0."""
    opening, *rest = parts
    found = cut([opening], lambda data: chosen(V2_OPENING, data, chance, count))
    return found + cut(rest, lambda data: chosen(1, data, chance, count))


def chosen(least: int, data: bytes, chance: random.Random, count: int) -> list[int]:
    return [chance.randrange(least, len(data) + 1) for _ in range(count)] or list(range(least, len(data)))


@pytest.mark.parametrize("extended", [False, True])
def test_v2_cut_at_every_byte_and_merged(extended: bool) -> None:
    parts = second(extended)
    assert verdict(placed(merged(parts))) == plain_v2(extended)
    assert verdict(placed(split(parts, random.Random(0), 0))) == plain_v2(extended)
    assert verdict(placed(split(merged(parts), random.Random(0), 0))) == plain_v2(extended)


@pytest.mark.parametrize("extended", [False, True])
@given(seed=SEEDS, count=st.integers(1, 4), share=st.sampled_from([0.2, 1.0]))
@FEW
def test_v2_sent_again_and_in_the_wrong_order(extended: bool, seed: int, count: int, share: float) -> None:
    chance = random.Random(seed)
    whole = second(extended)
    parts = placed(whole[:2] + split(whole[2:], chance, count))
    late = repeated(swapped(parts[2:], chance, share), chance, share)
    assert verdict(parts[:2] + late) == plain_v2(extended)


@pytest.mark.parametrize("carrier", ["websocket", "fragments"])
@pytest.mark.parametrize("name", SOCKETS)
@given(seed=SEEDS, count=st.integers(1, 4), style=STYLES, share=st.sampled_from([0.0, 0.5]))
@FEW
def test_websocket(name: str, carrier: str, seed: int, count: int, style: Style, share: float) -> None:
    chance = random.Random(seed)
    talk = segments(SESSIONS[name], style, carrier=carrier, together=share > 0)
    pieces = cut(talk, lambda data: chosen(1, data, chance, count))
    parts = repeated(placed(UPGRADED + pieces), chance, share)
    assert verdict(parts) == plainly(name)


@given(
    seed=SEEDS,
    style=STYLES,
    together=st.booleans(),
    count=st.integers(0, 3),
    share=st.sampled_from([0.0, 0.5]),
)
@FEW
def test_http(seed: int, style: Style, together: bool, count: int, share: float) -> None:
    chance = random.Random(seed)
    talk = segments(SESSIONS["eth-proxy"], style, carrier="http", together=together)
    pieces = cut(talk, lambda data: chosen(8, data, chance, count))
    assert verdict(repeated(placed(pieces), chance, share)) == plainly("eth-proxy")
