"""Every packet of all captures at hand: ends, payload and ids of layers are what tshark says.

Captures are put together into few files, as starting tshark takes longer than most of
them; those with IP fragments are compared one by one, so that fragments of different
captures do not meet.  All of it takes half a minute on two cores; nothing is left out.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from netminedet.capture import open_source
from netminedet.errors import NetminedetError
from netminedet.model import Layer
from netminedet.sieve.columns import CHUNK, Columns
from netminedet.sieve.packets import Packets
from netminedet.sieve.sieve import five_tuple
from tests.conftest import SAMPLES, needs_shared_captures, shared_captures
from tests.sieve.layer_frames import CASES
from tests.sieve.tshark import Inner, Row, innermost, needs_tshark, protocols, rows

#: What tshark cannot find out by itself either: whether a label's pseudowire has a control word.
TOLD = ("udp.port==8472,vxlan", "mpls.label==41,pwethcw", "mpls.label==42,pwethnocw")

#: Bytes of captures that are put together into one file.
TOGETHER = 12_000_000


class Ours(NamedTuple):
    """What we see of a packet."""

    ends: tuple[str, int, str, int, str]
    payload: bytes
    layers: tuple[Layer, ...]
    caplen: int


Packet = tuple[int, Ours | None, Inner | None, Row]


class Difference(NamedTuple):
    """A kind of packet in which we differ on purpose."""

    reason: str
    applies: Callable[[Ours | None, Inner | None, Row], bool]


def context(layers: Iterable[Layer]) -> dict[str, list[int]]:
    """The ids of layers by kind, as numbers."""
    found: dict[str, list[int]] = {}
    for layer in layers:
        if layer.kind == "l2tp":
            tunnel, session = (layer.id or "").split("/")
            found.setdefault(layer.kind, []).append(int(tunnel) << 16 | int(session))
        elif layer.id is not None:
            found.setdefault(layer.kind, []).append(int(layer.id, 0))
    return found


def agree(ours: Ours | None, theirs: Inner | None) -> bool:
    if ours is None or theirs is None:
        return ours is None and theirs is None
    if theirs.payload is not None:
        same = ours.payload == theirs.payload
    else:  # of some packets tshark shows the length only
        same = theirs.length is not None and len(ours.payload) <= theirs.length
    return ours.ends == theirs.ends and same and context(ours.layers) == theirs.ids


def seen(path: Path) -> Iterator[Ours | None]:
    """What we see of each packet of a capture."""
    columns = Columns()
    packets = Packets(columns, (1, 2))
    with open_source(path) as source:
        for whole in source.batches():
            for low in range(0, whole.count, CHUNK):
                high = min(low + CHUNK, whole.count)
                batch = packets.run(whole, low, high)
                for column in range(high - low):
                    if not columns.proto[column]:
                        yield None
                        continue
                    ports, proto = columns.ports[column], columns.proto[column]
                    flow = five_tuple(batch.data, columns.ip_at[column], ports, proto)
                    at, size = columns.payload_at[column], columns.payload_len[column]
                    ends = (flow.src_ip, flow.src_port, flow.dest_ip, flow.dest_port, flow.proto)
                    plain = whole.linktype[low + column] == 1 and (
                        columns.ip_at[column] == batch.offset[low + column] + 14
                    )
                    layers = () if plain else packets.layers(batch, column)
                    yield Ours(ends, bytes(batch.data[at : at + size]), layers, batch.caplen[low + column])


def compared(path: Path) -> Iterator[Packet]:
    for number, (ours, row) in enumerate(zip(seen(path), rows(path, TOLD), strict=True), 1):
        yield number, ours, innermost(row), row


# ---- files for tshark ----


def block(kind: int, body: bytes) -> bytes:
    size = len(body) + 12
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


class Writer:
    """A pcapng file with an interface for each link type."""

    def __init__(self, path: Path) -> None:
        self.path, self.size = path, 0
        self._links: dict[int, int] = {}
        self._file = path.open("wb")
        self._file.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))

    def add(self, link: int, time_ns: int, wirelen: int, frame: bytes) -> None:
        if link not in self._links:
            self._links[link] = len(self._links)
            self._file.write(block(1, struct.pack("<HHI", link, 0, 0)))
        time = time_ns // 1000 & 0xFFFFFFFFFFFFFFFF
        head = struct.pack("<IIIII", self._links[link], time >> 32, time & 0xFFFFFFFF, len(frame), wirelen)
        self._file.write(block(6, head + frame + bytes(-len(frame) % 4)))
        self.size += len(frame)

    def close(self) -> Path:
        self._file.close()
        return self.path


def has_fragments(path: Path) -> bool:
    packets = Packets(Columns(), (1, 2))
    with open_source(path) as source:
        for batch in source.batches():
            for low in range(0, batch.count, CHUNK):
                packets.run(batch, low, min(low + CHUNK, batch.count))
    return packets.counters()["ip_fragments"] > 0


def copied(path: Path, writer: Writer) -> int:
    count = 0
    with open_source(path) as source:
        for batch in source.batches():
            for i in range(batch.count):
                wirelen = max(batch.wirelen[i], batch.caplen[i])
                writer.add(batch.linktype[i], batch.time_ns[i], wirelen, batch.packet(i))
            count += batch.count
    return count


def put_together(files: Iterable[Path], folder: Path) -> dict[Path, list[tuple[int, Path]]]:
    """Few captures with all the packets, each with its files and the number of their first packets."""
    made: dict[Path, list[tuple[int, Path]]] = {}
    shared: Writer | None = None
    count = 0
    for path in files:
        try:
            alone = has_fragments(path)
        except NetminedetError:
            continue
        if alone or shared is None or shared.size > TOGETHER:
            writer = Writer(folder / f"{len(made)}.pcapng")
            made[writer.path] = []
            if alone:
                made[writer.path].append((1, path))
                copied(path, writer)
                writer.close()
                continue
            if shared is not None:
                shared.close()
            shared, count = writer, 0
        made[shared.path].append((count + 1, path))
        count += copied(path, shared)
    if shared is not None:
        shared.close()
    return made


# ---- the table ----


def _is(ours: Ours | None, port: int) -> bool:
    """Whether we take the packet for a plain UDP datagram on a tunnel's port."""
    return ours is not None and ours.ends[4] == "udp" and port in (ours.ends[1], ours.ends[3])


