"""Which algorithm a conversation is taken to mine with, and what that makes of its hash rate."""

from __future__ import annotations

import random
import socket
import struct
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from netminedet.estimate import load_power
from netminedet.estimate.algorithms import ALGORITHMS, algorithms_of_name
from netminedet.estimate.host import HashRate, SharesOfFlow, _families, _power, hash_rates
from netminedet.estimate.rate import Counted, estimate_rate
from netminedet.signatures.agents import load_agents
from tests.frames import ethernet, ipv4, udp
from tests.talks import CLIENT, SERVER, Said, frames_of, suspects_of
from tests.test_unusual import HASH, NOTIFY, SUBSCRIBED, call, greeted, push, reply

#: with right checksums
WALLETS = {
    "BTC": "1AvLozDddhAvoZeAQJuNJePW8rme6JTghX",
    "BTC or LTC": "3BcMjXi5BbVJtjLbXQZxjGkSHP4MgMVyMW",
    "LTC": "LV9J5CXTiMQz4NLKaStfafTGM58vBLVxVf",
    "LTC or MEWC": "MHpW3R838iLjhEcVdHZJYuzqc5eoeFJi2C",
    "DOGE or DGB": "DF4SMFAGw75DLZpm8ttvrQZ71zVwTBmRRr",
    "RVN or three": "RKCXtW6vEWyVsa1MsUtVQAihu8EEnKU6Z1",
    "ZEC or two": "t1TnwpKdmc1xXQCh4LjiVSTVRPWxipoVk1j",
}
SHARES = 30


def stratum(
    agent: str, worker: str = "acct7.r1", difficulty: float = 64, bits: Sequence[str] = ()
) -> list[Said]:
    """A session of Stratum V1 with a share every other message."""
    talk = [*greeted(agent, worker, SUBSCRIBED), push("mining.set_difficulty", [difficulty]), NOTIFY]
    for number in range(10, 10 + SHARES):
        share = [worker, "5f", f"{number:08x}", "66f0a1b9", f"{number:08x}", *bits]
        talk += [call(number, "mining.submit", share), reply(number, True)]
    return talk


def looked_up(name: str, address: str = SERVER[0]) -> bytes:
    """The frame of a DNS answer to the miner."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    question = labels + struct.pack(">HH", 1, 1)
    answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 300, 4) + socket.inet_aton(address)
    data = struct.pack(">HHHHHH", 7, 0x8180, 1, 1, 0, 0) + question + answer
    return ethernet(0x0800, ipv4("10.40.0.1", CLIENT[0], 17, udp(53, 50000, data)))


def rates(talk: list[Said], *before: bytes, seconds_apart: float = 1.0) -> tuple[HashRate, ...]:
    """What is said of the miner's hash rates; a message comes every second."""
    (suspect,) = suspects_of([*before, *frames_of(talk)], seconds_apart)
    return suspect.hash_rates


