"""Keeps the packets that messages were read from, for as long as somebody may want them as evidence."""

from __future__ import annotations

from collections import Counter, OrderedDict

from msgspec import Struct, field

from netminedet.model import Batch, Where
from netminedet.verdict.order import FlowId, flow_id

#: Packets kept of a flow that may become evidence, and bytes of all flows; the longest quiet flow gives way.
MAX_KEPT_PACKETS = 256
MAX_KEPT_BYTES = 64 << 20
#: Packets of the same flow before the first that proves anything, which are handed over with it.
BEFORE = 4


class KeptPacket(Struct):
    """A packet as it was captured, and what it proves."""

    where: Where
    data: bytes
    wirelen: int
    linktype: int
    #: signatures of the messages that it completed
    proves: list[str] = field(default_factory=list)


class _Flow(Struct):
    packets: OrderedDict[tuple[str, int], KeptPacket] = field(default_factory=OrderedDict)
    size: int = 0


def _least(packets: OrderedDict[tuple[str, int], KeptPacket]) -> tuple[str, int]:
    """The oldest that proves nothing; where all do, the newest but one: the beginning tells most."""
    places = list(packets)
    return next((place for place in places[:-1] if not packets[place].proves), places[-2])


class Keeper:
    """Told of every packet that the sieve hands on, and of what was read from them later."""

    def __init__(self) -> None:
        self._flows: OrderedDict[FlowId, _Flow] = OrderedDict()
        self._size = 0
        self.counts: Counter[str] = Counter(evidence_packets_displaced=0)

    def saw(self, where: Where, batch: Batch) -> None:
        """A packet that the sieve hands on; ``batch`` has it."""
        key = flow_id(where.flow)
        flow = self._flows.get(key)
        if flow is None:
            flow = self._flows[key] = _Flow()
        else:
            self._flows.move_to_end(key)
        place = (where.input, where.packet)
        if place in flow.packets:
            return
        i = where.packet - batch.first_number
        packet = KeptPacket(where, batch.packet(i), batch.wirelen[i], batch.linktype[i])
        flow.packets[place] = packet
        self._grow(flow, len(packet.data))
        if len(flow.packets) > MAX_KEPT_PACKETS:
            self._lose(flow, flow.packets.pop(_least(flow.packets)))
        while self._size > MAX_KEPT_BYTES and len(self._flows) > 1:
            oldest = self._flows.popitem(last=False)[1]
            for gone in oldest.packets.values():
                self._lose(oldest, gone)

    def _grow(self, flow: _Flow, size: int) -> None:
        flow.size += size
        self._size += size

    def _lose(self, flow: _Flow, packet: KeptPacket) -> None:
        self._grow(flow, -len(packet.data))
        self.counts["evidence_packets_displaced"] += bool(packet.proves)

    def proves(self, where: Where, signature: str) -> None:
        """What was read from a packet that was seen."""
        flow = self._flows.get(flow_id(where.flow))
        packet = None if flow is None else flow.packets.get((where.input, where.packet))
        if packet is not None and signature not in packet.proves:
            packet.proves.append(signature)

    def take(self) -> list[KeptPacket]:
        """Packets that prove something, and the few before them in their flows; each is handed over once."""
        taken: list[KeptPacket] = []
        for key in [key for key, flow in self._flows.items() if any(p.proves for p in flow.packets.values())]:
            flow = self._flows[key]
            before: list[tuple[str, int]] = []
            for place, packet in list(flow.packets.items()):
                before.append(place)
                if packet.proves:
                    for one in before[-1 - BEFORE :]:
                        kept = flow.packets.pop(one)
                        self._grow(flow, -len(kept.data))
                        taken.append(kept)
                    before.clear()
            if not flow.packets:
                del self._flows[key]
        return taken
