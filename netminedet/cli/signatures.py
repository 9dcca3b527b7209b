"""``netminedet signatures``."""

from __future__ import annotations

from pathlib import Path

import click

from netminedet.cli.main import SUSPECTS_FOUND, lang_option
from netminedet.language import _

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group("signatures", no_args_is_help=False)
def command() -> None:
    """List the signatures, or check that they work."""


@command.command("list")
@click.option(
    "--signatures",
    "folders",
    multiple=True,
    type=_FOLDER,
    metavar="DIR",
    help="A folder of signatures that add to or replace the built-in ones; may be given several times.",
)
@lang_option
def list_signatures(folders: tuple[Path, ...]) -> None:
    """List the mining protocols that are known."""
    from rich.cells import cell_len

    from netminedet.report.text import plural
    from netminedet.signatures import load_signatures

    known = load_signatures(folders)
    width = max((len(dialect.id) for dialect in known.dialects), default=0)
    for dialect in known.dialects:
        messages = plural(len(dialect.patterns), "message")
        messages = " " * (11 - cell_len(messages)) + messages
        coins = ", ".join(dialect.coins) or _("any coin")
        click.echo(f"{dialect.id:{width}}  {messages}  {dialect.title} ({coins})")
    count = plural(known.info.count, "signature")
    version = _("version {version}, {signatures}, sha256 {hash}")
    click.echo(version.format(version=known.info.version, signatures=count, hash=known.info.sha256))


@command.command("check")
@click.argument("folder", metavar="[DIR]", required=False, type=_FOLDER)
@lang_option
@click.pass_context
def check_signatures(ctx: click.Context, folder: Path | None) -> None:
    """Check the signature files in DIR, or the built-in ones, against their own examples.

    Prints a line for each problem, and exits with 1 if there is any.
    """
    from netminedet.report.text import plural
    from netminedet.signatures import check_counted

    checked = check_counted(folder)
    for problem in checked.problems:
        click.echo(problem)
    if checked.problems:
        found = _("{problems} found").format(problems=plural(len(checked.problems), "problem"))
        click.echo(f"netminedet: {found}", err=True)
        ctx.exit(SUSPECTS_FOUND)
    counts = [
        plural(checked.dialects, "signature file"),
        plural(checked.messages, "message"),
        plural(checked.examples, "example"),
        plural(checked.lookalikes, "look-alike"),
        plural(checked.pools, "pool"),
    ]
    click.echo(_("all well: {counts}").format(counts=_(", ").join(counts)))
