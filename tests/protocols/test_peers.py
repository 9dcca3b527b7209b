"""Traffic beside mining: what is recognised by its first bytes, what is not, any bytes."""

from __future__ import annotations

import hashlib
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.protocols.peers import MAX_MESSAGE, Adjacent, adjacent

RANDOM = random.Random(4)
MAIN = bytes.fromhex("f9beb4d9")


def bitcoin(command: bytes, payload: bytes = b"", magic: bytes = MAIN) -> bytes:
    checksum = hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    return magic + command.ljust(12, b"\0") + struct.pack("<I", len(payload)) + checksum + payload


def levin(command: int, answer: int = 1, version: int = 1) -> bytes:
    return (
        bytes.fromhex("0121010101010101")
        + struct.pack("<QBIiII", 10, answer, command, 0, 1, version)
        + bytes(10)
    )


def discv4(type_: int, body: bytes, recovery: int = 1) -> bytes:
    return RANDOM.randbytes(96) + bytes([recovery, type_]) + body


def noise(size: int) -> bytes:
    """Random bytes with as many different values as nearly all have."""
    return bytes((i * 89 + 7) % 256 for i in range(size))


END_POINT = b"\xc9\x84\x7f\x00\x00\x01\x82\x76\x5f\x80"
TIME = b"\x84\x5e\x15\x1b\x3a"
PING = b"\xda\x04" + 2 * END_POINT + TIME
PONG = b"\xf0" + END_POINT + b"\xa0" + bytes(32) + TIME
SEEN = [
    pytest.param(
        bitcoin(b"version", bytes(86)), "tcp", Adjacent("bitcoin-p2p", "bitcoin", "version"), id="version"
    ),
    pytest.param(
        bitcoin(b"version", bytes(86)) + bitcoin(b"wtxidrelay"),
        "tcp",
        Adjacent("bitcoin-p2p", "bitcoin", "version"),
        id="two-messages",
    ),
    pytest.param(bitcoin(b"verack"), "tcp", Adjacent("bitcoin-p2p", "bitcoin", "verack"), id="verack"),
    pytest.param(
        bitcoin(b"block", b"x" * 5000)[:1400],
        "tcp",
        Adjacent("bitcoin-p2p", "bitcoin", "block"),
        id="cut-block",
    ),
    pytest.param(
        bitcoin(b"inv", bytes(37), bytes.fromhex("fbc0b6db")),
        "tcp",
        Adjacent("bitcoin-p2p", "litecoin", "inv"),
        id="litecoin",
    ),
    pytest.param(
        bitcoin(b"version", bytes(100), b"abcd"),
        "tcp",
        Adjacent("bitcoin-p2p", "", "version"),
        id="another-coin",
    ),
    pytest.param(levin(1001), "tcp", Adjacent("monero-levin", "", "handshake"), id="monero"),
    pytest.param(levin(4711, 0), "tcp", Adjacent("monero-levin", "", "4711"), id="monero-command"),
    pytest.param(discv4(1, PING, 0), "udp", Adjacent("ethereum-discv4", "ethereum", "ping"), id="discv4"),
    pytest.param(
        discv4(4, b"\xf9\x01\x08\xf9\x01\x00" + b"\x84abcd" * 51 + b"\x05" + TIME),
        "udp",
        Adjacent("ethereum-discv4", "ethereum", "neighbors"),
        id="long",
    ),
    pytest.param(
        b"\x01\x8a\x04" + noise(0x189), "tcp", Adjacent("ethereum-rlpx", "ethereum", "auth"), id="rlpx"
    ),
    pytest.param(
        b'{"id":0,"method":"server.version","params":["electrum/4.5","1.4"]}\n',
        "tcp",
        Adjacent("electrum", "", "server.version"),
        id="electrum",
    ),
    pytest.param(
        b'[{"id":1,"method":"blockchain.scripthash.subscribe","params":["00"]}]\n',
        "tcp",
        Adjacent("electrum", "", "blockchain.scripthash.subscribe"),
        id="electrum-batch",
    ),
    pytest.param(b"\0\x02" + noise(48), "tcp", Adjacent("lightning", "bitcoin", "act one"), id="lightning"),
]


