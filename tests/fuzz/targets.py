"""What is fuzzed: functions that take bytes, and raise nothing, whatever the bytes are.

Each checks what can be checked cheaply (limits that hold, sums that agree, compiled and
uncompiled kernels that find the same) and returns a short summary of what happened.  The
loop keeps an input whose summary is new, as it went where none went before.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Hashable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from unittest.mock import patch

from msgspec.structs import replace

from netminedet.api import DEFAULT_HOME_NET, Report, empty_report, parse_networks, scan
from netminedet.capture import open_source, quickgzip
from netminedet.capture.notes import NOTES_LIMIT
from netminedet.errors import NetminedetError
from netminedet.estimate.power import load_power
from netminedet.model import Batch, FiveTuple, InputInfo, Side, Where
from netminedet.protocols import certificate, cutjson, hosts, peers, preambles, socks, textlines, tls
from netminedet.protocols.conversation import Conversation
from netminedet.protocols.dns import MAX_ADDRESSES, MAX_QUESTIONS, read_dns
from netminedet.protocols.http import MAX_BODY, HttpReader, decode_body, parse_head
from netminedet.protocols.jsonlines import JsonLines
from netminedet.protocols.noise import NoiseWatch
from netminedet.protocols.segment import Segment
from netminedet.protocols.stratum_v2 import Sv2Reader
from netminedet.protocols.stream import MAX_WAITING_BYTES, Stream
from netminedet.protocols.websocket import Deflate, WebSocketReader, upgrade_response
from netminedet.report.document import json_text
from netminedet.sieve import sieve as compiled_sieve
from netminedet.sieve.columns import CHUNK
from netminedet.signatures import SignatureSet, load_signatures
from netminedet.signatures import cache as signature_cache
from netminedet.signatures.agents import load_agents
from netminedet.story import Listener, tell
from tests.fuzz import corpus, fragments, uncompiled

Outcome = Hashable


class Target(NamedTuple):
    """Something to be fuzzed, and what to begin with."""

    run: Callable[[bytes], Outcome]
    seeds: Callable[[], tuple[bytes, ...]]


def must(holds: bool, error: Exception) -> None:
    """What an error that is expected has to be like."""
    if not holds:
        raise AssertionError(f"not the one line that was asked for: {error!r}") from error


@cache
def scratch() -> Path:
    """A folder for this process, in memory where there is such a one."""
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(prefix="netminedet-fuzz-", dir=memory if os.access(memory, os.W_OK) else None)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # left there where the process dies
    return Path(folder)


@cache
def signatures() -> SignatureSet:
    return load_signatures()


def size_class(number: int) -> int:
    """Few classes for many numbers: 0, 1, 2-3, 4-7..."""
    return number.bit_length()


def pieces(data: bytes) -> Iterator[tuple[bytes, bool]]:
    """``data`` as a connection may bring it, cut by what is in it; and whether bytes are lost before."""
    at, step = 0, len(data) % 251 + 1
    while at < len(data):
        yield data[at : at + step], step % 61 == 60
        step = data[min(at + step, len(data) - 1)] * (step % 7 + 1) + 1
        at += max(1, min(step, 997))


# Captures


def _read(path: Path, opener: Any = open_source) -> tuple[InputInfo | str, int]:
    """What a source says of its input, or why it refuses it; and a checksum of all packets."""
    try:
        source = opener(path)
    except NetminedetError as error:
        must("\n" not in str(error), error)
        return str(error), 0
    except Exception as error:  # the second copy of the package has its own NetminedetError
        if type(error).__name__ != "NetminedetError":
            raise
        return str(error), 0
    packets = size = checksum = 0
    with source:
        for batch in source.batches():
            assert batch.first_number == packets + 1
            packets += batch.count
            size += sum(batch.caplen[: batch.count])
            for column in (batch.time_ns, batch.caplen, batch.wirelen, batch.linktype):
                checksum = zlib.crc32(memoryview(column)[: batch.count], checksum)
            for i in range(batch.count):
                assert batch.offset[i] + batch.caplen[i] <= len(batch.data)
    info = source.info
    assert (info.packets, info.bytes) == (packets, size)
    assert len(info.problems) <= NOTES_LIMIT
    assert info.complete or info.problems
    return info, checksum


def capture(data: bytes) -> Outcome:
    """Readers of pcap and pcapng, compressed or not: compiled or not they read the same."""
    path = scratch() / "fuzzed.pcap"
    path.write_bytes(data)
    info, checksum = _read(path)
    slow = uncompiled.module("netminedet.capture.source")
    if len(data) < 6000:
        assert _read(path, slow.open_source) == (info, checksum)
    with patch.object(quickgzip, "LEAST_SIZE", 0):
        assert _read(path) == (info, checksum)
    if isinstance(info, str):
        return info[len(str(path)) :][:30]
    problems = tuple(problem.partition(" at ")[0][:30] for problem in info.problems[:3])
    return info.format, size_class(info.packets), size_class(info.damaged_bytes), problems


# The sieve


def _batch(data: bytes) -> Batch:
    """Packets out of bytes: each of two bytes of link type, two of length, and as much data."""
    found = []
    at = 0
    while at + 4 <= len(data) and len(found) < 64:
        link = int.from_bytes(data[at : at + 2], "big")
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        found.append((link, at + 4, min(size & 0x7FFF, len(data) - at - 4), size >> 15))
        at += 4 + (size & 0x7FFF)
    batch = Batch(bytearray(data) or bytearray(1), max(1, len(found)))
    batch.count = len(found)
    for i, (link, start, size, cut) in enumerate(found):
        batch.linktype[i], batch.offset[i], batch.caplen[i] = link, start, size
        batch.wirelen[i] = size + 40 * cut
        batch.time_ns[i] = i * 1_000_000_007
    return batch


@cache
def _once(build: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which makes the same thing once only: building takes longer than a run."""
    return cache(build)


