"""Nothing in a case can be changed without being told, and no case can harm whoever checks it."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from netminedet import language, scan
from netminedet.casefile import CaseOptions, make_case, verify_case
from netminedet.casefile.manifest import MANIFEST, SIGNATURE, canonical_json, digest, is_plain
from netminedet.casefile.signing import load_private, load_public
from netminedet.cli.main import run
from netminedet.errors import NetminedetError
from netminedet.language import choose
from netminedet.report.document import json_text
from tests.conftest import SAMPLES

pytest.importorskip("cryptography")

MIXED = str(SAMPLES / "mixed.pcapng")
HOST = "10.8.0.11"
NOW = datetime(2026, 3, 3, 9, 30, tzinfo=timezone.utc)


def pem(folder: Path, name: str) -> tuple[str, str]:
    """A pair of keys in files."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    encoding, public_form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private.write_bytes(key.private_bytes(encoding, *plain))
    public.write_bytes(key.public_key().public_bytes(encoding, public_form))
    return str(private), str(public)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a report, two pairs of keys, and a signed case in both forms."""
    root = tmp_path_factory.mktemp("made")
    report = root / "report.json"
    report.write_text(json_text(scan(MIXED).to_dict()), encoding="utf-8")
    private, _ = pem(root, "ours")
    pem(root, "theirs")
    for target in ("case", "case.zip"):
        make_case(
            str(report), HOST, [MIXED], str(root / target), CaseOptions(), sign=load_private(private), now=NOW
        )
    return root


@pytest.fixture
def case(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made / "case", tmp_path / "case")
    return tmp_path / "case"


def problems(path: Path, public: Path | None = None) -> tuple[str, ...]:
    return verify_case(str(path), load_public(str(public)) if public else None).problems


@pytest.mark.parametrize("form", ["case", "case.zip"])
def test_what_was_not_changed(made: Path, form: str) -> None:
    assert verify_case(str(made / form)).signature == "there"
    found = verify_case(str(made / form), load_public(str(made / "ours.pub")))
    assert (found.problems, found.signature) == ((), "valid")
    assert found.sha256 == digest((made / "case" / MANIFEST).read_bytes())


def test_another_key_is_told(made: Path) -> None:
    found = verify_case(str(made / "case"), load_public(str(made / "theirs.pub")))
    assert found.signature == "invalid"
    assert found.problems


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    yield
    choose("en")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a bit": (lambda case: flip(case / "packets.pcapng"), "packets.pcapng: altered"),
    "longer": (lambda case: (case / "story.txt").open("a").write("x"), "story.txt: altered: more than"),
    "shorter": (lambda case: os.truncate(case / "story.txt", 10), "story.txt: altered: 10 of"),
    "empty": (lambda case: (case / "suspect.json").write_text(""), "suspect.json: altered: 0 of"),
    "gone": (lambda case: (case / "README.txt").unlink(), "README.txt: missing"),
    "more": (lambda case: (case / "more.txt").write_text("x"), "more.txt: added"),
    "more below": (lambda case: (case / "signatures" / "x.yaml").write_text("x"), "signatures/x.yaml: added"),
    "hidden": (lambda case: (case / ".hidden").write_text("x"), ".hidden: added"),
    "odd name": (lambda case: (case / "a b\x1b[31m").write_text("x"), "added, under a name"),
    "signature": (lambda case: os.truncate(case / SIGNATURE, 63), "manifest.sig: altered"),
    "renamed": (lambda case: (case / "story.txt").rename(case / "tale.txt"), "story.txt: missing"),
    "link": (lambda case: (case / "link").symlink_to("story.txt"), "link: is no regular file"),
    "link out": (
        lambda case: ((case / "story.txt").unlink(), (case / "story.txt").symlink_to("/etc/passwd")),
        "story.txt: is no regular file",
    ),
    "pipe": (lambda case: os.mkfifo(case / "pipe"), "pipe: is no regular file"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_is_told(case: Path, name: str) -> None:
    change, told = CHANGES[name]
    change(case)
    found = problems(case)
    assert any(told in problem for problem in found), found
    choose("zh")
    assert not [one for one in map(language.told, found) if re.search("[a-z]{3,} [a-z]{3,}", one)]


@pytest.mark.parametrize(
    "name", ["packets.pcapng", "suspect.json", "story.txt", "signatures/stratum-v1.yaml"]
)
def test_all_files_count(case: Path, name: str) -> None:
    flip(case / name)
    assert problems(case) == (f"{name}: altered",)


def rewrite(case: Path, change: Callable[[dict[str, object]], object]) -> None:
    document = json.loads((case / MANIFEST).read_bytes())
    change(document)
    (case / MANIFEST).write_bytes(canonical_json(document))


def test_only_a_signature_shows_that_the_manifest_was_changed_too(case: Path, made: Path) -> None:
    """The reason to sign, or to keep the manifest's hash: without either this is not seen."""
    text = b"nothing of the kind was said\n"
    (case / "story.txt").write_bytes(text)

    def change(document: dict[str, object]) -> None:
        for entry in document["files"]:  # type: ignore[attr-defined]
            if entry["path"] == "story.txt":
                entry.update(size=len(text), sha256=digest(text))

    rewrite(case, change)
    assert problems(case) == ()
    assert verify_case(str(case)).sha256 != digest((made / "case" / MANIFEST).read_bytes())
    assert any(SIGNATURE in problem for problem in problems(case, made / "ours.pub"))
    (case / SIGNATURE).unlink()
    assert problems(case, made / "ours.pub") == (
        f"{SIGNATURE}: missing, and a key was given to check it with",
    )


