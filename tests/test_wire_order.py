"""However the segments of a mining conversation come over the wire, its verdict is the same.

Cut anywhere, in the wrong order within the window, lost and sent again, copied: from the first
packet on, and in every dialect.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("scapy")

from netminedet.sieve import columns, directions
from netminedet.sieve import sieve as sieve_module
from tests.frames import tcp_frame
from tests.fuzz import uncompiled
from tests.test_variants import FEW, NAMES, SEEDS, Style, plainly, sent, spoken
from tests.variants import Placed, frames_of, judged, opening_frames, placed, repeated, swapped, verdict

#: segments in a row of which each may take any place
WINDOW = 4

Order = Callable[[list[Placed], random.Random], list[Placed]]


@pytest.fixture(params=["as-installed", "uncompiled"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernels that follow directions as they are, and as the interpreter runs them."""
    if request.param == "uncompiled":
        monkeypatch.setattr(sieve_module, "directions", uncompiled.module(directions.__name__))


def turns(parts: list[Placed]) -> Iterator[list[Placed]]:
    """What one side sends before the other does."""
    at = 0
    while at < len(parts):
        end = at
        while end < len(parts) and parts[end].miner is parts[at].miner:
            end += 1
        yield parts[at:end]
        at = end


def in_pairs(parts: list[Placed], chance: random.Random) -> list[Placed]:
    return swapped(parts, chance, 1.0)


def shuffled(parts: list[Placed], chance: random.Random) -> list[Placed]:
    """Each window of segments in any order."""
    found: list[Placed] = []
    for turn in turns(parts):
        for at in range(0, len(turn), WINDOW):
            window = turn[at : at + WINDOW]
            found += chance.sample(window, len(window))
    return found


def lost_and_sent_again(parts: list[Placed], chance: random.Random) -> list[Placed]:
    """Of each turn one segment is lost, and sent again behind the next few."""
    found: list[Placed] = []
    for turn in turns(parts):
        at = chance.randrange(len(turn))
        later = min(len(turn), at + chance.randint(1, WINDOW + 1))
        found += turn[:at] + turn[at + 1 : later] + [turn[at]] + turn[later:]
    return found


def with_everything(parts: list[Placed], chance: random.Random) -> list[Placed]:
    order = chance.choice([in_pairs, shuffled, lost_and_sent_again])
    return repeated(order(parts, chance), chance, 0.3)


ORDERS = pytest.mark.parametrize("order", [in_pairs, shuffled, lost_and_sent_again, with_everything])


@ORDERS
@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS, count=st.integers(1, 6))
@FEW
def test_any_order_within_the_window(order: Order, name: str, seed: int, count: int) -> None:
    parts, chance = sent(name, seed, count, Style())
    assert verdict(order(parts, chance)) == plainly(name)


def test_a_key_that_is_a_command_elsewhere_begins_a_segment_that_comes_too_early() -> None:
    """The management API asks for "version", in words; here it is what "name" is followed by."""
    line = (
        b'{"id":0,"method":"mining.subscribe","body":{"version":2,"name":"rig1","publicAddress":"%s",'
        b'"agent":"bzminer/17.0"}}\n' % (b"10233832f7e49aae" * 4)
    )
    at = line.index(b"version")
    answer = b'{"id":0,"method":"mining.subscribed","body":{"clientId":17,"xn":"00ff"}}\n'
    parts = [Placed(True, at, line[at:]), Placed(True, 0, line[:at]), Placed(False, 0, answer)]
    (suspect,) = verdict(parts)
    assert suspect["agents"] == ["bzminer/17.0"]


@pytest.mark.parametrize("name", ["stratum-v1", "cryptonote", "getwork-examples", "eth-proxy"])
@pytest.mark.parametrize("order", [in_pairs, shuffled, lost_and_sent_again, with_everything])
@pytest.mark.parametrize("seed", range(4))
def test_in_both_forms_of_the_kernel(kernel: None, name: str, order: Order, seed: int) -> None:
    parts, chance = sent(name, seed, 5, Style())
    assert verdict(order(parts, chance)) == plainly(name)


@pytest.mark.parametrize("name", NAMES)
def test_the_handshake_is_in_the_wrong_order_too(name: str) -> None:
    parts, chance = sent(name, 1, 3, Style())
    frames = opening_frames()[::-1] + frames_of(in_pairs(parts, chance))
    assert judged(frames)[0] == plainly(name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("behind", [0, 1, 3, 20], ids=lambda n: f"{n}-packets-later")
def test_a_mirror_that_sees_every_frame_twice(name: str, behind: int) -> None:
    parts, _ = sent(name, 3, 2, Style())
    frames = opening_frames() + frames_of(parts)
    twice = []
    for number in range(len(frames) + behind):
        twice += frames[number : number + 1]
        twice += frames[number - behind : number - behind + 1] if number >= behind else []
    assert judged(twice)[0] == plainly(name)


#: what one side says in these has no form of its own, and proves nothing without the other
SILENT_MINER = {
    "aeternity-examples",
    "aion-examples",
    "ergo-examples",
    "ethash-stratum-examples",
    "ironfish-examples",
}
#: some of their shares have a form that counts only once both sides are seen to mine; of btcagent there are
#: more answers than shares
WEAK_SHARES = {
    "aeternity",
    "aion",
    "btcagent-examples",
    "nimiq-examples",
    "stratum-v1-examples",
    "xelis-getwork-examples",
}
SILENT_POOL = {
    "chia-examples",
    "cortex-examples",  # of the miner alone
    "stratum-short",
    "stratum-short-examples",
    "xelis",
    "xelis-examples",
}


@pytest.mark.parametrize("name", sorted(set(NAMES) - SILENT_MINER))
def test_only_the_miner_is_recorded(name: str) -> None:
    parts = placed(spoken(name, Style()))
    found, _ = judged(opening_frames()[:1] + frames_of([part for part in parts if part.miner]))
    (plain,) = plainly(name)
    assert [one["host"] for one in found] == [plain["host"]]
    submitted = found[0]["shares"]["submitted"]
    assert submitted == plain["shares"]["submitted"] or (
        name in WEAK_SHARES and submitted < plain["shares"]["submitted"]
    )
    assert found[0]["workers"] == plain["workers"]


@pytest.mark.parametrize("name", sorted(set(NAMES) - SILENT_POOL))
def test_only_the_pool_is_recorded(name: str) -> None:
    parts = placed(spoken(name, Style()))
    found, _ = judged(opening_frames()[1:] + frames_of([part for part in parts if not part.miner]))
    (plain,) = plainly(name)
    assert [one["host"] for one in found] == [plain["host"]]


@given(seed=SEEDS)
@FEW
def test_what_waits_is_bounded(seed: int) -> None:
    """Holes everywhere, in more flows than there are slots: nothing fails, and what gives way is counted."""
    chance = random.Random(seed)
    frames = []
    for number in range(3 * columns.REORDER_SLOTS):
        ends = (f"10.9.{number >> 8 & 7}.{number & 255}", 4000), ("203.0.113.9", 3333)
        frames.append(tcp_frame(*ends, 1000, b'{"a":1,'))
        frames.append(tcp_frame(*ends, 1000 + chance.randrange(2, 5000), b'"b":2}'))
    _, counters = judged(frames)
    assert counters["early_segments_displaced"] > 0
