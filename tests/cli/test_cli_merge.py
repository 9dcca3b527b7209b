"""``netminedet merge`` over reports of real scans."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netminedet.cli.main import run
from tests.conftest import SAMPLES


@pytest.fixture
def reports(tmp_path: Path) -> list[str]:
    paths = []
    for name in ("stratum-v1.pcap", "tls-pool.pcapng"):
        path = tmp_path / f"{name}.json"
        run(["scan", "-q", "--exit-zero", "--format", "json", "-o", str(path), str(SAMPLES / name)])
        paths.append(str(path))
    return paths


def test_merging_is_all_one_in_any_order(reports: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["merge", *reports]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    document = json.loads(out)
    assert [Path(info["path"]).name for info in document["inputs"]] == ["stratum-v1.pcap", "tls-pool.pcapng"]
    assert run(["merge", *reversed(reports)]) == 0
    assert capsys.readouterr().out == out


def test_onto_itself(reports: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    total = tmp_path / "total.json"
    assert run(["merge", reports[0], "-o", str(total)]) == 0
    assert run(["merge", str(total), reports[1], "-o", str(total)]) == 0
    once = total.read_text(encoding="utf-8")
    assert run(["merge", str(total), reports[1], "-o", str(total)]) == 0
    assert total.read_text(encoding="utf-8") == once
    assert f"{reports[1]}: left out, because {total} has all of its inputs" in capsys.readouterr().err
    assert run(["merge", "-q", str(total), reports[1], "-o", str(total)]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.json"], "nowhere.json: the report cannot be read"),
        ([str(SAMPLES / "stratum-v1.pcap")], "is a capture, and no report"),
        ([], "Missing argument"),
    ],
)
def test_what_cannot_be_merged(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["merge", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1
