"""Encrypted Stratum V2, by the sizes of what is sent, their order, and whether it looks random.

https://github.com/stratum-mining/sv2-spec: sections 4 (Noise) and 5 (mining).

Nothing can be read, but sizes are fixed.  The client opens with an ElligatorSwift-encoded key
of 64 bytes, the server answers with 234 = 64 + 80 + 90 (sections 4.5.1 and 4.5.2), the client sends a
SetupConnection, and the server's SetupConnection.Success is a record of 44 bytes.  A record is 22 bytes of
encrypted header, the payload and 16 bytes of MAC (section 4.6).  ``NoiseWatch`` follows exactly this order
and takes anything else for another protocol: more than 64 bytes before the server speaks (Telegram), a
server that sends 64 bytes and garbage (BIP 324), acts of 50, 50 and 66 bytes (BOLT 8), a greeting (SSH).

The reference implementation had another handshake before February 2024 (commit eee3c8be, "ElligatorSwift
encoding"): a key of 32 bytes, and 170 = 32 + 48 + 90 in answer.  Of its records nothing more is taken for
known than that SetupConnection and its answer have their sizes, so whatever follows, it never ``fits``: it
counts only where it leads to a pool that the host knew by name.  (Braiins' first code, of 2020, put two
bytes of length before each message; of its answers the sizes are not known, and it is not recognised.)

The keys must look random.  64 uniformly random bytes have fewer than 48 distinct values (the mean is 56.7)
with a probability of 1.1e-4, more than 3 zero bytes with 1.2e-4, fewer than 12 or more than 52 bytes with
the top bit set with 1.0e-7, and fewer than 205 or more than 307 bits set with 5.0e-6; with 1.5e-4 they begin
like a TLS record or with the length of the rest, which is refused too.  So a true handshake, of which two
keys are tested, is missed in fewer than 1 of 1,000 cases.  The rest of the handshake is tested too, at five
standard deviations.  Texts of any kind fail the third
test, base64 and hexadecimal digits also the first, and structures with padding the second.  Other
encrypted protocols pass them all: it is the sizes in their order that tell those apart.

A handshake is no proof, for anybody's protocol may have one of these sizes.  It is what follows: the client
opens a channel (79 bytes and its name), the server answers, and then small records of few sizes go to and
fro.  ``NoiseCounts.fits`` says whether they did.

A key of 32 bytes is tested in the same way: fewer than 24 distinct values, more than 2 zero bytes, fewer than
4 or more than 28 bytes with the top bit set, fewer than 90 or more than 166 bits set.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum
from itertools import combinations_with_replacement

from msgspec import Struct
from msgspec.structs import replace

from netminedet.model import Side
from netminedet.protocols.stratum_v2 import LONGEST_OPENING


class NoiseStage(Enum):
    """How far a flow has gone the way of an encrypted connection."""

    UNDECIDED = "undecided"  # too few bytes yet
    REFUSED = "refused"  # something else, for good
    POSSIBLE = "possible"  # 64 random bytes, the server has not answered
    HANDSHAKE = "handshake"  # 64 and 234
    CHANNEL = "channel"  # ... and SetupConnection and its answer have their sizes


#: What is told to the signatures of an encrypted connection when it has come so far.
NOISE_NAMES = {NoiseStage.HANDSHAKE: "NoiseHandshake", NoiseStage.CHANNEL: "NoiseChannel"}
#: The same of the handshake before 2024.
_OLD = "Old"


class NoiseCounts(Struct, frozen=True):
    """Messages in the channel, as far as sizes show them (record sizes: section 4.6 with 5.3).

    ``acknowledged``: records of 58 bytes, each the server's yes to one share or to several at a time;
    SubmitShares.Error with the code "stale-share" has the same size, as OpenStandardMiningChannel.Success
    may have that of a job.
    """

    submitted: int = 0
    acknowledged: int = 0
    jobs: int = 0
    prev_hashes: int = 0
    targets: int = 0
    other: int = 0  # segments that no known sizes add up to
    #: minutes in which there were segments of the size of a share, and minutes from the first to the last
    minutes: int = 0
    over: int = 0
    #: what followed the handshake is what follows it in Stratum V2: see ``_Channel.fits``
    fits: bool = False


_KEY, _OLD_KEY = 64, 32
#: Bytes of the client's key, and of the answer to it.
_ANSWERS = {_KEY: 234, _OLD_KEY: 170}


def _flights(key: int) -> tuple[tuple[int, int, NoiseStage], ...]:
    """Bytes of the first four flights (client's and server's in turn), and what is reached with each."""
    return (
        (key, key, NoiseStage.POSSIBLE),
        (_ANSWERS[key], _ANSWERS[key], NoiseStage.HANDSHAKE),
        (22 + 16 + 16, 22 + LONGEST_OPENING + 16, NoiseStage.HANDSHAKE),
        (44, 44, NoiseStage.CHANNEL),
    )


_FLIGHTS = {key: _flights(key) for key in _ANSWERS}
#: key's size -> fewest distinct bytes, most zeros, and the bounds of bytes with the top bit and of bits set
_RANDOM = {_KEY: (48, 3, (12, 52), (205, 307)), _OLD_KEY: (24, 2, (4, 28), (90, 166))}
_STANDARD_SHARE, _UPDATE_CHANNEL = 62, 78
# Extranonces of 0 to 16 bytes, and a worker's name of at most 32 (extension 0x0002: 5 bytes before it).
_EXTENDED_SHARES = range(63, 80 + 5 + 32)
# RequestExtensions and its answers, of a few extensions; a flight of OpenStandard- or
# OpenExtendedMiningChannel, of up to four channels; the shortest answer to it.
_EXTENSIONS, _OPENING_FLIGHT, _LEAST_OPENED = range(42, 79), range(79, 4 * 338 + 1), 83
_BULK = 1300  # no record but a job with a long coinbase is so long, and one comes every half minute
#: Shares that a server may still acknowledge together; fewer need an answer.
MANY_SHARES = 10
#: Records of new work that the course of a channel without a share must show: a job and what it builds on.
LEAST_PUSHED = 2
_SERVER_RECORDS = {58: "acknowledged", 83: "jobs", 87: "jobs", 86: "prev_hashes", 74: "targets"}
#: Records held together by a segment of the server at most; sizes of segments that are told apart.
MAX_TOGETHER = 4
MAX_SIZES = 256


def _sums() -> dict[int, tuple[int, ...] | None]:
    """Size of a segment -> the records that make it up; None where there are two ways."""
    found: dict[int, tuple[int, ...] | None] = {}
    for count in range(1, MAX_TOGETHER + 1):
        for records in combinations_with_replacement(sorted(_SERVER_RECORDS), count):
            found[sum(records)] = None if sum(records) in found else records
    return found


_SUMS = _sums()


def looks_random(key: bytes) -> bool:
    """Whether 64 bytes, or 32, pass for uniformly random ones, by the tests in the module's docstring."""
    size = len(key)
    if size not in _RANDOM or (0x14 <= key[0] <= 0x17 and key[1] == 3):
        return False
    lengths = {int.from_bytes(key[:count], order) for count in (2, 4) for order in ("big", "little")}
    distinct, zeros, tops, bits = _RANDOM[size]
    return (
        not lengths & {size, size - 2, size - 4}
        and len(set(key)) >= distinct
        and key.count(0) <= zeros
        and tops[0] <= sum(byte >> 7 for byte in key) <= tops[1]
        and bits[0] <= int.from_bytes(key, "big").bit_count() <= bits[1]
    )


