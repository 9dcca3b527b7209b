"""The entry point: commands by name, expected errors as one line, exit codes.

0    nothing was found
1    suspects were found (``signatures check``: something is wrong with a signature)
2    the job could not be done: bad arguments, unreadable or incomplete input with
     nothing found in it, no room for the output, or a defect of the tool
130  interrupted from the keyboard
141  whoever reads the output stopped reading (as the shell counts SIGPIPE)
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from netminedet.errors import NetminedetError
from netminedet.language import LANGUAGES, _, choose, told

NOTHING_FOUND = 0
SUSPECTS_FOUND = 1
FAILED = 2
INTERRUPTED = 130
OUTPUT_CLOSED = 141

#: The variable by which a shell asks for completions.
COMPLETION = "_NETMINEDET_COMPLETE"

#: Longest message of an error, in characters.
_MESSAGE_LIMIT = 2000

#: How parameters are shown that are files or folders.
_NAMES_A_FILE = re.compile(r"FILE|DIR|PATH|REPORT|\.pem").search

_COMMANDS = {
    "scan": "netminedet.cli.scan",
    "explain": "netminedet.cli.explain",
    "report": "netminedet.cli.report",
    "watch": "netminedet.cli.watch",
    "export": "netminedet.cli.export",
    "merge": "netminedet.cli.merge",
    "evidence": "netminedet.cli.evidence",
    "schema": "netminedet.cli.schema",
    "signatures": "netminedet.cli.signatures",
    "completion": "netminedet.cli.completion",
    "manpage": "netminedet.cli.manpage",
}


class Number(click.FloatRange):
    """A number within bounds; what is no number (``nan``), which lies within any, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        found = import_module(_COMMANDS[cmd_name]).command
        assert isinstance(found, click.Command)
        if COMPLETION in os.environ:
            _complete_files(found)
        return found


def _complete_files(command: click.Command) -> None:
    """Have the shell complete the names of files where a parameter is one, by how it is shown."""
    for parameter in command.params:
        shown = parameter.metavar or (parameter.name or "").upper()
        if isinstance(parameter.type, click.types.StringParamType) and _NAMES_A_FILE(shown):
            parameter.type = click.Path()


def _show_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from netminedet import __version__
    from netminedet.signatures import load_signatures

    info = load_signatures().info
    click.echo(f"netminedet {__version__}, signatures {info.version} ({info.count})")
    ctx.exit()


def _choose_language(ctx: click.Context, _option: click.Parameter, lang: str | None) -> None:
    """The language that the group or a command is told, or else the one of the locale."""
    if lang is not None or ctx.parent is None:
        choose(lang)


def remark(text: str) -> str:
    """A line for standard error that is no error: a note in the language of the process."""
    from netminedet.report.text import printable

    return "netminedet: " + _("note: {what}").format(what=printable(told(text), _MESSAGE_LIMIT))


lang_option = click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    expose_value=False,
    is_eager=True,
    callback=_choose_language,
    help="The language of what people read: English or Chinese.  [default: the one of the locale]",
)


@click.group(
    cls=LazyGroup,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 nothing found, 1 suspects found, 2 could not do the job.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the versions of the tool and of its signatures, and exit.",
)
@lang_option
def cli() -> None:
    """Find virtual-currency mining in network traffic: which hosts mine, how sure, and what proves it."""


def entry_point() -> NoReturn:
    """The ``netminedet`` command."""
    if COMPLETION in os.environ:
        cli.main(prog_name="netminedet")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; expected failures become one line on stderr."""
    try:
        code = _invoke(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except click.ClickException as error:
        return _fail(_usage(error), error.exit_code)
    except NetminedetError as error:
        return _fail(str(error))
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        _give_up_stdout()
        return OUTPUT_CLOSED
    except OSError as error:
        _give_up_stdout()
        return _fail(_reason(error))
    except MemoryError:
        return _fail("out of memory; lower --max-flows, or scan fewer captures at a time")
    except Exception as error:
        import traceback

        traceback.print_exc()
        return _fail(f"{type(error).__name__}: this is a defect of netminedet, please report the lines above")


def _invoke(arguments: Sequence[str]) -> int:
    try:
        with cli.make_context("netminedet", list(arguments)) as context:
            cli.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    return NOTHING_FOUND


def _usage(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    hint = f" (see {context.command_path} --help)" if context is not None else ""
    return error.format_message() + hint


def _reason(error: OSError) -> str:
    what = error.strerror or str(error)
    return f"{error.filename}: {what}" if error.filename else f"cannot write the output: {what}"


def _fail(message: str, code: int = FAILED) -> int:
    from netminedet.report.text import printable

    message = message.replace(",\n\t", ", ").replace(":\n\t", ": ")  # as click lists choices
    one_line = printable("; ".join(line.strip() for line in message.split("\n")), _MESSAGE_LIMIT)
    with contextlib.suppress(OSError):
        click.echo(f"netminedet: error: {one_line}", err=True)
    return code


def _give_up_stdout() -> None:
    """Let what is still buffered vanish: the place that it should go to takes no more."""
    if sys.stdout is None:
        return
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
