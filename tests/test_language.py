"""The two languages: which is chosen, how sentences are told in it, and that nothing is in one only."""

from __future__ import annotations

import ast
import gzip
import io
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from report_samples import SOME
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from netminedet import explain, language, scan
from netminedet.language import Sentence, choose, listed, number_of, sentence, told
from netminedet.report.formats import format_names, load_format
from netminedet.report.mask import Masker
from netminedet.report.sentences import MAX_VALUES, sentence_document, sentence_from
from netminedet.report.story import render_story
from netminedet.report.words import COUNTERS, DETAILS, KINDS, ROLES, VERDICTS
from netminedet.report.wrapping import wrap
from tests.catalogue import MO, compiled, extracted, faults, kept
from tests.conftest import SAMPLES

CAPTURES = sorted(SAMPLES.glob("*.pcap*"))
KEPT = kept()

#: What may stand in Latin letters in Chinese output: addresses and names, units, products, protocols, fields.
NAMES = re.compile(
    r"[\w+./:*@…?%-]*[\d./:_@…?%-][\w+./:*@…?%-]*"  # with a digit or a mark: addresses, names, files, units
    r"|\b([A-Z]{2,}[A-Za-z]*|[kMGTPEZ]?(Sol|Wh|W|H|B|J|h|bit)|ms|min|s|tls|tcp|udp|netminedet|miner"
    r"|randomx|ethash|kawpow|cryptonote|stratum|getwork|kaspa|grin|beam|Stratum|lightning|ethereum|monero"
    r"|bitcoin|vlan|mpls|pppoe|gre|erspan|geneve|vxlan|pptp|SetupConnection|(Braiins|Slush) Pool)\b"
)


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    yield
    choose("en")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW.Big5"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.GB18030"}, "zh"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "zh_CN:en"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LANGUAGE": "en"}, "en"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "zh_CN"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
    ],
)
def test_language_of_the_locale(
    environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    choose(None)
    assert language.language() == expected


def test_a_language_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="choose one of en, zh"):
        choose("fr")


def test_every_message_has_a_sound_translation() -> None:
    wanted, known = {message.id for message in extracted()}, {message.id for message in KEPT}
    assert wanted - known == set(), "run: python -m tests.catalogue"
    assert known - wanted == set(), "run: python -m tests.catalogue"
    assert [(message.id, fault) for message in KEPT if message.id for fault in faults(message)] == []


def test_faults_of_a_translation_are_found() -> None:
    from babel.messages.catalog import Message

    assert faults(Message("at {ip}", "位于 {ip}")) == []
    assert faults(Message("at {ip}", "位于 {host}"))
    assert faults(Message("at {ip}", "位于"))
    assert faults(Message("at {ip}", ""))
    assert faults(Message("at {ip}", "位于 {ip}", flags=["fuzzy"]))
    assert faults(Message(("{n} job", "{n} jobs"), ("任务",)))


def test_the_field_has_its_words() -> None:
    texts = [text for message in KEPT if message.id for text in _texts(message.string)]
    assert not [text for text in texts if "挖掘" in text]
    assert not [text for text in texts if not re.search(r"[\u4e00-\u9fff，：；{]|TLS", text)]


