"""``netminedet schema``."""

from __future__ import annotations

import click


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of the report that --format json writes."""
    from netminedet.report.schema import schema_text

    click.echo(schema_text(), nl=False)
