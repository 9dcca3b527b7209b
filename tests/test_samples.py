"""The sample captures: made anew they are the same bytes, and a scan says what it must."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PCAPS = Path(__file__).parent.parent / "pcaps"
CAPTURES = sorted(PCAPS.glob("*.pcap*"))


def facts(suspect: Any) -> dict[str, Any]:
    """What an expectation says of a suspect, taken from the report."""
    shares = suspect.shares
    return {
        "host": suspect.host,
        "verdict": suspect.verdict.label,
        "role": suspect.role.value,
        "dialects": sorted(suspect.dialects),
        "workers": sorted(suspect.workers),
        "agents": sorted(suspect.agents),
        "wallets": sorted(suspect.wallets),
        "shares": {
            "submitted": shares.submitted,
            "accepted": shares.accepted,
            "rejected": shares.rejected,
        },
    }


def expectation(capture: Path) -> list[dict[str, Any]]:
    """The hand-written expectation beside a capture."""
    expected: list[dict[str, Any]] = json.loads(capture.with_suffix(".expect.json").read_text())
    return expected


def by_host(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The rows by host: order is no part of the expectation."""
    return {row["host"]: row for row in rows}


def test_script_writes_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("scapy")
    script = PCAPS / "make_samples.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, capture_output=True)
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == [path.name for path in CAPTURES]
    changed = [name for name in made if (tmp_path / name).read_bytes() != (PCAPS / name).read_bytes()]
    assert not changed


def test_each_capture_has_an_expectation() -> None:
    captures = {path.stem for path in CAPTURES}
    assert captures == {path.name.removesuffix(".expect.json") for path in PCAPS.glob("*.expect.json")}
    assert captures


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.name)
def test_expectation_is_well_formed(capture: Path) -> None:
    rows = expectation(capture)
    assert len(by_host(rows)) == len(rows)
    for row in rows:
        lists = [row[key] for key in ("dialects", "workers", "agents", "wallets")]
        assert all(values == sorted(set(values)) for values in lists)
        assert row["verdict"] in ("confirmed", "probable", "suspected")
        assert row["shares"]["submitted"] >= row["shares"]["accepted"] + row["shares"]["rejected"]


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.name)
def test_scan_says_what_it_must(capture: Path) -> None:
    api = pytest.importorskip("netminedet.api")
    report = api.scan([capture])
    assert by_host([facts(suspect) for suspect in report.suspects]) == by_host(expectation(capture))
