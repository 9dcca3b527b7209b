"""An encrypted Stratum V2 connection, by the sizes of what each side sends."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from itertools import groupby, pairwise
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.model import Side
from netminedet.protocols.noise import MAX_SIZES, NoiseCounts, NoiseStage, NoiseWatch, looks_random

C, S = Side.CLIENT, Side.SERVER

RANDOM = random.Random(2)
TURN = tuple[Side, int]
OPENING: list[TURN] = [(C, 64), (S, 234), (C, 22 + 60 + 16), (S, 44)]


def noise(size: int) -> bytes:
    """Random bytes; those in the place of a key pass the test, as nearly all do."""
    data = RANDOM.randbytes(size)
    while size >= 64 and not looks_random(data[:64]):
        data = RANDOM.randbytes(size)
    return data


def watched(turns: list[TURN], make: Callable[[int], bytes] = noise) -> NoiseWatch:
    watch = NoiseWatch()
    for side, sizes in (
        (side, [size for _, size in run]) for side, run in groupby(turns, lambda turn: turn[0])
    ):
        flight = make(sum(sizes))
        for size in sizes:
            watch.feed(side, flight[:size])
            flight = flight[size:]
    return watch


@pytest.mark.parametrize(
    ("turns", "stage"),
    [
        ([], NoiseStage.UNDECIDED),
        ([(C, 63)], NoiseStage.UNDECIDED),
        ([(C, 64)], NoiseStage.POSSIBLE),
        ([(C, 20), (C, 44)], NoiseStage.POSSIBLE),
        ([(C, 64), (S, 100)], NoiseStage.POSSIBLE),
        ([(C, 64), (S, 234)], NoiseStage.HANDSHAKE),
        ([(C, 64), (S, 64), (S, 80), (S, 90)], NoiseStage.HANDSHAKE),
        (OPENING[:3], NoiseStage.HANDSHAKE),
        (OPENING, NoiseStage.CHANNEL),
        ([(C, 64), (S, 234), (C, 22), (C, 76), (S, 22), (S, 22)], NoiseStage.CHANNEL),
    ],
)
def test_stages(turns: list[TURN], stage: NoiseStage) -> None:
    assert watched(turns).stage is stage


@pytest.mark.parametrize(
    "turns",
    [
        pytest.param([(C, 65)], id="long-first-flight"),
        pytest.param([(C, 64), (C, 40)], id="obfuscated-transport-goes-on"),
        pytest.param([(C, 63), (S, 234)], id="short-first-flight"),
        pytest.param([(S, 64)], id="server-first"),
        pytest.param([(C, 64), (S, 235)], id="long-answer"),
        pytest.param([(C, 64), (S, 233), (C, 98)], id="short-answer"),
        pytest.param([(C, 64), (S, 64), (C, 36)], id="bip-324-without-garbage"),
        pytest.param([(C, 64 + 511), (S, 64 + 1200)], id="bip-324"),
        pytest.param([(C, 64), (S, 64 + 134 + 36), (C, 36), (S, 200)], id="bip-324-with-unlucky-garbage"),
        pytest.param([(C, 50), (S, 50), (C, 66)], id="lightning"),
        pytest.param([(S, 41), (C, 39)], id="ssh"),
        pytest.param([(C, 64), (S, 234), (C, 53), (S, 44)], id="setup-too-short"),
        pytest.param([(C, 64), (S, 234), (C, 3000)], id="setup-too-long"),
        pytest.param([(C, 64), (S, 234), (C, 98), (S, 45)], id="another-answer"),
        pytest.param([(C, 64), (S, 234), (C, 98), (S, 43), (C, 90)], id="answer-too-short"),
        pytest.param([(C, 64), (S, 170), (C, 98), (S, 44)], id="act-2-before-ElligatorSwift"),
    ],
)
def test_other_protocols(turns: list[TURN]) -> None:
    watch = watched(turns)
    assert watch.stage is NoiseStage.REFUSED
    assert watch.feed(C, noise(64)) is NoiseStage.REFUSED, "for good"


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(b"\0" * 64, id="zeros"),
        pytest.param(bytes(range(64)), id="ascii-and-control"),
        pytest.param(b"GET /index.html HTTP/1.1\r\nHost: example.org\r\nAccept: text/html\r\n", id="text"),
        pytest.param(base64.b64encode(bytes(range(100, 148))), id="base64"),
        pytest.param(noise(32).hex().encode(), id="hexadecimal"),
        pytest.param("密钥密码测试文本用于检查协议的第一条消息".encode() + b"1234", id="utf-8"),
        pytest.param(bytes(5) + noise(59), id="zero-padded"),
        pytest.param(b"\x16\x03\x01\x00\x3b" + noise(59), id="tls-record"),
        pytest.param(b"\x00\x3e" + noise(62), id="length-prefix-16"),
        pytest.param(b"\x3c\x00\x00\x00" + noise(60), id="length-prefix-32"),
        pytest.param(noise(16) * 4, id="blocks-repeated"),
        pytest.param(bytes(b | 0x80 for b in noise(64)), id="top-bits"),
    ],
)
def test_keys_that_are_none(key: bytes) -> None:
    assert not looks_random(key)
    assert watched([(C, 64)], lambda size: key[:size]).stage is NoiseStage.REFUSED


def test_servers_key_must_be_random_too() -> None:
    watch = NoiseWatch()
    watch.feed(C, noise(64))
    assert watch.feed(S, b"HTTP/1.1 400 Bad Request\r\n".ljust(234)) is NoiseStage.REFUSED


def test_false_rejects_are_as_rare_as_documented() -> None:
    def outside(trials: int, chance: float, low: int, high: int) -> float:
        return 1 - sum(
            comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(low, high + 1)
        )

    distinct = {0: 1.0}
    for _ in range(64):
        following: dict[int, float] = {}
        for count, chance in distinct.items():
            following[count] = following.get(count, 0.0) + chance * count / 256
            following[count + 1] = following.get(count + 1, 0.0) + chance * (256 - count) / 256
        distinct = following
    few = sum(chance for count, chance in distinct.items() if count < 48)
    rates = few, outside(64, 1 / 256, 0, 3), outside(64, 0.5, 12, 52), outside(512, 0.5, 205, 307)
    assert rates == pytest.approx((1.1e-4, 1.2e-4, 1.0e-7, 5.0e-6), rel=0.05)
    assert 2 * (sum(rates) + 1.6e-4) < 1e-3
    draw = random.Random(5)
    assert sum(looks_random(draw.randbytes(64)) for _ in range(3000)) >= 2990


def test_shares_and_answers_are_counted_by_size() -> None:
    watch = watched(OPENING)
    for size in [79 + 9, 62, 62, 124, 78]:
        watch.feed(C, noise(size))
    for size in [83 + 8, 83 + 86, 58, 116, 74, 58 + 74, 500, 87, 3 * 58]:
        watch.feed(S, noise(size))
    # 88, 78, 91 and 500 are no shares or answers; 174 may be three answers as well as two jobs
    assert watch.counts() == NoiseCounts(
        minutes=1, over=1, submitted=4, acknowledged=4, jobs=2, prev_hashes=1, targets=2, other=5, fits=True
    )


def test_extended_shares_are_counted_by_their_repeated_size() -> None:
    watch = watched(OPENING)
    for size in [81 + 9, 71, 71, 142, 78, 78, 65]:
        watch.feed(C, noise(size))
    assert watch.counts() == NoiseCounts(submitted=4, other=4, minutes=1, over=1)


def test_a_gap_ends_all_but_a_channel() -> None:
    assert watched(OPENING[:2]).gap() is NoiseStage.REFUSED
    assert watched(OPENING).gap() is NoiseStage.CHANNEL


def test_bytes_not_captured() -> None:
    watch = NoiseWatch()
    assert watch.feed(C, noise(20), 64) is NoiseStage.REFUSED, "the key cannot be tested"
    watch = watched(OPENING[:1])
    assert watch.feed(S, noise(96), 234) is NoiseStage.HANDSHAKE
    watch.feed(C, b"", 98)
    assert watch.feed(S, b"", 44) is NoiseStage.CHANNEL


def test_sizes_kept_are_bounded() -> None:
    watch = watched(OPENING)
    for size in range(200, 200 + 3 * MAX_SIZES):
        watch.feed(C, b"", size)
    assert len(watch._channel._sizes[C]) == MAX_SIZES
    assert watch.counts().other + watch.counts().submitted >= 3 * MAX_SIZES


@given(
    st.lists(st.tuples(st.sampled_from([C, S]), st.binary(max_size=100), st.integers(0, 300)), max_size=12)
)
def test_any_segments(segments: list[tuple[Side, bytes, int]]) -> None:
    watch = NoiseWatch()
    for side, data, more in segments:
        assert isinstance(watch.feed(side, data, len(data) + more), NoiseStage)
    assert isinstance(watch.counts(), NoiseCounts)


@given(st.lists(st.integers(1, 234), max_size=4), st.lists(st.integers(1, 64), max_size=4))
def test_cuts_do_not_matter(cuts_s: list[int], cuts_c: list[int]) -> None:
    watch = NoiseWatch()
    for side, size, cuts in ((C, 64, cuts_c), (S, 234, cuts_s), (C, 98, cuts_c), (S, 44, [])):
        data = noise(size)
        edges = sorted({0, size, *(cut for cut in cuts if cut < size)})
        for start, end in pairwise(edges):
            watch.feed(side, data[start:end])
    assert watch.stage is NoiseStage.CHANNEL


def test_pace_of_shares() -> None:
    watch = watched(OPENING)
    for minute in [10, 10, 11, 14, 14]:
        watch.feed(C, noise(62), minute=minute)
    watch.feed(C, noise(500), minute=90)
    counts = watch.counts()
    assert (counts.submitted, counts.minutes, counts.over) == (5, 3, 5)


#: What goes over the channel: its opening, its answer with the first work, shares and their answers.
STANDARD: list[TURN] = [(C, 79 + 9), (S, 83 + 8), (S, 83 + 86), *[(C, 62), (S, 58)] * 2]
PUSHED: list[TURN] = [(C, 79 + 9), (S, 83 + 8), *[(S, 83 + 86), (S, 87)] * 2]
MINING = [
    pytest.param(STANDARD, id="shares-of-a-standard-channel"),
    pytest.param([(C, 81 + 9), (S, 95), (S, 420), (S, 86), *[(C, 71), (S, 58)] * 3], id="of-an-extended-one"),
    pytest.param([(C, 44), (S, 44), *STANDARD], id="extensions-asked-for-first"),
    pytest.param([(C, 44), (S, 50), *STANDARD], id="extensions-refused"),
    pytest.param([(C, 88), (C, 88), (S, 182), *[(C, 62)] * 3, (S, 58)], id="two-channels-at-once"),
    pytest.param(
        [(C, 22), (C, 66), (S, 91), (S, 169), *[(C, 124)] * 2, (S, 116)], id="in-pieces-and-together"
    ),
    pytest.param([(C, 88), (S, 91), (S, 169), *[(C, 62)] * 10], id="answered-in-batches"),
    pytest.param([(C, 90), (S, 95), *[(C, 62 + 1 + 8 + 5 + 12), (S, 58)] * 3], id="named-workers"),
    pytest.param(PUSHED, id="work-without-a-share"),
    pytest.param([(C, 88), (S, 91), (S, 83), (S, 86)], id="its-first-work"),
    pytest.param([(C, 88), (S, 91), (S, 420), (C, 62), (S, 58)], id="one-share"),
    pytest.param([*STANDARD, (C, 78), (S, 74), (C, 62), (S, 47 + 11)], id="a-new-target"),
]


@pytest.mark.parametrize("turns", MINING)
def test_what_goes_over_a_channel(turns: list[TURN]) -> None:
    watch = watched([*OPENING, *turns])
    assert watch.stage is NoiseStage.CHANNEL
    assert watch.counts().fits


@pytest.mark.parametrize(
    "turns",
    [
        pytest.param([], id="nothing"),
        pytest.param([(C, 88)], id="a-channel-asked-for"),
        pytest.param([(C, 88), (S, 91)], id="and-opened"),
        pytest.param([(C, 88), (S, 91), (S, 83)], id="one-record-of-a-job's-size"),
        pytest.param([(C, 88), (S, 91), (C, 62), (S, 59)], id="a-share's-size-and-another-answer"),
        pytest.param([(S, 91), *STANDARD], id="the-server-goes-on"),
        pytest.param([(C, 70), (S, 91), *STANDARD[1:]], id="too-short-for-a-channel"),
        pytest.param([(C, 88), (S, 60), *STANDARD[3:]], id="another-answer"),
        pytest.param([(C, 1500), (S, 91), *[(C, 62), (S, 58)] * 3], id="a-long-request"),
        pytest.param([(C, 88), (S, 91), *[(S, 1400)] * 200], id="a-download"),
        pytest.param([*STANDARD, *[(S, 1400)] * 8], id="a-download-behind-it"),
        pytest.param([(C, 88), (S, 91), *[(C, 1400)] * 200], id="an-upload"),
        pytest.param([*STANDARD, *[(C, 200 + n) for n in range(8)]], id="records-of-many-sizes"),
        pytest.param([(C, 88), (S, 91), *[(C, 62)] * 9], id="never-answered"),
    ],
)
def test_what_goes_over_others(turns: list[TURN]) -> None:
    watch = watched([*OPENING, *turns])
    assert watch.stage is NoiseStage.CHANNEL
    assert not watch.counts().fits


@pytest.mark.parametrize("step", range(3))
def test_all_of_the_handshake_must_look_random(step: int) -> None:
    watch = NoiseWatch()
    for number, (side, size) in enumerate(OPENING):
        data = noise(size)
        if number == step:
            key = data[:64] if side is S else b""  # that a key must is another test
            data = key + b"plain text, as protocols have it ".ljust(size)[: size - len(key)]
        watch.feed(side, data)
    assert watch.stage is NoiseStage.REFUSED
