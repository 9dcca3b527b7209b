"""What a watch tells of hosts: with whose their addresses are, and with pseudonyms wherever they stand."""

from __future__ import annotations

import io
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from netminedet import load_masker, scan
from netminedet.api import DEFAULT_HOME_NET, parse_networks
from netminedet.cli.main import cli
from netminedet.errors import NetminedetError
from netminedet.live.events import events_schema
from netminedet.live.options import WatchOptions
from netminedet.live.state import load_state
from netminedet.live.view import Keys
from netminedet.live.watcher import CallingEar, Watcher
from netminedet.report.anonymize import anonymized
from netminedet.report.formats import load_format
from tests.conftest import SAMPLES
from tests.live.wire import Watching, Wire, why_not, wires
from tests.report.test_anonymize import KEY, addresses, is_home, texts

MIXED = SAMPLES / "mixed.pcapng"
LEDGER = "cidr,operator,city,unit\n10.8.0.0/16,North,Town,College\n10.8.0.12,South,Village,Works\n"
REASON = why_not()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Two keys and a ledger."""
    found = {name: str(tmp_path / name) for name in ("names.key", "addresses.key", "net.csv")}
    Path(found["names.key"]).write_text("x" * 32, encoding="utf-8")
    Path(found["addresses.key"]).write_bytes(KEY.hex().encode())
    Path(found["net.csv"]).write_text(LEDGER, encoding="utf-8")
    return found


def watched(**options: Any) -> tuple[list[dict[str, Any]], Watcher]:
    events: list[dict[str, Any]] = []
    watcher = Watcher(WatchOptions(replay=str(MIXED), speed=None, **options), CallingEar(events.append))
    watcher.run()
    checker = Draft202012Validator(events_schema())
    for event in events:
        checker.validate(event)
    return events, watcher


def suspects_in(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        event["netminedet"]["suspect"]["host"]: event["netminedet"]["suspect"]
        for event in events
        if event["event_type"] == "suspect"
    }


def test_pseudonyms_stand_everywhere_and_are_those_of_a_scan(files: dict[str, str], tmp_path: Path) -> None:
    plain = scan(MIXED, hash_inputs=False)
    scanned = anonymized(plain.masked(load_masker(files["names.key"])), KEY, parse_networks(DEFAULT_HOME_NET))
    state = tmp_path / "state"
    options = {"mask": files["names.key"], "anonymize_ip": files["addresses.key"], "state": str(state)}
    events, watcher = watched(**options)
    told = suspects_in(events)
    by_host = {one.host: one for one in scanned.suspects}
    assert told.keys() == by_host.keys()
    assert told.keys().isdisjoint(one.host for one in plain.suspects)
    for host, suspect in told.items():
        assert set(suspect["workers"]) <= set(by_host[host].workers)
        assert set(suspect["wallets"]) <= set(by_host[host].wallets)
    secret = {name for one in plain.suspects for name in (*one.workers, *one.wallets) if len(name) > 4}
    assert secret
    table = io.StringIO()
    load_format("table").render(watcher.desk.report(), table, color=False, width=None)
    told_texts = [*texts(events), table.getvalue()]
    for text in told_texts:
        assert not any(name in text for name in secret), text
        assert not any(one.host in text for one in plain.suspects), text
    true_home = {address for address in addresses(plain.to_dict()) if is_home(address)}
    assert not true_home & addresses(events)
    assert events[0]["netminedet"]["anonymized"] == scanned.anonymized
    kept = load_state(str(state), watcher.desk._like.tool_version)
    assert kept is not None
    assert kept.known.keys() == {one.host for one in plain.suspects}


def test_events_and_their_evidence_belong_together(files: dict[str, str]) -> None:
    events, _ = watched(anonymize_ip=files["addresses.key"])
    for event in events:
        if event["event_type"] == "suspect":
            own = event["netminedet"]
            flow = own["new_evidence"][0]["flow"]
            assert own["suspect"]["host"] in (flow["src_ip"], flow["dest_ip"])
            assert event["alert"]["source"]["ip"] == own["suspect"]["host"]
            assert all(one in own["suspect"]["evidence"] for one in own["new_evidence"])


def test_units_are_told_as_a_scan_does(files: dict[str, str]) -> None:
    events, watcher = watched(subnets=(files["net.csv"],))
    told = suspects_in(events)
    assert told["10.8.0.12"]["unit"]["unit"] == "Works"
    assert told["10.8.0.11"]["unit"]["unit"] == "College"
    assert "unit" not in told["fd00:8::13"]
    units = {one.host: one.unit for one in watcher.desk.report().suspects}
    assert units["10.8.0.12"] is not None


def test_without_options_nothing_is_changed() -> None:
    events, watcher = watched()
    expected = scan(MIXED, hash_inputs=False).suspects
    assert suspects_in(events).keys() == {one.host for one in expected}
    assert "anonymized" not in events[0]["netminedet"]
    assert [one.host for one in watcher.desk.report().suspects] == [one.host for one in expected]


def test_packets_as_they_are_cannot_be_asked_for(files: dict[str, str], tmp_path: Path) -> None:
    options = WatchOptions(
        replay=str(MIXED), anonymize_ip=files["addresses.key"], evidence=str(tmp_path / "evidence")
    )
    with pytest.raises(NetminedetError, match="--evidence writes packets as they are"):
        Keys(options)


@pytest.mark.parametrize(
    ("option", "text", "words"),
    [
        ("--mask", "short", "the key has 5 bytes"),
        ("--anonymize-ip", "short", "key"),
        ("--subnets", "cidr\n10.0.0.0/99\n", "10.0.0.0/99"),
        ("--geoip", "no database", "no database in MaxMind's format"),
    ],
)
def test_what_is_wrong_is_told_by_the_check(option: str, text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(cli, ["watch", "-i", "eth1", "--check-config", option, str(path)])
    assert result.exit_code != 0
    assert words in str(result.exception) + result.output


@pytest.fixture
def wire() -> Iterator[Wire]:
    yield from wires()


@pytest.mark.skipif(bool(REASON), reason=REASON)
def test_a_ledger_is_read_again_on_sighup(files: dict[str, str], wire: Wire, tmp_path: Path) -> None:
    ledger = Path(files["net.csv"])
    watch = Watching(wire, tmp_path / "events.jsonl", "--subnets", str(ledger))
    ledger.write_text("cidr,unit\nnowhere,College\n", encoding="utf-8")
    watch.send_signal(signal.SIGHUP)
    watch.wait_note("refused")
    ledger.write_text("cidr,unit\n10.8.0.0/16,Another\n", encoding="utf-8")
    watch.send_signal(signal.SIGHUP)
    watch.wait_note("loaded anew")
    wire.send(MIXED)
    code, told = watch.stop()
    assert code == 1, told
    found = suspects_in(watch.events())
    assert found["10.8.0.12"]["unit"]["unit"] == "Another"
    assert json.dumps(found).count("Works") == 0
