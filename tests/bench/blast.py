"""Sends the packets of a capture out of an interface at a given rate, or as fast as one core can.

Run in a namespace: ``python -m tests.bench.blast IFACE FILE --seconds 10 [--rate PPS] [--most N]``.  Prints
the packets sent and the seconds it took.  Many packets go with one call of the system (sendmmsg(2)), so that
Python is no brake.
"""

from __future__ import annotations

import argparse
import ctypes
import socket
import time

from tests.live.send import frames

#: Packets given to the system at once.
BURST = 64

#: packet(7), "PACKET_QDISC_BYPASS": the packet goes to the driver without a queue between, as pktgen sends.
_SOL_PACKET, _PACKET_QDISC_BYPASS = 263, 20


class _Piece(ctypes.Structure):
    _fields_ = (("base", ctypes.c_char_p), ("length", ctypes.c_size_t))


class _Message(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("pieces", ctypes.POINTER(_Piece)),
        ("count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("sent", ctypes.c_uint),
    )


def bursts(packets: list[bytes]) -> list[ctypes.Array[_Message]]:
    """The packets as the system takes them, in bursts."""
    made = []
    for at in range(0, len(packets) - BURST + 1, BURST):
        burst = (_Message * BURST)()
        for message, data in zip(burst, packets[at : at + BURST], strict=True):
            message.pieces = ctypes.pointer(_Piece(data, len(data)))
            message.count = 1
        made.append(burst)
    return made


def blast(interface: str, packets: list[bytes], seconds: float, rate: float | None) -> tuple[int, float]:
    """Send for so long; how many packets went, and how long it took."""
    send = ctypes.CDLL(None, use_errno=True).sendmmsg
    ready = bursts(packets)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.setsockopt(_SOL_PACKET, _PACKET_QDISC_BYPASS, 1)
        sock.bind((interface, 0))
        number, sent, began = sock.fileno(), 0, time.perf_counter()
        while True:
            for burst in ready:
                done = send(number, burst, BURST, 0)
                if done < 0:
                    raise OSError(ctypes.get_errno(), "sendmmsg")
                sent += done
                now = time.perf_counter() - began
                if now >= seconds:
                    return sent, now
                if rate is not None and sent > rate * now:
                    time.sleep(sent / rate - now)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("interface")
    parser.add_argument("file")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--most", type=int, default=300_000, help="packets of the file that are sent in turn")
    given = parser.parse_args()
    packets = []
    for frame in frames(given.file):
        packets.append(frame)
        if len(packets) == given.most:
            break
    sent, took = blast(given.interface, packets, given.seconds, given.rate)
    print(sent, f"{took:.3f}")


if __name__ == "__main__":
    main()
