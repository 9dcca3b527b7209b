"""The HTML page in a headless Chromium: no error, it sorts, filters and pages, prints, and fits."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from report_samples import EMPTY, FARM, LOOKUP, MONERO, SOME, SampleReport
from test_report_injection import HOSTILE, spoiled

from netminedet.holders import Unit
from netminedet.language import choose
from netminedet.report.like import ReportLike
from netminedet.report.page import PageOptions, write_page
from netminedet.report.page.pdf import browser
from netminedet.suspects import Shares, Verdict

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(browser() is None, reason="there is no Chromium")

#: More than two pages of the table.
MANY = SampleReport(
    suspects=tuple(
        replace(
            (FARM, MONERO, LOOKUP)[number % 3],
            host=f"10.1.{number // 100}.{number % 100 + 1}",
            verdict=list(Verdict)[number % 3],
            shares=Shares(number * 7 % 250, number * 7 % 250, 0),
            evidence=(),
        )
        for number in range(250)
    )
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    switches = ["--disable-gpu", "--disable-background-networking"]
    switches += ["--no-sandbox"] if os.geteuid() == 0 else []
    with api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=browser(), args=switches)
        yield found
        found.close()


class Opened:
    """A page that is open, with all that went wrong in it."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.problems: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.problems.append(message.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("dialog", lambda dialog: self.problems.append(dialog.message))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(path.as_uri())

    def shown(self) -> list[str]:
        """The hosts of the lines that can be seen."""
        hosts = self.page.locator("#hosts tbody tr:visible > th")
        return [text.split("\n")[0] for text in hosts.all_inner_texts()]

    def head(self, name: str) -> None:
        self.page.get_by_role("columnheader", name=name).get_by_role("button").click()

    def find(self, text: str, expected: str) -> None:
        """Search, and wait until as many hosts are told of as expected."""
        self.page.fill("#find", text)
        api.expect(self.page.locator("#count")).to_have_text(expected)


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Iterator[object]:
    contexts = []

    def open_report(
        report: ReportLike, *, width: int = 1280, script: bool = True, dark: bool = False, sections: int = 300
    ) -> Opened:
        path = tmp_path / "report.html"
        stream = io.StringIO()
        write_page(report, stream, PageOptions(sections=sections))
        path.write_text(stream.getvalue(), encoding="utf-8")
        context = chromium.new_context(
            viewport={"width": width, "height": 844},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
        )
        contexts.append(context)
        return Opened(context.new_page(), path)

    yield open_report
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", ["some", "empty", "hostile"])
def test_opens_without_an_error_and_asks_for_nothing(name: str, opened) -> None:  # type: ignore[no-untyped-def]
    texts = [parameter.values[0] for parameter in HOSTILE]
    hostile = SampleReport(suspects=tuple(spoiled(str(text)).suspects[0] for text in texts))
    one = opened({"some": SOME, "empty": EMPTY, "hostile": hostile}[name])
    assert one.problems == []
    assert [url.partition(":")[0] for url in one.asked] == ["file"]
    assert one.page.locator("img, iframe, object, link").count() == 0
    assert one.page.locator("script").count() == 1


def test_sorts_by_number_and_by_word(opened) -> None:  # type: ignore[no-untyped-def]
    one = opened(MANY)
    shares = {suspect.host: suspect.shares.submitted for suspect in MANY.suspects}
    one.head("Accepted / shares")
    first = one.shown()
    assert len(first) == 100
    assert [shares[name] for name in first] == sorted(shares.values(), reverse=True)[:100]
    one.head("Accepted / shares")
    assert [shares[name] for name in one.shown()] == sorted(shares.values())[:100]
    heads = one.page.locator("#hosts thead th[aria-sort]")
    assert heads.count() == 1
    assert heads.get_attribute("aria-sort") == "ascending"
    one.head("Host and role")
    assert one.shown() == sorted(shares, key=lambda name: [int(part) for part in name.split(".")])[:100]
    one.head("Verdict")
    assert set(one.page.locator("#hosts tbody tr:visible .mark").all_inner_texts()) == {
        "confirmed",
        "probable",
    }
    assert one.problems == []


