"""State files: what is saved comes back, and nothing in a file makes anything else happen."""

from __future__ import annotations

import contextlib
import json
import pickle
import struct
import threading
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netminedet import __version__
from netminedet.errors import NetminedetError
from netminedet.language import Sentence
from netminedet.live import saving
from netminedet.live.announce import Known
from netminedet.live.options import WatchOptions
from netminedet.live.saving import Saver
from netminedet.live.state import SCHEMA, State, StateWriter, load_state, save_state
from netminedet.live.watcher import CallingEar, Ear, Watcher
from netminedet.report.sentences import sentence_document
from netminedet.suspects import Verdict
from netminedet.verdict.findings import Findings
from tests.conftest import SAMPLES


def saved(tmp_path: Path, name: str = "mixed.pcapng") -> tuple[Path, Watcher]:
    path = tmp_path / "state"
    watcher = Watcher(WatchOptions(replay=str(SAMPLES / name), speed=None, state=str(path)), Ear())
    watcher.run()
    return path, watcher


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    path, watcher = saved(tmp_path)
    state = load_state(str(path), __version__)
    assert state is not None
    assert state.findings == watcher.desk.ledger.findings
    assert state.known.keys() == watcher.desk.announcer.known.keys()
    assert all(known.kinds == state.known[host].kinds for host, known in watcher.desk.announcer.known.items())
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_known_suspects_are_not_new_and_grow(tmp_path: Path) -> None:
    path, before = saved(tmp_path)
    events: list[dict[str, object]] = []
    options = WatchOptions(replay=str(SAMPLES / "mixed.pcapng"), speed=None, state=str(path))
    again = Watcher(options, CallingEar(events.append))
    again.run()
    assert not [event for event in events if event["event_type"] == "suspect"]
    for host in before.desk.announcer.known:
        first, second = before.desk.ledger.suspect(host), again.desk.ledger.suspect(host)
        assert first is not None
        assert second is not None
        assert second.shares == first.shares + first.shares
        assert second.packets == 2 * first.packets


def test_who_was_still_being_watched_is_told_after_the_restart(tmp_path: Path) -> None:
    """A watch is killed between a suspect's first message and the event about it: nothing new may come."""
    path, before = saved(tmp_path)
    state = load_state(str(path), __version__)
    assert state is not None
    untold = ["10.8.0.12", "10.8.0.17"]
    for host in untold:
        del state.known[host]
    save_state(str(path), state, __version__)
    events: list[dict[str, Any]] = []
    options = WatchOptions(replay=str(SAMPLES / "nodes.pcap"), speed=None, state=str(path))
    again = Watcher(options, CallingEar(events.append))
    again.run()
    told = {event["netminedet"]["suspect"]["host"] for event in events if event["event_type"] == "suspect"}
    assert told >= set(untold)
    assert not told & (before.desk.announcer.known.keys() - set(untold))


def test_another_version_still_knows_the_suspects(tmp_path: Path) -> None:
    path, watcher = saved(tmp_path)
    state = load_state(str(path), "9.9.9")
    assert state is not None
    assert state.findings is None
    assert state.known.keys() == watcher.desk.announcer.known.keys()


def test_a_state_that_others_may_write_is_refused(tmp_path: Path) -> None:
    path, _ = saved(tmp_path)
    path.chmod(0o666)
    with pytest.raises(NetminedetError, match="others may write"):
        load_state(str(path), __version__)


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return eval, ("open('/tmp/netminedet-evil', 'w')",)


def pieces(*some: tuple[str, list[object]], head: dict[str, str] | None = None) -> bytes:
    """A file of these pieces."""
    first = json.dumps(head or {"schema": SCHEMA, "version": __version__}).encode() + b"\n"
    packed = [msgspec.msgpack.encode((name, entries, {})) for name, entries in some]
    return first + zlib.compress(b"".join(struct.pack(">I", len(one)) + one for one in packed))


END: tuple[str, list[object]] = ("end", [[7, 8, {"names_not_kept": 9}]])


def loaded(tmp_path: Path, data: bytes, version: str = __version__) -> State:
    path = tmp_path / "state"
    path.write_bytes(data)
    path.chmod(0o600)
    state = load_state(str(path), version)
    assert state is not None
    return state


def test_a_state_runs_nothing(tmp_path: Path) -> None:
    """Neither as it was written once, as a pickle, nor in a piece."""
    evil = pickle.dumps(Evil())
    head = {"schema": "netminedet.state/1", "version": __version__, "known": {}, "sequence": 1, "saved_ns": 2}
    state = loaded(tmp_path, json.dumps(head).encode() + b"\n" + zlib.compress(evil))
    assert state.findings is None
    for data in (zlib.compress(evil), evil, zlib.compress(struct.pack(">I", len(evil)) + evil)):
        first = json.dumps({"schema": SCHEMA, "version": __version__}).encode() + b"\n"
        with pytest.raises(NetminedetError, match="is no state"):
            loaded(tmp_path, first + data)
    assert not Path("/tmp/netminedet-evil").exists()


