"""Clocks that stand still, jump, or are far off: verdicts stay, and nothing that is made of times fails."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from netminedet import Report, explain, scan
from netminedet.capture import open_source
from netminedet.report.document import json_text
from netminedet.report.formats import load_format
from tests.conftest import SAMPLES

SAMPLE = SAMPLES / "stratum-v1.pcap"
MINER = "192.168.10.21"
LATEST = (1 << 64) - 1


def frames() -> list[bytes]:
    with open_source(SAMPLE) as source:
        return [batch.packet(i) for batch in source.batches() for i in range(batch.count)]


def with_clock(path: Path, ticks: Callable[[int], int], resolution: int, offset_s: int = 0) -> Path:
    """The sample as pcapng, packet ``n`` at ``ticks(n)`` of a clock of that resolution."""

    def block(kind: int, body: bytes) -> bytes:
        length = struct.pack("<I", 12 + len(body))
        return struct.pack("<I", kind) + length + body + length

    options = struct.pack("<HHBxxxHHqI", 9, 1, resolution, 14, 8, offset_s, 0)
    parts = [block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
    parts.append(block(1, struct.pack("<HHI", 1, 0, 0) + options))
    for number, frame in enumerate(frames()):
        high, low = divmod(ticks(number) & LATEST, 1 << 32)
        head = struct.pack("<IIIII", 0, high, low, len(frame), len(frame))
        parts.append(block(6, head + frame + bytes(-len(frame) % 4)))
    path.write_bytes(b"".join(parts))
    return path


def texts(report: Report) -> list[str]:
    made = [json_text(report.to_dict())]
    for form in ("table", "jsonl"):
        stream = io.StringIO()
        load_format(form).render(report, stream, color=False, width=120)
        made.append(stream.getvalue())
    return made


@pytest.mark.parametrize(
    ("ticks", "resolution", "offset_s"),
    [
        pytest.param(lambda n: 0, 6, 0, id="zero"),
        pytest.param(lambda n: 1_700_000_000_000_000, 6, 0, id="stands still"),
        pytest.param(lambda n: 1_700_000_000_000_000 - n * 1_000_000, 6, 0, id="runs backwards"),
        pytest.param(lambda n: 1_700_000_000_000_000 * (n % 2), 6, 0, id="to 1970 and back"),
        pytest.param(lambda n: (1 << 32) * 1_000_000 - n, 6, 0, id="2106"),
        pytest.param(lambda n: LATEST - n, 6, 0, id="64 bits of microseconds"),
        pytest.param(lambda n: LATEST - n, 0, (1 << 63) - 1, id="64 bits of seconds and an offset"),
        pytest.param(lambda n: n, 0, -(1 << 63), id="before all time"),
        pytest.param(lambda n: LATEST * (n % 2), 0, 0, id="from the beginning to the end"),
        pytest.param(lambda n: LATEST * (n % 3 == 0), 0x80 | 63, 5, id="powers of two"),
    ],
)
def test_any_clock(tmp_path: Path, ticks: Callable[[int], int], resolution: int, offset_s: int) -> None:
    path = with_clock(tmp_path / "clock.pcapng", ticks, resolution, offset_s)
    report = scan(path)
    expected = scan(SAMPLE)
    (suspect,) = report.suspects
    assert suspect.host == MINER
    assert suspect.verdict is expected.suspects[0].verdict
    assert suspect.shares == expected.suspects[0].shares
    assert suspect.first_seen <= suspect.last_seen
    for one in suspect.hash_rates:
        assert one.rate.seconds >= 0
        values = [value for value in (one.rate.low, one.rate.typical, one.rate.high) if value is not None]
        assert values == sorted(values)
        assert all(value >= 0 for value in values)
    assert all(texts(report))
    assert explain(path, MINER).lines
    assert (report + report).suspects[0].first_seen == suspect.first_seen


def test_a_jump_back_in_a_pcap(tmp_path: Path) -> None:
    """Between two packets of one connection, as where a probe's clock is set."""
    parts = [SAMPLE.read_bytes()[:24]]
    for number, frame in enumerate(frames()):
        seconds = 0xFFFFFFFF if number < 20 else 0
        parts.append(struct.pack("<IIII", seconds, 999_999, len(frame), len(frame)) + frame)
    path = tmp_path / "jump.pcap"
    path.write_bytes(b"".join(parts))
    report = scan(path)
    assert [one.host for one in report.suspects] == [MINER]
    assert report.inputs[0].first_seen == 999_999_000
    assert all(texts(report))
