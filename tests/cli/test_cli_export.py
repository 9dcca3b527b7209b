"""``netminedet export``: what it writes where, and what it sends to a collector."""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netminedet.cli.main import run
from netminedet.collector import Collector
from netminedet.errors import NetminedetError
from netminedet.report.formats import format_names
from tests.conftest import SAMPLES


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.json"
    run(["scan", "-q", "--exit-zero", "--format", "json", "-o", str(path), str(SAMPLES / "mixed.pcapng")])
    return str(path)


def test_the_list_tells_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == format_names()
    assert all(len(line.split()) > 4 for line in lines)


@pytest.mark.parametrize("form", ["csv", "ecs", "cef", "syslog", "blocklist", "json", "table"])
def test_what_scan_writes_export_writes_too(
    form: str, report: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "scanned"
    run(["scan", "-q", "--sha256", "--format", form, "-o", str(target), str(SAMPLES / "mixed.pcapng")])
    assert run(["export", "--to", form, report]) == 0
    assert capsys.readouterr().out == target.read_text(encoding="utf-8")


def test_several_reports_become_one(report: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.json"
    run(["scan", "-q", "--exit-zero", "--format", "json", "-o", str(other), str(SAMPLES / "stratum-v1.pcap")])
    assert run(["export", "--to", "ecs", report, str(other), report]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 8
    assert "left out" in err


def test_spreadsheets_get_a_mark_in_the_file(report: str, tmp_path: Path) -> None:
    target = tmp_path / "suspects.csv"
    assert run(["export", "--to", "csv", "--bom", "-o", str(target), report]) == 0
    assert target.read_bytes().startswith(b'\xef\xbb\xbf"host"')


def test_masking(report: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "key"
    key.write_text("correct horse battery staple", encoding="utf-8")
    assert run(["export", "--to", "jsonl", "--mask", str(key), report]) == 0
    out = capsys.readouterr().out
    assert "acct1.hall-a-011" not in out
    assert re.search(r"wallet-[0-9a-f]{16}\.worker-[0-9a-f]{16}", out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "csv", "--all-pools"], "--all-pools means nothing to the format csv"),
        (["--to", "json", "--bom"], "--bom means nothing to the format json"),
        (["--to", "ecs", "--collector", "udp://127.0.0.1"], "--collector means nothing to the format ecs"),
        (["--to", "blocklist-nftables", "--all-pools"], "--all-pools means nothing"),
        (["--to", "syslog", "--collector", "http://127.0.0.1"], "no address of a collector"),
        (["--to", "syslog", "--collector", "tcp://127.0.0.1:99999"], "no address of a collector"),
        (["--to", "syslog", "--collector", "tcp://me@127.0.0.1"], "no address of a collector"),
        (["--to", "syslog", "--collector", "tls://"], "no address of a collector"),
        (["--to", "syslog", "--collector", "udp://127.0.0.1", "--ca-file", "x"], "with tls:// only"),
        (["--to", "syslog", "--collector", "tls://127.0.0.1:1", "--ca-file", "nowhere.pem"], "nowhere.pem"),
        (["--to", "syslog", "--ca-file", "x.pem"], "--ca-file means nothing without --collector"),
        (["--to", "nothing"], "is not one of"),
        ([], "Missing option '--to'. Choose from: blocklist, blocklist-dataset,"),
        (["--to", "syslog", "--collector", "udp://127.0.0.1", "-o", "x"], "leave it or --output out"),
        (["--to", "syslog", "--collector", "tcp://127.0.0.1:1"], "check that it listens on port 1 of"),
    ],
)
def test_what_cannot_be_done(
    arguments: list[str], said: str, report: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", *arguments, report]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


# A collector on the loopback, which reads by the framing that the RFCs prescribe.

Peer = Callable[[], list[bytes]]


def counted(data: bytes) -> list[bytes]:
    """Messages in octet counting (RFC 6587, 3.4.1; RFC 5425, 4.3)."""
    messages = []
    while data:
        length, _, rest = data.partition(b" ")
        assert length.isdigit()
        assert length[:1] != b"0"
        messages.append(rest[: int(length)])
        assert len(messages[-1]) == int(length)
        data = rest[int(length) :]
    return messages


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1 that signs itself."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    path = tmp_path_factory.mktemp("tls") / "collector.pem"
    subject = ["-subj", "/CN=collector", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        yield server


def received(server: socket.socket, pem: Path | None, box: list[bytes]) -> threading.Thread:
    """Takes one connection, and puts all that it says into the box."""

    def serve() -> None:
        connection, _ = server.accept()
        connection.settimeout(20)
        try:
            if pem is not None:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(pem)
                connection = context.wrap_socket(connection, server_side=True)
            while chunk := connection.recv(65536):
                box.append(chunk)
        except ssl.SSLError:
            box.append(b"refused")
        finally:
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("form", ["syslog", "cef"])
@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_a_collector_over_a_stream(
    scheme: str,
    form: str,
    report: str,
    listener: socket.socket,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pem = request.getfixturevalue("certificate") if scheme == "tls" else None
    box: list[bytes] = []
    thread = received(listener, pem, box)
    url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    trust = ["--ca-file", f"{pem}.crt"] if pem else []
    assert run(["export", "--to", form, "--collector", url, *trust, report]) == 0
    thread.join(20)
    messages = counted(b"".join(box))
    assert capsys.readouterr().out == ""
    assert len(messages) == 7
    assert all(re.match(rb"<13\d>1 2026-03-02T08:\d\d:\d\d\.\d{6}Z - netminedet - ", one) for one in messages)
    assert run(["export", "--to", form, report]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line in one.decode() for one, line in zip(messages, lines, strict=True))


def test_a_collector_over_datagrams(report: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        url = f"udp://127.0.0.1:{server.getsockname()[1]}"
        assert run(["export", "--to", "syslog", "--collector", url, report]) == 0
        messages = [server.recv(65536) for _ in range(7)]
    assert all(one.startswith(b"<13") and b"\n" not in one for one in messages)


def test_a_certificate_that_nobody_vouches_for_is_refused(
    report: str, listener: socket.socket, certificate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    box: list[bytes] = []
    thread = received(listener, certificate, box)
    url = f"tls://127.0.0.1:{listener.getsockname()[1]}"
    assert run(["export", "--to", "syslog", "--collector", url, report]) == 2
    thread.join(20)
    told = capsys.readouterr().err
    assert "the collector cannot be reached (self-signed certificate); name the authority" in told
    assert box == [b"refused"]


def test_nobody_listens(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    with pytest.raises(NetminedetError, match="Connection refused"):
        Collector(f"tcp://127.0.0.1:{port}")


def test_a_table_of_what_is_at_hand(report: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "--to", "misp", report]) == 0
    assert json.loads(capsys.readouterr().out)["Event"]["info"] == "Mining of virtual currencies: suspects 7"
