# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: the names that a DNS message asks for, and those that they are aliases of."""

from __future__ import annotations

from array import array
from typing import Any

from netminedet.sieve import columns as layout

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if not cython.compiled:  # the compiler has this name from the .pxd file
    from netminedet.sieve.listed import NameSet

MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
HASH_START = cython.declare(cython.ulonglong, layout.HASH_START)
HASH_STEP = cython.declare(cython.ulonglong, layout.HASH_STEP)
MATCH_NONE = cython.declare(cython.int, layout.MATCH_NONE)
MATCH_NAME = cython.declare(cython.int, layout.MATCH_NAME)
NAME_SIZE = cython.declare(cython.Py_ssize_t, layout.NAME_SIZE)
MATCH_ABOVE = cython.declare(cython.int, layout.MATCH_ABOVE)
#: Labels of a name in a DNS message: 255 bytes (RFC 1035 section 2.3.4) have room for no more.
MOST_LABELS = cython.declare(cython.Py_ssize_t, 127)
#: Records of a DNS answer among which aliases are looked for, and compression pointers followed in
#: one name.
ALIAS_RECORDS = cython.declare(cython.Py_ssize_t, 32)
ALIAS_HOPS = cython.declare(cython.Py_ssize_t, 16)


@cython.final
@cython.cclass
class DnsNames:
    """``look`` says whether a message holds a name of the set."""

    # compiled, the attributes' types stand in dns_names.pxd
    def __init__(self, names: NameSet) -> None:
        self.names = names
        # where the labels of a question stand
        self.label_at: Any = array("I", bytes(4 * MOST_LABELS))

    def look(self, data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """The first question's name (RFC 1035 section 4.1.2), and what it is an alias of."""
        first: cython.Py_ssize_t = at
        labels: cython.Py_ssize_t = 0
        label: cython.Py_ssize_t
        if end - at < 17 or (data[at + 4] == 0 and data[at + 5] == 0):
            return MATCH_NONE
        at += 12
        while at < end:
            label = data[at]
            if label == 0:
                if self._asked(data, labels) == MATCH_NAME:
                    return MATCH_NAME
                if data[first + 2] & 0x80:
                    return self._aliases(data, first, at + 5, end)
                return MATCH_NONE
            if label > 63 or at + 1 + label > end or labels == MOST_LABELS:
                return MATCH_NONE
            self.label_at[labels] = at
            labels += 1
            at += 1 + label
        return MATCH_NONE

    def _asked(self, data: cython.uchar[::1], labels: cython.Py_ssize_t) -> cython.int:
        """As ``NameSet.listed``, of the labels at ``label_at``, where they stand in the packet."""
        value: cython.ulonglong = HASH_START
        start: cython.Py_ssize_t
        i: cython.Py_ssize_t
        byte: cython.int
        found: cython.int
        while labels > 0:
            labels -= 1
            start = self.label_at[labels]
            i = start + data[start]
            while i > start:
                byte = data[i]
                if 0x41 <= byte <= 0x5A:
                    byte += 0x20
                value = ((value ^ byte) * HASH_STEP) & MASK
                i -= 1
            found = self.names.probe(value)
            if found != MATCH_ABOVE:
                return found
            if labels:
                value = ((value ^ 0x2E) * HASH_STEP) & MASK
        return self.names.watched(value) if value != HASH_START else MATCH_NONE

    def _aliases(
        self, data: cython.uchar[::1], first: cython.Py_ssize_t, at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.int:
        """What the CNAME records of an answer point to (RFC 1035 sections 3.3.1 and 4.1.3).

        Where the name asked for has an address of its own it is no alias (RFC 1034 section 3.6.2):
        most answers end with a look at their first record.
        """
        count: cython.Py_ssize_t = (data[first + 6] << 8) | data[first + 7]
        byte: cython.int
        kind: cython.int
        _i: cython.Py_ssize_t
        if count > ALIAS_RECORDS:
            count = ALIAS_RECORDS
        for _i in range(count):
            while at < end and 0 < data[at] < 64:
                at += 1 + data[at]
            if at >= end:
                return MATCH_NONE
            byte = data[at]
            at += 2 if byte >= 0xC0 else 1
            if (byte and byte < 0xC0) or at + 10 > end:
                return MATCH_NONE
            kind = (data[at] << 8) | data[at + 1]
            if (kind == 1 or kind == 28) and byte == 0xC0 and data[at - 1] == 12:
                return MATCH_NONE
            if kind == 5 and self._alias(data, first, at + 10, end):
                return MATCH_NAME
            at += 10 + ((data[at + 8] << 8) | data[at + 9])
        return MATCH_NONE

    def _alias(
        self, data: cython.uchar[::1], first: cython.Py_ssize_t, at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.int:
        """A name that may be compressed (RFC 1035 section 4.1.4)."""
        used: cython.Py_ssize_t = 0
        hops: cython.Py_ssize_t = 0
        label: cython.Py_ssize_t
        i: cython.Py_ssize_t
        while at < end:
            label = data[at]
            if label == 0:
                return self.names.listed(used)
            if label >= 0xC0:
                hops += 1
                if at + 2 > end or hops > ALIAS_HOPS:
                    return MATCH_NONE
                at = first + (((label & 0x3F) << 8) | data[at + 1])
                continue
            if label > 63 or at + 1 + label > end or used + label + 1 > NAME_SIZE:
                return MATCH_NONE
            if used:
                self.names.name[used] = 0x2E
                used += 1
            for i in range(label):
                self.names.put(used + i, data[at + 1 + i])
            used += label
            at += 1 + label
        return MATCH_NONE
