"""Opening, closing and describing sources, whatever the format."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from capture_files import enhanced, interface, pcap_header, pcap_record, read, section, written

from netminedet.capture import open_source, records
from netminedet.capture import source as source_module
from netminedet.capture.notes import NOTES_LIMIT, Notes, shown
from netminedet.capture.reader import Stop, Window
from netminedet.errors import NetminedetError
from netminedet.model import Batch

GOOD = pcap_header() + b"".join(pcap_record(n, 0, bytes([n]) * 50, 50) for n in range(100))


def a_folder(folder: Path) -> Path:
    return folder


def a_missing_file(folder: Path) -> Path:
    return folder / "missing.pcap"


def a_file_of(content: bytes) -> Callable[[Path], Path]:
    return lambda folder: written(folder, content)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(a_folder, "is a folder", id="folder"),
        pytest.param(a_missing_file, "no such file", id="missing"),
        pytest.param(lambda folder: folder / "a\0b", "not a possible file name", id="null byte"),
        pytest.param(lambda folder: folder / ("a" * 300), "cannot be opened", id="name too long"),
        pytest.param(a_file_of(b""), "is empty", id="empty"),
        pytest.param(a_file_of(b"GET / HTTP/1.1\r\n"), "begins with 47 45 54 20", id="text"),
        pytest.param(a_file_of(b"\xd4"), "begins with d4", id="one byte"),
        pytest.param(a_file_of(b"\n\r\r\n not pcapng at all"), "not a capture", id="not pcapng"),
        pytest.param(a_file_of(GOOD[:4]), "header is cut short (4 of 24 bytes)", id="pcap header cut"),
        pytest.param(a_file_of(section()[:20]), "header is cut short (20 of 28 bytes)", id="section cut"),
        pytest.param(a_file_of(section()[:8]), "header is cut short (8 of 12 bytes)", id="section cut early"),
        pytest.param(a_file_of(b"\x1f\x8b" + bytes(20)), "the gzip data is damaged", id="bad gzip"),
        pytest.param(a_file_of(b"\x1f\x8b"), "the gzip data is cut short", id="gzip magic only"),
        pytest.param(a_file_of(b"\xfd7zXZ\0" + bytes(20)), "the xz data is damaged", id="bad xz"),
        pytest.param(
            a_file_of(b"\x28\xb5\x2f\xfd" + b"\xff" * 20), "the zstd data is damaged", id="bad zstd"
        ),
    ],
)
def test_what_cannot_be_opened(tmp_path: Path, make: Callable[[Path], Path], reason: str) -> None:
    path = make(tmp_path)
    with pytest.raises(NetminedetError) as raised:
        open_source(path)
    message = str(raised.value)
    assert message.startswith(shown(str(path)) + ": ")
    assert reason in message
    assert "\n" not in message


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(NetminedetError, match="may not be read; change its permissions"):
        open_source(tmp_path / "a.pcap")


def test_info_position_and_size(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    with open_source(path) as source:
        assert (source.info.path, source.info.format, source.size) == (str(path), "pcap", len(GOOD))
        assert source.info.packets == 0
        for _ in source.batches():
            assert 0 < source.position <= len(GOOD)
        assert source.position == len(GOOD)
        assert list(source.batches()) == []
    info = source.info
    assert (info.packets, info.bytes) == (100, 5000)
    assert (info.first_seen, info.last_seen) == (0, 99 * 10**9)
    assert (info.complete, info.problems, info.sha256) == (True, [], None)


def test_times_may_go_back(tmp_path: Path) -> None:
    records_ = [pcap_record(second, 0, b"", 0) for second in (5, 9, 2, 7)]
    _, info = read(written(tmp_path, pcap_header() + b"".join(records_)))
    assert (info.first_seen, info.last_seen) == (2 * 10**9, 9 * 10**9)


def test_stopping_early_is_not_complete(tmp_path: Path) -> None:
    with open_source(written(tmp_path, GOOD)) as source:
        pass
    assert not source.info.complete
    assert source.info.problems == ["reading was stopped after 0 packets"]


def test_closing_between_batches_ends_them(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    source = open_source(path)
    for _ in source.batches():
        source.close()
    assert source.info.problems == ["reading was stopped after 100 packets"]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(GOOD, id="whole"),
        pytest.param(GOOD[:-3], id="cut"),
        pytest.param(GOOD[:90] + b"\xff" * 4_000_000, id="damaged"),
    ],
)
def test_the_hash_is_of_the_whole_file(tmp_path: Path, content: bytes) -> None:
    _, info = read(written(tmp_path, content), hash_content=True)
    assert info.sha256 == hashlib.sha256(content).hexdigest()


def test_a_file_that_grows_is_read_to_its_end(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    with open_source(path) as source:
        batches = source.batches()
        next(batches)
        with path.open("ab") as file:
            file.write(pcap_record(7, 0, b"new", 3))
        assert [batch.packet(0) for batch in batches] == [b"new"]
    assert (source.info.packets, source.info.complete) == (101, True)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = SimpleNamespace(buffer=io.BytesIO(GOOD))
    monkeypatch.setattr(sys, "stdin", stdin)
    packets, info = read("-", hash_content=True)
    assert (len(packets), info.path, info.format, info.complete) == (100, "-", "pcap", True)
    assert info.sha256 == hashlib.sha256(GOOD).hexdigest()
    assert not stdin.buffer.closed


@pytest.mark.parametrize("stdin", [None, io.StringIO("text")])
def test_no_standard_input(monkeypatch: pytest.MonkeyPatch, stdin: object) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(NetminedetError, match="standard input: is closed"):
        open_source("-")


def test_a_pipe_into_standard_input() -> None:
    script = (
        "from netminedet.capture import open_source\n"
        "source = open_source('-')\n"
        "print(source.size, sum(batch.count for batch in source.batches()), source.info.complete)"
    )
    content = section() + interface() + enhanced(1, bytes(1000)) * 3000
    result = subprocess.run([sys.executable, "-c", script], input=content, capture_output=True, check=True)
    assert result.stdout.split() == [b"None", b"3000", b"True"]


def test_a_pipe_that_gives_little_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)

    def write() -> None:
        with path.open("wb", buffering=0) as pipe:
            for start in range(0, len(GOOD), 97):
                pipe.write(GOOD[start : start + 97])

    writer = threading.Thread(target=write)
    writer.start()
    packets, info = read(path)
    writer.join()
    assert (len(packets), info.complete) == (100, True)


class _Broken:
    """A stream that fails after its content."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readinto(self, view: memoryview) -> int:
        got = self._content.readinto(view)
        if not got:
            raise OSError(5, "Input/output error")
        return got


