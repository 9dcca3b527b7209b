"""The log of subscribers: who had an address and port at a moment, and what is not certain."""

from __future__ import annotations

import contextlib
import gzip
import re
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet import language
from netminedet.errors import NetminedetError
from netminedet.holders import Attribution
from netminedet.language import choose
from netminedet.whose.allocations import MAX_CANDIDATES, MAX_TOLD, Allocations, Question, check_log
from netminedet.whose.moments import reader_of
from netminedet.whose.subnets import Subnets

SECOND = 1_000_000_000
HEADER = "public address,port range,protocol,from,to,subscriber,private address\n"
HOST = "203.0.113.9"


def ask(
    folder: Path, text: str, *questions: Question, error: float = 0, told: list[str] | None = None
) -> list[Attribution]:
    path = folder / "nat.csv"
    path.write_text(text, encoding="utf-8")
    allocations = Allocations(questions, round(error * SECOND), reader_of(None))
    allocations.read(str(path), (told if told is not None else []).append)
    return [allocations.answer(question) for question in questions]


def at(second: float, port: int = 2000, host: str = HOST, proto: str = "tcp") -> Question:
    return host, port, proto, round((1_772_452_800 + second) * SECOND)


def names(told: Attribution) -> list[str]:
    return [one.name for one in told.subscribers]


BLOCKS = HEADER + (
    f"{HOST},1024-2047,,1772452800,1772452899,alice,10.0.0.1\n"
    f"{HOST},2048-3071,,1772452800,1772452899,bob,10.0.0.2\n"
    f"{HOST},1024-2047,,1772452900,,carol,10.0.0.3\n"
)


def test_two_behind_one_address_are_told_apart(tmp_path: Path) -> None:
    alice, bob, carol = ask(tmp_path, BLOCKS, at(50, 2047), at(50, 2048), at(100.5, 1024))
    assert (alice.status, names(alice), alice.subscribers[0].private_ip) == ("named", ["alice"], "10.0.0.1")
    assert alice.entries == (f"{tmp_path}/nat.csv:2",)
    assert (names(bob), names(carol)) == (["bob"], ["carol"])
    assert carol.entries[0].endswith(":4")


EDGES = {0: ["alice"], 99.999: ["alice"], 100: ["carol"], -0.001: []}


@pytest.mark.parametrize("second", EDGES)
def test_both_ends_of_a_line_count_as_exactly_as_they_are_written(tmp_path: Path, second: float) -> None:
    (told,) = ask(tmp_path, BLOCKS, at(second))
    assert names(told) == EDGES[second]


def test_what_changes_within_the_second_that_is_written_is_not_guessed(tmp_path: Path) -> None:
    text = HEADER + f"{HOST},,,1772452800,1772452900,alice,\n{HOST},,,1772452900,,bob,\n"
    (told,) = ask(tmp_path, text, at(100.4))
    assert (told.status, names(told)) == ("ambiguous", ["alice", "bob"])
    assert told.note == "the log names several subscribers"


def test_clocks_that_may_differ_make_the_border_uncertain(tmp_path: Path) -> None:
    certain, near = ask(tmp_path, BLOCKS, at(50), at(97), error=5)
    assert names(certain) == ["alice"]
    assert (near.status, names(near)) == ("ambiguous", ["alice", "carol"])


def test_overlaps_of_the_same_subscriber_are_none(tmp_path: Path) -> None:
    line = f"{HOST},,,1772452800,1772452899,alice,\n"
    (told,) = ask(tmp_path, HEADER + 2 * line, at(1))
    assert (told.status, names(told)) == ("named", ["alice"])


GAPS = {
    "the log does not have the address": at(1, host="198.51.100.1"),
    "the log has the address at other times only": at(-100),
    "the log has the address at that time with other ports only": at(1, port=80),
}


@pytest.mark.parametrize("note", GAPS)
def test_a_gap_is_told_with_its_kind(tmp_path: Path, note: str) -> None:
    (told,) = ask(tmp_path, BLOCKS, GAPS[note])
    assert (told.status, told.subscribers, told.note) == ("gap", (), note)


