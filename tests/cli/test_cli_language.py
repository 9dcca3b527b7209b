"""``--lang`` before and after a command's name, and the locale; machines get English."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netminedet.cli.main import run
from netminedet.language import choose
from tests.conftest import SAMPLES

CAPTURE = str(SAMPLES / "stratum-v1.pcap")
CHINESE, ENGLISH = "判定理由", "Why"


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    yield
    choose("en")


@pytest.mark.parametrize(
    ("arguments", "locale", "expected"),
    [
        (["scan", "-q", CAPTURE], "C.UTF-8", ENGLISH),
        (["scan", "-q", CAPTURE], "zh_CN.UTF-8", CHINESE),
        (["--lang", "zh", "scan", "-q", CAPTURE], "C.UTF-8", CHINESE),
        (["scan", "-q", "--lang", "zh", CAPTURE], "C.UTF-8", CHINESE),
        (["--lang", "en", "scan", "-q", CAPTURE], "zh_CN.UTF-8", ENGLISH),
        (["--lang", "zh", "scan", "-q", "--lang", "en", CAPTURE], "zh_CN.UTF-8", ENGLISH),
        (["explain", "-q", "--lang", "zh", CAPTURE, "192.168.10.21"], "C.UTF-8", "何种情况会降低判定"),
    ],
)
def test_language(
    arguments: list[str],
    locale: str,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    assert run(arguments) == 1
    assert expected in capsys.readouterr().out


@pytest.mark.parametrize("form", ["json", "jsonl", "ecs", "cef", "syslog"])
def test_machines_get_english(
    form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = []
    for lang in ("en", "zh"):
        run(["--lang", lang, "scan", "-q", "--format", form, CAPTURE])
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]


def test_a_language_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--lang", "fr", "scan", CAPTURE]) == 2
    assert "'en', 'zh'" in capsys.readouterr().err
