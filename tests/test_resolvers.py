"""Who looks up a pool's name for others is a resolver; who has nobody to ask it is a suspect."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import pytest

from netminedet import explain, scan
from netminedet.api import Report
from netminedet.live.options import WatchOptions
from netminedet.live.watcher import Ear, Watcher
from netminedet.report.formats import table
from netminedet.suspects import Role, Verdict
from tests.frames import ethernet, ipv4, udp, write_pcap
from tests.sieve.test_sieve import dns_query
from tests.talks import SERVER, Said, frames_of

RIG, OTHER, HOME, UPSTREAM, ROOT = "10.0.0.5", "10.0.0.6", "10.0.0.1", "10.9.0.53", "198.51.100.53"
POOL, SECOND = b"xmr-eu1.nanopool.org", b"stratum.antpool.com"


def asks(host: str, server: str, name: bytes = POOL, port: int = 40000) -> bytes:
    return ethernet(0x0800, ipv4(host, server, 17, udp(port, 53, dns_query(name))))


def iterates(host: str, server: str, name: bytes = POOL) -> bytes:
    """A question that wants no recursion."""
    query = dns_query(name)
    return ethernet(0x0800, ipv4(host, server, 17, udp(40000, 53, query[:2] + b"\0\0" + query[4:])))


def reported(path: Path, frames: Iterable[bytes]) -> Report:
    write_pcap(path / "dns.pcap", frames)
    return scan(path / "dns.pcap", hash_inputs=False)


FORWARDED = [asks(RIG, HOME), asks(HOME, ROOT)]
MINES: list[Said] = [
    ("C", {"id": 1, "method": "mining.subscribe", "params": ["cgminer/4.12.1"]}),
    ("S", {"id": 1, "result": [[["mining.notify", "a1"]], "b7c8d9e0", 8], "error": None}),
]


@pytest.mark.parametrize(
    ("frames", "suspects", "resolvers"),
    [
        pytest.param(FORWARDED, {RIG}, {HOME: (RIG,)}, id="a-forwarder"),
        pytest.param(FORWARDED[::-1], {RIG}, {HOME: (RIG,)}, id="in-any-order"),
        pytest.param([*FORWARDED, asks(OTHER, HOME)], {RIG, OTHER}, {HOME: (RIG, OTHER)}, id="for-two-hosts"),
        pytest.param(
            [asks(RIG, HOME), asks(HOME, UPSTREAM), asks(UPSTREAM, ROOT)],
            {RIG},
            {HOME: (RIG,), UPSTREAM: (HOME,)},
            id="one-behind-another",
        ),
        pytest.param([asks(RIG, HOME)], {RIG}, {}, id="it-knew-the-answer"),
        pytest.param([asks(HOME, ROOT)], {HOME}, {}, id="nobody-asked-it"),
        pytest.param([asks(RIG, UPSTREAM), asks(HOME, ROOT)], {RIG, HOME}, {}, id="somebody-else-was-asked"),
        pytest.param(
            [*FORWARDED, asks(HOME, ROOT, SECOND)], {RIG, HOME}, {HOME: (RIG,)}, id="a-name-of-its-own"
        ),
        pytest.param([iterates(HOME, ROOT), iterates(HOME, OTHER)], set(), {}, id="resolver-on-its-way"),
        pytest.param([asks(RIG, HOME), iterates(HOME, ROOT)], {RIG}, {HOME: (RIG,)}, id="for-a-host"),
        pytest.param([asks(HOME, HOME), asks(HOME, ROOT)], {HOME}, {}, id="it-asks-itself"),
    ],
)
def test_who_is_suspected(
    frames: list[bytes], suspects: set[str], resolvers: dict[str, tuple[str, ...]], tmp_path: Path
) -> None:
    report = reported(tmp_path, frames)
    assert {one.host for one in report.suspects} == suspects
    assert all(one.verdict is Verdict.SUSPECTED for one in report.suspects)
    assert all(one.role is Role.LOOKUP for one in report.suspects)
    assert {one.host: one.clients for one in report.resolvers} == resolvers
    assert ("resolvers" in report.to_dict()) == bool(resolvers)


def test_a_resolver_that_mines_is_a_suspect_for_it(tmp_path: Path) -> None:
    frames = [*FORWARDED, *frames_of(MINES, client=(HOME, 41000), server=SERVER)]
    report = reported(tmp_path, frames)
    found = {one.host: one for one in report.suspects}
    assert found[HOME].verdict is Verdict.CONFIRMED
    assert not any("DNS" in reason for reason in found[HOME].reasons)
    assert [one.host for one in report.resolvers] == [HOME]


def test_it_is_told(tmp_path: Path) -> None:
    report = reported(
        tmp_path, [*FORWARDED, asks(HOME, ROOT), asks(RIG, HOME, SECOND), asks(HOME, ROOT, SECOND)]
    )
    text = io.StringIO()
    table.render(report, text)
    assert f"{HOME}: 2 names, for 1 host" in text.getvalue()
    (shown,) = report.to_dict()["resolvers"]
    assert shown["names"] == [SECOND.decode(), POOL.decode()]
    assert shown["clients"] == [RIG]
    story = explain(tmp_path / "dns.pcap", HOME)
    assert story.suspect is None
    assert f"because {RIG} had asked it" in story.seen[0]


def test_more_than_is_shown(tmp_path: Path) -> None:
    hosts = [f"10.0.1.{number}" for number in range(70)]
    report = reported(tmp_path, [*(asks(host, HOME) for host in hosts), asks(HOME, ROOT)])
    (resolver,) = report.resolvers
    assert (len(resolver.clients), resolver.truncated) == (64, True)
    assert len(report.suspects) == 70


def test_a_watch_announces_the_same(tmp_path: Path) -> None:
    times = [0, 1000, 60_000_000, 120_000_000]
    frames = [*FORWARDED, asks(RIG, HOME, SECOND), asks(HOME, ROOT, SECOND)]
    write_pcap(tmp_path / "dns.pcap", frames, times=times)
    watcher = Watcher(WatchOptions(replay=str(tmp_path / "dns.pcap"), speed=None), Ear())
    watcher.run()
    assert set(watcher.desk.announcer.known) == {RIG}


def test_parts_add_up(tmp_path: Path) -> None:
    write_pcap(tmp_path / "one.pcap", FORWARDED[:1])
    write_pcap(tmp_path / "two.pcap", FORWARDED[1:])
    whole = scan([tmp_path / "one.pcap", tmp_path / "two.pcap"], hash_inputs=False)
    assert {one.host for one in whole.suspects} == {RIG}
    assert [one.host for one in whole.resolvers] == [HOME]