@pytest.mark.parametrize(
    ("agent", "worker", "bits", "names", "algorithm", "doubted"),
    [
        # the program: XMRig speaks this dialect for GhostRider, never for RandomX
        ("XMRig/6.22.2 (Linux x86_64)", "acct7.r1", [], [], "ghostrider", False),
        ("xmrig-proxy/6.26.0", "acct7.r1", [], [], "sha256d", True),
        ("xmr-stak/2.10.8", "acct7.r1", [], [], "sha256d", True),
        ("cgminer/4.12.1", "acct7.r1", [], [], "sha256d", True),
        ("bmminer/2.0.0", "acct7.r1", [], [], "sha256d", False),
        # the machine, whatever the wallet is
        ("Antminer L7/Mon Jan 5 2026", "acct7.r1", [], [], "scrypt", True),
        ("Antminer L9/1", "acct7.r1", [], [], "scrypt", True),
        ("Antminer S19 Pro/1", "LTC", [], [], "sha256d", False),
        ("Antminer S21/1", "LTC", [], [], "sha256d", False),
        ("Antminer Quux/1", "acct7.r1", [], [], "sha256d", True),
        # the name of the pool
        ("cgminer/4.12.1", "acct7.r1", [], ["scrypt.auto.nicehash.com"], "scrypt", True),
        ("cgminer/4.12.1", "acct7.r1", [], ["ltc-eu.f2pool.com"], "scrypt", True),
        ("cgminer/4.12.1", "acct7.r1", [], ["ltc.viabtc.com"], "scrypt", True),
        ("cgminer/4.12.1", "acct7.r1", [], ["x11.auto.nicehash.com"], "x11", True),
        ("cgminer/4.12.1", "acct7.r1", [], ["btc.f2pool.com"], "sha256d", False),
        ("Antminer S21/1", "acct7.r1", [], ["ltc.viabtc.com"], "sha256d", False),
        # two names of one address that disagree; a name of another address; no word of a coin
        ("cgminer/4.12.1", "acct7.r1", [], ["ltc.viabtc.com", "btc.viabtc.com"], "sha256d", True),
        ("cgminer/4.12.1", "acct7.r1", [], ["@ltc.viabtc.com"], "sha256d", True),
        ("cgminer/4.12.1", "acct7.r1", [], ["eu.stratum.viabtc.com"], "sha256d", True),
        # the wallet
        ("cgminer/4.12.1", "BTC", [], [], "sha256d", True),
        ("cgminer/4.12.1", "BTC or LTC", [], [], "sha256d", True),
        ("cgminer/4.12.1", "LTC", [], [], "scrypt", True),
        ("cgminer/4.12.1", "LTC or MEWC", [], [], "scrypt", True),
        ("cgminer/4.12.1", "DOGE or DGB", [], [], "scrypt", True),
        ("cgminer/4.12.1", "RVN or three", [], [], "unknown", True),
        ("cgminer/4.12.1", "ZEC or two", [], [], "unknown", True),
        ("bmminer/2.0.0", "RVN or three", [], [], "sha256d", False),
        ("cgminer/4.12.1", "RVN or three", [], ["ltc.viabtc.com"], "scrypt", True),
        # version bits are rolled for SHA-256 only
        ("cgminer/4.12.1", "acct7.r1", ["1fffe000"], [], "sha256d", False),
        ("cgminer/4.12.1", "DOGE or DGB", ["1fffe000"], [], "sha256d", False),
    ],
)
def test_what_tells_the_algorithm_of_stratum_v1(
    agent: str, worker: str, bits: list[str], names: list[str], algorithm: str, doubted: bool
) -> None:
    frames = [looked_up(name.lstrip("@"), "203.0.113.99" if name[0] == "@" else SERVER[0]) for name in names]
    worker = WALLETS.get(worker, worker)
    (found,) = rates(stratum(agent, worker, bits=bits), *frames)
    assert (found.algorithm, bool(found.ambiguity)) == (algorithm, doubted)
    factor = {"sha256d": 2**32, "x11": 2**32, "scrypt": 2**16, "ghostrider": 2**16}.get(algorithm)
    if factor is None:
        assert (found.rate.typical, found.rate.high, found.power) == (None, None, None)
        assert found.rate.method.startswith(f"no hash rate from {SHARES} shares: the wallet is of no coin ")
    else:
        assert found.rate.typical == pytest.approx(32 * factor, rel=0.1)


@pytest.mark.parametrize(
    ("name", "algorithms"),
    [
        ("sha256asicboost.auto.nicehash.com", {"sha256d"}),
        ("stratum-ltc.antpool.com", {"scrypt"}),
        ("rvn.2miners.com", {"kawpow"}),
        ("doge-ltc.pool.example", {"scrypt"}),
        ("ltc-btc.pool.example", {"scrypt", "sha256d"}),
        ("litecoin.pool.example", {"scrypt"}),
        # a domain is a name, and no words: places, countries and versions are no coins
        ("scrypt.com", set()),
        ("ltc.example", set()),
        ("cn.ss.btc.com", set()),
        ("cn1.pool.example", set()),
        ("ae.pool.example", set()),
        ("unknown.pool.example", set()),
        ("ltcx.pool.example", set()),
        ("", set()),
        ("." * 300, set()),
        ("x" * 1000, set()),
    ],
)
def test_words_in_names_of_pools(name: str, algorithms: set[str]) -> None:
    assert algorithms_of_name(name) == algorithms


def test_models_tell_algorithms_where_the_table_knows_them() -> None:
    table = load_power()
    assert table.algorithms_of("Antminer L7") == {"scrypt"}
    assert table.algorithms_of("ANTMINER S19 PRO 110T") == {"sha256d"}
    assert table.algorithms_of("RTX 3070") == {"ethash", "kawpow"}
    assert table.algorithms_of("Antminer Quux") == set()


