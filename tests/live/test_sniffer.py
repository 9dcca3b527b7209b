"""scapy's sniffer in the place of the ring: what it hears is what is read, whatever link it comes over."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import scapy.all

from netminedet.capture import sniffer as module
from netminedet.capture.live import RingOptions
from netminedet.capture.sniffer import UNKNOWN_LINK, Sniffer
from netminedet.errors import NetminedetError
from netminedet.live import crew
from netminedet.live.options import WatchOptions
from netminedet.live.watcher import CallingEar, Watcher
from netminedet.signatures import load_signatures
from tests.live.test_renewal import SHARES
from tests.live.wire import PATIENCE
from tests.talks import frames_of


class Fake:
    """Stands in for scapy's AsyncSniffer: hears what the test says."""

    made: list[Fake]
    refused: Exception | None = None

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.running = False
        self.exception: Exception | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self._stop = threading.Event()
        self.made.append(self)

    def start(self) -> None:
        self.thread.start()

    def _run(self) -> None:
        if self.refused is not None:
            self.exception = self.refused
            return
        self.running = True
        self.options["started_callback"]()
        self._stop.wait()
        self.running = False

    def stop(self) -> None:
        self._stop.set()
        self.thread.join()

    def die(self, error: Exception) -> None:
        self.exception = error
        self.stop()

    def hear(self, packet: Any, time_of: float = 1_772_438_400.25) -> None:
        packet.time = time_of
        self.options["prn"](packet)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Fake]]:
    monkeypatch.setattr(Fake, "made", [], raising=False)
    monkeypatch.setattr(Fake, "refused", None)
    there = SimpleNamespace(AsyncSniffer=Fake, get_if_list=lambda: ["lo", "eth1"], conf=scapy.all.conf)
    monkeypatch.setattr(module, "_scapy", lambda: there)
    yield Fake
    for one in Fake.made:
        one._stop.set()


UDP = scapy.all.IP(src="10.1.2.3", dst="10.9.9.9") / scapy.all.UDP(sport=5000, dport=53) / b"whatever"
UDP6 = scapy.all.IPv6(src="fd00::1", dst="fd00::2") / scapy.all.UDP(sport=5000, dport=53) / b"whatever"


