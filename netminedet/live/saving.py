"""Has the state written every now and then, without anything waiting for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from netminedet import __version__
from netminedet.language import sentence
from netminedet.live.state import State, StateWriter, save_state, write_parts

#: Longest that pieces of the state are made at a time, in seconds: the ring takes packets meanwhile.
PART_SECONDS = 0.005


class _Write(threading.Thread):
    """Puts the file into its place: a disk may take its time."""

    def __init__(self, path: str, parts: list[bytes]) -> None:
        super().__init__(name="state", daemon=True)
        self._path, self._parts = path, parts
        self.error: OSError | None = None
        self.start()

    def run(self) -> None:
        try:
            write_parts(self._path, self._parts)
        except OSError as error:
            self.error = error


class Saver:
    """Keeps the state in ``path``; ``take``: the state as it is."""

    def __init__(self, path: str, every: float, take: Callable[[], State]) -> None:
        self._path, self._every, self._take = path, every, take
        self._due = time.monotonic() + every
        self._writer: StateWriter | None = None
        self._write: _Write | None = None
        #: times that it could not be written, and whether the last time was one
        self.errors = 0
        self.failed = False

    def go_on(self) -> str | None:
        """Make a part of the state where one is due; called between packets.  Something to tell, or None."""
        if self._write is not None:
            if self._write.is_alive():
                return None
            error, self._write = self._write.error, None
            return self._outcome(error)
        if self._writer is None and time.monotonic() >= self._due:
            self._due = time.monotonic() + self._every
            self._writer = StateWriter(self._take, __version__)
        if self._writer is not None and self._writer.go_on(PART_SECONDS):
            self._write = _Write(self._path, self._writer.parts)
            self._writer = None
        return None

    def finish(self) -> str | None:
        """Write the state as it is now, and wait for it; something to tell, or None."""
        if self._write is not None:
            self._write.join()
        self._write = self._writer = None
        try:
            save_state(self._path, self._take(), __version__)
        except OSError as error:
            return self._outcome(error)
        return self._outcome(None)

    def _outcome(self, error: OSError | None) -> str | None:
        """Count; a failure is told once, until it goes well again."""
        failed_before, self.failed = self.failed, error is not None
        if error is None:
            return None
        self.errors += 1
        if failed_before:
            return None
        reason = error.strerror or str(error)
        return sentence(
            "{name}: the state cannot be written: {reason}; trying again", name=self._path, reason=reason
        )
