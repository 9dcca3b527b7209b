"""The words with which the rigs of the Panchan botnet greet each other, on TCP port 1919.

A rig greets with one line and names another rig with the next (ET OPEN 2036997).
"""

from __future__ import annotations

import re

_GREETING = "pan-chan's mining rig hi!"
_PEER = re.compile(r"sharepeer ([0-9A-Fa-f.:]{3,45})\Z")


def panchan_objects(line: str) -> list[dict[str, object]]:
    """The line as an object for the conditions of signatures: what it is under "panchan"; else none."""
    words = line.strip()
    if words == _GREETING:
        return [{"panchan": "greeting"}]
    peer = _PEER.match(words)
    return [{"panchan": "peer", "address": peer[1]}] if peer else []
