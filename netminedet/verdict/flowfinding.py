"""The mining messages of one flow, summed up: what was said, by whom, and how much work it stands for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from netminedet.model import (
    ACCEPTED,
    CLAIMED_IP,
    CLAIMED_PORT,
    CLIENT,
    HANDSHAKE,
    JOB,
    SERVER,
    SHARE,
    STATUS,
    STRONG,
    FiveTuple,
    Kind,
    Message,
    Needs,
    Side,
    Strength,
)
from netminedet.suspects import Evidence
from netminedet.verdict.order import Span, order_of, place_of

#: Different agents (workers, wallets...) kept of one flow; more are cut and marked.
MAX_VALUES = 64
#: Different difficulties and targets kept of one flow's shares, and of the time that each was in force;
#: further shares count as of unknown difficulty, and further time not at all.
MAX_MEASURES = 512
#: Rates kept that a miner reported of itself: the latest.
MAX_REPORTED = 32


class Values(Struct):
    """A set of strings with a limit.  The smallest are kept, so that merging in any order agrees."""

    kept: set[str] = field(default_factory=set)
    truncated: bool = False

    def add(self, values: Iterable[str]) -> None:
        self.kept.update(values)
        if len(self.kept) > MAX_VALUES:
            self.kept = set(sorted(self.kept)[:MAX_VALUES])
            self.truncated = True

    def merge(self, other: Values) -> None:
        self.truncated |= other.truncated
        self.add(other.kept)

    def copy(self) -> Values:
        return Values(set(self.kept), self.truncated)


class Sealed(Struct, frozen=True):
    """Records of an encrypted channel, counted by size: estimates, apart from shares that were read.

    ``shares``: records of the size of a share, in ``minutes`` different ones of ``over`` minutes;
    ``answers``: those of the size of an answer to shares.
    """

    shares: int
    answers: int
    minutes: int
    over: int
    #: what went over the channel is what goes over one of Stratum V2
    fits: bool = False

    def __add__(self, other: Sealed) -> Sealed:
        return Sealed(
            self.shares + other.shares,
            self.answers + other.answers,
            self.minutes + other.minutes,
            self.over + other.over,
            self.fits or other.fits,
        )

    def __sub__(self, other: Sealed) -> Sealed:
        return Sealed(
            self.shares - other.shares,
            self.answers - other.answers,
            self.minutes - other.minutes,
            self.over - other.over,
            self.fits,
        )


#: Details of messages that are collected, besides the jobs.
DETAILS = frozenset(("agent", "worker", "wallet", "pool_host", "pool_url", "algo"))


class FlowFinding(Struct):
    """The mining messages of one flow.  ``a`` is the end with the smaller (address, port)."""

    a: tuple[str, int]
    b: tuple[str, int]
    proto: str
    span: Span
    #: (signature, kind, sender, strength, spoken by a) -> messages
    messages: Counter[tuple[str, Kind, Side, Strength, bool]] = field(default_factory=Counter)
    dialects: set[str] = field(default_factory=set)
    coins: set[str] = field(default_factory=set)
    details: dict[str, Values] = field(default_factory=dict)
    jobs: Values = field(default_factory=Values)
    #: signatures of the server's answers to a login that give out work as well
    greetings: set[str] = field(default_factory=set)
    first_job: int | None = None
    #: (SHARE or ACCEPTED, difficulty, target, algorithm) -> shares
    measures: Counter[tuple[Kind, str, str, str]] = field(default_factory=Counter)
    #: the latest of "difficulty", "target" and "algo" that the server gave: (time, text)
    in_force: dict[str, tuple[int, str]] = field(default_factory=dict)
    #: (difficulty, target, algorithm) -> nanoseconds that they were in force, from job to job
    spent: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    #: what the latest job is measured by: (time, (difficulty, target, algorithm))
    latest: tuple[int, tuple[str, str, str]] | None = None
    #: time -> rate that the miner reported of itself, as it wrote it
    reported: dict[int, str] = field(default_factory=dict)
    #: earliest message of each signature and speaker
    evidence: dict[tuple[str, bool], Evidence] = field(default_factory=dict)

    #: signature -> what has to be seen beside it (see ``Message.needs``)
    needs: dict[str, Needs] = field(default_factory=dict)
    #: how many miners one job was shared by at most, where the client divides the nonces
    sharers: int = 0
    #: what the sizes of its records show, where it is encrypted
    sealed: Sealed | None = None

    def merge(self, other: FlowFinding) -> None:
        self.span.merge(other.span)
        if other.sealed is not None:
            self.sealed = other.sealed if self.sealed is None else self.sealed + other.sealed
        self.messages.update(other.messages)
        self.needs.update(other.needs)
        self.dialects |= other.dialects
        self.coins |= other.coins
        for name, values in other.details.items():
            self.details.setdefault(name, Values()).merge(values)
        self.jobs.merge(other.jobs)
        self.greetings |= other.greetings
        for key, evidence in other.evidence.items():
            self._keep(key, evidence)
        if other.first_job is not None:
            self._job_at(other.first_job)
        for measure, shares in other.measures.items():
            self._measure(measure, shares)
        for name, latest in other.in_force.items():
            self.in_force[name] = max(latest, self.in_force.get(name, latest))
        self._report(other.reported)
        for measure_in_force, time in other.spent.items():
            self._spend(measure_in_force, time)
        self._work_by(other.latest)
        self.sharers = max(self.sharers, other.sharers)

    def _job_at(self, moment: int) -> None:
        self.first_job = moment if self.first_job is None else min(self.first_job, moment)

    def _measure(self, measure: tuple[Kind, str, str, str], shares: int) -> None:
        if measure not in self.measures and len(self.measures) >= MAX_MEASURES:
            measure = (measure[0], "", "", "")
        self.measures[measure] += shares

    def _spend(self, measure: tuple[str, str, str], time: int) -> None:
        if measure in self.spent or len(self.spent) < MAX_MEASURES:
            self.spent[measure] += time

    def _work_by(self, latest: tuple[int, tuple[str, str, str]] | None) -> None:
        if latest is not None:
            self.latest = latest if self.latest is None else max(latest, self.latest)

    def _report(self, rates: Mapping[int, str]) -> None:
        self.reported.update(rates)
        for moment in sorted(self.reported)[:-MAX_REPORTED]:
            del self.reported[moment]

    def _add_size(self, message: Message, moment: int) -> None:
        """What the message says of how much is mined."""
        details, kind, turn = message.details, message.kind, message.turn
        if turn is not None:
            if turn.time:
                self._spend(turn.before, turn.time)
            self._work_by((moment, turn.now))
        rate = details.get("hashrate")
        if rate and (message.sender is CLIENT or kind is STATUS):
            self._report({moment: rate})
        if message.sharers > self.sharers:
            self.sharers = message.sharers
        if kind is SHARE or kind is ACCEPTED:
            texts = (details.get("difficulty", ""), details.get("target", ""), details.get("algo", ""))
            self._measure((kind, *texts), 1)
        elif message.sender is SERVER and kind is not STATUS:
            if kind is JOB or "job_id" in details:
                self._job_at(moment)
            for name in ("difficulty", "target", "algo"):
                if text := details.get(name):
                    self.in_force[name] = max((moment, text), self.in_force.get(name, (moment, text)))

    def add(self, message: Message) -> None:
        where, signature, kind = message.where, message.signature, message.kind
        by_a = _is_a(where.flow)
        moment = where.time_ns
        strong = message.strength is STRONG
        self.span.reach(moment)
        self.messages[signature, kind, message.sender, message.strength, by_a] += 1
        if message.needs is not None:
            self.needs[signature] = message.needs
        if strong:
            self.dialects.add(message.dialect)
            self.coins.update(message.coins)
        if strong or kind is JOB:
            self._add_size(message, moment)
        self._add_details(message)
        kept = self.evidence.get((signature, by_a))
        if kept is None or (moment <= kept.where.time_ns and place_of(where) <= place_of(kept.where)):
            strength = message.strength.name.lower()
            evidence = Evidence(signature, strength, where, message.excerpt, message.why, _claim(message))
            self._keep((signature, by_a), evidence)

    def _add_details(self, message: Message) -> None:
        for name, value in message.details.items():
            if name in DETAILS and value:
                values = self.details.get(name)
                if values is None:
                    values = self.details[name] = Values()
                if value not in values.kept:
                    values.add([value])
        if job := message.details.get("job_id"):
            if message.kind is JOB:
                self.jobs.add([job])
            elif message.kind is HANDSHAKE and message.sender is SERVER:
                self.greetings.add(message.signature)

    def _keep(self, key: tuple[str, bool], evidence: Evidence) -> None:
        kept = self.evidence.get(key)
        if kept is None or order_of(evidence) < order_of(kept):
            self.evidence[key] = evidence


def _claim(message: Message) -> dict[str, str]:
    """Whom a header of the PROXY protocol gives as the client: context of the evidence."""
    return {name: message.details[name] for name in (CLAIMED_IP, CLAIMED_PORT) if name in message.details}


def _is_a(flow: FiveTuple) -> bool:
    return (flow.src_ip, flow.src_port) <= (flow.dest_ip, flow.dest_port)
