"""A watch on a real interface: what is sent on the wire is what is counted and found."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from netminedet import scan
from netminedet.capture.source import open_source
from netminedet.live.events import events_schema
from tests.conftest import ROOT, SAMPLES, needs_shared_captures, shared_captures
from tests.frames import write_pcap
from tests.live.wire import NEAR, PATIENCE, Watching, Wire, children, why_not, wires
from tests.signatures.test_signatures_loading import GOOD as ACME

REASON = why_not()
pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)

MIXED = SAMPLES / "mixed.pcapng"
STRATUM = SAMPLES / "kaspa.pcap"
GOOD_POOLS = """pool,coins,domain,category,match,hosts,ports,tls_ports,status,source,note
Tested,BTC,tested.example,pool,domain,stratum.tested.example,3333,,unknown,test,
"""


@pytest.fixture
def wire() -> Iterator[Wire]:
    yield from wires()


def last_told(watch: Watching) -> dict[str, dict[str, Any]]:
    """What was told last of each suspect."""
    return {
        event["netminedet"]["suspect"]["host"]: event["netminedet"]["suspect"]
        for event in watch.events()
        if event["event_type"] in ("suspect", "update")
    }


def suspects_of(*paths: Path) -> dict[str, str]:
    return {one.host: one.verdict.label for one in scan(paths, hash_inputs=False).suspects}


def test_everything_sent_is_counted_and_found(wire: Wire, tmp_path: Path) -> None:
    watch = Watching(wire, tmp_path / "events.jsonl")
    sent = wire.send(MIXED)
    code, told = watch.stop()
    assert code == 1, told
    assert watch.counted(sent)["stages"]["flows"] > 0
    expected = suspects_of(MIXED)
    verdicts = {event["netminedet"]["suspect"]["host"]: event for event in watch.events("suspect")}
    assert {host: one["netminedet"]["suspect"]["verdict"] for host, one in verdicts.items()} == expected
    assert f"{sent} packets, none dropped" in told
    checker = Draft202012Validator(events_schema())
    for event in watch.events():
        checker.validate(event)
    assert [event["netminedet"]["sequence"] for event in watch.events()] == [
        number + 1 for number in range(len(watch.events()))
    ]


@needs_shared_captures
def test_real_miners_are_found_on_the_wire(wire: Wire, tmp_path: Path) -> None:
    files = shared_captures("mining")
    watch = Watching(wire, tmp_path / "events.jsonl", interface="any")
    sent = wire.send(*files)
    watch.stop()
    # Of all interfaces both ends are seen: each packet as it is sent and as it is received.
    watch.counted(2 * sent)
    assert watch.hosts() == set(suspects_of(*files))


def test_tags_that_the_system_took_are_put_back(wire: Wire, tmp_path: Path) -> None:
    watch = Watching(wire, tmp_path / "events.jsonl")
    sent = wire.send(STRATUM, tag=0x2064)
    watch.stop()
    assert watch.last()["capture"]["vlan_restored"] == sent
    assert {tuple(event["vlan"]) for event in watch.events("suspect")} == {(0x64,)}


def test_filter_is_tcpdumps(wire: Wire, tmp_path: Path) -> None:
    watch = Watching(wire, tmp_path / "events.jsonl", "vlan 7 and", "tcp")
    wire.send(STRATUM)
    sent = wire.send(STRATUM, tag=7)
    code, told = watch.stop()
    assert code == 1, told
    watch.counted(sent)


def test_filter_on_all_interfaces(wire: Wire, tmp_path: Path) -> None:
    watch = Watching(wire, tmp_path / "events.jsonl", "tcp", interface="any")
    other = Watching(wire, tmp_path / "other.jsonl", "not tcp", interface="any")
    sent = wire.send(STRATUM)
    assert watch.stop()[0] == 1
    assert other.stop()[0] == 0
    assert watch.last()["capture"]["seen"] + other.last()["capture"]["seen"] == 2 * sent
    assert watch.hosts()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_nothing_found_is_zero_by_every_signal(number: int, wire: Wire, tmp_path: Path) -> None:
    watch = Watching(wire, tmp_path / "events.jsonl")
    assert watch.stop(number)[0] == 0
    assert watch.last()["reason"] == signal.Signals(number).name


def test_table_on_request(wire: Wire, tmp_path: Path) -> None:
    watch = Watching(wire, tmp_path / "events.jsonl")
    wire.send(MIXED)
    watch.wait_for("suspect")
    watch.send_signal(signal.SIGUSR1)
    watch.send_signal(signal.SIGTERM)
    shown, _ = watch.process.communicate(timeout=60)
    assert all(host in shown for host in suspects_of(MIXED))
    assert "sampled" not in shown


def test_interface_down_and_up(wire: Wire, tmp_path: Path) -> None:
    watch = Watching(wire, tmp_path / "events.jsonl", "--stats-every", "0.2")
    wire.link("set", "far", "down")
    watch.wait_note("is down")
    wire.link("set", "far", "up")
    watch.wait_note("up again")
    wire.link("set", "far", "mtu", "8000")
    watch.wait_note("MTU is 8000")
    sent = wire.send(STRATUM)
    assert watch.stop()[0] == 1
    watch.counted(sent)
    assert watch.last()["capture"]["interface_lost"] == 1


def test_interface_removed_and_made_again(wire: Wire, tmp_path: Path) -> None:
    watch = Watching(wire, tmp_path / "events.jsonl")
    sent = wire.send(STRATUM)
    watch.wait_for("suspect")
    wire.unplug()
    watch.wait_note("is gone")
    wire.plug()
    watch.wait_note("is back")
    sent += wire.send(MIXED)
    watch.stop()
    watch.counted(sent)
    assert watch.hosts() == set(suspects_of(STRATUM, MIXED))


def test_signatures_are_loaded_anew_under_load(wire: Wire, tmp_path: Path) -> None:
    folder = tmp_path / "signatures"
    folder.mkdir()
    pools = folder / "pools.csv"
    pools.write_text(GOOD_POOLS, encoding="utf-8")
    watch = Watching(wire, tmp_path / "events.jsonl", "--signatures", str(folder))
    moved = tmp_path / "moved.jsonl"
    watch.output.rename(moved)
    pools.write_text("not,a,table\n", encoding="utf-8")
    sent = wire.send(MIXED, times=50)
    watch.send_signal(signal.SIGHUP)
    sent += wire.send(MIXED, times=50)
    watch.wait_note("refused")
    pools.write_text(GOOD_POOLS, encoding="utf-8")
    watch.send_signal(signal.SIGHUP)
    sent += wire.send(MIXED, times=50)
    watch.wait_note("loaded anew")
    sent += wire.send(MIXED, times=50)
    watch.stop()
    last = watch.counted(sent)
    outcomes = ("decoded", "non_ip", "other_transport", "ip_fragments", "malformed", "truncated")
    assert sum(last["stages"][name] for name in outcomes) == sent
    assert '"start"' in moved.read_text(encoding="utf-8")


def halves(path: Path, folder: Path) -> list[Path]:
    """A capture as two files."""
    with open_source(path) as source:
        packets = [batch.packet(i) for batch in source.batches() for i in range(batch.count)]
    middle = len(packets) // 2
    parts = [folder / "first.pcap", folder / "second.pcap"]
    for part, some in zip(parts, (packets[:middle], packets[middle:]), strict=True):
        write_pcap(part, some)
    return parts


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sessions_go_on_when_signatures_are_loaded_anew(workers: str, wire: Wire, tmp_path: Path) -> None:
    path = SAMPLES / "stratum-v1.pcap"
    whole = {one.host: one for one in scan([path], hash_inputs=False).suspects}
    folder = tmp_path / "signatures"
    folder.mkdir()
    (folder / "pools.csv").write_text(GOOD_POOLS, encoding="utf-8")
    options = ("--signatures", str(folder), "--workers", workers)
    watch = Watching(wire, tmp_path / "events.jsonl", *options)
    first, second = halves(path, tmp_path)
    sent = wire.send(first)
    (folder / "acme.yaml").write_text(ACME.replace("acme.", "Acme."), encoding="utf-8")
    watch.send_signal(signal.SIGHUP)
    watch.wait_note("loaded anew")
    sent += wire.send(second)
    watch.stop()
    last = watch.counted(sent)
    assert last["stages"]["flows"] == scan([path], hash_inputs=False).counters["flows"]
    told = last_told(watch)
    assert told.keys() == whole.keys()
    for host, suspect in told.items():
        assert suspect["shares"]["accepted"] == whole[host].shares.accepted
        assert suspect["flows"] == whole[host].flows


def test_workers_refuse_a_broken_set_together(wire: Wire, tmp_path: Path) -> None:
    folder = tmp_path / "signatures"
    folder.mkdir()
    (folder / "acme.yaml").write_text(ACME, encoding="utf-8")
    watch = Watching(wire, tmp_path / "events.jsonl", "--signatures", str(folder), "--workers", "2")
    for name in ("pools.csv", "power.csv", "agents.csv"):
        (folder / name).write_text("not,a,table\n", encoding="utf-8")
        watch.send_signal(signal.SIGHUP)
        watch.wait_note(f"{name}")
        (folder / name).unlink()
    sent = wire.send(STRATUM)
    code, told = watch.stop()
    assert code == 1, told
    watch.counted(sent)
    assert watch.hosts() == set(suspects_of(STRATUM))
    refused = [event for event in watch.events("notice") if "refused" in event["netminedet"]["text"]]
    assert len(refused) == 3


def test_who_may_not_capture_is_told(wire: Wire) -> None:
    watch = [sys.executable, "-m", "netminedet", "watch", "-i", NEAR]
    done = wire.run("setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw", *watch, check=False)
    assert done.returncode == 2
    assert "CAP_NET_RAW" in done.stderr
    assert done.stderr.count("\n") == 1


def test_privileges_are_dropped(wire: Wire, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents:
        if folder.stat().st_mode & 0o5 != 0o5 and folder.is_relative_to("/tmp"):
            folder.chmod(0o755)
    watch = Watching(wire, tmp_path / "events.jsonl", "--user", "nobody")
    status = Path(f"/proc/{watch.process.pid}/status").read_text(encoding="ascii")
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert set(facts["Uid"].split()) != {"0"}
    assert "0" not in facts["Uid"].split() + facts["Gid"].split() + facts["Groups"].split()
    assert int(facts["CapEff"], 16) == int(facts["CapPrm"], 16) == 0
    assert facts["NoNewPrivs"] == "1"
    sent = wire.send(STRATUM)
    assert watch.stop()[0] == 1
    watch.counted(sent)


def test_the_state_of_the_other_user_is_read_again(wire: Wire, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents:
        if folder.stat().st_mode & 0o5 != 0o5 and folder.is_relative_to("/tmp"):
            folder.chmod(0o755)
    options = ("--user", "nobody", "--state", str(tmp_path / "state"))
    first = Watching(wire, tmp_path / "first.jsonl", *options)
    wire.send(STRATUM)
    assert first.stop()[0] == 1
    again = Watching(wire, tmp_path / "again.jsonl", *options)
    wire.send(STRATUM)
    code, told = again.stop()
    assert code == 1, told
    assert first.hosts()
    assert again.hosts() == set()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-i", NEAR, "--workers", "2", "-o", "/nowhere/events"], "cannot be written"),
        (["-i", "nowhere0"], "there is no such interface"),
        (["-i", NEAR, "port port"], "cannot be compiled"),
        (["-i", NEAR, "--user", "no-such-user"], "there is no such user"),
        (["-i", NEAR, "-o", "/nowhere/events"], "cannot be written"),
        ([], "name an interface"),
    ],
)
def test_wrong_arguments_are_one_line(arguments: list[str], words: str, wire: Wire) -> None:
    done = wire.run(sys.executable, "-m", "netminedet", "watch", *arguments, check=False)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_workers_share_the_packets(wire: Wire, tmp_path: Path) -> None:
    files = sorted(path for path in SAMPLES.glob("*.pcap") if path.stem != "overlays")
    watch = Watching(wire, tmp_path / "events.jsonl", "--workers", "2")
    sent = wire.send(*files)
    watch.stop()
    watch.counted(sent)
    assert watch.hosts() == set(suspects_of(*files))


def ethernet_only(path: Path, target: Path) -> Path:
    """A capture without the packets of other link layers."""
    with open_source(path) as source:
        packets = [
            (batch.packet(i), batch.time_ns[i] // 1000)
            for batch in source.batches()
            for i in range(batch.count)
            if batch.linktype[i] == 1
        ]
    write_pcap(target, [data for data, _ in packets], times=[moment for _, moment in packets])
    return target


@pytest.mark.parametrize("workers", ["2", "5"])
def test_workers_share_what_is_in_tunnels(workers: str, wire: Wire, tmp_path: Path) -> None:
    """Where the two sides of an inner flow come to different workers, their findings add up."""
    path = ethernet_only(SAMPLES / "tunnels.pcapng", tmp_path / "tunnels.pcap")
    expected = {one.host: one for one in scan([path], hash_inputs=False).suspects}
    assert len(expected) > 10
    watch = Watching(wire, tmp_path / "events.jsonl", "--workers", workers)
    sent = wire.send(path)
    watch.stop()
    last = watch.counted(sent)
    assert last["stages"]["in_tunnels"] == scan([path], hash_inputs=False).counters["in_tunnels"]
    told = last_told(watch)
    assert {host: one["verdict"] for host, one in told.items()} == {
        host: one.verdict.label for host, one in expected.items()
    }
    for host, one in told.items():  # of a tunnel over UDP it may be one side's
        assert 0 < one["packets"] <= expected[host].packets


@pytest.mark.parametrize(
    ("expression", "tags"),
    [
        ("vlan 7", [7]),
        ("vlan", [7, 8]),
        ("not vlan", [None]),
        ("vlan 7 and tcp port 5555", [7]),
        ("tcp port 5555", [None, 7, 8]),  # the system has taken the tag before it asks the filter
        ("", [None, 7, 8]),
    ],
)
def test_filter_by_vlan(expression: str, tags: list[int | None], wire: Wire, tmp_path: Path) -> None:
    """Tags that the system took out of packets are still what a filter sees, and what evidence shows."""
    watch = Watching(wire, tmp_path / "events.jsonl", *([expression] if expression else []))
    sent = {tag: wire.send(STRATUM, tag=tag) for tag in (None, 7, 8)}
    watch.stop()
    last = watch.counted(sum(sent[tag] for tag in tags))
    assert last["capture"]["vlan_restored"] == sum(sent[tag] for tag in tags if tag is not None)
    found = {tuple(event.get("vlan", ())) for event in watch.events("suspect")}
    assert found <= {() if tag is None else (tag,) for tag in tags}
    assert found


@pytest.mark.parametrize("workers", ["1", "3"])
@pytest.mark.parametrize("tag", [None, 7])
def test_evidence_is_what_was_on_the_wire(tag: int | None, workers: str, wire: Wire, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    options = ("--evidence", str(folder), "--workers", workers)
    watch = Watching(wire, tmp_path / "events.jsonl", *options)
    wire.send(MIXED, tag=tag)
    code, told = watch.stop()
    assert code == 1, told
    stages = watch.last()["stages"]
    assert stages["evidence_errors"] == stages["evidence_packets_over_cap"] == 0
    sent = set()
    with open_source(MIXED) as source:
        for batch in source.batches():
            sent |= {batch.packet(i) for i in range(batch.count)}
    tagged = b"" if tag is None else b"\x81\x00" + tag.to_bytes(2, "big")
    sent = {packet[:12] + tagged + packet[12:] for packet in sent}
    count = 0
    for host, verdict in suspects_of(MIXED).items():
        files = sorted(folder.glob(f"{host.replace(':', '-')}/*.pcapng"))
        assert files, host
        for file in files:
            with open_source(file) as source:
                for batch in source.batches():
                    count += batch.count
                    assert {batch.packet(i) for i in range(batch.count)} <= sent
        assert suspects_of(*files).get(host) is not None, host
        if verdict == "confirmed":
            assert suspects_of(*files)[host] == verdict
        assert b"netminedet: " in files[0].read_bytes()
    assert count == stages["evidence_packets"]


def test_a_full_disk_stops_nothing(wire: Wire, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    inside = f"mount -t tmpfs -o size=16k none {small} && head -c 16k /dev/zero > {small}/ballast; exec"
    command = [sys.executable, "-m", "netminedet", "watch", "-i", "far", "-o", f"{small}/events.jsonl"]
    process = wire.start("sh", "-c", f'{inside} "$@"', "sh", *command)
    try:
        for _ in range(100):
            if any(
                "cannot be written" in line for line in [process.stderr.readline() if process.stderr else ""]
            ):
                break
        wire.send(MIXED)
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=60)
        assert process.returncode == 2
        assert "could not be written" in told
        assert f"{len(suspects_of(MIXED))} suspects" in told
    finally:
        process.kill()


def wait_rewritten(path: Path, times: int) -> None:
    """Wait until another file was put into the place of a file so often."""
    end = time.monotonic() + PATIENCE
    seen = {path.stat().st_mtime_ns if path.exists() else 0}
    while len(seen) <= times:
        assert time.monotonic() < end, "the state was not written again"
        time.sleep(0.02)
        if path.exists():
            seen.add(path.stat().st_mtime_ns)


def test_killed_and_started_again(wire: Wire, tmp_path: Path) -> None:
    state = tmp_path / "state"
    options = ("--state", str(state), "--state-every", "0.1")
    watch = Watching(wire, tmp_path / "first.jsonl", *options)
    wire.send(STRATUM)
    watch.wait_for("suspect", len(suspects_of(STRATUM)))
    # A state may be on its way to the disk that was taken before the suspect was told; the next one was not.
    wait_rewritten(state, times=2)
    watch.stop(signal.SIGKILL)
    again = Watching(wire, tmp_path / "second.jsonl", *options)
    wire.send(STRATUM)
    assert again.stop()[0] == 1
    assert again.events("suspect") == []
    assert {event["netminedet"]["suspect"]["host"] for event in again.events("update")} == watch.hosts()


#: Sets what MemoryDenyWriteExecute of systemd sets (prctl(2): PR_SET_MDWE), and becomes the command.
HARDENED = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
os.environ["HARDENED"] = str(libc.prctl(65, 1, 0, 0, 0))
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_no_memory_is_written_and_executed(wire: Wire, tmp_path: Path) -> None:
    before = (sys.executable, "-c", HARDENED)
    watch = Watching(wire, tmp_path / "events.jsonl", "--metrics", "0", "tcp", before=before)
    environment = Path(f"/proc/{watch.process.pid}/environ").read_bytes()
    if b"HARDENED=0" not in environment.split(b"\0"):
        watch.stop()
        pytest.skip("this kernel cannot forbid memory that is both written and executed")
    wire.send(STRATUM)
    code, told = watch.stop()
    assert code == 1, told
    assert watch.hosts() == set(suspects_of(STRATUM))


def allowed_calls(group: str) -> set[str]:
    """The system calls of a group of systemd's, such as @system-service."""
    command = ["systemd-analyze", "syscall-filter", group]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: set[str] = set()
    for name in (line.strip() for line in told.splitlines()[1:]):
        if name.startswith("@"):
            found |= allowed_calls(name)
        elif name and not name.startswith("#"):
            found.add(name)
    return found


