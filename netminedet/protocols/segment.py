"""A TCP segment of a flagged flow, as the sieve hands it on."""

from __future__ import annotations

from msgspec import Struct

from netminedet.model import Where


class Segment(Struct):
    """Bytes of the stream before ``data`` that belong to the same message stand at its beginning already."""

    where: Where
    #: 0 or 1: which end of the flow sent it
    side: int
    #: sequence number of the first byte of ``data``
    seq: int
    data: bytes
    #: where this side was expected to go on, and what it has of the other side; None where not known
    expected: int | None = None
    acknowledged: int | None = None
    #: with it a new connection of the same ends begins
    renews: bool = False
    #: nothing but JSON in the sender's present flight; None where its beginning was not seen
    flight_is_json: bool | None = None
    #: what the other side has said last began as text that is no JSON
    answers_text: bool = False
    #: the present flight began with printable text
    flight_is_text: bool = True
    #: one of the sides has spoken HTTP in this flow
    http_seen: bool = False

    @property
    def is_http_body(self) -> bool:
        """It goes on with an HTTP message: JSON in it is no line, even where it has a segment of its own."""
        return self.http_seen and self.flight_is_json is False

    @property
    def may_be_body(self) -> bool:
        """JSON in it may be a body whose head went before, in a flight of its own.

        The server was asked to say first that it would take it (Expect: 100-continue, RFC 9110
        section 10.1.1).  In a tunnel it would be a line; which of the two it is, the answer tells.
        """
        return self.http_seen and bool(self.flight_is_json)

    def quotes(self, carrier: str) -> bool:
        """HTTP in it stands in a flight that began as something else: a mail may quote a request."""
        return carrier == "http" and not self.http_seen and self.flight_is_json is not None
