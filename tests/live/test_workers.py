"""Worker processes that are lost: it is told, and others take their places or the watch ends in order."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from netminedet import __version__
from netminedet.errors import NetminedetError
from netminedet.limits import limits_for
from netminedet.live import workers
from netminedet.live.crew import open_crew
from netminedet.live.options import WatchOptions, limits_of
from netminedet.live.state import load_state
from netminedet.live.workers import MAX_LOST, Workers
from netminedet.signatures import load_signatures
from tests.conftest import SAMPLES
from tests.live.test_wire import halves, suspects_of
from tests.live.wire import PATIENCE, Watching, Wire, children, why_not, wires

REASON = why_not()
pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)

STRATUM = SAMPLES / "stratum-v1.pcap"
MIXED = SAMPLES / "mixed.pcapng"


@pytest.fixture
def wire() -> Iterator[Wire]:
    yield from wires()


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists() and ") Z " not in Path(f"/proc/{pid}/stat").read_text(
        encoding="ascii"
    )


def wait_gone(pids: list[int]) -> None:
    end = time.monotonic() + PATIENCE
    while any(map(is_there, pids)):
        assert time.monotonic() < end, pids
        time.sleep(0.05)


def open_tmp(tmp_path: Path) -> None:
    """Let another user write to it."""
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents:
        if folder.stat().st_mode & 0o5 != 0o5 and folder.is_relative_to("/tmp"):
            folder.chmod(0o755)


@pytest.mark.parametrize("options", [(), ("--user", "nobody")], ids=["root", "nobody"])
def test_another_takes_the_place_of_one_that_is_lost(
    options: tuple[str, ...], wire: Wire, tmp_path: Path
) -> None:
    open_tmp(tmp_path)
    watch = Watching(wire, tmp_path / "events.jsonl", "--workers", "2", "--stats-every", "0.5", *options)
    before = children(watch.process.pid)
    sent = wire.send(MIXED)
    watch.wait_for("stats", capture=watch_counts(watch, sent))
    for number, pid in enumerate(before):
        os.kill(pid, signal.SIGKILL)
        watch.wait_note(f"worker {number} was ended by SIGKILL; the conversations that it followed are lost")
        watch.wait_note(f"worker {number} is started again")
    assert set(children(watch.process.pid)).isdisjoint(before)
    sent += wire.send(STRATUM)
    code, told = watch.stop()
    assert code == 1, told
    last = watch.counted(sent)
    assert last["stages"]["workers_lost"] == 2
    assert watch.hosts() >= set(suspects_of(STRATUM))
    seen = [event["netminedet"]["capture"]["seen"] for event in watch.events("stats")]
    assert seen == sorted(seen)


def watch_counts(watch: Watching, sent: int) -> dict[str, int]:
    """The counts of the first stats event by which all that was sent has been seen."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for event in watch.events("stats"):
            counts: dict[str, int] = event["netminedet"]["capture"]
            if counts["seen"] == sent:
                return counts
        time.sleep(0.05)
    raise AssertionError(f"not all was seen: {watch.events('stats')[-1:]}")


def test_the_others_conversations_go_on(wire: Wire, tmp_path: Path) -> None:
    """The flows of a worker that is still there stay with it while another one is replaced."""
    watch = Watching(wire, tmp_path / "events.jsonl", "--workers", "2", "--stats-every", "0.5")
    first, second = halves(STRATUM, tmp_path)
    sent = wire.send(first)
    watch_counts(watch, sent)
    os.kill(children(watch.process.pid)[0], signal.SIGKILL)
    watch.wait_note("is started again")
    sent += wire.send(second)
    watch.stop()
    watch.counted(sent)
    assert watch.hosts() == set(suspects_of(STRATUM))


def test_what_came_while_a_worker_was_gone_is_read(wire: Wire, tmp_path: Path) -> None:
    watch = Watching(wire, tmp_path / "events.jsonl", "--workers", "2")
    os.kill(watch.process.pid, signal.SIGSTOP)
    gone = children(watch.process.pid)
    for pid in gone:
        os.kill(pid, signal.SIGKILL)
    wait_gone(gone)
    sent = wire.send(STRATUM)
    os.kill(watch.process.pid, signal.SIGCONT)
    watch.wait_note("is started again", 2)
    code, told = watch.stop()
    assert code == 1, told
    watch.counted(sent)
    assert watch.hosts() == set(suspects_of(STRATUM))


