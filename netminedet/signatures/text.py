"""Turns hostile values into text that is safe to print: details and excerpts."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from netminedet.model import EXCERPT_LIMIT

#: Longest value kept in a match's details, in characters.
DETAIL_LIMIT = 200

#: In an excerpt: longest string kept whole (a Monero address with a payment id and a rig
#: fits), items kept of a list or object, and levels of nesting kept.
EXCERPT_STRING_LIMIT = 120
EXCERPT_ITEM_LIMIT = 24
EXCERPT_DEPTH_LIMIT = 6

#: Integers longer than this are no protocol's; printing them could take long.
INTEGER_BITS_LIMIT = 256

#: Keys whose values never reach an excerpt, wherever they stand.
SECRET_KEYS = frozenset(
    {"pass", "password", "passwd", "passphrase", "pwd", "secret", "x-pass"}
    | {"token", "access-token", "access_token", "api-key", "apikey", "x-api-key", "auth", "authorization"}
)

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

CUT = "…"
REDACTED = "***"

#: How much of a string is searched for the password of a URL.
_URL_LIMIT = 4096


def url_password(stop: str = "") -> str:
    """A pattern for a URL with a password (RFC 3986 section 3.2.1), which is its second group.

    ``stop``: what else, besides blanks and a slash, ends the URL where it stands.
    """
    return rf"(://[^/@:\s{stop}]*:)([^/\s{stop}]*)@"


_URL_PASSWORD = re.compile(url_password())

#: A place in a JSON message: object keys and list indexes, outermost first.
Place = tuple[str | int, ...]


def printable(text: str, limit: int) -> str:
    """The text without control characters, bidi overrides and lone surrogates, cut at ``limit``."""
    kept = text[: 4 * limit]
    if not kept.isprintable():
        kept = "".join(character for character in kept if character.isprintable())
    return kept if len(kept) <= limit else kept[: limit - 1] + CUT


def detail(value: object) -> str | None:
    """A string or number as the text of a detail; None for anything else and for nothing."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value) if value.bit_length() <= INTEGER_BITS_LIMIT else None
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        return printable(without_password(value), DETAIL_LIMIT).strip() or None
    return None


def without_password(text: str) -> str:
    """A text without the passwords of URLs in it."""
    if "://" not in text:
        return text
    return _URL_PASSWORD.sub(rf"\1{REDACTED}@", text[:_URL_LIMIT])


def excerpt(message: object, secrets: Sequence[Place]) -> str:
    """The message as compact JSON of at most ``EXCERPT_LIMIT`` characters, secrets cut out."""
    shown = _shown(message, tuple(secrets), EXCERPT_DEPTH_LIMIT)
    return printable(_ENCODE(shown), EXCERPT_LIMIT)


def _shown(value: object, secrets: tuple[Place, ...], depth: int) -> object:
    if () in secrets:
        return REDACTED
    if isinstance(value, str):
        return printable(without_password(value), EXCERPT_STRING_LIMIT)
    if isinstance(value, (dict, list)):
        return _shown_container(value, secrets, depth - 1) if depth else CUT
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > INTEGER_BITS_LIMIT:
        return CUT
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return CUT


def _shown_container(
    value: dict[object, object] | list[object], secrets: tuple[Place, ...], depth: int
) -> object:
    if isinstance(value, list):
        items = [
            _shown(item, _below(secrets, index), depth)
            for index, item in enumerate(value[:EXCERPT_ITEM_LIMIT])
        ]
        return items if len(value) <= EXCERPT_ITEM_LIMIT else [*items, CUT]
    pairs: dict[str, object] = {}
    for key, item in value.items():
        if len(pairs) == EXCERPT_ITEM_LIMIT:
            pairs[CUT] = CUT
            break
        name = printable(str(key), EXCERPT_STRING_LIMIT)
        is_secret = isinstance(key, str) and key.lower() in SECRET_KEYS
        pairs[name] = REDACTED if is_secret else _shown(item, _below(secrets, key), depth)
    return pairs


def _below(secrets: tuple[Place, ...], step: object) -> tuple[Place, ...]:
    return tuple([place[1:] for place in secrets if place and place[0] == step]) if secrets else ()
