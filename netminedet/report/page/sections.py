"""What the page tells of one suspect: facts, reasons, and each piece of evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from netminedet.holders import Attribution
from netminedet.language import N_, _, ngettext, told
from netminedet.model import CLAIMED_IP, CLAIMED_PORT, FiveTuple
from netminedet.report.community_id import community_id
from netminedet.report.holder_lines import holder_lines, place_text, subscriber_text
from netminedet.report.mask import LEFT_OUT
from netminedet.report.page.amounts import share_counts
from netminedet.report.page.groups import address
from netminedet.report.page.moments import SECOND_NS, Clock
from netminedet.report.proxies import is_proxy
from netminedet.report.sizes import size_lines
from netminedet.report.text import bracketed, came_in, claim_text, plural, printable, size
from netminedet.suspects import Connection, Evidence, Suspect

#: Words of evidence, and of programs, that are shown.
STRENGTHS = (N_("strong"), N_("weak"), N_("name"))
PROGRAM_KINDS = (
    N_("asic"), N_("gpu"), N_("cpu"), N_("proxy"), N_("market"), N_("browser"), N_("lottery"),
)  # fmt: skip

#: Characters of one name, of an excerpt.
_NAME_LIMIT = 200
_EXCERPT_LIMIT = 300
#: Length of the line of time, in its own units, and of what can just be seen on it.
STRIP = 1000
_LEAST = 4
#: Connections of one host that are listed.
MAX_CONNECTIONS_SHOWN = 16


class Fact(Struct, frozen=True):
    """A named list of texts."""

    name: str
    texts: tuple[str, ...]


class Proof(Struct, frozen=True):
    """One piece of evidence in words."""

    time: str
    machine_time: str
    packet: str
    input: str
    flow: str
    community_id: str
    subscriber: str
    #: the signature, and how strong that is
    known_by: str
    why: str
    details: str
    excerpt: str


class Link(Struct, frozen=True):
    """One connection in which the host mined: what the operator asks its logs for."""

    first: str
    last: str
    flow: str
    proves: str
    shares: str
    subscriber: str


class Strip(Struct, frozen=True):
    """When a host was active, on a line from its first sign to its last: places from 0 to ``STRIP``."""

    #: of each connection where it begins, and how long it is
    spans: tuple[tuple[float, float], ...]
    #: of each piece of evidence
    ticks: tuple[float, ...]
    first: str
    last: str


class Section(Struct, frozen=True):
    """All of one suspect."""

    number: int
    suspect: Suspect
    title: str
    strip: Strip | None
    facts: tuple[Fact, ...]
    reasons: tuple[str, ...]
    links: tuple[Link, ...]
    proofs: tuple[Proof, ...]
    notes: tuple[str, ...]


def section_of(number: int, suspect: Suspect, clock: Clock, pieces: int | None = None) -> Section:
    """What the page tells of a suspect, with all of its evidence or the strongest ``pieces`` of it."""
    evidence = suspect.evidence if pieces is None else strongest(suspect.evidence, pieces)
    return Section(
        number=number,
        suspect=suspect,
        title=f"{told(suspect.verdict.label)} · {told(suspect.role.value)}",
        strip=_strip(suspect, clock),
        facts=tuple(fact for fact in _facts(suspect, clock) if fact.texts),
        reasons=tuple(told(reason) for reason in suspect.reasons),
        links=tuple(_link(one, clock) for one in suspect.connections[:MAX_CONNECTIONS_SHOWN]),
        proofs=tuple(_proof(one, clock) for one in evidence),
        notes=tuple(_notes(suspect, len(evidence))),
    )


def strongest(evidence: Sequence[Evidence], pieces: int) -> list[Evidence]:
    """So many pieces of evidence, the strongest and of these the first, in the order that they had."""
    ranks = {strength: rank for rank, strength in enumerate(STRENGTHS)}
    ranked = sorted(
        range(len(evidence)), key=lambda place: (ranks.get(evidence[place].strength, len(ranks)), place)
    )
    return [evidence[place] for place in sorted(ranked[:pieces])]


def _strip(suspect: Suspect, clock: Clock) -> Strip | None:
    """None where there is but one moment."""
    first, last = suspect.first_seen, suspect.last_seen
    if last - first < SECOND_NS:
        return None

    def place(moment: int) -> float:
        return STRIP * (min(max(moment, first), last) - first) / (last - first)

    places = [(place(one.first_seen), place(one.last_seen)) for one in suspect.connections]
    return Strip(
        tuple((min(begin, STRIP - _LEAST), max(_LEAST, end - begin)) for begin, end in places),
        tuple(sorted({place(one.where.time_ns) for one in suspect.evidence})),
        clock.second(first),
        clock.until(first, last),
    )


def _facts(suspect: Suspect, clock: Clock) -> Iterable[Fact]:
    first, last = clock.second(suspect.first_seen), clock.until(suspect.first_seen, suspect.last_seen)
    yield Fact(_("Seen mining"), (f"{first} – {last} ({clock.name})",))
    yield Fact(_("Whose address it is"), tuple(holder_lines(suspect)))
    yield Fact(_("Pools"), tuple(_pools(suspect)))
    yield Fact(_("Protocols"), _printable(suspect.dialects))
    yield Fact(_("Coins"), _printable(suspect.coins))
    yield Fact(_("Shares"), tuple(_shares(suspect)))
    yield Fact(_("Hash rate and power"), tuple(told(line) for line in size_lines(suspect)))
    yield Fact(_("How it was reckoned"), tuple(_reckoned(suspect)))
    yield Fact(_("Workers"), _printable(suspect.workers))
    yield Fact(_("Wallets"), _printable(suspect.wallets))
    yield Fact(_("Programs"), _printable(suspect.agents))
    yield Fact(_("Devices"), tuple(_devices(suspect)))
    yield Fact(_("Says of itself"), tuple(_said(suspect)))
    yield Fact(_("Traffic"), (_traffic(suspect),))


def _pools(suspect: Suspect) -> Iterable[str]:
    for pool in suspect.pools:
        parts = [printable(pool.name, _NAME_LIMIT)] if pool.name else []
        if is_proxy(pool, suspect):
            parts.append(_("through the proxy {address}").format(address=address(pool)))
        else:
            parts.append(address(pool) if pool.ip else _("only its name was seen"))
        parts += ["TLS"] if pool.tls else []
        place = suspect.places.get(pool.ip or "")
        parts += [] if place is None else [place_text(place)]
        yield _(", ").join(parts)


def _shares(suspect: Suspect) -> Iterable[str]:
    shares = suspect.shares
    if shares.submitted or shares.accepted or shares.rejected:
        text = _("{submitted} handed in, {accepted} accepted, {rejected} rejected")
        numbers = {name: f"{getattr(shares, name):,}" for name in ("submitted", "accepted", "rejected")}
        yield text.format(**numbers)


def _reckoned(suspect: Suspect) -> Iterable[str]:
    """Method, doubts and assumptions behind the estimates."""
    for one in suspect.hash_rates:
        method = told(one.rate.method)
        doubts = [method, *([told(one.ambiguity)] if one.ambiguity else [])]
        doubts += [_without_rate(told(one.power.assumption), method)] if one.power is not None else []
        yield printable(one.algorithm, _NAME_LIMIT) + _(": ") + _("; ").join(map(printable, doubts))


def _without_rate(assumption: str, method: str) -> str:
    """Whose power was taken, where an assumption ends with the rate and its method, which stand before it."""
    if not method or not assumption.endswith(method):
        return assumption
    return assumption.removesuffix(method).rpartition(_("; ").rstrip())[0] or assumption


def _devices(suspect: Suspect) -> Iterable[str]:
    for agent in suspect.software:
        parts = (agent.software, agent.version, agent.vendor, agent.hardware)
        yield " ".join(printable(part, _NAME_LIMIT) for part in parts if part) + f" ({told(agent.kind)})"


def _said(suspect: Suspect) -> Iterable[str]:
    if suspect.management is None:
        return
    yield from _printable(suspect.management.interfaces)
    yield from _printable(suspect.management.pools)
    if suspect.management.hash_rate is not None:
        from netminedet.estimate import spelled_rate

        yield spelled_rate(suspect.management.hash_rate)


def _traffic(suspect: Suspect) -> str:
    flows, packets = plural(suspect.flows, "flow"), plural(suspect.packets, "packet")
    return _(", ").join((flows, packets, size(suspect.bytes)))


def _notes(suspect: Suspect, pieces: int) -> Iterable[str]:
    """What is not shown."""
    if pieces < len(suspect.evidence):
        shown = _("The strongest {shown} of {all} pieces of evidence; the JSON report has all of them.")
        yield shown.format(shown=pieces, all=len(suspect.evidence))
    if suspect.evidence_omitted:
        yield ngettext(
            "{n} further piece of evidence was found and not kept.",
            "{n} further pieces of evidence were found and not kept.",
            suspect.evidence_omitted,
        ).format(n=f"{suspect.evidence_omitted:,}")
    links = len(suspect.connections) + suspect.connections_omitted
    if links > MAX_CONNECTIONS_SHOWN:
        more = _("{shown} of {all} connections are listed; the JSON report has {kept}.")
        yield more.format(
            shown=min(MAX_CONNECTIONS_SHOWN, len(suspect.connections)),
            all=f"{links:,}",
            kept=len(suspect.connections),
        )
    if suspect.truncated:
        yield _("This host gave more names than a report keeps; the lists above are not complete.")


def _link(one: Connection, clock: Clock) -> Link:
    return Link(
        first=clock.second(one.first_seen),
        last=clock.until(one.first_seen, one.last_seen),
        flow=_ends(one.flow),
        proves=told(one.proves),
        shares=share_counts(one.shares),
        subscriber=_subscriber(one.subscriber),
    )


def _subscriber(found: Attribution | None) -> str:
    """Who a log names; why it names nobody, or several."""
    if found is None:
        return ""
    named = _(", ").join(subscriber_text(one) for one in found.subscribers)
    return _("; ").join(filter(None, (named, printable(told(found.note), _NAME_LIMIT))))


def _proof(evidence: Evidence, clock: Clock) -> Proof:
    where, flow = evidence.where, evidence.where.flow
    within, claim = came_in(where.tunnel), claim_text(evidence.details)
    return Proof(
        time=clock.exact(where.time_ns),
        machine_time=clock.machine(where.time_ns),
        packet=_("packet {n}").format(n=f"{where.packet:,}"),
        input=printable(where.input, _NAME_LIMIT),
        flow=_ends(flow)
        + (_(", ") + _("inside {layers}").format(layers=within) if within else "")
        + (_("; ") + claim if claim else ""),
        community_id=community_id(flow),
        subscriber=_subscriber(evidence.subscriber),
        known_by=printable(evidence.signature, _NAME_LIMIT) + _(", ") + told(evidence.strength),
        why=printable(told(evidence.why), 2 * _EXCERPT_LIMIT),
        details=_(", ").join(
            f"{printable(told(name), 40)} {printable(value, _NAME_LIMIT)}"
            for name, value in sorted(evidence.details.items())
            if name not in (CLAIMED_IP, CLAIMED_PORT)
        ),
        excerpt=printable(
            told(LEFT_OUT) if evidence.excerpt == LEFT_OUT else evidence.excerpt, _EXCERPT_LIMIT
        ),
    )


def _ends(flow: FiveTuple) -> str:
    """Both ends of a flow, and its protocol."""
    source, target = _end(flow.src_ip, flow.src_port), _end(flow.dest_ip, flow.dest_port)
    return f"{source} → {target} {flow.proto.upper()}"


def _end(ip: str, port: int) -> str:
    return f"{bracketed(ip)}:{port}"


def _printable(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(printable(text, _NAME_LIMIT) for text in texts)
