"""How time grows with the capture and memory with the flows: ``python -m tests.bench.growth`` prints JSON.

``--svg FILE`` draws it.  See README.md in this folder.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from tests.bench.__main__ import HERE, ROOT, machine, write_document
from tests.bench.generate import Capture, cached_capture, head
from tests.bench.measure import FEW_PACKETS, Bench
from tests.bench.scaling import scan

#: Megabytes a flow, of a capture of which each packet is a new one.
_FLOW_MB = 9.6e-5
#: More than any capture here has: no flow is given up.
_MAX_FLOWS = "20000000"

Row = dict[str, float]


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth", description=__doc__)
    add = parser.add_argument
    add("--mb", default="1,3,10,30,100,300,1000", help="sizes of the internet mix (default %(default)s)")
    add("--flows", default="1e3,1e4,1e5,1e6,1e7", help="flows, all kept (default %(default)s)")
    add("--repeat", type=int, default=5, help="repetitions (default %(default)s)")
    add("--pin", type=int, metavar="CORE", help="run every command on this core only")
    add("--dir", type=Path, default=HERE / "captures", help="where captures are kept (default %(default)s)")
    add("--svg", type=Path, help="draw it, too")
    add("-o", "--output", type=Path, help="write the JSON here instead of standard output")
    return parser.parse_args()


def measured(bench: Bench, captures: Sequence[tuple[Path, Capture]], repeat: int) -> Iterator[Row]:
    """Of each capture the net time, as the benchmark takes it, and the peak of memory."""
    few = bench.scratch / "few.pcap"
    head(captures[0][0], few, FEW_PACKETS)
    commands = [scan("--max-flows", _MAX_FLOWS, str(path)) for path, _ in captures]
    starts, runs = [], []
    for _ in range(repeat):
        starts.append(bench.run(scan("--max-flows", _MAX_FLOWS, str(few))))
        runs.append([bench.run(command) for command in commands])
    start = min(run.seconds for run in starts)
    idle = min(run.peak_rss for run in starts)
    for number, (_, capture) in enumerate(captures):
        own = [row[number] for row in runs]
        peak = max(run.peak_rss for run in own)
        net = min(run.seconds for run in own) - start
        yield {
            "mb": capture.bytes / 1e6,
            "packets": capture.packets,
            "flows": capture.flows,
            "net_s": round(net, 4),
            "ns_a_packet": round(net / capture.packets * 1e9, 1),
            "peak_rss_mb": round(peak / 1e6, 1),
            "bytes_a_flow": round((peak - idle) / capture.flows, 1),
        }


def drawn(sizes: Sequence[Row], flows: Sequence[Row], file: Path) -> None:
    """Time over the size of the mix, memory over the flows; a slanted line is what grows in step."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    FigureCanvasSVG(figure)
    time, memory = figure.subplots(1, 2)
    _line(time, [row["packets"] for row in sizes], [row["net_s"] for row in sizes])
    time.set(xlabel="packets of the internet mix", ylabel="net time in seconds")
    _line(memory, [row["flows"] for row in flows], [row["peak_rss_mb"] for row in flows])
    memory.set(xlabel="flows kept at a time", ylabel="peak of memory in MB")
    figure.savefig(file, format="svg", metadata={"Date": None})


def _line(axes: Any, across: Sequence[float], up: Sequence[float]) -> None:
    slope = up[-1] / across[-1]
    axes.loglog(across, up, "o-", color="#2060a0")
    axes.loglog(across, [slope * x for x in across], ":", color="#888888")
    axes.grid(visible=True, color="#dddddd")


def main() -> None:
    """Run everything and print the document."""
    given = options()
    folder = given.dir.resolve()
    mixes = [cached_capture(folder, "mix", float(mb), 50) for mb in given.mb.split(",")]
    many = [
        cached_capture(folder, "newflows", float(f"{float(n) * _FLOW_MB:g}"), 0)
        for n in given.flows.split(",")
    ]
    document: dict[str, Any] = {"machine": machine(), "settings": shlex.join(sys.argv[1:])}
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        bench = Bench(Path(scratch), ROOT, given.pin)
        document["size"] = list(measured(bench, mixes, given.repeat))
        document["flows"] = list(measured(bench, many, given.repeat))
    if given.svg:
        drawn(document["size"], document["flows"], given.svg)
    write_document(document, given.output)


if __name__ == "__main__":
    main()