@pytest.mark.parametrize(
    ("written", "proto", "found"),
    [("tcp", "tcp", True), ("17", "tcp", False), ("UDP", "udp", True), ("*", "udp", True)],
)
def test_protocols(tmp_path: Path, written: str, proto: str, found: bool) -> None:
    (told,) = ask(tmp_path, HEADER + f"{HOST},,{written},1772452800,,alice,\n", at(1, proto=proto))
    assert (told.status == "named") is found


PORTS = {
    "": True,
    "*": True,
    "2000": True,
    "1999": False,
    "1000-2000": True,
    "2000~3000": True,
    "1000 - 1999": False,
}


@pytest.mark.parametrize("written", PORTS)
def test_ports(tmp_path: Path, written: str) -> None:
    (told,) = ask(tmp_path, HEADER + f"{HOST},{written},,1772452800,,alice,\n", at(1))
    assert (told.status == "named") is PORTS[written]


def test_radius_by_inner_address_and_chinese_columns(tmp_path: Path) -> None:
    text = f"私网IP,公网IP,起始端口,结束端口,开始时间,结束时间,用户账号\n10.0.0.1,{HOST},1,9,1772452800,,甲\n"
    inner, outer = ask(tmp_path, text, at(1, host="10.0.0.1"), at(1, port=5))
    assert (names(inner), names(outer)) == (["甲"], ["甲"]), "ports are those of the public side"


def test_ipv6_however_it_is_written(tmp_path: Path) -> None:
    text = HEADER + "2001:DB8:0:0::7,,,1772452800,,alice,\n"
    (told,) = ask(tmp_path, text, at(1, host="2001:db8::7"))
    assert names(told) == ["alice"]


def test_of_very_many_names_some_are_kept_and_it_says_so(tmp_path: Path) -> None:
    rows = "".join(f"{HOST},,,1772452800,,user{number},\n" for number in range(MAX_CANDIDATES + 3))
    (told,) = ask(tmp_path, HEADER + rows, at(1))
    assert len(told.subscribers) == MAX_CANDIDATES
    assert told.note == "the log names more subscribers than these"


BAD = {
    f"{HOST},,,1772452800": ":2: 4 cells, 7 needed",
    f"{HOST},,,soon,,a,": ":2: from: 'soon' is no time",
    f"{HOST},,,2026-03-02 12:00:00,,a,": ":2: from: '2026-03-02 12:00:00' has no time zone",
    f"{HOST},,,1772452800,1772452700,a,": ":2: to: 1772452700 is before 1772452800",
    f"{HOST},9-1,,1772452800,,a,": ":2: port range: '9-1' is no range",
    f"{HOST},1-70000,,1772452800,,a,": ":2: port range",
    f"{HOST},,,1772452800,,,": ":2: subscriber: is empty",
    f"{HOST},,,1772452800,,a,nowhere": ":2: private address: 'nowhere' is no address",
    "10.0.0,,,1772452800,,a,": ":2: public address: '10.0.0' is no address",
}


@pytest.mark.parametrize("line", BAD)
def test_a_bad_line_is_told_and_the_rest_is_read(tmp_path: Path, line: str) -> None:
    told: list[str] = []
    (found,) = ask(tmp_path, f"{HEADER}{line}\n{HOST},,,1772452800,,alice,\n", at(1), told=told)
    assert names(found) == ["alice"]
    assert len(told) == 1
    assert BAD[line] in told[0]
    choose("zh")
    try:
        chinese = re.sub("public address|private address|port range", "", language.told(told[0]))
    finally:
        choose("en")
    assert re.search("[\u4e00-\u9fff]", chinese)
    assert not re.search("[a-z]{3,} [a-z]{3,}", chinese)


def test_very_many_bad_lines_do_not_fill_the_screen(tmp_path: Path) -> None:
    told: list[str] = []
    ask(tmp_path, HEADER + "x,,,,,,\n" * 1000, at(1), told=told)
    assert len(told) == MAX_TOLD + 1
    assert "1,000 lines could not be read" in told[-1]


