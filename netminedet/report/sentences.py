"""Sentences as plain data and back: their message and values beside the English, for other languages.

The machine's form of a sentence is ``{"message": ..., "values": {...}}``: what the catalogue knows it by,
and what fills the named places in it, each a string, a whole number or again such an object.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netminedet.language import Sentence, Value

JsonObject = dict[str, Any]

#: Sentences within sentences, and values of one, that are believed of a document.
MAX_DEPTH = 8
MAX_VALUES = 32


def sentence_document(text: str) -> JsonObject:
    """The message and values of a sentence; of another text, itself and none."""
    if not isinstance(text, Sentence):
        return {"message": text, "values": {}}
    values = {
        name: sentence_document(value) if isinstance(value, Sentence) else value
        for name, value in sorted(text.values.items())
    }
    return {"message": text.message, "values": values}


def sentence_from(english: str, document: object) -> str:
    """A sentence out of its English text and what ``sentence_document`` gave of it.

    The English alone where the document is none, or not of that form: it may be anybody's.
    """
    try:
        message, values = _parts(document, 0)
    except ValueError:
        return english
    return Sentence(english, message, values)


def _parts(document: object, depth: int) -> tuple[str, dict[str, Value]]:
    """Message and values; raises ValueError."""
    if not isinstance(document, Mapping) or depth > MAX_DEPTH:
        raise ValueError("no sentence")
    message, values = document.get("message"), document.get("values")
    if not isinstance(message, str) or not isinstance(values, Mapping) or len(values) > MAX_VALUES:
        raise ValueError("no message with values")
    return message, {str(name): _value(value, depth) for name, value in values.items()}


def _value(value: object, depth: int) -> Value:
    if isinstance(value, Mapping):
        message, values = _parts(value, depth + 1)
        return Sentence(message, message, values)  # its own English stands in the whole
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return value
    raise ValueError("no value of a sentence")
