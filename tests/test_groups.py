"""Segments of known miners are read in groups: that must change nothing but the time it takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from netminedet import pipeline, scan

SAMPLES = sorted(path for path in Path("pcaps").glob("*.pcap*"))


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_the_size_of_a_group_changes_no_report(
    monkeypatch: pytest.MonkeyPatch, path: Path, size: int
) -> None:
    expected = scan(path).to_dict()
    monkeypatch.setattr(pipeline, "MAX_GROUP", size)
    assert scan(path).to_dict() == expected
