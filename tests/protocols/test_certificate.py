"""The names of certificates: flights made by hand and by OpenSSL, in any records, damaged at will."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.protocols.certificate import MAX_CERTIFICATE_NAMES, certificate_names
from tests.protocols.flights import (
    FLIGHT_TLS12,
    certificate,
    certificate_message,
    extension,
    flight,
    record,
    server_hello,
)

POOL = certificate("pool.example", "*.pool.example", "EU.pool.example.")
NAMES = ("pool.example", "eu.pool.example")


def test_flight_of_openssl() -> None:
    assert certificate_names(FLIGHT_TLS12) == NAMES


@pytest.mark.parametrize(
    ("leaf", "names"),
    [
        pytest.param(POOL, NAMES, id="alternatives"),
        pytest.param(certificate("pool.example"), ("pool.example",), id="common-name-only"),
        pytest.param(certificate("pool.example", version=False), ("pool.example",), id="x509-v1"),
        pytest.param(certificate("A Pool, Ltd.", "x.example"), ("x.example",), id="common-name-is-no-host"),
        pytest.param(certificate("x.example", issuer="pool.example"), ("x.example",), id="not-the-issuer"),
        pytest.param(certificate("é.example"), (), id="not-ascii"),
        pytest.param(
            certificate("x.example", *(f"{i}.example" for i in range(MAX_CERTIFICATE_NAMES))),
            (),
            id="too-many",
        ),
        pytest.param(POOL[:-80], (), id="cut"),
        pytest.param(b"", (), id="empty"),
    ],
)
def test_names(leaf: bytes, names: tuple[str, ...]) -> None:
    assert certificate_names(flight(leaf)) == names


@pytest.mark.parametrize("size", [1, 7, 50, 100, 300])
def test_records_of_any_size(size: int) -> None:
    messages = server_hello() + certificate_message(POOL)
    records = b"".join(record(messages[at : at + size]) for at in range(0, len(messages), size))
    assert certificate_names(records) == NAMES


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(record(certificate_message(POOL)), id="no-server-hello"),
        pytest.param(
            record(server_hello()) + record(b"\x04\0\0\0") + record(certificate_message(POOL)), id="ticket"
        ),
        pytest.param(
            record(server_hello()) + record(b"\1", kind=20) + record(certificate_message(POOL)), id="resumed"
        ),
        pytest.param(record(server_hello(extension(43, b"\3\4"))) + record(bytes(900), kind=23), id="tls13"),
    ],
)
def test_no_certificate(data: bytes) -> None:
    assert certificate_names(data) == ()


@given(st.binary(max_size=150))
def test_any_bytes(data: bytes) -> None:
    certificate_names(data)
    certificate_names(flight(data))


@given(st.integers(0, len(FLIGHT_TLS12)), st.binary(max_size=20))
def test_damaged_flights(at: int, noise: bytes) -> None:
    certificate_names(FLIGHT_TLS12[:at] + noise + FLIGHT_TLS12[at + len(noise) :])
