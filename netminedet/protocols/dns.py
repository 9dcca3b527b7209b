"""DNS messages (RFC 1035), read with dpkt: questions, and the aliases and addresses in answers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop
from typing import Any

from msgspec import Struct

#: Questions, and records of the answer, read of one message; real messages have one and a few.
MAX_QUESTIONS = 8
MAX_ADDRESSES = 64
#: Names of one chain of aliases.
MAX_ALIASES = 16
#: Messages remembered with what was read of them, and the longest of these in bytes.
MESSAGES_KNOWN = 1024
SIZE_KNOWN = 512

# Record types (RFC 1035 section 3.2.2, RFC 3596 section 2.1).
_A = 1
_CNAME = 5
_AAAA = 28


class DnsMessage(Struct, frozen=True):
    """What matters here of a DNS message."""

    is_answer: bool
    #: lower case, without the final dot
    questions: tuple[str, ...]
    #: (owner, address, time to live in seconds) of all A and AAAA records of the answer
    addresses: tuple[tuple[str, str, int], ...]
    #: (owner, the name that it is an alias of) of all CNAME records of the answer
    aliases: tuple[tuple[str, str], ...] = ()
    #: whether the server is to ask further ones (the bit RD): hosts want that, resolvers on their way do not
    recursive: bool = True

    def chain(self, name: str) -> tuple[str, ...]:
        """A name, what it is an alias of, and so on (RFC 1034 section 3.6.2); no name twice."""
        targets = dict(self.aliases)
        names = [name]
        while len(names) < MAX_ALIASES and (target := targets.get(names[-1])) and target not in names:
            names.append(target)
        return tuple(names)


def read_dns(data: bytes) -> DnsMessage | None:
    """Read a message; None for anything that is none.  Bytes behind its end are left alone.

    Many hosts ask for the same names, in messages that differ in their first two bytes, the ID, only.
    """
    if len(data) > SIZE_KNOWN:
        return _read(data)
    return _known(data[2:])


@lru_cache(maxsize=MESSAGES_KNOWN)
def _known(without_id: bytes) -> DnsMessage | None:
    return _read(b"\0\0" + without_id)


def _read(data: bytes) -> DnsMessage | None:
    import dpkt  # here, because few captures hold a pool's name and loading it takes longer than a small scan

    try:
        message = dpkt.dns.DNS(data)
        questions = tuple(_name(question.name) for question in message.qd[:MAX_QUESTIONS])
        answers = message.an[:MAX_ADDRESSES] if message.qr else []
        addresses = tuple(_addresses(answers))
        aliases = tuple((_name(one.name), _name(one.cname)) for one in answers if one.type == _CNAME)
    except (dpkt.Error, IndexError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return None  # what dpkt raises on hostile bytes is not limited to its own errors
    return DnsMessage(bool(message.qr), questions, addresses, aliases, bool(message.rd))


def _name(name: str) -> str:
    return name.lower().removesuffix(".")


def _addresses(records: list[Any]) -> Iterator[tuple[str, str, int]]:
    for record in records:
        if record.type == _A and len(record.rdata) == 4:
            yield _name(record.name), inet_ntop(AF_INET, record.rdata), record.ttl
        elif record.type == _AAAA and len(record.rdata) == 16:
            yield _name(record.name), inet_ntop(AF_INET6, record.rdata), record.ttl
