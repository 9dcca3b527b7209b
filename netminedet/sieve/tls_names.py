# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: the names in TLS handshakes: the server name of a ClientHello, and a certificate's."""

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
MATCH_BARE_TLS = cython.declare(cython.int, layout.MATCH_BARE_TLS)
NAME_SIZE = cython.declare(cython.Py_ssize_t, layout.NAME_SIZE)


@cython.final
@cython.cclass
class TlsNames:
    """Each says whether a name of the set is there."""

    # compiled, the attributes' types stand in tls_names.pxd
    def __init__(self, names: NameSet) -> None:
        self.names = names
        # behind the length that was read last
        self.der_at = 0

    def server_name(
        self, data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.int:
        """The server_name extension (RFC 6066 section 3) of the ClientHello in a TLS record."""
        stop: cython.Py_ssize_t
        kind: cython.int
        size: cython.Py_ssize_t
        i: cython.Py_ssize_t
        at += 5 + 4 + 2 + 32  # record header, handshake header, version, random
        if at >= end:
            return MATCH_NONE
        at += 1 + data[at]  # session id
        if at + 2 > end:
            return MATCH_NONE
        at += 2 + ((data[at] << 8) | data[at + 1])  # cipher suites
        if at >= end:
            return MATCH_NONE
        at += 1 + data[at]  # compression methods
        if at + 2 > end:
            return MATCH_BARE_TLS if at == end else MATCH_NONE  # extensions may be missing
        stop = at + 2 + ((data[at] << 8) | data[at + 1])
        at += 2
        while at + 4 <= stop:
            if at + 4 > end:
                return MATCH_NONE
            kind = (data[at] << 8) | data[at + 1]
            size = (data[at + 2] << 8) | data[at + 3]
            at += 4
            if kind == 0:
                size -= 5
                if size <= 0 or size > NAME_SIZE or at + 5 + size > end:
                    return MATCH_NONE
                for i in range(size):
                    self.names.put(i, data[at + 5 + i])
                return self.names.listed(size)
            at += size
        return MATCH_BARE_TLS

    def certified(self, data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """What of a certificate stands behind commonName (2.5.4.3) and subjectAltName (2.5.29.17).

        The structure is not walked: whatever looks like one of them is tried.
        """
        byte: cython.int
        while at + 9 < end:
            byte = data[at + 2]
            if byte != 0x55:
                at += 1 if byte == 0x03 else 2 if byte == 0x06 else 3  # it may be in the next one
                continue
            if data[at] == 0x06 and data[at + 1] == 0x03:
                if data[at + 3] == 0x1D and data[at + 4] == 0x11:
                    if self._alternatives(data, at + 5, end):
                        return MATCH_NAME
                elif (
                    data[at + 3] == 0x04
                    and data[at + 4] == 0x03
                    and at + 7 + data[at + 6] <= end
                    and self._certified_name(data, at + 7, data[at + 6])
                ):
                    return MATCH_NAME
            at += 3
        return MATCH_NONE

    def _alternatives(
        self, data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.int:
        """The dNSNames of a subjectAltName (RFC 5280 section 4.2.1.6)."""
        size: cython.Py_ssize_t
        kind: cython.int
        _i: cython.int
        if data[at] == 0x01:
            at += 3  # critical
        for _i in range(2):  # the OCTET STRING and the SEQUENCE in it
            size = self._der_length(data, at + 1, end)
            if size < 0:
                return MATCH_NONE
            at = self.der_at
            if at + size < end:
                end = at + size
        while at + 2 < end:
            kind = data[at]
            size = self._der_length(data, at + 1, end)
            at = self.der_at
            if size < 0 or at + size > end:
                return MATCH_NONE
            if kind == 0x82 and self._certified_name(data, at, size):
                return MATCH_NAME
            at += size
        return MATCH_NONE

    def _certified_name(
        self, data: cython.uchar[::1], at: cython.Py_ssize_t, size: cython.Py_ssize_t
    ) -> cython.int:
        """Try a name; of one with a wildcard, "*." before it, the domain below is found too."""
        i: cython.Py_ssize_t
        if size > NAME_SIZE:
            return MATCH_NONE
        for i in range(size):
            self.names.put(i, data[at + i])
        return self.names.listed(size)

    def _der_length(
        self, data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """A length in DER of at most two bytes (X.690 section 8.1.3), or -1; sets ``der_at`` behind it."""
        self.der_at = at + 1
        if at >= end:
            return -1
        if data[at] < 0x80:
            return data[at]
        if data[at] == 0x81 and at + 1 < end:
            self.der_at = at + 2
            return data[at + 1]
        if data[at] == 0x82 and at + 2 < end:
            self.der_at = at + 3
            return (data[at + 1] << 8) | data[at + 2]
        return -1
