"""Who scans which input, so that several processes are at work; what all of it comes to."""

from __future__ import annotations

import os
import stat
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from msgspec import Struct, field

from netminedet.errors import NetminedetError
from netminedet.jobs.outcome import Outcome, PipelineMaker, Sequential, Step, scan_input
from netminedet.model import InputInfo
from netminedet.verdict.findings import Findings

if TYPE_CHECKING:
    from netminedet.jobs.child import Children, Link

#: A file of at least so many bytes is shared by all processes, if it is also a large part of all inputs.
LEAST_SHARED = 8_000_000
#: Inputs that are ordered of a process at a time: the next waits there while it works on one.
_AHEAD = 2
_NUMBER = struct.Struct("<Q")
#: number, packets, bytes of an input that is done
_DONE = struct.Struct("<QQQ")


class Total(Struct):
    """What several inputs come to, in whatever order they are added."""

    #: what is added is left as it is
    apart: bool = False
    infos: dict[int, InputInfo] = field(default_factory=dict)
    counters: Counter[str] = field(default_factory=Counter)
    findings: Findings | None = None

    def add(self, number: int, outcome: Outcome) -> None:
        """One more input."""
        self.infos[number] = outcome.info
        self.counters.update(outcome.counters)
        if outcome.findings is not None:
            self._find(outcome.findings)

    def merge(self, other: Total) -> None:
        """Other inputs."""
        self.infos.update(other.infos)
        self.counters.update(other.counters)
        if other.findings is not None:
            self._find(other.findings)

    def _find(self, findings: Findings) -> None:
        if self.findings is None and not self.apart:
            self.findings = findings
            return
        if self.findings is None:
            self.findings = Findings(limits=findings.limits)
        self.findings.merge(findings)


class Scan:
    """A scan of several inputs by ``jobs`` processes.

    ``steps(number)`` is what is told how far that input is; None: nobody is.  ``each`` is told what
    each input comes to, in their order.
    Raises NetminedetError where there are to be several processes and the system cannot fork.
    """

    def __init__(
        self,
        paths: Sequence[str],
        make_pipeline: PipelineMaker,
        steps: Callable[[int], Step | None],
        each: Callable[[Outcome], None] | None = None,
        *,
        hash_inputs: bool,
        jobs: int,
    ) -> None:
        if jobs > 1 and not hasattr(os, "fork"):
            raise NetminedetError("--jobs needs a system that can fork; leave it out")
        self._paths = paths
        self._make_pipeline = make_pipeline
        self._steps = steps
        self._each = each
        #: outcomes that those of earlier inputs are waited for, and the first that was not told
        self._early: dict[int, Outcome] = {}
        self._untold = 0
        self._hash_inputs = hash_inputs
        self._jobs = jobs

    def run(self) -> Total:
        """Scan all inputs.  Raises NetminedetError where a process of the scan was killed."""
        total = Total(apart=self._each is not None)
        for shared, numbers in groupby(range(len(self._paths)), self._large().__contains__):
            if shared:
                for number in numbers:
                    self._take(total, number, self._by_shares(number))
            else:
                self._by_inputs(list(numbers), total)
        return total

    def _take(self, total: Total, number: int, outcome: Outcome) -> None:
        total.add(number, outcome)
        if self._each is not None:
            self._early[number] = outcome
            while self._untold in self._early:
                self._each(self._early.pop(self._untold))
                self._untold += 1

    def _large(self) -> set[int]:
        """Inputs on each of which all processes work."""
        if self._jobs == 1:
            return set()
        sizes = [_size(path) for path in self._paths]
        least = max(LEAST_SHARED, sum(sizes) // (2 * self._jobs))
        return {number for number, size in enumerate(sizes) if size >= least}

    def _by_shares(self, number: int) -> Outcome:
        from netminedet.jobs.shares import scan_shared

        step = self._steps(number)
        try:
            return scan_shared(self._paths[number], self._make_pipeline, self._jobs, self._hash_inputs, step)
        except Sequential:
            return self._by_one(number, step)

    def _by_one(self, number: int, step: Step | None) -> Outcome:
        return scan_input(self._paths[number], self._make_pipeline, self._hash_inputs, step)

    def _by_inputs(self, numbers: Sequence[int], total: Total) -> None:
        """Each input by one process, several at a time."""
        jobs = min(self._jobs, len(numbers))
        if jobs == 1:
            for number in numbers:
                self._take(total, number, self._by_one(number, self._steps(number)))
            return
        from netminedet.jobs.child import Children

        left = iter(numbers)
        with Children() as children:
            for _ in range(jobs):
                children.start(self._work)
            for _ in range(_AHEAD):
                for child in range(jobs):
                    self._order(children, child, left, 1)
            for child, signal, result in children.heard():
                if isinstance(result, Total):
                    total.merge(result)
                elif result is not None:
                    self._take(total, *result)
                done = list(_DONE.iter_unpack(signal))
                self._order(children, child, left, len(done))
                for number, packets, captured in done:
                    if (step := self._steps(number)) is not None:
                        size = _size(self._paths[number])
                        step(size, size, packets, captured)

    @staticmethod
    def _order(children: Children, child: int, left: Iterable[int], count: int) -> None:
        """Give a child the next inputs, or say that there are no more."""
        for _, number in zip(range(count), left, strict=False):
            children.all[child].order(_NUMBER.pack(number))
            count -= 1
        if count:
            children.all[child].no_more()

    def _work(self, link: Link) -> None:
        """The part of one process: what its inputs come to together."""
        total = Total()
        while order := link.order(_NUMBER.size):
            number = _NUMBER.unpack(order)[0]
            outcome = self._by_one(number, None)
            if self._each is None:
                total.add(number, outcome)
            else:
                link.result((number, outcome))
            link.signal(_DONE.pack(number, outcome.info.packets, outcome.info.bytes))
        link.result(total)


def _size(path: str) -> int:
    """The bytes of a file; 0 of anything else."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0
