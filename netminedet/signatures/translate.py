"""JMESPath syntax trees as Python functions: the same meaning as the library's, many times faster.

Signatures are tried on every message of every flagged flow.  The library walks its
syntax tree for each.  Here the tree is written out once as one Python expression, and
compiled.  ``params[0]`` becomes, ``m`` being the message,

    (t1[0] if type(t1 := (m.get('params') if type(m) is dict else None)) is list and len(t1) > 0 else None)

A message is what a JSON decoder gives, so the types are exact ones.  Texts of signature
files get into the source only through ``repr``.  Parts that signatures do not use
(other projections, slices, sorting...) are left to the library.
``tests/signatures/test_translate.py`` holds both against each other.

Semantics: https://jmespath.org/specification.html
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from types import CodeType
from typing import Any

from msgspec import Struct

from netminedet.signatures.functions import ADDED, HEX, TRUTHS

Evaluate = Callable[[Any], Any]
Node = dict[str, Any]

#: JMESPath's names of the types of JSON values.
TYPES: dict[type, str] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
    type(None): "null",
}
#: Python's names of the types that have one only.
_TYPE_NAMES = {"string": "str", "boolean": "bool", "array": "list", "object": "dict"}
_ORDER = {"lt": operator.lt, "lte": operator.le, "gt": operator.gt, "gte": operator.ge}
_SIGNS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


def code_of(tree: Node) -> CodeType | None:
    """The code of a function that evaluates ``tree``, a JMESPath syntax tree, on a parsed JSON value.

    It raises where the library would, if not always the same exception.  None for a tree that is
    nested deeper than Python's compiler goes.
    """
    try:
        return compile(f"lambda m: {_Translator().value(tree, 'm').source}", "<signature>", "eval")
    except (RecursionError, SyntaxError, MemoryError):
        return None


def function_of(code: CodeType) -> Evaluate:
    """The function whose code ``code_of`` made; names in it mean what they mean here."""
    function: Evaluate = eval(code, _NAMES)
    return function


class _Code(Struct, frozen=True):
    """Python source of an expression.  ``truth``: its value is True, False or None and nothing else."""

    source: str
    truth: bool = False


class _Translator:
    """Writes one tree out.  The source refers to ``_NAMES`` and to nothing else: its code can be kept."""

    def __init__(self) -> None:
        self._used = 0

    def value(self, node: Node, current: str) -> _Code:
        """The source of ``node``; ``current`` is the source of the value that it is applied to."""
        write = _WRITERS.get(node["type"])
        return write(self, node, current) if write else self.left_to_library(node, current)

    def temporary(self) -> str:
        self._used += 1
        return f"t{self._used}"

    def left_to_library(self, node: Node, current: str) -> _Code:
        return _Code(f"left({node!r}, {current})")

    def field(self, node: Node, current: str) -> _Code:
        t = self.temporary()
        return _Code(f"({t}.get({node['value']!r}) if type({t} := {current}) is dict else None)")

    def index(self, node: Node, current: str) -> _Code:
        t, at = self.temporary(), node["value"]
        is_there = f"len({t}) > {at}" if at >= 0 else f"len({t}) >= {-at}"
        return _Code(f"({t}[{at}] if type({t} := {current}) is list and {is_there} else None)")

    def literal(self, node: Node, _current: str) -> _Code:
        constant = node["value"]
        return _Code(repr(constant), truth=constant is None or type(constant) is bool)

    def current(self, _node: Node, current: str) -> _Code:
        return _Code(current)

    def chain(self, node: Node, current: str) -> _Code:
        """Steps of a path: each is applied to what the one before it found."""
        for step in node["children"]:
            if step["type"] not in _STEPS and not current.isidentifier():
                current = self.left_to_library(step, current).source
            else:
                current = self.value(step, current).source
        return _Code(current)

    def both(self, node: Node, current: str) -> _Code:
        left, right = (self.value(child, current) for child in node["children"])
        if left.truth:
            return _Code(f"({left.source} and {right.source})", right.truth)
        t = self.temporary()
        return _Code(f"({t} if is_false({t} := {left.source}) else {right.source})")

    def either(self, node: Node, current: str) -> _Code:
        left, right = (self.value(child, current) for child in node["children"])
        if left.truth:
            return _Code(f"({left.source} or {right.source})", right.truth)
        t = self.temporary()
        return _Code(f"({right.source} if is_false({t} := {left.source}) else {t})")

    def negation(self, node: Node, current: str) -> _Code:
        inner = self.value(node["children"][0], current)
        return _Code(f"(not {inner.source})" if inner.truth else f"is_false({inner.source})", truth=True)

    def comparison(self, node: Node, current: str) -> _Code:
        left, right = node["children"]
        if node["value"] in ("eq", "ne"):
            equal = self.equality(left, right, current)
            return _Code(f"(not {equal})" if node["value"] == "ne" else equal, truth=True)
        one, other = self.value(left, current).source, self.value(right, current).source
        if _is_length(left) and type(right.get("value")) is int and right["type"] == "literal":
            return _Code(f"({one} {_SIGNS[node['value']]} {other})", truth=True)
        return _Code(f"in_order({node['value']}, {one}, {other})", truth=True)

    def equality(self, left: Node, right: Node, current: str) -> str:
        if left["type"] == "literal" and right["type"] != "literal":
            left, right = right, left
        if right["type"] == "literal":
            wanted = right["value"]
            if _is_call(left, "type") and wanted in _TYPE_NAMES:
                inner = self.value(left["children"][0], current).source
                return f"(type({inner}) is {_TYPE_NAMES[wanted]})"
            found = self.value(left, current).source
            if wanted is None or wanted is True or wanted is False:
                return f"({found} is {wanted})"
            if type(wanted) is str:
                return f"({found} == {wanted!r})"
            if type(wanted) is int and _is_length(left):
                return f"({found} == {wanted})"
        return f"equal({self.value(left, current).source}, {self.value(right, current).source})"

    def listing(self, node: Node, current: str) -> _Code:
        items = ", ".join(self.value(child, current).source for child in node["children"])
        return _Code(f"(None if {current} is None else [{items}])")

    def filtered(self, node: Node, current: str) -> _Code:
        """``list[?condition]``; what is to be done with the items found is left to the library."""
        whole, then, condition = node["children"]
        if then["type"] not in ("identity", "current"):
            return self.left_to_library(node, current)
        t, item = self.temporary(), self.temporary()
        holds = self.value(condition, item)
        kept = holds.source if holds.truth else f"not is_false({holds.source})"
        found = f"[{item} for {item} in {t} if {kept} and {item} is not None]"
        return _Code(f"({found} if type({t} := {self.value(whole, current).source}) is list else None)")

    def call(self, node: Node, current: str) -> _Code:
        name, children = node["value"], node["children"]
        if any(child["type"] == "expref" for child in children):
            return self.left_to_library(node, current)
        arguments = [self.value(child, current).source for child in children]
        bounds = [child["value"] for child in children[1:] if child["type"] == "literal"]
        if name == "is_hex" and len(children) == 2 and type(bounds[0] if bounds else None) is int:
            t = self.temporary()
            whole = f"type({t} := {arguments[0]}) is str and len({t}) == {bounds[0]}"
            return _Code(f"({whole} and HEX({t}) is not None)", truth=True)
        listed = ", ".join(arguments)
        if (name, len(children)) in _QUICK:
            return _Code(f"{_QUICK[name, len(children)]}({listed})", truth=name in _TRUTHS)
        if name in ADDED:
            return _Code(f"{name}({listed})", truth=name in _TRUTHS)
        return _Code(f"library_call({name!r}, [{listed}])")


def _is_call(node: Node, name: str) -> bool:
    return bool(
        node["type"] == "function_expression" and node["value"] == name and len(node["children"]) == 1
    )


def _is_length(node: Node) -> bool:
    return _is_call(node, "length")


def _is_false(value: Any) -> bool:
    """Section "Or Expressions": empty values, null and false are false; the number 0 is true."""
    return value is None or value is False or (isinstance(value, (str, list, dict)) and not value)


def _equal(left: Any, right: Any) -> bool:
    """As JSON compares: true is not 1, whatever Python says."""
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    return bool(left == right)


def _in_order(compare: Callable[[Any, Any], bool], one: Any, other: Any) -> bool | None:
    return compare(one, other) if _is_orderable(one) and _is_orderable(other) else None


def _is_orderable(value: Any) -> bool:
    return isinstance(value, (int, float, str)) and not isinstance(value, bool)


def _type(value: Any) -> str:
    return TYPES[type(value)]


def _contains(subject: Any, search: Any) -> bool:
    if not isinstance(subject, (str, list)):
        raise TypeError("contains() searches a string or an array")
    return search in subject


def _starts_with(subject: Any, prefix: Any) -> bool:
    if not isinstance(subject, str) or not isinstance(prefix, str):
        raise TypeError("starts_with() takes strings")
    return subject.startswith(prefix)


def _ends_with(subject: Any, suffix: Any) -> bool:
    if not isinstance(subject, str) or not isinstance(suffix, str):
        raise TypeError("ends_with() takes strings")
    return subject.endswith(suffix)


def _join(glue: Any, parts: Any) -> str:
    if not isinstance(glue, str) or not isinstance(parts, list):
        raise TypeError("join() takes a string and an array of strings")
    return glue.join(parts)


def _left(node: Node, value: Any) -> Any:
    from netminedet.signatures.interpreter import interpreted

    return interpreted(node, value)


def _library_call(name: str, arguments: list[Any]) -> Any:
    from netminedet.signatures.interpreter import call

    return call(name, arguments)


_NAMES: dict[str, Any] = {
    "__builtins__": {},
    **{kind.__name__: kind for kind in (dict, list, str, bool)},
    "type": type,
    "len": len,
    "HEX": HEX.fullmatch,
    "is_false": _is_false,
    "equal": _equal,
    "in_order": _in_order,
    **_ORDER,
    "inf": math.inf,
    "nan": math.nan,
    "type_of": _type,
    "contains": _contains,
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "join": _join,
    "left": _left,
    "library_call": _library_call,
    **ADDED,
}
_WRITERS: dict[str, Callable[[_Translator, Node, str], _Code]] = {
    "field": _Translator.field,
    "index": _Translator.index,
    "literal": _Translator.literal,
    "identity": _Translator.current,
    "current": _Translator.current,
    "subexpression": _Translator.chain,
    "index_expression": _Translator.chain,
    "and_expression": _Translator.both,
    "or_expression": _Translator.either,
    "not_expression": _Translator.negation,
    "comparator": _Translator.comparison,
    "multi_select_list": _Translator.listing,
    "filter_projection": _Translator.filtered,
    "function_expression": _Translator.call,
}
#: What names its current value once: it may stand behind a path.
_STEPS = frozenset({"field", "index", "identity", "current", "subexpression", "index_expression"})
_QUICK = {
    ("type", 1): "type_of",
    ("length", 1): "len",
    ("contains", 2): "contains",
    ("starts_with", 2): "starts_with",
    ("ends_with", 2): "ends_with",
    ("join", 2): "join",
}
#: Functions that answer true or false.
_TRUTHS = TRUTHS | {"contains", "starts_with", "ends_with"}
