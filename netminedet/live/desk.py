"""Where everything comes together: harvests into the ledger, verdicts into events, counters into figures."""

from __future__ import annotations

import socket
import time
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from netminedet.api import Network, Report, empty_report, parse_networks
from netminedet.capture.live import CaptureCounts
from netminedet.garbage import leave_alone
from netminedet.language import N_, sentence
from netminedet.live.announce import Announcer, Told
from netminedet.live.events import EventMaker, JsonObject
from netminedet.live.ledger import SECOND_NS, Ledger
from netminedet.live.options import WatchOptions, limits_of
from netminedet.live.service import memory_of_process
from netminedet.live.state import State
from netminedet.live.station import Harvest
from netminedet.live.view import Keys, View
from netminedet.model import InputInfo
from netminedet.suspects import Suspect
from netminedet.verdict.findings import DROPPED, Findings
from netminedet.verdict.weigh import Settings, weigh

if TYPE_CHECKING:
    from netminedet.report.like import ReportLike
    from netminedet.signatures import SignatureSet

#: Counts of a capture that are given per interval.
_PER_INTERVAL = ("seen", "bytes", "received", "dropped", "freezes")
#: Nanoseconds, by the clock of the packets, between two rounds of letting go.
AGE_NS = 60 * SECOND_NS


#: The least that a sample must have before anything is said of it.
LEAST_BYTES = 100_000
LEAST_FLOWS = 20
LEAST_SEGMENTS = 500
#: Shares from which on they are told as a note.
MIRROR_LIMITS = {"loss": 0.01, "one_sided": 0.5, "twice": 0.1}


#: Suspects of whom something was told last, for the live view; one of more flows is not weighed for it.
MAX_RECENT = 12
MAX_FLOWS_AGAIN = 1000


@dataclass(slots=True)
class Interval:
    """What is counted anew for each stats event."""

    began: float
    before: dict[str, int]
    high_water: float = 0.0
    lag_ns: int = 0


