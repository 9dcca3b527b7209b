"""A file replayed comes to what a scan of it comes to, whatever is harvested in between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from netminedet import scan, watch
from netminedet.live import station as station_module
from netminedet.live.events import events_schema
from netminedet.live.options import WatchOptions
from netminedet.live.watcher import Ear, Watcher
from netminedet.suspects import Suspect
from tests.conftest import SAMPLES

FILES = sorted(path for path in SAMPLES.glob("*.pcap*"))
CHECKER = Draft202012Validator(events_schema())


def replayed(path: Path, **options: Any) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    watch(replay=str(path), speed=None, on_event=events.append, **options)
    return events


def timeless(suspect: Suspect) -> Suspect:
    """Without the times at which it, and each of its connections, was last seen."""
    connections = tuple(replace(one, last_seen=0) for one in suspect.connections)
    return replace(suspect, last_seen=0, connections=connections)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_as_a_scan(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(station_module, "AGE_SECONDS", 0.0)
    watcher = Watcher(WatchOptions(replay=str(path), speed=None), Ear())
    outcome = watcher.run()
    expected = scan(path, hash_inputs=False)
    assert outcome.packets == expected.totals["packets"]
    found = watcher.desk.report().suspects
    # Live, an encrypted connection counts as seen as long as records of it were, not only its handshake.
    assert all(one.last_seen >= other.last_seen for one, other in zip(found, expected.suspects, strict=True))
    assert [timeless(one) for one in found] == [timeless(one) for one in expected.suspects]
    for suspect in expected.suspects:
        alone = watcher.desk.ledger.suspect(suspect.host)
        assert alone is not None
        assert essence(alone) == essence(suspect)
    assert set(watcher.desk.announcer.known) == {suspect.host for suspect in expected.suspects}


def essence(suspect: Suspect) -> tuple[Any, ...]:
    return suspect.host, suspect.verdict, suspect.role, suspect.reasons, suspect.shares, suspect.hash_rates


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_events_keep_their_form(path: Path) -> None:
    events = replayed(path, stats_seconds=1.0, update_seconds=5.0, idle_seconds=20.0)
    for event in events:
        CHECKER.validate(event)
    assert [events[0]["event_type"], events[-1]["event_type"]] == ["start", "stop"]
    told = [event["netminedet"]["suspect"] for event in events if event["event_type"] == "suspect"]
    expected = {one.host: one.verdict.label for one in scan(path, hash_inputs=False).suspects}
    assert {one["host"]: one["verdict"] for one in told} == expected


def test_no_event_without_a_change() -> None:
    events = replayed(SAMPLES / "mixed.pcapng")
    changes: dict[str, list[tuple[str, str, frozenset[str]]]] = {}
    for event in events:
        if event["event_type"] == "suspect":
            own = event["netminedet"]
            proof = frozenset(one["signature"] for one in own["new_evidence"])
            changes.setdefault(own["suspect"]["host"], []).append(
                (own["change"], own["suspect"]["verdict"], proof)
            )
    for of_host in changes.values():
        assert [change for change, _, _ in of_host].count("new") == 1
        assert len(set(of_host)) == len(of_host)


def test_a_suspect_ends_and_returns(tmp_path: Path) -> None:
    once = SAMPLES / "kaspa.pcap"
    twice = tmp_path / "twice.pcap"
    twice.write_bytes(once.read_bytes() + later(once.read_bytes(), 3600))
    events = replayed(twice, idle_seconds=60.0, update_seconds=1e6)
    kinds = [
        (event["event_type"], event["netminedet"].get("change"))
        for event in events
        if event["event_type"] in ("suspect", "ended")
    ]
    assert kinds[0] == ("suspect", "new")
    assert ("ended", None) in kinds
    assert kinds[-1] == ("suspect", "returned")


def later(capture: bytes, seconds: int) -> bytes:
    """The same pcap file, recorded later (its records, little-endian, behind its header)."""
    moved = bytearray(capture)
    at = 24
    while at < len(moved):
        moment = int.from_bytes(moved[at : at + 4], "little") + seconds
        moved[at : at + 4] = moment.to_bytes(4, "little")
        at += 16 + int.from_bytes(moved[at + 8 : at + 12], "little")
    return bytes(moved)
