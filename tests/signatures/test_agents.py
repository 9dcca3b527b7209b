from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.estimate import algorithm_named, load_power
from netminedet.signatures import SignatureError, signature_dir
from netminedet.signatures.agents import AGENTS_FILE, KINDS, _beginning, load_agents, parse_agents

AGENTS = load_agents()
HEADER = "pattern,software,kind,vendor,hardware,algorithm,power,certainty,source,note\n"


@pytest.mark.parametrize(
    ("agent", "software", "version", "kind", "hardware", "algorithm"),
    [
        ("cgminer/4.12.1", "cgminer", "4.12.1", "asic", None, None),
        ("cgminer 3.7.2", "cgminer", "3.7.2", "asic", None, None),
        ("bmminer/2.0.0", "bmminer", "2.0.0", "asic", None, "sha256d"),
        ("Antminer S21/Mon Jan 8 2024", "Antminer firmware", "Mon Jan 8 2024", "asic", "Antminer S21", None),
        ("Antminer S19 Pro/1.2", "Antminer firmware", "1.2", "asic", "Antminer S19 Pro", None),
        ("whatsminer/v1.0", "Whatsminer firmware", "v1.0", "asic", None, "sha256d"),
        ("bosminer-plus-tuner 0.9.0-db69", "Braiins OS", "0.9.0-db69", "asic", None, "sha256d"),
        ("bosminer-plus-am1-s9 0.9.0", "Braiins OS", "0.9.0", "asic", "Antminer S9", "sha256d"),
        ("xminer-1.2.6", "Vnish", "1.2.6", "asic", None, "sha256d"),
        ("bitaxe/BM1370/v2.14.2", "ESP-Miner", "v2.14.2", "asic", "BitAxe Gamma (BM1370)", "sha256d"),
        ("bitaxe", "ESP-Miner", None, "asic", None, "sha256d"),
        ("NerdMinerV2/2.6.0", "NerdMiner", "2.6.0", "lottery", "ESP32", "sha256d"),
        ("XMRig/6.22.2 (Windows NT 10.0; Win64) libuv/1.4", "XMRig", "6.22.2", "cpu", None, "randomx"),
        ("xmrig-proxy/6.26.0 (Linux x86_64)", "xmrig-proxy", "6.26.0", "proxy", None, "randomx"),
        ("xmr-stak-cpu/1.3.0-1.5.0", "xmr-stak-cpu", "1.3.0-1.5.0", "cpu", None, "cryptonight"),
        ("cpuminer-opt-3.24.1", "cpuminer-opt", "3.24.1", "cpu", None, None),
        ("minerd", "cpuminer", None, "cpu", None, None),
        ("ethminer-0.19.0", "ethminer", "0.19.0", "gpu", None, "ethash"),
        ("eth1.0", "eth-proxy", None, "gpu", None, "ethash"),
        ("lolMiner 1.76", "lolMiner", "1.76", "gpu", None, None),
        ("BzMiner-v19.3.0", "BzMiner", "19.3.0", "gpu", None, None),
        ("excavator/1.4.4a_nvidia", "NiceHash QuickMiner", "1.4.4a_nvidia", "market", None, None),
        ("NiceHash/1.0.0", "NiceHash", "1.0.0", "market", None, None),
        ("btccom-agent/2.0.0-mu", "BTCAgent", "2.0.0-mu", "proxy", None, "sha256d"),
        ("XMRigCC/3.1.0 (Linux x86_64)", "XMRigCC", "3.1.0", "cpu", None, "randomx"),
        ("cast_xmr/0.8.0", "Cast XMR", "0.8.0", "gpu", None, "cryptonight"),
        ("kawpowminer-1.2.4", "kawpowminer", "1.2.4", "gpu", None, "kawpow"),
        ("MinerGate-win/8.1", "MinerGate", "win/8.1", "cpu", None, None),
        ("deepMiner", "deepMiner", None, "browser", None, "cryptonight"),
        ("Avalon 1246", "Avalon firmware", None, "asic", "Avalon A1246", "sha256d"),
    ],
)
def test_well_known_agents(
    agent: str, software: str, version: str | None, kind: str, hardware: str | None, algorithm: str | None
) -> None:
    for text in (agent, agent.upper(), f" {agent} "):
        found = AGENTS.classify(text)
        assert found is not None
        assert (found.software, found.kind, found.algorithm) == (software, kind, algorithm)
    found = AGENTS.classify(agent)
    assert found is not None
    assert (found.version, found.hardware) == (version, hardware)


@pytest.mark.parametrize(
    "agent", ["", "curl/8.5", "Mozilla/5.0 (X11)", "x cgminer/4.12", "antminers", "python"]
)
def test_strangers_are_none(agent: str) -> None:
    assert AGENTS.classify(agent) is None


