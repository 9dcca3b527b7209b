"""What tells that whoever was asked for mining speaks something else: a web server, a mail server, a node.

Anybody can send a line of Stratum anywhere, as those do who look for pools.  Where the answer shows that
nobody there mines, the line was a question and no more.
"""

from __future__ import annotations

import re
from typing import Any

from netminedet.protocols.http import Head

#: Parse error, invalid request, method not found, invalid params (JSON-RPC 2.0 section 5.1).
_UNKNOWN_CALL = frozenset((-32700, -32600, -32601, -32602))
#: The last of them a pool may say too, of an address that is none.
_OTHER_SERVICE = _UNKNOWN_CALL - {-32602}
_UNKNOWN_TEXT = re.compile(
    r"\b(?:unknown|unsupported|no such|unrecognized) (?:method|command|procedure)\b|\bmethod not found\b",
    re.I,
)
#: Bad request, not found, method not allowed, unsupported media type, not implemented (RFC 9110 section 15).
_NO_SUCH_SERVICE = frozenset((400, 404, 405, 410, 415, 501))
#: Bytes that tell whether an answer is text, and how many of it are shown.
_LOOK = 64
_TEXT = re.compile(rb"[\t\r\n -~]{4,}")
#: what a pool that takes nobody in may say in plain words
_OF_MINING = re.compile(rb"\b(?:ban(?:ned)?|miners?|mining|pool|shares?|stratum|wallet|workers?)\b", re.I)
_TLS_ALERT = re.compile(rb"\x15\x03[\x00-\x04]\x00\x02[\x01\x02]")


def is_unknown_call(value: dict[str, Any]) -> bool:
    """Whether a reply says that it is no call it knows: no pool's word."""
    return _code(value) in _UNKNOWN_CALL


def is_other_service(value: dict[str, Any]) -> bool:
    """Whether a reply says that its sender knows no such call, or cannot read it."""
    if "method" in value or value.get("result") is not None:
        return False
    error = value.get("error")
    text = error.get("message") if isinstance(error, dict) else error
    return _code(value) in _OTHER_SERVICE or (
        isinstance(text, str) and _UNKNOWN_TEXT.search(text[:256]) is not None
    )


def other_tongue(data: bytes) -> str:
    """The first words of an answer that is no JSON but text, or TLS that wants none; else nothing."""
    if _TLS_ALERT.match(data):
        return "TLS alert"
    if data.lstrip(b" \t\r\n\0")[:1] in (b"", b"{", b"[") or not _is_text(data):
        return ""
    return data[:_LOOK].decode("ascii").strip().partition("\r")[0].partition("\n")[0]


def _is_text(data: bytes) -> bool:
    """Whether it is text, and none of mining but for what it quotes of the question."""
    if _TEXT.fullmatch(data[:_LOOK]) is None:
        return False
    own_words = re.split(rb"[\"'`{<]", data[:256], maxsplit=1)[0]
    return _OF_MINING.search(own_words) is None


def no_service(head: Head) -> str:
    """The status of an HTTP answer that has no such service, or a page instead; else nothing."""
    is_page = head.status < 400 and head.headers.get("content-type", "").lower().startswith("text/html")
    return f"HTTP {head.status}" if head.status in _NO_SUCH_SERVICE or is_page else ""


def _code(value: dict[str, Any]) -> int | None:
    error = value.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) else None
