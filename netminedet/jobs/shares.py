"""One large capture for several processes: each reads all of it, and works on its share of the flows.

All packets of a flow go to the same process, in their order, so that what it finds of a flow is what one
process alone would have found; the findings of all add up.  Only where a server sends its client elsewhere
does one flow tell what to look for in others: then the input is read again, by one process.
"""

from __future__ import annotations

import contextlib
import os
import struct
import threading
from collections import Counter
from functools import partial
from typing import Any

from netminedet.capture.compression import find_codec
from netminedet.capture.formats import HEAD
from netminedet.capture.rawfile import RawFile
from netminedet.capture.source import open_source
from netminedet.errors import NetminedetError
from netminedet.jobs.child import Children, Link
from netminedet.jobs.outcome import Outcome, PipelineMaker, Sequential, Step, read_counters
from netminedet.sieve.packets import Part

#: What the first process tells of how far it is: position, packets, bytes.
_FAR = struct.Struct("<QQQ")
#: Packets between two such signals.
_FAR_PACKETS = 1 << 17


def scan_shared(
    path: str, make_pipeline: PipelineMaker, shares: int, hash_inputs: bool, step: Step | None
) -> Outcome:
    """What is found in a plain file.  Raises Sequential."""
    size = plain_size(path)
    if size is None:
        raise Sequential
    seed = int.from_bytes(os.urandom(16), "little")
    results: list[Any] = [None] * shares
    with Children() as children:
        for share in range(shares):
            children.start(partial(_work, path, make_pipeline, Part(share, shares, seed)))
        hashing = _Hashing(path) if hash_inputs else None
        for share, signal, result in children.heard():
            if result is not None:
                results[share] = result
            elif step is not None:
                position, packets, captured = _FAR.unpack(signal[-_FAR.size :])
                step(position, size, packets, captured)
        outcome = _sum_of(results)
        if hashing is not None:
            outcome.info.sha256 = hashing.result()
    return outcome


def plain_size(path: str) -> int | None:
    """The size of an uncompressed capture in a file; None for anything else."""
    try:
        raw = RawFile(path)
    except NetminedetError:
        return None
    try:
        return None if find_codec(raw.peek(HEAD)) else raw.size
    except OSError:
        return None
    finally:
        raw.close()


def _work(path: str, make_pipeline: PipelineMaker, part: Part, link: Link) -> None:
    """The part of one process."""
    try:
        opened = open_source(path)
    except NetminedetError:
        raise Sequential from None  # which tells what is wrong with it
    pipeline = make_pipeline(path, part)
    told = 0
    with opened as source:
        info = source.info
        for batch in source.batches():
            pipeline.feed(batch)
            if pipeline.findings.redirects.orders:
                raise Sequential
            if part.mine == 0 and info.packets - told >= _FAR_PACKETS:
                told = info.packets
                link.signal(_FAR.pack(source.position, told, info.bytes))
    counters = pipeline.finish()
    if pipeline.findings.redirects.orders:
        raise Sequential
    link.result((info, pipeline.findings, counters, pipeline.shared_counters()))


def _sum_of(results: list[Any]) -> Outcome:
    info, findings, counted, _ = results[0]
    counters = Counter({**read_counters(info), **counted})
    for other, found, counted, shared in results[1:]:
        if other != info:
            raise Sequential  # the file was changed meanwhile
        counters.update(counted)
        counters.subtract(shared)
        findings.merge(found)
    return Outcome(info, dict(counters), findings)


class _Hashing:
    """The hash of a file, which a thread makes beside the processes."""

    def __init__(self, path: str) -> None:
        self._raw = RawFile(path, hash_content=True)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._whole = False
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            self._raw.drain()
            self._whole = True

    def result(self) -> str | None:
        """Raises Sequential where the file could not be read to its end."""
        self._thread.join()
        self._raw.close()
        if not self._whole:
            raise Sequential
        return self._raw.sha256()
