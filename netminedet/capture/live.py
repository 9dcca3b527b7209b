"""What every live source has in common: packets as they come, and how many did not."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field

from netminedet.errors import NetminedetError
from netminedet.language import said_of, sentence
from netminedet.model import Batch


@dataclass(slots=True)
class CaptureCounts:
    """What one source has counted since it was opened."""

    #: packets that were handed on
    seen: int = 0
    bytes: int = 0
    #: packets that the system had for us, those included that it had no room for
    received: int = 0
    dropped: int = 0
    #: times that the ring was full, so that the system stopped filling it
    freezes: int = 0
    #: blocks of the ring that were full at a time at most, since ``take_high_water``, and all of them
    full_blocks: int = 0
    blocks: int = 0
    #: packets with a VLAN tag put back, copies of the loopback interface, cut packets, broken records
    vlan_restored: int = 0
    loopback_copies: int = 0
    packets_cut: int = 0
    records_malformed: int = 0
    #: times that the interface went down or away, and came back
    interface_lost: int = 0
    interface_back: int = 0

    def take_high_water(self) -> float:
        """The fullest that the ring was since the last call, from 0 to 1."""
        share = self.full_blocks / self.blocks if self.blocks else 0.0
        self.full_blocks = 0
        return share


#: More memory the system gives no ring: it counts its frames in 32 bits.
MAX_RING = 1 << 40


@dataclass(frozen=True, slots=True)
class RingOptions:
    """How packets are taken from an interface.  Raises NetminedetError for a ring that no system has."""

    #: bytes of memory for packets on their way, and milliseconds after which a block is handed on anyway
    ring_size: int = 64 << 20
    block_ms: int = 100
    promiscuous: bool = True
    #: an expression as tcpdump takes it; empty: everything
    filter: str = ""
    #: number of a group of rings that share the packets by flow; None: this ring has them all
    fanout: int | None = None

    def __post_init__(self) -> None:
        if self.ring_size > MAX_RING:
            most = f"{MAX_RING >> 30}GiB"
            raise NetminedetError(f"--ring-size {self.ring_size}: is too much; give at most {most}")


@dataclass
class LiveSource(ABC):
    """A source that goes on for ever, or until ``ended``."""

    #: the interface or file
    name: str
    counts: CaptureCounts = field(default_factory=CaptureCounts, init=False)
    #: True when nothing more will come
    ended: bool = field(default=False, init=False)
    #: what should be told of it since the last ``take_notes``
    _notes: list[str] = field(default_factory=list, init=False)
    #: it could not be opened again when that was tried last
    _refused: bool = field(default=False, init=False)

    @abstractmethod
    def batches(self) -> Iterator[Batch]:
        """The packets that are there now; each batch holds until the next is asked for."""

    @abstractmethod
    def wait(self, seconds: float) -> None:
        """Return when packets may be there, or after this time."""

    @abstractmethod
    def now_ns(self) -> int:
        """The present by the clock that stamps the packets."""

    @abstractmethod
    def close(self) -> None:
        """Give back what the system lent."""

    def fileno(self) -> int | None:
        """What can be waited for together with others; None where it cannot."""
        return None

    def check(self) -> None:
        """Look after the interface; called about once a second."""
        return

    def update_counts(self) -> None:
        """Ask the system for its counters."""
        return

    def drain(self) -> Iterator[Batch]:
        """Take nothing new; the packets that are still on their way."""
        yield from self.batches()

    def take_notes(self) -> list[str]:
        """What happened to the source since the last call, a line each."""
        notes, self._notes = self._notes, []
        return notes

    def _note_lost(self, text: str) -> None:
        self.counts.interface_lost += 1
        self._note(text)

    def _note_back(self, text: str) -> None:
        self._refused = False
        self.counts.interface_back += 1
        self._note(text)

    def _note_refused(self, error: NetminedetError) -> None:
        """It cannot be opened again, which is tried every second and told once."""
        if not self._refused:
            self._notes.append(sentence("{what} (trying again every second)", what=error.args[0]))
        self._refused = True

    def _note(self, text: str) -> None:
        """Have a sentence, or a message of the catalogue, told of the source."""
        self._notes.append(said_of(self.name, text))
