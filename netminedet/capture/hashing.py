"""The SHA-256 of what is read, made on a thread of its own where that is much and another core may do it."""

from __future__ import annotations

import os
import threading
from hashlib import sha256
from queue import SimpleQueue

#: Bytes that are hashed at a time: so many are copied, twice, and the thread is woken so seldom.
BLOCK = 1 << 22


def _cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Hasher:
    """The hash of a stream.  Its beginning is hashed at once: little needs no thread, and no copy."""

    def __init__(self) -> None:
        self._hash = sha256()
        self._alone = _cores() == 1
        #: bytes that were hashed at once
        self._begun = 0
        self._block = memoryview(b"")
        self._filled = 0
        #: full blocks to be hashed, None: no more; and the one that was, which may be filled again
        self._full: SimpleQueue[memoryview | None] = SimpleQueue()
        self._free: SimpleQueue[memoryview] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def update(self, data: memoryview) -> None:
        """The stream goes on with ``data``, which may be written over afterwards."""
        if self._alone or self._begun < BLOCK:
            self._begun += len(data)
            self._hash.update(data)
            return
        if not self._block:
            self._block = memoryview(bytearray(BLOCK))
        while data:
            some = data[: BLOCK - self._filled]
            self._block[self._filled : self._filled + len(some)] = some
            self._filled += len(some)
            data = data[len(some) :]
            if self._filled == BLOCK:
                self._hand_over()

    def _hand_over(self) -> None:
        if self._thread is None:
            self._free.put(memoryview(bytearray(BLOCK)))
            self._thread = threading.Thread(target=self._run, name="netminedet-hash", daemon=True)
            self._thread.start()
        self._full.put(self._block)
        self._block = self._free.get()
        self._filled = 0

    def _run(self) -> None:
        while (block := self._full.get()) is not None:
            self._hash.update(block)
            self._free.put(block)

    def hexdigest(self) -> str:
        """The hash so far, in hexadecimal."""
        self.close()
        self._hash.update(self._block[: self._filled])
        self._filled = 0
        return self._hash.hexdigest()

    def close(self) -> None:
        """Have the thread end when it is done."""
        if self._thread is not None:
            self._full.put(None)
            self._thread.join()
            self._thread = None
            self._free.get()
