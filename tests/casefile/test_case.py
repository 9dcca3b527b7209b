"""Case files: what is in them is what the captures have, and is the same whenever it is made."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import dpkt
import pytest

from netminedet import scan
from netminedet.api import DEFAULT_HOME_NET, parse_networks
from netminedet.casefile import CaseOptions, make_case, verify_case
from netminedet.casefile.manifest import MANIFEST, Manifest
from netminedet.errors import NetminedetError
from netminedet.report.document import json_text
from netminedet.report.mask import Masker
from netminedet.report.reading import parse_report
from tests.conftest import SAMPLES
from tests.frames import write_pcap
from tests.private import CANARY, ETHPROXY, GETWORK, STRATUM, TOKEN, comments
from tests.talks import CLIENT, frames_of

NOW = datetime(2026, 3, 3, 9, 30, tzinfo=timezone.utc)
MIXED, NAMES, TUNNELS = (str(SAMPLES / name) for name in ("mixed.pcapng", "names.pcap", "tunnels.pcapng"))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.json"
    path.write_text(json_text(scan([MIXED, NAMES, TUNNELS]).to_dict()), encoding="utf-8")
    return str(path)


def make(report: str, host: str, target: Path, *captures: str, **options: Any) -> Manifest:
    return make_case(
        report, host, captures or (MIXED, NAMES, TUNNELS), str(target), CaseOptions(**options), now=NOW
    )


def suspects(report: str) -> list[Any]:
    return list(parse_report(Path(report).read_bytes(), "report").suspects)


def packets(path: Path | str) -> Iterator[tuple[float, bytes]]:
    """By dpkt, which knows neither our writer nor our reader."""
    with Path(path).open("rb") as file:
        for moment, frame in dpkt.pcap.UniversalReader(file):
            yield round(moment, 6), frame


HOSTS = ("10.8.0.11", "fd00:8::13", "10.8.0.17")


@pytest.mark.parametrize("host", HOSTS)
def test_the_packets_that_the_report_cites_are_there_and_say_why(
    report: str, host: str, tmp_path: Path
) -> None:
    make(report, host, tmp_path / "case", by="Li")
    (suspect,) = (one for one in suspects(report) if one.host == host)
    whole = {path: [frame for _, frame in packets(path)] for path in (MIXED, NAMES)}
    written = [frame for _, frame in packets(tmp_path / "case" / "packets.pcapng")]
    told = list(comments((tmp_path / "case" / "packets.pcapng").read_bytes()))
    assert len(told) == len(written)
    assert suspect.evidence
    for one in suspect.evidence:
        frame = whole[one.where.input][one.where.packet - 1]
        place = f"(packet {one.where.packet} of {one.where.input})"
        (comment,) = (comment for comment in told if place in comment)
        assert written[told.index(comment)] == frame
        assert one.signature in comment
    assert set(written) <= {frame for frames in whole.values() for frame in frames}


def ends(frame: bytes) -> frozenset[tuple[bytes, int]] | None:
    """Addresses and ports of a plain packet."""
    ip = dpkt.ethernet.Ethernet(frame).data
    body = getattr(ip, "data", None)
    if not isinstance(body, (dpkt.tcp.TCP, dpkt.udp.UDP)):
        return None
    return frozenset({(ip.src, body.sport), (ip.dst, body.dport)})


def test_flows_are_whole(report: str, tmp_path: Path) -> None:
    make(report, "10.8.0.11", tmp_path / "case", flows=True)
    (suspect,) = (one for one in suspects(report) if one.host == "10.8.0.11")
    ports = {one.flow.src_port for one in suspect.connections}
    ports |= {one.where.flow.src_port for one in suspect.evidence if one.where.flow.src_ip == suspect.host}
    mine = bytes([10, 8, 0, 11])
    expected = [
        packet for packet in packets(MIXED) if any((mine, port) in (ends(packet[1]) or ()) for port in ports)
    ]
    assert len(expected) > 10
    assert list(packets(tmp_path / "case" / "flows.pcapng")) == expected


def test_flows_in_tunnels_are_whole(report: str, tmp_path: Path) -> None:
    """Scanned alone, what was written of a host in a tunnel gives the same suspect."""
    inside = [one for one in suspects(report) if any(one.where.tunnel for one in one.evidence)]
    assert inside
    for number, suspect in enumerate(inside[:4]):
        make(report, suspect.host, tmp_path / f"{number}", TUNNELS, flows=True)
        again = {one.host: one for one in scan(tmp_path / f"{number}" / "flows.pcapng").suspects}
        found = again[suspect.host]
        assert (found.verdict, found.role, found.shares, found.packets) == (
            suspect.verdict,
            suspect.role,
            suspect.shares,
            suspect.packets,
        )


def test_the_same_case_is_the_same_bytes(report: str, tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip", "folder"):
        make(report, "10.8.0.11", tmp_path / name, flows=True, by="Li")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as packed:
        assert packed.testzip() is None
        inside = {name: packed.read(name) for name in packed.namelist()}
    folder = tmp_path / "folder"
    assert inside == {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_the_manifest_says_what_there_is(report: str, tmp_path: Path) -> None:
    made = make(report, "10.8.0.11", tmp_path / "case", MIXED, by="李检查员", flows=True)
    document = json.loads((tmp_path / "case" / MANIFEST).read_bytes())
    assert document["by"] == "李检查员"
    assert document["made"] == "2026-03-03T09:30:00Z"
    assert (document["host"], document["verdict"], document["role"]) == ("10.8.0.11", "confirmed", "miner")
    assert {one["path"] for one in document["files"]} == {
        "README.txt",
        "flows.pcapng",
        "packets.pcapng",
        "signatures/fired.json",
        "signatures/stratum-v1.yaml",
        "story.txt",
        "suspect.json",
    } | ({"suspect.html"} & {one.path for one in made.files})
    (capture,) = document["captures"]
    assert (capture["path"], capture["packets"], capture["in_report"]) == (MIXED, 638, True)
    assert [one["path"] for one in document["absent"]] == [NAMES, TUNNELS]
    assert document["tool"]["signatures"] == document["report"]["tool"]["signatures"]
    text = (tmp_path / "case" / MANIFEST).read_text(encoding="utf-8")
    assert text == json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def test_the_files_can_be_read_by_themselves(report: str, tmp_path: Path) -> None:
    make(report, "10.8.0.11", tmp_path / "case")
    own = parse_report((tmp_path / "case" / "suspect.json").read_bytes(), "suspect")
    assert [one.host for one in own.suspects] == ["10.8.0.11"]
    assert "mining.authorize" in (tmp_path / "case" / "story.txt").read_text(encoding="utf-8")
    fired = json.loads((tmp_path / "case" / "signatures" / "fired.json").read_text(encoding="utf-8"))
    names = {one["signature"] for one in fired["signatures"]}
    cited = {one.signature for one in own.suspects[0].evidence}
    assert cited <= names | set(fired["other"])
    assert "stratum-v1.submit" in names
    for one in fired["signatures"]:
        assert one["why"].split(".")[0] in (tmp_path / "case" / one["file"]).read_text(encoding="utf-8")
    assert [pool["name"] for pool in fired["pools"]] == ["stratum.antpool.com"]


def test_other_captures_are_refused(report: str, tmp_path: Path) -> None:
    changed = tmp_path / "mixed.pcapng"
    data = Path(MIXED).read_bytes()
    changed.write_bytes(data[:-40] + bytes([data[-40] ^ 1]) + data[-39:])
    with pytest.raises(NetminedetError, match=r"mixed\.pcapng: none of the report's inputs by its SHA-256"):
        make(report, "10.8.0.11", tmp_path / "case", str(changed))
    assert not (tmp_path / "case").exists()
    made = make(report, "10.8.0.11", tmp_path / "case", str(changed), any_capture=True)
    assert not made.captures[0].in_report
    assert any("none of the report's inputs" in note for note in made.notes)
    assert any("which the report cites, is in no capture given" in note for note in made.notes)


def test_of_a_folder_the_captures_of_the_report_are_read(report: str, tmp_path: Path) -> None:
    (tmp_path / "probe").mkdir()
    for name in (MIXED, str(SAMPLES / "kaspa.pcap")):
        (tmp_path / "probe" / Path(name).name).write_bytes(Path(name).read_bytes())
    made = make(report, "10.8.0.11", tmp_path / "case", str(tmp_path / "probe"))
    assert [one.path for one in made.captures] == [str(tmp_path / "probe" / "mixed.pcapng")]
    assert any("1 capture in the folders given is no input" in note for note in made.notes)
    assert not any("no capture given" in note for note in made.notes)


def test_a_report_without_hashes_shows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json_text(scan(MIXED, hash_inputs=False).to_dict()), encoding="utf-8")
    with pytest.raises(NetminedetError, match="has no hashes of its inputs"):
        make(str(path), "10.8.0.11", tmp_path / "case", MIXED)
    assert make(str(path), "10.8.0.11", tmp_path / "case", MIXED, any_capture=True).captures


def test_what_cannot_be_a_case_is_refused(report: str, tmp_path: Path) -> None:
    with pytest.raises(NetminedetError, match=r"10\.9\.9\.9 is no suspect of the report"):
        make(report, "10.9.9.9", tmp_path / "case")
    with pytest.raises(NetminedetError, match="is not an IP address"):
        make(report, "nowhere", tmp_path / "case")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "x").write_text("")
    for target in (tmp_path / "there", tmp_path / "none" / "case", tmp_path / "there" / "x"):
        with pytest.raises(NetminedetError, match=r"there already|does not exist"):
            make(report, "10.8.0.11", target)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_pseudonyms_are_refused(report: str, tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    from netminedet.report.anonymize import anonymized

    home_net = parse_networks(DEFAULT_HOME_NET)
    hidden = anonymized(parse_report(Path(report).read_bytes(), "r"), bytes(32), home_net)
    path = tmp_path / "hidden.json"
    path.write_text(json_text(hidden.to_dict()), encoding="utf-8")
    with pytest.raises(NetminedetError, match="pseudonyms"):
        make(str(path), hidden.suspects[0].host, tmp_path / "case")


@pytest.mark.parametrize("talk", [STRATUM, ETHPROXY, GETWORK], ids=["stratum", "eth-proxy", "getwork"])
@pytest.mark.parametrize("cut", [False, True], ids=["as recorded", "cut"])
def test_passwords_in_packets(talk: list[Any], cut: bool, tmp_path: Path) -> None:
    capture, report = tmp_path / "a.pcap", tmp_path / "report.json"
    write_pcap(capture, frames_of(talk))
    report.write_text(json_text(scan(capture).to_dict()), encoding="utf-8")
    made = make(str(report), CLIENT[0], tmp_path / "case", str(capture), flows=True, cut_passwords=cut)
    for name in ("packets.pcapng", "flows.pcapng"):
        data = (tmp_path / "case" / name).read_bytes()
        assert (CANARY.encode() in data or TOKEN.encode() in data) is not cut
    for path in (tmp_path / "case").rglob("*"):
        if path.suffix in (".json", ".txt", ".yaml", ".html"):
            text = path.read_text(encoding="utf-8")
            assert CANARY not in text
            assert TOKEN not in text
    before, after = list(packets(capture)), list(packets(tmp_path / "case" / "flows.pcapng"))
    for (moment, one), (same, other) in zip(before, after, strict=True):
        assert moment == same
        assert all(new in (old, ord("*")) for old, new in zip(one, other, strict=True))
    told = " ".join(comments((tmp_path / "case" / "packets.pcapng").read_bytes()))
    said = "a password is overwritten here" in told
    assert said is cut
    assert any("passwords in packets are overwritten" in note for note in made.notes) is cut


def test_a_case_is_unchanged_when_it_was_just_made(report: str, tmp_path: Path) -> None:
    for name in ("case", "case.zip"):
        make(report, "10.8.0.11", tmp_path / name)
        found = verify_case(str(tmp_path / name), captures=[MIXED, NAMES, TUNNELS])
        assert found.problems == ()
        assert found.signature == "none"


def test_who_is_behind_the_address_is_asked_for_this_host_alone(report: str, tmp_path: Path) -> None:
    from netminedet.casefile.manifest import file_digest
    from netminedet.cli.main import run

    log = tmp_path / "nat.csv"
    log.write_text(
        "ip,from,to,user\n10.8.0.11,1772438400,,alice\n10.8.0.12,1772438400,,bob\nbad\n", encoding="utf-8"
    )
    given = ["--from", MIXED, "--subscribers", str(log), "-o", str(tmp_path / "case"), "-q"]
    assert run(["evidence", report, "10.8.0.11", *given]) == 0
    text = (tmp_path / "case" / "suspect.json").read_text(encoding="utf-8")
    assert "alice" in text
    assert "bob" not in text
    document = json.loads((tmp_path / "case" / MANIFEST).read_bytes())
    sha256, size = file_digest(log)
    assert document["sources"] == [{"path": str(log), "sha256": sha256, "size": size}]
    assert any("nat.csv:4" in note for note in document["notes"])


def test_what_people_read_of_a_case_is_in_their_language(
    report: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from netminedet.cli.main import run
    from netminedet.language import choose
    from tests.test_language import english

    strange = tmp_path / "strange.pcap"
    strange.write_bytes((SAMPLES / "stratum-v1.pcap").read_bytes())
    given = ["--from", NAMES, "--from", str(strange), "--any-capture", "--cut-passwords"]
    try:
        assert (
            run(["--lang", "zh", "evidence", report, "10.8.0.11", *given, "-o", str(tmp_path / "case")]) == 0
        )
    finally:
        choose("en")
    readme = (tmp_path / "case" / "README.txt").read_text(encoding="utf-8")
    notes = json.loads((tmp_path / "case" / MANIFEST).read_bytes())["notes"]
    assert "in the captures given, the host is no suspect" in notes
    assert f"{strange}: is none of the report's inputs by its SHA-256" in notes
    about, _, known = readme.partition("阅读者须知：")
    assert "packets.pcapng：" in about
    assert len(known.split("\n- ")) == len(notes) + 1
    made, told = capsys.readouterr()
    assert made.startswith(f"{tmp_path / 'case'}：10.8.0.11，确认，")
    for text in (known, told.replace("netminedet: note: ", "")):
        assert "所给的抓包文件" in text
        assert english(text) == []


@pytest.mark.parametrize("masked", [True, False])
def test_true_names_beside_pseudonyms_are_told(masked: bool, tmp_path: Path) -> None:
    found = scan(MIXED)
    path = tmp_path / "report.json"
    shown = found.masked(Masker("0123456789abcdef")) if masked else found
    path.write_text(json_text(shown.to_dict()), encoding="utf-8")
    made = make(str(path), "10.8.0.11", tmp_path / "case", MIXED)
    told = [note for note in made.notes if "pseudonyms for wallets and workers" in note]
    assert bool(told) is masked
    (worker,) = (name for one in found.suspects if one.host == "10.8.0.11" for name in one.workers[:1])
    assert worker in (tmp_path / "case" / "story.txt").read_text(encoding="utf-8")
    assert (worker in (tmp_path / "case" / "suspect.json").read_text(encoding="utf-8")) is not masked


def test_a_rig_that_calls_itself_like_a_pseudonym_is_none(tmp_path: Path) -> None:
    from tests.private import SHARE

    name = "wallet-" + "0" * 16
    talk = json.loads(json.dumps(STRATUM).replace(SHARE[0], name))
    capture, path = tmp_path / "a.pcap", tmp_path / "report.json"
    write_pcap(capture, frames_of(talk))
    report = scan(capture)
    assert report.suspects[0].workers == (name,)
    path.write_text(json_text(report.to_dict()), encoding="utf-8")
    assert not any(
        "pseudonyms" in note for note in make(str(path), CLIENT[0], tmp_path / "case", str(capture)).notes
    )