def test_filters_by_text_verdict_and_role(opened) -> None:  # type: ignore[no-untyped-def]
    one = opened(MANY)
    page = one.page
    one.find("10.1.1. MINER", "33 of 250 hosts")
    assert all(name.startswith("10.1.1.") for name in one.shown())
    page.uncheck("#filters input[value='1']")
    assert one.shown() == []
    page.check("#filters input[value='1']")
    one.find("", "250 hosts")
    page.select_option("#role", "lookup only")
    assert page.inner_text("#count") == "83 of 250 hosts"
    assert len(one.shown()) == 83
    one.head("Accepted / shares")  # what is filtered out stays out
    assert page.inner_text("#count") == "83 of 250 hosts"
    assert one.problems == []


def test_pages_through_the_table(opened) -> None:  # type: ignore[no-untyped-def]
    one = opened(MANY)
    page = one.page
    seen = one.shown()
    assert page.get_by_role("button", name="Previous").is_disabled()
    for _ in range(2):
        page.get_by_role("button", name="Next").click()
        seen += one.shown()
    assert page.inner_text("#page") == "201–250 / 250"
    assert page.get_by_role("button", name="Next").is_disabled()
    assert seen == [suspect.host for suspect in MANY.suspects]
    page.get_by_role("button", name="Show all").click()
    assert one.shown() == seen
    assert one.problems == []


def test_a_link_back_to_the_table_finds_the_line(opened) -> None:  # type: ignore[no-untyped-def]
    one = opened(MANY)
    one.page.evaluate("location.hash = '#h230'")
    one.page.locator("#h230").wait_for(state="visible")
    assert MANY.suspects[229].host in one.shown()


def test_all_is_there_without_scripts(opened) -> None:  # type: ignore[no-untyped-def]
    one = opened(MANY, script=False)
    assert one.shown() == [suspect.host for suspect in MANY.suspects]
    assert not one.page.locator("#filters").is_visible()
    assert not one.page.locator("#pages").is_visible()


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1280, 1920])
def test_nothing_is_wider_than_the_screen(width: int, opened) -> None:  # type: ignore[no-untyped-def]
    texts = ["A" * 1000, "\u05d0" * 300, "矿" * 300]
    reports = [spoiled(text).suspects[0] for text in texts]
    one = opened(replace(SOME, suspects=(*SOME.suspects, *reports)), width=width)
    assert one.page.evaluate("document.documentElement.scrollWidth") == width
    assert one.page.evaluate("document.querySelector('.figures').getBoundingClientRect().right") <= width


#: The heads of columns, of one word each, that take more than one line.
BROKEN_HEADS = """(tables) => [...document.querySelectorAll(`${tables} thead th`)].filter((head) => {
  const word = head.innerText.trim(), range = document.createRange();
  if (!word || /[\\s／（]/.test(word)) return false;
  range.selectNodeContents(document.createTreeWalker(head, NodeFilter.SHOW_TEXT).nextNode());
  return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1;
}).map((head) => head.innerText)"""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_head_of_a_column_is_broken_within_a_word(language: str, opened) -> None:  # type: ignore[no-untyped-def]
    unit = Unit("10.1.0.0/16", "Mobile", "Chengdu", "Wuhou", "School 3", "school")
    suspects = tuple(replace(one, unit=unit) for one in MANY.suspects)
    choose(language)
    for width in (990, 1080, 1280, 1920):
        page = opened(replace(MANY, suspects=suspects), width=width).page
        assert page.locator(".area").count() == 5
        assert page.evaluate(BROKEN_HEADS, "table") == []
    page.set_viewport_size({"width": 680, "height": 1000})  # A4 between its margins
    page.emulate_media(media="print")
    assert page.evaluate(BROKEN_HEADS, "table:not(#hosts)") == []  # which is in landscape


