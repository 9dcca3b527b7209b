"""Every kind of damage to a file: what can still be read is, with one clear line and the documented code.

The miner of a capture stands in its middle, between packets of nobody's interest, so that
damage before it, in it and behind it are different things.
"""

from __future__ import annotations

import gzip
import json
import lzma
import os
import random
import re
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import zstandard

from netminedet.capture import open_source
from netminedet.cli.main import run
from tests.conftest import SAMPLES

HOST = "192.168.10.21"

Change = Callable[[bytearray], bytes]


class Packets(NamedTuple):
    """A capture file and where its records begin."""

    content: bytes
    begins: list[int]


def frames(path: Path) -> Iterator[tuple[int, bytes]]:
    with open_source(path) as source:
        for batch in source.batches():
            for i in range(batch.count):
                yield batch.time_ns[i], batch.packet(i)


def pcap() -> Packets:
    parts, begins = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)], []
    size = 24
    for time_ns, frame in packets():
        begins.append(size)
        parts.append(
            struct.pack("<IIII", time_ns // 10**9, time_ns % 10**9 // 1000, len(frame), len(frame)) + frame
        )
        size += 16 + len(frame)
    return Packets(b"".join(parts), begins)


def pcapng() -> Packets:
    parts = [
        block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)),
        block(1, struct.pack("<HHI", 1, 0, 0)),
    ]
    begins, size = [], sum(map(len, parts))
    for time_ns, frame in packets():
        begins.append(size)
        moment = time_ns // 1000
        head = struct.pack("<IIIII", 0, moment >> 32, moment & 0xFFFFFFFF, len(frame), len(frame))
        parts.append(block(6, head + frame + bytes(-len(frame) % 4)))
        size += len(parts[-1])
    return Packets(b"".join(parts), begins)


def block(kind: int, body: bytes) -> bytes:
    size = len(body) + 12
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def packets() -> Iterator[tuple[int, bytes]]:
    innocent = list(frames(SAMPLES / "lookalikes.pcap"))[:40]
    mining = list(frames(SAMPLES / "stratum-v1.pcap"))
    start = mining[0][0]
    yield from ((start - 1000 * (40 - number), frame) for number, (_, frame) in enumerate(innocent))
    yield from mining
    yield from ((mining[-1][0] + 1000 * number, frame) for number, (_, frame) in enumerate(innocent))


PCAP, PCAPNG = pcap(), pcapng()
FORMATS = {"pcap": PCAP, "pcapng": PCAPNG}
#: Where a record has its length, and its length on the wire: the offset in the record.
LENGTH = {"pcap": 8, "pcapng": 20}
PACKERS = {
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "xz": lzma.compress,
}

Scanned = tuple[int, bool, str]


def scanned(path: Path, capsys: pytest.CaptureFixture[str]) -> Scanned:
    """Exit code, whether the miner was found, and what stderr says, which is at most one line."""
    code = run(["scan", "-q", "--format", "json", str(path)])
    out, err = capsys.readouterr()
    assert err.count("\n") <= 1, err
    assert "Traceback" not in err
    assert "defect" not in err
    found = HOST in [suspect["host"] for suspect in json.loads(out)["suspects"]] if out else False
    # as documented: 1 with suspects, 2 where something is missing and none was found
    assert code == (1 if found else 2 if err else 0)
    return code, found, err


def overwrite(at: int, new: bytes) -> Change:
    def change(content: bytearray) -> bytes:
        content[at : at + len(new)] = new
        return bytes(content)

    return change


def length(form: str, number: int, value: int) -> Change:
    """The captured length of record ``number`` becomes ``value``."""
    return overwrite(FORMATS[form].begins[number] + LENGTH[form], struct.pack("<I", value))


class Damage(NamedTuple):
    """What is done to the file of a format, whether the miner is still found, and what is said."""

    form: str
    name: str
    change: Change
    found: bool
    said: str


LENGTHS = {"a few more": 40, "16 MiB": 1 << 24, "2 GiB": 1 << 31, "4 GiB": (1 << 32) - 1}
BLOCKS = {"0": 0, "less than a block": 8, "no multiple of 4": 61, "16 MiB": 1 << 24, "4 GiB": (1 << 32) - 4}


