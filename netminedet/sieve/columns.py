"""What one kernel leaves for the next: parallel columns for a chunk of packets, and the flow row.

A batch is worked through in chunks so that these columns, the flow rows of the chunk
and the packets themselves are still in the processor's cache when the next kernel
comes to them.
"""

from __future__ import annotations

from array import array
from mmap import mmap

#: Packets worked on at a time.
CHUNK = 2048


class Columns:
    """Decoded headers of the packets of one chunk; index 0 is the chunk's first packet.

    No column is one of bytes: to a C compiler a store of a byte may change anything, and
    every store would make it read all its pointers anew.
    """

    __slots__ = (
        "ip_at",
        "key0",
        "key1",
        "payload_at",
        "payload_len",
        "ports",
        "proto",
        "row",
        "segment_len",
        "seq",
        "side",
        "tcp_flags",
    )

    def __init__(self) -> None:
        #: 6 (TCP), 17 (UDP), or 0 where the packet holds neither or could not be decoded
        self.proto = array("I", bytes(4 * CHUNK))
        #: flow key: the same for both directions of a flow
        self.key0 = array("Q", bytes(8 * CHUNK))
        self.key1 = array("Q", bytes(8 * CHUNK))
        #: 0 when the sender has the smaller (address, port), else 1
        self.side = array("I", bytes(4 * CHUNK))
        #: where the IP header begins in the batch's data
        self.ip_at = array("I", bytes(4 * CHUNK))
        self.payload_at = array("I", bytes(4 * CHUNK))
        #: payload bytes captured, and payload bytes that were on the wire
        self.payload_len = array("I", bytes(4 * CHUNK))
        self.segment_len = array("I", bytes(4 * CHUNK))
        #: source port << 16 | destination port
        self.ports = array("I", bytes(4 * CHUNK))
        self.seq = array("I", bytes(4 * CHUNK))
        self.tcp_flags = array("I", bytes(4 * CHUNK))
        #: index of the packet's flow in the flow table, or -1
        self.row = array("i", bytes(4 * CHUNK))


#: Why a packet was not decoded to TCP or UDP, by counter index.  "non_ip" and
#: "other_transport" are ordinary traffic of no interest here (ARP, ICMP...).
OUTCOMES = (
    "decoded",
    "non_ip",
    "other_transport",
    "ip_fragments",
    "truncated",
    "malformed",
    "unknown_link_type",
    "too_many_layers",
    "encrypted",
    "not_unwrapped",
)
DECODED = 0
NON_IP = 1
OTHER_TRANSPORT = 2
FRAGMENT = 3
TRUNCATED = 4
MALFORMED = 5
UNKNOWN_LINK = 6
TOO_DEEP = 7
ENCRYPTED = 8
NOT_UNWRAPPED = 9
# States of an odd packet that are no outcomes yet.
START = 10  # to be walked from its link layer
REBUILT = 11  # to be walked from an IP header: a datagram put together from fragments
PIECE = 12  # a fragment that was not yet taken for reassembly
STATES = 13


class Odd:
    """The packets of a chunk that are not plain Ethernet with TCP or UDP: what is found out of each.

    The entries are in packet order.  ``state`` is an outcome or START, REBUILT or PIECE;
    of an entry that is DECODED or a PIECE, ``ip_at`` is the innermost IP header, ``body_at``
    what follows it (of an IPv6 fragment its fragment header), ``end`` where its captured
    bytes end and ``wire_end`` where the IP packet ends by its own header.
    """

    __slots__ = (
        "body_at",
        "column",
        "count",
        "end",
        "frame",
        "inside",
        "ip_at",
        "protocol",
        "state",
        "wire_end",
    )

    def __init__(self) -> None:
        self.count = 0
        self.column = array("I", bytes(4 * CHUNK))
        self.state = array("I", bytes(4 * CHUNK))
        #: where the frame begins in the batch's data; a rebuilt one lies behind the batch's own
        self.frame = array("I", bytes(4 * CHUNK))
        self.ip_at = array("I", bytes(4 * CHUNK))
        self.body_at = array("I", bytes(4 * CHUNK))
        #: 6 or 17; of an IPv6 fragment, where in the packet the byte stands that says 44
        self.protocol = array("I", bytes(4 * CHUNK))
        self.end = array("I", bytes(4 * CHUNK))
        self.wire_end = array("I", bytes(4 * CHUNK))
        #: 1 where the IP header came out of a tunnel over IP
        self.inside = array("I", bytes(4 * CHUNK))


