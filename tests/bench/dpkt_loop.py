"""Decodes every packet with dpkt and counts flows: ``python dpkt_loop.py FILE``."""

from __future__ import annotations

import sys
from pathlib import Path

import dpkt


def main() -> None:
    """Count the packets and the flows of one capture."""
    flows: set[tuple[bytes, bytes, int, int, int]] = set()
    packets = 0
    with Path(sys.argv[1]).open("rb") as file:
        for _, data in dpkt.pcap.Reader(file):
            packets += 1
            ip = dpkt.ethernet.Ethernet(data).data
            segment = getattr(ip, "data", None)
            if isinstance(segment, (dpkt.tcp.TCP, dpkt.udp.UDP)):
                flows.add((ip.src, ip.dst, segment.sport, segment.dport, getattr(ip, "p", 0)))
    print(packets, len(flows))


main()
