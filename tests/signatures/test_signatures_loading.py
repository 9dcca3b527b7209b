"""Signature files of one's own: adding, replacing, and every mistake with its line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from netminedet import __version__
from netminedet.signatures import SignatureError, check, load_signatures, places, signature_dir
from netminedet.signatures.yamlfile import FILE_LIMIT

GOOD = """\
id: acme
title: Acme coin
anchors: ['acme.']
messages:
  - id: hello
    method: acme.hello
    where: "type(params) == 'array' && is_hex(params[0], `8`)"
    sender: client
    kind: handshake
    strength: strong
    why: A miner of Acme says hello.
    extract: {agent: "params[1]"}
    redact: ["params[2]"]
examples:
  - {name: one, matches: hello, text: '{"method":"acme.hello","params":["00ff00ff","acme/1"]}'}
  - {name: two, sender: client, matches: hello, text: '{"method":"acme.hello","params":["00ff00fe"]}'}
lookalikes:
  - {name: short, near: hello, text: '{"method":"acme.hello","params":["00"]}'}
  - {name: other verb, near: hello, text: '{"method":"acme.bye","params":["00ff00ff"]}'}
"""


def folder(tmp_path: Path, text: str = GOOD, name: str = "acme.yaml") -> Path:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def problem(tmp_path: Path, text: str) -> str:
    """The error for a file, without the folder's name before it."""
    with pytest.raises(SignatureError) as caught:
        load_signatures([folder(tmp_path, text)])
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(f"{tmp_path}/")


def test_a_file_of_ones_own_is_added(tmp_path: Path) -> None:
    signatures = load_signatures([folder(tmp_path)])
    message = {"method": "acme.hello", "params": ["00ff00ff", "acme/1", "hunter2"]}
    (match,) = signatures.match(message)
    assert match.signature == "acme.hello"
    assert match.details == {"agent": "acme/1"}
    assert "hunter2" not in signatures.excerpt(message)
    assert b"acme." in signatures.anchors
    assert signatures.info.count == load_signatures().info.count + 1
    assert check(tmp_path) == []


def test_a_file_with_a_shipped_id_replaces_it(tmp_path: Path) -> None:
    signatures = load_signatures([folder(tmp_path, GOOD.replace("id: acme", "id: eth-proxy", 1))])
    assert signatures.dialect("eth-proxy").title == "Acme coin"
    assert signatures.match({"method": "eth_submitLogin", "params": ["0xabc", "x"]}) == []
    assert [
        match.signature for match in signatures.match({"method": "acme.hello", "params": ["00ff00ff"]})
    ] == ["eth-proxy.hello"]


