"""How many hashes a share stands for: from the difficulty or target in force, as exact integers.

A hash is a uniformly random number of 256 bits, and a share is one that does not exceed
the target.  So a share takes 2^256 / (target + 1) hashes on average (as Bitcoin Core
reckons a block's proof: src/chain.cpp, GetBlockProof).  What differs between dialects is
how a target or a difficulty is written; each function names where that is laid down.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fractions import Fraction

from msgspec import Struct

from netminedet.estimate.algorithms import ALGORITHMS, algorithm_of
from netminedet.language import N_
from netminedet.model import RECKONED

#: Hashes are numbers below this.
SPACE = 1 << 256

_NUMBER = re.compile(r"\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_HEX = re.compile(r"(?:0[xX])?([0-9A-Fa-f]{1,64})", re.ASCII)

Number = int | float | str


class Work(Struct, frozen=True):
    """What one share stands for."""

    #: expected number of hashes (solutions, graphs, proofs) for one share, at least 1
    hashes: int
    #: "H", "Sol", "g" or "proof": rates are these per second
    unit: str
    algorithm: str
    #: what this rests on, in words
    basis: str
    #: what else it may be; empty where there is no doubt
    ambiguity: str = ""


def number(value: Number) -> Fraction | None:
    """A positive decimal number as it stood in a message, exactly; None for anything else.

    At most 30 digits on either side of the point and two in the exponent are read.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Fraction(value) if 0 < value < SPACE else None
    text = repr(value) if isinstance(value, float) else value.strip()[:80]
    if _NUMBER.fullmatch(text) is None:
        return None
    found = Fraction(text)
    return found if 0 < found < SPACE else None


def target_work(target: int) -> int | None:
    """Hashes per share for a 256-bit target, to the nearest; None for one that no or every hash meets.

    Pools round targets down, so that rounding down here as well would give one hash less than the
    difficulty that they were made from.
    """
    if not 0 < target < SPACE - 1:
        return None
    return _whole(Fraction(SPACE, target + 1))


def difficulty_work(difficulty: Number, algorithm: str) -> int | None:
    """Hashes per share of a stratum difficulty: D x 2^32 for Bitcoin, D x 2^16 for scrypt…

    The factor is the ``bits`` of the algorithm's row in ``algorithms``, with its source.
    None where the algorithm or its factor is unknown or D is no positive number.
    """
    row = ALGORITHMS.get(algorithm)
    value = number(difficulty)
    if row is None or row.bits is None or value is None:
        return None
    return _whole(value * (1 << row.bits))


def hex_target(text: str) -> int | None:
    """A target in hex, most significant digit first, with or without 0x and leading zeros.

    ``mining.set_target`` (ZIP 301, "Difficulty"), KawPow's notify (xmrig's
    EthStratumClient.cpp, index 3), the third item of eth-proxy's work
    (sammy007/open-ethereum-pool, docs/STRATUM.md), Conflux' boundary.  EthereumStratum/2.0.0
    drops leading zeros (EIP-1571, "Conventions"), and so do pools of the eth-proxy dialect
    (a capture in DanieleDeSensi/peafowl): the digits are a number, never to be padded.
    """
    found = _HEX.fullmatch(text.strip())
    return int(found[1], 16) if found is not None else None


def either_end_target(text: str) -> int | None:
    """A 256-bit target of 64 hex digits in the byte order that puts its zeros at the top.

    getwork writes the last byte first and getblocktemplate (BIP 22) the first one first;
    of CryptoNote pools that send 256 bits both are told.  Zeros stand at the top of every
    real target, so "00…" at the beginning only is taken as most significant first.
    """
    digits = text.strip()
    if len(digits) != 64 or _HEX.fullmatch(digits) is None:
        return None
    is_big_endian = digits.startswith("00") and not digits.endswith("00")
    return int.from_bytes(bytes.fromhex(digits), "big" if is_big_endian else "little")


def node_target(text: str) -> int | None:
    """The target in work of a node: compact (``nbits_target``), or 64 digits (``either_end_target``)."""
    return nbits_target(text) if len(text.strip()) == 8 else either_end_target(text)


def little_endian_target(text: str) -> int | None:
    """A U256 of Stratum V2 as 64 hex digits, least significant byte first (SV2 specification, 3.1)."""
    digits = text.strip()
    if len(digits) != 64 or _HEX.fullmatch(digits) is None:
        return None
    return int.from_bytes(bytes.fromhex(digits), "little")


def cryptonote_work(target: str, algo: str = "") -> int | None:
    """Hashes per share of a CryptoNote job's ``target``, as xmrig reckons them (Job.cpp, setTarget).

    8 digits are a little-endian number t, widened to 64 bits as (2^64-1) // ((2^32-1) // t);
    16 digits are a little-endian number; the difficulty is (2^64-1) // target.  For rx/yada
    the digits are one big-endian number.  64 digits: see ``either_end_target``.
    """
    digits = target.strip()
    if _HEX.fullmatch(digits) is None or digits[:2] in ("0x", "0X"):
        return None
    if algo.strip().lower() == "rx/yada" and len(digits) <= 16:
        wide = int(digits, 16)
    elif len(digits) == 8:
        narrow = int.from_bytes(bytes.fromhex(digits), "little")
        wide = (2**64 - 1) // ((2**32 - 1) // narrow) if narrow else 0
    elif len(digits) == 16:
        wide = int.from_bytes(bytes.fromhex(digits), "little")
    else:
        whole = either_end_target(digits)
        return None if whole is None else target_work(whole)
    return (2**64 - 1) // wide if wide else None


