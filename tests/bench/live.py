"""The live benchmark: ``python -m tests.bench.live`` sends captures over a veth pair and prints JSON.

For each capture and each listener, netminedet and ``tcpdump -w /dev/null``: the rate that was sent, packets
lost, and the share of a core that the listener took.  Needs root, for a network namespace.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.generate import cached_capture
from tests.live.wire import FAR, NEAR, Wire, why_not

HERE = Path(__file__).parent
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(process: int) -> float:
    """Processor time of a process so far, with that of its children that have ended."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(int(one) for one in fields[11:15]) / TICKS


def measured(wire: Wire, name: str, file: Path, given: argparse.Namespace, place: Path) -> dict[str, Any]:
    """One run of one listener."""
    events = place / "events.jsonl"
    events.unlink(missing_ok=True)
    commands = {
        "netminedet": [sys.executable, "-m", "netminedet", "watch", "-i", FAR, "-q", "-o", str(events)],
        "tcpdump": ["tcpdump", "-i", FAR, "-w", "/dev/null", "-B", "65536"],
    }
    listener = wire.start(*commands[name])
    time.sleep(4)
    before = cpu_seconds(listener.pid)
    command = [sys.executable, "-m", "tests.bench.blast", NEAR, str(file), "--seconds", str(given.seconds)]
    command += [] if given.rate is None else ["--rate", str(given.rate)]
    sender = wire.start(*command)
    sent, took = sender.communicate()[0].split()
    time.sleep(1)
    spent = cpu_seconds(listener.pid) - before
    listener.send_signal(signal.SIGINT)
    told = listener.communicate(timeout=60)[1]
    if name == "netminedet":
        last = json.loads(events.read_text(encoding="utf-8").splitlines()[-1])["netminedet"]["capture"]
        seen, dropped = last["seen"], last["dropped"]
    else:
        seen = int(re.findall(r"(\d+) packets captured", told)[0])
        dropped = int(re.findall(r"(\d+) packets dropped by kernel", told)[0])
    rate = int(sent) / float(took)
    return {
        "listener": name,
        "capture": file.name,
        "packets_sent": int(sent),
        "packets_per_second": round(rate),
        "packets_seen": seen,
        "dropped": dropped,
        "core_share": round(spent / float(took), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.live", description=__doc__)
    parser.add_argument("--captures", default="mix,small")
    parser.add_argument("--mb", type=float, default=100)
    parser.add_argument("--miners", type=int, default=50)
    parser.add_argument("--listeners", default="netminedet,tcpdump")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, help="packets a second; default: as fast as one core can send")
    parser.add_argument("--dir", type=Path, default=HERE / "captures")
    given = parser.parse_args()
    if reason := why_not():
        sys.exit(f"the live benchmark {reason}")
    given.dir.mkdir(exist_ok=True)
    wire = Wire()
    try:
        with tempfile.TemporaryDirectory() as place:
            for kind in given.captures.split(","):
                file = cached_capture(given.dir, kind, given.mb, given.miners)[0]
                for name in given.listeners.split(","):
                    print(json.dumps(measured(wire, name, file, given, Path(place))), flush=True)
    except subprocess.SubprocessError as error:
        sys.exit(str(error))
    finally:
        wire.close()


if __name__ == "__main__":
    main()
