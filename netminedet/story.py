"""The story of one host: its mining conversation line by line, and why its verdict is what it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterator, Mapping
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from netminedet.errors import NetminedetError
from netminedet.language import Sentence, sentence
from netminedet.model import Message, Where
from netminedet.suspects import Evidence, Suspect
from netminedet.verdict.explain import Ruling, explain_verdict, seen_of
from netminedet.verdict.order import place_of
from netminedet.verdict.sessions import all_sessions

if TYPE_CHECKING:
    from netminedet.api import Report
    from netminedet.report.mask import Masker

#: Messages kept of a long story: the first and the last; those between are counted.
MAX_FIRST_LINES = 40
MAX_LAST_LINES = 20
#: Names and TLS sessions kept of a story: the first.
MAX_NAME_LINES = 40

_NAMES = ("worker", "wallet")


class Line(Struct, frozen=True):
    """One message, or one use of a pool's name."""

    where: Where
    #: true: on its way to the pool (or DNS server); false: from there
    to_pool: bool
    #: "handshake", "job", "share"…; "name" for a pool's name, "tls" for a session, "tunnel" for one
    #: asked of a proxy, "opened" for another that cannot be read
    kind: str
    #: of every signature that recognised it
    signatures: tuple[str, ...]
    #: "strong", "weak" or "name"
    strength: str
    details: Mapping[str, str]
    excerpt: str


class Story(Struct, frozen=True):
    """All there is to tell of one host."""

    host: str
    report: Report
    #: None where nothing speaks against the host
    suspect: Suspect | None
    #: in the order of time
    lines: tuple[Line, ...]
    #: lines left out, and before which of ``lines`` they are missing
    omitted: int
    gap: int
    ruling: Ruling | None
    #: where it is no suspect: what was seen of it, in sentences
    seen: tuple[str, ...]


def host_address(text: str) -> str:
    """An address in the form that reports have; raises NetminedetError for any other text."""
    for family in (AF_INET, AF_INET6):
        try:
            return inet_ntop(family, inet_pton(family, text))
        except (OSError, ValueError):
            continue
    raise NetminedetError(f"{text!r:.80} is not an IP address; write it like 10.0.0.7 or 2001:db8::7")


def spellings(host: str) -> tuple[str, ...]:
    """An address, and the IPv4 address that it holds (RFC 4291 section 2.5.5.2), for logs write either.

    >>> spellings("::ffff:10.0.0.7"), spellings("10.0.0.7")
    (('::ffff:10.0.0.7', '10.0.0.7'), ('10.0.0.7',))
    """
    plain = host.removeprefix("::ffff:")
    return (host, plain) if plain != host and "." in plain else (host,)


