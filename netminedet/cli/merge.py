"""``netminedet merge``."""

from __future__ import annotations

from typing import Any

import click

from netminedet.cli.holders import View, load_sources, source_options
from netminedet.cli.main import lang_option


@click.command("merge")
@click.argument("reports", metavar="REPORT.json...", nargs=-1, required=True)
@click.option(
    "-o", "--output", default="-", metavar="FILE", help="Write the report to FILE; - is standard output."
)
@source_options
@lang_option
@click.option("-q", "--quiet", is_flag=True, help="No notes on stderr, only errors.")
def command(reports: tuple[str, ...], output: str, quiet: bool, **options: Any) -> None:
    """Make one report of several that `scan --format json` wrote, as of many probes or days.

    REPORT.json is such a file, or - for standard input. Numbers are added, lists put together,
    and the highest verdict counts. In what order they are given, or merged before, does not
    matter. A report whose captures are all in another one counts once.
    """
    from netminedet.cli.output import check_target, open_output
    from netminedet.cli.reports import merged_reports
    from netminedet.report.formats import load_format

    check_target(output, ())
    whose = View(load_sources(options), None, ())
    merged = merged_reports(reports, quiet=quiet)
    with open_output(output, machine=True) as stream:
        load_format("json").render(whose(merged), stream, color=False, width=None)
