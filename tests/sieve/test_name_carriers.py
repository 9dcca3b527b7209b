"""What carries a name besides hellos and questions: SOCKS, aliases, certificates.  Compiled or not."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netminedet.sieve import Hit, Sieve, directions
from netminedet.sieve import names as names_kernel
from netminedet.sieve.columns import (
    CERTIFICATE,
    CLIENT_HELLO,
    DNS_TCP,
    DNS_UDP,
    HTTP_REQUEST,
    MATCH_NAME,
    PROXIED,
    SOCKS_REQUEST,
    STASH_SIZE,
)
from tests.frames import ACK, SYN, batch_of, ethernet, ipv4, tcp_frame, udp
from tests.fuzz import uncompiled
from tests.protocols.flights import (
    FLIGHT_TLS12,
    certificate,
    certificate_message,
    extension,
    flight,
    record,
    server_hello,
)
from tests.protocols.test_names import ASKED, TARGET, pointing
from tests.sieve.test_sieve import MINER, NAMES, POOL, client_hello, sent

POOL_NAME = b"stratum.antpool.com"
LISTED = ["antpool.com", "stratum.slushpool.com"]


@contextmanager
def without_compiler() -> Iterator[None]:
    """Sieves made inside have the uncompiled kernels for directions and names."""
    plain, names = uncompiled.module(directions.__name__), uncompiled.module(names_kernel.__name__)
    with (
        mock.patch.object(directions, "Directions", plain.Directions),
        mock.patch.object(names_kernel, "NameScanner", names.NameScanner),
    ):
        yield


def run(frames: list[bytes]) -> tuple[list[Hit], dict[str, int]]:
    tool = Sieve([b"mining."], LISTED)
    found = list(tool.run(batch_of(frames), "test"))
    for hit in found:
        hit.key, hit.row = (0, 0), 0  # mixed with a secret of the sieve
    return found, tool.counters()


def hits(frames: list[bytes]) -> list[Hit]:
    """The hits, which compiled and uncompiled kernels must agree on."""
    compiled = run(frames)
    with without_compiler():
        assert run(frames) == compiled
    return compiled[0]


def named(frames: list[bytes]) -> list[Hit]:
    """The hits in which a pool's name may be; a proxy may be asked for anything else, too."""
    return [hit for hit in hits(frames) if hit.match == MATCH_NAME and hit.kind != PROXIED]


def answered(pieces: list[bytes], start: int = 900) -> list[bytes]:
    """A server's segments behind a handshake."""
    frames = [tcp_frame(MINER, POOL, 99, b"", SYN), tcp_frame(POOL, MINER, start - 1, b"", SYN | ACK)]
    for piece in pieces:
        frames.append(tcp_frame(POOL, MINER, start, piece))
        start += len(piece)
    return frames


def dns_answer(data: bytes) -> list[bytes]:
    return [ethernet(0x0800, ipv4("10.0.0.53", "10.0.0.1", 17, udp(53, 5353, data)))]


def socks5(name: bytes, port: int = 3333) -> bytes:
    return b"\x05\x01\x00\x03" + bytes([len(name)]) + name + port.to_bytes(2, "big")


def socks4a(name: bytes, user: bytes = b"") -> bytes:
    return b"\x04\x01\x0d\x05\0\0\0\1" + user + b"\0" + name + b"\0"


def labels(name: bytes) -> bytes:
    return b"".join(bytes([len(label)]) + label for label in name.split(b".")) + b"\0"


@pytest.mark.parametrize(("name", "listed"), NAMES)
def test_names_match_by_whole_labels(name: bytes, listed: bool) -> None:
    requests = [
        socks5(name),
        b"\x05\x01\x00" + socks5(name),
        b"\x05\x02\x00\x02\x01\x01u\x01p" + socks5(name),
        socks4a(name),
        socks4a(name, b"alice"),
        socks4a(name + b"."),
        socks5(name) + b"\x16\x03\x01",
    ]
    for request in requests:
        assert [hit.kind for hit in named(sent([request]))] == [SOCKS_REQUEST] * listed, request
    data = pointing((ASKED, 5, labels(name)), (TARGET, 1, bytes(4)))
    assert [hit.kind for hit in hits(dns_answer(data))] == [DNS_UDP] * listed
    text = name.decode()
    for leaf in (certificate(text), certificate("x.example", f"*.{text}"), certificate("x.example", text)):
        assert [hit.kind for hit in hits(answered([flight(leaf)]))] == [CERTIFICATE] * listed


def test_greeting_and_request_in_segments_of_their_own() -> None:
    (hit,) = hits(sent([b"\x05\x01\x00", socks5(POOL_NAME)]))
    assert (hit.kind, hit.prefix) == (SOCKS_REQUEST, b"\x05\x01\x00" + socks5(POOL_NAME))
    frames = sent([b"\x05\x01\x00"])
    frames.append(tcp_frame(POOL, MINER, 900, b"\x05\x00"))
    frames.append(tcp_frame(MINER, POOL, 103, socks5(POOL_NAME)))
    (hit,) = hits(frames)
    assert (hit.kind, hit.payload) == (SOCKS_REQUEST, socks5(POOL_NAME))


