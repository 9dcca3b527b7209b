"""The HTML page: its numbers are the report's, nothing of it comes from elsewhere, no string steers it."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from datetime import timedelta, timezone
from typing import Any

import pytest
from msgspec.structs import replace
from page_reading import Node, read
from report_samples import EMPTY, FARM, LOOKUP, MONERO, NOON, PROXY, SAMPLES, SOME, SampleReport
from test_report_injection import HOSTILE, spoiled

from netminedet.errors import NetminedetError
from netminedet.language import choose
from netminedet.report.document import report_document
from netminedet.report.like import ReportLike
from netminedet.report.page import Clock, PageOptions, write_page, zone_of
from netminedet.report.page.groups import counted_shares, group, mined_at, pools_of
from netminedet.report.page.moments import covered
from netminedet.report.page.pictures import STEPS, thinned
from netminedet.report.page.svg import COLOURS
from netminedet.report.sizes import spelled
from netminedet.report.text import size
from netminedet.suspects import (
    Pool,
    Role,
    Shares,
    Suspect,
)

CHINA = Clock(timezone(timedelta(hours=8)))


def page(report: ReportLike, **options: Any) -> str:
    stream = io.StringIO()
    write_page(report, stream, PageOptions(**options))
    return stream.getvalue()


@pytest.fixture(scope="module")
def some() -> Node:
    return read(page(SOME))


@pytest.fixture
def chinese() -> Iterator[None]:
    choose("zh")
    yield
    choose("en")


def cells(row: Node) -> list[str]:
    return [cell.text for cell in row.children if cell.tag in ("td", "th")]


def lines(table: Node) -> list[list[str]]:
    return [cells(row) for row in table.one("tbody").all("tr")]


def figures(tree: Node) -> dict[str, str]:
    listed = tree.one("dl", class_="figures")
    return {
        one.one("dt").text: one.one("span", class_="value").text
        for one in listed.children
        if one.tag == "div"
    }


def test_the_numbers_on_top_are_those_of_the_report(some: Node) -> None:
    document = report_document(SOME)
    estimates = document["estimates"]
    found = figures(some)
    assert found["Hosts"] == str(len(document["suspects"]))
    assert found["Power"] == f"{spelled(estimates['power']['kw']['typical'])} kW"
    assert found["Energy a day"] == f"{spelled(estimates['power']['kwh_day']['typical'])} kWh"
    assert found["Hash rate"] == "108 TH/s"
    assert found["Traffic with pools"] == size(sum(one["bytes"] for one in document["suspects"]))
    assert found["Coins"] == str(len({coin for one in document["suspects"] for coin in one["coins"]}))
    submitted = sum(one["shares"]["submitted"] for one in document["suspects"])
    assert found["Shares handed in"] == f"{submitted:,}"
    assert len(found) == 8


def test_hosts_are_counted_by_role_and_verdict(some: Node) -> None:
    suspects = report_document(SOME)["suspects"]
    table = some.one("table", id="matrix")
    verdicts = cells(table.one("thead").one("tr"))[1:-1]
    shown = {
        (row[0], verdict): int(number.replace("–", "0"))
        for row in lines(table)
        for verdict, number in zip(verdicts, row[1:-1], strict=True)
    }
    assert verdicts == ["confirmed", "probable", "suspected"]
    for (role, verdict), number in shown.items():
        assert number == sum((one["role"], one["verdict"]) == (role, verdict) for one in suspects)
    assert sum(shown.values()) == len(suspects)
    assert cells(table.one("tfoot").one("tr"))[-1] == str(len(suspects))


@pytest.mark.parametrize("name", ["some", "nothing", "nothing-but-cut", "empty"])
def test_every_host_and_input_has_its_line(name: str) -> None:
    document = report_document(SAMPLES[name])
    tree = read(page(SAMPLES[name]))
    rows = tree.one("table", id="hosts").one("tbody").all("tr") if document["suspects"] else []
    assert len(rows) == len(document["suspects"])
    for row, one in zip(rows, document["suspects"], strict=True):
        words = cells(row)
        assert words[0] == one["verdict"]
        assert words[1] == f"{one['host']}{one['role']}"
        assert row.children[-2].tag == "td"
        by_number = [cell.attributes.get("data-s") for cell in row.children if cell.tag == "td"]
        assert by_number[3] == str(one["shares"]["submitted"])
        assert by_number[6] == str(one["bytes"])
        rates = one["hash_rates"]
        assert float(by_number[4] or 0) == pytest.approx((rates and rates[0]["typical"]) or 0, rel=1e-5)
        power = sum(rate["power"]["kw"]["typical"] for rate in rates if rate["power"])
        assert float(by_number[5] or 0) == pytest.approx(power, rel=1e-5)
        assert one["reasons"][0] in words[-1]
    read_back = lines(tree.one("table", id="input-table"))
    assert len(read_back) == len(document["inputs"])
    for words, one in zip(read_back, document["inputs"], strict=True):
        assert one["path"] in words[0]
        assert (one["sha256"] or "not hashed") in words[0]
        assert all(problem in words[0] for problem in one["problems"])
        assert words[2] == f"{one['packets']:,}"


def test_every_piece_of_evidence_is_told(some: Node) -> None:
    for article, one in zip(some.all("article"), report_document(SOME)["suspects"], strict=True):
        assert article.one("h3").text.startswith(one["host"])
        assert [item.text for item in article.one("ul", class_="reasons").all("li")] == one["reasons"]
        proofs = article.one("ol", class_="proofs").all("li")
        assert len(proofs) == len(one["evidence"])
        for proof, told in zip(proofs, one["evidence"], strict=True):
            flow = told["flow"]
            for text in (
                told["why"],
                told["excerpt"],
                told["signature"],
                told["input"],
                flow["community_id"],
            ):
                assert text in proof.text
            assert f"packet {told['packet']}" in proof.text
            assert f":{flow['src_port']} → " in proof.text
        if one["evidence_omitted"]:
            assert f"{one['evidence_omitted']} further pieces of evidence" in article.text
        for name in (*one["workers"], *one["wallets"], *one["agents"]):
            assert name in article.text


def test_sections_beyond_the_first_are_packed() -> None:
    tree = read(page(SOME, sections=2))
    assert len(tree.all("article")) == 2
    assert "The first 2 of 5 hosts" in tree.one("section", id="evidence").text
    assert len(lines(tree.one("table", id="hosts"))) == 5
    (pack,) = tree.all("script", type="text/plain")
    assert (pack.attributes["data-first"], pack.attributes["data-last"]) == ("3", "5")
    packed = zlib.decompress(base64.b64decode(pack.text)).decode()
    whole = read(page(SOME))
    rest = read(packed).all("article")
    assert [one.text for one in rest] == [one.text for one in whole.all("article")[2:]]
    targets = {link.attributes["href"] for link in tree.one("table", id="hosts").all("a")}
    assert targets == {f"#{one.attributes['id']}" for one in (*tree.all("article"), *rest)}


def test_a_page_without_a_script_says_where_the_rest_is() -> None:
    tree = read(page(SOME, sections=2, script=False))
    assert not tree.all("script")
    assert "The first 2 of 5 hosts" in tree.one("section", id="evidence").text
    assert "--sections 5" in tree.one("section", id="evidence").text
    targets = {link.attributes["href"] for link in tree.one("table", id="hosts").all("a")}
    assert targets == {f"#{article.attributes['id']}" for article in tree.all("article")}


def test_nothing_comes_from_elsewhere(some: Node) -> None:
    ids = [node.attributes["id"] for node in some.walk() if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    for node in some.walk():
        assert node.tag not in {"link", "img", "iframe", "object", "embed", "base", "image", "foreignobject"}
        for name, value in node.attributes.items():
            assert not name.startswith("on")
            assert name not in ("src", "style", "action", "srcset", "xlink:href")
            if name == "href":
                assert value is not None
                assert value.removeprefix("#") in ids
            assert not value or "url(" not in value or re.fullmatch(r"url\(#[\w-]+\)", value)
    assert "@import" not in some.one("style").text
    assert "url(" not in some.one("style").text


@pytest.mark.parametrize("script", [True, False])
def test_the_policy_allows_the_pages_own_parts_only(script: bool) -> None:
    html = page(SOME, script=script)
    tree = read(html)
    policy = tree.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"] or ""
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules.pop("default-src") == "'none'"
    assert rules.pop("base-uri") == rules.pop("form-action") == "'none'"
    for tag in ("style", *(["script"] if script else [])):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules.pop(f"{tag}-src") == f"'sha256-{digest}'"
    assert rules == {}


def skeleton(tree: Node) -> list[tuple[str, tuple[str, ...]]]:
    """The elements and the names of their attributes; not those that a chart draws or a text brings."""
    return [
        (node.tag, tuple(sorted(node.attributes)))
        for node in tree.walk()
        if node.tag and node.tag not in ("bdi", "g", "path", "use", "text", "defs")
    ]


#: Characters of any one text of the page, and what stands around it.
LONGEST = 4_000 + 100


@pytest.mark.parametrize("text", HOSTILE)
def test_no_string_from_the_traffic_becomes_markup(text: str) -> None:
    harmless, hostile = read(page(spoiled("word"))), read(page(spoiled(text)))
    if text.strip():
        assert skeleton(hostile) == skeleton(harmless)
    else:  # what is empty has no element
        assert set(skeleton(hostile)) <= set(skeleton(harmless))
    shown = [node for node in hostile.walk() if node.parent and node.parent.tag not in ("style", "script")]
    assert max(len(node.data) for node in shown) <= LONGEST
    places = harmless.text.count("word")
    assert len(hostile.text) < len(harmless.text) + places * 1_500  # few places show as much as they may


def test_letters_of_other_directions_keep_to_themselves() -> None:
    tree = read(page(spoiled("\u05d0\u05d1 \u0639\u0631\u0628")))
    for node in tree.walk():
        inside = node.parent is not None and node.parent.tag in ("bdi", "text")
        assert inside or "\u05d0" not in node.data or node.tag in ("title", "desc")


def test_the_same_report_gives_the_same_page() -> None:
    assert page(SOME) == page(SOME)


def test_times_are_written_at_the_offset_that_was_asked_for() -> None:
    tree = read(page(SOME, clock=CHINA))
    assert "Recorded 2024-01-31 20:00:00 – 2024-02-01 03:00:00, UTC+08:00" in tree.one("header").text
    assert tree.one("table", id="hosts").all("td", class_="seen")[0].text.startswith("2024-01-31 20:00:00")
    times = {one.attributes["datetime"] for one in tree.all("time")}
    assert "2024-01-31T20:00:00+08:00" in times
    assert "2024-01-31 20:00:00.123456" in tree.one("article", id="s1").text


def test_the_page_speaks_chinese(chinese: None) -> None:
    tree = read(page(SOME))
    assert tree.one("html").attributes["lang"] == "zh-CN"
    assert [heading.text for heading in tree.all("h2")][:4] == ["摘要", "图表", "主机", "证据"]
    assert "挖掘" not in tree.text
    words = set(re.findall(r"[a-z]{4,}", " ".join(cell for cell in figures(tree))))
    assert words == set()


def test_a_title_of_ones_own_is_a_text() -> None:
    tree = read(page(EMPTY, title="<b>March</b>"))
    assert tree.one("h1").text == tree.one("title").text == "<b>March</b>"


def test_charts_follow_the_theme(some: Node) -> None:
    style = some.one("style").text
    charts = some.all("svg", class_="chart")
    assert charts
    for chart in charts:
        name = chart.one("title").attributes["id"]
        assert name in (chart.attributes["aria-labelledby"] or "")
        for node in chart.walk():
            for kind in ("fill", "stroke"):
                colour = node.attributes.get(kind)
                if colour not in (None, "none"):
                    named = {value: key for key, value in COLOURS.items()}[colour]
                    assert f"{kind}-{named}" in (node.attributes.get("class") or "")
                    assert f".{kind}-{named} {{" in style


@pytest.mark.parametrize(
    ("text", "minutes"), [("+00:00", 0), ("+08:00", 480), ("-0330", -210), ("+14:00", 840), ("-00:00", 0)]
)
def test_offsets(text: str, minutes: int) -> None:
    assert zone_of(text).utcoffset(None) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "8", "+8", "08:00", "+08:60", "+15:00", "+٠٨:٠٠", "UTC", "+08:00:00"])
def test_what_is_no_offset(text: str) -> None:
    with pytest.raises(NetminedetError, match="write it like"):
        zone_of(text)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], 0),
        ([(5, 5)], 0),
        ([(0, 10), (20, 30)], 20),
        ([(0, 10), (5, 15)], 15),
        ([(0, 100), (10, 20), (90, 110)], 110),
        ([(20, 30), (0, 10), (0, 10)], 20),
        ([(-10, -5), (-6, 1)], 11),
    ],
)
def test_time_covered(spans: list[tuple[int, int]], expected: int) -> None:
    assert covered(spans) == expected


def host(name: str, role: Role, shares: int, *servers: str, pool: str | None = None) -> Suspect:
    pools = tuple(Pool(pool, server, 3333, tls=False) for server in servers)
    return replace(FARM, host=name, role=role, pools=pools, shares=Shares(shares, shares, 0))


MINER = host("10.0.0.1", Role.MINER, 5, "10.0.0.9")
BOTH = host("10.0.0.2", Role.MINER, 7, "10.0.0.9", "203.0.113.1")
OUTSIDE = host("10.0.0.9", Role.PROXY, 12, "203.0.113.1")
INSIDE = host("10.0.0.9", Role.POOL, 12)


@pytest.mark.parametrize(
    ("suspects", "expected"),
    [
        ([MINER], 5),
        ([MINER, OUTSIDE], 12),  # the proxy hands in what its miner handed in to it
        ([MINER, INSIDE], 5),  # a pool server's are its miners'
        ([BOTH, OUTSIDE], 19),  # one that mines elsewhere too is kept
        ([host("10.0.0.3", Role.MINER, 2)], 2),
        ([host("10.0.0.9", Role.PROXY, 3, "10.0.0.9")], 3),
    ],
)
def test_each_share_counts_once(suspects: list[Suspect], expected: int) -> None:
    assert sum(one.shares.submitted for one in counted_shares(suspects)) == expected


def test_groups_add_up_to_all() -> None:
    suspects = [FARM, PROXY, MONERO, LOOKUP]
    groups = group(suspects, lambda suspect: suspect.coins)
    assert {(one.name, one.is_word) for one in groups} == {("several", True), ("XMR", False)}
    assert sum(one.hosts for one in groups) == len(suspects)
    assert sum(one.shares.submitted for one in groups) == sum(one.shares.submitted for one in suspects)
    assert [one.hosts for one in group([], mined_at)] == []


def test_pools_have_their_own_names() -> None:
    known, unknown = pools_of([FARM, replace(MONERO, host="10.0.0.1")])
    assert (known.name, known.hosts) == ("AntPool", 1)
    assert known.servers == {("203.0.113.25", 3333), ("203.0.113.26", 443)}
    assert known.shares.submitted == 120
    assert unknown.name == "[2001:db8:ffff::1]:14444"


@pytest.mark.parametrize("length", [0, 1, 3600 * 10**9, 400 * 365 * 86400 * 10**9])
def test_any_stretch_of_time_can_be_drawn(length: int) -> None:
    first = -(2**62) if length > 10**18 else NOON
    report = SampleReport(suspects=(replace(FARM, first_seen=first, last_seen=first + length, evidence=()),))
    tree = read(page(report))
    assert len(tree.all("svg", class_="chart")) >= 3


@pytest.mark.parametrize("scale", [1e-320, 1e-12, 1.0, 1e280])
def test_any_rate_of_a_document_can_be_shown(scale: float) -> None:
    (one,) = FARM.hash_rates
    rate = replace(one.rate, low=84.0 * scale, typical=107.0 * scale, high=135.0 * scale)
    tree = read(page(SampleReport(suspects=(replace(FARM, hash_rates=(replace(one, rate=rate),)),))))
    assert len(lines(tree.one("table", id="rates-table"))) == 1


@pytest.mark.parametrize("count", [2, 3, STEPS, STEPS + 1, STEPS + 2, 10 * STEPS + 7])
def test_a_long_line_of_numbers_keeps_its_ends_and_its_peak(count: int) -> None:
    times, numbers = list(range(count)), [(number * 7919) % 1009 for number in range(count)]
    kept, shown = thinned(times, numbers)
    assert len(kept) == len(shown) <= STEPS + 1
    assert (kept[0], kept[-1], shown[-1]) == (times[0], times[-1], numbers[-1])
    assert max(shown) == max(numbers)
    assert kept == sorted(set(kept))
    assert set(shown) <= set(numbers)
