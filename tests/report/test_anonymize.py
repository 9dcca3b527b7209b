"""No person's address is left anywhere in a report or a story, and pools' addresses are."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace
from report_samples import FARM, SampleReport

from netminedet import explain, scan
from netminedet.api import DEFAULT_HOME_NET, parse_networks
from netminedet.cli.main import run
from netminedet.errors import NetminedetError
from netminedet.holders import Attribution, Place, Subscriber, Unit
from netminedet.language import sentence
from netminedet.report.anonymize import Anonymizer, anonymized
from netminedet.report.anonymize_story import anonymized_story
from netminedet.report.community_id import community_id
from netminedet.report.cryptopan import CryptoPan
from netminedet.report.formats import format_names, load_format
from netminedet.report.merging import merge_reports
from netminedet.report.plain import PlainReport, plain_report
from netminedet.report.reading import parse_report
from netminedet.report.schema import schema_text
from netminedet.report.story import render_story
from netminedet.suspects import Shares
from netminedet.whose import Sources, enriched
from netminedet.whose.enrich import behind_of

pytest.importorskip("cryptography")

ROOT = Path(__file__).parents[2]
CAPTURES = ("mixed.pcapng", "tunnels.pcapng", "names.pcap", "management-api.pcap", "proxy-and-pool.pcap")
KEY = bytes(range(32))
HOME = parse_networks(DEFAULT_HOME_NET)
PAN = CryptoPan(KEY)


@pytest.fixture(scope="module")
def report() -> Any:
    return scan([ROOT / "pcaps" / name for name in CAPTURES], adjacent=True)


@pytest.fixture(scope="module")
def hidden(report: Any) -> PlainReport:
    return anonymized(report, KEY, HOME)


def texts(value: object) -> Iterator[str]:
    """Every text in a document, keys too."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def addresses(document: object) -> set[str]:
    """Every address that stands in a document, alone or within a text; found in the plainest way."""
    found = set()
    for text in texts(document):
        for word in re.split(r"[^0-9A-Za-z.:]+", text):
            for piece in (word, word.strip(".:"), word.rpartition(":")[0], word.partition("://")[2]):
                try:
                    found.add(str(ip_address(piece)))
                except ValueError:
                    continue
    return found


def is_home(address: str) -> bool:
    found = ip_address(address)
    return any(net.version == found.version and found in net for net in HOME)


def test_no_address_is_left_but_those_of_pools(report: Any, hidden: PlainReport) -> None:
    before, after = addresses(report.to_dict()), addresses(hidden.to_dict())
    left = before & after
    home = {one for one in before if is_home(one)}
    assert len(home) > 40
    assert left & home == set()
    assert left & {suspect.host for suspect in report.suspects} == set()
    pools = {pool.ip for suspect in report.suspects for pool in suspect.pools}
    assert len(left) >= 10
    pools |= {
        evidence.why.split()[3]
        for suspect in report.suspects
        for evidence in suspect.evidence
        if evidence.signature == "name.dns-answer"
    }
    assert left <= pools


def test_the_same_address_is_the_same_everywhere(report: Any, hidden: PlainReport) -> None:
    known = {PAN.pseudonym(suspect.host): suspect for suspect in report.suspects}
    assert {suspect.host for suspect in hidden.suspects} == set(known)
    for suspect in hidden.suspects:
        plain = known[suspect.host]
        assert (suspect.verdict, suspect.role, suspect.shares) == (plain.verdict, plain.role, plain.shares)
        for one, other in zip(suspect.evidence, plain.evidence, strict=True):
            host_first = other.where.flow.src_ip == plain.host
            assert (one.where.flow.src_ip if host_first else one.where.flow.dest_ip) == suspect.host
            assert community_id(one.where.flow) != community_id(other.where.flow)


def test_the_order_of_suspects_is_that_of_pseudonyms(hidden: PlainReport) -> None:
    order = [(-one.verdict, -one.shares.accepted, -one.shares.submitted) for one in hidden.suspects]
    assert order == sorted(order)
    alike = [one.host for one in hidden.suspects if one.shares == Shares(2, 2, 0) and "." in one.host]
    equal = [int(ip_address(host)) for host in alike]
    assert len(equal) > 5
    assert equal == sorted(equal)


def test_it_says_that_it_is_so_fits_the_schema_and_comes_back(hidden: PlainReport) -> None:
    document = hidden.to_dict()
    assert re.fullmatch("crypto-pan/[0-9a-f]{8}", document["anonymized"])
    Draft202012Validator(json.loads(schema_text())).validate(document)
    again = parse_report(json.dumps(document).encode(), "again")
    assert again.to_dict() == document
    with pytest.raises(NetminedetError, match="pseudonyms already"):
        anonymized(again, KEY, HOME)
    with pytest.raises(NetminedetError, match="nobody can be found"):
        enriched(again, Sources())


@pytest.mark.parametrize("form", format_names())
def test_no_format_leaks(report: Any, hidden: PlainReport, form: str) -> None:
    stream = io.StringIO()
    load_format(form).render(hidden, stream, color=False, width=200)
    shown = addresses([stream.getvalue()])
    assert not {one for one in shown if one in {suspect.host for suspect in report.suspects}}


