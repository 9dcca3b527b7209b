"""What one end of a conversation has asked, until its answers come."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Mapping

from msgspec import Struct
from msgspec.structs import replace

from netminedet.model import WEAK, Kind, Strength
from netminedet.protocols.recogniser import Recogniser

#: Requests without an answer that are kept of a side: of mining, and others.
MAX_PENDING = 512
#: A longer number is no text that an answer could have.
_ID_BITS = 64


class Request(Struct):
    """A request of mining, as its signature has it."""

    #: empty where its signatures are there no more
    dialect: str
    kind: Kind
    signature: str
    strength: Strength
    details: Mapping[str, str]
    #: its parameters stand in a list, not in an object
    listed: bool = False


class Requests:
    """Requests by their JSON id, oldest first.  Ids come again: some give all shares the same.

    Of requests that are no mining only the ids are kept: their answers are none either.
    """

    __slots__ = ("_mining", "_others", "dropped")

    def __init__(self) -> None:
        self._mining: dict[object, deque[Request]] = {}
        self._others: dict[object, None] = {}
        #: requests forgotten at the limit
        self.dropped = 0

    def add(self, ident: object, request: Request) -> None:
        """A request of mining."""
        key = _key(ident)
        self._others.pop(key, None)
        self._mining.setdefault(key, deque(maxlen=MAX_PENDING)).append(request)
        if len(self._mining) > MAX_PENDING:
            self._mining.pop(next(iter(self._mining)))
            self.dropped += 1

    def add_other(self, ident: object) -> None:
        """A request that is no mining."""
        self._others[_key(ident)] = None
        if len(self._others) > MAX_PENDING:
            del self._others[next(iter(self._others))]
            self.dropped += 1

    def take_other(self, ident: object) -> bool:
        """Whether an answer with this id is to a request that is no mining; that has its answer now."""
        if not self._others or (key := _key(ident)) not in self._others:
            return False
        del self._others[key]
        return True

    def oldest(self, ident: object) -> Request | None:
        """The request that an answer with this id is to, if it is one of mining."""
        queue = self._mining.get(_key(ident))
        return queue[0] if queue else None

    def answered(self, ident: object) -> None:
        """The oldest of this id, which must be there, has its answer now."""
        key = _key(ident)
        self._mining[key].popleft()
        if not self._mining[key]:
            del self._mining[key]

    def turn_to(self, signatures: Recogniser, same: Container[str]) -> None:
        """What a signature said that is not the ``same`` any more makes its answer weak, or none
        where the dialect is not known any more."""
        for queue in self._mining.values():
            for number, request in enumerate(queue):
                if request.signature not in same:
                    dialect = request.dialect if signatures.knows(request.dialect) else ""
                    queue[number] = replace(request, strength=WEAK, dialect=dialect)


def _key(ident: object) -> object:
    """A JSON id as a key; lists and objects, which are no proper ids, by their text.

    The numbers 4 and 4.0 are the text "4": some servers answer a number's request with a text, and the
    other way round.
    """
    if isinstance(ident, float) and ident.is_integer():
        ident = int(ident)
    if isinstance(ident, int) and ident.bit_length() <= _ID_BITS:
        return str(ident)
    return ident if isinstance(ident, (str, int, float, type(None))) else repr(ident)[:64]
