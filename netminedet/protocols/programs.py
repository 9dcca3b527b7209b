"""What mining programs answer to those who ask them over HTTP, or in a line, how they are.

Each program has a form of its own, which tells it apart; the forms are those that monitoring programs read
(https://github.com/delawr0190/foreman-apps: modules foreman-trex, -lolminer, -nbminer, -gminer, -nanominer,
-bminer and -miniz, whose tests hold whole answers).

=========  ==================  =====================================================================
program    asked for           what tells it
=========  ==================  =====================================================================
T-Rex      ``/summary``        its pool under ``active_pool``, and rate and shares of its cards
lolMiner   ``/summary``        its name under ``Software``, and its pool under ``Stratum`` (to 1.2) or in
                               a list ``Algorithms``
NBMiner    ``/api/v1/status``  ``miner`` with its devices and their rate, ``stratum`` with pool and account
GMiner     ``/stat``           pool, account, accepted shares and the speed of its devices
BzMiner    ``/status``         its version under ``bzminer_version``, pools and devices
nanominer  ``/stats``          a list ``Algorithms`` of pools and rates, and a list ``Devices``
Bminer     ``/api/status``     ``miners`` that solve, ``stratum`` with the rate of accepted shares
miniZ      ``getstat``         its pool under ``current_server``, and the solutions of its cards; EWBF, too
ePIC       ``/summary``        as lolMiner to 1.2, with other names, and hash boards
AxeOS      see ``AXE_OS``      pool, account, rate and shares beside the model of its chip
=========  ==================  =====================================================================

ePIC's firmware for ASICs is described in epicblockchain/epic-dashboard (docs/API.md).  An xmrig-proxy
answers to ``/1/summary`` as XMRig does, but with the miners and upstreams that it has (xmrig/xmrig-proxy,
src/api/v1/ApiRouter.cpp).  AxeOS is the firmware of Bitaxes and of machines made after them
(bitaxeorg/ESP-Miner).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from netminedet.protocols.machines import ApiKind, ApiMessage, clean, number, objects, texts, whole

#: Paths of HTTP under which these programs tell how they are; others have such paths, too.
AXE_OS = "/api/system/info"
PATHS = frozenset(("/summary", "/stat", "/stats", "/status", "/api/v1/status", "/api/status", AXE_OS))
#: What miniZ is asked with, in a line of JSON.
GETSTAT = "getstat"

_FACTORS = {"h/s": 1, "sol/s": 1, "g/s": 1, "kh/s": 1e3, "mh/s": 1e6, "gh/s": 1e9, "th/s": 1e12}


def program_reply(value: Mapping[str, Any]) -> ApiMessage | None:
    """What a mining program says by a JSON object; None for any other object."""
    if KEYS.isdisjoint(value):  # as most objects
        return None
    answers = (read(value) for key, read in _READERS.items() if key in value)
    return next((found for found in answers if found is not None), None)


def _reply(
    family: str,
    vendor: str,
    rate: float | None,
    pools: Mapping[str, object] | list[dict[str, object]],
    names: tuple[str, str],
) -> ApiMessage:
    """A program's answer; ``names``: the keys of a pool's address and account."""
    found = pools if isinstance(pools, list) else [dict(pools)]
    return ApiMessage(
        ApiKind.REPLY,
        family,
        command="summary",
        vendor=clean(vendor),
        hashrate=rate,
        pools=texts(found, names[0]),
        users=texts(found, names[1]),
    )


def _named(program: str, version: object) -> str:
    return f"{program}/{version}" if isinstance(version, str) and version else program


def _total(devices: list[dict[str, object]], key: str) -> float | None:
    """The sum of the devices' rates, where all have one."""
    rates = [number(one.get(key)) for one in devices]
    return sum(rate or 0.0 for rate in rates) if rates and None not in rates else None


def _trex(value: Mapping[str, Any]) -> ApiMessage | None:
    pool, rate = value["active_pool"], number(value.get("hashrate"))
    cards = objects(value.get("gpus"))
    is_one = isinstance(pool, dict) and isinstance(pool.get("url"), str) and rate is not None
    if (
        not is_one
        or whole(value.get("accepted_count")) is None
        or not all("hashrate" in one for one in cards)
    ):
        return None
    return _reply("t-rex", _named("t-rex", value.get("version")), rate, pool, ("url", "user"))


def _lolminer(value: Mapping[str, Any]) -> ApiMessage | None:
    software, session = value["Software"], value.get("Session")
    if not isinstance(software, str) or not isinstance(session, dict):
        return None
    stratum, algorithms = value.get("Stratum"), objects(value.get("Algorithms"))
    if isinstance(stratum, dict) and "Current_Pool" in stratum and "Performance_Summary" in session:
        factor = _FACTORS.get(str(session.get("Performance_Unit", "")).lower())
        speed = number(session["Performance_Summary"])
        rate = None if factor is None or speed is None else factor * speed
        return _reply("lolminer", software, rate, stratum, ("Current_Pool", "Current_User"))
    if isinstance(stratum, dict) and "Current Pool" in stratum and objects(value.get("HBs")):
        speed = number(session.get("Average MHs"))
        rate = None if speed is None else 1e6 * speed
        return _reply("epic", software, rate, stratum, ("Current Pool", "Current User"))
    if not algorithms or not all("Pool" in one and "Total_Performance" in one for one in algorithms):
        return None
    speed, unit = number(algorithms[0]["Total_Performance"]), number(algorithms[0].get("Performance_Factor"))
    rate = None if speed is None or unit is None else speed * unit
    return _reply("lolminer", software, rate, algorithms, ("Pool", "User"))


