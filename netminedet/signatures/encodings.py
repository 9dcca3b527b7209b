"""How coins write addresses: base 58, base 32 and their checksums.  None means: not valid.

Each function takes a text from the network and never raises.
"""

from __future__ import annotations

import hashlib

from netminedet.signatures.keccak import keccak_256

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
#: of Bech32 (BIP 173) and CashAddr
BASE32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
#: of Conflux (CIP-37)
BASE32_CONFLUX = "abcdefghjkmnprstuvwxyz0123456789"

#: The constants that tell Bech32 (BIP 173) and Bech32m (BIP 350) apart.
BECH32 = 1
BECH32M = 0x2BC830A3

_DIGITS = {char: value for value, char in enumerate(BASE58)}
_BECH32_TERMS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CASHADDR_TERMS = (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)

#: In CryptoNote's base 58: bytes in a block of so many characters.
_BLOCK_BYTES = {2: 1, 3: 2, 5: 3, 6: 4, 7: 5, 9: 6, 10: 7, 11: 8}

_TEXT_LIMIT = 300


def base58(text: str) -> bytes | None:
    """Bitcoin's base 58: one large number; each leading "1" is a zero byte."""
    if not 0 < len(text) <= _TEXT_LIMIT:
        return None
    value = 0
    for char in text:
        digit = _DIGITS.get(char)
        if digit is None:
            return None
        value = value * 58 + digit
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + value.to_bytes((value.bit_length() + 7) // 8, "big")


def base58check(text: str) -> bytes | None:
    """What stands before the checksum: four bytes of SHA-256 twice (Bitcoin Wiki, Base58Check encoding)."""
    data = base58(text)
    if data is None or len(data) < 5:
        return None
    digest = hashlib.sha256(hashlib.sha256(data[:-4]).digest()).digest()
    return data[:-4] if digest[:4] == data[-4:] else None


def base58_blake2b(text: str) -> bytes | None:
    """Ergo's: four bytes of BLAKE2b-256 (ergoplatform/sigma, ErgoAddress.scala)."""
    data = base58(text)
    if data is None or len(data) < 5:
        return None
    digest = hashlib.blake2b(data[:-4], digest_size=32).digest()
    return data[:-4] if digest[:4] == data[-4:] else None


def base58_cryptonote(text: str) -> bytes | None:
    """CryptoNote's: blocks of 8 bytes in 11 characters, four bytes of Keccak-256 (CNS007)."""
    if not 11 <= len(text) <= _TEXT_LIMIT:
        return None
    data = bytearray()
    for start in range(0, len(text), 11):
        block = text[start : start + 11]
        size = _BLOCK_BYTES.get(len(block))
        if size is None:
            return None
        value = 0
        for char in block:
            digit = _DIGITS.get(char)
            if digit is None:
                return None
            value = value * 58 + digit
        if value >> (8 * size):
            return None
        data += value.to_bytes(size, "big")
    return bytes(data[:-4]) if keccak_256(bytes(data[:-4]))[:4] == data[-4:] else None


def bech32(text: str, separator: str = "1") -> tuple[str, bytes, int] | None:
    """Prefix, data in groups of five bits, and which checksum it has (BECH32 or BECH32M).

    BIP 173 and BIP 350, without their limit of 90 characters (Nervos goes beyond it).
    """
    prefix, found, payload = text.rpartition(separator)
    if not found or not prefix or len(text) > _TEXT_LIMIT or text not in (text.lower(), text.upper()):
        return None
    prefix = prefix.lower()
    data = _fives(payload.lower(), BASE32)
    if data is None or len(data) < 6 or not prefix.isascii():
        return None
    expanded = bytes(ord(char) >> 5 for char in prefix) + b"\0" + bytes(ord(char) & 31 for char in prefix)
    kind = _polymod(expanded + data, 25, _BECH32_TERMS)
    return (prefix, data[:-6], kind) if kind in (BECH32, BECH32M) else None


def cashaddr(prefix: str, payload: str, alphabet: str = BASE32) -> bytes | None:
    """The bytes of a CashAddr payload whose checksum of 40 bits, prefix included, is right.

    Bitcoin Cash specification, cashaddr.md; Kaspa and Conflux (CIP-37) use the same checksum.
    """
    if len(payload) > _TEXT_LIMIT or not prefix.isascii():
        return None
    data = _fives(payload, alphabet)
    if data is None or len(data) < 9:
        return None
    expanded = bytes(ord(char) & 31 for char in prefix) + b"\0" + data
    if _polymod(expanded, 35, _CASHADDR_TERMS) != 1:
        return None
    return eights(data[:-8])


def eights(fives: bytes) -> bytes | None:
    """Groups of five bits as bytes; fewer than five bits are left over, and all zero."""
    spare = len(fives) * 5 % 8
    value = 0
    for group in fives:
        value = value << 5 | group
    if spare >= 5 or value & ((1 << spare) - 1):
        return None
    return (value >> spare).to_bytes(len(fives) * 5 // 8, "big")


def crc16(data: bytes) -> int:
    """CRC-16/XMODEM: polynomial 0x1021, start 0 (TON: TEP-2)."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _bit in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def _fives(payload: str, alphabet: str) -> bytes | None:
    values = [alphabet.find(char) for char in payload]
    return None if -1 in values else bytes(values)


def _polymod(values: bytes, bits: int, terms: tuple[int, ...]) -> int:
    """The remainder that both families of checksums use; 30 bits for Bech32, 40 for CashAddr."""
    mask = (1 << bits) - 1
    state = 1
    for value in values:
        top = state >> bits
        state = (state & mask) << 5 ^ value
        for place, term in enumerate(terms):
            if top >> place & 1:
                state ^= term
    return state
