"""What tshark sees of packets: the innermost TCP or UDP, and the ids of the layers around it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")

#: Where tshark writes the ids of a layer; an 802.1ad tag stands before 802.1Q tags.
IDS = {
    "vlan": ("ieee8021ad.id", "vlan.id"),
    "mpls": ("mpls.label",),
    "pppoe": ("pppoe.session_id",),
    "pbb": ("ieee8021ah.isid",),
    "gre": ("gre.key",),
    "pptp": ("gre.key.call_id",),
    "erspan": ("erspan.spanid",),
    "vxlan": ("vxlan.vni",),
    "geneve": ("geneve.vni",),
    "gtp-u": ("gtp.teid",),
}
#: Settings in which tshark's defaults read less, or other ways, than its authors know to.
SETTINGS = ("ip.defragment:FALSE", "ipv6.defragment:FALSE", "capwap.swap_fc:FALSE")

ENDS = ("ip.src", "ip.dst", "ipv6.src", "ipv6.dst")
PORTS = ("tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport", "tcp.payload")
FIELDS = ("frame.number", "frame.protocols", *ENDS, *PORTS, "ip.version", "ipv6.version", "_ws.malformed",
          "l2tp.tunnel", "l2tp.session", *(field for fields in IDS.values() for field in fields))  # fmt: skip

Row = dict[str, list[str]]


def rows(path: Path, told: Iterable[str] = ()) -> list[Row]:
    """All occurrences of ``FIELDS``, packet by packet; ``told``: what to decode as what."""
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=|"]
    for setting in SETTINGS:
        command += ["-o", setting]
    for rule in told:
        command += ["-d", rule]
    for field in FIELDS:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    found = []
    for line in done.stdout.splitlines():
        values = line.split("\t")
        found.append(
            {name: value.split("|") if value else [] for name, value in zip(FIELDS, values, strict=True)}
        )
    return found


def ids(row: Row) -> dict[str, list[int]]:
    """The ids of the layers by kind, outermost first."""
    found = {}
    for kind, fields in IDS.items():
        if values := [value for field in fields for value in row[field]]:
            found[kind] = [int(value, 16 if value.startswith("0x") else 10) for value in values]
    if row["l2tp.tunnel"]:
        both = zip(row["l2tp.tunnel"], row["l2tp.session"], strict=True)
        found["l2tp"] = [int(tunnel) << 16 | int(session) for tunnel, session in both]
    return found