class Desk:
    """The state of a watch, without anything that captures or writes."""

    def __init__(self, options: WatchOptions, signatures: SignatureSet, view: View | None = None) -> None:
        self._options = options
        self.home_net: tuple[Network, ...] = parse_networks(options.home_net)
        folders = [Path(one) for one in options.signatures]
        self.judge_by(empty_report(signatures, self.home_net, folders))
        #: how hosts are shown to those outside
        self.view = view or View(Keys(options), None, self.home_net)
        self.limits = limits_of(options)
        self.ledger = Ledger(self._weigh_host, self.limits)
        idle, update = int(options.idle_seconds * SECOND_NS), int(options.update_seconds * SECOND_NS)
        self.announcer = Announcer(self.ledger, idle, update)
        self.events = EventMaker(options.sensor or socket.gethostname())
        self.captures: dict[str, CaptureCounts] = {}
        self.stages: Counter[str] = Counter()
        self._started = time.monotonic()
        self._interval = Interval(self._started, dict.fromkeys(_PER_INTERVAL, 0))
        self._aged_ns = 0
        #: what was written as evidence
        self.evidence_counts: Counter[str] = Counter()
        self._mirror_told: set[str] = set()
        self._forgotten: list[str] = []
        self._recent: OrderedDict[str, Told] = OrderedDict()
        self._memories: list[tuple[int, int]] = []
        self._turn = 0
        self.suspects_told = 0
        #: times that the state could not be written
        self.state_errors = 0
        #: of the last stats interval, for the live view and the metrics
        self.latest: JsonObject = {}

    def _weigh_host(self, findings: Findings, host: str) -> Suspect | None:
        return next(iter(weigh(findings, self._settings, only=host)), None)

    def warm_up(self) -> None:
        """Read the tables that the first suspect needs, while they can be read."""
        self._settings.tables()

    def judge_by(self, like: Report) -> None:
        """Judge by the signatures and tables of this report from now on."""
        self.signatures: SignatureSet = like._signature_set
        self._like = like
        self._settings = Settings(self.home_net, self.signatures.most_specific, like._tables)

    @property
    def uptime(self) -> int:
        """Seconds since the start."""
        return int(time.monotonic() - self._started)

    def take(self, harvests: Iterable[Harvest], now_ns: int) -> list[Told]:
        """Enter harvests; what is to be told of hosts."""
        news: set[str] = set()
        changed: dict[str, int] = {}
        stages: Counter[str] = Counter()
        captures: dict[str, CaptureCounts] = {}
        memories: list[tuple[int, int]] = []
        for harvest in harvests:
            fresh, touched = self.ledger.add(harvest.findings, now_ns)
            news |= fresh
            for host, moment in touched.items():
                changed[host] = max(moment, changed.get(host, moment))
            stages.update(harvest.counters)
            for name, counts in harvest.captures.items():
                captures[name] = joined(captures.get(name), counts)
            if harvest.memory is not None:
                memories.append(harvest.memory)
            self._interval.high_water = max(self._interval.high_water, harvest.high_water)
            self._interval.lag_ns = max(self._interval.lag_ns, harvest.lag_ns)
        self.stages, self.captures = stages, captures
        self._memories = memories
        told = self.announcer.step(news, changed, now_ns)
        if now_ns - self._aged_ns >= AGE_NS:
            self._aged_ns = now_ns
            self._age(now_ns)
        return self._shown(told)

    def _age(self, now_ns: int) -> None:
        forget_ns = int(self._options.forget_seconds * SECOND_NS)
        gone = self.ledger.age(now_ns, frozenset(self.announcer.known), forget_ns)
        self.announcer.forget(gone)
        self._forgotten += gone
        leave_alone()

    def state(self, now_ns: int) -> State:
        """What is to be kept over a restart; the objects themselves, so it is to be written at once."""
        ledger = self.ledger
        return State(self.announcer.known, ledger.hosts, ledger.findings, self.events.sequence, now_ns)

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self.events.sequence = state.sequence
        if state.findings is not None:
            self.ledger.restore(state.findings, state.hosts)
        self.announcer.restore(state.known)

    def mirror_notes(self) -> list[str]:
        """What the sample shows of the mirror that an operator should know, each once."""
        told = upstream(self.stages)
        notes = {
            "loss": N_(
                "{share} of the bytes that TCP acknowledges were not seen: they are lost on the way here"
            ),
            "one_sided": N_("of {share} of the TCP flows only one side is seen: one direction is mirrored"),
            "twice": N_("{share} of the TCP segments come twice: both ends of a link are mirrored"),
        }
        said: list[str] = []
        for name, text in notes.items():
            value = told[name]
            if value is not None and value >= MIRROR_LIMITS[name] and name not in self._mirror_told:
                self._mirror_told.add(name)
                shown = f"{value:.1%}" if name == "loss" else f"{value:.0%}"
                said.append(sentence(text, share=shown))
        return said

    def take_withdrawn(self) -> list[str]:
        """Hosts that were told as suspects, and are none by what came later; since the last call."""
        hosts, self.announcer.withdrawn = self.announcer.withdrawn, []
        return [self.view.host(host) for host in hosts]

    def take_forgotten(self) -> list[str]:
        """Hosts that were let go of since the last call."""
        hosts, self._forgotten = self._forgotten, []
        return hosts

    def last_words(self, now_ns: int) -> list[Told]:
        """What is still to be told of hosts at the end."""
        return self._shown(self.announcer.finish(now_ns))

    def _shown(self, told: list[Told]) -> list[Told]:
        self.suspects_told += sum(one.event == "suspect" for one in told)
        shown = [self.view.told(one, self.announcer.known) for one in told]
        for one, as_shown in zip(told, shown, strict=True):
            self._recent.pop(one.suspect.host, None)
            self._recent[one.suspect.host] = as_shown
        while len(self._recent) > MAX_RECENT:
            self._recent.popitem(last=False)
        return shown

    def recent(self) -> list[Told]:
        """The suspects of whom something was told last, the latest first.

        Each call brings one of them up to date, by turns: an update may be minutes away.
        """
        if self._recent:
            self._turn += 1
            self._look_again(list(self._recent)[self._turn % len(self._recent)])
        return list(reversed(self._recent.values()))

    def _look_again(self, host: str) -> None:
        """Bring what is shown of a suspect up to date."""
        if host not in self.announcer.known:
            del self._recent[host]  # withdrawn, or forgotten
            return
        entries, was = self.ledger.hosts.get(host), self._recent[host]
        if was.event == "ended" or entries is None or entries.count("flows") > MAX_FLOWS_AGAIN:
            return
        suspect = self.ledger.suspect(host)
        if suspect is not None:
            now = replace(was, suspect=suspect, evidence=())
            self._recent[host] = self.view.told(now, self.announcer.known)

    def figures(self, output: JsonObject, *, new_interval: bool) -> JsonObject:
        """All counters; with ``new_interval`` the next ones count from here."""
        total = _sum(None, *self.captures.values())
        whole = {one.name: getattr(total, one.name) for one in fields(total)}
        for name in ("full_blocks", "blocks"):
            del whole[name]
        interval, now = self._interval, time.monotonic()
        part: JsonObject = {name: whole[name] - interval.before[name] for name in _PER_INTERVAL}
        part["seconds"] = round(now - interval.began, 3)
        part["ring_high_water"] = round(interval.high_water, 4)
        part["lag_ms"] = max(0, interval.lag_ns // 1_000_000)
        figures = {
            "capture": whole,
            "interval": part,
            "sources": {name: _source(counts) for name, counts in self.captures.items()},
            "stages": self._stages(),
            "upstream": upstream(self.stages),
            "suspects_active": self.announcer.active(),
            "suspects_known": len(self.announcer.known),
            "state_errors": self.state_errors,
            "memory": self._memory(),
            "output": output,
        }
        if new_interval:
            self._interval = Interval(now, {name: whole[name] for name in _PER_INTERVAL})
            self.latest = figures
        return figures

    def _memory(self) -> JsonObject:
        """Resident memory in bytes, now and at most: of this process and of the workers."""
        mine = [memory_of_process(), *self._memories]
        return {"resident": sum(now for now, _ in mine), "peak": sum(peak for _, peak in mine)}

    def _stages(self) -> dict[str, int]:
        """What the stages and the ledger counted, by name."""
        dropped = {name: self.ledger.findings.dropped[name] for name in DROPPED}
        kept = {
            f"kept_{name}": len(getattr(self.ledger.findings, name))
            for name in ("flows", "names", "answers", "bare_tls", "tunnels", "traffic")
        }
        hosts = {"kept_hosts": len(self.ledger.hosts)}
        return {**self.stages, **dropped, **self.ledger.counts, **self.evidence_counts, **kept, **hosts}

    def report(self) -> ReportLike:
        """What was found up to now, as ``scan`` tells it."""
        inputs = tuple(
            InputInfo(name, "live", packets=counts.seen, bytes=counts.bytes)
            for name, counts in self.captures.items()
        )
        total = _sum(None, *self.captures.values())
        stages = {name: number for name, number in self.stages.items() if not name.startswith("sampled_")}
        counters = {"packets": total.seen, "bytes": total.bytes, **stages}
        like = self._like
        found = Report(
            inputs,
            counters,
            like.signatures,
            self.ledger.findings,
            self.home_net,
            self.signatures,
            like._tables,
        )
        return self.view.report(found)


def upstream(stages: Mapping[str, int]) -> JsonObject:
    """What the sample says of the way to the card: shares from 0 to 1, None where it says nothing."""

    def share(part: str, whole: str, least: int) -> float | None:
        total = stages.get(whole, 0)
        return round(stages.get(part, 0) / total, 6) if total >= least else None

    return {
        "loss": share("sampled_bytes_unseen", "sampled_bytes_acknowledged", LEAST_BYTES),
        "one_sided": share("sampled_flows_one_sided", "sampled_flows", LEAST_FLOWS),
        "twice": share("sampled_segments_twice", "sampled_segments", LEAST_SEGMENTS),
    }


def _sum(*many: CaptureCounts | None) -> CaptureCounts:
    total = CaptureCounts()
    for counts in many:
        for one in fields(total) if counts is not None else ():
            setattr(total, one.name, getattr(total, one.name) + getattr(counts, one.name))
    return total


def joined(one: CaptureCounts | None, other: CaptureCounts) -> CaptureCounts:
    """The counts of one source by two workers: what happens to an interface, each of them counts."""
    total = _sum(one, other)
    if one is not None:
        for name in ("interface_lost", "interface_back"):
            setattr(total, name, max(getattr(one, name), getattr(other, name)))
    return total


def _source(counts: CaptureCounts) -> JsonObject:
    names = (one.name for one in fields(counts))
    return {name: getattr(counts, name) for name in names if name not in ("full_blocks", "blocks")}
