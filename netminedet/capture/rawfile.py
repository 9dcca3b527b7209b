"""The bytes of an input as they lie on disk or come down a pipe."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING, Any, Protocol

from netminedet.capture.notes import shown
from netminedet.errors import NetminedetError
from netminedet.language import said_of, sentence

if TYPE_CHECKING:
    from netminedet.capture.hashing import Hasher

_DRAIN_STEP = 1 << 20


class ByteStream(Protocol):
    """Where a window gets its bytes from."""

    def readinto(self, view: memoryview) -> int:
        """Fill the front of ``view``; return how many bytes, 0 at the end.

        Raises OSError or ``compression.DamagedStream`` when there is more that cannot be had.
        """


class RawFile:
    """A file or standard input, read once from front to back: counted and, if asked, hashed."""

    def __init__(self, path: str, *, hash_content: bool = False) -> None:
        """Open ``path``, "-" being standard input.  Raises NetminedetError."""
        self._hash: Hasher | None = None
        if hash_content:
            from netminedet.capture.hashing import Hasher

            self._hash = Hasher()
        self._owned = path != "-"
        self._stream = _open_file(path) if self._owned else _standard_input()
        self._read = getattr(self._stream, "readinto1", None) or self._stream.readinto
        self._peeked = b""
        #: bytes read so far
        self.position = 0
        #: bytes there are, None where that cannot be known
        self.size = _size(self._stream)

    def peek(self, count: int) -> bytes:
        """The next ``count`` bytes, fewer only at the end, without consuming them.  Raises OSError."""
        while len(self._peeked) < count:
            piece = bytearray(count - len(self._peeked))
            got = self._fetch(memoryview(piece))
            if not got:
                break
            self._peeked += piece[:got]
        return self._peeked[:count]

    def readinto(self, view: memoryview) -> int:
        """Fill the front of ``view`` with what comes next; 0 at the end.  Raises OSError."""
        if self._peeked:
            got = min(len(view), len(self._peeked))
            view[:got] = self._peeked[:got]
            self._peeked = self._peeked[got:]
            return got
        return self._fetch(view)

    def _fetch(self, view: memoryview) -> int:
        got: int = self._read(view) or 0
        self.position += got
        if self._hash:
            self._hash.update(view[:got])
        return got

    def from_start(self) -> ByteStream:
        """The bytes of a regular file once more, neither counted nor hashed; open as long as this one is."""
        return _Again(self._stream.fileno())

    def drain(self) -> None:
        """Read to the end, so that the hash is that of the whole file.  Raises OSError."""
        if self._hash:
            view = memoryview(bytearray(_DRAIN_STEP))
            while self._fetch(view):
                pass

    def sha256(self) -> str | None:
        """Hash of the bytes read so far, in hexadecimal; None when none was asked for."""
        return self._hash.hexdigest() if self._hash else None

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self._hash:
            self._hash.close()
        if self._owned:
            self._stream.close()


class _Again:
    """The bytes of an open file from its beginning, wherever others read it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._position = 0

    def readinto(self, view: memoryview) -> int:
        data = os.pread(self._descriptor, len(view), self._position)
        view[: len(data)] = data
        self._position += len(data)
        return len(data)


def _standard_input() -> Any:
    stream = getattr(sys.stdin, "buffer", None)  # sys.stdin is None where it was closed
    if stream is None:
        raise NetminedetError(sentence("standard input: is closed; pipe a capture into it or name a file"))
    return stream


def _open_file(path: str) -> Any:
    try:
        return open(path, "rb", buffering=0)  # noqa: PTH123 - closed by close(); paths are text here
    except FileNotFoundError:
        reason = sentence("no such file; check the name")
    except IsADirectoryError:
        reason = sentence("is a folder, not a capture file; name the files in it")
    except PermissionError:
        reason = sentence("may not be read; change its permissions or run as a user who may")
    except OSError as error:
        reason = sentence("cannot be opened: {reason}", reason=error.strerror or str(error))
    except ValueError:
        reason = sentence("is not a possible file name; check the name")
    raise NetminedetError(said_of(shown(path), reason))


def _size(stream: Any) -> int | None:
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError, AttributeError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
