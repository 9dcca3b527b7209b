"""A capture file as if its packets came now: at the pace of the recording, or as fast as can be."""

from __future__ import annotations

import time
from collections.abc import Iterator

from netminedet.capture.live import LiveSource
from netminedet.capture.source import open_source
from netminedet.model import Batch

#: Without a pause, no more than so much of the file's own time is handed on at once, so that whoever acts at
#: intervals can do so between.
STEP_NS = 1_000_000_000
#: A time farther ahead than this is a clock that went wrong, and no pause.
FAR_NS = 366 * 86_400 * 1_000_000_000
#: Longest that a pause within the file is slept at once, in seconds: signals are looked at in between.
_NAP = 0.1


class Replay(LiveSource):
    """A file, or standard input for "-".  ``speed``: times as fast as recorded; None: without a pause.

    Raises NetminedetError where it is no capture.
    """

    def __init__(self, path: str, speed: float | None = None) -> None:
        super().__init__(path)
        self._source = open_source(path)
        self._source_batches = self._source.batches()
        self._speed = speed
        self._waiting: Batch | None = None
        self._from = 0
        self._last = 0
        self._began: tuple[int, float] | None = None
        self._end_told = False

    def now_ns(self) -> int:
        return self._last

    def wait(self, seconds: float) -> None:
        if self._waiting is not None:
            time.sleep(min(seconds, _NAP, max(0.0, self._pause(self._waiting.time_ns[self._from]))))

    def batches(self) -> Iterator[Batch]:
        """The packets whose time has come; at most one batch of the file at a time."""
        batch = self._waiting
        if batch is None:
            batch = self._waiting = next(self._source_batches, None)
            self._from = 0
        if batch is None:
            self._end()
            return
        if self._speed is None and 0 < self._last + STEP_NS < batch.time_ns[self._from] < self._last + FAR_NS:
            self._last = batch.time_ns[self._from] - STEP_NS  # time passes, and nothing comes
            return
        until = self._due(batch)
        if until > self._from:
            part = batch if (self._from, until) == (0, batch.count) else _part(batch, self._from, until)
            self._from = until
            if until >= batch.count:
                self._waiting = None
            self._count(part)
            yield part

    def _count(self, part: Batch) -> None:
        self._last = max(self._last, part.time_ns[part.count - 1])
        self.counts.seen += part.count
        self.counts.received += part.count
        self.counts.bytes += sum(part.caplen[: part.count])

    def _due(self, batch: Batch) -> int:
        """The first packet of the batch whose time has not come yet."""
        number = self._from
        if self._speed is None:
            step = max(self._last, batch.time_ns[number]) + STEP_NS
            if max(batch.time_ns[batch.count - 1], batch.time_ns[(number + batch.count) // 2]) < step:
                return batch.count
            while number < batch.count and batch.time_ns[number] < step:
                number += 1
            return number
        while number < batch.count and self._pause(batch.time_ns[number]) <= 0:
            number += 1
        return number

    def _pause(self, time_ns: int) -> float:
        """Seconds until a packet of this time is due."""
        if self._speed is None:
            return 0.0
        if self._began is None:
            self._began = (time_ns, time.monotonic())
        first, began = self._began
        return began + (time_ns - first) / 1e9 / self._speed - time.monotonic()

    def _end(self) -> None:
        self.ended = True
        if not self._end_told:
            self._end_told = True
            self._notes += [f"{self.name}: {problem}" for problem in self._source.info.problems]

    @property
    def complete(self) -> bool:
        """Whether the file could be read to its end."""
        return self._source.info.complete

    def close(self) -> None:
        self._source.close()


def _part(batch: Batch, low: int, high: int) -> Batch:
    part = Batch(batch.data, 0)
    part.count, part.first_number = high - low, batch.first_number + low
    for column in ("offset", "caplen", "wirelen", "time_ns", "linktype"):
        setattr(part, column, getattr(batch, column)[low:high])
    return part
