"""Whatever the traffic names itself, no output can be steered by it."""

from __future__ import annotations

import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec.structs import replace
from report_samples import CUT, FARM, FEW, SampleReport

from netminedet import language
from netminedet.language import sentence
from netminedet.model import SignatureSetInfo
from netminedet.report.document import json_text, report_document
from netminedet.report.formats import format_names, load_format
from netminedet.report.mask import Masker, mask_suspect
from netminedet.report.schema import schema_text
from netminedet.report.text import printable
from netminedet.signatures.agents import Agent
from netminedet.suspects import Pool

HOSTILE = [
    pytest.param("\x1b[2J\x1b]0;owned\x07\x1b[31m", id="ansi"),
    pytest.param("\x9b31m\x85\x90", id="c1-controls"),
    pytest.param("[red]x[/red][link=http://evil.example]y[/link]", id="rich-markup"),
    pytest.param("[/]", id="closing-markup"),
    pytest.param(":smiley: {task.description} %s {0}", id="templates"),
    pytest.param('worker\nconfirmed 10.0.0.1\r\n{"event_type":"alert"}', id="line-breaks"),
    pytest.param("a\u2028b\u2029c\x0b\x0c\x1c\x1d\x1e\x85d", id="other-line-breaks"),
    pytest.param("\u202egnp.exe\u2066\u2069\u061c\u200f", id="writing-direction"),
    pytest.param("\u200b\u200d\ufeff\u00ad\U000e0041", id="invisible"),
    pytest.param("e" + "\u0301" * 500, id="tower-of-accents"),
    pytest.param("caf\udce9 \ud800", id="lone-surrogates"),
    pytest.param("\x00\x7f\uffff\ufffe", id="nul-and-noncharacters"),
    pytest.param("矿" * 300, id="wide"),
    pytest.param("\u05d0\u05d1 \u0639\u0631\u0628", id="right-to-left-letters"),
    pytest.param("</script><img src=x onerror=alert(1)>", id="html"),
    pytest.param("=cmd|'/c calc'!A0", id="spreadsheet-formula"),
    pytest.param("", id="empty"),
    pytest.param(" " * 500, id="blanks"),
    pytest.param("A" * 1_000_000, id="megabyte"),
]


#: What a format ends lines and columns with.
SEPARATORS = {"blocklist-zeek": {"\n", "\t"}}


def spoiled(text: str) -> SampleReport:
    """A report with ``text`` wherever a string may come from outside."""
    proof = FARM.evidence[0]
    proof = replace(proof, excerpt=text, why=text, where=replace(proof.where, input=text))
    agent = Agent(text, "asic", text, text, text, text, text, note=text)
    rate = replace(FEW, algorithm=text, ambiguity=text, rate=replace(FEW.rate, method=text))
    suspect = replace(
        FARM,
        software=(agent,),
        hash_rates=(rate, *FARM.hash_rates),
        reasons=(text,),
        dialects=(text, text, text),
        coins=(text,),
        pools=(Pool(text, None, None, tls=False),),
        workers=(text, "other"),
        wallets=(text,),
        agents=(text,),
        evidence=(proof,),
    )
    return SampleReport(
        suspects=(suspect,),
        inputs=(replace(CUT, path=text, problems=[text]),),
        signatures=SignatureSetInfo(version=text, sha256="ab" * 32, count=1),
    )


def rendered(report: SampleReport, form: str) -> str:
    stream = io.StringIO(newline="\n")
    load_format(form).render(report, stream, color=False, width=140)
    return stream.getvalue()


def steering(output: str, form: str) -> set[str]:
    """Characters that steer a terminal, end lines or change the direction of writing."""
    output.encode("utf-8")
    return {
        character
        for character in set(output) - SEPARATORS.get(form, {"\n"})
        if unicodedata.category(character) in ("Cc", "Zl", "Zp")
        or unicodedata.bidirectional(character)
        in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    }


@pytest.mark.parametrize("form", format_names())
@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_steers_gets_out(text: str, form: str) -> None:
    assert not steering(rendered(spoiled(text), form), form)


@pytest.mark.parametrize("form", ["csv", "html", "table"])
@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_steers_gets_out_in_chinese(
    text: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "_language", "zh")
    report = spoiled(text)
    (suspect,) = report.suspects
    reason = sentence("asked the DNS for {name}, a name of the mining pool {pool}", name=text, pool=text)
    reasons = (sentence("{account} (asked by {askers})", account=reason, askers=text), text)
    output = rendered(replace(report, suspects=(replace(suspect, reasons=reasons),)), form)
    assert not steering(output, form)
    assert "向 DNS" in output


@pytest.mark.parametrize("form", format_names())
@pytest.mark.parametrize("text", HOSTILE)
def test_masking_lets_nothing_out_either(text: str, form: str) -> None:
    (suspect,) = spoiled(text).suspects
    masked = mask_suspect(suspect, Masker("correct horse battery staple"))
    output = rendered(replace(spoiled(text), suspects=(masked,)), form)
    output.encode("utf-8")
    assert not {
        one
        for one in set(output) - SEPARATORS.get(form, {"\n"})
        if unicodedata.category(one) in ("Cc", "Zl", "Zp")
    }
    assert "other" not in masked.workers
    assert text not in masked.workers


@pytest.mark.parametrize("text", HOSTILE)
def test_the_table_stays_a_table(text: str) -> None:
    from rich.cells import cell_len

    lines = rendered(spoiled(text), "table").splitlines()
    assert max(map(cell_len, lines)) <= 140
    assert sum(line.startswith("confirmed 192.168.20.15") for line in lines) == 1
    assert not any(line.startswith("confirmed 10.0.0.1") for line in lines)
    assert len("\n".join(lines)) < 20_000


@pytest.mark.parametrize("text", HOSTILE)
def test_json_gives_the_string_back(text: str) -> None:
    document = json.loads(rendered(spoiled(text), "json"))
    Draft202012Validator(json.loads(schema_text())).validate(document)
    assert document == report_document(spoiled(text))
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert document["suspects"][0]["workers"][0] == text


@pytest.mark.parametrize("text", HOSTILE)
def test_jsonl_has_one_object_a_line(text: str) -> None:
    lines = rendered(spoiled(text), "jsonl").splitlines()
    assert [json.loads(line)["event_type"] for line in lines] == ["netminedet", "alert", "stats"]


def test_undecodable_file_names_stay_legible() -> None:
    document = report_document(spoiled("caf\udce9 \ud800"))
    assert document["inputs"][0]["path"] == r"caf\xe9 \ud800"


@given(st.text())
def test_any_text_becomes_one_printable_line(text: str) -> None:
    assert printable(text) == "" or printable(text).isprintable()


@given(st.text())
def test_any_text_comes_back_from_json(text: str) -> None:
    line = json_text({"worker": text})
    assert len(line.splitlines()) == 1
    assert json.loads(line) == {"worker": text}
