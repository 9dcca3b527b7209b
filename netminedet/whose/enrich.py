"""Puts what is known of addresses into the suspects of a finished report: a pure function of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from netminedet.errors import NetminedetError
from netminedet.holders import Attribution, Behind, Place, Subscriber, SubscriberSeen
from netminedet.language import N_
from netminedet.model import FiveTuple
from netminedet.report.like import ReportLike
from netminedet.report.plain import PlainReport, plain_report
from netminedet.suspects import (
    Connection,
    Evidence,
    Shares,
    Suspect,
)
from netminedet.whose.allocations import Allocations, Question

if TYPE_CHECKING:
    from netminedet.whose.moments import Stretch
    from netminedet.whose.places import Places
    from netminedet.whose.subnets import Subnets

#: The counter of lines of a subscriber log that could not be read.
UNREADABLE = "subscriber_log_lines_unreadable"

_SECOND = 1_000_000_000
#: How strong evidence may be, the strongest first.
STRENGTHS = ("strong", "name", "weak")


class Log(Struct, frozen=True):
    """Logs of subscribers, and how they are to be read."""

    paths: tuple[str, ...]
    read_time: Callable[[str], Stretch]
    #: how far the clocks of log and capture may differ
    clock_error: float = 0.0


class Sources(Struct, frozen=True):
    """What is known of addresses; each may be missing."""

    subnets: Subnets | None = None
    places: Places | None = None
    log: Log | None = None


def enriched(
    report: ReportLike, sources: Sources, tell: Callable[[str], None] = lambda _: None
) -> PlainReport:
    """The report with whose its suspects' addresses are, as far as the sources say.

    The log is read here, once; ``tell`` is given a line for each of its lines that cannot be read, up to
    a limit, and ``totals`` counts them.  Raises NetminedetError where the log cannot be read at all.
    """
    if getattr(report, "anonymized", ""):
        raise NetminedetError("the addresses of this report are pseudonyms: nobody can be found by them")
    found = report.suspects
    totals = dict(report.totals)
    if sources.subnets is not None:
        subnets = sources.subnets
        found = tuple(replace(suspect, unit=subnets.lookup(suspect.host)) for suspect in found)
    if sources.places is not None:
        places = sources.places
        found = tuple(replace(suspect, places=_places(suspect, places)) for suspect in found)
    if sources.log is not None and found:
        allocations = _read_log(found, sources.log, tell)
        totals[UNREADABLE] = totals.get(UNREADABLE, 0) + allocations.bad_lines
        found = tuple(_with_subscribers(suspect, allocations) for suspect in found)
    return replace(plain_report(report), suspects=found, totals=totals)


def _places(suspect: Suspect, places: Places) -> dict[str, Place]:
    addresses = {suspect.host, *(pool.ip for pool in suspect.pools if pool.ip is not None)}
    known = ((address, places.lookup(address)) for address in sorted(addresses))
    return {address: place for address, place in known if place is not None}


def _read_log(suspects: Sequence[Suspect], log: Log, tell: Callable[[str], None]) -> Allocations:
    questions = (question for suspect in suspects for question in _questions(suspect))
    allocations = Allocations(questions, round(log.clock_error * _SECOND), log.read_time)
    for path in log.paths:
        allocations.read(path, tell)
    return allocations


def _questions(suspect: Suspect) -> Iterator[Question]:
    for evidence in suspect.evidence:
        yield _question(suspect.host, evidence.where.flow, evidence.where.time_ns)
    for connection in suspect.connections:
        for moment in (connection.first_seen, connection.last_seen):
            yield _question(suspect.host, connection.flow, moment)


def _question(host: str, flow: FiveTuple, moment: int) -> Question:
    """Who had the host's end of a flow at a moment."""
    port = flow.src_port if flow.src_ip == host else flow.dest_port
    return host, port, flow.proto, moment


def _with_subscribers(suspect: Suspect, allocations: Allocations) -> Suspect:
    host = suspect.host
    evidence = tuple(
        replace(one, subscriber=allocations.answer(_question(host, one.where.flow, one.where.time_ns)))
        for one in suspect.evidence
    )
    connections = tuple(
        replace(
            one,
            subscriber=_throughout(
                allocations.answer(_question(host, one.flow, one.first_seen)),
                allocations.answer(_question(host, one.flow, one.last_seen)),
            ),
        )
        for one in suspect.connections
    )
    return replace(
        suspect, evidence=evidence, connections=connections, behind=behind_of(evidence, connections)
    )


def _throughout(first: Attribution, last: Attribution) -> Attribution:
    """Who had a port from the first packet of a connection to the last."""
    statuses = {first.status, last.status}
    together = first.subscribers + tuple(one for one in last.subscribers if one not in first.subscribers)
    entries = first.entries + tuple(one for one in last.entries if one not in first.entries)
    if first.subscribers == last.subscribers and len(statuses) == 1:
        return Attribution(first.status, together, entries, first.note)
    if "gap" in statuses:
        at_end, at_beginning = (
            N_("the log names nobody at its end"),
            N_("the log names nobody at its beginning"),
        )
        note = at_end if last.status == "gap" else at_beginning
    else:
        note = N_("the log does not name the same at its beginning and its end")
    return Attribution("ambiguous", together, entries, note)


def behind_of(evidence: Sequence[Evidence], connections: Sequence[Connection]) -> Behind:
    """Who is behind an address, summed up from its attributed evidence and connections."""
    named: dict[Subscriber, list[Evidence | Connection]] = {}
    unclear = {"ambiguous": 0, "gap": 0}
    everything: list[Evidence | Connection] = [*evidence, *connections]
    for one in everything:
        told = one.subscriber
        if told is None:
            continue
        if told.status == "named":
            named.setdefault(told.subscribers[0], []).append(one)
        else:
            unclear[told.status] += 1
    seen = [_seen(subscriber, its) for subscriber, its in named.items()]
    return Behind(tuple(sorted(seen, key=seen_order)), unclear["ambiguous"], unclear["gap"])


def seen_order(one: SubscriberSeen) -> tuple[int, int, int, str, str]:
    """Who handed in most comes first."""
    name, private_ip = one.subscriber.name, one.subscriber.private_ip or ""
    return -one.shares.accepted, -one.connections, -one.evidence, name, private_ip


def _seen(subscriber: Subscriber, its: Sequence[Evidence | Connection]) -> SubscriberSeen:
    evidence = [one for one in its if isinstance(one, Evidence)]
    connections = [one for one in its if isinstance(one, Connection)]
    strengths = {one.strength for one in evidence}
    return SubscriberSeen(
        subscriber=subscriber,
        evidence=len(evidence),
        connections=len(connections),
        shares=sum((one.shares for one in connections), Shares()),
        strength=next((one for one in STRENGTHS if one in strengths), ""),
        first_seen=min([one.where.time_ns for one in evidence] + [one.first_seen for one in connections]),
        last_seen=max([one.where.time_ns for one in evidence] + [one.last_seen for one in connections]),
    )
