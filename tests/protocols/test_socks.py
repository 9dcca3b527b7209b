"""Preambles of tunnels: tables fed at every length, look-alikes, any bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.protocols.socks import (
    Carrier,
    Need,
    Request,
    client_preamble,
    tunnel_request,
)

SOCKS4, SOCKS5, CONNECT = Carrier.SOCKS4, Carrier.SOCKS5, Carrier.HTTP_CONNECT
NAME = b"\x03\x0cpool.example"
PORT = b"\x0d\x05"
IPV6 = bytes.fromhex("20010db8000000000000000000000001")
SUBSCRIBE = b'{"id":1,"method":"mining.subscribe","params":[]}\n'

REQUESTS = [
    pytest.param(b"\x05\x01\x00\x05\x01\x00" + NAME + PORT, SOCKS5, "pool.example", id="socks5-name"),
    pytest.param(
        b"\x05\x02\x00\x02\x05\x01\x00\x01\xc6\x33\x64\x01" + PORT, SOCKS5, "198.51.100.1", id="socks5-ipv4"
    ),
    pytest.param(b"\x05\x01\x00\x05\x01\x00\x04" + IPV6 + PORT, SOCKS5, "2001:db8::1", id="socks5-ipv6"),
    pytest.param(
        b"\x05\x01\x02\x01\x05alice\x06secret\x05\x01\x00" + NAME + PORT,
        SOCKS5,
        "pool.example",
        id="socks5-password",
    ),
    pytest.param(b"\x04\x01" + PORT + b"\xc6\x33\x64\x01\x00", SOCKS4, "198.51.100.1", id="socks4"),
    pytest.param(b"\x04\x01" + PORT + b"\xc6\x33\x64\x01alice\x00", SOCKS4, "198.51.100.1", id="socks4-user"),
    pytest.param(
        b"\x04\x01" + PORT + b"\x00\x00\x00\x01\x00Pool.Example.\x00", SOCKS4, "pool.example", id="socks4a"
    ),
    pytest.param(
        b"CONNECT pool.example:3333 HTTP/1.1\r\nHost: pool.example:3333\r\nUser-Agent: cpuminer\r\n\r\n",
        CONNECT,
        "pool.example",
        id="connect",
    ),
    pytest.param(b"CONNECT [2001:db8:0::1]:3333 HTTP/1.0\n\n", CONNECT, "2001:db8::1", id="connect-ipv6"),
]


@pytest.mark.parametrize("tail", [b"", SUBSCRIBE, b"\x16\x03\x01\x02\x00"])
@pytest.mark.parametrize(("data", "carrier", "host"), REQUESTS)
def test_requests(data: bytes, carrier: Carrier, host: str, tail: bytes) -> None:
    assert client_preamble(data + tail) == Request(carrier, len(data), host, 3333)
    for end in range(len(data)):
        assert client_preamble(data[:end]) is Need.MORE


@pytest.mark.parametrize("tail", [b"", SUBSCRIBE])
@pytest.mark.parametrize(("data", "carrier", "host"), REQUESTS)
def test_request_in_one_segment(data: bytes, carrier: Carrier, host: str, tail: bytes) -> None:
    assert tunnel_request(data + tail) == Request(carrier, len(data), host, 3333)
    if carrier is SOCKS5:
        alone = data[data.index(b"\x05\x01\x00", 1) :]
        assert tunnel_request(alone + tail) == Request(carrier, len(alone), host, 3333)
        assert all(tunnel_request(alone[:end]) is None for end in range(len(alone)))


@given(st.binary(max_size=80))
def test_any_segment(data: bytes) -> None:
    tunnel_request(data)
    tunnel_request(b"\x05\x01\x00" + data)
    tunnel_request(b"\x04\x01" + data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(SUBSCRIBE, id="json"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01", id="tls"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="ssh"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="http"),
        pytest.param(b"COPY /x HTTP/1.1\r\n\r\n", id="another-method"),
        pytest.param(b"CONNECT /path HTTP/1.1\r\n\r\n", id="connect-to-a-path"),
        pytest.param(b"CONNECT pool.example:0 HTTP/1.1\r\n\r\n", id="port-0"),
        pytest.param(b"CONNECT pool.example:70000 HTTP/1.1\r\n\r\n", id="port-too-high"),
        pytest.param(b"CONNECT [zz::1]:1 HTTP/1.1\r\n\r\n", id="no-address"),
        pytest.param(b"CONNECT a_\xe9:1 HTTP/1.1\r\n\r\n", id="no-name"),
        pytest.param(b"CONNECT " + b"a" * 20_000, id="endless-connect"),
        pytest.param(b"\x05\x00\x05\x01\x00" + NAME + PORT, id="no-methods"),
        pytest.param(b"\x05\x01\x00\x05\x02\x00" + NAME + PORT, id="bind"),
        pytest.param(b"\x05\x01\x00\x05\x03\x00" + NAME + PORT, id="udp"),
        pytest.param(b"\x05\x01\x00\x05\x01\x01" + NAME + PORT, id="reserved-byte"),
        pytest.param(b"\x05\x01\x00\x05\x01\x00\x02" + bytes(8), id="address-type"),
        pytest.param(b"\x05\x01\x00\x05\x01\x00\x03\x03a b" + PORT, id="name-with-a-space"),
        pytest.param(b"\x05\x01\x00\x01\x01a\x01b\x05\x01\x00" + NAME + PORT, id="password-not-offered"),
        pytest.param(b"\x04\x02" + PORT + b"\xc6\x33\x64\x01\x00", id="socks4-bind"),
        pytest.param(b"\x04\x01" + PORT + b"\x00\x00\x00\x00\x00", id="socks4-no-address"),
        pytest.param(b"\x04\x01" + PORT + b"\xc6\x33\x64\x01" + b"a" * 300, id="socks4-endless-user"),
        pytest.param(b"\x04\x01" + PORT + b"\xc6\x33\x64\x01\xff\x00", id="socks4-binary-user"),
    ],
)
def test_no_requests(data: bytes) -> None:
    assert client_preamble(data) is None


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    found = client_preamble(data)
    assert found is None or found is Need.MORE or (found.length <= len(data) and found.host and found.port)


@given(st.sampled_from([4, 5, ord("C")]), st.binary(max_size=40), st.binary(max_size=20))
def test_more_bytes_never_change_what_was_found(first: int, data: bytes, more: bytes) -> None:
    found = client_preamble(bytes([first]) + data)
    if found is not Need.MORE:
        assert client_preamble(bytes([first]) + data + more) == found
