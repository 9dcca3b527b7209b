"""What a proof-of-work algorithm counts in, and how much work one unit of stratum difficulty is.

The dialect of a conversation seldom names the algorithm, so it is put together from hints:
the ``algo`` of a job, the dialect, the coins of the pool.  Sources are public repositories,
named in each row: "node-stratum-pool" is zone117x/node-stratum-pool (lib/algoProperties.js,
where a share of difficulty D takes D x 2^32 / multiplier hashes), "cpuminer-opt" is
JayDDee/cpuminer-opt (``opt_target_factor`` in each algorithm's file, which divides likewise).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from netminedet.language import N_
from netminedet.signatures.agents import Agent


class Algorithm(Struct, frozen=True):
    """One algorithm, or a family whose members are reckoned alike."""

    name: str
    #: what its rate counts, per second: "H" hashes, "Sol" solutions, "g" graphs, "proof" proofs
    unit: str
    #: a share of stratum difficulty D takes D x 2**bits of them; None where that is not known
    bits: int | None
    #: where ``bits`` was read
    source: str
    #: what else it may be; empty where there is no doubt
    ambiguity: str = ""


#: What an algorithm is called that messages, programs and wallets do not tell, or tell by a strange name.
UNKNOWN = "unknown"

_NOMP = "node-stratum-pool"
_CPUMINER = "cpuminer-opt"
_BITCOIN = "Bitcoin Wiki, Difficulty (pool difficulty 1: the target 2^224); node-stratum-pool"
_POW_LIMIT = "taken over from Bitcoin: no specification of the stratum difficulty is known"
_XMRIG = "xmrig/xmrig, src/base/net/stratum/Job.cpp: the difficulty is the number of hashes"
_NONE = "there is no public definition of a stratum difficulty"

_SCRYPT_OR_NOT = "2^32 at a pool that counts as for SHA-256"
_OTHER_SCALE = "2^32 at a pool that does not scale difficulties for this algorithm"
_ASSUMED = "the factor 2^32 is an assumption"

_ROWS = (
    Algorithm("sha256d", "H", 32, _BITCOIN),
    Algorithm("scrypt", "H", 16, f"{_NOMP} (multiplier 2^16); {_CPUMINER} (65536)", _SCRYPT_OR_NOT),
    Algorithm("scrypt-n", "H", 16, f"{_NOMP} (multiplier 2^16)", _SCRYPT_OR_NOT),
    Algorithm("yescrypt", "H", 16, f"{_CPUMINER} (65536)", _SCRYPT_OR_NOT),
    Algorithm("yespower", "H", 16, f"{_CPUMINER} (65536)", _SCRYPT_OR_NOT),
    Algorithm("argon2d", "H", 16, f"{_CPUMINER} (65536)", _SCRYPT_OR_NOT),
    Algorithm("neoscrypt", "H", 16, _CPUMINER, f"2^27 by {_NOMP} (multiplier 2^5)"),
    Algorithm("verthash", "H", 24, f"{_CPUMINER} (256)", "2^16 at a pool that counts as for scrypt"),
    Algorithm("lyra2re", "H", 25, f"{_CPUMINER} (128)", _OTHER_SCALE),
    Algorithm("lyra2rev2", "H", 24, f"{_CPUMINER} (256)", _OTHER_SCALE),
    Algorithm("lyra2z", "H", 24, f"{_CPUMINER} (256)", _OTHER_SCALE),
    Algorithm("x16r", "H", 24, f"{_NOMP} (multiplier 2^8); {_CPUMINER} (256)", _OTHER_SCALE),
    Algorithm("xevan", "H", 24, f"{_CPUMINER} (256)", _OTHER_SCALE),
    Algorithm("keccak", "H", 24, f"{_NOMP} (multiplier 2^8)", f"2^25 by {_CPUMINER} (128)"),
    Algorithm("groestl", "H", 24, f"{_NOMP} (multiplier 2^8)", _OTHER_SCALE),
    Algorithm("blake256r8", "H", 24, f"{_NOMP} (blake: multiplier 2^8)", _OTHER_SCALE),
    Algorithm("x11", "H", 32, f"{_NOMP} (no multiplier)", "2^24 at a pool that scales by 256"),
    Algorithm("x13", "H", 32, f"{_NOMP} (no multiplier)", "2^24 at a pool that scales by 256"),
    Algorithm("x15", "H", 32, f"{_NOMP} (no multiplier)", "2^24 at a pool that scales by 256"),
    Algorithm("quark", "H", 32, f"{_NOMP} (no multiplier)", "2^24 at a pool that scales by 256"),
    Algorithm("qubit", "H", 32, f"{_NOMP} (no multiplier)", "2^24 at a pool that scales by 256"),
    Algorithm("skein", "H", 32, f"{_NOMP} (no multiplier)", "2^24 at a pool that scales by 256"),
    Algorithm("blake256r14", "H", 32, _POW_LIMIT, _ASSUMED),
    Algorithm("blake2b-sia", "H", 32, _POW_LIMIT, _ASSUMED),
    Algorithm("blake2s-kadena", "H", 32, _POW_LIMIT, _ASSUMED),
    Algorithm("handshake", "H", 32, _POW_LIMIT, _ASSUMED),
    Algorithm("eaglesong", "H", 32, _POW_LIMIT, _ASSUMED),
    Algorithm("octopus", "H", 32, _POW_LIMIT, _ASSUMED),
    Algorithm("fishhash", "H", 32, _POW_LIMIT, _ASSUMED),
    Algorithm("nexapow", "H", 32, _POW_LIMIT, _ASSUMED),
    Algorithm("verushash", "H", 32, _POW_LIMIT, _ASSUMED),
    Algorithm("ghostrider", "H", 16, "xmrig/xmrig, src/base/net/stratum/EthStratumClient.cpp (x 65536)"),
    Algorithm("ethash", "H", 32, "nicehash/Specifications, EthereumStratum_NiceHash_v1.0.0.txt"),
    Algorithm("kawpow", "H", 32, "difficulty 1 is the target 00000000ffff…, as in EthereumStratum/1.0.0"),
    Algorithm("kheavyhash", "H", 32, "onemorebsmith/kaspa-stratum-bridge, src/kaspastratum/hasher.go"),
    Algorithm(
        "blake3-alephium",
        "H",
        34,
        "alephium/mining-pool (diff1TargetNumZero 30; one hash in 16 belongs to the job's chain)",
        "2^28 where the pool is configured with 24 leading zeros",
    ),
    Algorithm("randomx", "H", 0, _XMRIG),
    Algorithm("cryptonight", "H", 0, _XMRIG),
    Algorithm("argon2-chukwa", "H", 0, _XMRIG),
    Algorithm("autolykos2", "H", None, _NONE),
    Algorithm("equihash-200-9", "Sol", None, "ZIP 301: targets only"),
    Algorithm("equihash-144-5", "Sol", None, "ZIP 301: targets only"),
    Algorithm("equihash-192-7", "Sol", None, "ZIP 301: targets only"),
    Algorithm("equihash-125-4", "Sol", None, "ZIP 301: targets only"),
    Algorithm("equihash-96-5", "Sol", None, "ZIP 301: targets only"),
    Algorithm("equihash-210-9", "Sol", None, "targets only"),
    Algorithm("beamhash", "Sol", None, _NONE),
    Algorithm("cuckatoo32", "g", None, _NONE),
    Algorithm("cuckoo29", "g", None, _NONE),
    Algorithm("cuckaroo30", "g", None, _NONE),
    Algorithm("truehash", "H", None, _NONE),
    Algorithm("aleo-puzzle", "proof", 0, "HarukaMa/aleo-pool-server, stratum/spec.md"),
    Algorithm("sha1", "H", None, "the difficulty of Duino-Coin is a limit of the nonce"),
    Algorithm(UNKNOWN, "H", None, _NONE),
)

#: All known algorithms by name.
ALGORITHMS = {row.name: row for row in _ROWS}

#: Other spellings, lower case: of NiceHash, of xmrig's ``algo`` keys, of miners' options.
_ALIASES = {
    "125_4": "equihash-125-4",  # the ninth item of a Zcash-like job
    "144_5": "equihash-144-5",
    "192_7": "equihash-192-7",
    "200_9": "equihash-200-9",
    "96_5": "equihash-96-5",
    "alephium": "blake3-alephium",
    "autolykos": "autolykos2",
    "beamv3": "beamhash",
    "blake3": "blake3-alephium",
    "daggerhashimoto": "ethash",
    "etchash": "ethash",
    "ubqhash": "ethash",
    "equihash": "equihash-200-9",
    "equihash200_9": "equihash-200-9",
    "evrprogpow": "kawpow",
    "firopow": "kawpow",
    "gr": "ghostrider",
    "ironfish": "fishhash",
    "kadena": "blake2s-kadena",
    "kaspa": "kheavyhash",
    "karlsenhash": "kheavyhash",
    "meowpow": "kawpow",
    "progpow": "kawpow",
    "progpowz": "kawpow",
    "pyrinhash": "kheavyhash",
    "sha256": "sha256d",
    "sha256asicboost": "sha256d",
    "x16rv2": "x16r",
    "x16s": "x16r",
    "zelhash": "equihash-125-4",
    "zhash": "equihash-144-5",
}
_PREFIXES = (
    ("rx/", "randomx"),
    ("randomx", "randomx"),
    ("cn", "cryptonight"),
    ("argon2/", "argon2-chukwa"),
    ("yespower", "yespower"),
    ("yescrypt", "yescrypt"),
)

#: Dialects that carry one algorithm only.
_OF_DIALECT = {
    "aeternity": "cuckoo29",
    "aion": "equihash-210-9",
    "aleo": "aleo-puzzle",
    "alephium": "blake3-alephium",
    "beam": "beamhash",
    "browser-miner": "cryptonight",
    "conflux": "octopus",
    "cortex": "cuckaroo30",
    "duino-coin": "sha1",
    "ergo": "autolykos2",
    "grin": "cuckatoo32",
    "ironfish": "fishhash",
    "kaspa": "kheavyhash",
    "kawpow": "kawpow",
    "nervos-ckb": "eaglesong",
    "truechain": "truehash",
    "zcash-stratum": "equihash-200-9",
}

#: Longest host name that is looked at.
_NAME_LIMIT = 253

#: What is assumed of a dialect where nothing says more, and what else it may carry.
_DEFAULTS = {
    "cryptonote": ("randomx", N_("the dialect also carries CryptoNight, GhostRider and others")),
    "eth-proxy": ("ethash", N_("the dialect also carries ProgPoW coins")),
    "ethereum-stratum-1": ("ethash", N_("the dialect also carries ProgPoW coins")),
    "ethash-stratum": ("ethash", N_("the dialect also carries ProgPoW coins")),
    "ethereum-stratum-2": ("ethash", N_("the dialect also carries ProgPoW coins")),
    "getwork": ("sha256d", N_("scrypt and other coins are mined in this way too")),
    "btcagent": ("sha256d", ""),
    "hathor": ("sha256d", ""),
    "stratum-v1": ("sha256d", N_("scrypt and many other coins use the same messages")),
    "stratum-v2": ("sha256d", ""),
    "webminerpool": ("cryptonight", ""),
}

_COINS = {
    "sha256d": "BTC BCH BSV XEC FB NMC DGB-SHA SYS PPC",
    "scrypt": "LTC DOGE BELLS",
    "x11": "DASH",
    "ethash": "ETC ETH ETHW OCTA UBQ EXP CLO QUAI-ETH",
    "kawpow": "RVN NEOX CLORE AIPG MEWC EVR FIRO ZANO QUAI SERO XNA",
    "kheavyhash": "KAS KLS PYI NXL SPR",
    "autolykos2": "ERG",
    "equihash-200-9": "ZEC ZEN KMD ZCL",
    "equihash-144-5": "BTG BTCZ",
    "equihash-210-9": "AION",
    "equihash-125-4": "FLUX",
    "beamhash": "BEAM",
    "randomx": "XMR ZEPH ARQ WOW SAL XTM",
    "ghostrider": "RTM",
    "verushash": "VRSC",
    "eaglesong": "CKB",
    "octopus": "CFX",
    "blake3-alephium": "ALPH",
    "blake256r14": "DCR",
    "blake2b-sia": "SC",
    "blake2s-kadena": "KDA",
    "handshake": "HNS",
    "fishhash": "IRON",
    "nexapow": "NEXA",
    "cuckatoo32": "GRIN",
    "cuckoo29": "AE",
    "cuckaroo30": "CTXC",
    "truehash": "TRUE",
    "aleo-puzzle": "ALEO",
    "verthash": "VTC",
}
_OF_COIN = {coin: algorithm for algorithm, coins in _COINS.items() for coin in coins.split()}

#: Dialects in which coins of many algorithms are mined, without a word about which.
ANY_COIN_DIALECTS = frozenset({"stratum-v1", "getwork"})
#: Algorithms whose difficulty is a number of hashes: XMRig and its kind, with a dialect of their own.
_CRYPTONOTE = frozenset({"randomx", "cryptonight", "argon2-chukwa"})
#: Algorithms that Stratum V1 is not spoken for, since they have a dialect of their own.
_NOT_IN_V1 = (
    _CRYPTONOTE | {"ethash", *_OF_DIALECT.values()} | {row.name for row in _ROWS if row.unit == "Sol"}
)

#: Words in names of pools' hosts that name a coin, besides its symbol.
_COIN_WORDS = {
    "bitcoin": "BTC",
    "dogecoin": "DOGE",
    "litecoin": "LTC",
    "monero": "XMR",
    "ravencoin": "RVN",
    "zcash": "ZEC",
}
#: Symbols of coins that also mean a country.
_NO_COIN_WORDS = frozenset({"ae"})


class Guess(Struct, frozen=True):
    """The algorithm of a conversation, and how sure that is."""

    algorithm: str
    #: what else it may be; empty where the messages or the coin leave no doubt
    ambiguity: str = ""


def algorithm_named(name: str) -> str | None:
    """The algorithm of a name as miners, pools and job messages spell it; None if unknown.

    "rx/0" is "randomx", "daggerhashimoto" is "ethash".  Never raises.
    """
    spelled = name.strip().lower()[:40]
    if spelled in ALGORITHMS:
        return spelled
    if spelled in _ALIASES:
        return _ALIASES[spelled]
    return next((found for prefix, found in _PREFIXES if spelled.startswith(prefix)), None)


def algorithm_of(
    dialect: str, coins: Iterable[str] = (), hints: Iterable[str] = (), paid: Iterable[str] = ()
) -> Guess | None:
    """The algorithm that a conversation mines with; None where nothing is known.

    ``hints`` are algorithm names, the surest first: the job's ``algo``, then those of ``algorithms_hinted``.
    ``coins`` are ticker symbols from the dialect, the pool or the job.  ``paid`` are those of
    wallets, which at a multi-coin pool are not the ones mined: they tell only where the
    dialect is spoken for many algorithms, and the doubt is kept.
    """
    if dialect in _OF_DIALECT and dialect != "zcash-stratum":
        return Guess(_OF_DIALECT[dialect])
    for hint in hints:
        named = algorithm_named(hint)
        if named is not None:
            return Guess(named)
        if hint and dialect == "cryptonote":
            return Guess(UNKNOWN, N_("the job names an algorithm that is not known here"))
    found = _algorithms(coins)
    if len(found) == 1:
        return Guess(found.pop())
    if dialect in _OF_DIALECT:
        return Guess(_OF_DIALECT[dialect], N_("the dialect carries other Equihash coins too"))
    if dialect not in _DEFAULTS:
        return None
    default, doubt = _DEFAULTS[dialect]
    told = _algorithms(paid) if doubt else set()
    if not told or default in told:
        return Guess(default, doubt)
    if dialect == "stratum-v1":
        told -= _NOT_IN_V1
    if len(told) == 1:
        return Guess(told.pop(), N_("told by the wallet alone: some pools pay in another coin than is mined"))
    return Guess(
        UNKNOWN,
        N_("the wallet is of no coin that the dialect's usual algorithm is for, and tells no other for sure"),
    )


def algorithms_hinted(
    dialect: str,
    *,
    machine: Iterable[str] = (),
    pool_names: Iterable[str] = (),
    programs: Iterable[Agent] = (),
) -> list[str]:
    """Algorithms that the surroundings of a conversation tell, the surest first; at most one of each kind.

    ``machine``: what the model that it runs on can mine with, as far as it is known.  ``pool_names``: the
    host names that the pool was reached by.  ``programs``: what agent strings tell.
    """
    of_programs = {found for agent in programs if (found := _of_program(dialect, agent)) is not None}
    if dialect not in ANY_COIN_DIALECTS:
        return sorted(of_programs)
    of_names = {found for name in pool_names for found in algorithms_of_name(name)}
    kinds = (set(machine), of_names, of_programs)
    return [kind.pop() for kind in kinds if len(kind) == 1]


def algorithms_of_name(name: str) -> set[str]:
    """Algorithms that words of a pool's host name stand for: "scrypt.auto.nicehash.com", "ltc-eu.f2pool.com".

    The domain itself says nothing.  Never raises.
    """
    labels = name[:_NAME_LIMIT].lower().split(".")[:-2]
    words = {word for label in labels for word in re.split("[-_]", label)}
    found = set()
    for word in words - _NO_COIN_WORDS:
        of_coin = _OF_COIN.get(_COIN_WORDS.get(word, word.upper()))
        # of the prefixes none: "cn1" is a place in China
        named = of_coin or (word if word in ALGORITHMS else _ALIASES.get(word if len(word) > 2 else ""))
        found |= {named} if named is not None else set()
    return found - {UNKNOWN}


def _of_program(dialect: str, agent: Agent) -> str | None:
    """The one algorithm of a program, as far as it speaks the dialect for it.

    XMRig speaks Stratum V1 for GhostRider (and KawPow, which has a form of its own): xmrig/xmrig,
    src/base/net/stratum/EthStratumClient.cpp.
    """
    if dialect in ANY_COIN_DIALECTS and agent.algorithm in _CRYPTONOTE:
        return "ghostrider" if (dialect, agent.software) == ("stratum-v1", "XMRig") else None
    return agent.algorithm


def _algorithms(coins: Iterable[str]) -> set[str]:
    return {_OF_COIN[coin] for coin in (one.upper() for one in coins) if coin in _OF_COIN}
