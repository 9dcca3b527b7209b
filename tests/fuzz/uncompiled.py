"""The same code a second time, without what was compiled: the two must agree."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from types import ModuleType

from tests.fuzz.corpus import ROOT

_FIRST = "netminedet"
#: Left as they are: plain data types and tables, which both share.
_SHARED = ("netminedet.model", "netminedet.sieve.columns", "netminedet.uncompiled")


class _Sources:
    """Finds modules of the package as Python source, even where a compiled one lies beside it."""

    @staticmethod
    def find_spec(name: str, _path: Sequence[str] | None, _target: object = None) -> ModuleSpec | None:
        file = ROOT.joinpath(*name.split(".")).with_suffix(".py")
        if name.partition(".")[0] != _FIRST or not file.is_file():
            return None
        return spec_from_file_location(name, file)


@cache
def module(name: str) -> ModuleType:
    """A module of the package, and all that it imports of the package, run by the interpreter."""
    finder = _Sources()
    kept = {key: value for key, value in sys.modules.items() if key.partition(".")[0] == _FIRST}
    for key in kept:
        if key not in _SHARED:
            del sys.modules[key]
    sys.meta_path.insert(0, finder)  # type: ignore[arg-type]
    try:
        return importlib.import_module(name)
    finally:
        sys.meta_path.remove(finder)  # type: ignore[arg-type]
        for key in [key for key in sys.modules if key.partition(".")[0] == _FIRST]:
            del sys.modules[key]
        sys.modules.update(kept)
