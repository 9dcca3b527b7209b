"""Times, and strings for people."""

from __future__ import annotations

import doctest
import json
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.report import document, text, times
from netminedet.report.columns import fold, shorten

TIMES = [
    pytest.param(0, "1970-01-01T00:00:00.000000+00:00", id="epoch"),
    pytest.param(-1, "1969-12-31T23:59:59.999999999+00:00", id="just-before"),
    pytest.param(-1_000, "1969-12-31T23:59:59.999999+00:00", id="microsecond-before"),
    pytest.param(1_706_702_400_123_456_789, "2024-01-31T12:00:00.123456789+00:00", id="nanoseconds"),
    pytest.param(1_706_702_400_100_000_000, "2024-01-31T12:00:00.100000+00:00", id="zeros-kept"),
    pytest.param(1_706_702_400_000_000_001, "2024-01-31T12:00:00.000000001+00:00", id="one-nanosecond"),
    pytest.param((2**32 - 1) * 10**9, "2106-02-07T06:28:15.000000+00:00", id="2106"),
    pytest.param(2**63 - 1, "2262-04-11T23:47:16.854775807+00:00", id="latest"),
    pytest.param(-(2**63), "1677-09-21T00:12:43.145224192+00:00", id="earliest"),
]


@pytest.mark.parametrize(("moment", "expected"), TIMES)
def test_iso8601(moment: int, expected: str) -> None:
    assert times.iso8601(moment) == expected


@given(st.integers(-(2**63), 2**63 - 1))
def test_iso8601_loses_nothing(moment: int) -> None:
    written = times.iso8601(moment)
    whole = datetime.fromisoformat(written[:19] + "+00:00") - datetime(1970, 1, 1, tzinfo=timezone.utc)
    fraction = written[20 : written.index("+")].ljust(9, "0")
    assert (whole.days * 86_400 + whole.seconds) * 10**9 + int(fraction) == moment


PRINTABLE = [
    pytest.param("farm01.rack3", "farm01.rack3", id="plain"),
    pytest.param("\x1b[31mred\x1b]0;title\x07", r"\x1b[31mred\x1b]0;title\x07", id="ansi"),
    pytest.param("\x9b31m", r"\x9b31m", id="c1"),
    pytest.param("a\nb\r\tc\x00", r"a\nb\r\tc\x00", id="controls"),
    pytest.param("a\u2028b", r"a\u2028b", id="line-separator"),
    pytest.param("\u202egnp.exe", r"\u202egnp.exe", id="right-to-left"),
    pytest.param("\u200b\u2066\ufeff", r"\u200b\u2066\ufeff", id="invisible"),
    pytest.param("caf\udce9", r"caf\udce9", id="surrogate"),
    pytest.param("矿工", "矿工", id="cjk"),
    pytest.param("e\u0301", "e\u0301", id="accent"),
    pytest.param("e" + "\u0301" * 4, "e\u0301\u0301" + r"\u0301\u0301", id="tower-of-accents"),
    pytest.param("[red]x[/red]", "[red]x[/red]", id="markup"),
]


@pytest.mark.parametrize(("given", "expected"), PRINTABLE)
def test_printable(given: str, expected: str) -> None:
    assert text.printable(given) == expected


def test_a_long_text_loses_its_middle_and_costs_little() -> None:
    shown = text.printable("head" + "\u0301" * 1_000_000 + "tail")
    assert shown.startswith("head")
    assert shown.endswith("tail")
    assert len(shown) < 10 * text.PRINTABLE_LIMIT


@pytest.mark.parametrize("width", range(1, 12))
def test_shorten_and_fold_keep_the_width(width: int) -> None:
    from rich.cells import cell_len

    for whole in ("", "ab", "pool.example.org:3333", "矿工一号机房", "a矿b工c"):
        assert cell_len(shorten(whole, width)) <= width
        pieces = fold(whole, width)
        assert "".join(pieces) == whole
        assert all(cell_len(piece) <= max(width, 2) for piece in pieces)


def test_shorten_keeps_both_ends() -> None:
    assert shorten("bc1qxy2kgdygjrsqtzq2n0yrf2493p83kkfjhx0wlh", 11) == "bc1qx…x0wlh"


def test_fold_breaks_behind_punctuation() -> None:
    address = "2001:db8:85a3:8d3:1319:8a2e:370:7348"
    assert fold(address, 15) == ["2001:db8:85a3:", "8d3:1319:8a2e:", "370:7348"]


SIZES = [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (999_499, "999 kB"), (999_500, "1 MB"), (10**18, "1 EB")]


@pytest.mark.parametrize(("number", "expected"), SIZES)
def test_size(number: int, expected: str) -> None:
    assert text.size(number) == expected


@pytest.mark.parametrize("module", [text, times])
def test_examples_in_docstrings(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("indent", [None, 2])
def test_what_cannot_be_printed_is_escaped_in_json(indent: int | None) -> None:
    every = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    risky = [one for one in every if document._RISKY.fullmatch(one)]
    assert risky
    assert not any(one.isprintable() for one in risky)  # what ``json_text`` goes by
    shown = document.json_text({"a": "x\u3000y", "b": "".join(risky)}, indent=indent)
    assert "x\u3000y" in shown
    assert document._RISKY.search(shown) is None
    assert json.loads(shown) == {"a": "x\u3000y", "b": "".join(risky)}
    assert document._RISKY.search(document.json_text({"c": "plain"}, indent=indent)) is None
