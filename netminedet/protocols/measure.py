"""How hard a share is: the difficulty and the target that the server has put in force.

A new difficulty holds from the next job on (EthereumStratum/1.0.0, and the practice of
all of Stratum V1), and a share is measured by the job that it answers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from msgspec import Struct

from netminedet.model import Kind, Side, Turn

#: Jobs remembered of a flow.  A miner works on the newest, and on a few before it.
MAX_JOBS = 64


class Measure(Struct, frozen=True):
    """What one share is measured by, as texts from the messages; empty where unknown."""

    difficulty: str = ""
    target: str = ""
    algo: str = ""

    @property
    def texts(self) -> tuple[str, str, str]:
        """Difficulty, target and algorithm."""
        return self.difficulty, self.target, self.algo

    def details(self) -> dict[str, str]:
        """The known ones by name."""
        named = (("difficulty", self.difficulty), ("target", self.target), ("algo", self.algo))
        return {name: text for name, text in named if text}


class Measures:
    """Follows one conversation's server."""

    __slots__ = ("_announced", "_jobs", "_latest", "_since", "turn")

    def __init__(self) -> None:
        self._announced = Measure()
        self._latest = Measure()
        self._jobs: OrderedDict[str, Measure] = OrderedDict()
        self._since: int | None = None
        #: of the job taken in last: what was in force until then, and what is now
        self.turn: Turn | None = None

    def learn(self, kind: Kind, sender: Side, details: Mapping[str, str], moment: int = 0) -> None:
        """Take in the details of a message that came at this moment; those of clients change nothing."""
        self.turn = None
        if sender is not Side.SERVER or kind in (Kind.ACCEPTED, Kind.REJECTED):
            return
        difficulty, target, algo = (details.get(name, "") for name in ("difficulty", "target", "algo"))
        job = details.get("job_id", "")
        if kind is not Kind.JOB and not job:
            before = self._announced
            self._announced = Measure(
                difficulty or before.difficulty, target or before.target, algo or before.algo
            )
            return
        measure = Measure(
            difficulty or self._announced.difficulty,
            target or self._announced.target,
            algo or self._announced.algo,
        )
        self._work_from(measure, moment)
        if job:
            self._jobs[job] = self._latest
            self._jobs.move_to_end(job)
            if len(self._jobs) > MAX_JOBS:
                self._jobs.popitem(last=False)

    def _work_from(self, measure: Measure, moment: int) -> None:
        """Count the time that the job before was worked on."""
        time = max(0, moment - self._since) if self._since is not None else 0
        self.turn = Turn(self._latest.texts, time, measure.texts)
        self._latest = measure
        self._since = moment

    def of_share(self, details: Mapping[str, str]) -> Measure:
        """What a share with these details is measured by."""
        known = self._jobs.get(details.get("job_id", ""))
        if known is not None:
            return known
        return self._latest if self._latest != Measure() else self._announced
