# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: what the client of a WebSocket says, unmasked, so that literals can be looked for in it.

The key stands in each frame (RFC 6455 section 5.3), so nothing else of the connection need be seen:
neither its opening nor what the server says.
"""

from __future__ import annotations

from netminedet.sieve import columns as layout

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython

MASKED_SIZE = cython.declare(cython.Py_ssize_t, layout.MASKED_SIZE)


def unmask(
    data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t, plain: cython.uchar[::1]
) -> cython.Py_ssize_t:
    """Bytes of the text that is put into ``plain``; 0 where no whole, masked frame stands at ``at``."""
    length: cython.Py_ssize_t
    i: cython.Py_ssize_t
    if end - at < 7 or data[at + 1] < 0x80:
        return 0
    length = data[at + 1] & 0x7F
    at += 2
    if length == 126:
        length = (data[at] << 8) | data[at + 1]
        at += 2
    elif length == 127:  # 65,536 bytes at least
        return 0
    if length > MASKED_SIZE or at + 4 + length > end:
        return 0
    for i in range(length):
        plain[i] = data[at + 4 + i] ^ data[at + (i & 3)]
    return length
