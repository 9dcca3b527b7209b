"""Chia's pool protocol over HTTP: answers have no id and come in turn."""

from __future__ import annotations

import json

import pytest

from netminedet.suspects import Shares, Verdict
from tests.talks import Said, http_answer, http_request, suspects
from tests.test_unusual import PARTIAL

TAKEN = {"new_difficulty": 10}
REFUSED = {"error_code": 5, "error_message": "Proof of space not good enough"}


def handed_in(number: int = 1) -> Said:
    return "C", http_request(json.dumps(PARTIAL).encode(), "/partial") * number


def told(*bodies: object) -> Said:
    return "S", b"".join(http_answer(json.dumps(body).encode()) for body in bodies)


@pytest.mark.parametrize(
    ("talk", "shares"),
    [
        pytest.param([handed_in(), told(TAKEN)] * 3, Shares(3, 3, 0), id="taken"),
        pytest.param([handed_in(), told(TAKEN), handed_in(), told(REFUSED)], Shares(2, 1, 1), id="refused"),
        pytest.param([handed_in(2), told(REFUSED, TAKEN)], Shares(2, 1, 1), id="pipelined"),
        pytest.param([handed_in(), told({"ok": True})] * 2, Shares(2, 0, 0), id="other-answers"),
        pytest.param(
            [handed_in(), told(TAKEN, TAKEN), handed_in()], Shares(2, 1, 0), id="one-answer-too-many"
        ),
    ],
)
def test_partials_are_counted_by_their_answers(talk: list[Said], shares: Shares) -> None:
    (suspect,) = suspects(talk)
    assert suspect.verdict is Verdict.CONFIRMED
    assert suspect.shares == shares


def test_answers_alone_are_nothing() -> None:
    assert suspects([told(TAKEN), told(REFUSED)]) == ()
