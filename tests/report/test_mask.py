from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from netminedet import scan
from netminedet.model import FiveTuple, Where
from netminedet.report.mask import Masker, MaskError, load_masker, mask_suspect
from netminedet.signatures.agents import Agent
from netminedet.suspects import (
    Evidence,
    Role,
    Shares,
    Suspect,
    Verdict,
)
from tests.conftest import SAMPLES

KEY = "correct horse battery staple"
MASKER = Masker(KEY)
WALLET = "0x0fccfff9e61a230ff380530c6827caf4759337c6"
LOGIN = f"{WALLET}.rig2"
OTHER = "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A"
WHERE = Where(1, "a.pcap", 7, FiveTuple("10.0.0.1", 40000, "192.0.2.1", 4444, "tcp"))


def suspect(
    excerpt: str = "", why: str = "", reason: str = "", *, workers: tuple[str, ...] = (LOGIN,)
) -> Suspect:
    return Suspect(
        host="10.0.0.1",
        verdict=Verdict.CONFIRMED,
        role=Role.MINER,
        reasons=(reason,),
        dialects=("eth-proxy",),
        coins=("ETC",),
        pools=(),
        workers=workers,
        wallets=(WALLET,),
        agents=("ethminer-0.19.0",),
        first_seen=1,
        last_seen=2,
        flows=1,
        packets=3,
        bytes=4,
        shares=Shares(1, 1, 0),
        evidence=(Evidence("eth-proxy.login", "strong", WHERE, excerpt, why),),
    )


def masked(excerpt: str, *, workers: tuple[str, ...] = (LOGIN,)) -> str:
    return mask_suspect(suspect(excerpt, workers=workers), MASKER).evidence[0].excerpt


def test_pseudonyms_are_stable_and_keyed() -> None:
    assert MASKER.wallet("abc") == Masker(KEY.encode()).wallet("abc") == "wallet-5fa725719d7c7c98"
    assert MASKER.wallet("abc") != Masker(KEY + "!").wallet("abc")
    assert MASKER.wallet("abc") != MASKER.wallet("ABC")
    assert re.fullmatch(r"wallet-[0-9a-f]{16}\.worker-[0-9a-f]{16}", MASKER.worker(LOGIN))
    assert MASKER.worker(LOGIN).startswith(MASKER.wallet(WALLET))
    assert MASKER.worker(WALLET) == MASKER.wallet(WALLET)
    assert MASKER.worker("acct.rig2").partition(".")[2] == MASKER.worker(LOGIN).partition(".")[2]


def test_every_field_is_masked_and_the_rest_stays() -> None:
    before = suspect(f'{{"worker":"{LOGIN}"}}', f"{WALLET} logs in", f"shares of {LOGIN}")
    after = mask_suspect(before, MASKER)
    assert after.workers == (MASKER.worker(LOGIN),)
    assert after.wallets == (MASKER.wallet(WALLET),)
    assert after.evidence[0].excerpt == f'{{"worker":"{MASKER.worker(LOGIN)}"}}'
    assert after.evidence[0].why == f"{MASKER.wallet(WALLET)} logs in"
    assert after.reasons == (f"shares of {MASKER.worker(LOGIN)}",)
    assert WALLET not in repr(after)
    assert "rig2" not in repr(after)
    restored = replace(
        after,
        workers=before.workers,
        wallets=before.wallets,
        evidence=before.evidence,
        reasons=before.reasons,
    )
    assert restored == before


@pytest.mark.parametrize(
    ("excerpt", "shown"),
    [
        (f"[{WALLET}]", f"[{MASKER.wallet(WALLET)}]"),
        (f"{LOGIN[:30]}…", f"{MASKER.worker(LOGIN)}…"),
        (f'a {WALLET[:4]}…","b"', f'a {MASKER.worker(LOGIN)}…","b"'),
        ("0x…", "0x…"),
        (f"x{WALLET}", f"x{WALLET}"),
        (f'"{OTHER}.rig9","x"', f'"{MASKER.worker(OTHER + ".rig9")}","x"'),
        (f"XMR:{OTHER}", f"XMR:{MASKER.wallet(OTHER)}"),
        (f"{OTHER}_rig9", MASKER.worker(f"{OTHER}_rig9")),
        ("ab" * 32, "ab" * 32),
        ("mining.submit", "mining.submit"),
    ],
)
def test_occurrences(excerpt: str, shown: str) -> None:
    assert masked(excerpt) == shown


def test_names_that_json_escapes() -> None:
    name = 'a"b\\ü'
    shown = masked('{"w":"a\\"b\\\\ü","v":"a\\"b\\\\\\u00fc","k":"a"}', workers=(name,))
    assert shown == f'{{"w":"{MASKER.worker(name)}","v":"{MASKER.worker(name)}","k":"a"}}'


def test_short_names_are_replaced_as_words_only() -> None:
    assert masked('{"xx":"x","params":["max"]}', workers=("x",)) == (
        f'{{"xx":"{MASKER.worker("x")}","params":["max"]}}'
    )


def test_masking_twice_changes_nothing_more() -> None:
    once = mask_suspect(suspect(f"{LOGIN} {WALLET} {OTHER}"), MASKER)
    names = replace(suspect(), evidence=once.evidence)
    assert mask_suspect(names, MASKER).evidence == once.evidence


def test_keys_from_files(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(KEY + "\n", encoding="utf-8")
    assert load_masker(path).wallet("abc") == MASKER.wallet("abc")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the key is empty"),
        (b" \n\r\n", "the key is empty"),
        (b"short\n", "the key has 5 bytes, 16 are"),
    ],
)
def test_bad_key_files(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(MaskError, match=problem) as error:
        load_masker(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "openssl rand -hex 32" in str(error.value)


def test_keys_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(MaskError, match="cannot be read"):
        load_masker(tmp_path / "none")
    path = tmp_path / "large"
    path.write_bytes(b"k" * 70000)
    with pytest.raises(MaskError, match="larger than 65536 bytes"):
        load_masker(path)


@pytest.mark.parametrize(("key", "problem"), [("", "empty"), ("  ", "empty"), ("short", "has 5 bytes")])
def test_bad_keys(key: str, problem: str) -> None:
    with pytest.raises(MaskError, match=problem):
        Masker(key)


@given(st.text(min_size=1, max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_any_name_is_gone_from_any_text(name: str, before: str, after: str) -> None:
    shown = masked(f"{before} {name} {after}", workers=(name,))
    pseudonym = MASKER.worker(name)
    if name.removesuffix("…"):
        assert pseudonym.split(".")[0] in shown or "…" in name + before + after


def test_a_host_with_more_names_than_are_kept_shows_no_excerpts() -> None:
    many = replace(suspect("secret.rig9", "why"), truncated=True)
    (evidence,) = mask_suspect(many, MASKER).evidence
    assert "rig9" not in evidence.excerpt
    assert "left out" in evidence.excerpt


def test_names_in_programs_are_masked() -> None:
    agent = Agent("ethminer", "gpu", f"1.0-{WALLET}", None, f"{WALLET} x")
    shown = mask_suspect(replace(suspect(), software=(agent,)), MASKER).software[0]
    assert WALLET not in repr(shown)
    assert shown.software == "ethminer"


def test_masked_reports_add_up_masked() -> None:
    plain = scan(SAMPLES / "stratum-v1.pcap")
    masked = plain.masked(MASKER)
    assert [one.workers for one in masked.suspects] != [one.workers for one in plain.suspects]
    assert (plain + masked).suspects == (masked + plain).suspects == (plain + plain).masked(MASKER).suspects
    assert masked.estimates == plain.estimates
