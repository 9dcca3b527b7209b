"""Reports that a command is given as files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from netminedet.cli.main import remark

if TYPE_CHECKING:
    from netminedet.report.plain import PlainReport


def read_reports(paths: Sequence[str], *, quiet: bool) -> PlainReport:
    """The report in a file as it is, or what several come to; raises NetminedetError.

    What was left out is told on stderr.
    """
    from netminedet.report.reading import read_report

    if len(paths) == 1:
        return read_report(paths[0])
    return merged_reports(paths, quiet=quiet)


def merged_reports(paths: Sequence[str], *, quiet: bool) -> PlainReport:
    """What reports come to, in the order and form that a merged one has, also if it is but one."""
    from netminedet.report.merging import merge_reports
    from netminedet.report.reading import read_report, shown_name

    merged = merge_reports([(shown_name(path), read_report(path)) for path in paths])
    for note in () if quiet else merged.notes:
        click.echo(remark(note), err=True)
    return merged.report
