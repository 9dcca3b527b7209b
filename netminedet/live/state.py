"""What a watch knows, in a file: so that after a restart known suspects are known, and their records grow on.

The file is written beside its place and then renamed, so it is whole or the one before.  Its first line
is JSON: the form's version and the program's.  Behind it is a zlib stream of pieces, each its length (32
bits, big-endian) and a MessagePack array: the table that it is of, entries of it, and what the sentences
among them were made of.  What is read is checked against the types of the tables, and nothing else can
come of it.

Of a watch that goes on the pieces are made a few at a time, between the packets.  An entry is whole, and as
it was when its piece was made: none is older than the file before, none newer than this one's end.
"""

from __future__ import annotations

import json
import os
import secrets
import struct
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import force_setattr

from netminedet.errors import NetminedetError
from netminedet.garbage import leave_alone, uncollected
from netminedet.language import Sentence
from netminedet.live.announce import Known
from netminedet.live.ledger import HostEntries
from netminedet.model import BareTls, FiveTuple, TunnelAsked
from netminedet.report.sentences import sentence_document, sentence_from
from netminedet.suspects import Evidence, Verdict
from netminedet.verdict.findings import AnswerFinding, Findings, NameFinding, NameKey, NodeFinding, Traffic
from netminedet.verdict.flowfinding import FlowFinding
from netminedet.verdict.order import FlowId, Span
from netminedet.verdict.redirects import Arrival, Redirect, Target

#: Name and version of the form.  Findings change with the program, so another program's are not read.
SCHEMA = "netminedet.state/2"
#: Its form before, of which the suspects are still read.
SCHEMA_BEFORE = "netminedet.state/1"
#: Longest first line that is believed, in bytes, the most that the pieces may come to, and one of them.
MAX_STATE_HEAD = 256 << 20
MAX_STATE_BYTES = 4 << 30
MAX_STATE_PIECE = 64 << 20
#: Entries of a piece.
_ENTRIES = 64
_LENGTH = struct.Struct(">I")
_READ = 1 << 20

#: table of the findings -> the types of its keys and values
_TABLES: dict[str, Any] = {
    "flows": list[tuple[FlowId, FlowFinding]],
    "names": list[tuple[NameKey, NameFinding]],
    "answers": list[tuple[tuple[str, str, str], AnswerFinding]],
    "bare_tls": list[tuple[FiveTuple, BareTls]],
    "tunnels": list[tuple[FlowId, TunnelAsked]],
    "traffic": list[tuple[FlowId, Traffic]],
    "nodes": list[tuple[tuple[str, str, str], NodeFinding]],
    "redirects.orders": list[tuple[tuple[str, Target, FlowId], Redirect]],
    "redirects.answers": list[tuple[tuple[str, str, str], Span]],
    "redirects.arrivals": list[tuple[FlowId, Arrival]],
}


@dataclass(slots=True)
class State:
    """What is kept over a restart."""

    known: dict[str, Known]
    #: host -> its sums; keys of entries are made anew from the findings
    hosts: dict[str, HostEntries]
    #: None where they are of another version of the program
    findings: Findings | None
    sequence: int
    saved_ns: int


class _Sums(Struct, array_like=True):
    """What is kept of a host beside its entries."""

    host: str
    last_news: int
    flows_folded: int
    packets_folded: int
    bytes_folded: int


class _Told(Struct, array_like=True):
    """What was told of a suspect."""

    host: str
    verdict: int
    kinds: list[str]
    last_active: int
    next_update: int
    active: bool


class _End(Struct, array_like=True):
    """The last piece: without it a file is not whole."""

    sequence: int
    saved_ns: int
    dropped: dict[str, int]


class _Piece(Struct, array_like=True):
    table: str
    entries: msgspec.Raw
    #: English sentence -> its message and values
    sentences: dict[str, Any]