def ergo_work(b: Number, multiplier: Number | None = None) -> int | None:
    """Hashes per share of Ergo's Autolykos 2: 2^256 / (b x multiplier).

    ``b`` is the seventh item of ``mining.notify``, a decimal number; the multiplier is what
    ``mining.set_difficulty`` set, 0 or nothing meaning b as it is
    (mhssamadani/ErgoStratumServer).  Pools with ``multiplyDifficulty`` send b multiplied
    already and no multiplier.
    """
    if isinstance(b, str) and b.strip().isdigit() and len(b.strip()) <= 78:
        b = int(b)
    base = number(b)
    factor = number(multiplier) if multiplier is not None else None
    if base is None:
        return None
    return target_work(int(base * (factor or 1)))


def nbits_target(nbits: str | int) -> int | None:
    """The target of a block's compact ``nBits`` (8 hex digits): what a solo miner must meet.

    The first byte is the length, the other three the leading digits (Bitcoin developer
    reference, "Target nBits").  None for negative and overflowing ones.
    """
    if isinstance(nbits, str):
        digits = nbits.strip().removeprefix("0x")
        if len(digits) != 8 or _HEX.fullmatch(digits) is None:
            return None
        nbits = int(digits, 16)
    size, mantissa = nbits >> 24, nbits & 0xFFFFFF
    if nbits < 0 or mantissa & 0x800000 or not mantissa or size > 34:
        return None
    target = mantissa << 8 * (size - 3) if size >= 3 else mantissa >> 8 * (3 - size)
    return target if 0 < target < SPACE else None


def work_of(
    dialect: str,
    *,
    difficulty: Number | None = None,
    target: str | int | None = None,
    nbits: str | int | None = None,
    coins: Iterable[str] = (),
    hints: Iterable[str] = (),
    paid: Iterable[str] = (),
) -> Work | None:
    """What a share of a conversation stands for; None where that is not known.

    ``dialect`` is a signature file's id.  ``target`` is the text in force (the job's own
    before ``mining.set_target``: xmrig ignores the latter for KawPow) and goes before
    ``difficulty``, which goes before ``nbits`` (a solo miner's).  For "ergo" the target is
    b and the difficulty its multiplier; for "aleo" either is the proof target.  ``coins``,
    ``hints`` and ``paid``: see ``algorithm_of``.  Never raises, whatever the texts are.
    """
    names = tuple(hints)
    guess = algorithm_of(dialect, coins, names, paid)
    if guess is None or dialect in UNKNOWN_WORK or guess.algorithm in _UNKNOWN_ALGORITHMS:
        return None
    row = ALGORITHMS[guess.algorithm]
    doubts = [guess.ambiguity] if guess.ambiguity else []
    if isinstance(difficulty, str) and difficulty.startswith(RECKONED):
        difficulty = difficulty.removeprefix(RECKONED)
        doubts.append(_RECKONED_FROM_HASHES)
    hashes: int | None = None
    basis = ""
    if dialect == "ergo":
        hashes, basis = (None if target is None else ergo_work(target, difficulty)), "b of the job"
    elif target is not None and dialect not in _NO_TARGETS:
        hashes, basis = _of_target(dialect, target, names), "target in force"
    if hashes is None and difficulty is not None and dialect != "ergo":
        hashes, basis = difficulty_work(difficulty, guess.algorithm), f"difficulty x 2^{row.bits}"
        doubts += [row.ambiguity] if row.ambiguity else []
    if hashes is None and nbits is not None:
        solo = nbits_target(nbits)
        hashes, basis = (None if solo is None else target_work(solo)), "target of the block (nBits)"
    if hashes is None or hashes >= MOST_WORK:
        return None
    return Work(hashes, row.unit, guess.algorithm, basis, "; ".join(doubts))


_RECKONED_FROM_HASHES = N_("the target was not seen, the hashes of the shares tell it")

#: No share takes so many hashes: a block of Bitcoin takes 2^79, and its miners find 2^70 a second.
MOST_WORK = 1 << 96

#: Dialects whose difficulty has no published relation to graphs or solutions: Grin's is
#: weighted by graph size, Beam's is packed, Duino-Coin's is a limit of the nonce, and Chia
#: proves space; Cortex's target is one of cycles, and TrueChain's of blocks and fruits.
UNKNOWN_WORK = frozenset(
    (
        "aeternity",
        "beam",
        "chia",
        "cortex",
        "dero",
        "duino-coin",
        "duino",
        "grin",
        "pearl",
        "truechain",
        "xelis-getwork",
    )
)

_UNKNOWN_ALGORITHMS = frozenset(("cuckaroo30", "cuckatoo32", "cuckoo29", "beamhash", "truehash"))

#: Alephium's job carries the block's target; shares are measured by ``mining.set_difficulty``.
_NO_TARGETS = frozenset(("alephium",))

_READERS: dict[str, Callable[[str], int | None]] = {
    "getwork": node_target,
    "stratum-v2": little_endian_target,
}


def _of_target(dialect: str, target: str | int, hints: tuple[str, ...]) -> int | None:
    if dialect == "aleo":
        proofs = number(target)
        return None if proofs is None else _whole(proofs)
    if isinstance(target, int):
        return target_work(target)
    if dialect in ("cryptonote", "browser-miner", "webminerpool"):
        return cryptonote_work(target, next(iter(hints), ""))
    value = _READERS.get(dialect, hex_target)(target)
    return None if value is None else target_work(value)


def _whole(value: Fraction) -> int | None:
    """The nearest whole number; None for less than one hash or more than there are."""
    rounded = round(value)
    return rounded if 1 <= rounded < SPACE else None
