"""The PROXY protocol header that a load balancer puts before the client's first byte.

https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, sections 2.1 (text) and 2.2 (binary).
"""

from __future__ import annotations

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
