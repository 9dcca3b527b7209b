"""The loop: mutate, run, keep what did something new; save what fails."""

from __future__ import annotations

import faulthandler
import hashlib
import random
import resource
import sys
import time
import traceback
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.mutate import mutated
from tests.fuzz.targets import Target

#: Seconds after which one input counts as a hang; the process then ends with a traceback.
HANG_SECONDS = 60
#: MiB by which the process may grow while one target is fuzzed.
MEMORY_MIB = 1024
#: Inputs kept because their outcome was new.
CORPUS_LIMIT = 4000
#: Different failures of one target that are told; the loop ends with the last one.
FINDS_LIMIT = 10


@dataclass(slots=True)
class Result:
    """What fuzzing one target came to."""

    runs: int = 0
    outcomes: int = 0
    seconds: float = 0.0
    #: traceback and input of each different failure
    finds: list[tuple[str, bytes]] = field(default_factory=list)


def fuzz(
    target: Target, seconds: float, seed: int, runs: int | None = None, memory_mib: int = MEMORY_MIB
) -> Result:
    """Run ``target`` on its seeds and then on mutations of them until the time or ``runs`` is over."""
    rng = random.Random(seed)
    corpus = list(target.seeds()) or [b""]
    waiting = list(corpus)
    seen: set[Hashable] = set()
    places: set[str] = set()
    result = Result()
    grown = _memory()
    global _watched
    _watched = 0.0
    begin = time.monotonic()
    while (result.seconds < seconds or waiting) and (runs is None or result.runs < runs):
        data = waiting.pop() if waiting else mutated(rng, corpus)
        outcome, failure = run_one(target, data)
        result.runs += 1
        if failure is None:
            if outcome not in seen:
                seen.add(outcome)
                if len(corpus) < CORPUS_LIMIT:
                    corpus.append(data)
        elif (place := _place(failure)) not in places:
            places.add(place)
            result.finds.append((failure, data))
            if len(result.finds) >= FINDS_LIMIT:
                break
        if _memory() - grown > memory_mib:
            result.finds.append((f"the process grew by more than {memory_mib} MiB", data))
            break
        result.seconds = time.monotonic() - begin
        if result.seconds > 2 * seconds:
            break  # not even the seeds are done
    faulthandler.cancel_dump_traceback_later()
    result.outcomes = len(seen)
    return result


def run_one(target: Target, data: bytes) -> tuple[Hashable, str | None]:
    """The outcome of one input, or the traceback of what it raised."""
    _watch()
    if _LAST is not None:
        _LAST.write_bytes(data)
    try:
        return target.run(data), None
    except Exception:
        return None, traceback.format_exc()


_watched = 0.0


def _watch() -> None:
    """Begin to wait for a hang anew, at most once a second, as that starts a thread."""
    global _watched
    if time.monotonic() - _watched > 1.0:
        _watched = time.monotonic()
        faulthandler.dump_traceback_later(HANG_SECONDS, exit=True, file=sys.__stderr__)


#: Where the input is written before it is run, so that one that kills the process is known.
_LAST: Path | None = None


def remember_last(path: Path) -> None:
    global _LAST
    _LAST = path


def save(folder: Path, name: str, data: bytes) -> Path:
    """Keep an input that failed, under a name made from its content."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{hashlib.sha256(data).hexdigest()[:16]}"
    path.write_bytes(data)
    return path


def _place(failure: str) -> str:
    """Where it was raised: the last lines of a traceback, without the values in its message."""
    lines = failure.splitlines()
    return "\n".join(line for line in lines if line.startswith("  File"))[-300:] + lines[-1].partition(":")[0]


def _memory() -> int:
    """MiB that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
