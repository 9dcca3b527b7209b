"""The page where it is known whose the addresses are, and the page in Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from page_reading import Node, read
from report_samples import FARM, MONERO, NOON, SECOND, SampleReport
from test_page import cells, lines, page

from netminedet import scan
from netminedet.holders import Attribution, Behind, Place, Subscriber, SubscriberSeen, Unit
from netminedet.language import choose
from netminedet.model import FiveTuple
from netminedet.report.document import report_document
from netminedet.report.page.sections import MAX_CONNECTIONS_SHOWN
from netminedet.suspects import Connection, Shares
from netminedet.whose.enrich import Sources, enriched
from netminedet.whose.subnets import Subnets
from tests.conftest import SAMPLES
from tests.test_language import english

LEDGER = """网段,运营商,地市,区县,单位名称,单位性质,联系人
10.8.0.0/16,电信,成都,武侯区,某大学,学校,
10.12.0.0/16,移动,绵阳,涪城区,某公司,企业,
10.9.0.0/16,联通,成都,,,,
"""
CAPTURES = [SAMPLES / name for name in ("mixed.pcapng", "stratum-v2.pcap", "proxy-and-pool.pcap")]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "ledger.csv"
    path.write_text(LEDGER, encoding="utf-8")
    return path


@pytest.fixture
def chinese() -> Iterator[None]:
    choose("zh")
    yield
    choose("en")


def test_groups_are_those_of_the_report(ledger: Path) -> None:
    report = enriched(scan(CAPTURES), Sources(Subnets([str(ledger)], print)), print)
    document, tree = report_document(report), read(page(report))
    for by, groups in document["groups"].items():
        table = tree.one("table", id=f"by-{by}")
        names = cells(table.one("thead").one("tr"))
        for row, one in zip(lines(table), groups, strict=True):
            words = dict(zip(names, row, strict=True))
            assert words["Name"] == (one["name"] or "not in the ledger")
            assert int(words["Hosts"]) == sum(one["hosts"].values())
            assert {name: int(words[name].replace("–", "0")) for name in one["hosts"]} == one["hosts"]
            estimates = one["estimates"]
            assert words["Hash rate"].count("(") == len(estimates["hash_rates"])
            assert all(rate["algorithm"] in words["Hash rate"] for rate in estimates["hash_rates"])
            assert (words["kW"] == "–") == (estimates["power"] is None)
    assert "某大学" in tree.one("tr", id="h1").parent.text  # type: ignore[union-attr]


def test_the_head_says_how_many_units_and_cities(ledger: Path) -> None:
    report = enriched(scan(CAPTURES), Sources(Subnets([str(ledger)], print)), print)
    units = [one.unit for one in report.suspects if one.unit is not None]
    said = read(page(report)).one("p", class_="ledger").text
    assert said == f"{len(units)} of them are in the ledger: 2 units, 3 operators, 2 cities."


def test_no_english_is_left_in_the_chinese_page(ledger: Path, chinese: None) -> None:
    report = enriched(scan(CAPTURES, adjacent=True), Sources(Subnets([str(ledger)], print)), print)
    tree = read(page(report))
    quoted = {"code", "style", "script"}
    texts = [" ".join(node.data for node in one.walk() if not _within(node, quoted)) for one in _blocks(tree)]
    names = re.compile("|".join(re.escape(name) for name in _names(report)))
    left = [found for text in texts for found in english(names.sub("\0", text))]
    attributes = [
        str(node.attributes.get(name, "")) for node in tree.walk() for name in ("aria-label", "placeholder")
    ]
    assert left + [found for text in attributes for found in english(text)] == []


def _blocks(tree: Node) -> list[Node]:
    return [
        node for node in tree.walk() if node.tag in ("p", "td", "th", "li", "dt", "dd", "h1", "h2", "h3", "a")
    ]


def _within(node: Node, tags: set[str]) -> bool:
    return node.tag in tags or (node.parent is not None and _within(node.parent, tags))


def _names(report: object) -> set[str]:
    """What the traffic calls things, which no language changes."""
    document = report_document(report)  # type: ignore[arg-type]
    names = {"Community ID", "DNS over HTTPS", "Stratum V2"}
    for one in document["suspects"]:
        names.update(one["workers"], one["wallets"], one["agents"], one["dialects"])
        for agent in one["software"]:
            names.update(value for value in agent.values() if value and " " in value)
            names.add(" ".join(filter(None, [agent["software"], agent["version"], agent["vendor"]])))
    return {name for name in names if name}


SEEN = SubscriberSeen(Subscriber("home-1", "100.64.0.7"), 1, 1, Shares(3, 3, 0), "strong", NOON, NOON)
NAMED = Attribution("named", (SEEN.subscriber,), ("nat.csv:7",))
GAP = Attribution("gap", note="the log has no line for the address")


def connection(number: int, subscriber: Attribution | None) -> Connection:
    flow = FiveTuple(FARM.host, 40000 + number, "203.0.113.25", 3333, "tcp")
    start = NOON + number * 60 * SECOND
    return Connection(flow, start, start + 30 * SECOND, "confirmed", Shares(9, 8, 1), subscriber)


def test_connections_and_subscribers_are_told() -> None:
    suspect = replace(
        FARM,
        connections=tuple(connection(number, GAP if number else NAMED) for number in range(20)),
        connections_omitted=5,
        behind=Behind((SEEN,), 0, 19),
        places={
            FARM.host: Place("CN", "Sichuan", "Chengdu"),
            "203.0.113.25": Place("DE", asn=64500, network="X"),
        },
        evidence=(replace(FARM.evidence[0], subscriber=NAMED),),
    )
    tree = read(page(SampleReport(suspects=(suspect, MONERO))))
    article = tree.one("article", id="s1")
    rows = lines(article.one("table", class_="links"))
    assert len(rows) == MAX_CONNECTIONS_SHOWN
    assert rows[1] == [
        "2024-01-31 12:01:00 – 12:01:30",
        f"{FARM.host}:40001 → 203.0.113.25:3333 TCP",
        "confirmed",
        "8 / 9",
        "the log has no line for the address",
    ]
    assert rows[0][-1] == "home-1 (100.64.0.7)"
    assert "16 of 25 connections are listed; the JSON report has 20." in article.text
    assert "home-1 (100.64.0.7)" in article.one("ol", class_="proofs").text
    assert "AS64500 X" in article.one("dl", class_="facts").text
    assert "Chengdu, Sichuan, CN" in tree.one("tr", id="h1").text
    assert "home-1 (100.64.0.7)" in tree.one("tr", id="h1").text
    assert tree.one("article", id="s2").all("table", class_="links") == []


def test_units_may_call_themselves_anything() -> None:
    text = "<script>alert(1)</script>\u202e\x1b[31m" + "A" * 5000
    unit = Unit("10.0.0.0/8", text, text, text, text, text, text)
    harmless = Unit("10.0.0.0/8", *["x"] * 6)
    pages = [
        read(page(SampleReport(suspects=(replace(FARM, unit=one, behind=None),)))) for one in (unit, harmless)
    ]
    scripts = [len(tree.all("script")) for tree in pages]
    assert scripts == [1, 1]
    assert "\u202e" not in pages[0].text
    assert len(pages[0].text) < 60_000
