"""``netminedet scan``."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

import click

from netminedet.cli.holders import holder_options, load_view, warn
from netminedet.cli.main import FAILED, NOTHING_FOUND, SUSPECTS_FOUND, lang_option
from netminedet.garbage import look_seldom
from netminedet.language import _, told
from netminedet.report.formats import format_names

if TYPE_CHECKING:
    from netminedet import api
    from netminedet.errors import EvidenceError
    from netminedet.report.mask import Masker

#: Incomplete inputs told on stderr; the report lists them all.
_TOLD_LIMIT = 20


def _networks(_ctx: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """The values of --home-net, all of them networks in CIDR notation."""
    if not values:
        return ()
    from ipaddress import ip_network

    for value in values:
        try:
            ip_network(value)
        except ValueError as error:
            try:
                meant = f"; did you mean {ip_network(value, strict=False)}?"
            except ValueError:
                meant = ", such as 10.0.0.0/8 or 2001:db8::/32"
            raise click.BadParameter(f"{value!r} is not a network in CIDR notation{meant}") from error
    return values


home_net_option = click.option(
    "--home-net",
    multiple=True,
    callback=_networks,
    metavar="CIDR",
    help="A network whose hosts are ours; may be given several times.  [default: the private ranges]",
)
signatures_option = click.option(
    "--signatures",
    multiple=True,
    type=click.Path(exists=True, file_okay=False),
    metavar="DIR",
    help="A folder of signatures that add to or replace the built-in ones; may be given several times.",
)
mask_option = click.option(
    "--mask",
    metavar="KEYFILE",
    help="Put pseudonyms in the place of wallets and workers, made with the key in KEYFILE.",
)


def _size(_ctx: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    """The value of --max-memory in bytes."""
    if value is None:
        return None
    from netminedet.limits import limits_for, parse_size

    size = parse_size(value)
    limits_for(size)  # says so now where it is too little
    return size


@click.command("scan")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--format",
    "form",
    type=click.Choice(format_names()),
    default="table",
    show_default=True,
    metavar="NAME",
    help="How to write the report: table, json, jsonl, html or another; `export --list` tells all.",
)
@click.option(
    "-o", "--output", default="-", metavar="FILE", help="Write the report to FILE; - is standard output."
)
@home_net_option
@signatures_option
@click.option(
    "--max-flows",
    type=click.IntRange(min=1),
    metavar="N",
    help="Flows kept in memory at once; the idlest make room for new ones.",
)
@click.option(
    "--max-memory",
    callback=_size,
    metavar="SIZE",
    help="Memory that the scan may take, such as 500M or 2G; tables give up what is least telling.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Processes that work at the same time, on captures or on the flows of a large one.  [default: 1]",
)
@click.option(
    "--sha256/--no-sha256",
    "hash_inputs",
    default=None,
    help="Hash each input, so that it can be told again.  [default: only for machine formats]",
)
@mask_option
@holder_options
@click.option("--adjacent", is_flag=True, help="List coin nodes and their peers, too; they are no suspects.")
@click.option(
    "--evidence", metavar="DIR", help="Write the packets that prove each suspect to DIR, as pcapng."
)
@click.option(
    "--fail-on",
    type=click.Choice(["confirmed", "probable", "suspected"]),
    default="suspected",
    show_default=True,
    help="The least verdict for which to exit with 1; hosts of a lesser one are reported all the same.",
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 when suspects were found, not with 1.")
@lang_option
@click.option("-q", "--quiet", is_flag=True, help="No progress bar and no notes on stderr, only errors.")
@click.option("-v", "--verbose", is_flag=True, help="Tell on stderr what was read of each input.")
@click.pass_context
def command(ctx: click.Context, /, paths: tuple[str, ...], form: str, output: str, **options: Any) -> None:
    """Find the hosts that mine in capture files.

    PATH is a pcap or pcapng file, plain or packed with gzip, zstd or xz; a folder, whose
    captures are found by their content; or - for standard input.

    Exits with 0 when nothing was found, 1 when suspects were found, and 2 when the job could
    not be done, which includes finding nothing in captures that could not be read to their end.
    """
    from netminedet.cli.output import check_target, open_output
    from netminedet.errors import NetminedetError
    from netminedet.report.formats import load_format

    check_target(output, paths)
    masker = load_key(options["mask"], output)
    view = load_view(options, output)
    if options["evidence"] and options["anonymize_ip"]:
        raise NetminedetError("--evidence writes packets as they are, with their addresses; leave one out")
    chosen = load_format(form)
    given = _wanted(options, chosen.MACHINE)
    with contextlib.ExitStack() as stack:
        streamed = None
        if hasattr(chosen, "Streamed"):
            streamed = chosen.Streamed(stack.enter_context(open_output(output, machine=chosen.MACHINE)))
            given["on_input"] = lambda one: streamed.input(view.hidden(one))
        look_seldom()
        with progress_of(options["quiet"] or _shares_screen(streamed, output)) as progress:
            report, failed = _scanned(paths, progress=progress, **given)
        tell_inputs(report, quiet=options["quiet"], verbose=options["verbose"])
        check_target(output, (info.path for info in report.inputs))
        shown = view(report if masker is None else report.masked(masker))
        if streamed is not None:
            streamed.end(shown)
        else:
            stream = stack.enter_context(open_output(output, machine=chosen.MACHINE))
            chosen.render(shown, stream, color=color_of(output), width=width_of(output))
    if failed is not None:
        raise failed
    ctx.exit(exit_code(report, exit_zero=options["exit_zero"], fail_on=options["fail_on"]))


def _wanted(options: dict[str, Any], for_machines: bool) -> dict[str, Any]:
    """What the options say of the scan itself."""
    hash_inputs = for_machines if options["hash_inputs"] is None else options["hash_inputs"]
    names = ("home_net", "signatures", "max_flows", "max_memory", "adjacent", "evidence", "jobs")
    return {"hash_inputs": hash_inputs, **{name: options[name] for name in names if options[name]}}


def _scanned(*paths: Any, **given: Any) -> tuple[api.Report, EvidenceError | None]:
    """What was found, and why its evidence could not be written: the report is shown all the same."""
    from netminedet import api
    from netminedet.errors import EvidenceError

    try:
        return api.scan(*paths, **given), None
    except EvidenceError as error:
        return cast("api.Report", error.report), error


def _shares_screen(streamed: Any, output: str) -> bool:
    """Whether lines come out on a terminal while a progress bar would be on it."""
    return streamed is not None and output == "-" and _is_terminal(sys.stdout)


def exit_code(report: api.Report, *, exit_zero: bool, fail_on: str = "suspected") -> int:
    """What a finished scan answers; an incomplete one that found nothing is no clean bill.

    Suspects of a lesser verdict than ``fail_on`` count as nothing found.
    """
    from netminedet.suspects import Verdict

    if any(suspect.verdict >= Verdict[fail_on.upper()] for suspect in report.suspects):
        return NOTHING_FOUND if exit_zero else SUSPECTS_FOUND
    return unsuspicious(report)


def unsuspicious(report: api.Report) -> int:
    """The exit code where nothing was found: a fault where not everything could be read."""
    return NOTHING_FOUND if all(info.complete for info in report.inputs) else FAILED


def load_key(path: str | None, output: str) -> Masker | None:
    """The masker of --mask; raises where the report would be written over its key."""
    if path is None:
        return None
    from netminedet.cli.output import check_key
    from netminedet.report.mask import load_masker

    check_key(output, path)
    return load_masker(path)


@contextlib.contextmanager
def progress_of(quiet: bool) -> Iterator[Callable[[api.Progress], None] | None]:
    """A progress bar on a terminal; nothing elsewhere."""
    if quiet:
        yield None
        return
    from netminedet import sieve

    if not sieve.compiled():
        click.echo(
            "netminedet: note: this scan runs slowly, because the packet kernels are not compiled; "
            "install a C compiler and the Python headers, then install netminedet again",
            err=True,
        )
    if not _is_terminal(sys.stderr):
        yield None
        return
    from rich.console import Console

    from netminedet.cli.progress import ProgressBar

    with ProgressBar(Console(stderr=True)) as bar:
        yield bar


def tell_inputs(report: api.Report, *, quiet: bool, verbose: bool) -> None:
    """What went wrong with the inputs, a line each; and what was read of them, where asked for."""
    from netminedet.report.text import about, plural, printable, size

    if verbose and not quiet:
        for info in report.inputs:
            parts = (info.format or _("no capture"), plural(info.packets, "packet"), size(info.bytes))
            click.echo(f"netminedet: {printable(info.path)}" + _(": ") + _(", ").join(parts), err=True)
    incomplete = [info for info in report.inputs if not info.complete]
    for info in incomplete[:_TOLD_LIMIT]:
        problem = _("; ").join(map(told, info.problems)) or _("could not be read to its end")
        warn(about(info.path, problem))
    if not quiet:
        _tell_copies(report)
    if len(incomplete) > _TOLD_LIMIT:
        others = plural(len(incomplete) - _TOLD_LIMIT, "other input")
        warn(_("{inputs} could not be read in full").format(inputs=others))


def _tell_copies(report: api.Report) -> None:
    """Inputs with as many packets and bytes at the same times as another: what is in both counts twice."""
    from netminedet.report.text import about

    known: dict[tuple[int, int, int | None, int | None], str] = {}
    copies = 0
    for info in report.inputs:
        first = known.setdefault((info.packets, info.bytes, info.first_seen, info.last_seen), info.path)
        if info.packets and first != info.path and copies < _TOLD_LIMIT:
            copies += 1
            what = _("the same packets as in {path}: they count twice").format(path=first)
            warn(about(info.path, what))


def color_of(output: str) -> bool:
    """Colours go to a terminal that can show them, unless the user wants none."""
    return (
        output == "-"
        and _is_terminal(sys.stdout)
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )


def width_of(output: str) -> int | None:
    """The terminal's width, or what COLUMNS says; None for a file or a pipe without it."""
    import shutil

    if output != "-" or not (_is_terminal(sys.stdout) or os.environ.get("COLUMNS")):
        return None
    return shutil.get_terminal_size().columns


def _is_terminal(stream: Any) -> bool:
    return stream is not None and bool(stream.isatty())
