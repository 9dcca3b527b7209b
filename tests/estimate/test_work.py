from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.estimate.algorithms import ALGORITHMS, algorithm_named, algorithm_of
from netminedet.estimate.work import (
    SPACE,
    cryptonote_work,
    difficulty_work,
    either_end_target,
    ergo_work,
    hex_target,
    nbits_target,
    number,
    target_work,
    work_of,
)

DIALECTS = (
    "aleo",
    "alephium",
    "beam",
    "browser-miner",
    "conflux",
    "cryptonote",
    "ergo",
    "eth-proxy",
    "ethereum-stratum-1",
    "ethereum-stratum-2",
    "getwork",
    "grin",
    "ironfish",
    "kaspa",
    "kawpow",
    "nervos-ckb",
    "stratum-v1",
    "stratum-v2",
    "zcash-stratum",
    "no-such-dialect",
)
MIXED = st.one_of(st.none(), st.text(max_size=90), st.integers(), st.floats())


@pytest.mark.parametrize(
    ("difficulty", "algorithm", "hashes"),
    [
        (1, "sha256d", 2**32),
        (65536, "sha256d", 2**48),
        ("65536", "sha256d", 2**48),
        (65536.0, "sha256d", 2**48),
        (0.001, "sha256d", 4294967),
        ("1e3", "sha256d", 1000 * 2**32),
        (1024, "scrypt", 2**26),
        (1, "x16r", 2**24),
        (1, "keccak", 2**24),
        (0.5, "ghostrider", 32768),
        (0.5, "ethash", 2**31),
        (4096, "kheavyhash", 2**44),
        (64, "blake3-alephium", 64 * 2**30 * 16),
        (20000, "randomx", 20000),
        (1, "autolykos2", None),
        (1, "beamhash", None),
        (1, "nonsense", None),
        (0, "sha256d", None),
        (-4, "sha256d", None),
        ("1e-30", "sha256d", None),
        ("1e99", "sha256d", None),
        ("1e999999999", "sha256d", None),
        (float("inf"), "sha256d", None),
        (float("nan"), "sha256d", None),
        (True, "sha256d", None),
        ("٣", "sha256d", None),
    ],
)
def test_stratum_difficulties(difficulty: int | float | str, algorithm: str, hashes: int | None) -> None:
    assert difficulty_work(difficulty, algorithm) == hashes


