"""Sends the packets of capture files out of an interface, as fast as it goes; prints how many they were.

Runs in the namespace of a test: ``python -m tests.live.send IFACE FILE... [--times N] [--tag VLAN]``.
"""

from __future__ import annotations

import argparse
import socket
from collections.abc import Iterator

from netminedet.capture import open_source

#: An Ethernet header for packets that begin with IP.
_HEADER = b"\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00"


def frames(path: str) -> Iterator[bytes]:
    """The packets of a capture as Ethernet frames."""
    with open_source(path) as source:
        for batch in source.batches():
            for i in range(batch.count):
                packet = batch.packet(i)
                yield packet if batch.linktype[i] == 1 else _HEADER + packet


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("interface")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--tag", type=int)
    given = parser.parse_args()
    packets = [frame for path in given.files for frame in frames(path)]
    if given.tag is not None:
        tag = b"\x81\x00" + given.tag.to_bytes(2, "big")
        packets = [frame[:12] + tag + frame[12:] for frame in packets]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((given.interface, 0))
        for _ in range(given.times):
            for frame in packets:
                sock.send(frame)
    print(len(packets) * given.times)


if __name__ == "__main__":
    main()
