"""The decoder's kernels as plain Python, whether or not they are compiled."""

from __future__ import annotations

from functools import cache
from types import ModuleType

from netminedet.sieve import decode, fragments, layers, packets
from netminedet.sieve.columns import Columns
from netminedet.sieve.packets import Packets
from tests.uncompiled import uncompiled


@cache
def _packets() -> ModuleType:
    module = uncompiled(packets)
    for name, kernel in (("Decoder", decode), ("Walker", layers), ("Reassembler", fragments)):
        setattr(module, name, getattr(uncompiled(kernel), name))
    return module


def uncompiled_packets(columns: Columns, seed: tuple[int, int]) -> Packets:
    """As ``Packets``, with all its kernels uncompiled."""
    made: Packets = _packets().Packets(columns, seed)
    return made
