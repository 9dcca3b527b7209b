"""The ledger of networks: what is read, what wins, and what is told."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.errors import NetminedetError
from netminedet.whose.subnets import Subnets

ENGLISH = "cidr,operator,city,county,unit,unit kind,contact\n"
CHINESE = "网段,运营商,地市,区县,单位名称,单位性质,联系人\n"


def ledger(folder: Path, text: str | bytes, told: list[str] | None = None) -> Subnets:
    path = folder / "net.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return Subnets([str(path)], (told if told is not None else []).append)


@pytest.mark.parametrize("header", [ENGLISH, CHINESE, "\ufeff" + CHINESE, ENGLISH.upper(), "\n\n" + ENGLISH])
def test_columns_by_either_name_with_or_without_a_mark(tmp_path: Path, header: str) -> None:
    unit = ledger(tmp_path, header + "10.0.0.0/8,电信,成都,武侯,大学,学校,张三\n").lookup("10.1.2.3")
    assert unit is not None
    assert (unit.cidr, unit.operator, unit.city, unit.county) == ("10.0.0.0/8", "电信", "成都", "武侯")
    assert (unit.unit, unit.unit_kind, unit.contact) == ("大学", "学校", "张三")


@pytest.mark.parametrize("separator", ",;\t")
def test_separators(tmp_path: Path, separator: str) -> None:
    text = f"unit{separator}cidr{separator}other\nA{separator}10.0.0.0/8{separator}x\n"
    unit = ledger(tmp_path, text).lookup("10.0.0.1")
    assert unit is not None
    assert unit.unit == "A"


NETWORKS = (
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.8.0.0/13",
    "10.8.0.12/32",
    "::/0",
    "2001:db8::/32",
    "2001:db8::7/128",
)


@given(
    st.sets(st.sampled_from(NETWORKS)),
    st.sampled_from(["10.8.0.12", "10.1.1.1", "9.9.9.9", "2001:db8::7", "fe80::1"]),
)
def test_the_longest_prefix_wins(
    tmp_path_factory: pytest.TempPathFactory, networks: set[str], host: str
) -> None:
    """Against the plainest reader that there is: try all."""
    rows = "".join(f"{network},{network}\n" for network in networks)
    unit = ledger(tmp_path_factory.mktemp("net"), "cidr,unit\n" + rows).lookup(host)
    address = ip_address(host)
    holding = [ip_network(one) for one in networks if address in ip_network(one)]
    longest = max(holding, key=lambda network: network.prefixlen, default=None)
    assert (unit.unit if unit else None) == (str(longest) if longest else None)


def test_single_addresses_ranges_and_mapped_ones(tmp_path: Path) -> None:
    subnets = ledger(tmp_path, "cidr,unit\n10.0.0.7,A\n10.0.1.0-10.0.2.255,B\n2001:db8::1 ~ 2001:db8::2,C\n")
    found = {
        host: subnets.lookup(host)
        for host in ("10.0.0.7", "10.0.1.0", "10.0.2.255", "2001:db8::2", "::ffff:10.0.1.9")
    }
    assert [unit.unit if unit else None for unit in found.values()] == ["A", "B", "B", "C", "B"]
    assert subnets.lookup("10.0.3.0") is None
    assert subnets.lookup("2001:db8::3") is None


def test_a_network_that_stands_there_twice_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    subnets = ledger(tmp_path, "cidr,unit\n10.0.0.0/8,A\n10.0.0.0/8,B\n10.0.0.0/8,A\n10.1.0.0/16,C\n", told)
    assert [line.split("net.csv:")[1][0] for line in told] == ["3", "4"]
    assert "something else" in told[0]
    assert "the same" in told[1]
    unit = subnets.lookup("10.2.0.1")
    assert unit is not None
    assert unit.unit == "A"


BAD = {
    "cidr,unit\n10.0.0.0/8,A\n10.0.0.1/8,B\n": "net.csv:3: cidr: '10.0.0.1/8' is no network; did you mean",
    "cidr,unit\nhere,A\n": "net.csv:2: cidr: 'here' is no network",
    "cidr,unit\n,A\n": "net.csv:2: cidr: '' is no network",
    "cidr,unit\n10.0.0.9-10.0.0.1,A\n": "net.csv:2: cidr",
    "cidr,unit\n10.0.0.9-2001:db8::1,A\n": "net.csv:2: cidr",
    "unit,operator\nA,B\n": "net.csv:1: no column 'cidr'",
    "cidr,CIDR\n10.0.0.0/8,\n": "net.csv:1: two columns",
    "unit,cidr\nA\n": "net.csv:2: 1 cell, 2 needed",
    "": "is empty",
    b"\xcd\xf8\xb6\xce,unit\n": "net.csv:1: is not UTF-8",
    b"cidr,unit\n10.0.0.0/8,\xb4\xf3\xd1\xa7\n": "net.csv:2: is not UTF-8",
    'cidr,unit\n10.0.0.0/8,"' + "x" * 200_000: "net.csv:2: not valid CSV",
}


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(NetminedetError) as error:
        ledger(tmp_path, text)
    assert BAD[text] in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(NetminedetError, match="cannot be read: No such file"):
        Subnets([str(tmp_path / "none.csv")], print)


def test_cells_cannot_steer_a_terminal(tmp_path: Path) -> None:
    unit = ledger(tmp_path, "cidr,unit\n10.0.0.0/8,\x1b[31m\u202eevil\n").lookup("10.0.0.1")
    assert unit is not None
    assert unit.unit.isprintable()
