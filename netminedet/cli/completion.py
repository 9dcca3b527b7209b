"""``netminedet completion``."""

from __future__ import annotations

import click

from netminedet.cli.main import lang_option

#: Where the script of a shell is kept, to be told.
_PLACES = {
    "bash": "~/.local/share/bash-completion/completions/netminedet",
    "zsh": "a folder of $fpath, as _netminedet",
    "fish": "~/.config/fish/completions/netminedet.fish",
}


@click.command("completion", epilog="; ".join(f"{shell}: {place}" for shell, place in _PLACES.items()))
@click.argument("shell", type=click.Choice(sorted(_PLACES)))
@lang_option
def command(shell: str) -> None:
    """Print the script by which a SHELL completes commands, options and their values.

    Write it to where the shell looks for such scripts, or load it with: eval "$(netminedet
    completion bash)".
    """
    from click.shell_completion import get_completion_class

    from netminedet.cli.main import COMPLETION, cli

    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(cli, {}, "netminedet", COMPLETION).source())
