"""Rates on the page: their unit in charts, and how they were reckoned."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from page_reading import read
from test_page import page

from netminedet import scan
from netminedet.language import choose, told
from netminedet.report.document import json_text
from netminedet.report.page.charts import Span, ranges
from netminedet.report.reading import parse_report
from tests.conftest import SAMPLES


@pytest.fixture(params=["en", "zh"])
def semicolon(request: pytest.FixtureRequest) -> Iterator[str]:
    """What ends a part of a sentence in the language of the process."""
    choose(request.param)
    yield {"en": ";", "zh": "；"}[request.param]
    choose("en")


@pytest.mark.parametrize(
    ("units", "expected", "missing"),
    [
        (("Sol", "Sol"), ["kSol/s", "first", "second"], ["(Sol/s)", "H/s"]),
        (("H", "H"), ["kH/s"], ["(H/s)"]),
        (("H", "Sol"), ["first (H/s)", "second (Sol/s)", " k/s"], ["kH/s", "kSol/s"]),
    ],
)
def test_rates_are_drawn_with_their_unit(
    units: tuple[str, str], expected: list[str], missing: list[str]
) -> None:
    spans = [Span(label, 2e3, 5e3, 9e4, unit) for label, unit in zip(("first", "second"), units, strict=True)]
    text = " ".join(node.text for node in read(ranges("rates", spans, ("Rates", ""))).all("text"))
    assert [word for word in expected if word not in text] == []
    assert [word for word in missing if word in text] == []


def test_the_rate_is_not_told_again_with_its_power(semicolon: str) -> None:
    report = scan(SAMPLES / "stratum-v1.pcap")
    whole = read(page(report)).text
    rates = [one for suspect in report.suspects for one in suspect.hash_rates if one.power is not None]
    assert rates
    for one in rates:
        assert one.power is not None
        method, assumption = told(one.rate.method), told(one.power.assumption)
        assert assumption.endswith(method)
        assert method in whole
        assert assumption not in whole
        basis = assumption.removesuffix(method).rpartition(semicolon)[0]
        assert len(basis) > 10
        assert basis in whole


def test_names_of_algorithms_are_not_cut() -> None:
    names = ("cryptonight", "equihash-200-9", "autolykos-v2", "sha256d")
    spans = [Span(name, 1e3, 2e3, 3e3, "Sol" if "equi" in name else "H") for name in names]
    text = " ".join(node.text for node in read(ranges("rates", spans, ("Rates", ""))).all("text"))
    assert all(name in text for name in names)


def test_the_page_of_a_scan_is_that_of_its_document() -> None:
    report = scan(SAMPLES / "stratum-v1.pcap")
    assert any(one.rate.typical is not None for suspect in report.suspects for one in suspect.hash_rates)
    read_back = parse_report(json_text(report.to_dict()).encode(), "report.json")
    assert page(report) == page(read_back)