def _nbminer_or_bminer(value: Mapping[str, Any]) -> ApiMessage | None:
    stratum, miner, miners = value["stratum"], value.get("miner"), value.get("miners")
    if not isinstance(stratum, dict) or whole(stratum.get("accepted_shares")) is None:
        return None
    if isinstance(miner, dict) and isinstance(stratum.get("url"), str) and objects(miner.get("devices")):
        rate = number(miner.get("total_hashrate_raw"))
        vendor = _named("NBMiner", value.get("version"))
        return None if rate is None else _reply("nbminer", vendor, rate, stratum, ("url", "user"))
    if not isinstance(miners, dict) or "accepted_share_rate" not in stratum:
        return None
    solvers = [one.get("solver") for one in objects(list(miners.values()))]
    rate = _total([one for one in solvers if isinstance(one, dict)], "solution_rate")
    vendor = _named("bminer", value.get("version"))
    return None if rate is None else _reply("bminer", vendor, rate, {}, ("", ""))


def _gminer(value: Mapping[str, Any]) -> ApiMessage | None:
    devices, name = objects(value.get("devices")), value.get("miner")
    rate = _total(devices, "speed")
    is_one = isinstance(value.get("server"), str) and isinstance(value.get("algorithm"), str)
    if not is_one or rate is None or not all("gpu_id" in one for one in devices):
        return None
    return _reply("gminer", name if isinstance(name, str) else "GMiner", rate, value, ("server", "user"))


def _bzminer(value: Mapping[str, Any]) -> ApiMessage | None:
    pools, devices = objects(value.get("pools")), objects(value.get("devices"))
    if not pools or not all("algorithm" in one for one in pools):
        return None
    lists = [one.get("hashrate") for one in devices]
    rates: list[dict[str, object]] = [{"rate": one[0]} for one in lists if isinstance(one, list) and one]
    vendor = f"BzMiner-{value['bzminer_version']}"
    return _reply("bzminer", vendor, _total(rates, "rate"), pools, ("current_url", "user"))


def _nanominer(value: Mapping[str, Any]) -> ApiMessage | None:
    if not objects(value.get("Devices")):
        return None
    works = [work for one in objects(value.get("Algorithms")) for work in objects(list(one.values()))]
    if not works or not all("CurrentPool" in work and isinstance(work.get("Total"), dict) for work in works):
        return None
    told = works[0]["Total"]
    rate = _scientific(told.get("Hashrate")) if isinstance(told, dict) else None
    return None if rate is None else _reply("nanominer", "nanominer", rate, works, ("CurrentPool", "User"))


def _scientific(text: object) -> float | None:
    """A number, also one that is written as text with an exponent."""
    try:
        return number(float(text)) if isinstance(text, str) and len(text) < 32 else number(text)
    except ValueError:
        return None


def _miniz(value: Mapping[str, Any]) -> ApiMessage | None:
    cards = objects(value.get("result"))
    rate = _total(cards, "speed_sps")
    if not isinstance(value["current_server"], str) or rate is None or "gpuid" not in cards[0]:
        return None
    return _reply("miniz", "", rate, value, ("current_server", ""))


def _xmrig_proxy(value: Mapping[str, Any]) -> ApiMessage | None:
    agent, miners, upstreams = value.get("ua"), value.get("miners"), value["upstreams"]
    if not isinstance(agent, str) or not isinstance(miners, dict) or not isinstance(upstreams, dict):
        return None
    if not {"now", "max"} <= miners.keys() or not {"active", "total"} <= upstreams.keys():
        return None
    return _reply("xmrig", agent, None, {}, ("", ""))


def _axe_os(value: Mapping[str, Any]) -> ApiMessage | None:
    rate = number(value.get("hashRate"))
    is_one = isinstance(value["stratumURL"], str) and isinstance(value.get("ASICModel"), str)
    if not is_one or rate is None or whole(value.get("sharesAccepted")) is None:
        return None
    vendor = _named("AxeOS", value.get("version"))
    return _reply("axeos", vendor, 1e9 * rate, value, ("stratumURL", "stratumUser"))


#: A key that each form has -> what reads it.
_READERS: dict[str, Callable[[Mapping[str, Any]], ApiMessage | None]] = {
    "active_pool": _trex,
    "Software": _lolminer,
    "stratum": _nbminer_or_bminer,
    "total_accepted_shares": _gminer,
    "bzminer_version": _bzminer,
    "WorkTime": _nanominer,
    "current_server": _miniz,
    "upstreams": _xmrig_proxy,
    "stratumURL": _axe_os,
}
KEYS = frozenset(_READERS)
