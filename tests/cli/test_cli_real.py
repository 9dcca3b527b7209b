"""The command line over real scans of the samples."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from netminedet.cli.main import run
from tests.frames import tcp_frame, write_pcap

SAMPLES = Path(__file__).parents[2] / "pcaps"
MINING = str(SAMPLES / "stratum-v1.pcap")
CLEAN = str(SAMPLES / "lookalikes.pcap")


@pytest.fixture
def text_file(tmp_path: Path) -> str:
    path = tmp_path / "notes.txt"
    path.write_text("no capture", encoding="utf-8")
    return str(path)


def test_suspects(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scan", "-q", MINING]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("1 suspect: 1 confirmed\n")
    assert "192.168.10.21" in out
    assert err == ""


def test_nothing_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scan", "-q", CLEAN]) == 0
    assert capsys.readouterr().out.startswith("No mining found.\n")


def test_coin_nodes_on_request_leave_the_exit_code_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    levin = bytes.fromhex("0121010101010101") + bytes(8) + b"\1" + (1001).to_bytes(4, "little")
    handshake = levin + bytes(8) + (1).to_bytes(4, "little")
    capture = tmp_path / "node.pcap"
    write_pcap(capture, [tcp_frame(("10.0.0.7", 50000), ("203.0.113.9", 18080), 1, handshake)])
    assert run(["scan", "-q", str(capture)]) == 0
    assert "10.0.0.7" not in capsys.readouterr().out
    assert run(["scan", "-q", "--adjacent", str(capture)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("No mining found.\n")
    assert "10.0.0.7: monero-levin, to 1 peer\n" in out
    assert run(["scan", "-q", "--adjacent", "--format", "jsonl", str(capture)]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [node["host"] for node in last["netminedet"]["adjacent"]] == ["10.0.0.7"]


def test_folder_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(MINING, tmp_path)
    shutil.copy(CLEAN, tmp_path)
    assert run(["scan", "-q", "--format", "json", str(tmp_path)]) == 1
    text = capsys.readouterr().out
    document = json.loads(text)
    assert run(["schema"]) == 0
    Draft202012Validator(json.loads(capsys.readouterr().out)).validate(document)
    assert [Path(info["path"]).name for info in document["inputs"]] == ["lookalikes.pcap", "stratum-v1.pcap"]
    assert all(info["sha256"] for info in document["inputs"])
    run(["scan", "-q", "--format", "json", str(tmp_path)])
    assert capsys.readouterr().out == text


def test_hashing_only_where_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    run(["scan", "-q", "--format", "json", "--no-sha256", CLEAN])
    assert json.loads(capsys.readouterr().out)["inputs"][0]["sha256"] is None


def test_the_same_packets_twice_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "copy.pcap.gz"
    copy.write_bytes(gzip.compress(Path(MINING).read_bytes()))
    assert run(["scan", MINING, str(copy), CLEAN]) == 1
    told = f"netminedet: warning: {copy}: the same packets as in {MINING}: they count twice\n"
    assert capsys.readouterr().err == told


def test_one_of_several_is_no_capture(text_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scan", "-q", CLEAN, text_file]) == 2
    out, err = capsys.readouterr()
    assert "incomplete" in out
    assert err.startswith(f"netminedet: warning: {text_file}: not a capture")
    assert err.count("\n") == 1
    assert run(["scan", "-q", "--format", "json", MINING, text_file]) == 1
    info = json.loads(capsys.readouterr().out)["inputs"][1]
    assert not info["complete"]
    assert info["problems"]


def test_none_is_a_capture(text_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scan", "-q", text_file]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"netminedet: error: {text_file}: not a capture")
    assert err.count("\n") == 1


def test_cut_capture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(Path(CLEAN).read_bytes()[:-7])
    assert run(["scan", "-q", str(cut)]) == 2
    assert "not everything could be" in capsys.readouterr().out


def test_standard_input() -> None:
    program = "from netminedet.cli.main import entry_point; entry_point()"
    with Path(MINING).open("rb") as capture:
        done = subprocess.run(
            [sys.executable, "-c", program, "scan", "-q", "--format", "jsonl", "-"],
            stdin=capture,
            capture_output=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, b"")
    assert [json.loads(line)["event_type"] for line in done.stdout.splitlines()] == [
        "netminedet",
        "netminedet",
        "alert",
        "stats",
    ]


@pytest.fixture
def key(tmp_path: Path) -> str:
    path = tmp_path / "department.key"
    path.write_text("correct horse battery staple\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("form", ["table", "json", "jsonl"])
@pytest.mark.parametrize("sample", ["stratum-v1.pcap", "eth-proxy.pcap", "proxy-and-pool.pcap"])
def test_masked_in_every_format(
    form: str, sample: str, key: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    path = str(SAMPLES / sample)
    run(["scan", "-q", "--format", "json", path])
    plain = json.loads(capsys.readouterr().out)
    names = {name for one in plain["suspects"] for name in (*one["workers"], *one["wallets"])}
    assert names
    assert run(["scan", "-q", "--format", form, "--mask", key, path]) == 1
    masked = capsys.readouterr().out
    assert not [name for name in names if f'"{name}' in masked or f" {name} " in masked]
    assert "wallet-" in masked


def test_masking_changes_nothing_else(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(["scan", "-q", "--format", "json", MINING])
    plain = json.loads(capsys.readouterr().out)
    run(["scan", "-q", "--format", "json", "--mask", key, MINING])
    masked = json.loads(capsys.readouterr().out)
    for document in (plain, masked):
        for suspect in document["suspects"]:
            for name in ("workers", "wallets", "evidence"):
                suspect.pop(name)
    assert plain == masked


BAD_KEYS = [
    pytest.param("short\n", "16 are the least", id="short"),
    pytest.param("", "the key is empty", id="empty"),
    pytest.param(None, "the key cannot be read", id="missing"),
]


@pytest.mark.parametrize(("content", "problem"), BAD_KEYS)
def test_bad_keys_get_one_line(
    content: str | None, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert run(["scan", "-q", "--mask", str(path), MINING]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert problem in err


def test_the_key_is_never_overwritten(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = Path(key).read_bytes()
    assert run(["scan", "-q", "--mask", key, "-o", key, MINING]) == 2
    assert "is the key" in capsys.readouterr().err
    assert Path(key).read_bytes() == before
