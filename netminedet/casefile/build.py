"""Makes the case file of one suspect of a report out of the captures that the report is of."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from netminedet import __version__
from netminedet.api import Progress
from netminedet.casefile import manifest as form
from netminedet.casefile.case import Case, CaseOptions
from netminedet.casefile.contents import write_contents
from netminedet.casefile.gather import gather
from netminedet.casefile.store import case_folder, check_case_target
from netminedet.report.reading import parse_report, read_bytes, shown_name
from netminedet.story import host_address

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from netminedet.report.like import ReportLike


def make_case(
    report: str,
    host: str,
    captures: Sequence[str],
    target: str,
    options: CaseOptions,
    *,
    sign: Ed25519PrivateKey | None = None,
    now: datetime | None = None,
    progress: Callable[[Progress], None] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> form.Manifest:
    """Write the case of ``host`` to ``target``, a new folder, or a zip file where it is called so.

    ``report`` is a JSON report, ``captures`` what it was made of.  ``tell`` is given the manifest's notes,
    as sentences that can be told in either language; in the manifest they are English.

    Raises NetminedetError: where the host is no suspect of the report, where a capture is none of its
    inputs (see ``any_capture``), and where ``target`` cannot be written.
    """
    check_case_target(target)
    data = read_bytes(report)
    case = gather(parse_report(data, shown_name(report)), host_address(host), captures, options, progress)
    made_by = _tool(case.report.tool_version, case.report)
    with case_folder(target) as folder:
        files = list(write_contents(folder, case, options))
        manifest = form.Manifest(
            schema=form.SCHEMA,
            made=f"{_moment(now):%Y-%m-%dT%H:%M:%SZ}",
            by=form.legible(options.by),
            host=case.host,
            verdict=case.suspect.verdict.label,
            role=case.suspect.role.value,
            tool=_tool(__version__, case.story.report),
            report=form.Source(form.legible(report), form.digest(data), made_by),
            options={
                "flows": options.flows,
                "cut_passwords": options.cut_passwords,
                "home_net": list(options.home_net),
            },
            captures=_captures(case),
            absent=_absent(case),
            sources=[
                form.Asked(form.legible(path), *form.file_digest(path)) for path in options.source_files
            ],
            notes=[form.legible(str(note)) for note in case.notes],
            files=[_entry(folder, name, about) for name, about in sorted(files)],
        )
        text = form.canonical(manifest)
        (folder / form.MANIFEST).write_bytes(text)
        if sign is not None:
            (folder / form.SIGNATURE).write_bytes(sign.sign(text))
    for note in case.notes:
        tell(note)
    return manifest


def _moment(now: datetime | None) -> datetime:
    """The time of making; SOURCE_DATE_EPOCH, where it is set, makes cases that can be made again."""
    if now is not None:
        return now
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    if re.fullmatch(r"\d{1,11}", fixed):
        return datetime.fromtimestamp(int(fixed), timezone.utc)
    return datetime.now(timezone.utc)


def _tool(version: str, report: ReportLike) -> form.Tool:
    info = report.signatures
    return form.Tool("netminedet", version, form.Signatures(info.version, info.sha256, info.count))


def _captures(case: Case) -> list[form.Capture]:
    read = {info.path: info for info in case.story.report.inputs}
    return [
        form.Capture(
            form.legible(one.path),
            one.sha256,
            one.size,
            read[one.path].packets,
            one.in_report,
            read[one.path].complete,
        )
        for one in case.given
    ]


def _absent(case: Case) -> list[form.Absent]:
    given = {one.sha256 for one in case.given}
    return [
        form.Absent(form.legible(info.path), info.sha256)
        for info in case.report.inputs
        if info.sha256 is None or info.sha256 not in given
    ]


def _entry(folder: Path, name: str, about: str) -> form.FileEntry:
    sha256, size = form.file_digest(folder / name)
    return form.FileEntry(name, size, sha256, str(about))
