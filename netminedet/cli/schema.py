"""``netminedet schema``."""

from __future__ import annotations

import click

from netminedet.cli.main import lang_option


@click.command("schema")
@click.option("--events", is_flag=True, help="That of the events that watch writes.")
@lang_option
def command(events: bool) -> None:
    """Print the JSON Schema of the report that --format json writes."""
    if events:
        import json

        from netminedet.live.events import events_schema

        click.echo(json.dumps(events_schema(), indent=2))
        return
    from netminedet.report.schema import schema_text

    click.echo(schema_text(), nl=False)
