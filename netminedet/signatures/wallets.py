"""Which coin an address is of, with its checksum verified where the format has one.

What an address tells is who is paid, and in what; pools that pay out in another coin than
they mine make it say nothing about what is mined.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from functools import lru_cache

from msgspec import Struct

from netminedet.signatures import encodings
from netminedet.signatures.keccak import keccak_256

#: Ethereum and its descendants, which all write addresses alike.
ETH_LIKE = "ETH-like"

#: Longer texts are no addresses.
ADDRESS_LIMIT = 256


class Wallet(Struct, frozen=True):
    """An address, as far as its form tells."""

    #: ticker symbols of the coins that write addresses in this way; empty for a CryptoNote
    #: coin that is not known
    coins: tuple[str, ...]
    #: "base58check", "bech32", "cashaddr", "eip-55", "cryptonote", "base32", "crc16", "hex"…
    form: str
    #: whether a checksum was there and right
    verified: bool


#: Version bytes of base58check addresses: ``base58Prefixes`` in src/chainparams.cpp of each
#: coin's node.  Several coins share one.
_VERSIONS = {
    b"\x00": ("BTC", "BCH", "BSV"),
    b"\x05": ("BTC", "BCH", "BSV", "LTC"),
    b"\x07": ("FIRO",),
    b"\x10": ("DASH", "RTM"),
    b"\x16": ("DOGE",),
    b"\x17": ("BTG", "CLORE"),
    b"\x1e": ("DOGE", "DGB"),
    b"\x21": ("EVR",),
    b"\x26": ("BTG", "NEOX"),
    b"\x30": ("LTC",),
    b"\x32": ("LTC", "MEWC"),
    b"\x3c": ("RVN", "RTM", "VRSC", "KMD"),
    b"\x3f": ("DGB",),
    b"\x47": ("VTC",),
    b"\x4c": ("DASH",),
    b"\x52": ("FIRO",),
    b"\x7a": ("RVN", "CLORE", "MEWC"),
    b"\x1c\xb8": ("ZEC", "FLUX", "ZCL"),
    b"\x1c\xbd": ("ZEC", "FLUX", "ZCL"),
    b"\x20\x89": ("ZEN",),
    b"\x20\x96": ("ZEN",),
}

#: Prefixes of segregated witness addresses (BIP 173; ``bech32_hrp`` in chainparams.cpp).
_SEGWIT = {"bc": "BTC", "ltc": "LTC", "vtc": "VTC", "dgb": "DGB", "btg": "BTG", "hs": "HNS", "nc": "NMC"}

#: Prefixes of other Bech32 addresses: coin, and bytes of data (None: any number).
_BECH32 = {
    "aleo": ("ALEO", 32),
    "ckb": ("CKB", None),
    "grin": ("GRIN", 32),
    "xch": ("XCH", 32),
    "zs": ("ZEC", 43),
}

#: Prefixes of CashAddr-like addresses: coins, and bytes of data with the type byte.
_CASHADDR = {
    "bitcoincash": ("BCH", (21, 33)),
    "ecash": ("XEC", (21, 33)),
    "kaspa": ("KAS", (33, 34)),
    "karlsen": ("KLS", (33, 34)),
    "nexa": ("NEXA", tuple(range(21, 80))),
    "nexellia": ("NXL", (33, 34)),
    "pyi": ("PYI", (33, 34)),
    "pyrin": ("PYI", (33, 34)),
    "spectre": ("SPR", (33, 34)),
}

#: First byte of CryptoNote addresses: CRYPTONOTE_PUBLIC_*_BASE58_PREFIX in
#: src/cryptonote_config.h of monero-project/monero.
_CRYPTONOTE = {18: "XMR", 19: "XMR", 42: "XMR"}
#: Coins whose longer prefix makes addresses begin with their name.
_CRYPTONOTE_SPELLED = (("ZEPH", "ZEPH"),)
_CRYPTONOTE_SIZES = range(90, 121)

_HEX = re.compile(r"[0-9a-fA-F]+", re.ASCII)
_ETH = re.compile(r"0[xX]([0-9a-fA-F]{40})", re.ASCII)
_DECRED = re.compile(r"D[sc][1-9A-HJ-NP-Za-km-z]{33}", re.ASCII)
_TON = re.compile(r"[EUk0][Qf][0-9A-Za-z_+/-]{46}", re.ASCII)
_NICEHASH = re.compile(r"NH[b-z][1-9A-HJ-NP-Za-km-z]{30,40}", re.ASCII)


@lru_cache(maxsize=4096)
def identify(address: str) -> Wallet | None:
    """The coins of an address, or None if it is none or its checksum is wrong.

    ``address`` is the account part of a login name (see ``logins.split_login``).  Never
    raises, whatever the text is.
    """
    if not 20 <= len(address) <= ADDRESS_LIMIT or not address.isascii():
        return None
    return next((wallet for form in _FORMS if (wallet := form(address)) is not None), None)


def _base58check(address: str) -> Wallet | None:
    if not 26 <= len(address) <= 36:
        return None
    data = encodings.base58check(address)
    if data is None or len(data) not in (21, 22):
        return None
    coins = _VERSIONS.get(data[:-20])
    return None if coins is None else Wallet(coins, "base58check", True)


def _aeternity(address: str) -> Wallet | None:
    """``ak_`` and 32 bytes in base58check (aeternity/protocol, node/api/api_encoding.md)."""
    if not address.startswith("ak_"):
        return None
    data = encodings.base58check(address[3:])
    return Wallet(("AE",), "base58check", True) if data is not None and len(data) == 32 else None


def _ergo(address: str) -> Wallet | None:
    """Pay-to-public-key on the main network: type 1 and 33 bytes (Ergo documentation, Addresses)."""
    if len(address) != 51 or address[0] != "9":
        return None
    data = encodings.base58_blake2b(address)
    is_sound = data is not None and len(data) == 34 and data[0] == 1
    return Wallet(("ERG",), "base58-blake2b", True) if is_sound else None


def _alephium(address: str) -> Wallet | None:
    """Type 0 and 32 bytes in base 58, without a checksum (Alephium documentation, Addresses)."""
    if address[0] != "1" or not 43 <= len(address) <= 46:
        return None
    data = encodings.base58(address)
    is_sound = data is not None and len(data) == 33 and data[0] == 0
    return Wallet(("ALPH",), "base58", False) if is_sound else None


def _cryptonote(address: str) -> Wallet | None:
    if len(address) not in _CRYPTONOTE_SIZES:
        return None
    data = encodings.base58_cryptonote(address)
    if data is None:
        return None
    coin = _CRYPTONOTE.get(data[0]) if len(data) in (65, 73) else None
    if coin is None:
        coin = next((found for start, found in _CRYPTONOTE_SPELLED if address.startswith(start)), None)
    return Wallet((coin,) if coin else (), "cryptonote", True)


def _ethereum(address: str) -> Wallet | None:
    """0x and 40 hex digits; mixed case carries a checksum that must be right (EIP-55)."""
    found = _ETH.fullmatch(address)
    if found is None:
        return None
    digits = found[1]
    if digits in (digits.lower(), digits.upper()):
        return Wallet((ETH_LIKE,), "eip-55", False)
    digest = keccak_256(digits.lower().encode()).hex()
    is_right = all(
        char.isdigit() or char.isupper() == (mark >= "8") for char, mark in zip(digits, digest, strict=False)
    )
    return Wallet((ETH_LIKE,), "eip-55", True) if is_right else None


def _bech32(address: str) -> Wallet | None:
    found = encodings.bech32(address)
    if found is None:
        return None
    prefix, fives, kind = found
    if prefix in _SEGWIT:
        return Wallet((_SEGWIT[prefix],), "bech32", True) if _is_witness(prefix, fives, kind) else None
    coin, size = _BECH32.get(prefix, ("", None))
    data = encodings.eights(fives)
    if not coin or data is None or (size is not None and len(data) != size):
        return None
    return Wallet((coin,), "bech32", True)


def _is_witness(prefix: str, fives: bytes, kind: int) -> bool:
    """BIP 173 and 350: version 0 with Bech32, 1 to 16 with Bech32m, and 2 to 40 bytes."""
    program = encodings.eights(fives[1:]) if fives else None
    if program is None or fives[0] > 31 or not 2 <= len(program) <= 40:
        return False
    if prefix == "hs":  # Handshake keeps Bech32 for every version (hsd, lib/primitives/address.js)
        return kind == encodings.BECH32
    if fives[0] == 0:
        return kind == encodings.BECH32 and len(program) in (20, 32)
    return fives[0] <= 16 and kind == encodings.BECH32M


def _xelis(address: str) -> Wallet | None:
    """Bech32 with a colon (xelis-project/xelis-blockchain, xelis_common/src/crypto/bech32.rs)."""
    if not address.startswith("xel:"):
        return None
    return Wallet(("XEL",), "bech32", True) if encodings.bech32(address, ":") is not None else None


def _cashaddr(address: str) -> Wallet | None:
    prefix, colon, payload = address.partition(":")
    if not colon:
        if len(address) != 42 or address[0] not in "qp":
            return None
        prefix, payload = "bitcoincash", address
    known = _CASHADDR.get(prefix.lower())
    if known is None or address not in (address.lower(), address.upper()):
        return None
    data = encodings.cashaddr(prefix.lower(), payload.lower())
    if data is None or len(data) not in known[1]:
        return None
    return Wallet((known[0],), "cashaddr", True)


def _conflux(address: str) -> Wallet | None:
    """CIP-37: ``cfx:``, optionally fields such as ``type.user:``, then 34 + 8 characters."""
    lower = address.lower()
    if not lower.startswith("cfx:") or address not in (lower, address.upper()):
        return None
    data = encodings.cashaddr("cfx", lower.rpartition(":")[2], encodings.BASE32_CONFLUX)
    return Wallet(("CFX",), "cashaddr", True) if data is not None and len(data) == 21 else None


def _ton(address: str) -> Wallet | None:
    """36 bytes in base 64, the last two a checksum (TEP-2: tag, workchain, hash, CRC)."""
    if _TON.fullmatch(address) is None:
        return None
    try:
        data = base64.urlsafe_b64decode(address.replace("+", "-").replace("/", "_"))
    except (binascii.Error, ValueError):
        return None
    if data[0] & 0x7F not in (0x11, 0x51) or encodings.crc16(data[:-2]).to_bytes(2, "big") != data[-2:]:
        return None
    return Wallet(("TON",), "crc16", True)


def _hex(address: str) -> Wallet | None:
    """Plain digits: Sia's with a checksum, Kadena's with a mark, Iron Fish's and Beam's with neither.

    64 digits are also the login of XMRig's donation and any hash, so they prove nothing.
    """
    if address.startswith("k:") and len(address) == 66 and _HEX.fullmatch(address[2:]):
        return Wallet(("KDA",), "hex", False)
    if _HEX.fullmatch(address) is None:
        return None
    if len(address) == 76:  # Sia: 32 bytes and 6 of their BLAKE2b-256 (Sia, types/unlockhash.go)
        data = bytes.fromhex(address)
        digest = hashlib.blake2b(data[:32], digest_size=32).digest()
        return Wallet(("SC",), "hex", True) if digest[:6] == data[32:] else None
    if len(address) == 64:
        return Wallet(("IRON", "BEAM"), "hex", False)
    return Wallet(("BEAM",), "hex", False) if 65 <= len(address) <= 67 else None


def _by_form(address: str) -> Wallet | None:
    """Decred (a checksum of BLAKE-256, which is not computed here) and NiceHash's accounts (paid in BTC)."""
    if _DECRED.fullmatch(address):
        return Wallet(("DCR",), "base58", False)
    return Wallet(("BTC",), "nicehash", False) if _NICEHASH.fullmatch(address) else None


_FORMS: tuple[Callable[[str], Wallet | None], ...] = (
    _ethereum,
    _base58check,
    _bech32,
    _cashaddr,
    _cryptonote,
    _ergo,
    _alephium,
    _conflux,
    _xelis,
    _aeternity,
    _ton,
    _hex,
    _by_form,
)
