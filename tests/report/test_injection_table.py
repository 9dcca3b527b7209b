"""Whatever the traffic names itself, in every place and format: read back, it is data and nothing else.

A format without a reader here is held to the general rules; give it one in ``READERS``.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace
from report_samples import FARM, SampleReport, evidence
from test_exports import SYSLOG, parsed_syslog
from test_report_injection import HOSTILE, rendered, spoiled

from netminedet.holders import Attribution, Behind, Place, Subscriber, SubscriberSeen, Unit
from netminedet.language import sentence
from netminedet.model import FiveTuple, Layer
from netminedet.report.document import report_document
from netminedet.report.formats import format_names
from netminedet.suspects import (
    Connection,
    Management,
    NodeSeen,
    Pool,
    ResolverSeen,
    Shares,
)

BREAKERS = [
    pytest.param('=HYPERLINK("http://evil.example")', id="formula"),
    pytest.param("+1+cmd|' /C calc'!A0", id="formula-plus"),
    pytest.param("-2+3", id="formula-minus"),
    pytest.param("@SUM(1,1)", id="formula-at"),
    pytest.param("\t=1+1", id="formula-behind-a-tab"),
    pytest.param("  =1+1", id="formula-behind-blanks"),
    pytest.param("＝1+1", id="formula-in-full-width"),
    pytest.param('","=1+1","', id="csv-quotes"),
    pytest.param(";=1+1;", id="csv-semicolons"),
    pytest.param('"] [evil@1 host="10.0.0.1"] <34>1 - - - - - -', id="syslog-structure"),
    pytest.param("x\n<34>1 2026-01-01T00:00:00Z - sshd - - - root logged in", id="syslog-second-message"),
    pytest.param("a|b|CEF:0|v|p|1|x|y|9|src=6.6.6.6 act=blocked", id="cef"),
    pytest.param("a src=6.6.6.6 dst\\=7.7.7.7 cs1=no", id="cef-keys"),
    pytest.param("ends with a backslash\\", id="backslash-at-the-end"),
    pytest.param("' OR [ipv4-addr:value = '8.8.8.8", id="stix-pattern"),
    pytest.param('x"; sid:1;) drop ip any any -> any any (msg:"', id="suricata-rule"),
    pytest.param("x } ; flush ruleset ; #", id="nftables"),
    pytest.param("www.baidu.com", id="somebody-else's-name"),
    pytest.param("evil.example\tIntel::DOMAIN\tx\ty\nbaidu.com\tIntel::DOMAIN\tx\ty", id="zeek-columns"),
    pytest.param("x\n0.0.0.0 www.baidu.com", id="hosts-line"),
    pytest.param("xmr.evil.example|3333", id="misp-composite"),
    pytest.param("javascript:alert(1)", id="javascript-address"),
    pytest.param("\"onmouseover=\"alert(1)' onfocus='alert(2)", id="html-attributes"),
    pytest.param("{{ 7*7 }}{% raw %}{# x #}${7*7}", id="templates-of-pages"),
    pytest.param("]]><![CDATA[<svg onload=alert(1)>", id="cdata"),
    pytest.param("--><script>alert(1)</script><!--", id="html-comment"),
    pytest.param("../../etc/passwd\0.pcap", id="path"),
]
TABLE = [*HOSTILE, *BREAKERS]
MEGABYTE = HOSTILE[-1]
assert MEGABYTE.id == "megabyte"
#: What is plain stands for what a format makes of any text.
PLAIN = "plain"


def everywhere(text: str) -> SampleReport:
    """A report with the text in every string that traffic, logs, databases or paths may fill."""
    report = spoiled(text)
    (suspect,) = report.suspects
    flow = FiveTuple(suspect.host, 49152, "203.0.113.25", 3333, "tcp")
    connection = Connection(flow, 5, 9, "confirmed", Shares(9, 8, 1))
    told = Attribution("named", (Subscriber(text, "100.64.0.9"),), (text,), text)
    proof = evidence(suspect.host, "203.0.113.25")
    where = replace(proof.where, input=text, tunnel=(Layer("gre", text, "192.0.2.1", "192.0.2.2"),))
    strong = replace(proof, where=where, excerpt=text, why=text, details={"asked": text}, subscriber=told)
    suspect = replace(
        suspect,
        reasons=(sentence("mines at {place}", place=text), text),
        pools=(Pool(text, "203.0.113.25", 3333, tls=False), Pool(text, None, None, tls=True)),
        evidence=(strong, *suspect.evidence),
        connections=(replace(connection, subscriber=told),),
        management=Management((text,), (text,), 1e6),
        unit=Unit("192.168.0.0/16", text, text, text, text, text, text),
        places={suspect.host: Place(text, text, text, 64512, text)},
        behind=Behind((SubscriberSeen(Subscriber(text), 1, 1, Shares(), "strong", 5, 9),), 1, 1),
    )
    node = NodeSeen("10.0.0.5", text, text, 5, 9, ("192.0.2.1",), False, where)
    resolver = ResolverSeen("10.0.0.53", (text,), ("10.0.0.5",), False, 5, 9)
    return replace(report, suspects=(suspect, FARM), adjacent=(node,), resolvers=(resolver,))


@cache
def plain(form: str) -> str:
    return rendered(everywhere(PLAIN), form)


def check_json(text: str, report: SampleReport) -> None:
    assert json.loads(text) == report_document(report)


def check_jsonl(text: str, report: SampleReport) -> None:
    records = [json.loads(line) for line in text.splitlines()]
    assert [one["netminedet"]["record"] for one in records] == ["start", "suspect", "suspect", "end"]
    assert [one["netminedet"]["suspect"] for one in records[1:3]] == report_document(report)["suspects"]


def check_ecs(text: str, report: SampleReport) -> None:
    events = [json.loads(line) for line in text.splitlines()]
    assert [one["netminedet"]["suspect"] for one in events] == report_document(report)["suspects"]
    assert [one["source"]["ip"] for one in events] == [FARM.host] * 2


def check_csv(text: str, report: SampleReport) -> None:
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert [len(row) for row in rows] == [len(header)] * 2
    assert [row[:3] for row in rows] == [[FARM.host, "confirmed", "miner"]] * 2
    for cell in rows[0]:
        assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
        assert len(cell) <= 32_767
    # no reader that splits elsewhere sees a cell begin within one: every text is in quotes
    quoted_or_number = r'(?:"(?:[^"]|"")*"|[\d.e+]+)'
    assert all(
        re.fullmatch(rf"{quoted_or_number}(?:,{quoted_or_number})*", line) for line in text.split("\n")[:-1]
    )


def check_syslog(text: str, report: SampleReport) -> None:
    lines = text.split("\n")[:-1]
    assert len(lines) == 2
    for line in lines:
        match, values = parsed_syslog(line)
        assert len(line.encode()) <= 2048
        bare = re.sub(r'"(?:\\.|[^"\\])*"', '""', match["data"])
        assert re.findall(r"\[([^\s\]]+)", bare) == ["origin", "suspect@32473"]
        assert values["host"] == FARM.host
        assert values["verdict"] == "confirmed"
        assert SYSLOG.fullmatch(line) is not None


#: Keys of the format's dictionary that we use.
CEF_KEYS = {
    *("src", "c6a2", "c6a2Label", "spt", "proto", "dst", "c6a3", "c6a3Label", "dpt", "dhost", "start", "end"),
    *("cat", "act", "app", "requestClientApplication", "destinationServiceName", "msg"),
    *(f"{kind}{number}{end}" for kind in ("cs", "cn") for number in range(1, 7) for end in ("", "Label")),
}


def check_cef(text: str, report: SampleReport) -> None:
    lines = text.split("\n")[:-1]
    assert len(lines) == 2
    for line in lines:
        *header, extension = re.split(r"(?<!\\)\|", line, maxsplit=7)
        assert header[:3] == ["CEF:0", "netminedet", "netminedet"]
        assert header[4:] == ["suspect", "Virtual-currency mining: confirmed miner", "9"]
        pieces = re.split(r"(?:^| )(\w+)=", re.sub(r"\\.", "", extension))
        keys = pieces[1::2]
        assert set(keys) <= CEF_KEYS
        assert len(set(keys)) == len(keys)
        assert "=" not in "".join(pieces[2::2])
        assert dict(zip(keys, pieces[2::2], strict=True))["src"] == FARM.host


def check_list(text: str, form: str) -> None:
    """Nothing that the traffic said is in a block list: it is the same whatever it said."""
    assert text == plain(form)


def patterns(objects: list[dict[str, str]]) -> set[str]:
    return {one["pattern"] for one in objects if one["type"] == "indicator"}


def check_stix(text: str, report: SampleReport) -> None:
    objects = json.loads(text)["objects"]
    assert patterns(objects) == patterns(json.loads(plain("stix"))["objects"])
    names = {one["value"] for one in objects if one["type"] == "domain-name"}
    assert all(re.fullmatch(r"[a-z0-9._-]+", name) for name in names)
    notes = [one for one in objects if one["type"] == "note"]
    assert {one["abstract"] for one in notes} == {f"{FARM.host}: confirmed miner"}


def check_misp(text: str, report: SampleReport) -> None:
    event = json.loads(text)["Event"]
    for attribute in event["Attribute"]:
        value = attribute["value"]
        if attribute["type"] in ("hostname|port", "ip-dst|port"):
            assert re.fullmatch(r"[a-z0-9._:-]+\|\d+", value)
        assert len(value) < 6000
        assert not attribute["to_ids"] or "antpool.com" in value or value == "203.0.113.25|3333"
    assert [one["name"] for one in event["Object"]] == ["network-connection"] * 2


class Page(HTMLParser):
    """What a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.handlers: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        for name, value in attrs:
            if name.startswith("on"):
                self.handlers.append(name)
            if name in ("href", "src", "xlink:href", "action", "srcset", "data"):
                self.addresses.append(value or "")


