"""Runs one command and prints its figures: ``python -I -S timed.py OUTPUT COMMAND…``.

A process of its own, and a small one, because the kernel counts the memory of whoever
starts a command in that command's peak.
"""

from __future__ import annotations

import os
import sys
import time

output = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
nothing = os.open(os.devnull, os.O_RDWR)
actions = [
    (os.POSIX_SPAWN_DUP2, source, target) for source, target in ((nothing, 0), (output, 1), (nothing, 2))
]
began = time.perf_counter()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ, file_actions=actions)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - began
print(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, os.waitstatus_to_exitcode(status))
