"""JMESPath syntax trees as Python functions: the same meaning as the library's interpreter, ten times faster.

Signatures are tried on every message of every flagged flow.  The library walks its
syntax tree for each; here the tree is walked once, and what is left are functions that
call each other.  Parts that signatures do not use (projections, slices, sorting...) are
left to the library.  ``tests/signatures/test_closures.py`` holds both against each other.

Semantics: https://jmespath.org/specification.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from netminedet.signatures.functions import ADDED

Evaluate = Callable[[Any], Any]

_TYPES: dict[type, str] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
    type(None): "null",
}
_ORDER = {"lt": operator.lt, "lte": operator.le, "gt": operator.gt, "gte": operator.ge}


def closure_of(node: dict[str, Any]) -> Evaluate:
    """The function that evaluates ``node``, a JMESPath syntax tree, on a parsed JSON value.

    The result raises where the library would, if not always the same exception.
    """
    kind = node["type"]
    if kind in ("field", "index", "literal"):
        return _LEAVES[kind](node["value"])
    if kind in ("identity", "current"):
        return _same
    if kind not in _COMPOSED or (kind == "function_expression" and _has_reference(node)):
        from netminedet.signatures.library import interpreted

        return interpreted(node)
    children = [closure_of(child) for child in node["children"]]
    if kind in _BRANCHES:
        return _BRANCHES[kind](*children)
    if kind == "comparator":
        return _comparison(node["value"], *children)
    if kind == "multi_select_list":
        return lambda value: None if value is None else [child(value) for child in children]
    return _call(node["value"], children)


def _same(value: Any) -> Any:
    return value


def _field(name: str) -> Evaluate:
    return lambda value: value.get(name) if isinstance(value, dict) else None


def _index(at: int) -> Evaluate:
    def evaluate(value: Any) -> Any:
        if not isinstance(value, list) or not -len(value) <= at < len(value):
            return None
        return value[at]

    return evaluate


def _literal(constant: Any) -> Evaluate:
    return lambda _value: constant


def _chain(*steps: Evaluate) -> Evaluate:
    def evaluate(value: Any) -> Any:
        for step in steps:
            value = step(value)
        return value

    return evaluate


def _is_false(value: Any) -> bool:
    """Section "Or Expressions": empty values, null and false are false; the number 0 is true."""
    return value is None or value is False or (isinstance(value, (str, list, dict)) and not value)


def _and(left: Evaluate, right: Evaluate) -> Evaluate:
    def evaluate(value: Any) -> Any:
        found = left(value)
        return found if _is_false(found) else right(value)

    return evaluate


def _or(left: Evaluate, right: Evaluate) -> Evaluate:
    def evaluate(value: Any) -> Any:
        found = left(value)
        return right(value) if _is_false(found) else found

    return evaluate


def _not(inner: Evaluate) -> Evaluate:
    return lambda value: _is_false(inner(value))


def _equal(left: Any, right: Any) -> bool:
    """As JSON compares: true is not 1, whatever Python says."""
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    return bool(left == right)


def _comparison(name: str, left: Evaluate, right: Evaluate) -> Evaluate:
    if name == "eq":
        return lambda value: _equal(left(value), right(value))
    if name == "ne":
        return lambda value: not _equal(left(value), right(value))
    compare = _ORDER[name]

    def evaluate(value: Any) -> Any:
        one, other = left(value), right(value)
        if _is_orderable(one) and _is_orderable(other):
            return compare(one, other)
        return None

    return evaluate


def _is_orderable(value: Any) -> bool:
    return isinstance(value, (int, float, str)) and not isinstance(value, bool)


def _has_reference(node: dict[str, Any]) -> bool:
    """Whether an argument is an expression reference (&expr), which only the library resolves."""
    return any(child["type"] == "expref" for child in node["children"])


def _call(name: str, arguments: list[Evaluate]) -> Evaluate:
    quick = _QUICK.get((name, len(arguments))) or ADDED.get(name)
    if quick is None:
        from netminedet.signatures.library import call

        return lambda value: call(name, [argument(value) for argument in arguments])
    if len(arguments) == 1:
        (only,) = arguments
        return lambda value: quick(only(value))
    return lambda value: quick(*[argument(value) for argument in arguments])


def _type(value: Any) -> str:
    return _TYPES[type(value)]


def _length(value: Any) -> int:
    if not isinstance(value, (str, list, dict)):
        raise TypeError("length() takes a string, an array or an object")
    return len(value)


def _contains(subject: Any, search: Any) -> bool:
    if not isinstance(subject, (str, list)):
        raise TypeError("contains() searches a string or an array")
    return search in subject


def _starts_with(subject: Any, prefix: Any) -> bool:
    if not isinstance(subject, str) or not isinstance(prefix, str):
        raise TypeError("starts_with() takes strings")
    return subject.startswith(prefix)


_LEAVES: dict[str, Callable[[Any], Evaluate]] = {"field": _field, "index": _index, "literal": _literal}
_BRANCHES: dict[str, Callable[..., Evaluate]] = {
    "subexpression": _chain,
    "index_expression": _chain,
    "and_expression": _and,
    "or_expression": _or,
    "not_expression": _not,
}
_COMPOSED = frozenset({*_BRANCHES, "comparator", "multi_select_list", "function_expression"})
_QUICK: dict[tuple[str, int], Callable[..., Any]] = {
    ("type", 1): _type,
    ("length", 1): _length,
    ("contains", 2): _contains,
    ("starts_with", 2): _starts_with,
}
