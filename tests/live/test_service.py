"""Configuration, metrics, systemd: what a service shows of itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from netminedet.capture.live import RingOptions
from netminedet.cli import main
from netminedet.errors import NetminedetError
from netminedet.live.metrics import Metrics
from netminedet.live.options import WatchOptions
from netminedet.live.service import Notifier
from netminedet.live.watcher import Ear, Watcher
from tests.conftest import ROOT, SAMPLES

MIXED = str(SAMPLES / "mixed.pcapng")


def run(*arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "netminedet", "watch", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


def test_the_command_line_comes_before_the_file(tmp_path: Path) -> None:
    config = tmp_path / "watch.toml"
    output = tmp_path / "events.jsonl"
    config.write_text(
        f'replay = "{MIXED}"\nspeed = "max"\noutput = "/nowhere/else"\n'
        'exit-zero = true\nhome-net = "10.0.0.0/8"\n',
        encoding="utf-8",
    )
    code, told = run("--config", str(config), "-o", str(output), "--sensor", "here")
    assert code == 0, told
    events = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert {event["host"] for event in events} == {"here"}
    assert any(event["event_type"] == "suspect" for event in events)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('interfaces = ["lo"]', "did you mean 'interface'?"),
        ("interface = [1]", "give a text"),
        ('interface = "lo"\nquiet = "yes"', "true or false"),
        ('interface = "lo"\nworkers = 0', "workers"),
        ('interface = "lo"\nring-size = "much"', "not a size"),
        ('interface = "lo"\nring-size = "900T"', "too much; give at most 1024GiB"),
        ('interface = "lo"\nevidence-size = -5', "'-5' is not a size"),
        ('interface = "lo"\nmax-flows = 99999999999999999999999', "too many"),
        ('interface = "lo"\nfilter = "port port"', "cannot be compiled"),
        ('interface = "lo"\nsignatures = ["/nowhere"]', "does not exist"),
        ('interface = "lo"\nhome-net = ["10.0.0.0/33"]', "not a network"),
        ('interface = "lo"\nmetrics = "nowhere"', "no address"),
        ('interface = "lo"\nuser = "no-such-user"', "no such user"),
        ('interface = "lo"\nuser = "root"', "root itself"),
        ('interface = "lo"\nstats-every = nan', "is not a number"),
        ('interface = "lo"\nworkers = 1.5', "whole number"),
        ('interface = "lo"\nspeed = 2', "--speed is for --replay"),
        ("interface = ", "is no TOML"),
        ("", "name an interface"),
    ],
)
def test_a_wrong_configuration_is_one_line(text: str, words: str, tmp_path: Path) -> None:
    config = tmp_path / "watch.toml"
    config.write_text(text, encoding="utf-8")
    code, told = run("--config", str(config), "--check-config")
    assert (code, told.count("\n")) == (2, 1), told
    assert words in told


def test_a_program_s_ring_is_bounded_too() -> None:
    assert RingOptions(1 << 40).ring_size == 1 << 40
    with pytest.raises(NetminedetError, match="too much; give at most 1024GiB"):
        RingOptions((1 << 40) + 1)


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ('interface = "nowhere0"\nfilter = "tcp"', ["--replay", MIXED, "--speed", "max"]),
        (f'replay = "{MIXED}"\nspeed = 2', ["-i", "lo"]),
    ],
)
def test_a_source_on_the_command_line_comes_before_the_configured_one(
    text: str, arguments: list[str], tmp_path: Path
) -> None:
    config = tmp_path / "watch.toml"
    config.write_text(text, encoding="utf-8")
    code, told = run("--config", str(config), "--check-config", *arguments)
    assert code == 0, told


def test_the_shipped_configuration_is_sound(tmp_path: Path) -> None:
    code, told = run("--config", "docs/netminedet.toml", "--check-config")
    assert code == 0, told


def test_check_tells_what_could_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    missing, folder, file = tmp_path / "no" / "events.jsonl", tmp_path, tmp_path / "file" / "evidence"
    places = ["--output", str(missing), "--state", str(folder), "--evidence", str(file)]
    code, told = run("-i", "lo", "--check-config", *places)
    assert code == 0
    assert f"warning: {missing}: its folder does not exist; make it first" in told
    assert f"warning: {folder}: is a folder; name a file with --state" in told
    assert f"warning: {file}: may not be written to; name another folder with --evidence" in told
    assert told.count("\n") == 4
    fine = [
        "--output",
        str(tmp_path / "new"),
        "--state",
        str(tmp_path / "s"),
        "--evidence",
        str(tmp_path / "a/b"),
    ]
    assert run("-i", "lo", "--check-config", *fine)[1].count("\n") == 1
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_check_asks_for_the_user_who_will_write(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    places = ["--output", str(tmp_path / "events.jsonl"), "--state", str(tmp_path / "state")]
    assert "warning" not in run("-i", "lo", "--check-config", *places)[1]
    code, told = run("-i", "lo", "--check-config", "--user", "nobody", *places)
    assert (code, told.count("may not be written; name another file with --")) == (0, 2)


def test_check_opens_nothing() -> None:
    result = CliRunner().invoke(main.cli, ["watch", "-i", "nowhere0", "--check-config"])
    assert result.exit_code == 0, result.output


def test_metrics_are_the_figures() -> None:
    watcher = Watcher(WatchOptions(replay=MIXED, speed=None), Ear())
    outcome = watcher.run()
    metrics = Metrics("127.0.0.1", 0)
    try:
        metrics.show(watcher.desk.figures({"written": 3}, new_interval=False))
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics.port}/metrics") as page:
            text = page.read().decode()
    finally:
        metrics.close()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(values[f'netminedet_capture_seen_total{{source="{MIXED}"}}']) == outcome.packets
    assert float(values["netminedet_suspects_known"]) == outcome.suspects
    assert float(values["netminedet_output_written"]) == 3
    for name, count in watcher.desk.figures({}, new_interval=False)["sources"][MIXED].items():
        assert float(values[f'netminedet_capture_{name}_total{{source="{MIXED}"}}']) == count
    shown = {re.split(r"[{ ]", line)[0] for line in text.splitlines() if not line.startswith("#")}
    dashboard = (ROOT / "docs" / "grafana.json").read_text(encoding="utf-8")
    asked = set(re.findall(r"netminedet_[a-z_]+", dashboard))
    known = (
        shown
        | {"netminedet_upstream_loss"}
        | {"netminedet_output_waiting", "netminedet_output_dropped", "netminedet_output_errors"}
    )
    assert asked - known == set()


def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(place)
        heard.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", place)
        monkeypatch.setenv("WATCHDOG_USEC", "2000000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        Watcher(WatchOptions(replay=MIXED, speed=None), Ear()).run()
        told = []
        while not told or "STOPPING=1" not in told[-1]:
            told.append(heard.recv(4096).decode())
    assert "READY=1" in told[0]
    assert any("WATCHDOG=1" in one for one in told)


def test_nobody_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    Notifier().say("READY=1")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_the_unit_is_sound(tmp_path: Path) -> None:
    unit = tmp_path / "netminedet.service"
    text = (ROOT / "docs" / "netminedet.service").read_text(encoding="utf-8")
    unit.write_text(text.replace("/opt/netminedet/bin/netminedet", "/bin/true"), encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"}
    )
    assert done.returncode == 0, done.stderr
    assert "netminedet.service" not in done.stderr
