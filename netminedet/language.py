"""What people read, in one of two languages: English, as it stands in the code, and simplified Chinese.

Messages are marked in the code by `_`, `ngettext`, `N_`, `sentence` and `number_of`; the Chinese is in the
gettext catalogue under ``locale/`` (CONTRIBUTING.md says how it is kept).  The language is the process's, and
is English until `choose` says otherwise; nothing is loaded for it.  What machines read (JSON, JSON
Lines, event streams) is always English and does not depend on it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, Union, cast

if TYPE_CHECKING:
    from gettext import GNUTranslations

#: The languages that there are; the first is the code's own.
LANGUAGES = ("en", "zh")

#: A value within a sentence.
Value: TypeAlias = Union[str, int, "Sentence"]

Call = TypeVar("Call", bound=Callable[..., Any])

_CATALOGUE = Path(__file__).parent / "locale" / "zh_CN" / "LC_MESSAGES" / "netminedet.mo"
#: Sentences within sentences are believed to this depth.
_DEPTH_LIMIT = 8

_language = "en"
_loaded: GNUTranslations | None = None


def choose(lang: str | None) -> None:
    """Set the language of the process; None: the one of the locale.  Raises ValueError for no language."""
    global _language
    chosen = of_locale() if lang is None else lang
    if chosen not in LANGUAGES:
        raise ValueError(f"no language: {lang!r}; choose one of {', '.join(LANGUAGES)}")
    _language = chosen


def in_english(function: Call) -> Call:
    """Makes a function work in English whatever the language of the process: for what machines read."""

    @wraps(function)
    def spoken(*given: Any, **named: Any) -> Any:
        global _language
        before, _language = _language, "en"
        try:
            return function(*given, **named)
        finally:
            _language = before

    return cast(Call, spoken)


def language() -> str:
    """The language of the process, one of ``LANGUAGES``."""
    return _language


def of_locale() -> str:
    """The language that the environment asks for, as gettext reads it: Chinese of any kind, else English."""
    named = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    if named.partition(".")[0] in ("", "C", "POSIX"):
        return "en"
    first = os.environ.get("LANGUAGE", "").partition(":")[0] or named
    return "zh" if first.lower().startswith("zh") else "en"


def _(message: str) -> str:
    """The message in the language of the process."""
    return message if _language == "en" else _catalogue().gettext(message)


def ngettext(one: str, many: str, n: int) -> str:
    """The one or the other by a number, in the language of the process."""
    if _language == "en":
        return one if n == 1 else many
    return _catalogue().ngettext(one, many, n)


def N_(message: str) -> str:
    """Marks a message for the catalogue, to be translated where it is shown."""
    return message


class Sentence(str):
    """An English sentence that knows what it was made of, so that it can be told in another language.

    It is the English text; `told` tells it in the language of the process.  Made by `sentence` and
    `number_of`.  Joined or cut it becomes a plain text: put one within another as a value instead.
    """

    __slots__ = ("message", "values")

    #: what the catalogue knows it by, with named places in braces
    message: str
    #: what fills these places
    values: Mapping[str, Value]

    def __new__(cls, english: str, message: str, values: Mapping[str, Value]) -> Sentence:
        self = str.__new__(cls, english)
        self.message = message
        self.values = values
        return self

    def __getnewargs__(self) -> tuple[str, str, Mapping[str, Value]]:  # type: ignore[override]
        return str(self), self.message, self.values

    def mapped(self, change: Callable[[str], str]) -> Sentence:
        """The sentence with ``change`` made to its text, and to each text among its values."""
        values = {name: _changed(value, change) for name, value in self.values.items()}
        return Sentence(change(str(self)), self.message, values)


def _changed(value: Value, change: Callable[[str], str]) -> Value:
    if isinstance(value, Sentence):
        return value.mapped(change)
    return change(value) if isinstance(value, str) else value


def sentence(message: str, /, **values: Value) -> Sentence:
    """A sentence of a message whose named places these values fill.

    >>> sentence("serves {host} port {port}", host="10.0.0.7", port=3333)
    'serves 10.0.0.7 port 3333'
    """
    return Sentence(message.format_map(values), message, values)


def number_of(one: str, many: str, n: int, /, **values: Value) -> Sentence:
    """A sentence that reads ``one`` where ``n`` is 1, else ``many``; the number fills ``{n}``.

    The catalogue knows it by ``one``.

    >>> number_of("{n} share", "{n} shares", 3)
    '3 shares'
    """
    values["n"] = n
    return Sentence((one if n == 1 else many).format_map(values), one, values)


def as_sentence(text: str) -> Sentence:
    """A text that the catalogue may know, out of a data file say, as a sentence; a sentence as it is."""
    return text if isinstance(text, Sentence) else Sentence(text, text, {})


def said_of(name: str, what: str) -> Sentence:
    """What is to be said of a file, an interface or the like, behind its name.

    >>> said_of("eth1", "the interface is up again")
    'eth1: the interface is up again'
    """
    return sentence("{name}: {what}", name=name, what=as_sentence(what))


def any_of(names: Sequence[str]) -> Sentence:
    """The names to choose from; at least one.

    >>> any_of(["pcap", "pcapng"])
    'pcap or pcapng'
    """
    found = as_sentence(names[0])
    for name in names[1:]:
        found = sentence("{one} or {other}", one=found, other=name)
    return found


def listed(names: Sequence[str], most: int) -> str:
    """The first of several names, and whether there are others.

    >>> listed(["a", "b", "c"], 2)
    'a, b and others'
    """
    some = ", ".join(names[:most])
    return sentence("{names} and others", names=some) if len(names) > most else some


def told(text: str) -> str:
    """A sentence, or a text that the catalogue knows, in the language of the process; any other as it is."""
    if _language == "en":
        return str(text)
    if not isinstance(text, Sentence):
        return _looked_up(text) or text
    try:
        return _filled(text, 0)
    except (LookupError, ValueError, TypeError):  # of another version, or made up by somebody
        return str(text)


def _filled(text: Sentence, depth: int) -> str:
    """Raises LookupError, ValueError or TypeError where message and values are none of ours."""
    message = _looked_up(text.message)
    if message is None and not text.values:
        return str(text)
    if message is None or depth > _DEPTH_LIMIT:
        raise LookupError(text.message)
    values = {
        name: _filled(value, depth + 1) if isinstance(value, Sentence) else value
        for name, value in text.values.items()
    }
    return message.format_map(values)


def _looked_up(message: str) -> str | None:
    """What the catalogue has for a message, or for one with a number; None where it has nothing."""
    if not message:
        return None
    catalogue = _catalogue()
    found = catalogue.gettext(message)
    if found == message:
        found = catalogue.ngettext(message, message, 1)
    return None if found == message else found


def _catalogue() -> GNUTranslations:
    global _loaded
    if _loaded is None:
        from gettext import GNUTranslations

        with _CATALOGUE.open("rb") as file:
            _loaded = GNUTranslations(file)
    return _loaded
