"""The tools that are measured: how each is started and what it says of miners."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent

#: one row for each accusation: the addresses it names, of which one is the miner's
Accused = list[set[str]]


@dataclass(frozen=True)
class Tool:
    """One tool as it is measured."""

    name: str
    #: None: not installed
    command: tuple[str, ...] | None
    version: str = ""
    #: packets of the capture that it gets; 0 means all
    slice_packets: int = 0
    #: exit codes of a run that did its work
    success: tuple[int, ...] = (0,)
    #: reads the accused hosts from what the measured command printed
    accused: Callable[[str], Accused] | None = None
    #: an extra, untimed command, run after the measured one, whose output is read instead
    detect: tuple[str, ...] | None = None

    def arguments(self, capture: Path, command: tuple[str, ...] | None = None) -> list[str]:
        """The command for one capture: FILE stands for its path."""
        return [str(capture) if word == "FILE" else word for word in command or self.command or ()]


def netminedet_hosts(output: str) -> Accused:
    """Hosts that a JSON report calls confirmed or probable."""
    suspects = json.loads(output)["suspects"]
    return [{suspect["host"]} for suspect in suspects if suspect["verdict"] != "suspected"]


_NDPI_FLOW = re.compile(
    r"^\s*\d+\s+\w+ \[?([0-9a-f.:]+?)\]?:\d+ (?:<->|->) \[?([0-9a-f.:]+?)\]?:\d+ .*/Mining\]", re.MULTILINE
)


def ndpi_hosts(output: str) -> Accused:
    """Both ends of the flows that ndpiReader labels as mining."""
    return [set(ends) for ends in _NDPI_FLOW.findall(output)]


def nfstream_hosts(output: str) -> Accused:
    """What the NFStream script printed."""
    return [set(ends) for ends in json.loads(output.splitlines()[-1])["miners"]]


def suricata_hosts(output: str) -> Accused:
    """Both ends of the alerts in Suricata's fast log."""
    ends = re.findall(r"\{TCP\} ([0-9a-fA-F.:]+):\d+ -> ([0-9a-fA-F.:]+):\d+", output)
    return [set(pair) for pair in sorted(set(ends))]


#: Suricata on one thread, with the rules of this folder and no others.
SURICATA = (
    *("-r", "FILE", "-S", str(HERE / "miner.rules"), "--runmode", "single", "-k", "none", "-l", "."),
    *("--set", "outputs.0.fast.append=no"),
)


def first_line(*command: str, root: Path | None = None) -> str:
    """The first line of what a command, run in ``root``, prints about its version."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=root)
    except OSError:
        return ""
    lines = (result.stdout or result.stderr).strip().splitlines()
    return lines[0] if lines else ""


def importable(python: str, module: str) -> str:
    """The version of a module in another Python, or an empty text."""
    code = f"import {module}; print(getattr({module}, '__version__', 'unknown'))"
    line = first_line(python, "-c", code)
    return "" if "Traceback" in line or "Error" in line else line


def installed(name: str, *arguments: str, slice_packets: int = 0, **rest: object) -> Tool:
    """A tool found on the path, with its version; without a command if it is missing."""
    if shutil.which(name) is None:
        return Tool(name, None)
    option = {"zeek": "--version", "suricata": "-V", "ndpiReader": "-h"}.get(name, "--version")
    version = first_line(name, option)
    return Tool(name, (name, *arguments), version, slice_packets, **rest)  # type: ignore[arg-type]


def scripted(name: str, python: str, module: str, script: str, slice_packets: int, **rest: object) -> Tool:
    """A script of this folder that needs a module in ``python``."""
    version = importable(python, module)
    command = (python, str(HERE / script), "FILE") if version else None
    return Tool(name, command, version, slice_packets, **rest)  # type: ignore[arg-type]


def all_tools(
    netminedet: tuple[str, ...],
    nfstream_python: str,
    slice_packets: int,
    root: Path,
    scan_options: tuple[str, ...] = (),
) -> list[Tool]:
    """Every tool, in the order in which it is measured; ``scan_options`` are for netminedet."""
    version = first_line(*netminedet, "--version", root=root)
    known = bool(version) and "No module" not in version and "Error" not in version
    scan = (*netminedet, "scan", *scan_options)
    ours = {"version": version if known else "", "success": (0, 1)}
    report = (*scan, "--format", "json", "--no-sha256", "FILE") if known else None
    table = (*scan, "FILE") if known else None
    return [
        Tool("bare-read", (sys.executable, str(HERE / "bare_read.py"), "FILE"), sys.version.split()[0]),
        Tool("netminedet-json", report, accused=netminedet_hosts, **ours),  # type: ignore[arg-type]
        Tool("netminedet-table", table, **ours),  # type: ignore[arg-type]
        installed("tcpdump", "-r", "FILE", "-w", "/dev/null"),
        installed(
            "ndpiReader",
            *("-i", "FILE", "-q"),
            accused=ndpi_hosts,
            detect=("ndpiReader", "-i", "FILE", "-v", "2"),
        ),
        installed("suricata", *SURICATA, accused=suricata_hosts, detect=("cat", "fast.log")),
        installed("zeek", "-C", "-b", "-r", "FILE"),
        installed("tshark", "-n", "-r", "FILE", "-T", "fields", "-e", "ip.src", slice_packets=slice_packets),
        scripted("dpkt", sys.executable, "dpkt", "dpkt_loop.py", slice_packets),
        scripted(
            "nfstream",
            nfstream_python,
            "nfstream",
            "nfstream_loop.py",
            3 * slice_packets,
            accused=nfstream_hosts,
        ),
    ]
