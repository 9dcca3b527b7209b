"""What one signature file says, as plain data: see docs/signatures.md for the fields."""

from __future__ import annotations

from msgspec import Struct

from netminedet.model import Kind, Needs, Side, Strength
from netminedet.signatures.text import Place


class Pattern(Struct, frozen=True):
    """One kind of message of a dialect, and how to recognise it."""

    id: str
    dialect: str
    #: values of the verb (``method_key``) that this message may have; empty for a reply, and for
    #: a message without a verb, which is looked up by having the key ``method_key``
    methods: tuple[str, ...]
    #: top-level key that carries the verb: "method" in JSON-RPC
    method_key: str
    sender: Side
    kind: Kind
    strength: Strength
    why: str
    #: JMESPath that must yield true; None where the verb alone decides
    where: str | None
    coins: tuple[str, ...]
    #: (detail's name, JMESPath)
    extract: tuple[tuple[str, str], ...]
    redact: tuple[Place, ...]
    #: recognised among messages with a ``result`` or ``error`` and no verb
    reply: bool = False
    #: its dialect's
    carriers: tuple[str, ...] = ()
    #: what has to be seen beside it for it to be strong
    needs: Needs | None = None

    @property
    def signature(self) -> str:
        return f"{self.dialect}.{self.id}"


class Example(Struct, frozen=True):
    """A line as on the wire, and the message it must be recognised as."""

    name: str
    text: str
    matches: tuple[str, ...]
    sender: Side | None


class Lookalike(Struct, frozen=True):
    """A line of some other protocol that must never be taken for mining."""

    name: str
    text: str
    #: messages of its file that it comes close to and must not match; none in lookalikes.yaml
    near: tuple[str, ...] = ()


class Dialect(Struct, frozen=True):
    """One signature file."""

    id: str
    title: str
    #: id of the more general dialect that this one is a special case of
    refines: str | None
    coins: tuple[str, ...]
    references: tuple[str, ...]
    #: how its messages come: "lines", "websocket", "http", "frames", "text", "datagram"
    carriers: tuple[str, ...]
    anchors: tuple[bytes, ...]
    #: JMESPath on a reply to a share: true is a yes
    accepted: str | None
    patterns: tuple[Pattern, ...]
    #: literals that a side's turn begins with where no JSON can tell: for the carrier "text"
    openers: tuple[bytes, ...]
    #: literals that its datagrams begin with: for the carrier "datagram"
    datagrams: tuple[bytes, ...]
    examples: tuple[Example, ...]
    lookalikes: tuple[Lookalike, ...]
    #: the file, as a person would name it in a message
    source: str
    #: its text with LF line ends
    text: str
