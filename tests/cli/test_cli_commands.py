"""The other commands, and help."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import netminedet.signatures
from netminedet import __version__
from netminedet.cli.main import run
from netminedet.signatures import Checked

COMMANDS = [
    [],
    ["scan"],
    ["explain"],
    ["signatures"],
    ["signatures", "list"],
    ["signatures", "check"],
    ["schema"],
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(command: list[str], option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, option]) == 0
    assert capsys.readouterr().out.startswith("Usage: netminedet")


def test_help_of_every_option_and_command() -> None:
    import click

    from netminedet.cli.main import cli

    def commands(group: click.Group) -> list[click.Command]:
        context = click.Context(group)
        found = [group.get_command(context, name) for name in group.list_commands(context)]
        return [child for command in found if command for child in [command, *more(command)]]

    def more(command: click.Command) -> list[click.Command]:
        return commands(command) if isinstance(command, click.Group) else []

    for command in commands(cli):
        assert command.help, command.name
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help, parameter.name


def test_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "netminedet report, version 1"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith(f"netminedet {__version__}, signatures ")


def test_signatures_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["signatures", "list"]) == 0
    out = capsys.readouterr().out
    assert "stratum-v1 " in out
    assert "sha256" in out.splitlines()[-1]


def test_signatures_list_with_an_empty_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["signatures", "list", "--signatures", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_signatures_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.yaml").write_text("id: [", encoding="utf-8")
    assert run(["signatures", "check", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert "broken.yaml" in out
    assert err == "netminedet: 1 problem found\n"


def test_signatures_check_of_the_built_in_ones(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checked = Checked(problems=(), dialects=1, messages=2, examples=3, lookalikes=4, pools=5)
    monkeypatch.setattr(netminedet.signatures, "check_counted", lambda _folder: checked)
    assert run(["signatures", "check"]) == 0
    expected = "all well: 1 signature file, 2 messages, 3 examples, 4 look-alikes, 5 pools\n"
    assert capsys.readouterr().out == expected
