"""Sends syslog messages to a collector that the user named: the only part that opens a connection of its own.

Over UDP a message is a datagram (RFC 5426); over TCP and TLS each is preceded by its length
(RFC 6587 octet counting, which RFC 5425 prescribes for TLS).
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from netminedet.errors import NetminedetError
from netminedet.report.text import printable

#: Ports of the schemes where the address names none (RFC 5426, RFC 6587 by custom, RFC 5425).
PORTS = {"udp": 514, "tcp": 601, "tls": 6514}
#: Seconds that the collector may take to answer, or to take a message.
TIMEOUT = 20.0

_FORM = "write it like tls://logs.example.org:6514, udp://10.0.0.5 or tcp://[2001:db8::5]:601"


class Collector:
    """A connection to a collector; use it in a ``with`` statement.

    ``ca_file``: certificate authorities that the collector's certificate is checked against,
    in the place of the system's.  Raises NetminedetError where it cannot be reached, and
    where its certificate is not right.
    """

    def __init__(self, url: str, ca_file: str | None = None) -> None:
        self._shown = printable(url)
        self._scheme, self._host, self._port = _parsed(url)
        if ca_file is not None and self._scheme != "tls":
            raise NetminedetError(f"{self._shown}: a certificate is looked at with tls:// only")
        context = _context(ca_file) if self._scheme == "tls" else None
        self._socket = self._opened(context)

    def __enter__(self) -> Collector:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connection, of TLS so that the collector knows that nothing is missing."""
        try:
            if isinstance(self._socket, ssl.SSLSocket) and kind is None:
                self._socket.unwrap()
        except OSError:
            pass  # it had gone already: what was sent is sent
        finally:
            self._socket.close()

    def send(self, message: bytes) -> None:
        """Send one message; raises NetminedetError where the collector takes it no more."""
        framed = message if self._scheme == "udp" else b"%d %s" % (len(message), message)
        try:
            self._socket.sendall(framed)
        except OSError as error:
            raise self._failure(error) from error

    def _opened(self, context: ssl.SSLContext | None) -> socket.socket:
        kind = socket.SOCK_DGRAM if self._scheme == "udp" else socket.SOCK_STREAM
        try:
            found = socket.getaddrinfo(self._host, self._port, type=kind)
            connection = self._connected(found)
            return connection if context is None else self._secured(connection, context)
        except OSError as error:
            raise self._failure(error) from error

    def _connected(self, found: Sequence[tuple[Any, ...]]) -> socket.socket:
        """To the first of the addresses that answers; raises OSError of the last that does not."""
        failure = OSError("no address")
        for family, kind, protocol, _, address in found:
            connection = socket.socket(family, kind, protocol)
            connection.settimeout(TIMEOUT)
            try:
                connection.connect(address)
                return connection
            except OSError as error:
                connection.close()
                failure = error
        raise failure

    def _secured(self, connection: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        try:
            return context.wrap_socket(connection, server_hostname=self._host)
        except OSError:
            connection.close()
            raise

    def _failure(self, error: OSError) -> NetminedetError:
        what = getattr(error, "verify_message", "") or error.strerror or str(error)
        hint = f"check that it listens on port {self._port} of {printable(self._host)}"
        if isinstance(error, ssl.SSLCertVerificationError):
            hint = "name the authority that vouches for it with --ca-file"
        return NetminedetError(f"{self._shown}: the collector cannot be reached ({what}); {hint}")


def _context(ca_file: str | None) -> ssl.SSLContext:
    """What a collector's certificate is checked by; raises NetminedetError."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        what = error.strerror or str(error)
        raise NetminedetError(
            f"{printable(ca_file or 'certificates')}: cannot be read ({what}); give certificates as PEM"
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _parsed(url: str) -> tuple[str, str, int]:
    """Scheme, host and port; raises NetminedetError."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise NetminedetError(f"{printable(url)}: no address of a collector; {_FORM}") from None
    if not parts.hostname or parts.path not in ("", "/") or parts.query or "@" in parts.netloc:
        raise NetminedetError(f"{printable(url)}: no address of a collector; {_FORM}")
    return parts.scheme, parts.hostname, port
