"""The walk over capture records: from bytes in a buffer to the columns of a batch.

This is a kernel: compiled by Cython, or run as it stands.  It knows packets and
nothing else.  Everything rare (file headers, section headers, interface
descriptions, unknown blocks, the wording of complaints) is left to ``pcap`` and
``pcapng``, which get control back with the reason why a walk stopped: one of the
numbers of ``reader.Stop``.

Nothing is allocated per packet.  Every length is checked before it is used: the
compiler's bounds checks are a second line of defence, not the first.
"""

# mypy: allow-untyped-decorators, no-warn-return-any

from __future__ import annotations

from array import array

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython

from netminedet.model import Batch

# reader.Stop, as C knows it.
_FULL = cython.declare(cython.int, 0)
_MORE = cython.declare(cython.int, 1)
_DAMAGED = cython.declare(cython.int, 2)
_OTHER = cython.declare(cython.int, 3)

# The first four bytes of a pcap file, read as little-endian.
_MICRO = cython.declare(cython.longlong, 0xA1B2C3D4)
_MICRO_BIG = cython.declare(cython.longlong, 0xD4C3B2A1)
_NANO = cython.declare(cython.longlong, 0xA1B23C4D)
_NANO_BIG = cython.declare(cython.longlong, 0x4D3CB2A1)
_MODIFIED = cython.declare(cython.longlong, 0xA1B2CD34)
_MODIFIED_BIG = cython.declare(cython.longlong, 0x34CDB2A1)

_INT64_MAX = cython.declare(cython.longlong, 0x7FFFFFFFFFFFFFFF)
_INT64_MIN = cython.declare(cython.longlong, -_INT64_MAX - 1)
_LOW32 = cython.declare(cython.ulonglong, 0xFFFFFFFF)
_SECOND = cython.declare(cython.ulonglong, 1_000_000_000)
#: int64 nanoseconds reach this many whole seconds from 1970 either way
_WHOLE_SECONDS = cython.declare(cython.longlong, 9_223_372_036)

# Block types of pcapng that hold a packet.
_OBSOLETE_PACKET = cython.declare(cython.longlong, 2)
_SIMPLE_PACKET = cython.declare(cython.longlong, 3)
_ENHANCED_PACKET = cython.declare(cython.longlong, 6)

# The columns of a row of the interface table.
_LINKTYPE = cython.declare(cython.Py_ssize_t, 0)
_SNAPLEN = cython.declare(cython.Py_ssize_t, 1)
_RESOLUTION = cython.declare(cython.Py_ssize_t, 2)
_OFFSET_S = cython.declare(cython.Py_ssize_t, 3)
_TICK_NS = cython.declare(cython.Py_ssize_t, 4)
_TICKS_LIMIT = cython.declare(cython.Py_ssize_t, 5)
_OFFSET_NS = cython.declare(cython.Py_ssize_t, 6)
_ROW = cython.declare(cython.Py_ssize_t, 7)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-1, check=False)
def _u32(data: cython.uchar[::1], at: cython.Py_ssize_t, big: cython.bint) -> cython.longlong:
    """The 32-bit number at ``at``, in either byte order.

    With one check of bounds for its four bytes: only then does the compiler make one load of them.
    """
    if cython.compiled:
        if at < 0 or at + 4 > data.shape[0]:
            return data[at + 3]  # raises IndexError, as any access out of bounds does
        first: cython.p_uchar = cython.address(data[at])
        a: cython.longlong = first[0]
        b: cython.longlong = first[1]
        c: cython.longlong = first[2]
        d: cython.longlong = first[3]
    else:
        a, b, c, d = data[at], data[at + 1], data[at + 2], data[at + 3]
    if big:
        return a << 24 | b << 16 | c << 8 | d
    return d << 24 | c << 16 | b << 8 | a