# A flow's row: 8 words of 64 bits, one cache line.
ROW_WORDS = 8
KEY0 = 0
KEY1 = 1  # never 0 in a row that is taken: its low byte is the IP version
NEXT_SEQ = 2  # next expected sequence number: side 0 in the low half, side 1 in the high half
SCAN = 3  # per side 32 bits: state (16), stash slot + 1 (16)
FLAGS_PACKETS = 4  # packets in the low 40 bits, flags above
BYTES = 5
FIRST_SEEN = 6
LAST_SEEN = 7

# States of a side that are none of the automaton's.
IN_MESSAGE = 0xFFFC  # a message with an anchor has not ended
IN_OPENING = 0xFFFD  # the flight so far begins like one that is known by its first bytes
IN_CERTIFICATE = 0xFFFE  # a TLS server's first flight, whose certificate is not whole yet
IN_HELLO = 0xFFFF  # a ClientHello goes on in the next segment
# What a look at a segment tells instead of the state behind it; 0x10000 stands for an exception.
FOUND = 0x20000  # it flags its flow: to this is added the state before what is handed on
UNTOLD = 0x40000  # it is yet to be searched

PACKETS_MASK = (1 << 40) - 1
#: Times are kept in a row as unsigned words, moved up by this so that order holds below 1970.
TIME_BIAS = 1 << 63

# Flags, each one bit.  Those that exist per side are given for side 0; side 1 has the next bit.
HELD = 1 << 40  # segments of the side, or its SYN, wait in the reorder slots
PASSING = 1 << 42  # of a flagged flow: the side's half of SCAN is the number up to which nothing is handed on
TUNNEL_ASKED = 1 << 44  # one of the sides may have asked a SOCKS proxy for a connection
HAVE_SEQ = 1 << 48  # NEXT_SEQ holds
FLIGHT_KNOWN = 1 << 50  # the first byte of the side's current flight was seen
FLIGHT_JSON = 1 << 52  # ... and it opens a JSON message
HTTP_SEEN = 1 << 54  # a flight of this side began like HTTP
FLAGGED = 1 << 56  # payload is handed on
NOTED = 1 << 57  # the flow carried evidence: its totals are reported
LAST_SENDER_KNOWN = 1 << 58
LAST_SENDER = 1 << 59  # set: side 1 sent the last new payload
FLIGHT_TEXT = 1 << 60  # per side: the current flight begins with printable text
#: All that is known of the current flight of side 0, and all of what both sides have said.
FLIGHT = FLIGHT_KNOWN | FLIGHT_JSON | FLIGHT_TEXT
TALK = 3 * (HAVE_SEQ | FLIGHT | HTTP_SEEN | PASSING) | LAST_SENDER_KNOWN | TUNNEL_ASKED


def _column(count: int) -> memoryview:
    """So many numbers of 32 bits, which take no memory and no time before they are used."""
    return memoryview(mmap(-1, 4 * count)).cast("I")


class Hits:
    """What the text kernel found in a chunk, in packet order: what later stages are to look at."""

    __slots__ = (
        "acknowledged",
        "at",
        "column",
        "context",
        "expected",
        "joined",
        "kind",
        "length",
        "match",
        "prefix_at",
        "prefix_len",
        "seq",
        "wanted",
    )

    #: A packet gives at most a piece of conversation, a name, a flow's beginning and a node's words, and
    #: not all of these a second time when it came too early; so do those that earlier chunks kept.
    CAPACITY = 16 * CHUNK

    def __init__(self) -> None:
        self.kind = _column(self.CAPACITY)
        self.column = _column(self.CAPACITY)
        #: bounds of what was found: in the batch's data, or in ``joined`` where ``prefix_at`` says so
        self.at = _column(self.CAPACITY)
        self.length = _column(self.CAPACITY)
        #: bytes of the same message that came in earlier packets: bounds in ``joined``
        self.prefix_at = _column(self.CAPACITY)
        self.prefix_len = _column(self.CAPACITY)
        #: the flow's flags (FLAGS_PACKETS >> 48) with the CONTEXT_ bits
        self.context = _column(self.CAPACITY)
        #: sequence number of the first byte: of the prefix, where there is one
        self.seq = _column(self.CAPACITY)
        #: where the side was expected to go on, and what it acknowledges: where CONTEXT_ bits say so
        self.expected = _column(self.CAPACITY)
        self.acknowledged = _column(self.CAPACITY)
        #: what the name kernel says of it: one of the MATCH_ values
        self.match = _column(self.CAPACITY)
        #: indexes of the hits that are to leave the sieve
        self.wanted = _column(self.CAPACITY)
        self.joined = mmap(-1, JOINED_SIZE)  # costs nothing until it is used