def _hits(module: ModuleType, batch: Batch) -> tuple[list[Any], dict[str, int]]:
    signature_set = signatures()
    automaton, openers = module.automaton, module.openers_module
    with (
        patch.object(automaton, "build", _once(automaton.build)),
        patch.object(openers, "build", _once(openers.build)),
    ):
        sieve = module.Sieve(
            tuple(signature_set.anchors),
            ["antpool.com", "stratum.slushpool.com", "pool.example"],
            CHUNK * 4,
            tuple(signature_set.openers),
            (b"\xf9\xbe\xb4\xd9",),
            datagrams=tuple(signature_set.datagrams),
        )
    hits = [
        (hit.kind, hit.match, hit.where, hit.side, hit.seq, hit.payload, hit.prefix, hit.context, hit.lost)
        for hit in sieve.run(batch, "fuzzed")
    ]
    return hits, sieve.counters()


def sieve(data: bytes) -> Outcome:
    """Decoder, fragments, flows, automaton and names: compiled or not, the same hits and counts."""
    hits, counters = _hits(compiled_sieve, _batch(data))
    assert sum(counters.values()) < 1 << 40
    slow = uncompiled.module("netminedet.sieve.sieve")
    if len(data) < 3000:
        assert _hits(slow, _batch(data)) == (hits, counters)
    kinds = tuple(sorted({(hit[0], hit[1]) for hit in hits}))
    return kinds, tuple(sorted((name, size_class(value)) for name, value in counters.items() if value))


def kernels(data: bytes) -> Outcome:
    """The same, compiled only: many inputs a second, for builds with sanitizers."""
    hits, counters = _hits(compiled_sieve, _batch(data))
    kinds = tuple(sorted({(hit[0], hit[1]) for hit in hits}))
    return kinds, tuple(sorted((name, size_class(value)) for name, value in counters.items() if value))


def _framed() -> tuple[bytes, ...]:
    """Runs of packets of each sample, single ones, and every encapsulation, as ``_batch`` takes them."""
    runs = []
    for path in corpus.samples():
        parts = [
            frame.linktype.to_bytes(2, "big") + len(frame.data).to_bytes(2, "big") + frame.data
            for frame in corpus.frames(path)
            if len(frame.data) < 0x8000
        ]
        runs += [b"".join(parts[at : at + 10]) for at in range(0, min(len(parts), 300), 10)]
    singles = [one[:2] + (len(one) - 2).to_bytes(2, "big") + one[2:] for one in corpus.packets()]
    from tests.sieve.layer_frames import CASES  # takes a second, as it needs scapy

    kinds = [one.linktype.to_bytes(2, "big") + len(one.frame).to_bytes(2, "big") + one.frame for one in CASES]
    return tuple(runs + singles + kinds)


