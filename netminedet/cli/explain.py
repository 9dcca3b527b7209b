"""``netminedet explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netminedet.cli import scan
from netminedet.cli.holders import View, holder_options, load_sources
from netminedet.cli.main import SUSPECTS_FOUND, lang_option, remark

if TYPE_CHECKING:
    from netminedet.deep import DeepPacket
    from netminedet.story import Story


@click.command("explain")
@click.argument("file")
@click.argument("host")
@click.option(
    "--deep", is_flag=True, help="Add Wireshark's view of the packets that decide (needs pyshark, tshark)."
)
@scan.home_net_option
@scan.signatures_option
@scan.mask_option
@holder_options
@lang_option
@click.option("-q", "--quiet", is_flag=True, help="No progress bar and no notes on stderr, only errors.")
@click.pass_context
def command(ctx: click.Context, /, file: str, host: str, deep: bool, **options: Any) -> None:
    """Tell the story of one HOST in a capture: what it said, and why its verdict is what it is.

    FILE is a capture as for scan, HOST an IPv4 or IPv6 address. Shows its mining conversation
    line by line, which signature recognised each, the pool names it used, why the verdict is
    what it is, and what would raise or lower it.

    Exits with 1 when HOST is a suspect, 0 when it is none, and 2 when the job could not be done.
    """
    from msgspec.structs import replace

    from netminedet import api
    from netminedet.cli.output import open_output
    from netminedet.errors import NetminedetError
    from netminedet.report.anonymize_story import anonymized_story
    from netminedet.report.cryptopan import load_key
    from netminedet.report.plain import plain_report
    from netminedet.report.story import render_story
    from netminedet.story import host_address

    host_address(host)
    if deep and (options["mask"] or options["anonymize_ip"]):
        raise NetminedetError("--deep shows packets as they are, which cannot be masked; leave one out")
    key = load_key(options["anonymize_ip"]) if options["anonymize_ip"] else None
    sources = load_sources(options)
    masker = scan.load_key(options["mask"], "-")
    given = {name: options[name] for name in ("home_net", "signatures") if options[name]}
    with scan.progress_of(options["quiet"]) as progress:
        story = api.explain(file, host, masker=masker, progress=progress, **given)
    scan.tell_inputs(story.report, quiet=options["quiet"], verbose=False)
    if sources is not None and story.suspect is not None:
        alone = replace(plain_report(story.report), suspects=(story.suspect,))
        shown = View(sources, None, ())(alone)
        story = replace(story, suspect=shown.suspects[0])
    if key is not None:
        story = anonymized_story(story, key)
    packets = _wireshark(story) if deep else None
    with open_output("-", machine=False) as stream:
        render_story(story, stream, deep=packets, color=scan.color_of("-"), width=scan.width_of("-"))
    ctx.exit(SUSPECTS_FOUND if story.suspect else scan.unsuspicious(story.report))


def _wireshark(story: Story) -> list[DeepPacket] | None:
    """Its view of the evidence; None, and a line on stderr, where it cannot be had."""
    from netminedet.deep import check_deep, wireshark_view
    from netminedet.errors import NetminedetError

    if story.suspect is None:
        return None
    try:
        check_deep()
        return wireshark_view(story.suspect.evidence)
    except NetminedetError as error:
        click.echo(remark(str(error)), err=True)
        return None
