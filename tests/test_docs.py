"""The README and docs/ say what is so: commands, options, output, modules, limits, links."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from netminedet import limits
from netminedet.cli import main
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
READMES = {"en": README, "zh": CHINESE}
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("pcaps/*.md"), *ROOT.glob("tests/**/*.md")]

LIMITS = re.findall(r"^\| `(\w+)` \| ([\d,]+) \| `([\w/.]+)` \| (.*) \|$", ARCHITECTURE, re.MULTILINE)


def blocks(language: str, readme: str = README) -> list[str]:
    """The README's code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)


def marked(name: str, readme: str = README) -> str:
    """The README's code block that follows a marker, as .ci/run finds it."""
    (found,) = re.findall(rf"^<!-- {name} -->\n```\w+\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    return str(found)


def commands(command: click.Command, path: str = "netminedet") -> Iterator[tuple[str, click.Command]]:
    """All commands by their full names."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, f"{path} {name}")


COMMANDS = dict(commands(main.cli))


def options(command: click.Command) -> Iterator[str]:
    context = click.Context(command, help_option_names=main.cli.context_settings["help_option_names"])
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option):
            yield from (*parameter.opts, *parameter.secondary_opts)


@pytest.mark.parametrize("lang", READMES)
@pytest.mark.parametrize("name", COMMANDS)
def test_readme_names_every_command_and_option(name: str, lang: str) -> None:
    readme = READMES[lang]
    assert f"`{name}" in readme
    missing = [option for option in options(COMMANDS[name]) if not re.search(rf"[` ]{option}[` ]", readme)]
    assert missing == [], f"README ({lang}): describe these options of {name}"


@pytest.mark.parametrize("lang", READMES)
def test_readme_names_no_option_that_is_none(lang: str) -> None:
    known = {option for command in COMMANDS.values() for option in options(command)}
    written = set(re.findall(r"`(--?[a-z][\w-]*)", READMES[lang])) - {"-e"}  # pip's
    assert written - known == set()


@pytest.mark.parametrize("lang", READMES)
def test_readme_says_the_defaults(lang: str) -> None:
    from netminedet.api import DEFAULT_HOME_NET

    assert f"{limits.DEFAULT_MAX_FLOWS:,}" in READMES[lang]
    assert ", ".join(DEFAULT_HOME_NET) in READMES[lang]


@pytest.mark.parametrize("lang", READMES)
def test_readme_has_every_exit_code(lang: str) -> None:
    assert main.__doc__ is not None
    codes = re.findall(r"^(\d+) ", main.__doc__, re.MULTILINE)
    assert codes == re.findall(r"^\| (\d+) \|", READMES[lang], re.MULTILINE)


def test_the_readmes_have_the_same_parts() -> None:
    """Chapters, tables and examples of one are in the other, in the same order."""
    parts = r"^(#+) |^(```\w*)$|^(\|) --- \||^<!-- (.*) -->$"
    outlines = [re.findall(parts, readme, re.MULTILINE) for readme in READMES.values()]
    assert outlines[0] == outlines[1]
    rows = [len(re.findall(r"^\| ", readme, re.MULTILINE)) for readme in READMES.values()]
    assert rows[0] == rows[1], "a table of one README has rows that the other's lacks"


@pytest.mark.parametrize("lang", READMES)
def test_readme_names_every_key_of_the_report(lang: str) -> None:
    from netminedet import scan

    document = scan(ROOT / "pcaps" / "mixed.pcapng").to_dict()
    suspect = document["suspects"][0]
    for part in (document, document["tool"], document["inputs"][0], suspect, suspect["evidence"][0]):
        for key in part:
            assert f"`{key}`" in READMES[lang], key


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_python_examples_work(number: int) -> None:
    example, chinese = (blocks("python", readme)[number] for readme in READMES.values())
    assert ast.dump(ast.parse(example)) == ast.dump(ast.parse(chinese))  # but for remarks
    command = [sys.executable, "-W", "error", "-c", example]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("lang", READMES)
@pytest.mark.parametrize("name", ["recorded", "story"])
def test_recorded_output_is_what_comes_out(name: str, lang: str) -> None:
    first, recorded = marked(name, READMES[lang]).split("\n", 1)
    program, *arguments = first.removeprefix("$ ").split()
    assert program == "netminedet"
    done = subprocess.run(
        [sys.executable, "-m", "netminedet", *arguments],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "80", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
    )
    assert recorded == done.stdout, f"README ({lang}): record it again, with COLUMNS=80"


def test_the_two_commands_are_marked() -> None:
    assert "pcaps/" in marked("install command")
    assert "pytest" in marked("test command")
    assert 'readme_block "test command"' in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_readme_names_every_dependency() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    names = "requires|dependencies|crypto|deep|geoip|report|stix|test"
    lists = re.findall(rf"^(?:{names}) = (\[[^]]*\])", text, re.MULTILINE)
    assert len(lists) == 8
    for requirement in (one for many in lists for one in ast.literal_eval(many)):
        name = re.split(r"[>=<\[ ]", requirement)[0]
        for lang, readme in READMES.items():
            assert re.search(rf"(?<!\w){name}(?![A-Za-z])", readme), (
                f"README ({lang}): say what {name} is for"
            )


def test_architecture_names_every_module() -> None:
    modules = {path.name for path in (ROOT / "netminedet").rglob("*.py")} - {"__init__.py"}
    named = {Path(name).name for name in re.findall(r"`([\w/]+\.py)`", ARCHITECTURE)}
    assert modules - named == set(), "docs/architecture.md: say what these modules do"
    there = {
        path.name for folder in ("netminedet", "pcaps", "tests") for path in (ROOT / folder).rglob("*.py")
    }
    assert named - there == {"setup.py"}


def value_of(path: Path, name: str) -> Any:
    """A constant's value, from the source: a compiled kernel does not show its own."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(at, ast.Name) and at.id == name for at in node.targets
        ):
            value = node.value.args[1] if isinstance(node.value, ast.Call) else node.value
            return eval(ast.unparse(value), {})
    raise AssertionError(f"{path} has no {name}")


@pytest.mark.parametrize(("name", "value", "module", "_what"), LIMITS, ids=[limit[0] for limit in LIMITS])
def test_limits_are_as_documented(name: str, value: str, module: str, _what: str) -> None:
    assert value_of(ROOT / "netminedet" / module, name) == int(value.replace(",", ""))


def test_every_limit_is_documented() -> None:
    documented = {name for name, _, _, _ in LIMITS}
    rooms = (
        "limits",
        "story",
        "deep",
        "protocols.measure",
        "protocols.stream",
        "protocols.jsonlines",
        "protocols.conversation",
        "protocols.dns",
        "protocols.certificate",
    )
    for room in (*rooms, "verdict.findings", "verdict.flowfinding", "verdict.redirects", "verdict.weigh"):
        module = importlib.import_module(f"netminedet.{room}")
        limits = {name for name in vars(module) if name.startswith("MAX_")}
        assert limits - documented == set(), f"docs/architecture.md: list the limits of {room}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, heading = target.partition("#")
        if ":" in path:
            continue
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        if heading:
            assert heading in anchors(there.read_text(encoding="utf-8")), target


def anchors(text: str) -> set[str]:
    """The names that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
