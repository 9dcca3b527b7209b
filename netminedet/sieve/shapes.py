# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: what bytes may begin: text, HTTP, SOCKS, Stratum V2, a coin node's words.  Nothing is kept."""

from __future__ import annotations

from netminedet.sieve import columns as layout

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython

FLIGHT_JSON = cython.declare(cython.ulonglong, layout.FLIGHT_JSON)
FLIGHT_TEXT = cython.declare(cython.ulonglong, layout.FLIGHT_TEXT)
HTTP_SEEN = cython.declare(cython.ulonglong, layout.HTTP_SEEN)

#: Bytes at the beginning of a flight that decide whether it is text.
TEXT_BYTES = cython.declare(cython.Py_ssize_t, 16)
SOCKS_SIZE = cython.declare(cython.Py_ssize_t, layout.SOCKS_SIZE)
KEY_BYTES = cython.declare(cython.Py_ssize_t, layout.KEY_BYTES)
KEY_LEAST = cython.declare(cython.Py_ssize_t, layout.KEY_LEAST)
#: Methods that a greeting of SOCKS 5 offers at most, to be waited for: ten are assigned (IANA).
SOCKS_METHODS = cython.declare(cython.int, 16)
#: How headers of the PROXY protocol begin: "PROXY ", and eight and four bytes of the binary signature.
PROXY_TEXT = cython.declare(cython.ulonglong, 0x50524F585920)
PROXY_BINARY = cython.declare(cython.ulonglong, 0x0D0A0D0A000D0A51)
PROXY_REST = cython.declare(cython.uint, 0x5549540A)
#: Fewest bytes of one, and the longest line with its end (section 2.1).
PROXY_LEAST = cython.declare(cython.Py_ssize_t, 16)
PROXY_LINE = cython.declare(cython.Py_ssize_t, 107)
#: "content-" and "length:", the name of a header field; and the digits of it that are read.
LENGTH_NAME = cython.declare(cython.ulonglong, 0x636F6E74656E742D)
LENGTH_REST = cython.declare(cython.ulonglong, 0x6C656E6774683A)
LENGTH_DIGITS = cython.declare(cython.int, 15)