MANIFESTS: dict[str, bytes] = {
    "not JSON": b"{",
    "not ours": b"{}",
    "deep": b"[" * 100_000,
    "not UTF-8": b'{"schema":"\xff"}',
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_what_is_no_manifest(case: Path, name: str) -> None:
    (case / MANIFEST).write_bytes(MANIFESTS[name])
    found = verify_case(str(case))
    assert found.manifest is None
    assert found.problems[0].startswith(f"{MANIFEST}: ")


def test_a_manifest_that_was_written_anew(case: Path) -> None:
    document = json.loads((case / MANIFEST).read_bytes())
    (case / MANIFEST).write_text(json.dumps(document, indent=2))
    assert "not in its canonical form" in problems(case)[0]


OUTSIDE = (
    "../../etc/passwd",
    "/etc/passwd",
    "C:/x",
    "a\\b",
    "a//b",
    "./a",
    "a/..",
    "",
    ".",
    "a/.b",
    "é",
    "a\x00b",
)


@pytest.mark.parametrize("path", [*OUTSIDE, MANIFEST])
def test_a_manifest_that_names_what_is_outside(case: Path, path: str) -> None:
    assert path == MANIFEST or not is_plain(path)
    entry = {"path": path, "size": 1, "sha256": "0" * 64, "about": ""}
    rewrite(case, lambda document: document["files"].append(entry))  # type: ignore[attr-defined]
    assert "is no name of a file of a case" in problems(case)[0]


def packed(made: Path, change: Callable[[zipfile.ZipFile, dict[str, bytes]], object]) -> bytes:
    """The case packed anew by another hand."""
    with zipfile.ZipFile(made / "case.zip") as whole:
        inside = {name: whole.read(name) for name in whole.namelist()}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        change(target, inside)
        for name, data in inside.items():
            target.writestr(name, data)
    return stream.getvalue()


def link(target: zipfile.ZipFile, _inside: object) -> None:
    entry = zipfile.ZipInfo("link")
    entry.external_attr = 0o120777 << 16
    target.writestr(entry, "/etc/passwd")


ZIPS: dict[str, tuple[Callable[[zipfile.ZipFile, dict[str, bytes]], object], str]] = {
    "slip": (lambda target, _: target.writestr("../../slip.txt", "x"), "../../slip.txt: added"),
    "root": (lambda target, _: target.writestr("/slip.txt", "x"), "/slip.txt: added"),
    "link": (link, "link: added"),
    "twice": (lambda target, _: target.writestr("story.txt", "another"), "story.txt: is there twice"),
    "folder": (lambda target, _: target.writestr("empty/", ""), "empty/: added"),
    "bomb": (
        lambda _, inside: inside.update({"story.txt": bytes(50_000_000)}),
        "story.txt: altered: more than",
    ),
    "added bomb": (lambda _, inside: inside.update({"more": bytes(50_000_000)}), "more: added"),
    "gone": (lambda _, inside: inside.pop("story.txt"), "story.txt: missing"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ZIPS)
def test_zip_files_made_by_an_enemy(made: Path, tmp_path: Path, name: str) -> None:
    change, told = ZIPS[name]
    path = tmp_path / "inner" / "case.zip"
    path.parent.mkdir()
    path.write_bytes(packed(made, change))
    found = problems(path)
    assert any(told in problem for problem in found), found
    assert [one.name for one in tmp_path.rglob("*") if one.is_file()] == ["case.zip"], "nothing is unpacked"


def test_damaged_zip_files(made: Path, tmp_path: Path) -> None:
    """Each is told as changed, or as no case; none crashes."""
    data = (made / "case.zip").read_bytes()
    path = tmp_path / "case.zip"
    for place in range(0, len(data), max(1, len(data) // 150)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        try:
            found = verify_case(str(path))
        except NetminedetError:
            continue
        assert found.problems or _same_content(path, made)


def _same_content(path: Path, made: Path) -> bool:
    """The change was in what zip keeps beside the files: times, permissions, checks that are kept twice."""
    with zipfile.ZipFile(made / "case.zip") as one, zipfile.ZipFile(path) as other:
        return all(one.read(name) == other.read(name) for name in one.namelist())


def test_a_zip_file_of_very_many_entries_is_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from netminedet.casefile import opened

    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as target:
        for number in range(200):
            target.writestr(f"{number:0100}", "")
    monkeypatch.setattr(opened, "MAX_FILES", 20)
    monkeypatch.setattr(opened.zipfile, "ZipFile", None)
    with pytest.raises(NetminedetError, match="more than 20 files"):
        verify_case(str(path))


def test_what_is_no_case(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04 and no more")
    with zipfile.ZipFile(tmp_path / "y.zip", "w") as target:
        target.writestr("a", "b")
    (tmp_path / "empty").mkdir()
    for name in ("x.zip", "y.zip", "empty", "none"):
        with pytest.raises(NetminedetError, match=r"no case|not there"):
            verify_case(str(tmp_path / name))


def test_other_captures_than_those_of_the_case(made: Path) -> None:
    found = verify_case(str(made / "case"), captures=[str(SAMPLES / "names.pcap")])
    assert [problem.rpartition(": ")[2] for problem in found.problems] == [
        "is none of the captures that the case names",
        "a capture of the case that was not given",
    ]


def test_keys_that_are_none(made: Path, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

    other = generate_private_key(SECP256R1())
    plain, secret = tmp_path / "ec.pem", tmp_path / "secret.pem"
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    plain.write_bytes(other.private_bytes(*form, serialization.NoEncryption()))
    secret.write_bytes(other.private_bytes(*form, serialization.BestAvailableEncryption(b"x")))
    (tmp_path / "text.pem").write_text("no key")
    wrong = {
        "none.pem": "cannot be read",
        "text.pem": "is no private key",
        "ec.pem": "is no key for Ed25519",
        "secret.pem": "is protected by a password",
    }
    for name, told in wrong.items():
        with pytest.raises(NetminedetError, match=told):
            load_private(str(tmp_path / name))
    with pytest.raises(NetminedetError, match="is no public key"):
        load_public(str(made / "ours.pem"))
    with pytest.raises(NetminedetError, match="is no private key"):
        load_private(str(made / "ours.pub"))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_agrees(made: Path) -> None:
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(made / "ours.pub"), "-rawin"]
    command += ["-in", str(made / "case" / MANIFEST), "-sigfile", str(made / "case" / SIGNATURE)]
    done = subprocess.run(command, capture_output=True, text=True)
    if "rawin" in done.stderr:
        pytest.skip("this openssl is too old to check Ed25519")
    assert done.returncode == 0, done.stderr


def test_the_command(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = str(tmp_path / "new.zip")
    report = str(made / "report.json")
    arguments = ["evidence", report, HOST, "--from", MIXED, "-o", target, "--by", "Li", "-q"]
    assert run([*arguments, "--sign", str(made / "ours.pem")]) == 0
    assert HOST in capsys.readouterr().out
    assert run(["evidence", "--verify", target, "--key", str(made / "ours.pub"), "--from", MIXED]) == 0
    shown = capsys.readouterr().out
    assert "unchanged" in shown
    assert "by Li" in shown
    assert "signed by the owner of the key" in shown
    assert run(["evidence", "--verify", target, "--key", str(made / "theirs.pub")]) == 1
    assert "CHANGED" in capsys.readouterr().out
    assert run(arguments) == 2, "it is there already"
    assert run(["evidence", "--verify", str(tmp_path / "none")]) == 2
    assert run(["evidence", report, HOST, "-o", str(tmp_path / "x")]) == 2
    assert run(["evidence", report, HOST, "--from", MIXED]) == 2
    assert run(["evidence", "--verify", target, "--flows"]) == 2
    assert run(["evidence"]) == 2
