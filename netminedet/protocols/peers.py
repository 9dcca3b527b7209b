"""Traffic beside mining: coin nodes, wallets and payment channels, told by their first bytes.

None of this is mining; it is recognised so that it can be told from it.  ``adjacent`` reads the first
payload of a side (TCP) or a datagram (UDP) and is silent in doubt.

Bitcoin's message header: https://developer.bitcoin.org/reference/p2p_networking.html ("Message
Headers"), with the network magics of the nodes' chainparams.cpp.  Monero's: levin_base.h
(``bucket_head2``) of https://github.com/monero-project/monero.  Ethereum: discv4.md ("Wire Protocol")
and rlpx.md ("Initial Handshake") of https://github.com/ethereum/devp2p.  Electrum:
https://electrum-protocol.readthedocs.io.  Lightning: BOLT 8 ("Act One") of
https://github.com/lightning/bolts.
"""

from __future__ import annotations

import hashlib
import re

import msgspec
from msgspec import Struct

from netminedet.protocols import rlp


class Adjacent(Struct, frozen=True):
    """What the bytes are.

    ``protocol``: "bitcoin-p2p", "monero-levin", "ethereum-discv4", "ethereum-rlpx", "electrum" or
    "lightning".  ``network``: the coin, where the bytes tell.  ``command``: the first message's name.
    """

    protocol: str
    network: str = ""
    command: str = ""


_MAGICS = {
    "f9beb4d9": "bitcoin",
    "0b110907": "bitcoin-testnet3",
    "1c163f28": "bitcoin-testnet4",
    "0a03cf40": "bitcoin-signet",
    "fabfb5da": "bitcoin-regtest",
    "f9beb4fe": "namecoin",
    "fbc0b6db": "litecoin",
    "c0c0c0c0": "dogecoin",
    "e3e1f3e8": "bitcoin-cash",
    "bf0c6bbd": "dash",
    "24e92764": "zcash",
}
_COMMAND = re.compile(rb"([a-z0-9]{2,12})\0*\Z")
_HEADER = 24
#: Longest message of Bitcoin's peers (MAX_PROTOCOL_MESSAGE_LENGTH of net.h, with room for forks).
MAX_MESSAGE = 32 * 1024 * 1024
_EMPTY_CHECKSUM = bytes.fromhex("5df6e0e2")  # of no bytes

_LEVIN = bytes.fromhex("0121010101010101")
_LEVIN_HEADER = 33
_LEVIN_COMMANDS = {
    1001: "handshake",
    1002: "timed sync",
    1003: "ping",
    1007: "support flags",
    2001: "new block",
    2002: "new transactions",
    2003: "request objects",
    2004: "objects",
    2006: "request chain",
    2007: "chain entry",
    2008: "new fluffy block",
    2009: "request fluffy missing",
    2010: "transaction pool complement",
}
#: What each packet is, and the form of its first items: see ``_has_form``.  A time takes 4 bytes now.
_END_POINT, _TIME = (3,), -5
_DISCV4: dict[int, tuple[str, tuple[int | tuple[int, ...], ...]]] = {
    1: ("ping", (1, _END_POINT, _END_POINT, _TIME)),
    2: ("pong", (_END_POINT, 32, _TIME)),
    3: ("findnode", (64, _TIME)),
    4: ("neighbors", ((), _TIME)),
    5: ("enrrequest", (4,)),
    6: ("enrresponse", (32, ())),
}
#: What the first messages of coin nodes begin with, where that is always the same.
OPENERS = (_LEVIN, *map(bytes.fromhex, _MAGICS))

_ELECTRUM = re.compile(
    r"(?:server\.(?:version|features|banner|ping|peers\.subscribe|donation_address|add_peer)"
    r"|blockchain\.[a-z]+\.[a-z_]+|mempool\.[a-z_]+)\Z"
)
_JSON_LIMIT = 16 * 1024
_LIGHTNING_ACT_ONE = 50


