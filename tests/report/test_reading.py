"""Reports read back: the same bytes when they are written again, and one clear line for whatever is none."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from report_samples import FARM, SAMPLES, SOME, SampleReport
from test_report_injection import HOSTILE, spoiled

from netminedet import scan
from netminedet.errors import NetminedetError
from netminedet.model import FiveTuple
from netminedet.report.document import json_text, report_document
from netminedet.report.formats import load_format
from netminedet.report.reading import parse_report, read_report
from netminedet.suspects import Management, NodeSeen, ResolverSeen
from tests.conftest import ROOT, needs_shared_captures, shared_captures

RICH = replace(
    SOME,
    suspects=(
        replace(FARM, management=Management(("cgminer 4.11.1",), ("pool.example:3333",), 95.5e12)),
        *SOME.suspects,
    ),
    adjacent=(NodeSeen("10.0.0.5", "bitcoin-p2p", "", 5, 9, ("192.0.2.1",), False, FARM.evidence[0].where),),
    resolvers=(ResolverSeen("10.0.0.53", ("x.example",), ("10.0.0.5",), True, 5, 9),),
)
REPORTS = {**SAMPLES, "rich": RICH}


def written(report: Any, form: str = "json") -> str:
    stream = io.StringIO()
    load_format(form).render(report, stream, color=False, width=120)
    return stream.getvalue()


def read(text: str) -> Any:
    return parse_report(text.encode(), "REPORT.json")


@pytest.mark.parametrize("name", REPORTS)
def test_samples_come_back(name: str) -> None:
    text = written(REPORTS[name])
    back = read(text)
    for form in ("json", "jsonl", "table"):
        assert written(back, form) == written(REPORTS[name], form)
    assert back.to_dict() == json.loads(text)


@pytest.mark.parametrize("path", sorted(ROOT.glob("pcaps/*.pcap*")), ids=lambda path: path.name)
def test_reports_of_sample_captures_come_back(path: Path) -> None:
    report = scan(path, adjacent=True)
    for form in ("json", "jsonl", "table"):
        assert written(read(written(report)), form) == written(report, form)


@needs_shared_captures
@pytest.mark.parametrize("path", shared_captures("mining"), ids=lambda path: path.name)
def test_reports_of_real_captures_come_back(path: Path) -> None:
    report = scan(path, adjacent=True)
    for form in ("json", "jsonl", "table"):
        assert written(read(written(report)), form) == written(report, form)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_strings_come_back(text: str) -> None:
    document = written(spoiled(text))
    assert written(read(document)) == document


numbers = st.floats(min_value=0.0, max_value=1e30)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=4))
@settings(max_examples=60)
def test_sums_are_those_of_the_digits_shown(figures: list[tuple[float, float]]) -> None:
    (one,) = FARM.hash_rates
    assert one.power is not None
    suspects = tuple(
        replace(
            FARM,
            host=f"10.0.0.{number}",
            hash_rates=(
                replace(
                    one,
                    rate=replace(one.rate, typical=rate, high=rate * 1.1),
                    power=replace(one.power, low_kw=power * 0.9, typical_kw=power),
                ),
            ),
        )
        for number, (rate, power) in enumerate(figures)
    )
    text = written(SampleReport(suspects=suspects))
    assert written(read(text)) == text


def document() -> dict[str, Any]:
    return report_document(RICH)


def spoil(*path: Any, value: Any) -> str:
    """The document with one value put in another's place."""
    whole = document()
    at: Any = whole
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return json.dumps(whole)