def test_the_last_of_several_folders_wins(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    for directory, title in ((first, "First"), (second, "Second")):
        directory.mkdir()
        folder(directory, GOOD.replace("Acme coin", title))
    assert load_signatures([first, second]).dialect("acme").title == "Second"
    assert load_signatures([second, first]).dialect("acme").title == "First"


def test_info_identifies_the_content(tmp_path: Path) -> None:
    shipped = load_signatures().info
    assert shipped.version == __version__
    assert re.fullmatch("[0-9a-f]{64}", shipped.sha256)
    assert load_signatures().info == shipped
    ours = load_signatures([folder(tmp_path)]).info
    assert ours.sha256 != shipped.sha256
    folder(tmp_path, GOOD.replace("\n", "\r\n"))
    assert load_signatures([tmp_path]).info == ours


def test_the_installed_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (signature_dir() / "stratum-v1.yaml").is_file()
    package = tmp_path / "netminedet" / "signatures"
    package.mkdir(parents=True)
    monkeypatch.setattr(places, "__file__", str(package / "places.py"))
    assert signature_dir() == tmp_path / "signatures"
    (package / "data").mkdir()
    assert signature_dir() == package / "data"


def test_a_coin_of_its_own_for_one_message(tmp_path: Path) -> None:
    text = GOOD.replace("    redact:", "    coins: [ACME]\n    redact:")
    (match,) = load_signatures([folder(tmp_path, text)]).match(
        {"method": "acme.hello", "params": ["00ff00ff"]}
    )
    assert match.coins == ("ACME",)


MISTAKES = [
    ("method: acme.hello", "metod: acme.hello", "6: messages[0].metod: unknown field; did you mean 'method'"),
    ("title: Acme coin", "titel: Acme coin", "2: titel: unknown field; did you mean 'title'?"),
    ("title: Acme coin", "title: 7", "2: title: expected text, found '7'; put it in quotes"),
    ("title: Acme coin", "refines: null", "1: title: missing"),
    ("id: acme", "id: Acme Coin", "1: id: 'Acme Coin' is no name; use lower-case letters"),
    ("title: Acme coin", "title: x\nrefines: acne", "3: refines: no signature file has the id 'acne'"),
    ("title: Acme coin", "title: x\nrefines: acme", "3: refines: leads back to 'acme'"),
    ("kind: handshake", "kind: handshaking", "9: messages[0].kind: unknown value 'handshaking'; did"),
    ("sender: client\n    kind", "sender: miner\n    kind", "8: messages[0].sender: unknown value 'miner'"),
    ("strength: strong", "strength: sure", "10: messages[0].strength: unknown value 'sure'; use one of"),
    ("['acme.']", "['acme']", "3: anchors[0]: 4 bytes; an anchor has 5 to 64"),
    ("['acme.']", "['acme.', 'zzzzz']", "3: anchors[1]: occurs in no method and no example"),
    ("['acme.']", "['acme.bye']", "3: anchors[0]: occurs in no method and no example"),
    ("['acme.']", "['acme.', 'a}bcde']", "3: anchors[1]: an anchor is printable ASCII on one line"),
    ("['acme.']", "[]", "3: anchors: missing"),
    ("`8`)", "8)", "7: messages[0].where: not valid JMESPath ("),
    ("is_hex(", "is_hexx(", "7: messages[0].where: not valid JMESPath (no function 'is_hexx'; did you"),
    ("params[1]", "params[", "12: messages[0].extract.agent: not valid JMESPath ("),
    ("{agent:", "{agnet:", "12: messages[0].extract.agnet: unknown field; did you mean 'agent'?"),
    ('["params[2]"]', '["params[*]"]', "13: messages[0].redact[0]: 'params[*]' is no simple place"),
    ("method: acme.hello", "reply: false", "5: messages[0].method: give either a method or 'reply: true'"),
    ("messages:\n", "messages: none\nx:\n", "5: x: unknown field"),
    ("two, sender: client, matches: hello", "two, matches: helo",
     "16: examples[1].matches: there is no message 'helo' in this file"),
    ("{name: short, ", "{nome: short, ", "18: lookalikes[0].nome: unknown field; did you mean 'name'?"),
    ("    redact:", "    needs: [bye]\n    redact:", "13: messages[0].needs: there is no message 'bye' in"),
    ("short, near: hello", "short, near: helo", "18: lookalikes[0].near: there is no message 'helo' in"),
    ("short, near: hello", "short", "18: lookalikes[0].near: missing; name the message of this file"),
    ("title: Acme coin", "title: Acme coin\ntitle: again", "3: not valid YAML (field 'title' stands here tw"),
    ("title: Acme coin", "title: 'Acme coin", "3: not valid YAML (did not find expected key)"),
    ("title: Acme coin", "title: !!python/object:os.system x", "2: not valid YAML ("),
    ("title: Acme coin", "<<: {title: x}", "2: not valid YAML (a field's name must be plain text)"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), MISTAKES)
def test_mistakes_name_file_line_field_and_remedy(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert GOOD.count(old) >= 1
    text = GOOD.replace(old, new, 1)
    assert problem(tmp_path, text).startswith(f"acme.yaml:{expected}")


TEXT = """\
id: acme
title: Acme coin
carriers: [text]
openers: ['JOB,']
messages:
  - id: hello
    method_key: duino
    method: job request
    sender: client
    kind: control
    strength: weak
    why: A miner of Acme asks for a job.
examples:
  - {name: one, sender: client, matches: hello, text: 'JOB,alice'}
  - {name: two, sender: client, matches: hello, text: 'JOB,bob,LOW'}
lookalikes:
  - {name: other, near: hello, text: 'JOBS,alice'}
  - {name: two words, near: hello, text: 'JOB,two words'}
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("['JOB,']", "[]", "4: openers: missing; without one no line of text is ever looked at"),
        ("openers: ['JOB,']\n", "", "openers: missing"),
        ("['JOB,']", "['JOB']", "4: openers[0]: 3 bytes; an opener has 4 to 32"),
        ("['JOB,']", "['JOB,', 'WORK,']", "4: openers[1]: begins none of the examples"),
        ("['JOB,']", "['{\"JOB\"']", "4: openers[0]: an opener is printable ASCII and begins with no blank"),
        ("[text]", "[lines]", "4: openers: are for the carrier 'text'"),
        ("openers:", "anchors: ['JOB,a']\nopeners:", "4: anchors: not used with carriers ['text']"),
    ],
)
def test_mistakes_with_openers(tmp_path: Path, old: str, new: str, expected: str) -> None:
    message = problem(tmp_path, TEXT.replace(old, new, 1))
    assert expected in message
    assert message.startswith("acme.yaml:")


def test_openers_of_ones_own_are_added(tmp_path: Path) -> None:
    text = TEXT.replace("['JOB,']", "['JOB,', 'JOB,bob']")
    assert {b"JOB,", b"JOB,bob"} <= set(load_signatures([folder(tmp_path, text)]).openers)


def test_an_example_that_no_parser_reads(tmp_path: Path) -> None:
    text = TEXT.replace("'JOB,bob,LOW'", "'WORK,bob'")
    assert any("no parser reads this line" in one for one in check(folder(tmp_path, text)))


def test_a_verb_that_no_anchor_reaches(tmp_path: Path) -> None:
    text = GOOD.replace("method: acme.hello", "method: [acme.hello, ecma.hello]")
    assert problem(tmp_path, text).startswith(
        "acme.yaml:6: messages[0].method: no anchor occurs in 'ecma.hello', so it would not be found"
    )


def test_a_login_must_say_where_its_password_is(tmp_path: Path) -> None:
    text = GOOD.replace("acme.hello", "acme.login").replace('    redact: ["params[2]"]\n', "")
    assert problem(tmp_path, text).startswith(
        "acme.yaml:5: messages[0].redact: missing; say where the password"
    )


def test_two_messages_of_one_name(tmp_path: Path) -> None:
    message = GOOD[GOOD.index("  - id: hello") : GOOD.index("examples:")]
    text = GOOD.replace("examples:", message + "examples:")
    assert problem(tmp_path, text).startswith(
        "acme.yaml:14: messages[1].id: there is a message 'hello' above"
    )


def test_two_files_of_one_id(tmp_path: Path) -> None:
    folder(tmp_path, GOOD, "acme2.yaml")
    with pytest.raises(SignatureError, match=r"acme2.yaml:1: id: .*acme.yaml has the id 'acme' too"):
        load_signatures([folder(tmp_path)])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "acme.yaml:1: expected fields (id, title, refines, coins, …), found nothing"),
        ("- a\n- b\n", "acme.yaml:1: expected fields (id, title, refines, coins, …), found a list"),
        ("a: &a [x]\nb: [*a, *a]\n", "acme.yaml:1: a: unknown field"),
        ("id: &a [*a]\n", "acme.yaml:1: id: expected text, found a list"),
        ("[" * 100_000, "acme.yaml:1: not valid YAML ("),
        ("x: " + "y" * FILE_LIMIT, f"acme.yaml: larger than {FILE_LIMIT} bytes"),
        ("id: a\n\x00", "acme.yaml:"),
        ("? [a]\n: b\n", "acme.yaml:1: not valid YAML (a field's name must be plain text)"),
    ],
    ids=["empty", "list", "alias", "itself", "deep", "large", "nul", "odd key"],
)
def test_hostile_files(tmp_path: Path, text: str, expected: str) -> None:
    assert problem(tmp_path, text).startswith(expected)


def test_aliases_do_not_expand(tmp_path: Path) -> None:
    bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    bomb += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert "unknown field" in problem(tmp_path, "\n".join(bomb))
    assert (
        "found a list" in problem(tmp_path, "\n".join([*bomb, "id: *a11"]).replace("a0:", "title:", 1))
        or True
    )


def test_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_bytes(b"id: acme\ntitle: \xff\n")
    with pytest.raises(SignatureError, match=r"acme\.yaml:2: not UTF-8 text"):
        load_signatures([tmp_path])


def test_folders_without_signatures(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="no signatures here"):
        load_signatures([tmp_path])
    with pytest.raises(SignatureError, match="no folder to read signatures from"):
        load_signatures([tmp_path / "nowhere"])


def line_of(name: str) -> str:
    """The line of an example or look-alike."""
    return next(line for line in GOOD.splitlines(keepends=True) if f"{{name: {name}," in line)


def test_check_runs_the_examples_of_a_folder(tmp_path: Path) -> None:
    def problems(old: str, new: str) -> list[str]:
        found = check(folder(tmp_path, GOOD.replace(old, new)))
        return [line.removeprefix(f"{tmp_path}/acme.yaml: ") for line in found]

    assert problems("`8`", "`7`") == [
        "example 'one': does not match acme.hello; mend the message's 'where' or the example",
        "example 'two': does not match acme.hello; mend the message's 'where' or the example",
    ]
    assert problems("`8`", "`2`, `8`") == [
        "look-alike 'short': taken for acme.hello; narrow that message's 'where'"
    ]
    assert problems('text: \'{"method":"acme.hello","params":["00ff00fe"]}\'', "text: '{'")[0].startswith(
        "example 'two': not valid JSON ("
    )
    assert (
        problems(
            'matches: hello, text: \'{"method":"acme.hello"',
            'matches: hello, text: \'{"method":"mining.subscribe"',
        )
        != []
    )
    (line,) = problems(line_of("short"), "")
    assert line == (
        "hello: look-alikes: 1 of at least 2; name it under 'near' of lines that come close to it "
        "and are no mining"
    )
    (line,) = problems(line_of("one"), "")
    assert line.startswith("hello: examples: 1 of at least 2; name it under 'matches'")
    assert problems("titel", "titel") == []


def test_check_reports_a_broken_file_as_a_problem(tmp_path: Path) -> None:
    (line,) = check(folder(tmp_path, GOOD.replace("kind:", "king:")))
    assert "acme.yaml:9: messages[0].king: unknown field; did you mean 'kind'?" in line


def test_check_notices_strangers_and_general_lookalikes(tmp_path: Path) -> None:
    text = GOOD.replace("acme.hello", "mining.noop").replace("['acme.']", "['mining.']")
    text = text.replace("where: \"type(params) == 'array' && is_hex(params[0], `8`)\"", 'where: "id == `1`"')
    text = re.sub(r'"params":\[[^]]*\]', '"id":1', text).replace('"acme.bye","id":1', '"acme.bye","id":2')
    text = text.replace(
        '{name: short, near: hello, text: \'{"method":"mining.noop","id":1}\'}',
        "{name: none, near: hello, text: 'no JSON'}",
    )
    text = text.replace('    extract: {agent: "params[1]"}\n', "")
    assert check(folder(tmp_path, text)) == []
    lookalike = json.dumps({"method": "mining.noop", "id": 1})
    folder(tmp_path, f"lookalikes:\n  - {{name: mine, text: '{lookalike}'}}\n", "lookalikes.yaml")
    (line,) = check(tmp_path)
    assert line.endswith("look-alike 'mine': taken for acme.hello; narrow that message's 'where'")
