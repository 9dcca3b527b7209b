"""Evidence files: the packets that prove a suspect, of no other host, whole at any time, within caps."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from netminedet import evidence, scan, watch
from netminedet import keeper as keeper_module
from netminedet.capture import open_source
from netminedet.cli.main import run
from netminedet.errors import NetminedetError
from netminedet.evidence import FILE_BYTES, EvidenceFolder
from netminedet.keeper import Keeper, KeptPacket
from netminedet.language import choose
from netminedet.model import FiveTuple, Where
from netminedet.packetfile import comment_of
from tests.conftest import SAMPLES
from tests.frames import batch_of, tcp_frame

FILES = [SAMPLES / name for name in ("mixed.pcapng", "stratum-v2.pcap", "wrapped.pcap", "kaspa.pcap")]
FILES = [path for path in FILES if path.exists()]


def packets(path: Path) -> Iterator[bytes]:
    with open_source(path) as source:
        for batch in source.batches():
            for i in range(batch.count):
                yield batch.packet(i)
        assert source.info.complete


def hosts_of(folder: Path) -> dict[str, list[Path]]:
    return {path.name: sorted(path.iterdir()) for path in folder.iterdir()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("live", [False, True], ids=["scan", "watch"])
def test_each_suspect_has_its_packets(path: Path, live: bool, tmp_path: Path) -> None:
    expected = scan(path, hash_inputs=False).suspects
    if live:
        watch(replay=str(path), speed=None, evidence=str(tmp_path), on_event=lambda _: None)
    else:
        scan(path, evidence=tmp_path)
    found = hosts_of(tmp_path)
    assert found.keys() == {suspect.host.replace(":", "-") for suspect in expected}
    whole = set(packets(path))
    for files in found.values():
        for file in files:
            assert set(packets(file)) <= whole


@pytest.mark.parametrize("path", FILES[:1], ids=lambda path: path.stem)
def test_evidence_alone_makes_the_same_suspects(path: Path, tmp_path: Path) -> None:
    """What was cut out is enough to check the verdict again, but for what rests on other hosts' DNS."""
    before = {one.host: one for one in scan(path, hash_inputs=False, evidence=tmp_path).suspects}
    after = {one.host: one for one in scan(tmp_path, hash_inputs=False).suspects}
    confirmed = {host for host, one in before.items() if one.verdict.label == "confirmed"}
    assert {host for host, one in after.items() if one.verdict.label == "confirmed"} >= confirmed


def kept(number: int, host: str = "10.0.0.1", size: int = 100) -> KeptPacket:
    where = Where(number * 10**9, "test", number, FiveTuple(host, 1, "192.0.2.1", 2, "tcp"))
    return KeptPacket(where, bytes(size), size, 1, ["stratum-v1.submit"])


def test_a_comment_in_chinese_has_chinese_punctuation() -> None:
    choose("zh")
    try:
        two = replace(kept(7), proves=["name.dns", "name.dns-answer"])
        assert comment_of(two) == "netminedet: name.dns，name.dns-answer（test 的第 7 个数据包）"
    finally:
        choose("en")


def test_caps_are_kept_and_counted(tmp_path: Path) -> None:
    folder = EvidenceFolder(str(tmp_path), most_packets=5)
    folder.add([kept(number) for number in range(1, 9)], lambda host: host == "10.0.0.1")
    assert sum(len(list(packets(file))) for file in tmp_path.glob("*/*")) == 5
    assert folder.counts["evidence_packets_over_cap"] == 3


def test_packets_wait_for_their_host_to_be_a_suspect(tmp_path: Path) -> None:
    folder = EvidenceFolder(str(tmp_path))
    folder.add([kept(1), kept(2, "10.0.0.2")], lambda host: False)
    assert not list(tmp_path.iterdir())
    folder.add([], lambda host: host == "10.0.0.2")
    assert hosts_of(tmp_path).keys() == {"10.0.0.2"}


def test_packets_that_wait_for_too_long_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MAX_PENDING_EVIDENCE", 3)
    folder = EvidenceFolder(str(tmp_path))
    folder.add([kept(number) for number in range(5)], lambda _: False)
    assert folder.counts["evidence_packets_given_up"] == 2
    folder.add([], lambda _: True)
    assert folder.counts["evidence_packets"] == 2 * 3  # both hosts of the flow


def test_a_host_that_is_forgotten_counts_anew(tmp_path: Path) -> None:
    folder = EvidenceFolder(str(tmp_path), most_packets=1)
    folder.add([kept(1), kept(2)], "10.0.0.1".__eq__)
    folder.forget(["10.0.0.1"])
    folder.add([kept(3)], "10.0.0.1".__eq__)
    assert (folder.counts["evidence_packets"], folder.counts["evidence_packets_over_cap"]) == (2, 1)


def test_full_files_and_old_ones(tmp_path: Path) -> None:
    folder = EvidenceFolder(str(tmp_path), most_packets=10**6, most_bytes=FILE_BYTES * 3 // 2, seconds=3600)
    size = 1 << 20
    folder.add([kept(number, size=size) for number in range(1, 40)], lambda host: host == "10.0.0.1")
    files = sorted(tmp_path.glob("*/*"))
    assert len(files) > 1
    for file in files:
        assert FILE_BYTES - size <= file.stat().st_size <= FILE_BYTES + 2 * size or file == files[-1]
    folder.prune()
    assert sum(file.stat().st_size for file in tmp_path.glob("*/*")) <= FILE_BYTES * 3 // 2
    for file in tmp_path.glob("*/*"):
        os.utime(file, (time.time() - 7200,) * 2)
    folder.prune()
    assert list(tmp_path.glob("*/*")) == []
    folder.add([kept(99)], lambda host: host == "10.0.0.1")
    assert len(list(tmp_path.glob("*/*"))) == 1


def test_a_keeper_keeps_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "MAX_KEPT_PACKETS", 10)
    frames = [tcp_frame(("10.0.0.1", 1), ("192.0.2.1", 2), n, b"x") for n in range(50)]
    batch = batch_of(frames)
    keeper = Keeper()
    for number in range(1, 51):
        where = Where(number, "test", number, FiveTuple("10.0.0.1", 1, "192.0.2.1", 2, "tcp"))
        keeper.saw(where, batch)
        keeper.proves(where, "a.b")
    taken = [one.where.packet for one in keeper.take()]
    assert taken[:9] == list(range(1, 10))
    assert len(taken) == 10
    assert keeper.counts["evidence_packets_displaced"] == 40
    assert keeper.take() == []


def test_a_wrong_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NetminedetError, match="cannot be made"):
        EvidenceFolder(str(tmp_path / "file" / "folder"))


def test_where_there_is_no_room_nothing_is_left_and_the_report_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    written = []

    def full(descriptor: int, data: bytes) -> int:
        written.append(data)
        if len(written) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return os_write(descriptor, data)

    os_write, folder = os.write, tmp_path / "evidence"
    (folder / "10.8.0.11").mkdir(parents=True)
    (folder / "10.8.0.11" / "before.pcapng").touch()
    with monkeypatch.context() as patched:
        patched.setattr(evidence.os, "write", full)
        code = run(["scan", "-q", str(SAMPLES / "mixed.pcapng"), "--evidence", str(folder)])
    out, err = capfd.readouterr()
    assert (code, err.count("\n"), len(written) > 3) == (2, 1, True)
    assert f"{folder}: the evidence could not be written: No space left on device; make room" in err
    assert out.startswith("7 suspects")
    assert [path.name for path in folder.glob("*/*")] == ["before.pcapng"]
    assert [path.name for path in folder.iterdir()] == ["10.8.0.11"]
