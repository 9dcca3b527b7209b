"""The benchmark: ``python -m tests.bench [options]`` prints its figures as JSON.

See README.md in this folder.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tests.bench.generate import cached_capture
from tests.bench.measure import Bench, free_space, measure_capture, relate
from tests.bench.mixes import MIXES
from tests.bench.tools import Tool, all_tools

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

#: The console script's entry point, so that a source tree that is not installed can be measured too.
ENTRY_POINT = "from netminedet.cli.main import entry_point; entry_point()"


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("--captures", default="mix,small,full", help=f"comma-separated, or all: {', '.join(MIXES)}")
    add("--tools", default="", help="comma-separated; default: all that are installed")
    add("--mb", type=float, default=300, help="size of each capture in megabytes (default %(default)s)")
    add("--miners", type=int, default=50, help="miners hidden in each (default %(default)s)")
    add("--seed", type=int, default=1, help="another seed makes other captures")
    add("--repeat", type=int, default=5, help="repetitions, all tools taking turns (default %(default)s)")
    add("--slice", type=int, default=200_000, help="packets for the slow tools (default %(default)s); 0: all")
    add("--max-memory", metavar="SIZE", help="given to netminedet, which then keeps below it")
    add("--pin", type=int, metavar="CORE", help="run every command on this core only")
    add("--dir", type=Path, default=HERE / "captures", help="where captures are kept (default %(default)s)")
    add(
        "--netminedet", default=shlex.join((sys.executable, "-c", ENTRY_POINT)), help="the command to measure"
    )
    add("--nfstream-python", default=sys.executable, metavar="PATH", help="a Python that has NFStream")
    add("-o", "--output", type=Path, help="write the JSON here instead of standard output")
    return parser.parse_args()


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": model or platform.processor(),
        "cores": os.cpu_count(),
        "memory_bytes": memory,
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }


def chosen(tools: list[Tool], names: str) -> list[Tool]:
    """The tools named, the bare read always among them."""
    if not names:
        return tools
    wanted = {"bare-read", *names.split(",")}
    unknown = wanted - {tool.name for tool in tools}
    if unknown:
        sys.exit(f"unknown tools: {', '.join(sorted(unknown))}")
    return [tool for tool in tools if tool.name in wanted]


def bench_all(given: argparse.Namespace, tools: list[Tool], kinds: list[str]) -> list[dict[str, Any]]:
    """Make and measure each capture."""
    results = []
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        bench = Bench(Path(scratch), ROOT, given.pin)
        for kind in kinds:
            print(f"{kind}: preparing", file=sys.stderr)
            path, capture = cached_capture(given.dir, kind, given.mb, given.miners, given.seed)
            print(f"{kind}: measuring {capture.packets} packets", file=sys.stderr)
            rows = measure_capture(bench, tools, path, capture, given.repeat)
            about = {"packets": capture.packets, "bytes": capture.bytes, "flows": capture.flows}
            about["mean_packet_bytes"] = round((capture.bytes - 24) / capture.packets - 16)
            hidden = {"miners": len(capture.miners)}
            results.append({"capture": kind, "title": capture.title, **about, **hidden, "tools": rows})
    relate(results)
    return results


def write_document(document: dict[str, Any], output: Path | None) -> None:
    """To a file, else to standard output."""
    text = json.dumps(document, indent=1)
    if output:
        output.write_text(text + "\n")
    else:
        print(text)


def main() -> None:
    """Run everything and print the document."""
    given = options()
    given.dir = given.dir.resolve()
    kinds = list(MIXES) if given.captures == "all" else given.captures.split(",")
    unknown = set(kinds) - set(MIXES)
    if unknown:
        sys.exit(f"unknown captures: {', '.join(sorted(unknown))}; there are {', '.join(MIXES)}")
    given.dir.mkdir(parents=True, exist_ok=True)
    if free_space(given.dir) < 2 * given.mb * 1e6 * len(kinds):
        sys.exit(f"not enough room in {given.dir} for {len(kinds)} captures of {given.mb:g} MB")
    capped = ("--max-memory", given.max_memory) if given.max_memory else ()
    tools = all_tools(tuple(shlex.split(given.netminedet)), given.nfstream_python, given.slice, ROOT, capped)
    tools = chosen(tools, given.tools)
    document = {
        "schema": "netminedet.bench/1",
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": {tool.name: tool.version or None for tool in tools},
        "settings": {
            "mb": given.mb,
            "repeat": given.repeat,
            "pin": given.pin,
            "seed": given.seed,
            "max_memory": given.max_memory,
        },
        "results": bench_all(given, tools, kinds),
    }
    write_document(document, given.output)


if __name__ == "__main__":
    main()
