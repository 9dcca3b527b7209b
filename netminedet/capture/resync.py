"""Where reading can go on after a damaged record: the next place that looks like records.

This is a kernel: compiled by Cython, or run as it stands.  It is used only once damage was
met, and never for a sound file.

No single header is believed, as any bytes may look like one: a *chain* is, of records that
each end where the next begins.  How long it must be depends on how likely it is by itself.
The search looks at each byte once, and from it at ``_FAR_CHAIN`` headers at most, which lie
within ``LOOK`` bytes: time is linear in the size of the file, whatever is in it.
"""

# mypy: allow-untyped-decorators, no-warn-return-any

from __future__ import annotations

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython

#: Bytes behind a place that are wanted before it is judged, unless the input ends before.
LOOK = 1 << 18
_LOOK = cython.declare(cython.Py_ssize_t, LOOK)

#: Seconds that may lie between a record and the one before it in a chain.
_NEAR_S = cython.declare(cython.longlong, 86_400)
#: Records of a chain that begins near the time of the last good one; and of any other.  The
#: latter keeps a capture inside a packet of a capture from being read as a part of it.
_NEAR_CHAIN = cython.declare(cython.int, 4)
_FAR_CHAIN = cython.declare(cython.int, 16)
#: Records of a chain whose next one is out of sight, as records of 100 KiB may be.
_LONG_CHAIN = cython.declare(cython.int, 2)
#: Longest packet on a wire that is believed here, in bytes.
_WIRE_LIMIT = cython.declare(cython.longlong, 1 << 24)

#: Blocks of a pcapng chain: each has its length at both ends.
_BLOCK_CHAIN = cython.declare(cython.int, 3)
_SECTION_HEADER = cython.declare(cython.longlong, 0x0A0D0D0A)
_BYTE_ORDER_MARK = cython.declare(cython.longlong, 0x1A2B3C4D)
_ENHANCED_PACKET = cython.declare(cython.longlong, 6)
_CUSTOM = cython.declare(cython.longlong, 0xBAD)
_CUSTOM_NOT_COPIED = cython.declare(cython.longlong, 0x40000BAD)
#: Apple's process information, which its tcpdump writes between packets
_PROCESS_INFORMATION = cython.declare(cython.longlong, 0x80000001)

# The first four bytes of a pcap file, read as little-endian.
_MICRO = cython.declare(cython.longlong, 0xA1B2C3D4)
_MICRO_BIG = cython.declare(cython.longlong, 0xD4C3B2A1)
_NANO = cython.declare(cython.longlong, 0xA1B23C4D)
_NANO_BIG = cython.declare(cython.longlong, 0x4D3CB2A1)
_MODIFIED = cython.declare(cython.longlong, 0xA1B2CD34)
_MODIFIED_BIG = cython.declare(cython.longlong, 0x34CDB2A1)