def _is_noise(data: bytes) -> bool:
    """Whether bytes that are no key pass for random ones: bits and top bits within five standard deviations
    of their mean, and zeros no more than one in 16 with three besides."""
    size, bits = len(data), int.from_bytes(data, "big").bit_count()
    tops = sum(byte >> 7 for byte in data)
    return (
        (bits - 4 * size) ** 2 <= 25 * 2 * size
        and (2 * tops - size) ** 2 <= 25 * size
        and data.count(0) <= 3 + size // 16
    )


class _Channel:
    """What goes over a connection behind its handshake, segment by segment, by size alone."""

    def __init__(self) -> None:
        self._sizes: dict[Side, Counter[int]] = {Side.CLIENT: Counter(), Side.SERVER: Counter()}
        self._dropped = 0
        self._bulk = 0
        #: of each size that the client sends: first and last minute, and how many there were
        self._minutes: dict[int, tuple[int, int, int]] = {}
        #: bytes of the first flights, the client's first; at most six, and None of those after them
        self._flights: list[int] = []
        self._speaker: Side | None = None
        #: segments of the client in its first flights
        self._opening = 0

    def feed(self, side: Side, length: int, minute: int) -> None:
        self._follow(side, length)
        self._bulk += length >= _BULK
        sizes = self._sizes[side]
        if length not in sizes and len(sizes) >= MAX_SIZES:
            self._dropped += 1
            return
        sizes[length] += 1
        if side is Side.CLIENT:
            first, last, count = self._minutes.get(length, (minute, minute, 1))
            self._minutes[length] = first, max(last, minute), count + (minute > last)

    def _follow(self, side: Side, length: int) -> None:
        """The first flights, until the server has answered the opening of a channel."""
        if side is not self._speaker and len(self._flights) < 6:
            if self._speaker is None and side is Side.SERVER:
                self._flights.append(0)
            self._flights.append(0)
            self._speaker = side
        if side is self._speaker:
            self._flights[-1] += length
            self._opening += side is Side.CLIENT and len(self._flights) <= self._length_of_opening()

    def _length_of_opening(self) -> int:
        return 3 if self._flights[0] in _EXTENSIONS else 1

    @property
    def opened(self) -> bool:
        """The client asked for a channel, perhaps after some extensions, and the server opened one."""
        asked = self._length_of_opening() if self._flights else 1
        return (
            len(self._flights) > asked
            and self._flights[asked - 1] in _OPENING_FLIGHT
            and self._flights[asked] >= _LEAST_OPENED
        )

    def counts(self) -> NoiseCounts:
        """What the sizes of the segments show."""
        client, server = self._sizes[Side.CLIENT], self._sizes[Side.SERVER]
        found: Counter[str] = Counter(other=self._dropped)
        sizes = [size for size in _EXTENDED_SHARES if client[size] > 1 and size != _UPDATE_CHANNEL]
        extended = max(sizes, key=lambda size: client[size], default=0)
        strange = -self._opening
        for size, times in client.items():
            share = next((one for one in (_STANDARD_SHARE, extended) if one and not size % one), 0)
            found["submitted" if share else "other"] += times * (size // share if share else 1)
            strange += 0 if share or size == _UPDATE_CHANNEL else times
        for size, times in server.items():
            for record in _SUMS.get(size) or (0,):
                found[_SERVER_RECORDS.get(record, "other")] += times
        paces = [self._minutes[one] for one in (_STANDARD_SHARE, extended) if one in self._minutes]
        first, last, minutes = max(paces, key=lambda pace: pace[2], default=(0, -1, 0))
        counts = NoiseCounts(
            submitted=found["submitted"],
            acknowledged=found["acknowledged"],
            jobs=found["jobs"],
            prev_hashes=found["prev_hashes"],
            targets=found["targets"],
            other=found["other"],
            minutes=minutes,
            over=last - first + 1,
        )
        return replace(counts, fits=self._fits(counts, strange))

    def _fits(self, counts: NoiseCounts, strange: int) -> bool:
        """Whether a channel was opened, work or shares went over it, and not much else.

        Nothing goes over a Stratum V2 connection but small records, of few sizes, now and then: shares
        and their answers, new jobs, new blocks to build on.  ``strange``: segments of the client that
        are none of its records.
        """
        client, server = (sum(self._sizes[side].values()) for side in (Side.CLIENT, Side.SERVER))
        pushed = counts.jobs + counts.prev_hashes + counts.targets
        shared = counts.submitted >= (1 if counts.acknowledged else MANY_SHARES)
        worked = pushed >= LEAST_PUSHED and 2 * pushed >= server
        quiet = 4 * max(strange + self._dropped, 0) <= client and 4 * self._bulk <= client + server
        return self.opened and (shared or worked) and quiet


class NoiseWatch:
    """Follows one flow from its very first payload byte, both directions in order of time."""

    def __init__(self) -> None:
        self.stage = NoiseStage.UNDECIDED
        self._step = 0
        self._flight = 0
        self._seen = b""
        self._channel = _Channel()
        #: bytes of the client's key, as far as it has come
        self._key = _KEY

    def feed(self, side: Side, data: bytes, length: int | None = None, minute: int = 0) -> NoiseStage:
        """A segment of ``side``, in order and new; ``length``: its bytes on the wire, captured or not;
        ``minute``: when it came, as a number of minutes."""
        length = len(data) if length is None else length
        if not length or self.stage is NoiseStage.REFUSED:
            return self.stage
        if self.stage is NoiseStage.CHANNEL:
            self._channel.feed(side, length, minute)
            return self.stage
        if side is not (Side.SERVER if self._step % 2 else Side.CLIENT):
            if self._flight < _FLIGHTS[self._key][self._step][0]:
                return self._refuse()
            self._step, self._flight, self._seen = self._step + 1, 0, b""
        self._flight += length
        if self._step == 0:  # what may be an old key may be the beginning of another, too
            key = self._seen + data
            self._key = _OLD_KEY if self._flight == _OLD_KEY and looks_random(key) else _KEY
            self.stage = NoiseStage.UNDECIDED
        fewest, most, reached = _FLIGHTS[self._key][self._step]
        self._seen += data[: most - len(self._seen)]
        if self._flight > most or (self._flight >= fewest and not self._random()):
            return self._refuse()
        if self._flight >= fewest:
            self.stage = reached
        return self.stage

    def _random(self) -> bool:
        """Whether the flight, as far as it was captured, looks random: its key, and what is behind it."""
        if self._step > 1:
            return _is_noise(self._seen)
        return looks_random(self._seen[: self._key]) and _is_noise(self._seen[self._key :])

    def gap(self) -> NoiseStage:
        """Bytes of the flow were not seen: only a channel that is known already lives on."""
        return self.stage if self.stage is NoiseStage.CHANNEL else self._refuse()

    def _refuse(self) -> NoiseStage:
        self.stage = NoiseStage.REFUSED
        return self.stage

    def counts(self) -> NoiseCounts:
        """What the sizes of the channel's segments show."""
        return NoiseCounts() if self.is_old else self._channel.counts()

    @property
    def is_old(self) -> bool:
        """Whether the handshake is that of before 2024."""
        return self._key == _OLD_KEY

    @property
    def name(self) -> str | None:
        """What is told to the signatures now; None for nothing."""
        name = NOISE_NAMES.get(self.stage)
        return _OLD + name if name is not None and self.is_old else name
