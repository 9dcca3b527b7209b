"""Crypto-PAn against the trace that its authors published with it, and by its laws."""

from __future__ import annotations

import sys
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.errors import NetminedetError
from netminedet.report.cryptopan import CryptoPan, load_key

pytest.importorskip("cryptography")

# fmt: off
KEY = bytes((
    21, 34, 23, 141, 51, 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16,
    216, 152, 143, 131, 121, 121, 101, 39, 98, 87, 76, 45, 42, 132, 34, 2,
))
# fmt: on
PUBLISHED = {
    "128.11.68.132": "135.242.180.132",
    "129.118.74.4": "134.136.186.123",
    "130.132.252.244": "133.68.164.234",
    "141.223.7.43": "141.167.8.160",
    "141.233.145.108": "141.129.237.235",
    "152.163.225.39": "151.140.114.167",
    "156.29.3.236": "147.225.12.42",
    "165.247.96.84": "162.9.99.234",
    "166.107.77.190": "160.132.178.185",
    "192.102.249.13": "252.138.62.131",
    "192.215.32.125": "252.43.47.189",
    "192.233.80.103": "252.25.108.8",
    "192.41.57.43": "252.222.221.184",
}


@pytest.mark.parametrize("address", PUBLISHED)
def test_published_trace(address: str) -> None:
    assert CryptoPan(KEY).pseudonym(address) == PUBLISHED[address]


def shared(one: str, other: str) -> int:
    """How many of the first bits two addresses share."""
    bits = 32 if "." in one else 128
    return bits - (int(ip_address(one)) ^ int(ip_address(other))).bit_length()


V4 = st.integers(0, 2**32 - 1).map(lambda number: str(IPv4Address(number)))
V6 = st.integers(2**96, 2**128 - 1).map(lambda number: str(IPv6Address(number)))


@given(st.one_of(st.tuples(V4, V4), st.tuples(V6, V6)), st.binary(min_size=32, max_size=32))
def test_as_many_first_bits_are_shared_as_before(pair: tuple[str, str], key: bytes) -> None:
    """Which makes it a bijection, too: different addresses differ somewhere."""
    pan = CryptoPan(key)
    one, other = map(pan.pseudonym, pair)
    assert shared(one, other) == shared(*pair)


@given(V6, st.integers(0, 127))
def test_neighbours_differ_from_where_they_differ(address: str, place: int) -> None:
    pan = CryptoPan(KEY)
    other = str(IPv6Address(int(IPv6Address(address)) ^ 1 << place))
    if ":" in other:
        assert shared(pan.pseudonym(address), pan.pseudonym(other)) == 127 - place


def test_keys(tmp_path: Path) -> None:
    path = tmp_path / "key"
    for content in (KEY.hex().encode(), KEY.hex().upper().encode() + b"\r\n", KEY):
        path.write_bytes(content)
        assert load_key(path) == KEY


@pytest.mark.parametrize("content", [b"", b"secret", b"\0" * 31, KEY.hex().encode() + b"00", b"z" * 64])
def test_what_is_no_key(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(NetminedetError, match="openssl rand -hex 32"):
        load_key(path)
    with pytest.raises(NetminedetError, match="cannot be read"):
        load_key(tmp_path / "none")


def test_without_the_library_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers", None)
    with pytest.raises(NetminedetError, match=r"netminedet\[crypto\]"):
        CryptoPan(KEY)