def cryptonote(*parts: tuple[str, int, int], gap: int = 10) -> tuple[list[Said], list[float]]:
    """A session of XMRig, (algorithm, difficulty, shares) after each other, and when each thing is said."""
    user = {"login": "acct7", "pass": "x", "agent": "XMRig/6.26.0"}
    talk: list[Said] = [call(1, "login", user)]
    times = [0.0]
    moment = 0.0
    for job, (algo, difficulty, shares) in enumerate(parts):
        target = (0xFFFFFFFF // difficulty).to_bytes(4, "little").hex()
        work = {"blob": HASH * 2, "job_id": str(job), "target": target, "algo": algo}
        talk.append(push("job", work) if job else reply(1, {"id": "s", "job": work, "status": "OK"}))
        times.append(moment)
        for number in range(100 * (job + 1), 100 * (job + 1) + shares):
            moment += gap
            share = {"id": "s", "job_id": str(job), "nonce": f"{number:08x}", "result": HASH[:-2] + "00"}
            talk += [call(number, "submit", share), reply(number, {"status": "OK"})]
            times += [moment, moment]
    return talk, times


def rates_at(talk: list[Said], times: list[float]) -> dict[str, HashRate]:
    from tests.test_known_rates import scanned

    return {one.algorithm: one for one in scanned(talk, times, begun=True).hash_rates}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([("rx/0", 20000, 15), ("cn-heavy/xhv", 3000, 15)], {"randomx": 2000.0, "cryptonight": 300.0}),
        # back and forth
        ([("rx/0", 20000, 10), ("cn/r", 3000, 20)] * 2, {"randomx": 2000.0, "cryptonight": 300.0}),
        # two variants of one algorithm share their time
        ([("rx/0", 20000, 15), ("rx/wow", 20000, 15)], {"randomx": 2000.0}),
        ([("rx/0", 20000, 30)], {"randomx": 2000.0}),
        # difficulties of this family are hashes, whatever the algorithm is called
        ([("astrobwt", 20000, 30)], {"unknown": 2000.0}),
        ([("astrobwt/v2", 20000, 15), ("rx/0", 5000, 15)], {"unknown": 2000.0, "randomx": 500.0}),
    ],
)
def test_each_algorithm_has_its_own_time(
    parts: list[tuple[str, int, int]], expected: dict[str, float]
) -> None:
    found = rates_at(*cryptonote(*parts))
    assert set(found) == set(expected)
    for algorithm, rate in expected.items():
        assert found[algorithm].rate.typical == pytest.approx(rate, rel=0.08)
        assert (found[algorithm].power is None) == (algorithm == "unknown")
    if "unknown" in found:
        assert found["unknown"].ambiguity == "the job names an algorithm that is not known here"


@pytest.mark.parametrize(
    ("more", "algorithm", "doubted"),
    [
        ({"blob": "0606" + "ab" * 74}, "cryptonight", False),
        ({"blob": "0707" + "ab" * 74}, "cryptonight", False),
        ({"blob": "0b0b" + "ab" * 74}, "cryptonight", False),
        ({"blob": "0606" + "ab" * 74, "algo": "cn-heavy/0"}, "cryptonight", False),
        ({"blob": "0606" + "ab" * 74, "algo": "rx/wow"}, "randomx", False),
        ({"blob": "1010" + "ab" * 74, "seed_hash": HASH}, "randomx", False),
        # a coin whose blocks are of a low version may have a seed all the same
        ({"blob": "0707" + "ab" * 74, "seed_hash": HASH}, "randomx", False),
        ({"blob": "1010" + "ab" * 74}, "randomx", True),
    ],
)
@pytest.mark.parametrize("how", ["login", "job", "getjob"])
def test_the_block_tells_the_algorithm_where_the_job_does_not(
    how: str, more: dict[str, str], algorithm: str, doubted: bool
) -> None:
    work = {"job_id": "1", "target": "b88d0600", **more}
    user = {"login": "acct7", "pass": "x", "agent": "XMRig/6.26.0"}
    login = [call(1, "login", user), reply(1, {"id": "s", "job": work, "status": "OK"})]
    talk = {
        "login": login,
        "job": [push("job", work)] * 2,
        "getjob": [call(2, "getjob", {"id": "s"}), reply(2, work), push("job", work)],
    }[how]
    (found,) = rates(talk)
    # XMRig's name in the login tells, too
    assert (found.algorithm, bool(found.ambiguity)) == (algorithm, doubted and how != "login")


def test_without_a_share_the_login_s_job_gives_a_bound() -> None:
    talk, times = cryptonote(("rx/0", 10000, 0))
    for minute in range(1, 16):
        talk += [call(minute, "keepalived", {"id": "s"}), reply(minute, {"status": "KEEPALIVED"})]
        times += [60.0 * minute] * 2
    (found,) = rates_at(talk, times).values()
    assert (found.rate.low, found.rate.typical, found.rate.shares) == (None, None, 0)
    assert found.rate.high == pytest.approx(3.0 * 10000 / 900, rel=0.01)
    assert found.rate.method == "too few shares for a rate: 0 in 15 min; not more than 33.3 H/s (95 %)"


