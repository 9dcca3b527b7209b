"""Runs whole commands and measures them: wall time, processor time, peak memory."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.generate import Capture, head
from tests.bench.tools import Accused, Tool

#: Packets of the capture on which start-up is measured.
FEW_PACKETS = 5

TIMED = Path(__file__).parent / "timed.py"


@dataclass(frozen=True)
class Run:
    """One run of a command."""

    seconds: float
    cpu_seconds: float
    peak_rss: int
    code: int


@dataclass
class Series:
    """All runs of one tool on one capture, and of its start-up."""

    tool: Tool
    capture: Path
    packets: int
    bytes: int
    starts: list[Run] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    @property
    def start_up(self) -> float:
        """Seconds of the quickest start-up."""
        return min(run.seconds for run in self.starts)

    @property
    def net(self) -> float:
        """Seconds of the quickest run less the quickest start-up."""
        return min(run.seconds for run in self.runs) - self.start_up


class Bench:
    """Where commands run: a scratch folder, perhaps one core."""

    def __init__(self, scratch: Path, root: Path, core: int | None) -> None:
        self.scratch = scratch
        self.prefix = [] if core is None else ["taskset", "-c", str(core)]
        path = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))
        self.environment = {**os.environ, "PYTHONPATH": path}
        # with it, every run would compile the modules anew, which no installed program does
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def run(self, command: Sequence[str], output: Path | None = None) -> Run:
        """Run a command to its end; its standard output goes to ``output`` or nowhere."""
        timed = [sys.executable, "-I", "-S", str(TIMED), str(output or os.devnull)]
        result = subprocess.run(
            [*self.prefix, *timed, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=self.scratch,
            env=self.environment,
            check=True,
        )
        seconds, cpu, peak, code = result.stdout.split()
        return Run(float(seconds), float(cpu), int(peak), int(code))

    def accusations(self, series: Series) -> Accused | None:
        """Whom the tool accuses; None if it names nobody or failed."""
        tool = series.tool
        if tool.accused is None:
            return None
        output = self.scratch / "output"
        code = self.run(tool.arguments(series.capture), output).code
        if tool.detect is not None:
            code = self.run(tool.arguments(series.capture, tool.detect), output).code
        return tool.accused(output.read_text(errors="replace")) if code in tool.success else None


def prepare(tool: Tool, path: Path, capture: Capture, scratch: Path) -> Series:
    """The series of a tool: the whole capture, or the slice that is enough for a slow tool."""
    if not tool.slice_packets or tool.slice_packets >= capture.packets:
        return Series(tool, path, capture.packets, capture.bytes)
    part = scratch / f"{path.stem}-first{tool.slice_packets}.pcap"
    if not part.exists():
        head(path, part, tool.slice_packets)
    return Series(tool, part, tool.slice_packets, part.stat().st_size)


def measure_capture(
    bench: Bench, tools: list[Tool], path: Path, capture: Capture, repeat: int
) -> list[dict[str, Any]]:
    """Measure each tool on one capture, taking turns, and say what each found."""
    few = bench.scratch / "few.pcap"
    head(path, few, FEW_PACKETS)
    series = [prepare(tool, path, capture, bench.scratch) for tool in tools if tool.command]
    for _ in range(repeat):
        for one in series:
            one.starts.append(bench.run(one.tool.arguments(few)))
            one.runs.append(bench.run(one.tool.arguments(one.capture)))
    bare = next((one for one in series if one.tool.name == "bare-read"), None)
    rows = [describe(one, bare, capture, bench.accusations(one)) for one in series]
    missing = [{"tool": tool.name, "status": "not installed"} for tool in tools if not tool.command]
    for one in series:
        if one.capture != path:
            one.capture.unlink(missing_ok=True)
    return rows + missing


def describe(
    series: Series, bare: Series | None, capture: Capture, accused: Accused | None
) -> dict[str, Any]:
    """One tool's figures on one capture."""
    codes = {run.code for run in (*series.starts, *series.runs)}
    whole = series.packets == capture.packets
    net = series.net
    row: dict[str, Any] = {
        "tool": series.tool.name,
        "status": "ok" if codes <= set(series.tool.success) else f"failed: exit codes {sorted(codes)}",
        "slice": None if whole else f"first {series.packets} of {capture.packets} packets",
        "packets": series.packets,
        "bytes": series.bytes,
        "wall_s": spread([run.seconds for run in series.runs]),
        "start_up_s": spread([run.seconds for run in series.starts]),
        "cpu_s": spread([run.cpu_seconds for run in series.runs]),
        "net_s": round(net, 4),
        "packets_per_s": round(series.packets / net) if net > 0 else None,
        "bytes_per_s": round(series.bytes / net) if net > 0 else None,
        "peak_rss_bytes": max(run.peak_rss for run in series.runs),
    }
    if bare is not None and bare.net > 0 and net > 0:
        row["times_bare_read"] = round((net / series.bytes) / (bare.net / bare.bytes), 2)
    if accused is not None:
        row["miners"] = compare(accused, {miner["host"] for miner in capture.miners}, whole)
    return row


def relate(results: list[dict[str, Any]]) -> None:
    """Add to each tool's row ``of_mix``: its packets/s and bytes/s as a part of those on the internet mix."""
    mixes = [one for one in results if one["capture"] == "mix"]
    known = {row["tool"]: row for one in mixes for row in one["tools"]}
    for row in (row for one in results for row in one["tools"]):
        mix = known.get(row["tool"], {})
        if row.get("packets_per_s") and mix.get("packets_per_s"):
            row["of_mix"] = {
                "packets": round(row["packets_per_s"] / mix["packets_per_s"], 3),
                "bytes": round(row["bytes_per_s"] / mix["bytes_per_s"], 3),
            }


def spread(values: list[float]) -> dict[str, float]:
    """Smallest and middle of the repetitions."""
    return {"min": round(min(values), 4), "median": round(statistics.median(values), 4)}


def compare(accused: Accused, hidden: set[str], whole: bool) -> dict[str, Any]:
    """Found, missed and falsely accused; what is missed is unknown of a slice."""
    named = set().union(*accused) if accused else set()
    false = [sorted(ends) for ends in accused if not ends & hidden]
    missed = sorted(hidden - named)
    result: dict[str, Any] = {"hidden": len(hidden), "found": len(hidden & named)}
    result["missed"] = len(missed) if whole else None
    result["missed_hosts"] = missed if whole else []
    return {**result, "false": len(false), "false_examples": false[:10]}


def free_space(folder: Path) -> int:
    """Bytes free where the captures go."""
    return shutil.disk_usage(folder).free
