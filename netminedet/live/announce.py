"""Who is to be told of: suspects when they become so, when more is known of them, and when they stop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from netminedet.live.ledger import SECOND_NS, Ledger
from netminedet.suspects import Evidence, Suspect, Verdict

#: A suspect that is not confirmed is weighed again after so long, where something of it changed.
AGAIN_NS = 10 * SECOND_NS
#: A host with many flows is weighed the more seldom the more they are: this long for each.
PER_FLOW_NS = SECOND_NS // 100

#: A host that is about to be called a suspect for the first time is first watched for so long, the longer
#: for less than a confirmed verdict: what quotes mining looks like it at its first words, and then does not.
SETTLE_NS = 10 * SECOND_NS
SETTLE_UNSURE_NS = 30 * SECOND_NS

#: Hosts of a state of which nothing had been told: so many are weighed at a time.
UNTOLD_AT_ONCE = 200

NEW, RAISED, EVIDENCE, RETURNED = "new", "verdict", "evidence", "returned"


@dataclass(slots=True)
class Known:
    """What was told of a suspect."""

    verdict: Verdict
    #: kinds of evidence: see ``kind_of``
    kinds: set[str]
    last_active: int
    next_update: int
    active: bool = True
    #: whether something of it changed since it was told last
    changed: bool = False
    weighed: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """An event about a host.  ``change``: why a suspect is told; ``evidence``: what is new of it."""

    #: "suspect", "update" or "ended"
    event: str
    time_ns: int
    suspect: Suspect
    change: str = ""
    evidence: tuple[Evidence, ...] = ()
    flows_folded: int = 0
    packets_folded: int = 0
    bytes_folded: int = 0


@dataclass(slots=True)
class Announcer:
    """Decides what is told.  Times are by the clock of the packets."""

    ledger: Ledger
    #: nothing of a suspect for so long: it has ended
    idle_ns: int
    #: a suspect that is active is summed up every so often
    update_ns: int
    known: dict[str, Known] = field(default_factory=dict)
    #: host -> when it is to be weighed
    _due: dict[str, int] = field(default_factory=dict)
    _next_look: int = 0
    #: host -> when it first looked like a suspect
    _settling: dict[str, int] = field(default_factory=dict)
    #: hosts that were being watched when the state was written: whether they are suspects is still to be told
    _untold: list[str] = field(default_factory=list)
    #: hosts that were told as suspects, and are none by what came later
    withdrawn: list[str] = field(default_factory=list)

    def restore(self, known: dict[str, Known]) -> None:
        """Go on from a state, of which the ledger has the findings."""
        self.known = known
        self._untold = [host for host in self.ledger.hosts if host not in known]

    def step(self, news: set[str], changed: Mapping[str, int], now_ns: int) -> list[Told]:
        """What is to be told now; ``news``: hosts with new evidence, ``changed``: hosts with more of any
        kind, and the time of its last packet."""
        for host, moment in changed.items():
            if (known := self.known.get(host)) is not None:
                known.last_active, known.changed = max(moment, known.last_active), True
                if not known.active:
                    if known.last_active + self.idle_ns > now_ns:
                        self._plan(host, now_ns)
                elif known.verdict < Verdict.CONFIRMED:
                    self._plan(host, known.weighed + AGAIN_NS)
        for host in (*news, *self._untold[-UNTOLD_AT_ONCE:]):
            self._plan(host, now_ns)
        del self._untold[-UNTOLD_AT_ONCE:]
        told = []
        for host in self._now_due(now_ns):
            if event := self._look_at(host, now_ns):
                told.append(event)
        if now_ns >= self._next_look:
            self._next_look = now_ns + min(SECOND_NS, self.idle_ns)
            told += self._of_time(now_ns)
        return told

    def finish(self, now_ns: int) -> list[Told]:
        """The last word: what waits to be weighed, and a summary of all that are active."""
        due = sorted({*self._due, *self._settling, *self._untold})
        told = [event for host in due if (event := self._look_at(host, now_ns, last=True))]
        self._due.clear()
        said = {event.suspect.host for event in told}
        for host, known in self.known.items():
            if known.active and known.changed and host not in said:
                told += self._told("update", host, known, now_ns)
        return told

    def forget(self, hosts: list[str]) -> None:
        """These hosts are kept no more: whatever comes of them is new."""
        for host in hosts:
            self.known.pop(host, None)
            self._due.pop(host, None)
            self._settling.pop(host, None)

    def active(self) -> int:
        """Suspects that are at it."""
        return sum(known.active for known in self.known.values())

    def _plan(self, host: str, when: int) -> None:
        known, entries = self.known.get(host), self.ledger.hosts.get(host)
        if known is not None and known.weighed and entries is not None:
            when = max(when, known.weighed + entries.count("flows") * PER_FLOW_NS)
        self._due[host] = min(when, self._due.get(host, when))

    def _now_due(self, now_ns: int) -> list[str]:
        due = sorted(host for host, when in self._due.items() if when <= now_ns)
        for host in due:
            del self._due[host]
        return due

    def _settles(self, suspect: Suspect, now_ns: int) -> bool:
        """Whether a new suspect is to be looked at for longer before it is told; planned if so."""
        began = self._settling.setdefault(suspect.host, now_ns)
        sure = suspect.verdict is Verdict.CONFIRMED
        end = began + (SETTLE_NS if sure else SETTLE_UNSURE_NS)
        if now_ns >= end:
            return False
        self._due[suspect.host] = end
        return True

    def _look_at(self, host: str, now_ns: int, *, last: bool = False) -> Told | None:
        """Weigh a host; a suspect event where there is something new to say.  ``last``: now or never."""
        suspect = self.ledger.suspect(host)
        if suspect is None:
            self._settling.pop(host, None)
            if self.known.pop(host, None) is not None:
                self.withdrawn.append(host)
            return None
        if host not in self.known and not last and self._settles(suspect, now_ns):
            return None
        self._settling.pop(host, None)
        kinds = {kind_of(evidence) for evidence in suspect.evidence}
        known = self.known.get(host)
        if known is None:
            change, fresh = NEW, kinds
            last_active = self.ledger.hosts[host].last_news
            known = Known(suspect.verdict, set(), last_active, now_ns + self.update_ns)
            self.known[host] = known
        else:
            fresh = kinds - known.kinds
            change = self._change(known, suspect, fresh)
        known.weighed = now_ns
        known.kinds |= kinds
        known.verdict = max(known.verdict, suspect.verdict)
        if not change:
            return None
        known.active, known.changed = True, False
        known.next_update = now_ns + self.update_ns
        proof = tuple(one for one in suspect.evidence if kind_of(one) in fresh) or suspect.evidence[-1:]
        return self._event("suspect", suspect, now_ns, change, proof)

    @staticmethod
    def _change(known: Known, suspect: Suspect, fresh: set[str]) -> str:
        if not known.active:
            return RETURNED
        if suspect.verdict > known.verdict:
            return RAISED
        return EVIDENCE if fresh else ""

    def _of_time(self, now_ns: int) -> list[Told]:
        """Suspects that have ended, and those that are to be summed up."""
        told: list[Told] = []
        for host, known in self.known.items():
            if not known.active:
                continue
            if known.last_active + self.idle_ns <= now_ns:
                known.active = False
                told += self._told("ended", host, known, now_ns)
            elif known.next_update <= now_ns:
                known.next_update = now_ns + self.update_ns
                if known.changed:
                    told += self._told("update", host, known, now_ns)
        return told

    def _told(self, event: str, host: str, known: Known, now_ns: int) -> Iterator[Told]:
        suspect = self.ledger.suspect(host)
        known.changed, known.weighed = False, now_ns
        if suspect is not None:
            yield self._event(event, suspect, now_ns)

    def _event(
        self, event: str, suspect: Suspect, now_ns: int, change: str = "", proof: tuple[Evidence, ...] = ()
    ) -> Told:
        entries = self.ledger.hosts[suspect.host]
        folded = entries.flows_folded, entries.packets_folded, entries.bytes_folded
        return Told(event, now_ns, suspect, change, proof, *folded)


def kind_of(evidence: Evidence) -> str:
    """What kind of evidence it is: the dialect of a message, or where a name was seen.

    >>> from netminedet.model import FiveTuple, Where
    >>> where = Where(0, "", 1, FiveTuple("10.0.0.1", 1, "10.0.0.2", 2, "tcp"))
    >>> kind_of(Evidence("stratum-v1.submit", "strong", where, "", ""))
    'stratum-v1'
    """
    family = evidence.signature.partition(".")[0]
    return evidence.signature if evidence.strength == "name" or family in ("name", "session") else family