PROXY_HEADERS = [
    b"PROXY TCP4 10.0.0.1 198.51.100.9 51000 443\r\n",
    b"PROXY UNKNOWN\r\n",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes([10, 0, 0, 1, 198, 51, 100, 9, 199, 56, 1, 187]),
]


@pytest.mark.parametrize("header", PROXY_HEADERS, ids=["line", "unknown", "binary"])
def test_a_name_behind_a_proxy_header(header: bytes) -> None:
    hello = client_hello(b"stratum.antpool.com")
    request = b"CONNECT stratum.antpool.com:3333 HTTP/1.1\r\n\r\n"
    for kind, first in ((CLIENT_HELLO, hello), (HTTP_REQUEST, request)):
        for pieces in ([header + first], [header, first]):
            (hit,) = named(sent(pieces))
            assert (hit.kind, hit.payload) == (kind, first)
    (hit,) = named(sent([header + hello[:40], hello[40:]]))
    assert (hit.kind, hit.prefix) == (CLIENT_HELLO, hello)
    for wrong in (header[:-1], header[1:], b"\r\n" + header):
        assert named(sent([wrong + hello])) == []


WHOLE = [
    socks5(POOL_NAME),
    b"\x05\x01\x00" + socks5(POOL_NAME),
    b"\x05\x02\x00\x02\x01\x01u\x01p" + socks5(POOL_NAME),
    socks4a(POOL_NAME),
    socks4a(POOL_NAME, b"alice"),
]


@pytest.mark.parametrize("request_", WHOLE, ids=["5", "greeting", "password", "4A", "4A-user"])
def test_a_request_in_pieces(request_: bytes) -> None:
    for cut in range(1, len(request_)):
        (hit,) = hits(sent([request_[:cut], request_[cut:]]))
        assert (hit.kind, hit.prefix or hit.payload) in (
            (SOCKS_REQUEST, request_),
            (SOCKS_REQUEST, request_[cut:]),  # a greeting, and the request in a piece of its own
        )
    (hit,) = hits(sent([bytes([byte]) for byte in request_]))
    assert (hit.kind, hit.prefix) == (SOCKS_REQUEST, request_)


def test_a_request_that_never_ends_is_given_up() -> None:
    assert named(sent([b"\x05\x01\x00\x03\xff", *[b"x" * 100] * 20])) == []
    assert hits(sent([b"\x04\x01\x0d\x05\0\0\0\1", *[b"x" * 100] * 60])) == []


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x05\x02\x00\x03" + socks5(POOL_NAME)[4:], id="bind"),
        pytest.param(socks5(POOL_NAME)[:-3], id="cut"),
        pytest.param(b"\x04\x01\x0d\x05\x01\x02\x03\x04\0" + POOL_NAME + b"\0", id="socks4-address"),
        pytest.param(socks4a(POOL_NAME)[:-1], id="socks4a-cut"),
        pytest.param(b"\x05\x01\x00\x05\x01\x00" + POOL_NAME, id="name-elsewhere"),
        pytest.param(b"\x06" + socks5(POOL_NAME), id="another-byte-before"),
        pytest.param(socks5(POOL_NAME) + bytes(2000), id="a-long-segment"),
    ],
)
def test_no_request(data: bytes) -> None:
    assert named(sent([data])) == []


def test_aliases_are_found_behind_other_records() -> None:
    data = pointing(
        (b"\4edge\3cdn\7example\0", 1, bytes(4)),
        (b"\3www\4shop\7example\0", 5, b"\4edge\3cdn\7example\0"),
        (ASKED, 5, b"\x02ss" + b"\x07antpool\x03com\0"),
    )
    assert len(hits(dns_answer(data))) == 1


def test_name_with_an_address_of_its_own_is_no_alias() -> None:
    for kind, address in ((1, bytes(4)), (28, bytes(16))):
        data = pointing((ASKED, kind, address), (ASKED, 5, labels(POOL_NAME)))
        assert hits(dns_answer(data)) == []


@pytest.mark.parametrize("reply", [False, True])
@pytest.mark.parametrize("cuts", [(), (2,), (1, 2)], ids=str)
def test_a_message_over_tcp_behind_its_length(reply: bool, cuts: tuple[int, ...]) -> None:
    question = labels(POOL_NAME) + b"\0\1\0\1"
    data = b"\x12\x34\1\0\0\1" + bytes(6) + question
    if reply:
        data = pointing((ASKED, 5, labels(POOL_NAME)), (POOL_NAME, 1, bytes(4)))
    whole = len(data).to_bytes(2, "big") + data
    ends = (MINER[0], 40000), ("10.0.0.53", 53)
    speaker, listener = reversed(ends) if reply else ends
    frames = [tcp_frame(ends[0], ends[1], 99, b"", SYN), tcp_frame(ends[1], ends[0], 99, b"", SYN | ACK)]
    for start, end in itertools.pairwise((0, *cuts, len(whole))):
        frames.append(tcp_frame(speaker, listener, 100 + start, whole[start:end]))
    (hit,) = named(frames)
    assert (hit.kind, hit.payload) == (DNS_TCP, data)


