"""Datagrams of UDP in plain words, each whole by itself: how mining machines are searched for and answer.

**cgminer's multicast** (API-README, "API Multicast", and ``mcast()`` in api.c of
https://github.com/ckolivas/cgminer): whoever looks for machines sends ``cgminer-CODE-PORT`` to 224.0.0.75,
port 4028.  A machine answers to the sender's address and that PORT, from a port of its own: ``cgm-FTW-``,
the port of its management interface, ``-``, a description that its owner may have given it, and NUL.  So
question and answer are two flows.
"""

from __future__ import annotations

import re

from netminedet.model import Message
from netminedet.protocols.interpreter import Interpreter
from netminedet.protocols.machines import MAX_TEXT, clean
from netminedet.protocols.recogniser import Recogniser
from netminedet.protocols.segment import Segment

#: How it comes, as signature files call it.
CARRIER = "datagram"
#: Longest datagram that is read; cgminer's buffer for what it sends, and for what it takes.
MAX_DATAGRAM = 1024
_PORT = r"([1-9]\d{0,4})"
_SEARCH = re.compile(rf"cgminer-[!-~]{{1,{MAX_TEXT}}}-{_PORT}\Z", re.ASCII)
_ANSWER = re.compile(rf"cgm-FTW-{_PORT}-(.*)\Z", re.ASCII)


def read_datagram(signatures: Recogniser, segment: Segment) -> list[Message]:
    """The messages of one datagram, by the signatures; none where it says nothing of mining."""
    value = datagram_object(segment.data)
    return [] if value is None else Interpreter(signatures).read(segment, value, CARRIER)


def datagram_object(data: bytes) -> dict[str, object] | None:
    """What a datagram says, as the object that the conditions of signatures see; None for any other."""
    if len(data) > MAX_DATAGRAM:
        return None
    text = data.removesuffix(b"\0").decode("utf-8", "replace").removesuffix("\n")
    if not text.isprintable():
        return None
    if (search := _SEARCH.match(text)) and int(search[1]) <= 0xFFFF:
        return {"api": "search", "family": "cgminer"}
    if (answer := _ANSWER.match(text)) and int(answer[1]) <= 0xFFFF:
        return {"api": "found", "family": "cgminer", "port": int(answer[1]), "description": clean(answer[2])}
    return None
