"""Who holds an address, in the words of the table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netminedet.holders import Behind, Place, Subscriber, SubscriberSeen, Unit
from netminedet.language import _, ngettext
from netminedet.report.text import printable
from netminedet.suspects import Suspect, Verdict
from netminedet.whose.groups import grouped

#: Subscribers told of one address.
_SUBSCRIBERS = 5
#: Groups told of one kind.
_GROUPS = 10


def holder_lines(suspect: Suspect) -> list[str]:
    """Sentences on whose a suspect's address is; none where nothing was asked."""
    lines = []
    if suspect.unit is not None:
        lines.append(_("belongs to {unit}").format(unit=unit_text(suspect.unit)))
    if suspect.host in suspect.places:
        lines.append(_("located in {place}").format(place=place_text(suspect.places[suspect.host])))
    if suspect.behind is not None:
        lines += [*_behind_lines(suspect.behind), *_unasked_lines(suspect)]
    return lines


def unit_text(unit: Unit) -> str:
    """A unit, its place and its operator, then the network."""
    named = (unit.unit, unit.unit_kind, unit.county, unit.city, unit.operator, unit.contact)
    return _(", ").join([*(printable(text, 80) for text in named if text), printable(unit.cidr, 50)])


def place_text(place: Place) -> str:
    """A place, the smallest first, and the network that the address is of."""
    number = [f"AS{place.asn}"] if place.asn is not None else []
    texts = [printable(text, 80) for text in (place.city, place.region, place.country) if text]
    network = " ".join([*number, printable(place.network, 80)]).strip()
    return _(", ").join([*texts, *filter(None, [network])])


def subscriber_text(subscriber: Subscriber) -> str:
    """A subscriber's name and inner address, those that are known."""
    if not subscriber.name or subscriber.private_ip is None:
        return printable(subscriber.name, 80) or subscriber.private_ip or "?"
    return f"{printable(subscriber.name, 80)} ({subscriber.private_ip})"


def _behind_lines(behind: Behind) -> list[str]:
    count = len(behind.subscribers)
    lines = []
    if count > 1:
        lines.append(
            _("{count} subscribers are behind this address; the verdict is the address's").format(count=count)
        )
    lines += [_seen_line(seen) for seen in behind.subscribers[:_SUBSCRIBERS]]
    if count > _SUBSCRIBERS:
        more = count - _SUBSCRIBERS
        lines.append(ngettext("and {n} more subscriber", "and {n} more subscribers", more).format(n=more))
    if behind.ambiguous:
        lines.append(
            ngettext(
                "{n} piece of evidence or connection: the log does not name one subscriber only",
                "{n} pieces of evidence and connections: the log does not name one subscriber only",
                behind.ambiguous,
            ).format(n=behind.ambiguous)
        )
    if behind.gaps:
        lines.append(
            ngettext(
                "{n} piece of evidence or connection: the log names nobody",
                "{n} pieces of evidence and connections: the log names nobody",
                behind.gaps,
            ).format(n=behind.gaps)
        )
    return lines


def _unasked_lines(suspect: Suspect) -> Iterator[str]:
    """What the log was not asked about: who had the address then may be somebody else."""
    if suspect.evidence_omitted and any(one.strength == "name" for one in suspect.evidence):
        yield ngettext(
            "{n} further piece of evidence: not asked one by one; later uses of a name may be another's",
            "{n} further pieces of evidence: not asked one by one; later uses of a name may be another's",
            suspect.evidence_omitted,
        ).format(n=f"{suspect.evidence_omitted:,}")
    if suspect.connections_omitted:
        yield ngettext(
            "{n} further connection: not asked about; it may be another's",
            "{n} further connections: not asked about; they may be others'",
            suspect.connections_omitted,
        ).format(n=f"{suspect.connections_omitted:,}")


def _seen_line(seen: SubscriberSeen) -> str:
    pieces = ngettext("{n} piece of evidence", "{n} pieces of evidence", seen.evidence)
    flows = ngettext("{n} connection", "{n} connections", seen.connections)
    shares = seen.shares.accepted
    accepted = ngettext("{n} accepted share", "{n} accepted shares", shares)
    told = [pieces.format(n=seen.evidence), flows.format(n=seen.connections), accepted.format(n=shares)]
    what = _(", ").join(told if shares else told[:2])
    return _("subscriber {name}: {what}").format(name=subscriber_text(seen.subscriber), what=what)


def group_rows(suspects: Iterable[Suspect]) -> list[tuple[str, str]]:
    """Suspects by city and by operator: (title, line), no title but in the first row of a kind."""
    suspects = tuple(suspects)
    if all(suspect.unit is None for suspect in suspects):
        return []
    rows = []
    for by, title in (("city", _("By city")), ("operator", _("By operator"))):
        groups = grouped(suspects, by)
        for position, group in enumerate(groups[:_GROUPS]):
            name = printable(group.name, 60) or _("not in the ledger")
            hosts = ngettext("{n} host", "{n} hosts", len(group.suspects)).format(n=len(group.suspects))
            confirmed = _("{n} confirmed").format(n=group.count(Verdict.CONFIRMED))
            rows.append(("" if position else title, name + _(": ") + _(", ").join((hosts, confirmed))))
        if len(groups) > _GROUPS:
            rows.append(("", _("and {count} more").format(count=len(groups) - _GROUPS)))
    return rows
