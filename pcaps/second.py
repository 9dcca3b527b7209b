"""Stratum V2, in the clear and encrypted; and other protocols that open with as many bytes."""

from __future__ import annotations

import struct

from carriers import V2_WELCOME, blob, random_bytes, sealed_size, text, u32, v2, v2_setup, v2_target
from wire import Talk, Tape

LAN_POOL = ("10.12.0.5", 34254)
FAR_POOL = ("203.0.113.60", 3336)


def job(number: int, *, extended: bool) -> bytes:
    """NewMiningJob or NewExtendedMiningJob for channel 3."""
    head = u32(3, number) + b"\1" + u32(1_772_438_400 + number) + u32(0x20000000)
    if not extended:
        return v2(0x15, head + random_bytes(f"merkle root {number}", 32), channel=True)
    path = b"\2" + random_bytes(f"merkle path {number}", 64)
    coinbase = blob(random_bytes(f"prefix {number}", 60), 2) + blob(random_bytes(f"suffix {number}", 90), 2)
    return v2(0x1F, head + b"\1" + path + coinbase, channel=True)


def previous(number: int) -> bytes:
    """SetNewPrevHash."""
    block = random_bytes(f"previous {number}", 28) + bytes(4)
    return v2(0x20, u32(3, number) + block + u32(1_772_438_400 + number, 0x17025A61), channel=True)


def share(sequence: int, work: int, *, extranonce: bytes = b"") -> bytes:
    """SubmitSharesStandard; with an extranonce, SubmitSharesExtended."""
    nonce = int.from_bytes(random_bytes(f"v2 nonce {sequence}", 4), "little")
    fields = u32(3, sequence, work, nonce, 1_772_438_460 + sequence, 0x20000000)
    return v2(0x1B, fields + blob(extranonce), channel=True) if extranonce else v2(0x1A, fields, channel=True)


def accepted(last: int, count: int) -> bytes:
    """SubmitShares.Success for ``count`` shares."""
    return v2(0x1C, u32(3, last, count) + struct.pack("<Q", 65536 * count), channel=True)


def clear(talk: Talk, worker: str, model: str, *, extended: bool) -> None:
    """Setup, channel, job, target, six shares: one refused, the last two acknowledged together."""
    name = "OpenExtended" if extended else "OpenStandard"
    talk.up(v2_setup(0, ("v2.lan.example", LAN_POOL[1]), "Bitmain", model, "2026-02")).down(V2_WELCOME)
    wish = u32(7) + text(worker) + struct.pack("<f", 2.0e14) + v2_target(1)
    opened = u32(7, 3) + v2_target(65536)
    if extended:
        talk.up(v2(0x13, wish + struct.pack("<H", 8)))
        talk.down(v2(0x14, opened + struct.pack("<H", 8) + blob(random_bytes(name, 4)) + u32(1)))
    else:
        talk.up(v2(0x10, wish)).down(v2(0x11, opened + blob(random_bytes(name, 8)) + u32(1)))
    talk.down(job(1, extended=extended), previous(1))
    talk.wait(2).down(v2(0x21, u32(3) + v2_target(131072), channel=True))
    nonces = [random_bytes(f"extranonce {number}", 8) if extended else b"" for number in range(1, 7)]
    shares = [share(number, 1, extranonce=nonces[number - 1]) for number in range(1, 7)]
    for number in range(1, 4):
        talk.wait(4).up(shares[number - 1]).down(accepted(number, 1))
    talk.wait(4).up(shares[3], cuts=[5, 11])
    talk.down(v2(0x1D, u32(3, 4) + text("stale-share"), channel=True))
    talk.wait(9).down(job(2, extended=extended), previous(2), cuts=[20])
    talk.wait(3).up(shares[4]).wait(1).up(shares[5]).wait(1).down(accepted(6, 2))
    talk.close()


def declaration(talk: Talk) -> None:
    """A proxy declares a job of its own making (section 6)."""
    talk.up(v2_setup(1, ("jd.pool.example", 34264), "jd-client", "1.4")).down(V2_WELCOME)
    talk.up(v2(0x50, text("acct12.jdc") + u32(1)))
    talk.down(v2(0x51, u32(1) + blob(random_bytes("token", 16)) + blob(random_bytes("outputs", 34), 2)))
    coinbase = blob(random_bytes("declared prefix", 60), 2) + blob(random_bytes("declared suffix", 60), 2)
    ids = b"\2\0" + random_bytes("wtxids", 64)
    declared = u32(2) + blob(random_bytes("token", 16)) + u32(0x20000000) + coinbase + ids + blob(b"", 2)
    talk.up(v2(0x57, declared)).down(v2(0x58, u32(2) + blob(random_bytes("token 2", 16)))).close()


