"""Hash rates and power in the words of the table, and in the document."""

from __future__ import annotations

import doctest

import pytest
from msgspec.structs import replace
from report_samples import FARM, FEW, LOOKUP, MONERO, PROXY, SHA256D

from netminedet.report import sizes
from netminedet.report.document import estimates_document, suspect_document
from netminedet.report.sizes import ranged_rate, size_cell, size_lines, total_lines
from netminedet.suspects import Suspect


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(sizes).failed == 0


UNBOUNDED = replace(FEW, rate=replace(FEW.rate, high=None), reported=None)
LINES = [
    pytest.param(LOOKUP, [], id="nothing-measured"),
    pytest.param(
        FARM,
        ["sha256d: 108 TH/s (84.1–136); 3.25 kW (2.4–4.5), 78 kWh a day (57.6–108) assuming its model"],
        id="a-rate-and-power",
    ),
    pytest.param(
        MONERO,
        ["randomx: too few shares for a rate: 0 in 32 s, at most 882 H/s; reported by itself: 706 H/s"],
        id="too-few-shares",
    ),
    pytest.param(
        replace(MONERO, hash_rates=(UNBOUNDED,)),
        ["randomx: too few shares for a rate: 0 in 32 s"],
        id="not-even-a-bound",
    ),
    pytest.param(
        replace(LOOKUP, hash_rates=(UNBOUNDED,) * 5, rigs=1),
        [
            *["randomx: too few shares for a rate: 0 in 32 s"] * 3,
            "+2 more algorithms",
            "1 rig behind it, by different logins or nonces",
        ],
        id="many",
    ),
]


@pytest.mark.parametrize(("suspect", "expected"), LINES)
def test_lines_of_a_suspect(suspect: Suspect, expected: list[str]) -> None:
    assert size_lines(suspect) == expected


CELLS = [
    pytest.param((), ["-"], id="nothing"),
    pytest.param((SHA256D,), ["108 TH/s", "3.25 kW"], id="a-rate"),
    pytest.param((FEW, SHA256D), ["< 882 H/s", "+1 more"], id="two"),
    pytest.param((UNBOUNDED,), ["few shares"], id="no-bound"),
]


@pytest.mark.parametrize(("rates", "expected"), CELLS)
def test_cells(rates: tuple[object, ...], expected: list[str]) -> None:
    assert size_cell(replace(FARM, hash_rates=rates)) == expected  # type: ignore[arg-type]


def test_units_are_told_apart() -> None:
    rate = replace(SHA256D.rate, low=748.0, typical=1032.0, high=1390.0)
    assert ranged_rate(rate) == "1.03 kH/s (748 H/s – 1.39 kH/s)"


TOTALS = [
    pytest.param([LOOKUP], [], id="nothing"),
    pytest.param([MONERO], ["1 miner, too few shares for a hash rate"], id="too-few"),
    pytest.param(
        [FARM, MONERO],
        [
            "2 miners",
            "sha256d: 108 TH/s (84.1–136), 1 host",
            "3.25 kW (2.4–4.5), 78 kWh a day (57.6–108), 1 host",
        ],
        id="some",
    ),
    pytest.param(
        [PROXY],
        [
            "0 miners",
            "proxies and pools left out: their shares are their miners'",
        ],
        id="a-proxy-only",
    ),
]


@pytest.mark.parametrize(("suspects", "expected"), TOTALS)
def test_totals(suspects: list[Suspect], expected: list[str]) -> None:
    assert total_lines(suspects) == expected


def test_the_document_rounds() -> None:
    (rate,) = suspect_document(FARM)["hash_rates"]
    assert (rate["typical"], rate["seconds"], rate["ambiguity"]) == (107_778_000_000_000.0, 18000.0, None)
    assert rate["power"]["kwh_day"] == {"low": 57.6, "typical": 78.0, "high": 108.0}


def test_the_document_leaves_the_unknown_null() -> None:
    (rate,) = suspect_document(MONERO)["hash_rates"]
    assert (rate["low"], rate["typical"], rate["high"], rate["power"]) == (None, None, 881.639, None)
    assert rate["reported"]["typical"] == 705.5
    assert suspect_document(PROXY)["rigs"] == 12


def test_the_sums_of_the_document() -> None:
    assert estimates_document([]) == {"hosts": 0, "hash_rates": [], "power": None}
    sums = estimates_document([FARM, PROXY, MONERO])
    assert (sums["hosts"], sums["hash_rates"][0]["hosts"], sums["power"]["hosts"]) == (2, 1, 1)