def every_damage() -> Iterator[Damage]:
    for form, (content, begins) in FORMATS.items():
        first, last, before = begins[3], begins[-3], begins[39]
        for name, extra in LENGTHS.items():
            wrong = min(struct.unpack_from("<I", content, first + LENGTH[form])[0] + extra, (1 << 32) - 1)
            yield Damage(form, f"length {name}", length(form, 3, wrong), True, "damaged|cut")
        yield Damage(
            form, "cut before the miner", lambda c, at=before + 9: bytes(c[:at]), False, "is cut: 9 of"
        )
        yield Damage(form, "cut behind the miner", lambda c, at=last + 9: bytes(c[:at]), True, "is cut: 9 of")
        yield Damage(form, "zeros inside", overwrite(first, bytes(3000)), True, "damaged")
        yield Damage(form, "ones inside", overwrite(first, b"\xff" * 3000), True, "damaged")
        yield Damage(form, "zeros behind", lambda c: bytes(c) + bytes(100_000), True, "damaged")
        yield Damage(form, "text behind", lambda c: bytes(c) + b"And so on. " * 999, True, "damaged")
        yield Damage(form, "twice", lambda c: bytes(c + c), True, "")
        yield Damage(
            form, "both formats", lambda c: bytes(c) + PCAP.content + PCAPNG.content, True, "damaged"
        )
        yield Damage(form, "header only", lambda c, at=begins[0]: bytes(c[:at]), False, "")
        yield Damage(form, "header cut", lambda c: bytes(c[:17]), False, "header is cut short")
        yield Damage(form, "magic only", lambda c: bytes(c[:4]), False, "header is cut short")
        yield Damage(form, "lost beginning", lambda c: bytes(c[1:]), False, "not a capture")
    for name, value in BLOCKS.items():
        change = overwrite(PCAPNG.begins[3] + 4, struct.pack("<I", value))
        yield Damage("pcapng", f"block of {name}", change, True, "damaged")
    yield Damage("pcap", "empty", lambda _: b"", False, "is empty")


DAMAGE = list(every_damage())


@pytest.mark.parametrize("one", DAMAGE, ids=lambda one: f"{one.form}-{one.name}")
def test_what_can_still_be_read_is(tmp_path: Path, capsys: pytest.CaptureFixture[str], one: Damage) -> None:
    path = tmp_path / "damaged"
    path.write_bytes(one.change(bytearray(FORMATS[one.form].content)))
    _, found, err = scanned(path, capsys)
    assert found == one.found
    assert re.search(one.said, err) if one.said else err == ""


@pytest.mark.parametrize("form", FORMATS)
def test_any_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    """Cut at the end of a record it is whole, for all that can be told; elsewhere the line says so."""
    content, begins = FORMATS[form]
    for at in [*range(begins[-1], len(content), 29), *begins[::25], *range(0, len(content), 2999)]:
        path = tmp_path / "cut"
        path.write_bytes(content[:at])
        _, miner, err = scanned(path, capsys)
        assert bool(err) == (at not in begins and at != len(content))
        assert miner or at < begins[-40]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("seed", range(12))
def test_any_flipped_bits(tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str, seed: int) -> None:
    """A few of them cost what is near: the miner talks on, and is found."""
    rng = random.Random(seed)
    content = bytearray(FORMATS[form].content)
    for _ in range(1 + seed % 3):
        content[rng.randrange(24, len(content))] ^= 1 << rng.randrange(8)
    path = tmp_path / "flipped"
    path.write_bytes(bytes(content))
    assert scanned(path, capsys)[1]


# ---- packed ----


class Packed(NamedTuple):
    """A packed file, whether the miner in it is found, and what is said."""

    form: str
    name: str
    content: bytes
    found: bool
    said: str


