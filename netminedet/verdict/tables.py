"""Tables of findings that traffic fills: how an entry gets in, and what is counted where there is no room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any, NamedTuple, Protocol, TypeVar

from netminedet.model import Where
from netminedet.verdict.order import place_of


class Room(NamedTuple):
    """The most entries of a table, and where it is counted what came too late for it."""

    most: int
    dropped: Counter[str]
    counter: str

    def is_left_in(self, table: dict[Any, Any]) -> bool:
        """Whether one more entry may be made; counted where not."""
        if len(table) < self.most:
            return True
        self.dropped[self.counter] += 1
        return False


class Sum(Protocol):
    """A finding that others are added to."""

    def merge(self, other: Any) -> None: ...
    def copy(self) -> Any: ...


class Placed(Protocol):
    """A finding that stands in a packet."""

    @property
    def where(self) -> Where: ...


_Key = TypeVar("_Key", bound=Hashable)
_Sum = TypeVar("_Sum", bound=Sum)
_Placed = TypeVar("_Placed", bound=Placed)


def merge_into(table: dict[_Key, _Sum], key: _Key, found: _Sum, room: Room) -> None:
    """Add ``found`` to the entry of its key; a copy of it is the first."""
    known = table.get(key)
    if known is not None:
        known.merge(found)
    elif room.is_left_in(table):
        table[key] = found.copy()


def keep_first(table: dict[_Key, _Placed], key: _Key, found: _Placed, room: Room) -> None:
    """Keep of each key the finding whose packet comes first."""
    known = table.get(key)
    if known is not None:
        table[key] = min(known, found, key=lambda one: place_of(one.where))
    elif room.is_left_in(table):
        table[key] = found
