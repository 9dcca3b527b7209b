"""HTTP/1.x messages (RFC 9112), one direction of a connection.

Sans-IO: bytes in, whole messages out.  Tolerated, because real peers do it: bare line feeds,
empty lines before a message, folded header lines, spaces around names.  Whatever cannot be the
beginning of a message where one must begin ends the reading: the reader is ``lost`` until a
segment begins with one.

Bodies are kept up to a limit and flagged ``cut`` beyond it, with their last bytes as ``tail``;
``gzip`` and ``deflate`` codings (RFC 9110 section 8.4.1) are undone up to the same limit, so that
a small body cannot unfold into a large one.  Where only JSON is wanted, a body that begins as
something else is not kept, and a coded one is known by its first inflated bytes.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping

from msgspec import Struct

#: Longest head (start line and header lines), and most header lines, that are read.
MAX_HEAD = 16 * 1024
MAX_HEADERS = 128
#: Bytes of a body that are kept, unless told otherwise.
MAX_BODY = 256 * 1024
#: Bytes of the end of a body that is cut, and how far behind its limit its end is waited for.
MAX_TAIL = 4 * 1024
MAX_LONG_BODY = 16 * 1024 * 1024
#: White space before the JSON of a coded body, and bytes of the body that are inflated to look; of most the
#: first few tell.
MAX_BLANK = 16 * 1024
MAX_PEEK = 4 * 1024
_FIRST_LOOK = 64
#: Bytes that are passed over at a time of a body in which nothing is wanted, and fewest that are worth it.
MAX_PASSED = 512 * 1024
LEAST_PASSED = 2 * 1024
#: Content codings undone on one body, and longest line between chunks.
MAX_CODINGS = 2
MAX_CHUNK_LINE = 1024

_REQUEST = re.compile(rb"([A-Z]{3,20}) ([^\s\x00-\x1f\x7f]{1,8192}) HTTP/(1\.[01])[ \t]*\Z")
_STATUS = re.compile(rb"HTTP/(1\.[01]) ([1-9]\d\d)(?: ([^\x00-\x08\x0a-\x1f]*))?\Z")
_MAY_BE_REQUEST = re.compile(rb"[A-Z]{1,20}(?: [^\x00-\x1f\x7f]*)?\r?\Z")
_FIELD = re.compile(rb"^[ \t\r\v\f]*([!#$%&'*+.^_`|~0-9A-Za-z-]{1,128})[ \t\r\v\f]*:([^\n]*)", re.MULTILINE)
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n\Z")


class Head(Struct, frozen=True):
    """The start line and the header fields of a message.

    A request has ``method`` and ``target``; a response has ``status`` (0 in a request).
    ``headers``: names in lower case; values of a name that stands several times are joined with
    ``", "`` (RFC 9110 section 5.3).
    """

    version: str
    headers: Mapping[str, str]
    method: str = ""
    target: str = ""
    status: int = 0
    reason: str = ""

    @property
    def is_request(self) -> bool:
        return not self.status

    def lists(self, name: str, token: str) -> bool:
        """Whether the comma-separated header ``name`` has the member ``token``, in any case."""
        members = self.headers.get(name, "").lower().split(",")
        return token in [member.strip() for member in members]


class HttpMessage(Struct, frozen=True):
    """A message.  ``body`` has its transfer and content codings undone, save those in ``coding``."""

    head: Head
    body: bytes
    #: bytes of the body are missing here: it was longer than the limit, or did not end
    cut: bool = False
    #: the content coding that ``body`` still has, because it is unknown or the body is damaged
    coding: str = ""
    #: the last bytes of a body that was cut and has no coding
    tail: bytes = b""


def parse_head(data: bytes) -> Head | None:
    """Read a head, given without or with the empty line that ends it; None for anything that is none."""
    if len(data) > MAX_HEAD:
        return None
    text = data.strip(b"\r\n")
    if b"\n " in text or b"\n\t" in text:
        text = _FOLD.sub(b" ", text)
    if text.count(b"\n") > MAX_HEADERS:
        return None
    start, _, fields = text.partition(b"\n")
    start = start.rstrip(b"\r")
    headers: dict[str, str] = {}
    for name, value in _FIELD.findall(fields):
        key, told = name.decode("ascii").lower(), value.strip().decode("latin-1")
        headers[key] = f"{headers[key]}, {told}" if key in headers else told
    if request := _REQUEST.match(start):
        method, target, version = (group.decode("latin-1") for group in request.groups())
        return Head(version, headers, method, target)
    if status := _STATUS.match(start):
        reason = (status[3] or b"").strip().decode("latin-1")
        return Head(status[1].decode("ascii"), headers, status=int(status[2]), reason=reason)
    return None


#: Header fields in which miners and pools speak of mining: BIP 22 ("Long Polling"), BIP 23, and the getwork
#: extensions of cgminer (util.c) and cpuminer (cpu-miner.c).
MINING_HEADERS = frozenset(
    {
        "x-mining-extensions",
        "x-mining-hashrate",
        "x-long-polling",
        "x-roll-ntime",
        "x-reject-reason",
        "x-stratum",
    }
)


def mining_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Those of MINING_HEADERS that are there: name -> printable value of at most 256 characters.

    ``x-mining-hashrate`` is in hashes a second, as the miner says.
    """
    return {
        name: "".join(c for c in headers[name][:256] if c.isprintable())
        for name in sorted(MINING_HEADERS & headers.keys())
    }


