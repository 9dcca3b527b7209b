"""The sieve as a whole: what is handed on, when, and what is not."""

from __future__ import annotations

import itertools
import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netminedet.sieve import Hit, Sieve
from netminedet.sieve.columns import (
    CLIENT_HELLO,
    DNS_TCP,
    DNS_UDP,
    HTTP_REQUEST,
    MATCH_BARE_TLS,
    MATCH_NAME,
    MESSAGE_ROOM,
    NEW_FLOW,
    SEGMENT,
    STASH_SIZE,
    STASH_SLOTS,
)
from tests.frames import ACK, SYN, batch_of, ethernet, ipv4, tcp_frame, udp

MINER, POOL = ("10.0.0.1", 40000), ("198.51.100.9", 3333)
LINE = b'{"id":1,"params":["x/1"],"method":"mining.subscribe"}\n'


def sieve() -> Sieve:
    return Sieve([b"mining.", b'"login"'], ["antpool.com", "stratum.slushpool.com"])


def hits(frames: list[bytes], tool: Sieve | None = None) -> list[Hit]:
    return list((tool or sieve()).run(batch_of(frames), "test"))


def sent(pieces: list[bytes], start: int = 100) -> list[bytes]:
    frames = [tcp_frame(MINER, POOL, start - 1, b"", SYN)]
    for piece in pieces:
        frames.append(tcp_frame(MINER, POOL, start, piece))
        start += len(piece)
    return frames


@given(st.lists(st.integers(1, len(LINE) - 1), max_size=6))
@settings(max_examples=80)
def test_anchor_split_anywhere_is_found_with_the_whole_message(cuts: list[int]) -> None:
    edges = [0, *sorted(set(cuts)), len(LINE)]
    pieces = [LINE[a:b] for a, b in itertools.pairwise(edges)]
    found = hits(sent(pieces))
    assert b"".join(hit.prefix + hit.payload for hit in found) == LINE


