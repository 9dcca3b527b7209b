"""``netminedet export``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netminedet.cli.holders import holder_options, load_view
from netminedet.cli.main import lang_option
from netminedet.cli.scan import home_net_option, load_key, mask_option, signatures_option
from netminedet.report.formats import format_names

if TYPE_CHECKING:
    from netminedet.report.formats import Format


def _list(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    """All formats, each with what it is for."""
    if not wanted or ctx.resilient_parsing:
        return
    from netminedet.report.formats import description

    names = format_names()
    for name in names:
        click.echo(f"{name:<{max(map(len, names))}}  {description(name)}")
    ctx.exit()


@click.command("export")
@click.argument("reports", metavar="REPORT.json...", nargs=-1, required=True)
@click.option(
    "--to",
    "form",
    type=click.Choice(format_names()),
    required=True,
    metavar="NAME",
    help="The format to write; --list tells what each is for.",
)
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list,
    help="List the formats, and exit.",
)
@click.option("-o", "--output", default="-", metavar="FILE", help="Write to FILE; - is standard output.")
@click.option("--bom", is_flag=True, help="csv: begin with a byte order mark, for spreadsheet programs.")
@click.option(
    "--all-pools", is_flag=True, help="blocklist...: all pools that are known, not only those found."
)
@click.option(
    "--collector",
    metavar="URL",
    help="syslog, cef: send to udp://, tcp:// or tls://HOST[:PORT] instead of writing.",
)
@click.option(
    "--ca-file", metavar="FILE", help="tls: trust the certificate authorities in FILE, not the system's."
)
@signatures_option
@mask_option
@holder_options
@home_net_option
@lang_option
@click.option("-q", "--quiet", is_flag=True, help="No notes on stderr, only errors.")
def command(reports: tuple[str, ...], form: str, output: str, **options: Any) -> None:
    """Write what `scan --format json` found in the form that another tool reads.

    REPORT.json is such a file, or - for standard input. Several become one, as by `merge`. The
    same reports give the same bytes.
    """
    from netminedet.cli.output import check_target, open_output
    from netminedet.cli.reports import read_reports
    from netminedet.report.formats import load_format

    chosen = load_format(form)
    given = _options_of(form, chosen, {**options, "output": output})
    check_target(output, reports)
    masker = load_key(options["mask"], output)
    view = load_view(options, output)
    report = read_reports(reports, quiet=options["quiet"])
    shown = view(report if masker is None else report.masked(masker))
    if options["collector"] is not None:
        _send(chosen, shown, options)
        return
    with open_output(output, machine=chosen.MACHINE) as stream:
        chosen.render(shown, stream, color=False, width=None, **given)


def _options_of(name: str, form: Format, options: dict[str, Any]) -> dict[str, Any]:
    """The options that the format takes; raises where another was given."""
    from netminedet.report.formats import format_options

    taken = format_options(form)
    for option in ("bom", "all_pools", "signatures", "collector"):
        if options[option] and option not in taken:
            raise click.UsageError(f"--{option.replace('_', '-')} means nothing to the format {name}")
    if options["ca_file"] and not options["collector"]:
        raise click.UsageError("--ca-file means nothing without --collector")
    if options["collector"] and options["output"] != "-":
        raise click.UsageError("--collector sends in the place of writing; leave it or --output out")
    return {option: options[option] for option in taken if option != "collector" and options[option]}


def _send(form: Format, report: Any, options: dict[str, Any]) -> None:
    from netminedet.collector import Collector

    with Collector(options["collector"], options["ca_file"]) as collector:
        for message in form.messages(report):  # type: ignore[attr-defined]
            collector.send(message)