def test_too_many_lost_end_the_watch_in_order(wire: Wire, tmp_path: Path) -> None:
    state = tmp_path / "state"
    watch = Watching(
        wire, tmp_path / "events.jsonl", "--workers", "2", "--state", str(state), "--state-every", "999"
    )
    wire.send(STRATUM)
    watch.wait_for("suspect")
    for number in range(MAX_LOST):
        os.kill(children(watch.process.pid)[0], signal.SIGKILL)
        if number < MAX_LOST - 1:
            watch.wait_note("is started again", number + 1)
    _, told = watch.process.communicate(timeout=PATIENCE)
    assert watch.process.returncode == 2
    error = told.splitlines()[-1]
    assert error.startswith(
        f"netminedet: error: worker processes were lost {MAX_LOST} times within 10 minutes"
    )
    assert "Traceback" not in told
    assert watch.last()["reason"] == "workers lost"
    assert watch.last()["stages"]["workers_lost"] == MAX_LOST
    kept = load_state(str(state), __version__)
    assert kept is not None
    assert kept.known.keys() == suspects_of(STRATUM).keys()


def test_workers_end_with_the_watch(wire: Wire, tmp_path: Path) -> None:
    watch = Watching(wire, tmp_path / "events.jsonl", "--workers", "3")
    there = children(watch.process.pid)
    os.kill(there[0], signal.SIGKILL)
    watch.wait_note("is started again")
    there = children(watch.process.pid)
    assert len(there) == 3
    watch.stop(signal.SIGKILL)
    wait_gone(there)


def test_an_interface_that_is_made_again_is_shared_again(wire: Wire, tmp_path: Path) -> None:
    watch = Watching(wire, tmp_path / "events.jsonl", "--workers", "2")
    sent = wire.send(STRATUM)
    watch.wait_for("suspect")
    wire.unplug()
    watch.wait_note("is gone")
    wire.plug()
    watch.wait_note("is back")
    end = time.monotonic() + PATIENCE
    while rings(wire) < 2 and time.monotonic() < end:
        time.sleep(0.1)
    sent += wire.send(MIXED)
    watch.stop()
    last = watch.counted(sent)
    assert (last["capture"]["interface_lost"], last["capture"]["interface_back"]) == (1, 1)
    assert watch.hosts() == set(suspects_of(STRATUM, MIXED))


def rings(wire: Wire) -> int:
    """Sockets that listen in the namespace."""
    return len(wire.run("cat", "/proc/net/packet").stdout.splitlines()) - 1


def test_one_that_does_not_answer_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "ANSWER_SECONDS", 1)
    crew = open_crew(WatchOptions(interfaces=("lo",), workers=2), load_signatures())
    assert isinstance(crew, Workers)
    try:
        there = children(os.getpid())[-2:]
        os.kill(there[0], signal.SIGSTOP)
        harvests = crew.harvest()
        assert len(harvests) == 2
        assert "worker 0 did not answer and was ended" in harvests[-1].notes[0]
        assert harvests[-1].counters["workers_lost"] == 1
        crew.turn(0.1)
        assert len(crew.harvest()) == 3
        assert crew.failed is None
    finally:
        crew.close()
    wait_gone(there)


def test_all_processes_together_keep_to_the_limits() -> None:
    options = WatchOptions(interfaces=("lo",), workers=3, max_memory=2_000_000_000, max_flows=30_000)
    assert limits_of(options) == limits_for(500_000_000, 10_000)
    alone = WatchOptions(interfaces=("lo",), max_memory=2_000_000_000, max_flows=30_000)
    assert limits_of(alone) == limits_for(2_000_000_000, 30_000)
    assert limits_of(WatchOptions(interfaces=("lo",), workers=3)) == limits_for(None)


def test_too_little_memory_for_all_is_one_line() -> None:
    options = WatchOptions(interfaces=("lo",), workers=3, max_memory=500_000_000)
    with pytest.raises(
        NetminedetError, match="too few for 4 processes; give --max-memory at least 600M, or fewer"
    ):
        limits_of(options)


def test_memory_is_that_of_all_processes(wire: Wire, tmp_path: Path) -> None:
    watch = Watching(wire, tmp_path / "events.jsonl", "--workers", "2", "--stats-every", "0.5")
    told = watch.wait_for("stats")[-1]["netminedet"]["memory"]
    whole = [watch.process.pid, *children(watch.process.pid)]
    pages = [int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) for pid in whole]
    watch.stop()
    assert told["resident"] > 1.5 * max(pages) * os.sysconf("SC_PAGE_SIZE")
    assert told["peak"] >= told["resident"] * 0.9