HOST = FARM.host
TEXTS = {
    f"mines at {HOST}": "mines at {}",
    f"{HOST}:3333, then {HOST}.": "{}:3333, then {}.",
    f'{{"url":"stratum+tcp://{HOST}:3333"}}': '{{"url":"stratum+tcp://{}:3333"}}',
    f"captures/{HOST}-day.pcap": "captures/{}-day.pcap",
    f"1{HOST} and {HOST}.5 and x{HOST}": f"1{HOST} and {HOST}.5 and x{HOST}",
    "cgminer 4.10.0.1 at 203.0.113.25": "cgminer 4.10.0.1 at 203.0.113.25",
}


@pytest.mark.parametrize("text", TEXTS)
def test_addresses_within_texts(text: str) -> None:
    hide = Anonymizer(KEY, HOME, SampleReport(suspects=(FARM,)))
    wanted = TEXTS[text]
    found = hide.text(text)
    assert found == (wanted.format(*[PAN.pseudonym(HOST)] * 2) if "{}" in wanted else wanted)


@pytest.mark.parametrize("written", ["fd00:8::13", "fd00:8:0:0:0:0:0:13", "FD00:8::13", "[fd00:8::13]:80"])
def test_ipv6_within_texts_however_it_is_written(written: str) -> None:
    hide = Anonymizer(KEY, HOME, SampleReport())
    assert PAN.pseudonym("fd00:8::13") in hide.text(f"at {written}")


def test_sentences_stay_sentences() -> None:
    hide = Anonymizer(KEY, HOME, SampleReport(suspects=(FARM,)))
    told = hide.text(sentence("serves {host} port {port}", host=HOST, port=3333))
    assert told == f"serves {PAN.pseudonym(HOST)} port 3333"
    assert told.values["host"] == PAN.pseudonym(HOST)  # type: ignore[attr-defined]


def test_subscribers_and_units() -> None:
    told = Attribution("named", (Subscriber("alice", "100.64.0.7"),), ("nat.csv:2",))
    evidence = tuple(replace(one, subscriber=told) for one in FARM.evidence)
    suspect = replace(
        FARM,
        evidence=evidence,
        behind=behind_of(evidence, ()),
        unit=Unit("192.168.20.0/24", "电信", "成都", "武侯", "某大学", "学校", "张三"),
        places={HOST: Place("CN", "四川", "成都", 4134, "Net"), "203.0.113.25": Place("US", "Ohio", "X")},
    )
    (hidden,) = anonymized(SampleReport(suspects=(suspect,)), KEY, HOME).suspects
    text = json.dumps(anonymized(SampleReport(suspects=(suspect,)), KEY, HOME).to_dict(), ensure_ascii=False)
    for secret in ("alice", "100.64.0.7", "nat.csv", "某大学", "张三", "192.168.20"):
        assert secret not in text
    assert hidden.unit is not None
    assert (hidden.unit.city, hidden.unit.unit_kind) == ("成都", "学校")
    assert ip_address(hidden.host) in parse_networks([hidden.unit.cidr])[0]
    assert hidden.places[hidden.host] == Place("CN", "四川")
    assert hidden.places["203.0.113.25"].city == "X"
    assert hidden.behind is not None
    assert hidden.behind.subscribers[0].subscriber.name.startswith("subscriber-")


def test_a_pool_in_the_home_network_is_a_person_too(report: Any) -> None:
    own = {suspect.host for suspect in report.suspects if suspect.role.value in ("proxy", "pool server")}
    assert own
    assert not own & addresses(anonymized(report, KEY, HOME).to_dict())


@pytest.mark.parametrize("host", ["10.8.0.17", "10.8.0.11", "fd00:8::13", "10.9.9.9"])
def test_the_story_leaks_nothing(host: str) -> None:
    story = explain(ROOT / "pcaps" / "mixed.pcapng", host)
    stream = io.StringIO()
    render_story(anonymized_story(story, KEY), stream, width=120)
    assert host not in stream.getvalue()
    assert "10.8.0." not in stream.getvalue()
    assert stream.getvalue().startswith(PAN.pseudonym(host))


def test_packets_as_they_are_cannot_be_asked_for(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(KEY.hex())
    capture = str(ROOT / "pcaps" / "mixed.pcapng")
    assert run(["scan", "-q", capture, "--anonymize-ip", str(key), "--evidence", str(tmp_path / "e")]) == 2
    assert run(["explain", "-q", capture, "10.8.0.11", "--anonymize-ip", str(key), "--deep"]) == 2
    assert run(["scan", "-q", capture, "--anonymize-ip", str(key), "-o", str(key)]) == 2
    assert key.read_text() == KEY.hex()


def test_only_reports_under_the_same_key_are_merged() -> None:
    one, other = (plain_report(scan(ROOT / "pcaps" / name)) for name in ("mixed.pcapng", "names.pcap"))
    hidden = [anonymized(each, KEY, HOME) for each in (one, other)]
    merged = merge_reports([("a", hidden[0]), ("b", hidden[1])]).report
    assert merged.anonymized == hidden[0].anonymized
    assert {suspect.host for suspect in merged.suspects} == {
        PAN.pseudonym(suspect.host) for each in (one, other) for suspect in each.suspects
    }
    for strange in (one, anonymized(one, KEY[::-1], HOME)):
        with pytest.raises(NetminedetError, match="anonymize then"):
            merge_reports([("a", strange), ("b", hidden[1])])
