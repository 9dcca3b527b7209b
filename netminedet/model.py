"""The plain data types that the stages hand to each other.

Every stage imports this module and none imports a later stage:
capture -> sieve -> protocols -> verdict -> report.

Units: times are integers, nanoseconds since 1970-01-01 UTC; sizes are bytes;
packet numbers count from 1 within one input, as Wireshark counts them.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, IntEnum

from msgspec import Struct, field
from msgspec.structs import astuple


class Batch:
    """A block of captured packets: one reused byte buffer and parallel columns.

    ``data[offset[i] : offset[i] + caplen[i]]`` are the captured bytes of packet ``i``
    for ``0 <= i < count``.  The buffer and the columns are reused by the source: a
    batch is valid only until the next one is asked for.
    """

    __slots__ = (
        "caplen",
        "count",
        "data",
        "first_number",
        "linktype",
        "offset",
        "place",
        "time_ns",
        "wirelen",
    )

    def __init__(self, data: bytearray, capacity: int) -> None:
        self.data = data
        self.count = 0
        #: number (from 1) that packet 0 of this batch has in its input
        self.first_number = 1
        #: where packets have been left out: what to add to it for each; None: its index
        self.place: Sequence[int] | None = None
        self.offset = array("I", bytes(4 * capacity))
        self.caplen = array("I", bytes(4 * capacity))
        self.wirelen = array("I", bytes(4 * capacity))
        self.time_ns = array("q", bytes(8 * capacity))
        #: LINKTYPE_ numbers of tcpdump.org/linktypes.html, flag bits masked off
        self.linktype = array("I", bytes(4 * capacity))

    @property
    def capacity(self) -> int:
        """Packets that the columns have room for."""
        return len(self.offset)

    def number(self, i: int) -> int:
        """The number of packet ``i`` in its input."""
        return self.first_number + (i if self.place is None else self.place[i])

    def packet(self, i: int) -> bytes:
        """A copy of the captured bytes of packet ``i``."""
        start = self.offset[i]
        return bytes(self.data[start : start + self.caplen[i]])


class InputInfo(Struct):
    """What was read of one input: filled in by its source while it is read."""

    path: str
    #: "pcap" or "pcapng", with "+gzip", "+zstd" or "+xz" behind it
    format: str = ""
    sha256: str | None = None
    packets: int = 0
    #: captured bytes of the packets, headers of the file format not counted
    bytes: int = 0
    #: bytes of the (uncompressed) data that were passed over because of damage
    damaged_bytes: int = 0
    first_seen: int | None = None
    last_seen: int | None = None
    complete: bool = True
    problems: list[str] = field(default_factory=list)


class FiveTuple(Struct, frozen=True, order=True):
    """The sender and receiver of one packet; addresses in their usual text form."""

    src_ip: str
    src_port: int
    dest_ip: str
    dest_port: int
    #: "tcp" or "udp"
    proto: str

    def reversed(self) -> FiveTuple:
        """The same flow as its other side sends it."""
        return FiveTuple(self.dest_ip, self.dest_port, self.src_ip, self.src_port, self.proto)


class Layer(Struct, frozen=True):
    """One header around a packet: a tag, a label or a tunnel, with its outer addresses if it has any."""

    #: "vlan", "mpls", "pppoe", "gre", "vxlan", "gtp-u"...: a name of ``sieve.layers.KINDS``
    kind: str
    #: VLAN id, label, session, key, VNI, TEID...: as operators write it
    id: str | None = None
    src_ip: str | None = None
    dest_ip: str | None = None


class Where(Struct, frozen=True):
    """Time and place of a packet: enough for a reader to find it again."""

    time_ns: int
    input: str
    packet: int
    flow: FiveTuple
    #: what the packet came in, outermost first, VLAN tags included
    tunnel: tuple[Layer, ...] = ()

    @property
    def vlan(self) -> tuple[int, ...]:
        """VLAN ids, outermost first."""
        return tuple(int(layer.id or 0) for layer in self.tunnel if layer.kind == "vlan")


class Side(str, Enum):
    """Who speaks: the side that asks for work (client) or the one that gives it (server)."""

    CLIENT = "client"
    SERVER = "server"

    @property
    def other(self) -> Side:
        return Side.SERVER if self is Side.CLIENT else Side.CLIENT


class Kind(str, Enum):
    """What a mining message is in its conversation."""

    HANDSHAKE = "handshake"  # subscribe, authorize, login and their answers
    JOB = "job"  # work given by the server
    SHARE = "share"  # work handed in by the client
    ACCEPTED = "accepted"  # the server's yes to a share
    REJECTED = "rejected"  # the server's no to a share
    CONTROL = "control"  # difficulty, keep-alive and the like
    STATUS = "status"  # asking a mining machine how it is, and what it answers


class Strength(IntEnum):
    """How much one message proves.  WEAK never makes a verdict, it only supports one."""

    WEAK = 1
    STRONG = 2


# The members by themselves, for what each message is compared with: read off its class, a member of an
# enumeration takes several times as long.
CLIENT, SERVER = Side.CLIENT, Side.SERVER
HANDSHAKE, JOB, SHARE = Kind.HANDSHAKE, Kind.JOB, Kind.SHARE
ACCEPTED, REJECTED = Kind.ACCEPTED, Kind.REJECTED
CONTROL, STATUS = Kind.CONTROL, Kind.STATUS
WEAK, STRONG = Strength.WEAK, Strength.STRONG


class Needs(Struct, frozen=True):
    """What has to be seen beside a message of a form that others use too, for it to be strong: either."""

    #: signatures, of which one at least was sent by the same host or, if it is the other side's, by
    #: the other end of the connection, in any connection
    any_of: tuple[str, ...] = ()
    #: a signature that the same host has sent less often than this one
    outnumbers: str = ""
    #: signatures beside which it is weak in a connection where all that is strong is as doubtful
    beside: tuple[str, ...] = ()

    @property
    def alone(self) -> bool:
        """Whether nothing has to be seen beside it, as long as nothing speaks against it."""
        return not self.any_of and not self.outnumbers


class Turn(Struct, frozen=True):
    """How a job changes what shares are measured by: difficulty, target and algorithm, as in the messages."""

    #: in force until the job came; empty texts where unknown
    before: tuple[str, str, str]
    #: for how many nanoseconds, from the job before
    time: int
    #: in force from now on
    now: tuple[str, str, str]


class Message(Struct, frozen=True, eq=False):
    """One mining message that a signature recognised, with what it gave away."""

    where: Where
    #: "stratum-v1.subscribe": signature file's id, a dot, the message's id
    signature: str
    dialect: str
    kind: Kind
    sender: Side
    strength: Strength
    why: str
    coins: tuple[str, ...] = ()
    #: any of: agent, worker, wallet, difficulty, job_id, pool_host, algo; claimed_ip and claimed_port
    details: Mapping[str, str] = field(default_factory=dict)
    #: what it lacks, it is weak without
    needs: Needs | None = None
    #: of a share: how many miners its job was shared by until now, where its sender divides the nonces
    sharers: int = 0
    #: of a job: what shares were measured by until it came, and are from now on
    turn: Turn | None = None
    #: makes the excerpt: few messages become evidence, and only those need one.  No part of what is compared
    show: Callable[[], str] = str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and astuple(self)[:-1] == astuple(other)[:-1]

    @property
    def excerpt(self) -> str:
        """Printable text of at most ``EXCERPT_LIMIT`` characters, passwords cut out."""
        return self.show()


#: Before a difficulty that no message told: it was reckoned from the hashes of shares.
RECKONED = "~"

#: Behind a dialect's name in a signature: an answer that shows that there is no mining where it was asked.
REBUFF = "rebuff"

#: Longest excerpt kept as evidence, in characters.
EXCERPT_LIMIT = 240


class NameSource(str, Enum):
    """Where a pool's name was read."""

    DNS = "dns"
    DNS_ALIAS = "dns-cname"
    TLS = "tls-sni"
    TLS_CERTIFICATE = "tls-certificate"
    HTTP_HOST = "http-host"
    HTTP_CONNECT = "http-connect"
    SOCKS = "socks"


