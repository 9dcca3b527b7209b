"""Real captures: every miner as its ground truth says, and nobody else."""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from netminedet import NetminedetError, Report, scan
from netminedet.model import Role, Suspect, Verdict
from tests.conftest import SHARED_CAPTURES, needs_shared_captures, shared_captures

#: The least that each state of a flow must come to.
LEAST = {
    "share-accepted": Verdict.CONFIRMED,
    "share-submitted": Verdict.CONFIRMED,
    "job-received": Verdict.CONFIRMED,
    "answered": Verdict.PROBABLE,
    "request-only": Verdict.PROBABLE,
}
DIALECTS = {
    "eth-proxy-stratum": "eth-proxy",
    "cryptonote-stratum": "cryptonote",
    "stratum-v1-btc": "stratum-v1",
    "zcash-stratum": "zcash-stratum",
}


@cache
def report_on(path: Path) -> Report:
    return scan(path, hash_inputs=False)


def _rows() -> list[dict[str, str]]:
    truth = SHARED_CAPTURES / "GROUND_TRUTH.csv"
    if not truth.is_file():
        return []
    with truth.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


MINERS = [row for row in _rows() if row["label"] == "mining"]


def _notes(row: dict[str, str]) -> dict[str, str]:
    return dict(part.split("=", 1) for part in row["notes"].split("; ") if "=" in part)


@needs_shared_captures
@pytest.mark.parametrize("row", MINERS, ids=lambda row: f"{Path(row['file']).stem}-{row['pool_ip']}")
def test_miner(row: dict[str, str]) -> None:
    suspects = {suspect.host: suspect for suspect in report_on(SHARED_CAPTURES / row["file"]).suspects}
    suspect: Suspect = suspects[row["miner_ip"]]
    notes = _notes(row)
    assert suspect.verdict >= LEAST[notes["status"]]
    assert suspect.role is Role.MINER
    assert DIALECTS[row["dialect"]] in suspect.dialects
    assert (row["pool_ip"], int(row["pool_port"])) in {(pool.ip, pool.port) for pool in suspect.pools}
    if notes["status"] == "share-accepted":
        assert suspect.shares.accepted > 0
    assert set(filter(None, notes.get("agent", "").split("|"))) <= set(suspect.agents)
    users = set(filter(None, notes.get("user", "").split("|")))
    # the ground truth cuts long names
    assert all(any(worker.startswith(user) for worker in suspect.workers) for user in users)


@needs_shared_captures
def test_nobody_else_mines() -> None:
    miners: dict[str, set[str]] = defaultdict(set)
    for row in MINERS:
        miners[row["file"]].add(row["miner_ip"])
    for path in shared_captures("mining"):
        accused = {one.host for one in report_on(path).suspects if one.verdict > Verdict.SUSPECTED}
        assert accused == miners[f"mining/{path.name}"], path.name


@needs_shared_captures
def test_benign_captures_accuse_nobody() -> None:
    for path in shared_captures("benign"):
        try:
            report = scan(path, hash_inputs=False)  # not kept: a report has its signatures, 2 MB
        except NetminedetError:
            continue
        accused = [one for one in report.suspects if one.verdict > Verdict.SUSPECTED]
        assert accused == [], path.name


@needs_shared_captures
@pytest.mark.parametrize("path", shared_captures("malformed"), ids=lambda path: path.name[:60])
def test_malformed_captures_are_read_or_refused(path: Path) -> None:
    try:
        accused = [one for one in scan(path, hash_inputs=False).suspects if one.verdict > Verdict.SUSPECTED]
    except NetminedetError as error:
        accused = []
        refusal = str(error)
    else:
        refusal = ""
    assert accused == []
    assert "\n" not in refusal
