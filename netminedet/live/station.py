"""Where packets are taken in: some sources, one pipeline, and what they hand over at each interval."""

from __future__ import annotations

import select
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from netminedet.capture.live import CaptureCounts, LiveSource
from netminedet.garbage import leave_alone
from netminedet.keeper import Keeper, KeptPacket
from netminedet.model import Batch
from netminedet.pipeline import NewSignatures, Pipeline
from netminedet.verdict.findings import Findings

#: Conversations and flows without a packet for this long are let go of.
QUIET_NS = 3600 * 1_000_000_000
#: Seconds between two looks at the interfaces, and between two rounds of letting go.
CHECK_SECONDS = 1.0
AGE_SECONDS = 60.0


@dataclass(slots=True)
class Harvest:
    """What one station found and counted: findings since the last harvest, counts since its start."""

    findings: Findings
    counters: dict[str, int]
    captures: dict[str, CaptureCounts]
    #: the fullest that a ring was since the last harvest, from 0 to 1
    high_water: float = 0.0
    #: the longest time since then between a packet's stamp and its being read, in nanoseconds
    lag_ns: int = 0
    notes: list[str] = field(default_factory=list)
    #: packets that prove something, where evidence is asked for
    evidence: list[KeptPacket] = field(default_factory=list)
    #: memory of a process of its own, now and at most
    memory: tuple[int, int] | None = None


class Station:
    """Feeds the packets of its sources to a pipeline."""

    def __init__(
        self, sources: Sequence[LiveSource], pipeline: Pipeline, keeper: Keeper | None = None
    ) -> None:
        self.sources = sources
        self._keeper = keeper
        self._pipeline = pipeline
        self._lag_ns = 0
        self._checked = self._aged = time.monotonic()

    @property
    def ended(self) -> bool:
        """Whether no source will ever have a packet again."""
        return all(source.ended for source in self.sources)

    def now_ns(self) -> int:
        """The present by the clock of the packets."""
        return max(source.now_ns() for source in self.sources)

    def turn(self, seconds: float) -> None:
        """Wait for packets, at most so long, and read those that came."""
        self._wait(seconds)
        for source in self.sources:
            for batch in source.batches():
                self._feed(source, batch)
        if time.monotonic() - self._checked >= CHECK_SECONDS:
            self._checked = time.monotonic()
            for source in self.sources:
                source.check()

    def _wait(self, seconds: float) -> None:
        if len(self.sources) == 1:
            self.sources[0].wait(seconds)
            return
        poll = select.poll()
        numbers = [number for source in self.sources if (number := source.fileno()) is not None]
        for number in numbers:
            poll.register(number, select.POLLIN | select.POLLERR)
        if any(event & select.POLLERR for _, event in poll.poll(seconds * 1000)):
            for source in self.sources:
                source.check()

    def _feed(self, source: LiveSource, batch: Batch) -> None:
        self._lag_ns = max(self._lag_ns, source.now_ns() - batch.time_ns[0])
        self._pipeline.feed(batch, source.name)

    def harvest(self) -> Harvest:
        """What was found since the last call, and the counters."""
        for source in self.sources:
            source.update_counts()
        found = self._pipeline.harvest()
        if time.monotonic() - self._aged >= AGE_SECONDS:
            self._aged = time.monotonic()
            self._pipeline.age(self.now_ns() - QUIET_NS)
            leave_alone()
        return self._handed_over(found, self._pipeline.counters())

    def _handed_over(self, found: Findings, counters: dict[str, int]) -> Harvest:
        captures = {source.name: source.counts for source in self.sources}
        high = max(source.counts.take_high_water() for source in self.sources)
        notes = [note for source in self.sources for note in source.take_notes()]
        lag, self._lag_ns = self._lag_ns, 0
        evidence: list[KeptPacket] = []
        if self._keeper is not None:
            evidence = self._keeper.take()
            counters = {**counters, **self._keeper.counts}
        return Harvest(found, counters, captures, high, lag, notes, evidence)

    def turn_to(self, new: NewSignatures) -> None:
        """Go on with other signatures, between two batches."""
        self._pipeline.turn_to(new)

    def finish(self) -> Harvest:
        """Take in what is on its way, and no more; the last harvest."""
        for source in self.sources:
            for batch in source.drain():
                self._feed(source, batch)
            source.update_counts()
        counters = self._pipeline.finish()
        last = self._handed_over(self._pipeline.findings, counters)
        for source in self.sources:
            source.close()
        return last
