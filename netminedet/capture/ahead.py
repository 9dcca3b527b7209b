"""Decompression on a thread of its own: a stream is read ahead while packets are looked at.

The libraries let go of the interpreter's lock while they work, so both go on at the same time.
"""

from __future__ import annotations

import threading
from queue import SimpleQueue

from netminedet.capture.rawfile import ByteStream

#: Buffers that are filled ahead, and bytes of each: what the thread takes in memory.
BUFFERS = 4
BUFFER_SIZE = 1 << 19
#: Longest that closing waits for a thread that waits for a pipe, in seconds.
_PATIENCE = 1.0


class Ahead:
    """The bytes of ``stream``, read on a thread that is ahead by ``BUFFERS`` buffers at most."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        #: what may be filled; None: no more is wanted
        self._free: SimpleQueue[bytearray | None] = SimpleQueue()
        #: what was read, an empty view at the end, or why there is no more
        self._filled: SimpleQueue[memoryview | Exception] = SimpleQueue()
        self._current = memoryview(b"")
        self._closed = False
        self._last: memoryview | Exception | None = None
        self._thread = threading.Thread(target=self._run, name="netminedet-ahead", daemon=True)
        for _ in range(BUFFERS):
            self._free.put(bytearray(BUFFER_SIZE))
        self._thread.start()

    def _run(self) -> None:
        while (buffer := self._free.get()) is not None and not self._closed:
            view = memoryview(buffer)
            try:
                got = self._stream.readinto(view)
            except Exception as error:  # the reader raises it, in its place
                self._filled.put(error)
                return
            self._filled.put(view[:got])
            if not got:
                return

    def readinto(self, view: memoryview) -> int:
        """Fill the front of ``view``; 0 at the end.  Raises OSError or DamagedStream."""
        if not self._current:
            self._next()
        got = min(len(view), len(self._current))
        view[:got] = self._current[:got]
        self._current = self._current[got:]
        return got

    def _next(self) -> None:
        if self._last is None:
            buffer = self._current.obj
            if isinstance(buffer, bytearray):
                self._free.put(buffer)
            found = self._filled.get()
            if isinstance(found, memoryview) and found:
                self._current = found
                return
            self._current, self._last = memoryview(b""), found
        if isinstance(self._last, Exception):
            raise self._last

    def close(self) -> None:
        """Have the thread end, and wait for it unless it waits for a pipe."""
        self._closed = True
        self._free.put(None)
        self._thread.join(_PATIENCE)
