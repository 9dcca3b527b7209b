"""Keccak-256 with its original padding, as Ethereum and CryptoNote use it.

``hashlib.sha3_256`` is the later standard with another padding byte, so it gives other
digests.  The permutation is Keccak-f[1600] of The Keccak reference, version 3.0, section
1.2.  Slow (about half a millisecond for each 136 bytes), which is enough for addresses.
"""

from __future__ import annotations

_MASK = (1 << 64) - 1
_RATE = 136
_LANES = 25


def _round_constants() -> tuple[int, ...]:
    """The 24 constants of step iota, from their shift register (reference, section 1.2)."""
    state, constants = 1, []
    for _round in range(24):
        constant = 0
        for place in range(7):
            if state & 1:
                constant |= 1 << ((1 << place) - 1)
            state = (state << 1) ^ (0x171 if state & 0x80 else 0)
        constants.append(constant)
    return tuple(constants)


def _rotations() -> tuple[tuple[int, int, int], ...]:
    """For steps rho and pi: lane of origin, lane of destination, bits to rotate by."""
    found = [(0, 0, 0)]
    x, y = 1, 0
    for step in range(24):
        found.append((x + 5 * y, y + 5 * ((2 * x + 3 * y) % 5), (step + 1) * (step + 2) // 2 % 64))
        x, y = y, (2 * x + 3 * y) % 5
    return tuple(found)


_CONSTANTS = _round_constants()
_MOVES = _rotations()


def keccak_256(data: bytes) -> bytes:
    """The 32 bytes of the digest."""
    padded = bytearray(data)
    padded += bytes(_RATE - len(data) % _RATE)
    padded[len(data)] = 0x01
    padded[-1] |= 0x80
    lanes = [0] * _LANES
    for start in range(0, len(padded), _RATE):
        for lane in range(_RATE // 8):
            at = start + 8 * lane
            lanes[lane] ^= int.from_bytes(padded[at : at + 8], "little")
        lanes = _permuted(lanes)
    return b"".join(lane.to_bytes(8, "little") for lane in lanes[:4])


def _permuted(lanes: list[int]) -> list[int]:
    for constant in _CONSTANTS:
        columns = [lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5)]
        mixed = [columns[x - 1] ^ _turned(columns[(x + 1) % 5], 1) for x in range(5)]
        moved = [0] * _LANES
        for origin, destination, bits in _MOVES:
            moved[destination] = _turned(lanes[origin] ^ mixed[origin % 5], bits)
        lanes = [
            moved[at] ^ (~moved[at - at % 5 + (at + 1) % 5] & moved[at - at % 5 + (at + 2) % 5])
            for at in range(_LANES)
        ]
        lanes[0] ^= constant
    return lanes


def _turned(lane: int, bits: int) -> int:
    return ((lane << bits) | (lane >> (64 - bits))) & _MASK
