"""The output formats: one file here is one format, named like the file.

A format's module has

* a docstring whose first line says what the format is for,
* ``MACHINE``: true when programs read it; its output is then UTF-8 whatever the
  locale, and inputs are hashed so that a reader can tell them apart,
* ``render(report, stream, *, color, width)``: writes the report to a text stream.
  ``color`` allows ANSI colours; ``width`` is the room in columns (None: the format's
  own choice).  Machine formats heed neither.

A module may have ``check()``, which raises NetminedetError where the format cannot be written here;
``load_format`` calls it.

The names come from the file names; only the chosen format is imported.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, TextIO, cast

from netminedet.errors import NetminedetError

if TYPE_CHECKING:
    from netminedet.report.like import ReportLike


class Format(Protocol):
    """The module of an output format."""

    MACHINE: bool

    def render(self, report: ReportLike, stream: TextIO, *, color: bool, width: int | None) -> None:
        """Write ``report`` to ``stream``."""


def format_names() -> list[str]:
    """The names of all formats, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name[0] != "_")


def load_format(name: str) -> Format:
    """The format called ``name``."""
    known = format_names()
    if name not in known:
        raise NetminedetError(f"unknown output format {name!r}; choose one of: {', '.join(known)}")
    module = import_module(f"{__name__}.{name}")
    if hasattr(module, "check"):
        module.check()
    return cast(Format, module)
