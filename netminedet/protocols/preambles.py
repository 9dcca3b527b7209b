"""The PROXY protocol header that a load balancer puts before the client's first byte, and the client in it.

Whoever opens the connection may write any address into it: what it says is a claim.

https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, sections 2.1 (text) and 2.2 (binary).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from netminedet.model import CLAIMED_IP, CLAIMED_PORT

_BINARY = b"\r\n\r\n\x00\r\nQUIT\n"
_TEXT = b"PROXY "
#: Longest text header, its line end included (section 2.1).
_TEXT_LIMIT = 107


def proxy_header_length(data: bytes | bytearray) -> int:
    """Bytes of the PROXY header that ``data`` begins with; 0 where there is none, or no whole one."""
    if data.startswith(_BINARY):
        length = 16 + int.from_bytes(data[14:16], "big")
        return length if length <= len(data) else 0
    if data.startswith(_TEXT):
        return data.find(b"\r\n", 0, _TEXT_LIMIT) + 2 if b"\r\n" in data[:_TEXT_LIMIT] else 0
    return 0


def claimed_client(data: bytes | bytearray) -> dict[str, str]:
    """The address and port that the PROXY header at the beginning of ``data`` gives as those of the client,
    as details of evidence; none where there is no whole header, or it names nobody.

    >>> claimed_client(b"PROXY TCP4 192.0.2.7 198.51.100.9 51000 3333\\r\\n")
    {'claimed_ip': '192.0.2.7', 'claimed_port': '51000'}
    """
    length = proxy_header_length(data)
    header = bytes(data[:length])
    if not header:
        return {}
    found = _in_text(header) if header.startswith(_TEXT) else _in_binary(header)
    return {} if found is None else {CLAIMED_IP: str(found[0]), CLAIMED_PORT: str(found[1])}


def _in_text(header: bytes) -> tuple[IPv4Address | IPv6Address, int] | None:
    """``PROXY TCP4 source destination port port``, or the same with TCP6."""
    words = header[:-2].decode("ascii", "replace").split(" ")
    versions = {"TCP4": 4, "TCP6": 6}
    if len(words) != 6 or words[1] not in versions or not words[4].isdecimal() or len(words[4]) > 5:
        return None
    try:
        address = ip_address(words[2])
    except ValueError:
        return None
    port = int(words[4])
    return (address, port) if address.version == versions[words[1]] and port <= 0xFFFF else None


def _in_binary(header: bytes) -> tuple[IPv4Address | IPv6Address, int] | None:
    """Version 2, command PROXY, TCP over IPv4 or IPv6; both addresses, then both ports."""
    size = {0x11: 4, 0x21: 16}.get(header[13])
    if header[12] != 0x21 or size is None or len(header) < 16 + 2 * size + 4:
        return None
    port = int.from_bytes(header[16 + 2 * size : 18 + 2 * size], "big")
    return ip_address(header[16 : 16 + size]), port
