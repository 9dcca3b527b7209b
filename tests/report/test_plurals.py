"""One of a thing is not told as several."""

from __future__ import annotations

import io

import pytest
from msgspec.structs import replace
from page_reading import read
from report_samples import FARM, FEW, LOOKUP, MONERO, SOME
from test_page import page

from netminedet.estimate.rate import reported_rate
from netminedet.report.formats import load_format
from netminedet.report.sizes import size_lines


def test_the_head_of_a_block_list() -> None:
    one = replace(MONERO, pools=FARM.pools[:1])
    stream = io.StringIO()
    load_format("blocklist").render(replace(SOME, suspects=(one,)), stream)
    assert stream.getvalue().splitlines()[0].endswith(": 1 name, 0 addresses")


@pytest.mark.parametrize(("rates", "words"), [(4, "+1 more algorithm"), (5, "+2 more algorithms")])
def test_further_algorithms(rates: int, words: str) -> None:
    assert size_lines(replace(LOOKUP, hash_rates=(FEW,) * rates))[-1] == words


@pytest.mark.parametrize(("values", "words"), [([7.0], "1 time"), ([7.0, 8.0], "2 times")])
def test_reported_rates(values: list[float], words: str) -> None:
    found = reported_rate(values)
    assert found is not None
    assert found.method == f"as the miner reported it itself, {words}"


@pytest.mark.parametrize(("count", "words"), [(1, "{n} host"), (2, "{n} hosts")])
def test_the_count_above_the_table(count: int, words: str) -> None:
    suspects = (FARM, MONERO)[:count]
    shown = read(page(replace(SOME, suspects=suspects))).one("p", id="count")
    assert shown.attributes["data-all"] == words