#: Ports on which browsers look for web sites.
WEB_PORTS = frozenset((80, 443, 8000, 8080, 8443))


class PoolName(Struct, frozen=True):
    """A host name that belongs to a mining pool, as the pool list knows it."""

    #: the name as it was seen, lower case, without the final dot
    name: str
    #: the pool's own name, e.g. "AntPool"
    pool: str
    coins: tuple[str, ...] = ()
    #: true when the name itself is a stratum endpoint, not a pool's web site
    stratum: bool = False
    #: ports on which the pool is known to serve miners
    ports: frozenset[int] = frozenset()
    #: true for a service whose miners are scripts in web pages
    browser: bool = False
    #: the coin that the host is named after, where it is one of the pool's; else empty
    named_after: str = ""

    def serves_miners_on(self, port: int) -> bool:
        """Whether who opens this port of it mines: a pool's web site may have the name of a coin, too, but is
        on ports of the web."""
        return port in self.ports and (self.stratum or port not in WEB_PORTS)


#: Detail of a question that wants no recursion.
ITERATIVE = "iterative"
#: Details of what was said behind a header of the PROXY protocol: whom that claims as the client.
CLAIMED_IP = "claimed_ip"
CLAIMED_PORT = "claimed_port"


class NameSeen(Struct, frozen=True):
    """A host asked for, or spoke to, a pool by name.  ``where.flow`` is as the asker sends."""

    where: Where
    source: NameSource
    pool: PoolName
    #: what else the packet tells, any of: asked (the name that is an alias of the pool's), port
    #: (asked for behind a proxy), ja4 (of the ClientHello), iterative (a question without recursion),
    #: claimed_ip and claimed_port (of the client, by a header of the PROXY protocol)
    details: Mapping[str, str] = field(default_factory=dict)


class TunnelAsked(Struct, frozen=True):
    """A host asked a proxy to connect it; ``where.flow`` is as the asker sends.

    ``pool.pool`` is empty for a place that is no pool's by its name: the flow shows that it is one.
    """

    where: Where
    source: NameSource
    pool: PoolName
    #: the port that it asked for; 0 where none was named
    port: int


class NameAnswer(Struct, frozen=True):
    """A DNS answer seen in the traffic: ``host`` learnt that ``pool.name`` is at ``address``."""

    where: Where
    host: str
    pool: PoolName
    address: str
    ttl: int


class BareTls(Struct, frozen=True):
    """A TLS session opened without a server name (or to a pool's); ``where.flow`` is as the client sends."""

    where: Where
    #: the client's fingerprint JA4; None where the ClientHello was not whole
    ja4: str | None = None


class FlowTotals(Struct, frozen=True):
    """What the sieve counted of one flow that carried evidence."""

    flow: FiveTuple
    packets: int
    bytes: int
    first_seen: int
    last_seen: int


class SignatureSetInfo(Struct, frozen=True):
    """Which signatures a report was made with."""

    version: str
    sha256: str
    count: int
