"""Location databases in MaxMind's format, written by hand and read by MaxMind's library."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from netminedet.errors import NetminedetError
from netminedet.holders import Place
from netminedet.whose.places import Places

from .mmdb import database

pytest.importorskip("maxminddb")

CITY = {
    "10.8.0.0/16": {
        "country": {"iso_code": "CN", "names": {"en": "China"}},
        "subdivisions": [{"names": {"en": "Sichuan", "zh-CN": "四川"}}],
        "city": {"names": {"en": "Chengdu"}},
    },
    "2001:db8::/32": {"registered_country": {"iso_code": "DE"}},
    "192.0.2.0/24": {"country": "not as documented", "subdivisions": [], "city": {"names": 7}},
}
NETWORKS = {"10.0.0.0/8": {"autonomous_system_number": 4134, "autonomous_system_organization": "Chinanet"}}


def places(folder: Path, *databases: dict[str, object]) -> Places:
    paths = []
    for number, records in enumerate(databases):
        path = folder / f"{number}.mmdb"
        path.write_bytes(database(records))
        paths.append(str(path))
    return Places(paths)


def test_two_databases_add_up(tmp_path: Path) -> None:
    known = places(tmp_path, dict(CITY), dict(NETWORKS))
    assert known.lookup("10.8.0.1") == Place("CN", "四川", "Chengdu", 4134, "Chinanet")
    assert known.lookup("10.9.0.1") == Place(asn=4134, network="Chinanet")
    assert known.lookup("2001:db8::7") == Place("DE")
    assert known.lookup("192.0.2.1") is None
    assert known.lookup("203.0.113.1") is None


@pytest.mark.parametrize(
    "data", [b"", b"no database", b"\xab\xcd\xefMaxMind.com"], ids=["empty", "text", "mark"]
)
def test_what_is_no_database_is_one_clear_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.mmdb"
    path.write_bytes(data)
    with pytest.raises(NetminedetError, match=r"x\.mmdb: is no database"):
        Places([str(path)])
    with pytest.raises(NetminedetError, match="cannot be read"):
        Places([str(tmp_path / "none.mmdb")])


def test_a_damaged_database_harms_nothing(tmp_path: Path) -> None:
    whole = database(dict(CITY))
    tree = whole.index(bytes(16))
    for place in range(tree + 16, tree + 120):
        path = tmp_path / "x.mmdb"
        path.write_bytes(whole[:place] + b"\xff" + whole[place + 1 :])
        found = Places([str(path)]).lookup("10.8.0.1")
        assert found is None or isinstance(found, Place)


def test_without_the_library_one_line_says_which_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "maxminddb", None)
    with pytest.raises(NetminedetError, match=r"netminedet\[geoip\]"):
        Places([str(tmp_path / "x.mmdb")])
