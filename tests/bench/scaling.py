"""Several cores and compressed captures: ``python -m tests.bench.scaling`` prints ratios as JSON.

See README.md in this folder.
"""

from __future__ import annotations

import argparse
import gzip
import shlex
import shutil
import struct
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import zstandard

from tests.bench.__main__ import ENTRY_POINT, HERE, ROOT, machine, write_document
from tests.bench.generate import cached_capture, head
from tests.bench.measure import FEW_PACKETS, Bench

UNPACK = str(HERE / "unpack.py")
_RECORD = struct.Struct("<IIII")


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scaling", description=__doc__)
    add = parser.add_argument
    add("--jobs", type=int, default=2, help="processes that are compared with one (default %(default)s)")
    add("--captures", default="mix,small,full", help="kinds of the one large capture")
    add("--mb", type=float, default=1000, help="its size in megabytes (default %(default)s)")
    add("--files", type=int, default=500, help="many small captures (default %(default)s), cut out of a mix")
    add("--file-mb", type=float, default=2, help="the size of each in megabytes (default %(default)s)")
    add("--packed-mb", type=float, default=300, help="size of the compressed mix (default %(default)s)")
    add("--repeat", type=int, default=5, help="repetitions, all commands taking turns (default %(default)s)")
    add("--dir", type=Path, default=HERE / "captures", help="where captures are kept (default %(default)s)")
    add("-o", "--output", type=Path, help="write the JSON here instead of standard output")
    return parser.parse_args()


def net_times(
    bench: Bench, commands: dict[str, tuple[Sequence[str], Sequence[str]]], repeat: int
) -> dict[str, Any]:
    """Of each (command, the same on next to nothing): least wall time less least start-up, by name.

    A command that fails for want of a library or a tool has None.
    """
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    failed: set[str] = set()
    for _ in range(repeat):
        for name, (command, few) in commands.items():
            if name in failed:
                continue
            run, start = bench.run(command), bench.run(few)
            if run.code not in (0, 1) or (name.startswith("unpack") and run.code):
                failed.add(name)
            times[name].append((run.seconds, start.seconds))
    return {
        name: None
        if name in failed
        else round(min(run for run, _ in pairs) - min(start for _, start in pairs), 4)
        for name, pairs in times.items()
    }


def scan(*arguments: str) -> list[str]:
    """A scan whose report goes nowhere."""
    return [sys.executable, "-c", ENTRY_POINT, "scan", "--format", "json", "--no-sha256", *arguments]


def by_jobs(bench: Bench, paths: list[str], few: str, jobs: int, repeat: int) -> dict[str, Any]:
    """The time of one process and of several, and their ratio."""
    names = {"one": "1", "several": str(jobs)}
    found = net_times(
        bench,
        {name: (scan("--jobs", n, *paths), scan("--jobs", n, few)) for name, n in names.items()},
        repeat,
    )
    return {"net_s": found, "times_faster": round(found["one"] / found["several"], 2)}


def cut(source: Path, folder: Path, count: int, size: int) -> list[str]:
    """Captures of ``size`` bytes each, one after the other out of a large one, as far as it goes."""
    paths = []
    with source.open("rb") as reader:
        header = reader.read(24)
        for number in range(count):
            parts, have = [header], 24
            while have < size and len(record := reader.read(16)) == 16:
                parts += [record, reader.read(_RECORD.unpack(record)[2])]
                have += 16 + len(parts[-1])
            if len(parts) == 1:
                break
            path = folder / f"part-{number:04}.pcap"
            path.write_bytes(b"".join(parts))
            paths.append(str(path))
    return paths


def packed(source: Path, folder: Path) -> dict[str, Path]:
    """The capture packed with gzip and zstd, at their usual levels."""
    made = {"gzip": folder / "packed.pcap.gz", "zstd": folder / "packed.pcap.zst"}
    with source.open("rb") as reader, gzip.open(made["gzip"], "wb", compresslevel=6) as writer:
        shutil.copyfileobj(reader, writer, 1 << 20)
    with source.open("rb") as reader, made["zstd"].open("wb") as target:
        zstandard.ZstdCompressor(level=3).copy_stream(reader, target)
    return made


def compressed(bench: Bench, source: Path, few: str, repeat: int) -> dict[str, Any]:
    """A scan of compressed captures beside decompressing them to nothing by each library."""
    results = {}
    for name, path in packed(source, bench.scratch).items():
        libraries = ("zstandard",) if name == "zstd" else ("zlib", "zlib-ng", "isal")
        commands: dict[str, tuple[Sequence[str], Sequence[str]]] = {
            f"unpack {library}": (
                [sys.executable, UNPACK, library, str(path)],
                [sys.executable, UNPACK, library, "/dev/null"],
            )
            for library in libraries
        }
        commands["scan"] = (scan(str(path)), scan(few))
        found = net_times(bench, commands, repeat)
        best = min(value for key, value in found.items() if key != "scan" and value)
        results[name] = {"net_s": found, "times_best_unpacking": round(found["scan"] / best, 2)}
    return results


def main() -> None:
    """Run everything and print the document."""
    given = options()
    folder = given.dir.resolve()
    document: dict[str, Any] = {"machine": machine(), "settings": shlex.join(sys.argv[1:])}
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        bench = Bench(Path(scratch), ROOT, None)
        mix, _ = cached_capture(folder, "mix", given.mb, 50)
        few = Path(scratch) / "few.pcap"
        head(mix, few, FEW_PACKETS)
        document["one_capture"] = {}
        for kind in given.captures.split(","):
            path, _ = cached_capture(folder, kind, given.mb, 50)
            document["one_capture"][kind] = by_jobs(bench, [str(path)], str(few), given.jobs, given.repeat)
        paths = cut(mix, Path(scratch), given.files, int(given.file_mb * 1e6))
        many = by_jobs(bench, paths, str(few), given.jobs, given.repeat)
        document["many_captures"] = {"captures": len(paths), **many}
        source, _ = cached_capture(folder, "mix", given.packed_mb, 50)
        document["compressed"] = compressed(bench, source, str(few), given.repeat)
    write_document(document, given.output)


if __name__ == "__main__":
    main()
