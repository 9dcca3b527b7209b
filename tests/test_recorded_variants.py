"""Sessions of the sample captures, cut, merged and sent again: Stratum V2, WebSocket, HTTP and plain words.

Their bytes are no lines of JSON that could be written otherwise, as ``test_variants`` does; how TCP
cuts them must still not matter.
"""

from __future__ import annotations

import random
import socket
from functools import cache
from pathlib import Path
from typing import Any

import dpkt
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.conftest import SAMPLES
from tests.variants import Segment, cut, placed, repeated, swapped, verdict

#: sample, miner: sessions in the clear of each framing
SESSIONS = {
    "stratum-v2": ("stratum-v2.pcap", "10.12.0.11"),
    "websocket": ("browser.pcap", "10.11.0.11"),
    "stratum over websocket": ("browser.pcap", "10.11.0.16"),
    "http": ("getwork.pcap", None),
    "words": ("duino-coin.pcap", None),
    "management": ("management-api.pcap", None),
}
FEW = settings(
    max_examples=8,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
#: Bytes by which the sieve knows a connection that has no anchor: cut within them, it is not seen.
OPENING = {"words": 4, "management": 4, "stratum-v2": 17, "websocket": 13, "stratum over websocket": 13}
NAMES = st.sampled_from(sorted(SESSIONS))


def streams(sample: Path) -> dict[frozenset[tuple[str, int]], list[tuple[tuple[str, int], bytes]]]:
    """The payloads of each TCP connection of an Ethernet capture, with who sent them."""
    found: dict[frozenset[tuple[str, int]], list[tuple[tuple[str, int], bytes]]] = {}
    with sample.open("rb") as file:
        for _, frame in dpkt.pcap.Reader(file):
            packet = dpkt.ethernet.Ethernet(frame).data
            segment = getattr(packet, "data", None)
            if isinstance(packet, dpkt.ip.IP) and isinstance(segment, dpkt.tcp.TCP) and segment.data:
                one = (socket.inet_ntoa(packet.src), segment.sport)
                other = (socket.inet_ntoa(packet.dst), segment.dport)
                found.setdefault(frozenset((one, other)), []).append((one, bytes(segment.data)))
    return found


@cache
def session(name: str) -> tuple[Segment, ...]:
    """The first connection of the miner that gives a verdict by itself; of no miner named, of anyone."""
    sample, host = SESSIONS[name]
    for talk in streams(SAMPLES / sample).values():
        asks = max((sender for sender, _ in talk), key=lambda end: end[1])  # its port is a passing one
        parts = tuple((sender == asks, data) for sender, data in talk)
        if (host is None or asks[0] == host) and verdict(placed(list(parts))):
            return parts
    raise AssertionError(f"no mining session in {sample}")


@cache
def plainly(name: str) -> list[dict[str, Any]]:
    return verdict(placed(list(session(name))))


def merged(parts: tuple[Segment, ...]) -> list[Segment]:
    """What a side says in one go, in one segment."""
    found: list[Segment] = []
    for miner, data in parts:
        if found and found[-1][0] == miner:
            found[-1] = (miner, found[-1][1] + data)
        else:
            found.append((miner, data))
    return found


@pytest.mark.parametrize("name", sorted(SESSIONS))
def test_a_session_has_one_miner(name: str) -> None:
    (found,) = plainly(name)
    assert found["verdict"] == ("probable" if name == "management" else "confirmed")


@pytest.mark.parametrize("name", sorted(set(SESSIONS) - {"words", "management"}))
def test_merged(name: str) -> None:
    assert verdict(placed(merged(session(name)))) == plainly(name)


@given(NAMES, st.integers(0, 2**32), st.integers(1, 6))
@FEW
def test_cut_anywhere(name: str, seed: int, count: int) -> None:
    chance = random.Random(seed)
    least = OPENING.get(name, 1)

    def edges(data: bytes) -> list[int]:
        return [chance.randrange(least, len(data) + 1) for _ in range(count)] if len(data) >= least else []

    found = verdict(placed(cut(list(session(name)), edges)))
    if name == "words":  # what has no newline ends where TCP cuts it: a share may be lost, no more
        assert 0 <= shares(plainly(name)) - shares(found) <= count
        found, wanted = [{**one, "shares": None} for one in found], [{**plainly(name)[0], "shares": None}]
        assert found == wanted
    else:
        assert found == plainly(name)


def shares(found: list[dict[str, Any]]) -> int:
    return sum(one["shares"]["submitted"] for one in found)


@given(NAMES, st.integers(0, 2**32), st.sampled_from([0.2, 1.0]))
@FEW
def test_sent_again(name: str, seed: int, share: float) -> None:
    parts = placed(list(session(name)))
    assert verdict(repeated(parts, random.Random(seed), share)) == plainly(name)


@given(NAMES, st.integers(0, 2**32))
@FEW
def test_in_the_wrong_order(name: str, seed: int) -> None:
    parts = placed(list(session(name)))
    found = verdict(swapped(parts, random.Random(seed), 0.3))
    assert [(one["host"], one["dialects"]) for one in found] == [
        (one["host"], one["dialects"]) for one in plainly(name)
    ]
