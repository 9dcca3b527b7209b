"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "pcaps"
SHARED_CAPTURES = ROOT.parent / "shared" / "captures"

needs_shared_captures = pytest.mark.skipif(
    not SHARED_CAPTURES.is_dir(), reason="the folder of real captures is not beside the checkout"
)


def shared_captures(kind: str) -> list[Path]:
    """The files of one folder of the real captures; none where the folder is missing."""
    return sorted(path for path in (SHARED_CAPTURES / kind).rglob("*") if path.is_file())
