"""Takes a miner's login name apart: the account that is paid, and the rig that works.

Pools take ``<account><separator><rig>``; the habits are those of NiceHash, nanopool
(``address/rig/e-mail``), SupportXMR and P2Pool (``address+difficulty``), unMineable
(``COIN:address.rig#referral``), HeroMiners (``solo:address``) and of
coins whose addresses have a prefix of their own (``kaspa:q…``, ``bitcoincash:q…``, ``cfx:…``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

#: Texts for which an answer is kept, and the longest of them: a miner says its login with each share.
MAX_KEPT = 4096
MAX_KEPT_LENGTH = 256

_Answer = TypeVar("_Answer")

#: Address schemes whose colon belongs to the address (CashAddr and its relatives).
ADDRESS_SCHEMES = frozenset(
    (
        "bitcoincash",
        "bchtest",
        "cfx",
        "cfxtest",
        "ecash",
        "karlsen",
        "kaspa",
        "kaspatest",
        "nexa",
        "nexatest",
        "pyrin",
        "pyi",
        "spectre",
        "xel",
    )
)

_BASE58 = "[1-9A-HJ-NP-Za-km-z]"
_ADDRESS = re.compile(
    "|".join(
        (
            rf"[13LMDXR]{_BASE58}{{25,34}}",  # Bitcoin, Litecoin, Dogecoin, Dash, Ravencoin
            rf"[tz][1-3]{_BASE58}{{33}}",  # Zcash, Horizen
            r"0[xX][0-9A-Fa-f]{40}",  # Ethereum and its forks
            rf"{_BASE58}{{90,112}}",  # the CryptoNote family: 95 for Monero, 106 with a payment id
            rf"9{_BASE58}{{50}}",  # Ergo
            rf"1{_BASE58}{{43,45}}",  # Alephium
            r"(?:aleo|bc|ckb|grin|ltc|qtum|rtm|vtc|xch)1[02-9ac-hj-np-z]{25,110}",  # Bech32
            rf"ak_{_BASE58}{{40,60}}",  # Aeternity
            r"[UE]Q[0-9A-Za-z_-]{46}",  # TON
            rf"NHb{_BASE58}{{30,40}}",  # NiceHash's internal accounts
            r"[0-9a-fA-F]{64,67}",  # Iron Fish, Beam, and the donation login of XMRig
        )
    )
)
_SCHEMED = re.compile(r"([a-z]{3,12}):([0-9a-z]{36,128})")
_TICKER = re.compile(r"([A-Za-z0-9]{2,10}):(.+)", re.DOTALL)
_EMAIL = re.compile(r"[\w.%-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?![\w-])")
_SEPARATOR = re.compile(r"[./+:]")
#: A difficulty that is asked for, behind "+": before the rig or behind it.
_DIFFICULTY = re.compile(r"[0-9]{1,20}(?:[./:]|\Z)")
_LAST_DIFFICULTY = re.compile(r"\+[0-9]{1,20}\Z")
_ACCOUNT = re.compile(r"[A-Za-z0-9][\w@.-]{2,127}", re.ASCII)


def _kept(answer: Callable[[str], _Answer]) -> Callable[[str], _Answer]:
    """The same function, which does not work out again what it was asked lately."""
    known = lru_cache(maxsize=MAX_KEPT)(answer)

    @wraps(answer)
    def ask(text: str) -> _Answer:
        return known(text) if len(text) <= MAX_KEPT_LENGTH else answer(text)

    return ask


@_kept
def is_address(text: str) -> bool:
    """Whether the text has the form of a coin's payment address; no checksum is verified."""
    schemed = _SCHEMED.fullmatch(text)
    if schemed is not None:
        return schemed[1] in ADDRESS_SCHEMES
    return _ADDRESS.fullmatch(text) is not None


@_kept
def split_login(login: str) -> tuple[str, str | None]:
    """The account and the rig of a login name; rig is None where none is named.

    A coin ticker that pays out in another coin (``BTC:…``), or a word for who mines alone (``solo:…``), is
    left out of the account, an address scheme (``kaspa:…``) belongs to it; a referral code (``#…``) and a
    difficulty (``+20000``) are no rig.
    """
    text = login.strip()
    ticker = _TICKER.fullmatch(text)
    if ticker is not None and ticker[1] not in ADDRESS_SCHEMES and is_address(_split(ticker[2])[0]):
        text = ticker[2]
    account, rig = _split(text)
    if rig is not None:
        rig = rig.split("#", 1)[0] or None
    return account, rig


@_kept
def wallet_of(login: str) -> str | None:
    """The account part of a login name if it looks like an address or an account name."""
    account = split_login(login)[0]
    if is_address(account) or _ACCOUNT.fullmatch(account):
        return account
    return None


def with_rig(login: str, rig: str) -> str:
    """The login name of a rig that is named apart from its account; empty login: no account is known.

    ``0xabc…`` and ``rig2`` are ``0xabc….rig2``; a rig that tells its account, or that the login
    names already, adds nothing.
    """
    account, own = split_login(login)
    if not login or rig.startswith(account):
        return rig
    if own is None:
        return f"{login}.{rig}"
    return login if rig in (own, own.partition("/")[0]) else f"{login}/{rig}"


def _split(text: str) -> tuple[str, str | None]:
    start = 0
    email = _EMAIL.match(text)
    scheme = text.split(":", 1)[0]
    if email is not None:
        start = email.end()
    elif scheme in ADDRESS_SCHEMES:
        start = len(scheme) + 1
    found = _SEPARATOR.search(text, start)
    if found is not None:
        rig = text[found.end() :]
        if found[0] == "+":
            rig = _DIFFICULTY.sub("", rig)
        return text[: found.start()], _LAST_DIFFICULTY.sub("", rig) or None
    account, underscore, rig = text.rpartition("_")
    if underscore and rig and is_address(account):
        return account, rig
    return text, None
