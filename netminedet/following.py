"""Follows clients that a server sends elsewhere: what the sieve has to look for while a capture is read."""

from __future__ import annotations

from collections import Counter

from netminedet.model import Message, Where
from netminedet.protocols.dns import DnsMessage
from netminedet.sieve import Hit, Sieve
from netminedet.verdict.findings import Findings
from netminedet.verdict.order import Span
from netminedet.verdict.redirects import Arrival, target_of

#: Pairs of a client and the place it was sent to that are followed at a time.
MAX_FOLLOWED = 10_000
#: Bytes of a connection's beginning that decide whether it is text.
_LOOK = 16


class Following:
    """What is waited for in one input: names in the DNS, and connections to addresses."""

    def __init__(self, sieve: Sieve, findings: Findings) -> None:
        self._sieve = sieve
        self._redirects = findings.redirects
        self._dropped = findings.dropped
        #: (client, name) -> ports
        self._names: dict[tuple[str, str], set[int]] = {}
        #: (client, address, port)
        self._places: set[tuple[str, str, int]] = set()
        self._followed = 0
        self.counts: Counter[str] = Counter(redirect_targets_not_watched=0)

    def turn_to(self, findings: Findings) -> None:
        """Put what is found into these findings from now on."""
        self._redirects = findings.redirects
        self._dropped = findings.dropped

    def heard(self, message: Message) -> None:
        """A mining message, which may send its client elsewhere."""
        target = target_of(message)
        if target is None:
            return
        self._redirects.add_order(message, target, self._dropped)
        client = message.where.flow.dest_ip
        if target.is_address:
            self._expect(client, target.host, target.port)
        elif target.port in self._names.get((client, target.host), ()):
            pass
        elif self._followed < MAX_FOLLOWED and self._sieve.watch_name(target.host):
            self._followed += 1
            self._names.setdefault((client, target.host), set()).add(target.port)
        else:
            self.counts["redirect_targets_not_watched"] += 1

    def asked(self, message: DnsMessage, where: Where) -> None:
        """A DNS message; ``where.flow`` is as the asker sends."""
        client, moment = where.flow.src_ip, where.time_ns
        for name in message.questions if self._names else ():
            ports = self._names.get((client, name))
            owners = message.chain(name) if ports else ()
            for owner, address, ttl in message.addresses:
                if owner not in owners:
                    continue
                span = Span(moment, moment + max(0, ttl) * 1_000_000_000)
                self._redirects.add_answer(client, name, address, span, self._dropped)
                for port in sorted(ports or ()):
                    self._expect(client, address, port)

    def begun(self, hit: Hit) -> bool:
        """The first payload of a flow to a watched endpoint; whether it counts as following an order."""
        flow = hit.where.flow
        if (flow.src_ip, flow.dest_ip, flow.dest_port) not in self._places or _is_text(hit.payload):
            return False
        self._redirects.add_arrival(Arrival(hit.where, hit.payload[:2] == b"\x16\x03"), self._dropped)
        return True

    def _expect(self, client: str, address: str, port: int) -> None:
        if (client, address, port) in self._places:
            return
        if self._followed < MAX_FOLLOWED and self._sieve.watch_endpoint(address, port):
            self._followed += 1
            self._places.add((client, address, port))
        else:
            self.counts["redirect_targets_not_watched"] += 1


def _is_text(data: bytes) -> bool:
    """Whether the bytes are printable ASCII or line ends: somebody who reads them can tell what they are."""
    return all(0x20 <= byte < 0x7F or byte in b"\t\r\n" for byte in data[:_LOOK])
