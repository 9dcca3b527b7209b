"""The decoder's kernels as plain Python, whether or not they are compiled."""

from __future__ import annotations

from netminedet.sieve.columns import Columns
from netminedet.sieve.packets import Packets
from tests.fuzz import uncompiled


def uncompiled_packets(columns: Columns, seed: tuple[int, int]) -> Packets:
    """As ``Packets``, with all its kernels uncompiled."""
    made: Packets = uncompiled.module("netminedet.sieve.packets").Packets(columns, seed)
    return made
