"""The set of loaded signatures: recognises parsed JSON messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from netminedet.model import Kind, Side, SignatureSetInfo, Strength
from netminedet.signatures import text
from netminedet.signatures.dialect import Dialect, Pattern
from netminedet.signatures.logins import wallet_of
from netminedet.signatures.pools import PoolList

if TYPE_CHECKING:
    from netminedet.signatures.expressions import Expression

#: JSON lets any letter of a key or verb be written as an escape, and a miner that does so
#: shows none of the literals: "mining\u002esubscribe", "\u006dining.notify".  These begin
#: the escapes of the full stop, of letters and of the underscore, in either hex case.
ESCAPE_ANCHORS = (rb"\u002e", rb"\u002E", rb"\u004", rb"\u005", rb"\u006", rb"\u007")


@dataclass(frozen=True, slots=True)
class Match:
    """One signature that recognised a message."""

    #: "stratum-v1.subscribe"
    signature: str
    dialect: str
    kind: Kind
    sender: Side
    strength: Strength
    why: str
    coins: tuple[str, ...] = ()
    #: what the message gave away, printable and cut at ``text.DETAIL_LIMIT``
    details: Mapping[str, str] = field(default_factory=dict)
    #: places of the message that an excerpt must not show
    redact: tuple[text.Place, ...] = ()


class SignatureSet:
    """Dialects, indexed by the verbs of their messages; made by ``load_signatures``."""

    def __init__(
        self,
        dialects: Iterable[Dialect],
        pools: PoolList,
        info: SignatureSetInfo,
        trees: Mapping[str, dict[str, Any]] | None = None,
    ) -> None:
        """``trees``: syntax trees of expressions that were parsed before."""
        self._dialects = {dialect.id: dialect for dialect in dialects}
        self.pools = pools
        self.info = info
        anchors = {anchor for dialect in self._dialects.values() for anchor in dialect.anchors}
        #: the literals that the sieve looks for in traffic; none contains another one
        self.anchors: tuple[bytes, ...] = _without_longer(anchors.union(ESCAPE_ANCHORS))
        #: literals that a flight begins with where it is lines of text
        self.openers: tuple[bytes, ...] = tuple(
            sorted({opener for dialect in self._dialects.values() for opener in dialect.openers})
        )
        self._by_verb: dict[tuple[str, str], list[Pattern]] = {}
        self._by_key: dict[str, list[Pattern]] = {}
        self._replies: list[Pattern] = []
        self._replies_by_type: dict[type, list[Pattern]] = {}
        self._expressions: dict[str, Expression] = {}
        self._trees = trees or {}
        for dialect in self._dialects.values():
            for pattern in dialect.patterns:
                self._index(pattern)
        self._verb_keys = tuple({key for key, _verb in self._by_verb})
        self._ancestors = {name: self._ancestors_of(name) for name in self._dialects}

    def _index(self, pattern: Pattern) -> None:
        for method in pattern.methods:
            self._by_verb.setdefault((pattern.method_key, method), []).append(pattern)
        if pattern.reply:
            self._replies.append(pattern)
        elif not pattern.methods:
            self._by_key.setdefault(pattern.method_key, []).append(pattern)

    def _ancestors_of(self, name: str) -> frozenset[str]:
        found: set[str] = set()
        above = self._dialects[name].refines
        while above is not None and above not in found:
            found.add(above)
            above = self._dialects[above].refines
        return frozenset(found)

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """All loaded dialects, by id."""
        return tuple(self._dialects[name] for name in sorted(self._dialects))

    def dialect(self, dialect_id: str) -> Dialect:
        """Title, coins, references and the rest of one dialect; raises KeyError for an unknown id."""
        return self._dialects[dialect_id]

    def match(self, message: object, sender: Side | None = None, carrier: str | None = None) -> list[Match]:
        """The signatures that recognise a parsed JSON message, in no particular order.

        ``sender`` is the side that sent it, if that is known: messages of the other side
        then do not match; ``carrier`` is how it came, and dialects that do not come in
        this way do not match either.  Where a strong and a weak signature of the same kind match,
        the weak one is left out.  Never raises, whatever the message is.
        """
        matches = [
            self._match(pattern, message)
            for pattern in self._candidates(message)
            if (sender is None or pattern.sender is sender)
            and (carrier is None or carrier in pattern.carriers)
            and self._recognises(pattern, message)
        ]
        proven = {match.kind for match in matches if match.strength is Strength.STRONG}
        return [match for match in matches if match.strength is Strength.STRONG or match.kind not in proven]

    def excerpt(self, message: object, matches: Iterable[Match] = ()) -> str:
        """The message as printable compact JSON of at most ``EXCERPT_LIMIT`` characters.

        Passwords are replaced by "***": those that one of the ``matches`` names, and any
        under a key such as "pass".  A message without a match loses whatever any
        signature of its verb would cut out.
        """
        named = list(matches) or self._candidates(message)
        return text.excerpt(message, [place for one in named for place in one.redact])

    def accepts(self, dialect_id: str, reply: object) -> bool | None:
        """Whether a reply accepts the share that it answers: True, False, or None if it is no reply.

        A dialect whose answers are messages of their own (kind accepted or rejected)
        decides by them; otherwise by the dialect's ``accepted`` expression; without one,
        a reply says yes if its error is null and its result neither null nor false.
        Raises KeyError for an unknown dialect.
        """
        if not isinstance(reply, dict):
            return None
        for pattern in self._candidates(reply):
            answers = pattern.kind in (Kind.ACCEPTED, Kind.REJECTED)
            if pattern.dialect == dialect_id and answers and self._recognises(pattern, reply):
                return pattern.kind is Kind.ACCEPTED
        if not _is_reply(reply):
            return None
        accepted = self._dialects[dialect_id].accepted
        if accepted is not None:
            return self._value(accepted, reply) is True
        result = reply.get("result")
        return reply.get("error") is None and result is not None and result is not False

    def most_specific(self, dialect_ids: Iterable[str]) -> tuple[str, ...]:
        """The given dialects, sorted, without those that another one of them refines."""
        given = set(dialect_ids)
        general = {above for name in given for above in self._ancestors.get(name, frozenset())}
        return tuple(sorted(given - general))

    def _candidates(self, message: object) -> list[Pattern]:
        if not isinstance(message, dict):
            return []
        found: list[Pattern] = []
        for key in self._verb_keys:
            verb = message.get(key)
            if isinstance(verb, str):
                found.extend(self._by_verb.get((key, verb), ()))
        for key, patterns in self._by_key.items():
            if key in message:
                found.extend(patterns)
        if _is_reply(message) and "method" not in message:
            found.extend(self._replies_with(type(message.get("result"))))
        return found

    def _replies_with(self, kind: type) -> list[Pattern]:
        """The signatures of replies that may recognise a result of this type."""
        known = self._replies_by_type.get(kind)
        if known is None:
            from netminedet.signatures.prefilter import result_types

            known = self._replies_by_type[kind] = []
            for pattern in self._replies:
                types = (
                    None if pattern.where is None else result_types(self._expression(pattern.where).parsed)
                )
                if types is None or kind in types:
                    known.append(pattern)
        return known

    def _recognises(self, pattern: Pattern, message: object) -> bool:
        return pattern.where is None or self._value(pattern.where, message) is True

    def _match(self, pattern: Pattern, message: object) -> Match:
        details: dict[str, str] = {}
        for key, expression in pattern.extract:
            shown = text.detail(self._value(expression, message))
            if shown is not None:
                details[key] = shown
        wallet = wallet_of(details["worker"]) if "worker" in details else None
        if wallet is not None:
            details.setdefault("wallet", wallet)
        return Match(
            signature=pattern.signature,
            dialect=pattern.dialect,
            kind=pattern.kind,
            sender=pattern.sender,
            strength=pattern.strength,
            why=pattern.why,
            coins=pattern.coins,
            details=details,
            redact=pattern.redact,
        )

    def _value(self, expression: str, message: object) -> object:
        return self._expression(expression).value(message)

    def _expression(self, expression: str) -> Expression:
        compiled = self._expressions.get(expression)
        if compiled is None:
            from netminedet.signatures.expressions import Expression

            compiled = self._expressions[expression] = Expression(expression, self._trees.get(expression))
        return compiled


def _without_longer(anchors: Iterable[bytes]) -> tuple[bytes, ...]:
    """The anchors, sorted, without those that contain another: the shorter finds all that they find."""
    kept: list[bytes] = []
    for anchor in sorted(anchors, key=len):
        if not any(shorter in anchor for shorter in kept):
            kept.append(anchor)
    return tuple(sorted(kept))


def _is_reply(message: Mapping[str, object]) -> bool:
    return "result" in message or "error" in message
