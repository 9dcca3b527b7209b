"""Packets from a network interface through a ring that the system shares with us (AF_PACKET, TPACKET_V3).

The system fills a block of the ring and hands it over; the block is then a batch as it lies there.
See packet(7) and Documentation/networking/packet_mmap.rst of Linux.
"""

from __future__ import annotations

import errno
import mmap
import select
import socket
import struct
import time
from collections.abc import Iterator

from msgspec import Struct

from netminedet.capture.blocks import BlockWalk
from netminedet.capture.interface import ANY, InterfaceState, interface_state
from netminedet.capture.live import LiveSource, RingOptions
from netminedet.capture.source import BATCH_CAPACITY
from netminedet.errors import NetminedetError
from netminedet.language import N_, sentence
from netminedet.model import Batch

#: Bytes of a block, and the fewest blocks that make a ring.
BLOCK_SIZE = 1 << 20
MIN_BLOCKS = 4
#: Longest that the packets still in the ring are waited for at the end, in block timeouts.
_DRAIN_TIMEOUTS = 3

# linux/if_packet.h, linux/if_ether.h
_SOL_PACKET = 263
_ADD_MEMBERSHIP, _RX_RING, _STATISTICS, _VERSION, _RESERVE, _FANOUT = 1, 5, 6, 10, 12, 18
_TPACKET_V3 = 2
_PROMISCUOUS = 1
_ALL_PROTOCOLS = 3
_FANOUT_HASH = 0
#: From the group of an interface to that of the next; a prime.
_GROUP_STEP = 509
_FRAME_SIZE = 1 << 11
_VLAN_TAG = 4
# tpacket_block_desc: its status, and who owns the block.
_STATUS_AT = 8
_OURS = 1
_STATUS = struct.Struct("=I")


#: Words of ``_Open.place``.
_CURRENT, _IN_HAND = 0, 1


class _Open(Struct):
    """A socket with its ring."""

    sock: socket.socket
    memory: mmap.mmap
    blocks: list[memoryview]
    #: the block that is read next, and whether it is being read: shared with processes that are forked
    place: memoryview