def first_words(data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.ulonglong:
    """What a row notes of a flight that begins so: FLIGHT_TEXT, FLIGHT_JSON, HTTP_SEEN, as of side 0."""
    told: cython.ulonglong = FLIGHT_TEXT if _is_text(data, at, end) else 0
    start: cython.Py_ssize_t = at
    first: cython.int
    while at < end and data[at] <= 0x20:
        at += 1
    if at >= end:
        return told
    first = data[at]
    if first == 0x7B or first == 0x5B or first == 0xEF:  # { [ or a byte order mark
        told |= FLIGHT_JSON
    elif 0x41 <= first <= 0x5A and data[start] and http_word(data, at, end):
        told |= HTTP_SEEN
    return told


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _is_text(data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
    """Whether the first bytes are printable ASCII or line ends."""
    byte: cython.int
    if end > at + TEXT_BYTES:
        end = at + TEXT_BYTES
    while at < end:
        byte = data[at]
        if byte > 0x7E or (byte < 0x20 and byte != 0x0A and byte != 0x0D and byte != 0x09):
            return 0
        at += 1
    return 1


def http_word(data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
    """1 for a request method, 2 for a status line (RFC 9112 sections 3 and 4), 0 for neither.

    Of fewer than four bytes, whether they may begin one.
    """
    word: cython.uint = 0
    cut: cython.int = 0  # bits that are missing of the word
    i: cython.Py_ssize_t
    for i in range(4):
        if at + i < end:
            word = (word << 8) | data[at + i]
        else:
            cut += 8
    if (
        word == 0x47455420 >> cut  # GET
        or word == 0x504F5354 >> cut  # POST
        or word == 0x48454144 >> cut  # HEAD
        or word == 0x434F4E4E >> cut  # CONN(ECT)
        or word == 0x50555420 >> cut  # PUT
        or word == 0x4F505449 >> cut  # OPTI(ONS)
        or word == 0x44454C45 >> cut  # DELE(TE)
        or word == 0x50415443 >> cut  # PATC(H)
    ):
        return 1
    if word == 0x48545450 >> cut:
        return 2  # HTTP
    return 0


def begins_head(data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
    """Whether an HTTP head may begin so."""
    return at < end and 0x41 <= data[at] <= 0x5A and http_word(data, at, end) != 0


def plain_carrier(data: cython.uchar[::1], at: cython.Py_ssize_t, body: cython.Py_ssize_t) -> cython.int:
    """Whether what stands before an object at ``body`` says nothing of it: a WebSocket frame's header, or a
    whole HTTP head that has no field of somebody's own (``X-Mining-Extensions``, ``X-Long-Polling``...)."""
    line_begins: cython.bint = False
    if data[at] == 0x81:
        return 1
    if not begins_head(data, at, body):
        return 0
    while at < body:
        if data[at] == 0x0A:
            if line_begins:
                return 1
            line_begins = True
        elif data[at] != 0x0D:
            if line_begins and data[at] | 0x20 == 0x78:
                return 0
            line_begins = False
        at += 1
    return 0


def lacks_body(
    data: cython.uchar[::1], at: cython.Py_ssize_t, body: cython.Py_ssize_t, end: cython.Py_ssize_t
) -> cython.int:
    """Whether the HTTP message at ``at``, whose body begins at ``body``, goes on behind ``end``.

    Only where its Content-Length says so (RFC 9112 section 6.2).
    """
    length: cython.longlong = 0
    if not begins_head(data, at, body):
        return 0
    while at < body:
        if data[at] == 0x0A or (data[at] == 0x0D and data[at + 1] == 0x0A):
            at += 1 if data[at] == 0x0A else 2
            return at == body and length > end - body
        if _names_length(data, at, body):
            length = _number(data, at + 15, body)
        while at < body and data[at] != 0x0A:
            at += 1
        at += 1
    return 0


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _names_length(data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
    """Whether the field Content-Length begins here, in letters of any case."""
    name: cython.ulonglong = 0
    rest: cython.ulonglong = 0
    i: cython.Py_ssize_t
    if data[at] | 0x20 != 0x63 or end - at < 16:
        return 0
    for i in range(8):
        name = (name << 8) | (data[at + i] | 0x20)
    for i in range(8, 15):
        rest = (rest << 8) | (data[at + i] | 0x20)
    return name == LENGTH_NAME and rest == LENGTH_REST


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def _number(data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.longlong:
    """The number that stands in the rest of a line, behind spaces; 0 for anything else."""
    number: cython.longlong = 0
    digits: cython.int = 0
    while at < end and (data[at] == 0x20 or data[at] == 0x09):
        at += 1
    while at < end and 0x30 <= data[at] <= 0x39 and digits < LENGTH_DIGITS:
        number = 10 * number + (data[at] - 0x30)
        digits += 1
        at += 1
    return number if at < end and data[at] <= 0x20 else 0


def like_setup(data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
    """Whether SetupConnection may begin so: extension and type 0, protocol 0 to 2, version 2."""
    i: cython.Py_ssize_t
    byte: cython.int
    if end > at + 11:
        end = at + 11
    for i in range(end - at):
        byte = data[at + i]
        if i < 3 or i == 8 or i == 10:
            if byte:
                return 0
        elif (i == 6 and byte > 2) or ((i == 7 or i == 9) and byte != 2):
            return 0
    return 1


def like_hello(data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
    """Whether a TLS record with a ClientHello may begin so (RFC 8446 section 5.1)."""
    if data[at] != 0x16 or (at + 1 < end and data[at + 1] != 3):
        return 0
    return not ((at + 2 < end and data[at + 2] > 4) or (at + 5 < end and data[at + 5] != 1))


def proxy_header(data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Bytes of a PROXY protocol header (its sections 2.1 and 2.2) that stands here; 0 for no whole one."""
    word: cython.ulonglong = 0
    rest: cython.uint = 0
    i: cython.Py_ssize_t
    length: cython.Py_ssize_t
    if end - at < PROXY_LEAST:
        return 0
    for i in range(8):
        word = (word << 8) | data[at + i]
    if word == PROXY_BINARY:
        for i in range(8, 12):
            rest = (rest << 8) | data[at + i]
        if rest != PROXY_REST:
            return 0
        length = 16 + ((data[at + 14] << 8) | data[at + 15])
        return length if length <= end - at else 0
    if word >> 16 != PROXY_TEXT:
        return 0
    if end > at + PROXY_LINE:
        end = at + PROXY_LINE
    for i in range(at + 6, end - 1):
        if data[i] == 0x0D and data[i + 1] == 0x0A:
            return i + 2 - at
    return 0


def like_key(data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
    """Whether the bytes look random enough for a part of a Noise key: see ``protocols.noise``."""
    zeros: cython.int = 0
    tops: cython.Py_ssize_t = 0
    length: cython.Py_ssize_t = end - at
    if length < KEY_LEAST or length > KEY_BYTES:
        return 0
    while at < end:
        tops += data[at] >> 7
        if data[at] == 0:
            zeros += 1
        at += 1
    return zeros <= 3 and 3 * length <= 16 * tops <= 13 * length


def lacks_socks4(data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
    """Whether a request of SOCKS 4 or 4A is not whole: port, address, user, and for 4A the name."""
    texts: cython.int
    if end - at > SOCKS_SIZE or (at + 1 < end and data[at + 1] != 1):
        return 0
    if end - at < 9:
        return 1
    texts = 2 if data[at + 4] == 0 and data[at + 5] == 0 and data[at + 6] == 0 and data[at + 7] else 1
    at += 8
    while at < end:
        if data[at] == 0:
            texts -= 1
        at += 1
    return texts > 0


def lacks_socks5(data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
    """Whether a request of SOCKS 5 is not whole, with greeting and password before it or without."""
    start: cython.Py_ssize_t = at
    if end - at > SOCKS_SIZE or (at + 1 < end and (data[at + 1] == 0 or data[at + 1] > SOCKS_METHODS)):
        return 0
    if end - at < 4:
        return 1
    if data[at + 1] != 1 or data[at + 2] != 0 or data[at + 3] == 5:  # else it is the request alone
        at += 2 + data[at + 1]
        if at < end and data[at] == 1:
            at += 2 + (data[at + 1] if at + 1 < end else 0)
            at += 1 + (data[at] if at < end else 0)
        if at + 3 >= end:
            return at >= end or data[at] == 5
        if data[at] != 5 or data[at + 1] != 1 or data[at + 2] != 0:
            return 0
    if data[at + 3] == 1:
        at += 10
    elif data[at + 3] == 4:
        at += 22
    elif data[at + 3] == 3:
        at += 7 + (data[at + 4] if at + 4 < end else 1)
    else:
        return 0
    return at > end and at - start <= SOCKS_SIZE


def peer_shape(data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
    """Whether a connection may begin like a coin node's that has no literal: ``peers`` looks closer.

    Bitcoin's "version" behind an unknown magic; Lightning's act one (BOLT 8); Ethereum's
    RLPx handshake, its size before it (EIP-8).
    """
    length: cython.Py_ssize_t = end - at
    if length < 24:
        return 0
    if data[at + 4] == 0x76 and data[at + 5] == 0x65 and data[at + 6] == 0x72:  # ver
        return 1
    if length == 50:
        return data[at] == 0 and (data[at + 1] == 2 or data[at + 1] == 3)
    return (data[at] << 8) + data[at + 1] + 2 == length and data[at + 2] == 4


def peer_datagram(data: cython.uchar[::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
    """Whether it may be Ethereum's node discovery (discv4.md): a recovery id, a type, a list in RLP."""
    if end - at < 104 or end - at > 1280:
        return 0
    return data[at + 96] <= 1 and 1 <= data[at + 97] <= 6 and data[at + 98] >= 0xC0
