"""Turns a parsed signature file into a ``Dialect``, refusing everything it does not know."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from netminedet.model import Kind, Needs, Side, Strength
from netminedet.signatures.dialect import Dialect, Example, Lookalike, Pattern
from netminedet.signatures.fields import FieldError, Fields, quoted
from netminedet.signatures.text import Place

#: A sieve finds nothing useful by less than 5 bytes; more than 64 are a message, no anchor.
ANCHOR_MIN, ANCHOR_MAX = 5, 64

#: A flight's first bytes: fewer than 4 would begin too many others'.
OPENER_MIN, OPENER_MAX = 4, 32

#: More entries in one list of a file than this are a mistake or an attack.
ENTRY_LIMIT = 500

#: What a message may give away.
DETAIL_KEYS = (
    "agent",
    "algo",
    "difficulty",
    "hash",
    "hashrate",
    "height",
    "job_id",
    "nonce",
    "pool_host",
    "pool_port",
    "pool_url",
    "redirect_host",
    "redirect_port",
    "request_id",
    "rig",
    "session",
    "target",
    "wallet",
    "worker",
)

_FILE_FIELDS = (
    "id",
    "title",
    "refines",
    "coins",
    "references",
    "carriers",
    "anchors",
    "openers",
    "datagrams",
    "messages",
    "accepted",
    "examples",
    "lookalikes",
)
_MESSAGE_FIELDS = (
    "id",
    "method",
    "method_key",
    "reply",
    "where",
    "sender",
    "kind",
    "strength",
    "why",
    "coins",
    "extract",
    "redact",
    "needs",
    "outnumbers",
    "doubtful_beside",
)
_EXAMPLE_FIELDS = ("name", "text", "matches", "sender")
_LOOKALIKE_FIELDS = ("name", "text", "near")

_SIDES = tuple(side.value for side in Side)
_KINDS = tuple(kind.value for kind in Kind)
_STRENGTHS = {strength.name.lower(): strength for strength in Strength}

#: How messages may come: as lines or frames of JSON, in HTTP bodies, or as binary frames, which
#: the sieve knows by their shape and not by anchors, or as lines of text, which it knows by openers.
CARRIERS = ("lines", "websocket", "http", "frames", "text", "datagram")
_USUAL_CARRIERS = ("lines", "websocket")
_LOOKED_AT = {"text": "line of text", "datagram": "datagram"}

#: A verb with one of these in it carries a password as a rule: its file must say where.
_LOGIN_WORDS = ("login", "authorize", "auth")


def parse_dialect(document: object, source: str, text: str) -> Dialect:
    """The dialect in a document; raises FieldError."""
    fields = Fields(document, allowed=_FILE_FIELDS)
    dialect = fields.identifier("id")
    carriers = _carriers(fields)
    patterns = tuple(replace(pattern, carriers=carriers) for pattern in _patterns(fields, dialect))
    examples = _examples(fields, {pattern.id for pattern in patterns})
    anchors: tuple[bytes, ...] = ()
    openers = _openers(fields, "openers", "text", carriers, examples)
    datagrams = _openers(fields, "datagrams", "datagram", carriers, examples)
    if not set(carriers) <= {"frames", "text", "datagram"}:
        anchors = _anchors(fields)
        _check_anchors_reach(patterns, examples, anchors)
    elif fields.raw("anchors") is not None:
        raise fields.error("anchors", f"not used with carriers {list(carriers)}; take them out")
    return Dialect(
        id=dialect,
        title=fields.text("title"),
        refines=fields.identifier("refines") if "refines" in fields else None,
        coins=fields.texts("coins"),
        references=fields.texts("references"),
        carriers=carriers,
        anchors=anchors,
        accepted=fields.optional_text("accepted"),
        patterns=patterns,
        openers=openers,
        datagrams=datagrams,
        examples=examples,
        lookalikes=parse_lookalikes(fields, {pattern.id for pattern in patterns}),
        source=source,
        text=text,
    )


def parse_lookalikes(fields: Fields, known: Collection[str] = ()) -> tuple[Lookalike, ...]:
    """The look-alikes of a file with ``known`` messages, or of lookalikes.yaml; raises FieldError."""
    found = []
    for entry, place in fields.entries("lookalikes", ENTRY_LIMIT):
        one = Fields(entry, place, allowed=_LOOKALIKE_FIELDS if known else _LOOKALIKE_FIELDS[:2])
        near = _names(one, "near", known) if known else ()
        found.append(Lookalike(one.text("name"), one.text("text"), near))
    return tuple(found)


def _names(one: Fields, key: str, known: Collection[str]) -> tuple[str, ...]:
    """The messages that an entry names, in this file; under ``needs`` also others, with their file's id."""
    names = one.texts(key)
    if not names:
        raise one.error(key, "missing; name the message of this file that the line is about")
    for name in names:
        if name not in known and not ("." in name and key == "needs"):
            raise one.error(key, f"there is no message {quoted(name)} in this file")
    return names


