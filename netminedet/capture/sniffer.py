"""Packets through scapy's sniffer, where the system has no ring: slower, and silent about what it lost."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from typing import Any

from netminedet.capture.interface import ANY
from netminedet.capture.live import LiveSource, RingOptions
from netminedet.errors import NetminedetError
from netminedet.model import Batch

#: Packets that wait between the sniffer and us; more are dropped and counted.
MAX_QUEUED = 50_000
#: Packets in a batch at most, and bytes.
_BATCH_PACKETS = 4096
_BATCH_BYTES = 1 << 20
_ETHERNET = 1


class Sniffer(LiveSource):
    """An interface through scapy.  Raises NetminedetError where scapy is not there or may not listen."""

    def __init__(self, name: str, options: RingOptions) -> None:
        super().__init__(name)
        try:
            from scapy.sendrecv import AsyncSniffer
        except ImportError:
            raise NetminedetError(
                "this system has no packet ring, and scapy is not installed; install it: pip install scapy"
            ) from None
        self._queue: queue.Queue[tuple[bytes, int, int]] = queue.Queue(MAX_QUEUED)
        self._batch = Batch(bytearray(_BATCH_BYTES), _BATCH_PACKETS)
        self._kept: tuple[bytes, int, int] | None = None
        self._sniffer = AsyncSniffer(
            iface=None if name == ANY else name,
            filter=options.filter or None,
            promisc=options.promiscuous,
            store=False,
            prn=self._heard,
        )
        try:
            self._sniffer.start()
        except Exception as error:  # scapy raises whatever its backend does
            raise NetminedetError(f"{name}: cannot be captured from: {error}") from None
        self._notes.append(
            f"{name}: captured with scapy, for this system has no packet ring: slow, and losses are not told"
        )

    def _heard(self, packet: Any) -> None:
        data = bytes(packet)
        link = _ETHERNET if packet.name == "Ethernet" else 101
        self.counts.received += 1
        try:
            self._queue.put_nowait((data, int(packet.time * 1_000_000) * 1000, link))
        except queue.Full:
            self.counts.dropped += 1

    def now_ns(self) -> int:
        return time.time_ns()

    def wait(self, seconds: float) -> None:
        if self._kept is None and not self.ended:
            try:
                self._kept = self._queue.get(timeout=seconds)
            except queue.Empty:
                self._look_after()

    def _look_after(self) -> None:
        """A sniffer that died of an error says so, once."""
        if not self._sniffer.running and self._sniffer.exception is not None:
            error, self._sniffer.exception = self._sniffer.exception, None
            raise NetminedetError(f"{self.name}: cannot be captured from: {error}")

    def batches(self) -> Iterator[Batch]:
        batch, end = self._batch, 0
        batch.count, batch.first_number = 0, self.counts.seen + 1
        while (one := self._next()) is not None:
            data, time_ns, link = one
            if end + len(data) > _BATCH_BYTES or batch.count == _BATCH_PACKETS:
                self._kept = one
                break
            batch.data[end : end + len(data)] = data
            i = batch.count
            batch.offset[i], batch.caplen[i], batch.wirelen[i] = end, len(data), len(data)
            batch.time_ns[i], batch.linktype[i] = time_ns, link
            end += len(data)
            batch.count += 1
        if batch.count:
            self.counts.seen += batch.count
            self.counts.bytes += end
            yield batch

    def _next(self) -> tuple[bytes, int, int] | None:
        one, self._kept = self._kept, None
        if one is not None:
            return one
        try:
            return self._queue.get_nowait()
        except queue.Empty:
            return None

    def close(self) -> None:
        if self._sniffer.running:
            self._sniffer.stop()
