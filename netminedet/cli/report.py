"""``netminedet report``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netminedet.cli.holders import holder_options, load_view
from netminedet.cli.main import lang_option
from netminedet.cli.scan import home_net_option, load_key, mask_option

if TYPE_CHECKING:
    from typing import TextIO

    from netminedet.report.like import ReportLike
    from netminedet.report.page import PageOptions


@click.command("report")
@click.argument("reports", metavar="REPORT.json...", nargs=-1, required=True)
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "pdf"]),
    help="How to write it.  [default: pdf where FILE ends in .pdf, else html]",
)
@click.option(
    "-o", "--output", default="-", metavar="FILE", help="Write the report to FILE; - is standard output."
)
@click.option("--title", default="", metavar="TEXT", help="The heading of the report.")
@click.option(
    "--sections",
    type=click.IntRange(min=0),
    metavar="N",
    help="Hosts, the weightiest, whose sections stand open in the page.  [default: 300]",
)
@click.option(
    "--utc-offset",
    default="+00:00",
    show_default=True,
    metavar="OFFSET",
    help="Write times at this offset from UTC, such as +08:00.",
)
@home_net_option
@mask_option
@holder_options
@lang_option
@click.option("-q", "--quiet", is_flag=True, help="No notes on stderr, only errors.")
def command(reports: tuple[str, ...], form: str | None, output: str, **options: Any) -> None:
    """Make a report for people of what `scan --format json` wrote: one HTML page, or PDF.

    The page needs nothing else: no network, no other file. Several reports become one, as by
    `merge`. PDF is printed with Chromium or WeasyPrint, where one of them is installed.
    """
    from netminedet.cli.output import check_target, open_output
    from netminedet.cli.reports import read_reports
    from netminedet.report.page import check_installed, check_printer

    check_installed()
    check_target(output, reports)
    masker = load_key(options["mask"], output)
    form = form or ("pdf" if output.lower().endswith(".pdf") else "html")
    if form == "pdf":
        check_printer()
    view = load_view(options, output)
    page = _page_options(options)
    report = read_reports(reports, quiet=options["quiet"])
    shown = view(report if masker is None else report.masked(masker))
    with open_output(output, machine=True) as stream:
        (_write_pdf if form == "pdf" else _write_html)(shown, stream, page)


def _page_options(options: dict[str, Any]) -> PageOptions:
    from netminedet.report.page import SECTIONS, Clock, PageOptions, zone_of

    sections = SECTIONS if options["sections"] is None else options["sections"]
    return PageOptions(options["title"], sections, Clock(zone_of(options["utc_offset"])))


def _write_html(report: ReportLike, stream: TextIO, options: PageOptions) -> None:
    from netminedet.report.page import write_page

    write_page(report, stream, options)


def _write_pdf(report: ReportLike, stream: TextIO, options: PageOptions) -> None:
    import io

    from msgspec.structs import replace

    from netminedet.errors import NetminedetError
    from netminedet.report.page import print_page, write_page

    if stream.isatty():
        raise NetminedetError("PDF is nothing for a terminal; name a file with -o")
    page = io.StringIO()
    write_page(report, page, replace(options, script=False))
    printed = print_page(page.getvalue())
    stream.flush()
    stream.buffer.write(printed)
