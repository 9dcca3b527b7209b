"""Who takes the packets in: this process alone, or several that share an interface by flow."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from netminedet.capture.live import LiveSource
from netminedet.errors import NetminedetError
from netminedet.keeper import Keeper
from netminedet.live.options import WatchOptions, limits_of
from netminedet.live.station import Harvest, Station
from netminedet.pipeline import Pipeline
from netminedet.signatures import SignatureSet

if TYPE_CHECKING:
    from netminedet.capture.ring import Ring
    from netminedet.live.renewal import Offer


class Crew(Protocol):
    """One station or several."""

    @property
    def ended(self) -> bool: ...
    @property
    def failed(self) -> str | None:
        """Why the watch cannot go on; None while it can."""

    def now_ns(self) -> int: ...
    def turn(self, seconds: float) -> None: ...
    def harvest(self) -> list[Harvest]: ...
    def offer(self, offer: Offer) -> None:
        """Have every station take other signatures; the old ones are in force until ``taken``."""

    def taken(self) -> bool:
        """Whether all have changed over.  Raises NetminedetError where one cannot: then none has."""

    def finish(self) -> list[Harvest]: ...
    def close(self) -> None:
        """Give back what the system lent, whatever has happened."""


def open_sources(options: WatchOptions) -> list[LiveSource]:
    """The sources that the options name.  Raises NetminedetError where one cannot be opened."""
    if options.replay is not None:
        from netminedet.capture.replay import Replay

        return [Replay(options.replay, options.speed)]
    if sys.platform != "linux":
        from netminedet.capture.sniffer import Sniffer

        return [Sniffer(name, options.ring) for name in options.interfaces]
    return list(open_rings(options))


def open_rings(options: WatchOptions, fanout: int | None = None) -> list[Ring]:
    """The rings of the interfaces; ``fanout``: the group of the first that several share the packets of."""
    from netminedet.capture.ring import Ring

    rings: list[Ring] = []
    try:
        for number, name in enumerate(options.interfaces):
            group = None if fanout is None else (fanout + number) & 0xFFFF
            rings.append(Ring(name, replace(options.ring, fanout=group)))
    except BaseException:
        for ring in rings:
            ring.close()
        raise
    return rings


def open_station(options: WatchOptions, signatures: SignatureSet, sources: Sequence[LiveSource]) -> Station:
    """A station for these sources, as the options say."""
    keeper = None if options.evidence is None else Keeper()
    return Station(
        sources, Pipeline(signatures, "live", limits_of(options), samples=True, keeper=keeper), keeper
    )


class Alone:
    """This process."""

    failed: str | None = None

    def __init__(self, options: WatchOptions, signatures: SignatureSet) -> None:
        self.station = open_station(options, signatures, open_sources(options))

    @property
    def ended(self) -> bool:
        return self.station.ended

    def now_ns(self) -> int:
        return self.station.now_ns()

    def turn(self, seconds: float) -> None:
        self.station.turn(seconds)

    def harvest(self) -> list[Harvest]:
        return [self.station.harvest()]

    def offer(self, offer: Offer) -> None:
        self.station.turn_to(offer.new)

    def taken(self) -> bool:
        return True

    def finish(self) -> list[Harvest]:
        return [self.station.finish()]

    def close(self) -> None:
        for source in self.station.sources:
            source.close()


def open_crew(options: WatchOptions, signatures: SignatureSet) -> Crew:
    """The crew that the options ask for."""
    if options.workers == 1 or options.replay is not None:
        return Alone(options, signatures)
    if sys.platform != "linux":
        raise NetminedetError("--workers needs the packet ring of Linux; leave it out")
    from netminedet.live.workers import Workers

    return Workers(options, signatures)
