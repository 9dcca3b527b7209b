"""Stratum V2: frames in the clear from an encoder of their own, and the encrypted connection by its sizes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.model import Side
from netminedet.protocols.stratum_v2 import (
    MAX_PAYLOAD,
    Sv2Message,
    Sv2Reader,
)

C, S = Side.CLIENT, Side.SERVER
TARGET = (1 << 224) - 1
HASH = bytes(range(32))
SHOWN = HASH[::-1].hex()


def frame(type_: int, payload: bytes, extension: int = 0) -> bytes:
    return struct.pack("<HB", extension, type_) + len(payload).to_bytes(3, "little") + payload


def text(value: str, width: int = 1) -> bytes:
    return blob(value.encode(), width)


def blob(data: bytes, width: int = 1) -> bytes:
    return len(data).to_bytes(width, "little") + data


def u32(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def u256(value: int) -> bytes:
    return value.to_bytes(32, "little")


def setup(
    protocol: int = 0, low: int = 2, high: int = 2, host: str = "pool.example", vendor: str = "Bitmain"
) -> bytes:
    texts = text(vendor) + text("S9i 13.5") + text("braiins-os-2018-09-22-1-hash") + text("")
    return frame(
        0, struct.pack("<BHHI", protocol, low, high, 5) + text(host) + struct.pack("<H", 34254) + texts
    )


SETUP = setup()
SETUP_SUCCESS = frame(1, struct.pack("<HI", 2, 0))
OPEN = u32(7) + text("acct.rig1") + struct.pack("<f", 1e14) + u256(TARGET)
SHARE = u32(3, 1, 9, 0xDEADBEEF, 1700000000, 0x20000000)

CLIENT_MESSAGES = [
    pytest.param(
        frame(0x10, OPEN),
        "OpenStandardMiningChannel",
        {"user_identity": "acct.rig1", "nominal_hash_rate": pytest.approx(1e14), "max_target": TARGET},
        id="open-standard",
    ),
    pytest.param(
        frame(0x13, OPEN + b"\x08\x00"),
        "OpenExtendedMiningChannel",
        {"user_identity": "acct.rig1", "min_extranonce_size": 8},
        id="open-extended",
    ),
    pytest.param(
        frame(0x16, u32(3) + struct.pack("<f", 2.0) + u256(5), 0x8000),
        "UpdateChannel",
        {"nominal_hash_rate": 2.0, "maximum_target": 5},
        id="update",
    ),
    pytest.param(
        frame(0x18, u32(3) + text("bye"), 0x8000), "CloseChannel", {"reason_code": "bye"}, id="close"
    ),
    pytest.param(
        frame(0x1A, SHARE, 0x8000),
        "SubmitSharesStandard",
        {"channel_id": 3, "sequence_number": 1, "job_id": 9, "nonce": 0xDEADBEEF, "version": 0x20000000},
        id="share",
    ),
    pytest.param(
        frame(0x1B, SHARE + blob(b"\1\2\3\4"), 0x8000),
        "SubmitSharesExtended",
        {"extranonce": b"\1\2\3\4", "user_identity": None},
        id="share-extended",
    ),
    pytest.param(
        frame(0x1B, SHARE + blob(b"\1") + b"\x00\x02\x01\x00\x04rig1", 0x8000),
        "SubmitSharesExtended",
        {"user_identity": "rig1"},
        id="share-of-a-worker",
    ),
    pytest.param(
        frame(0x1B, SHARE + blob(b"\1") + text("rig1"), 0x8000),
        "SubmitSharesExtended",
        {"user_identity": "rig1"},
        id="share-of-a-worker-draft",
    ),
    pytest.param(
        frame(
            0x22,
            u32(3, 8)
            + blob(b"tok")
            + u32(1)
            + HASH
            + u32(5, 6, 2)
            + blob(b"")
            + u32(0)
            + blob(b"out", 2)
            + u32(0)
            + b"\x01"
            + HASH,
        ),
        "SetCustomMiningJob",
        {"mining_job_token": b"tok", "prev_hash": SHOWN, "merkle_path": (HASH.hex(),)},
        id="custom-job",
    ),
    pytest.param(
        frame(0x50, text("acct") + u32(1)), "AllocateMiningJobToken", {"user_identifier": "acct"}, id="token"
    ),
    pytest.param(frame(0x57, u32(1) + bytes(40)), "DeclareMiningJob", {}, id="declare"),
    pytest.param(
        frame(0x60, blob(b"\1") + HASH + u32(1, 2, 3, 4)),
        "PushSolution",
        {"prev_hash": SHOWN, "nonce": 1},
        id="push",
    ),
    pytest.param(
        frame(0x70, u32(100) + b"\x05\x00"),
        "CoinbaseOutputConstraints",
        {"max_additional_size": 100, "max_additional_sigops": 5},
        id="constraints",
    ),
    pytest.param(
        frame(0x70, u32(100)),
        "CoinbaseOutputConstraints",
        {"max_additional_sigops": None},
        id="constraints-draft",
    ),
    pytest.param(
        frame(0x76, struct.pack("<Q", 1) + u32(1, 2, 3) + blob(b"tx", 2)),
        "SubmitSolution",
        {"template_id": 1, "coinbase_tx": b"tx"},
        id="solution",
    ),
    pytest.param(frame(0x00, b"\1\0\1\0\2\0", 1), "RequestExtensions", {}, id="extensions"),
    pytest.param(frame(0x33, b"??", 0x4000), "Extension", {}, id="other-extension"),
]
SERVER_MESSAGES = [
    pytest.param(
        frame(0x02, u32(1) + text("unsupported-protocol")),
        "SetupConnection.Error",
        {"error_code": "unsupported-protocol"},
        id="setup-error",
    ),
    pytest.param(
        frame(0x04, text("b.example") + b"\x35\x86"),
        "Reconnect",
        {"new_host": "b.example", "new_port": 34357},
        id="reconnect",
    ),
    pytest.param(
        frame(0x11, u32(7, 3) + u256(TARGET) + blob(b"abcd") + u32(1)),
        "OpenStandardMiningChannel.Success",
        {"target": TARGET, "extranonce_prefix": b"abcd", "group_channel_id": 1},
        id="opened-standard",
    ),
    pytest.param(
        frame(0x14, u32(7, 3) + u256(TARGET) + b"\x08\x00" + blob(b"abcd")),
        "OpenExtendedMiningChannel.Success",
        {"extranonce_size": 8, "group_channel_id": None},
        id="opened-extended-draft",
    ),
    pytest.param(
        frame(0x12, u32(7) + text("unknown-user")),
        "OpenMiningChannel.Error",
        {"error_code": "unknown-user"},
        id="open-error",
    ),
    pytest.param(
        frame(0x15, u32(3, 9) + b"\0" + u32(4) + HASH, 0x8000),
        "NewMiningJob",
        {"min_ntime": None, "merkle_root": SHOWN},
        id="future-job",
    ),
    pytest.param(
        frame(0x15, u32(3, 9) + b"\1" + u32(77, 4) + HASH, 0x8000),
        "NewMiningJob",
        {"min_ntime": 77, "version": 4},
        id="job",
    ),
    pytest.param(
        frame(0x1F, u32(3, 9) + b"\0" + u32(4) + b"\1\2" + HASH * 2 + blob(b"pre", 2) + blob(b"suf", 2)),
        "NewExtendedMiningJob",
        {
            "version_rolling_allowed": 1,
            "merkle_path": (HASH.hex(),) * 2,
            "coinbase_tx_prefix": b"pre",
            "coinbase_tx_suffix": b"suf",
        },
        id="extended",
    ),
    pytest.param(
        frame(0x19, u32(3) + blob(b"xy"), 0x8000),
        "SetExtranoncePrefix",
        {"extranonce_prefix": b"xy"},
        id="prefix",
    ),
    pytest.param(
        frame(0x1C, u32(3, 10, 10) + struct.pack("<Q", 1 << 40), 0x8000),
        "SubmitShares.Success",
        {"new_submits_accepted_count": 10, "new_shares_sum": 1 << 40},
        id="accepted",
    ),
    pytest.param(
        frame(0x1D, u32(3, 11) + text("stale-share"), 0x8000),
        "SubmitShares.Error",
        {"sequence_number": 11, "error_code": "stale-share"},
        id="rejected",
    ),
    pytest.param(
        frame(0x20, u32(3, 9) + HASH + u32(1, 0x17030ECD), 0x8000),
        "SetNewPrevHash",
        {"prev_hash": SHOWN, "nbits": 0x17030ECD},
        id="prev-hash",
    ),
    pytest.param(
        frame(0x21, u32(3) + u256(TARGET), 0x8000), "SetTarget", {"maximum_target": TARGET}, id="target"
    ),
    pytest.param(frame(0x23, u32(3, 8, 9)), "SetCustomMiningJob.Success", {"job_id": 9}, id="custom-yes"),
    pytest.param(
        frame(0x24, u32(3, 8) + text("no")), "SetCustomMiningJob.Error", {"error_code": "no"}, id="custom-no"
    ),
    pytest.param(frame(0x25, u32(3) + b"\1\0" + u32(4)), "SetGroupChannel", {}, id="group"),
    pytest.param(
        frame(0x51, u32(1) + blob(b"tok") + blob(b"out", 2)), "AllocateMiningJobToken.Success", {}, id="token"
    ),
    pytest.param(frame(0x71, bytes(60)), "NewTemplate", {}, id="template"),
    pytest.param(
        frame(0x72, bytes(8) + HASH + u32(1, 2) + u256(TARGET)),
        "SetNewPrevHash",
        {"target": TARGET, "prev_hash": SHOWN},
        id="template-prev-hash",
    ),
    pytest.param(frame(0x15, u32(3)), "NewMiningJob", {}, id="another-layout"),
    pytest.param(
        frame(0x1D, u32(3, 11) + text("\x1b[31m")), "SubmitShares.Error", {}, id="control-characters"
    ),
]


def read(side: Side, data: bytes, step: int) -> list[Sv2Message]:
    reader = Sv2Reader(side)
    messages = [message for at in range(0, len(data), step) for message in reader.feed(data[at : at + step])]
    assert reader.opened
    assert not reader.lost
    return messages


def subset(fields: dict[str, object], of: object) -> bool:
    assert isinstance(of, dict)
    return all(of[name] == value for name, value in fields.items())


@pytest.mark.parametrize("step", [1, 5, 1 << 20])
@pytest.mark.parametrize(("data", "name", "fields"), CLIENT_MESSAGES)
def test_client_messages(data: bytes, name: str, fields: dict[str, object], step: int) -> None:
    opening, message, again = read(C, SETUP + data + data, step)
    assert (opening.name, message.name, message.sender, again) == ("SetupConnection", name, C, message)
    assert subset(fields, message.fields)
    assert bool(fields) == bool(message.fields)


@pytest.mark.parametrize("step", [1, 5, 1 << 20])
@pytest.mark.parametrize(("data", "name", "fields"), SERVER_MESSAGES)
def test_server_messages(data: bytes, name: str, fields: dict[str, object], step: int) -> None:
    opening, message = read(S, SETUP_SUCCESS + data, step)
    assert (opening.name, opening.fields) == ("SetupConnection.Success", {"used_version": 2, "flags": 0})
    assert (message.name, message.sender) == (name, S)
    assert subset(fields, message.fields)


def test_setup_tells_of_the_device() -> None:
    (message,) = read(C, SETUP, 1)
    assert message.fields == {
        "protocol": 0,
        "min_version": 2,
        "max_version": 2,
        "flags": 5,
        "endpoint_host": "pool.example",
        "endpoint_port": 34254,
        "vendor": "Bitmain",
        "hardware_version": "S9i 13.5",
        "firmware": "braiins-os-2018-09-22-1-hash",
        "device_id": "",
    }


def test_halves() -> None:
    data = SETUP + frame(0x10, OPEN) + frame(0x1A, SHARE, 0x8000)
    for cut in range(len(data)):
        reader = Sv2Reader(C)
        messages = reader.feed(data[:cut]) + reader.feed(data[cut:])
        assert [message.type for message in messages] == [0, 0x10, 0x1A]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(frame(0x1A, SHARE, 0x8000), id="not-from-the-beginning"),
        pytest.param(setup(protocol=3), id="protocol"),
        pytest.param(setup(low=1), id="min-version"),
        pytest.param(setup(high=3), id="max-version"),
        pytest.param(setup(host="pool example"), id="host"),
        pytest.param(setup(vendor="a\nb"), id="vendor"),
        pytest.param(frame(0, SETUP[6:-1]), id="short"),
        pytest.param(frame(0, SETUP[6:] + b"\0"), id="long"),
        pytest.param(frame(0, bytes(4000)), id="very-long"),
        pytest.param(frame(0, SETUP[6:], 0x8000), id="channel-bit"),
        pytest.param(SETUP_SUCCESS, id="other-side"),
        pytest.param(bytes(64), id="zeros"),
        pytest.param(b"\x00\x00\x00\x10\x00\x00" + bytes(16), id="length-prefix"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="tls"),
        pytest.param(b'{"id":1,"method":"mining.subscribe","params":[]}\n', id="json"),
        pytest.param(b"\x00\x00\x00\x2f\xff\x53\x4d\x42" + bytes(40), id="smb"),
    ],
)
def test_no_opening(data: bytes) -> None:
    reader = Sv2Reader(C)
    assert reader.feed(data) == []
    assert reader.lost
    assert reader.feed(SETUP) == [], "for good"


@pytest.mark.parametrize(
    "data", [frame(1, struct.pack("<HI", 1, 0)), frame(2, u32(0) + text("")), frame(2, u32(0) + text("é"))]
)
def test_no_opening_of_a_server(data: bytes) -> None:
    reader = Sv2Reader(S)
    assert reader.feed(data) == []
    assert reader.lost


@pytest.mark.parametrize(
    "data",
    [frame(0x99, b""), frame(0x1C, bytes(20)), frame(0x57, bytes(3)), frame(0x1E, b""), frame(9, b"", 1)],
)
def test_a_wrong_frame_ends_the_reading(data: bytes) -> None:
    reader = Sv2Reader(C)
    assert len(reader.feed(SETUP + data + frame(0x1A, SHARE, 0x8000))) == 1
    assert reader.lost


def test_a_gap_ends_the_reading() -> None:
    reader = Sv2Reader(C)
    reader.feed(SETUP)
    assert reader.feed(frame(0x1A, SHARE, 0x8000), gap=True) == []
    assert reader.lost


def test_long_payloads_hold_no_memory() -> None:
    reader = Sv2Reader(S)
    reader.feed(SETUP_SUCCESS)
    size = MAX_PAYLOAD + 1
    (message,) = reader.feed(b"\0\0\x74" + size.to_bytes(3, "little"))
    assert (message.name, message.fields) == ("RequestTransactionData.Success", {})
    for _ in range(size // 1000):
        reader.feed(bytes(1000))
    assert len(reader._buffer) == 0
    reader.feed(bytes(size % 1000))
    assert len(reader.feed(frame(0x73 + 2, bytes(8) + text("x")))) == 1


@given(st.sampled_from([C, S]), st.lists(st.binary(max_size=120), max_size=6))
def test_any_bytes_give_nothing(side: Side, pieces: list[bytes]) -> None:
    reader = Sv2Reader(side)
    assert [message for data in pieces for message in reader.feed(data)] == []


@given(st.sampled_from([C, S]), st.lists(st.binary(max_size=60), max_size=6), st.integers(0, 0xFF))
def test_any_bytes_after_the_opening(side: Side, pieces: list[bytes], type_: int) -> None:
    reader = Sv2Reader(side)
    reader.feed(SETUP if side is C else SETUP_SUCCESS)
    for data in pieces:
        for message in reader.feed(frame(type_, data) + data):
            assert isinstance(message, Sv2Message)


@given(st.integers(0, len(SETUP) - 1), st.integers(1, 255))
def test_one_wrong_byte_in_the_opening(at: int, change: int) -> None:
    data = bytearray(SETUP)
    data[at] ^= change
    for message in Sv2Reader(C).feed(bytes(data)):
        assert message.fields["min_version"] == 2
