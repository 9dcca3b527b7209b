"""What a watch is told: every option of the command line, with its default."""

from __future__ import annotations

from dataclasses import dataclass, field

from netminedet.api import DEFAULT_HOME_NET
from netminedet.capture.live import RingOptions


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """See ``netminedet watch --help``; times are in seconds, sizes in bytes."""

    interfaces: tuple[str, ...] = ()
    #: a file instead of interfaces, and how many times as fast as recorded; None: without a pause
    replay: str | None = None
    speed: float | None = 1.0
    ring: RingOptions = field(default_factory=RingOptions)
    workers: int = 1
    home_net: tuple[str, ...] = DEFAULT_HOME_NET
    signatures: tuple[str, ...] = ()
    max_flows: int | None = None
    max_memory: int | None = None
    #: a file, "-" for standard output, or None
    output: str | None = None
    #: the name of this place in events; None: the machine's
    sensor: str | None = None
    stats_seconds: float = 10.0
    update_seconds: float = 300.0
    idle_seconds: float = 600.0
    forget_seconds: float = 7 * 86400.0
    state: str | None = None
    state_seconds: float = 60.0
    #: (address, port) of the page with metrics
    metrics: tuple[str, int] | None = None
    evidence: str | None = None
    #: packets kept of one host, and bytes of all
    evidence_packets: int = 1000
    evidence_size: int = 1 << 30
    #: days after which evidence is removed
    evidence_seconds: float = 30 * 86400.0
    user: str | None = None
    #: files with the keys of pseudonyms: for wallets and workers, and for addresses
    mask: str | None = None
    anonymize_ip: str | None = None
    #: ledgers of networks, and location databases
    subnets: tuple[str, ...] = ()
    geoip: tuple[str, ...] = ()