class HttpReader:
    """Reads the messages of one direction.

    ``requests``: which direction it is.  A reader of responses takes none for the answer to HEAD, which
    has no body, or to CONNECT.  ``only_json``: a body that is no JSON is given as an empty one.
    """

    def __init__(self, *, requests: bool, max_body: int = MAX_BODY, only_json: bool = False) -> None:
        self._requests = requests
        self._only_json = only_json
        #: the body is no JSON; None: not known yet
        self._dull: bool | None = None
        self._max_body = max_body
        self._buffer = bytearray()
        self._searched = 0
        self._step: Callable[[HttpReader], bool] = HttpReader._read_head  # unbound: no cycle
        self._head: Head | None = None
        self._body = bytearray()
        self._cut = False
        self._tail = bytearray()
        self._passed = 0
        self._left = 0
        self._may_leave = False
        self._done: list[HttpMessage] = []
        #: HTTP ends here: what follows belongs to another protocol; take it with ``rest``
        self.tunnel = False
        #: what came was not HTTP; nothing is read until a segment begins with a message
        self.lost = False

    @property
    def partial(self) -> bool:
        """A head, or a body that has begun, is not whole yet."""
        if self._head is None:
            return bool(self._buffer) and not self.lost and not self.tunnel
        return self._passed <= MAX_LONG_BODY

    @property
    def in_body(self) -> bool:
        """A head was read, and its body is not whole yet."""
        return self._head is not None

    @property
    def begun(self) -> bytes:
        """What is there of a body that is not whole yet."""
        return bytes(self._body[:64]) if self._head is not None else b""

    @property
    def open_body(self) -> bytes:
        """What is there of a body that lasts until the connection is closed; it may be all."""
        return bytes(self._body) if self._head is not None and self._step is HttpReader._read_to_end else b""

    def feed(self, data: bytes, *, gap: bool = False) -> list[HttpMessage]:
        """Take the next bytes; the messages that they complete.  ``gap``: bytes before them are missing."""
        if self.tunnel:
            self._buffer += data[: max(0, MAX_HEAD - len(self._buffer))]
            return []
        if gap:
            self._lose()
        if self.lost:
            if not data or not self._may_begin(data):
                return []
            self.lost = False
        self._buffer += data
        while self._buffer and not self.tunnel and not self.lost and self._step(self):
            pass
        return self._take()

    def finish(self) -> list[HttpMessage]:
        """The direction is closed: the message that lasts to its end, or was cut by it."""
        if self._head is not None and not self.lost and not self.tunnel:
            self._cut = self._cut or self._step is not HttpReader._read_to_end
            self._complete()
        self._buffer.clear()
        return self._take()

    def pass_over(self) -> int:
        """Give up what comes next of a body that is no JSON: how many bytes that is."""
        count = min(self._left, MAX_PASSED)
        if not self._dull or self._step is not HttpReader._read_length or count < LEAST_PASSED:
            return 0
        self._left -= count
        self._passed += count
        if not self._left:
            self._complete()  # ``feed`` gives the message with what comes next
        return count

    def rest(self) -> bytes:
        """The bytes behind the last message of HTTP, once; at most MAX_HEAD of what ``feed`` got since."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    def _take(self) -> list[HttpMessage]:
        done, self._done = self._done, []
        return done

    def _lose(self) -> bool:
        self.lost = True
        self._buffer.clear()
        self._forget_body()
        self._head = None
        self._searched = 0
        self._step = HttpReader._read_head
        return False

    def _forget_body(self) -> None:
        self._body.clear()
        self._tail.clear()
        self._passed = 0
        self._left = 0
        self._dull = None

    def _may_begin(self, data: bytes | bytearray) -> bool:
        """Whether a message of this direction may begin with these bytes."""
        line, end, _ = bytes(data[:MAX_HEAD]).partition(b"\n")
        if end:
            pattern = _REQUEST if self._requests else _STATUS
            return pattern.match(line.rstrip(b"\r")) is not None
        if self._requests:
            return _MAY_BE_REQUEST.match(line) is not None
        return b"HTTP/1.".startswith(line[:7])

    def _read_head(self) -> bool:
        buffer = self._buffer
        if not self._searched:
            del buffer[: len(buffer) - len(buffer.lstrip(b"\r\n"))]
        if not self._searched and not self._may_begin(buffer):
            if buffer and self._may_leave:
                self.tunnel = True
                return False
            return self._lose() if buffer else False
        end = _END_OF_HEAD.search(buffer, max(0, self._searched - 2))
        if end is None:
            self._searched = len(buffer) if b"\n" in buffer else 0
            return self._lose() if len(buffer) > MAX_HEAD else False
        head = parse_head(bytes(buffer[: end.end()]))
        if head is None or head.is_request != self._requests:
            return self._lose()
        del buffer[: end.end()]
        self._searched = 0
        self._head = head
        return self._begin_body(head)

    def _begin_body(self, head: Head) -> bool:
        self._may_leave = head.method == "CONNECT" or "upgrade" in head.headers
        if head.status == 101:
            self._complete()
            self.tunnel = True
            return False
        if head.status in (204, 304) or 100 <= head.status < 200:
            return self._complete()
        if "transfer-encoding" in head.headers:
            if not head.lists("transfer-encoding", "chunked"):
                return self._lose()
            self._step = HttpReader._read_chunk_line
            return True
        lengths = {value.strip() for value in head.headers.get("content-length", "").split(",")}
        if lengths == {""}:
            if head.is_request:
                return self._complete()
            self._step = HttpReader._read_to_end
            return True
        length = lengths.pop()
        if lengths or not re.fullmatch(r"[0-9]{1,15}", length):
            return self._lose()
        self._left = int(length)
        self._step = HttpReader._read_length
        return True if self._left else self._complete()

    def _keep(self, size: int) -> None:
        """Move ``size`` bytes from the buffer to the body, as far as the limit allows."""
        room = self._max_body - len(self._body)
        if self._dull:
            self._passed += size
            del self._buffer[:size]
            return
        self._body += self._buffer[: min(size, room)]
        if self._only_json and self._dull is None and self._head is not None:
            self._dull = _is_dull(self._body, self._head)
        if size > room:
            self._cut = True
            self._passed += size - room
            self._tail += self._buffer[max(room, size - MAX_TAIL) : size]
            del self._tail[:-MAX_TAIL]
        del self._buffer[:size]

    def _read_length(self) -> bool:
        size = min(self._left, len(self._buffer))
        self._keep(size)
        self._left -= size
        return False if self._left else self._complete()

    def _read_to_end(self) -> bool:
        self._keep(len(self._buffer))
        return False

    def _line(self) -> bytes | None:
        """The next whole line; None for none yet (then perhaps lost)."""
        end = self._buffer.find(b"\n", 0, MAX_CHUNK_LINE) + 1
        line = bytes(self._buffer[:end])
        if not end and len(self._buffer) >= MAX_CHUNK_LINE:
            self._lose()
        del self._buffer[:end]
        return line or None

    def _read_chunk_line(self) -> bool:
        line = self._line()
        if line is None:
            return False
        size = _CHUNK_LINE.match(line)
        if size is None:
            return self._lose()
        self._left = int(size[1], 16)
        self._step = HttpReader._read_chunk if self._left else HttpReader._read_trailer
        return True

    def _read_chunk(self) -> bool:
        size = min(self._left, len(self._buffer))
        self._keep(size)
        self._left -= size
        if not self._left:
            self._step = HttpReader._read_chunk_end
        return not self._left

    def _read_chunk_end(self) -> bool:
        line = self._line()
        if line is None:
            return False
        self._step = HttpReader._read_chunk_line
        return True if not line.strip(b"\r\n") else self._lose()

    def _read_trailer(self) -> bool:
        line = self._line()
        if line is None:
            return False
        return True if line.strip(b"\r\n") else self._complete()

    def _complete(self) -> bool:
        """The message is whole: put it out and look for the next."""
        assert self._head is not None
        known = b"" if self._dull else bytes(self._body)
        body, cut, coding = decode_body(known, self._head, self._max_body)
        tail = b"" if "content-encoding" in self._head.headers else bytes(self._tail)
        self._done.append(HttpMessage(self._head, body, self._cut or cut, coding, tail))
        self._forget_body()
        self._head = None
        self._cut = False
        self._step = HttpReader._read_head
        return True


def decode_body(body: bytes, head: Head, limit: int = MAX_BODY) -> tuple[bytes, bool, str]:
    """Undo the content codings that ``head`` names: (body, whether it was cut, coding that is left)."""
    codings = [name.strip().lower() for name in head.headers.get("content-encoding", "").split(",")]
    codings = [name for name in codings if name not in ("", "identity")]
    if not body or not codings:
        return body, False, ""
    if len(codings) > MAX_CODINGS:
        return body, False, ", ".join(codings)[:64]
    cut = False
    while codings:
        inflated = _inflate(body, limit) if codings[-1] in ("gzip", "x-gzip", "deflate") else None
        if inflated is None:
            return body, cut, ", ".join(codings)[:64]
        codings.pop()
        body, cut = inflated[0], cut or inflated[1]
    return body, cut, ""


def _is_dull(body: bytes | bytearray, head: Head) -> bool | None:
    """Whether a body that begins so is no JSON; None where more of it is needed to tell."""
    coding = head.headers.get("content-encoding", "").strip().lower()
    if coding in ("", "identity"):
        begun = bytes(body[:MAX_PEEK])
    elif coding in ("gzip", "x-gzip", "deflate"):
        part = bytes(body[:MAX_PEEK])
        begun = (_inflate(part, _FIRST_LOOK) or (b"",))[0]
        if len(begun) == _FIRST_LOOK and begun.isspace():
            begun = (_inflate(part, MAX_BLANK) or (b"",))[0]
    else:
        return None
    first = begun.lstrip()[:1]
    if not first:
        return True if len(begun) == MAX_BLANK else None
    return first not in (b"{", b"[")


def _inflate(body: bytes, limit: int) -> tuple[bytes, bool] | None:
    """(what was compressed, whether some of it is missing); None for damaged bytes.

    "deflate" means the zlib format (RFC 1950), but some senders leave its header out: both are read.
    """
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        inflator = zlib.decompressobj(window)
        try:
            data = inflator.decompress(body, max(1, limit))
        except zlib.error:
            continue
        return data, not inflator.eof
    return None
