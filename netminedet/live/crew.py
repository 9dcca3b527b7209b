"""Who takes the packets in: this process alone, or several that share an interface by flow."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol

from netminedet.capture.live import LiveSource
from netminedet.errors import NetminedetError
from netminedet.keeper import Keeper
from netminedet.live.options import WatchOptions
from netminedet.live.station import Harvest, Station
from netminedet.pipeline import Pipeline
from netminedet.signatures import SignatureSet


class Crew(Protocol):
    """One station or several."""

    @property
    def ended(self) -> bool: ...
    def now_ns(self) -> int: ...
    def turn(self, seconds: float) -> None: ...
    def harvest(self) -> list[Harvest]: ...
    def renew(self, signatures: SignatureSet) -> None: ...
    def finish(self) -> list[Harvest]: ...


def open_sources(options: WatchOptions, fanout: int | None = None) -> list[LiveSource]:
    """The sources that the options name.  Raises NetminedetError where one cannot be opened."""
    if options.replay is not None:
        from netminedet.capture.replay import Replay

        return [Replay(options.replay, options.speed)]
    import sys
    from dataclasses import replace

    if sys.platform != "linux":
        from netminedet.capture.sniffer import Sniffer

        return [Sniffer(name, options.ring) for name in options.interfaces]
    from netminedet.capture.ring import Ring

    rings: list[LiveSource] = []
    try:
        for number, name in enumerate(options.interfaces):
            group = None if fanout is None else (fanout + number) & 0xFFFF
            rings.append(Ring(name, replace(options.ring, fanout=group)))
    except BaseException:
        for ring in rings:
            ring.close()
        raise
    return rings


def pipeline_maker(options: WatchOptions, keeper: Keeper | None) -> Callable[[SignatureSet], Pipeline]:
    """Makes pipelines as the options say."""
    from netminedet.limits import limits_for

    limits = limits_for(options.max_memory, options.max_flows)
    return lambda signatures: Pipeline(signatures, "live", limits, samples=True, keeper=keeper)


class Alone:
    """This process."""

    def __init__(self, options: WatchOptions, signatures: SignatureSet) -> None:
        keeper = None if options.evidence is None else Keeper()
        self._make = pipeline_maker(options, keeper)
        self.station = Station(open_sources(options), self._make(signatures), keeper)

    @property
    def ended(self) -> bool:
        return self.station.ended

    def now_ns(self) -> int:
        return self.station.now_ns()

    def turn(self, seconds: float) -> None:
        self.station.turn(seconds)

    def harvest(self) -> list[Harvest]:
        return [self.station.harvest()]

    def renew(self, signatures: SignatureSet) -> None:
        self.station.renew(self._make(signatures))

    def finish(self) -> list[Harvest]:
        return [self.station.finish()]


def open_crew(options: WatchOptions, signatures: SignatureSet) -> Crew:
    """The crew that the options ask for."""
    if options.workers == 1 or options.replay is not None:
        return Alone(options, signatures)
    if not hasattr(os, "fork"):
        raise NetminedetError("--workers needs a system that can fork; leave it out")
    from netminedet.live.workers import Workers

    return Workers(options, signatures)
