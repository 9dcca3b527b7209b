"""Where events go: a file or a pipe that may be full, slow or gone, without anything waiting for it."""

from __future__ import annotations

import contextlib
import os
import select
import stat
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from netminedet.errors import NetminedetError
from netminedet.language import sentence
from netminedet.report.document import JsonObject, json_text

STDOUT = "-"
#: Bytes of events that wait for an output that takes none.
MAX_WAITING_OUTPUT = 64 << 20
#: Bytes written at once to what is no file: so many a pipe takes whole or not at all (POSIX: PIPE_BUF).
_PIECE = 4096
#: Seconds between two tries, and how long the end waits for an output.
RETRY_SECONDS = 1.0
FINAL_SECONDS = 5.0
#: What gives way first where too much waits.
_LEAST = ("stats", "update")


@dataclass(slots=True)
class OutputCounts:
    """What became of events."""

    written: int = 0
    #: given up because too many waited, or at the end
    dropped: int = 0
    errors: int = 0
    waiting: int = 0
    waiting_bytes: int = 0


@dataclass(slots=True)
class _Line:
    data: bytes
    least: bool


@dataclass(slots=True)
class EventOutput:
    """Writes events to ``target`` as JSON lines; "-" is standard output."""

    target: str
    counts: OutputCounts = field(default_factory=OutputCounts)
    _waiting: deque[_Line] = field(default_factory=deque)
    _begun: int = 0
    _descriptor: int | None = None
    #: which file was opened last: device and inode
    _opened: tuple[int, int] | None = None
    _is_file: bool = True
    #: whether the file was found to end within a line: of a watch that was killed, or had no room
    _cut_before: bool = False
    _failed_at: float | None = None
    _notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        try:
            self._open()
        except OSError as error:
            if not stat.S_ISFIFO(_mode(self.target)):
                reason = error.strerror or str(error)
                raise NetminedetError(
                    f"{self.target}: cannot be written: {reason}; name another file with --output"
                ) from None

    def _open(self) -> None:
        if self.target == STDOUT:
            if sys.stdout is None:
                raise NetminedetError("standard output is closed; name a file with --output")
            self._descriptor = os.dup(sys.stdout.fileno())
        else:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
            self._descriptor = os.open(self.target, flags, 0o644)
        status = os.fstat(self._descriptor)
        self._is_file = stat.S_ISREG(status.st_mode)
        if (status.st_dev, status.st_ino) != self._opened or not status.st_size:
            self._begun = 0  # a line that is begun goes on in the same file; another one gets it whole
            self._cut_before = self._is_file and _ends_within_a_line(self.target, status.st_size)
        self._opened = status.st_dev, status.st_ino

    def add(self, event: JsonObject) -> None:
        """Take an event; it is written when the output takes it."""
        line = json_text(event).encode("utf-8", "backslashreplace") + b"\n"
        self._waiting.append(_Line(line, event["event_type"] in _LEAST))
        self.counts.waiting_bytes += len(line)
        if self.counts.waiting_bytes > MAX_WAITING_OUTPUT:
            self._make_room()
        self.counts.waiting = len(self._waiting)

    def _make_room(self) -> None:
        """Give up what tells least, and then the oldest; not the line that is begun."""
        first = [self._waiting.popleft()] if self._begun else []
        kept: deque[_Line] = deque()
        for line in self._waiting:
            if line.least and self.counts.waiting_bytes > MAX_WAITING_OUTPUT // 2:
                self._give_up(line)
            else:
                kept.append(line)
        while kept and self.counts.waiting_bytes > MAX_WAITING_OUTPUT:
            self._give_up(kept.popleft())
        self._waiting = deque(first) + kept

    def _give_up(self, line: _Line) -> None:
        self.counts.dropped += 1
        self.counts.waiting_bytes -= len(line.data)

    def flush(self) -> None:
        """Write what can be written now."""
        if not self._waiting:
            return
        if self._failed_at is not None and time.monotonic() - self._failed_at < RETRY_SECONDS:
            return
        try:
            if self._descriptor is None:
                self._open()
            while self._waiting and self._write_piece():
                pass
        except OSError as error:
            self._fail(error)
        else:
            if self._failed_at is not None:
                self._notes.append(sentence("{name}: the output takes events again", name=self.target))
            self._failed_at = None
        self.counts.waiting = len(self._waiting)

    def _write_piece(self) -> bool:
        """Write some of the first line; False where the output takes nothing just now."""
        assert self._descriptor is not None
        line = self._waiting[0].data
        if not self._is_file:
            poll = select.poll()
            poll.register(self._descriptor, select.POLLOUT)
            if not poll.poll(0):
                return False
        piece = line[self._begun :] if self._is_file else line[self._begun : self._begun + _PIECE]
        try:
            if self._cut_before:
                os.write(self._descriptor, b"\n")
                self._cut_before = False
            self._begun += os.write(self._descriptor, piece)
        except BlockingIOError:
            return False
        if self._begun == len(line):
            self._waiting.popleft()
            self._begun = 0
            self.counts.written += 1
            self.counts.waiting_bytes -= len(line)
        return True

    def _fail(self, error: OSError) -> None:
        self.counts.errors += 1
        if self._failed_at is None:
            reason = error.strerror or str(error)
            text = sentence(
                "{name}: cannot be written: {reason}; events wait, trying again",
                name=self.target,
                reason=reason,
            )
            self._notes.append(text)
        self._failed_at = time.monotonic()
        if not self._is_file and self.target != STDOUT:
            self._close()  # a new reader of a named pipe gets the line from its beginning
            self._begun = 0

    def _close(self) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None

    def reopen(self) -> None:
        """Go on in a new file of the same name, where the old one was moved away."""
        if self.target == STDOUT:
            return
        self.flush()
        self._close()
        self._failed_at = None
        try:
            self._open()
        except OSError as error:
            self._fail(error)

    def take_notes(self) -> list[str]:
        """What happened to the output since the last call."""
        notes, self._notes = self._notes, []
        return notes

    def close(self) -> bool:
        """Write what is left, as far as that can be soon; whether all of it is written."""
        end = time.monotonic() + FINAL_SECONDS
        self._failed_at = None
        self.flush()
        while self._waiting and time.monotonic() < end:
            time.sleep(0.05)
            self.flush()
        self.counts.dropped += len(self._waiting)
        left = len(self._waiting)
        self._waiting.clear()
        self._close()
        return not left and not self.counts.dropped


def _ends_within_a_line(path: str, size: int) -> bool:
    if not size or path == STDOUT:
        return False
    try:
        with Path(path).open("rb") as file:
            file.seek(size - 1)
            return file.read(1) not in (b"\n", b"")
    except OSError:
        return False


def _mode(path: str) -> int:
    try:
        return Path(path).stat().st_mode
    except OSError:
        return 0