class Listener:
    """Keeps the first and the last mining messages of one host, as they come."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._first: list[Message] = []
        self._last: deque[Message] = deque(maxlen=MAX_LAST_LINES)
        self._count = 0

    def __call__(self, message: Message) -> None:
        flow = message.where.flow
        if self._host not in (flow.src_ip, flow.dest_ip):
            return
        self._count += 1
        if len(self._first) < MAX_FIRST_LINES:
            self._first.append(message)
        else:
            self._last.append(message)

    @property
    def heard(self) -> bool:
        """Whether there was any message of the host."""
        return bool(self._first)

    @property
    def omitted(self) -> int:
        """Messages between those that are kept."""
        return self._count - len(self._first) - len(self._last)

    def lines(self) -> tuple[list[Line], list[Line]]:
        """The first and the last."""
        return list(_merged(self._first)), list(_merged(self._last))


class Listeners:
    """A listener for each spelling of a host."""

    def __init__(self, host: str) -> None:
        self._all = {name: Listener(name) for name in spellings(host)}

    def __call__(self, message: Message) -> None:
        for listener in self._all.values():
            listener(message)

    def of(self, suspects: Container[str]) -> tuple[str, Listener]:
        """The spelling that the capture has, and what was heard of it; of none the last one."""
        *others, last = self._all.items()
        return next((one for one in others if one[1].heard or one[0] in suspects), last)


def tell(host: str, report: Report, listener: Listener, masker: Masker | None = None) -> Story:
    """The story of a host in a report whose messages ``listener`` has heard."""
    if masker is not None:
        report = report.masked(masker)
    suspect = next((one for one in report.suspects if one.host == host), None)
    first, last = listener.lines()
    named = sorted(_named(host, report), key=lambda line: place_of(line.where))
    omitted = listener.omitted + len(named[MAX_NAME_LINES:])
    if last:
        begin = place_of(min((line.where for line in last), key=place_of))
        early = [line for line in named[:MAX_NAME_LINES] if place_of(line.where) < begin]
    else:
        early = named[:MAX_NAME_LINES]
    late = named[len(early) : MAX_NAME_LINES]
    before = sorted(first + early, key=lambda line: place_of(line.where))
    after = sorted(last + late, key=lambda line: place_of(line.where))
    lines = tuple(before + after)
    if masker is not None:
        lines = _masked(lines, masker)
    return Story(
        host=host,
        report=report,
        suspect=suspect,
        lines=lines,
        omitted=omitted,
        gap=len(before),
        ruling=None if suspect is None else explain_verdict(suspect, report.findings),
        seen=seen_of(host, report.findings) if suspect is None else (),
    )


def _merged(messages: list[Message] | deque[Message]) -> Iterator[Line]:
    """One line for each message, though several signatures may have recognised it."""
    previous: Line | None = None
    for message in messages:
        line = _line(message)
        if previous is not None and _is_same(previous, line):
            previous = replace(
                previous,
                signatures=(*previous.signatures, *line.signatures),
                strength="strong" if "strong" in (previous.strength, line.strength) else "weak",
                details={**line.details, **previous.details},
            )
            continue
        if previous is not None:
            yield previous
        previous = line
    if previous is not None:
        yield previous


def _is_same(one: Line, other: Line) -> bool:
    return (
        (one.where, one.to_pool, one.kind, one.excerpt)
        == (other.where, other.to_pool, other.kind, other.excerpt)
        and other.signatures[0] not in one.signatures
    )  # fmt: skip


def _line(message: Message) -> Line:
    return Line(
        where=message.where,
        to_pool=message.sender.value == "client",
        kind=message.kind.value,
        signatures=(message.signature,),
        strength=message.strength.name.lower(),
        details=dict(sorted(message.details.items())),
        excerpt=message.excerpt,
    )


def _named(host: str, report: Report) -> Iterator[Line]:
    """The pool names that a host used, with what the DNS answered, and its hidden sessions with pools."""
    findings = report.findings
    for (asker, _, _), name in findings.names.items():
        if asker == host:
            times = {"seen": sentence("{n} times", n=name.sightings)} if name.sightings > 1 else {}
            yield _named_line(name.evidence, "name", {**name.evidence.details, **times})
    for (asker, address, _), answer in findings.answers.items():
        if asker == host:
            yield replace(_named_line(answer.evidence, "name", {"address": address}), to_pool=False)
    for session in all_sessions(findings):
        if session.where.flow.src_ip == host:
            yield _named_line(session.evidence, session.kind, session.details)


def _named_line(evidence: Evidence, kind: str, details: Mapping[str, str]) -> Line:
    return Line(
        evidence.where, True, kind, (evidence.signature,), evidence.strength, details, evidence.excerpt
    )


def _masked(lines: tuple[Line, ...], masker: Masker) -> tuple[Line, ...]:
    from netminedet.report.mask import text_masker

    names: dict[str, set[str]] = {name: set() for name in _NAMES}
    for line in lines:
        for name in _NAMES:
            names[name] |= {line.details[name]} if name in line.details else set()
    hide = text_masker(sorted(names["worker"]), sorted(names["wallet"]), masker)
    special: dict[str, Callable[[str], str]] = {"worker": masker.worker, "wallet": masker.wallet}
    return tuple(
        replace(
            line,
            excerpt=hide(line.excerpt),
            details={
                key: text if isinstance(text, Sentence) else special.get(key, hide)(text)
                for key, text in line.details.items()
            },
        )
        for line in lines
    )
