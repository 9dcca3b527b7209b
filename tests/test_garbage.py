"""What a scan makes goes by its reference counts: no cycle waits for Python's collector."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from netminedet import scan
from tests.bench.generate import cached_capture
from tests.conftest import SAMPLES


def cycles_of(path: Path) -> set[str]:
    """The types of our own that a scan leaves to the collector."""
    scan(path)  # what is loaded at the first time makes some
    gc.collect()
    gc.disable()
    try:
        scan(path)
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        kinds = {type(one) for one in gc.garbage}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    return {kind.__name__ for kind in kinds if kind.__module__.startswith("netminedet")}


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.pcap*")), ids=lambda path: path.name)
def test_a_scan_makes_no_cycles(path: Path) -> None:
    assert not cycles_of(path)


@pytest.mark.parametrize("kind", ["mix", "flood-bombs", "flood-unfinished"])
def test_nor_does_a_flood(kind: str, tmp_path: Path) -> None:
    path, _ = cached_capture(tmp_path, kind, 2, 5)
    assert not cycles_of(path)
