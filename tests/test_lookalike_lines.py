"""The look-alikes of the signature files, spoken as conversations: nobody is accused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator

import pytest

from netminedet.model import Side
from netminedet.signatures import signature_dir
from netminedet.signatures.dialect import Dialect, Lookalike
from netminedet.signatures.reading import read_lookalikes
from tests.talks import Said, over_http, over_websocket, signatures, suspects

CARRIED: dict[str, Callable[[Iterable[Said]], list[Said]]] = {
    "lines": list,
    "HTTP": over_http,
    "WebSocket": over_websocket,
}

#: bytes in digits, which are no line
WRITTEN = re.compile("bytes: |sizes: ")


def spoken(dialect: Dialect, lookalikes: Iterable[Lookalike]) -> Iterator[Said]:
    """Each line by the side that says what it is near to; what asks is answered, as applications do."""
    senders = {pattern.id: pattern.sender for pattern in dialect.patterns}
    for one in lookalikes:
        sender = senders[one.near[0]] if one.near else Side.CLIENT
        yield "C" if sender is Side.CLIENT else "S", one.text
        try:
            value = json.loads(one.text)
        except ValueError:
            continue
        if sender is Side.CLIENT and isinstance(value, dict) and "method" in value:
            yield "S", {"jsonrpc": "2.0", "id": value.get("id"), "result": True}


@pytest.mark.parametrize("carrier", CARRIED)
@pytest.mark.parametrize("dialect", signatures().dialects, ids=lambda dialect: dialect.id)
def test_they_accuse_nobody(dialect: Dialect, carrier: str) -> None:
    lines = [one for one in dialect.lookalikes if not WRITTEN.search(one.text)]
    assert lines
    assert suspects(CARRIED[carrier](list(spoken(dialect, lines)))) == ()
    each = [CARRIED[carrier](list(spoken(dialect, [one]))) for one in lines]
    assert suspects(*each) == ()


@pytest.mark.parametrize("carrier", CARRIED)
def test_general_ones_accuse_nobody(carrier: str) -> None:
    dialect = signatures().dialect("stratum-v1")
    lines = read_lookalikes(signature_dir())
    assert suspects(CARRIED[carrier](list(spoken(dialect, lines)))) == ()
    assert suspects(*(CARRIED[carrier](list(spoken(dialect, [one]))) for one in lines)) == ()


def test_bytes_accuse_nobody() -> None:
    """What resembles Stratum V2 at the beginning of a connection, with and without a proper answer."""
    dialect = signatures().dialect("stratum-v2")
    answer = bytes.fromhex("000001060000020000000000")
    talks: list[list[Said]] = []
    for one in dialect.lookalikes:
        if one.text.startswith("bytes:"):
            data = bytes.fromhex(one.text.removeprefix("bytes:"))
            talks += [[("C", data)], [("C", data), ("S", answer)], [("C", data), ("S", data)]]
    assert len(talks) >= 12
    assert suspects(*talks) == ()
