from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.signatures.logins import is_address, split_login, wallet_of

ETH = "0x" + "aB" * 20
BTC = "1" + "B" * 32
XMR = "4" + "8" * 94
KASPA = "kaspa:q" + "z" * 60
CASH = "bitcoincash:q" + "z" * 41


@pytest.mark.parametrize(
    ("login", "account", "rig"),
    [
        ("acct7.rig12", "acct7", "rig12"),
        ("acct7", "acct7", None),
        ("x", "x", None),
        ("", "", None),
        (f"{ETH}.rig2", ETH, "rig2"),
        (f"{ETH}/rig2/me@example.org", ETH, "rig2/me@example.org"),
        (f"{ETH}_rig2", ETH, "rig2"),
        (f"{XMR}+20000", XMR, None),
        (f"{XMR}+rig", XMR, "rig"),
        (f"{XMR}.rig+20000", XMR, "rig"),
        (f"{XMR}+20000.rig", XMR, "rig"),
        (f"{XMR}+20000b", XMR, "20000b"),
        (f"solo:{XMR}", XMR, None),
        (f"solo:{BTC}.rig", BTC, "rig"),
        ("solo:acct7", "solo", "acct7"),
        (f"{XMR}:rig", XMR, "rig"),
        (f"{KASPA}.rig", KASPA, "rig"),
        (KASPA, KASPA, None),
        (f"{CASH}.rig1", CASH, "rig1"),
        (f"BTC:{BTC}.worker#ref-1", BTC, "worker"),
        (f"DOGE:{ETH}", ETH, None),
        ("ETH:alice", "ETH", "alice"),
        ("acct:worker", "acct", "worker"),
        ("me@example.org", "me@example.org", None),
        ("me@example.org/rig", "me@example.org", "rig"),
        ("me@example.org.rig1", "me@example.org", "rig1"),
        ("under_score.rig", "under_score", "rig"),
        ("acct_7", "acct_7", None),
        ("acct.", "acct", None),
        ("  acct.rig ", "acct", "rig"),
    ],
)
def test_split_login(login: str, account: str, rig: str | None) -> None:
    assert split_login(login) == (account, rig)


@pytest.mark.parametrize(
    "address",
    [
        ETH,
        BTC,
        XMR,
        KASPA,
        CASH,
        "bc1q" + "z" * 38,
        "ltc1q" + "z" * 38,
        "ckb1q" + "z" * 92,
        "t1" + "B" * 33,
        "9" + "f" * 50,
        "ak_" + "B" * 50,
        "NHb" + "B" * 33,
        "ab" * 32,
    ],
)
def test_addresses(address: str) -> None:
    assert is_address(address)
    assert wallet_of(address + ".rig1") == address


@pytest.mark.parametrize(
    "text",
    ["", "x", "alice", "alice@example.org", "https://example.org", "nobody:q" + "z" * 60, "0x" + "g" * 40],
)
def test_what_is_no_address(text: str) -> None:
    assert not is_address(text)


@pytest.mark.parametrize(
    ("login", "wallet"),
    [
        ("acct7.rig", "acct7"),
        ("me@example.org", "me@example.org"),
        ("x", None),
        ("", None),
        ("<script>.a", None),
    ],
)
def test_wallet_is_an_address_or_account(login: str, wallet: str | None) -> None:
    assert wallet_of(login) == wallet


@given(st.text(max_size=200))
def test_any_login_is_survived(login: str) -> None:
    account, rig = split_login(login)
    assert account in login
    assert rig is None or (rig and rig in login)
    wallet_of(login)
