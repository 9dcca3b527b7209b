"""Finding captures in folders."""

from __future__ import annotations

import gzip
import lzma
import os
from pathlib import Path

import pytest
import zstandard
from capture_files import pcap_header, section

from netminedet.capture import discover
from netminedet.errors import NetminedetError


def names(folder: Path, files: list[str]) -> list[str]:
    return [str(Path(file).relative_to(folder)) for file in files]


def test_folders_are_searched_by_content(tmp_path: Path) -> None:
    for name, content in {
        "b/2.bin": gzip.compress(pcap_header()),
        "b/1.log": lzma.compress(section()),
        "b/c/x": zstandard.compress(section(True)),
        "a.txt": pcap_header(True),
        "d/not.pcap": b"no capture",
        "d/not.pcap.gz": gzip.compress(b"no capture"),
        "d/broken.gz": b"\x1f\x8b nonsense",
        "d/short": b"\xd4\xc3",
        "d/empty.pcap": b"",
        "z": pcap_header(),
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    found = discover([str(tmp_path)])
    assert names(tmp_path, found.files) == ["a.txt", "b/1.log", "b/2.bin", "b/c/x", "z"]
    assert found.notes == []


def test_named_files_stay_in_order_whatever_they_are(tmp_path: Path) -> None:
    text, capture = tmp_path / "b.txt", tmp_path / "a.pcap"
    text.write_text("no capture")
    capture.write_bytes(pcap_header())
    paths = ["-", str(text), str(tmp_path / "missing"), str(capture), "null\0byte"]
    assert discover(paths).files == paths


def test_a_file_is_taken_once(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a").write_bytes(pcap_header())
    (tmp_path / "sub" / "b").hardlink_to(tmp_path / "sub" / "a")
    (tmp_path / "sub" / "c").symlink_to(tmp_path / "sub" / "a")
    named = str(tmp_path / "sub" / "b")
    assert discover(["-", named, str(tmp_path), str(tmp_path / "sub"), named, "-"]).files == ["-", named]


def test_links_in_a_circle_and_to_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_bytes(pcap_header())
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to(tmp_path / "a" / "self")
    (tmp_path / "a" / "nowhere").symlink_to(tmp_path / "missing")
    found = discover([str(tmp_path)])
    assert names(tmp_path, found.files) == ["a/file"]
    assert len(found.notes) == 2
    assert all(": left out: " in note for note in found.notes)


def test_pipes_in_a_folder_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(pcap_header())
    assert names(tmp_path, discover([str(tmp_path)]).files) == ["file"]


def test_what_may_not_be_read_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "file").write_bytes(pcap_header())
    (tmp_path / "secret").write_bytes(pcap_header())
    real_listdir, real_open = os.listdir, open

    def listdir(path: str) -> list[str]:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return real_listdir(path)

    def opened(path: str, *args: object, **options: object) -> object:
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied")
        return real_open(path, *args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "listdir", listdir)
    monkeypatch.setattr("builtins.open", opened)
    found = discover([str(tmp_path)])
    assert names(tmp_path, found.files) == ["file"]
    assert [note.split(": ", 1)[1] for note in found.notes] == [
        "left out: Permission denied",
        "may not be read; change its permissions or run as a user who may",
    ]
    with pytest.raises(NetminedetError, match="no capture is in this folder; some of it may not be read"):
        discover([str(tmp_path / "closed")])


def test_a_folder_without_a_capture(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no capture")
    with pytest.raises(NetminedetError) as raised:
        discover([str(tmp_path)])
    assert str(raised.value) == f"{tmp_path}: no capture is in this folder; name another one"
