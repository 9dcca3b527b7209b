"""Stratum V2: frames in the clear.  For encrypted connections see ``noise``.

https://github.com/stratum-mining/sv2-spec: sections 3 (types, framing, common messages), 5 (mining),
6 (job declaration), 7 (template distribution) and 8 (message types).

**In the clear** ``Sv2Reader`` demands that a direction opens with SetupConnection or its answer, exact to
the last byte; a wrong byte in the framing ends the reading for good.
"""

from __future__ import annotations

import math
import re
import struct

from msgspec import Struct

from netminedet.model import Side

#: Longest payload that is decoded; a longer one is given by name only.
MAX_PAYLOAD = 128 * 1024

Value = int | float | str | bytes | tuple[str, ...] | None

_HEADER = 6
#: Bytes of the longest SetupConnection: its numbers, and five texts of 255 bytes.
LONGEST_OPENING = 16 + 5 * 255
_NAMED_EXTENSIONS = 0x7FFF  # the top bit of extension_type is channel_msg (section 3.2)
# name, sender ("c", "s" or "b"oth), fields as "name:TYPE", or the fewest bytes of a payload left unread
_OPEN = "request_id:u32 user_identity:str nominal_hash_rate:f32 max_target:u256"
_OPENED = "request_id:u32 channel_id:u32 target:u256 "
_SHARE = "channel_id:u32 sequence_number:u32 job_id:u32 nonce:u32 ntime:u32 version:u32"
_JOB = "channel_id:u32 job_id:u32 min_ntime:opt version:u32 "
_MESSAGES: dict[int, tuple[str, str, str | int]] = {
    0x00: ("SetupConnection", "c", "protocol:u8 min_version:u16 max_version:u16 flags:u32 endpoint_host:str "
           "endpoint_port:u16 vendor:str hardware_version:str firmware:str device_id:str"),
    0x01: ("SetupConnection.Success", "s", "used_version:u16 flags:u32"),
    0x02: ("SetupConnection.Error", "s", "flags:u32 error_code:str"),
    0x03: ("ChannelEndpointChanged", "s", "channel_id:u32"),
    0x04: ("Reconnect", "s", "new_host:str new_port:u16"),
    0x10: ("OpenStandardMiningChannel", "c", _OPEN),
    0x11: ("OpenStandardMiningChannel.Success", "s", _OPENED + "extranonce_prefix:b32 group_channel_id:u32"),
    0x12: ("OpenMiningChannel.Error", "s", "request_id:u32 error_code:str"),
    0x13: ("OpenExtendedMiningChannel", "c", _OPEN + " min_extranonce_size:u16"),
    0x14: ("OpenExtendedMiningChannel.Success", "s",
           _OPENED + "extranonce_size:u16 extranonce_prefix:b32 group_channel_id:u32?"),
    0x15: ("NewMiningJob", "s", _JOB + "merkle_root:hash"),
    0x16: ("UpdateChannel", "c", "channel_id:u32 nominal_hash_rate:f32 maximum_target:u256"),
    0x17: ("UpdateChannel.Error", "s", "channel_id:u32 error_code:str"),
    0x18: ("CloseChannel", "b", "channel_id:u32 reason_code:str"),
    0x19: ("SetExtranoncePrefix", "s", "channel_id:u32 extranonce_prefix:b32"),
    0x1A: ("SubmitSharesStandard", "c", _SHARE),
    0x1B: ("SubmitSharesExtended", "c", _SHARE + " extranonce:b32 user_identity:tlv"),
    0x1C: ("SubmitShares.Success", "s", "channel_id:u32 last_sequence_number:u32 "
           "new_submits_accepted_count:u32 new_shares_sum:u64"),
    0x1D: ("SubmitShares.Error", "s", "channel_id:u32 sequence_number:u32 error_code:str"),
    0x1F: ("NewExtendedMiningJob", "s", _JOB + "version_rolling_allowed:bool merkle_path:path "
           "coinbase_tx_prefix:b64k coinbase_tx_suffix:b64k"),
    0x20: ("SetNewPrevHash", "s", "channel_id:u32 job_id:u32 prev_hash:hash min_ntime:u32 nbits:u32"),
    0x21: ("SetTarget", "s", "channel_id:u32 maximum_target:u256"),
    0x22: ("SetCustomMiningJob", "c", "channel_id:u32 request_id:u32 mining_job_token:b255 version:u32 "
           "prev_hash:hash min_ntime:u32 nbits:u32 coinbase_tx_version:u32 coinbase_prefix:b255 "
           "coinbase_tx_sequence:u32 coinbase_tx_outputs:b64k coinbase_tx_locktime:u32 merkle_path:path"),
    0x23: ("SetCustomMiningJob.Success", "s", "channel_id:u32 request_id:u32 job_id:u32"),
    0x24: ("SetCustomMiningJob.Error", "s", "channel_id:u32 request_id:u32 error_code:str"),
    0x25: ("SetGroupChannel", "s", "group_channel_id:u32 channel_ids:seq32"),
    0x50: ("AllocateMiningJobToken", "c", "user_identifier:str request_id:u32"),
    0x51: ("AllocateMiningJobToken.Success", "s", 7),
    0x53: ("IdentifyTransactions", "s", 4),
    0x54: ("IdentifyTransactions.Success", "c", 6),
    0x55: ("ProvideMissingTransactions", "s", 6),
    0x56: ("ProvideMissingTransactions.Success", "c", 6),
    0x57: ("DeclareMiningJob", "c", 17),
    0x58: ("DeclareMiningJob.Success", "s", "request_id:u32 new_mining_job_token:b255"),
    0x59: ("DeclareMiningJob.Error", "s", "request_id:u32 error_code:str error_details:b64k"),
    0x60: ("PushSolution", "c", "extranonce:b32 prev_hash:hash nonce:u32 ntime:u32 nbits:u32 version:u32"),
    0x70: ("CoinbaseOutputConstraints", "c", "max_additional_size:u32 max_additional_sigops:u16?"),
    0x71: ("NewTemplate", "s", 39),
    0x72: ("SetNewPrevHash", "s", "template_id:u64 prev_hash:hash header_time:u32 nbits:u32 target:u256"),
    0x73: ("RequestTransactionData", "c", "template_id:u64"),
    0x74: ("RequestTransactionData.Success", "s", 12),
    0x75: ("RequestTransactionData.Error", "s", "template_id:u64 error_code:str"),
    0x76: ("SubmitSolution", "c",
           "template_id:u64 version:u32 header_time:u32 header_nonce:u32 coinbase_tx:b64k"),
}  # fmt: skip
# Extension 0x0001 (extensions/0x0001-extensions-negotiation.md there).
_NEGOTIATION: dict[int, tuple[str, str, str | int]] = {
    0x00: ("RequestExtensions", "c", 4),
    0x01: ("RequestExtensions.Success", "s", 4),
    0x02: ("RequestExtensions.Error", "s", 6),
}
_FIRST = {Side.CLIENT: (0x00,), Side.SERVER: (0x01, 0x02)}
_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]*\Z")
_NUMBERS = {"u8": "<B", "u16": "<H", "u32": "<I", "u64": "<Q", "f32": "<f"}
_BYTES = {"b32": (1, 32), "b255": (1, 255), "b64k": (2, 65535)}  # bytes of the length, longest