class Ring(LiveSource):
    """An interface ("any": all of them).  Raises NetminedetError where it cannot be opened."""

    def __init__(self, name: str, options: RingOptions) -> None:
        super().__init__(name)
        self._options = options
        self._count = max(MIN_BLOCKS, options.ring_size // BLOCK_SIZE)
        self._program = _program(options.filter, name)
        self._walk = BlockWalk()
        self._batch = Batch(bytearray(), BATCH_CAPACITY)
        self._control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._state = interface_state(self._control, name)
        if name != ANY and not self._state.index:
            raise NetminedetError(f"{name}: there is no such interface; {_names()}")
        self._open: _Open | None = self._opened()
        if not self._state.up:
            self._note(N_("the interface is down; waiting for it"))

    def _opened(self) -> _Open:
        try:
            # Without a name to bind to, a socket listens from its birth, on all interfaces; what it hears
            # before it has its ring is thrown away with the queue that the ring replaces.
            protocol = socket.htons(_ALL_PROTOCOLS) if self.name == ANY else 0
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, protocol)
        except PermissionError:
            raise NetminedetError(
                f"{self.name}: capturing needs the capability CAP_NET_RAW; "
                "run as root, or give it to the service"
            ) from None
        try:
            return self._set_up(sock)
        except OSError as error:
            sock.close()
            raise NetminedetError(
                f"{self.name}: cannot be captured from: {error.strerror or error}"
            ) from None
        except BaseException:
            sock.close()
            raise

    def _set_up(self, sock: socket.socket) -> _Open:
        """Nothing is let in before all is in place, so that what is counted is what the filter takes."""
        from netminedet.capture.bpf import EVERYTHING, NOTHING, attach

        options = self._options
        attach(sock, NOTHING)
        sock.setsockopt(_SOL_PACKET, _VERSION, _TPACKET_V3)
        sock.setsockopt(_SOL_PACKET, _RESERVE, _VLAN_TAG)
        frames = BLOCK_SIZE // _FRAME_SIZE * self._count
        shape = (BLOCK_SIZE, self._count, _FRAME_SIZE, frames, options.block_ms, 0, 0)
        sock.setsockopt(_SOL_PACKET, _RX_RING, struct.pack("=7I", *shape))
        memory = mmap.mmap(sock.fileno(), BLOCK_SIZE * self._count)
        if self.name != ANY:
            sock.bind((self.name, _ALL_PROTOCOLS))
        if options.promiscuous and self.name != ANY:
            wanted = struct.pack("=iHH8x", self._state.index, _PROMISCUOUS, 0)
            sock.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, wanted)
        if options.fanout is not None:
            # A group is of one interface, and there until the last ring of it is gone, which may be long
            # after the interface: one that comes again under its name has another index, and another group.
            group = (options.fanout + _GROUP_STEP * self._state.index) & 0xFFFF
            sock.setsockopt(_SOL_PACKET, _FANOUT, group | _FANOUT_HASH << 16)
        whole = memoryview(memory)
        blocks = [whole[at : at + BLOCK_SIZE] for at in range(0, len(memory), BLOCK_SIZE)]
        sock.getsockopt(_SOL_PACKET, _STATISTICS, 12)  # reading sets them to zero
        attach(sock, self._program or EVERYTHING)
        self.counts.blocks = self._count
        return _Open(sock, memory, blocks, memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("Q"))

    def fileno(self) -> int | None:
        return None if self._open is None else self._open.sock.fileno()

    def now_ns(self) -> int:
        return time.time_ns()

    def wait(self, seconds: float) -> None:
        if self._open is None:
            time.sleep(seconds)
            return
        poll = select.poll()
        poll.register(self._open.sock, select.POLLIN | select.POLLERR)
        if any(event & select.POLLERR for _, event in poll.poll(int(seconds * 1000))):
            self.check()

    def batches(self) -> Iterator[Batch]:
        ring = self._open
        if ring is None:
            return
        ready = self._ready(ring)
        self.counts.full_blocks = max(self.counts.full_blocks, ready)
        for _ in range(ready):
            ring.place[_IN_HAND] = 1
            yield from self._packets(ring.blocks[ring.place[_CURRENT]])
            self._give_back(ring)

    def _give_back(self, ring: _Open) -> None:
        """The system may fill the current block again."""
        current = ring.place[_CURRENT]
        _STATUS.pack_into(ring.blocks[current], _STATUS_AT, 0)
        ring.place[_CURRENT] = (current + 1) % self._count
        ring.place[_IN_HAND] = 0

    def take_over(self) -> None:
        """Go on where another process left off that was forked with this ring and is gone.

        The block that it had in hand is left out: something in it may be what ended it.
        """
        ring = self._open
        if ring is not None and ring.place[_IN_HAND]:
            self._give_back(ring)

    def let_go(self) -> None:
        """Leave the ring to the processes that were forked with it; it is opened anew if it is used again."""
        ring, self._open = self._open, None
        self._state = InterfaceState()
        if ring is not None:
            ring.sock.close()

    @property
    def is_gone(self) -> bool:
        """Whether the ring is that of an interface that is there no more."""
        if self._open is None or self.name == ANY:
            return False
        return interface_state(self._control, self.name).index != self._state.index

    def _ready(self, ring: _Open) -> int:
        """Blocks that are ours, from the current one on."""
        for number in range(self._count):
            block = ring.blocks[(ring.place[_CURRENT] + number) % self._count]
            if not _STATUS.unpack_from(block, _STATUS_AT)[0] & _OURS:
                return number
        return self._count

    def _packets(self, block: memoryview) -> Iterator[Batch]:
        walk, batch, counts = self._walk, self._batch, self.counts
        batch.data = block  # type: ignore[assignment]  # as good a buffer as a bytearray
        walk.open(block)
        while walk.left:
            batch.count, batch.first_number = 0, counts.seen + 1
            walk.walk(batch)
            counts.seen += batch.count
            counts.bytes = walk.captured
            if batch.count:
                yield batch

    def update_counts(self) -> None:
        counts, walk = self.counts, self._walk
        counts.vlan_restored, counts.loopback_copies = walk.retagged, walk.doubled
        counts.packets_cut, counts.records_malformed = walk.cut, walk.malformed
        if self._open is not None:
            self._add_statistics(self._open)

    def _add_statistics(self, ring: _Open) -> None:
        """The system's counters: each reading sets them to zero."""
        received, dropped, freezes = struct.unpack("=III", ring.sock.getsockopt(_SOL_PACKET, _STATISTICS, 12))
        self.counts.received += received
        self.counts.dropped += dropped
        self.counts.freezes += freezes

    def drain(self) -> Iterator[Batch]:
        from netminedet.capture.bpf import NOTHING, attach

        if self._open is None:
            return
        attach(self._open.sock, NOTHING)
        # A block that is not full is handed over when its time is up.
        end = time.monotonic() + _DRAIN_TIMEOUTS * self._options.block_ms / 1000
        while (left := end - time.monotonic()) > 0:
            self.wait(min(left, self._options.block_ms / 1000))
            yield from self.batches()
        yield from self.batches()

    def check(self) -> None:
        """See whether the interface is there, and open it again where it is a new one."""
        ring, before = self._open, self._state
        if ring is not None:
            ring.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # takes it off the socket
        state = self._state = interface_state(self._control, self.name)
        if self.name != ANY and state.index != before.index and before.index:
            self._note_lost(N_("the interface is gone; waiting for it"))
            self._close_ring()
        elif before.up and not state.up:
            self._note_lost(N_("the interface is down; waiting for it"))
        elif state.up and not before.up and ring is not None:
            self._note_back(N_("the interface is up again"))
        elif before.mtu != state.mtu and ring is not None:
            self._note(sentence("the MTU is {now} now, it was {before}", now=state.mtu, before=before.mtu))
        if self._open is None and state.index:
            self._reopen(state)

    def _reopen(self, state: InterfaceState) -> None:
        try:
            self._open = self._opened()
        except NetminedetError as error:
            self._note_refused(error)
        else:
            self._note_back(
                N_("the interface is back") if state.up else N_("the interface is back, and down")
            )

    def _close_ring(self) -> None:
        ring, self._open = self._open, None
        if ring is None:
            return
        try:
            self._add_statistics(ring)
        except OSError as error:
            if error.errno != errno.ENODEV:
                reason = str(error.strerror)
                self._note(sentence("the system's counters cannot be read: {reason}", reason=reason))
        # The memory goes when the last kernel that looked into it has another batch.
        ring.sock.close()

    def close(self) -> None:
        self._close_ring()
        self._control.close()


def _program(expression: str, name: str) -> list[tuple[int, int, int, int]]:
    if not expression:
        return []
    from netminedet.capture.bpf import compile_filter

    return compile_filter(expression, name)


def _names() -> str:
    names = [name for _, name in socket.if_nameindex()]
    return f"name one of {', '.join(names[:12])}, or any" if names else "this machine shows none"