def whole_scan(data: bytes) -> Outcome:
    """A scan from file to report: JSON that reads back the same, times that can be written."""
    path = scratch() / "scanned.pcap"
    path.write_bytes(data)
    try:
        report = scan(path, adjacent=True)
    except NetminedetError:
        return "refused"
    document = report.to_dict()
    assert json.loads(json_text(document)) == document
    for suspect in report.suspects:
        assert suspect.first_seen <= suspect.last_seen
        for one in suspect.hash_rates:
            assert one.rate.seconds >= 0.0
            rates = [value for value in (one.rate.low, one.rate.typical, one.rate.high) if value is not None]
            assert rates == sorted(rates)
    for form in ("table", "jsonl"):
        _rendered(form, report)
    if report.suspects:
        host = report.suspects[0].host
        tell(host, report, Listener(host), None)
    return tuple((one.verdict, one.role, one.dialects) for one in report.suspects)


def _rendered(form: str, report: Report) -> str:
    import io

    from netminedet.report.formats import load_format

    stream = io.StringIO()
    load_format(form).render(report, stream, color=False, width=100)
    return stream.getvalue()


# Streams and messages


def stream(data: bytes) -> Outcome:
    """TCP reassembly: commands of sequence number, length and acknowledgement."""
    direction = Stream()
    out = waited = 0
    for at in range(0, len(data) - 3, 4):
        seq = int.from_bytes(data[at : at + 2], "big") << (16 if data[at + 2] & 0x40 else 0)
        if data[at + 2] & 0x80:
            out += sum(len(piece.data) for piece in direction.acknowledged(seq))
            continue
        payload = bytes([data[at + 3]]) * (data[at + 3] << (data[at + 2] & 7))
        given = direction.feed(seq & 0xFFFFFFFF, payload, seq << 20)
        waited += len(payload)
        out += sum(len(piece.data) for piece in given)
        assert sum(len(one) for _, one in direction._waiting) <= MAX_WAITING_BYTES
    out += sum(len(piece.data) for piece in direction.flush())
    assert out <= waited
    return size_class(direction.gaps), size_class(out), size_class(waited - out)


def jsonlines(data: bytes) -> Outcome:
    reader = JsonLines()
    items: list[Any] = []
    for piece, gap in pieces(data):
        items += reader.feed(piece, gap=gap)
    return size_class(len(items)), tuple(sorted({type(item).__name__ for item in items})), reader.oversized


