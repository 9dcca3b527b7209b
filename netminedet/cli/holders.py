"""The options that say whose addresses are, and those that hide it: for every command that shows a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from netminedet.cli.main import Number
from netminedet.language import _, told

if TYPE_CHECKING:
    from netminedet.report.like import ReportLike
    from netminedet.whose.enrich import Sources

#: Characters of a warning: it may quote a path and a problem.
_WARNING_LIMIT = 1000

_Command = TypeVar("_Command", bound=Callable[..., Any])

_SUBNETS = click.option(
    "--subnets",
    multiple=True,
    metavar="FILE",
    help="A ledger of networks (CSV: cidr, operator, city, county, unit, unit kind, contact).",
)
_GEOIP = click.option(
    "--geoip", multiple=True, metavar="FILE", help="A location database in MaxMind's format."
)
_SOURCES = (
    _SUBNETS,
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
        type=Number(min=0, max=3600),
        default=0.0,
        metavar="SECONDS",
        help="How far the clocks of --subscribers and of the capture may differ.  [default: 0]",
    ),
    _GEOIP,
)
anonymize_option = click.option(
    "--anonymize-ip",
    metavar="KEYFILE",
    help="Put pseudonyms in the place of people's addresses (Crypto-PAn), under the key in KEYFILE.",
)


def network_options(command: _Command) -> _Command:
    """Gives a command those of whose answer does not depend on the time: all but logs."""
    return _SUBNETS(_GEOIP(command))


def source_options(command: _Command) -> _Command:
    """Gives a command the options that say whose addresses are."""
    for option in reversed(_SOURCES):
        command = option(command)
    return command


def holder_options(command: _Command) -> _Command:
    """Gives a command all of them."""
    return source_options(anonymize_option(command))


def load_view(options: Mapping[str, Any], output: str) -> View:
    """What the options ask for, their files checked before a long scan; ``output`` is where a report goes."""
    key = None
    if options["anonymize_ip"]:
        from netminedet.cli.output import check_key
        from netminedet.report.cryptopan import CryptoPan, load_key

        check_key(output, options["anonymize_ip"])
        key = load_key(options["anonymize_ip"])
        CryptoPan(key)  # says so now where the library is missing
    return View(load_sources(options), key, options.get("home_net") or ())


class View:
    """How a finished report is to be shown: with whose its addresses are, and with pseudonyms."""

    def __init__(self, sources: Sources | None, key: bytes | None, home_net: Sequence[str]) -> None:
        self._sources = sources
        self.key = key
        self._home_net = home_net

    def __call__(self, report: ReportLike) -> ReportLike:
        """The report as it is to be shown; lines of logs that cannot be read are told on stderr."""
        if self._sources is not None:
            from netminedet.whose.enrich import enriched

            report = enriched(report, self._sources, warn)
        return self.hidden(report)

    def hidden(self, report: ReportLike) -> ReportLike:
        """The report with pseudonyms, where they are asked for."""
        if self.key is not None:
            from netminedet.api import DEFAULT_HOME_NET, parse_networks
            from netminedet.report.anonymize import anonymized

            report = anonymized(report, self.key, parse_networks(self._home_net or DEFAULT_HOME_NET))
        return report


def load_sources(options: Mapping[str, Any]) -> Sources | None:
    """What the files say whose addresses are, checked; None where there are none."""
    from netminedet.whose.moments import reader_of, zone_of

    zone = zone_of(options["log_timezone"]) if options["log_timezone"] else None
    for name in () if options["subscribers"] else ("log_timezone", "clock_error"):
        if options[name]:
            raise click.UsageError(
                f"--{name.replace('_', '-')} is for --subscribers: name a log, or leave it out"
            )
    if not (options["subnets"] or options["subscribers"] or options["geoip"]):
        return None
    from netminedet.whose.enrich import Log, Sources

    subnets = places = log = None
    if options["subnets"]:
        from netminedet.whose.subnets import Subnets

        subnets = Subnets(options["subnets"], warn)
    if options["geoip"]:
        from netminedet.whose.places import Places

        places = Places(options["geoip"])
    if options["subscribers"]:
        from netminedet.whose.allocations import check_log

        for path in options["subscribers"]:
            check_log(path)
        log = Log(options["subscribers"], reader_of(zone), options["clock_error"])
    return Sources(subnets, places, log)


def warn(line: str) -> None:
    """Say on standard error what is wrong with a file or a capture, in the language of the process."""
    from netminedet.report.text import printable

    what = printable(told(line), _WARNING_LIMIT)
    click.echo("netminedet: " + _("warning: {what}").format(what=what), err=True)