class StateWriter:
    """Makes the bytes of a state file, a part at a time.  ``take``: the state as it is."""

    def __init__(self, take: Callable[[], State], version: str) -> None:
        self._take = take
        self._pack = zlib.compressobj(1)
        self._sentences: dict[str, Any] = {}
        self._encoder = msgspec.msgpack.Encoder(enc_hook=self._english)
        head = {"schema": SCHEMA, "version": version}
        self.parts = [json.dumps(head, separators=(",", ":")).encode() + b"\n"]
        self._pieces = self._all()

    def go_on(self, seconds: float | None = None) -> bool:
        """Make pieces for about so long; True once all are made."""
        end = None if seconds is None else time.monotonic() + seconds
        for piece in self._pieces:
            self._add(piece)
            if end is not None and time.monotonic() >= end:
                return False
        self.parts.append(self._pack.flush())
        return True

    def _add(self, piece: bytes) -> None:
        for data in (_LENGTH.pack(len(piece)), piece):
            if packed := self._pack.compress(data):
                self.parts.append(packed)

    def _all(self) -> Iterator[bytes]:
        state = self._take()
        findings = state.findings or Findings()
        for name in _TABLES:
            table = attrgetter(name)(findings)
            for keys in _cut(table):  # it may have changed since the last piece
                yield self._piece(name, [(key, table[key]) for key in keys if key in table])
        for hosts in _cut(state.hosts):
            yield self._piece(
                "hosts", [_sums(host, state.hosts[host]) for host in hosts if host in state.hosts]
            )
        for hosts in _cut(state.known):
            yield self._piece(
                "known", [_told(host, state.known[host]) for host in hosts if host in state.known]
            )
        state = self._take()
        yield self._piece("end", [_End(state.sequence, state.saved_ns, dict(findings.dropped))])

    def _piece(self, table: str, entries: list[Any]) -> bytes:
        self._sentences = {}  # filled while the entries are written, which come before it
        return self._encoder.encode((table, entries, self._sentences))

    def _english(self, value: object) -> str:
        if not isinstance(value, Sentence):
            raise TypeError(f"{type(value).__name__} is no part of findings")
        english = str.__str__(value)
        self._sentences[english] = sentence_document(value)
        return english


def _cut(table: Iterable[Any]) -> Iterator[list[Any]]:
    keys = list(table)
    return (keys[at : at + _ENTRIES] for at in range(0, len(keys), _ENTRIES))


def _sums(host: str, one: HostEntries) -> _Sums:
    return _Sums(host, one.last_news, one.flows_folded, one.packets_folded, one.bytes_folded)


def _told(host: str, known: Known) -> _Told:
    kinds = sorted(known.kinds)
    return _Told(host, int(known.verdict), kinds, known.last_active, known.next_update, known.active)


def save_state(path: str, state: State, version: str) -> None:
    """Write the state at once; raises OSError where that cannot be done, and then leaves the old one."""
    writer = StateWriter(lambda: state, version)
    writer.go_on()
    write_parts(path, writer.parts)


def write_parts(path: str, parts: Iterable[bytes]) -> None:
    """Put a file of these parts into its place, for good; raises OSError, and then leaves the old one."""
    target = Path(path)
    temporary = target.with_name(f".{target.name}-{secrets.token_hex(4)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def load_state(path: str, version: str, user: int | None = None) -> State | None:
    """The state in the file; None where there is no file.  Raises NetminedetError for what is none.

    The file must be of root, of whoever asks, or of the user with the number ``user``.
    """
    with uncollected():
        state = _loaded(path, version, user)
    leave_alone()
    return state


def _loaded(path: str, version: str, user: int | None) -> State | None:
    try:
        with Path(path).open("rb") as file:
            found = os.fstat(file.fileno())
            if found.st_uid not in (0, os.geteuid(), user) or found.st_mode & 0o022:
                raise NetminedetError(f"{path}: others may write to it, so it is not trusted; remove it")
            head = json.loads(file.readline(MAX_STATE_HEAD))
            schema = head.get("schema") if isinstance(head, dict) else None
            if schema == SCHEMA_BEFORE:
                return _state_before(head)
            if schema != SCHEMA:
                raise ValueError("its form is not known")
            return _state(file, findings_too=head["version"] == version)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NetminedetError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, RecursionError, zlib.error, msgspec.DecodeError) as error:
        raise NetminedetError(f"{path}: is no state of a watch ({error}); remove it") from None


