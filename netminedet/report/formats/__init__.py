"""The output formats: one file here is one format, named like the file.

A format's module has

* a docstring whose first line says what the format is for,
* ``MACHINE``: true when programs read it; its output is then UTF-8 whatever the
  locale, and inputs are hashed so that a reader can tell them apart,
* ``render(report, stream, *, color, width)``: writes the report to a text stream.
  ``color`` allows ANSI colours; ``width`` is the room in columns (None: the format's
  own choice).  Machine formats heed neither.

A module may have ``check()``, which raises NetminedetError where the format cannot be written here;
``load_format`` calls it.  It may have ``OPTIONS``: names of further arguments that ``render`` takes,
of those that ``netminedet export`` has options for.

Where it has ``Streamed(stream)``, a scan tells that object of each input as it ends (``input``),
and of the whole report at last (``end``), in the place of ``render``.

The names come from the file names, with hyphens for underscores; only the chosen format is
imported.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, TextIO, cast

from netminedet.errors import NetminedetError

if TYPE_CHECKING:
    from netminedet.report.like import ReportLike


class Format(Protocol):
    """The module of an output format."""

    MACHINE: bool

    def render(
        self, report: ReportLike, stream: TextIO, *, color: bool, width: int | None, **options: Any
    ) -> None:
        """Write ``report`` to ``stream``."""


def format_names() -> list[str]:
    """The names of all formats, sorted."""
    found = (module.name for module in pkgutil.iter_modules(__path__) if module.name[0] != "_")
    return sorted(name.replace("_", "-") for name in found)


def description(name: str) -> str:
    """What a format is for, in one line."""
    return (_module(name).__doc__ or "").partition("\n")[0].removesuffix(".")


def format_options(form: Format) -> tuple[str, ...]:
    """The names of the arguments that the format takes beside those of every format."""
    return tuple(getattr(form, "OPTIONS", ()))


def load_format(name: str) -> Format:
    """The format called ``name``."""
    known = format_names()
    if name not in known:
        raise NetminedetError(f"unknown output format {name!r}; choose one of: {', '.join(known)}")
    module = _module(name)
    if hasattr(module, "check"):
        module.check()
    return cast(Format, module)


def _module(name: str) -> ModuleType:
    return import_module(f"{__name__}.{name.replace('-', '_')}")
