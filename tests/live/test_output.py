"""Outputs that are full, slow, gone or moved away."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netminedet.errors import NetminedetError
from netminedet.live import output as output_module
from netminedet.live.output import EventOutput


def event(kind: str = "suspect", **more: Any) -> dict[str, Any]:
    return {"event_type": kind, **more}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_module, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(output_module, "FINAL_SECONDS", 0.2)


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_loses_nothing_once_there_is_room(full: Path) -> None:
    ballast = full / "ballast"
    ballast.write_bytes(bytes(48 << 10))
    output = EventOutput(str(full / "events.jsonl"))
    sent = [event(number=number, text="x" * 1000) for number in range(40)]
    for one in sent:
        output.add(one)
        output.flush()
    assert output.counts.errors > 0
    assert output.counts.waiting > 0
    assert "trying again" in output.take_notes()[0]
    ballast.unlink()
    output.flush()
    assert output.close()
    assert lines(full / "events.jsonl") == sent
    assert output.counts.dropped == 0


def test_a_line_that_a_full_disk_cut_goes_on_when_the_same_file_is_opened_again(full: Path) -> None:
    ballast = full / "ballast"
    ballast.write_bytes(bytes(60 << 10))
    output = EventOutput(str(full / "events.jsonl"))
    sent = [event(number=number, text="x" * 3000) for number in range(5)]
    for one in sent:
        output.add(one)
    output.flush()
    assert output.counts.errors
    output.reopen()
    ballast.unlink()
    assert output.close()
    assert lines(full / "events.jsonl") == sent


def test_what_stays_unwritten_is_counted(full: Path) -> None:
    (full / "ballast").write_bytes(bytes(64 << 10))
    output = EventOutput(str(full / "events.jsonl"))
    for _ in range(3):
        output.add(event())
    assert not output.close()
    assert (output.counts.written, output.counts.dropped) == (0, 3)


def test_least_telling_gives_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_module, "MAX_WAITING_OUTPUT", 10_000)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    output = EventOutput(str(pipe))  # nobody reads
    for number in range(200):
        output.add(event("stats", number=number, text="x" * 100))
        if number % 40 == 0:
            output.add(event("suspect", number=number))
        output.flush()
    assert output.counts.waiting_bytes <= 10_000
    assert output.counts.dropped > 0
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.extend(pipe.read_text().splitlines()))
    reader.start()
    while output.counts.waiting:
        output.flush()
    output.close()
    reader.join(10)
    kept = [json.loads(line) for line in read]
    assert [one["number"] for one in kept if one["event_type"] == "suspect"] == [0, 40, 80, 120, 160]


def test_a_dead_pipe_is_no_end() -> None:
    reading, writing = os.pipe()
    output = EventOutput(f"/dev/fd/{writing}")
    os.close(writing)
    output.add(event())
    output.flush()
    assert output.counts.written == 1
    os.close(reading)
    output.add(event())
    output.flush()
    assert (output.counts.errors, output.counts.waiting) == (1, 1)
    assert not output.close()


def test_reopened_after_logrotate(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    output = EventOutput(str(path))
    output.add(event(number=1))
    output.flush()
    path.rename(tmp_path / "old.jsonl")
    output.add(event(number=2))
    output.reopen()
    output.add(event(number=3))
    assert output.close()
    assert [one["number"] for one in lines(tmp_path / "old.jsonl")] == [1, 2]
    assert [one["number"] for one in lines(path)] == [3]


def test_a_line_cut_by_a_watch_before_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"number": 1}\n{"num', encoding="utf-8")
    output = EventOutput(str(path))
    sent = [event(number=number) for number in (2, 3)]
    for one in sent:
        output.add(one)
    assert output.close()
    whole, cut, *rest = path.read_text(encoding="utf-8").splitlines()
    assert (whole, cut) == ('{"number": 1}', '{"num')
    assert [json.loads(line) for line in rest] == sent


def test_a_wrong_place_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(NetminedetError, match="cannot be written"):
        EventOutput(str(tmp_path / "no" / "events.jsonl"))