def _texts(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return text if isinstance(text, tuple) else (text,)


def test_what_is_compiled_is_what_is_written() -> None:
    assert MO.read_bytes() == compiled(KEPT), "run: python -m tests.catalogue"


def in_chinese(path: Path, host: str | None = None) -> str:
    """The table of a capture, or the story of a host in it."""
    stream = io.StringIO()
    choose("zh")
    if host is None:
        report = scan(path, adjacent=True)
        load_format("table").render(report, stream, color=False, width=200)
        return stream.getvalue()
    render_story(explain(path, host), stream, width=100)
    return stream.getvalue()


def english(text: str) -> list[str]:
    """Runs of two English words, which no name is."""
    plain = NAMES.sub("\0", text.replace("\\", " "))
    return re.findall(r"[A-Za-z]{2,} [A-Za-z]{2,}", plain)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_no_english_is_left_in_the_chinese_table(path: Path) -> None:
    text = in_chinese(path)
    assert english(text.replace(str(path), "")) == []
    assert "判定理由" in text or "未发现挖矿行为" in text


def test_no_english_is_left_in_what_could_not_be_read(tmp_path: Path) -> None:
    whole = (SAMPLES / "mixed.pcapng").read_bytes()
    contents = {
        "text.pcap": b"this is no capture",
        "nothing.pcap": b"",
        "cut.pcap": (SAMPLES / "kaspa.pcap").read_bytes()[:10],
        "cut.pcapng": whole[:40],
        "end.pcapng": whole[:-20],
        "packed.pcap.gz": gzip.compress(b"this is no capture"),
        "torn.pcap.gz": gzip.compress(whole)[:5000],
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    paths = [str(tmp_path / name) for name in contents] + [str(tmp_path / "gone"), str(SAMPLES)]
    problems = [line for one in scan([*paths]).inputs for line in one.problems]
    assert len(problems) >= len(contents) + 1
    choose("zh")
    for problem in problems:
        assert english(told(problem).replace(str(tmp_path), "")) == [], problem


@pytest.mark.parametrize(
    "name", ["mixed.pcapng", "stratum-v2.pcap", "management-api.pcap", "proxy-and-pool.pcap"]
)
def test_no_english_is_left_in_chinese_stories(name: str) -> None:
    path = SAMPLES / name
    for suspect in scan(path).suspects:
        text = in_chinese(path, suspect.host)
        head, _, ruling = text.partition("时间线")
        assert english(head + ruling.partition("为何如此判定")[2]) == []
        assert "何种情况会降低判定" in text
    assert english(in_chinese(path, "203.0.113.99")) == []


def test_english_that_is_left_would_be_found() -> None:
    assert english("矿工：mines at 203.0.113.10 端口 3333") == ["mines at"]
    assert english("sha256d：份额太少，26 s 内 2 个，不超过 69.2 TH/s") == []


def test_every_word_of_a_report_is_known() -> None:
    from netminedet.model import Kind
    from netminedet.suspects import Role, Verdict

    assert {verdict.label for verdict in Verdict} == set(VERDICTS)
    assert {role.value for role in Role} == set(ROLES)
    assert {kind.value for kind in Kind} <= set(KINDS)
    skipped = scan(SAMPLES / "mixed.pcapng").totals.keys() - {"packets", "bytes", "flows", "decoded"}
    assert {name.replace("_", " ") for name in skipped} <= set(COUNTERS)
    told_of = {
        name for path in CAPTURES for one in scan(path).suspects for e in one.evidence for name in e.details
    }
    # the client that a PROXY header claims is told in a sentence
    assert told_of - set(DETAILS) - {"ja4", "claimed_ip", "claimed_port"} == set()


@pytest.mark.parametrize("form", sorted({*format_names()} - {"table", "csv", "html"}))
def test_what_machines_read_is_the_same_in_either_language(form: str) -> None:
    if form == "stix":
        pytest.importorskip("stix2", reason="stix2 is not installed")
    texts = []
    for lang in language.LANGUAGES:
        choose(lang)
        for report in (scan(SAMPLES / "mixed.pcapng"), SOME):
            stream = io.StringIO()
            load_format(form).render(report, stream, color=False, width=None)
            texts.append(stream.getvalue())
    assert texts[:2] == texts[2:]


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_a_report_read_back_is_told_in_chinese_too(path: Path) -> None:
    choose("zh")
    for suspect in scan(path).suspects:
        sentences = [*suspect.reasons, *(one.why for one in suspect.evidence)]
        sentences += [one.rate.method for one in suspect.hash_rates]
        sentences += [one.power.assumption for one in suspect.hash_rates if one.power]
        for text in sentences:
            assert re.search("[\u4e00-\u9fff]", told(text)), text
            assert told(sentence_from(str(text), sentence_document(text))) == told(text)


NESTED = sentence(
    "{reason}; it was seen for {time}",
    reason=number_of("{n} share", "{n} shares", 2),
    time=sentence("{minutes} min", minutes=5),
)


def test_sentences_are_english_and_can_be_told() -> None:
    assert NESTED == "2 shares; it was seen for 5 min"
    assert told(NESTED) == NESTED
    assert type(told(NESTED)) is str
    choose("zh")
    assert told(NESTED) == "2 个份额；持续 5 分钟"
    assert told("no message") == "no message"
    assert told("") == ""
    assert listed(["a", "b"], 2) == "a, b"
    assert told(listed(["a", "b", "c"], 2)) == "a, b 等"


def test_sentences_survive_being_kept_and_masked() -> None:
    again = pickle.loads(pickle.dumps(NESTED, protocol=5))
    choose("zh")
    assert told(again) == told(NESTED)
    changed = sentence("mines at {place}: {reason}", place="pool", reason=NESTED).mapped(str.upper)
    assert isinstance(changed, Sentence)
    assert changed == "MINES AT POOL: 2 SHARES; IT WAS SEEN FOR 5 MIN"
    assert told(changed) == "连接 POOL 挖矿：2 个份额；持续 5 分钟"


def test_masked_reports_are_masked_in_chinese_too() -> None:
    report = scan(SAMPLES / "management-api.pcap").masked(Masker("0123456789abcdef"))
    choose("zh")
    for suspect in report.suspects:
        assert all("management" not in told(reason) for reason in suspect.reasons)


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {"message": "mines at {place}: {reason}", "values": {}},
        {"message": "mines at {place}: {reason}", "values": {"place": {}, "reason": []}},
        {"message": "{place.__class__}", "values": {"place": "x"}},
        {"message": "{n:>99999999999}", "values": {"n": 1}},
        {"message": "{hours} h {minutes:02d} min", "values": {"hours": "x", "minutes": "y"}},
        {"message": "{hours} h {minutes:02d} min", "values": {"hours": 1, "minutes": 10**5000}},
        {"message": 5, "values": {}},
        {"message": "x", "values": {str(n): n for n in range(MAX_VALUES + 1)}},
    ],
)
def test_made_up_messages_leave_the_english(document: object) -> None:
    choose("zh")
    assert told(sentence_from("as it was", document)) == "as it was"