@pytest.mark.parametrize(
    ("parts", "shares", "high"),
    [
        # difficulty, seconds: the bound is Garwood's over what was to be expected of each
        ([(1_000_000, 60), (1_000, 5_940)], 0, 2.9957 / (60 / 1_000_000 + 5_940 / 1_000)),
        ([(1_000, 5_940), (1_000_000, 60)], 0, 2.9957 / (60 / 1_000_000 + 5_940 / 1_000)),
        ([(1_000, 60), (1_000_000, 5_940)], 0, 2.9957 / (60 / 1_000 + 5_940 / 1_000_000)),
        ([(1_000, 60), (1_000_000, 5_940)], 2, 6.2958 / (60 / 1_000 + 5_940 / 1_000_000)),
        ([(10_000, 3_000)] * 2, 1, 4.7439 / (6_000 / 10_000)),
    ],
)
def test_a_bound_is_by_the_time_that_each_difficulty_was_in_force(
    parts: list[tuple[int, int]], shares: int, high: float
) -> None:
    talk, times = cryptonote(("rx/0", parts[0][0], 0))
    end = 0.0
    for number, (difficulty, _seconds) in enumerate(parts[1:], 1):
        end += parts[number - 1][1]
        target = (0xFFFFFFFF // difficulty).to_bytes(4, "little").hex()
        work = {"blob": HASH * 2, "job_id": f"n{number}", "target": target, "algo": "rx/0"}
        talk.append(push("job", work))
        times.append(end)
    end += parts[-1][1]
    for number in range(50, 50 + shares):
        share = {"id": "s", "job_id": "n1", "nonce": f"{number:08x}", "result": HASH[:-2] + "00"}
        talk += [call(number, "submit", share), reply(number, {"status": "OK"})]
        times += [end - 1, end - 1]
    talk += [call(99, "keepalived", {"id": "s"}), reply(99, {"status": "KEEPALIVED"})]
    times += [end, end]
    (found,) = rates_at(talk, times).values()
    assert (found.rate.low, found.rate.shares) == (None, shares)
    assert found.rate.high == pytest.approx(high, rel=1e-3)


def test_a_bound_holds_the_rate_of_a_machine_whose_difficulty_changes() -> None:
    """Of a machine that finds few shares while the pool goes down with the difficulty, in 95 of 100 cases."""
    chance, held, rate = random.Random(3), 0, 320.0
    parts = [(400_000, 600), (200_000, 600), (50_000, 120), (1_000, 3)]
    for _round in range(400):
        spent = {(str(one), "", "rx/0"): seconds * 10**9 for one, seconds in parts}
        found: Counter[tuple[str, str, str]] = Counter()
        for one, seconds in parts:
            moment = chance.expovariate(rate / one)
            while moment < seconds:
                found[str(one), "", "rx/0"] += 1
                moment += chance.expovariate(rate / one)
        flow = SharesOfFlow(
            dialect="cryptonote",
            measures=found,
            counted=Counted.ACCEPTED,
            in_force=("1000", "", "rx/0"),
            first_ns=0,
            last_ns=1323 * 10**9,
            moments=9,
            begin_known=True,
            spent=spent,
        )
        (one_rate,) = hash_rates([flow], load_power())
        held += one_rate.rate.high is not None and one_rate.rate.high >= rate
    assert 0.93 * 400 <= held < 400


def test_a_rate_that_the_miner_reports_is_kept_where_its_shares_say_nothing() -> None:
    digest: Any = HASH[:40]
    talk: list[Said] = [("S", b"3.0\n")]
    for number in range(6):
        talk += [
            ("C", b"JOB,alice,LOW,None\n"),
            ("S", f"{digest},{digest},5000\n".encode()),
            ("C", f"{4711 + number},151200.5,Official PC Miner 3.5,rig1\n".encode()),
            ("S", b"GOOD\n"),
        ]
    (found,) = rates(talk)
    assert (found.algorithm, found.rate.typical, found.power) == ("sha1", None, None)
    assert found.reported is not None
    assert found.reported.typical == 151200.5
    assert found.rate.method == "no hash rate from 6 shares: it is not known how many hashes one stands for"


@pytest.mark.parametrize(
    ("length", "algorithm"),
    [
        (2694, "equihash-200-9"),
        (806, "equihash-192-7"),
        (202, "equihash-144-5"),
        (138, "equihash-96-5"),
        (106, "equihash-125-4"),
    ],
)
def test_the_length_of_a_solution_tells_the_equihash(length: int, algorithm: str) -> None:
    job = ["77aa01bc", "04000000", HASH, HASH, "00" * 32, "b1f0a266", "1c01ab2f", True]
    talk = [*greeted("acme/1.0", "acct7.r1", [None, "5a11"]), push("mining.set_target", ["000" + "f" * 61])]
    talk.append(push("mining.notify", job))
    for number in range(10, 10 + SHARES):
        share = ["acct7.r1", "77aa01bc", "b1f0a266", f"{number:054x}", f"{number:x}".rjust(length, "7")]
        talk += [call(number, "mining.submit", share), reply(number, True)]
    (found,) = rates(talk)
    assert (found.algorithm, found.ambiguity, found.rate.unit) == (algorithm, "", "Sol")
    assert found.rate.typical == pytest.approx(2**12 / 2, rel=0.1)
    assert (found.power is not None) == (algorithm == "equihash-200-9")


@pytest.mark.parametrize(
    ("algorithm", "dialect", "programs", "basis", "key"),
    [
        # computers: their own family's figures, or none
        ("kheavyhash", "kaspa", ["lolMiner 1.76"], None, "gpu"),
        ("kheavyhash", "kaspa", ["BzMiner-v19"], None, "gpu"),
        ("sha256d", "stratum-v1", ["minerd/2.5.1"], None, "cpu"),
        ("sha256d", "stratum-v1", ["excavator/1.4.4a_nvidia"], None, "gpu"),
        ("equihash-200-9", "zcash-stratum", ["miniZ/2.4"], None, "gpu"),
        ("blake3-alephium", "alephium", ["lolMiner 1.76"], None, "gpu"),
        ("eaglesong", "nervos-ckb", ["GMiner/3.44"], None, "gpu"),
        ("blake256r14", "stratum-v1", ["decred-gominer/2.1.0"], None, "gpu"),
        ("kawpow", "kawpow", ["T-Rex/0.26.8"], "family", "gpu"),
        ("kawpow", "kawpow", ["XMRig/6.26.0"], "family", "gpu"),
        ("kawpow", "kawpow", ["excavator/1.9.0"], "family", "gpu"),
        ("randomx", "cryptonote", ["XMRig/6.26.0"], "family", "cpu"),
        ("randomx", "cryptonote", ["SRBMiner-MULTI/3.6.7"], "family", "cpu"),
        ("cryptonight", "browser-miner", [], "family", "browser"),
        ("cryptonight", "cryptonote", [], "algorithm", ""),
        # machines, and what is not known
        ("kheavyhash", "kaspa", ["IceRiverMiner-v1.1"], "algorithm", ""),
        ("kheavyhash", "kaspa", [], "algorithm", ""),
        ("sha256d", "stratum-v1", ["bmminer/2.0.0"], "family", "asic"),
        ("sha256d", "stratum-v1", ["NerdMinerV2/2.6.0"], "family", "lottery"),
        ("sha256d", "stratum-v1", ["NiceHash/1.0.0"], None, ""),
    ],
)
def test_power_is_that_of_the_program_s_kind_of_device(
    algorithm: str, dialect: str, programs: list[str], basis: str | None, key: str
) -> None:
    known = [load_agents().classify(program) for program in programs]
    flow = SharesOfFlow(
        dialect=dialect,
        measures={("", "0" * 8 + "f" * 56, algorithm): 0},
        counted=Counted.ACCEPTED,
        in_force=("", "", ""),
        first_ns=0,
        last_ns=0,
        moments=0,
        begin_known=True,
        agents=tuple(agent for agent in known if agent is not None),
    )
    unit = ALGORITHMS[algorithm].unit
    rate = estimate_rate([10**9] * SHARES, 100.0, unit)
    power = _power(load_power(), rate, algorithm, [flow])
    assert (power.basis if power else None) == basis
    if key and basis is None:
        assert _families([flow])[-1] == key
    if basis == "family":
        assert power is not None
        assert f"'{key}'" in power.assumption


def test_why_no_power_is_told() -> None:
    (found,) = rates(stratum("minerd/2.5.1", difficulty=0.01))
    assert found.power is None
    assert found.rate.method.endswith(
        "; no power is told: there are no figures for devices of the kind 'cpu' with sha256d"
    )
