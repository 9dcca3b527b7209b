"""Mining machines that answer a search by multicast, and datagrams that only look so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.language import told
from netminedet.protocols.datagrams import datagram_object
from netminedet.sieve import Sieve
from netminedet.sieve.columns import DATAGRAM, DNS_UDP
from netminedet.suspects import Role, Verdict
from tests.frames import batch_of, ethernet, ipv4, ipv6, udp
from tests.talks import suspects_of

STATION, MACHINE, GROUP = "10.40.0.5", "10.40.0.21", "224.0.0.75"
SEARCH, ANSWER = b"cgminer-FTW-50001", b"cgm-FTW-4028-hall 7, rack 3\0"


def frame(source: tuple[str, int], target: tuple[str, int], payload: bytes) -> bytes:
    datagram = udp(source[1], target[1], payload)
    if ":" in source[0]:
        return ethernet(0x86DD, ipv6(source[0], target[0], 17, datagram))
    return ethernet(0x0800, ipv4(source[0], target[0], 17, datagram))


def asked(payload: bytes = SEARCH) -> bytes:
    return frame((STATION, 40001), (GROUP, 4028), payload)


def answered(payload: bytes = ANSWER, source: str = MACHINE, target: str = STATION) -> bytes:
    return frame((source, 40002), (target, 50001), payload)


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param([asked(), answered()], id="asked-and-answered"),
        pytest.param([answered()], id="recorded-at-the-machine's-uplink"),
        pytest.param([asked(b"cgminer-hall-7-50001\n"), answered()], id="a-code-of-their-own"),
        pytest.param([answered(b"cgm-FTW-4028-\0")], id="no-description"),
        pytest.param([answered(b"cgm-FTW-4028-miner")], id="without-its-end"),
        pytest.param([answered(ANSWER), answered(ANSWER)], id="twice"),
    ],
)
def test_a_machine_that_answers_is_probable(frames: list[bytes]) -> None:
    (suspect,) = suspects_of(frames)
    assert (suspect.host, suspect.verdict, suspect.role) == (MACHINE, Verdict.PROBABLE, Role.MINER)
    assert suspect.management is not None
    assert suspect.management.interfaces == ("cgminer",)
    assert not suspect.pools
    assert STATION in told(suspect.reasons[0])
    assert [one.signature for one in suspect.evidence] == ["management-api.found"]


def test_an_answer_over_ipv6() -> None:
    (suspect,) = suspects_of([answered(ANSWER, "2001:db8::21", "2001:db8::5")])
    assert suspect.host == "2001:db8::21"


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param([asked()] * 20, id="who-only-searches"),
        pytest.param([answered(b"cgm-sensor-5-mmol\0")], id="a-glucose-monitor"),
        pytest.param([answered(b"cgm-FTW-70000-rack\0")], id="no-port"),
        pytest.param([answered(b"cgm-FTW-4028\0")], id="no-end"),
        pytest.param([answered(b"<13>host app: cgm-FTW-4028-rack\0")], id="a-log-that-quotes-it"),
        pytest.param([answered(ANSWER + b"cgm-FTW-4029-rack 4\0")], id="a-list-of-answers"),
        pytest.param([answered(b"cgm-FTW-4028-" + b"x" * 2000)], id="too-long"),
        pytest.param([answered(SEARCH), answered(ANSWER)], id="one-end-speaks-for-both"),
        pytest.param([answered(ANSWER), frame((STATION, 50001), (MACHINE, 40002), ANSWER)], id="an-echo"),
    ],
)
def test_what_is_none(frames: list[bytes]) -> None:
    assert suspects_of(frames) == ()


def test_a_flood_is_read_in_part_and_counted() -> None:
    tool = Sieve([b"mining."], [], datagrams=[b"cgm-FTW-", b"cgminer-"])
    frames = [answered(), asked(), answered(b"cgm-FT"), answered(b"cg" * 10)] * 100
    hits = list(tool.run(batch_of(frames), "test"))
    assert [hit.kind for hit in hits] == [DATAGRAM] * 64
    assert [hit.payload for hit in hits[:2]] == [ANSWER, SEARCH]
    assert tool.counters()["datagrams_not_read"] == 200 - 64
    assert len(list(tool.run(batch_of(frames[:2]), "test"))) == 2


def test_on_the_port_of_the_dns_it_is_a_dns_message() -> None:
    tool = Sieve([b"mining."], ["antpool.com"], datagrams=[b"cgm-FTW-"])
    frames = [frame((MACHINE, 53), (STATION, 50001), ANSWER)]
    assert [hit for hit in tool.run(batch_of(frames), "test") if hit.kind != DNS_UDP] == []


@given(st.binary(max_size=40), st.sampled_from([b"", b"cgm-FTW-", b"cgm-FTW-4028-", b"cgminer-F-"]))
def test_whatever_comes_is_an_object_or_none(data: bytes, before: bytes) -> None:
    said = datagram_object(before + data)
    assert said is None or said["api"] in ("search", "found")
    if said is not None:
        assert str(said.get("description", "")).isprintable()
