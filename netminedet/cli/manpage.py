"""``netminedet manpage``: the manual page, made from the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from netminedet.cli.main import lang_option

_EXIT_CODES = re.compile(r"^(\d+) +(.*(?:\n {5}.*)*)", re.MULTILINE)
#: What man takes for its own at the beginning of a line, or anywhere.
_SPECIAL = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti", '"': "\\(dq"}


@click.command("manpage")
@lang_option
def command() -> None:
    """Print the manual page, for: man -l FILE."""
    from netminedet.cli.main import cli

    click.echo("\n".join(page(cli)))


def page(group: click.Group) -> Iterator[str]:
    """The lines of the page, in the language of man(7)."""
    from netminedet import __version__
    from netminedet.cli import main

    yield f'.TH NETMINEDET 1 "" "netminedet {__version__}" "User commands"'
    yield from (
        ".SH NAME",
        f"netminedet {roff('-')} find virtual{roff('-')}currency mining in network traffic",
    )
    yield ".SH SYNOPSIS"
    commands = dict(_commands(group, "netminedet"))
    usages = {name: one for name, one in commands.items() if not isinstance(one, click.Group)}
    for number, (name, one) in enumerate(usages.items()):
        yield from [".PP"] * bool(number)
        yield f"\\fB{roff(name)}\\fR {roff(' '.join(_pieces(one)))}"
    yield from (".SH DESCRIPTION", *_paragraphs(group.help or ""), *_options(group))
    for name, one in commands.items():
        yield f".SH {roff(name.upper())}"
        yield from _paragraphs(one.help or "")
        yield from _options(one)
    yield ".SH EXIT STATUS"
    for code, meaning in _EXIT_CODES.findall(main.__doc__ or ""):
        yield from (".TP", f".B {code}", roff(" ".join(meaning.split())))
    yield from (".SH ENVIRONMENT", *_environment())


def roff(text: str) -> str:
    """A text as it is, whatever man would make of it."""
    made = "".join(_SPECIAL.get(character, character) for character in text)
    return f"\\&{made}" if made[:1] in (".", "'") else made


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """All commands by their full names."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if found is not None and not found.hidden:
            yield f"{path} {name}", found
            if isinstance(found, click.Group):
                yield from _commands(found, f"{path} {name}")


def _pieces(command: click.Command) -> list[str]:
    return command.collect_usage_pieces(click.Context(command))


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.replace("\b\n", "").strip().split("\n\n")):
        yield from [".PP"] * bool(number)
        yield roff(" ".join(paragraph.split()))


def _options(command: click.Command) -> Iterator[str]:
    context = click.Context(command)
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record is not None:
            yield from (".TP", f".B {roff(record[0])}", roff(" ".join(record[1].split())))


def _environment() -> Iterator[str]:
    for name, meaning in (
        ("NO_COLOR", "Set to anything, no colours are shown."),
        ("COLUMNS", "The width of tables."),
        ("NETMINEDET_CACHE", "The folder of the parsed signatures; empty: none is kept."),
        ("LC_ALL, LC_MESSAGES, LANG, LANGUAGE", "The language of what people read, without --lang."),
    ):
        yield from (".TP", f".B {roff(name)}", roff(meaning))
