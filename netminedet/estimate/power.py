"""Electric power from hash rate: the table ``signatures/power.csv`` and what it is worth.

The range of the result joins that of the hash rate with that of the efficiency: low with
low and high with high.  Nothing is said where the table knows neither the device nor the
algorithm.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from netminedet.estimate.rate import RateEstimate, spelled_rate
from netminedet.language import Sentence, as_sentence, number_of, sentence
from netminedet.signatures.agents import KINDS as AGENT_KINDS
from netminedet.signatures.csvfile import Row, parse_rows, read_rows
from netminedet.signatures.places import signature_dir

POWER_FILE = "power.csv"
COLUMNS = ("kind", "key", "algorithm", "per", "low", "typical", "high", "certainty", "source", "note")
REQUIRED_COLUMNS = ("kind", "key", "algorithm", "per", "low", "typical", "high", "source")

KINDS = ("device", "family", "algorithm")
CERTAINTIES = ("documented", "recalled", "estimate")

_PREFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_UNITS = ("H", "Sol", "g", "proof")
_NOT_BARE = re.compile(r"[^\w+]|_")
_AMOUNT = re.compile(r"\d{1,12}(?:\.\d{1,12})?(?:[eE][+-]?\d{1,2})?", re.ASCII)

#: Behind a model's name: its hash rate, as in "Antminer S19 Pro 110T".
_HASH_RATE = re.compile(r"\d{1,5}(?:\.\d{1,3})?[kmgt]?(?:h|hs|h/s)?", re.ASCII)

#: Kinds of devices that are no dedicated machines: what the table says of any device is not true of them.
COMPUTERS = frozenset({"gpu", "cpu", "browser", "lottery"})

#: Longest model name that is looked up.
_NAME_LIMIT = 80


class PowerRow(Struct, frozen=True):
    """One row of power.csv."""

    kind: str
    #: a model's name, a family's key or the algorithm itself
    key: str
    algorithm: str
    #: what is counted: "H", "Sol", "g" or "proof"
    unit: str
    #: joules for one hash (solution, graph, proof): watts for one a second
    low: float
    typical: float
    high: float
    certainty: str
    source: str
    note: str = ""


class PowerEstimate(Struct, frozen=True):
    """Electric power in kilowatts, and what was assumed.  Energies are these for a whole day."""

    low_kw: float
    typical_kw: float
    high_kw: float
    #: "device", "family", "algorithm" or "total"
    basis: str
    #: a sentence for the reader
    assumption: str

    @property
    def low_kwh_day(self) -> float:
        """Kilowatt hours in 24 hours at this power."""
        return 24.0 * self.low_kw

    @property
    def typical_kwh_day(self) -> float:
        """Kilowatt hours in 24 hours at this power."""
        return 24.0 * self.typical_kw

    @property
    def high_kwh_day(self) -> float:
        """Kilowatt hours in 24 hours at this power."""
        return 24.0 * self.high_kw


class PowerTable:
    """The rows of one or several power.csv; made by ``load_power``."""

    def __init__(self, rows: Iterable[PowerRow]) -> None:
        self.rows = tuple(rows)
        self._devices = {(_bare(row.key), row.algorithm): row for row in self.rows if row.kind == "device"}
        self._others = {(row.key, row.algorithm): row for row in self.rows if row.kind != "device"}

    def find(
        self, algorithm: str, *, hardware: str | None = None, families: Sequence[str] = ()
    ) -> PowerRow | None:
        """The row that fits best: the device's, else the first family's that has one, else the algorithm's.

        The last only for dedicated machines and where the kind is not known: a graphics card may take a
        thousand times what a machine made for the algorithm takes.

        ``hardware`` is a model's name in any spelling ("antminer s19 PRO 110T"); a model
        that the table lacks is not taken for a similar one.
        """
        device = self._device(hardware, algorithm) if hardware else None
        if device is not None:
            return device
        rest = () if is_computer(families) else (algorithm,)
        for key in (*families, *rest):
            row = self._others.get((key, algorithm))
            if row is not None:
                return row
        return None

    def algorithms_of(self, hardware: str) -> set[str]:
        """The algorithms that the table knows this model for; empty where it does not know it."""
        algorithms = {row.algorithm for row in self.rows if row.kind == "device"}
        return {one for one in algorithms if self._device(hardware, one) is not None}

    def estimate(
        self,
        rate: RateEstimate,
        algorithm: str,
        *,
        hardware: str | None = None,
        families: Sequence[str] = (),
    ) -> PowerEstimate | None:
        """The power that a hash rate takes; None without a rate or where the table knows nothing.

        ``families`` are keys of the table, the most fitting first: an agent's ``power`` and
        ``kind`` (see ``signatures.agents``).  Of hash power that a market rents out (kind
        "market") the machines are elsewhere: do not ask for it.
        """
        if rate.typical is None or rate.low is None or rate.high is None:
            return None
        row = self.find(algorithm, hardware=hardware, families=families)
        if row is None or row.unit != rate.unit:
            return None
        return PowerEstimate(
            low_kw=rate.low * row.low / 1000.0,
            typical_kw=rate.typical * row.typical / 1000.0,
            high_kw=rate.high * row.high / 1000.0,
            basis=row.kind,
            assumption=_assumption(row, rate),
        )

    def _device(self, hardware: str, algorithm: str) -> PowerRow | None:
        name = _bare(hardware[:_NAME_LIMIT])
        for end in range(len(name), 2, -1):
            row = self._devices.get((name[:end], algorithm))
            if row is not None and (end == len(name) or _HASH_RATE.fullmatch(name[end:])):
                return row
        return None


def is_computer(families: Iterable[str]) -> bool:
    """Whether all of these kinds are computers, and there is one."""
    kinds = set(families)
    return bool(kinds) and kinds <= COMPUTERS


def load_power(directories: Sequence[Path] = ()) -> PowerTable:
    """The shipped table with those of further folders: later rows of the same key replace earlier ones.

    Raises SignatureError with file, line, field and remedy.
    """
    rows: dict[tuple[str, str, str], PowerRow] = {}
    for directory in (signature_dir(), *directories):
        path = directory / POWER_FILE
        if path.is_file():
            rows.update(_keyed(read_rows(path, COLUMNS, REQUIRED_COLUMNS)))
    return PowerTable(rows.values())


def parse_power(text: str, shown: str) -> PowerTable:
    """A table from its text; raises SignatureError."""
    return PowerTable(_keyed(parse_rows(text, shown, COLUMNS, REQUIRED_COLUMNS)).values())


def total_power(estimates: Iterable[PowerEstimate]) -> PowerEstimate | None:
    """The sum for a report; None if there is nothing to add.

    All lows and all highs are added: assumptions that err, err in the same direction for
    all devices of a kind, so the ranges do not even out.
    """
    kept = list(estimates)
    if not kept:
        return None
    added = number_of("{n} estimate", "{n} estimates", len(kept))
    return PowerEstimate(
        low_kw=sum(one.low_kw for one in kept),
        typical_kw=sum(one.typical_kw for one in kept),
        high_kw=sum(one.high_kw for one in kept),
        basis="total",
        assumption=sentence("sum of {estimates}; hosts without a hash rate are not in it", estimates=added),
    )


def _keyed(rows: Iterable[Row]) -> dict[tuple[str, str, str], PowerRow]:
    found: dict[tuple[str, str, str], PowerRow] = {}
    for cells in rows:
        row = _row(cells)
        key = (row.kind, _bare(row.key), row.algorithm)
        if key in found:
            raise cells.error("key", f"{row.key} stands above already for {row.algorithm}; join the two rows")
        found[key] = row
    return found


def _row(cells: Row) -> PowerRow:
    kind = cells.choice("kind", KINDS)
    key = cells.required("key")
    algorithm = cells.required("algorithm")
    if kind == "algorithm" and key != algorithm:
        raise cells.error("key", f"{key!r:.60} is not the algorithm; a row of kind 'algorithm' repeats it")
    unit, scale = _per(cells)
    low, typical, high = (_amount(cells, column) for column in ("low", "typical", "high"))
    if not low <= typical <= high:
        raise cells.error("typical", "not between low and high; put the three in order")
    certainty = cells.choice("certainty", CERTAINTIES) if cells["certainty"] else "estimate"
    return PowerRow(
        kind=kind,
        key=key,
        algorithm=algorithm,
        unit=unit,
        low=low / scale,
        typical=typical / scale,
        high=high / scale,
        certainty=certainty,
        source=cells.required("source"),
        note=cells["note"],
    )


def _per(cells: Row) -> tuple[str, float]:
    text = cells.required("per")
    for prefix, scale in _PREFIXES.items():
        if text.startswith(prefix) and text[len(prefix) :] in _UNITS:
            return text[len(prefix) :], scale
    raise cells.error("per", f"unknown unit {text!r:.60}; use H, kH, MH, GH or TH, or the same with Sol or g")


def _amount(cells: Row, column: str) -> float:
    text = cells.required(column)
    value = float(text) if _AMOUNT.fullmatch(text) else math.nan
    if not 0.0 < value < math.inf:
        raise cells.error(column, f"{text!r:.60} is no positive number; write joules, like 31 or 0.36")
    return value


def _bare(name: str) -> str:
    """A model's name for comparison: small letters, digits and plus signs."""
    return _NOT_BARE.sub("", name.lower())


