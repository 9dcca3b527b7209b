"""What is said of hosts in the end: suspects, their evidence, and hosts that are none.

Units are those of ``model``: nanoseconds since 1970-01-01 UTC, bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

from netminedet.holders import Attribution, Behind, Place, Unit
from netminedet.model import FiveTuple, Where

if TYPE_CHECKING:
    from netminedet.estimate.host import HashRate
    from netminedet.signatures.agents import Agent


class Verdict(IntEnum):
    """How sure the tool is that a host mines."""

    SUSPECTED = 1
    PROBABLE = 2
    CONFIRMED = 3

    @property
    def label(self) -> str:
        return self.name.lower()


class Role(str, Enum):
    """What a suspect does."""

    MINER = "miner"
    SOLO = "solo miner"
    PROXY = "proxy"
    POOL = "pool server"
    BROWSER = "browser"
    LOOKUP = "lookup only"


class Shares(Struct, frozen=True):
    """Counts of shares; ``submitted`` includes those whose answer was not seen."""

    submitted: int = 0
    accepted: int = 0
    rejected: int = 0

    def __add__(self, other: Shares) -> Shares:
        return Shares(
            self.submitted + other.submitted,
            self.accepted + other.accepted,
            self.rejected + other.rejected,
        )


class Connection(Struct, frozen=True):
    """One flow in which a host mined, was served, or hid what it said."""

    #: as the one who asks for work sends
    flow: FiveTuple
    first_seen: int
    last_seen: int
    #: the verdict to which it is enough by itself: "confirmed", "probable" or "suspected"
    proves: str
    shares: Shares
    subscriber: Attribution | None = None
    #: its other end is a proxy that was asked for a tunnel, and no pool
    tunnel: bool = False


class Evidence(Struct, frozen=True):
    """One proof, as a reader of the report sees it."""

    signature: str
    #: "strong", "weak" or "name"
    strength: str
    where: Where
    excerpt: str
    why: str
    #: context that proves nothing by itself: see ``NameSeen.details``
    details: Mapping[str, str] = field(default_factory=dict)
    #: who had the host's address and port then; None where no log was asked
    subscriber: Attribution | None = None


class Pool(Struct, frozen=True, order=True):
    """A server that a suspect mines at, or whose name it looked up.

    Behind a proxy ``name`` is the pool's, as the proxy was asked for it, ``ip`` and ``port`` are
    the proxy's.
    """

    name: str | None
    ip: str | None
    port: int | None
    tls: bool


class NodeSeen(Struct, frozen=True):
    """A host that speaks the protocol of coin nodes or wallets: beside mining, and none."""

    host: str
    #: "bitcoin-p2p", "monero-levin", "ethereum-rlpx", "lightning"
    protocol: str
    #: the coin, where its bytes tell; else empty
    network: str
    first_seen: int
    last_seen: int
    #: who it spoke to, sorted; at most ``findings.MAX_VALUES``, and whether there were more
    peers: tuple[str, ...]
    truncated: bool
    #: the first packet that tells
    where: Where


class ResolverSeen(Struct, frozen=True):
    """A host that asked the DNS for pools' names that others had asked it for: no suspect by that."""

    host: str
    #: the names that it passed on, and who asked it for them; sorted
    names: tuple[str, ...]
    clients: tuple[str, ...]
    #: whether there were more of either than ``resolvers.MAX_SHOWN``
    truncated: bool
    first_seen: int
    last_seen: int


class Management(Struct, frozen=True):
    """What a mining machine told of itself through its management interface."""

    #: the programs that it named, e.g. "cgminer 4.11.1"
    interfaces: tuple[str, ...]
    #: addresses of the pools that it is set to mine at
    pools: tuple[str, ...]
    #: the latest rate that it stated, in hashes a second
    hash_rate: float | None


class Suspect(Struct, frozen=True):
    """One host and everything that speaks against it."""

    host: str
    verdict: Verdict
    role: Role
    #: sentences that say why the verdict is what it is, the weightiest first
    reasons: tuple[str, ...]
    dialects: tuple[str, ...]
    coins: tuple[str, ...]
    pools: tuple[Pool, ...]
    workers: tuple[str, ...]
    wallets: tuple[str, ...]
    agents: tuple[str, ...]
    first_seen: int
    last_seen: int
    flows: int
    packets: int
    bytes: int
    shares: Shares
    evidence: tuple[Evidence, ...]
    #: evidence found but not kept, because of the cap
    evidence_omitted: int = 0
    #: true when a list above was cut at its cap
    truncated: bool = False
    #: what its agent strings say of programs and machines
    software: tuple[Agent, ...] = ()
    #: by algorithm; of a proxy, what it handed in upstream
    hash_rates: tuple[HashRate, ...] = ()
    #: what it told of itself through its management interface; its own word, and no estimate
    management: Management | None = None
    #: of a proxy or pool: different login names that it was told by the miners it serves
    rigs: int = 0
    #: its connections in which more than a name was seen, the strongest of them, in the order of time
    connections: tuple[Connection, ...] = ()
    #: connections that are not among them, because of the cap
    connections_omitted: int = 0
    #: whose its address is, by the ledger of networks
    unit: Unit | None = None
    #: where its own address and those of its pools are
    places: Mapping[str, Place] = field(default_factory=dict)
    #: who is behind its address, by the log of subscribers
    behind: Behind | None = None
