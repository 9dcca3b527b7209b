"""A wire of our own: two ends of a veth pair in a network namespace, a sender on one, a watch on the other.

The namespace has no way out, no addresses and no IPv6: what is on the wire is what the test sends.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

#: The ends of the wire: what is sent at NEAR comes out at FAR.
NEAR, FAR = "near", "far"
#: Longest that anything is waited for, in seconds.
PATIENCE = 60.0


def why_not() -> str:
    """Why no wire can be made here; empty where one can."""
    if sys.platform != "linux" or not shutil.which("ip"):
        return "needs Linux with iproute2"
    if os.geteuid() != 0:
        return "needs root, to make a network namespace"
    name = f"nmd{secrets.token_hex(4)}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode:
        return "network namespaces cannot be made here"
    made = subprocess.run(
        ["ip", "-n", name, "link", "add", NEAR, "type", "veth", "peer", "name", FAR], capture_output=True
    )
    subprocess.run(["ip", "netns", "del", name], capture_output=True)
    return "veth pairs cannot be made here" if made.returncode else ""


class Wire:
    """A namespace with the pair, both ends up.  ``down`` and the like act on the far end."""

    def __init__(self) -> None:
        self.name = f"nmd{secrets.token_hex(4)}"
        self._ip("netns", "add", self.name)
        for knob in ("all", "default"):
            self.run("sysctl", "-qw", f"net.ipv6.conf.{knob}.disable_ipv6=1", check=False)
        self.plug()

    def _ip(self, *arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True, capture_output=True)

    def link(self, *arguments: str) -> None:
        """``ip link`` in the namespace."""
        self._ip("-n", self.name, "link", *arguments)

    def plug(self) -> None:
        """Make the pair, and set it up."""
        self.link("add", NEAR, "mtu", "9000", "type", "veth", "peer", "name", FAR, "mtu", "9000")
        for end in (NEAR, FAR):
            self.link("set", end, "up")

    def unplug(self) -> None:
        """Remove the pair."""
        self.link("del", FAR)

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the namespace."""
        inside = ["ip", "netns", "exec", self.name, *command]
        return subprocess.run(inside, check=check, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE)

    def start(self, *command: str, **how: Any) -> subprocess.Popen[str]:
        """Start a command in the namespace."""
        inside = ["ip", "netns", "exec", self.name, *command]
        pipe = subprocess.PIPE
        return subprocess.Popen(inside, stdout=pipe, stderr=pipe, text=True, cwd=ROOT, **how)

    def send(self, *files: Path | str, times: int = 1, tag: int | None = None) -> int:
        """Send the packets of captures in at the near end; how many they were."""
        options = ["--times", str(times)] + ([] if tag is None else ["--tag", str(tag)])
        done = self.run(sys.executable, "-m", "tests.live.send", NEAR, *map(str, files), *options)
        return int(done.stdout)

    def close(self) -> None:
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)


class Watching:
    """A running ``netminedet watch`` with its events in a file."""

    def __init__(
        self, wire: Wire, output: Path, *options: str, interface: str = FAR, before: Sequence[str] = ()
    ) -> None:
        self.output = output
        command = [sys.executable, "-m", "netminedet", "watch", "-i", interface, "-o", str(output)]
        self.process = wire.start(*before, *command, "--block-timeout", "20", *options)
        self.wait_for("start")

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The events in the file so far."""
        if not self.output.exists():
            return []
        lines = self.output.read_text(encoding="utf-8").splitlines(keepends=True)
        events = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in events if kind in (None, event["event_type"])]

    def wait_for(self, kind: str, number: int = 1, **wanted: Any) -> list[dict[str, Any]]:
        """Wait until so many events of a kind are there, with these values under ``netminedet``."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = [
                event
                for event in self.events(kind)
                if all(event["netminedet"].get(name) == value for name, value in wanted.items())
            ]
            if len(found) >= number:
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"no {kind} {wanted}: {self.events()}\n{self._stderr()}")

    def wait_note(self, words: str, number: int = 1) -> None:
        """Wait until so many notices with these words are there."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            texts = [event["netminedet"]["text"] for event in self.events("notice")]
            if sum(words in text for text in texts) >= number:
                return
            time.sleep(0.05)
        raise AssertionError(f"no notice of {words!r}: {self.events('notice')}")

    def _stderr(self) -> str:
        self.process.kill()
        return self.process.communicate()[1]

    def send_signal(self, number: int) -> None:
        """Send a signal to the watch."""
        self.process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """End it; its exit code and what it wrote to stderr."""
        self.send_signal(number)
        _, told = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, told

    def hosts(self) -> set[str]:
        """The suspects that were told."""
        return {event["netminedet"]["suspect"]["host"] for event in self.events("suspect")}

    def last(self) -> dict[str, Any]:
        """The figures of the stop event."""
        (event,) = self.events("stop")
        figures: dict[str, Any] = event["netminedet"]
        return figures

    def counted(self, sent: int) -> dict[str, Any]:
        """The figures of the stop event: all that was sent was received and seen, and nothing dropped."""
        last = self.last()
        counts = tuple(last["capture"][name] for name in ("received", "seen", "dropped"))
        assert counts == (sent, sent, 0)
        return last


def children(pid: int) -> list[int]:
    """The processes that a process started, oldest first: of a watch its workers."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(one) for one in text.split()]


def wires() -> Iterator[Wire]:
    """A wire that is taken down afterwards: the body of a fixture."""
    wire = Wire()
    try:
        yield wire
    finally:
        wire.close()
