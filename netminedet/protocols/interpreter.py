"""What the JSON values of a connection mean, each by the signatures, a reply by what it answers."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from functools import cache, partial
from typing import Any

from msgspec.structs import replace

from netminedet.language import N_, Sentence, sentence
from netminedet.model import (
    ACCEPTED,
    CLIENT,
    CONTROL,
    EXCERPT_LIMIT,
    HANDSHAKE,
    JOB,
    REBUFF,
    REJECTED,
    SERVER,
    SHARE,
    STRONG,
    WEAK,
    Kind,
    Message,
    Strength,
    Turn,
)
from netminedet.protocols.framing import read_value
from netminedet.protocols.jsonlines import with_plain_keys
from netminedet.protocols.measure import Measures
from netminedet.protocols.nonces import NonceBytes
from netminedet.protocols.rebuffs import is_other_service, is_unknown_call
from netminedet.protocols.recogniser import Recognised, Recogniser
from netminedet.protocols.requests import Request, Requests
from netminedet.protocols.segment import Segment

#: Values of one batch that are read.
MAX_BATCH = 64


class Interpreter:
    """Reads the values of both sides, in the order in which they were said."""

    def __init__(self, signatures: Recogniser) -> None:
        self._signatures = signatures
        self._requests = (Requests(), Requests())
        self._measures = Measures()
        self._nonces = NonceBytes()
        #: the worker that the connection's login names
        self._login = ""
        self._unread = 0

    @property
    def dropped(self) -> int:
        """Values of batches that were not read, and requests forgotten at their limit."""
        return self._unread + sum(requests.dropped for requests in self._requests)

    def turn_to(self, signatures: Recogniser, same: Container[str]) -> None:
        """Go on with other signatures; ``same``: those that are as they were.

        The answer to a request is weak then, or none where the request's dialect is not known any more.
        """
        self._signatures = signatures
        for requests in self._requests:
            requests.turn_to(signatures, same)

    def rebuff(self, segment: Segment, dialect: str, said: str) -> Message:
        """That an end which was asked for mining answers otherwise: with words, a page, an error."""
        return Message(
            where=segment.where,
            signature=f"{dialect}.{REBUFF}",
            dialect=dialect,
            kind=CONTROL,
            sender=SERVER,
            strength=WEAK,
            why=sentence("whoever was asked for mining answers as one who does not know it"),
            show=partial(self._signatures.excerpt, {"answer": said}),
        )

    def read(self, segment: Segment, value: Any, carrier: str, asked: str = "") -> list[Message]:
        """What one JSON value says of mining; a batch (JSON-RPC 2.0 section 6) is taken apart.

        ``asked``: the dialect in which the other side asked for mining, if it had no answer in kind yet.
        """
        values = value if isinstance(value, list) else [value]
        self._unread += max(0, len(values) - MAX_BATCH)
        found: list[Message] = []
        for one in values[:MAX_BATCH]:
            if isinstance(one, dict):
                one = with_plain_keys(one)
                for read in read_value(one) if carrier in ("lines", "http") else [one]:
                    found += self._messages(segment, read, carrier)
                    if asked and carrier in ("lines", "http") and is_other_service(read):
                        said = str(read.get("error"))[:EXCERPT_LIMIT]
                        found.append(self.rebuff(segment, asked, said))
        return found

    def _messages(self, segment: Segment, value: dict[str, Any], carrier: str) -> list[Message]:
        matches = list(self._signatures.match(value, None, carrier))
        alien = self._answers_other(segment, value)
        turns: dict[str, Turn] = {}
        for match in matches:
            if match.strength is STRONG and not alien:
                self._measures.learn(match.kind, match.sender, match.details, segment.where.time_ns)
                if self._measures.turn is not None:
                    turns[match.signature] = self._measures.turn
            if match.kind is HANDSHAKE and match.sender is CLIENT:
                self._login = match.details.get("worker", self._login)
        share = next((match for match in matches if match.kind is SHARE), None)
        if share is not None:
            self._measures.hear_share(share.details)
        # words and bodies of HTTP are answered in turn, also where they have no id
        in_turn = carrier == "text" or (carrier == "http" and "method" not in value)
        if (in_turn and share is not None) or ("method" in value and value.get("id") is not None):
            self._remember(self._requests[segment.side], value, matches)
        found: list[Message] = []
        for match in matches:
            found.append(
                Message(
                    where=segment.where,
                    signature=match.signature,
                    dialect=match.dialect,
                    kind=match.kind,
                    sender=match.sender,
                    strength=WEAK if alien else self._strength(segment, value, match),
                    why=match.why,
                    coins=match.coins,
                    details=self._measured(match.kind, self._named(match)),
                    show=partial(self._signatures.excerpt, value, matches),
                    needs=match.needs,
                    sharers=self._nonces.of_share(match.details) if match.kind is SHARE else 0,
                    turn=turns.get(match.signature),
                )
            )
        answer = self._answer(segment, value, found)
        if answer is not None:
            # what the request tells of its answer is surer than what the answer's shape tells
            found = [one for one in found if one.kind is not answer.kind] + [answer]
        return found

    def _named(self, match: Recognised) -> Mapping[str, str]:
        """A message's details, a rig with its account."""
        details: Mapping[str, str] = match.details
        return self._signatures.named(details, self._login) if "rig" in details else details

    def _measured(self, kind: Kind, details: Mapping[str, str]) -> Mapping[str, str]:
        """A share's details with what it is measured by."""
        if kind is not SHARE or "target" in details:
            return details
        measured = {**details, **self._measures.of_share(details).details()}
        measured.pop("hash", None)
        return measured

    def _strength(self, segment: Segment, value: dict[str, Any], match: Recognised) -> Strength:
        """The match's, but work that answers a weak request is weak: a node gives it to whoever asks."""
        if match.kind is not JOB or "method" in value:
            return match.strength
        request = self._requests[1 - segment.side].oldest(value.get("id"))
        return match.strength if request is None else min(match.strength, request.strength)

    def _remember(self, requests: Requests, value: dict[str, Any], matches: Iterable[Recognised]) -> None:
        """Keep a client's request until its answer comes."""
        asked = [match for match in matches if match.sender is CLIENT]
        if not asked:
            requests.add_other(value.get("id"))
            return
        best = max(asked, key=lambda match: (match.strength, match.dialect))
        details = self._measured(best.kind, self._named(best))
        listed = isinstance(value.get("params"), list)
        request = Request(best.dialect, best.kind, best.signature, best.strength, details, listed)
        requests.add(value.get("id"), request)

    def _answers_other(self, segment: Segment, value: dict[str, Any]) -> bool:
        """Whether a reply answers a request of the other side that is no mining: whatever it looks
        like, it proves nothing."""
        return "method" not in value and self._requests[1 - segment.side].take_other(value.get("id"))

    def _answer(self, segment: Segment, value: dict[str, Any], known: list[Message]) -> Message | None:
        """What a reply means, by the request of the other side that it answers."""
        requests = self._requests[1 - segment.side]
        request = requests.oldest(value.get("id"))
        if request is None:
            return None
        if not request.dialect:  # of signatures that are there no more
            if "method" not in value:
                requests.answered(value.get("id"))
            return None
        accepted = self._signatures.accepts(request.dialect, value)
        if accepted is None or is_unknown_call(value):
            return None
        requests.answered(value.get("id"))
        kind = _answer_kind(request.kind, accepted)
        if kind is None or any(one.kind is kind and one.strength is STRONG for one in known):
            return None
        shape = [one for one in known if one.kind is kind is HANDSHAKE and one.sender is SERVER]
        if shape:  # the request and the shape of its answer tell more than either
            return replace(shape[0], strength=max(shape[0].strength, request.strength))
        return Message(
            where=segment.where,
            signature=f"{request.dialect}.answer",
            dialect=request.dialect,
            kind=kind,
            sender=SERVER,
            strength=_answer_strength(kind, request, value),
            why=_answer_why(kind, request.signature),
            details=request.details if request.kind is SHARE else {},
            show=partial(self._signatures.excerpt, value),
        )


def _answer_kind(asked: Kind, accepted: bool) -> Kind | None:
    """What an answer to a request of this kind is; None where it says nothing."""
    if asked is SHARE:
        return ACCEPTED if accepted else REJECTED
    return HANDSHAKE if asked is HANDSHAKE and accepted else None


def _answer_strength(kind: Kind, request: Request, value: dict[str, Any]) -> Strength:
    """An answer proves no more than what it answers, and nothing where an object greets a list: pools do so
    with texts, lists or a yes, and of the few that give objects the signatures know the forms."""
    is_strange = kind is HANDSHAKE and request.listed and isinstance(value.get("result"), dict)
    return WEAK if is_strange else request.strength


_ANSWER_WHY = {
    ACCEPTED: N_("the server accepts the share handed in with {signature}"),
    REJECTED: N_("the server rejects the share handed in with {signature}"),
    HANDSHAKE: N_("the server answers {signature} without an error"),
}


@cache
def _answer_why(kind: Kind, signature: str) -> Sentence:
    """Made once for each signature: answers come with every share."""
    return sentence(_ANSWER_WHY[kind], signature=signature)