@pytest.mark.parametrize(
    "before",
    [
        pytest.param([b"\x00\x01binary" * 100] * 40, id="binary"),
        pytest.param([b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"] * 60, id="http"),
        pytest.param([b'{"jsonrpc":"2.0","method":"other"}\n'] * 60, id="json"),
        pytest.param([b"PROXY TCP4 10.0.0.1 198.51.100.9 1 2\r\n"], id="proxy-line"),
        pytest.param([b'{"never closed'], id="open-object"),
    ],
)
def test_no_flow_is_given_up(before: list[bytes]) -> None:
    found = [hit for hit in hits(sent([*before, LINE])) if hit.kind == SEGMENT]
    assert found
    assert (found[-1].prefix + found[-1].payload).endswith(LINE)


@pytest.mark.parametrize(
    "header",
    [
        b"\r\n\r\n\x00\r\nQUIT\n\x21\x21\x00\x24" + bytes(36),
        b"\x81\x7e\x01\x00",
        b"\x00\x00\x00\x40",
        b"\xe4\xbd\xa0\xe5\xa5\xbd\n",
    ],
)
def test_message_behind_a_frame_header_is_seen(header: bytes) -> None:
    found = [hit.payload for hit in hits(sent([header + LINE])) if hit.kind == SEGMENT]
    assert found == [header + LINE]


def test_segment_out_of_order_is_searched_too() -> None:
    late = [tcp_frame(MINER, POOL, 500, b"x" * 50), tcp_frame(MINER, POOL, 100, LINE)]
    assert [hit.payload for hit in hits(late)] == [LINE]


def test_flagged_flow_is_handed_on_in_both_directions_until_unflagged() -> None:
    tool = sieve()
    reply = tcp_frame(POOL, MINER, 900, b'{"id":1,"result":true}\n')
    (first,) = hits(sent([LINE]), tool)
    assert [hit.side for hit in hits([reply], tool)] == [1 - first.side]
    tool.unflag(first)
    assert hits([tcp_frame(POOL, MINER, 923, b'{"id":2,"result":true}\n')], tool) == []
    again = [tcp_frame(MINER, POOL, 100 + len(LINE), LINE)]
    assert [hit.payload for hit in hits(again, tool)] == [LINE]


def test_unfinished_message_of_the_other_side_comes_along() -> None:
    pool_says = b'{"id":null,"method":"other","params":[1,2,3]}\n'
    frames = [
        tcp_frame(POOL, MINER, 899, b"", SYN | ACK),
        tcp_frame(POOL, MINER, 900, pool_says[:20]),
        tcp_frame(MINER, POOL, 100, LINE),
        tcp_frame(POOL, MINER, 920, pool_says[20:]),
    ]
    last = hits(frames)[-1]
    assert last.prefix + last.payload == pool_says


def test_keep_alive_byte_is_not_payload() -> None:
    frames = [*sent([LINE]), tcp_frame(MINER, POOL, 100 + len(LINE) - 1, b"\n")]
    assert len(hits(frames)) == 1


CALL = b'{"id":1,"method":"mining.subscribe","params":["cgminer/4.9.2"]}'
HEADS = {
    "as-browsers-write": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n",
    "small-letters": b"POST / HTTP/1.1\r\ncontent-length:%d\r\nhost: a\r\n\r\n",
    "bare-newlines": b"POST / HTTP/1.1\nCONTENT-LENGTH: %d \n\n",
}


def http_bodies(pieces: list[bytes]) -> list[bytes]:
    """What is handed on of a POST in these segments, each with what was kept before it."""
    return [hit.prefix + hit.payload for hit in hits(sent(pieces)) if hit.kind == SEGMENT]


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("cut", range(30, len(CALL)))
def test_body_of_http_waits_for_its_end(head: bytes, cut: int) -> None:
    post = head % len(CALL) + CALL[:cut]
    assert http_bodies([post + CALL[cut:]]) == [post + CALL[cut:]]
    assert http_bodies([post, CALL[cut:]]) == [post + CALL[cut:]]
    assert http_bodies([post]) == []


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\n\r\n", id="no-length"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 40\r\n\r\n", id="all-there"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 63x\r\n\r\n", id="no-number"),
        pytest.param(b"POST / HTTP/1.1\r\nX-Content-Length: 63\r\n\r\n", id="another-field"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\nform=", id="not-at-the-beginning"),
    ],
)
def test_body_of_http_that_nobody_knows_the_end_of_does_not_wait(head: bytes) -> None:
    assert http_bodies([head + CALL[:40]]) == [head + CALL[:40]]


def test_flood_of_unfinished_messages_is_bounded_and_counted() -> None:
    tool = sieve()
    frames = [
        tcp_frame((f"10.1.{i >> 8}.{i & 255}", 9), POOL, 100, b'{"half') for i in range(STASH_SLOTS + 100)
    ]
    assert hits(frames, tool) == []
    assert tool.counters()["partial_messages_displaced"] == 100
    assert [hit.kind for hit in hits(sent([LINE]), tool)] == [SEGMENT]


def test_endless_message_is_counted_and_does_not_hide_the_anchor() -> None:
    tool = sieve()
    endless = sent([b'{"a":"' + b"x" * 1400, b"y" * 1400, b"z" * 1400, b'","m":"mining.x"}'])
    found = hits(endless, tool)
    assert tool.counters()["partial_messages_too_long"] == 1
    assert STASH_SIZE < 4200 + 6
    assert [hit.kind for hit in found] == [SEGMENT]


def client_hello(name: bytes | None, padding: int = 0) -> bytes:
    extensions = b"\x00\x15" + padding.to_bytes(2, "big") + bytes(padding)
    if name is not None:
        entry = b"\x00" + len(name).to_bytes(2, "big") + name
        body = len(entry).to_bytes(2, "big") + entry
        extensions += b"\x00\x00" + len(body).to_bytes(2, "big") + body
    body = b"\x03\x03" + bytes(32) + b"\x00" + b"\x00\x02\x13\x01" + b"\x01\x00"
    body += len(extensions).to_bytes(2, "big") + extensions
    handshake = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(handshake).to_bytes(2, "big") + handshake


def dns_query(name: bytes) -> bytes:
    labels = b"".join(bytes([len(label)]) + label for label in name.split(b"."))
    return b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + labels + b"\x00\x00\x01\x00\x01"


NAMES = [
    (b"antpool.com", True),
    (b"AntPool.COM", True),
    (b"stratum.antpool.com", True),
    (b"evilantpool.com", False),
    (b"antpool.com.evil.example", False),
    (b"slushpool.com", False),
    (b"stratum.slushpool.com", True),
    (b"com", False),
]


@pytest.mark.parametrize(("name", "listed"), NAMES)
def test_names_match_by_whole_labels(name: bytes, listed: bool) -> None:
    query = dns_query(name)
    carriers = {
        DNS_UDP: [ethernet(0x0800, ipv4("10.0.0.1", "10.0.0.53", 17, udp(5353, 53, query)))],
        DNS_TCP: [tcp_frame(MINER, ("10.0.0.53", 53), 1, len(query).to_bytes(2, "big") + query)],
        CLIENT_HELLO: [tcp_frame(MINER, POOL, 1, client_hello(name))],
        HTTP_REQUEST: [
            tcp_frame(MINER, POOL, 1, b"GET / HTTP/1.1\r\nAccept: x\r\nhOsT: " + name + b":80\r\n\r\n")
        ],
    }
    for kind, frames in carriers.items():
        assert [hit.kind for hit in hits(frames)] == [kind] * listed
    connect = tcp_frame(MINER, POOL, 1, b"CONNECT " + name + b":3333 HTTP/1.1\r\n\r\n")
    absolute = tcp_frame(MINER, POOL, 1, b"GET http://" + name + b"/ HTTP/1.1\r\n\r\n")
    assert len(hits([absolute])) == listed
    assert [hit.match == MATCH_NAME for hit in hits([connect])] == [listed]  # else as a tunnel


@pytest.mark.parametrize("padding", [0, 1500])
@pytest.mark.parametrize(
    "cuts", [(), (6,), (40,), (110,), (1,), (2,), (3,), (4,), (5,), (1, 2), (2, 9), (1, 2, 3, 4, 5, 6, 7)]
)
def test_client_hello_over_segments(cuts: tuple[int, ...], padding: int) -> None:
    """A first segment of a few bytes, too, as programs make it that want nobody to read the name."""
    hello = client_hello(b"stratum.antpool.com", padding=padding)
    pieces = [hello[start:end] for start, end in pairwise((0, *cuts, len(hello)))]
    (hit,) = hits(sent(pieces))
    assert hit.kind == CLIENT_HELLO
    assert (hit.prefix or hit.payload) == hello


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([b"\x16\x03", b"\x01\x00\x40\x02" + bytes(60)], id="another-handshake"),
        pytest.param([b"\x16\x03\x01", b"hello, stratum.antpool.com"], id="no-handshake"),
        pytest.param([b"\x16", b"\x16" * 100], id="no-record"),
        pytest.param([b"\x16\x03\x01\x00", b""], id="nothing-more"),
    ],
)
def test_what_begins_like_a_hello_and_is_none(pieces: list[bytes]) -> None:
    tool = sieve()
    assert hits(sent(pieces), tool) == []
    assert hits(sent([*pieces, LINE]), sieve())  # and what follows it is looked at


