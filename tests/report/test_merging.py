"""Reports merged: in any order and grouping the same; each capture counted once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from report_samples import FARM, FEW, LOOKUP, NOON, OFFICE, SHA256D, evidence

from netminedet import scan
from netminedet.errors import NetminedetError
from netminedet.holders import Behind, Place, Subscriber, SubscriberSeen, Unit
from netminedet.model import FiveTuple, InputInfo, SignatureSetInfo
from netminedet.report.document import json_text, report_document
from netminedet.report.merging import SEVERAL, merge_reports
from netminedet.report.plain import PlainReport
from netminedet.report.reading import parse_report
from netminedet.suspects import (
    Connection,
    Management,
    NodeSeen,
    Pool,
    ResolverSeen,
    Role,
    Shares,
    Suspect,
    Verdict,
)
from netminedet.verdict.weigh import MAX_EVIDENCE, MAX_LIST
from tests.conftest import ROOT

SIGNATURES = SignatureSetInfo("0.1.0", "ab" * 32, 170)
HOSTS = ("10.0.0.1", "10.0.0.2", "2001:db8::3")

counts = st.integers(0, 1000)
moments = st.integers(0, 10**6).map(lambda number: NOON + number * 1000)


def few(*values: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(values), max_size=3, unique=True).map(tuple)


@st.composite
def proofs(draw: st.DrawFn, host: str, path: str) -> Any:
    proof = evidence(host, "203.0.113.1", packet=draw(st.integers(1, 50)))
    where = replace(proof.where, input=path, time_ns=draw(moments))
    return replace(proof, where=where, strength=draw(st.sampled_from(["strong", "weak", "name"])))


@st.composite
def connections(draw: st.DrawFn, host: str) -> Connection:
    flow = FiveTuple(host, draw(st.integers(1, 3)), "203.0.113.1", 3333, "tcp")
    shares = Shares(draw(counts), draw(counts), draw(counts))
    return Connection(flow, draw(moments), draw(moments), draw(st.sampled_from(Verdict)).label, shares)


SEEN = (
    SubscriberSeen(Subscriber("alice"), 1, 2, Shares(3, 2, 1), "strong", NOON, NOON + 5),
    SubscriberSeen(Subscriber("bob", "100.64.0.1"), 1, 0, Shares(), "name", NOON + 1, NOON + 9),
)


@st.composite
def suspects(draw: st.DrawFn, host: str, path: str) -> Suspect:
    first, last = sorted([draw(moments), draw(moments)])
    many = draw(st.integers(0, 40))
    return Suspect(
        host=host,
        verdict=draw(st.sampled_from(Verdict)),
        role=draw(st.sampled_from(Role)),
        reasons=draw(few("mines at a", "serves b", "asked the DNS for c").filter(bool)),  # never without
        dialects=draw(few("stratum-v1", "tls")),
        coins=draw(few("BTC", "XMR")),
        pools=draw(few(Pool("a", None, None, False), Pool(None, "203.0.113.1", 1, True))),
        workers=tuple(f"w{number}" for number in range(draw(st.integers(0, 3)), many)),
        wallets=draw(few("1abc", "4xyz")),
        agents=draw(few("xmrig", "cgminer")),
        first_seen=first,
        last_seen=last,
        flows=draw(counts),
        packets=draw(counts),
        bytes=draw(counts),
        shares=Shares(draw(counts), draw(counts), draw(counts)),
        evidence=tuple(draw(st.lists(proofs(host, path), max_size=12))),
        evidence_omitted=draw(counts),
        truncated=draw(st.booleans()),
        software=draw(few(*FARM.software)),
        hash_rates=draw(few(FEW, SHA256D, replace(SHA256D, rate=replace(SHA256D.rate, shares=9)))),
        management=draw(st.none() | st.just(Management(("cgminer",), ("p",), draw(st.floats(0, 1e12))))),
        rigs=draw(counts),
        connections=tuple(draw(st.lists(connections(host), max_size=3))),
        connections_omitted=draw(counts),
        unit=draw(st.none() | st.sampled_from([Unit("10.0.0.0/8", "A"), Unit("10.0.0.0/24", "B")])),
        places=draw(st.dictionaries(st.just(host), st.sampled_from([Place("CN"), Place("CN", "x")]))),
        behind=draw(st.none() | st.builds(Behind, few(*SEEN), counts, counts)),
    )


@st.composite
def reports(draw: st.DrawFn, number: int) -> PlainReport:
    """A report on a capture of its own."""
    path = f"{number}.pcap"
    hosts = draw(st.lists(st.sampled_from(HOSTS), max_size=3, unique=True))
    cut = InputInfo("cut.pcap", complete=False, problems=["is cut"])
    info = replace(OFFICE, path=path, sha256=draw(st.sampled_from([None, f"{number:064x}"])))
    node = NodeSeen(
        host="10.0.0.9",
        protocol="bitcoin-p2p",
        network="",
        first_seen=draw(moments),
        last_seen=draw(moments),
        peers=draw(few("192.0.2.1", "192.0.2.2")),
        truncated=draw(st.booleans()),
        where=evidence("10.0.0.9", "192.0.2.1", packet=number + 1).where,
    )
    names, clients = draw(few("a.example", "b.example")), draw(few(*HOSTS))
    resolver = ResolverSeen("10.0.0.53", names, clients, False, draw(moments), draw(moments))
    return PlainReport(
        tool_version=draw(st.sampled_from(["0.1.0", "0.2.0"])),
        signatures=replace(SIGNATURES, sha256=draw(st.sampled_from(["ab" * 32, "cd" * 32]))),
        inputs=(info, cut)[: draw(st.integers(1, 2))],
        totals={"packets": 5, "bytes": 500, "flows": draw(counts), draw(st.sampled_from("ab")): draw(counts)},
        suspects=tuple(draw(suspects(host, path)) for host in hosts),
        adjacent=(node,) * draw(st.integers(0, 1)),
        resolvers=(resolver,) * draw(st.integers(0, 1)),
    )


def text(report: Any) -> str:
    return json_text(report_document(report))


def read(report: Any) -> PlainReport:
    return parse_report(text(report).encode(), "report.json")


def merged(*given: PlainReport) -> PlainReport:
    """Merged as the command does: from documents to a document."""
    return read(merge_reports([(f"{place}.json", read(one)) for place, one in enumerate(given)]).report)


#: Shrinking reports of this size takes minutes and shows little more.
LAW = settings(max_examples=30, phases=(Phase.explicit, Phase.generate))

three = st.tuples(reports(0), reports(1), reports(2))


@given(three, st.permutations(range(3)))
@LAW
def test_order_is_all_one(given: tuple[PlainReport, ...], order: list[int]) -> None:
    assert text(merged(*given)) == text(merged(*(given[place] for place in order)))


@given(three)
@LAW
def test_grouping_is_all_one(given: tuple[PlainReport, ...]) -> None:
    one, two, three = given
    whole = text(merged(one, two, three))
    assert text(merged(merged(one, two), three)) == whole
    assert text(merged(one, merged(two, three))) == whole


@given(three)
@LAW
def test_what_is_given_twice_counts_once(given: tuple[PlainReport, ...]) -> None:
    one, two, three = given
    assert text(merged(one, one)) == text(merged(one))
    assert text(merged(one, two, one)) == text(merged(one, two))
    both = merged(one, two)
    assert text(merged(both, two)) == text(both)
    assert text(merged(both, three, both, one)) == text(merged(one, two, three))


def report_on(*numbers: int, suspects: tuple[Suspect, ...] = (), hashed: bool = True) -> PlainReport:
    infos = tuple(
        InputInfo(f"{number}.pcap", "pcap", f"{number:064x}" if hashed else None, 5, 500)
        for number in numbers
    )
    return PlainReport("0.1.0", SIGNATURES, infos, {"packets": 5 * len(numbers)}, suspects)


def test_a_report_that_brings_nothing_new_is_told() -> None:
    found = merge_reports([("a.json", report_on(1)), ("b.json", report_on(1, 2)), ("c.json", report_on(3))])
    assert found.notes == ("a.json: left out, because b.json has all of its inputs",)
    assert found.report.totals["packets"] == 15
    assert [info.path for info in found.report.inputs] == ["1.pcap", "2.pcap", "3.pcap"]


@pytest.mark.parametrize("hashed", [True, False])
def test_captures_that_would_count_twice_are_refused(hashed: bool) -> None:
    with pytest.raises(NetminedetError, match=r"json and .*\.json: both count 2\.pcap"):
        merge_reports(
            [("a.json", report_on(1, 2, hashed=hashed)), ("b.json", report_on(2, 3, hashed=hashed))]
        )


def test_inputs_that_nobody_could_read_are_no_overlap() -> None:
    cut = InputInfo("x.pcap", complete=False, problems=["is a folder"])
    one, two = (replace(report_on(number), inputs=(*report_on(number).inputs, cut)) for number in (1, 2))
    assert [info.path for info in merged(one, two).inputs] == ["1.pcap", "2.pcap", "x.pcap"]


def joined(*given: Suspect) -> Suspect:
    (found,) = merged(*(report_on(place, suspects=(one,)) for place, one in enumerate(given))).suspects
    return found


def test_sums_unions_and_extremes() -> None:
    other = replace(
        LOOKUP,
        host=FARM.host,
        first_seen=NOON - 5,
        last_seen=NOON - 1,
        coins=("XMR",),
        workers=("zoe",),
        rigs=3,
    )
    found = joined(other, FARM)
    assert (found.verdict, found.role) == (Verdict.CONFIRMED, Role.MINER)
    assert (found.first_seen, found.last_seen) == (NOON - 5, FARM.last_seen)
    assert (found.flows, found.packets, found.bytes) == (6, 2468, 2 * FARM.bytes)
    assert found.shares == Shares(120, 118, 2) + other.shares
    assert found.coins == ("BCH", "BTC", "XMR")
    assert found.workers == ("farm01.rack3", "farm01.rack4", "zoe")
    assert found.reasons[0] == min(FARM.reasons[0], FARM.reasons[0])
    assert set(found.reasons) == {*FARM.reasons, *other.reasons}
    assert found.rigs == 3
    assert len(found.evidence) == 2


ROLES = [
    (Role.MINER, Role.POOL, Role.PROXY),
    (Role.MINER, Role.PROXY, Role.PROXY),
    (Role.LOOKUP, Role.POOL, Role.POOL),
    (Role.LOOKUP, Role.BROWSER, Role.BROWSER),
    (Role.BROWSER, Role.MINER, Role.MINER),
    (Role.BROWSER, Role.POOL, Role.POOL),
    (Role.LOOKUP, Role.SOLO, Role.SOLO),
    (Role.SOLO, Role.MINER, Role.MINER),
    (Role.SOLO, Role.BROWSER, Role.MINER),
    (Role.SOLO, Role.POOL, Role.PROXY),
    (Role.LOOKUP, Role.LOOKUP, Role.LOOKUP),
]


@pytest.mark.parametrize(("one", "two", "both"), ROLES)
def test_roles_join(one: Role, two: Role, both: Role) -> None:
    assert joined(replace(FARM, role=one), replace(FARM, role=two)).role is both


def test_a_hash_rate_is_the_one_that_rests_on_most() -> None:
    better = replace(SHA256D, rate=replace(SHA256D.rate, typical=5e12, shares=500))
    found = joined(FARM, replace(FARM, hash_rates=(better, FEW)), replace(FARM, hash_rates=()))
    assert [(one.algorithm, one.rate.shares) for one in found.hash_rates] == [
        ("randomx", 0),
        ("sha256d", 500),
    ]
    assert found.hash_rates[1].rate.typical == 5e12


def test_caps_hold_and_are_told() -> None:
    proofs = tuple(evidence(FARM.host, "203.0.113.1", packet=number) for number in range(1, 21))
    one, two = (
        replace(FARM, evidence=proofs, evidence_omitted=1, workers=tuple(f"{end}{n}" for n in range(40)))
        for end in "ab"
    )
    found = joined(one, two)
    assert (len(found.evidence), found.evidence_omitted) == (MAX_EVIDENCE, 2 + 40 - MAX_EVIDENCE)
    assert (len(found.workers), found.truncated) == (MAX_LIST, True)


def test_unlike_signatures_are_named() -> None:
    other = replace(report_on(2), signatures=SignatureSetInfo("0.2.0", "cd" * 32, 9), tool_version="0.3.0")
    found = merged(report_on(1), other)
    assert (found.signatures.version, found.signatures.sha256) == ("0.1.0, 0.2.0", SEVERAL)
    assert found.tool_version == "0.1.0, 0.3.0"


def test_scans_apart_merge_to_what_a_scan_together_says() -> None:
    """Where no host is in both: then nothing is weaker."""
    paths = [ROOT / "pcaps" / name for name in ("stratum-v1.pcap", "cryptonote.pcap", "tls-pool.pcapng")]
    apart = [read(scan(path)) for path in paths]
    together = scan(paths)
    found = merged(*apart)
    assert {one.host for one in found.suspects} == {one.host for one in together.suspects}
    assert found.totals == together.totals
    for one, other in zip(found.suspects, together.suspects, strict=True):
        assert (one.host, one.verdict, one.role, one.shares) == (
            other.host,
            other.verdict,
            other.role,
            other.shares,
        )
        assert one.pools == other.pools
