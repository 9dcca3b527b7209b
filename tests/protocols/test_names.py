"""DNS messages and host names of clients: tables, and any bytes."""

from __future__ import annotations

import itertools

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.protocols.dns import MAX_ALIASES, read_dns
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


def pointing(*records: tuple[bytes, int, bytes]) -> bytes:
    """An answer to a question for "go.shop.example" with records of (owner, type, data), raw."""
    head = dns_query(b"go.shop.example")
    rows = b"".join(
        owner + kind.to_bytes(2, "big") + b"\0\1\0\0\0\x3c" + len(data).to_bytes(2, "big") + data
        for owner, kind, data in records
    )
    return b"\x12\x34\x81\x80\0\1" + len(records).to_bytes(2, "big") + bytes(4) + head[12:] + rows


ASKED = b"\xc0\x0c"
#: the target of the first record, behind the head, the question and the record's own head
TARGET = b"\xc0" + bytes([12 + 17 + 4 + 12])


def test_chain_of_aliases() -> None:
    data = pointing(
        (ASKED, 5, b"\3Eu1\4pool\7example\0"),
        (TARGET, 5, b"\4edge\3cdn\7example\0"),
        (b"\4edge\3cdn\7example\0", 1, bytes([192, 0, 2, 7])),
        (b"\5other\7example\0", 1, bytes([192, 0, 2, 8])),
    )
    message = read_dns(data)
    assert message is not None
    chain = ("go.shop.example", "eu1.pool.example", "edge.cdn.example")
    assert message.chain("go.shop.example") == chain
    assert message.chain("pool.example") == ("pool.example",)
    assert [owner for owner, _, _ in message.addresses] == ["edge.cdn.example", "other.example"]


def test_aliases_that_go_round_end() -> None:
    message = read_dns(pointing((ASKED, 5, b"\1b\0"), (b"\1b\0", 5, ASKED)))
    assert message is not None
    assert message.chain("go.shop.example") == ("go.shop.example", "b")


def test_endless_aliases_end() -> None:
    names = [bytes([1, 97 + i, 0]) for i in range(25)]
    message = read_dns(pointing((ASKED, 5, names[0]), *((a, 5, b) for a, b in itertools.pairwise(names))))
    assert message is not None
    assert len(message.chain("go.shop.example")) == MAX_ALIASES
