"""The configuration file of ``watch``: TOML, with the long options' names as keys."""

from __future__ import annotations

import difflib
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netminedet.errors import NetminedetError
from netminedet.language import _

if TYPE_CHECKING:
    from netminedet.live.options import WatchOptions

#: Options that say nothing of the watch itself.
_NOT_IN_FILE = {"config", "check-config", "help", "lang"}
#: Largest file that is believed to be a configuration, in bytes.
MAX_CONFIG = 1 << 20


def read_config(path: str, command: click.Command) -> dict[str, Any]:
    """The options in the file, by the names that click has for them; raises NetminedetError."""
    parameters = _parameters(command)
    found: dict[str, Any] = {}
    for key, value in _toml(path).items():
        parameter = parameters.get(key.replace("_", "-"))
        if parameter is None:
            near = difflib.get_close_matches(key, parameters, 1)
            meant = f"did you mean {near[0]!r}?" if near else "see netminedet watch --help"
            raise NetminedetError(f"{path}: {key!r} is no option; {meant}")
        found[parameter.name or ""] = _value(path, key, value, parameter)
    return found


def _toml(path: str) -> dict[str, Any]:
    tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        with Path(path).open("rb") as file:
            text = file.read(MAX_CONFIG + 1)
    except OSError as error:
        raise NetminedetError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(text) > MAX_CONFIG:
        raise NetminedetError(f"{path}: is too long for a configuration")
    try:
        return dict(tomllib.loads(text.decode("utf-8")))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise NetminedetError(f"{path}: is no TOML: {error}") from None


def _parameters(command: click.Command) -> dict[str, click.Parameter]:
    found: dict[str, click.Parameter] = {}
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            found["filter"] = parameter
        else:
            name = max(parameter.opts, key=len).removeprefix("--")
            if name not in _NOT_IN_FILE:
                found[name] = parameter
    return found


def _value(path: str, key: str, value: Any, parameter: click.Parameter) -> Any:
    flag = isinstance(parameter, click.Option) and parameter.is_flag
    if flag != isinstance(value, bool) or isinstance(value, dict):
        wanted = "true or false" if flag else "a text, a number or a list of texts"
        raise NetminedetError(f"{path}: {key}: give {wanted}")
    if isinstance(value, float) and isinstance(parameter.type, click.IntRange):
        raise NetminedetError(f"{path}: {key}: give a whole number")
    several = parameter.multiple if isinstance(parameter, click.Option) else parameter.nargs == -1
    if not several:
        if isinstance(value, list):
            raise NetminedetError(f"{path}: {key}: give a single value, not a list")
        return value
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in values):
        raise NetminedetError(f"{path}: {key}: give a text, or a list of texts")
    return values


def check(options: WatchOptions) -> str:
    """Check what can be without opening anything; raises NetminedetError, or says that all is well.

    What could not be written is a warning: the folder may be made with the service, as systemd does.
    """
    from netminedet.api import parse_networks
    from netminedet.cli.holders import warn
    from netminedet.cli.watch_files import unwritable
    from netminedet.live.metrics import need_library
    from netminedet.live.options import limits_of
    from netminedet.live.service import check_user
    from netminedet.live.view import Keys, read_sources
    from netminedet.report.text import plural
    from netminedet.signatures import load_signatures

    parse_networks(options.home_net)
    limits_of(options)
    if options.user is not None:
        check_user(options.user)
    Keys(options)
    read_sources(options, warn)
    found = load_signatures([Path(folder) for folder in options.signatures])
    if options.ring.filter:
        from netminedet.capture.bpf import check_filter

        check_filter(options.ring.filter)
    if options.metrics is not None:
        need_library()
    for problem in unwritable(options):
        warn(problem)
    signatures = plural(found.info.count, "signature")
    return _("the configuration is sound; {signatures}").format(signatures=signatures)
