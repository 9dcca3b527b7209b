"""A short run of the fuzzer, as the tests do it; README.md tells of long ones."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from tests.fuzz.corpus import ROOT
from tests.fuzz.loop import FINDS_LIMIT, fuzz, run_one
from tests.fuzz.mutate import LONGEST, mutated
from tests.fuzz.targets import TARGETS, Target


@pytest.mark.slow
def test_a_minute_of_fuzzing_finds_nothing(tmp_path: object) -> None:
    command = [sys.executable, "-m", "tests.fuzz", "all", "--seconds", "60", "--finds", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_runs_on_its_seeds(name: str) -> None:
    target = TARGETS[name]
    seeds = target.seeds()
    assert seeds
    for data in (b"", b"\0" * 40, *seeds[:: max(1, len(seeds) // 4)]):
        assert run_one(target, data)[1] is None


def test_the_same_seed_makes_the_same_inputs() -> None:
    corpus = [b"a" * 50, b'{"id":1}', bytes(300)]
    first, again = (
        [mutated(rng, corpus) for _ in range(200)] for rng in (random.Random(3), random.Random(3))
    )
    assert first == again
    assert len(set(first)) > 150
    assert max(map(len, first)) <= LONGEST


def _fragile(data: bytes) -> int:
    """Fails on two kinds of input, as a parser might that was not fuzzed yet."""
    if len(data) > 3 and data[0] & 0x80:
        raise IndexError(data[0])
    if data.count(b"\xff") > 1:
        raise ValueError(len(data))
    return len(data)


def test_what_fails_is_found_and_told_once_a_place() -> None:
    result = fuzz(Target(_fragile, lambda: (b"\x01234567",)), seconds=60, seed=1, runs=3000)
    assert result.runs == 3000
    assert sorted(failure.splitlines()[-1].partition(":")[0] for failure, _ in result.finds) == [
        "IndexError",
        "ValueError",
    ]
    assert len(result.finds) < FINDS_LIMIT
    for failure, data in result.finds:
        assert run_one(Target(_fragile, tuple), data)[1] is not None
        assert "_fragile" in failure
