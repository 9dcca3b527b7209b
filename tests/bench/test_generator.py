"""The benchmark's captures: valid, the same each time, with the miners in them."""

from __future__ import annotations

import struct
from collections import Counter
from pathlib import Path

import dpkt
import pytest

from tests.bench.frames import Way, packed, word_sum
from tests.bench.generate import Capture, cached_capture, head, write_capture
from tests.bench.measure import compare
from tests.bench.mixes import MIXES
from tests.bench.tools import ndpi_hosts

KINDS = sorted(MIXES)


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Capture]]:
    """A megabyte of each kind with six miners."""
    folder = tmp_path_factory.mktemp("captures")
    return {kind: cached_capture(folder, kind, 1, 6) for kind in KINDS}


def packets(path: Path) -> list[bytes]:
    """The packets of a capture, read with dpkt."""
    with path.open("rb") as file:
        return [data for _, data in dpkt.pcap.Reader(file)]


def checked(data: bytes) -> tuple[bytes, bytes]:
    """Decode one frame, verify lengths and checksums; its addresses."""
    frame = dpkt.ethernet.Ethernet(data)
    ip = frame.data
    if isinstance(ip, dpkt.ip.IP):
        assert word_sum(data[14:34]) == 0
        assert ip.len == len(data) - 14
        size = ip.len - 20
    else:
        assert isinstance(ip, dpkt.ip6.IP6)
        assert ip.plen == len(data) - 54
        size = ip.plen
    if isinstance(ip, dpkt.ip.IP) and (ip.mf or ip.offset):
        return ip.src, ip.dst  # a fragment has no checksum of its own
    assert isinstance(ip.data, (dpkt.tcp.TCP, dpkt.udp.UDP))
    protocol = 6 if isinstance(ip.data, dpkt.tcp.TCP) else 17
    pseudo = ip.src + ip.dst + struct.pack(">II", size, protocol)
    assert (word_sum(pseudo) + word_sum(data[-size:])) % 0xFFFF == 0
    return ip.src, ip.dst


@pytest.mark.parametrize("kind", KINDS)
def test_every_packet_is_valid(captures: dict[str, tuple[Path, Capture]], kind: str) -> None:
    path, capture = captures[kind]
    rows = packets(path)
    assert len(rows) == capture.packets
    assert path.stat().st_size == capture.bytes >= 1_000_000
    seen: Counter[bytes] = Counter()
    for data in rows:
        seen.update(checked(data))
    assert all(seen[packed(miner["host"])] > 20 for miner in capture.miners)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bytes(
    captures: dict[str, tuple[Path, Capture]], kind: str, tmp_path: Path
) -> None:
    path, capture = captures[kind]
    again = tmp_path / "again.pcap"
    assert write_capture(again, kind, 1, 6) == capture
    assert again.read_bytes() == path.read_bytes()
    write_capture(again, kind, 1, 6, seed=2)
    assert again.read_bytes() != path.read_bytes()


def test_a_second_request_is_served_from_the_folder(captures: dict[str, tuple[Path, Capture]]) -> None:
    path, capture = captures["mix"]
    before = path.stat().st_mtime_ns
    assert cached_capture(path.parent, "mix", 1, 6) == (path, capture)
    assert path.stat().st_mtime_ns == before


def test_sequence_numbers_join_up(captures: dict[str, tuple[Path, Capture]]) -> None:
    """Within each TCP direction every segment begins where the one before ended."""
    path, _ = captures["tls-heavy"]
    expected: dict[tuple[bytes, bytes, int, int], int] = {}
    for data in packets(path):
        ip = dpkt.ethernet.Ethernet(data).data
        tcp = ip.data
        key = (ip.src, ip.dst, tcp.sport, tcp.dport)
        assert expected.get(key, tcp.seq) == tcp.seq
        step = len(tcp.data) + bool(tcp.flags & (dpkt.tcp.TH_SYN | dpkt.tcp.TH_FIN))
        expected[key] = (tcp.seq + step) & 0xFFFFFFFF


def test_head_copies_the_first_packets(captures: dict[str, tuple[Path, Capture]], tmp_path: Path) -> None:
    path, _ = captures["mix"]
    part = tmp_path / "part.pcap"
    assert head(path, part, 100) == (100, part.stat().st_size)
    assert packets(part) == packets(path)[:100]


def test_checksum_of_an_odd_payload() -> None:
    way = Way(packed("10.0.0.1"), packed("198.18.0.1"), 40000, 53)
    checked(way.udp(b"odd"))
    checked(way.tcp(16, 1, 2, b"odd"))


def test_accusations_are_compared_with_the_truth() -> None:
    result = compare(
        [{"10.66.0.1"}, {"10.66.0.2", "203.0.113.9"}, {"10.1.1.1"}], {"10.66.0.1", "10.66.0.3"}, True
    )
    assert (result["found"], result["missed_hosts"], result["false"]) == (1, ["10.66.0.3"], 2)


def test_ndpi_flow_lines_are_read() -> None:
    text = (
        "\t2\tTCP 10.8.0.15:45015 <-> 203.0.113.15:3333 [proto: 42/Mining][cat: Mining/99]\n"
        "\t3\tTCP [fd00:8::13]:45013 <-> [2001:db8:ff::5]:4444 [proto: 42/Mining][ClearText]\n"
        "\t4\tTCP 10.8.0.1:4 <-> 198.51.100.1:443 [proto: 91/TLS][Encrypted]\n"
    )
    assert ndpi_hosts(text) == [{"10.8.0.15", "203.0.113.15"}, {"fd00:8::13", "2001:db8:ff::5"}]
