"""What every capture format has in common: a window on the bytes, and a reader that moves over it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import IntEnum
from typing import ClassVar

from netminedet.capture.compression import DamagedStream
from netminedet.capture.rawfile import ByteStream
from netminedet.capture.records import Walk
from netminedet.capture.resync import LOOK
from netminedet.language import N_, sentence
from netminedet.model import Batch

#: Bytes read at once.  A window of half a MiB stays in the second-level cache together with flow rows.
WINDOW_SIZE = 1 << 19
#: Longest record or block that is believed, in bytes: a longer one is damage.
RECORD_LIMIT = 1 << 24


class Stop(IntEnum):
    """Why a walk over records ended."""

    #: the columns of the batch have no room for another packet
    FULL = 0
    #: the record at the walk's position is not wholly in the window
    MORE = 1
    #: the lengths of the record at the walk's position cannot be true
    DAMAGED = 2
    #: what is at the walk's position is not a packet
    OTHER = 3


class Window:
    """The part of a stream that is in memory: ``data[start:end]`` is not consumed yet."""

    def __init__(self, stream: ByteStream, size: int = WINDOW_SIZE) -> None:
        self._stream = stream
        self._base = 0
        self.data = bytearray(size)
        self.start = 0
        self.end = 0
        #: why the stream cannot be read to its end; None while it can
        self.failure: str | None = None

    @property
    def available(self) -> int:
        """Bytes that are there to be consumed."""
        return self.end - self.start

    @property
    def offset(self) -> int:
        """Where in the (uncompressed) stream the unconsumed bytes begin."""
        return self._base + self.start

    def head(self, count: int) -> bytes:
        """A copy of the first unconsumed bytes."""
        return bytes(self.data[self.start : min(self.start + count, self.end)])

    def refill(self, needed: int) -> bool:
        """Read on until ``needed`` bytes are there; False when the stream ends before that.

        What is left moves to the front, so offsets into ``data`` change; where ``needed``
        is more than the buffer holds, ``data`` is a new, larger one.
        """
        left = self.available
        if needed > len(self.data):
            data = bytearray(needed)
            data[:left] = self.data[self.start : self.end]
            self.data = data
        else:
            self.data[:left] = self.data[self.start : self.end]
        self._base += self.start
        self.start = 0
        self.end = left
        while self.available < needed and self.failure is None:
            try:
                got = self._stream.readinto(memoryview(self.data)[self.end :])
            except OSError as error:
                self.failure = sentence("reading failed: {reason}", reason=str(error.strerror or error))
            except DamagedStream as error:
                self.failure = error.args[0]
            else:
                if not got:
                    break
                self.end += got
        return self.available >= needed


class Reader(ABC):
    """One capture format: how its records are found in a window.

    A new format is a module with a subclass, and a line in ``formats.READERS``.
    """

    #: the format's name in ``InputInfo.format``
    name: ClassVar[str]
    #: what one piece of the format is called in messages
    unit: ClassVar[str] = N_("record")
    #: sums over the packets read so far
    walk: Walk
    #: after ``Stop.MORE``: bytes that the next record has, as far as that can be told
    needed: int
    #: after ``Stop.DAMAGED``: what is wrong with the next record, a clause
    damage: str

    @classmethod
    @abstractmethod
    def recognises(cls, head: bytes) -> bool:
        """True when a stream that begins with these (at most ``formats.HEAD``) bytes is this format."""

    @abstractmethod
    def __init__(self, window: Window, path: str) -> None:
        """Consume what stands before the first record.

        Raises NetminedetError, naming ``path``, when that is damaged or cut short.
        """

    @abstractmethod
    def read(self, batch: Batch, window: Window) -> Stop:
        """Append the packets in the window to the batch and consume them."""

    def skip_damage(self, window: Window) -> bool:
        """Consume a damaged record and what follows, up to where records begin again.

        False where that is nowhere: then all of the stream is consumed.
        """
        window.start += 1
        final = False
        while True:
            # Moved and filled at most once in LOOK bytes, so that many damages take no more time than one.
            if window.available <= LOOK and not final:
                final = not window.refill(max(len(window.data), 2 * LOOK))
            found = self.search(window, final)
            if found >= 0:
                window.start = found
                return True
            window.start = ~found
            if final:
                return False

    @abstractmethod
    def search(self, window: Window, final: bool) -> int:
        """Where in the window's data records begin again, or ``~at``: nowhere before ``at``.

        ``final`` says that the stream ends with the window.
        """

    @abstractmethod
    def losses(self) -> list[str]:
        """What was passed over so far although it should have been a packet: lines of text."""

    def remarks(self) -> list[str]:
        """What else a user of the packets should know: lines of text."""
        return []