@pytest.mark.parametrize(("data", "proto", "found"), SEEN)
def test_recognised(data: bytes, proto: str, found: Adjacent) -> None:
    assert adjacent(data, proto) == found
    assert adjacent(data, "udp" if proto == "tcp" else "tcp") is None


@pytest.mark.parametrize("proto", ["tcp", "udp"])
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"id":1,"method":"mining.subscribe","params":[]}\n', id="stratum"),
        pytest.param(b'{"id":1,"method":"login","params":{"login":"4"}}\n', id="cryptonote"),
        pytest.param(b'{"id":1,"method":"server.restart","params":[]}\n', id="another-server"),
        pytest.param(b'{"id":1,"method":["server.version"]}\n', id="method-no-text"),
        pytest.param(b"[]\n", id="empty-batch"),
        pytest.param(b"{" * 9000, id="nested"),
        pytest.param(MAIN, id="magic-alone"),
        pytest.param(bitcoin(b"verack")[:-1] + b"\0", id="wrong-checksum"),
        pytest.param(bitcoin(b"Version", bytes(86)), id="no-command"),
        pytest.param(bitcoin(b"ver\0sion", bytes(86)), id="NUL-inside"),
        pytest.param(bitcoin(b"inv", bytes(37), b"abcd"), id="unknown-magic"),
        pytest.param(bitcoin(b"version", bytes(100), b"abcd")[:-1], id="unknown-magic-cut"),
        pytest.param(
            MAIN + b"block".ljust(12, b"\0") + struct.pack("<I", MAX_MESSAGE + 1) + bytes(8), id="too-long"
        ),
        pytest.param(levin(1001, answer=2), id="levin-flag"),
        pytest.param(levin(1001, version=2), id="levin-version"),
        pytest.param(levin(1001)[:32], id="levin-cut"),
        pytest.param(discv4(7, PING), id="discv4-type"),
        pytest.param(discv4(2, PING), id="discv4-another-types-body"),
        pytest.param(discv4(1, b"\xc6\x04\x01" + b"\x83abc"), id="discv4-no-end-points"),
        pytest.param(discv4(1, PING, recovery=2), id="discv4-recovery-id"),
        pytest.param(discv4(1, b"\xd0" + bytes(3)), id="discv4-list-too-long"),
        pytest.param(discv4(1, b"\xf8\x20" + bytes(40)), id="discv4-list-not-shortest"),
        pytest.param(discv4(1, b"\x80\x01"), id="discv4-no-list"),
        pytest.param(bytes(96) + b"\0\1" + PING, id="discv4-zeros"),
        pytest.param(b"\x01\x8a\x04" + bytes(0x189), id="rlpx-zeros"),
        pytest.param(b"\x01\x8a\x04" + noise(0x18A), id="rlpx-length"),
        pytest.param(b"\0\x02" + noise(49), id="51-bytes"),
        pytest.param(b"\0\x02" + bytes(48), id="lightning-zeros"),
        pytest.param(noise(64), id="key-of-64-bytes"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01", id="tls"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="http"),
    ],
)
def test_silent(data: bytes, proto: str) -> None:
    assert adjacent(data, proto) is None


@given(st.binary(max_size=400), st.sampled_from(["tcp", "udp"]))
def test_any_bytes(data: bytes, proto: str) -> None:
    found = adjacent(data, proto)
    assert found is None or isinstance(found, Adjacent)


@given(st.sampled_from([param.values[0] for param in SEEN]), st.integers(0, 60), st.binary(max_size=8))
def test_any_damage(data: object, at: int, patch: bytes) -> None:
    assert isinstance(data, bytes)
    for proto in ("tcp", "udp"):
        found = adjacent(data[:at] + patch + data[at + len(patch) :], proto)
        assert found is None or isinstance(found, Adjacent)
