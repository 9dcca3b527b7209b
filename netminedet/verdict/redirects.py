"""Clients that a server sent on to another address, and the connections that they opened there.

Stratum V1 has ``client.reconnect``, EthereumStratum/2.0.0 ``mining.reconnect`` (EIP-1571), Stratum V2
``Reconnect`` (sv2-spec section 3.6.5), and an old pool's HTTP answer the header ``X-Stratum``.  Where the
new place is encrypted, the order to go there is all that tells what it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import TypeVar

from msgspec import Struct, field

from netminedet.model import SERVER, Message, Where
from netminedet.suspects import Evidence
from netminedet.verdict.order import SKEW_NS, FlowId, Span, flow_id, order_of
from netminedet.verdict.tables import Room, keep_first, merge_into

#: Limits of the tables that traffic fills.
MAX_REDIRECTS = 20_000
MAX_REDIRECT_ANSWERS = 50_000
MAX_ARRIVALS = 50_000
#: How long after the order, or the last DNS answer for its name, a connection still counts as following it.
FOLLOWED_NS = 3600 * 1_000_000_000

_NAME = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{1,61}")


class Target(Struct, frozen=True, order=True):
    """Where a client is sent: an address in its usual form, or a host name in lower case."""

    host: str
    port: int

    @property
    def is_address(self) -> bool:
        return ":" in self.host or self.host.rpartition(".")[2].isdigit()


def target_of(message: Message) -> Target | None:
    """Where a server's message sends its client; None where it sends it nowhere else.

    An empty host means the present one, port 0 or none the present port (sv2-spec section 3.6.5).
    """
    details, flow = message.details, message.where.flow
    if message.sender is not SERVER or not details.keys() & {"redirect_host", "redirect_port"}:
        return None
    host = details.get("redirect_host", "").strip().lower().removesuffix(".").strip("[]") or flow.src_ip
    text = details.get("redirect_port", "").strip() or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) < 65536):
        return None
    try:
        host = str(ip_address(host))
    except ValueError:
        if not _NAME.fullmatch(host):
            return None
    target = Target(host, int(text) or flow.src_port)
    return None if target == Target(flow.src_ip, flow.src_port) else target


class Arrival(Struct, frozen=True):
    """A connection to a place to which a client had been sent; ``where.flow`` is as the client sends."""

    where: Where
    #: it opens with a TLS ClientHello; otherwise with bytes that are no text
    tls: bool


class Redirect(Struct):
    """An order to go elsewhere: its first and last time, and the earliest message that gave it."""

    span: Span
    evidence: Evidence

    def copy(self) -> Redirect:
        return Redirect(self.span.copy(), self.evidence)

    def merge(self, other: Redirect) -> None:
        self.span.merge(other.span)
        self.evidence = min(self.evidence, other.evidence, key=order_of)


class Followed(Struct, frozen=True):
    """A client went where it had been sent."""

    client: str
    server: str
    target: Target
    redirect: Redirect
    arrival: Arrival


Key = TypeVar("Key")
Value = TypeVar("Value")


class Redirects(Struct):
    """All that was seen of them; adds up like ``Findings``, whose part it is."""

    #: (client's address, target, flow of the order)
    orders: dict[tuple[str, Target, FlowId], Redirect] = field(default_factory=dict)
    #: (client's address, name, address that the DNS gave it for the name)
    answers: dict[tuple[str, str, str], Span] = field(default_factory=dict)
    #: earliest packet of each connection
    arrivals: dict[FlowId, Arrival] = field(default_factory=dict)

    def add_order(self, message: Message, target: Target, dropped: Counter[str]) -> None:
        """The message sends its receiver to ``target``."""
        where = message.where
        strength = message.strength.name.lower()
        evidence = Evidence(message.signature, strength, where, message.excerpt, message.why)
        redirect = Redirect(Span(where.time_ns, where.time_ns), evidence)
        self._add_order((where.flow.dest_ip, target, flow_id(where.flow)), redirect, dropped)

    def add_answer(self, host: str, name: str, address: str, span: Span, dropped: Counter[str]) -> None:
        """From ``span.first`` to ``span.last`` the host may use the address for the name."""
        room = Room(MAX_REDIRECT_ANSWERS, dropped, "redirect_answers_not_kept")
        merge_into(self.answers, (host, name, address), span, room)

    def add_arrival(self, arrival: Arrival, dropped: Counter[str]) -> None:
        """A connection was opened to a place to which its client had been sent."""
        room = Room(MAX_ARRIVALS, dropped, "redirect_arrivals_not_kept")
        keep_first(self.arrivals, flow_id(arrival.where.flow), arrival, room)

    def merge(self, other: Redirects, dropped: Counter[str]) -> None:
        """Add another's to these."""
        for key, redirect in other.orders.items():
            self._add_order(key, redirect, dropped)
        for (host, name, address), span in other.answers.items():
            self.add_answer(host, name, address, span, dropped)
        for arrival in other.arrivals.values():
            self.add_arrival(arrival, dropped)

    def _add_order(self, key: tuple[str, Target, FlowId], order: Redirect, dropped: Counter[str]) -> None:
        merge_into(self.orders, key, order, Room(MAX_REDIRECTS, dropped, "redirects_not_kept"))

    def proven(
        self, server_of: Callable[[FlowId, str], str | None]
    ) -> Iterator[tuple[str, str, Target, Redirect]]:
        """(client, server, target, order) of the orders given in a mining conversation, sorted.

        ``server_of``: the server of the flow where that client mines in it, else None.
        """
        for (client, target, flow), redirect in sorted(self.orders.items(), key=lambda item: item[0]):
            server = server_of(flow, client)
            if server is not None and redirect.evidence.where.flow.src_ip == server:
                yield client, server, target, redirect

    def followed(
        self, server_of: Callable[[FlowId, str], str | None], sessions: Iterator[Where]
    ) -> Iterator[Followed]:
        """Connections by which a client followed an order; ``sessions``: TLS sessions seen anyway."""
        if not self.orders:
            return
        arrivals: dict[tuple[str, int], dict[FlowId, Arrival]] = {}
        seen = [Arrival(where, tls=True) for where in sessions]
        for arrival in (*seen, *self.arrivals.values()):
            flow = arrival.where.flow
            arrivals.setdefault((flow.src_ip, flow.dest_port), {})[flow_id(flow)] = arrival
        taken: set[FlowId] = set()
        for client, server, target, redirect in self.proven(server_of):
            for key, arrival in sorted(arrivals.get((client, target.port), {}).items()):
                if key not in taken and self._follows(client, target, redirect, arrival.where):
                    taken.add(key)
                    yield Followed(client, server, target, redirect, arrival)

    def _follows(self, client: str, target: Target, redirect: Redirect, where: Where) -> bool:
        first, last = redirect.span.first - SKEW_NS, redirect.span.last
        address = where.flow.dest_ip
        if not target.is_address:
            answer = self.answers.get((client, target.host, address))
            if answer is None or where.time_ns < answer.first - SKEW_NS:
                return False
            last = max(last, answer.last)
        elif address != target.host:
            return False
        return first <= where.time_ns <= last + FOLLOWED_NS
