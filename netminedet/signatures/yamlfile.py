"""Reads one YAML file, safely and with line numbers where something is wrong.

Files are read by libyaml where it is installed.  Line numbers are looked up only for an
error message, by composing the file once more.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml

from netminedet.signatures.errors import SignatureError
from netminedet.signatures.fields import FieldError, spelled
from netminedet.signatures.places import read_text
from netminedet.signatures.text import Place, printable

#: Larger files are refused unread; the largest shipped one has a tenth of this.
FILE_LIMIT = 256 * 1024

#: Deeper nesting is refused: no signature needs it, and libyaml's recursion would crash.
NESTING_LIMIT = 24

_FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Result = TypeVar("_Result")


class _Loader(_FastLoader):  # type: ignore[misc]
    """The safe loader without merge keys (a few expand to gigabytes), double keys and deep nesting."""

    _nesting = 0

    def descend_resolver(self, current_node: yaml.Node | None, current_index: object) -> None:
        """Called for each node before its children are read."""
        self._nesting += 1
        if self._nesting > NESTING_LIMIT:
            mark = current_node.start_mark if current_node is not None else None
            raise yaml.composer.ComposerError(None, None, "nested too deeply", mark)

    def ascend_resolver(self) -> None:
        self._nesting -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        seen: set[object] = set()
        for key_node, _value in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None or key_node.tag == "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    None, None, "a field's name must be plain text", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"field '{printable(key, 60)}' stands here twice", key_node.start_mark
                )
            seen.add(key)
        found: dict[object, object] = super().construct_mapping(node, deep=deep)
        return found

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Do nothing: there are no merge keys."""


def read_yaml(path: Path, shown: str, parse: Callable[[object, str], _Result]) -> _Result:
    """What ``parse`` makes of the document in the file and of its text.

    ``parse`` raises FieldError; that and every other fault of the file becomes a
    SignatureError with file, line, field and remedy.
    """
    text = read_text(path, shown, FILE_LIMIT)
    try:
        document = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        remedy = "check indentation and quotes here and in the line above"
        raise SignatureError(f"{shown}:{line}: not valid YAML ({error.problem}); {remedy}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = printable(str(error).partition("\n")[0], 100) or "nested too deeply"
        raise SignatureError(
            f"{shown}:1: not valid YAML ({reason}); compare it with a shipped file"
        ) from None
    try:
        return parse(document, text)
    except FieldError as error:
        raise field_error(shown, text, error) from None


def field_error(shown: str, text: str, error: FieldError) -> SignatureError:
    """The error as a person needs it: file, line, field, what is wrong."""
    field = f" {spelled(error.place)}:" if error.place else ""
    return SignatureError(f"{shown}:{line_of(text, error.place)}:{field} {error}")


def line_of(text: str, place: Place) -> int:
    """The line (from 1) of a place in a YAML text, or of the nearest thing around it."""
    node: Any = yaml.compose(text, Loader=_Loader)
    line = 1
    for step in place:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = (node.value[step], node.value[step])
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line
