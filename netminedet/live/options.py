"""What a watch is told: every option of the command line, with its default."""

from __future__ import annotations

from dataclasses import dataclass, field

from netminedet.api import DEFAULT_HOME_NET
from netminedet.capture.live import RingOptions
from netminedet.errors import NetminedetError
from netminedet.limits import FIXED_BYTES, LEAST_BYTES, MEGABYTE, Limits, limits_for


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

    @property
    def processes(self) -> int:
        """How many there are: the workers, and the one that knows what they found; or one that does both."""
        return 1 if self.workers == 1 or self.replay is not None else self.workers + 1


def limits_of(options: WatchOptions) -> Limits:
    """The limits for each process, so that all together keep to what the options say.

    Raises NetminedetError where too little memory is left.
    """
    processes, memory, flows = options.processes, options.max_memory, options.max_flows
    if processes > 1:
        least = (FIXED_BYTES + LEAST_BYTES) * processes
        if memory is not None and memory < least:
            raise NetminedetError(
                f"{memory / MEGABYTE:.0f} MB of memory are too few for {processes} processes; "
                f"give --max-memory at least {least // MEGABYTE}M, or fewer --workers"
            )
        memory = None if memory is None else memory // processes
        flows = None if flows is None else -(-flows // options.workers)
    return limits_for(memory, flows)