@pytest.mark.parametrize(
    "header", ["from,subscriber\n", "public address,from\n", "public address,subscriber\n", ""]
)
def test_what_is_no_log_is_refused_before_anything_is_done(tmp_path: Path, header: str) -> None:
    (tmp_path / "nat.csv").write_text(header)
    with pytest.raises(NetminedetError, match=r"nat\.csv"):
        check_log(str(tmp_path / "nat.csv"))


def test_a_packed_log_and_one_that_is_cut(tmp_path: Path) -> None:
    packed = gzip.compress(BLOCKS.encode() + b"9.9.9.9,,,1772452800,,x,\n" * 20_000)
    for data, bad in ((packed, 0), (packed[:-20], 1)):
        path = tmp_path / "nat.csv.gz"
        path.write_bytes(data)
        told: list[str] = []
        allocations = Allocations([at(1)], 0, reader_of(None))
        allocations.read(str(path), told.append)
        assert names(allocations.answer(at(1))) == ["alice"]
        assert len(told) == allocations.bad_lines == bad


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    path = tmp_path / "nat.csv"
    line = f"{HOST},1024-2047,,1772452800,1772452899,alice,10.0.0.1\n"
    path.write_text(HEADER + line * 15_000)
    allocations = Allocations([at(second) for second in range(20)], 0, reader_of(None))
    tracemalloc.start()
    allocations.read(str(path), print)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert path.stat().st_size > 800_000
    assert peak < 300_000


ROWS = st.tuples(
    st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.sampled_from("abc")
)


@given(st.lists(ROWS, max_size=8), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=5))
def test_like_looking_at_every_line(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, int, int, int, str]],
    asked: list[tuple[int, int]],
) -> None:
    rows = [(min(p, q), max(p, q), min(s, e), max(s, e), who) for p, q, s, e, who in rows]
    text = HEADER + "".join(
        f"{HOST},{low}-{high},,{1_772_452_800 + start},{1_772_452_800 + end},{who},\n"
        for low, high, start, end, who in rows
    )
    questions = [at(second, port) for port, second in asked]
    answers = ask(tmp_path_factory.mktemp("log"), text, *questions)
    for (port, second), told in zip(asked, answers, strict=True):
        who = {who for low, high, start, end, who in rows if low <= port <= high and start <= second <= end}
        assert set(names(told)) == who
        assert told.status == ("named" if len(who) == 1 else "ambiguous" if who else "gap")


PIECES = [HOST.encode(), b",", b"1-9", b"1772452800", b"a", b'"', b"\n", b"\r", b"\0", b"\xff", b"::1"]
HOSTILE = st.one_of(
    st.binary(max_size=300),
    st.lists(st.sampled_from(PIECES)).map(b"".join).map(lambda rows: HEADER.encode() + rows),
)


@pytest.mark.parametrize("cut", [2, 3, 9, 12, 30])
@pytest.mark.parametrize("flip", [False, True])
def test_a_packed_file_that_is_damaged_is_one_line(tmp_path: Path, cut: int, flip: bool) -> None:
    packed = bytearray(gzip.compress(BLOCKS.encode() * 50, mtime=0))
    if flip:
        packed[cut] ^= 0xFF
    else:
        del packed[cut:]
    path = tmp_path / "nat.csv.gz"
    path.write_bytes(packed)
    told: list[str] = []
    with contextlib.suppress(NetminedetError):
        Allocations([at(1)], 0, reader_of(None)).read(str(path), told.append)
    with contextlib.suppress(NetminedetError):
        check_log(str(path))
    with contextlib.suppress(NetminedetError):
        Subnets([str(path)], told.append)
    assert all("\n" not in line for line in told)


@given(HOSTILE)
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("log") / "x.csv"
    path.write_bytes(data)
    allocations = Allocations([at(1)], 0, reader_of(None))
    told: list[str] = []
    with contextlib.suppress(NetminedetError):
        allocations.read(str(path), told.append)
    with contextlib.suppress(NetminedetError):
        Subnets([str(path)], told.append)
    assert allocations.answer(at(1)).status in ("named", "ambiguous", "gap")
    assert all("\n" not in line for line in told)
