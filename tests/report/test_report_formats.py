"""Every format: found by its file name, golden texts, the JSON Schema, same bytes each time."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from msgspec.structs import replace
from report_samples import EMPTY, FARM, LOOKUP, NOON, OFFICE, SAMPLES, SOME, SampleReport

from netminedet.errors import NetminedetError
from netminedet.report.document import json_text, report_document
from netminedet.report.formats import format_names, load_format
from netminedet.report.schema import schema_text
from netminedet.suspects import Role, Verdict

GOLDEN = Path(__file__).parent / "golden"

#: Set to anything to write the golden files anew; then read them before they are committed.
UPDATE = "NETMINEDET_UPDATE_GOLDEN"

CASES = [
    *[(name, "table", width) for name in SAMPLES for width in (80, 140)],
    *[(name, form, None) for name in ("some", "empty") for form in ("json", "jsonl")],
    *[("some", form, None) for form in ("csv", "cef", "syslog", "ecs", "misp", "blocklist")],
]


def rendered(report: SampleReport, form: str, *, color: bool = False, width: int | None = None) -> str:
    """The report as a format writes it."""
    stream = io.StringIO()
    load_format(form).render(report, stream, color=color, width=width)
    return stream.getvalue()


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json.loads(schema_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


@pytest.mark.parametrize(("name", "form", "width"), CASES)
def test_golden(name: str, form: str, width: int | None) -> None:
    golden = GOLDEN / (f"{name}-{width}.txt" if width else f"{name}.{form}")
    text = rendered(SAMPLES[name], form, width=width)
    if UPDATE in os.environ:
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SAMPLES)
def test_documents_are_valid(name: str, validator: Draft202012Validator) -> None:
    validator.validate(report_document(SAMPLES[name]))
    validator.validate(json.loads(rendered(SAMPLES[name], "json")))


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("role", Role)
def test_every_verdict_and_role_is_valid(
    verdict: Verdict, role: Role, validator: Draft202012Validator
) -> None:
    validator.validate(report_document(SampleReport(suspects=(replace(LOOKUP, verdict=verdict, role=role),))))


INVALID: list[Any] = [
    pytest.param(lambda d: d.update(extra=1), id="unknown-key"),
    pytest.param(lambda d: d["suspects"][0].update(extra=1), id="unknown-key-of-a-suspect"),
    pytest.param(lambda d: d["suspects"][0].pop("host"), id="no-host"),
    pytest.param(lambda d: d["suspects"][0].update(verdict="guilty"), id="unknown-verdict"),
    pytest.param(
        lambda d: d["suspects"][0].update(first_seen="2024-01-31 12:00:00"), id="time-without-offset"
    ),
    pytest.param(lambda d: d["suspects"][0]["evidence"][0].update(packet=0), id="packet-zero"),
    pytest.param(lambda d: d["totals"].update(lost=-1), id="negative-counter"),
    pytest.param(lambda d: d.pop("estimates"), id="no-estimates"),
    pytest.param(lambda d: d["suspects"][0]["hash_rates"][0].update(unit="W"), id="unknown-unit"),
    pytest.param(lambda d: d["suspects"][0]["hash_rates"][0].update(low=-1.0), id="negative-rate"),
    pytest.param(lambda d: d.update(schema="netminedet.report/2"), id="other-version"),
]


@pytest.mark.parametrize("spoil", INVALID)
def test_the_schema_refuses(spoil: Any, validator: Draft202012Validator) -> None:
    document = report_document(SOME)
    spoil(document)
    assert not validator.is_valid(document)


def test_the_keys_of_the_document() -> None:
    suspect = report_document(SOME)["suspects"][0]
    assert list(suspect)[:3] == ["host", "verdict", "role"]
    assert suspect["shares"] == {"submitted": 120, "accepted": 118, "rejected": 2}
    assert suspect["evidence"][0]["flow"] == {
        "src_ip": "192.168.20.15",
        "src_port": 49152,
        "dest_ip": "203.0.113.25",
        "dest_port": 3333,
        "proto": "TCP",
        "vlan": [100, 7],
        "tunnel": [
            {"kind": "vlan", "id": "100", "src_ip": None, "dest_ip": None},
            {"kind": "gtp-u", "id": "0x0000abcd", "src_ip": "10.200.0.1", "dest_ip": "10.200.0.2"},
            {"kind": "vlan", "id": "7", "src_ip": None, "dest_ip": None},
        ],
        "community_id": suspect["evidence"][0]["flow"]["community_id"],
    }


def test_totals_have_a_fixed_order() -> None:
    turned = replace(SOME, totals=dict(reversed(SOME.totals.items())))
    assert rendered(turned, "json") == rendered(SOME, "json")
    assert list(report_document(turned)["totals"])[:3] == ["packets", "bytes", "flows"]


@pytest.mark.parametrize("moment", [0, -1, -(10**18), (2**32 - 1) * 10**9, 2**63 - 1])
def test_times_of_any_age_are_valid(moment: int, validator: Draft202012Validator) -> None:
    suspect = replace(FARM, first_seen=moment, last_seen=moment)
    report = SampleReport(suspects=(suspect,), inputs=(replace(OFFICE, first_seen=moment, last_seen=moment),))
    validator.validate(report_document(report))
    for form in format_names():
        assert rendered(report, form)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_lacks_becomes_null(number: float) -> None:
    assert json_text({"a": number}) == '{"a":null}'


def test_jsonl_lines() -> None:
    start, *suspects, end = [json.loads(line) for line in rendered(SOME, "jsonl").splitlines()]
    assert [start["event_type"], end["event_type"]] == ["netminedet", "stats"]
    assert start["netminedet"]["schema"] == "netminedet.report/1"
    assert end["netminedet"]["suspects"] == len(suspects) == len(SOME.suspects)
    whole = report_document(SOME)
    assert [line["netminedet"]["suspect"] for line in suspects] == whole["suspects"]
    assert end["netminedet"]["inputs"] == whole["inputs"]
    assert end["netminedet"]["totals"] == whole["totals"]
    assert end["netminedet"]["estimates"] == whole["estimates"]
    assert start["timestamp"] == "2024-01-31T12:00:00.000000+00:00"
    first = suspects[0]
    assert first["alert"]["category"] == "coin-mining"
    assert (first["src_ip"], first["dest_port"], first["pcap_cnt"]) == ("192.168.20.15", 3333, 12)


def test_jsonl_of_a_suspect_without_evidence() -> None:
    report = SampleReport(suspects=(replace(FARM, evidence=()),))
    line = json.loads(rendered(report, "jsonl").splitlines()[1])
    assert line["src_ip"] == FARM.host
    assert "pcap_cnt" not in line


@pytest.mark.parametrize("width", [None, 1, 20, 80, 97, 110, 140, 200, 1000])
def test_the_table_keeps_to_its_width(width: int | None) -> None:
    from rich.cells import cell_len

    room = max(width or 80, 80)
    assert max(cell_len(line) for line in rendered(SOME, "table", width=width).splitlines()) <= room


def test_colour_only_where_asked_for() -> None:
    plain = rendered(SOME, "table")
    coloured = rendered(SOME, "table", color=True)
    assert "\x1b" not in plain
    assert "\x1b[1;31mconfirmed" in coloured
    assert "\x1b[33mprobable" in coloured


def test_the_table_ignores_the_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = rendered(SOME, "table")
    for name, value in [("COLUMNS", "300"), ("FORCE_COLOR", "1"), ("TERM", "dumb"), ("NO_COLOR", "1")]:
        monkeypatch.setenv(name, value)
        assert rendered(SOME, "table") == expected


def test_many_inputs_and_problems_are_listed_in_part() -> None:
    bad = replace(OFFICE, complete=False, problems=["unreadable"])
    text = rendered(replace(EMPTY, inputs=tuple(replace(bad, path=f"{n}.pcap") for n in range(500))), "table")
    assert "and 490 more" in text
    assert len(text.splitlines()) < 40


def test_many_suspects_take_little_time() -> None:
    many = tuple(replace(FARM, host=f"10.0.{n >> 8}.{n & 255}", first_seen=NOON + n) for n in range(300))
    assert rendered(SampleReport(suspects=many), "table").count("confirmed") == 300 + 1


def test_formats_are_named_by_their_files() -> None:
    assert {"blocklist-hosts", "csv", "json", "jsonl", "table"} <= set(format_names())
    with pytest.raises(NetminedetError, match=r"choose one of: .*json, jsonl, "):
        load_format("xls")


def test_a_new_file_is_a_new_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from netminedet.report import formats

    source = "MACHINE = True\ndef render(report, stream, **_): stream.write(report.tool_version)\n"
    (tmp_path / "brief.py").write_text(source, encoding="utf-8")
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(tmp_path)])
    assert "brief" in format_names()
    assert rendered(EMPTY, "brief") == "0.1.0"


def test_only_the_chosen_format_is_imported() -> None:
    program = (
        "import sys\n"
        "from netminedet.report.formats import load_format\n"
        "load_format('json')\n"
        "print([name for name in sys.modules if name.split('.')[0] == 'rich' or 'jsonl' in name])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
