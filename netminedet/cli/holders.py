"""The options that say whose addresses are, and those that hide it: for every command that shows a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from netminedet.report.like import ReportLike
    from netminedet.whose.enrich import Sources

_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--subnets",
        multiple=True,
        metavar="FILE",
        help="A ledger of networks (CSV: cidr, operator, city, county, unit, unit kind, contact).",
    ),
    click.option(
        "--subscribers",
        multiple=True,
        metavar="FILE",
        help="A log of who had which public address and ports, and when (CSV), as of NAT or RADIUS.",
    ),
    click.option(
        "--log-timezone",
        metavar="ZONE",
        help="The time zone of times in --subscribers that name none, such as +08:00.",
    ),
    click.option(
        "--clock-error",
        type=click.FloatRange(min=0, max=3600),
        default=0.0,
        metavar="SECONDS",
        help="How far the clocks of --subscribers and of the capture may differ.  [default: 0]",
    ),
    click.option("--geoip", multiple=True, metavar="FILE", help="A location database in MaxMind's format."),
)


def holder_options(command: _Command) -> _Command:
    """Gives a command the options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def load_sources(options: Mapping[str, Any]) -> Sources | None:
    """What the options' files say, checked before a long scan; None where none is given."""
    if not (options["subnets"] or options["subscribers"] or options["geoip"]):
        return None
    from netminedet.whose.enrich import Log, Sources

    subnets = places = log = None
    if options["subnets"]:
        from netminedet.whose.subnets import Subnets

        subnets = Subnets(options["subnets"], _tell)
    if options["geoip"]:
        from netminedet.whose.places import Places

        places = Places(options["geoip"])
    if options["subscribers"]:
        from netminedet.whose.allocations import check_log
        from netminedet.whose.moments import reader_of, zone_of

        for path in options["subscribers"]:
            check_log(path)
        zone = zone_of(options["log_timezone"]) if options["log_timezone"] else None
        log = Log(options["subscribers"], reader_of(zone), options["clock_error"])
    return Sources(subnets, places, log)


def with_holders(report: ReportLike, sources: Sources | None) -> ReportLike:
    """The report with whose its addresses are; lines of logs that cannot be read are told on stderr."""
    if sources is None:
        return report
    from netminedet.whose.enrich import enriched

    return enriched(report, sources, _tell)


def _tell(line: str) -> None:
    from netminedet.report.text import printable

    click.echo(f"netminedet: warning: {printable(line)}", err=True)
