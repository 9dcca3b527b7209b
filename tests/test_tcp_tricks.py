"""What an adversary may do with TCP's header: none of it blinds, ends or mixes a mining conversation."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest.importorskip("scapy")

from tests.frames import ACK, SYN, tcp_frame
from tests.test_variants import Style, plainly, sent
from tests.variants import FIRST, MINER, POOL, Message, frames_of, judged, opening_frames

RST, FIN = 4, 1
JUNK = b'{"x":"' + b"j" * 40


def frames() -> list[bytes]:
    return opening_frames() + frames_of(sent("stratum-v1", 2, 2, Style())[0])


def between(*forged: bytes) -> list[bytes]:
    """The forged frames once after every fifth true one."""
    found = []
    for number, frame in enumerate(frames()):
        found.append(frame)
        if number % 5 == 4:
            found += forged
    return found


def forged(seq: int, data: bytes = b"", flags: int = 24, miner: bool = True) -> bytes:
    source, target = (MINER, POOL) if miner else (POOL, MINER)
    return tcp_frame(source, target, FIRST[miner] + seq, data, flags)


FORGERIES: dict[str, Callable[[], list[bytes]]] = {
    "RST in and out of the window": lambda: between(forged(300, flags=RST), forged(1 << 30, flags=RST)),
    "RST with payload": lambda: between(forged(400, JUNK, flags=RST | ACK), forged(10, JUNK, RST, False)),
    "SYN with another number": lambda: between(forged(1 << 29, flags=SYN)),
    "SYN with payload": lambda: between(forged(1 << 29, JUNK, flags=SYN)),
    "SYN of the beginning once more": lambda: between(forged(-1, flags=SYN)),
    "SYN and ACK of the other side": lambda: between(forged(1 << 28, flags=SYN | ACK, miner=False)),
    "payload far ahead": lambda: between(forged(1 << 30, JUNK)),
    "payload far behind": lambda: between(forged(-(1 << 30), JUNK), forged(-(1 << 29), JUNK, miner=False)),
    "both sides open at once": lambda: [
        forged(-1, flags=SYN),
        forged(-1, flags=SYN, miner=False),
        forged(-1, flags=SYN | ACK),
        *frames()[1:],
    ],
    "no handshake seen": lambda: frames()[2:],
    "half the handshake seen": lambda: [frames()[0], *frames()[2:]],
}


@pytest.mark.parametrize("trick", sorted(FORGERIES))
def test_forged_headers_change_nothing(trick: str) -> None:
    assert judged(FORGERIES[trick]())[0] == plainly("stratum-v1")


def shares(found: list[Message]) -> dict[str, int]:
    (one,) = found
    counts: dict[str, int] = one["shares"]
    return counts


@pytest.mark.parametrize("end", [None, FIN | ACK, RST], ids=["idle", "FIN", "RST"])
@pytest.mark.parametrize("shift", [1 << 20, 1 << 30, -(1 << 30)])
def test_the_same_ports_are_used_again(end: int | None, shift: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second connection with other numbers, whose first answers are not those of the first one."""
    first = frames()
    closing = [] if end is None else [forged(900, flags=end)]
    monkeypatch.setitem(FIRST, True, (FIRST[True] + shift) % (1 << 32))
    monkeypatch.setitem(FIRST, False, (FIRST[False] + shift) % (1 << 32))
    found, counters = judged(first + closing + frames())
    once = shares(plainly("stratum-v1"))
    assert shares(found) == {name: 2 * count for name, count in once.items()}
    assert counters["ports_used_again"] == 1


def test_a_retransmission_that_differs_is_counted_and_not_read() -> None:
    parts, _ = sent("stratum-v1", 2, 1, Style())
    twice = []
    for frame in frames_of(parts):
        twice += [frame, frame[:-8] + b"\x00" * 8]
    found, counters = judged(opening_frames() + twice)
    assert found == plainly("stratum-v1")
    assert counters["stream_disagreements"] > 0
