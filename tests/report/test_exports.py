"""Each export of every capture, read back by those whom it is for or by its specification."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from captured import PATHS, report_on, report_on_all
from report_samples import FARM, SAMPLES, SOME, SampleReport

from netminedet.language import choose
from netminedet.report.blocking import NEVER
from netminedet.report.csvcells import COLUMNS
from netminedet.report.formats import format_names, load_format

REPORTS = (*SAMPLES, *PATHS, "all")


def report_called(name: str) -> Any:
    if name == "all":
        return report_on_all()
    return SAMPLES[name] if name in SAMPLES else report_on(name)


def written(report: Any, form: str, **options: Any) -> str:
    stream = io.StringIO(newline="\n")
    load_format(form).render(report, stream, color=False, width=None, **options)
    return stream.getvalue()


each_report = pytest.mark.parametrize("name", REPORTS)


@pytest.mark.parametrize("form", format_names())
def test_the_same_report_gives_the_same_bytes(form: str) -> None:
    assert written(report_on_all(), form) == written(report_on_all(), form)


@pytest.mark.parametrize("form", sorted({*format_names()} - {"csv", "html", "table"}))
def test_what_machines_read_is_the_same_in_any_language(form: str) -> None:
    english = written(SOME, form), written(report_on("mixed.pcapng"), form)
    choose("zh")
    try:
        assert (written(SOME, form), written(report_on("mixed.pcapng"), form)) == english
    finally:
        choose("en")


# CSV


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@each_report
def test_csv_has_a_row_for_each_suspect(name: str) -> None:
    report = report_called(name)
    text = written(report, "csv")
    rows = rows_of(text)
    assert [row["host"] for row in rows] == [suspect.host for suspect in report.suspects]
    assert {len(row) for row in rows} <= {len(COLUMNS)}
    for row, suspect in zip(rows, report.suspects, strict=True):
        assert row["verdict"] == suspect.verdict.label
        assert int(row["shares_accepted"]) == suspect.shares.accepted
        assert row["wallets"] == "; ".join(suspect.wallets)


def test_csv_columns_never_move() -> None:
    header = next(csv.reader([written(SOME, "csv").partition("\n")[0]]))
    recorded = (Path(__file__).parent / "golden" / "columns.txt").read_text(encoding="utf-8").split()
    assert header[: len(recorded)] == recorded, "new columns come last; none may go, and none may move"


def test_csv_for_spreadsheets_begins_with_a_byte_order_mark() -> None:
    assert written(SOME, "csv", bom=True) == "\ufeff" + written(SOME, "csv")


def test_csv_headers_are_told_in_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netminedet.report.formats.csv._", lambda name: f"<{name}>")
    header = next(csv.reader([written(SOME, "csv").partition("\n")[0]]))
    assert header == [f"<{name}>" for name in COLUMNS]


# syslog, CEF

#: RFC 5424, section 6: the grammar, its text in UTF-8 with a byte order mark, or plain ASCII.
NAME = r"[!#-<>-\\^-~]{1,32}"
VALUE = r'(?:[^"\\\]]|\\["\\\]])*'
SYSLOG = re.compile(
    r"<(?P<pri>\d{1,3})>1 (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d))"
    r" (?P<host>-|[!-~]{1,255}) (?P<app>-|[!-~]{1,48}) (?P<proc>-|[!-~]{1,128}) (?P<id>-|[!-~]{1,32})"
    rf" (?P<data>-|(?:\[{NAME}(?: {NAME}=\"{VALUE}\")*\])+)(?: (?P<text>\ufeff.*|[ -~]*))?"
)


def parsed_syslog(line: str) -> tuple[re.Match[str], dict[str, str]]:
    """A message by the grammar, and the values of its structured data."""
    match = SYSLOG.fullmatch(line)
    assert match is not None, line
    found = re.findall(rf'({NAME})="({VALUE})"', match["data"])
    return match, {name: re.sub(r"\\(.)", r"\1", value) for name, value in found}


@each_report
def test_syslog_keeps_to_its_grammar(name: str) -> None:
    report = report_called(name)
    lines = written(report, "syslog").split("\n")[:-1]
    assert len(lines) == len(report.suspects)
    for line, suspect in zip(lines, report.suspects, strict=True):
        match, values = parsed_syslog(line)
        assert len(line.encode()) <= 2048
        assert int(match["pri"]) // 8 == 16
        assert values["host"] == suspect.host
        assert values["verdict"] == suspect.verdict.label
        assert suspect.host in (match["text"] or "")


@each_report
def test_cef_is_read(name: str) -> None:
    pycef = pytest.importorskip("pycef")
    report = report_called(name)
    lines = written(report, "cef").split("\n")[:-1]
    assert len(lines) == len(report.suspects)
    for line, suspect in zip(lines, report.suspects, strict=True):
        event = pycef.parse(line)
        assert event["DeviceProduct"] == "netminedet"
        assert event.get("src", event.get("Source IPv6 Address")) == suspect.host
        assert event["accepted shares"] == str(suspect.shares.accepted)
        assert int(event["start"]) == suspect.first_seen // 10**6
        assert event["role"] == suspect.role.value


# Elastic Common Schema

#: Types of the fields that we use, from the schema's reference.
ECS = {
    "@timestamp": "date", "ecs.version": "keyword", "message": "match_only_text", "tags": "keyword",
    "event.id": "keyword", "event.kind": "keyword", "event.category": "keyword", "event.type": "keyword",
    "event.module": "keyword", "event.dataset": "keyword", "event.start": "date", "event.end": "date",
    "event.severity": "long", "event.risk_score": "float", "event.reason": "keyword",
    "rule.id": "keyword", "rule.name": "keyword", "rule.category": "keyword", "rule.ruleset": "keyword",
    "rule.version": "keyword", "source.address": "keyword", "source.ip": "ip", "source.port": "long",
    "destination.address": "keyword", "destination.ip": "ip", "destination.port": "long",
    "destination.domain": "keyword", "network.packets": "long", "network.bytes": "long",
    "network.transport": "keyword", "network.community_id": "keyword", "network.protocol": "keyword",
    "related.ip": "ip", "related.hosts": "keyword", "threat.framework": "keyword",
    "threat.tactic.id": "keyword", "threat.tactic.name": "keyword", "threat.tactic.reference": "keyword",
    "threat.technique.id": "keyword", "threat.technique.name": "keyword",
    "threat.technique.reference": "keyword", "observer.vendor": "keyword", "observer.product": "keyword",
    "observer.type": "keyword", "observer.version": "keyword",
}  # fmt: skip
ALLOWED = {
    "event.kind": {"alert"},
    "event.category": {"network", "intrusion_detection"},
    "event.type": {"info"},
}


def fields(document: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """All leaves by their dotted names."""
    for key, value in document.items():
        if isinstance(value, dict):
            yield from fields(value, f"{prefix}{key}.")
        else:
            yield from ((prefix + key, one) for one in (value if isinstance(value, list) else [value]))


@each_report
def test_ecs_has_the_fields_of_the_schema(name: str) -> None:
    report = report_called(name)
    events = [json.loads(line) for line in written(report, "ecs").splitlines()]
    assert [event["source"]["ip"] for event in events] == [suspect.host for suspect in report.suspects]
    assert len({event["event"]["id"] for event in events}) == len(events)
    for event in events:
        assert event.pop("netminedet")["suspect"]["host"] == event["source"]["ip"]
        assert event["threat"]["technique"]["id"] == ["T1496"]
        for field, value in fields(event):
            kind = ECS[field]
            assert isinstance(value, (int, float) if kind in ("long", "float") else str), field
            if kind == "ip":
                ip_address(value)
            assert value in ALLOWED.get(field, {value})


# STIX, MISP


@each_report
def test_stix_is_valid(name: str) -> None:
    pytest.importorskip("stix2")
    validator = pytest.importorskip("stix2validator")
    report = report_called(name)
    text = written(report, "stix")
    options = validator.ValidationOptions(version="2.1", strict=True, disabled="103")  # 103: ids of version 4
    result = validator.validate_string(text, options)
    assert result.is_valid, [str(error) for error in result.errors]
    objects = json.loads(text).get("objects", [])
    notes = [one["abstract"] for one in objects if one["type"] == "note"]
    assert sorted(note.partition(": ")[0] for note in notes) == sorted(one.host for one in report.suspects)
    ids = {one["id"] for one in objects}
    referred = {one[key] for one in objects for key in one if key.endswith("_ref")}
    referred |= {ref for one in objects for key in one if key.endswith("_refs") for ref in one[key]}
    assert referred <= ids


def test_stix_sees_pools() -> None:
    pytest.importorskip("stix2")
    objects = json.loads(written(report_on("mixed.pcapng"), "stix"))["objects"]
    patterns = {one["pattern"] for one in objects if one["type"] == "indicator"}
    assert "[domain-name:value = 'stratum.antpool.com']" in patterns
    kinds = {one["type"] for one in objects}
    assert kinds >= {"observed-data", "indicator", "sighting", "relationship", "attack-pattern", "identity"}


@each_report
def test_misp_reads_the_event(name: str) -> None:
    pymisp = pytest.importorskip("pymisp")
    report = report_called(name)
    event = pymisp.MISPEvent(strict_validation=False)
    event.from_json(written(report, "misp"))
    hosts = {one.value for one in event.attributes if one.type == "ip-src"}
    assert hosts == {suspect.host for suspect in report.suspects}
    assert [tag.name for tag in event.tags] == [
        'misp-galaxy:mitre-attack-pattern="Resource Hijacking - T1496"'
    ]
    known = pymisp.MISPObject("network-connection")
    for made in event.objects:
        assert made.template_uuid == known.template_uuid
        relations = {attribute.object_relation: attribute.type for attribute in made.attributes}
        assert {
            name: known._definition["attributes"][name]["misp-attribute"] for name in relations
        } == relations


# Block lists

LISTS = [name for name in format_names() if name.startswith("blocklist")]


@cache
def entries(name: str, form: str, *, all_pools: bool = False) -> tuple[set[str], set[str]]:
    """The names and the addresses of a list, read by the rules of its own format."""
    text = written(report_called(name), form, **({"all_pools": True} if all_pools else {}))
    names, addresses = READERS[form](text)
    return set(names), set(addresses)


def read_plain(text: str) -> tuple[list[str], list[str]]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    ends = [re.fullmatch(r"\[?([0-9a-f.:]+?)\]?:(\d+)", line) for line in lines]
    names = [line for line, end in zip(lines, ends, strict=True) if end is None]
    return names, [end[1] for end in ends if end is not None]


def read_hosts(text: str) -> tuple[list[str], list[str]]:
    rows = [line.split() for line in text.splitlines() if not line.startswith("#")]
    assert all(len(row) == 2 and row[0] == "0.0.0.0" for row in rows)
    return [row[1] for row in rows], []


def read_suricata(text: str) -> tuple[list[str], list[str]]:
    suricataparser = pytest.importorskip("suricataparser")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    rules = [suricataparser.parse_rule(line) for line in lines]
    assert all(rule is not None and rule.classtype == "coin-mining" for rule in rules)
    assert len({rule.sid for rule in rules}) == len(rules)
    contents = [option.value for rule in rules for option in rule.options if option.name == "content"]
    addresses = re.findall(r"alert tcp any any -> \[?([0-9a-f.:]+)\]? \d+ ", text)
    assert len(rules) == len(contents) + len(addresses)
    return [content.strip('"').removeprefix(".") for content in contents], addresses


def read_dataset(text: str) -> tuple[list[str], list[str]]:
    return [base64.b64decode(line, validate=True).decode("ascii") for line in text.splitlines()], []


def read_nftables(text: str) -> tuple[list[str], list[str]]:
    assert text.count("{") == text.count("}")
    return [], re.findall(r"^ {4}([0-9a-f.:]+) \. \d+,?$", text, re.MULTILINE)


def read_zeek(text: str) -> tuple[list[str], list[str]]:
    header, *lines = text.splitlines()
    assert header.split("\t") == ["#fields", "indicator", "indicator_type", "meta.source", "meta.desc"]
    rows = [line.split("\t") for line in lines]
    assert all(len(row) == 4 and all(row) for row in rows)
    kinds = ("Intel::DOMAIN", "Intel::ADDR")
    names, addresses = ([row[0] for row in rows if row[1] == kind] for kind in kinds)
    assert len(names) + len(addresses) == len(rows)
    return names, addresses


READERS = {
    "blocklist": read_plain,
    "blocklist-hosts": read_hosts,
    "blocklist-suricata": read_suricata,
    "blocklist-dataset": read_dataset,
    "blocklist-nftables": read_nftables,
    "blocklist-zeek": read_zeek,
}


@pytest.mark.parametrize("form", LISTS)
@each_report
def test_block_lists_say_the_same(name: str, form: str) -> None:
    names, addresses = entries(name, form)
    expected_names, expected_addresses = entries(name, "blocklist")
    assert names in (expected_names, set())
    assert addresses in (expected_addresses, set())
    for address in map(ip_address, addresses):
        assert not any(address.version == net.version and address in net for net in NEVER)


def test_a_block_list_of_what_was_found() -> None:
    names, addresses = entries("mixed.pcapng", "blocklist")
    assert names == {"stratum.antpool.com", "fr01.supportxmr.com"}
    assert addresses == {
        "203.0.113.10",
        "203.0.113.12",
        "203.0.113.14",
        "203.0.113.15",
        "203.0.113.16",
        "2001:db8:ff::5",
    }


def test_traffic_cannot_put_anything_into_a_block_list() -> None:
    """Neither a name that only a miner gave, nor the address of one who accepted no work."""
    names, addresses = entries("some", "blocklist")
    assert names == {"stratum.antpool.com", "ss.antpool.com"}
    assert addresses == set()


def test_a_proxy_is_not_blocked() -> None:
    """Others use it, too; what it was asked for is listed by name."""
    names, addresses = entries("late-handshake.pcap", "blocklist")
    assert (names, addresses) == ({"stratum.antpool.com"}, {"203.0.113.10"})
    names, addresses = entries("names.pcap", "blocklist")
    assert {"gulf.moneroocean.stream", "stratum.antpool.com"} <= names
    assert addresses == set()
    tunnels = {
        (one.flow.dest_ip, one.flow.dest_port)
        for suspect in report_called("late-handshake.pcap").suspects
        for one in suspect.connections
        if one.tunnel
    }
    assert tunnels == {("198.51.100.80", 3128), ("198.51.100.81", 1080)}


@pytest.mark.parametrize("form", [form for form in LISTS if form != "blocklist-nftables"])
def test_all_pools_that_are_known(form: str) -> None:
    names, _ = entries("mixed.pcapng", form, all_pools=True)
    assert names >= {"antpool.com", "f2pool.com", "fr01.supportxmr.com"}
    assert "github.com" not in names
    assert len(names) > 400


@pytest.mark.skipif(shutil.which("nft") is None, reason="nft is not installed")
@pytest.mark.parametrize("name", ["all", "empty"])
def test_nft_takes_the_sets(name: str, tmp_path: Path) -> None:
    path = tmp_path / "pools.nft"
    path.write_text(written(report_called(name), "blocklist-nftables"), encoding="utf-8")
    done = subprocess.run(["nft", "-c", "-f", str(path)], capture_output=True, text=True)
    if "Operation not permitted" in done.stderr:
        pytest.skip("nft may not look at the tables of this machine")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_farm_in_every_format() -> None:
    report = SampleReport(suspects=(FARM,))
    for form in format_names():
        if form.startswith("blocklist"):
            continue
        assert "192.168.20.15" in written(report, form), form
