"""The ground truth of the real captures, and a second reading of the same bytes, by dpkt and the JSON module.

Nothing of netminedet is used here: what this module says is compared with what the report says.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import dpkt

from tests.conftest import SHARED_CAPTURES

#: (address, port) of the end that sends, and of the other.
Ends = tuple[tuple[str, int], tuple[str, int]]

DIFFERENCES = Path(__file__).with_name("ground_truth_differences.csv")


def truth(name: str) -> list[dict[str, str]]:
    """The rows of one of the two tables; none where the captures are missing."""
    path = SHARED_CAPTURES / name
    return _rows(path) if path.is_file() else []


def notes_of(row: dict[str, str]) -> dict[str, list[str]]:
    """What stands in ``notes``: ``key=value`` as said, ``name->address,address`` under "answer", the rest
    under "text".  A key may stand several times."""
    found: dict[str, list[str]] = {}
    for part in filter(None, row["notes"].split("; ")):
        key, mark, value = part.partition("=")
        if mark and key.isidentifier():
            found.setdefault(key, []).append(value)
        else:
            found.setdefault("answer" if "->" in part else "text", []).append(part)
    return found


def differences() -> list[dict[str, str]]:
    """Where the report deliberately says something else than the ground truth, and why."""
    return _rows(DIFFERENCES)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@dataclass
class Reading:
    """What one flow holds, both directions."""

    packets: int = 0
    wire_bytes: int = 0
    payload_bytes: int = 0
    syn_seen: bool = False
    #: by the end that sends: sequence number -> payload
    segments: dict[Ends, dict[int, bytes]] = field(default_factory=dict)

    def lines(self, ends: Ends) -> list[dict[str, Any]]:
        """The JSON objects that the first of ``ends`` sent, in order; cut ones left out."""
        stream, end = b"", None
        for seq, data in sorted(self.segments.get(ends, {}).items()):
            new = data if end is None else data[max(0, end - seq) :]
            stream += new
            end = max(end or 0, seq + len(data))
        found = []
        for line in stream.replace(b"}{", b"}\n{").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return [value for value in found if isinstance(value, dict)]


@cache
def read(path: Path) -> dict[tuple[str, frozenset[tuple[str, int]]], Reading]:
    """All TCP and UDP flows over IPv4 of an Ethernet capture, by protocol and ends."""
    flows: dict[tuple[str, frozenset[tuple[str, int]]], Reading] = {}
    for frame, size in _frames(path):
        packet = dpkt.ethernet.Ethernet(frame).data
        if not isinstance(packet, dpkt.ip.IP) or not isinstance(packet.data, (dpkt.tcp.TCP, dpkt.udp.UDP)):
            continue
        part = packet.data
        ends = (
            (dpkt.utils.inet_to_str(packet.src), part.sport),
            (dpkt.utils.inet_to_str(packet.dst), part.dport),
        )
        is_tcp = isinstance(part, dpkt.tcp.TCP)
        flow = flows.setdefault(("tcp" if is_tcp else "udp", frozenset(ends)), Reading())
        flow.packets += 1
        flow.wire_bytes += size
        flow.payload_bytes += len(part.data)
        if is_tcp:
            flow.syn_seen |= bool(part.flags & dpkt.tcp.TH_SYN)
            if part.data:
                flow.segments.setdefault(ends, {}).setdefault(part.seq, part.data)
    return flows


def _frames(path: Path) -> Iterator[tuple[bytes, int]]:
    with path.open("rb") as file:
        reader: Any = (dpkt.pcapng if path.suffix == ".pcapng" else dpkt.pcap).Reader(file)
        for _, frame in reader:
            yield frame, len(frame)


@dataclass
class Work:
    """Shares of one flow, and what each of them stands for."""

    jobs: int = 0
    submitted: int = 0
    accepted: int = 0
    #: expected hashes (or solutions) -> accepted shares
    hashes: Counter[int] = field(default_factory=Counter)


def work_of(flow: Reading, client: tuple[str, int], server: tuple[str, int]) -> Work:
    """Counts shares by the ids of their answers, and works out difficulties by job."""
    work = Work()
    targets: dict[str, int] = {}
    in_force = 0
    for line in flow.lines((server, client)):
        for job, target in _jobs(line):
            work.jobs += 1
            in_force = target or in_force
            targets[job] = in_force
        if line.get("method") == "mining.set_target":
            in_force = 2**256 // int(line["params"][0], 16)
    answers = Counter(json.dumps(line["id"]) for line in flow.lines((server, client)) if _is_yes(line))
    for line in flow.lines((client, server)):
        share = _share(line)
        if share is None:
            continue
        work.submitted += 1
        if answers[json.dumps(line["id"])] > 0:
            answers[json.dumps(line["id"])] -= 1
            work.accepted += 1
            work.hashes[targets.get(share, 0)] += 1
    return work


def _jobs(line: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """(job, hashes that a share of it stands for; 0 where the job does not say)."""
    result, params = line.get("result"), line.get("params")
    if isinstance(result, list) and len(result) >= 3 and all(str(one).startswith("0x") for one in result):
        yield result[0], 2**256 // int(result[2], 16)
    job = result.get("job") if isinstance(result, dict) else params if line.get("method") == "job" else None
    if isinstance(job, dict):
        yield job["job_id"], 2**32 // int.from_bytes(bytes.fromhex(job["target"]), "little")
    if line.get("method") == "mining.notify" and isinstance(params, list):
        yield params[0], 0


def _share(line: dict[str, Any]) -> str | None:
    """The job of a share that is handed in."""
    method, params = line.get("method"), line.get("params")
    if method == "submit" and isinstance(params, dict):
        return str(params["job_id"])
    if method in ("eth_submitWork", "mining.submit") and isinstance(params, list):
        return str(params[1])
    return None


def _is_yes(line: dict[str, Any]) -> bool:
    result = line.get("result")
    good = result is True or (
        isinstance(result, dict) and result.get("status") == "OK" and "job" not in result
    )
    return "id" in line and good and not line.get("error")