def test_messages_nested_without_end_are_cut_off() -> None:
    document: dict[str, object] = {"message": "{minutes} min", "values": {"minutes": 1}}
    for _ in range(500):
        document = {
            "message": "{reason}; it was seen for {time}",
            "values": {"reason": document, "time": "x"},
        }
    choose("zh")
    assert told(sentence_from("as it was", document)) == "as it was"


@pytest.mark.parametrize("width", [20, 33, 60, 80])
@pytest.mark.parametrize(
    "text",
    [
        "10.9.0.2：连接 203.0.113.10 端口 3333 挖矿：矿工提交 5 个份额，服务器接受 5 个（按不同登录名计）",
        "挖矿" * 60,
        "要求 SOCKS 代理（198.51.100.81 端口 1080）建立通往 " + "x" * 150 + " 的隧道。",
        "，。；" * 30,
    ],
)
def test_chinese_lines_keep_to_the_width(text: str, width: int) -> None:
    lines = [line.plain for line in wrap(Text(text), Console(width=200), width)]
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    if "，。；" not in text:
        assert not [line for line in lines if line[0] in "，。；：）、"]
        assert not [line for line in lines if line[-1] in "（《"]


def test_rows_of_the_chinese_table_keep_to_the_width() -> None:
    choose("zh")
    for width in (80, 100, 160):
        stream = io.StringIO()
        load_format("table").render(scan(SAMPLES / "mixed.pcapng"), stream, color=False, width=width)
        assert max(map(cell_len, stream.getvalue().splitlines())) <= width


def test_problems_of_inputs_are_told_in_chinese(tmp_path: Path) -> None:
    whole = (SAMPLES / "stratum-v1.pcap").read_bytes()
    (tmp_path / "cut.pcap").write_bytes(whole[:3000])
    (tmp_path / "damaged.pcap").write_bytes(whole[:1000] + b"\xff" * 200 + whole[1200:])
    (tmp_path / "packed.pcap.gz").write_bytes(gzip.compress(whole)[:2000])
    choose("zh")
    for name in ("cut.pcap", "damaged.pcap", "packed.pcap.gz"):
        (info,) = scan(tmp_path / name).inputs
        assert info.problems
        assert not [text for text in info.problems if re.search("[a-z]{3} [a-z]{2}", told(text))]
        assert [text for text in info.problems if re.search("[a-z]{3} [a-z]{2}", text)]


def unmarked(source: str) -> list[str]:
    """Texts put among the notes for people as they stand, which the catalogue cannot know."""
    found: list[ast.expr] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            found += [one.value for one in node.keywords if one.arg == "note"]
            if re.fullmatch(r"(.*\.)?(_?notes\.(append|add)|_?tell|_?note)", ast.unparse(node.func)):
                found += node.args
        elif isinstance(node, ast.Assign) and [ast.unparse(one) for one in node.targets] == ["note"]:
            found.append(node.value)
    return [ast.unparse(one) for one in found if _is_bare(one)]


def _is_bare(node: ast.expr) -> bool:
    """Whether an expression may be a text of several words that no function marks."""
    if isinstance(node, ast.IfExp):
        return _is_bare(node.body) or _is_bare(node.orelse)
    if isinstance(node, ast.BinOp):
        return _is_bare(node.left) or _is_bare(node.right)
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = [one.value for one in parts if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return any(re.search("[A-Za-z]{2}", text) for text in texts)


@pytest.mark.parametrize("room", ["casefile", "whose", "report", "cli"])
def test_no_note_is_in_one_language_only(room: str) -> None:
    bare = {
        path.name: texts
        for path in (Path(language.__file__).parent / room).rglob("*.py")
        if (texts := unmarked(path.read_text(encoding="utf-8")))
    }
    assert bare == {}


@pytest.mark.parametrize(
    "line",
    [
        'notes.append(f"{count} captures were not read")',
        'case.notes.append("the host is no suspect")',
        'Attribution("gap", note="the log does not have it")',
        'note = f"the log names nobody at its {which}"',
        'note = N_("one") if sure else "not certain"',
        'self._tell(f"{row.where}: stands there already")',
    ],
)
def test_a_note_in_one_language_would_be_found(line: str) -> None:
    assert unmarked(line)


def test_a_note_that_is_marked_is_none_of_these() -> None:
    assert not unmarked('notes.append(sentence("{n} were not read", n=1)); note = N_("not certain")')


def test_names_out_of_the_traffic_are_not_translated_where_they_are_words_of_ours() -> None:
    choose("zh")
    stream = io.StringIO()
    render_story(explain(SAMPLES / "nodes.pcap", "10.15.0.6"), stream, width=100)
    assert "矿工名 miner" in stream.getvalue()
    masked = io.StringIO()
    masker = Masker("0123456789abcdef")
    render_story(explain(SAMPLES / "mixed.pcapng", "10.8.0.17", masker=masker), masked, width=100)
    assert "出现 2 次" in masked.getvalue()