def _patterns(fields: Fields, dialect: str) -> tuple[Pattern, ...]:
    coins = fields.texts("coins")
    patterns: dict[str, Pattern] = {}
    for entry, place in fields.entries("messages", ENTRY_LIMIT):
        one = Fields(entry, place, allowed=_MESSAGE_FIELDS)
        pattern = _pattern(one, dialect, coins)
        if pattern.id in patterns:
            raise one.error("id", f"there is a message '{pattern.id}' above already; name this one otherwise")
        patterns[pattern.id] = pattern
    for entry, place in fields.entries("messages", ENTRY_LIMIT):
        one = Fields(entry, place, allowed=_MESSAGE_FIELDS)
        needs = _needs(one, dialect, patterns)
        patterns[one.identifier("id")] = replace(patterns[one.identifier("id")], needs=needs)
    if not patterns:
        raise fields.error("messages", "missing; a signature file needs at least one message")
    return tuple(patterns.values())


def _needs(one: Fields, dialect: str, patterns: Collection[str]) -> Needs | None:
    """What has to be seen beside the message, as the names of other messages say it."""
    any_of = _names(one, "needs", patterns) if "needs" in one else ()
    fewer = _names(one, "outnumbers", patterns) if "outnumbers" in one else ("",)
    if len(fewer) > 1:
        raise one.error("outnumbers", "more than one; name the one message that this one must outnumber")
    beside = _names(one, "doubtful_beside", patterns) if "doubtful_beside" in one else ()
    if not any_of and not fewer[0] and not beside:
        return None
    named = tuple(name if "." in name else f"{dialect}.{name}" for name in any_of)
    return Needs(named, fewer[0] and f"{dialect}.{fewer[0]}", tuple(f"{dialect}.{name}" for name in beside))


def _pattern(one: Fields, dialect: str, coins: tuple[str, ...]) -> Pattern:
    methods = one.texts("method")
    key = one.optional_text("method_key")
    reply = one.flag("reply")
    if bool(methods or key) == reply:
        problem = "give either a method or 'reply: true', or a 'method_key' alone where there is no verb"
        raise one.error("method", problem)
    where = one.optional_text("where")
    if where is None and not methods:
        raise one.error("where", "missing; without a method a message is recognised by its 'where' alone")
    names_login = any(word in method.lower() for method in methods for word in _LOGIN_WORDS)
    if names_login and one.raw("redact") is None:
        raise one.error("redact", "missing; say where the password stands, or [] if there is none")
    return Pattern(
        id=one.identifier("id"),
        dialect=dialect,
        methods=methods,
        method_key=key or "method",
        reply=reply,
        sender=Side(one.choice("sender", _SIDES)),
        kind=Kind(one.choice("kind", _KINDS)),
        strength=_STRENGTHS[one.choice("strength", tuple(_STRENGTHS))],
        why=one.text("why"),
        where=where,
        coins=one.texts("coins") if "coins" in one else coins,
        extract=_extract(one),
        redact=one.places("redact"),
    )


def _extract(one: Fields) -> tuple[tuple[str, str], ...]:
    if "extract" not in one:
        return ()
    fields = Fields(one.raw("extract"), (*one.place, "extract"), allowed=DETAIL_KEYS)
    return tuple((key, fields.text(key)) for key in DETAIL_KEYS if key in fields)


