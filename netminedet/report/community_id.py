"""Community ID v1: one short text that names a flow alike in every monitoring tool.

The specification is https://github.com/corelight/community-id-spec.  It says nothing
of tunnels and VLANs; here it is the innermost flow, the one that the evidence names.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from functools import lru_cache
from ipaddress import ip_address

from netminedet.model import FiveTuple

_PROTOCOLS = {"tcp": 6, "udp": 17}


def community_id(flow: FiveTuple, seed: int = 0) -> str:
    """The Community ID of a flow, the same for both directions of it."""
    ends = ((flow.src_ip, flow.src_port), (flow.dest_ip, flow.dest_port))
    (low_ip, low_port), (high_ip, high_port) = sorted((_packed(ip), port) for ip, port in ends)
    hashed = (
        struct.pack("!H", seed)
        + low_ip
        + high_ip
        + struct.pack("!BBHH", _PROTOCOLS[flow.proto], 0, low_port, high_port)
    )
    digest = hashlib.sha1(hashed, usedforsecurity=False).digest()
    return "1:" + base64.b64encode(digest).decode("ascii")


@lru_cache(maxsize=4096)
def _packed(ip: str) -> bytes:
    return ip_address(ip).packed
