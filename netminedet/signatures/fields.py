"""Reads typed fields from a parsed YAML document and says exactly where it is wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from netminedet.signatures.text import Place, printable

_PLACE = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*|\[\d{1,3}\])*", re.ASCII)
_STEP = re.compile(r"([A-Za-z_][\w-]*)|\[(\d+)\]", re.ASCII)


class FieldError(Exception):
    """Something is wrong at ``place`` of a document; the text says what, and how to mend it."""

    def __init__(self, place: Place, text: str) -> None:
        super().__init__(text)
        self.place = place


def spelled(place: Place) -> str:
    """A place as a reader writes it: ``messages[2].where``."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def quoted(value: object) -> str:
    """A value as an error message shows it; containers by their kind only, for they may be vast."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else repr(printable(str(value), 60))


class Fields:
    """A mapping of the document and the place where it stands."""

    def __init__(self, value: object, place: Place = (), *, allowed: Sequence[str]) -> None:
        self.place = place
        if not isinstance(value, dict):
            raise FieldError(place, f"expected fields ({', '.join(allowed[:4])}, …), found {quoted(value)}")
        self._values: dict[object, object] = value
        for key in value:
            if key not in allowed:
                near = difflib.get_close_matches(str(key)[:60], allowed, 1)
                hint = f"did you mean '{near[0]}'?" if near else f"known fields: {', '.join(allowed)}"
                raise FieldError((*place, printable(str(key), 60)), f"unknown field; {hint}")

    def __contains__(self, key: str) -> bool:
        return self._values.get(key) is not None

    def error(self, key: str, text: str) -> FieldError:
        return FieldError((*self.place, key), text)

    def raw(self, key: str) -> object:
        return self._values.get(key)

    def text(self, key: str) -> str:
        """A required text that is not empty."""
        found = self.optional_text(key)
        if found is None:
            raise self.error(key, "missing; every entry here needs this field")
        return found

    def optional_text(self, key: str) -> str | None:
        value = self._values.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.error(key, f"expected text, found {quoted(value)}; put it in quotes")
        if not value.strip():
            raise self.error(key, "empty; give a text or leave the field out")
        return value

    def identifier(self, key: str) -> str:
        """A required short name of lower-case letters, digits and hyphens."""
        value = self.text(key)
        if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", value) is None:
            raise self.error(key, f"{quoted(value)} is no name; use lower-case letters, digits and hyphens")
        return value

    def choice(self, key: str, allowed: Sequence[str]) -> str:
        value = self.text(key)
        if value not in allowed:
            near = difflib.get_close_matches(value[:60], allowed, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"use one of: {', '.join(allowed)}"
            raise self.error(key, f"unknown value {quoted(value)}; {hint}")
        return value

    def flag(self, key: str) -> bool:
        value = self._values.get(key, False)
        if not isinstance(value, bool):
            raise self.error(key, f"expected true or false, found {quoted(value)}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, or one text alone; empty if the field is absent."""
        value = self._values.get(key)
        if value is None:
            return ()
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list):
            raise self.error(key, f"expected a list of texts, found {quoted(value)}")
        for index, item in enumerate(values):
            if not isinstance(item, str) or not item:
                raise FieldError((*self.place, key, index), f"expected text, found {quoted(item)}; quote it")
        return tuple(values)

    def entries(self, key: str, limit: int) -> list[tuple[object, Place]]:
        """The entries of a list and their places; empty if the field is absent."""
        value = self._values.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.error(key, f"expected a list (lines that begin with '- '), found {quoted(value)}")
        if len(value) > limit:
            raise self.error(key, f"{len(value)} entries; at most {limit} are read")
        return [(item, (*self.place, key, index)) for index, item in enumerate(value)]

    def places(self, key: str) -> tuple[Place, ...]:
        """A list of simple places in a message, such as ``params[1]``."""
        found: list[Place] = []
        for index, text in enumerate(self.texts(key)):
            if _PLACE.fullmatch(text) is None:
                problem = f"{quoted(text)} is no simple place; write one like params[1] or params.pass"
                raise FieldError((*self.place, key, index), problem)
            found.append(tuple(name or int(number) for name, number in _STEP.findall(text)))
        return tuple(found)
