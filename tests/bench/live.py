"""The live benchmark: ``python -m tests.bench.live`` sends captures over a veth pair and prints JSON.

For each capture and each listener (netminedet, ``tcpdump -w /dev/null``, NFStream where it is installed): the
rate that was sent, packets lost, and the share of a core that the listener took.  Needs root, for a network
namespace.
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.generate import cached_capture
from tests.bench.tools import importable
from tests.live.wire import FAR, NEAR, Wire, why_not

HERE = Path(__file__).parent
TICKS = os.sysconf("SC_CLK_TCK")

#: packets seen, and dropped
Counts = tuple[int, int]


def cpu_seconds(process: int) -> float:
    """Processor time of a process so far, with that of its children."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    return sum(int(one) for one in fields[11:15]) / TICKS + sum(cpu_seconds(int(one)) for one in children)


def of_netminedet(_told: str, _said: str, events: Path) -> Counts:
    """The counters of the last event."""
    last = json.loads(events.read_text(encoding="utf-8").splitlines()[-1])["netminedet"]["capture"]
    return last["seen"], last["dropped"]


def of_tcpdump(_told: str, said: str, _events: Path) -> Counts:
    """What tcpdump says at its end."""
    seen, dropped = (
        int(re.findall(rf"(\d+) packets {what}", said)[0]) for what in ("captured", "dropped by kernel")
    )
    return seen, dropped


def of_nfstream(told: str, _said: str, _events: Path) -> Counts:
    """The last of its reports, which it makes each second."""
    last = [json.loads(line) for line in told.splitlines() if line.startswith("{")][-1]
    return last["packets_processed"], last["packets_dropped_filtered_by_kernel"]


LISTENERS: dict[str, tuple[Callable[[Path], list[str]], Callable[[str, str, Path], Counts]]] = {
    "netminedet": (
        lambda events: [
            *(sys.executable, "-m", "netminedet", "watch", "-i", FAR, "-q"),
            *("-o", str(events)),
        ],
        of_netminedet,
    ),
    "tcpdump": (lambda _events: ["tcpdump", "-i", FAR, "-w", "/dev/null", "-B", "65536"], of_tcpdump),
    "nfstream": (lambda _events: [sys.executable, str(HERE / "nfstream_live.py"), FAR], of_nfstream),
}


def measured(wire: Wire, name: str, file: Path, given: argparse.Namespace, place: Path) -> dict[str, Any]:
    """One run of one listener: on its own core where ``--pin`` says so, beside the sender's."""
    events = place / "events.jsonl"
    events.unlink(missing_ok=True)
    command, counts = LISTENERS[name]
    listener = wire.start(*_on(given.pin), *command(events), start_new_session=True)
    time.sleep(4)
    before = cpu_seconds(listener.pid)
    sent, took = _sent(wire, file, given)
    time.sleep(2)
    spent = cpu_seconds(listener.pid) - before
    listener.send_signal(signal.SIGINT)
    seen, dropped = counts(*_last_words(listener), events)
    return {
        "listener": name,
        "capture": file.name,
        "packets_sent": sent,
        "packets_per_second": round(sent / took),
        "packets_seen": seen,
        "dropped": dropped,
        "core_share": round(spent / took, 3),
    }


def _sent(wire: Wire, file: Path, given: argparse.Namespace) -> tuple[int, float]:
    """Let the senders send; packets of all of them, seconds of the slowest."""
    sending = [sys.executable, "-m", "tests.bench.blast", NEAR, str(file), "--seconds", str(given.seconds)]
    sending += [] if given.rate is None else ["--rate", str(given.rate / given.senders)]
    senders = [
        wire.start(*_on(None if given.pin is None else given.pin - 1 + number), *sending)
        for number in range(given.senders)
    ]
    said = [sender.communicate()[0].split() for sender in senders]
    return sum(int(sent) for sent, _took in said), max(float(took) for _sent, took in said)


def _last_words(listener: subprocess.Popen[str]) -> tuple[str, str]:
    """What it printed; one that does not end by itself is killed with its children."""
    try:
        return listener.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(listener.pid, signal.SIGKILL)
        return listener.communicate()


def _on(core: int | None) -> list[str]:
    return [] if core is None else ["taskset", "-c", str(core)]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.live", description=__doc__)
    parser.add_argument("--captures", default="mix,small")
    parser.add_argument("--mb", type=float, default=100)
    parser.add_argument("--miners", type=int, default=50)
    parser.add_argument("--listeners", default=",".join(LISTENERS))
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, help="packets a second; default: as fast as the senders can")
    parser.add_argument(
        "--senders", type=int, default=1, help="each on a core of its own where --pin is given"
    )
    parser.add_argument(
        "--pin",
        type=int,
        metavar="CORE",
        help="the listener's core; the first sender has the one before, a second the listener's own",
    )
    parser.add_argument("--dir", type=Path, default=HERE / "captures")
    given = parser.parse_args()
    if reason := why_not():
        sys.exit(f"the live benchmark {reason}")
    given.dir.mkdir(exist_ok=True)
    names = [
        one for one in given.listeners.split(",") if one != "nfstream" or importable(sys.executable, one)
    ]
    wire = Wire()
    try:
        with tempfile.TemporaryDirectory() as place:
            for kind in given.captures.split(","):
                file = cached_capture(given.dir, kind, given.mb, given.miners)[0]
                for name in names:
                    print(json.dumps(measured(wire, name, file, given, Path(place))), flush=True)
    except subprocess.SubprocessError as error:
        sys.exit(str(error))
    finally:
        wire.close()


if __name__ == "__main__":
    main()
