"""JMESPath's own library, with the functions added to it.

Parses expressions, and evaluates what ``translate`` leaves to it.  Imported when an expression is
parsed or such a part is met: a run that finds its expressions parsed (see ``cache``) does
not pay for it.
"""

from __future__ import annotations

import difflib
from typing import Any

from jmespath import functions
from jmespath.exceptions import EmptyExpressionError, JMESPathError
from jmespath.parser import Parser
from jmespath.visitor import Options, TreeInterpreter

from netminedet.signatures.functions import (
    from_hex,
    has_version,
    is_0xhex,
    is_hex,
    is_miner_agent,
    is_number,
    is_wallet,
)

_ANYTHING: dict[str, Any] = {"types": []}
_VARIADIC = {**_ANYTHING, "variadic": True}


class Functions(functions.Functions):  # type: ignore[misc]
    """JMESPath's functions and those added here, under the names that the library looks for."""

    @functions.signature(_VARIADIC)  # type: ignore[untyped-decorator]
    def _func_is_hex(self, *arguments: object) -> bool:
        return is_hex(*arguments)

    @functions.signature(_VARIADIC)  # type: ignore[untyped-decorator]
    def _func_is_0xhex(self, *arguments: object) -> bool:
        return is_0xhex(*arguments)

    @functions.signature(_ANYTHING)  # type: ignore[untyped-decorator]
    def _func_is_number(self, value: object) -> bool:
        return is_number(value)

    @functions.signature(_ANYTHING)  # type: ignore[untyped-decorator]
    def _func_is_wallet(self, value: object) -> bool:
        return is_wallet(value)

    @functions.signature(_ANYTHING)  # type: ignore[untyped-decorator]
    def _func_has_version(self, value: object) -> bool:
        return has_version(value)

    @functions.signature(_ANYTHING)  # type: ignore[untyped-decorator]
    def _func_is_miner_agent(self, value: object) -> bool:
        return is_miner_agent(value)

    @functions.signature(_ANYTHING)  # type: ignore[untyped-decorator]
    def _func_from_hex(self, value: object) -> int | None:
        return from_hex(value)


_FUNCTIONS = Functions()
OPTIONS = Options(custom_functions=_FUNCTIONS)


def parse(text: str) -> dict[str, Any]:
    """The syntax tree of an expression; raises ValueError with one line of text if it is wrong."""
    try:
        tree: dict[str, Any] = Parser().parse(text).parsed
    except (JMESPathError, EmptyExpressionError, RecursionError) as error:
        raise ValueError(_one_line(error)) from None
    _check_functions(tree)
    return tree


def interpreted(node: dict[str, Any], value: Any) -> Any:
    """What a part of an expression, left to JMESPath's own interpreter, finds in the value."""
    return TreeInterpreter(options=OPTIONS).visit(node, value)


def call(name: str, arguments: list[Any]) -> Any:
    """Call one of JMESPath's functions; raises JMESPathError for arguments that it does not take."""
    return _FUNCTIONS.call_function(name, arguments)


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
