"""What an agent string tells: software, version, and sometimes the very machine.

The table is ``signatures/agents.csv``.  Its patterns are Python regular expressions that
must match the whole string, whatever the case.  Strings are hostile, so patterns are kept to
forms that cannot run away: at most two repetitions (``*``, ``+`` or ``{m,n}``; ``?`` is
free), none of them of a group, no look-around and no back reference; and only the first
``AGENT_LIMIT`` characters are looked at.

An agent string is a claim.  Malware sends other miners' names, and pools' testers do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from msgspec import Struct

from netminedet.signatures.csvfile import Row, parse_rows, read_rows
from netminedet.signatures.places import signature_dir
from netminedet.signatures.text import printable

AGENTS_FILE = "agents.csv"
COLUMNS = (
    "pattern",
    "software",
    "kind",
    "vendor",
    "hardware",
    "algorithm",
    "power",
    "certainty",
    "source",
    "note",
)
REQUIRED_COLUMNS = ("pattern", "software", "kind")

#: asic: a dedicated machine; gpu, cpu: software on a computer; proxy: speaks for others;
#: market: rented hash power, the machines are elsewhere; browser: a relay for web pages;
#: lottery: a toy whose hash rate does not count.
KINDS = ("asic", "gpu", "cpu", "proxy", "market", "browser", "lottery")
CERTAINTIES = ("verified", "reported", "label")

#: Characters of an agent string that are looked at.
AGENT_LIMIT = 160

#: Repetitions that a pattern may have, so that matching stays quadratic at worst.
REPEATS_LIMIT = 2

_PATTERN_LIMIT = 200
_CACHE_LIMIT = 4096
#: One repetition operator; escaped characters and character classes are taken out before.
_REPEAT = re.compile(r"[*+]|\{[\d,]")
_LITERALS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_PLACEHOLDER = "{hardware}"
_FLAGS = re.IGNORECASE | re.DOTALL
#: A group without groups in it; and characters that stand for themselves and are not repeated.
_GROUP = re.compile(r"\([^()]*\)")
_PLAIN = re.compile(r"(?:[A-Za-z0-9 /-](?![?*+{]))*")


class Agent(Struct, frozen=True):
    """What an agent string says of its sender; empty fields are None."""

    software: str
    #: one of KINDS
    kind: str
    version: str | None = None
    vendor: str | None = None
    #: the machine's model, as power.csv knows it
    hardware: str | None = None
    #: name of an algorithm (see ``netminedet.estimate.algorithms``) if the software has but one
    algorithm: str | None = None
    #: key of a family in power.csv
    power: str | None = None
    #: "verified", "reported" or "label": a label names, it proves nothing
    certainty: str = "label"
    note: str = ""


class AgentRow(Struct, frozen=True):
    """One row of agents.csv."""

    pattern: str
    agent: Agent
    #: model with ``{hardware}`` where the pattern's group goes; empty if none is known
    hardware: str
    #: what every string that it matches begins with, in small letters; may be empty
    beginning: str = ""


class AgentTable:
    """Finds the row that an agent string matches; made by ``load_agents``."""

    def __init__(self, rows: Iterable[AgentRow]) -> None:
        self.rows = tuple(rows)
        self._known: dict[str, Agent | None] = {}

    def classify(self, agent: str) -> Agent | None:
        """What the string says; None if no row matches.  Never raises, whatever the string is."""
        text = printable(agent[: 2 * AGENT_LIMIT], AGENT_LIMIT).strip()
        if text in self._known:
            return self._known[text]
        folded = text.casefold()
        rows = (row for row in self.rows if folded.startswith(row.beginning))
        found = next((read for row in rows if (read := _read(row, text)) is not None), None)
        if len(self._known) < _CACHE_LIMIT:
            self._known[text] = found
        return found


def load_agents(directories: Sequence[Path] = ()) -> AgentTable:
    """The shipped table with those of further folders, whose rows come first, the last folder's foremost.

    Raises SignatureError with file, line, field and remedy.
    """
    tables = []
    shipped = signature_dir()
    for directory in (shipped, *directories):
        path = directory / AGENTS_FILE
        if path.is_file():
            rows = read_rows(path, COLUMNS, REQUIRED_COLUMNS)
            tables.append(_rows(rows, check=directory is not shipped))
    return AgentTable(row for table in reversed(tables) for row in table)


@cache
def shipped_agents() -> AgentTable:
    """The shipped table alone, read once: what conditions of signatures go by."""
    return load_agents()


def parse_agents(text: str, shown: str) -> AgentTable:
    """A table from its text; raises SignatureError."""
    return AgentTable(_rows(parse_rows(text, shown, COLUMNS, REQUIRED_COLUMNS), check=True))


def _read(row: AgentRow, text: str) -> Agent | None:
    found = re.compile(row.pattern, _FLAGS).fullmatch(text)  # compiled once: the module remembers
    if found is None:
        return None
    groups = found.groupdict()
    model = (groups.get("hardware") or "").strip()
    hardware: str | None = row.hardware
    if _PLACEHOLDER in row.hardware:
        hardware = row.hardware.replace(_PLACEHOLDER, model) if model else None
    base = row.agent
    return Agent(
        software=base.software,
        kind=base.kind,
        version=(groups.get("version") or "").strip() or None,
        vendor=base.vendor,
        hardware=hardware or None,
        algorithm=base.algorithm,
        power=base.power,
        certainty=base.certainty,
        note=base.note,
    )


def _rows(rows: Iterable[Row], *, check: bool) -> list[AgentRow]:
    """``check``: compile the patterns too.  The shipped ones were, by the tests."""
    found: dict[str, AgentRow] = {}
    for cells in rows:
        row = _row(cells)
        if check:
            _check(cells, row.pattern)
        if row.pattern in found:
            raise cells.error("pattern", f"{row.pattern!r:.60} stands above already; join the two rows")
        found[row.pattern] = row
    return list(found.values())


def _row(cells: Row) -> AgentRow:
    pattern = cells.required("pattern")
    hardware = cells["hardware"]
    if _PLACEHOLDER in hardware and "(?P<hardware>" not in pattern:
        raise cells.error("hardware", "the pattern has no group (?P<hardware>…) to put here; add one")
    certainty = cells.choice("certainty", CERTAINTIES) if cells["certainty"] else "label"
    agent = Agent(
        software=cells.required("software"),
        kind=cells.choice("kind", KINDS),
        vendor=cells["vendor"] or None,
        algorithm=cells["algorithm"] or None,
        power=cells["power"] or None,
        certainty=certainty,
        note=cells["note"],
    )
    return AgentRow(pattern, agent, hardware, _beginning(pattern))


def _beginning(pattern: str) -> str:
    """What every match of the pattern begins with, in small letters: as far as that is plain to see."""
    if "|" in _GROUP.sub("", _GROUP.sub("", _LITERALS.sub("x", pattern))):
        return ""
    plain = _PLAIN.match(pattern)
    return plain[0].casefold() if plain else ""


def _check(cells: Row, pattern: str) -> None:
    """Raise SignatureError if the pattern is not valid or could run away."""
    if len(pattern) > _PATTERN_LIMIT:
        raise cells.error("pattern", f"longer than {_PATTERN_LIMIT} characters; shorten it")
    bare = _LITERALS.sub("x", pattern)
    groups = bare.replace("(?P<version>", "(").replace("(?P<hardware>", "(").replace("(?:", "(")
    if "(?" in groups:
        raise cells.error("pattern", "use no groups but (…), (?:…), (?P<version>…) and (?P<hardware>…)")
    if re.search(r"\)[*+{]", bare):
        raise cells.error("pattern", "a group is repeated, which may run away; repeat single characters only")
    repeats = len(_REPEAT.findall(bare))
    if repeats > REPEATS_LIMIT:
        problem = f"{repeats} repetitions; use at most {REPEATS_LIMIT} of * + {{m,n}}"
        raise cells.error("pattern", problem)
    if re.search(r"\\[1-9]", pattern):
        raise cells.error("pattern", "a back reference; write the text itself")
    try:
        re.compile(pattern, _FLAGS)
    except (re.error, RecursionError, OverflowError) as error:
        raise cells.error("pattern", f"not a valid regular expression ({error}); check brackets") from None