GOOD = json_text(document())
BAD = [
    ("", "is empty"),
    (" \n", "is empty"),
    ("{}", "JSON, but no report"),
    ("[]", "is no report"),
    ("null", "is no report"),
    ("hello", "is no report"),
    (GOOD[: len(GOOD) // 2], "cut off or damaged"),
    (GOOD + GOOD, "damaged"),
    (written(SOME, "jsonl"), "JSON Lines"),
    ('{"schema":"netminedet.report/2","all":"else"}', "of the form netminedet.report/2"),
    ('{"schema":"netminedet.report/\\u001b[2J","all":"else"}', "of the form"),
    ('{"schema":"else/1"}', "JSON, but no report"),
    ('{"schema":7}', "is no report"),
    (spoil("schema", value="netminedet.report/9"), "of the form netminedet.report/9"),
    (spoil("suspects", 1, "host", value="10.0.0.999"), "suspects[1]: '10.0.0.999' is no address"),
    (spoil("suspects", 1, "host", value="fe80::1%\x1b[2J"), "$.suspects[1].host"),
    (spoil("suspects", 0, "host", value="a" * 1_000_000), "$.suspects[0].host"),
    (spoil("suspects", 0, "verdict", value="guilty"), "guilty"),
    (spoil("suspects", 0, "flows", value=-1), "$.suspects[0].flows"),
    (spoil("suspects", 0, "flows", value=2**70), "$.suspects[0].flows"),
    (spoil("suspects", 0, "flows", value="many"), "$.suspects[0].flows"),
    (spoil("suspects", 0, "first_seen", value="2024-01-31"), "suspects[0]: '2024-01-31' is no time"),
    (spoil("suspects", 0, "first_seen", value="2024-13-31T00:00:00.000000+00:00"), "is no time"),
    (spoil("suspects", 0, "last_seen", value="9999-12-31T00:00:00.000000+00:00"), "out of the years"),
    (spoil("suspects", 0, "evidence", 0, "flow", "src_ip", value="1.2.3"), "suspects[0]: evidence[0]"),
    (spoil("suspects", 0, "evidence", 0, "flow", "tunnel", 0, "id", value="x"), "no number of a VLAN"),
    (spoil("suspects", 0, "hash_rates", 0, "typical", value=1e300), "$.suspects[0].hash_rates[0]"),
    (spoil("suspects", 0, "pools", 0, "port", value=65536), "$.suspects[0].pools[0].port"),
    (spoil("inputs", 0, "sha256", value="zz"), "$.inputs[0].sha256"),
    (spoil("resolvers", 0, "clients", 0, value="1.2.3"), "resolvers[0]: '1.2.3' is no address"),
    ('{"schema":"netminedet.report/1","x":' + "[" * 1_000_000, ""),
    ("[" * 1_000_000, ""),
    (GOOD.replace("stratum-v1", "\\ud800", 1), ""),
    (GOOD.replace(":3,", ":1e999,", 1), ""),
]


@pytest.mark.parametrize(("text", "said"), BAD, ids=range(len(BAD)))
def test_what_is_no_report_is_one_clear_line(text: str, said: str) -> None:
    with pytest.raises(NetminedetError) as raised:
        read(text)
    message = str(raised.value)
    assert message.startswith("REPORT.json: ")
    assert said in message
    assert message.isprintable()
    assert len(message) < 700
    assert ";" in message  # what to do about it


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (bytes.fromhex("d4c3b2a1020004000000"), "is a capture"),
        (bytes.fromhex("0a0d0d0a1c000000"), "is a capture"),
        (bytes.fromhex("1f8b0800"), "is compressed"),
        (b"\xff\xfe{\x00}\x00", "is no report"),
        (b'{"schema":"\xff"}', "is no report"),
    ],
)
def test_other_files_are_told_apart(data: bytes, said: str) -> None:
    with pytest.raises(NetminedetError, match=said):
        parse_report(data, "REPORT.json")


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_order(data: bytes) -> None:
    with pytest.raises(NetminedetError):
        parse_report(data, "REPORT.json")


def leaves(at: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    entries = at.items() if isinstance(at, dict) else enumerate(at) if isinstance(at, list) else ()
    inner = [deeper for key, value in entries for deeper in leaves(value, (*path, key))]
    return [path, *inner] if path else inner


@given(
    st.sampled_from(leaves(document())),
    st.sampled_from([None, True, -1, 2**80, 1e308, "", "\x00\x1b", [], {}, [[]], ["x"], {"a": "b"}]),
)
@settings(max_examples=150)
def test_any_value_anywhere_is_read_or_refused(path: tuple[Any, ...], value: Any) -> None:
    try:
        report = read(spoil(*path, value=value))
    except NetminedetError:
        return
    assert written(read(written(report))) == written(report)
    assert written(report, "table")


def test_keys_of_later_releases_are_passed_over() -> None:
    whole = document()
    whole["later"] = whole["suspects"][0]["later"] = {"any": [1]}
    assert written(read(json.dumps(whole))) == written(RICH)


def test_reports_of_earlier_releases_are_read() -> None:
    whole = document()
    for suspect in whole["suspects"]:
        for rate in suspect["hash_rates"]:
            (rate["power"] or {}).pop("basis", None)
    report = read(json.dumps(whole))
    assert {rate.power.basis for one in report.suspects for rate in one.hash_rates if rate.power} == {
        "algorithm"
    }


def test_a_byte_order_mark_is_no_damage() -> None:
    assert written(parse_report(b"\xef\xbb\xbf" + GOOD.encode(), "x")) == written(RICH)


def test_from_a_file_and_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.json"
    path.write_text(GOOD, encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
    assert written(read_report(str(path))) == written(read_report("-")) == written(RICH)


@pytest.mark.parametrize("path", ["nowhere.json", ".", "a\0b"])
def test_paths_that_cannot_be_read(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NetminedetError, match="netminedet scan --format json"):
        read_report(path)


def test_a_document_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netminedet.report.reading.MAX_REPORT_BYTES", 100)
    path = tmp_path / "huge.json"
    path.write_text(GOOD, encoding="utf-8")
    with pytest.raises(NetminedetError, match="larger than 100 bytes"):
        read_report(str(path))


def test_addresses_are_those_of_the_flow() -> None:
    flow = read(GOOD).suspects[0].evidence[0].where.flow
    assert flow == FiveTuple("192.168.20.15", 49152, "203.0.113.25", 3333, "tcp")
