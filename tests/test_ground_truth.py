"""Real captures: every miner as its ground truth says, and nobody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from netminedet import NetminedetError, Report, scan
from netminedet.estimate.work import work_of
from netminedet.model import Kind, NameSource
from netminedet.suspects import Role, Suspect, Verdict
from netminedet.verdict.findings import Findings
from netminedet.verdict.flowfinding import FlowFinding
from netminedet.verdict.flows import FlowVerdict
from netminedet.verdict.together import weigh_flows
from tests.conftest import SHARED_CAPTURES, needs_shared_captures, shared_captures
from tests.ground_truth import Reading, differences, notes_of, read, truth
from tests.ground_truth import work_of as work_read

#: What each state of a flow must come to: the verdict, and whether a job and a share of it were seen.
STATES = {
    "share-accepted": (Verdict.CONFIRMED, True, True),
    "share-submitted": (Verdict.CONFIRMED, True, True),
    "job-received": (Verdict.CONFIRMED, True, False),
    "answered": (Verdict.PROBABLE, False, False),
    "request-only": (Verdict.PROBABLE, False, False),
}
DIALECTS = {
    "eth-proxy-stratum": "eth-proxy",
    "cryptonote-stratum": "cryptonote",
    "stratum-v1-btc": "stratum-v1",
    "zcash-stratum": "zcash-stratum",
    # of coin nodes
    "bitcoin-p2p": "bitcoin-p2p",
    "devp2p-rlpx+discv4": "ethereum-rlpx",
    "monero-levin-p2p": "monero-levin",
}
ROWS, FLOWS = truth("GROUND_TRUTH.csv"), truth("GROUND_TRUTH_FLOWS.csv")
FILES = sorted({row["file"] for row in FLOWS})

#: (file, the other end's address, field, what the ground truth says)
Said = tuple[str, str, str, str]
Weighed = tuple[FlowFinding, FlowVerdict]


@dataclass
class Seen:
    """What netminedet and the second reading make of a capture."""

    report: Report
    readings: Mapping[tuple[str, frozenset[tuple[str, int]]], Reading]
    mining: dict[tuple[str, frozenset[tuple[str, int]]], Weighed]

    def suspect(self, host: str) -> Suspect:
        return {suspect.host: suspect for suspect in self.report.suspects}[host]

    def between(self, host: str, server: tuple[str, int]) -> list[Weighed]:
        return [one for one in self.mining.values() if (one[1].client[0], one[1].server) == (host, server)]

    def node_spoken(self, dialect: str, one: str, other: str) -> bool:
        """Whether the report lists one as a node that spoke it to the other."""
        spoken = [
            (node.host, peer)
            for node in self.report.adjacent
            if node.protocol == dialect
            for peer in node.peers
        ]
        return (one, other) in spoken or (other, one) in spoken


@cache
def seen(path: Path) -> Seen:
    report = scan(path, hash_inputs=False, adjacent=True)
    mining = {
        (proto, frozenset((a, b))): (flow, verdict)
        for (a, b, proto), flow, verdict in weigh_flows(report.findings)
        if verdict is not None
    }
    return Seen(report, read(path), mining)


def _values(flow: FlowFinding, name: str) -> set[str]:
    return flow.details[name].kept if name in flow.details else set()


def _list(text: str) -> set[str]:
    return set(filter(None, text.split("|")))


def _ends(row: dict[str, str]) -> tuple[tuple[str, int], tuple[str, int]]:
    return (row["client_ip"], int(row["client_port"])), (row["server_ip"], int(row["server_port"]))


def _state(flow: Weighed, status: str) -> bool:
    least, job, share = STATES[status]
    verdict = flow[1]
    given = verdict.jobs > 0 or "job_id" in " ".join(one.excerpt for one in flow[0].evidence.values())
    accepted = verdict.shares.accepted > 0 if status == "share-accepted" else True
    return verdict.verdict >= least and given >= job and (verdict.shares.submitted > 0) == share and accepted


def of_flow(row: dict[str, str], capture: Seen) -> Iterator[tuple[str, str, bool]]:
    """(field, what the ground truth says, whether that is what was seen) of each column of a flow."""
    client, server = _ends(row)
    key = row["proto"], frozenset((client, server))
    reading = capture.readings[key]
    yield "packets", row["packets"], reading.packets == int(row["packets"])
    yield "payload_bytes", row["payload_bytes"], reading.payload_bytes == int(row["payload_bytes"])
    yield "syn_seen", row["syn_seen"], reading.syn_seen == (row["syn_seen"] == "1")
    yield "label", row["label"], (key in capture.mining) == (row["label"] == "mining")
    if row["label"] == "mining":
        yield from _of_mining(row, capture, capture.mining[key], reading)
    elif row["label"] == "adjacent":
        spoken = capture.node_spoken(DIALECTS.get(row["dialect"], ""), client[0], server[0])
        yield "dialect", row["dialect"], spoken and row["status"] == "adjacent"
    else:
        said = "".join(row[column] for column in ("dialect", "status", "agents", "users", "notes"))
        yield "label", said, not said


def _of_mining(
    row: dict[str, str], capture: Seen, flow: Weighed, reading: Reading
) -> Iterator[tuple[str, str, bool]]:
    found, verdict = flow
    client, server = _ends(row)
    yield "client", f"{client}", verdict.client == client
    yield "server", f"{server}", verdict.server == server
    yield "dialect", row["dialect"], verdict.dialect == DIALECTS[row["dialect"]]
    yield "status", row["status"], _state(flow, row["status"])
    yield "syn_seen", row["syn_seen"], verdict.greeted == (row["syn_seen"] == "1")
    yield "agents", row["agents"], _list(row["agents"]) <= _values(found, "agent")
    yield "users", row["users"], _list(row["users"]) == _values(found, "worker")
    traffic = capture.report.findings.traffic[found.a, found.b, found.proto]
    yield "packets", row["packets"], traffic.packets == int(row["packets"])
    yield "payload_bytes", row["payload_bytes"], traffic.bytes == reading.wire_bytes


def of_pair(row: dict[str, str], capture: Seen) -> Iterator[tuple[str, str, bool]]:
    """The same of each column, and each key of ``notes``, of a host and whom it spoke to."""
    notes = notes_of(row)
    server = row["pool_ip"], int(row["pool_port"])
    status = notes.pop("status", ["queries only"])
    between = capture.between(row["miner_ip"], server)
    yield "label", row["label"], bool(between) == (row["label"] == "mining")
    flows = [one for one in FLOWS if row["file"] == f"mining/{one['file']}" and _is_between(one, row)]
    if row["label"] == "mining":
        suspect = capture.suspect(row["miner_ip"])
        pools = {(pool.ip, pool.port): pool for pool in suspect.pools}
        yield "role", "miner", suspect.role is Role.MINER
        yield "dialect", row["dialect"], DIALECTS[row["dialect"]] in suspect.dialects
        yield "status", status[0], any(_state(flow, status[0]) for flow in between)
        yield "pool", str(server), server in pools
        yield "flows", notes["flows"][0], len(between) == int(notes.pop("flows")[0])
        for host in notes.pop("host", []):
            yield "host", host, pools[server].name == host
        for agent in _list("|".join(notes.pop("agent", []))):
            yield "agent", agent, agent in suspect.agents
        for user in _list("|".join(notes.pop("user", []))):
            yield "user", user, user in suspect.workers
        yield (
            "no_syn",
            "1" if notes.pop("no_syn", []) else "",
            any(one["syn_seen"] == "0" for one in flows) == ("no_syn=1" in row["notes"]),
        )
    elif row["dialect"] == "dns-lookup":
        yield from _of_lookup(row["miner_ip"], notes, capture.report.findings)
    else:
        spoken = capture.node_spoken(DIALECTS.get(row["dialect"], ""), row["miner_ip"], row["pool_ip"])
        yield "dialect", row["dialect"], spoken
        yield "flows", notes["flows"][0], len(flows) == int(notes.pop("flows")[0])
        yield "no_syn", "1", any(one["syn_seen"] == "0" for one in flows) == bool(notes.pop("no_syn", []))
        notes.pop("text", None)  # what the dialect's name says already
    assert not notes, f"not compared: {notes}"


def _is_between(flow: dict[str, str], row: dict[str, str]) -> bool:
    return (flow["client_ip"], flow["server_ip"], flow["server_port"], flow["label"]) == (
        row["miner_ip"],
        row["pool_ip"],
        row["pool_port"],
        row["label"],
    )


def _of_lookup(host: str, notes: dict[str, list[str]], findings: Findings) -> Iterator[tuple[str, str, bool]]:
    """Of each question that was sent, the answer was seen as well: two sightings."""
    sightings = sum(name.sightings for (asker, _, _), name in findings.names.items() if asker == host)
    yield "queries", notes["queries"][0], sightings == 2 * int(notes.pop("queries")[0])
    for name in notes.pop("name"):
        yield "name", name, (host, name, NameSource.DNS) in findings.names
    for answer in notes.pop("answer"):
        name, _, addresses = answer.partition("->")
        got = all((host, address, name) in findings.answers for address in addresses.split(","))
        yield "answer", answer, got


@needs_shared_captures
@pytest.mark.parametrize("name", FILES)
def test_every_field_of_the_ground_truth(name: str) -> None:
    """All that it states is seen, but for what the table of differences gives a reason for."""
    capture = seen(SHARED_CAPTURES / "mining" / name)
    other: set[Said] = set()
    for row in ROWS:
        if row["file"] == f"mining/{name}":
            other |= {(name, row["pool_ip"], f, said) for f, said, good in of_pair(row, capture) if not good}
    for row in FLOWS:
        if row["file"] == name:
            other |= {
                (name, row["server_ip"], f, said) for f, said, good in of_flow(row, capture) if not good
            }
    assert other == {
        (one["file"], one["server"], one["field"], one["stated"])
        for one in differences()
        if one["file"] == name
    }


def test_every_difference_has_its_reason() -> None:
    assert all(len(one["reason"]) > 20 for one in differences())


@needs_shared_captures
@pytest.mark.parametrize(
    "row",
    [row for row in FLOWS if row["label"] == "mining"],
    ids=lambda row: f"{row['file'][:24]}-{row['client_port']}",
)
def test_shares_and_what_they_stand_for(row: dict[str, str]) -> None:
    """The second reading counts the same shares, by the same difficulties."""
    client, server = _ends(row)
    capture = seen(SHARED_CAPTURES / "mining" / row["file"])
    key = row["proto"], frozenset((client, server))
    flow, verdict = capture.mining[key]
    work = work_read(capture.readings[key], client, server)
    counted = Counter[int]()
    for (kind, difficulty, target, algo), number in flow.measures.items():
        if kind is Kind.ACCEPTED:
            share = work_of(
                verdict.dialect,
                difficulty=difficulty or None,
                target=target or None,
                hints=[algo] if algo else [],
            )
            counted[share.hashes if share else 0] += number
    assert (verdict.shares.submitted, verdict.shares.accepted) == (work.submitted, work.accepted)
    assert counted == work.hashes


@needs_shared_captures
def test_nobody_else_mines() -> None:
    miners = {(row["file"], row["miner_ip"]) for row in ROWS if row["label"] == "mining"}
    for path in shared_captures("mining"):
        suspects = [one for one in seen(path).report.suspects if one.verdict > Verdict.SUSPECTED]
        accused = {one.host for one in suspects}
        assert accused == {host for file, host in miners if file == f"mining/{path.name}"}, path.name


@needs_shared_captures
def test_benign_captures_accuse_nobody() -> None:
    for path in shared_captures("benign"):
        try:
            report = scan(path, hash_inputs=False)  # not kept: a report has its signatures, 2 MB
        except NetminedetError:
            continue
        accused = [one for one in report.suspects if one.verdict > Verdict.SUSPECTED]
        assert accused == [], path.name


@needs_shared_captures
@pytest.mark.parametrize("path", shared_captures("malformed"), ids=lambda path: path.name[:60])
def test_malformed_captures_are_read_or_refused(path: Path) -> None:
    try:
        accused = [one for one in scan(path, hash_inputs=False).suspects if one.verdict > Verdict.SUSPECTED]
    except NetminedetError as error:
        accused = []
        refusal = str(error)
    else:
        refusal = ""
    assert accused == []
    assert "\n" not in refusal