class Sv2Message(Struct, frozen=True):
    """One message.  ``name``: as the specification has it, "Extension" for those of other extensions.

    ``fields``: numbers, texts, byte strings, tuples of them; 256-bit targets as integers, block hashes and
    Merkle roots as 64 hexadecimal digits in the order in which they are usually shown.  Empty where the
    payload is too long or has another layout, as drafts and later versions may have.
    """

    name: str
    sender: Side
    fields: dict[str, Value]
    type: int
    extension: int = 0


class _Payload:
    """Takes values off a payload; raises ValueError."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        self.at += size
        if self.at > len(self.data):
            raise ValueError
        return self.data[self.at - size : self.at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def text(self, size: int) -> str:
        text = self.take(size).decode("utf-8")
        if not text.isprintable():
            raise ValueError
        return text

    def value(self, kind: str) -> Value:
        """A value of a type of section 3.1."""
        if kind in _NUMBERS:
            number: int | float = struct.unpack(_NUMBERS[kind], self.take(struct.calcsize(_NUMBERS[kind])))[0]
            if kind == "f32" and not (math.isfinite(number) and number >= 0):
                raise ValueError
            return number
        if kind in _BYTES:
            size = self.number(_BYTES[kind][0])
            if size > _BYTES[kind][1]:
                raise ValueError
            return self.take(size)
        if kind == "str":
            return self.text(self.number(1))
        if kind == "hash":
            return self.take(32)[::-1].hex()
        if kind == "path":
            return tuple(self.take(32).hex() for _ in range(self.number(1)))
        if kind == "seq32":
            return tuple(str(self.number(4)) for _ in range(self.number(2)))
        if kind == "opt":
            return self.number(4) if self.take(1) == b"\1" else None
        if kind == "tlv":
            return self._identity() if self.at < len(self.data) else None
        return self.number(1) & 1 if kind == "bool" else self.number(32)

    def _identity(self) -> str:
        """The worker behind a share, as extension 0x0002 adds it: type, length and text, or only the text."""
        rest = self.data[self.at :]
        if rest[:3] in (b"\x00\x02\x01", b"\x02\x00\x01") and len(rest) >= 5:
            # a length of one byte, as in drafts, or of two in either order
            short = rest[3] == len(rest) - 4
            self.take(4 if short else 5)
            return self.text(rest[3] if short else max(rest[3], rest[4]))
        return self.text(self.number(1))


def _decode(layout: str, data: bytes) -> dict[str, Value]:
    """The fields of a payload; none unless they take exactly all of it."""
    payload = _Payload(data)
    fields: dict[str, Value] = {}
    try:
        for pair in layout.split():
            name, _, kind = pair.partition(":")
            missing = kind.endswith("?") and payload.at == len(data)
            fields[name] = None if missing else payload.value(kind.rstrip("?"))
    except ValueError:
        return {}
    return fields if payload.at == len(data) else {}


def _is_opening(type_: int, fields: dict[str, Value]) -> bool:
    """Whether a first message has values that it may have (sections 3.6.1 to 3.6.3)."""
    if type_ == 0x00:
        given = fields["protocol"], fields["min_version"], fields["max_version"]
        return given in ((0, 2, 2), (1, 2, 2), (2, 2, 2)) and bool(_HOST.match(str(fields["endpoint_host"])))
    if type_ == 0x01:
        return fields["used_version"] == 2
    return bool(fields["error_code"]) and str(fields["error_code"]).isascii()


class Sv2Reader:
    """Reads the frames that ``side`` sends, from the first byte of the connection."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._buffer = bytearray()
        self._skip = 0
        #: the first message was read: this is Stratum V2
        self.opened = False
        #: this is no Stratum V2, or bytes are missing; no more messages will come
        self.lost = False

    def feed(self, data: bytes, *, gap: bool = False) -> list[Sv2Message]:
        """Take the next bytes; the messages that they complete.  ``gap``: bytes before them are missing."""
        messages: list[Sv2Message] = []
        self.lost = self.lost or gap
        if not self.lost:
            self._buffer += data
        while not self.lost and self._next(messages):
            pass
        if self.lost:
            self._buffer.clear()
        return messages

    def _next(self, messages: list[Sv2Message]) -> bool:
        buffer = self._buffer
        skipped = min(self._skip, len(buffer))
        del buffer[:skipped]
        self._skip -= skipped
        if self._skip or len(buffer) < _HEADER:
            return False
        extension, type_ = int.from_bytes(buffer[:2], "little") & _NAMED_EXTENSIONS, buffer[2]
        length = int.from_bytes(buffer[3:6], "little")
        layout = self._layout(extension, type_)
        if not self.opened:
            self.lost = buffer[:2] != b"\0\0" or type_ not in _FIRST[self._side] or length > LONGEST_OPENING
        if layout is None or (isinstance(layout[1], int) and length < layout[1]):
            self.lost = True
        if self.lost or layout is None or (length <= MAX_PAYLOAD and len(buffer) < _HEADER + length):
            return False
        fields: dict[str, Value] = {}
        if length > MAX_PAYLOAD:
            self._skip, length = length, 0
        elif isinstance(layout[1], str):
            fields = _decode(layout[1], bytes(buffer[_HEADER : _HEADER + length]))
        del buffer[: _HEADER + length]
        if not self.opened and not (fields and _is_opening(type_, fields)):
            self.lost = True
            return False
        self.opened = True
        messages.append(Sv2Message(layout[0], self._side, fields, type_, extension))
        return True

    def _layout(self, extension: int, type_: int) -> tuple[str, str | int] | None:
        """(name, fields) of a message, if this side may send it."""
        if extension > 1:
            return "Extension", 0
        name, sender, fields = (_NEGOTIATION if extension else _MESSAGES).get(type_, ("", "none", 0))
        return (name, fields) if sender in (self._side.value[0], "b") else None
