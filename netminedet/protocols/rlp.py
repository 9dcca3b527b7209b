"""RLP, Ethereum's encoding of byte strings and lists (Yellow Paper, appendix B)."""

from __future__ import annotations

from typing import Union

Item = Union[bytes, "list[Item]"]

#: Lists in lists: more have none of the messages that are read here.
MAX_LEVELS = 5


def decode(data: bytes) -> tuple[Item, int]:
    """The first item, and how many bytes it takes; raises ValueError where there is none."""
    return _item(data, 0, len(data), 0)


def _item(data: bytes, at: int, end: int, level: int) -> tuple[Item, int]:
    if at >= end or level > MAX_LEVELS:
        raise ValueError("no item")
    first = data[at]
    if first < 0x80:
        return data[at : at + 1], at + 1
    begin, size = _bounds(data, at, 0x80 if first < 0xC0 else 0xC0)
    stop = begin + size
    if stop > end:
        raise ValueError("an item that is cut")
    if first < 0xC0:
        if size == 1 and data[begin] < 0x80:
            raise ValueError("not the shortest form")
        return data[begin:stop], stop
    items: list[Item] = []
    at = begin
    while at < stop:
        item, at = _item(data, at, stop, level + 1)
        items.append(item)
    return items, stop


def _bounds(data: bytes, at: int, base: int) -> tuple[int, int]:
    """Where the content of an item begins, and its size."""
    size = data[at] - base
    if size <= 55:
        return at + 1, size
    width = size - 55
    digits = data[at + 1 : at + 1 + width]
    size = int.from_bytes(digits, "big")
    if len(digits) < width or not digits[0] or size <= 55:
        raise ValueError("not the shortest form")
    return at + 1 + width, size
