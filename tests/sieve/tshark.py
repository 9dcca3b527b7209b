"""What tshark sees of packets: the innermost TCP or UDP, and the ids of the layers around it."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")

#: Where tshark writes the ids of a layer, by the name that it gives the layer.  The field
#: of an 802.1ad tag stands before that of 802.1Q tags, which are always inside of it.
IDS = {
    "vlan": {"ieee8021ad": "ieee8021ad.id", "vlan": "vlan.id"},
    "mpls": {"mpls": "mpls.label"},
    "pppoe": {"pppoes": "pppoe.session_id"},
    "pbb": {"ieee8021ah": "ieee8021ah.isid"},
    "gre": {"gre": "gre.key"},
    "pptp": {"gre": "gre.key.call_id"},
    "erspan": {"erspan": "erspan.spanid"},
    "vxlan": {"vxlan": "vxlan.vni"},
    "geneve": {"geneve": "geneve.vni"},
    "gtp-u": {"gtp": "gtp.teid"},
    "l2tp": {"l2tp": "l2tp.session"},
    "l2tpv3": {"l2tp": "l2tp.sid"},
    "nsh": {"nsh": "nsh.spi"},
}
#: The layers in which an IP packet may come.  What lies in others (an ICMP error, a sampled
#: packet in sFlow) is no traffic of this link.
CARRIERS = frozenset({
    "ah", "ap1394", "capwap.data", "chdlc", "erspan", "eth", "etherip", "ethertype", "frame", "geneve",
    "gre", "gtp", "ieee8021ad", "ieee8021ah", "ip", "ipv6", "ipv6.dstopts", "ipv6.fraghdr",
    "ipv6.hopopts", "ipv6.routing", "juniper", "l2tp", "llc", "loop", "mp", "mpls", "nsh", "null",
    "pcap_pktdata", "pflog", "ppi", "ppp", "pppoes", "prism", "pwethcw", "pwethheuristic", "pwethnocw",
    "radiotap", "raw", "sll", "tcp", "teredo", "tzsp", "udp", "vlan", "vxlan", "wlan",
    "wlan_aggregate", "wlan_radio",
})  # fmt: skip
#: Settings in which tshark's defaults read less, or other ways, than its authors know to.
SETTINGS = ("capwap.swap_fc:FALSE", "tcp.desegment_tcp_streams:FALSE")

PAYLOAD = ("tcp.payload", "tcp.len", "udp.payload", "udp.length")
ENDS = ("ip.src", "ip.dst", "ipv6.src", "ipv6.dst",
        "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport")  # fmt: skip
FIELDS = ("frame.number", "frame.protocols", "_ws.malformed", "tcp.hdr_len", "l2tp.tunnel", *ENDS, *PAYLOAD,
          *(field for fields in IDS.values() for field in fields.values()))  # fmt: skip


class Row(dict[str, list[str]]):
    """The occurrences of each field; none of those that the packet does not have."""

    def __missing__(self, _field: str) -> list[str]:
        return []


FiveTuple = tuple[str, int, str, int, str]


@dataclass(frozen=True)
class Inner:
    """The innermost TCP segment or UDP datagram of a packet."""

    ends: FiveTuple
    #: None where tshark does not show it
    payload: bytes | None
    length: int | None
    ids: dict[str, list[int]]


def rows(path: Path, told: Iterable[str] = ()) -> Iterator[Row]:
    """All occurrences of ``FIELDS``, packet by packet; ``told``: what to decode as what."""
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=|"]
    for setting in SETTINGS:
        command += ["-o", setting]
    for rule in told:
        command += ["-d", rule]
    for field in FIELDS:
        command += ["-e", field]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            values = line.rstrip("\n").split("\t")
            yield {
                name: value.split("|") if value else [] for name, value in zip(FIELDS, values, strict=True)
            }
    assert running.returncode == 0


def protocols(row: Row) -> list[str]:
    """The names of the packet's layers, as far as they are carriers of IP."""
    names: list[str] = []
    for name in "".join(row["frame.protocols"][:1]).split(":"):
        if name not in CARRIERS:
            break
        names.append(name)
    return names


def innermost(row: Row) -> Inner | None:
    """What tshark sees in the packet.

    A tunnel in UDP that holds no IP (ARP, IS-IS, a control message) counts as the datagram
    that carries it.
    """
    names = protocols(row)
    while names and names[-1] not in ("tcp", "udp", "ip", "ipv6"):
        names.pop()
    if not names or names[-1] in ("ip", "ipv6"):
        return None
    before = Counter(names)
    carrier = next((name for name in reversed(names) if name in ("ip", "ipv6")), None)
    if carrier is None:
        return None
    kind, nth, ip = names[-1], before[names[-1]] - 1, before[carrier] - 1
    try:
        source, target = row[f"{carrier}.src"][ip], row[f"{carrier}.dst"][ip]
        ends = (source, int(row[f"{kind}.srcport"][nth]), target, int(row[f"{kind}.dstport"][nth]), kind)
    except IndexError:
        return None
    lengths = row["tcp.len" if kind == "tcp" else "udp.length"][nth : nth + 1]
    length = int(lengths[0]) - (8 if kind == "udp" else 0) if lengths else None
    shown = row[f"{kind}.payload"]
    payload = bytes.fromhex(shown[-1]) if shown and len(shown) == before[kind] else None
    return Inner(ends, payload, length, _ids(row, before))


def _first(row: Row, name: str, field: str, names: Counter[str]) -> list[str]:
    """The ids of the layers of a name up to the innermost IP.

    All labels of a stack are one layer, and VXLAN-GPE is not named among them.
    """
    return row[field] if name in ("mpls", "vxlan") else row[field][: names[name]]


def _ids(row: Row, names: Counter[str]) -> dict[str, list[int]]:
    """The ids of the layers by kind, outermost first."""
    found = {}
    for kind, fields in IDS.items():
        if values := [value for name, field in fields.items() for value in _first(row, name, field, names)]:
            found[kind] = [int(value, 16 if value.startswith("0x") else 10) for value in values]
    if "l2tp" in found:
        tunnels = map(int, row["l2tp.tunnel"])
        found["l2tp"] = [
            tunnel << 16 | session for tunnel, session in zip(tunnels, found["l2tp"], strict=False)
        ]
    return found