DIFFERENCES = (
    Difference(
        "a TCP or UDP header that is too short, or longer than its packet, is none",
        lambda ours, theirs, row: (
            ours is None and theirs is not None
            and (theirs.length is None or any(int(size) < 20 for size in row["tcp.hdr_len"][-1:]))
        ),
    ),
    Difference(
        "TCP options that the capture cut off: ends and flags are there and are used",
        lambda ours, theirs, row: (
            ours is not None and theirs is not None and ours.ends == theirs.ends and not ours.payload
            and ours.ends[4] == "tcp" and theirs.length is None
        ),
    ),
    Difference(
        "a UDP datagram ends where its length says; tshark shows what lies behind it as payload",
        lambda ours, theirs, row: (
            ours is not None and theirs is not None and theirs.payload is not None
            and ours.ends == theirs.ends and ours.ends[4] == "udp"
            and ours.payload == theirs.payload[: theirs.length]
        ),
    ),
    Difference(
        "a length of 0 (jumbograms, segmentation offload): what was captured is payload; tshark 4.0 stops",
        lambda ours, theirs, row: (
            ours is not None and (ours.caplen > 65535 if theirs is None else theirs.length == -8)
        ),
    ),
    Difference(
        "IPv6 with more headers than MAX_LAYERS is counted and left",
        lambda ours, theirs, row: ours is None and len(protocols(row)) > 32,
    ),
    Difference(
        "CAPWAP with swapped 802.11 control: tshark must be told, here the order that fits is taken",
        lambda ours, theirs, row: "capwap.data" in protocols(row) and not _is(ours, 5247),
    ),
    Difference(
        "Teredo without a Teredo address, or that is a bubble with nothing inside, stays UDP",
        lambda ours, theirs, row: "teredo" in protocols(row) and _is(ours, 3544) and theirs is None,
    ),
    Difference(
        "VXLAN with reserved bits set stays UDP",
        lambda ours, theirs, row: "vxlan" in protocols(row) and _is(ours, 4789) and theirs is None,
    ),
    Difference(
        "L2TPv3 has an unknown cookie, PPP multilink a sequence of unknown size: tshark must be told",
        lambda ours, theirs, row: ours is not None and not {"l2tp", "mp"}.isdisjoint(protocols(row)),
    ),
    Difference(
        "Ethernet sessions in GTP-U: tshark 4.0 only looks for IP",
        lambda ours, theirs, row: ours is not None and bool(ours.layers) and "gtp" in protocols(row),
    ),
    Difference(
        "IPv4 under a link type that says IPv6, and a link type (MPLS) that tshark 4.0 does not know",
        lambda ours, theirs, row: ours is not None and not protocols(row),
    ),
)  # fmt: skip


def explained(ours: Ours | None, theirs: Inner | None, row: Row) -> str | None:
    return next((one.reason for one in DIFFERENCES if one.applies(ours, theirs, row)), None)


def told(origin: str, packet: Packet) -> str:
    _, ours, theirs, row = packet
    return f"{origin}: {ours} instead of {theirs} {row['frame.protocols']}"[:1000]


#: Differences that only frames of the table have; all others occur in captures.
IN_TABLE_ONLY = {one.reason for one in DIFFERENCES if one.reason.startswith(("L2TPv3", "Ethernet sessions"))}


@needs_tshark
def test_tshark_sees_the_same_in_a_frame_of_every_kind(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "all.pcapng")
    for one in CASES:
        writer.add(one.linktype, 0, len(one.frame), one.frame)
    found = {
        told(one.name, packet): explained(*packet[1:])
        for one, packet in zip(CASES, compared(writer.close()), strict=True)
        if not agree(*packet[1:3])
    }
    assert [line for line, reason in found.items() if reason is None] == []
    assert set(found.values()) >= IN_TABLE_ONLY


@pytest.mark.slow
@needs_shared_captures
@needs_tshark
def test_tshark_sees_the_same_in_every_packet(tmp_path: Path) -> None:
    files = [path for kind in ("mining", "benign", "malformed") for path in shared_captures(kind)]
    files += sorted(path for path in SAMPLES.iterdir() if ".pcap" in path.suffix)
    made = put_together(files, tmp_path)

    def differences(path: Path) -> list[tuple[str | None, str]]:
        found = []
        for packet in compared(path):
            if not agree(*packet[1:3]):
                first, origin = next(one for one in reversed(made[path]) if one[0] <= packet[0])
                name = f"{origin} packet {packet[0] - first + 1}"
                found.append((explained(*packet[1:]), told(name, packet)))
        return found

    with ThreadPoolExecutor(2) as pool:
        found = [one for part in pool.map(differences, made) for one in part]
    assert [line for reason, line in found if reason is None] == []
    assert {reason for reason, _ in found} == {one.reason for one in DIFFERENCES} - IN_TABLE_ONLY
