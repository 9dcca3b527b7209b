"""The form of the JSON document as types, for msgspec to read it with: ``schema.json`` in Python.

Keys that a later release adds are passed over; what this release needs must be there and
be of its kind.  Whether an address or a time is one, `reading` sees to.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Port = Annotated[int, Meta(ge=0, le=65535)]
PacketNumber = Annotated[int, Meta(ge=1, le=2**63 - 1)]
#: No estimate of this world is larger; sums of such stay numbers.
Amount = Annotated[float, Meta(ge=0.0, le=1e40)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)]
Address = Annotated[str, Meta(pattern="^[0-9a-f.:]+$", max_length=45)]
Time = Annotated[str, Meta(max_length=35)]
Unit = Literal["H", "Sol", "g", "proof"]
Texts = tuple[str, ...]
#: What a sentence was made of; `sentences.sentence_from` sees to what is in it.
Message = dict[str, Any] | None


class Signatures(Struct):
    version: str
    sha256: Sha256
    count: Count


class Tool(Struct):
    name: Literal["netminedet"]
    version: str
    signatures: Signatures


class Input(Struct):
    path: str
    sha256: Sha256 | None
    format: str
    packets: Count
    bytes: Count
    first_seen: Time | None
    last_seen: Time | None
    complete: bool
    problems: list[str]
    problem_messages: list[dict[str, Any]] = []


class Range(Struct):
    low: Amount
    typical: Amount
    high: Amount


class Rate(Struct):
    low: Amount | None
    typical: Amount | None
    high: Amount | None
    method: str
    method_message: Message = None


class Power(Struct):
    kw: Range
    assumption: str
    assumption_message: Message = None
    basis: Literal["device", "family", "algorithm"] = "algorithm"


class HashRate(Struct):
    algorithm: str
    unit: Unit
    low: Amount | None
    typical: Amount | None
    high: Amount | None
    method: str
    shares: Count
    seconds: Amount
    counted: Literal["accepted", "submitted"]
    ambiguity: str | None
    reported: Rate | None
    power: Power | None
    method_message: Message = None


class Software(Struct):
    software: str
    version: str | None
    vendor: str | None
    hardware: str | None
    kind: Literal["asic", "gpu", "cpu", "proxy", "market", "browser", "lottery"]


class Management(Struct):
    interfaces: Texts
    pools: Texts
    reported_hash_rate: Amount | None


class Layer(Struct):
    kind: str
    id: str | None
    src_ip: Address | None
    dest_ip: Address | None


class Flow(Struct):
    src_ip: Address
    src_port: Port
    dest_ip: Address
    dest_port: Port
    proto: Literal["TCP", "UDP"]
    tunnel: list[Layer]


class Network(Struct):
    cidr: str
    operator: str | None
    city: str | None
    county: str | None
    unit: str | None
    unit_kind: str | None
    contact: str | None


class Place(Struct):
    country: str | None
    region: str | None
    city: str | None
    asn: Count | None
    network: str | None


class Subscriber(Struct):
    name: str | None
    private_ip: Address | None


class Attribution(Struct):
    status: Literal["named", "ambiguous", "gap"]
    subscribers: list[Subscriber]
    entries: Texts
    note: str | None


class Shares(Struct):
    submitted: Count
    accepted: Count
    rejected: Count


class SubscriberSeen(Struct):
    name: str | None
    private_ip: Address | None
    evidence: Count
    connections: Count
    shares: Shares
    strength: Literal["strong", "weak", "name"] | None
    first_seen: Time
    last_seen: Time


class Behind(Struct):
    named: list[SubscriberSeen]
    ambiguous: Count
    gaps: Count


class Connection(Struct):
    src_ip: Address
    src_port: Port
    dest_ip: Address
    dest_port: Port
    proto: Literal["TCP", "UDP"]
    first_seen: Time
    last_seen: Time
    proves: Literal["confirmed", "probable", "suspected"]
    shares: Shares
    subscriber: Attribution | None = None
    tunnel: bool = False


class Evidence(Struct):
    signature: str
    strength: Literal["strong", "weak", "name"]
    time: Time
    input: str
    packet: PacketNumber
    flow: Flow
    excerpt: str
    why: str
    details: dict[str, str]
    why_message: Message = None
    subscriber: Attribution | None = None


class Pool(Struct):
    name: str | None
    ip: Address | None
    port: Port | None
    tls: bool
    place: Place | None = None


class Suspect(Struct):
    host: Address
    verdict: Literal["confirmed", "probable", "suspected"]
    role: Literal["miner", "solo miner", "proxy", "pool server", "browser", "lookup only"]
    reasons: Texts
    dialects: Texts
    coins: Texts
    pools: list[Pool]
    workers: Texts
    wallets: Texts
    agents: Texts
    first_seen: Time
    last_seen: Time
    flows: Count
    packets: Count
    bytes: Count
    shares: Shares
    software: list[Software]
    rigs: Count
    hash_rates: list[HashRate]
    evidence: list[Evidence]
    evidence_omitted: Count
    truncated: bool
    management: Management | None = None
    reason_messages: list[dict[str, Any]] = []
    connections: list[Connection] = []
    connections_omitted: Count = 0
    unit: Network | None = None
    place: Place | None = None
    subscribers: Behind | None = None


class Node(Struct):
    host: Address
    protocol: str
    network: str | None
    first_seen: Time
    last_seen: Time
    peers: tuple[Address, ...]
    truncated: bool
    input: str
    packet: PacketNumber
    flow: Flow


class Resolver(Struct):
    host: Address
    names: Texts
    clients: tuple[Address, ...]
    truncated: bool
    first_seen: Time
    last_seen: Time


class Report(Struct):
    schema: str
    tool: Tool
    inputs: list[Input]
    totals: dict[str, Count]
    suspects: list[Suspect]
    adjacent: list[Node] = []
    resolvers: list[Resolver] = []
    anonymized: Annotated[str, Meta(pattern="^(crypto-pan/[0-9a-f]{8})?$")] = ""


class Head(Struct):
    """What tells whether a document is a report at all, and of which form."""

    schema: str = ""
