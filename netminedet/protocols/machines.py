"""What management interfaces of mining machines answer, besides the summary and the pools.

cgminer and its descendants (API-README of https://github.com/ckolivas/cgminer) answer ``devs``, ``stats``,
``version``, ``lcd``, ``coin`` and ``devdetails`` in sections of these names.  The names are anybody's; what
stands in them is not: devices with a hash rate, statistics of a device with the time that it runs, the
version of a mining program beside that of its interface.  ethminer (docs/API_DOCUMENTATION.md) tells rate,
shares and pool by ``miner_getstatdetail`` and the pools that it is set to by ``miner_getconnections``, both
with the account to be paid within the address.  XMRig (src/base/api) tells its pools in its configuration.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any
from urllib.parse import unquote

from msgspec import Struct

#: Pools and workers listed, and characters of a text.
MAX_LISTED = 64
MAX_TEXT = 256

_RATE = re.compile(r"([KMGT]?)HS (av|5s|20s|30m)\Z")
_UNITS = {"": 1.0, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_RATE_ORDER = ("av", "30m", "20s", "5s")
#: Kinds of devices, by which cgminer numbers them.
DEVICES = ("ASC", "PGA", "GPU", "CPU")
_MINER_KEY = re.compile("miner|boser", re.IGNORECASE)
_ETHMINER_URI = re.compile(r"(?:stratum|getwork|eth|http|simulation)[a-z0-9+]{0,16}://", re.IGNORECASE)


class ApiKind(str, Enum):
    """Which way an API message goes: to the miner, or back."""

    COMMAND = "command"
    #: a command that is a word of others too
    WORD = "word"
    REPLY = "reply"


class ApiMessage(Struct, frozen=True):
    """A request to a miner's management API, or its reply.

    ``family``: "cgminer", "btminer", "ethman" or "xmrig".  ``hashrate`` in hashes a second and ``elapsed`` in
    seconds, as the miner says; None and empty for what it does not say.
    """

    kind: ApiKind
    family: str
    command: str = ""
    vendor: str = ""
    elapsed: int | None = None
    hashrate: float | None = None
    accepted: int | None = None
    rejected: int | None = None
    pools: tuple[str, ...] = ()
    users: tuple[str, ...] = ()

    @property
    def telling(self) -> bool:
        """Whether the message alone is peculiar to miners: replies are, commands are words of others too."""
        return self.kind is ApiKind.REPLY


def section_told(reply: Mapping[str, Any]) -> tuple[str, float | None]:
    """Which command besides summary and pools a reply of cgminer's family answers, by what only miners
    say, and the hash rate in it; "" and None where it is none of these."""
    devices = objects(reply.get("DEVS"))
    if devices and all(any(kind in one for kind in DEVICES) for one in devices):
        rates = [hashrate_of(one) for one in devices]
        if None not in rates:
            return "devs", sum(rate for rate in rates if rate is not None)
    statistics = [one for one in objects(reply.get("STATS")) if _is_statistics(one)]
    if statistics:
        return "stats", next((rate for one in statistics if (rate := hashrate_of(one)) is not None), None)
    for one in objects(reply.get("LCD")):
        if "Elapsed" in one and (rate := hashrate_of(one)) is not None:
            return "lcd", rate
    for name, holds in _SECTIONS.items():
        if any(holds(one) for one in objects(reply.get(name.upper()))):
            return name, None
    return "", None


def _is_statistics(one: Mapping[str, object]) -> bool:
    return "STATS" in one and "Elapsed" in one and isinstance(one.get("ID"), str)


_SECTIONS: dict[str, Callable[[Mapping[str, object]], bool]] = {
    "version": lambda one: "API" in one and any(_MINER_KEY.search(key) for key in one),
    "coin": lambda one: "Hash Method" in one,
    "devdetails": lambda one: "Driver" in one and "Kernel" in one,
}


def ethminer_reply(result: object) -> ApiMessage | None:
    """What ethminer answers to ``miner_getstatdetail`` or ``miner_getconnections``; None for others."""
    if isinstance(result, dict):
        return _ethminer_detail(result)
    if not isinstance(result, list) or not result:
        return None
    connections = objects(result)
    uris = [one.get("uri") for one in connections]
    if len(connections) != len(result[:MAX_LISTED]) or not all(
        "active" in one and "index" in one for one in connections
    ):
        return None
    if not all(isinstance(uri, str) and _ETHMINER_URI.match(uri) for uri in uris):
        return None
    pools, users = _addresses([uri for uri in uris if isinstance(uri, str)])
    return ApiMessage(ApiKind.REPLY, "ethman", command="miner_getconnections", pools=pools, users=users)


def _ethminer_detail(result: Mapping[str, Any]) -> ApiMessage | None:
    connection, host, mining = (result.get(name) for name in ("connection", "host", "mining"))
    if not isinstance(connection, dict) or not isinstance(host, dict) or not isinstance(mining, dict):
        return None
    rate, shares, uri = mining.get("hashrate"), mining.get("shares"), connection.get("uri")
    if (
        not isinstance(rate, str)
        or not re.fullmatch("0x[0-9A-Fa-f]{1,16}", rate)
        or not isinstance(shares, list)
    ):
        return None
    pools, users = _addresses([uri] if isinstance(uri, str) else [])
    return ApiMessage(
        ApiKind.REPLY,
        "ethman",
        command="miner_getstatdetail",
        vendor=clean(version) if isinstance(version := host.get("version"), str) else "",
        elapsed=whole(host.get("runtime")),
        hashrate=float(int(rate, 16)),
        accepted=whole(shares[0]) if shares else None,
        rejected=whole(shares[1]) if len(shares) > 1 else None,
        pools=pools,
        users=users,
    )


def _addresses(uris: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Pools and accounts of addresses in the form ``scheme://account.rig:password@host:port``."""
    pools, users = [], []
    for uri in map(clean, uris):
        scheme, mark, rest = uri.partition("://")
        login, at, place = rest.rpartition("@")
        pools.append(scheme + mark + place)
        users += [unquote(login.partition(":")[0])] if at else []
    return tuple(dict.fromkeys(pools)), tuple(dict.fromkeys(clean(user) for user in users if user))