def test_compressed_alias() -> None:
    first = b"\3www\7antpool\3com\0"
    at = 12 + 17 + 4 + 12  # of the first record's data
    data = pointing((ASKED, 16, first), (ASKED, 5, b"\2eu\xc0" + bytes([at + 4])))
    assert len(hits(dns_answer(data))) == 1


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(b"\xc0" + bytes([45]), id="to-itself"),
        pytest.param(b"\1a\xc0" + bytes([45]), id="round-and-round"),
        pytest.param(b"\xff\xff", id="beyond-the-end"),
        pytest.param(b"\xc0", id="half-a-pointer"),
        pytest.param(b"\x7fantpool", id="reserved-length"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_wrong_pointers_end(target: bytes) -> None:
    assert hits(dns_answer(pointing((ASKED, 5, target)))) == []


def test_question_with_records_behind_it_is_no_answer() -> None:
    data = bytearray(pointing((ASKED, 5, labels(POOL_NAME))))
    data[2] = 1
    assert hits(dns_answer(bytes(data))) == []


LEAF = certificate("antpool.com", "*.antpool.com", pad=1500)
#: bytes of a flight up to the end of the leaf
WHOLE = len(record(server_hello())) + 5 + 10 + len(LEAF)


@pytest.mark.parametrize("cut", [6, 9, 40, 47, 52, 57, 60, 200, 1400])
def test_certificate_over_segments(cut: int) -> None:
    data = flight(LEAF)
    (hit,) = hits(answered([data[:cut], data[cut:1460], data[1460:]] if cut < 1460 else [data]))
    assert hit.kind == CERTIFICATE
    assert (hit.prefix or hit.payload).startswith(data[:WHOLE])


def test_certificate_in_one_record_with_the_hello() -> None:
    messages = server_hello() + certificate_message(LEAF, certificate("ca.example")) + b"\x0e\0\0\0"
    (hit,) = hits(answered([record(messages)]))
    assert hit.payload == record(messages)[: WHOLE - 5]


def test_certificate_over_records() -> None:
    messages = server_hello() + certificate_message(LEAF)
    data = b"".join(record(messages[at : at + 500]) for at in range(0, len(messages), 500))
    (hit,) = hits(answered([data[:1000], data[1000:]]))
    assert hit.prefix == data


def test_what_follows_the_leaf_is_not_kept() -> None:
    """The chain may be longer than a slot."""
    data = flight(LEAF) + bytes(6000)
    (hit,) = hits(answered([data[at : at + 1448] for at in range(0, len(data), 1448)]))
    assert hit.prefix == data[:WHOLE]


@pytest.mark.parametrize("size", [STASH_SIZE, 15_000])
def test_leaf_too_long_to_keep_is_counted(size: int) -> None:
    data = flight(certificate("antpool.com", pad=size))[:9000]
    found, counters = run(answered([data[:1448], data[1448:2896]]))
    assert (found, counters["partial_messages_too_long"]) == ([], 1)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(record(server_hello(extension(43, b"\3\4"))) + flight(LEAF)[43:], id="tls13"),
        pytest.param(record(server_hello()) + record(b"\1", kind=20), id="resumed"),
        pytest.param(record(server_hello()) + record(b"\x04" + certificate_message(LEAF)[1:]), id="ticket"),
        pytest.param(record(server_hello()) + record(b""), id="empty-record"),
        pytest.param(flight(certificate("www.example.org", "antpool.com.example.org")), id="another-name"),
    ],
)
def test_no_certificate_of_a_pool(data: bytes) -> None:
    assert hits(answered([data])) == []


PIECES = [
    flight(LEAF),
    FLIGHT_TLS12,
    socks5(POOL_NAME),
    socks4a(POOL_NAME, b"alice"),
    pointing((ASKED, 5, labels(POOL_NAME)), (TARGET, 5, ASKED)),
]


@given(
    st.sampled_from(PIECES),
    st.integers(0, 400),
    st.binary(max_size=12),
    st.lists(st.integers(1, 1500), max_size=3),
)
@settings(max_examples=150)
def test_damaged_bytes_are_read_alike(data: bytes, at: int, noise: bytes, cuts: list[int]) -> None:
    """Nothing raises, and compiled and uncompiled kernels agree."""
    data = data[:at] + noise + data[at + len(noise) :]
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[a:b] for a, b in itertools.pairwise(edges)]
    hits(answered(pieces))
    hits(sent(pieces))
    hits(dns_answer(data))
