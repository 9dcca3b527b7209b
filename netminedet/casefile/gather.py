"""Gathers what a case needs out of a report and its captures, and notes where these do not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from netminedet import __version__
from netminedet.api import Progress, explain_all
from netminedet.casefile.case import Case, CaseOptions
from netminedet.casefile.collect import Given, HostKeeper, Place, given_captures, packets_at
from netminedet.errors import NetminedetError
from netminedet.keeper import KeptPacket
from netminedet.language import N_, as_sentence, listed, number_of, sentence
from netminedet.limits import DEFAULT_LIMITS
from netminedet.report.mask import pseudonyms
from netminedet.report.plain import PlainReport
from netminedet.report.text import printable
from netminedet.story import Story, spellings
from netminedet.suspects import Evidence
from netminedet.verdict.order import place_of
from netminedet.whose import enriched

#: Packets that decide, in one case: those that the report cites, and of the others the first.
MAX_DECISIVE = 5_000


def gather(
    report: PlainReport,
    host: str,
    captures: Sequence[str],
    options: CaseOptions,
    progress: Callable[[Progress], None] | None,
) -> Case:
    if report.anonymized:
        raise NetminedetError("the addresses of the report are pseudonyms; take the one with the true ones")
    spelt = spellings(host)
    suspect = next((one for one in report.suspects if one.host in spelt), None)
    if suspect is None:
        hosts = listed([one.host for one in report.suspects], 3)
        raise NetminedetError(f"{host} is no suspect of the report; its suspects are {hosts or 'none'}")
    host = suspect.host
    own = replace(report, suspects=(suspect,), adjacent=(), resolvers=())
    notes: list[str] = []
    if options.sources is not None:
        own = enriched(own, options.sources, notes.append)
    known = {info.sha256: info.path for info in report.inputs if info.sha256 is not None}
    given = _chosen(given_captures(captures, known), captures, report, options, notes)
    keeper = HostKeeper(host)
    paths = [one.path for one in given]
    story = explain_all(
        paths,
        host,
        options.home_net,
        options.signatures,
        DEFAULT_LIMITS,
        keeper=keeper,
        hash_inputs=True,
        progress=progress,
    )
    _refuse_changes(given, story)
    names = {one.path: one.name for one in given}
    kept = [replace(one, where=replace(one.where, input=names[one.where.input])) for one in keeper.take()]
    case = Case(host, own, own.suspects[0], given, story, [], notes)
    case.decisive = _decisive(case, kept)
    _note_differences(case)
    _note_packets(case, options)
    return case


def _chosen(
    given: list[Given],
    named: Sequence[str],
    report: PlainReport,
    options: CaseOptions,
    notes: list[str],
) -> list[Given]:
    """The captures that are read.  Of those that the report does not know by their hashes none is, but where
    they are wanted: one that was named is refused, and others in a folder are passed over, which is noted."""
    strangers = [one for one in given if not one.in_report]
    if not strangers or options.any_capture:
        return given
    if not any(info.sha256 for info in report.inputs):
        raise NetminedetError(
            "the report has no hashes of its inputs, so nothing shows that these captures are they; "
            "scan again with --sha256, or go on with --any-capture"
        )
    refused = [one for one in strangers if one.path in named]
    if len(strangers) == len(given):
        refused = strangers
    if refused:
        names = ", ".join(printable(one.path) for one in refused[:3])
        raise NetminedetError(
            f"{names}: none of the report's inputs by its SHA-256; give the captures as they were scanned, "
            "or go on with --any-capture"
        )
    notes.append(
        number_of(
            "{n} capture in the folders given is no input of the report, and was not read",
            "{n} captures in the folders given are no inputs of the report, and were not read",
            len(strangers),
        )
    )
    return [one for one in given if one.in_report]


def _refuse_changes(given: Sequence[Given], story: Story) -> None:
    hashes = {info.path: info.sha256 for info in story.report.inputs}
    for one in given:
        if hashes.get(one.path) != one.sha256:
            raise NetminedetError(f"{printable(one.path)}: changed while it was read; make the case again")


def _decisive(case: Case, kept: list[KeptPacket]) -> list[KeptPacket]:
    """The packets that the report cites, those that prove something, and a few before them."""
    cited: dict[Place, list[Evidence]] = {}
    for one in case.suspect.evidence:
        cited.setdefault((one.where.input, one.where.packet), []).append(one)
    by_place = {(one.where.input, one.where.packet): one for one in kept}
    for packet in packets_at(case.given, cited.keys() - by_place.keys()):
        place = (packet.where.input, packet.where.packet)
        flow = cited[place][0].where.flow
        by_place[place] = replace(packet, where=replace(packet.where, flow=flow))
    for place, evidence in cited.items():
        if place not in by_place:
            case.notes.append(
                sentence(
                    "packet {packet} of {input}, which the report cites, is in no capture given",
                    packet=place[1],
                    input=place[0],
                )
            )
            continue
        proves = [*by_place[place].proves, *(one.signature for one in evidence)]
        by_place[place] = replace(by_place[place], proves=list(dict.fromkeys(proves)))
    ordered = sorted(by_place.items(), key=lambda item: place_of(item[1].where))
    others = [place for place, _ in ordered if place not in cited]
    if len(others) > MAX_DECISIVE:
        case.notes.append(
            number_of(
                "{n} more packet that proves something is not among those written",
                "{n} more packets that prove something are not among those written",
                len(others) - MAX_DECISIVE,
            )
        )
    chosen = cited.keys() | set(others[:MAX_DECISIVE])
    return [packet for place, packet in ordered if place in chosen]


def _note_differences(case: Case) -> None:
    """What a reader has to know: where the report and what was read now are not the same."""
    now, then = case.story.report, case.report
    if now.signatures.sha256 != then.signatures.sha256:
        case.notes.append(N_("the report was made with other signatures than the story and the packets"))
    if __version__ != then.tool_version:
        case.notes.append(
            sentence(
                "the report was made by netminedet {then}, the case by {now}",
                then=then.tool_version,
                now=__version__,
            )
        )
    found = case.story.suspect
    if found is None:
        case.notes.append(N_("in the captures given, the host is no suspect"))
    elif (found.verdict, found.role) != (case.suspect.verdict, case.suspect.role):
        verdict, role = as_sentence(found.verdict.label), as_sentence(found.role.value)
        case.notes.append(
            sentence(
                "by the captures given alone, the host would be: {verdict}, {role}",
                verdict=verdict,
                role=role,
            )
        )
    true_names = () if found is None else (*found.workers, *found.wallets)
    if pseudonyms(case.suspect).difference(true_names):
        case.notes.append(
            N_(
                "the report has pseudonyms for wallets and workers; "
                "the story and the packets have the true names"
            )
        )


def _note_packets(case: Case, options: CaseOptions) -> None:
    """What a reader has to know of the captures, and of the packets out of them."""
    for one in case.given:
        if not one.in_report:
            case.notes.append(
                sentence("{path}: is none of the report's inputs by its SHA-256", path=one.path)
            )
    for info in case.story.report.inputs:
        if not info.complete:
            case.notes.append(sentence("{path}: could not be read to its end", path=info.path))
    if options.cut_passwords:
        case.notes.append(
            N_(
                "passwords in packets are overwritten by asterisks where one packet shows them; checksums "
                "are as recorded; what is split between packets, masked or compressed may still hold some"
            )
        )
