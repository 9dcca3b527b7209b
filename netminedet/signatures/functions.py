"""The functions that signature files have besides JMESPath's own.

It knows neither patterns nor hexadecimal text.

``is_hex(value)``, ``is_hex(value, n)``, ``is_hex(value, least, most)``
    a string of hexadecimal digits without prefix, of exactly ``n`` or of ``least`` to
    ``most`` digits.
``is_0xhex(…)``
    the same behind a prefix ``0x``; the prefix is not counted.
``is_number(value)``
    a JSON number, or a string that holds a decimal number.
``is_wallet(value)``
    a login name whose account has the form of a coin's payment address.
``has_version(value)``
    a name with its version behind a slash, as programs name themselves: ``acme/1.0``, ``acme/v2``.
``is_miner_agent(value)``
    the name of a mining program, or of a proxy or market for them, that ``agents.csv`` knows.

``from_hex(value)``
    the number that a string of at most 16 hexadecimal digits means, else null.

They take arguments of any type; those called ``is_…`` or ``has_…`` answer true or false.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netminedet.signatures.logins import is_address, split_login

#: Hexadecimal digits and nothing else.
HEX = re.compile(r"[0-9a-fA-F]+")
_VERSION = re.compile(r"[^/]/[ a-zA-Z]?[0-9]")
#: Characters of a name in which a version is looked for.
_AGENT_LOOK = 256
_NUMBER = re.compile(r"[+-]?(?:\d{1,80}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,3})?", re.ASCII)


def _has_length(digits: str, bounds: tuple[object, ...]) -> bool:
    """Whether the text is hexadecimal and its length is that of ``bounds``: (), (n,) or (least, most)."""
    numbers = [bound for bound in bounds if isinstance(bound, int) and not isinstance(bound, bool)]
    if len(numbers) != len(bounds) or len(numbers) > 2:
        return False
    if numbers and not numbers[0] <= len(digits) <= numbers[-1]:
        return False
    return HEX.fullmatch(digits) is not None


def is_hex(value: object = None, *bounds: object) -> bool:
    """``is_hex``: see above."""
    return isinstance(value, str) and _has_length(value, bounds)


def is_0xhex(value: object = None, *bounds: object) -> bool:
    """``is_0xhex``: see above."""
    return isinstance(value, str) and value[:2] in ("0x", "0X") and _has_length(value[2:], bounds)


def is_number(value: object) -> bool:
    """``is_number``: see above."""
    if isinstance(value, str):
        return _NUMBER.fullmatch(value) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_wallet(value: object) -> bool:
    """``is_wallet``: see above."""
    return isinstance(value, str) and is_address(split_login(value)[0])


def has_version(value: object) -> bool:
    """``has_version``: see above."""
    return isinstance(value, str) and _VERSION.search(value[:_AGENT_LOOK]) is not None


def is_miner_agent(value: object) -> bool:
    """``is_miner_agent``: see above."""
    from netminedet.signatures.agents import shipped_agents

    agent = shipped_agents().classify(value) if isinstance(value, str) else None
    return agent is not None and agent.kind != "browser"


def from_hex(value: object) -> int | None:
    """``from_hex``: see above."""
    return int(value, 16) if isinstance(value, str) and _has_length(value, (1, 16)) else None


#: By the name that they have in an expression.
ADDED: dict[str, Callable[..., object]] = {
    "is_hex": is_hex,
    "is_0xhex": is_0xhex,
    "is_number": is_number,
    "is_wallet": is_wallet,
    "has_version": has_version,
    "is_miner_agent": is_miner_agent,
    "from_hex": from_hex,
}
#: Those that answer true or false, and false to null.
TRUTHS = frozenset(ADDED) - {"from_hex"}