def check_html(text: str, report: SampleReport) -> None:
    page, other = Page(), Page()
    page.feed(text)
    other.feed(plain("html"))
    assert (page.scripts, page.handlers) == (other.scripts, other.handlers)
    assert all(address.startswith(("#", "data:")) for address in page.addresses)


READERS: dict[str, Callable[[str, SampleReport], None]] = {
    "json": check_json,
    "jsonl": check_jsonl,
    "ecs": check_ecs,
    "csv": check_csv,
    "syslog": check_syslog,
    "cef": check_cef,
    "stix": check_stix,
    "misp": check_misp,
    "html": check_html,
}

#: What a format itself puts between its parts; a byte order mark says that syslog's text is UTF-8.
SEPARATORS = {"blocklist-zeek": {"\n", "\t"}, "syslog": {"\n", "\ufeff"}}
#: Controls, ends of lines and paragraphs, and what reorders text or cannot be seen.
UNSEEN = ("Cc", "Cf", "Zl", "Zp")


#: A page is drawn slowly; what the other values become in one, `test_page` tells.
CASES = [
    pytest.param(one.values[0], form, id=f"{one.id}-{form}")
    for form in format_names()
    for one in ([*BREAKERS, MEGABYTE] if form == "html" else TABLE)
]


@pytest.mark.parametrize(("text", "form"), CASES)
def test_hostile_strings_are_data(text: str, form: str) -> None:
    if form == "stix":
        pytest.importorskip("stix2")
    report = everywhere(text)
    output = rendered(report, form)
    output.encode("utf-8")
    assert not {
        one for one in set(output) - SEPARATORS.get(form, {"\n"}) if unicodedata.category(one) in UNSEEN
    }
    if form.startswith("blocklist"):
        check_list(output, form)
    elif form in READERS:
        READERS[form](output, report)
    elif form != "table":  # which has its own tests
        assert output.count("\n") == plain(form).count("\n")


def test_a_reader_that_could_not_fail_would_be_of_no_use() -> None:
    """Each finds what a careless format would let through."""
    report = everywhere('x","=1')
    broken: list[tuple[str, Callable[[str], str]]] = [
        ("csv", lambda text: text.replace('""', '"')),
        ("syslog", lambda text: text.replace('\\"', '"')),
        ("cef", lambda text: text.replace("\\=", " src=")),
        ("html", lambda text: text.replace("</main>", "<script>x</script></main>")),
    ]
    for form, spoil in broken:
        text = spoil(rendered(report, form))
        with pytest.raises((AssertionError, csv.Error)):
            READERS[form](text, report)
