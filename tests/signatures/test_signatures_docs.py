"""What docs/signatures.md shows works, and it names everything that there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from netminedet.cli.main import run
from netminedet.estimate import load_power, power
from netminedet.model import Kind
from netminedet.signatures import agents, check, load_signatures
from netminedet.signatures.agents import load_agents
from netminedet.signatures.interpreter import Functions
from netminedet.signatures.pools import CATEGORIES, COLUMNS
from netminedet.signatures.schema import CARRIERS, DETAIL_KEYS
from tests.frames import write_pcap
from tests.talks import frames_of

PAGE = (Path(__file__).parents[2] / "docs" / "signatures.md").read_text(encoding="utf-8")


def test_example_from_start_to_end(tmp_path: Path) -> None:
    blocks(tmp_path)
    assert check(tmp_path) == []
    signatures = load_signatures([tmp_path])
    assert signatures.dialect("acme").coins == ("ACME",)
    pool = signatures.pools.lookup("eu.acme-pool.example")
    assert pool is not None
    assert pool.stratum
    agent = load_agents([tmp_path]).classify("AcmeMiner/1.2")
    assert agent is not None
    assert (agent.version, agent.hardware) == ("1.2", "Acme A1")
    row = load_power([tmp_path]).find("sha256d", hardware=agent.hardware)
    assert row is not None
    assert (row.kind, row.certainty) == ("device", "documented")


def blocks(folder: Path) -> Path:
    """The files that the page shows with their names, written into a folder."""
    for name, _kind, text in re.findall(r"<!-- (\S+) -->\n```(\w+)\n(.*?)```", PAGE, re.DOTALL):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_the_tutorial_as_an_analyst_follows_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The commands of the page, on traffic made of the page's own lines."""
    (folder := tmp_path / "my-signatures").mkdir()
    blocks(folder)
    lines = re.findall(r"^\{.*acme\..*\}$", PAGE, re.MULTILINE)
    talk = [
        said
        for number, line in enumerate(lines, 1)
        for said in (("C", line), ("S", {"id": number, "result": True}))
    ]
    write_pcap(tmp_path / "traffic.pcap", frames_of(talk))
    assert run(["signatures", "check", str(folder)]) == 0
    assert capsys.readouterr().out.startswith("all well")
    assert run(["scan", "--format", "json", "--signatures", str(folder), str(tmp_path / "traffic.pcap")]) == 1
    printed = capsys.readouterr().out
    (suspect,) = json.loads(printed)["suspects"]
    assert (suspect["verdict"], suspect["dialects"], suspect["coins"]) == ("confirmed", ["acme"], ["ACME"])
    assert suspect["workers"] == ["acme1qxyz"]
    assert [one["software"] for one in suspect["software"]] == ["AcmeMiner"]
    assert (suspect["shares"]["submitted"], suspect["shares"]["accepted"]) == (1, 1)
    assert '"password":"x"' not in printed
    assert run(["scan", str(tmp_path / "traffic.pcap")]) == 0


def test_the_file_that_explains_the_fields_is_whole(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(id: acme-stratum.*?)```", PAGE, re.DOTALL)
    (tmp_path / "acme-stratum.yaml").write_text(text, encoding="utf-8")
    assert check(tmp_path) == []


def test_page_names_every_field_and_function() -> None:
    for word in (*DETAIL_KEYS, *COLUMNS, *CATEGORIES, *(kind.value for kind in Kind)):
        assert f"`{word}`" in PAGE, word
    for word in (*agents.COLUMNS, *agents.KINDS, *power.COLUMNS, *power.KINDS, *power.CERTAINTIES):
        assert f"`{word}`" in PAGE, word
    for word in CARRIERS:
        assert f"`{word}`" in PAGE, word
    added = set(Functions.FUNCTION_TABLE) - set(Functions.__base__.FUNCTION_TABLE)
    assert added == {
        "is_hex",
        "is_0xhex",
        "is_number",
        "is_wallet",
        "has_version",
        "is_miner_agent",
        "from_hex",
    }
    for name in added:
        assert f"`{name}(" in PAGE