@pytest.mark.skipif(
    not (shutil.which("strace") and shutil.which("systemd-analyze")),
    reason="needs strace and systemd-analyze",
)
def test_the_filter_of_the_unit_allows_every_call(wire: Wire, tmp_path: Path) -> None:
    unit = (ROOT / "docs" / "netminedet.service").read_text(encoding="utf-8")
    groups = [line.partition("=")[2] for line in unit.splitlines() if line.startswith("SystemCallFilter=")]
    assert groups == ["@system-service", "~@privileged @resources"]
    allowed = allowed_calls("@system-service") - allowed_calls("@privileged") - allowed_calls("@resources")
    log = tmp_path / "calls"
    before = ("strace", "-f", "-qq", "-e", "signal=none", "-o", str(log))
    places = ("--state", str(tmp_path / "state"), "--evidence", str(tmp_path / "evidence"))
    traced = Watching(
        wire, tmp_path / "events.jsonl", *places, "--workers", "2", "--metrics", "0", "tcp", before=before
    )
    wire.send(STRATUM)
    watch = children(traced.process.pid)[0]
    os.kill(watch, signal.SIGHUP)
    traced.wait_note("loaded anew")
    os.kill(watch, signal.SIGTERM)
    traced.process.communicate(timeout=PATIENCE)
    assert traced.hosts()
    called = set(re.findall(r"^\d+ +(\w+)\(", log.read_text(encoding="utf-8", errors="replace"), re.M))
    assert len(called) > 30
    assert called - allowed == set()