def test_charts_keep_their_words_apart_and_within_the_screen(opened) -> None:  # type: ignore[no-untyped-def]
    many = [replace(one, shares=Shares(12_345_678, 12_345_678, 0)) for one in MANY.suspects]
    for width in (390, 1280):
        boxes = opened(replace(MANY, suspects=tuple(many)), width=width).page.evaluate(
            """() => [...document.querySelectorAll("svg.chart")].map((chart) =>
                 [...chart.querySelectorAll("text")].map((one) => one.getBoundingClientRect())
                   .filter((box) => box.width).map((box) => [box.left, box.top, box.right, box.bottom]))"""
        )
        assert sum(map(len, boxes)) > 20
        for chart in boxes:
            assert all(left >= 0 and right <= width for left, _top, right, _bottom in chart)
            for number, (left, top, right, bottom) in enumerate(chart):
                for other in chart[:number]:
                    beside = other[0] >= right - 1 or other[2] <= left + 1
                    assert beside or other[1] >= bottom - 4 or other[3] <= top + 4


#: The contrast of WCAG 2.2 between an element's letters and what is behind them.
CONTRAST = """selector => {
  const luminance = (colour) => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const behind = luminance(getComputedStyle(document.documentElement).backgroundColor);
  return [...document.querySelectorAll(selector)].map((one) => {
    const style = getComputedStyle(one);
    const letters = luminance(one.ownerSVGElement ? style.fill : style.color);
    const [low, high] = [letters, behind].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  });
}"""


@pytest.mark.parametrize("dark", [False, True])
def test_letters_can_be_read_in_both_themes(dark: bool, opened) -> None:  # type: ignore[no-untyped-def]
    one = opened(SOME, dark=dark)
    contrasts = one.page.evaluate(CONTRAST, "h1, h2, h3, p, dt, dd, td, th, a, .mark, .sub, .note, svg text")
    assert len(contrasts) > 100
    assert min(contrasts) >= 4.5


def test_prints_all_lines_whatever_page_is_shown(opened) -> None:  # type: ignore[no-untyped-def]
    one = opened(MANY)
    one.page.emulate_media(media="print")
    assert one.shown() == [suspect.host for suspect in MANY.suspects]
    assert not one.page.locator("nav").is_visible()
    printed = one.page.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF-")
    assert printed.count(b"/Type /Page\n") > 4
    assert one.problems == []


def test_a_packed_section_is_brought_up_from_the_table(opened) -> None:  # type: ignore[no-untyped-def]
    found = opened(SOME, sections=2)
    api.expect(found.page.locator("article")).to_have_count(2)
    found.page.locator("#h4 th a").click()
    api.expect(found.page.locator("article")).to_have_count(3)
    api.expect(found.page.locator("#s4")).to_be_in_viewport()
    api.expect(found.page.locator("#s4 .host")).to_have_text(SOME.suspects[3].host)
    found.page.locator("#further button").click()
    api.expect(found.page.locator("article")).to_have_count(len(SOME.suspects))
    ids = [one.get_attribute("id") for one in found.page.locator("article").all()]
    assert ids == [f"s{number}" for number in range(1, len(SOME.suspects) + 1)]
    api.expect(found.page.locator("#further")).to_be_hidden()
    assert found.problems == []


def test_a_browser_that_cannot_unpack_says_what_to_do(chromium: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    with path.open("w", encoding="utf-8") as stream:
        write_page(SOME, stream, PageOptions(sections=2))
    for is_old in (True, False):
        context = chromium.new_context()
        context.add_init_script("delete window.DecompressionStream" if is_old else "")
        found = Opened(context.new_page(), path)
        api.expect(found.page.locator("#further button")).to_be_visible(visible=not is_old)
        api.expect(found.page.locator("#packed")).to_be_visible(visible=not is_old)
        api.expect(found.page.locator("#sealed")).to_be_visible(visible=is_old)
        assert ("--sections 5" in found.page.locator("#evidence").inner_text()) is is_old
        assert found.problems == []
        context.close()


def test_what_is_packed_stays_harmless(opened) -> None:  # type: ignore[no-untyped-def]
    for parameter in HOSTILE:
        found = opened(spoiled(str(parameter.values[0])), sections=0)
        found.page.locator("#further button").click()
        api.expect(found.page.locator("article").first).to_be_visible()
        assert found.problems == []
        assert len(found.asked) == 1
