"""What docs/signatures.md shows works, and it names everything that there is."""

from __future__ import annotations

import re
from pathlib import Path

from netminedet.estimate import load_power, power
from netminedet.model import Kind
from netminedet.signatures import agents, check, load_signatures
from netminedet.signatures.agents import load_agents
from netminedet.signatures.expressions import Functions
from netminedet.signatures.pools import CATEGORIES, COLUMNS
from netminedet.signatures.schema import CARRIERS, DETAIL_KEYS

PAGE = (Path(__file__).parents[2] / "docs" / "signatures.md").read_text(encoding="utf-8")


def test_example_from_start_to_end(tmp_path: Path) -> None:
    for name, _kind, text in re.findall(r"<!-- (\S+) -->\n```(\w+)\n(.*?)```", PAGE, re.DOTALL):
        (tmp_path / name).write_text(text, encoding="utf-8")
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


def test_page_names_every_field_and_function() -> None:
    for word in (*DETAIL_KEYS, *COLUMNS, *CATEGORIES, *(kind.value for kind in Kind)):
        assert f"`{word}`" in PAGE, word
    for word in (*agents.COLUMNS, *agents.KINDS, *power.COLUMNS, *power.KINDS, *power.CERTAINTIES):
        assert f"`{word}`" in PAGE, word
    for word in CARRIERS:
        assert f"`{word}`" in PAGE, word
    added = set(Functions.FUNCTION_TABLE) - set(Functions.__base__.FUNCTION_TABLE)
    assert added == {"is_hex", "is_0xhex", "is_number", "is_wallet", "is_miner_agent", "from_hex"}
    for name in added:
        assert f"`{name}(" in PAGE