def http(data: bytes) -> Outcome:
    reader = HttpReader(requests=len(data) % 2 == 1)
    messages = []
    for piece, gap in pieces(data):
        messages += reader.feed(piece, gap=gap)
    messages += reader.finish()
    for message in messages:
        assert len(message.body) <= MAX_BODY
    if (head := parse_head(data)) is not None:
        decode_body(data, head)
        upgrade_response(head)
    hosts.http_target(data)
    kinds = {(one.cut, one.coding[:8], one.head.status // 100, size_class(len(one.body))) for one in messages}
    return size_class(len(messages)), reader.lost, reader.tunnel, tuple(sorted(kinds))


def websocket(data: bytes) -> Outcome:
    total = []
    for deflate in (None, Deflate()):
        reader = WebSocketReader(deflate=deflate, midstream=len(data) % 2 == 1)
        messages = []
        for piece, gap in pieces(data):
            messages += reader.feed(piece, gap=gap)
        total.append((size_class(len(messages)), size_class(sum(len(one.data) for one in messages))))
    return tuple(total)


def stratum_v2(data: bytes) -> Outcome:
    seen = []
    for side in Side:
        reader, watch = Sv2Reader(side), NoiseWatch()
        names = set()
        for piece, gap in pieces(data):
            names |= {message.name for message in reader.feed(piece, gap=gap)}
            watch.feed(side if len(piece) % 2 else side.other, piece)
        seen.append((tuple(sorted(names)), reader.lost))
    return tuple(seen)


def openings(data: bytes) -> Outcome:
    """All that read a whole first flight: proxies, names, certificates, nodes."""
    assert preambles.proxy_header_length(data) <= len(data)
    found = (
        socks.client_preamble(data),
        socks.tunnel_request(data),
        tls.read_client_hello(data),
        tls.tls_server_name(data),
        tls.ja4(data),
        certificate.certificate_names(data),
        peers.adjacent(data),
        peers.adjacent(data, "udp"),
    )
    return tuple(type(one).__name__ for one in found)


def _first_flights() -> tuple[bytes, ...]:
    made = (
        b"\x05\x01\x00",
        b"\x05\x01\x00\x05\x01\x00\x03\x0cpool.example\x0d\x05",
        b"\x04\x01\x0d\x05\x00\x00\x00\x01user\x00pool.example\x00",
        b"CONNECT pool.example:3333 HTTP/1.1\r\nHost: pool.example\r\n\r\n",
        b"HTTP/1.1 200 Connection established\r\n\r\n",
        b"\x05\x00\x05\x00\x00\x01\x7f\x00\x00\x01\x0d\x05",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 40000 3333\r\n{}",
        b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x01\xc0\x00\x02\x02\x9c\x40\x0d\x05{}",
        b"\xf9\xbe\xb4\xd9version\x00\x00\x00\x00\x00\x66\x00\x00\x00" + bytes(106),
        b"\x01\x21\x01\x01\x01\x01\x01\x01" + bytes(25),
        _tls_flight(),
    )
    return made + corpus.streams()


def _tls_flight() -> bytes:
    """A server's flight with a certificate, so far as its names are read."""
    name = b"\x30\x0e\x82\x0cpool.example"
    extension = b"\x30\x17\x06\x03\x55\x1d\x11\x04\x10" + name
    body = b"\x30\x82\x00\x40" + b"\xa3\x1b\x30\x19" + extension + bytes(30)
    certificates = len(body).to_bytes(3, "big") + body
    message = b"\x0b" + (len(certificates) + 3).to_bytes(3, "big") + len(certificates).to_bytes(3, "big")
    message += certificates
    return b"\x16\x03\x03" + len(message).to_bytes(2, "big") + message


def text_lines(data: bytes) -> Outcome:
    reader = textlines.TextReader()
    lines: list[str] = []
    for piece, gap in pieces(data):
        lines += reader.feed(piece, gap=gap)
    lines += reader.turn()
    kinds: set[object] = set()
    for line in lines[:50]:
        for side in Side:
            message = textlines.duino_message(line, side)
            kinds.add(message and message.kind)
        answer = textlines.api_message(line)
        kinds.add(answer and answer.kind)
    half = len(data) // 2
    cutjson.read_cut(data[:half], data[half:])
    return tuple(sorted(map(str, kinds)))


def _lines() -> tuple[bytes, ...]:
    made = (
        b"2.7\nJOB,user,AVR\n0123456789012345678901234567890123456789,9876543210987654321098765432109876543210,5\n"
        b"123,4.5,Official AVR Miner 2.7,rig,DUCOID123\nGOOD\nBAD\nBLOCK\n",
        b'{"command":"summary"}',
        b'{"STATUS":[{"STATUS":"S","When":1,"Msg":"Summary"}],"SUMMARY":[{"MHS av":1.5}],"id":1}\0',
        b"STATUS=S,When=1,Code=11,Msg=Summary|SUMMARY,Elapsed=1,MHS av=1.5|\0",
        b'{"id":0,"jsonrpc":"2.0","method":"miner_getstat1"}\n',
        b'{"id":0,"result":["9.3 - ETH","21","182724;51;0","30502;30457"],"error":null}\n',
    )
    return made + corpus.examples()


def dns(data: bytes) -> Outcome:
    message = read_dns(data)
    if message is None:
        return None
    assert len(message.questions) <= MAX_QUESTIONS
    assert len(message.addresses) <= MAX_ADDRESSES
    for question in message.questions:
        message.chain(question)
    return message.is_answer, size_class(len(message.questions)), size_class(len(message.addresses))


def conversation(data: bytes) -> Outcome:
    """Both directions of a flagged flow, and what the report makes of it."""
    talk = Conversation(signatures())
    flow = FiveTuple("10.0.0.9", 40000, "203.0.113.9", 3333, "tcp")
    messages, next_seq, at, number = [], [1000, 5000], 0, 0
    while at + 2 <= len(data) and number < 400:
        head = int.from_bytes(data[at : at + 2], "big")
        side, size = head >> 15, head & 0x7FFF
        piece = data[at + 2 : at + 2 + size]
        at += 2 + size
        number += 1
        where = Where(number * 10**9, "fuzzed", number, flow.reversed() if side else flow)
        known = None if size % 5 == 4 else size % 3 != 2
        acknowledged = next_seq[1 - side] if size % 7 == 6 else None
        segment = Segment(where, side, next_seq[side], piece, None, acknowledged, size % 97 == 96)
        segment.flight_is_json, segment.flight_is_text = known, size % 2 == 0
        messages += talk.segment(segment)
        next_seq[side] += len(piece) + (7 if size % 211 == 210 else 0)
    messages += talk.finish()
    for message in messages[:40]:
        assert len(message.excerpt) <= 240
        assert message.excerpt.isprintable()
    report = empty_report(signatures(), parse_networks(DEFAULT_HOME_NET))
    for message in messages:
        report.findings.add_message(message)
    document = report.to_dict()
    assert json.loads(json_text(document)) == document
    return tuple(sorted({message.signature for message in messages})), size_class(len(messages))


# What users give


def signature_file(data: bytes) -> Outcome:
    """A signature file of a user: loaded, or refused with one line."""
    return _folder_of("fuzzed.yaml", data, lambda folder: load_signatures([folder]))


def table(data: bytes) -> Outcome:
    """A CSV table of a user."""
    loaders: tuple[tuple[str, Callable[[Path], object]], ...] = (
        ("pools.csv", lambda folder: load_signatures([folder])),
        ("agents.csv", lambda folder: load_agents([folder])),
        ("power.csv", lambda folder: load_power([folder])),
    )
    name, load = loaders[(data[0] if data else 0) % 3]
    return _folder_of(name, data[1:], load)


def _folder_of(name: str, content: bytes, load: Callable[[Path], object]) -> Outcome:
    folder = scratch() / "signatures"
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_bytes(content)
    os.environ[signature_cache.VARIABLE] = ""
    try:
        load(folder)
    except NetminedetError as error:
        must("\n" not in str(error), error)
        must(name in str(error), error)
        words = "".join(" " if letter.isdigit() else letter for letter in str(error))
        return words.split(": ", 2)[-1][:24]
    finally:
        file.unlink()
    return "loaded"


def cache_file(data: bytes) -> Outcome:
    """A damaged file in the cache: not there, or as good as what was kept."""
    folder = scratch() / "cache"
    folder.mkdir(exist_ok=True)
    os.environ[signature_cache.VARIABLE] = str(folder)
    file = folder / f"signatures-{'0' * 64}.msgpack"
    found = []
    # As damaged on the disk, and as written so by somebody who knows the form.
    for content in (data, hashlib.sha256(data[32:]).digest() + data[32:]):
        file.write_bytes(content)
        file.chmod(0o600)
        prepared = signature_cache.load("0" * 64)
        file.unlink()
        found.append(prepared and (len(prepared.dialects), size_class(len(prepared.pools))))
    return tuple(found)


def _cache_files() -> tuple[bytes, ...]:
    folder = scratch() / "seed-cache"
    folder.mkdir(exist_ok=True)
    os.environ[signature_cache.VARIABLE] = str(folder)
    load_signatures()
    return tuple(file.read_bytes() for file in folder.iterdir())


def report_text(data: bytes) -> Outcome:
    """Hostile names and numbers in a report: the text reads back, and holds no control characters."""
    text = data.decode("utf-8", "surrogateescape")
    number = int.from_bytes(data[:8].ljust(8, b"\0"), "big", signed=True)
    info = InputInfo(text, first_seen=number, last_seen=number ^ 0x55, problems=[text])
    report = replace(empty_report(signatures(), parse_networks(DEFAULT_HOME_NET)), inputs=(info,))
    document = report.to_dict()
    assert json.loads(json_text(document)) == document
    table_text = _rendered("table", report)
    assert all(letter.isprintable() or letter == "\n" for letter in table_text)
    assert all(letter >= " " or letter == "\n" for letter in _rendered("jsonl", report))
    return len(table_text.splitlines())


TARGETS: dict[str, Target] = {
    "capture": Target(capture, corpus.captures),
    "packed": Target(capture, corpus.packed),
    "fragments": Target(fragments.fragments, fragments.seeds),
    "kernels": Target(kernels, _framed),
    "sieve": Target(sieve, _framed),
    "scan": Target(whole_scan, corpus.captures),
    "stream": Target(stream, corpus.streams),
    "jsonlines": Target(jsonlines, lambda: corpus.examples() + corpus.streams()),
    "http": Target(http, corpus.streams),
    "websocket": Target(websocket, corpus.streams),
    "stratum_v2": Target(stratum_v2, corpus.streams),
    "openings": Target(openings, _first_flights),
    "textlines": Target(text_lines, _lines),
    "dns": Target(dns, corpus.datagrams),
    "conversation": Target(conversation, corpus.dialogues),
    "signatures": Target(signature_file, corpus.signature_files),
    "tables": Target(table, corpus.tables),
    "cache": Target(cache_file, _cache_files),
    "report": Target(
        report_text, lambda: (*corpus.examples(), b"\x7f\xff\xff\xff\xff\xff\xff\xff", b"\x80\0")
    ),
}