def adjacent(data: bytes, proto: str = "tcp") -> Adjacent | None:
    """What the first payload of a side, or a datagram, is: None for anything not known for sure."""
    if proto == "udp":
        return _discv4(data)
    return _levin(data) or _bitcoin(data) or _electrum(data) or _lightning(data) or _rlpx(data)


def _bitcoin(data: bytes) -> Adjacent | None:
    """Magic, command, length, checksum.  Behind an unknown magic only a whole ``version`` counts."""
    command = _COMMAND.match(data[4:16]) if len(data) >= _HEADER else None
    length = int.from_bytes(data[16:20], "little")
    if command is None or length > MAX_MESSAGE:
        return None
    payload, checksum = data[_HEADER : _HEADER + length], data[20:24]
    whole = len(payload) == length
    if whole:
        right = hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
        if checksum != right:
            return None
    elif checksum == _EMPTY_CHECKSUM:
        return None
    network = _MAGICS.get(data[:4].hex(), "")
    if not network and not (whole and command[1] == b"version" and length >= 85):
        return None
    return Adjacent("bitcoin-p2p", network, command[1].decode("ascii"))


def _levin(data: bytes) -> Adjacent | None:
    if len(data) < _LEVIN_HEADER or not data.startswith(_LEVIN):
        return None
    answer_due, protocol_version = data[16], int.from_bytes(data[29:33], "little")
    if answer_due > 1 or protocol_version != 1:
        return None
    command = int.from_bytes(data[17:21], "little")
    return Adjacent("monero-levin", "", _LEVIN_COMMANDS.get(command, str(command)))


def _discv4(data: bytes) -> Adjacent | None:
    """Hash (32), signature (64 and a recovery id of 0 or 1), type, and what the type calls for in RLP.

    More than that may follow (EIP-8).
    """
    if not 98 < len(data) <= 1280 or data[96] > 1 or not _random(data[:96], 70):
        return None
    name, form = _DISCV4.get(data[97], ("", ()))
    try:
        items, _end = rlp.decode(data[98:])
    except ValueError:
        return None
    fits = name and isinstance(items, list) and len(items) >= len(form) and all(map(_has_form, items, form))
    return Adjacent("ethereum-discv4", "ethereum", name) if fits else None


def _has_form(item: rlp.Item, form: int | tuple[int, ...]) -> bool:
    """``form``: the size of a byte string, or negative: its greatest; or how many items a list has."""
    if isinstance(form, tuple):
        return isinstance(item, list) and (not form or len(item) in form)
    return isinstance(item, bytes) and (len(item) == form or len(item) <= -form)


def _rlpx(data: bytes) -> Adjacent | None:
    """The initiator's auth message (EIP-8): its size, then an uncompressed public key and encrypted bytes."""
    size = int.from_bytes(data[:2], "big")
    if len(data) != size + 2 or not 280 <= size <= 800 or data[2] != 4 or not _random(data[3:259], 140):
        return None
    return Adjacent("ethereum-rlpx", "ethereum", "auth")


def _electrum(data: bytes) -> Adjacent | None:
    line = data[:_JSON_LIMIT].partition(b"\n")[0]
    if not line.startswith((b"{", b"[")):
        return None
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    if isinstance(value, list) and value:
        value = value[0]
    method = value.get("method") if isinstance(value, dict) else None
    if not isinstance(method, str) or not _ELECTRUM.match(method):
        return None
    return Adjacent("electrum", "", method)


def _lightning(data: bytes) -> Adjacent | None:
    """Version 0, a compressed public key, a tag: 50 bytes."""
    if len(data) != _LIGHTNING_ACT_ONE or data[0] or data[1] not in (2, 3) or not _random(data[2:], 36):
        return None
    return Adjacent("lightning", "bitcoin", "act one")


def _random(data: bytes, distinct: int) -> bool:
    """Whether at least so many different values are among the bytes, as there nearly always are in keys."""
    return len(set(data)) >= distinct
