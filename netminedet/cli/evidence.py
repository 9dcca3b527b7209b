"""``netminedet evidence``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netminedet.cli import scan
from netminedet.cli.holders import load_sources, source_options
from netminedet.cli.main import NOTHING_FOUND, lang_option, remark
from netminedet.language import N_, _, ngettext, told

if TYPE_CHECKING:
    from netminedet.casefile.manifest import Manifest
    from netminedet.casefile.verify import Verification

#: What a check answers that found a change.
CHANGED = 1


@click.command("evidence")
@click.argument("report", metavar="[REPORT.json", required=False)
@click.argument("host", metavar="HOST]", required=False)
@click.option(
    "--from",
    "captures",
    multiple=True,
    metavar="PATH",
    help="A capture of the report, or a folder of them; may be given several times.",
)
@click.option("-o", "--output", metavar="DIR|ZIP", help="Where the case goes: a new folder, or a zip file.")
@click.option("--flows", is_flag=True, help="Write all packets of the host's mining connections, too.")
@click.option("--by", default="", metavar="NAME", help="Who makes the case, for its manifest.")
@click.option("--sign", metavar="KEY.pem", help="Sign the manifest with this private Ed25519 key.")
@click.option("--cut-passwords", is_flag=True, help="Overwrite passwords in packets where they are seen.")
@click.option("--any-capture", is_flag=True, help="Take captures whose SHA-256 is not in the report, too.")
@click.option("--verify", metavar="DIR|ZIP", help="Check whether a case is as it was made, instead.")
@click.option("--key", metavar="PUBLIC.pem", help="With --verify: the public key of who signed the case.")
@source_options
@scan.home_net_option
@scan.signatures_option
@lang_option
@click.option("-q", "--quiet", is_flag=True, help="No progress bar and no notes on stderr, only errors.")
@click.pass_context
def command(ctx: click.Context, /, report: str | None, host: str | None, **options: Any) -> None:
    """Make the case file of one HOST of a report, or check one with --verify.

    The case has the suspect's page, the packets that decide with a comment on each, the
    conversation, the signatures that fired, and a manifest with the SHA-256 of everything.

    Exits with 0 when the case was made, or is unchanged; with 1 when --verify finds a change; and
    with 2 when the job could not be done.
    """
    if options["verify"] is not None:
        _check(ctx, report, host, options)
    if report is None or host is None:
        raise click.UsageError("Name a report and a host of it, or a case to check with --verify.")
    for name, flag in (("captures", "--from"), ("output", "-o")):
        if not options[name]:
            raise click.UsageError(f"Missing option '{flag}'.")
    if options["key"]:
        raise click.UsageError("--key is for --verify; --sign takes the private key.")
    _make(report, host, options)


def _make(report: str, host: str, options: dict[str, Any]) -> None:
    from netminedet.api import DEFAULT_HOME_NET
    from netminedet.casefile import CaseOptions, make_case
    from netminedet.casefile.signing import load_private

    key = load_private(options["sign"]) if options["sign"] else None
    chosen = CaseOptions(
        by=options["by"],
        flows=options["flows"],
        cut_passwords=options["cut_passwords"],
        any_capture=options["any_capture"],
        home_net=options["home_net"] or DEFAULT_HOME_NET,
        signatures=options["signatures"],
        sources=load_sources(options),
        source_files=(*options["subnets"], *options["subscribers"], *options["geoip"]),
    )
    notes: list[str] = []
    captures, output = options["captures"], options["output"]
    with scan.progress_of(options["quiet"]) as progress:
        manifest = make_case(
            report, host, captures, output, chosen, sign=key, progress=progress, tell=notes.append
        )
    _tell_made(manifest, notes, options)


def _tell_made(manifest: Manifest, notes: list[str], options: dict[str, Any]) -> None:
    from netminedet.casefile.manifest import canonical, digest
    from netminedet.report.text import printable

    if not options["quiet"]:
        for note in notes:
            click.echo(remark(note), err=True)
        if absent := len(manifest.absent):
            missing = ngettext(
                "{n} input of the report was not given", "{n} inputs of the report were not given", absent
            )
            click.echo(remark(missing.format(n=absent)), err=True)
    count = ngettext("{n} file", "{n} files", len(manifest.files)).format(n=len(manifest.files))
    about = _("{host}, {verdict}: {count}")
    line = about.format(host=manifest.host, verdict=told(manifest.verdict), count=count)
    click.echo(printable(options["output"]) + _(": ") + line)
    click.echo(_("SHA-256 of the manifest: {digest}").format(digest=digest(canonical(manifest))))


def _check(ctx: click.Context, report: str | None, host: str | None, options: dict[str, Any]) -> None:
    """Check a case, and leave with what came of it."""
    given = [
        name for name in ("output", "flows", "by", "sign", "cut_passwords", "any_capture") if options[name]
    ]
    if report is not None or host is not None or given:
        raise click.UsageError("--verify checks a case; of the others it takes --key and --from.")
    from netminedet.casefile import verify_case
    from netminedet.casefile.signing import load_public

    key = load_public(options["key"]) if options["key"] else None
    found = verify_case(options["verify"], key, options["captures"])
    _tell_checked(found, options["verify"])
    ctx.exit(NOTHING_FOUND if found.is_unchanged else CHANGED)


def _tell_checked(found: Verification, path: str) -> None:
    from netminedet.report.text import printable

    for problem in found.problems:
        click.echo(printable(told(problem)))
    manifest = found.manifest
    name = printable(path)
    if found.is_unchanged and manifest is not None:
        count = ngettext("{n} file", "{n} files", len(manifest.files)).format(n=len(manifest.files))
        click.echo(_("{name}: unchanged, {count}").format(name=name, count=count))
    else:
        click.echo(_("{name}: CHANGED").format(name=name))
    if manifest is not None:
        by = printable(manifest.by, 200) or "?"
        maker = _("host {host}, made {made} by {by}")
        made = printable(manifest.made, 40)
        click.echo(maker.format(host=printable(manifest.host, 60), made=made, by=by))
    click.echo(_("SHA-256 of the manifest: {digest}").format(digest=found.sha256))
    click.echo(_(_SIGNED[found.signature]))


#: What is said of each state of a signature.
_SIGNED = {
    "none": N_("not signed: compare the SHA-256 of the manifest with one that you trust"),
    "there": N_("signed; give --key to check by whom"),
    "valid": N_("signed by the owner of the key"),
    "invalid": N_("the signature is NOT by the owner of the key, or not of this manifest"),
}
