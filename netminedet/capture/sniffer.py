"""Packets through scapy's sniffer, where the system has no ring: slower, and silent about what it lost."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from netminedet.capture.interface import ANY
from netminedet.capture.live import LiveSource, RingOptions
from netminedet.errors import NetminedetError
from netminedet.language import N_, sentence
from netminedet.model import Batch

#: Packets that wait between the sniffer and us; more are dropped and counted.
MAX_QUEUED = 50_000
#: Packets in a batch at most, and bytes.
_BATCH_PACKETS = 4096
_BATCH_BYTES = 1 << 20
#: Longest that the sniffer may take to listen, in seconds.
_START_SECONDS = 10.0
_ETHERNET = 1
#: No link type at all: such packets are counted, and not read.
UNKNOWN_LINK = 0xFFFF


class _Heard(Struct):
    """A packet on its way."""

    data: bytes
    time_ns: int
    wirelen: int
    link: int


class Sniffer(LiveSource):
    """An interface through scapy.  Raises NetminedetError where scapy is not there or may not listen."""

    def __init__(self, name: str, options: RingOptions) -> None:
        super().__init__(name)
        self._options = options
        self._queue: queue.Queue[_Heard] = queue.Queue(MAX_QUEUED)
        self._batch = Batch(bytearray(_BATCH_BYTES), _BATCH_PACKETS)
        self._kept: _Heard | None = None
        self._strange: set[str] = set()
        self._sniffer: Any = None
        self._start()
        slow = N_("captured with scapy, for this system has no packet ring: slow, and losses are not told")
        self._note(slow)

    def _start(self) -> None:
        """Listen; raises NetminedetError where that cannot be."""
        listening = threading.Event()
        sniffer = _scapy().AsyncSniffer(
            iface=_scapy().get_if_list() if self.name == ANY else self.name,
            filter=self._options.filter or None,
            promisc=self._options.promiscuous,
            store=False,
            prn=self._heard,
            started_callback=listening.set,
        )
        end = time.monotonic() + _START_SECONDS
        try:
            sniffer.start()
            # It opens its sockets on a thread of its own: what rights it needs must not be given up before.
            while not listening.wait(0.05) and sniffer.thread.is_alive() and time.monotonic() < end:
                pass
        except Exception as error:  # scapy raises whatever its backend does
            raise NetminedetError(f"{self.name}: cannot be captured from: {error}") from None
        if not listening.is_set():
            reason = sniffer.exception or "it does not begin to listen"
            raise NetminedetError(f"{self.name}: cannot be captured from: {reason}")
        self._sniffer = sniffer

    def _heard(self, packet: Any) -> None:
        """On the sniffer's thread: a packet."""
        self.counts.received += 1
        data = bytes(getattr(packet, "original", b"") or packet)
        wirelen = max(len(data), getattr(packet, "wirelen", None) or 0)
        time_ns = int(packet.time * 1_000_000) * 1000
        try:
            self._queue.put_nowait(_Heard(data[:_BATCH_BYTES], time_ns, wirelen, self._link_of(packet)))
        except queue.Full:
            self.counts.dropped += 1

    def _link_of(self, packet: Any) -> int:
        """The link type, by the class that scapy has for it."""
        numbers = _scapy().conf.l2types.layer2num
        for kind in type(packet).__mro__:
            if kind in numbers:
                return int(numbers[kind])
        if packet.name == "802.3":  # what scapy makes of Ethernet with a length
            return _ETHERNET
        if packet.name not in self._strange and len(self._strange) < 8:
            self._strange.add(packet.name)
            unread = sentence("packets that begin with {layer} are counted, and not read", layer=packet.name)
            self._note(unread)
        return UNKNOWN_LINK

    def now_ns(self) -> int:
        return time.time_ns()

    def wait(self, seconds: float) -> None:
        if self._kept is None:
            with contextlib.suppress(queue.Empty):
                self._kept = self._queue.get(timeout=seconds)

    def check(self) -> None:
        """See whether the sniffer still listens, and have it listen again where it does not."""
        sniffer = self._sniffer
        if sniffer is not None and not sniffer.thread.is_alive():
            self._sniffer = None
            reason = sniffer.exception or "it has stopped"
            self._note_lost(sentence("nothing is captured any more: {reason}; waiting for it", reason=reason))
        if self._sniffer is None:
            self._start_again()

    def _start_again(self) -> None:
        try:
            self._start()
        except NetminedetError as error:
            self._note_refused(error)
        else:
            self._note_back(N_("packets are captured again"))

    def batches(self) -> Iterator[Batch]:
        batch, end = self._batch, 0
        batch.count, batch.first_number = 0, self.counts.seen + 1
        while (one := self._next()) is not None:
            size = len(one.data)
            if end + size > _BATCH_BYTES or batch.count == _BATCH_PACKETS:
                self._kept = one
                break
            batch.data[end : end + size] = one.data
            i = batch.count
            batch.offset[i], batch.caplen[i], batch.wirelen[i] = end, size, one.wirelen
            batch.time_ns[i], batch.linktype[i] = one.time_ns, one.link
            self.counts.packets_cut += size < one.wirelen
            end += size
            batch.count += 1
        if batch.count:
            self.counts.seen += batch.count
            self.counts.bytes += end
            yield batch

    def _next(self) -> _Heard | None:
        one, self._kept = self._kept, None
        if one is not None:
            return one
        try:
            return self._queue.get_nowait()
        except queue.Empty:
            return None

    def drain(self) -> Iterator[Batch]:
        self.close()
        while True:
            before = self.counts.seen
            yield from self.batches()
            if self.counts.seen == before:
                return

    def close(self) -> None:
        sniffer, self._sniffer = self._sniffer, None
        if sniffer is not None and sniffer.running:
            try:
                sniffer.stop()
            except Exception as error:  # it may have stopped by itself just now
                self._notes.append(f"{self.name}: {error}")


def _scapy() -> Any:
    """scapy, as far as it is needed here; raises NetminedetError where it is missing."""
    try:
        import scapy.all
    except ImportError:
        raise NetminedetError(
            "this system has no packet ring, and scapy is not installed; install it: pip install scapy"
        ) from None
    return scapy.all