def test_a_message_behind_the_first_bytes_of_a_hello() -> None:
    assert [hit.payload for hit in hits(sent([b"\x16\x03", LINE]))] == [LINE]


@pytest.mark.parametrize("others", [1, 2 * STASH_SLOTS])
def test_a_hello_in_pieces_behind_a_message_that_never_ended(others: int) -> None:
    """The direction holds a slot for messages with an anchor when it goes on far off, with a hello."""
    tool, cut = sieve(), b'{"method":"mining.x","params":['
    hello = client_hello(b"stratum.antpool.com")
    frames = [tcp_frame((f"10.1.{i >> 8}.{i & 255}", 9), POOL, 100, cut) for i in range(others)]
    frames += sent([cut])
    for at in range(0, len(hello), 40):
        frames.append(tcp_frame(MINER, POOL, (1 << 24) + at, hello[at : at + 40]))
    found = [hit for hit in hits(frames, tool) if hit.kind == CLIENT_HELLO]
    assert [hit.prefix for hit in found if hit.prefix] == [hello]


def test_a_flow_to_a_watched_endpoint_whose_beginning_is_missing() -> None:
    tool, end = sieve(), ("198.51.100.77", 4444)
    assert hits(sent([LINE]), tool)  # only a server that was heard can send its client elsewhere
    assert tool.watch_endpoint(*end)
    frames = [tcp_frame(MINER, end, 99, b"", SYN)]
    frames += [tcp_frame(MINER, end, 300 + 50 * i, b"x" * 50) for i in range(7)]
    (hit,) = hits(frames, tool)
    assert (hit.kind, hit.prefix) == (NEW_FLOW, b"x" * 50)


def test_client_hello_without_a_name_is_told_apart() -> None:
    assert [hit.match for hit in hits(sent([client_hello(None)]))] == [MATCH_BARE_TLS]


