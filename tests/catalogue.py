"""The catalogue of messages: extracted from the code and the signatures, updated and compiled with Babel.

``python -m tests.catalogue`` brings ``netminedet.po`` up to date with the code, compiles it, and tells what
lacks a translation.  See CONTRIBUTING.md.
"""

from __future__ import annotations

import ast
import csv
import io
import string
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import yaml
from babel.messages import Catalog
from babel.messages.catalog import Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
PO = ROOT / "netminedet/locale/zh_CN/LC_MESSAGES/netminedet.po"
MO = PO.with_suffix(".mo")
#: The functions of netminedet.language whose arguments are messages; of two the second is for many.
KEYWORDS = {"_": None, "N_": None, "sentence": None, "ngettext": (1, 2), "number_of": (1, 2)}
#: The header's dates are fixed: they would change in every update, and say nothing that git does not.
_DATE = datetime(2026, 1, 1, tzinfo=timezone.utc)
_HEADER = "# Simplified Chinese messages of netminedet.\n#"
_WIDTH = 110


def extracted() -> Catalog:
    """All messages of the code, and the words of the data that reports quote."""
    catalog = Catalog(project="netminedet", creation_date=_DATE, charset="utf-8")
    for path in sorted((ROOT / "netminedet").rglob("*.py")):
        source, where = path.read_bytes(), [(path.relative_to(ROOT).as_posix(), None)]
        for _, message, _, _ in extract("python", io.BytesIO(source), keywords=KEYWORDS):
            catalog.add(message, locations=where)
        for noun in _nouns(source):
            catalog.add((f"{{n}} {noun}", f"{{n}} {noun}s"), locations=where)
    for path in sorted((ROOT / "netminedet").rglob("*.html")):
        where = [(path.relative_to(ROOT).as_posix(), None)]
        for _, message, _, _ in extract("jinja2", io.BytesIO(path.read_bytes()), keywords=KEYWORDS):
            catalog.add(message, locations=where)
    for path in sorted((ROOT / "signatures").glob("*.yaml")):
        for pattern in yaml.safe_load(path.read_text(encoding="utf-8")).get("messages", []):
            if "why" in pattern:
                catalog.add(pattern["why"], locations=[(f"signatures/{path.name}", None)])
    with (ROOT / "signatures" / "power.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            catalog.add(row["source"], locations=[("signatures/power.csv", None)])
    return catalog


def _nouns(source: bytes) -> Iterator[str]:
    """What stands as a noun in calls of `netminedet.report.text.plural`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "plural":
            noun = node.args[1]
            assert isinstance(noun, ast.Constant), "write the noun out: it is taken up from the source"
            yield str(noun.value)


def kept() -> Catalog:
    """The catalogue as it is in the file."""
    with PO.open("rb") as file:
        return read_po(file, locale="zh_CN")


def compiled(catalog: Catalog) -> bytes:
    """What the program reads of it."""
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def update() -> Catalog:
    """Take new messages up, drop those that are gone, and compile."""
    catalog = kept() if PO.exists() else Catalog(locale="zh_CN", project="netminedet")
    catalog.update(extracted(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.header_comment = _HEADER
    catalog.fuzzy = False
    catalog.version = "1"
    catalog.msgid_bugs_address = "netminedet"
    catalog.creation_date = catalog.revision_date = _DATE
    catalog.last_translator = catalog.language_team = "netminedet"
    with PO.open("wb") as file:
        write_po(file, catalog, width=_WIDTH, sort_output=True, include_lineno=False, omit_header=False)
    MO.write_bytes(compiled(kept()))
    return catalog


def faults(message: Message) -> list[str]:
    """What is wrong with a message's translation, in words; nothing where all is well."""
    texts = message.string if isinstance(message.string, tuple) else (message.string,)
    sources = message.id if isinstance(message.id, tuple) else (message.id,)
    found = []
    if message.fuzzy:
        found.append("is fuzzy")
    if not all(texts):
        return [*found, "is not translated"]
    wanted = set.union(*(places(source) for source in sources))
    for text in texts:
        if places(text) != wanted:
            found.append(f"has the places {sorted(places(text))} instead of {sorted(wanted)}")
    return found


def places(text: str) -> set[str]:
    """The named places of a message, with their formats; empty for one that is no format."""
    try:
        return {f"{name}:{form}" for _, name, form, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        return {"no format"}


def main() -> int:
    catalog = update()
    bad = [(message.id, fault) for message in catalog if message.id for fault in faults(message)]
    for name, fault in bad:
        print(f"{name!r}: {fault}")
    print(f"{len(catalog)} messages, {len(bad)} to be mended")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
