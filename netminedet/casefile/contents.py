"""Writes the files of a case into its folder."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from netminedet.casefile.case import Case, CaseOptions
from netminedet.casefile.collect import Change, mining_flows, write_flows
from netminedet.casefile.fired import write_fired
from netminedet.casefile.passwords import without_passwords
from netminedet.errors import NetminedetError
from netminedet.language import N_, _, ngettext, sentence, told
from netminedet.packetfile import PacketFile, comment_of
from netminedet.report.document import json_text
from netminedet.report.story import render_story
from netminedet.report.text import printable
from netminedet.signatures import load_signatures
from netminedet.story import Story

#: Columns of the story.
_WIDTH = 100


def write_contents(folder: Path, case: Case, options: CaseOptions) -> Iterator[tuple[str, str]]:
    """Write the files of the case; the name of each, and what it is."""
    parts = list(_write_parts(folder, case, options))
    yield from parts
    (folder / "README.txt").write_text(_readme(case, options, parts), encoding="utf-8", newline="\n")
    yield "README.txt", N_("what is in this case, and how to check it")


def _write_parts(folder: Path, case: Case, options: CaseOptions) -> Iterator[tuple[str, str]]:
    text = json_text(case.report.to_dict(), indent=2) + "\n"
    (folder / "suspect.json").write_text(text, encoding="utf-8", newline="\n")
    yield "suspect.json", N_("the report on this suspect alone")
    yield from _page(folder, case)
    (folder / "story.txt").write_text(_story_text(case.story), encoding="utf-8", newline="\n")
    yield "story.txt", N_("the conversation, line by line, and why the verdict is what it is")
    change = _change_of(options)
    with (folder / "packets.pcapng").open("wb") as stream:
        _write_decisive(case, PacketFile(stream), change)
    yield "packets.pcapng", N_("the packets that decide; comments say what each proves")
    if options.flows:
        with (folder / "flows.pcapng").open("wb") as stream:
            flows = mining_flows(case.host, case.story.report, case.suspect)
            write_flows(case.given, flows, PacketFile(stream), change)
        yield "flows.pcapng", N_("all packets of its connections with evidence")
    yield from write_fired(folder, case.suspect, case.story, options.signatures)


def _page(folder: Path, case: Case) -> Iterator[tuple[str, str]]:
    """The page for people, where what draws it is installed; else a note says that it is not there."""
    from netminedet.report.page import PageOptions, check_installed, write_page

    try:
        check_installed()
    except NetminedetError as error:
        case.notes.append(sentence("the case has no page: {problem}", problem=str(error)))
        return
    with (folder / "suspect.html").open("w", encoding="utf-8", newline="\n") as stream:
        write_page(case.report, stream, PageOptions(title=case.host, script=False))
    yield "suspect.html", N_("the same as a page for people")


def _change_of(options: CaseOptions) -> Change:
    """What is done to a frame before it is written."""
    if not options.cut_passwords:
        return _unchanged
    signatures = load_signatures([Path(one) for one in options.signatures])
    return lambda frame: without_passwords(frame, signatures)


def _unchanged(frame: bytes) -> tuple[bytes, int]:
    return frame, 0


def _write_decisive(case: Case, file: PacketFile, change: Change) -> None:
    why = {(one.where.input, one.where.packet): one.why for one in case.suspect.evidence}
    for kept in case.decisive:
        frame, cut = change(kept.data)
        comment = comment_of(kept)
        if proof := why.get((kept.where.input, kept.where.packet)):
            comment += _("; ") + printable(told(proof))
        if cut:
            overwritten = ngettext(
                "a password is overwritten here: {n} byte; checksums are as recorded",
                "a password is overwritten here: {n} bytes; checksums are as recorded",
                cut,
            )
            comment += _("; ") + overwritten.format(n=cut)
        file.write(replace(kept, data=frame), comment)


def _story_text(story: Story) -> str:
    buffer = io.StringIO()
    render_story(story, buffer, width=_WIDTH)
    return buffer.getvalue()


def _readme(case: Case, options: CaseOptions, parts: Sequence[tuple[str, str]]) -> str:
    lines = [
        _("This is the case file of one host, made by netminedet."),
        _("manifest.json lists every file with its SHA-256."),
        _("To check that nothing was changed: netminedet evidence --verify THIS_FOLDER_OR_ZIP"),
        _("Where manifest.sig is there, add --key PUBLIC.pem to check who signed it."),
        _("Without netminedet: sha256sum of each file, against manifest.json; and"),
        "openssl pkeyutl -verify -pubin -inkey PUBLIC.pem -rawin -in manifest.json -sigfile manifest.sig",
    ]
    if not options.cut_passwords:
        lines.append(_("The packets are as they were recorded, passwords included: keep them accordingly."))
    lines += ["", *(name + _(": ") + told(about) for name, about in parts)]
    if case.notes:
        lines += ["", _("What a reader has to know:"), *(f"- {printable(told(note))}" for note in case.notes)]
    return "\n".join(lines) + "\n"
