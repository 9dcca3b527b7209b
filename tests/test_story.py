"""The story of one host: what is kept of it, in what order, and how it is explained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from netminedet import NetminedetError, scan
from netminedet.api import explain
from netminedet.model import (
    FiveTuple,
    Kind,
    Message,
    Side,
    Strength,
    Where,
)
from netminedet.report.mask import Masker
from netminedet.story import (
    MAX_FIRST_LINES,
    MAX_LAST_LINES,
    Listener,
    Story,
    host_address,
    spellings,
    tell,
)
from netminedet.suspects import Role, Verdict
from netminedet.verdict.explain import RULES, Tie
from netminedet.verdict.flows import Basis
from tests.conftest import SAMPLES

HOST = "10.0.0.7"
MASKER = Masker("correct horse battery staple")


def message(
    number: int, *, host: str = HOST, signature: str = "stratum-v1.submit", text: str = ""
) -> Message:
    where = Where(number * 10**9, "a.pcap", number + 1, FiveTuple(host, 40000, "192.0.2.1", 3333, "tcp"))
    return Message(
        where=where,
        signature=signature,
        dialect=signature.partition(".")[0],
        kind=Kind.SHARE,
        sender=Side.CLIENT,
        strength=Strength.STRONG,
        why="",
        details={"worker": "acct.rig"},
        show=lambda: text or f"share {number}",
    )


def heard(messages: Iterator[Message] | list[Message]) -> Listener:
    listener = Listener(HOST)
    for one in messages:
        listener(one)
    return listener


def told(listener: Listener, masker: Masker | None = None) -> Story:
    return tell(HOST, scan(SAMPLES / "lookalikes.pcap"), listener, masker)


ADDRESSES = [("10.0.0.7", "10.0.0.7"), ("2001:DB8:0::7", "2001:db8::7")]


@pytest.mark.parametrize(("text", "address"), ADDRESSES)
def test_addresses(text: str, address: str) -> None:
    assert host_address(text) == address


@pytest.mark.parametrize(
    "text", ["", "office", "10.0.0", "10.0.0.7/8", "fe80::1%eth0", "10.0.0.7\0", "\ud800"]
)
def test_no_addresses(text: str) -> None:
    with pytest.raises(NetminedetError, match="is not an IP address"):
        host_address(text)


def test_an_ipv4_address_within_one_of_ipv6_is_understood() -> None:
    assert spellings("2001:db8::7") == ("2001:db8::7",)
    story = explain(SAMPLES / "mixed.pcapng", "::FFFF:10.8.0.17")
    assert (story.host, story.suspect is not None) == ("10.8.0.17", True)
    assert story.lines == explain(SAMPLES / "mixed.pcapng", "10.8.0.17").lines


def test_only_the_host_is_heard() -> None:
    assert told(heard([message(1), message(2, host="10.0.0.8")])).lines[0].where.packet == 2


@pytest.mark.parametrize("count", [0, 1, MAX_FIRST_LINES, MAX_FIRST_LINES + MAX_LAST_LINES, 1000])
def test_the_first_and_the_last_are_kept(count: int) -> None:
    story = told(heard(message(number) for number in range(count)))
    assert len(story.lines) + story.omitted == count
    assert len(story.lines) <= MAX_FIRST_LINES + MAX_LAST_LINES
    packets = [line.where.packet for line in story.lines]
    assert packets == sorted(packets)
    if story.omitted:
        assert (packets[story.gap - 1], packets[story.gap]) == (MAX_FIRST_LINES, count - MAX_LAST_LINES + 1)
        assert packets[-1] == count


def test_a_message_that_two_signatures_know_is_one_line() -> None:
    twins = [message(1, text="same"), message(1, signature="kawpow.submit", text="same"), message(2)]
    story = told(heard(twins))
    assert [line.signatures for line in story.lines] == [
        ("stratum-v1.submit", "kawpow.submit"),
        ("stratum-v1.submit",),
    ]


def test_masked_lines() -> None:
    story = told(heard([message(1, text='{"worker":"acct.rig"}')]), MASKER)
    assert story.lines[0].details == {"worker": MASKER.worker("acct.rig")}
    assert story.lines[0].excerpt == f'{{"worker":"{MASKER.worker("acct.rig")}"}}'


RULINGS = [
    pytest.param("stratum-v1.pcap", "192.168.10.21", Basis.ACCEPTED, id="accepted"),
    pytest.param("midstream.pcap", "10.6.0.12", Basis.SHARES, id="one-side"),
    pytest.param("mixed.pcapng", "10.8.0.17", Tie.SESSION, id="tls"),
    pytest.param("names.pcap", "10.13.0.12", Tie.TUNNEL, id="tunnel"),
]


@pytest.mark.parametrize(("sample", "host", "rule"), RULINGS)
def test_the_ruling_is_that_of_the_verdict(sample: str, host: str, rule: Basis | Tie) -> None:
    story = explain(SAMPLES / sample, host)
    assert story.suspect is not None
    assert story.ruling is not None
    if story.suspect.verdict is RULES[rule].verdict:
        assert story.ruling.why[0].startswith(f"{RULES[rule].verdict.label}: ")
    assert story.ruling.would_raise
    assert story.ruling.would_lower
    assert story.lines


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.pcap*")), ids=lambda path: path.stem)
def test_every_suspect_has_a_story(sample: Path) -> None:
    for suspect in scan(sample).suspects:
        story = explain(sample, suspect.host)
        assert story.suspect == suspect
        assert story.ruling is not None
        assert story.ruling.why[0].startswith(f"{suspect.verdict.label}: ")
        assert story.lines
        if suspect.verdict is Verdict.CONFIRMED:
            assert story.ruling.would_raise == ("Nothing: confirmed is the highest verdict.",)


def test_names_stand_in_the_timeline() -> None:
    lines = explain(SAMPLES / "mixed.pcapng", "10.8.0.17").lines
    assert [line.kind for line in lines] == ["name", "name", "tls"]
    assert [line.to_pool for line in lines] == [True, False, True]
    assert lines[1].details["address"] == "203.0.113.17"


def test_an_outside_server_is_told_as_such() -> None:
    story = explain(SAMPLES / "stratum-v1.pcap", "203.0.113.10")
    assert story.suspect is None
    assert "mining server of 192.168.10.21, outside the home network" in story.seen[0]
    at_home = explain(SAMPLES / "stratum-v1.pcap", "203.0.113.10", home_net=["203.0.113.0/24"])
    assert at_home.suspect is not None
    assert at_home.suspect.role is Role.POOL


def test_nothing_was_seen() -> None:
    story = explain(SAMPLES / "stratum-v1.pcap", "10.99.99.99")
    assert (story.suspect, story.lines, story.ruling) == (None, (), None)
    assert story.seen == ("No mining message, no pool's name and no TLS session to a pool was seen of it.",)


def test_every_rule_has_its_words() -> None:
    assert set(RULES) == {*Basis, *Tie}
    for basis in Basis:
        assert RULES[basis].verdict is basis.verdict
