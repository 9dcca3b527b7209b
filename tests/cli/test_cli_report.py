"""``netminedet report``: HTML and PDF from documents, and one clear line where something is missing."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from netminedet.errors import NetminedetError
from netminedet.report.page import pdf
from tests.conftest import SAMPLES

#: A PNG of one dot.
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="


def run(*arguments: str | Path, **extra: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "netminedet", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, env=os.environ | extra)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.json"
    done = run("scan", "--exit-zero", "--format", "json", "-o", path, SAMPLES / "mixed.pcapng")
    assert done.returncode == 0, done.stderr
    return path


def test_the_page_of_a_document_is_that_of_the_scan(document: Path) -> None:
    scanned = run("scan", "--exit-zero", "--format", "html", SAMPLES / "mixed.pcapng")
    read = run("report", document)
    assert read.returncode == scanned.returncode == 0, read.stderr
    assert read.stdout == scanned.stdout
    assert read.stderr == b""
    for suspect in json.loads(document.read_text(encoding="utf-8"))["suspects"]:
        assert suspect["host"].encode() in read.stdout


def test_options_reach_the_page(document: Path, tmp_path: Path) -> None:
    target, key = tmp_path / "report.html", tmp_path / "key"
    key.write_text("a key that nobody guesses", encoding="utf-8")
    options = ("--title", "March", "--sections", "1", "--utc-offset", "+08:00", "--mask", key, "--lang", "zh")
    done = run("report", *options, "-o", target, document)
    assert done.returncode == 0, done.stderr
    html = target.read_text(encoding="utf-8")
    assert "<h1>March</h1>" in html
    assert html.count("<article") == 1
    assert "UTC+08:00" in html
    assert 'lang="zh-CN"' in html
    assert "wallet-" in html


def test_several_reports_become_one(document: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    run("scan", "--format", "json", "-o", other, SAMPLES / "stratum-v1.pcap")
    done = run("report", document, other)
    assert done.returncode == 0, done.stderr
    merged = run("merge", document, other)
    (tmp_path / "merged.json").write_bytes(merged.stdout)
    assert done.stdout == run("report", tmp_path / "merged.json").stdout
    assert b"mixed.pcapng" in done.stdout
    assert b"stratum-v1.pcap" in done.stdout


@pytest.mark.skipif(pdf.browser() is None, reason="there is no Chromium")
def test_prints_to_pdf_by_the_name_of_the_file(document: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.pdf"
    done = run("report", "-o", target, document)
    assert done.returncode == 0, done.stderr
    assert target.read_bytes().startswith(b"%PDF-")
    assert target.stat().st_size > 20_000


@pytest.mark.parametrize(
    ("arguments", "extra", "message"),
    [
        (["--utc-offset", "8"], {}, b"'8' is no offset from UTC; write it like +08:00"),
        (["--sections", "-1"], {}, b"-1 is not in the range"),
        (["--clock-error", "nan"], {}, b"'nan' is not a number"),
        (["--log-timezone", "Mars"], {}, b"Mars"),
        (["--log-timezone", "+08:00"], {}, b"--log-timezone is for --subscribers"),
        (["--clock-error", "2"], {}, b"--clock-error is for --subscribers"),
        (["-o", "no/such/folder.html"], {}, b"its folder does not exist"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str], extra: dict[str, str], message: bytes, document: Path
) -> None:
    done = run("report", *arguments, document, **extra)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert done.stdout == b""


def test_where_nothing_prints_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pdf.BROWSER_VARIABLE, "no-such-browser")
    monkeypatch.setattr(pdf, "find_spec", lambda _name: None)
    with pytest.raises(NetminedetError, match="apt-get install chromium"):
        pdf.check_printer()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo no display >&2; exit 3", "could not print to PDF \\(no display\\)"),
        ("exit 3", "could not print to PDF \\(exit code 3\\)"),
        ('for one; do case $one in --print-to-pdf=*) echo junk > "${one#*=}";; esac; done', "gave no PDF"),
    ],
)
def test_a_browser_that_cannot_print(
    script: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "browser"
    fake.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv(pdf.BROWSER_VARIABLE, str(fake))
    with pytest.raises(NetminedetError, match=message):
        pdf.print_page("<!DOCTYPE html><title>x</title>")


def test_weasyprint_prints_the_page_and_fetches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError) as error:  # it, or a library of the system that it needs
        pytest.skip(f"WeasyPrint is not installed: {error}")
    monkeypatch.setenv(pdf.BROWSER_VARIABLE, "no-such-browser")
    image = tmp_path / "image.png"
    image.write_bytes(base64.b64decode(DOT))
    printed = pdf.print_page(f'<!DOCTYPE html><title>x</title><img src="{image.as_uri()}">')
    assert printed.startswith(b"%PDF-")
    assert b"/Image" not in printed


def test_the_page_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import util

    from netminedet.report.formats import load_format

    monkeypatch.setattr(util, "find_spec", lambda name: None)
    with pytest.raises(NetminedetError, match=r"pip install 'netminedet\[report\]'"):
        load_format("html")
