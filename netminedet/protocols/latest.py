"""Tables of a connection that keep what came last."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def keep_latest(known: OrderedDict[_Key, _Value], key: _Key, value: _Value, most: int) -> None:
    """Keep the value as the latest of the table, and no more than ``most`` values: the oldest goes."""
    known[key] = value
    known.move_to_end(key)
    if len(known) > most:
        known.popitem(last=False)