def sealed(talk: Talk, side: str, *payloads: int) -> None:
    """Records of these payloads, sent in one go."""
    size = sum(sealed_size(payload) for payload in payloads)
    data = random_bytes(f"{talk.ends} {side} {talk.now}", size)
    talk.up(data) if side == "up" else talk.down(data)


def encrypted(talk: Talk) -> None:
    """The Noise handshake and a channel behind it: nothing can be read but sizes (sections 4.5 and 4.6)."""
    talk.up(random_bytes("initiator's key", 64)).down(random_bytes("responder's answer", 234))
    sealed(talk, "up", 1 + 2 + 2 + 4 + 1 + 15 + 2 + 1 + 7 + 1 + 4 + 1 + 9 + 1)
    sealed(talk, "down", 6)
    sealed(talk, "up", 4 + 1 + 12 + 4 + 32)
    sealed(talk, "down", 45 + 8)
    sealed(talk, "down", 49, 48)
    for number in range(8):
        talk.wait(6)
        sealed(talk, "up", 24)
        sealed(talk, "down", 20)
        if number % 3 == 2:
            talk.wait(2)
            sealed(talk, "down", 49)
    talk.wait(5)
    sealed(talk, "down", 36)
    talk.close()


def bip324(talk: Talk) -> None:
    """Bitcoin's encrypted transport: both send 64 bytes and garbage of any length (BIP 324)."""
    talk.up(random_bytes("bip324 up", 64)).down(random_bytes("bip324 down", 64 + 170))
    talk.down(random_bytes("bip324 more", 1311)).up(random_bytes("bip324 version", 16 + 20 + 126))
    talk.down(random_bytes("bip324 version", 20 + 126)).close()


def lightning(talk: Talk) -> None:
    """Lightning's handshake: acts of 50, 50 and 66 bytes (BOLT 8)."""
    talk.up(b"\0" + random_bytes("act one", 49)).down(b"\0" + random_bytes("act two", 49))
    talk.up(b"\0" + random_bytes("act three", 65)).up(random_bytes("init", 18 + 44))
    talk.down(random_bytes("init answer", 18 + 58)).close()


def other_handshake(talk: Talk) -> None:
    """A protocol of somebody's own that opens with 64 and 234 bytes, and then with other sizes."""
    talk.up(random_bytes("own key", 64)).down(random_bytes("own answer", 234))
    for number in range(5):
        talk.wait(3).up(random_bytes(f"own {number}", 48 + 16 * number))
        talk.down(random_bytes(f"own reply {number}", 112 + 32 * number))
    talk.close()


def obfuscated(talk: Talk) -> None:
    """Telegram's obfuscated transport: 64 bytes and the first message behind them at once."""
    talk.up(random_bytes("telegram", 64 + 105), cuts=[64]).down(random_bytes("telegram answer", 189)).close()


def shell(talk: Talk) -> None:
    """SSH."""
    talk.up("SSH-2.0-OpenSSH_9.2\r\n").down("SSH-2.0-OpenSSH_9.6\r\n")
    for number in range(4):
        talk.wait(0.4).up(random_bytes(f"ssh keys {number}", 64)).down(random_bytes(f"ssh {number}", 234))
    talk.close()


OTHERS = (
    (bip324, 8333),
    (lightning, 9735),
    (other_handshake, 3336),
    (obfuscated, 443),
    (shell, 22),
)


def stratum_v2() -> Tape:
    """Two rigs at a pool on their network, a job declarator, an encrypted rig, and five others."""
    tape = Tape()
    talk = Talk(tape, ("10.12.0.11", 49011), LAN_POOL, rtt=0.001).open()
    clear(talk, "acct12.s21-11", "S21", extended=False)
    talk = Talk(tape, ("10.12.0.12", 49012), LAN_POOL, at=2, rtt=0.001).open()
    clear(talk, "acct12.hall-b", "S19j", extended=True)
    declaration(Talk(tape, ("10.12.0.13", 49013), ("203.0.113.61", 34264), at=4).open())
    encrypted(Talk(tape, ("10.12.0.14", 49014), FAR_POOL, at=6).open())
    for number, (scene, port) in enumerate(OTHERS):
        client = (f"10.12.0.{21 + number}", 49021 + number)
        scene(Talk(tape, client, (f"198.51.100.{70 + number}", port), at=8 + number).open())
    return tape