@pytest.mark.parametrize(
    ("target", "hashes"),
    [
        ((1 << 224) - 1, 2**32),
        ((1 << 255) - 1, 2),
        (0xFFFF << 208, 2**48 // 0xFFFF),
        (0, None),
        (SPACE - 1, None),
        (-1, None),
    ],
)
def test_targets(target: int, hashes: int | None) -> None:
    assert target_work(target) == hashes


@pytest.mark.parametrize(
    ("target", "algo", "hashes"),
    [
        ("dc460300", "", 20000),
        ("b88d0600", "rx/0", 10000),
        ("711b0d00", "", 5000),
        ("ffffff00", "", 256),
        ("ffffffff", "", 1),
        ("01000000", "", 2**32 - 1),
        ("8d0d6ffd58000000", "", (2**64 - 1) // 0x58FD6F0D8D),
        ("0000000000000080", "", 1),
        ("ff" * 29 + "000000", "", 2**24),
        ("000000" + "ff" * 29, "", 2**24),
        ("0000100000000000", "rx/yada", (2**64 - 1) // 0x100000000000),
        ("00000000", "", None),
        ("", "", None),
        ("zz460300", "", None),
        ("dc4603", "", None),
        ("0xdc4603", "", None),
    ],
)
def test_cryptonote_targets(target: str, algo: str, hashes: int | None) -> None:
    assert cryptonote_work(target, algo) == hashes


@pytest.mark.parametrize(
    ("nbits", "target"),
    [
        ("1d00ffff", 0xFFFF << 208),
        (0x1D00FFFF, 0xFFFF << 208),
        ("0x1d00ffff", 0xFFFF << 208),
        ("1b0404cb", 0x0404CB << 192),
        ("05009234", 0x92340000),
        ("01120000", 0x12),
        ("04923456", None),
        ("00000000", None),
        ("ff123456", None),
        ("1d00fff", None),
        ("1d00fffg", None),
        (-1, None),
    ],
)
def test_compact_targets(nbits: str | int, target: int | None) -> None:
    assert nbits_target(nbits) == target


def test_hex_targets_are_numbers() -> None:
    assert hex_target("0x00000000ffff") == 0xFFFF
    assert hex_target("1a4f2c9") == 0x1A4F2C9
    # a pool of 2018 in a public capture (DanieleDeSensi/peafowl): 4 GH, zeros dropped in eth-proxy too
    pool = hex_target("0x0112e0be826d694b2e62d01511f12a6061fbaec8bc02357593e70e52ba")
    assert pool is not None
    assert target_work(pool) == 4_000_000_000
    assert hex_target("g") is None
    assert hex_target("f" * 65) is None
    assert either_end_target("ff" * 28 + "00" * 4) == (1 << 224) - 1
    assert either_end_target("00" * 4 + "ff" * 28) == (1 << 224) - 1
    assert either_end_target("ff") is None


def test_ergo_multiplies_b() -> None:
    b = 28948022309329048855892746252171976963209391069768726095651290785
    assert ergo_work(b) == SPACE // (b + 1)
    assert ergo_work(str(b), 0) == SPACE // (b + 1)
    assert ergo_work(str(b), "4") == SPACE // (4 * b + 1)
    assert ergo_work("b") is None


FULL = "00000000ffff" + "0" * 52


@pytest.mark.parametrize(
    ("dialect", "given", "hashes", "unit"),
    [
        ("stratum-v1", {"difficulty": 65536, "coins": ["BTC"]}, 2**48, "H"),
        ("stratum-v1", {"difficulty": 65536, "coins": ["LTC", "DOGE"]}, 2**32, "H"),
        ("stratum-v1", {"difficulty": 2, "hints": ["ghostrider"]}, 2**17, "H"),
        ("stratum-v1", {"nbits": "1d00ffff"}, 2**48 // 0xFFFF, "H"),
        ("ethereum-stratum-1", {"difficulty": "0.5"}, 2**31, "H"),
        ("ethereum-stratum-2", {"target": "f" * 58}, 2**24, "H"),
        ("eth-proxy", {"target": "0x" + "0" * 8 + "f" * 56}, 2**32, "H"),
        ("kawpow", {"target": FULL}, 2**48 // 0xFFFF, "H"),
        ("zcash-stratum", {"target": "000" + "f" * 61}, 2**12, "Sol"),
        ("zcash-stratum", {"difficulty": 5}, None, ""),
        ("cryptonote", {"target": "dc460300", "hints": ["cn/7"]}, 20000, "H"),
        ("cryptonote", {"target": "dc460300"}, 20000, "H"),
        ("browser-miner", {"target": "ffffff00"}, 256, "H"),
        ("kaspa", {"difficulty": 4}, 2**34, "H"),
        ("alephium", {"difficulty": 64, "target": "f" * 56}, 2**40, "H"),
        ("alephium", {"target": "f" * 56}, None, ""),
        ("ergo", {"target": str(2**240 - 1)}, 2**16, "H"),
        ("ergo", {"difficulty": 4}, None, ""),
        ("conflux", {"target": "0x" + "0" * 8 + "f" * 56}, 2**32, "H"),
        ("ironfish", {"target": "0" * 8 + "f" * 56}, 2**32, "H"),
        ("nervos-ckb", {"target": "0" * 8 + "f" * 56}, 2**32, "H"),
        ("aleo", {"target": "512"}, 512, "proof"),
        ("aleo", {"target": 512}, 512, "proof"),
        ("stratum-v2", {"target": "f" * 56 + "0" * 8}, 2**32, "H"),
        ("getwork", {"target": "f" * 56 + "0" * 8}, 2**32, "H"),
        ("getwork", {"target": "0" * 8 + "f" * 56}, 2**32, "H"),
        ("grin", {"difficulty": 16}, None, ""),
        ("beam", {"difficulty": 3441671469}, None, ""),
        ("stratum-v1", {"target": "z"}, None, ""),
        ("stratum-v1", {"coins": ["GRIN"], "difficulty": 4}, None, ""),
    ],
)
def test_dialects(dialect: str, given: dict[str, object], hashes: int | None, unit: str) -> None:
    work = work_of(dialect, **given)  # type: ignore[arg-type]
    assert (work.hashes if work else None) == hashes
    assert (work.unit if work else "") == unit


def test_doubt_is_said() -> None:
    unknown = work_of("stratum-v1", difficulty=1)
    known = work_of("stratum-v1", difficulty=1, coins=["BTC", "BCH"])
    scrypt = work_of("stratum-v1", difficulty=1, coins=["LTC"])
    assert unknown is not None
    assert known is not None
    assert scrypt is not None
    assert "scrypt" in unknown.ambiguity
    assert known.ambiguity == ""
    assert "2^32" in scrypt.ambiguity
    assert known.basis == "difficulty x 2^32"


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        ("rx/0", "randomx"),
        ("cn/r", "cryptonight"),
        ("CN-Heavy/XHV", "cryptonight"),
        ("cryptonight", None),
        ("daggerhashimoto", "ethash"),
        ("Zhash", "equihash-144-5"),
        ("kawpow", "kawpow"),
        ("yespowerR16", "yespower"),
        ("", None),
        ("x" * 1000, None),
    ],
)
def test_spellings_of_algorithms(name: str, algorithm: str | None) -> None:
    assert algorithm_named(name) == ("cryptonight" if name == "cryptonight" else algorithm)


def test_coins_that_disagree_say_nothing() -> None:
    both = algorithm_of("stratum-v1", ["BTC", "LTC"])
    assert both is not None
    assert both.algorithm == "sha256d"
    assert both.ambiguity
    assert algorithm_of("no-such-dialect", []) is None


def test_every_row_has_a_source() -> None:
    assert all(row.source and row.name == name for name, row in ALGORITHMS.items())


@given(st.sampled_from(DIALECTS), MIXED, MIXED, MIXED, st.lists(st.text(max_size=8)), st.lists(st.text()))
def test_nothing_raises(
    dialect: str, difficulty: object, target: object, nbits: object, coins: list[str], hints: list[str]
) -> None:
    if isinstance(target, float):
        target = None
    if isinstance(nbits, float):
        nbits = None
    work = work_of(
        dialect,
        difficulty=difficulty,  # type: ignore[arg-type]
        target=target,  # type: ignore[arg-type]
        nbits=nbits,  # type: ignore[arg-type]
        coins=coins,
        hints=hints,
    )
    assert work is None or 1 <= work.hashes < SPACE


@given(st.text(alphabet="0123456789abcdefx.eE+- ", max_size=100))
def test_any_digits_are_safe(text: str) -> None:
    found = (cryptonote_work(text), ergo_work(text), hex_target(text), nbits_target(text), number(text))
    assert all(value is None or value >= 0 for value in found)
