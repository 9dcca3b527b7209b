"""Sources: what yields the packets of a file or of standard input, batch by batch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING

from netminedet.capture.compression import CHUNK_SIZE
from netminedet.capture.formats import HEAD, READERS, find_reader, unpacked
from netminedet.capture.notes import Notes, shown
from netminedet.capture.rawfile import RawFile
from netminedet.capture.reader import Reader, Stop, Window
from netminedet.errors import NetminedetError
from netminedet.language import Sentence, any_of, as_sentence, number_of, said_of, sentence
from netminedet.model import Batch, InputInfo

if TYPE_CHECKING:
    from netminedet.capture.ahead import Ahead

#: Packets in a batch at most: a window of them at 76 bytes each, header included.
BATCH_CAPACITY = 1 << 14


class Source:
    """An open capture, read once from front to back.  Made by ``open_source``."""

    def __init__(
        self, raw: RawFile, window: Window, reader: Reader, info: InputInfo, ahead: Ahead | None = None
    ) -> None:
        self._raw = raw
        self._ahead = ahead
        self._window = window
        self._reader = reader
        self._notes = Notes(info.problems)
        self._ended = False
        #: what was read so far; complete and final once ``batches`` is exhausted
        self.info = info

    @property
    def position(self) -> int:
        """Bytes of the file read so far, compressed ones in a compressed file."""
        return self._raw.position

    @property
    def size(self) -> int | None:
        """Bytes in the file, None where that is unknown, as for a pipe."""
        return self._raw.size

    def batches(self) -> Iterator[Batch]:
        """The packets, always in the same ``Batch`` object, which each step overwrites.

        Nothing in the input raises: what is damaged is passed over, and told in
        ``info.problems``.
        """
        batch = Batch(self._window.data, BATCH_CAPACITY)
        while not self._ended:
            batch.data = self._window.data
            batch.count = 0
            batch.first_number = self.info.packets + 1
            stop = self._reader.read(batch, self._window)
            self._count(batch)
            if batch.count:
                yield batch
            if self._ended:  # closed while the batch was out
                return
            if stop is Stop.DAMAGED:
                self._skip_damage()
            elif stop is Stop.MORE and not self._window.refill(self._reader.needed):
                self._cut_or_end()

    def _count(self, batch: Batch) -> None:
        walk = self._reader.walk
        self.info.packets += batch.count
        self.info.bytes = walk.captured
        if walk.earliest <= walk.latest:
            self.info.first_seen = walk.earliest
            self.info.last_seen = walk.latest

    def _lost(self, text: str) -> None:
        self.info.complete = False
        self._notes.add(text)

    def _skip_damage(self) -> None:
        """Go on where records begin again behind a damaged one; or else end."""
        problem = self._damaged(self._reader.damage)
        before = self._window.offset
        read_on = self._reader.skip_damage(self._window)
        self._gap(problem, self._window.offset - before, read_on)
        if not read_on:
            if self._window.failure is not None:
                self._lost(self._window.failure)
            self._end()

    def _cut_or_end(self) -> None:
        """The input ends, or the next record claims more than there is: look for records in that."""
        window, have, needed = self._window, self._window.available, self._reader.needed
        cut = sentence(
            "last {unit} is cut: {have} of {needed} bytes at {place}",
            unit=as_sentence(self._reader.unit),
            have=have,
            needed=needed,
            place=self._place(),
        )
        problem = self._damaged(
            sentence("it claims {needed} bytes, and {have} follow", needed=needed, have=have)
        )
        before = window.offset
        if have and self._reader.skip_damage(window):
            self._gap(problem, window.offset - before, True)
            return
        if window.failure is not None:
            self._lost(window.failure)
        elif have:
            self._lost(cut)
        self._end()

    def _gap(self, problem: str, skipped: int, read_on: bool) -> None:
        self.info.damaged_bytes += skipped
        passed = number_of("{n} byte", "{n} bytes", skipped)
        if read_on:
            message = sentence(
                "{problem}; passed over {bytes}, read on behind them", problem=problem, bytes=passed
            )
        else:
            message = sentence(
                "{problem}; passed over {bytes}, no record follows", problem=problem, bytes=passed
            )
        self._lost(message)

    def _damaged(self, damage: str) -> str:
        return sentence(
            "damaged {unit} at {place}: {damage}",
            unit=as_sentence(self._reader.unit),
            place=self._place(),
            damage=damage,
        )

    def _place(self) -> str:
        packets = number_of("{n} packet", "{n} packets", self.info.packets)
        offset = self._window.offset
        if "+" not in self.info.format:
            return sentence("offset {offset}, after {packets}", offset=offset, packets=packets)
        return sentence(
            "offset {offset} of the uncompressed data, after {packets}", offset=offset, packets=packets
        )

    def _end(self) -> None:
        """Complete ``info``, once."""
        self._ended = True
        for line in self._reader.losses():
            self._lost(line)
        for line in self._reader.remarks():
            self._notes.add(line)
        try:
            self._raw.drain()
        except OSError as error:
            self._lost(sentence("reading failed: {reason}", reason=str(error.strerror or error)))
        else:
            self.info.sha256 = self._raw.sha256()

    def close(self) -> None:
        """Close the file.  An input that was not read to its end is not complete."""
        if not self._ended:
            self._ended = True
            packets = number_of("{n} packet", "{n} packets", self.info.packets)
            self._lost(sentence("reading was stopped after {packets}", packets=packets))
        if self._ahead is not None:
            self._ahead.close()
        self._raw.close()

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_source(path: str | os.PathLike[str], *, hash_content: bool = False) -> Source:
    """Open a capture file, or standard input for "-", and find out its format from its content.

    With ``hash_content``, ``info.sha256`` is that of the file's bytes as they lie on disk,
    known when ``batches`` is exhausted.

    Raises NetminedetError when the file cannot be opened or is no capture.
    """
    name = os.fspath(path)
    raw = RawFile(name, hash_content=hash_content)
    try:
        return _opened(raw, name)
    except OSError as error:
        raw.close()
        reason = error.strerror or str(error)
        unread = sentence("{name}: cannot be read: {reason}", name=shown(name), reason=reason)
        raise NetminedetError(unread) from None
    except BaseException:
        raw.close()
        raise


def _opened(raw: RawFile, path: str) -> Source:
    stream, compression = unpacked(raw, CHUNK_SIZE)
    if not compression:
        return _recognised(raw, Window(stream), path, "")
    from netminedet.capture.ahead import Ahead
    from netminedet.capture.quickgzip import quick_gzip

    ahead = Ahead(quick_gzip(raw, compression) or stream)
    try:
        return _recognised(raw, Window(ahead), path, compression, ahead)
    except BaseException:
        ahead.close()
        raise


def _recognised(
    raw: RawFile, window: Window, path: str, compression: str, ahead: Ahead | None = None
) -> Source:
    window.refill(HEAD)
    head = window.head(HEAD)
    found = find_reader(head)
    if found is None:
        why_not = _why_not(head, compression, window.failure)
        raise NetminedetError(said_of(shown(path), why_not))
    name = f"{found.name}+{compression}" if compression else found.name
    return Source(raw, window, found(window, path), InputInfo(path=path, format=name), ahead)


def _why_not(head: bytes, compression: str, failure: str | None) -> Sentence:
    """Why a stream that begins with ``head`` is no capture, and what would be one."""
    if failure is not None:
        return sentence("no packet can be read: {reason}; copy or record it again", reason=failure)
    content = sentence("it")
    if compression:
        content = sentence("the {compression} data in it", compression=compression)
    if not head:
        return sentence("{content} is empty; record again, or name another file", content=content)
    return sentence(
        "not a capture ({content} begins with {bytes}); give {formats}, plain, gzip, zstd or xz",
        content=content,
        bytes=head[:4].hex(" "),
        formats=any_of([reader.name for reader in READERS]),
    )
