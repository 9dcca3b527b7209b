"""DNS messages and host names of clients: tables, and any bytes."""

from __future__ import annotations

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.protocols.dns import read_dns
from netminedet.protocols.hosts import HttpTarget, http_target
from netminedet.protocols.tls import tls_server_name
from tests.sieve.test_sieve import client_hello, dns_query


def answer(name: str, addresses: list[tuple[bytes, int]]) -> bytes:
    message = dpkt.dns.DNS(id=7, qr=1)
    message.qd = [dpkt.dns.DNS.Q(name=name)]
    message.an = [
        dpkt.dns.DNS.RR(name=name, type=1 if len(raw) == 4 else 28, ttl=ttl, rdata=raw)
        for raw, ttl in addresses
    ]
    return bytes(message)


def test_question() -> None:
    message = read_dns(dns_query(b"Stratum.AntPool.com"))
    assert message is not None
    assert (message.is_answer, message.questions, message.addresses) == (False, ("stratum.antpool.com",), ())


def test_answer_with_addresses() -> None:
    message = read_dns(answer("pool.example", [(bytes([192, 0, 2, 1]), 60), (bytes(15) + b"\1", 5)]))
    assert message is not None
    assert message.is_answer
    assert message.addresses == (("pool.example", "192.0.2.1", 60), ("pool.example", "::1", 5))


@given(st.binary(max_size=200))
def test_any_bytes_as_dns(data: bytes) -> None:
    read_dns(data)


@given(st.binary(max_size=60), st.integers(0, 59))
def test_damaged_answers(noise: bytes, at: int) -> None:
    good = answer("stratum.antpool.com", [(bytes([192, 0, 2, 1]), 60)] * 3)
    read_dns(good[:at] + noise + good[at + len(noise) :])


@pytest.mark.parametrize("padding", [0, 30, 3000])
def test_server_name(padding: int) -> None:
    assert tls_server_name(client_hello(b"XMR.Example.ORG", padding)) == "xmr.example.org"


def test_no_server_name() -> None:
    assert tls_server_name(client_hello(None)) is None
    assert tls_server_name(client_hello(b"\xff\xfe.example")) is None


@given(st.integers(0, 200), st.binary(max_size=40))
def test_any_bytes_as_client_hello(cut: int, rest: bytes) -> None:
    tls_server_name(client_hello(b"xmr.example.org")[:cut] + rest)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"GET / HTTP/1.1\r\nUser-Agent: x\r\nHost: A.example\r\n\r\n", HttpTarget("a.example")),
        (b"POST /x HTTP/1.1\r\nhost:\tb.example:8080\r\n\r\n", HttpTarget("b.example")),
        (b"CONNECT c.example:3333 HTTP/1.1\r\nHost: d.example\r\n\r\n", HttpTarget("c.example", True, 3333)),
        (b"CONNECT c.example HTTP/1.1\r\n\r\n", HttpTarget("c.example", True)),
        (b"GET http://e.example/x HTTP/1.1\r\nHost: proxy.example\r\n\r\n", HttpTarget("e.example")),
        (b"GET / HTTP/1.0\r\n\r\nHost: body.example\r\n", HttpTarget(None)),
    ],
)
def test_http_target(request_: bytes, expected: HttpTarget) -> None:
    assert http_target(request_) == expected