@given(st.lists(st.binary(max_size=80), max_size=12), st.integers(0, 2**32 - 1))
def test_any_payload_at_any_sequence_number(pieces: list[bytes], start: int) -> None:
    """Nothing raises, and what is handed on was sent."""
    for hit in hits(sent(pieces, start)):
        assert hit.payload in b"".join(pieces)


def test_jumbled_json_costs_no_message() -> None:
    lines = [
        json.dumps({"id": i, "method": "mining.submit", "params": ["a" * i]}).encode() + b"\n"
        for i in range(40)
    ]
    assert b"".join(hit.prefix + hit.payload for hit in hits(sent(lines))) == b"".join(lines)


def test_undecoded_packet_shows_nothing_of_the_one_before_it() -> None:
    query = ethernet(0x0800, ipv4("10.0.0.1", "10.0.0.53", 17, udp(5353, 53, dns_query(b"antpool.com"))))
    tool = sieve()
    assert len(hits([query], tool)) == 1
    assert hits([ethernet(0x0806, bytes(60))], tool) == []


def test_payload_cut_by_the_capture_is_counted() -> None:
    tool = sieve()
    cut = batch_of([frame[:-5] for frame in sent([LINE])[1:]])
    list(tool.run(cut, "test"))
    assert tool.counters()["payload_not_captured"] == 1


BEGUN = b'{"id":1,"method":"mining.subscribe","params":["'


def test_a_message_that_never_ends_stays_in_the_sieve() -> None:
    assert hits(sent([BEGUN, b"x" * 1000, b"y" * 1000])) == []


@pytest.mark.parametrize("end", [b'"]}\n', b'"]}', b'"]} \0', b'"]}\n{"id":2'])
def test_a_message_that_waited_is_handed_on_whole_when_it_ends(end: bytes) -> None:
    found = hits(sent([BEGUN, b"x" * 1000, end, LINE]))
    assert [hit.prefix + hit.payload for hit in found] == [BEGUN + b"x" * 1000 + end, LINE]


def test_a_message_that_outgrows_its_slot_is_handed_on() -> None:
    found = hits(sent([BEGUN, *[b"x" * 1400] * 4]))
    assert b"".join(hit.prefix + hit.payload for hit in found) == BEGUN + b"x" * 5600


@pytest.mark.parametrize("behind", [[b'x"]}\n', LINE], [b'x"]}\n' + LINE]])
def test_behind_a_message_that_was_displaced_the_next_one_is_found(behind: list[bytes]) -> None:
    tool = sieve()
    hits(sent([BEGUN]), tool)
    for first in range(0, MESSAGE_ROOM // 1400 + 2, 1000):
        others = range(first, first + 1000)
        hits(
            [tcp_frame((f"10.1.{i >> 8}.{i & 255}", 9), POOL, 100, BEGUN + b"x" * 1400) for i in others], tool
        )
    starts = [100 + len(BEGUN), 100 + len(BEGUN) + len(behind[0])]
    found = hits([tcp_frame(MINER, POOL, *one) for one in zip(starts, behind, strict=False)], tool)
    assert [hit.prefix + hit.payload for hit in found] == behind[-1:]
    assert tool.counters()["partial_messages_displaced"] > 0


def test_what_is_passed_over_is_handed_on_again_behind_it_and_where_a_segment_is_missing() -> None:
    for missing in (False, True):
        tool = sieve()
        (first,) = hits(sent([LINE]), tool)
        start = first.seq + len(LINE)
        tool.pass_over(first, start + 250)
        frames = [tcp_frame(MINER, POOL, start + 100 * i, bytes([65 + i]) * 100) for i in range(4)]
        if missing:
            del frames[0]
        found = hits(frames, tool)
        assert [hit.payload[:1] for hit in found] == ([b"B", b"C", b"D"] if missing else [b"C", b"D"])


def test_lookups_of_hosts_that_are_not_kept_are_counted() -> None:
    tool = sieve()
    tool.keep_only(["10.0.0.1"])
    asked = dns_query(b"antpool.com")
    answer = asked[:2] + b"\x81\x80" + asked[4:]

    def lookups(host: str) -> list[Hit]:
        there = ethernet(0x0800, ipv4(host, "9.9.9.9", 17, udp(5000, 53, asked)))
        back = ethernet(0x0800, ipv4("9.9.9.9", host, 17, udp(53, 5000, answer)))
        return hits([there, back], tool)

    assert len(lookups("10.0.0.1")) == 2
    assert lookups("10.0.0.2") == []
    assert tool.keep_all() == (2, 1)
    assert len(lookups("10.0.0.2")) == 2