#: Room for pieces of messages that earlier packets of a chunk's flows held.
JOINED_SIZE = 1 << 20

#: Unfinished messages kept at a time (slots are used in a ring), and the longest kept of one.
STASH_SLOTS = 2048
STASH_SIZE = 4096
#: The same for messages in which an anchor was found: nothing else takes their slots, and each takes as
#: much of a ring of bytes as it has.
MESSAGE_SLOTS = 16384
MESSAGE_ROOM = 1 << 23

#: Longest masked message of a WebSocket's client in which literals are looked for.
MASKED_SIZE = 2048

#: Slots for segments that came too early, in sets of eight in which the oldest gives way; the longest
#: segment that a slot keeps, and how many a direction may hold before the hole is given up.
REORDER_SLOTS = 1024
REORDER_SIZE = 2048
MAX_REORDERED = 6
#: A segment farther than this from what is expected is a stray, not a neighbour in the wrong place.
REORDER_REACH = 1 << 20

# Kinds of hits.
SEGMENT = 1  # payload of a flagged flow, to be read by the protocol parsers
CLIENT_HELLO = 2
HTTP_REQUEST = 3
DNS_UDP = 4
DNS_TCP = 5
SOCKS_REQUEST = 6
CERTIFICATE = 7  # a TLS server's first flight, up to the end of its own certificate
PEER = 8  # what may be a coin node's first words; only where they are asked for
NEW_FLOW = 9  # the first payload of a flow
DATAGRAM = 10  # begins as a datagram of a signature does
PROXIED = 11  # a header of the PROXY protocol, with which its flow begins

#: Slots of the sets of endpoints and names that are watched for while a capture is read, and how many
#: of them may be taken.
WATCH_SLOTS = 1024
MAX_WATCHED = 256

#: Levels of a JSON message; one that is nested deeper is none.
MAX_DEPTH = 128

# FNV-1a, 64 bits (draft-eastlake-fnv).
HASH_START = 0xCBF29CE484222325
HASH_STEP = 0x100000001B3

#: ``Hits.context`` has the flags of a flow's row from this bit on.
FLAGS_SHIFT = 48
# Further bits of it, in places that no flag of the row takes.
CONTEXT_IN_ORDER = 0x4000
CONTEXT_NEW = 0x8000  # not a retransmission
CONTEXT_PLACED = 0x10000  # not in order, and ``expected`` is not far off
CONTEXT_ACKNOWLEDGES = 0x20000
CONTEXT_RENEWED = 0x40000  # the ends have opened a new connection, of which this is the first payload

#: Bytes that tell SetupConnection of Stratum V2 (sv2-spec section 3.6.1).
SETUP_BYTES = 17
#: Bytes of the first flight of an encrypted connection of Stratum V2 (sv2-spec section 4.5.1), and fewest
#: of them that are known by themselves.
KEY_BYTES = 64
KEY_LEAST = 16
#: The same of one before February 2024 (commit eee3c8be of the reference implementation).
OLD_KEY_BYTES = 32
#: Longest segment that is taken for a SOCKS request: greeting, password and request in one have
#: 257, 513 and 262 bytes at most (RFC 1928 sections 3 and 4, RFC 1929 section 2).
SOCKS_SIZE = 1032

MATCH_NONE = 0
MATCH_NAME = 1  # a name of a pool may be in it: look closer
MATCH_BARE_TLS = 2  # a ClientHello without a server name
MATCH_TUNNEL = 3  # a proxy is asked for a connection, to what is no pool's name
MATCH_ABOVE = 99  # of a domain, between kernels: not in the set, but names under it are

#: Longest name looked at, in bytes (RFC 1035 section 2.3.4 allows 255).
NAME_SIZE = 256


def endpoint_hash(address: bytes, port: int) -> int:
    """The hash of an address of 4 or 16 bytes and a port."""
    return text_hash(address + port.to_bytes(2, "big"))


def text_hash(text: bytes) -> int:
    """FNV-1a of the bytes, 64 bits."""
    value = HASH_START
    for byte in text:
        value = ((value ^ byte) * HASH_STEP) & 0xFFFFFFFFFFFFFFFF
    return value
