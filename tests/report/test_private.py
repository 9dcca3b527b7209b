"""Passwords and what is no mining traffic get into no report, no story, no event and no comment."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netminedet import explain, scan, watch
from netminedet.report.formats import format_names, load_format
from netminedet.report.story import render_story
from netminedet.signatures.checker import messages_in
from netminedet.signatures.text import SECRET_KEYS, detail, excerpt
from tests.frames import write_pcap
from tests.private import (
    CANARY,
    CHAT,
    CRYPTONOTE,
    ETHPROXY,
    GETWORK,
    MAIL,
    OTHER,
    PAGE,
    STRATUM,
    TOKEN,
    comments,
)
from tests.talks import CLIENT, Said, frames_of, over_websocket, signatures

TALKS: dict[str, list[Said]] = {
    "stratum": STRATUM,
    "stratum-over-websocket": over_websocket(STRATUM),
    "cryptonote": CRYPTONOTE,
    "cryptonote-over-websocket": over_websocket(CRYPTONOTE),
    "eth-proxy": ETHPROXY,
    "getwork": GETWORK,
    "getwork-after-a-page": PAGE + GETWORK,
    "page-between": GETWORK[:2] + PAGE + GETWORK[2:],
    "chat-around": CHAT + STRATUM + CHAT,
    "chat-between": STRATUM[:6] + CHAT + STRATUM[6:],
    "mail-before": MAIL + STRATUM,
}


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("private")
    found = {}
    for name, talk in TALKS.items():
        found[name] = folder / f"{name}.pcap"
        write_pcap(found[name], frames_of(talk))
    return found


def shown(path: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """Everything that is ever shown of a capture, with what shows it."""
    report = scan(path, evidence=folder)
    assert report.suspects, path
    for form in format_names():
        stream = io.StringIO()
        load_format(form).render(report, stream, color=False, width=300)
        yield form, stream.getvalue()
    story = explain(path, CLIENT[0])
    stream = io.StringIO()
    render_story(story, stream, width=160)
    yield "story", stream.getvalue() + repr([(line.details, line.excerpt) for line in story.lines])
    events: list[dict[str, Any]] = []
    watch(replay=str(path), speed=None, on_event=events.append)
    yield "watch", json.dumps(events)
    for file in folder.rglob("*.pcapng"):
        yield "comments", " ".join(comments(file.read_bytes()))


@pytest.mark.parametrize("name", TALKS)
def test_nothing_private_is_shown(captures: dict[str, Path], tmp_path: Path, name: str) -> None:
    seen = set()
    for what, text in shown(captures[name], tmp_path):
        seen.add(what)
        for secret in (CANARY, OTHER, TOKEN):
            assert secret not in text, what
    assert {"json", "story", "watch", "comments"} <= seen


def places() -> Iterator[Any]:
    """Every message of a signature that has a password at a place, by its examples that have the place."""
    for dialect in signatures().dialects:
        for pattern in dialect.patterns:
            examples = [one.text for one in dialect.examples if pattern.id in one.matches]
            for place in pattern.redact:
                for number, text in enumerate(examples):
                    if put(messages_in(text, text=False)[0], place):
                        name = f"{dialect.id}.{pattern.id}-{number}"
                        yield pytest.param(text, place, id=name)


def put(message: Any, place: tuple[str | int, ...]) -> bool:
    """Write the canary where the password stands; whether there is such a place."""
    for step in place[:-1]:
        try:
            message = message[step]
        except (KeyError, IndexError, TypeError):
            return False
    last = place[-1]
    if isinstance(message, list) and isinstance(last, int):
        message += [""] * (last + 1 - len(message))
    elif not isinstance(message, dict):
        return False
    message[last] = CANARY
    return True


@pytest.mark.parametrize(("text", "place"), list(places()))
def test_every_signature_cuts_its_passwords_out(text: str, place: tuple[str | int, ...]) -> None:
    (message, *_) = messages_in(text, text=False)
    assert put(message, place)
    matches = signatures().match(message)
    assert CANARY not in signatures().excerpt(message, matches)
    assert all(CANARY not in value for match in matches for value in match.details.values())


KEYS = ("pass", "Password", "x-pass", "token", "access-token", "api-key", "Authorization", "passphrase")


@pytest.mark.parametrize("key", KEYS)
def test_keys_that_hold_secrets(key: str) -> None:
    assert key.lower() in SECRET_KEYS
    assert CANARY not in excerpt({"a": [{key: CANARY}], key: {"deep": [CANARY]}}, ())


URLS = {
    f"stratum+tcp://me.rig1:{CANARY}@pool.example:3333": "stratum+tcp://me.rig1:***@pool.example:3333",
    f"ssl://a:{CANARY}@b, ssl://c:{CANARY}@d:1/": "ssl://a:***@b, ssl://c:***@d:1/",
    f"http://a:p@{CANARY}@b/": "http://a:***@b/",
    "http://pool.example:80/@x": "http://pool.example:80/@x",
}


@pytest.mark.parametrize("url", URLS)
def test_passwords_within_addresses_of_pools(url: str) -> None:
    assert json.loads(excerpt({"url": url}, ())) == {"url": URLS[url]}
    assert detail(url) == URLS[url]
