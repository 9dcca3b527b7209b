"""JSON that is too long to be kept whole: what its beginning and its end still tell.

A Bitcoin block handed in is one hexadecimal string of up to 8 MB.  Its verb stands before or
behind that string, so the first and the last bytes are enough; the string itself is cut.
"""

from __future__ import annotations

from typing import Any

import msgspec

#: Bytes at the beginning that are read where beginning and end do not fit together, and how deep.
MAX_BEGINNING = 4096
MAX_DEPTH = 32

_decode = msgspec.json.Decoder().decode
_CLOSING = {ord("{"): b"}", ord("["): b"]"}
_QUOTE, _BACKSLASH, _COMMA = ord('"'), ord("\\"), ord(",")


def read_cut(beginning: bytes, end: bytes) -> Any:
    """The value of which these are the first and the last bytes; None where that cannot be told.

    Where one string covers all that is missing, the value is whole but for that string.  Else
    the beginning alone is read, and its open strings and lists are closed where they are cut: it
    counts only if it is an object with a "method".
    """
    whole = _value(beginning.lstrip() + end.rstrip())
    if whole is not None:
        return whole
    for text in _closed(beginning.lstrip()[:MAX_BEGINNING]):
        value = _value(text)
        if isinstance(value, dict) and isinstance(value.get("method"), str):
            return value
    return None


def _value(text: bytes) -> Any:
    try:
        return _decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _closed(text: bytes) -> list[bytes]:
    """The text closed where it ends, and closed before its last comma."""
    stack: list[bytes] = []
    at_comma: tuple[int, list[bytes]] | None = None
    in_string = escaped = False
    for at, byte in enumerate(text):
        if in_string:
            in_string = escaped or byte != _QUOTE
            escaped = not escaped and byte == _BACKSLASH
        elif byte == _QUOTE:
            in_string = True
        elif byte in _CLOSING:
            stack.append(_CLOSING[byte])
            if len(stack) > MAX_DEPTH:
                return []
        elif stack and byte == stack[-1][0]:
            stack.pop()
        elif byte == _COMMA:
            at_comma = at, stack.copy()
    if escaped:
        text = text[:-1]
    found = [text + (b'"' if in_string else b"") + b"".join(reversed(stack))]
    if at_comma is not None:
        found.append(text[: at_comma[0]] + b"".join(reversed(at_comma[1])))
    return found
