"""The set of loaded signatures: recognises parsed JSON messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from netminedet.model import ACCEPTED, REJECTED, STRONG, Kind, Needs, Side, SignatureSetInfo, Strength
from netminedet.signatures import text
from netminedet.signatures.dialect import Dialect, Pattern
from netminedet.signatures.logins import is_address, split_login, wallet_of, with_rig
from netminedet.signatures.pools import PoolList

if TYPE_CHECKING:
    from netminedet.signatures.cache import Kept
    from netminedet.signatures.expressions import Expression

#: JSON lets any letter of a key or verb be written as an escape, and a miner that does so
#: shows none of the literals: "mining\u002esubscribe", "\u006dining.notify".  These begin
#: the escapes of the full stop, of letters and of the underscore, in either hex case.
ESCAPE_ANCHORS = (rb"\u002e", rb"\u002E", rb"\u004", rb"\u005", rb"\u006", rb"\u007")


class Match(Struct, frozen=True):
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
    #: what has to be seen beside it for it to be strong
    needs: Needs | None = None


class _Expressions(dict[str, "Expression"]):
    """Expressions by their text, each compiled when it is first asked for."""

    def __init__(self, kept: Mapping[str, Kept]) -> None:
        self._kept = kept

    def __missing__(self, text: str) -> Expression:
        from netminedet.signatures.expressions import Expression

        made = self[text] = Expression(text, self._kept.get(text))
        return made

    def kept(self, text: str) -> Kept:
        """What was made of an expression, which is not made ready for that."""
        return self._kept.get(text) or self[text].kept


class _Candidate:
    """A pattern with its condition.  (It knows no set: a set that is replaced goes at once, without a
    round of Python's collector.)"""

    __slots__ = ("_condition", "_expressions", "pattern")

    def __init__(self, pattern: Pattern, expressions: _Expressions) -> None:
        self.pattern = pattern
        self._expressions = expressions
        self._condition: Callable[[object], object] | None = None

    def holds(self, message: object) -> object:
        """Whether the pattern's condition holds for the message: True, or anything else."""
        if self._condition is None:
            where = self.pattern.where
            self._condition = _always if where is None else self._expressions[where].value
        return self._condition(message)


class SignatureSet:
    """Dialects, indexed by the verbs of their messages; made by ``load_signatures``."""

    def __init__(
        self,
        dialects: Iterable[Dialect],
        pools: PoolList,
        info: SignatureSetInfo,
        kept: Mapping[str, Kept] | None = None,
    ) -> None:
        """``kept``: what was made of expressions before."""
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
        #: literals that datagrams of UDP begin with
        self.datagrams: tuple[bytes, ...] = tuple(
            sorted({one for dialect in self._dialects.values() for one in dialect.datagrams})
        )
        #: key of a verb -> verb -> patterns
        self._by_verb: dict[str, dict[str, list[_Candidate]]] = {}
        self._by_key: dict[str, list[_Candidate]] = {}
        self._replies: list[_Candidate] = []
        self._replies_by_type: dict[tuple[type, type], list[_Candidate]] = {}
        self._expressions = _Expressions(kept or {})
        for dialect in self._dialects.values():
            for pattern in dialect.patterns:
                self._index(pattern)
        #: keys that say what a message may be
        self._telling = frozenset(self._by_verb).union(self._by_key)
        self._ancestors = {name: self._ancestors_of(name) for name in self._dialects}
        #: keys at the top of a message that alone may make one: see ``verbs``
        self.telling_keys = frozenset(self._by_key).union(_REPLY_KEYS)

    def _index(self, pattern: Pattern) -> None:
        candidate = _Candidate(pattern, self._expressions)
        for method in pattern.methods:
            self._by_verb.setdefault(pattern.method_key, {}).setdefault(method, []).append(candidate)
        if pattern.reply:
            self._replies.append(candidate)
        elif not pattern.methods:
            self._by_key.setdefault(pattern.method_key, []).append(candidate)

    def verbs(self) -> dict[tuple[str, str], frozenset[frozenset[str]]]:
        """(key, verb) at the top of a message that a signature may recognise; without any of them, or one
        of ``telling_keys``, it is none.  Of each verb: for each signature, the keys that it needs besides,
        somewhere in the message."""
        return {
            (key, verb): frozenset(self._needed(key, candidate.pattern) for candidate in candidates)
            for key, verbs in self._by_verb.items()
            for verb, candidates in verbs.items()
        }

    def _needed(self, key: str, pattern: Pattern) -> frozenset[str]:
        """Keys of the JSON that a message is; what was put together otherwise has none."""
        if key != "method" or pattern.where is None:
            return frozenset()
        return self._expressions.kept(pattern.where).keys

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

    def shared_with(self, other: SignatureSet) -> frozenset[str]:
        """The signatures that are the same in both sets, the answers of dialects that are so among them."""
        same: set[str] = set()
        for name, dialect in self._dialects.items():
            there = other._dialects.get(name)
            if there is None:
                continue
            known = set(there.patterns)
            same.update(pattern.signature for pattern in dialect.patterns if pattern in known)
            if dialect.patterns == there.patterns and dialect.accepted == there.accepted:
                same.add(f"{name}.answer")
        return frozenset(same)

    def knows(self, dialect_id: str) -> bool:
        """Whether there is such a dialect."""
        return dialect_id in self._dialects

    def match(self, message: object, sender: Side | None = None, carrier: str | None = None) -> list[Match]:
        """The signatures that recognise a parsed JSON message, in no particular order.

        ``sender`` is the side that sent it, if that is known: messages of the other side
        then do not match; ``carrier`` is how it came, and dialects that do not come in
        this way do not match either.  Where a strong and a weak signature of the same kind match,
        the weak one is left out; of several strong ones of a dialect and those that refine it, the
        most special one is kept.  Never raises, whatever the message is.
        """
        matches = []
        for candidate in self._candidates(message):
            pattern = candidate.pattern
            if (
                (carrier is None or carrier in pattern.carriers)
                and (sender is None or pattern.sender is sender)
                and candidate.holds(message) is True
            ):
                matches.append(self._match(pattern, message))
        if len(matches) < 2:
            return matches
        proven = {match.kind for match in matches if match.strength is STRONG}
        kept = [match for match in matches if match.strength is STRONG or match.kind not in proven]
        return [match for at, match in enumerate(kept) if not self._is_said_better(match, kept, at)]

    def _is_said_better(self, match: Match, matches: list[Match], at: int) -> bool:
        """Whether another strong one of this kind says the same of the message: one of a dialect that refines
        this one's, or one that stands before it in the same file."""
        return match.strength is STRONG and any(
            (other.kind, other.sender, other.strength) == (match.kind, match.sender, match.strength)
            and (
                match.dialect in self._ancestors.get(other.dialect, ())
                or (other.dialect == match.dialect and index < at)
            )
            for index, other in enumerate(matches)
        )

    def excerpt(self, message: object, matches: Iterable[Match] = ()) -> str:
        """The message as printable compact JSON of at most ``EXCERPT_LIMIT`` characters.

        Passwords are replaced by "***": those that one of the ``matches`` names, and any
        under a key such as "pass".  A message without a match loses whatever any
        signature of its verb would cut out.
        """
        named: Iterable[Match | Pattern] = list(matches) or [one.pattern for one in self._candidates(message)]
        return text.excerpt(message, [place for one in named for place in one.redact])

    def accepts(self, dialect_id: str, reply: object) -> bool | None:
        """Whether a reply accepts the share that it answers: True, False, or None if it is no reply.

        A dialect whose answers are messages of their own (kind accepted or rejected)
        decides by them; otherwise by the dialect's ``accepted`` expression; without one,
        a reply says yes if its error is null or empty and its result neither null nor false.
        Raises KeyError for an unknown dialect.
        """
        if not isinstance(reply, dict):
            return None
        for candidate in self._candidates(reply):
            pattern = candidate.pattern
            answers = pattern.dialect == dialect_id and pattern.kind in (ACCEPTED, REJECTED)
            if answers and candidate.holds(reply) is True:
                return pattern.kind is ACCEPTED
        if not _is_reply(reply):
            return None
        accepted = self._dialects[dialect_id].accepted
        if accepted is not None:
            return self._expressions[accepted].value(reply) is True
        result = reply.get("result")
        return not reply.get("error") and result is not None and result is not False

    def named(self, details: Mapping[str, str], login: str) -> Mapping[str, str]:
        """Details in which a rig named apart from its account is put behind it, as the ``worker``.

        ``login`` is the worker that the same connection's login named, or empty.
        """
        rest = {key: value for key, value in details.items() if key != "rig"}
        rig = details.get("rig")
        if rig is not None:
            rest["worker"] = with_rig(details.get("worker", login), rig)
            account = split_login(rest["worker"])[0]
            if is_address(account):
                rest.setdefault("wallet", account)
        return rest

    def most_specific(self, dialect_ids: Iterable[str]) -> tuple[str, ...]:
        """The given dialects, sorted, without those that another one of them refines."""
        given = set(dialect_ids)
        general = {above for name in given for above in self._ancestors.get(name, frozenset())}
        return tuple(sorted(given - general))

    def _candidates(self, message: object) -> list[_Candidate]:
        if not isinstance(message, dict):
            return []
        found: list[_Candidate] = []
        for key in self._telling.intersection(message):
            verb = message[key]
            if isinstance(verb, str) and key in self._by_verb:
                found += self._by_verb[key].get(verb, ())
            found += self._by_key.get(key, ())
        if _is_reply(message) and "method" not in message:
            found += self._replies_with(type(message.get("result")), type(message.get("error")))
        return found

    def _replies_with(self, result: type, error: type) -> list[_Candidate]:
        """The signatures of replies that may recognise one with members of these types."""
        known = self._replies_by_type.get((result, error))
        if known is None:
            known = [candidate for candidate in self._replies if self._may_hold(candidate, result, error)]
            self._replies_by_type[result, error] = known
        return known

    def _may_hold(self, candidate: _Candidate, result: type, error: type) -> bool:
        from netminedet.signatures.translate import TYPES

        where = candidate.pattern.where
        if where is None:
            return True
        kept = self._expressions.kept(where)
        members = ((result, kept.result_types), (error, kept.error_types))
        return all(types is None or TYPES.get(kind) in types for kind, types in members)

    def _match(self, pattern: Pattern, message: object) -> Match:
        details: dict[str, str] = {}
        for key, expression in pattern.extract:
            shown = text.detail(self._expressions[expression].value(message))
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
            needs=pattern.needs,
        )


#: Keys of an answer without a verb.
_REPLY_KEYS = frozenset({"result", "error"})


def _always(_message: object) -> object:
    return True


def _without_longer(anchors: Iterable[bytes]) -> tuple[bytes, ...]:
    """The anchors, sorted, without those that contain another: the shorter finds all that they find."""
    kept: list[bytes] = []
    for anchor in sorted(anchors, key=len):
        if not any(shorter in anchor for shorter in kept):
            kept.append(anchor)
    return tuple(sorted(kept))


def _is_reply(message: Mapping[str, object]) -> bool:
    return not _REPLY_KEYS.isdisjoint(message)
