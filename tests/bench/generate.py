"""Writes the benchmark captures, and beside each the truth about its hidden miners.

``python -m tests.bench.generate --kind mix --mb 300 --miners 50 --dir FOLDER``
"""

from __future__ import annotations

import argparse
import json
import random
import struct
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.miners import make_miner, schedule
from tests.bench.mixes import MIXES, Mix
from tests.bench.traffic import Flow, World

#: Counts in the name of a cached capture: raise it when the generator's output changes.
GENERATION = 3

_MEGABYTE = 1_000_000
_START = 1_772_438_400
_RECORD = struct.Struct("<IIII")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Capture:
    """A capture on disk and what is true of it."""

    kind: str
    title: str
    packets: int
    #: of the whole file
    bytes: int
    flows: int
    seconds: float
    miners: tuple[dict[str, str], ...]


class Writer:
    """Writes pcap records in big chunks; the clock moves with each packet."""

    def __init__(self, path: Path, rng: random.Random) -> None:
        self.file = path.open("wb")
        self.chunk = bytearray(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        self.written = 0
        self.packets = 0
        self.micros = 0
        self.steps = [rng.randrange(1, 14) for _ in range(4096)]

    @property
    def size(self) -> int:
        """Bytes of the file so far."""
        return self.written + len(self.chunk)

    def put(self, frame: bytes) -> None:
        """Append one packet."""
        self.micros += self.steps[self.packets & 4095]
        self.packets += 1
        second, micro = divmod(self.micros, 1_000_000)
        size = len(frame)
        self.chunk += _RECORD.pack(_START + second, micro, size, size)
        self.chunk += frame
        if len(self.chunk) > _CHUNK:
            self.flush()

    def flush(self) -> None:
        """Write what has been gathered."""
        self.file.write(self.chunk)
        self.written += len(self.chunk)
        self.chunk.clear()

    def close(self) -> None:
        """Finish the file."""
        self.flush()
        self.file.close()


def new_flow(mix: Mix, world: World, scale: float) -> Flow:
    """A flow of a kind drawn by weight."""
    lot = world.pick(sum(weight for weight, _ in mix.parts))
    for weight, make in mix.parts:
        lot -= weight
        if lot < 0:
            return make(world, scale)
    raise AssertionError("weights and draw disagree")


def write_capture(path: Path, kind: str, megabytes: float, miner_count: int, seed: int = 1) -> Capture:
    """Write one capture of ``megabytes`` with ``miner_count`` miners in it."""
    mix, world = MIXES[kind], World(seed)
    hidden_rng = random.Random(seed + 1)
    miners = [make_miner(hidden_rng, number) for number in range(miner_count)]
    total = int(megabytes * _MEGABYTE)
    hidden = [(int(place * total), frame) for place, frame in schedule(miners, hidden_rng)]
    hidden.append((1 << 62, b""))
    scale = min(max(megabytes / 300, 0.02), 1)  # above 300 MB there are more flows, not longer ones
    concurrent = max(1, min(mix.concurrent, int(mix.concurrent * megabytes / 20)))
    flows = [new_flow(mix, world, scale) for _ in range(concurrent)]
    writer = Writer(path, hidden_rng)
    turn = 0
    while writer.size < total:
        while writer.size >= hidden[turn][0]:
            writer.put(hidden[turn][1])
            turn += 1
        lane = world.pick(concurrent)
        frame = next(flows[lane], None)
        if frame is None:
            flows[lane] = new_flow(mix, world, scale)
        else:
            writer.put(frame)
    for _, frame in hidden[turn:-1]:
        writer.put(frame)
    writer.close()
    truth = tuple({"host": m.host, "dialect": m.dialect, "preamble": m.preamble} for m in miners)
    count = world.flows + len(miners)
    return Capture(kind, mix.title, writer.packets, writer.size, count, writer.micros / 1e6, truth)


def cached_capture(
    folder: Path, kind: str, megabytes: float, miner_count: int, seed: int = 1
) -> tuple[Path, Capture]:
    """The capture from ``folder``, written first if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{kind}-{megabytes:g}mb-{miner_count}miners-seed{seed}-v{GENERATION}.pcap"
    truth = path.with_suffix(".truth.json")
    if path.exists() and truth.exists():
        known = json.loads(truth.read_text())
        return path, Capture(**{**known, "miners": tuple(known["miners"])})
    fresh = path.with_suffix(".part")
    capture = write_capture(fresh, kind, megabytes, miner_count, seed)
    fresh.replace(path)
    truth.write_text(json.dumps(asdict(capture), indent=1) + "\n")
    return path, capture


def head(source: Path, target: Path, packets: int) -> tuple[int, int]:
    """Copy the first ``packets`` records of a capture; how many there were, and their bytes."""
    with source.open("rb") as reader, target.open("wb") as writer:
        writer.write(reader.read(24))
        count = 0
        while count < packets and len(record := reader.read(16)) == 16:
            writer.write(record + reader.read(_RECORD.unpack(record)[2]))
            count += 1
        return count, writer.tell()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write a benchmark capture and its truth file.")
    parser.add_argument("--kind", choices=sorted(MIXES), action="append", help="default: all")
    parser.add_argument("--mb", type=float, default=300, help="size in megabytes (default %(default)s)")
    parser.add_argument("--miners", type=int, default=50, help="hidden miners (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", type=Path, default=Path(__file__).parent / "captures")
    options = parser.parse_args()
    for kind in options.kind or MIXES:
        path, capture = cached_capture(options.dir, kind, options.mb, options.miners, options.seed)
        print(f"{path}: {capture.packets} packets, {capture.flows} flows, {capture.bytes} bytes")


if __name__ == "__main__":
    main()
