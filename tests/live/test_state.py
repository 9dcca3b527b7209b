"""State files: what is saved comes back, and nothing in a file makes anything else happen."""

from __future__ import annotations

import contextlib
import json
import pickle
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netminedet.errors import NetminedetError
from netminedet.live.options import WatchOptions
from netminedet.live.state import load_state
from netminedet.live.watcher import CallingEar, Ear, Watcher
from tests.conftest import SAMPLES


def saved(tmp_path: Path, name: str = "mixed.pcapng") -> tuple[Path, Watcher]:
    path = tmp_path / "state"
    watcher = Watcher(WatchOptions(replay=str(SAMPLES / name), speed=None, state=str(path)), Ear())
    watcher.run()
    return path, watcher


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    path, watcher = saved(tmp_path)
    state = load_state(str(path), "0.1.0")
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
        load_state(str(path), "0.1.0")


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return eval, ("open('/tmp/netminedet-evil', 'w')",)


def test_a_state_runs_nothing(tmp_path: Path) -> None:
    path, _ = saved(tmp_path)
    head = path.read_bytes().partition(b"\n")[0]
    path.write_bytes(head + b"\n" + zlib.compress(pickle.dumps(Evil())))
    with pytest.raises(NetminedetError, match="is no state"):
        load_state(str(path), "0.1.0")
    assert not Path("/tmp/netminedet-evil").exists()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
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
        load_state(str(path), "0.1.0")


def test_no_state_is_none(tmp_path: Path) -> None:
    assert load_state(str(tmp_path / "none"), "0.1.0") is None
    (tmp_path / "json").write_text(json.dumps({"schema": "other"}) + "\n", encoding="utf-8")
    with pytest.raises(NetminedetError, match="its form is not known"):
        load_state(str(tmp_path / "json"), "0.1.0")
