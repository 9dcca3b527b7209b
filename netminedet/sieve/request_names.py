# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: the hosts that requests name: of HTTP, also to a proxy, and of SOCKS."""

from __future__ import annotations

from netminedet.sieve import columns as layout

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if not cython.compiled:  # the compiler has this name from the .pxd file
    from netminedet.sieve.listed import NameSet

MATCH_NONE = cython.declare(cython.int, layout.MATCH_NONE)
MATCH_NAME = cython.declare(cython.int, layout.MATCH_NAME)
MATCH_TUNNEL = cython.declare(cython.int, layout.MATCH_TUNNEL)
NAME_SIZE = cython.declare(cython.Py_ssize_t, layout.NAME_SIZE)
#: How far into an HTTP request the Host header is looked for, in bytes.
HTTP_HEAD = cython.declare(cython.Py_ssize_t, 4096)


@cython.final
@cython.cclass
class RequestNames:
    """Each says whether a request names a host of the set."""

    # compiled, the attributes' types stand in request_names.pxd
    def __init__(self, names: NameSet) -> None:
        self.names = names

    def http(self, data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """The target of the request line, and the Host header (RFC 9112 section 3.2)."""
        limit: cython.Py_ssize_t = end if end - at < HTTP_HEAD else at + HTTP_HEAD
        if self._target(data, at, limit) == MATCH_NAME:
            return MATCH_NAME
        while at + 7 < limit:
            if data[at] == 0x0A:
                if data[at + 1] == 0x0D or data[at + 1] == 0x0A:
                    return MATCH_NONE  # end of the headers
                if (
                    data[at + 1] | 0x20 == 0x68
                    and data[at + 2] | 0x20 == 0x6F
                    and data[at + 3] | 0x20 == 0x73
                    and data[at + 4] | 0x20 == 0x74
                    and data[at + 5] == 0x3A
                ):
                    return self._host(data, at + 6, limit)
            at += 1
        return MATCH_NONE

    def _target(self, data: cython.uchar[::1], at: cython.Py_ssize_t, limit: cython.Py_ssize_t) -> cython.int:
        """A request target that names a host: of CONNECT, or an absolute one as proxies get it."""
        is_connect: cython.bint = data[at] == 0x43
        while at < limit and data[at] != 0x20:
            at += 1
        at += 1
        if is_connect:
            return self._host(data, at, limit)
        if at + 7 < limit and data[at] == 0x68 and data[at + 5] == 0x2F and data[at + 6] == 0x2F:
            return self._host(data, at + 7, limit)
        return MATCH_NONE

    def _host(self, data: cython.uchar[::1], at: cython.Py_ssize_t, limit: cython.Py_ssize_t) -> cython.int:
        used: cython.Py_ssize_t = 0
        byte: cython.int
        while at < limit and (data[at] == 0x20 or data[at] == 0x09):
            at += 1
        while at < limit and used < NAME_SIZE:
            byte = data[at]
            if byte <= 0x20 or byte == 0x3A or byte == 0x2F:  # a space, a line's end, ":" or "/"
                break
            self.names.put(used, byte)
            used += 1
            at += 1
        if used and self.names.name[used - 1] == 0x2E:
            used -= 1
        return self.names.listed(used)

    def socks(self, data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """A request to be connected: SOCKS 4 and 4A; 5, with what precedes the request or without."""
        i: cython.Py_ssize_t
        if data[at] == 4:
            if at + 9 > end or data[at + 1] != 1:
                return MATCH_NONE
            if data[at + 4] or data[at + 5] or data[at + 6] or not data[at + 7]:
                return MATCH_NONE if data[end - 1] else MATCH_TUNNEL  # to an address
            at += 8
            while at < end and data[at]:  # the user's name
                at += 1
            for i in range(at + 1, end):
                if data[i] == 0:
                    return self._plain(data, at + 1, i)
            return MATCH_NONE
        if at + 7 < end and data[at + 1] == 1 and data[at + 2] == 0 and data[at + 3] != 5:
            return self._socks5(data, at, end)
        at += 2 + data[at + 1]  # the greeting and its methods
        if at < end and data[at] == 1:  # a password (RFC 1929 section 2)
            at += 2 + (data[at + 1] if at + 1 < end else 0)
            at += 1 + (data[at] if at < end else 0)
        return self._socks5(data, at, end)

    def _socks5(self, data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """The request itself (RFC 1928 section 4)."""
        if at + 7 > end or data[at] != 5 or data[at + 1] != 1 or data[at + 2]:
            return MATCH_NONE
        if data[at + 3] == 1:
            return MATCH_TUNNEL if at + 10 == end else MATCH_NONE
        if data[at + 3] == 4:
            return MATCH_TUNNEL if at + 22 == end else MATCH_NONE
        if data[at + 3] != 3 or at + 7 + data[at + 4] > end:
            return MATCH_NONE
        return self._plain(data, at + 5, at + 5 + data[at + 4])

    def _plain(self, data: cython.uchar[::1], at: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> cython.int:
        """The name ``data[at:stop]``, perhaps with its final dot."""
        i: cython.Py_ssize_t
        if stop > at and data[stop - 1] == 0x2E:
            stop -= 1
        if stop - at > NAME_SIZE:
            return MATCH_NONE
        for i in range(stop - at):
            self.names.put(i, data[at + i])
        return MATCH_NAME if self.names.listed(stop - at) == MATCH_NAME else MATCH_TUNNEL
