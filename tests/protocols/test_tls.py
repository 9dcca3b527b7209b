"""JA4 against values measured elsewhere and by hand; any bytes."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.protocols.tls import ja4, read_client_hello, tls_server_name
from tests.protocols.flights import HELLO_NAMED, HELLO_TLS12, HELLO_UNNAMED, client_hello, vector

NO_HASH = "0" * 12
GREASE = 0x3A3A

# The example of FoxIO's description of JA4.
SUITES = [0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014]
SUITES += [0x009C, 0x009D, 0x002F, 0x0035]
KINDS = [0x001B, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002D, 0x000D, 0x0005, 0x0023, 0x0012, 0x002B]
KINDS += [0xFF01, 0x000B, 0x000A, 0x0015]
BODIES = {
    0: b"\0\6\0\0\3a.b",
    16: b"\0\14\2h2\10http/1.1",
    13: vector(2, bytes.fromhex("04030804040105030805050108060601")),
    43: vector(1, bytes.fromhex("3a3a03040303")),
}


def alpn(name: bytes) -> bytes:
    return vector(2, vector(1, name))


@pytest.mark.parametrize(
    ("data", "mark"),
    [
        pytest.param(HELLO_UNNAMED, "t13i310900_e8f1e7e78f70_1f22a2ca17c4", id="openssl"),
        pytest.param(HELLO_NAMED, "t13d311000_e8f1e7e78f70_1f22a2ca17c4", id="openssl-named"),
        pytest.param(HELLO_TLS12, "t12i280600_d943125447b4_e7e480e5a997", id="openssl-tls12"),
        pytest.param(
            client_hello(
                [GREASE, *SUITES],
                [(GREASE, b""), *((kind, BODIES.get(kind, b"")) for kind in KINDS), (0xAAAA, b"\0")],
            ),
            "t13d1516h2_8daaf6152771_e5627efa2ab1",
            id="published-example",
        ),
        pytest.param(client_hello([], []), f"t12i000000_{NO_HASH}_{NO_HASH}", id="nothing-offered"),
        pytest.param(client_hello([], None, 0x0301), f"t10i000000_{NO_HASH}_{NO_HASH}", id="no-extensions"),
        pytest.param(client_hello([], [], 0x0300), f"ts3i000000_{NO_HASH}_{NO_HASH}", id="ssl3"),
        pytest.param(client_hello([], [], 0x7F12), f"t00i000000_{NO_HASH}_{NO_HASH}", id="unknown-version"),
        pytest.param(
            client_hello([], [(16, alpn(b"x"))]), f"t12i0001xx_{NO_HASH}_{NO_HASH}", id="alpn-short"
        ),
        pytest.param(
            client_hello([], [(16, alpn(b"\xab\xcd"))]), f"t12i0001ad_{NO_HASH}_{NO_HASH}", id="alpn-binary"
        ),
        pytest.param(
            client_hello([], [(16, alpn(b"h2\xff"))]),
            f"t12i00016f_{NO_HASH}_{NO_HASH}",
            id="alpn-half-binary",
        ),
    ],
)
def test_ja4(data: bytes, mark: str) -> None:
    assert ja4(data) == mark


def test_counts_stop_at_99_and_hashes_do_not() -> None:
    suites, kinds = range(1, 121), range(100, 250)
    mark = ja4(client_hello(suites, [(kind, b"") for kind in kinds]))
    sums = [
        hashlib.sha256(",".join(f"{number:04x}" for number in numbers).encode()).hexdigest()[:12]
        for numbers in (suites, kinds)
    ]
    assert mark == f"t12i999900_{sums[0]}_{sums[1]}"


def test_cut_anywhere_there_is_no_fingerprint() -> None:
    for end in range(len(HELLO_NAMED)):
        assert ja4(HELLO_NAMED[:end]) is None
    assert tls_server_name(HELLO_NAMED) == "pool.example.org"
    assert ja4(HELLO_NAMED + b"\x14\x03\x03\x00\x01\x01") == ja4(HELLO_NAMED)


@given(st.binary(max_size=120))
def test_any_bytes(data: bytes) -> None:
    assert ja4(data) is None or read_client_hello(data) is not None


@given(st.integers(0, 320), st.binary(max_size=30))
def test_damaged_hellos(at: int, noise: bytes) -> None:
    damaged = HELLO_NAMED[:at] + noise + HELLO_NAMED[at + len(noise) :]
    ja4(damaged)
    tls_server_name(damaged)
