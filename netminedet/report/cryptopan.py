"""Prefix-preserving pseudonyms for addresses: Crypto-PAn (Xu, Fan, Ammar, Moon: ICNP 2002), with AES.

Two addresses that share their first n bits have pseudonyms that share their first n bits, and no more;
different addresses have different pseudonyms.  IPv6 is done as IPv4 is, over 128 bits.  Other tools
that implement the scheme give the same pseudonyms under the same key.
"""

from __future__ import annotations

import re
from os import PathLike
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

from netminedet.errors import NetminedetError
from netminedet.language import number_of
from netminedet.report.text import printable

#: Bytes of a key: one half is AES's key, the other is made into what fills up shorter prefixes.
KEY_BYTES = 32
#: Larger files are no keys; in bytes.
KEY_LIMIT = 4096

_BLOCK = 16
_HEX = re.compile(rb"\s*([0-9a-fA-F]{64})\s*")
_REMEDY = "make one with: openssl rand -hex 32"


class CryptoPan:
    """Gives addresses their pseudonyms; raises NetminedetError where the library is missing."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            size = number_of("{n} byte", "{n} bytes", len(key))
            raise NetminedetError(f"the key for addresses has {size}, {KEY_BYTES} are needed; {_REMEDY}")
        try:
            from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
        except ImportError:
            raise NetminedetError(
                "--anonymize-ip needs the package cryptography; install it: pip install 'netminedet[crypto]'"
            ) from None
        self._encrypt = Cipher(algorithms.AES(key[:16]), modes.ECB()).encryptor().update
        self._pad = int.from_bytes(self._encrypt(key[16:]), "big")
        self._known: dict[str, str] = {}

    def pseudonym(self, address: str) -> str:
        """The pseudonym of an address, of the same family."""
        found = self._known.get(address)
        if found is None:
            family = AF_INET6 if ":" in address else AF_INET
            found = self._known[address] = inet_ntop(family, self._of_bytes(inet_pton(family, address)))
        return found

    def _of_bytes(self, address: bytes) -> bytes:
        """For each bit one block: the bits before it, filled up from the pad; the first bit of what it
        encrypts to says whether the bit is turned over."""
        bits = 8 * len(address)
        number = int.from_bytes(address, "big") << (128 - bits)
        masks = ((1 << 128) - (1 << (128 - length)) for length in range(bits))
        blocks = b"".join((number & mask | self._pad & ~mask).to_bytes(_BLOCK, "big") for mask in masks)
        encrypted = self._encrypt(blocks)
        turned = 0
        for place in range(0, len(encrypted), _BLOCK):
            turned = turned << 1 | encrypted[place] >> 7
        return (int.from_bytes(address, "big") ^ turned).to_bytes(len(address), "big")


def load_key(path: str | PathLike[str]) -> bytes:
    """The key in a file, 64 hexadecimal digits or 32 bytes; raises NetminedetError."""
    name = printable(str(path))
    try:
        with Path(path).open("rb") as file:
            content = file.read(KEY_LIMIT + 1)
    except OSError as error:
        raise NetminedetError(f"{name}: the key cannot be read ({error.strerror}); {_REMEDY}") from error
    if (written := _HEX.fullmatch(content)) is not None:
        return bytes.fromhex(written[1].decode())
    if len(content) == KEY_BYTES:
        return content
    raise NetminedetError(f"{name}: no key of 32 bytes or 64 hexadecimal digits; {_REMEDY}")
