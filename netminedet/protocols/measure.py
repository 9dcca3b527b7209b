"""How hard a share is: the difficulty and the target that the server has put in force.

A new difficulty holds from the next job on (EthereumStratum/1.0.0, and the practice of
all of Stratum V1), and a share is measured by the job that it answers.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping

from msgspec import Struct

from netminedet.model import ACCEPTED, JOB, RECKONED, REJECTED, SERVER, Kind, Side, Turn
from netminedet.protocols.latest import keep_latest

#: Jobs remembered of a flow.  A miner works on the newest, and on a few before it.
MAX_JOBS = 64
#: Shares of a flow whose hashes tell the target where no message did.
MAX_HASHES = 12
#: Of fewer shares the largest hash may be far from the target.
_LEAST_HASHES = 8

#: A CryptoNote hash, 32 bytes, the least significant first (xmrig, src/base/net/stratum/Client.cpp).
_HASH_DIGITS = 64


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


_UNKNOWN = Measure()


class Measures:
    """Follows one conversation's server."""

    __slots__ = ("_announced", "_hashes", "_jobs", "_latest", "_since", "turn")

    def __init__(self) -> None:
        self._announced = Measure()
        self._latest = Measure()
        self._jobs: OrderedDict[str, Measure] = OrderedDict()
        self._since: int | None = None
        #: top 64 bits of the hashes of the latest shares
        self._hashes: deque[int] = deque(maxlen=MAX_HASHES)
        #: of the job taken in last: what was in force until then, and what is now
        self.turn: Turn | None = None

    def learn(self, kind: Kind, sender: Side, details: Mapping[str, str], moment: int = 0) -> None:
        """Take in the details of a message that came at this moment; those of clients change nothing."""
        self.turn = None
        if sender is not SERVER or kind in (ACCEPTED, REJECTED):
            return
        difficulty, target, algo = (details.get(name, "") for name in ("difficulty", "target", "algo"))
        job = details.get("job_id", "")
        if kind is not JOB and not job:
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
            keep_latest(self._jobs, job, self._latest, MAX_JOBS)

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
        if self._latest != _UNKNOWN:
            return self._latest
        if self._announced != _UNKNOWN:
            return self._announced
        return Measure(difficulty=self._reckoned(), algo=details.get("algo", ""))

    def hear_share(self, details: Mapping[str, str]) -> None:
        """Take in the hash of a share, once."""
        digits = details.get("hash", "")
        if len(digits) == _HASH_DIGITS:
            try:
                self._hashes.append(int.from_bytes(bytes.fromhex(digits), "little") >> 192)
            except ValueError:
                return

    def _reckoned(self) -> str:
        """The difficulty that the hashes of the latest shares tell, to two digits; empty for too few.

        Hashes of shares are evenly spread up to the target.  Where M is the largest of n, the difficulty is
        (n - 1) / n of 2^256 / M, without bias.  Where the pool raises it, this follows up to n shares late:
        too low a rate, not too high a one.
        """
        count, largest = len(self._hashes), max(self._hashes, default=0)
        if count < _LEAST_HASHES or not largest:
            return ""
        return f"{RECKONED}{float(f'{(count - 1) / count * 2**64 / largest:.1e}'):.0f}"
