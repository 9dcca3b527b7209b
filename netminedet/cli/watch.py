"""``netminedet watch``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from netminedet.cli.holders import anonymize_option, network_options
from netminedet.cli.main import FAILED, NOTHING_FOUND, SUSPECTS_FOUND, Number, lang_option
from netminedet.cli.scan import home_net_option, mask_option, signatures_option

if TYPE_CHECKING:
    from netminedet.live.options import WatchOptions
    from netminedet.live.watcher import Outcome

    _ParamType = click.ParamType[Any]
else:
    _ParamType = click.ParamType


class Size(_ParamType):
    """A size such as 64M."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from netminedet.errors import NetminedetError
        from netminedet.limits import parse_size

        try:
            return parse_size(str(value))
        except NetminedetError as error:
            self.fail(str(error), param, ctx)


class Speed(_ParamType):
    """A factor, or ``max``."""

    name = "speed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if value == "max":
            return 0.0
        try:
            speed = float(value)
        except ValueError:
            speed = 0.0
        if not 0 < speed < 1e9:
            self.fail(f"{value!r} is not a speed; give a factor such as 10, or max", param, ctx)
        return speed


def _configured(ctx: click.Context, _option: click.Parameter, path: str | None) -> None:
    """Take the options in the file of --config as defaults."""
    if path is not None and not ctx.resilient_parsing:
        from netminedet.cli.watch_config import read_config

        ctx.default_map = read_config(path, ctx.command)


class Address(_ParamType):
    """ADDRESS:PORT, [ADDRESS]:PORT, :PORT or PORT; without an address the loopback."""

    name = "address"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        address, _, port = str(value).rpartition(":")
        if not port.isdecimal() or len(port) > 5 or int(port) > 65535:
            self.fail(f"{value!r} is no address; give ADDRESS:PORT, such as 127.0.0.1:9517", param, ctx)
        return address.strip("[]") or "127.0.0.1", int(port)


_SECONDS = Number(min=0.1, max=366 * 86400)