@pytest.mark.parametrize(
    ("packet", "link"),
    [
        (scapy.all.Ether() / UDP, 1),
        (scapy.all.Dot3() / scapy.all.LLC() / b"spanning tree", 1),
        (scapy.all.CookedLinux() / UDP, 113),
        (UDP, 228),
        (UDP6, 229),
        (scapy.all.Loopback() / UDP, 0),
        (scapy.all.Raw(b"what is this"), UNKNOWN_LINK),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_link_types_are_what_scapy_took_them_for(packet: Any, link: int, fake: type[Fake]) -> None:
    source = Sniffer("eth1", RingOptions())
    data = bytes(packet)
    fake.made[0].hear(type(packet)(data))
    (batch,) = list(source.batches())
    assert (batch.count, batch.linktype[0], batch.packet(0)) == (1, link, data)
    assert (batch.caplen[0], batch.wirelen[0]) == (len(data), len(data))
    assert batch.time_ns[0] == 1_772_438_400_250_000_000
    notes = source.take_notes()
    assert any("are counted, and not read" in note for note in notes) is (link == UNKNOWN_LINK)


def test_unknown_links_are_counted_and_nothing_is_made_up(
    fake: type[Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that begin like IP on a link that nobody knows are no IP packets."""
    counts = watched(fake, monkeypatch, [scapy.all.Raw(bytes(UDP))])["stages"]
    assert (counts["unknown_link_type"], counts["decoded"], counts["flows"]) == (1, 0, 0)


def watched(
    fake: type[Fake],
    monkeypatch: pytest.MonkeyPatch,
    packets: list[Any],
    events: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """The figures after a watch has heard these packets."""
    monkeypatch.setattr(crew.sys, "platform", "another")
    told = [] if events is None else events
    watcher = Watcher(WatchOptions(interfaces=("eth1",)), CallingEar(told.append))
    for number, packet in enumerate(packets):
        fake.made[0].hear(packet, time.time() - 60 + number / 1000)
    watcher.run(lambda: True)
    figures: dict[str, Any] = told[-1]["netminedet"]
    return figures


def test_a_session_is_found(fake: type[Fake], monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [scapy.all.Ether(frame) for frame in frames_of(SHARES)]
    events: list[dict[str, Any]] = []
    figures = watched(fake, monkeypatch, frames, events)
    assert figures["capture"]["seen"] == figures["capture"]["received"] == len(frames)
    (suspect,) = [event["netminedet"]["suspect"] for event in events if event["event_type"] == "suspect"]
    assert suspect["shares"]["accepted"] == 2


def test_several_processes_would_each_hear_everything(
    fake: type[Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew.sys, "platform", "another")
    with pytest.raises(NetminedetError, match="--workers needs the packet ring of Linux"):
        crew.open_crew(WatchOptions(interfaces=("eth1",), workers=2), load_signatures())
    assert not fake.made


def test_what_finds_no_room_is_counted(fake: type[Fake], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_QUEUED", 3)
    source = Sniffer("eth1", RingOptions())
    for _ in range(5):
        fake.made[0].hear(UDP)
    assert [batch.count for batch in source.batches()] == [3]
    assert (source.counts.received, source.counts.dropped, source.counts.seen) == (5, 2, 3)


def test_a_packet_longer_than_a_batch_is_cut_and_counted(fake: type[Fake]) -> None:
    source = Sniffer("eth1", RingOptions())
    fake.made[0].hear(scapy.all.Ether(bytes(scapy.all.Ether() / UDP) + bytes(1 << 20)))
    fake.made[0].hear(scapy.all.Ether() / UDP)
    found = [(batch.count, batch.caplen[0], batch.wirelen[0]) for _ in range(2) for batch in source.batches()]
    assert [count for count, _, _ in found] == [1, 1]
    assert found[0][1] == 1 << 20 < found[0][2]
    assert source.counts.packets_cut == 1


def test_what_was_heard_at_the_end_is_read(fake: type[Fake]) -> None:
    source = Sniffer("eth1", RingOptions())
    for _ in range(10_000):
        fake.made[0].hear(UDP)
    assert sum(batch.count for batch in source.drain()) == 10_000
    assert not fake.made[0].running


def test_who_may_not_listen_is_told_at_once(fake: type[Fake], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake, "refused", PermissionError("not permitted"))
    with pytest.raises(NetminedetError, match="eth1: cannot be captured from: not permitted"):
        Sniffer("eth1", RingOptions())


def test_a_sniffer_that_stops_is_told_and_started_again(
    fake: type[Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Sniffer("eth1", RingOptions(filter="tcp", promiscuous=False))
    source.take_notes()
    fake.made[0].die(OSError("network is down"))
    monkeypatch.setattr(fake, "refused", OSError("still down"))
    source.check()
    source.check()
    lost, refused = source.take_notes()
    assert "network is down" in lost
    assert "still down (trying again" in refused
    monkeypatch.setattr(fake, "refused", None)
    source.check()
    assert source.take_notes() == ["eth1: packets are captured again"]
    assert (source.counts.interface_lost, source.counts.interface_back) == (1, 1)
    fake.made[-1].hear(UDP)
    assert [batch.count for batch in source.batches()] == [1]
    assert {key: fake.made[-1].options[key] for key in ("iface", "filter", "promisc", "store")} == {
        "iface": "eth1",
        "filter": "tcp",
        "promisc": False,
        "store": False,
    }


def test_any_is_all_interfaces(fake: type[Fake]) -> None:
    Sniffer("any", RingOptions())
    assert fake.made[0].options["iface"] == ["lo", "eth1"]


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root, to listen")
def test_scapy_itself_is_used_so() -> None:
    source = Sniffer("lo", RingOptions())
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"a datagram for a sniffer", ("127.0.0.1", 9))
        assert eventually(lambda: any(b"a datagram for a sniffer" in one for one in packets(source)))
    finally:
        source.close()


def packets(source: Sniffer) -> list[bytes]:
    source.wait(0.1)
    return [
        batch.packet(i) for batch in source.batches() for i in range(batch.count) if batch.linktype[i] == 1
    ]


def eventually(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if holds():
            return True
    return False
