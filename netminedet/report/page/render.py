"""Fills the template of the page.

Every text that is put into it is made printable, then escaped, whoever wrote it.  A content security
policy forbids all but the page's own script and style, which it knows by their hashes: should
markup get through nevertheless, it would load and run nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from netminedet.errors import NetminedetError
from netminedet.language import language
from netminedet.report.like import ReportLike
from netminedet.report.text import printable

if TYPE_CHECKING:
    from jinja2 import Environment

    from netminedet.report.page.context import PageOptions

#: Characters of any one text.
_TEXT_LIMIT = 4000

#: Where scripts run, the script brings up all but the first rows: laying out ten thousand takes seconds.
_FIRST_ROWS = """@media screen and (scripting: enabled) {
#hosts tbody:not(.ready) tr:nth-child(n + 101) { display: none; }
}"""

_TEMPLATES = Path(__file__).parent / "templates"


def write_page(report: ReportLike, stream: TextIO, options: PageOptions | None = None) -> None:
    """Write the page; raises NetminedetError where what draws it is not installed."""
    check_installed()
    from msgspec.structs import replace

    from netminedet.report.figures import rounded_suspect
    from netminedet.report.page.context import PageOptions, context_of
    from netminedet.report.page.packs import packs_of
    from netminedet.report.plain import plain_report

    report = plain_report(report)
    report = replace(report, suspects=tuple(map(rounded_suspect, report.suspects)))
    options = options or PageOptions()
    environment = _environment(_part("page.js") if options.script else "", language())
    context = context_of(report, options)
    article = environment.get_template("section.html").make_module(context).article  # type: ignore[attr-defined]
    packs = packs_of(report.suspects, context["sections_shown"], options.clock, article)
    context |= {"article": article, "packs": packs if options.script else None}
    for chunk in environment.get_template("page.html").generate(**context):
        stream.write(chunk)


def check_installed() -> None:
    """Raises NetminedetError where Jinja2 or matplotlib are missing."""
    from importlib.util import find_spec

    missing = [name for name in ("jinja2", "matplotlib") if find_spec(name) is None]
    if missing:
        raise NetminedetError(
            f"HTML and PDF reports need {' and '.join(missing)}; "
            "install with: pip install 'netminedet[report]'"
        )


@cache
def _environment(script: str, _language: str) -> Environment:
    """The templates with what they call; ``script`` is the page's.  The style has words of the language."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    from netminedet.language import _, ngettext, told
    from netminedet.report.text import plural, size

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_shown,
    )
    style = "\n".join((_part("page.css"), _labels(), _FIRST_ROWS if script else ""))
    environment.globals.update(
        _=_,
        ngettext=ngettext,
        told=told,
        plural=plural,
        size=size,
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script),
    )
    environment.filters["foreign"] = foreign
    environment.filters["markup"] = Markup
    environment.filters["number"] = "{:,}".format
    return environment


def foreign(text: str) -> Any:
    """A text that others may have written, kept from changing the direction of what stands beside it."""
    from markupsafe import Markup, escape

    shown = escape(_shown(text))
    return shown if shown.isascii() else Markup(f"<bdi>{shown}</bdi>")


def _shown(value: Any) -> Any:
    """What is put into the page: texts in printable form, what is markup already as it is."""
    is_text = type(value) is str or (isinstance(value, str) and not hasattr(value, "__html__"))
    return printable(value, _TEXT_LIMIT) if is_text else value


def _part(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8").strip()


def _labels() -> str:
    """A rule for each column of the table of hosts: on a narrow screen its cells have their own headings."""
    from netminedet.report.page.context import headings

    names = enumerate((json.dumps(name, ensure_ascii=False) for name, _kind in headings()), 1)
    rules = [f"#hosts td:nth-child({place})::before {{ content: {name}; }}" for place, name in names]
    return "\n".join(["@media screen and (max-width: 1080px) {", *rules[1:], "}"])


def _policy(style: str, script: str) -> str:
    scripts = f"; script-src {_hash(script)}" if script else ""
    return f"default-src 'none'; style-src {_hash(style)}{scripts}; base-uri 'none'; form-action 'none'"


def _hash(part: str) -> str:
    """A part as the policy knows it: with the line breaks that the template puts around it."""
    digest = hashlib.sha256(f"\n{part}\n".encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