@cython.cfunc
@cython.inline
@cython.nogil
def _u16(data: cython.uchar[::1], at: cython.Py_ssize_t, big: cython.bint) -> cython.longlong:
    """The 16-bit number at ``at``, in either byte order."""
    a: cython.longlong = data[at]
    b: cython.longlong = data[at + 1]
    if big:
        return a << 8 | b
    return b << 8 | a


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _begins_file(data: cython.uchar[::1], at: cython.Py_ssize_t) -> cython.bint:
    """Whether the 16 bytes at ``at``, of a record without data, are rather those of a file header.

    Its time zone and accuracy, which are 0, stand where a record has its lengths.
    """
    magic: cython.longlong = _u32(data, at, False)
    return _u32(data, at + 12, False) == 0 and (
        magic in (_MICRO, _NANO, _MODIFIED) or magic in (_MICRO_BIG, _NANO_BIG, _MODIFIED_BIG)
    )


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-1, check=False)
def _is_zero(data: cython.uchar[::1], at: cython.Py_ssize_t) -> cython.bint:
    """Whether the 16 bytes at ``at`` are zeros: room that a crashed machine or a disk left unwritten.

    As a record they were a packet of 1970 without a byte on the wire.
    """
    return (
        _u32(data, at, False) == 0 and _u32(data, at + 4, False) == 0
        and _u32(data, at + 8, False) == 0 and _u32(data, at + 12, False) == 0
    )  # fmt: skip


