"""Limits on memory: how a cap is shared, and that floods change neither the report nor the bounds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from netminedet import scan
from netminedet.errors import NetminedetError
from netminedet.limits import (
    DEFAULT_LIMITS,
    FIXED_BYTES,
    LEAST_BYTES,
    MOST_FLOWS,
    Limits,
    limits_for,
    parse_size,
)
from tests.bench.generate import cached_capture

FLOODS = {
    "flood-syn": None,
    "flood-fragments": "datagrams_evicted",
    "flood-json": None,
    "flood-unfinished": None,
    "flood-names": "names_not_kept",
    "flood-nested": None,
    "flood-bombs": None,
}
LEAST = FIXED_BYTES + LEAST_BYTES


@pytest.mark.parametrize(
    ("text", "size"),
    [("500M", 500_000_000), ("2g", 2_000_000_000), ("1GiB", 1 << 30), ("700", 700), ("3 KB", 3000)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "M", "-1", "1.5G", "5X", "5i", "9" * 13])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(NetminedetError, match="not a size"):
        parse_size(text)


def test_more_than_any_machine_has_is_refused() -> None:
    with pytest.raises(NetminedetError, match="too much; give at most 1024TiB"):
        parse_size("9000T")
    with pytest.raises(NetminedetError, match="too many; give --max-flows at most 1073741824"):
        limits_for(None, MOST_FLOWS + 1)
    assert limits_for(None, MOST_FLOWS).flows == MOST_FLOWS


def test_no_cap_changes_nothing() -> None:
    assert limits_for(None) == DEFAULT_LIMITS
    assert limits_for(None, 5) == Limits(flows=5)
    assert limits_for(1 << 50) == DEFAULT_LIMITS


def test_too_little_memory_names_the_least() -> None:
    with pytest.raises(NetminedetError, match=f"at least {LEAST // 1_000_000}M"):
        limits_for(LEAST - 1)


@given(st.integers(LEAST, 1 << 36), st.integers(0, 1 << 34))
def test_more_memory_is_never_fewer_entries(size: int, more: int) -> None:
    small, large = astuple(limits_for(size)), astuple(limits_for(size + more))
    assert all(0 < a <= b <= c for a, b, c in zip(small, large, astuple(DEFAULT_LIMITS), strict=True))
    assert 64 * limits_for(size).flows <= (size - FIXED_BYTES) // 2


@pytest.mark.parametrize("kind", FLOODS)
def test_miners_are_found_in_a_flood(kind: str, tmp_path: Path) -> None:
    path, capture = cached_capture(tmp_path, kind, 2, 5)
    report = scan(path, max_memory=LEAST, hash_inputs=False)
    limits = limits_for(LEAST)
    accused = {suspect.host for suspect in report.suspects if suspect.verdict.name != "SUSPECTED"}
    assert accused == {miner["host"] for miner in capture.miners}
    found = report.findings
    assert len(found.flows) <= limits.mining_flows
    assert len(found.names) <= limits.names
    assert len(found.answers) <= limits.answers
    assert len(found.traffic) <= limits.traffic
    if counter := FLOODS[kind]:
        assert report.totals[counter] > 0


def test_conversations_without_mining_give_way_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netminedet.limits.limits_for", lambda *_: Limits(conversations=40))
    path, capture = cached_capture(tmp_path, "flood-bombs", 3, 5)
    report = scan(path, hash_inputs=False)
    assert report.totals["conversations_evicted"] > 0
    assert {miner["host"] for miner in capture.miners} <= {suspect.host for suspect in report.suspects}
