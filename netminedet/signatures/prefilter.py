"""What types a reply's ``result`` and ``error`` must have for a signature to recognise it.

A reply has no verb to look it up by, so every signature of replies would have to be
tried on every reply, and most replies are a mere ``"result": true``.  Read off the
syntax tree of the condition; only where that is certain, and "any" otherwise.
"""

from __future__ import annotations

from typing import Any

from netminedet.signatures.functions import TRUTHS
from netminedet.signatures.translate import TYPES

#: Types of a member as JMESPath names them; None stands for any.
Types = frozenset[str] | None
#: Functions that are false, or fail, on null: what they are given must be there.
NEED_A_VALUE = TRUTHS | {"starts_with", "ends_with", "length"}
#: Those that need a text.
NEED_A_TEXT = TRUTHS - {"is_number"} | {"starts_with", "ends_with"}


def member_types(node: dict[str, Any], member: str) -> Types:
    """The types of this member of a reply with which the condition may be true."""
    kind = node["type"]
    if kind == "and_expression":
        left, right = (member_types(child, member) for child in node["children"])
        return right if left is None else left if right is None else left & right
    if kind == "or_expression":
        left, right = (member_types(child, member) for child in node["children"])
        return None if left is None or right is None else left | right
    if kind == "comparator":
        return _compared(node, member)
    if kind == "function_expression":
        return _called(node, member)
    return _container(node, member)


def _compared(node: dict[str, Any], member: str) -> Types:
    """``type(result) == 'array'``, ``result == `true``` and ``result.status == 'OK'``, either way round."""
    if node["value"] != "eq":
        return None
    for one, other in (node["children"], node["children"][::-1]):
        if other["type"] != "literal":
            continue
        constant = other["value"]
        if one["type"] == "function_expression" and one["value"] == "type":
            if constant not in TYPES.values():
                return None
            path = one["children"][0]
            if _is_member(path, member):
                return frozenset({constant})
            return None if constant == "null" else _container(path, member)
        if _is_member(one, member):
            return frozenset({TYPES[type(constant)]})
        if constant is not None:
            return _container(one, member)
    return None


def _called(node: dict[str, Any], member: str) -> Types:
    name, arguments = node["value"], node["children"]
    if name == "contains":
        return _present(arguments[1], member) if _lists_values(arguments[0]) else None
    if name not in NEED_A_VALUE or not arguments:
        return None
    if name in NEED_A_TEXT and _is_member(arguments[0], member):
        return frozenset({"string"})
    return _present(arguments[0], member)


def _lists_values(node: dict[str, Any]) -> bool:
    """Whether it is a list of constants, null not among them: ``['a', 'b']``."""
    if node["type"] != "multi_select_list":
        return False
    return all(child["type"] == "literal" and child["value"] is not None for child in node["children"])


def _present(node: dict[str, Any], member: str) -> Types:
    """The types with which the path, or one of several, finds something."""
    if node["type"] == "or_expression":
        left, right = (_present(child, member) for child in node["children"])
        return None if left is None or right is None else left | right
    return _container(node, member)


def _container(node: dict[str, Any], member: str) -> Types:
    """A path into the member: its first step tells whether that is an object or an array."""
    steps = steps_of(node)
    if len(steps) < 2 or not _is_member(steps[0], member):
        return None
    kind = {"field": "object", "index": "array"}.get(steps[1]["type"])
    return None if kind is None else frozenset({kind})


def steps_of(node: dict[str, Any]) -> list[dict[str, Any]]:
    if node["type"] in ("subexpression", "index_expression"):
        return [step for child in node["children"] for step in steps_of(child)]
    return [node]


def _is_member(node: dict[str, Any], member: str) -> bool:
    return bool(node["type"] == "field" and node["value"] == member)