def _state(file: BinaryIO, *, findings_too: bool) -> State:
    """The state in the pieces; raises ValueError and the like for what is none."""
    state = State({}, {}, Findings() if findings_too else None, 0, 0)
    ended = False
    for piece in _pieces_of(file):
        if ended:
            raise ValueError("something follows its end")
        if piece.table == "known":
            state.known.update(_known(one) for one in msgspec.msgpack.decode(piece.entries, type=list[_Told]))
        elif piece.table == "hosts":
            for one in msgspec.msgpack.decode(piece.entries, type=list[_Sums]):
                state.hosts[one.host] = HostEntries(
                    {}, one.last_news, one.flows_folded, one.packets_folded, one.bytes_folded
                )
        elif piece.table == "end":
            (end,) = msgspec.msgpack.decode(piece.entries, type=list[_End])
            state.sequence, state.saved_ns, ended = end.sequence, end.saved_ns, True
            if state.findings is not None:
                state.findings.dropped.update(end.dropped)
        elif state.findings is not None:
            _fill(state.findings, piece)
    if not ended:
        raise ValueError("its end is missing")
    return state


def _pieces_of(file: BinaryIO) -> Iterator[_Piece]:
    decoder = msgspec.msgpack.Decoder(_Piece)
    data, total = bytearray(), 0
    for more in _unpacked(file):
        data += more
        total += len(more)
        if total > MAX_STATE_BYTES:
            raise ValueError("it is too long")
        at = 0
        while len(data) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(data, at)
            if length > MAX_STATE_PIECE:
                raise ValueError("a piece of it is too long")
            if len(data) - at - _LENGTH.size < length:
                break
            at += _LENGTH.size
            yield decoder.decode(bytes(data[at : at + length]))
            at += length
        del data[:at]
    if data:
        raise ValueError("it is cut")


def _unpacked(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of the zlib stream, a little at a time."""
    unpacker = zlib.decompressobj()
    while not unpacker.eof:
        packed = unpacker.unconsumed_tail or file.read(_READ)
        if not packed:
            raise ValueError("it is cut")
        yield unpacker.decompress(packed, _READ)


def _fill(findings: Findings, piece: _Piece) -> None:
    """Put a piece's entries into their table."""
    kind = _TABLES[piece.table]
    table = attrgetter(piece.table)(findings)
    for key, value in msgspec.msgpack.decode(piece.entries, type=kind, dec_hook=_counter):
        for evidence in _evidence_of(value):
            if (document := piece.sentences.get(evidence.why)) is not None:
                force_setattr(evidence, "why", sentence_from(evidence.why, document))
        table[key] = value


def _evidence_of(value: Any) -> Iterable[Evidence]:
    if isinstance(value, FlowFinding):
        return value.evidence.values()
    evidence = getattr(value, "evidence", None)
    return () if evidence is None else (evidence,)


def _counter(kind: Any, value: Any) -> Any:
    """A ``Counter`` out of what stands in the file."""
    kinds: Any = dict.__class_getitem__((*get_args(kind), int))
    return Counter(msgspec.convert(value, kinds))


def _known(told: _Told) -> tuple[str, Known]:
    verdict, kinds = Verdict(told.verdict), set(told.kinds)
    return told.host, Known(verdict, kinds, told.last_active, told.next_update, active=told.active)


def _state_before(head: dict[str, Any]) -> State:
    """The suspects out of a file of the form before, whose findings nobody reads any more."""
    known = dict(
        _known(msgspec.convert([host, *one], _Told))
        for host, one in msgspec.convert(head["known"], dict[str, list[Any]]).items()
    )
    return State(known, {}, None, int(head["sequence"]), int(head["saved_ns"]))
