"""Once a watch has begun, it needs no file of the program any more: privileges may be gone by then."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT

PROGRAM = """
import sys
from netminedet import cli
from netminedet.live.options import WatchOptions
from netminedet.live.watcher import Watcher
from netminedet.cli.watch_ear import Lines, show_table

options = WatchOptions(replay="pcaps/mixed.pcapng", speed=None, output="/dev/null")
watcher = Watcher(options, Lines(options, quiet=False))
before = set(sys.modules)
outcome = watcher.run()
with open("/dev/null", "w") as nowhere:
    show_table(watcher.desk, nowhere)
assert outcome.suspects
print(*sorted(set(sys.modules) - before))
"""


def test_nothing_is_imported_late() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
