"""Holders in a whole report: of one address several subscribers, in every format, and read back again."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from netminedet import scan
from netminedet.cli.main import cli
from netminedet.errors import NetminedetError
from netminedet.holders import Attribution, Subscriber
from netminedet.model import FiveTuple
from netminedet.report.formats import load_format
from netminedet.report.holder_lines import group_rows, holder_lines
from netminedet.report.plain import PlainReport
from netminedet.report.reading import parse_report
from netminedet.report.schema import schema_text
from netminedet.suspects import Connection, Shares, Verdict
from netminedet.whose import Sources, enriched
from netminedet.whose.enrich import UNREADABLE, Log, behind_of
from netminedet.whose.groups import grouped
from netminedet.whose.moments import reader_of
from netminedet.whose.subnets import Subnets
from tests.frames import write_pcap
from tests.private import ETHPROXY, STRATUM
from tests.talks import CLIENT, frames_of

ROOT = Path(__file__).parents[2]
MIXED = ROOT / "pcaps" / "mixed.pcapng"
HOST = "10.8.0.11"
LEDGER = "cidr,operator,city,unit\n10.8.0.0/16,甲,成都,大学\n10.8.0.12,乙,绵阳,公司\n"


@pytest.fixture(scope="module")
def plain() -> PlainReport:
    from netminedet.report.plain import plain_report

    return plain_report(scan(MIXED))


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "net.csv"
    path.write_text(LEDGER, encoding="utf-8")
    return path


def log(folder: Path, rows: str) -> Log:
    path = folder / "nat.csv"
    path.write_text("public address,port range,from,to,subscriber,private address\n" + rows, encoding="utf-8")
    return Log((str(path),), reader_of(None))


def test_nothing_given_nothing_changed(plain: PlainReport) -> None:
    assert enriched(plain, Sources()) == plain


def test_ledger_groups_the_report(plain: PlainReport, ledger: Path) -> None:
    report = enriched(plain, Sources(Subnets([str(ledger)], print)))
    groups = {group.name: group for group in grouped(report.suspects, "city")}
    assert [group.name for group in grouped(report.suspects, "city")] == ["成都", "绵阳", ""]
    assert {suspect.host for suspect in groups[""].suspects} == {"fd00:8::13"}
    assert groups["成都"].count(Verdict.CONFIRMED) == 4
    assert sum(len(group.suspects) for group in groups.values()) == len(plain.suspects)
    document = report.to_dict()
    assert [group["name"] for group in document["groups"]["operator"]] == ["甲", "乙", None]
    assert document["groups"]["city"][0]["hosts"] == {"confirmed": 4, "probable": 1, "suspected": 0}
    assert group_rows(report.suspects)[0] == ("By city", "成都: 5 hosts, 4 confirmed")


def test_two_subscribers_behind_one_address(plain: PlainReport, tmp_path: Path) -> None:
    """The address of the sample changes hands while it mines: each proof is the one's or the other's."""
    (suspect,) = (one for one in plain.suspects if one.host == HOST)
    (mined,) = suspect.connections
    moments = sorted({one.where.time_ns for one in suspect.evidence})
    border = next(moment for moment in moments if moment > mined.first_seen)
    ends, begins = (f"{moment // 10**9}.{moment % 10**9:09d}" for moment in (border - 1, border))
    rows = f"{HOST},,1772438400,{ends},alice,\n{HOST},,{begins},1772449999,bob,\nbad\n"
    report = enriched(plain, Sources(log=log(tmp_path, rows)), lambda _: None)
    (found,) = (one for one in report.suspects if one.host == HOST)
    for one in found.evidence:
        assert one.subscriber is not None
        who = "alice" if one.where.time_ns < border else "bob"
        assert [subscriber.name for subscriber in one.subscriber.subscribers] == [who]
    assert [one.subscriber and one.subscriber.status for one in found.connections] == ["ambiguous"]
    assert found.behind is not None
    assert {seen.subscriber.name for seen in found.behind.subscribers} == {"alice", "bob"}
    assert sum(seen.evidence for seen in found.behind.subscribers) == len(found.evidence)
    assert (found.behind.ambiguous, found.behind.gaps) == (1, 0)
    assert "2 subscribers are behind this address; the verdict is the address's" in holder_lines(found)
    assert report.totals[UNREADABLE] == 1
    others = [one.behind for one in report.suspects if one.host != HOST]
    assert all(behind is not None and not behind.subscribers and behind.gaps for behind in others)


SHARES = Shares(4, 3, 1)


def connection(told: Attribution, second: int) -> Connection:
    flow = FiveTuple(HOST, 40000 + second, "203.0.113.1", 3333, "tcp")
    return Connection(flow, second * 10**9, second * 10**9 + 5, "confirmed", SHARES, told)


def test_what_is_whose_is_summed_up() -> None:
    alice, bob = Subscriber("alice"), Subscriber("", "10.0.0.2")
    told = [Attribution("named", (alice,)), Attribution("named", (bob,)), Attribution("named", (alice,))]
    told += [Attribution("gap"), Attribution("ambiguous", (alice, bob))]
    behind = behind_of([], [connection(one, second) for second, one in enumerate(told)])
    assert [(seen.subscriber, seen.connections, seen.shares) for seen in behind.subscribers] == [
        (alice, 2, SHARES + SHARES),
        (bob, 1, SHARES),
    ]
    assert (behind.subscribers[0].first_seen, behind.subscribers[0].last_seen) == (0, 2 * 10**9 + 5)
    assert (behind.ambiguous, behind.gaps) == (1, 1)


@pytest.fixture
def whole(plain: PlainReport, ledger: Path, tmp_path: Path) -> PlainReport:
    from netminedet.holders import Place

    rows = f"{HOST},,1772438400,,alice,10.0.0.1\n{HOST},,1772438400,,bob,\n10.8.0.12,,1772438400,,carol,\n"
    report = enriched(plain, Sources(Subnets([str(ledger)], print), log=log(tmp_path, rows)), print)
    places = {HOST: Place("CN", "四川"), "203.0.113.10": Place(country="US", asn=64500, network="Net")}
    suspects = tuple(replace(one, places=places) if one.host == HOST else one for one in report.suspects)
    return replace(report, suspects=suspects)


@pytest.mark.parametrize("form", ["json", "jsonl", "table"])
def test_every_format_shows_it(whole: PlainReport, form: str) -> None:
    stream = io.StringIO()
    load_format(form).render(whole, stream, color=False, width=200)
    for text in ("carol", "大学", "绵阳", "四川"):
        assert text in stream.getvalue(), text


def test_it_fits_the_schema_and_comes_back(whole: PlainReport) -> None:
    document = whole.to_dict()
    Draft202012Validator(json.loads(schema_text())).validate(document)
    again = parse_report(json.dumps(document).encode(), "again")
    assert again.to_dict() == document
    assert [one.behind for one in again.suspects] == [one.behind for one in whole.suspects]
    assert again.suspects[0].places == whole.suspects[0].places


def test_reports_without_it_are_read_as_before(plain: PlainReport) -> None:
    document = plain.to_dict()
    for suspect in document["suspects"]:
        del suspect["connections"], suspect["connections_omitted"]
    again = parse_report(json.dumps(document).encode(), "older")
    assert [one.connections for one in again.suspects] == [()] * len(plain.suspects)


def test_connections_have_ports_times_and_shares(plain: PlainReport) -> None:
    for suspect in plain.suspects:
        assert suspect.connections, suspect.host
        assert suspect.connections_omitted == 0
        for one in suspect.connections:
            assert suspect.host in (one.flow.src_ip, one.flow.dest_ip)
            assert suspect.first_seen <= one.first_seen <= one.last_seen <= suspect.last_seen
        assert sum((one.shares for one in suspect.connections), Shares()) == suspect.shares


def test_a_bad_ledger_stops_before_the_scan(tmp_path: Path) -> None:
    from netminedet.cli.main import run

    (tmp_path / "net.csv").write_text("cidr\nx\n")
    assert run(["scan", "-q", str(tmp_path / "none.pcap"), "--subnets", str(tmp_path / "net.csv")]) == 2


def test_bad_lines_of_a_log_are_told(tmp_path: Path, ledger: Path) -> None:
    made = log(tmp_path, f"{HOST},,2026-03-02 08:00:00,,alice,\n")
    arguments = ["scan", "-q", "--exit-zero", str(MIXED), "--subscribers", made.paths[0]]
    untimed = CliRunner().invoke(cli, arguments)
    assert "nat.csv:2: from: '2026-03-02 08:00:00' has no time zone" in untimed.stderr
    timed = CliRunner().invoke(cli, [*arguments, "--log-timezone", "UTC", "--subnets", str(ledger)])
    assert "subscriber alice" in timed.stdout
    assert "belongs to 大学, 成都, 甲, 10.8.0.0/16" in timed.stdout


def test_a_bad_line_names_the_column_as_the_log_does(tmp_path: Path) -> None:
    path = tmp_path / "nat.csv"
    path.write_text("公网地址,开始时间,用户\n甲,2026-03-02 08:00:00Z,alice\n", encoding="utf-8")
    arguments = ["scan", "-q", "--lang", "zh", "--exit-zero", str(MIXED), "--subscribers", str(path)]
    assert f"警告：{path}:2：公网地址：'甲' 不是地址" in CliRunner().invoke(cli, arguments).stderr


WRONG = {
    '"10.8.0.0/16"': '"everywhere"',
    '"private_ip": "10.0.0.1"': '"private_ip": "1.2.3"',
    '"status": "ambiguous"': '"status": "perhaps"',
    '"proves": "confirmed"': '"proves": "a lot"',
    '"gaps": 0': '"gaps": -1',
}


@pytest.mark.parametrize("right", WRONG)
def test_a_changed_report_is_refused(whole: PlainReport, right: str) -> None:
    text = json.dumps(whole.to_dict())
    assert right in text
    with pytest.raises(NetminedetError, match="is damaged or was changed"):
        parse_report(text.replace(right, WRONG[right]).encode(), "changed")


def test_two_miners_behind_one_address_are_told_apart_by_their_ports(tmp_path: Path) -> None:
    write_pcap(
        tmp_path / "a.pcap",
        [*frames_of(STRATUM), *frames_of(ETHPROXY, client=(CLIENT[0], CLIENT[1] + 5000))],
    )
    text = f"ip,first port,last port,from,user\n{CLIENT[0]},40000,44999,1600000000,alice\n"
    (tmp_path / "nat.csv").write_text(text + f"{CLIENT[0]},45000,49999,1600000000,bob\n", encoding="utf-8")
    made = Log((str(tmp_path / "nat.csv"),), reader_of(None))
    (suspect,) = enriched(scan(tmp_path / "a.pcap"), Sources(log=made)).suspects
    assert suspect.behind is not None
    assert (suspect.behind.ambiguous, suspect.behind.gaps) == (0, 0)
    told = {seen.subscriber.name: (seen.connections, seen.shares) for seen in suspect.behind.subscribers}
    assert told == {"alice": (1, Shares(1, 1, 0)), "bob": (1, Shares(1, 1, 0))}
    assert suspect.shares == Shares(2, 2, 0)
    for one in suspect.evidence:
        assert one.subscriber is not None
        who = "alice" if one.signature.startswith("stratum-v1") else "bob"
        assert [subscriber.name for subscriber in one.subscriber.subscribers] == [who]


def test_merged_reports_and_stories_say_whose_an_address_is(
    plain: PlainReport, ledger: Path, tmp_path: Path
) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(plain.to_dict()), encoding="utf-8")
    done = CliRunner().invoke(cli, ["merge", "-q", str(path), "--subnets", str(ledger)])
    assert done.exit_code == 0
    units = {
        one["host"]: one["unit"]["operator"] for one in json.loads(done.stdout)["suspects"] if "unit" in one
    }
    assert (units[HOST], units["10.8.0.12"]) == ("甲", "乙")
    nat = log(tmp_path, f"{HOST},,2026-01-01T00:00:00Z,,alice,\n")
    given = ["--subnets", str(ledger), "--subscribers", *nat.paths]
    told = CliRunner().invoke(cli, ["explain", "-q", str(MIXED), HOST, *given]).stdout
    assert "belongs to 大学, 成都, 甲, 10.8.0.0/16" in told
    assert "subscriber alice: " in told
    without = CliRunner().invoke(cli, ["explain", "-q", str(MIXED), HOST]).stdout
    assert "belongs to" not in without


def test_what_the_log_was_not_asked_about_is_counted(plain: PlainReport, tmp_path: Path) -> None:
    report = enriched(plain, Sources(log=log(tmp_path, f"{HOST},,2026-01-01T00:00:00Z,,alice,\n")))
    (suspect,) = (one for one in report.suspects if one.host == HOST)
    (proof, *_) = suspect.evidence
    named = replace(suspect, evidence=(replace(proof, strength="name"),), evidence_omitted=0)
    assert not [line for line in holder_lines(named) if "not asked" in line]
    assert holder_lines(replace(named, evidence_omitted=1200, connections_omitted=1))[-2:] == [
        "1,200 further pieces of evidence: not asked one by one; later uses of a name may be another's",
        "1 further connection: not asked about; it may be another's",
    ]
    mined = replace(named, evidence=(replace(proof, strength="strong"),), evidence_omitted=1200)
    assert not [line for line in holder_lines(mined) if "not asked" in line]
    assert not [
        line for line in holder_lines(replace(named, behind=None, connections_omitted=5)) if "asked" in line
    ]
