"""Kernels as the interpreter runs them, whether or not they were compiled."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType


@cache
def uncompiled(kernel: ModuleType) -> ModuleType:
    """The module once more, from its source; what it imports stays as it is."""
    name = kernel.__name__.rpartition(".")[2]
    path = Path(kernel.__file__ or "").parent / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"uncompiled_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
