"""The kernels of the live mode give the same compiled and uncompiled."""

from __future__ import annotations

import os
import struct
from types import ModuleType

import pytest

from netminedet.capture import blocks
from netminedet.model import Batch
from netminedet.sieve import Sieve, sample
from netminedet.sieve import sieve as sieve_module
from tests.frames import batch_of
from tests.live.test_upstream import ALL
from tests.uncompiled import uncompiled


@pytest.mark.parametrize("module", [blocks, uncompiled(blocks)], ids=["as-it-is", "uncompiled"])
def test_a_block_with_a_tag_to_put_back(module: ModuleType) -> None:
    block = bytearray(4096)
    struct.pack_into("=5I", block, 0, 1, 0, 1, 2, 64)
    frame = bytes(range(60))
    for at, step, status in ((64, 160, 1 | 1 << 4 | 1 << 6), (224, 0, 1)):
        struct.pack_into("=6I2H2I2H", block, at, step, 5, 6, 60, 60, status, 82, 96, 0, 7, 0x88A8, 0)
        block[at + 48 : at + 68] = struct.pack("=HHiHBB8x", 17, 0x0008, 2, 1, 0, 6)
        block[at + 82 : at + 142] = frame
    walk, batch = module.BlockWalk(), Batch(block, 10)
    walk.open(block)
    assert walk.walk(batch) == 0
    assert [batch.packet(i) for i in range(2)] == [frame[:12] + b"\x88\xa8\x00\x07" + frame[12:], frame]
    assert (list(batch.wirelen[:2]), batch.time_ns[0]) == ([64, 60], 5_000_000_006)
    assert (walk.retagged, walk.captured, walk.malformed) == (1, 124, 0)


@pytest.mark.parametrize("seed", range(20))
def test_a_block_of_anything_is_no_trouble(seed: int) -> None:
    block = bytearray(os.urandom(2048))
    struct.pack_into("=5I", block, 0, 1, 0, 1, 50, 48)
    walk, batch = blocks.BlockWalk(), Batch(block, 100)
    walk.open(block)
    walk.walk(batch)
    for i in range(batch.count):
        assert batch.offset[i] + batch.caplen[i] <= len(block)


def test_samples_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "urandom", lambda size: b"\x07" * size)
    counters = []
    for module in (sample, uncompiled(sample)):
        monkeypatch.setattr(sieve_module, "sample", module)
        sieve = Sieve([b"mining."], [], samples=True)
        list(sieve.run(batch_of(frame for one in ALL[:100] for frame in one), "test"))
        counters.append({name: count for name, count in sieve.counters().items() if "sampled" in name})
    assert counters[0] == counters[1]
    assert counters[0]["sampled_segments"] > 0