@click.command("watch")
@click.argument("expression", metavar="[FILTER]...", nargs=-1)
@click.option(
    "-i",
    "--interface",
    "interfaces",
    multiple=True,
    metavar="IFACE",
    help="A network interface to listen on; may be given several times; any: all of them.",
)
@click.option("--replay", metavar="FILE", help="Take the packets from a capture file instead.")
@click.option(
    "--speed",
    type=Speed(),
    metavar="X|max",
    help="How fast to replay.  [default: 1, as recorded]",
)
@click.option(
    "-o", "--output", metavar="FILE", help="Write events as JSON lines to FILE; - is standard output."
)
@home_net_option
@signatures_option
@click.option(
    "--ring-size", type=Size(), default="64MiB", show_default=True, metavar="SIZE",
    help="Memory for packets on their way from the system, for each interface and worker.",
)  # fmt: skip
@click.option(
    "--block-timeout", type=click.IntRange(1, 10_000), default=100, show_default=True, metavar="MS",
    help="Milliseconds after which the system hands over packets at the latest.",
)  # fmt: skip
@click.option(
    "--no-promiscuous", is_flag=True, help="Leave the interface as it is: only packets for this machine."
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, metavar="N",
    help="Processes that share the packets by flow.",
)  # fmt: skip
@click.option("--max-flows", type=click.IntRange(min=1), metavar="N", help="Flows kept in memory at once.")
@click.option(
    "--max-memory", type=Size(), metavar="SIZE", help="Memory that the watch may take, such as 500M or 2G."
)
@click.option("--sensor", metavar="NAME", help="The name of this place in events.  [default: the machine's]")
@click.option(
    "--stats-every", type=_SECONDS, default=10.0, show_default=True, metavar="SECONDS",
    help="How often counters are told.",
)  # fmt: skip
@click.option(
    "--update-every", type=_SECONDS, default=300.0, show_default=True, metavar="SECONDS",
    help="How often an active suspect is summed up.",
)  # fmt: skip
@click.option(
    "--idle", type=_SECONDS, default=600.0, show_default=True, metavar="SECONDS",
    help="A suspect of whom nothing was seen for so long has ended.",
)  # fmt: skip
@click.option(
    "--forget", type=_SECONDS, default=7 * 86400.0, show_default=True, metavar="SECONDS",
    help="A host of which nothing new came for so long is forgotten.",
)  # fmt: skip
@click.option("--state", metavar="FILE", help="Keep what is known in FILE; go on from it after a restart.")
@click.option(
    "--state-every", type=_SECONDS, default=60.0, show_default=True, metavar="SECONDS",
    help="How often the state is written.",
)  # fmt: skip
@click.option(
    "--evidence", metavar="DIR", help="Write the packets that prove each suspect to DIR, as pcapng."
)
@click.option(
    "--evidence-packets", type=click.IntRange(min=1), default=1000, show_default=True, metavar="N",
    help="Packets kept of one host.",
)  # fmt: skip
@click.option(
    "--evidence-size", type=Size(), default="1GiB", show_default=True, metavar="SIZE",
    help="Disk that all evidence may take; the oldest files give way.",
)  # fmt: skip
@click.option(
    "--evidence-days", type=Number(min=0.01, max=36500), default=30.0, show_default=True,
    metavar="DAYS", help="Evidence older than that is removed.",
)  # fmt: skip
@click.option(
    "--metrics", type=Address(), metavar="ADDRESS:PORT",
    help="Serve counters for Prometheus there; without an address, on the loopback.",
)  # fmt: skip
@click.option(
    "--config", is_eager=True, expose_value=False, callback=_configured, metavar="FILE",
    help="Read options from a TOML file; those of the command line come before them.",
)  # fmt: skip
@click.option(
    "--check-config", is_flag=True, help="Check all options, the filter and the signatures, and end."
)
@click.option("--user", metavar="USER", help="Become USER once the interfaces are open; for a start as root.")
@mask_option
@network_options
@anonymize_option
@click.option("--exit-zero", is_flag=True, help="Exit with 0 when suspects were found, not with 1.")
@lang_option
@click.option("-q", "--quiet", is_flag=True, help="No live view and no notes on stderr, only errors.")
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Watch network interfaces for hosts that mine, until a signal ends it.

    FILTER is an expression as tcpdump takes it, such as 'not port 22'.

    SIGHUP opens the outputs anew and loads the signatures again, SIGUSR1 prints the present
    table, SIGTERM and Ctrl-C end the watch.  Exit codes are those of scan: 0 when nothing was
    found, 1 when suspects were found, and 2 when the job could not be done.
    """
    from netminedet.live.watcher import Watcher

    _prefer_named_source(ctx, given)
    options = options_of(given)
    if given["check_config"]:
        from netminedet.cli.watch_config import check

        click.echo(f"netminedet: {check(options)}", err=True)
        ctx.exit(NOTHING_FOUND)
    ear = _ear(options, quiet=given["quiet"])
    with ear:
        outcome = Watcher(options, ear).run()
    ear.end(outcome)
    ctx.exit(_exit_code(outcome, exit_zero=given["exit_zero"]))


def _prefer_named_source(ctx: click.Context, given: dict[str, Any]) -> None:
    """A source on the command line comes before the configured one, and what is for that alone."""

    def is_named(name: str) -> bool:
        return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE

    if is_named("replay") and not is_named("interfaces"):
        given["interfaces"] = ()
        given["expression"] = given["expression"] if is_named("expression") else ()
    elif is_named("interfaces") and not is_named("replay"):
        given["replay"] = None
        given["speed"] = given["speed"] if is_named("speed") else None


def _exit_code(outcome: Outcome, *, exit_zero: bool) -> int:
    if not outcome.complete:
        return FAILED
    return SUSPECTS_FOUND if outcome.suspects and not exit_zero else NOTHING_FOUND


def options_of(given: dict[str, Any]) -> WatchOptions:
    """The options as the watch takes them.  Raises UsageError for what does not fit together."""
    from netminedet.api import DEFAULT_HOME_NET
    from netminedet.capture.live import RingOptions
    from netminedet.cli.output import check_key
    from netminedet.live.options import WatchOptions

    replay, interfaces = given["replay"], tuple(dict.fromkeys(given["interfaces"]))
    expression = " ".join(given["expression"] or ())
    if bool(interfaces) == bool(replay):
        raise click.UsageError("name an interface with -i, or a file with --replay")
    if given["speed"] is not None and not replay:
        raise click.UsageError("--speed is for --replay: an interface has a speed of its own")
    if replay and expression:
        raise click.UsageError("a filter works on interfaces only; filter the file with tcpdump -r first")
    if "any" in interfaces and len(interfaces) > 1:
        raise click.UsageError("-i any has all interfaces already; leave out the others")
    for key in (given["mask"], given["anonymize_ip"]):
        if key and given["output"]:
            check_key(given["output"], key)
    ring = RingOptions(given["ring_size"], given["block_timeout"], not given["no_promiscuous"], expression)
    return WatchOptions(
        interfaces=interfaces,
        replay=replay,
        speed=1.0 if given["speed"] is None else given["speed"] or None,
        ring=ring,
        workers=given["workers"],
        home_net=given["home_net"] or DEFAULT_HOME_NET,
        signatures=given["signatures"],
        max_flows=given["max_flows"],
        max_memory=given["max_memory"],
        output=given["output"],
        sensor=given["sensor"],
        stats_seconds=given["stats_every"],
        update_seconds=given["update_every"],
        idle_seconds=given["idle"],
        forget_seconds=given["forget"],
        state=given["state"],
        state_seconds=given["state_every"],
        metrics=given["metrics"],
        evidence=given["evidence"],
        evidence_packets=given["evidence_packets"],
        evidence_size=given["evidence_size"],
        evidence_seconds=given["evidence_days"] * 86400,
        user=given["user"],
        mask=given["mask"],
        anonymize_ip=given["anonymize_ip"],
        subnets=tuple(given["subnets"]),
        geoip=tuple(given["geoip"]),
    )


def _ear(options: WatchOptions, *, quiet: bool) -> Any:
    from netminedet.cli.watch_ear import choose_ear

    return choose_ear(options, quiet=quiet)
