"""The recipes of docs/integration.md do what they say, as far as that goes without the servers.

Each block is taken out of the page and run by bash, with stand-ins for the programs of others, which write
down what they were given.  Where a recipe talks to a server, a small one listens here.
"""

from __future__ import annotations

import csv
import gzip
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, SAMPLES

PAGE = (ROOT / "docs" / "integration.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"^<!-- recipe: (\w+) -->\n```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))

#: Writes its arguments and what it reads into files of its name, in the order of its calls.
STAND_IN = """#!/bin/sh
n=$(ls "$CALLS" | grep -c "^{name}-.*args$")
printf '%s\\n' "$@" > "$CALLS/{name}-$n.args"
[ -t 0 ] || cat > "$CALLS/{name}-$n.input"
"""
DUCKDB = """#!{python}
import csv, sys, duckdb
assert sys.argv[1:3] == ["-csv", "-c"]
found = duckdb.sql(sys.argv[3])
csv.writer(sys.stdout, lineterminator="\\n").writerows([found.columns, *found.fetchall()])
"""
RSYNC = """#!/bin/sh
for last do :; done
cp "$CALLS/../remote/${last#probes/}"*.json "$last"
"""


class Place:
    """A folder to run recipes in: programs, captures and a report are there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.calls = path / "calls"
        self.calls.mkdir()
        (path / "bin").mkdir()
        self.program("netminedet", f'#!/bin/sh\nexec "{sys.executable}" -m netminedet "$@"\n')
        for name in ("kcat", "clickhouse-client", "s-nail", "suricata", "suricatasc"):
            self.program(name, STAND_IN.format(name=name))
        (path / "captures").mkdir()
        shutil.copy(SAMPLES / "mixed.pcapng", path / "captures")

    def program(self, name: str, text: str) -> None:
        file = self.path / "bin" / name
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)

    def shell(self, script: str, **settings: str) -> subprocess.CompletedProcess[str]:
        names = {"PATH": f"{self.path / 'bin'}:{os.environ['PATH']}", "CALLS": str(self.calls)}
        return subprocess.run(
            ["bash", "-c", script],
            cwd=self.path,
            env=os.environ | {"PYTHONPATH": str(ROOT), **names, **settings},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )

    def run(self, recipe: str, **settings: str) -> str:
        """Standard output of a recipe that must succeed, silently."""
        done = self.shell(RECIPES[recipe], **settings)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    def given(self, program: str, call: int = 0) -> tuple[list[str], str]:
        """Arguments and input of one call of a stand-in."""
        arguments = (self.calls / f"{program}-{call}.args").read_text(encoding="utf-8").split("\n")[:-1]
        return arguments, (self.calls / f"{program}-{call}.input").read_text(encoding="utf-8")

    @property
    def report(self) -> Any:
        return json.loads((self.path / "report.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The report that every recipe begins with."""
    place = Place(tmp_path_factory.mktemp("first"))
    (first,) = re.findall(r"^```sh\n(netminedet scan .*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[:1]
    assert place.shell(first).returncode == 0
    return (place.path / "report.json").read_bytes()


@pytest.fixture
def place(tmp_path: Path, scanned: bytes) -> Place:
    made = Place(tmp_path)
    (tmp_path / "report.json").write_bytes(scanned)
    return made


needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")


def test_there_are_ten() -> None:
    assert len(re.findall(r"^## \d+\. ", PAGE, re.MULTILINE)) == 10
    source = Path(__file__).read_text(encoding="utf-8")
    assert not [
        name for name in RECIPES if f'run("{name}"' not in source and f'RECIPES["{name}"]' not in source
    ]


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("name", RECIPES)
def test_shellcheck_finds_nothing(name: str) -> None:
    script = RECIPES[name].encode()
    done = subprocess.run(["shellcheck", "-s", "bash", "-"], input=script, capture_output=True)
    assert done.returncode == 0, done.stdout.decode()


@pytest.mark.skipif(shutil.which("flock") is None, reason="flock is not installed")
def test_spool_scans_each_capture_once(place: Place) -> None:
    spool = place.path / "spool"
    (spool / "north").mkdir(parents=True)
    shutil.copy(SAMPLES / "mixed.pcapng", spool / "north" / "08.pcapng")
    shutil.copy(SAMPLES / "mixed.pcapng", spool / "being written.pcap")
    (spool / "quiet.pcap.gz").write_bytes(gzip.compress((SAMPLES / "stratum-v1.pcap").read_bytes()[:24]))
    (spool / "broken.pcap").write_bytes(b"no capture at all")
    for path in spool.rglob("*.*"):
        os.utime(path, (0, 0))
    os.utime(spool / "being written.pcap")
    settings = {"SPOOL": str(spool), "REPORTS": str(place.path / "reports")}
    done = place.shell(RECIPES["spool"], **settings)
    assert done.returncode == 0
    assert f"{spool}/broken.pcap: could not be read in full (code 2)" in done.stderr
    reports = sorted(path.name for path in (place.path / "reports").glob("*.json"))
    assert reports == ["north_08.pcapng.json", "quiet.pcap.gz.json"]
    assert (place.path / "reports" / "found.txt").read_text().endswith("north_08.pcapng.json\n")
    times = [path.stat().st_mtime_ns for path in (place.path / "reports").glob("*.json")]
    (spool / "broken.pcap").unlink()
    assert place.run("spool", **settings) == ""
    assert times == [path.stat().st_mtime_ns for path in (place.path / "reports").glob("*.json")]


def test_rsyslog_is_sent_octet_counted_messages(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        got = bytearray()

        def take() -> None:
            connection, _ = server.accept()
            with connection:
                while piece := connection.recv(65536):
                    got.extend(piece)

        taker = threading.Thread(target=take, daemon=True)
        taker.start()
        place.run("rsyslog", COLLECTOR=f"tcp://127.0.0.1:{server.getsockname()[1]}")
        taker.join(10)
    messages = []
    while got:
        length, _, rest = bytes(got).partition(b" ")
        messages.append(rest[: int(length)].decode())
        got = bytearray(rest[int(length) :])
    assert [re.findall(r' host="([^"]+)"', message)[0] for message in messages] == hosts(place)
    assert all(re.match(r"<\d+>1 \S+ \S+ netminedet ", message) for message in messages)


def hosts(place: Place) -> list[str]:
    return [suspect["host"] for suspect in place.report["suspects"]]


@needs_jq
def test_kafka_is_given_a_record_a_suspect(place: Place) -> None:
    place.run("kafka", BROKERS="kafka.example:9092")
    arguments, records = place.given("kcat")
    assert arguments == ["-P", "-b", "kafka.example:9092", "-t", "netminedet", "-K", "\\t"]
    pairs = [record.split("\t") for record in records.splitlines()]
    assert [key for key, _ in pairs] == hosts(place)
    assert all(json.loads(value)["netminedet"]["suspect"]["host"] == key for key, value in pairs)


@contextmanager
def elastic(answers: list[int]) -> Iterator[tuple[str, list[tuple[str, list[Any]]]]]:
    """A server that takes bulk requests; ``answers``: the status of each document."""
    asked: list[tuple[str, list[Any]]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            assert self.headers["Content-Type"] == "application/x-ndjson"
            assert body.endswith("\n")
            lines = [json.loads(line) for line in body.splitlines()]
            asked.append((self.path, lines))
            items = [
                {"create": {**line["create"], "status": status, "error": {"reason": "as it was told"}}}
                for line, status in zip(lines[::2], answers, strict=True)
            ]
            answer = json.dumps({"errors": True, "items": items}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


@needs_jq
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_elastic_is_given_documents_that_never_come_twice(place: Place) -> None:
    with elastic([201, 409, 400, 201, 201, 201, 201]) as (url, asked):
        told = place.run("elastic", ELASTIC=url, no_proxy="127.0.0.1")
        assert place.run("elastic", ELASTIC=url, no_proxy="127.0.0.1") == told
    (path, lines), again = asked
    assert again == (path, lines)
    assert path == "/logs-netminedet-default/_bulk"
    documents = lines[1::2]
    assert [document["source"]["ip"] for document in documents] == hosts(place)
    assert [line["create"]["_id"] for line in lines[::2]] == [one["event"]["id"] for one in documents]
    assert told == f"{documents[2]['event']['id']}: as it was told\n"


@needs_jq
def test_clickhouse_is_given_the_columns_of_its_table(place: Place) -> None:
    place.run("clickhouse")
    table = "\n".join(place.given("clickhouse-client", 0)[0])
    column = r"(?:^|[(,])\s*(\w+) (?:String|LowCardinality|DateTime64|Array|UInt64|Nullable)"
    columns = re.findall(column, table, re.MULTILINE)
    arguments, rows = place.given("clickhouse-client", 1)
    assert arguments[-1] == "INSERT INTO suspects FORMAT JSONEachRow"
    loaded = [json.loads(row) for row in rows.splitlines()]
    assert [row["host"] for row in loaded] == hosts(place)
    assert all(list(row) == columns for row in loaded)


def test_duckdb_counts_by_pool(place: Place) -> None:
    pytest.importorskip("duckdb", reason="duckdb is not installed")
    place.program("duckdb", DUCKDB.format(python=sys.executable))
    rows = list(csv.DictReader(place.run("duckdb").splitlines()))
    expected: dict[str, int] = {}
    for suspect in place.report["suspects"]:
        for pool in suspect["pools"] if suspect["verdict"] == "confirmed" else ():
            name = pool["name"] or pool["ip"]
            expected[name] = expected.get(name, 0) + suspect["shares"]["accepted"]
    assert {row["pool"]: int(row["accepted"]) for row in rows} == expected


def test_suricata_tries_the_rules_before_it_gets_them(place: Place) -> None:
    place.run("blocklist", RULES=str(place.path))
    rules = (place.path / "netminedet.rules").read_text(encoding="utf-8").splitlines()
    assert place.given("suricata")[0][:3] == ["-T", "-S", f"{place.path}/netminedet.rules.new"]
    assert place.given("suricatasc")[0] == ["-c", "ruleset-reload-nonblocking"]
    numbers = re.findall(r"sid:(\d+);", "\n".join(rules))
    assert numbers
    assert len(numbers) == len(set(numbers))
    place.program("suricata", "#!/bin/sh\nexit 1\n")  # rules that it does not take stay away
    before = (place.path / "netminedet.rules").stat().st_mtime_ns
    assert place.shell(RECIPES["blocklist"], RULES=str(place.path)).returncode == 1
    assert (place.path / "netminedet.rules").stat().st_mtime_ns == before


@needs_jq
def test_the_report_is_mailed(place: Place) -> None:
    """With a stand-in for the page's printing, which tests of the report try."""
    place.program(
        "netminedet", f'#!/bin/sh\necho "$@" > "{place.calls}/netminedet"\necho %PDF > report.pdf\n'
    )
    place.run("mail", TO="chief@example.org")
    arguments, text = place.given("s-nail")
    assert arguments == ["-s", "挖矿监测报告：确认 6 个主机", "-a", "report.pdf", "--", "chief@example.org"]
    assert "报告见附件" in text
    words = (place.calls / "netminedet").read_text().split()
    assert words == ["report", "--lang", "zh", "--utc-offset", "+08:00", "-o", "report.pdf", "report.json"]


@needs_jq
def test_other_tools_records_are_found_by_community_id(place: Place) -> None:
    flows = [one["flow"] for suspect in place.report["suspects"] for one in suspect["evidence"]]
    ids = sorted({flow["community_id"] for flow in flows})
    seen = [*ids[:3], "1:AAAAAAAAAAAAAAAAAAAAAAAAAAA="]
    eve = [json.dumps({"event_type": "flow", "community_id": one}) for one in seen]
    (place.path / "eve.json").write_text("".join(one + "\n" for one in eve))
    (place.path / "conn.log").write_text(f"1.0\tC1\t10.0.0.1\t{ids[0]}\n1.0\tC2\t10.0.0.2\t-\n")
    told = place.run("beside", EVE="eve.json", CONN_LOG="conn.log")
    assert (place.path / "suricata-records.json").read_text().splitlines() == eve[:3]
    assert (place.path / "zeek-records.log").read_text().splitlines() == [f"1.0\tC1\t10.0.0.1\t{ids[0]}"]
    assert sorted(json.loads(told.removeprefix("communityId == "))) == ids


def test_zeek_is_given_intelligence(place: Place) -> None:
    place.run("zeek", INTEL=str(place.path))
    header, *rows = (place.path / "netminedet.intel").read_text(encoding="utf-8").splitlines()
    assert header.startswith("#fields\tindicator\tindicator_type\tmeta.source")
    assert {row.split("\t")[1] for row in rows} <= {"Intel::DOMAIN", "Intel::ADDR"}


def test_reports_of_probes_become_one(place: Place) -> None:
    place.program("rsync", RSYNC)
    for probe, sample in (("north", "mixed.pcapng"), ("south", "stratum-v1.pcap")):
        folder = place.path / "remote" / probe
        folder.mkdir(parents=True)
        command = f'netminedet scan -q --exit-zero --format json -o "{folder}/1.json" "{SAMPLES / sample}"'
        assert place.shell(command).returncode == 0
    place.run("probes")
    province = json.loads((place.path / "province.json").read_text(encoding="utf-8"))
    with (place.path / "台账.csv").open(encoding="utf-8-sig", newline="") as file:
        ledger = list(csv.DictReader(file))
    assert [row["主机"] for row in ledger] == [suspect["host"] for suspect in province["suspects"]]
    assert {row["判定"] for row in ledger} <= {"确认", "高度疑似", "疑似"}
    assert '<html lang="zh' in (place.path / "province.html").read_text(encoding="utf-8")