def _examples(fields: Fields, known: set[str]) -> tuple[Example, ...]:
    found = []
    for entry, place in fields.entries("examples", ENTRY_LIMIT):
        one = Fields(entry, place, allowed=_EXAMPLE_FIELDS)
        matches = _names(one, "matches", known)
        sender = Side(one.choice("sender", _SIDES)) if "sender" in one else None
        found.append(Example(one.text("name"), one.text("text"), matches, sender))
    return tuple(found)


def _carriers(fields: Fields) -> tuple[str, ...]:
    for text in fields.texts("carriers"):
        if text not in CARRIERS:
            raise fields.error("carriers", f"unknown carrier {quoted(text)}; known: {', '.join(CARRIERS)}")
    return fields.texts("carriers") or _USUAL_CARRIERS


def _anchors(fields: Fields) -> tuple[bytes, ...]:
    found: list[bytes] = []
    for index, text in enumerate(fields.texts("anchors")):
        place: Place = ("anchors", index)
        if not text.isascii() or not text.isprintable() or "}" in text:
            raise FieldError(place, "an anchor is printable ASCII on one line and without '}'; shorten it")
        if not ANCHOR_MIN <= len(text) <= ANCHOR_MAX:
            raise FieldError(
                place,
                f"{len(text)} bytes; an anchor has {ANCHOR_MIN} to {ANCHOR_MAX}: quotes may be part of it",
            )
        found.append(text.encode())
    if not found:
        raise fields.error("anchors", "missing; without an anchor no traffic is ever looked at")
    return tuple(found)


def _openers(
    fields: Fields, key: str, carrier: str, carriers: tuple[str, ...], examples: tuple[Example, ...]
) -> tuple[bytes, ...]:
    """Literals that what comes by ``carrier`` begins with."""
    found: list[bytes] = []
    for index, text in enumerate(fields.texts(key)):
        place: Place = (key, index)
        if not text.isascii() or not text.isprintable() or text[:1] in ("{", "[", " "):
            problem = "an opener is printable ASCII and begins with no blank, '{' or '['; JSON has anchors"
            raise FieldError(place, problem)
        if not OPENER_MIN <= len(text) <= OPENER_MAX:
            raise FieldError(
                place,
                f"{len(text)} bytes; an opener has {OPENER_MIN} to {OPENER_MAX}: commas may be part of it",
            )
        if not any(example.text.startswith(text) for example in examples):
            raise FieldError(place, "begins none of the examples; correct it, or add a line that begins so")
        found.append(text.encode())
    if found and carrier not in carriers:
        problem = f"are for the carrier '{carrier}'; add it to 'carriers', or take them out"
        raise fields.error(key, problem)
    if not found and carrier in carriers:
        raise fields.error(key, f"missing; without one no {_LOOKED_AT[carrier]} is ever looked at")
    return tuple(found)


def _check_anchors_reach(
    patterns: tuple[Pattern, ...], examples: tuple[Example, ...], anchors: tuple[bytes, ...]
) -> None:
    """Every strong message with a method must contain an anchor, and every anchor must be of use."""
    spellings = [f'"{method}"'.encode() for pattern in patterns for method in pattern.methods]
    texts = [example.text.encode() for example in examples]
    for index, anchor in enumerate(anchors):
        if not any(anchor in text for text in (*spellings, *texts)):
            problem = "occurs in no method and no example; correct it or take it out"
            raise FieldError(("anchors", index), problem)
    for index, pattern in enumerate(patterns):
        if pattern.strength is Strength.WEAK or {"text", "datagram"} & set(pattern.carriers):
            continue  # of a dialogue in words, some message of either side begins with an opener
        own = [example.text.encode() for example in examples if pattern.id in example.matches]
        for method in pattern.methods or (() if pattern.reply else (pattern.method_key,)):
            spelling = f'"{method}"'.encode()
            shown = [text for text in own if spelling in text] or [spelling]
            if not all(any(anchor in text for anchor in anchors) for text in shown):
                problem = f"no anchor occurs in '{method}', so it would not be found; add one to 'anchors'"
                raise FieldError(("messages", index, "method"), problem)