def _assumption(row: PowerRow, rate: RateEstimate) -> Sentence:
    amount, per = _readable(row)
    return sentence(
        "{device}, {watts} ({certainty}: {source}); {rate} {how}",
        device=_device(row),
        watts=sentence("{joules} J for {per}", joules=f"{amount:.3g}", per=per),
        certainty=as_sentence(row.certainty),
        source=as_sentence(row.source),
        rate=spelled_rate(rate.typical or 0.0, rate.unit),
        how=rate.method,
    )


def _device(row: PowerRow) -> Sentence:
    """Whose figures these are."""
    if row.kind == "device":
        article = sentence("an {name}", name=row.key) if row.key[:1] in "AEIOaeio" else None
        device = article or sentence("a {name}", name=row.key)
        return sentence("the device is {device}, as its software says", device=device)
    if row.kind == "family":
        return sentence(
            "the model is not known: a device of the kind '{kind}' for {algorithm}",
            kind=kind_word(row.key),
            algorithm=row.algorithm,
        )
    return sentence("the device is not known: any one for {algorithm}", algorithm=row.algorithm)


def kind_word(key: str) -> str:
    """The word for a kind of devices, which has one in each language; the key of a family is its name."""
    return sentence(key) if key in AGENT_KINDS else key


def _readable(row: PowerRow) -> tuple[float, str]:
    for prefix, scale in _PREFIXES.items():
        if row.typical * scale >= 0.3:
            return row.typical * scale, f"1 {prefix}{row.unit}"
    return row.typical * 1e12, f"1 T{row.unit}"
