"""Which keys a message must have for a signature to recognise it.

The sieve passes over calls that have a verb of mining but not the rest of it: no application's "login"
has the keys of a miner's.  Read off the syntax tree of the condition; only where that is certain.
"""

from __future__ import annotations

from typing import Any

from netminedet.signatures.prefilter import NEED_A_VALUE, steps_of

Keys = frozenset[str]
NONE: Keys = frozenset()
#: What is put beside a message, and stands in no JSON: the head of HTTP.
_BESIDE = "http"
_ORDERED = frozenset({"lt", "lte", "gt", "gte"})


def needed_keys(node: dict[str, Any]) -> Keys:
    """Keys that stand somewhere in each message for which the condition is true."""
    kind, children = node["type"], node.get("children", ())
    if kind == "and_expression":
        return NONE.union(*(needed_keys(child) for child in children))
    if kind == "or_expression":
        first, *others = (needed_keys(child) for child in children)
        return first.intersection(*others)
    if kind == "comparator":
        return _compared(node)
    if kind == "function_expression":
        return _called(node)
    return _path(node)


def _compared(node: dict[str, Any]) -> Keys:
    """``type(a.b) == 'array'``, ``a == `1```, ``length(a) >= `9```: what is compared must be there."""
    children = node["children"]
    if node["value"] in _ORDERED:  # JMESPath orders numbers only: with null nothing is true
        return NONE.union(*(_value(child) for child in children))
    if node["value"] != "eq":
        return NONE
    for one, other in (children, children[::-1]):
        if other["type"] == "literal" and other["value"] is not None:
            if _is_call(one, "type"):
                return NONE if other["value"] == "null" else _path(one["children"][0])
            return _value(one)
    return NONE


def _called(node: dict[str, Any]) -> Keys:
    arguments = node["children"]
    if node["value"] == "contains":
        values, sought = _constants(arguments[0]), arguments[1]
        if _is_call(sought, "type"):
            return NONE if "null" in values else _path(sought["children"][0])
        return NONE if None in values else _path(sought)
    return _path(arguments[0]) if node["value"] in NEED_A_VALUE and arguments else NONE


def _constants(node: dict[str, Any]) -> list[Any]:
    """The values of a list of constants; None and its type where it is something else."""
    if node["type"] == "literal" and isinstance(node["value"], list):
        return node["value"]
    children = node["children"] if node["type"] == "multi_select_list" else []
    if children and all(child["type"] == "literal" for child in children):
        return [child["value"] for child in children]
    return [None, "null"]


def _value(node: dict[str, Any]) -> Keys:
    """Keys without which a value that is compared is null."""
    return _path(node["children"][0]) if _is_call(node, "length") else _path(node)


def _is_call(node: dict[str, Any], name: str) -> bool:
    return bool(node["type"] == "function_expression" and node["value"] == name)


def _path(node: dict[str, Any]) -> Keys:
    """Keys on a path, or on each of several paths."""
    if node["type"] == "or_expression":
        left, right = (_path(child) for child in node["children"])
        return left & right
    steps = steps_of(node)
    if any(step["type"] not in ("field", "index") for step in steps):
        return NONE
    names = frozenset(step["value"] for step in steps if step["type"] == "field")
    return NONE if _BESIDE in names else names