@cython.cfunc
@cython.inline
@cython.nogil
def _u32(data: cython.uchar[::1], at: cython.Py_ssize_t, big: cython.bint) -> cython.longlong:
    """The 32-bit number at ``at``, in either byte order."""
    a: cython.longlong = data[at]
    b: cython.longlong = data[at + 1]
    c: cython.longlong = data[at + 2]
    d: cython.longlong = data[at + 3]
    if big:
        return a << 24 | b << 16 | c << 8 | d
    return d << 24 | c << 16 | b << 8 | a


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _is_file_header(data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.bint:
    """Whether a pcap file header is at ``at``: its magic, version 2.4, and the two fields that are 0."""
    if end - at < 24:
        return False
    magic: cython.longlong = _u32(data, at, False)
    version: cython.longlong
    if magic in (_MICRO, _NANO, _MODIFIED):
        version = _u32(data, at + 4, False)
    elif magic in (_MICRO_BIG, _NANO_BIG, _MODIFIED_BIG):
        version = _u32(data, at + 4, True)
        version = (version & 0xFFFF) << 16 | version >> 16
    else:
        return False
    return version == 0x00040002 and _u32(data, at + 8, False) == 0 and _u32(data, at + 12, False) == 0


@cython.cclass
class PcapSearch:
    """Looks for records of one pcap file.

    ``record_header`` and ``longest`` are in bytes, ``fraction_limit`` is how many units of a
    time's fraction make a second.
    """

    big: cython.bint
    fraction_limit: cython.longlong
    record_header: cython.Py_ssize_t
    longest: cython.longlong

    def __init__(self, big: bool, fraction_limit: int, record_header: int, longest: int) -> None:
        self.big = big
        self.fraction_limit = fraction_limit
        self.record_header = record_header
        self.longest = longest

    def find(
        self,
        data: cython.uchar[::1],
        start: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        final: cython.bint,
        last_s: cython.longlong,
    ) -> int:
        """Where in ``data[start:end]`` records begin again, or else ``~at``: there are none before ``at``.

        ``final`` says that nothing comes behind ``end``; ``last_s`` is the time of the last good
        record in seconds since 1970.
        """
        at: cython.Py_ssize_t = start
        stop: cython.Py_ssize_t = end if final else end - _LOOK
        with cython.nogil:
            while at < stop:
                if self._chain(data, at, end, final, last_s) or _is_file_header(data, at, end):
                    break
                at += 1
        return at if at < stop else ~max(at, start)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _chain(
        self,
        data: cython.uchar[::1],
        at: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        final: cython.bint,
        last_s: cython.longlong,
    ) -> cython.bint:
        """Whether records that begin at ``at`` follow each other."""
        number: cython.int = 0
        required: cython.int = _FAR_CHAIN
        least: cython.int = _NEAR_CHAIN
        seconds: cython.longlong
        before: cython.longlong = 0
        length: cython.longlong
        wire: cython.longlong
        while number < required:
            if at == end and final:
                # That they end with the file is worth as much as further records.
                return number >= (1 if required == _NEAR_CHAIN else least)
            if end - at < self.record_header:
                return number >= least
            if number and _is_file_header(data, at, end):
                return True
            length = _u32(data, at + 8, self.big)
            if length == 0 or length > self.longest:
                return False
            wire = _u32(data, at + 12, self.big)
            if wire < length or wire > _WIRE_LIMIT:
                return False
            if _u32(data, at + 4, self.big) >= self.fraction_limit:
                return False
            seconds = _u32(data, at, self.big)
            if number == 0:
                if -_NEAR_S <= seconds - last_s <= _NEAR_S:
                    required = _NEAR_CHAIN
                    least = _LONG_CHAIN
            elif not -_NEAR_S <= seconds - before <= _NEAR_S:
                return False
            before = seconds
            at += self.record_header + length
            number += 1
        return True


@cython.cclass
class PcapngSearch:
    """Looks for blocks of a pcapng file; ``longest`` is in bytes."""

    longest: cython.longlong

    def __init__(self, longest: int) -> None:
        self.longest = longest

    def find(
        self,
        data: cython.uchar[::1],
        start: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        final: cython.bint,
        big: cython.bint,
    ) -> int:
        """Where in ``data[start:end]`` blocks begin again, or else ``~at``: there are none before ``at``.

        ``final`` says that nothing comes behind ``end``; ``big`` is the byte order of the section.
        """
        at: cython.Py_ssize_t = start
        stop: cython.Py_ssize_t = end if final else end - _LOOK
        with cython.nogil:
            while at < stop:
                if self._chain(data, at, end, final, big):
                    break
                at += 1
        return at if at < stop else ~max(at, start)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _chain(
        self,
        data: cython.uchar[::1],
        at: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        final: cython.bint,
        big: cython.bint,
    ) -> cython.bint:
        """Whether blocks that begin at ``at`` follow each other."""
        number: cython.int = 0
        kind: cython.longlong
        length: cython.longlong
        while number < _BLOCK_CHAIN:
            if at == end and final:
                return number > 0
            if end - at < 12:
                return number >= _LONG_CHAIN
            kind = _u32(data, at, big)
            if kind == _SECTION_HEADER:
                return self._section(data, at, end)
            if not (1 <= kind <= 10 or kind in (_CUSTOM, _CUSTOM_NOT_COPIED) or kind == _PROCESS_INFORMATION):
                return False
            length = _u32(data, at + 4, big)
            if length < 12 or length & 3 or length > self.longest:
                return False
            if length > end - at:
                return number >= _LONG_CHAIN
            if _u32(data, at + length - 4, big) != length:
                return False
            if kind == _ENHANCED_PACKET and (length < 32 or _u32(data, at + 20, big) > length - 32):
                return False
            at += length
            number += 1
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _section(self, data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.bint:
        """Whether a whole section header is at ``at``, in either byte order."""
        if end - at < 28:
            return False
        big: cython.bint = _u32(data, at + 8, True) == _BYTE_ORDER_MARK
        if not big and _u32(data, at + 8, False) != _BYTE_ORDER_MARK:
            return False
        length: cython.longlong = _u32(data, at + 4, big)
        if length < 28 or length & 3 or length > self.longest or length > end - at:
            return False
        return _u32(data, at + length - 4, big) == length
