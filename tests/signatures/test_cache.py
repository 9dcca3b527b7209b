"""What is kept of the signatures between runs: the same as what is read from the files, or nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from netminedet.signatures import SignatureError, SignatureSet, cache, load_signatures, places
from netminedet.signatures.expressions import Expression
from netminedet.signatures.loading import _prepared

SHARE = {"id": 4, "method": "mining.submit", "params": ["a.b", "1", "00000001", "5f000000", "deadbeef"]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the test's own."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder of signatures that can be changed."""
    target = tmp_path / "signatures"
    shutil.copytree(places.signature_dir(), target)
    return target


def kept(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def same(one: SignatureSet, other: SignatureSet) -> bool:
    sets = [(s.info, s.dialects, s.pools.rows, s.anchors, s.match(SHARE)) for s in (one, other)]
    return sets[0] == sets[1]


def test_the_second_run_has_the_same_signatures_and_parses_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_signatures()
    assert len(kept(folder)) == 1
    monkeypatch.setattr("netminedet.signatures.reading.read_signatures", None)
    monkeypatch.setattr("netminedet.signatures.interpreter.parse", None)
    assert same(load_signatures(), first)


def test_expressions_are_kept_compiled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_signatures()
    expressions = _prepared(places.signature_dir(), ()).expressions
    assert len(expressions) > 100
    for text, kept in expressions.items():
        assert Expression(text).kept == kept
    monkeypatch.setattr("netminedet.signatures.expressions.code_of", None)
    signatures = load_signatures()
    assert [match.signature for match in signatures.match(SHARE)] == ["stratum-v1.submit"]


def test_a_changed_file_is_read_anew(folder: Path, own: Path) -> None:
    before = _prepared(own, ())
    assert _prepared(own, ()) == before
    text = (own / "beam.yaml").read_text(encoding="utf-8")
    (own / "beam.yaml").write_text(text.replace("title: ", "title: changed ", 1), encoding="utf-8")
    after = _prepared(own, ())
    assert after.info.sha256 != before.info.sha256
    assert [one.id for one in after.dialects if one.title.startswith("changed")] == ["beam"]


def test_a_changed_pool_list_is_read_anew(folder: Path, own: Path) -> None:
    count = len(_prepared(own, ()).pools)
    with (own / "pools.csv").open("a", encoding="utf-8") as file:
        file.write("Made Up,BTC,pool.made-up.example,pool,domain,,,,,,\n")
    assert len(_prepared(own, ()).pools) == count + 1


def test_a_faulty_file_is_an_error_every_time(folder: Path, own: Path) -> None:
    (own / "beam.yaml").write_text("id: beam\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(SignatureError, match=r"beam\.yaml"):
            _prepared(own, ())


@pytest.mark.parametrize("damage", [b"", b"\x00", b"\x80", b"\x93\x01\x02\x03", os.urandom(500)])
def test_a_damaged_file_costs_time_only(folder: Path, damage: bytes) -> None:
    first = load_signatures()
    (file,) = kept(folder)
    file.write_bytes(damage)
    assert same(load_signatures(), first)
    assert file.stat().st_size > 1000  # and is written anew


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_one_flipped_bit_is_noticed(folder: Path, part: float) -> None:
    """Most would make another valid file, with other signatures."""
    first = load_signatures()
    (file,) = kept(folder)
    content = bytearray(file.read_bytes())
    content[int(part * (len(content) - 1))] ^= 1
    file.write_bytes(content)
    key = file.name.removeprefix("signatures-").removesuffix(".msgpack")
    assert cache.load(key) is None
    assert same(load_signatures(), first)


def test_a_file_that_others_can_write_to_is_not_believed(folder: Path) -> None:
    load_signatures()
    (file,) = kept(folder)
    key = file.name.removeprefix("signatures-").removesuffix(".msgpack")
    assert cache.load(key) is not None
    file.chmod(0o666)
    assert cache.load(key) is None


@pytest.mark.parametrize("where", ["", "/dev/null/x", "/proc/nothing"])
def test_nothing_is_kept_where_nothing_can_be_written(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, where)
    assert not cache.is_usable()
    assert load_signatures().match(SHARE)


def test_old_files_go(folder: Path, own: Path) -> None:
    for number in range(cache.FILES_KEPT + 3):
        (own / "pools.csv").write_text(f"pool,domain\nMade Up,{number}.made-up.example\n", encoding="utf-8")
        _prepared(own, ())
    assert len(kept(folder)) == cache.FILES_KEPT


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(cache.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.cache_folder() == tmp_path / "netminedet"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # the specification says: to be passed over
    assert cache.cache_folder() == tmp_path / ".cache" / "netminedet"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.cache_folder() == tmp_path / ".cache" / "netminedet"
