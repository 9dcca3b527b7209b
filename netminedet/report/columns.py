"""The columns of the table for people: what each shows and how wide it is.

A cell is a few short lines.  In 80 columns a row answers who, what, how sure and since
when; where there is more room, further columns join in the order of their ``rank``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct
from rich.cells import cell_len

from netminedet.language import N_, _, told
from netminedet.report.proxies import is_proxy
from netminedet.report.sizes import size_cell
from netminedet.report.text import ELLIPSIS, amount, bracketed, plural, printable, size
from netminedet.report.times import date_and_clock
from netminedet.suspects import Pool, Suspect

#: Blank columns between two columns.
GAP = 1

#: Lines that one long name or address may take in a folded cell.
_FOLD_LIMIT = 3


class Column(Struct, frozen=True):
    """One column: how to fill it and how much room it may take."""

    #: in English: the catalogue has the other
    header: str
    lines: Callable[[Suspect], list[str]]
    #: 0: always shown; else the order in which it joins where there is room
    rank: int
    #: the narrowest width at which it still serves
    least: int
    #: the widest that it may grow
    most: int
    right: bool = False
    #: break long lines into several, instead of cutting out their middle
    fold: bool = False


def choose(suspects: Sequence[Suspect], width: int) -> list[tuple[Column, int]]:
    """The columns that fit into ``width``, each with the width it gets; none that would be empty."""
    columns = [column for column in COLUMNS if column.rank == 0 or _says_something(column, suspects)]
    natural = {column.header: _natural(column, suspects) for column in columns}
    chosen = [column for column in columns if column.rank == 0]
    room = width - sum(min(natural[column.header], column.least) + GAP for column in chosen) + GAP
    for column in sorted((column for column in columns if column.rank), key=lambda column: column.rank):
        needed = min(natural[column.header], column.least) + GAP
        if needed > room:
            break
        chosen.append(column)
        room -= needed
    widths = {}
    for column in chosen:  # what is left over goes to those that were squeezed, in their order
        narrow = min(natural[column.header], column.least)
        widths[column.header] = narrow + min(max(room, 0), natural[column.header] - narrow)
        room -= widths[column.header] - narrow
    return [(column, widths[column.header]) for column in columns if column in chosen]


def cell(column: Column, suspect: Suspect, width: int) -> list[str]:
    """The lines of one cell, none wider than ``width``."""
    if not column.fold:
        return [shorten(line, width) for line in column.lines(suspect)]
    whole = [shorten(line, _FOLD_LIMIT * width) for line in column.lines(suspect)]
    return [piece for line in whole for piece in fold(line, width)]


def shorten(text: str, width: int) -> str:
    """``text`` in at most ``width`` columns of a terminal; its middle is left out if need be."""
    if cell_len(text) <= width:
        return text
    tail = (width - 1) // 2
    end = _start(text[::-1], tail)[::-1]
    return _start(text, width - 1 - tail) + ELLIPSIS + end


def fold(text: str, width: int) -> list[str]:
    """``text`` in pieces of at most ``width`` columns each, broken behind punctuation where it can be."""
    pieces = []
    while cell_len(text) > width:
        piece = _start(text, width) or text[0]
        mark = max(piece.rfind(mark) for mark in ":.-@ ") + 1
        piece = piece[:mark] if mark > len(piece) // 2 else piece
        pieces.append(piece)
        text = text[len(piece) :]
    return [*pieces, text]


def _start(text: str, width: int) -> str:
    """As much of the start of ``text`` as ``width`` columns hold."""
    used = 0
    for position, character in enumerate(text):
        used += cell_len(character)
        if used > width:
            return text[:position]
    return text


def _says_something(column: Column, suspects: Sequence[Suspect]) -> bool:
    return any(set(column.lines(suspect)) != {"-"} for suspect in suspects)


def _natural(column: Column, suspects: Sequence[Suspect]) -> int:
    """The width at which nothing of the column is cut, within its bounds."""
    widest = max((cell_len(line) for suspect in suspects for line in column.lines(suspect)), default=0)
    return min(max(widest, *(cell_len(line) for line in _(column.header).split("\n"))), column.most)


def _verdict(suspect: Suspect) -> list[str]:
    return [told(suspect.verdict.label)]


def _host(suspect: Suspect) -> list[str]:
    return [suspect.host, told(suspect.role.value)]


def _mines(suspect: Suspect) -> list[str]:
    dialects = [printable(dialect) for dialect in suspect.dialects[:2]] or ["?"]
    coins = ", ".join(printable(coin, 12) for coin in suspect.coins)
    return [*dialects, *_more(suspect.dialects[1:]), *([coins] if coins else [])]


def _pool(suspect: Suspect) -> list[str]:
    if not suspect.pools:
        return ["-"]
    pool = suspect.pools[0]
    names = [printable(pool.name)] if pool.name else []
    address = [_address(pool)] if pool.ip else []
    if address and is_proxy(pool, suspect):
        address = [_("{address} proxy").format(address=address[0])]
    return names + address + _more(suspect.pools)


def _address(pool: Pool) -> str:
    host = bracketed(pool.ip or "")
    port = "" if pool.port is None else f":{pool.port}"
    return f"{host}{port}{' tls' if pool.tls else ''}"


def _names(suspect: Suspect) -> list[str]:
    return [_first(suspect.workers) or "-", _first(suspect.wallets) or "-"]


def _agent(suspect: Suspect) -> list[str]:
    return [_first(suspect.agents) or "-"]


def _shares(suspect: Suspect) -> list[str]:
    shares = suspect.shares
    if not (shares.submitted or shares.accepted or shares.rejected):
        return ["-"]
    rejected = [_("{number} bad").format(number=amount(shares.rejected))] if shares.rejected else []
    accepted = _("{number} ok").format(number=amount(shares.accepted))
    return [amount(shares.submitted), accepted, *rejected]


def _traffic(suspect: Suspect) -> list[str]:
    return [size(suspect.bytes), plural(suspect.flows, "flow")]


def _since(suspect: Suspect) -> list[str]:
    return list(date_and_clock(suspect.first_seen))


def _last(suspect: Suspect) -> list[str]:
    return list(date_and_clock(suspect.last_seen))


def _first(texts: Sequence[str]) -> str:
    """The first of several; how many more there are stands behind it."""
    if not texts:
        return ""
    more = f" +{len(texts) - 1}" if len(texts) > 1 else ""
    return printable(texts[0]) + more


def _more(things: Sequence[object]) -> list[str]:
    return [_("+{number} more").format(number=len(things) - 1)] if len(things) > 1 else []


def _holder(suspect: Suspect) -> list[str]:
    unit = suspect.unit
    if unit is None:
        return ["-"]
    texts = [printable(text) for text in (unit.unit, unit.city, unit.operator) if text]
    return texts[:2] or [unit.cidr]


#: From left to right.
COLUMNS = (
    Column(N_("Verdict"), _verdict, rank=0, least=9, most=9),
    Column(N_("Host"), _host, rank=0, least=15, most=39, fold=True),
    Column(N_("Whose"), _holder, rank=2, least=12, most=30, fold=True),
    Column(N_("Mines"), _mines, rank=0, least=12, most=24, fold=True),
    Column(N_("Pool"), _pool, rank=0, least=21, most=40, fold=True),
    Column(N_("Worker\nWallet"), _names, rank=1, least=20, most=48),
    Column(N_("Program"), _agent, rank=4, least=16, most=32),
    Column(N_("Shares"), _shares, rank=0, least=8, most=9, right=True),
    Column(N_("Hash rate\nPower"), size_cell, rank=2, least=12, most=14, right=True),
    Column(N_("Traffic"), _traffic, rank=5, least=9, most=12, right=True),
    Column(N_("Since\n(UTC)"), _since, rank=0, least=10, most=10),
    Column(N_("Last seen\n(UTC)"), _last, rank=3, least=10, most=10),
)
