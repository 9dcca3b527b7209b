"""JMESPath for signature files: compiling, checking, evaluating, and the functions added to it.

JMESPath is specified at https://jmespath.org/specification.html.  Some functions are added,
because it has neither patterns nor a notion of hexadecimal text:

``is_hex(value)``, ``is_hex(value, n)``, ``is_hex(value, least, most)``
    a string of hexadecimal digits without prefix, of exactly ``n`` or of ``least`` to
    ``most`` digits.
``is_0xhex(…)``
    the same behind a prefix ``0x``; the prefix is not counted.
``is_number(value)``
    a JSON number, or a string that holds a decimal number.
``is_wallet(value)``
    a login name whose account has the form of a coin's payment address.
``is_miner_agent(value)``
    the name of a mining program, or of a proxy or market for them, that ``agents.csv`` knows.
``from_hex(value)``
    the number that a string of at most 16 hexadecimal digits means, else null.

This module is imported when the first expression is needed: a run that meets no JSON
message does not pay for jmespath.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import Any

from jmespath import functions
from jmespath.exceptions import EmptyExpressionError, JMESPathError
from jmespath.parser import Parser
from jmespath.visitor import Options, TreeInterpreter

from netminedet.signatures.closures import Evaluate, closure_of
from netminedet.signatures.logins import is_address, split_login

_HEX = re.compile(r"[0-9a-fA-F]+")
_NUMBER = re.compile(r"[+-]?(?:\d{1,80}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,3})?", re.ASCII)
_ANYTHING: dict[str, Any] = {"types": []}


def _has_length(digits: str, bounds: tuple[object, ...]) -> bool:
    """Whether the text is hexadecimal and its length is that of ``bounds``: (), (n,) or (least, most)."""
    numbers = [bound for bound in bounds if isinstance(bound, int) and not isinstance(bound, bool)]
    if len(numbers) != len(bounds) or len(numbers) > 2:
        return False
    if numbers and not numbers[0] <= len(digits) <= numbers[-1]:
        return False
    return _HEX.fullmatch(digits) is not None


class Functions(functions.Functions):  # type: ignore[misc]
    """JMESPath's functions and those added here."""

    @functions.signature({**_ANYTHING, "variadic": True})  # type: ignore[untyped-decorator]
    def _func_is_hex(self, value: object = None, *bounds: object) -> bool:
        return isinstance(value, str) and _has_length(value, bounds)

    @functions.signature({**_ANYTHING, "variadic": True})  # type: ignore[untyped-decorator]
    def _func_is_0xhex(self, value: object = None, *bounds: object) -> bool:
        return isinstance(value, str) and value[:2] in ("0x", "0X") and _has_length(value[2:], bounds)

    @functions.signature(_ANYTHING)  # type: ignore[untyped-decorator]
    def _func_is_number(self, value: object) -> bool:
        if isinstance(value, str):
            return _NUMBER.fullmatch(value) is not None
        return isinstance(value, (int, float)) and not isinstance(value, bool)

    @functions.signature(_ANYTHING)  # type: ignore[untyped-decorator]
    def _func_is_wallet(self, value: object) -> bool:
        return isinstance(value, str) and is_address(split_login(value)[0])

    @functions.signature(_ANYTHING)  # type: ignore[untyped-decorator]
    def _func_is_miner_agent(self, value: object) -> bool:
        from netminedet.signatures.agents import shipped_agents

        agent = shipped_agents().classify(value) if isinstance(value, str) else None
        return agent is not None and agent.kind != "browser"

    @functions.signature(_ANYTHING)  # type: ignore[untyped-decorator]
    def _func_from_hex(self, value: object) -> int | None:
        return int(value, 16) if isinstance(value, str) and _has_length(value, (1, 16)) else None

    def unchecked(self) -> dict[str, Callable[..., Any]]:
        """The functions added here: they take any arguments, so that no check need come before them."""
        return {
            "is_hex": self._func_is_hex,
            "is_0xhex": self._func_is_0xhex,
            "is_number": self._func_is_number,
            "is_wallet": self._func_is_wallet,
            "is_miner_agent": self._func_is_miner_agent,
            "from_hex": self._func_from_hex,
        }


_FUNCTIONS = Functions()
_OPTIONS = Options(custom_functions=_FUNCTIONS)


def _interpreted(node: dict[str, Any]) -> Evaluate:
    """A part of an expression left to JMESPath's own interpreter."""
    return lambda value: TreeInterpreter(options=_OPTIONS).visit(node, value)


class Expression:
    """One compiled JMESPath expression; raises ValueError with one line of text if it is wrong."""

    __slots__ = ("_evaluate", "parsed")

    def __init__(self, text: str) -> None:
        try:
            #: JMESPath's syntax tree
            self.parsed: dict[str, Any] = Parser().parse(text).parsed
        except (JMESPathError, EmptyExpressionError, RecursionError) as error:
            raise ValueError(_one_line(error)) from None
        _check_functions(self.parsed)
        self._evaluate = closure_of(self.parsed, _FUNCTIONS, _interpreted)

    def value(self, message: object) -> object:
        """What the expression finds in the message; None where it finds nothing or fails.

        JMESPath fails on values of types that a function does not take: to a signature
        that is a message of another shape.
        """
        try:
            return self._evaluate(message)
        except (JMESPathError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
            return None


def _one_line(error: Exception) -> str:
    first = str(error).strip().splitlines()
    return first[0].rstrip(":") if first else type(error).__name__


def _check_functions(node: object) -> None:
    """Refuse calls of functions that do not exist: JMESPath itself notices only when it calls them."""
    if not isinstance(node, dict):
        return
    name = node.get("value")
    if node.get("type") == "function_expression" and name not in Functions.FUNCTION_TABLE:
        near = difflib.get_close_matches(str(name), Functions.FUNCTION_TABLE, 1)
        raise ValueError(f"no function '{name}'" + (f"; did you mean '{near[0]}'?" if near else ""))
    for child in node.get("children", ()):
        _check_functions(child)
