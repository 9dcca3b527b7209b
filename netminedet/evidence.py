"""Evidence as files: for each suspect the packets that prove it, as pcapng, with comments.

Files are named by host and time; a host's packets are never
in another's file.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from netminedet.errors import EvidenceError, NetminedetError
from netminedet.keeper import KeptPacket
from netminedet.packetfile import comment_of, interface_block, packet_block, section

#: Packets that wait for a host to become a suspect, of all hosts; the oldest give way.
MAX_PENDING_EVIDENCE = 20_000
#: A file of this size is full, and the host's next packet begins another.
FILE_BYTES = 16 << 20
#: Files that are open at a time.
_OPEN_FILES = 64


@dataclass(slots=True)
class _File:
    path: Path
    size: int = 0
    interfaces: dict[tuple[int, str], int] = field(default_factory=dict)


class EvidenceFolder:
    """Writes below ``folder``: at most ``most_packets`` of a host, ``most_bytes`` of all, and nothing that
    is older than ``seconds``.  Raises NetminedetError where the folder cannot be made."""

    def __init__(
        self, folder: str, most_packets: int = 1000, most_bytes: int = 1 << 30, seconds: float | None = None
    ) -> None:
        self._folder = Path(folder)
        self._most_packets, self._most_bytes, self._seconds = most_packets, most_bytes, seconds
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NetminedetError(
                f"{folder}: cannot be made: {error.strerror}; name another folder with --evidence"
            ) from None
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise NetminedetError(f"{folder}: may not be written to; name another folder with --evidence")
        self._files: OrderedDict[str, _File] = OrderedDict()
        #: files that were begun here and are still there, and why one could not be written
        self._begun: set[Path] = set()
        self._reason = ""
        self._written: Counter[str] = Counter()
        self._pending: OrderedDict[int, KeptPacket] = OrderedDict()
        self._number = 0
        self._pruned = 0.0
        self.counts: Counter[str] = Counter(
            evidence_packets=0,
            evidence_packets_over_cap=0,
            evidence_packets_given_up=0,
            evidence_errors=0,
            evidence_files_removed=0,
        )

    def add(self, packets: Iterable[KeptPacket], is_suspect: Callable[[str], bool]) -> None:
        """Write the packets of suspects; those of others wait until they may be suspects."""
        for kept in packets:
            self._number += 1
            self._pending[self._number] = kept
        for number, kept in list(self._pending.items()):
            flow = kept.where.flow
            hosts = [host for host in {flow.src_ip, flow.dest_ip} if is_suspect(host)]
            if hosts:
                del self._pending[number]
            for host in hosts:
                self._keep(host, kept)
        while len(self._pending) > MAX_PENDING_EVIDENCE:
            self._pending.popitem(last=False)
            self.counts["evidence_packets_given_up"] += 1
        if time.monotonic() - self._pruned > 60:
            self._pruned = time.monotonic()
            self.prune()

    def _keep(self, host: str, kept: KeptPacket) -> None:
        if self._written[host] >= self._most_packets:
            self.counts["evidence_packets_over_cap"] += 1
            return
        try:
            self._write(host, kept)
        except OSError as error:
            self._reason = self._reason or error.strerror or str(error)
            self.counts["evidence_errors"] += 1
        else:
            self._written[host] += 1
            self.counts["evidence_packets"] += 1

    def _write(self, host: str, kept: KeptPacket) -> None:
        """Append a packet in one write, so that a file is whole after each."""
        file = self._file(host, kept.where.time_ns)
        interface = (kept.linktype, kept.where.input)
        parts = [] if file.size else [section()]
        if interface not in file.interfaces:
            parts.append(interface_block(*interface))
        number = file.interfaces.get(interface, len(file.interfaces))
        parts.append(packet_block(number, kept, comment_of(kept)))
        data = b"".join(parts)
        descriptor = os.open(file.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        try:
            written = os.write(descriptor, data)
            if written < len(data):
                os.ftruncate(descriptor, file.size)  # a piece of a block would spoil the file
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(descriptor)
        file.size += len(data)
        file.interfaces[interface] = number

    def _file(self, host: str, time_ns: int) -> _File:
        file = self._files.get(host)
        if file is None or file.size >= FILE_BYTES:
            name = re.sub(r"[^0-9a-f.]", "-", host.lower())
            stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(time_ns // 1_000_000_000))
            (self._folder / name).mkdir(exist_ok=True)
            path = self._folder / name / f"{name}-{stamp}.pcapng"
            again = 1
            while path.exists():
                again += 1
                path = self._folder / name / f"{name}-{stamp}-{again}.pcapng"
            file = self._files[host] = _File(path)
            self._begun.add(path)
        self._files.move_to_end(host)
        while len(self._files) > _OPEN_FILES:
            self._files.popitem(last=False)
        return file

    def prune(self) -> None:
        """Remove files that are too old, and the oldest where all are too large together."""
        found = []
        for path in self._folder.glob("*/*.pcapng"):
            with contextlib.suppress(OSError):
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in found)
        for changed, size, path in sorted(found):
            old = self._seconds is not None and time.time() - changed > self._seconds
            if not old and total <= self._most_bytes:
                break
            with contextlib.suppress(OSError):
                path.unlink()
                self._begun.discard(path)
                total -= size
                self.counts["evidence_files_removed"] += 1
            for host in [host for host, file in self._files.items() if file.path == path]:
                del self._files[host]

    def need_all(self, report: object) -> None:
        """Take back what was written where not all could be: half of it would look like all of it, and the
        next scan would write beside it.  Raises EvidenceError then."""
        if not self.counts["evidence_errors"]:
            return
        for path in self._begun:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
                path.parent.rmdir()
        raise EvidenceError(
            f"{self._folder}: the evidence could not be written: {self._reason}; "
            "make room there or name another folder with --evidence, and scan again",
            report,
        )

    def forget(self, hosts: Iterable[str]) -> None:
        """These hosts count anew."""
        for host in hosts:
            self._written.pop(host, None)