def test_the_shipped_table_is_sound() -> None:
    power = load_power()
    families = {row.key for row in power.rows if row.kind == "family"}
    devices = {row.key for row in power.rows if row.kind == "device"}
    for row in AGENTS.rows:
        agent = row.agent
        assert agent.kind in KINDS
        assert agent.algorithm is None or algorithm_named(agent.algorithm) == agent.algorithm
        assert agent.power is None or agent.power in families
        assert "{" in row.hardware or row.hardware in ("", "ESP32") or row.hardware in devices


def test_an_earlier_row_goes_before_and_a_folder_before_all(tmp_path: Path) -> None:
    text = HEADER + "cgminer/4\\.12.*,Our farm,asic,,,sha256d,,verified,own,\n"
    (tmp_path / "agents.csv").write_text(text, encoding="utf-8")
    agents = load_agents([tmp_path])
    ours, other = agents.classify("cgminer/4.12.1"), agents.classify("cgminer/4.11.1")
    assert ours is not None
    assert other is not None
    assert (ours.software, other.software) == ("Our farm", "cgminer")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("(a+)+,x,cpu,,,,,,,", "pattern: a group is repeated"),
        ("(a|b)*,x,cpu,,,,,,,", "pattern: a group is repeated"),
        ('"(ab){2,9}",x,cpu,,,,,,,', "pattern: a group is repeated"),
        ("a*b*c*,x,cpu,,,,,,,", "pattern: 3 repetitions; use at most 2"),
        ("(?=a)b,x,cpu,,,,,,,", "pattern: use no groups but"),
        ("(?P<name>a),x,cpu,,,,,,,", "pattern: use no groups but"),
        ("(a)\\1,x,cpu,,,,,,,", "pattern: a back reference"),
        ("a(b,x,cpu,,,,,,,", "pattern: not a valid regular expression"),
        ("a" * 201 + ",x,cpu,,,,,,,", "pattern: longer than 200 characters"),
        (",x,cpu,,,,,,,", "pattern: empty"),
        ("a,,cpu,,,,,,,", "software: empty"),
        ("a,x,toaster,,,,,,,", "kind: unknown value 'toaster'"),
        ("a,x,cpu,,,,,sure,,", "certainty: unknown value 'sure'"),
        ("a,x,cpu,,M {hardware},,,,,", "hardware: the pattern has no group"),
        ("a,x,cpu,,,,,,,\na,y,cpu,,,,,,,", "pattern: 'a' stands above already"),
    ],
)
def test_errors_name_the_place_and_the_remedy(row: str, message: str) -> None:
    with pytest.raises(SignatureError) as error:
        parse_agents(HEADER + row + "\n", "agents.csv")
    assert message in str(error.value)
    assert str(error.value).startswith("agents.csv:")


@given(st.text(max_size=400))
def test_any_string_is_safe(agent: str) -> None:
    found = AGENTS.classify(agent)
    assert found is None or found.version is None or len(found.version) <= 160


@given(st.sampled_from(["cgminer/", "Antminer S", "xmrig/", "bzminer", "avalon "]), st.text(max_size=300))
def test_any_version_is_safe(start: str, rest: str) -> None:
    AGENTS.classify(start + rest)
    AGENTS.classify(rest + start)


@given(st.text(max_size=60))
def test_any_pattern_is_taken_or_refused(pattern: str) -> None:
    quoted = '"' + pattern.replace('"', '""') + '"'
    try:
        agents = parse_agents(f"{HEADER}{quoted},x,cpu,,,,,,,\n", "agents.csv")
    except SignatureError:
        return
    agents.classify("a" * 200)


@pytest.mark.parametrize(
    ("pattern", "beginning"),
    [
        ("bmminer[/ -]?(?P<version>.*)", "bmminer"),
        ("Nerd(?:Q|Eko|Ha)?Axe[^/]*", "nerd"),
        ("eth1\\.0", "eth1"),
        ("minera?.*", "miner"),
        ("(?:cpuminer|minerd).*", ""),
        ("cpuminer|minerd", ""),
        ("x(?:a(?:b|c)d)y|z", ""),
        ("x(?:a(?:b|c)d)y", "x"),
        ("a{2}b", ""),
    ],
)
def test_rows_are_tried_only_where_the_text_begins_as_they_do(pattern: str, beginning: str) -> None:
    assert _beginning(pattern) == beginning


def test_shipped_patterns_are_valid() -> None:
    text = (signature_dir() / AGENTS_FILE).read_text(encoding="utf-8")
    assert len(parse_agents(text, "agents.csv").rows) == len(load_agents().rows) > 50
