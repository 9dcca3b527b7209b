"""From frames to columns: plain packets at once, odd ones layer by layer, fragments put together."""

from __future__ import annotations

from array import array
from bisect import bisect_left

from msgspec import Struct

from netminedet.model import Batch, Layer
from netminedet.sieve.columns import Columns, Odd
from netminedet.sieve.deal import Share
from netminedet.sieve.decode import Decoder
from netminedet.sieve.fragments import Reassembler
from netminedet.sieve.layers import Walker
from netminedet.sieve.over_udp import TUNNEL_PORTS

#: Bytes of datagrams put together in one chunk of packets; they lie behind the batch's own data.
MAX_REBUILT = 1 << 21
#: Datagrams put together that held a fragment of another, one in the other.
MAX_NESTED = 4
#: Link type Ethernet, and the size of its header: an IP header behind it lies in no other layer.
_ETHERNET = 1
_ETHERNET_HEADER = 14


class Part(Struct, frozen=True):
    """What one of several processes that share an input takes of it: its share of the flows, see ``deal``."""

    #: from 0
    mine: int
    shares: int
    #: 128 bits that are the same for all of them, and secret: all lose the same fragments where room is short
    seed: int


class Packets:
    """Fills ``columns`` from the packets of a batch, as far as they are of ``part``.

    ``seed``: two secret 64-bit words.
    """

    def __init__(self, columns: Columns, seed: tuple[int, int], part: Part | None = None) -> None:
        self._columns = columns
        self._odd = Odd()
        self._decoder = Decoder(columns, self._odd, seed, TUNNEL_PORTS)
        self._walker = Walker(self._odd)
        self._reassembler = Reassembler(self._odd, seed)
        self._share = None if part is None else Share(columns, part.mine, part.shares, TUNNEL_PORTS)
        self._place = array("I")
        self._copy: Batch | None = None
        self._low = 0

    def take(self, batch: Batch) -> None:
        """Leave in the batch only what may be of this part."""
        if self._share is not None:
            if len(self._place) < batch.count:
                self._place = array("I", bytes(4 * batch.capacity))
            batch.count = self._share.take(batch, self._place)
            batch.place = self._place

    def run(self, batch: Batch, low: int, high: int) -> Batch:
        """Decode packets ``low`` to ``high`` into columns 0 to ``high - low``.

        Offsets in the columns are into the data of the batch that is returned: the same
        one, or a copy with room behind its data, where datagrams were put together.
        """
        odd = self._odd
        self._low = low
        odd.count = self._decoder.run(batch, low, high)
        if not odd.count:
            return batch
        pieces = self._walker.run(batch, low, odd.count)
        room = 0
        for _depth in range(MAX_NESTED):
            if not pieces:
                break
            batch = self._with_room(batch)
            room = self._reassembler.run(batch, low, odd.count, room or len(batch.data) - MAX_REBUILT)
            pieces = self._walker.run(batch, low, odd.count)
        self._decoder.use(batch)
        self._decoder.finish(odd)
        if self._share is not None:
            self._share.pass_over_others(batch, odd)
        return batch

    def layers(self, batch: Batch, column: int) -> tuple[Layer, ...]:
        """What lay around the packet of a column, outermost first; of the batch that ``run`` returned."""
        i = self._low + column
        header = self._columns.ip_at[column] - batch.offset[i]
        if header == _ETHERNET_HEADER and batch.linktype[i] == _ETHERNET:
            return ()
        odd = self._odd
        k = bisect_left(odd.column, column, 0, odd.count)
        frame, end = batch.offset[i], batch.offset[i] + batch.caplen[i]
        if k < odd.count and odd.column[k] == column:
            frame, end = odd.frame[k], odd.end[k]
        ip_at, wirelen = self._columns.ip_at[column], batch.wirelen[i]
        return self._walker.layers(batch, frame, ip_at, end, wirelen, batch.linktype[i])

    def counters(self) -> dict[str, int]:
        """Packets by outcome, and what was met on the way."""
        return {
            **self._decoder.counters(),
            **self._walker.counters(),
            **self._reassembler.counters(),
        }

    def odd_counters(self) -> dict[str, int]:
        """What odd packets count in ``counters``: the same in each process that shares an input."""
        return {
            **self._decoder.odd_counters(),
            **self._walker.counters(),
            **self._reassembler.counters(),
        }

    def _with_room(self, batch: Batch) -> Batch:
        """A copy of the batch with room behind its data; the batch itself if it is one."""
        if batch is self._copy:
            return batch
        if self._copy is None or len(self._copy.data) != len(batch.data) + MAX_REBUILT:
            self._copy = Batch(bytearray(len(batch.data) + MAX_REBUILT), 0)
        copy = self._copy
        copy.data[: len(batch.data)] = batch.data
        copy.count, copy.first_number = batch.count, batch.first_number
        copy.offset, copy.caplen, copy.wirelen = batch.offset, batch.caplen, batch.wirelen
        copy.time_ns, copy.linktype, copy.place = batch.time_ns, batch.linktype, batch.place
        return copy
