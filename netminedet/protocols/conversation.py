"""One flagged flow, read as a conversation: segments of both sides in, mining messages out.

Where a message may stand.  A literal anywhere in a flow proves nothing: a web page, a
mail or a database row may quote a whole Stratum session.  A message counts

* at once, in a flow where both sides have said nothing but JSON messages since their
  present turn of speech (*flight*) began;
* at once, too, as a segment of its own after a binary preamble of the same side:
  what quotes protocols is text, or holds the quotation inside a frame;
* in a dialogue of plain words, which others may speak as well, only once both sides have
  said something that is telling;
* otherwise (a preamble of text, an HTTP exchange before, a flow picked up in the
  middle of something else) only if it begins a flight or a segment or follows such a
  message directly, and only once the other side has answered in kind: a proxy or a
  reused connection carries a dialogue, a quotation is a monologue.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from netminedet.model import ACCEPTED, CLIENT, REJECTED, SERVER, STATUS, STRONG, FiveTuple, Message
from netminedet.protocols.btcagent import AgentFraming, Workers, begins_agent_message
from netminedet.protocols.channels import Channels
from netminedet.protocols.framing import (
    FrameFraming,
    Framing,
    TextFraming,
    WebSocketFraming,
    midstream_websocket,
    opening,
    pass_over,
)
from netminedet.protocols.gzipped import GZIP_MAGIC, GzipFraming
from netminedet.protocols.http_framing import HttpFraming, is_request, may_begin_http
from netminedet.protocols.interpreter import Interpreter
from netminedet.protocols.jsonlines import ForeignItem, Item, JsonItem, JsonLines
from netminedet.protocols.noise import NoiseCounts, NoiseStage, NoiseWatch, looks_random
from netminedet.protocols.preambles import claimed_client
from netminedet.protocols.rebuffs import other_tongue
from netminedet.protocols.recogniser import Recogniser
from netminedet.protocols.segment import Segment
from netminedet.protocols.stream import Piece, Stream

#: Messages held until the other side speaks.
MAX_HELD = 64
_MINUTE = 60_000_000_000
#: What a conversation counts of what it could not read.
COUNTS = (
    "messages_dropped",
    "stream_gaps",
    "stream_disagreements",
    "segments_out_of_window",
    "messages_too_long",
    "messages_undecodable",
)


class _End(Struct):
    """What is known of one end of the flow."""

    stream: Stream = field(default_factory=Stream)
    framing: Framing = field(default_factory=JsonLines)
    held: list[Message] = field(default_factory=list)
    #: it has said something that is no JSON message
    foreign: bool = False
    #: the last item was a message that counts or is held
    in_dialogue: bool = False
    spoke_in_kind: bool = False
    #: the dialect of its latest strong request that counted
    asked: str = ""
    last: Segment | None = None
    #: the segment before the last
    before: Segment | None = None


class Conversation:
    """Puts both directions in order, splits them into messages and asks the signatures."""

    def __init__(self, signatures: Recogniser, claim: Mapping[str, str] | None = None) -> None:
        """``claim``: whom a header of the PROXY protocol, with which the flow began, gives as the client."""
        self._signatures = signatures
        self._claim: Mapping[str, str] = claim or {}
        self._ends = (_End(), _End())
        #: made for the first value: most flows that only resemble mining have none
        self._interpreter: Interpreter | None = None
        self._noise: NoiseWatch | None = None
        self._noise_client = 0
        self._begun = False
        #: the side that spoke last
        self._spoke: int | None = None
        self._mutual = False
        #: of connections of the same ends that went before
        self._counts_before: dict[str, int] = {}
        self._encrypted_before: list[tuple[FiveTuple, NoiseCounts]] = []
        #: mining messages found so far
        self.found = 0
        #: messages dropped at the limit above
        self.dropped = 0

    @property
    def idle(self) -> bool:
        """Nothing here is worth following: no message found, held, begun or behind a hole."""
        return not self.found and not (
            self._noise or any(end.held or end.framing.pending or end.stream.waiting for end in self._ends)
        )

    @property
    def latest(self) -> int | None:
        """The time of the last segment of either side."""
        return max((end.last.where.time_ns for end in self._ends if end.last is not None), default=None)

    @property
    def counts(self) -> dict[str, int]:
        """What was missing or odd, by the names that the report has for it: ``COUNTS``."""
        one, other = self._ends
        counts = {
            "messages_dropped": self.dropped + (self._interpreter.dropped if self._interpreter else 0),
            "stream_gaps": one.stream.gaps + other.stream.gaps,
            "stream_disagreements": one.stream.disagreements + other.stream.disagreements,
            "segments_out_of_window": one.stream.strays + other.stream.strays,
            "messages_too_long": one.framing.oversized + other.framing.oversized,
            "messages_undecodable": one.framing.undecodable + other.framing.undecodable,
        }
        for name, number in self._counts_before.items():
            counts[name] += number
        return counts

    @property
    def encrypted(self) -> list[tuple[FiveTuple, NoiseCounts]]:
        """Connections with an encrypted Stratum V2 channel, and what their sizes show."""
        last = self._ends[self._noise_client].last
        if self._noise is None or self._noise.stage is not NoiseStage.CHANNEL or last is None:
            return self._encrypted_before
        return [*self._encrypted_before, (last.where.flow, self._noise.counts())]

    def segment(self, segment: Segment) -> list[Message]:
        """Take the next segment of either side; the mining messages that it completes."""
        messages: list[Message] = []
        if segment.renews:
            messages = self._with_claim(self._renew())
            self._claim = claimed_client(segment.data)
        messages += self._with_claim(self._segment(segment))
        self.found += len(messages)
        return messages

    def _with_claim(self, messages: list[Message]) -> list[Message]:
        if not self._claim:
            return messages
        return [replace(one, details={**one.details, **self._claim}) for one in messages]

    def _segment(self, segment: Segment) -> list[Message]:
        messages: list[Message] = []
        end, other = self._ends[segment.side], self._ends[1 - segment.side]
        end.before, end.last = end.last, segment
        if segment.flight_is_json is False or segment.http_seen:
            end.foreign = True
        if segment.answers_text and not end.asked:
            other.foreign = True
        if other.stream.waiting and segment.acknowledged is not None:
            messages += self._read_all(other, other.stream.acknowledged(segment.acknowledged))
        if segment.expected is not None:
            end.stream.begin(segment.expected)
        pieces = end.stream.feed(segment.seq, segment.data, segment.where.time_ns)
        return messages + self._read_all(end, pieces)

    def turn_to(self, signatures: Recogniser, same: Container[str]) -> None:
        """Go on with other signatures; ``same``: those that are as they were.

        What others said proves no more: a message that was not certain yet is forgotten.
        """
        self._signatures = signatures
        if self._interpreter is not None:
            self._interpreter.turn_to(signatures, same)
        for end in self._ends:
            end.held = [message for message in end.held if message.signature in same]

    def pass_over(self, side: int) -> int | None:
        """The sequence number up to which nothing of this side is wanted any more; None where all is."""
        end = self._ends[side]
        if self.found or end.stream.waiting:
            return None
        count = pass_over(end.framing)
        return end.stream.pass_over(count) if count else None

    def finish(self) -> list[Message]:
        """No more segments will come: read what still waits behind holes."""
        messages = self._with_claim(self._finish())
        self.found += len(messages)
        return messages

    def _finish(self) -> list[Message]:
        messages: list[Message] = []
        for end in self._ends:
            messages += self._read_all(end, end.stream.flush())
        for end in self._ends:
            messages += self._end_turn(end, end.last)
        return messages

    def _renew(self) -> list[Message]:
        """The same ends open another connection: nothing of this one is carried over."""
        messages = self._finish()
        self._counts_before, self._encrypted_before = self.counts, self.encrypted
        self.dropped = 0
        self._ends = (_End(), _End())
        self._interpreter = None
        self._noise, self._spoke = None, None
        self._begun = self._mutual = False
        return messages

    def _read_all(self, end: _End, pieces: list[Piece]) -> list[Message]:
        """Read pieces of the end's stream, as parts of its last segment."""
        messages: list[Message] = []
        if end.last is not None:
            for piece in pieces:
                read = self._read_late if piece.late else self._read
                messages += read(end.last, piece.data, piece.gap)
        return messages

    def _read(self, segment: Segment, data: bytes, gap: bool) -> list[Message]:
        end = self._ends[segment.side]
        if not self._begun:
            self._begun = True
            if looks_random(data):
                self._noise, self._noise_client = NoiseWatch(), segment.side
        if self._noise is not None:
            watched = self._watch(self._noise, segment, data, gap)
            if self._noise is not None:
                return watched
        opens = data.startswith(self._signatures.openers)
        self._choose_framing(end, segment, data, opens)
        if gap and isinstance(end.framing, TextFraming) and self._spoke != segment.side:
            end.framing.lose()  # what is missing was another turn of this side: here a message begins
            gap = False
        rebuffed = self._rebuffed(segment, other_tongue(data)) if self._is_rebuff(segment, gap) else []
        self._spoke = segment.side
        other = self._ends[1 - segment.side]
        ended = self._end_turn(other, other.last)
        if opens:
            ended += self._end_turn(end, end.before)
        items = end.framing.feed(data, gap=gap)
        if isinstance(end.framing, HttpFraming) and end.framing.tunnel is not None:
            return self._read_tunnel(end.framing, segment)
        messages = rebuffed + ended + self._take(end, segment, items)
        if isinstance(end.framing, HttpFraming) and (said := end.framing.take_no_service()):
            messages += self._rebuffed(segment, said)
        return messages

    def _is_rebuff(self, segment: Segment, gap: bool) -> bool:
        """Whether the side answers lines with what is no JSON, and its beginning is there."""
        is_turn = self._spoke == 1 - segment.side and not gap
        return (
            is_turn
            and segment.flight_is_json is False
            and self._ends[1 - segment.side].framing.carrier == "lines"
        )

    def _rebuffed(self, segment: Segment, said: str) -> list[Message]:
        """That an end which was asked for mining answers otherwise: with words, a page, an error."""
        asked = self._asked(segment)
        return [self._interpret().rebuff(segment, asked, said)] if said and asked else []

    def _asked(self, segment: Segment) -> str:
        """The dialect in which the speaker was asked for mining, unless it answered in kind; else nothing."""
        end = self._ends[segment.side]
        if end.spoke_in_kind or isinstance(end.framing, TextFraming):
            return ""
        return self._ends[1 - segment.side].asked

    def _end_turn(self, end: _End, last: Segment | None) -> list[Message]:
        """What the end wrote without a newline, up to its segment ``last``, is a message where it writes
        text: the other end speaks, or it begins another one itself."""
        if last is None or not isinstance(end.framing, TextFraming):
            return []
        return self._take(end, last, end.framing.turn())

    def _take(self, end: _End, segment: Segment, items: list[Item]) -> list[Message]:
        """The mining messages among the items that a segment completes."""
        carrier = end.framing.carrier
        if any(isinstance(item, ForeignItem) for item in items):
            end.foreign = True
        messages: list[Message] = []
        for item in items:
            if not isinstance(item, JsonItem):
                end.in_dialogue = False
                continue
            placed = carrier != "lines" or _in_place(end, segment, item)
            candidates = self._read_value(segment, item.value, carrier) if placed else []
            if not candidates and carrier == "lines" and item.heads_segment and segment.may_be_body:
                candidates = self._read_value(segment, item.value, "http")
            end.in_dialogue = bool(candidates)
            alone = len(items) == 1 and item.heads_segment and not end.framing.pending
            sure = (carrier not in ("lines", "text") and not segment.quotes(carrier)) or (
                alone and not segment.flight_is_text
            )
            messages += self._weigh(end, candidates, sure=sure)
        return messages

    def _interpret(self) -> Interpreter:
        if self._interpreter is None:
            self._interpreter = Interpreter(self._signatures)
        return self._interpreter

    def _read_value(self, segment: Segment, value: Any, carrier: str) -> list[Message]:
        return self._interpret().read(segment, value, carrier, self._asked(segment))

    def _read_late(self, segment: Segment, data: bytes, gap: bool) -> list[Message]:
        """Lines from before what was read of the direction; what is begun there is not touched."""
        end = self._ends[segment.side]
        if end.framing.carrier != "lines":
            return []
        messages: list[Message] = []
        for item in JsonLines().feed(data, gap=gap):
            if isinstance(item, JsonItem) and _in_place(end, segment, item):
                candidates = self._read_value(segment, item.value, "lines")
                messages += self._weigh(end, candidates, sure=False)
        return messages

    def _choose_framing(self, end: _End, segment: Segment, data: bytes, opens: bool) -> None:
        """Change the framing where the bytes begin something else than what came before; ``opens``: with an
        opener of a dialect in plain text."""
        if isinstance(end.framing, (WebSocketFraming, FrameFraming, TextFraming, GzipFraming, AgentFraming)):
            return
        is_json = isinstance(end.framing, JsonLines) and data.startswith((b"{", b"["))
        if is_json and not (opens or segment.http_seen):
            return  # it goes on as most do
        if self.found and data.startswith(GZIP_MAGIC) and not end.framing.pending:
            end.framing = GzipFraming()  # as a server of EthereumStratum/2.0.0 asks for
            return
        if self.found and begins_agent_message(data) and not any(one.framing.pending for one in self._ends):
            workers = Workers()
            for one in self._ends:
                one.framing = AgentFraming(workers)
            return
        if isinstance(end.framing, HttpFraming):
            if segment.flight_is_json and not end.framing.in_body:
                end.framing = JsonLines()  # the connection is used for something else now
            return
        kind = None if end.framing.pending else opening(data)
        other = self._ends[1 - segment.side]
        behind_http = segment.http_seen and (segment.flight_is_json is False or may_begin_http(data))
        if kind == "http" or (behind_http and kind is None):
            end.framing = HttpFraming(requests=_asks(data, other.framing))
        elif kind == "websocket":
            end.framing, other.framing = midstream_websocket(), midstream_websocket()
        elif opens and not end.framing.pending:
            end.framing, other.framing = TextFraming(), TextFraming()
        elif kind in ("frames", "frames-back"):
            channels = Channels()
            side = CLIENT if kind == "frames" else SERVER
            end.framing, other.framing = FrameFraming(side, channels), FrameFraming(side.other, channels)

    def _read_tunnel(self, answer: HttpFraming, segment: Segment) -> list[Message]:
        """An HTTP answer made the connection a WebSocket or a tunnel: from here on both speak otherwise."""
        server, client = self._ends[segment.side], self._ends[1 - segment.side]
        if answer.upgrade is not None:
            server.framing = WebSocketFraming(answer.upgrade.server)
            client.framing = WebSocketFraming(answer.upgrade.client)
        else:
            server.framing, client.framing = JsonLines(), JsonLines()
        return self._read(segment, answer.tunnel, False) if answer.tunnel else []

    def _watch(self, noise: NoiseWatch, segment: Segment, data: bytes, gap: bool) -> list[Message]:
        """Look at the sizes of what may be an encrypted Stratum V2 connection."""
        before = noise.stage
        if gap:
            noise.gap()
        side = CLIENT if segment.side == self._noise_client else SERVER
        stage = noise.feed(side, data, minute=segment.where.time_ns // _MINUTE)
        if stage is NoiseStage.REFUSED:
            self._noise = None
        if stage is before or noise.name is None:
            return []
        if side is SERVER:  # it is the client that the connection speaks against
            where = replace(segment.where, flow=segment.where.flow.reversed())
            segment = replace(segment, where=where, side=self._noise_client)
        return self._interpret().read(segment, {"sv2": noise.name}, "frames")

    def _weigh(self, end: _End, candidates: list[Message], *, sure: bool) -> list[Message]:
        """Let the candidates count, hold them, or let them count together with those held."""
        if not candidates:
            return []
        is_text = isinstance(end.framing, TextFraming)
        # what others say too ("pong") is no answer in kind to a session that somebody quotes
        end.spoke_in_kind |= _tells(candidates, words=is_text)
        if sure or not (is_text or any(one.foreign for one in self._ends)):
            _note_asked(end, candidates)
            return self._release() + candidates
        if self._mutual or self._answered():
            self._mutual = True
            _note_asked(end, candidates)
            return self._release() + candidates
        if len(end.held) < MAX_HELD:
            end.held += candidates
        else:
            self.dropped += len(candidates)
        return []

    def _answered(self) -> bool:
        return all(end.spoke_in_kind for end in self._ends)

    def _release(self) -> list[Message]:
        held = [message for end in self._ends for message in end.held]
        if not held:
            return held
        for end in self._ends:
            _note_asked(end, end.held)
            end.held.clear()
        return sorted(held, key=_moment)


def _asks(data: bytes, other: Framing) -> bool:
    """Whether a direction of HTTP that begins so is that of the requests."""
    if is_request(data) or data.startswith(b"HTTP/"):
        return is_request(data)
    return not other.requests if isinstance(other, HttpFraming) else not b"HTTP/".startswith(data[:5])


def _note_asked(end: _End, counted: Iterable[Message]) -> None:
    for message in counted:
        if message.strength is STRONG and message.sender is CLIENT:
            end.asked = message.dialect


def _in_place(end: _End, segment: Segment, item: JsonItem) -> bool:
    """Whether a message may stand here."""
    return not end.foreign or end.in_dialogue or (item.heads_segment and not segment.is_http_body)


def _tells(candidates: list[Message], *, words: bool) -> bool:
    """Whether messages count as an answer in kind: work, shares, asking a machine how it is.

    Of plain words one such as "GOOD" does not, though it answers a share.
    """
    answers = (ACCEPTED, REJECTED) if words else ()
    return any(
        one.kind is STATUS or (one.strength is STRONG and one.kind not in answers) for one in candidates
    )


def _moment(message: Message) -> tuple[int, int]:
    return message.where.time_ns, message.where.packet