def xmrig_config(value: Mapping[str, Any]) -> ApiMessage | None:
    """What XMRig answers to ``/1/config``: its configuration; None for any other object."""
    pools = objects(value.get("pools"))
    if "autosave" not in value or not pools or not all("url" in one and "user" in one for one in pools):
        return None
    addresses, users = texts(pools, "url"), texts(pools, "user")
    return ApiMessage(ApiKind.REPLY, "xmrig", command="config", pools=addresses, users=users)


def objects(value: object) -> list[dict[str, object]]:
    """The objects of a list, or the one object that it is."""
    found = value if isinstance(value, list) else [value]
    return [one for one in found[:MAX_LISTED] if isinstance(one, dict)]


def texts(objects: list[dict[str, object]], key: str) -> tuple[str, ...]:
    """The different texts under ``key``, in order."""
    found = (one.get(key) for one in objects)
    return tuple(dict.fromkeys(clean(text) for text in found if isinstance(text, str) and text))


def clean(text: str) -> str:
    """A text without backslashes and what cannot be printed, cut at ``MAX_TEXT``."""
    return "".join(c for c in text[:MAX_TEXT].replace("\\", "") if c.isprintable())


def whole(value: object) -> int | None:
    """A number, also one written as text, without its fraction."""
    found = number(value)
    return None if found is None else int(found)


def number(value: object) -> float | None:
    """A number that is not negative, also one written as text."""
    if isinstance(value, str):
        return float(value) if re.fullmatch(r"\d{1,20}(\.\d{1,20})?", value, re.ASCII) else None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e30:
        return float(value)
    return None


def hashrate_of(summary: Mapping[str, object]) -> float | None:
    """The average that the miner states, else its latest figure, in hashes a second."""
    rates: dict[str, float] = {}
    for key, value in summary.items():
        name, rate = _RATE.match(key), number(value)
        if name is not None and rate is not None:
            rates[name[2]] = rate * _UNITS[name[1]]
    return next((rates[span] for span in _RATE_ORDER if span in rates), None)
