"""The soak: ``python -m tests.bench.soak --hours 4`` watches steady traffic and draws what it took.

Sends a capture over a veth pair at a steady rate, again and again, and reads the ``stats`` events.  Leaves
``soak.csv`` and ``soak.svg`` (resident memory, share of a core, packets lost, entries kept) in ``--dir``.
Needs root, for a network namespace.
"""

from __future__ import annotations

import argparse
import csv
import json
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.generate import cached_capture
from tests.bench.live import cpu_seconds
from tests.live.wire import FAR, NEAR, Wire, why_not

HERE = Path(__file__).parent
COLUMNS = ("seconds", "memory_mb", "core_share", "lost", "kept_hosts", "kept_flows")
_WIDTH, _HEIGHT, _MARGIN = 900, 130, 60


def svg(rows: Sequence[Sequence[float]]) -> str:
    """A line for each column over the first one."""
    parts = []
    last = max(rows[-1][0], 1.0)
    for number, name in enumerate(COLUMNS[1:], 1):
        top = (number - 1) * (_HEIGHT + 30) + 20
        most = max(max(row[number] for row in rows), 1e-9)
        across = [_MARGIN + row[0] / last * (_WIDTH - _MARGIN) for row in rows]
        down = [top + _HEIGHT * (1 - row[number] / most) for row in rows]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))
        parts.append(
            f'<text x="0" y="{top + 10}">{name}</text><text x="0" y="{top + 26}">{most:.3g}</text>'
            f'<polyline fill="none" stroke="#2060a0" points="{points}"/>'
            f'<line x1="{_MARGIN}" x2="{_WIDTH}" y1="{top + _HEIGHT}" y2="{top + _HEIGHT}" stroke="#aaa"/>'
        )
    height = len(COLUMNS) * (_HEIGHT + 30)
    size = f'width="{_WIDTH}" height="{height}" font-family="sans-serif" font-size="11"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>\n'


def row_of(event: dict[str, Any], began: float, spent: float, before: list[float]) -> list[float]:
    """A line of the table out of a stats event."""
    own = event["netminedet"]
    seconds = time.monotonic() - began
    share = (spent - before[1]) / max(seconds - before[0], 1e-3)
    before[:] = seconds, spent
    lost = own["capture"]["dropped"]
    stages = own["stages"]
    memory = own["memory"]["resident"] / 1e6
    return [
        round(seconds, 1),
        round(memory, 1),
        round(share, 4),
        lost,
        stages["kept_hosts"],
        stages["kept_flows"],
    ]


def soak(wire: Wire, given: argparse.Namespace, file: Path) -> list[list[float]]:
    """Watch for so long; the table."""
    events = given.dir / "soak.jsonl"
    events.unlink(missing_ok=True)
    every = str(given.every)
    command = [sys.executable, "-m", "netminedet", "watch", "-i", FAR, "-q", "-o", str(events)]
    watch = wire.start(*command, "--stats-every", every, "--state", str(given.dir / "soak.state"))
    time.sleep(4)
    blast = [sys.executable, "-m", "tests.bench.blast", NEAR, str(file)]
    sender = wire.start(*blast, "--seconds", str(given.hours * 3600), "--rate", str(given.rate))
    began, rows, told = time.monotonic(), [], 0
    before = [0.0, cpu_seconds(watch.pid)]
    while sender.poll() is None:
        time.sleep(given.every)
        stats = [line for line in events.read_text(encoding="utf-8").splitlines() if '"stats"' in line[:80]]
        if len(stats) > told:
            told = len(stats)
            rows.append(row_of(json.loads(stats[-1]), began, cpu_seconds(watch.pid), before))
    watch.send_signal(signal.SIGTERM)
    watch.communicate(timeout=60)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=4)
    parser.add_argument("--rate", type=float, default=20_000, help="packets a second")
    parser.add_argument("--every", type=float, default=10, help="seconds between two lines of the table")
    parser.add_argument("--capture", default="mix")
    parser.add_argument("--mb", type=float, default=100)
    parser.add_argument("--dir", type=Path, default=HERE / "captures")
    given = parser.parse_args()
    if reason := why_not():
        sys.exit(f"the soak {reason}")
    given.dir.mkdir(exist_ok=True)
    file = cached_capture(given.dir, given.capture, given.mb, 50)[0]
    wire = Wire()
    try:
        rows = soak(wire, given, file)
    finally:
        wire.close()
    with (given.dir / "soak.csv").open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([COLUMNS, *rows])
    (given.dir / "soak.svg").write_text(svg(rows), encoding="utf-8")
    print(f"{given.dir}/soak.csv, soak.svg: memory {rows[0][1]} to {rows[-1][1]} MB, lost {rows[-1][3]}")


if __name__ == "__main__":
    main()