def packed_damage() -> Iterator[Packed]:
    for name, pack in PACKERS.items():
        whole = pack(PCAP.content)
        parts = pack(PCAP.content[:1000]) + pack(PCAP.content[1000:])
        damaged = PCAP.content[:3000] + b"\xff" * 2000 + PCAP.content[5000:]
        yield Packed(name, "in two members", parts, True, "")
        yield Packed(name, "two captures in two members", whole + whole, True, "")
        yield Packed(name, "the second member cut", whole + whole[: len(whole) // 2], True, "cut short")
        yield Packed(name, "rubbish behind", whole + b"\x99" * 50, True, "")
        yield Packed(name, "zeros behind", whole + bytes(512), True, "")
        # zstd has all of so small a file in one block, which is there or is not
        yield Packed(name, "cut at the end", whole[:-5], name != "zstd", "cut short")
        yield Packed(name, "its first bytes only", whole[:3], False, ".")
        yield Packed(name, "damaged near its begin", whole[:12] + b"\xff" * 4 + whole[16:], False, "damaged")
        yield Packed(name, "packed twice", pack(whole), False, "not a capture")
        yield Packed(name, "of nothing", pack(b""), False, "empty")
        yield Packed(name, "damage inside", pack(damaged), True, "damaged record")


PACKED = list(packed_damage())


@pytest.mark.parametrize("one", PACKED, ids=lambda one: f"{one.form}-{one.name}")
def test_what_is_packed(tmp_path: Path, capsys: pytest.CaptureFixture[str], one: Packed) -> None:
    path = tmp_path / "damaged"
    path.write_bytes(one.content)
    _, found, err = scanned(path, capsys)
    assert found == one.found
    assert re.search(one.said, err)


@pytest.mark.parametrize("kind", PACKERS)
def test_any_cut_and_flip_of_what_is_packed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    whole = PACKERS[kind](PCAP.content)
    path = tmp_path / "damaged"
    for at in range(1, len(whole) - 1, max(1, len(whole) // 14)):
        path.write_bytes(whole[:at])
        assert scanned(path, capsys)[2]
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        scanned(path, capsys)


# ---- what is no file, or does not stay as it is ----


def in_a_process(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Which a hang ends."""
    command = [sys.executable, "-m", "netminedet", "scan", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def no_permission(folder: Path) -> Path:
    path = folder / "secret.pcap"
    path.write_bytes(PCAP.content)
    path.chmod(0)
    return path


def a_socket(folder: Path) -> Path:
    import socket

    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / "s"))
    return folder / "s"


def a_loop(folder: Path) -> Path:
    (folder / "loop").symlink_to("loop")
    return folder / "loop"


def an_empty_folder(folder: Path) -> Path:
    return folder


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(no_permission, "may not be read", id="no permission", marks=pytest.mark.skipif(
            os.geteuid() == 0, reason="root may read everything")),
        pytest.param(a_socket, "cannot be opened", id="socket"),
        pytest.param(a_loop, "cannot be opened", id="link to itself"),
        pytest.param(an_empty_folder, "no capture is in this folder", id="empty folder"),
        pytest.param(lambda folder: folder / "none", "no such file", id="no such file"),
        pytest.param(lambda _: Path("/dev/null"), "is empty", id="/dev/null"),
        pytest.param(lambda _: Path("/dev/zero"), "not a capture", id="/dev/zero"),
        pytest.param(lambda _: Path("/proc/self/mem"), "cannot be read", id="/proc/self/mem"),
    ],
)  # fmt: skip
def test_what_is_no_capture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: Callable[[Path], Path], reason: str
) -> None:
    code, _, err = scanned(make(tmp_path), capsys)
    assert code == 2
    assert reason in err


def test_no_permission_for_one_of_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one is read."""
    good, bad = tmp_path / "good.pcap", tmp_path / "bad.pcap"
    good.write_bytes(PCAP.content)
    bad.write_bytes(PCAP.content)
    opened = open

    def refusing(path: object, *rest: object, **more: object) -> object:
        if str(path) == str(bad):
            raise PermissionError(13, "Permission denied")
        return opened(path, *rest, **more)  # type: ignore[call-overload]

    monkeypatch.setattr("builtins.open", refusing)
    assert run(["scan", "-q", str(good), str(bad)]) == 1
    out, err = capsys.readouterr()
    assert HOST in out
    assert err.count("\n") == 1
    assert "bad.pcap: may not be read" in err


def test_a_file_that_is_deleted_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "gone.pcap"
    path.write_bytes(PCAP.content * 20)
    with open_source(path) as source:
        batches = source.batches()
        count = next(batches).count
        path.unlink()
        count += sum(batch.count for batch in batches)
    assert count == 20 * len(PCAP.begins)
    assert source.info.complete


def test_a_file_that_is_cut_while_it_is_read(tmp_path: Path) -> None:
    """What was read before counts, and the line says where it ends."""
    path = tmp_path / "cut.pcap"
    path.write_bytes(PCAP.content * 60)
    with open_source(path) as source:
        batches = source.batches()
        next(batches)
        os.truncate(path, 600_001)
        list(batches)
    assert source.info.packets > 0
    assert len(source.info.problems) <= 2
    assert "cut" in source.info.problems[0]


def test_a_file_that_grows_while_it_is_scanned(tmp_path: Path) -> None:
    """It ends where it ends when that is reached; half a record there is told."""
    path = tmp_path / "growing.pcap"
    path.write_bytes(PCAP.content)
    stop = threading.Event()

    def grow() -> None:
        with path.open("ab", buffering=0) as file:
            while not stop.is_set() and path.stat().st_size < 8_000_000:
                file.write(PCAP.content[24:])
                time.sleep(0.001)

    writer = threading.Thread(target=grow)
    writer.start()
    done = in_a_process("-q", path)
    stop.set()
    writer.join()
    assert done.returncode == 1
    assert HOST in done.stdout
    assert done.stderr.count("\n") <= 1


def test_a_pipe_whose_writer_goes_away(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(b""))
    writer.start()
    done = in_a_process("-q", pipe)
    writer.join()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "is empty" in done.stderr
