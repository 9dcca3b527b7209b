"""A guard against gross loss of speed: instructions a packet, which no other load on the machine changes.

Counted by valgrind's callgrind over the whole command, less those of its start-up.  The limits are about
half as much again as was measured (see ``docs/performance.md``): a small loss is the benchmark's to find.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from netminedet import sieve
from netminedet.signatures import load_signatures
from tests.bench.generate import cached_capture, head

#: Instructions a packet that the kernels may take.
LIMITS = {"mix": 2_200, "small": 1_550}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed"),
    pytest.mark.skipif(not sieve.compiled(), reason="the kernels are not compiled"),
]


def instructions(capture: Path, folder: Path) -> int:
    """What a scan of the capture takes."""
    tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder / 'out'}"]
    scan = [sys.executable, "-m", "netminedet", "scan", "--exit-zero", "--format", "json", "--no-sha256"]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [*tool, *scan, capture], capture_output=True, text=True, env=environment, check=True
    )
    counted = re.search(r"Collected : (\d+)", done.stderr)
    assert counted, done.stderr
    return int(counted[1])


def test_instructions_a_packet(tmp_path: Path) -> None:
    start_up = tmp_path / "few.pcap"
    head(cached_capture(tmp_path, "mix", 4, 0)[0], start_up, 5)
    load_signatures()  # leaves them in their cache
    least = instructions(start_up, tmp_path)
    for kind, limit in LIMITS.items():
        path, capture = cached_capture(tmp_path, kind, 4, 0)
        taken = (instructions(path, tmp_path) - least) / (capture.packets - 5)
        assert taken < limit, kind
        print(kind, round(taken))
