"""Reads the captures of a case: what the host said, which packets prove it, and all packets of its flows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from netminedet.api import Report
from netminedet.capture import discover, open_source
from netminedet.casefile.manifest import file_digest
from netminedet.keeper import Keeper, KeptPacket
from netminedet.model import Batch, FiveTuple, Where
from netminedet.packetfile import PacketFile
from netminedet.sieve.columns import CHUNK, Columns
from netminedet.sieve.packets import Packets
from netminedet.sieve.sieve import five_tuple
from netminedet.suspects import Suspect
from netminedet.verdict.order import FlowId, flow_id

#: Of a packet that is looked up by its number, whose flow is no matter.
_NO_FLOW = FiveTuple("0.0.0.0", 0, "0.0.0.0", 0, "tcp")

#: A packet by its input and its number there.
Place = tuple[str, int]

#: Changes a frame before it is written: the same frame, and how many of its bytes were changed.
Change = Callable[[bytes], tuple[bytes, int]]


class Given(Struct, frozen=True):
    """A capture as it lies on disk, and what the packets of it are said to come from."""

    path: str
    sha256: str
    size: int
    #: the path of the report's input with this hash, where there is one
    name: str
    in_report: bool


class HostKeeper(Keeper):
    """Keeps packets of one host's flows only."""

    def __init__(self, host: str) -> None:
        super().__init__()
        self._host = host

    def saw(self, where: Where, batch: Batch) -> None:
        if self._host in (where.flow.src_ip, where.flow.dest_ip):
            super().saw(where, batch)


def given_captures(paths: Sequence[str], known: Mapping[str, str]) -> list[Given]:
    """The captures that are named, or lie in folders that are, with their hashes.

    ``known``: the paths of the report's inputs by their hashes.  Raises NetminedetError.
    """
    found = []
    for path in discover(paths).files:
        sha256, size = file_digest(path)
        found.append(Given(path, sha256, size, known.get(sha256, path), sha256 in known))
    return found


def mining_flows(host: str, report: Report, suspect: Suspect) -> set[FlowId]:
    """The flows of a host in which it mined, was served, hid what it said, or asked for a pool."""
    found = {key for key in report.findings.flows if host in (key[0][0], key[1][0])}
    for one in report.suspects:
        if one.host == host:
            found |= {flow_id(connection.flow) for connection in one.connections}
            found |= {flow_id(evidence.where.flow) for evidence in one.evidence}
    found |= {flow_id(connection.flow) for connection in suspect.connections}
    return found | {flow_id(evidence.where.flow) for evidence in suspect.evidence}


def packets_at(given: Sequence[Given], places: Collection[Place]) -> Iterator[KeptPacket]:
    """The packets with these numbers, in the order of the captures."""
    for capture in given:
        numbers = {number for name, number in places if name == capture.name}
        if not numbers:
            continue
        with open_source(capture.path) as source:
            for batch in source.batches():
                first = batch.first_number
                for number in sorted(numbers & set(range(first, first + batch.count))):
                    yield _kept(batch, number - first, capture)


def write_flows(given: Sequence[Given], flows: Collection[FlowId], file: PacketFile, change: Change) -> None:
    """Write every packet of these flows, as the captures have them one after the other.

    Of a datagram in fragments it is the packet that completed it.
    """
    for capture in given:
        with open_source(capture.path) as source:
            for batch, i in _packets_of(flows, source.batches()):
                kept = _kept(batch, i, capture)
                file.write(replace(kept, data=change(kept.data)[0]))


def _packets_of(flows: Collection[FlowId], batches: Iterable[Batch]) -> Iterator[tuple[Batch, int]]:
    """Where the packets of these flows are, tunnels looked into."""
    ports = {one << 16 | other for (_, one), (_, other), _ in flows}
    ports |= {other << 16 | one for (_, one), (_, other), _ in flows}
    columns = Columns()
    packets = Packets(columns, (1, 2))
    for batch in batches:
        for low in range(0, batch.count, CHUNK):
            high = min(low + CHUNK, batch.count)
            data = packets.run(batch, low, high).data
            for i in range(high - low):
                proto, pair = columns.proto[i], columns.ports[i]
                if (
                    proto
                    and pair in ports
                    and flow_id(five_tuple(data, columns.ip_at[i], pair, proto)) in flows
                ):
                    yield batch, low + i


def _kept(batch: Batch, i: int, capture: Given) -> KeptPacket:
    where = Where(batch.time_ns[i], capture.name, batch.first_number + i, _NO_FLOW)
    return KeptPacket(where, batch.packet(i), batch.wirelen[i], batch.linktype[i])
