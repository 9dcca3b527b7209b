"""Who holds an address: the data types for what ledgers, logs and databases say of it.

They are a part of the ground floor, as ``model`` is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from netminedet.suspects import Shares


class Unit(Struct, frozen=True):
    """Whose a network is, as a ledger says; what it does not say is empty."""

    #: the network that the entry is about
    cidr: str
    operator: str = ""
    city: str = ""
    county: str = ""
    unit: str = ""
    #: what kind of unit: a school, a company, a household...
    unit_kind: str = ""
    contact: str = ""


class Place(Struct, frozen=True):
    """Where an address is, as a location database says; what it does not say is empty."""

    #: two letters, ISO 3166-1
    country: str = ""
    region: str = ""
    city: str = ""
    #: the autonomous system's number and name
    asn: int | None = None
    network: str = ""


class Subscriber(Struct, frozen=True):
    """Who had an address, as an operator's log says: a name or an account, an inner address, or both."""

    name: str
    private_ip: str | None = None


class Attribution(Struct, frozen=True):
    """Who had an address and port at a moment, as far as a log tells."""

    #: "named"; "ambiguous": several are named; "gap": nobody is
    status: str
    subscribers: tuple[Subscriber, ...] = ()
    #: the log's lines that name them, in their order: "nat.csv:1200"
    entries: tuple[str, ...] = ()
    #: why it is not certain
    note: str = ""


class SubscriberSeen(Struct, frozen=True):
    """One subscriber behind a host's address, and what of the host's evidence and connections is its own."""

    subscriber: Subscriber
    evidence: int
    connections: int
    shares: Shares
    #: the strongest of its evidence: "strong", "weak" or "name"; empty where it has none
    strength: str
    first_seen: int
    last_seen: int


class Behind(Struct, frozen=True):
    """The subscribers behind a host's address, and how much of its evidence and connections is nobody's."""

    subscribers: tuple[SubscriberSeen, ...]
    ambiguous: int
    gaps: int
