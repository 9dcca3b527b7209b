"""The decoder's kernels as plain Python, whether or not they are compiled."""

from __future__ import annotations

import importlib.util
from functools import cache
from types import ModuleType

from netminedet.sieve.columns import Columns
from netminedet.sieve.packets import Packets
from tests.conftest import ROOT


def _load(name: str) -> ModuleType:
    path = ROOT / "netminedet" / "sieve" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"uncompiled_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def _packets() -> ModuleType:
    module = _load("packets")
    for name, kernel in (("Decoder", "decode"), ("Walker", "layers"), ("Reassembler", "fragments")):
        setattr(module, name, getattr(_load(kernel), name))
    return module


def uncompiled_packets(columns: Columns, seed: tuple[int, int]) -> Packets:
    """As ``Packets``, with all its kernels uncompiled."""
    made: Packets = _packets().Packets(columns, seed)
    return made