@cython.cfunc
@cython.nogil
def _long_way(
    ticks: cython.ulonglong, resolution: cython.longlong, offset_s: cython.longlong
) -> cython.longlong:
    """Ticks of any resolution as nanoseconds since 1970, rounded down, clamped into int64."""
    seconds: cython.ulonglong = 0
    nanos: cython.ulonglong = 0
    low: cython.ulonglong
    high: cython.ulonglong
    power: cython.ulonglong = 1
    total: cython.longlong
    before: cython.ulonglong
    n: cython.longlong = resolution & 0x7F
    if resolution & 0x80:
        if n < 64:
            seconds = ticks >> n
            ticks -= seconds << n
        # ticks * 10**9 / 2**n: that product has up to 94 bits, so it is kept in two words.
        low = (ticks & _LOW32) * _SECOND
        high = (ticks >> 32) * _SECOND + (low >> 32)
        if n < 32:
            nanos = low >> n
        elif n < 96:
            nanos = high >> (n - 32)
    elif n <= 28:  # 10**28 ticks a second: even 2**64 of them are less than 2 ns
        for _ in range(n if n <= 9 else n - 9):
            power *= 10
        seconds = ticks // power
        if n <= 9:
            nanos = (ticks - seconds * power) * (_SECOND // power)
        else:
            nanos = seconds % _SECOND
            seconds //= _SECOND
    if offset_s >= 0:
        if seconds >= _WHOLE_SECONDS or offset_s >= _WHOLE_SECONDS - seconds:
            return _INT64_MAX
        total = seconds + offset_s
    else:
        before = -(offset_s + 1)  # the least int64 has no positive counterpart
        if seconds > before:
            seconds -= before + 1
            if seconds >= _WHOLE_SECONDS:
                return _INT64_MAX
            total = seconds
        else:
            before -= seconds
            if before >= _WHOLE_SECONDS:
                return _INT64_MIN
            total = -1 - cython.cast(cython.longlong, before)
    ns: cython.longlong = nanos
    return total * 1_000_000_000 + ns


@cython.cclass
class Walk:
    """Where a walk stopped, and sums over all walks through one input."""

    #: the first byte that was not consumed
    position = cython.declare(cython.Py_ssize_t, visibility="public")
    #: bytes of the record at ``position``, as far as that can be told
    needed = cython.declare(cython.longlong, visibility="public")
    #: captured bytes of the packets so far
    captured = cython.declare(cython.longlong, visibility="public")
    #: extremes of their times; ``earliest > latest`` when none had a time
    earliest = cython.declare(cython.longlong, visibility="public")
    latest = cython.declare(cython.longlong, visibility="public")

    def __init__(self) -> None:
        self.position = 0
        self.needed = 0
        self.captured = 0
        self.earliest = _INT64_MAX
        self.latest = _INT64_MIN


@cython.cclass
class PcapWalk(Walk):
    """Walks the records of one pcap file, or of several that were put one behind the other."""

    big: cython.bint
    fraction_ns: cython.longlong
    record_header: cython.longlong
    longest: cython.longlong
    link: cython.uint

    #: time of the packet before
    last_time = cython.declare(cython.longlong, visibility="public")

    def __init__(self, big: bool, fraction_ns: int, record_header: int, longest: int, link: int) -> None:
        Walk.__init__(self)
        self.last_time = 0
        self.begin_file(big, fraction_ns, record_header, longest, link)

    def begin_file(self, big: bool, fraction_ns: int, record_header: int, longest: int, link: int) -> None:
        """Take records as the header of a file says that they are.

        ``record_header`` is 16 bytes, or 24 in the modified format; ``fraction_ns`` is what one
        unit of the fraction of a second is worth; a captured length above ``longest`` is damage.
        """
        self.big = big
        self.fraction_ns = fraction_ns
        self.record_header = record_header
        self.longest = longest
        self.link = link

    def walk(self, batch: Batch, start: cython.Py_ssize_t, end: cython.Py_ssize_t) -> int:
        """Append the packets in ``batch.data[start:end]`` to the batch; return a ``Stop`` number."""
        data: cython.uchar[::1] = batch.data
        offset: cython.uint[::1] = batch.offset
        caplen: cython.uint[::1] = batch.caplen
        wirelen: cython.uint[::1] = batch.wirelen
        time_ns: cython.longlong[::1] = batch.time_ns
        linktype: cython.uint[::1] = batch.linktype
        count: cython.Py_ssize_t = batch.count
        capacity: cython.Py_ssize_t = batch.capacity
        big: cython.bint = self.big
        fraction_ns: cython.longlong = self.fraction_ns
        header: cython.longlong = self.record_header
        longest: cython.longlong = self.longest
        link: cython.uint = self.link
        at: cython.Py_ssize_t = start
        needed: cython.longlong = header
        captured: cython.longlong = self.captured
        earliest: cython.longlong = self.earliest
        latest: cython.longlong = self.latest
        length: cython.longlong
        time: cython.longlong = self.last_time
        stop: cython.int = _FULL
        with cython.nogil:
            while count < capacity:
                needed = header
                if end - at < needed:
                    stop = _MORE
                    break
                length = _u32(data, at + 8, big)
                if length > longest:
                    stop = _DAMAGED
                    break
                if length == 0:
                    if _begins_file(data, at):
                        stop = _OTHER
                        break
                    if _is_zero(data, at):
                        stop = _DAMAGED
                        break
                needed = header + length
                if end - at < needed:
                    stop = _MORE
                    break
                # At most 2**32 seconds and 2**32 µs: int64 has room for that.
                time = _u32(data, at, big) * 1_000_000_000 + _u32(data, at + 4, big) * fraction_ns
                offset[count] = at + header
                caplen[count] = length
                wirelen[count] = _u32(data, at + 12, big)
                time_ns[count] = time
                linktype[count] = link
                earliest = min(earliest, time)
                latest = max(latest, time)
                captured += length
                at += needed
                count += 1
        batch.count = count
        self.position = at
        self.needed = needed
        self.captured = captured
        self.earliest = earliest
        self.latest = latest
        self.last_time = time
        return stop


@cython.cclass
class PcapngWalk(Walk):
    """Walks the packet blocks of one pcapng section; the section's interfaces are told to it.

    A block whose framing is sound and whose inside is not counts as ``malformed`` and is
    passed over, as is one whose interface is ``undeclared``: the next block can be trusted.
    """

    big: cython.bint
    longest: cython.longlong
    interfaces = cython.declare(cython.Py_ssize_t, visibility="public")
    #: packet blocks passed over, and packets without a time, so far
    undeclared = cython.declare(cython.longlong, visibility="public")
    malformed = cython.declare(cython.longlong, visibility="public")
    timeless = cython.declare(cython.longlong, visibility="public")
    #: time of the packet before, which a simple packet block gets as it has none
    last_time = cython.declare(cython.longlong, visibility="public")
    _table: cython.longlong[::1]

    def __init__(self, longest: int) -> None:
        Walk.__init__(self)
        self.longest = longest
        self.undeclared = 0
        self.malformed = 0
        self.timeless = 0
        self.last_time = 0
        self.begin_section(False)

    def begin_section(self, big: bool) -> None:
        """Forget all interfaces; take numbers in the byte order of the new section."""
        self.big = big
        self.interfaces = 0
        self._table = array("q", bytes(8 * 8 * _ROW))

    def add_interface(self, linktype: int, snaplen: int, resolution: int, offset_s: int) -> None:
        """Declare the next interface, its fields as they stand in the file.

        ``snaplen`` is in bytes, 0 for no limit; ``resolution`` is the byte of if_tsresol;
        ``offset_s`` the seconds of if_tsoffset, an int64.
        """
        row: cython.Py_ssize_t = self.interfaces * _ROW
        if row == len(self._table):
            self._table = array("q", bytes(memoryview(self._table)) * 2)
        tick_ns = ticks_limit = offset_ns = 0
        # The short way is a multiplication: whole nanoseconds, offsets of at most 136 years.
        # Without it the limit of 0 sends every time the long way.
        if resolution <= 9 and abs(offset_s) < 1 << 32:
            tick_ns = 10 ** (9 - resolution)
            offset_ns = offset_s * 1_000_000_000
            ticks_limit = (0x7FFFFFFFFFFFFFFF - max(offset_ns, 0)) // tick_ns
        self._table[row + _LINKTYPE] = linktype
        self._table[row + _SNAPLEN] = snaplen
        self._table[row + _RESOLUTION] = resolution
        self._table[row + _OFFSET_S] = offset_s
        self._table[row + _TICK_NS] = tick_ns
        self._table[row + _TICKS_LIMIT] = ticks_limit
        self._table[row + _OFFSET_NS] = offset_ns
        self.interfaces += 1

    def walk(self, batch: Batch, start: cython.Py_ssize_t, end: cython.Py_ssize_t) -> int:
        """Append the packets in ``batch.data[start:end]`` to the batch; return a ``Stop`` number."""
        data: cython.uchar[::1] = batch.data
        offset: cython.uint[::1] = batch.offset
        caplen: cython.uint[::1] = batch.caplen
        wirelen: cython.uint[::1] = batch.wirelen
        time_ns: cython.longlong[::1] = batch.time_ns
        linktype: cython.uint[::1] = batch.linktype
        table: cython.longlong[::1] = self._table
        interfaces: cython.longlong = self.interfaces
        count: cython.Py_ssize_t = batch.count
        capacity: cython.Py_ssize_t = batch.capacity
        big: cython.bint = self.big
        longest: cython.longlong = self.longest
        at: cython.Py_ssize_t = start
        needed: cython.longlong = 12
        kind: cython.longlong
        header: cython.longlong
        interface: cython.longlong
        length: cython.longlong
        wire: cython.longlong
        time: cython.longlong = self.last_time
        ticks: cython.ulonglong
        row: cython.Py_ssize_t
        captured: cython.longlong = self.captured
        earliest: cython.longlong = self.earliest
        latest: cython.longlong = self.latest
        undeclared: cython.longlong = self.undeclared
        malformed: cython.longlong = self.malformed
        timeless: cython.longlong = self.timeless
        stop: cython.int = _FULL
        with cython.nogil:
            while count < capacity:
                needed = 12
                if end - at < needed:
                    stop = _MORE
                    break
                kind = _u32(data, at, big)
                if kind in (_ENHANCED_PACKET, _OBSOLETE_PACKET):
                    header = 28
                elif kind == _SIMPLE_PACKET:
                    header = 12
                else:
                    stop = _OTHER
                    break
                needed = _u32(data, at + 4, big)
                if needed < 12 or needed & 3 or needed > longest:
                    stop = _DAMAGED
                    break
                if end - at < needed:
                    stop = _MORE
                    break
                if _u32(data, at + needed - 4, big) != needed:
                    stop = _DAMAGED
                    break
                if needed < header + 4:
                    malformed += 1
                    at += needed
                    continue
                if kind == _ENHANCED_PACKET:
                    interface = _u32(data, at + 8, big)
                elif kind == _SIMPLE_PACKET:
                    interface = 0
                else:
                    interface = _u16(data, at + 8, big)
                if interface >= interfaces:
                    undeclared += 1
                    at += needed
                    continue
                row = interface * _ROW
                if kind == _SIMPLE_PACKET:
                    wire = _u32(data, at + 8, big)
                    length = min(wire, needed - 16)
                    if table[row + _SNAPLEN] > 0:
                        length = min(length, table[row + _SNAPLEN])
                    timeless += 1
                else:
                    length = _u32(data, at + 20, big)
                    wire = _u32(data, at + 24, big)
                    if length > needed - 32:
                        malformed += 1
                        at += needed
                        continue
                    ticks = _u32(data, at + 12, big)
                    ticks = ticks << 32 | _u32(data, at + 16, big)
                    if ticks < table[row + _TICKS_LIMIT]:
                        time = ticks * table[row + _TICK_NS] + table[row + _OFFSET_NS]
                    else:
                        time = _long_way(ticks, table[row + _RESOLUTION], table[row + _OFFSET_S])
                    earliest = min(earliest, time)
                    latest = max(latest, time)
                offset[count] = at + header
                caplen[count] = length
                wirelen[count] = wire
                time_ns[count] = time
                linktype[count] = table[row + _LINKTYPE]
                captured += length
                at += needed
                count += 1
        batch.count = count
        self.position = at
        self.needed = needed
        self.captured = captured
        self.earliest = earliest
        self.latest = latest
        self.last_time = time
        self.undeclared = undeclared
        self.malformed = malformed
        self.timeless = timeless
        return stop
