"""The hash of a stream is that of its bytes, however they come, and its thread ends."""

from __future__ import annotations

import hashlib
import random
import threading

import pytest

from netminedet.capture import hashing
from netminedet.capture.hashing import Hasher


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("block", [1, 7, 64, 1 << 20])
def test_the_same_hash(block: int, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "BLOCK", block)
    monkeypatch.setattr(hashing, "_cores", lambda: cores)
    rng, hasher, stream = random.Random(block), Hasher(), b""
    buffer = memoryview(bytearray(100))
    for _ in range(50):
        piece = buffer[: rng.randrange(100)]
        piece[:] = rng.randbytes(len(piece))  # the same memory again and again, as a window's is
        hasher.update(piece)
        stream += piece
        if rng.random() < 0.1:  # asked for before its end
            assert hasher.hexdigest() == hashlib.sha256(stream).hexdigest()
    assert hasher.hexdigest() == hashlib.sha256(stream).hexdigest()
    hasher.close()
    assert not any(thread.name == "netminedet-hash" for thread in threading.enumerate())


def test_little_needs_no_thread() -> None:
    hasher = Hasher()
    hasher.update(memoryview(b"little"))
    assert not any(thread.name == "netminedet-hash" for thread in threading.enumerate())
    assert hasher.hexdigest() == hashlib.sha256(b"little").hexdigest()