def test_the_form_before_still_knows_the_suspects(tmp_path: Path) -> None:
    known = {"10.0.0.7": [3, ["stratum-v1.submit"], 4, 5, True]}
    head = {
        "schema": "netminedet.state/1",
        "version": __version__,
        "known": known,
        "sequence": 6,
        "saved_ns": 7,
    }
    state = loaded(tmp_path, json.dumps(head).encode() + b"\n" + b"whatever")
    assert state.known == {"10.0.0.7": Known(Verdict.CONFIRMED, {"stratum-v1.submit"}, 4, 5, active=True)}
    assert (state.sequence, state.saved_ns, state.findings) == (6, 7, None)


@pytest.mark.parametrize(
    ("some", "words"),
    [
        ([], "its end is missing"),
        ([END, END], "something follows its end"),
        ([("flows", [[1, 2]]), END], "Expected"),
        ([("elsewhere", [[1, 2]]), END], "elsewhere"),
        ([("known", [["10.0.0.7", 99, [], 0, 0, True]]), END], "99"),
        ([("end", [])], "not enough"),
    ],
)
def test_what_is_no_state_is_one_line(
    some: list[tuple[str, list[object]]], words: str, tmp_path: Path
) -> None:
    with pytest.raises(NetminedetError, match=words) as caught:
        loaded(tmp_path, pieces(*some))
    assert str(caught.value).endswith("; remove it")
    assert "\n" not in str(caught.value)


def test_what_is_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = saved(tmp_path, "kaspa.pcap")[0].read_bytes()
    for end in range(0, len(whole), max(1, len(whole) // 60)):
        with pytest.raises(NetminedetError):
            loaded(tmp_path, whole[:end])


def test_sentences_can_still_be_told_in_another_language(tmp_path: Path) -> None:
    path, watcher = saved(tmp_path)
    state = load_state(str(path), __version__)
    assert state is not None
    assert state.findings is not None
    before = watcher.desk.ledger.findings
    for key, flow in state.findings.flows.items():
        for place, evidence in flow.evidence.items():
            assert sentence_document(evidence.why) == sentence_document(before.flows[key].evidence[place].why)
    assert any(isinstance(name.evidence.why, Sentence) for name in state.findings.names.values())


def test_parts_are_made_between_what_changes(tmp_path: Path) -> None:
    """A piece at a time, while hosts come and go: what the file has is whole, and loads."""
    _, watcher = saved(tmp_path)
    found = watcher.desk.ledger.findings
    writer = StateWriter(lambda: watcher.desk.state(5), __version__)
    gone = next(iter(found.names))
    turns = 0
    while not writer.go_on(0):
        turns += 1
        found.names.pop(gone, None)
    assert turns > 5
    state = loaded(tmp_path, b"".join(writer.parts))
    assert state.findings is not None
    assert state.findings.flows == found.flows
    assert state.findings.names == found.names
    assert state.saved_ns == 5


def test_the_disk_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held, states = threading.Event(), []
    monkeypatch.setattr(saving, "write_parts", lambda *_: held.wait(60))
    empty = State({}, {}, Findings(), 1, 2)
    saver = Saver(str(tmp_path / "state"), 0.0, lambda: states.append(empty) or empty)  # type: ignore[func-returns-value]
    for _ in range(100):
        assert saver.go_on() is None
    assert 0 < len(states) <= 2  # the second is not begun before the first is there
    held.set()


def test_what_cannot_be_written_is_told_once(tmp_path: Path) -> None:
    place = tmp_path / "folder"
    place.mkdir()
    (place / "in it").touch()
    empty = State({}, {}, Findings(), 1, 2)
    saver = Saver(str(place), 0.0, lambda: empty)
    notes = []
    while saver.errors < 3:
        notes += [note] if (note := saver.go_on()) is not None else []
    assert len(notes) == 1
    assert "cannot be written" in notes[0]
    assert saver.finish() is None
    assert saver.failed


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data())
def test_damage_is_one_error(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "state"
    if not (tmp_path / "whole").exists():
        saved(tmp_path)[0].rename(tmp_path / "whole")
    whole = bytearray((tmp_path / "whole").read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        del whole[at:]
    else:
        whole[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(whole)
    path.chmod(0o600)
    with contextlib.suppress(NetminedetError):
        load_state(str(path), __version__)


def test_no_state_is_none(tmp_path: Path) -> None:
    assert load_state(str(tmp_path / "none"), __version__) is None
    (tmp_path / "json").write_text(json.dumps({"schema": "other"}) + "\n", encoding="utf-8")
    with pytest.raises(NetminedetError, match="its form is not known"):
        load_state(str(tmp_path / "json"), __version__)