def test_a_disk_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, GOOD)
    monkeypatch.setattr(source_module, "unpacked", lambda *_: (_Broken(GOOD[:120]), ""))
    packets, info = read(path)
    assert len(packets) == 1
    assert not info.complete
    assert info.problems == ["reading failed: Input/output error"]
    monkeypatch.setattr(source_module, "unpacked", lambda *_: (_Broken(b""), ""))
    with pytest.raises(NetminedetError, match="reading failed: Input/output error"):
        open_source(path)


def test_a_window_gives_what_there_is() -> None:
    window = Window(io.BytesIO(b"0123456789"), size=4)  # type: ignore[arg-type]
    assert window.refill(2)
    window.start += 3
    assert (window.head(9), window.offset) == (b"3", 3)
    assert window.refill(6)
    assert window.head(9).startswith(b"345678")
    assert not window.refill(8)
    assert (window.head(9), window.failure) == (b"3456789", None)


def test_notes_are_few() -> None:
    notes = Notes([])
    for number in range(NOTES_LIMIT + 30):
        notes.add(str(number))
    assert len(notes.texts) == NOTES_LIMIT
    assert notes.texts[-2:] == [str(NOTES_LIMIT - 2), "and 31 more"]


def test_names_are_shown_without_control_characters() -> None:
    assert shown("a/é.pcap") == "a/é.pcap"
    assert shown("a\n\x1b[31m.pcap") == "a\\n\\x1b[31m.pcap"
    assert shown("-") == "standard input"


def test_the_kernel_and_the_reader_agree_on_why_a_walk_stopped() -> None:
    walk = records.PcapngWalk(1 << 24)
    data = bytearray(enhanced(1, b"")) + bytearray(12)
    walk.add_interface(1, 0, 6, 0)
    batch = Batch(data, 1)
    assert walk.walk(batch, 0, len(data)) == Stop.FULL
    batch.count = 0
    assert walk.walk(batch, 32, len(data)) == Stop.OTHER
    assert walk.walk(batch, 0, 31) == Stop.MORE
    data[4] = 33
    assert walk.walk(batch, 0, len(data)) == Stop.DAMAGED


def test_importing_is_light() -> None:
    script = (
        "import sys; before = set(sys.modules); import netminedet.capture\n"
        "heavy = {'click', 'dpkt', 'hashlib', 'lzma', 'rich', 'scapy', 'zstandard'}\n"
        "print(heavy & (set(sys.modules) - before))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert result.stdout.strip() == "set()"
