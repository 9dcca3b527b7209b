"""Stands in for `netminedet.api`: a scan whose outcome the paths' names decide.

mining.pcap holds a suspect, broken.pcap cannot be read to its end, slow.pcap takes
for ever, huge.pcap has a report of megabytes; others hold nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netminedet.errors import NetminedetError
from netminedet.model import (
    FiveTuple,
    InputInfo,
    SignatureSetInfo,
    Where,
)
from netminedet.suspects import (
    Evidence,
    NodeSeen,
    Pool,
    ResolverSeen,
    Role,
    Shares,
    Suspect,
    Verdict,
)

#: What the last scan was called with.
CALLS: list[dict[str, Any]] = []

#: What the next scan raises, where it is not None.
FAILURE: BaseException | None = None


SIGNATURES = SignatureSetInfo("2024.02", "ab" * 32, 57)


@dataclass(frozen=True)
class Progress:
    """As in the real module."""

    path: str
    position: int
    size: int | None
    packets: int
    bytes: int
    inputs_done: int
    inputs_total: int


@dataclass(frozen=True)
class Report:
    """The least that the command line needs."""

    inputs: tuple[InputInfo, ...]
    suspects: tuple[Suspect, ...]
    totals: dict[str, int]
    tool_version: str = "0.1.0"
    adjacent: tuple[NodeSeen, ...] = ()
    resolvers: tuple[ResolverSeen, ...] = ()
    signatures: SignatureSetInfo = SIGNATURES


def scan(
    paths: Sequence[str],
    *,
    progress: Callable[[Progress], None] | None = None,
    on_input: Callable[[Report], None] | None = None,
    **options: Any,
) -> Report:
    """Pretend to scan."""
    CALLS.append({"paths": paths, **options})
    if FAILURE is not None:
        raise FAILURE
    names = [Path(path).name for path in paths]
    for done, path in enumerate(paths):
        if progress:
            progress(Progress(path, 512, 1024, 7, 512, done, len(paths)))
    if "slow.pcap" in names:
        print("scanning", flush=True)
        time.sleep(60)
    if set(names) == {"broken.pcap"}:
        raise NetminedetError("broken.pcap: is no capture; give a pcap or pcapng file")
    suspects = (SUSPECT,) * (names.count("mining.pcap") + 2000 * names.count("huge.pcap"))
    totals = {"packets": 10 * len(paths), "bytes": 640, "flows": 3, "undecoded": 1}
    return Report(tuple(_input(path) for path in paths), suspects, totals)


def _input(path: str) -> InputInfo:
    if Path(path).name == "broken.pcap":
        return InputInfo(path, complete=False, problems=["is no capture; give a pcap or pcapng file"])
    return InputInfo(path, "pcap", packets=10, bytes=640, first_seen=0, last_seen=10**9)


SUSPECT = Suspect(
    host="10.0.0.7",
    verdict=Verdict.CONFIRMED,
    role=Role.MINER,
    reasons=("its shares were accepted by 203.0.113.25:3333",),
    dialects=("stratum-v1",),
    coins=("BTC",),
    pools=(Pool(None, "203.0.113.25", 3333, tls=False),),
    workers=("矿工",),
    wallets=(),
    agents=("cgminer/4.10.0",),
    first_seen=0,
    last_seen=10**9,
    flows=1,
    packets=10,
    bytes=640,
    shares=Shares(2, 2, 0),
    evidence=(
        Evidence(
            signature="stratum-v1.submit",
            strength="strong",
            where=Where(0, "mining.pcap", 3, FiveTuple("10.0.0.7", 40000, "203.0.113.25", 3333, "tcp")),
            excerpt='{"method":"mining.submit"}',
            why="mining.submit hands in work",
        ),
    ),
)
