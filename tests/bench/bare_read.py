"""Merely reads a file with a 1 MiB buffer: ``python bare_read.py FILE``."""

from __future__ import annotations

import sys
from pathlib import Path

total = 0
buffer = bytearray(1 << 20)
with Path(sys.argv[1]).open("rb", buffering=0) as file:
    while count := file.readinto(buffer):
        total += count
print(total)
