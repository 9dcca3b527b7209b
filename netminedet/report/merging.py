"""Several reports as one, from what their documents hold.

This is for reports of different captures, as of many probes.  It does not matter in which
order they are given, or whether some were merged before.  It is weaker than scanning the
captures together: what one report saw of a host is not weighed against what another saw.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import astuple

from netminedet.errors import NetminedetError
from netminedet.language import sentence
from netminedet.model import InputInfo, SignatureSetInfo
from netminedet.report.document import json_text
from netminedet.report.joining import join_nodes, join_resolvers, join_suspects
from netminedet.report.plain import PlainReport
from netminedet.suspects import NodeSeen, ResolverSeen, Suspect

#: Stands in the place of a hash where the signatures of the reports differ.
SEVERAL = "0" * 64

#: Inputs named in an error or a note.
_NAMED = 3


class Merged(Struct, frozen=True):
    """What came of merging, and what there is to say about it."""

    report: PlainReport
    #: a line each: which of the reports were left out, and why
    notes: tuple[str, ...]


class _Given(Struct, frozen=True):
    """One report, with what tells its inputs from others."""

    name: str
    report: PlainReport
    #: of every input
    known: frozenset[Hashable]
    #: of those inputs that held packets
    counted: frozenset[Hashable]


def merge_reports(reports: Sequence[tuple[str, PlainReport]]) -> Merged:
    """One report for all these, each with the name that notes and errors call it.

    A report all of whose inputs are in another one too is left out, and told.  Raises
    NetminedetError for reports of which each has an input that both read and one that the
    other did not: their numbers would count twice, and cannot be taken apart.
    """
    kept, notes = _without_repeats([_given(name, report) for name, report in reports])
    _refuse_overlaps(kept)
    _refuse_unlike_addresses(kept)
    return Merged(_merged([one.report for one in kept]), tuple(notes))


def _given(name: str, report: PlainReport) -> _Given:
    known = {_identity(info): info for info in report.inputs}
    counted = frozenset(key for key, info in known.items() if info.packets)
    return _Given(name, report, frozenset(known), counted)


def _identity(info: InputInfo) -> Hashable:
    """The hash of an input; all that is known of it, where it was not hashed."""
    return info.sha256 or repr(astuple(info))


def _without_repeats(given: Iterable[_Given]) -> tuple[list[_Given], list[str]]:
    """The reports without those that bring no input of their own, and a note on each of these."""
    alike: defaultdict[frozenset[Hashable], list[_Given]] = defaultdict(list)
    for one in given:
        alike[one.known].append(one)
    ranked = [
        one
        for known in sorted(alike, key=lambda known: (-len(known), sorted(map(str, known))))
        for one in (alike[known] if len(alike[known]) == 1 else sorted(alike[known], key=_text))
    ]
    kept: list[_Given] = []
    notes = []
    for one in ranked:
        whole = next((other for other in kept if one.known <= other.known), None)
        if whole is None:
            kept.append(one)
        else:
            notes.append(
                sentence(
                    "{name}: left out, because {whole} has all of its inputs", name=one.name, whole=whole.name
                )
            )
    return kept, sorted(notes)


def _refuse_overlaps(given: Sequence[_Given]) -> None:
    owners: dict[Hashable, _Given] = {}
    for one in given:
        for key in one.counted:
            other = owners.setdefault(key, one)
            if other is not one:
                path = next(info.path for info in one.report.inputs if _identity(info) == key)
                raise NetminedetError(
                    f"{other.name} and {one.name}: both count {path}, and each counts others besides; "
                    "merge reports of single captures, or scan these captures together"
                )


def _refuse_unlike_addresses(given: Sequence[_Given]) -> None:
    """Pseudonyms under one key, and true addresses or those under another, are not to be compared."""
    first = given[0]
    for one in given:
        if one.report.anonymized != first.report.anonymized:
            raise NetminedetError(
                f"{first.name} and {one.name}: their addresses are not pseudonyms under the same key; "
                "merge first, and anonymize then"
            )


def _text(given: _Given) -> str:
    """Tells reports on the same inputs apart."""
    return json_text(given.report.to_dict())


def _merged(reports: Sequence[PlainReport]) -> PlainReport:
    totals: Counter[str] = Counter()
    for report in reports:
        totals.update(report.totals)
    return PlainReport(
        tool_version=_versions(report.tool_version for report in reports),
        signatures=_signatures([report.signatures for report in reports]),
        inputs=_inputs(info for report in reports for info in report.inputs),
        totals=dict(totals),
        suspects=_suspects(one for report in reports for one in report.suspects),
        adjacent=_nodes(one for report in reports for one in report.adjacent),
        resolvers=_resolvers(one for report in reports for one in report.resolvers),
        anonymized=reports[0].anonymized,
    )


def _versions(versions: Iterable[str]) -> str:
    """All that are named, each once."""
    return ", ".join(sorted({one for version in versions for one in version.split(", ")}))


def _signatures(given: Sequence[SignatureSetInfo]) -> SignatureSetInfo:
    hashes = {one.sha256 for one in given}
    return SignatureSetInfo(
        version=_versions(one.version for one in given),
        sha256=hashes.pop() if len(hashes) == 1 else SEVERAL,
        count=max(one.count for one in given),
    )


def _inputs(inputs: Iterable[InputInfo]) -> tuple[InputInfo, ...]:
    """Each once, in the order of their times."""
    distinct = {repr(astuple(info)): info for info in inputs}
    ordered = sorted(distinct.items(), key=lambda item: (*_begin(item[1]), item[0]))
    return tuple(info for _, info in ordered)


def _begin(info: InputInfo) -> tuple[bool, int, str]:
    return info.first_seen is None, info.first_seen or 0, info.path


def _suspects(suspects: Iterable[Suspect]) -> tuple[Suspect, ...]:
    from netminedet.verdict.weigh import weight

    by_host: defaultdict[str, list[Suspect]] = defaultdict(list)
    for suspect in suspects:
        by_host[suspect.host].append(suspect)
    return tuple(sorted(map(join_suspects, by_host.values()), key=weight))


def _nodes(nodes: Iterable[NodeSeen]) -> tuple[NodeSeen, ...]:
    found: defaultdict[tuple[str, str, str], list[NodeSeen]] = defaultdict(list)
    for node in nodes:
        found[node.host, node.protocol, node.network].append(node)
    return tuple(join_nodes(found[key]) for key in sorted(found))


def _resolvers(resolvers: Iterable[ResolverSeen]) -> tuple[ResolverSeen, ...]:
    found: defaultdict[str, list[ResolverSeen]] = defaultdict(list)
    for resolver in resolvers:
        found[resolver.host].append(resolver)
    return tuple(join_resolvers(found[host]) for host in sorted(found))
