"""Signatures that change while the watch goes on: what was known before still counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from netminedet.api import DEFAULT_HOME_NET, empty_report, parse_networks
from netminedet.capture.source import open_source
from netminedet.errors import NetminedetError
from netminedet.limits import Limits
from netminedet.live.renewal import read_offer, unpacked
from netminedet.model import Batch
from netminedet.pipeline import NewSignatures, Pipeline, new_signatures
from netminedet.sieve import automaton
from netminedet.signatures import SignatureSet, load_signatures
from netminedet.verdict.findings import Findings
from tests.frames import batch_of
from tests.signatures.test_signatures_loading import GOOD, folder
from tests.talks import SERVER, frames_of, signatures, tcp_frame
from tests.test_samples import CAPTURES

CUTS = 12
LIMITS = Limits(flows=10_000)
HOME = parse_networks(DEFAULT_HOME_NET)
#: A word that lies before most others in the order of the alphabet, so that states have other numbers.
OTHER = GOOD.replace("acme.", "Acme.")


@pytest.fixture(scope="module")
def more(tmp_path_factory: pytest.TempPathFactory) -> SignatureSet:
    """The shipped signatures, and a dialect that no traffic here speaks."""
    return load_signatures([folder(tmp_path_factory.mktemp("more"), OTHER)])


def part(batch: Batch, low: int, high: int) -> Batch:
    """Packets ``low`` to ``high`` of a batch."""
    found = Batch(batch.data, 0)
    found.count, found.first_number = high - low, batch.first_number + low
    for column in ("offset", "caplen", "wirelen", "time_ns", "linktype"):
        setattr(found, column, getattr(batch, column)[low:high])
    return found


def batches_of(path: Path) -> Iterator[Batch]:
    with open_source(path) as source:
        yield from source.batches()


def findings_of(path: Path, changes: dict[int, NewSignatures | None], first: SignatureSet) -> Findings:
    """What is found where a batch ends before these packets, counted from 0, and the signatures change."""
    pipeline = Pipeline(first, "memory", LIMITS)
    for batch in batches_of(path):
        began, at = batch.first_number - 1, 0
        for number in sorted(changes):
            if 0 <= number - began < batch.count:
                pipeline.feed(part(batch, at, number - began))
                if (new := changes[number]) is not None:
                    pipeline.turn_to(new)
                at = number - began
        pipeline.feed(part(batch, at, batch.count))
    pipeline.finish()
    return pipeline.findings


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_whenever_they_change_the_same_is_found(path: Path, more: SignatureSet) -> None:
    count = sum(batch.count for batch in batches_of(path))
    shipped = signatures()
    sets = [new_signatures(more), new_signatures(shipped)]
    for cut in sorted({count * number // CUTS for number in range(CUTS)} | {1, 2, 3, 4, 5, 6, 7}):
        whole = findings_of(path, {cut: None}, shipped)
        assert findings_of(path, {cut: sets[0]}, shipped) == whole, cut
    cuts = range(0, count, max(1, count // 50))
    whole = findings_of(path, dict.fromkeys(cuts), shipped)
    assert findings_of(path, {cut: sets[at % 2] for at, cut in enumerate(cuts)}, shipped) == whole


WORK = ["acct.rig1", "bf"]
SHARES = [
    ("C", {"id": 1, "method": "mining.subscribe", "params": ["cgminer/4.10.0"]}),
    ("S", {"id": 1, "result": [[["mining.notify", "ae6812eb"]], "08000002", 4], "error": None}),
    ("C", {"id": 2, "method": "mining.authorize", "params": ["acct.rig1", "x"]}),
    ("S", {"id": 2, "result": True, "error": None}),
    ("S", {"id": None, "method": "mining.set_difficulty", "params": [512]}),
    ("C", {"id": 4, "method": "mining.submit", "params": [*WORK, "00000001", "504e86ed", "b2957c02"]}),
    ("S", {"id": 4, "result": True, "error": None}),
    ("C", {"id": 5, "method": "mining.submit", "params": [*WORK, "00000002", "504e86ed", "b2957c03"]}),
    ("S", {"id": 5, "result": True, "error": None}),
]  # fmt: skip


def found_in(frames: list[bytes], changes: dict[int, NewSignatures], first: SignatureSet) -> Pipeline:
    pipeline = Pipeline(first, "memory", LIMITS)
    for number, frame in enumerate(frames):
        if number in changes:
            pipeline.turn_to(changes[number])
        pipeline.feed(batch_of([frame], first_number=number + 1))
    pipeline.finish()
    return pipeline


def test_a_message_cut_anywhere_when_they_change_is_read(more: SignatureSet) -> None:
    """The first message of a flow comes in two segments, and the change between them."""
    shipped, new = signatures(), new_signatures(more)
    client = ("10.1.2.3", 50_000)
    data = b'{"params":["cgminer/4.10.0"],"id":1,"method":"mining.subscribe"}\n'
    for cut in range(1, len(data)):
        frames = [
            tcp_frame(client, SERVER, 1000, data[:cut]),
            tcp_frame(client, SERVER, 1000 + cut, data[cut:]),
        ]
        (flow,) = found_in(frames, {1: new}, shipped).findings.flows.values()
        assert flow.evidence, cut


def test_states_go_on_with_what_was_read(more: SignatureSet) -> None:
    old, new = automaton.build(signatures().anchors), automaton.build(more.anchors)
    states = automaton.states_in(new, old)
    assert len(states) == len(old.reads)
    assert list(states) != list(range(len(states)))
    for state, read in enumerate(old.reads):
        assert new.reads[states[state]] == read
    again = automaton.states_in(old, new)
    assert [again[state] for state in states] == list(range(len(states)))


def test_difficulty_and_worker_are_those_from_before(more: SignatureSet) -> None:
    frames = frames_of(SHARES)
    pipeline = found_in(frames, {len(frames) - 4: new_signatures(more)}, signatures())
    report = empty_report(signatures(), HOME)
    report.findings.merge(pipeline.findings)
    (suspect,) = report.suspects
    assert suspect.workers == ("acct.rig1",)
    assert suspect.shares.accepted == 2
    assert pipeline.counters()["flows"] == 1


ACME = [
    ("C", {"id": 1, "method": "acme.hello", "params": ["00ff00ff", "acme/1"]}),
    ("S", {"id": 1, "result": True, "error": None}),
    ("C", {"id": 2, "method": "acme.hello", "params": ["00ff00ff", "acme/1"]}),
    ("S", {"id": 2, "result": True, "error": None}),
]


def answers(pipeline: Pipeline) -> dict[str, str]:
    return {
        kept.signature: kept.strength
        for flow in pipeline.findings.flows.values()
        for kept in flow.evidence.values()
        if kept.signature.endswith(".answer")
    }


def test_a_dialect_that_is_gone_says_nothing_more(tmp_path: Path) -> None:
    first = load_signatures([folder(tmp_path)])
    frames = frames_of(ACME)
    assert answers(found_in(frames, {}, first)) == {"acme.answer": "strong"}
    gone = found_in(frames, {3: new_signatures(signatures())}, first)
    assert answers(gone) == {}
    (flow,) = gone.findings.flows.values()
    assert [kept.signature for kept in flow.evidence.values()] == ["acme.hello"]
    report = empty_report(signatures(), HOME)
    report.findings.merge(gone.findings)
    (suspect,) = report.suspects  # what was found by it is still weighed
    assert suspect.dialects == ("acme",)


def test_what_answers_a_changed_signature_is_weak(tmp_path: Path) -> None:
    first = load_signatures([folder(tmp_path)])
    changed = GOOD.replace("is_hex(params[0], `8`)", "is_hex(params[0], `8`) && id != `7`")
    second = load_signatures([folder(tmp_path, changed)])
    frames = frames_of(ACME[:2])
    assert answers(found_in(frames, {3: new_signatures(second)}, first)) == {"acme.answer": "weak"}


def test_another_process_gets_the_same(tmp_path: Path) -> None:
    offer = read_offer([folder(tmp_path)], HOME)
    theirs = unpacked(offer.packed)
    assert theirs.signatures.info == offer.new.signatures.info
    assert theirs.sought.automaton == offer.new.sought.automaton
    assert theirs.sought.names == offer.new.sought.names


def test_a_broken_table_is_refused_before_anything_changes(tmp_path: Path) -> None:
    (tmp_path / "power.csv").write_text("not,a,table\n", encoding="utf-8")
    with pytest.raises(NetminedetError, match=r"power\.csv"):
        read_offer([folder(tmp_path)], HOME)
